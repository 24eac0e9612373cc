//! Frames to measure on, drawn: a road, and passes before it.

use std::time::Duration;

use board::Frame;
use qrcode::{EcLevel, QrCode};

const WIDTH: usize = 640;
const HEIGHT: usize = 480;

/// Between two frames of a camera of thirty a second.
pub const APART: Duration = Duration::from_micros(33_333);

/// Every frame with its name.
pub fn all() -> Vec<(&'static str, Frame)> {
    // A typical pass of our own has 255 characters, a certificate of the EU about 600.
    let (near, dense) = (code(255), code(600));
    vec![
        ("empty road", taken(road(), 0.8)),
        ("easy pass", taken(before(road(), &near, 4.0, 4.0), 0.8)),
        ("dense pass", taken(before(road(), &dense, 3.0, -6.0), 0.8)),
        ("blurred pass", taken(before(road(), &near, 4.0, 4.0), 2.4)),
    ]
}

/// The same view once more, lighter by so many levels, with the noise of another moment.
pub fn noisy(frame: &Frame, view: u64, lighter: i8) -> Frame {
    let mut chance = Chance(view + 1);
    let luma: Vec<u8> =
        frame.luma.iter().map(|pixel| pixel.saturating_add_signed((chance.next() * 4.0) as i8 + lighter)).collect();
    Frame { luma: luma.into(), ..frame.clone() }
}

/// Numbers between -1 and 1 that are the same in every run (a linear congruential generator, Knuth's constants).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    }
}

/// The modules of a code of so many characters, row by row, true is ink.
struct Code {
    side: usize,
    ink: Vec<bool>,
}

fn code(length: usize) -> Code {
    let letters = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
    let mut chance = Chance(7);
    let text: Vec<u8> = (0..length).map(|_| letters[((chance.next() + 1.0) * 22.0) as usize]).collect();
    let code = QrCode::with_error_correction_level(&text, EcLevel::M).unwrap();
    Code { side: code.width(), ink: code.to_colors().into_iter().map(|colour| colour == qrcode::Color::Dark).collect() }
}

/// Sky, asphalt, and lane marks that run together.
fn road() -> Vec<f32> {
    let mut chance = Chance(3);
    let horizon = HEIGHT / 3;
    let shade = |x: usize, y: usize, grain: f32| {
        if y < horizon {
            return 200.0 - y as f32 / 8.0;
        }
        let near = (y - horizon) as f32 / (HEIGHT - horizon) as f32;
        let from_middle = (x as f32 - WIDTH as f32 / 2.0).abs();
        let is_mark = (from_middle - near * 180.0).abs() < 1.0 + near * 6.0 && ((near * 12.0) as u32).is_multiple_of(2);
        if is_mark { 210.0 } else { 95.0 + grain * 18.0 }
    };
    (0..WIDTH * HEIGHT).map(|at| shade(at % WIDTH, at / WIDTH, chance.next())).collect()
}

/// A code on white paper in the middle of a picture: pixels a module, and degrees by which it is turned.
fn before(mut picture: Vec<f32>, code: &Code, module: f32, roll: f32) -> Vec<f32> {
    const QUIET: f32 = 4.0;
    let (sin, cos) = roll.to_radians().sin_cos();
    let half = code.side as f32 / 2.0;
    for (at, pixel) in picture.iter_mut().enumerate() {
        // Four rays a pixel: edges fall where they fall.
        let rays = [(0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)].map(|(dx, dy)| {
            let x = (at % WIDTH) as f32 + dx - WIDTH as f32 / 2.0;
            let y = (at / WIDTH) as f32 + dy - HEIGHT as f32 / 2.0;
            let (u, v) = ((x * cos + y * sin) / module + half, (y * cos - x * sin) / module + half);
            let on_paper = |way: f32| (-QUIET..code.side as f32 + QUIET).contains(&way);
            let in_code = |way: f32| (0.0..code.side as f32).contains(&way);
            match () {
                () if !on_paper(u) || !on_paper(v) => *pixel,
                () if in_code(u) && in_code(v) && code.ink[v as usize * code.side + u as usize] => 40.0,
                () => 215.0,
            }
        });
        *pixel = rays.iter().sum::<f32>() / 4.0;
    }
    picture
}

/// Through a lens, softened by `blur` pixels (sigma), onto a sensor.
fn taken(picture: Vec<f32>, blur: f32) -> Frame {
    let once = across(&picture, blur, 1, WIDTH, HEIGHT);
    let twice = across(&once, blur, WIDTH, HEIGHT, WIDTH);
    let mut chance = Chance(11);
    let luma: Vec<u8> = twice.iter().map(|pixel| (pixel + chance.next() * 4.0).clamp(0.0, 255.0) as u8).collect();
    Frame { width: WIDTH as u32, height: HEIGHT as u32, luma: luma.into(), number: 0, at: Duration::ZERO, source: None }
}

/// One pass of a Gaussian: along lines of `length` pixels that are `step` apart in memory, `lines` of them.
fn across(picture: &[f32], sigma: f32, step: usize, length: usize, lines: usize) -> Vec<f32> {
    let reach = (sigma * 3.0).ceil() as isize;
    let weight = |off: isize| if reach == 0 { 1.0 } else { (-(off * off) as f32 / (2.0 * sigma * sigma)).exp() };
    let weights: Vec<f32> = (-reach..=reach).map(weight).collect();
    let total: f32 = weights.iter().sum();
    let between = if step == 1 { length } else { 1 };
    let mut out = vec![0.0; picture.len()];
    for line in 0..lines {
        for place in 0..length {
            let near = |off: isize| (place as isize + off).clamp(0, length as isize - 1) as usize;
            let sum: f32 = (-reach..=reach)
                .zip(&weights)
                .map(|(off, weight)| picture[line * between + near(off) * step] * weight)
                .sum();
            out[line * between + place * step] = sum / total;
        }
    }
    out
}
