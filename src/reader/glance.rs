//! What a few lines of a frame say of the whole: cheap enough to be taken several times a second beside the reading.
//!
//! A *glance* is a grid of blocks. Of every block a few short lines are looked at, each whole, since an edge lies
//! between neighbouring pixels; lines are bytes in a row, which the compiler takes sixteen at a time.

use board::Frame;

/// Blocks in a row of the grid, and rows of it: of a picture of 640 × 480 pixels each is 40 pixels square.
pub(crate) const COLUMNS: usize = 16;
pub(crate) const ROWS: usize = 12;

/// Lines that are looked at in each block.
const LINES: usize = 5;

/// Longest part of a line that is looked at: a large picture costs no more than a small one.
const LONGEST: usize = 64;

/// Smallest picture that can be judged: blocks of eight pixels.
const SMALLEST: (u32, u32) = (8 * COLUMNS as u32, 8 * ROWS as u32);

/// Luma from which on a pixel says nothing but *bright*.
pub(crate) const CLIPPED: u8 = 250;

/// Luma from which on a pixel is lit by anything: above the noise of a sensor that sees nothing.
const LIT: u8 = 24;

/// Pixels between the two that make a step: an edge in focus is no wider.
const STEP: usize = 2;

/// Largest step that the noise of a small sensor makes at night, in levels.
const NOISE: u8 = 56;

/// Part of all places that may be anything: a hot pixel, a lamp behind a cloth.
const OUTLIERS: usize = 50;

/// One block of the grid.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Block {
    /// Mean luma.
    pub mean: u8,
    /// Darkest and brightest pixel.
    pub least: u8,
    pub most: u8,
    /// Largest difference of two pixels that are [`STEP`] apart in a row.
    pub step: u8,
    /// How much brightness bends between the lines of the block: slopes do not count.
    bend: u8,
}

impl Block {
    pub(crate) const fn contrast(self) -> u8 {
        self.most.saturating_sub(self.least)
    }
}

/// A frame at a glance.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Glance {
    pub blocks: [Block; COLUMNS * ROWS],
    /// Mean luma.
    pub mean: f32,
    /// Share of pixels that are clipped, 0–1.
    pub clipped: f32,
    /// Share of pixels that are lit by anything, 0–1.
    pub lit: f32,
}

/// What a line comes to.
struct Line {
    sum: u32,
    clipped: u32,
    lit: u32,
}

impl Glance {
    /// Looks at a frame; `None` at one that is too small to be judged.
    pub(crate) fn of(frame: &Frame) -> Option<Self> {
        if frame.width < SMALLEST.0 || frame.height < SMALLEST.1 {
            return None;
        }
        let (width, height) = (frame.width as usize, frame.height as usize);
        let mut blocks = [Block { least: u8::MAX, ..Block::default() }; COLUMNS * ROWS];
        let (mut whole, mut pixels) = (Line { sum: 0, clipped: 0, lit: 0 }, 0);
        for (at, block) in blocks.iter_mut().enumerate() {
            let (column, row) = (at % COLUMNS, at / COLUMNS);
            let (left, right) = (column * width / COLUMNS, (column + 1) * width / COLUMNS);
            let (top, bottom) = (row * height / ROWS, (row + 1) * height / ROWS);
            let length = (right - left).min(LONGEST);
            let from = left + (right - left - length) / 2;
            let mut means = [0_i32; LINES];
            for (line, mean) in means.iter_mut().enumerate() {
                let y = top + (2 * line + 1) * (bottom - top) / (2 * LINES);
                let said = look(&frame.luma[y * width + from..][..length], block);
                *mean = (said.sum / length as u32) as i32;
                whole.sum += said.sum;
                whole.clipped += said.clipped;
                whole.lit += said.lit;
            }
            pixels += LINES * length;
            block.mean = (means.iter().sum::<i32>() / LINES as i32) as u8;
            block.bend = means.windows(3).map(|three| bend(three[0], three[1], three[2])).max().unwrap_or(0);
        }
        let share = |count: u32| count as f32 / pixels as f32;
        Some(Self { blocks, mean: share(whole.sum), clipped: share(whole.clipped), lit: share(whole.lit) })
    }

