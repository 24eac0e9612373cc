//! What a camera sees of a code: on a phone, on paper, and in the ways that pictures are bad.

use hq::qr::{Code, Ecc};
use image::{GrayImage, Luma, imageops};
use simulator::paper;
use simulator::scene::{self, Chance, Exposure, Grip};

/// How a pass comes before the camera.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// On a phone by day.
    Screen,
    /// On a phone at night, which outshines everything.
    Night,
    /// Printed, and carried in a pocket.
    Paper,
    /// Printed by somebody with little ink left.
    Pale,
    /// A little out of focus.
    Soft,
    /// By a sensor that has too little light.
    Noisy,
    /// From the side.
    Tilted,
    /// A photograph of a screen, sent by a messenger and shown on another: stripes, blocks, a reflection.
    Forwarded,
}

/// Share of the light on pale paper that ink takes away.
const PALE: f32 = 0.3;

/// Standard deviation of the blur of a soft picture, in pixels.
const SOFT: f32 = 1.3;

/// Quality of a picture in a messenger, in percent.
const MESSENGER: u8 = 45;

impl Look {
    /// One frame of it; every frame trembles and has its own noise.
    pub fn frame(self, text: &str, chance: &mut Chance) -> GrayImage {
        let ecc = if matches!(self, Self::Paper | Self::Pale) { Ecc::Paper } else { Ecc::Screen };
        // The longest texts leave no room for more correction than this.
        let code = Code::new(text, ecc).or_else(|_| Code::new(text, Ecc::Run));
        let code = code.expect("the text has a code").picture();
        let mut picture = match self {
            Self::Paper => paper::crumpled(&code, 20),
            Self::Tilted => tilted(&code),
            Self::Pale => in_a_hand(&pale(&code), false, chance),
            Self::Forwarded => in_a_hand(&forwarded(&code), false, chance),
            Self::Night => in_a_hand(&code, true, chance),
            Self::Screen | Self::Soft | Self::Noisy => in_a_hand(&code, false, chance),
        };
        if self == Self::Soft {
            picture = imageops::blur(&picture, SOFT);
        }
        let noise = if self == Self::Noisy { 6 } else { 1 };
        (0..noise).for_each(|_| scene::add_noise(&mut picture, chance));
        picture
    }
}

fn in_a_hand(code: &GrayImage, is_night: bool, chance: &mut Chance) -> GrayImage {
    let (screen, at) = scene::hold(code, Grip::Well, chance);
    Exposure::default().expose(&scene::road(), Some((&screen, at)), is_night)
}

fn pale(code: &GrayImage) -> GrayImage {
    let mut pale = code.clone();
    pale.pixels_mut().for_each(|pixel| pixel.0[0] = (200.0 - (255.0 - f32::from(pixel.0[0])) * PALE) as u8);
    pale
}

/// Seen from the right and from below.
fn tilted(code: &GrayImage) -> GrayImage {
    let (width, height) = scene::SIZE;
    let side = height as f32 * 0.8;
    GrayImage::from_fn(width, height, |x, y| {
        let (u, v) = ((x as f32 - width as f32 / 2.0) / side, (y as f32 - height as f32 / 2.0) / side);
        let depth = 1.0 + 0.25 * u + 0.12 * v;
        let (u, v) = (u / depth * 1.12 + 0.5, v / depth + 0.5);
        if !(0.0..1.0).contains(&u) || !(0.0..1.0).contains(&v) {
            return Luma([70]);
        }
        let (wide, high) = code.dimensions();
        imageops::interpolate_bilinear(code, u * (wide - 1) as f32, v * (high - 1) as f32).unwrap_or(Luma([70]))
    })
}

fn forwarded(code: &GrayImage) -> GrayImage {
    let side = 520;
    let mut seen = imageops::resize(code, side, side, imageops::FilterType::Triangle);
    for (x, y, pixel) in seen.enumerate_pixels_mut() {
        let stripes = 12.0 * (x as f32 * 0.9 + y as f32 * 0.35).sin();
        let reflection = 50.0 * x as f32 / side as f32;
        pixel.0[0] = (f32::from(pixel.0[0]) * 0.75 + 20.0 + stripes + reflection).clamp(0.0, 255.0) as u8;
    }
    let mut sent = Vec::new();
    let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut sent, MESSENGER);
    seen.write_with_encoder(encoder).expect("memory takes a picture");
    image::load_from_memory(&sent).expect("what was just written is a picture").into_luma8()
}
