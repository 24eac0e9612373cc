//! What the camera of a post sees: a road, and whatever is held in front of it.

use ::board::Nudge;
use image::{GrayImage, Luma, imageops};

/// Size of the pictures of a simulated camera.
pub const SIZE: (u32, u32) = (640, 480);

/// Largest side of a visitor's own picture; what is larger is made smaller, as a camera would see it.
const LARGEST: u32 = 1280;

/// Share of the height that a held pass takes.
const HELD: f32 = 0.62;

/// Standard deviation of the blur of a pass that is out of focus, in pixels: more than a module.
const UNSHARP: f32 = 5.5;

/// Radius of a lamp that is mirrored, as a share of the height.
const MIRRORED: f32 = 0.25;

/// Light of the night, as a share of the day's: what a phone's screen is brighter by.
const NIGHT: f32 = 0.04;

/// One step of the camera's exposure, half a stop and a little more.
const STEP: f32 = 1.5;

/// Least and most exposure; 1 is right for the day.
const EXPOSURE: (f32, f32) = (0.25, 12.0);

/// How far the light of a blown-out place runs over what is beside it, in pixels, and how much of it.
const BLOOM: (usize, f32) = (9, 0.6);

/// What lies on the lens, or has happened behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lens {
    /// Nothing.
    #[default]
    Clear,
    /// A hand or a cloth: light falls through, and nothing is to be seen.
    Covered,
    /// A cap.
    Black,
    /// The camera gives its last picture again and again.
    Frozen,
}

impl Lens {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Clear, Self::Covered, Self::Black, Self::Frozen];

    /// Stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Clear => "clear",
            Self::Covered => "covered",
            Self::Black => "black",
            Self::Frozen => "frozen",
        }
    }
}

/// How a driver holds a pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Grip {
    /// As it should be.
    #[default]
    Well,
    /// So far away that a module is hardly a pixel.
    Far,
    /// So near that the picture is too small for it.
    Close,
    /// Half of it beside the picture.
    CutOff,
    /// Out of focus, or moving.
    Blurred,
    /// So that a lamp is mirrored in it.
    Glare,
}

impl Grip {
    /// Every one.
    pub const ALL: [Self; 6] = [Self::Well, Self::Far, Self::Close, Self::CutOff, Self::Blurred, Self::Glare];

    /// Stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Well => "well",
            Self::Far => "far",
            Self::Close => "close",
            Self::CutOff => "cut-off",
            Self::Blurred => "blurred",
            Self::Glare => "glare",
        }
    }

    /// Share of the height that a pass takes.
    const fn held(self) -> f32 {
        match self {
            Self::Far => 0.13,
            Self::Close => 1.9,
            _ => HELD,
        }
    }

    /// Adds to a picture what is in it before the camera takes it.
    pub fn befall(self, picture: &mut GrayImage) {
        match self {
            Self::Blurred => *picture = imageops::blur(picture, UNSHARP),
            Self::Glare => {
                let (x, y) = (SIZE.0 as f32 * 0.52, SIZE.1 as f32 * 0.53);
                for (at_x, at_y, pixel) in picture.enumerate_pixels_mut() {
                    let from = (at_x as f32 - x).hypot(at_y as f32 - y) / (SIZE.1 as f32 * MIRRORED);
                    let more = 300.0 * (1.5 - from).clamp(0.0, 1.0);
                    pixel.0[0] = (f32::from(pixel.0[0]) + more).min(255.0) as u8;
                }
            }
            _ => {}
        }
    }
}

/// What the camera makes of the light.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exposure(f32);

impl Default for Exposure {
    fn default() -> Self {
        Self(1.0)
    }
}

impl Exposure {
    /// Times the exposure of a day.
    pub const fn times(self) -> f32 {
        self.0
    }

    /// Changes it by one step; false when it is at its end.
    pub fn nudge(&mut self, nudge: Nudge) -> bool {
        let to = match nudge {
            Nudge::Darker => self.0 / STEP,
            Nudge::Brighter => self.0 * STEP,
        };
        let is_possible = (EXPOSURE.0..=EXPOSURE.1).contains(&to);
        if is_possible {
            self.0 = to;
        }
        is_possible
    }

    /// The picture of a scene of which `lit` is lit from outside, and `screen`, where there is one, by itself. Where
    /// there is more light than the sensor holds, the rest runs over to its neighbours, as a phone's screen does at
    /// night over its own code.
    pub fn expose(self, lit: &GrayImage, screen: Option<(&GrayImage, (i64, i64))>, is_night: bool) -> GrayImage {
        let light = if is_night { NIGHT } else { 1.0 } * self.0;
        let mut charge: Vec<f32> = lit.as_raw().iter().map(|pixel| f32::from(*pixel) * light).collect();
        let (width, height) = lit.dimensions();
        if let Some((screen, (left, top))) = screen {
            for (x, y, pixel) in screen.enumerate_pixels() {
                let (x, y) = (left + i64::from(x), top + i64::from(y));
                if (0..i64::from(width)).contains(&x) && (0..i64::from(height)).contains(&y) {
                    charge[(y * i64::from(width) + x) as usize] = f32::from(pixel.0[0]) * self.0;
                }
            }
        }
        let over: Vec<f32> = charge.iter().map(|charge| (charge - 255.0).max(0.0)).collect();
        if over.iter().any(|over| *over > 0.0) {
            let spread = spread(&over, width as usize);
            charge.iter_mut().zip(spread).for_each(|(charge, more)| *charge += more * BLOOM.1);
        }
        let luma = charge.into_iter().map(|charge| charge.clamp(0.0, 255.0) as u8).collect();
        GrayImage::from_raw(width, height, luma).unwrap_or_default()
    }
}

