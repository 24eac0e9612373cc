//! What the camera of a post sees: a road, and whatever is held in front of it.

use image::{GrayImage, Luma, imageops};

/// Size of the pictures of a simulated camera.
pub const SIZE: (u32, u32) = (640, 480);

/// Largest side of a visitor's own picture; what is larger is made smaller, as a camera would see it.
const LARGEST: u32 = 1280;

/// Share of the height that a held pass takes.
const HELD: f32 = 0.62;

/// Random numbers that are quick and that nothing hangs on: noise, tremor, traffic.
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    /// The same seed gives the same numbers.
    pub const fn new(seed: u64) -> Self {
        Self(seed ^ 0x9E37_79B9_7F4A_7C15)
    }

    /// The next number (SplitMix64).
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to below `end`.
    pub const fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// A number from −1 to 1.
    pub fn swing(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    }
}

/// An empty road in the rain, drawn once.
pub fn road() -> GrayImage {
    let (width, height) = SIZE;
    let horizon = height / 3;
    let mut road = GrayImage::from_fn(width, height, |x, y| {
        if y < horizon {
            return Luma([(150 + y * 40 / horizon) as u8]);
        }
        // The lane widens towards the camera.
        let depth = (y - horizon) as f32 / (height - horizon) as f32;
        let half = 30.0 + depth * 270.0;
        let off = (x as f32 - width as f32 / 2.0).abs();
        let shade = if off < half { 96.0 - depth * 20.0 } else { 70.0 + depth * 10.0 };
        Luma([shade as u8])
    });
    // The broken line in the middle.
    for step in 0..5_u32 {
        let (top, tall, wide) = (horizon + 20 + step * step * 12, 8 + step * 6, 2 + step * 2);
        for y in top..(top + tall).min(height) {
            for x in width / 2 - wide / 2..width / 2 + wide.div_ceil(2) {
                road.put_pixel(x, y, Luma([190]));
            }
        }
    }
    road
}

/// A pass held up by a hand that trembles.
pub fn hold(road: &GrayImage, pass: &GrayImage, chance: &mut Chance) -> GrayImage {
    let mut scene = road.clone();
    let side = (SIZE.1 as f32 * HELD * (1.0 + 0.01 * chance.swing())) as u32;
    let (width, height) = pass.dimensions();
    let scale = side as f32 / width.max(height) as f32;
    let (width, height) = ((width as f32 * scale) as u32, (height as f32 * scale) as u32);
    let small = imageops::resize(pass, width.max(1), height.max(1), imageops::FilterType::Triangle);
    let at = |free: u32, swing: f32| i64::from(free / 2) + (swing * 3.0) as i64;
    let x = at(SIZE.0.saturating_sub(width), chance.swing());
    let y = at(SIZE.1.saturating_sub(height), chance.swing());
    imageops::replace(&mut scene, &small, x, y);
    scene
}

/// The noise of a small sensor: a few levels a pixel.
pub fn add_noise(picture: &mut GrayImage, chance: &mut Chance) {
    for eight in picture.as_mut().chunks_mut(8) {
        let bytes = chance.next().to_le_bytes();
        for (pixel, noise) in eight.iter_mut().zip(bytes) {
            // The sum of two halves of a byte: most often small.
            let noise = (i16::from(noise >> 4) + i16::from(noise & 15) - 15) / 3;
            *pixel = (i16::from(*pixel) + noise).clamp(0, 255) as u8;
        }
    }
}

/// A visitor's own picture, no larger than a camera's.
pub fn fitted(picture: GrayImage) -> GrayImage {
    let (width, height) = picture.dimensions();
    let longer = width.max(height);
    if longer <= LARGEST {
        return picture;
    }
    let to = |side: u32| (u64::from(side) * u64::from(LARGEST) / u64::from(longer)).max(1) as u32;
    imageops::resize(&picture, to(width), to(height), imageops::FilterType::Triangle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chance_is_the_same_for_the_same_seed_and_swings_about_zero() {
        let draw = |seed| {
            let mut chance = Chance::new(seed);
            (0..1000).map(|_| chance.swing()).collect::<Vec<_>>()
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
        let mean = draw(7).iter().sum::<f32>() / 1000.0;
        assert!(mean.abs() < 0.1 && draw(7).iter().all(|swing| (-1.0..=1.0).contains(swing)), "{mean}");
    }

    #[test]
    fn large_pictures_are_made_smaller_and_small_ones_left_alone() {
        assert_eq!(fitted(GrayImage::new(4000, 1000)).dimensions(), (1280, 320));
        assert_eq!(fitted(GrayImage::new(9, 4)).dimensions(), (9, 4));
    }
}
