//! A pass on paper that has been in a pocket: creased, curved, badly lit, a little out of focus.

use image::{GrayImage, Luma, imageops};

use crate::scene::{Chance, SIZE};

/// Creases across the sheet.
const CREASES: usize = 3;

/// A photograph of a crumpled pass, as large as the camera's pictures.
pub fn crumpled(pass: &GrayImage, seed: u64) -> GrayImage {
    let mut chance = Chance::new(seed);
    let sheet = sheet(pass);
    let (width, height) = SIZE;
    let side = height as f32 * 0.86;
    let (left, top) = ((width as f32 - side) / 2.0, (height as f32 - side) / 2.0);
    let bends: Vec<(f32, f32, f32)> =
        (0..CREASES).map(|_| (0.15 + 0.7 * (chance.swing() + 1.0) / 2.0, chance.swing(), chance.swing())).collect();
    let mut photo = GrayImage::from_fn(width, height, |x, y| {
        // Where on the sheet this pixel looks, 0 to 1 each way: turned a little, seen from below, bent.
        let (u, v) = ((x as f32 - left) / side - 0.5, (y as f32 - top) / side - 0.5);
        let (u, v) = (u * 0.997 - v * 0.078, u * 0.078 + v * 0.997);
        let depth = 1.0 + 0.12 * v;
        let (u, v) = (u * depth + 0.5, v * depth + 0.5);
        let curve = 0.012 * (v * 7.0).sin() + 0.008 * (u * 5.0 + 1.0).sin();
        let (u, v) = (u + curve, v + 0.010 * (u * 6.0).sin());
        if !(0.0..1.0).contains(&u) || !(0.0..1.0).contains(&v) {
            return Luma([58]);
        }
        // Each crease throws a shadow on one side and catches the light on the other.
        let light: f32 = bends.iter().map(|(at, slope, force)| crease(u, v, *at, *slope, *force)).sum();
        let shade = 0.80 + 0.18 * u - 0.12 * v + light;
        let ink = f32::from(bilinear(&sheet, u, v));
        Luma([(ink * shade).clamp(0.0, 255.0) as u8])
    });
    photo = imageops::blur(&photo, 0.8);
    photo
}

/// How much lighter or darker a crease makes the paper near it.
fn crease(u: f32, v: f32, at: f32, slope: f32, force: f32) -> f32 {
    let off = (u - at) - slope * 0.5 * (v - 0.5);
    0.22 * force.signum() * off.signum() * (-off.abs() * 18.0).exp()
}

/// The pass printed on a sheet with a margin.
fn sheet(pass: &GrayImage) -> GrayImage {
    let (width, height) = pass.dimensions();
    let margin = width / 10;
    let mut sheet = GrayImage::from_pixel(width + 2 * margin, height + 2 * margin, Luma([246]));
    imageops::replace(&mut sheet, pass, i64::from(margin), i64::from(margin));
    sheet
}

fn bilinear(picture: &GrayImage, u: f32, v: f32) -> u8 {
    let (width, height) = picture.dimensions();
    let (x, y) = (u * (width - 1) as f32, v * (height - 1) as f32);
    let (x0, y0) = (x as u32, y as u32);
    let (x1, y1) = ((x0 + 1).min(width - 1), (y0 + 1).min(height - 1));
    let (dx, dy) = (x.fract(), y.fract());
    let at = |x, y| f32::from(picture.get_pixel(x, y).0[0]);
    let upper = at(x0, y0) * (1.0 - dx) + at(x1, y0) * dx;
    let lower = at(x0, y1) * (1.0 - dx) + at(x1, y1) * dx;
    (upper * (1.0 - dy) + lower * dy) as u8
}
