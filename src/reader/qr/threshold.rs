//! Dark or light: every pixel against the mean of its surroundings.
//!
//! Blocks of eight by eight pixels, and the mean of five by five of them as the threshold, as in zxing's hybrid
//! binariser: wide enough to hold dark and light modules of any code that is worth reading at this size, small
//! enough to follow shadows. A block without contrast says nothing of its own and takes the word of its neighbours.

use super::image::View;

/// Pixels of a block's side.
const BLOCK: usize = 8;

/// Dark and light, one bit a pixel; 1 is dark.
#[derive(Default)]
pub(crate) struct Bits {
    pub width: usize,
    pub height: usize,
    words: Vec<u64>,
    /// Words of a row.
    stride: usize,
}

impl Bits {
    pub(crate) fn row(&self, y: usize) -> &[u64] {
        &self.words[y * self.stride..][..self.stride]
    }

    #[inline]
    pub(crate) fn is_dark(&self, x: usize, y: usize) -> bool {
        self.words[y * self.stride + x / 64] >> (x % 64) & 1 == 1
    }
}

/// What a pixel is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    /// The mean of its surroundings.
    Mean,
    /// The middle between the darkest and the lightest block around it: right for blurred finders, which a mean
    /// takes for light where much margin is near.
    Middle,
    /// The mean, of a sharpened picture: what has much less contrast than the rest is noise, and light.
    Sharp,
}

/// Divides a picture.
pub(crate) fn threshold(image: View<'_>, rule: Rule) -> Bits {
    let (width, height) = (image.width, image.height);
    let stride = width.div_ceil(64);
    let mut bits = Bits { width, height, words: vec![0; stride * height], stride };
    if width < BLOCK || height < BLOCK {
        return bits;
    }
    // The pixels beyond the last whole block belong to it.
    let (columns, rows) = (width / BLOCK, height / BLOCK);
    let blocks = blocks(image, columns, rows);
    let least = least(&blocks, rule);
    let means = match rule {
        Rule::Mean | Rule::Sharp => means(&levels(&blocks, columns, least), columns, rows),
        Rule::Middle => middles(&blocks, columns, rows, least),
    };
    let mut limits = vec![0_u8; stride * 64];
    for y in 0..height {
        let row = (y / BLOCK).min(rows - 1);
        if y % BLOCK == 0 && y / BLOCK < rows {
            for (block, mean) in limits.chunks_exact_mut(BLOCK).zip(&means[row * columns..][..columns]) {
                block.fill(*mean);
            }
            let last = means[row * columns + columns - 1];
            limits[columns * BLOCK..].fill(last);
        }
        let words = &mut bits.words[y * stride..][..stride];
        for ((word, pixels), limits) in
            words.iter_mut().zip(image.luma[y * width..][..width].chunks(64)).zip(limits.chunks_exact(64))
        {
            *word = pack(pixels, limits);
        }
    }
    bits
}

/// One bit for each of up to 64 pixels that is darker than its limit.
#[inline]
fn pack(pixels: &[u8], limits: &[u8]) -> u64 {
    let mut dark = [0_u8; 64];
    for ((dark, pixel), limit) in dark.iter_mut().zip(pixels).zip(limits) {
        *dark = u8::from(pixel < limit);
    }
    let mut word = 0;
    for (index, eight) in dark.as_chunks::<8>().0.iter().enumerate() {
        // Eight bytes of 0 or 1 to eight bits: every product lands in a place of its own in the top byte.
        let byte = u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        word |= byte << (index * 8);
    }
    word
}

/// The shades of one block.
#[derive(Clone, Copy)]
struct Block {
    low: u8,
    high: u8,
    mean: u8,
}