    /// How much brightness bends from place to place, in levels: almost nothing where there is nothing to see,
    /// however bright it is and however it fades towards a side.
    pub(crate) fn structure(&self) -> u8 {
        let mean = |column: usize, row: usize| i32::from(self.blocks[row * COLUMNS + column].mean);
        let along = (0..ROWS).flat_map(|y| (1..COLUMNS - 1).map(move |x| (x, y)));
        let along = along.map(|(x, y)| bend(mean(x - 1, y), mean(x, y), mean(x + 1, y)));
        let down = (1..ROWS - 1).flat_map(|y| (0..COLUMNS).map(move |x| (x, y)));
        let down = down.map(|(x, y)| bend(mean(x, y - 1), mean(x, y), mean(x, y + 1)));
        let mut between: Vec<u8> = along.chain(down).collect();
        let mut within: Vec<u8> = self.blocks.iter().map(|block| block.bend).collect();
        // Gravel is even from afar; its edges are not.
        let mut edges: Vec<u8> = self.blocks.iter().map(|block| block.step.saturating_sub(NOISE)).collect();
        most(&mut between).max(most(&mut within)).max(most(&mut edges))
    }
}

/// The largest but a few.
fn most(values: &mut [u8]) -> u8 {
    let at = values.len() - 1 - values.len() / OUTLIERS;
    *values.select_nth_unstable(at).1
}

/// How far the middle of three is from the line between its neighbours.
fn bend(before: i32, here: i32, after: i32) -> u8 {
    ((2 * here - before - after).abs() / 2).min(255) as u8
}

fn look(line: &[u8], block: &mut Block) -> Line {
    block.least = line.iter().copied().fold(block.least, u8::min);
    block.most = line.iter().copied().fold(block.most, u8::max);
    let steps = line.iter().zip(&line[STEP..]).map(|(a, b)| a.abs_diff(*b));
    block.step = steps.fold(block.step, u8::max);
    Line {
        sum: line.iter().map(|pixel| u32::from(*pixel)).sum(),
        clipped: line.iter().map(|pixel| u32::from(*pixel >= CLIPPED)).sum(),
        lit: line.iter().map(|pixel| u32::from(*pixel >= LIT)).sum(),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::sync::Arc;
    use std::time::Duration;

    /// A frame of 640 × 480 pixels with a little noise, which differs with the seed.
    pub(crate) fn frame(seed: u64, shade: impl Fn(usize, usize) -> f32) -> Frame {
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let mut noise = move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 56) as f32 / 256.0 * 6.0 - 3.0
        };
        let places = (0..480).flat_map(|y| (0..640).map(move |x| (x, y)));
        let luma: Vec<u8> = places.map(|(x, y)| (shade(x, y) + noise()).clamp(0.0, 255.0) as u8).collect();
        Frame { width: 640, height: 480, luma: Arc::from(luma), number: seed, at: Duration::ZERO, source: None }
    }

    /// Squares of 20 pixels, with edges so many pixels wide.
    pub(crate) fn squares(x: usize, y: usize, edge: f32) -> f32 {
        let wave = |at: usize| ((at as f32 % 40.0 - 20.0).abs() - 10.0) / edge;
        let side = (wave(x).clamp(-0.5, 0.5) * wave(y).clamp(-0.5, 0.5)) * 4.0;
        120.0 + 90.0 * side
    }

    #[test]
    fn a_glance_tells_light_edges_and_structure() {
        let glance = Glance::of(&frame(1, |x, y| squares(x, y, 1.0))).unwrap();
        assert!((glance.mean - 120.0).abs() < 6.0 && glance.clipped == 0.0 && glance.lit == 1.0, "{glance:?}");
        assert!(glance.blocks.iter().all(|block| block.step > 150 && block.contrast() > 150));
        let half = Glance::of(&frame(1, |x, _| if x < 320 { 255.0 } else { 0.0 })).unwrap();
        assert!((half.clipped - 0.5).abs() < 0.1 && (half.lit - 0.5).abs() < 0.01, "{half:?}");
    }

    #[test]
    fn a_cloth_has_no_structure_and_a_road_has() {
        let structure = |shade: fn(usize, usize) -> f32| Glance::of(&frame(5, shade)).unwrap().structure();
        assert!(structure(|_, _| 90.0) < 3);
        // Light falls in from one side.
        assert!(structure(|x, y| 20.0 + x as f32 * 0.25 + y as f32 * 0.1) < 3);
        assert!(structure(|_, y| if y < 160 { 120.0 } else { 90.0 }) > 8);
        assert!(structure(|x, y| squares(x, y, 2.0)) > 8);
    }

    #[test]
    fn a_frame_of_any_size_is_no_danger() {
        for (width, height) in [(1, 1), (127, 96), (128, 96), (129, 97), (8000, 100), (131, 8000)] {
            let luma = vec![9; width as usize * height as usize].into();
            let frame = Frame { width, height, luma, number: 0, at: Duration::ZERO, source: None };
            assert_eq!(Glance::of(&frame).is_some(), width >= 128 && height >= 96);
        }
    }
}