/// The mean of all around each place, along and then across.
fn spread(over: &[f32], width: usize) -> Vec<f32> {
    let mut along = Vec::with_capacity(over.len());
    for row in over.chunks_exact(width.max(1)) {
        along.extend(means(row.iter().copied()));
    }
    let height = over.len() / width.max(1);
    let mut across = vec![0.0; over.len()];
    for x in 0..width {
        let column = (0..height).map(|y| along[y * width + x]);
        for (y, mean) in means(column).enumerate() {
            across[y * width + x] = mean;
        }
    }
    across
}

/// The mean of what is near each value of a line.
fn means(line: impl Iterator<Item = f32>) -> impl Iterator<Item = f32> {
    let sums: Vec<f32> = std::iter::once(0.0)
        .chain(line.scan(0.0, |sum, value| {
            *sum += value;
            Some(*sum)
        }))
        .collect();
    let length = sums.len() - 1;
    (0..length).map(move |at| {
        let (from, to) = (at.saturating_sub(BLOOM.0), (at + BLOOM.0 + 1).min(length));
        (sums[to] - sums[from]) / (to - from) as f32
    })
}

/// What a camera sees through a hand or a cloth: light that falls in from one side.
pub fn covered(is_night: bool) -> GrayImage {
    let light = if is_night { NIGHT } else { 1.0 };
    GrayImage::from_fn(SIZE.0, SIZE.1, |x, y| Luma([((60.0 + x as f32 * 0.08 + y as f32 * 0.04) * light) as u8]))
}

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

/// A pass on a phone, held up by a hand that trembles: how it looks from here, and where its corner is.
pub fn hold(pass: &GrayImage, grip: Grip, chance: &mut Chance) -> (GrayImage, (i64, i64)) {
    let side = (SIZE.1 as f32 * grip.held() * (1.0 + 0.01 * chance.swing())) as u32;
    let (width, height) = pass.dimensions();
    let scale = side as f32 / width.max(height) as f32;
    let (width, height) = ((width as f32 * scale) as u32, (height as f32 * scale) as u32);
    let mut small = imageops::resize(pass, width.max(1), height.max(1), imageops::FilterType::Triangle);
    if grip == Grip::Far {
        small = on_a_sheet(&small);
    }
    let (width, height) = small.dimensions();
    let at = |room: u32, side: u32, swing: f32| (i64::from(room) - i64::from(side)) / 2 + (swing * 3.0) as i64;
    let mut x = at(SIZE.0, width, chance.swing());
    if grip == Grip::CutOff {
        x = -i64::from(width) * 45 / 100;
    }
    (small, (x, at(SIZE.1, height, chance.swing())))
}

/// A pass as it is printed: there is more white around it than on a phone.
fn on_a_sheet(pass: &GrayImage) -> GrayImage {
    let (width, height) = pass.dimensions();
    let mut sheet = GrayImage::from_pixel(width * 2, height * 5 / 2, Luma([250]));
    imageops::replace(&mut sheet, pass, i64::from(width / 2), i64::from(height / 3));
    sheet
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
    fn a_screen_blooms_over_its_own_code_at_night_until_the_exposure_is_lower() {
        let screen = GrayImage::from_fn(300, 300, |x, y| Luma([if (x / 6 + y / 6) % 2 == 0 { 20 } else { 250 }]));
        let contrast = |exposure: Exposure| {
            let seen = exposure.expose(&road(), Some((&screen, (170, 90))), true);
            let [black, white] = [seen.get_pixel(170 + 147, 90 + 147).0[0], seen.get_pixel(170 + 153, 90 + 147).0[0]];
            white.abs_diff(black)
        };
        let mut exposure = Exposure::default();
        assert!(contrast(exposure) > 200);
        while exposure.nudge(Nudge::Brighter) {}
        // Every pixel of it is clipped: no decoder could read what is not there.
        assert_eq!(contrast(exposure), 0);
        while exposure.nudge(Nudge::Darker) {}
        assert!(exposure.times() >= EXPOSURE.0 && contrast(exposure) > 40);
    }

    #[test]
    fn large_pictures_are_made_smaller_and_small_ones_left_alone() {
        assert_eq!(fitted(GrayImage::new(4000, 1000)).dimensions(), (1280, 320));
        assert_eq!(fitted(GrayImage::new(9, 4)).dimensions(), (9, 4));
    }
}