fn blocks(image: View<'_>, columns: usize, rows: usize) -> Vec<Block> {
    let mut blocks = Vec::with_capacity(columns * rows);
    let wide = columns * BLOCK;
    let (mut sums, mut lows, mut highs) = (vec![0_u16; wide], vec![0_u8; wide], vec![0_u8; wide]);
    for row in 0..rows {
        sums.fill(0);
        lows.fill(255);
        highs.fill(0);
        for line in image.luma[row * BLOCK * image.width..].chunks(image.width).take(BLOCK) {
            let line = &line[..wide];
            for (((sum, low), high), pixel) in sums.iter_mut().zip(&mut lows).zip(&mut highs).zip(line) {
                *sum += u16::from(*pixel);
                *low = (*low).min(*pixel);
                *high = (*high).max(*pixel);
            }
        }
        let columns =
            sums.as_chunks::<BLOCK>().0.iter().zip(lows.as_chunks::<BLOCK>().0).zip(highs.as_chunks::<BLOCK>().0);
        blocks.extend(columns.map(|((sums, lows), highs)| Block {
            low: lows.iter().copied().min().unwrap_or(0),
            high: highs.iter().copied().max().unwrap_or(0),
            mean: (sums.iter().map(|sum| u32::from(*sum)).sum::<u32>() / 64) as u8,
        }));
    }
    blocks
}

/// The range of shades from which on a block speaks for itself: in a dull picture less is enough.
fn least(blocks: &[Block], rule: Rule) -> u8 {
    let mut counts = [0_usize; 256];
    for block in blocks {
        counts[usize::from(block.high - block.low)] += 1;
    }
    let mut above = 0;
    // Of every seven blocks the one with the most contrast.
    let range = (0..256).rev().find(|range| {
        above += counts[*range];
        above * 7 >= blocks.len()
    });
    let range = range.unwrap_or(0);
    match rule {
        Rule::Mean | Rule::Middle => (range / 3).clamp(6, 24) as u8,
        Rule::Sharp => (range * 3 / 5).clamp(12, 150) as u8,
    }
}

/// The middle shade of every block.
fn levels(blocks: &[Block], columns: usize, least: u8) -> Vec<u8> {
    let mut levels: Vec<u8> = Vec::with_capacity(blocks.len());
    for (at, block) in blocks.iter().enumerate() {
        let level = if block.high - block.low > least {
            block.mean
        } else {
            // All of one shade: light, unless those before it say that this shade is dark.
            let before = (at >= columns && at % columns > 0).then(|| {
                let (above, left, corner) = (levels[at - columns], levels[at - 1], levels[at - columns - 1]);
                ((u16::from(above) + 2 * u16::from(left) + u16::from(corner)) / 4) as u8
            });
            match before {
                Some(before) if block.low < before => before,
                _ => block.low / 2,
            }
        };
        levels.push(level);
    }
    levels
}

/// The middle between the darkest and the lightest of five by five blocks, where there is contrast; else light.
fn middles(blocks: &[Block], columns: usize, rows: usize, least: u8) -> Vec<u8> {
    let mut middles = Vec::with_capacity(blocks.len());
    for row in 0..rows {
        let (first, last) = window(row, rows);
        for column in 0..columns {
            let (left, right) = window(column, columns);
            let around = (first..=last).flat_map(|row| &blocks[row * columns..][left..=right]);
            let (low, high) = around.fold((255, 0), |(low, high), block| (block.low.min(low), block.high.max(high)));
            middles.push(if high - low > least { u8::midpoint(low, high) } else { low / 2 });
        }
    }
    middles
}

/// The mean of five by five blocks around every block, as far as there are so many.
fn means(levels: &[u8], columns: usize, rows: usize) -> Vec<u8> {
    let mut means = Vec::with_capacity(levels.len());
    let mut sums = vec![0_u32; columns];
    for row in 0..rows {
        let (first, last) = window(row, rows);
        sums.fill(0);
        for line in levels[first * columns..(last + 1) * columns].chunks_exact(columns) {
            for (sum, level) in sums.iter_mut().zip(line) {
                *sum += u32::from(*level);
            }
        }
        for column in 0..columns {
            let (left, right) = window(column, columns);
            let sum: u32 = sums[left..=right].iter().sum();
            means.push((sum / ((right + 1 - left) * (last + 1 - first)) as u32) as u8);
        }
    }
    means
}

/// Five places around one, moved inwards at the edge.
fn window(at: usize, of: usize) -> (usize, usize) {
    let first = at.saturating_sub(2).min(of.saturating_sub(5));
    (first, (first + 4).min(of - 1))
}
