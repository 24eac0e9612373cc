//! A rendering with blur made less: what a pixel differs from its surroundings by, enlarged.

use super::image::{Image, View};

/// Which modules it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grain {
    /// Of two pixels, about.
    Fine,
    /// Of three and more.
    Coarse,
}

/// How much a difference is enlarged.
const GAIN: i32 = 3;

/// The frame sharpened, its noise taken down a little first: a small mean against a large one, around middle grey.
pub(crate) fn sharpened(image: View<'_>, grain: Grain) -> Image {
    let (small, large) = match grain {
        Grain::Fine => (soft(image), box_mean(image, 2)),
        Grain::Coarse => (box_mean(image, 1), box_mean(image, 4)),
    };
    let luma = small.iter().zip(&large).map(|(near, far)| {
        let (near, far) = (i32::from(*near), i32::from(*far));
        (128 + (near - far) * GAIN).clamp(0, 255) as u8
    });
    Image { width: image.width, height: image.height, luma: luma.collect() }
}

/// Each pixel with its neighbours, 1:2:1 both ways.
fn soft(image: View<'_>) -> Vec<u8> {
    let width = image.width;
    let mut soft = image.luma.to_vec();
    let rows: Vec<&[u8]> = image.luma.chunks_exact(width).collect();
    let mut column = vec![0_u16; width];
    for (y, out) in soft.chunks_exact_mut(width).enumerate() {
        let (above, below) = (rows[y.saturating_sub(1)], rows[(y + 1).min(rows.len() - 1)]);
        for (((sum, above), middle), below) in column.iter_mut().zip(above).zip(rows[y]).zip(below) {
            *sum = u16::from(*above) + 2 * u16::from(*middle) + u16::from(*below);
        }
        for (out, three) in out[1..].iter_mut().zip(column.windows(3)) {
            *out = ((three[0] + 2 * three[1] + three[2]) / 16) as u8;
        }
    }
    soft
}

/// The mean of the square of pixels around each; at the edge, of as much of it as there is, repeated.
fn box_mean(image: View<'_>, reach: usize) -> Vec<u8> {
    let (width, height) = (image.width, image.height);
    let side = 2 * reach + 1;
    // Rows first: the sum of each pixel's neighbours to the left and right.
    let mut across = Vec::with_capacity(width * height);
    let mut wide = vec![0_u8; width + 2 * reach];
    for row in image.luma.chunks_exact(width) {
        wide[..reach].fill(row[0]);
        wide[reach..reach + width].copy_from_slice(row);
        wide[reach + width..].fill(row[width - 1]);
        let first = across.len();
        across.extend(wide[..width].iter().map(|pixel| u16::from(*pixel)));
        for shift in 1..side {
            for (sum, pixel) in across[first..].iter_mut().zip(&wide[shift..]) {
                *sum += u16::from(*pixel);
            }
        }
    }
    // Then columns, with a window of rows that moves down.
    let row = |y: isize| &across[y.clamp(0, height as isize - 1) as usize * width..][..width];
    let mut sums = vec![0_u32; width];
    for y in -(reach as isize)..=reach as isize {
        for (sum, value) in sums.iter_mut().zip(row(y)) {
            *sum += u32::from(*value);
        }
    }
    // One multiplication in place of a division for every pixel.
    let scale = (1_u32 << 16) / (side * side) as u32 + 1;
    let mut means = Vec::with_capacity(width * height);
    for y in 0..height as isize {
        means.extend(sums.iter().map(|sum| ((sum * scale) >> 16) as u8));
        let (leaves, enters) = (row(y - reach as isize), row(y + 1 + reach as isize));
        for ((sum, leaves), enters) in sums.iter_mut().zip(leaves).zip(enters) {
            *sum = *sum + u32::from(*enters) - u32::from(*leaves);
        }
    }
    means
}
