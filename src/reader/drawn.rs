//! Pictures that are drawn for tests as a camera would take them: a little out of focus, with noise.

use std::sync::Arc;
use std::time::Duration;

use board::Frame;

pub(crate) const WIDTH: usize = 640;
pub(crate) const HEIGHT: usize = 480;

/// Numbers from −1 to 1; the same for the same seed.
pub(crate) fn chance(seed: u64) -> impl FnMut() -> f32 {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    }
}

/// A frame of what has this luma at every place, in pixels; `blur` is a standard deviation, in pixels; `light` is what
/// falls in besides, after the lens.
pub(crate) fn frame(shade: impl Fn(f32, f32) -> f32, blur: f32, light: impl Fn(f32, f32) -> f32, seed: u64) -> Frame {
    let mut luma = Vec::with_capacity(WIDTH * HEIGHT);
    for y in 0..HEIGHT {
        for x in 0..WIDTH {
            // The mean of sixteen places.
            let at = |of: usize, part: usize| of as f32 + part as f32 / 4.0 + 0.125;
            luma.push((0..16).map(|part| shade(at(x, part % 4), at(y, part / 4))).sum::<f32>() / 16.0);
        }
    }
    let mut chance = chance(seed);
    let mut luma = blurred(&luma, blur);
    for (at, luma) in luma.iter_mut().enumerate() {
        *luma += light((at % WIDTH) as f32, (at / WIDTH) as f32) + 3.0 * chance();
    }
    let luma: Vec<u8> = luma.into_iter().map(|luma| luma.clamp(0.0, 255.0) as u8).collect();
    let (width, height) = (WIDTH as u32, HEIGHT as u32);
    Frame { width, height, luma: Arc::from(luma), number: seed, at: Duration::ZERO, source: None }
}

/// No light besides.
pub(crate) fn none(_: f32, _: f32) -> f32 {
    0.0
}

/// Blurs along the rows, then along the columns.
fn blurred(luma: &[f32], sigma: f32) -> Vec<f32> {
    let reach = (sigma * 3.0).ceil() as usize;
    let weights: Vec<f32> = (0..=reach).map(|at| (-0.5 * (at as f32 / sigma).powi(2)).exp()).collect();
    let whole = weights[0] + 2.0 * weights[1..].iter().sum::<f32>();
    let pass = |luma: &[f32], step: usize, place: fn(usize) -> (usize, usize)| -> Vec<f32> {
        let mean = |at: usize| {
            let (here, last) = place(at);
            let value = |to: usize| luma[at + to * step - here * step];
            let pair = |away: usize| value(here.saturating_sub(away)) + value((here + away).min(last));
            (weights[0] * value(here) + (1..=reach).map(|away| weights[away] * pair(away)).sum::<f32>()) / whole
        };
        (0..luma.len()).map(mean).collect()
    };
    let along = pass(luma, 1, |at| (at % WIDTH, WIDTH - 1));
    pass(&along, WIDTH, |at| (at / WIDTH, HEIGHT - 1))
}

/// Pictures without any code in which much is to be seen, each with its name: none of them may be spoken of.
pub(crate) fn scenes() -> Vec<(&'static str, Frame)> {
    let road = |x: f32, y: f32| {
        let depth = (y - 160.0) / 320.0;
        let off = (x - 320.0).abs();
        if y < 160.0 {
            170.0 - y * 0.2
        } else if off < 4.0 + depth * 6.0 && ((depth * 11.0) as usize).is_multiple_of(2) {
            210.0
        } else if off < 40.0 + depth * 260.0 {
            95.0 - depth * 20.0
        } else {
            65.0 + 12.0 * ((x * 0.31).sin() * (y * 0.27).cos())
        }
    };
    // A grille, a plate with its letters, lamps, a windscreen.
    let car = |x: f32, y: f32| {
        let (u, v) = (x - 320.0, y - 240.0);
        if v.abs() < 20.0 && u.abs() < 95.0 {
            let letter = (u + 95.0) % 21.0;
            let stroke = letter < 4.0 || (letter < 14.0 && ((v + 20.0) % 13.0 < 4.0 || letter > 10.0));
            return if stroke && v.abs() < 15.0 { 40.0 } else { 215.0 };
        }
        if (-80.0..-30.0).contains(&v) && u.abs() < 120.0 {
            return if (v + 80.0) % 9.0 < 4.0 { 30.0 } else { 120.0 };
        }
        if (-75.0..-30.0).contains(&v) && (130.0..200.0).contains(&u.abs()) {
            return if (u.abs() - 165.0).hypot(v + 52.0) < 20.0 { 252.0 } else { 180.0 };
        }
        if v < -110.0 && u.abs() < 190.0 + v * 0.3 { 45.0 + u.abs() * 0.1 } else { 130.0 - v * 0.1 }
    };
    let text = |size: f32| {
        move |x: f32, y: f32| {
            let (line, along) = (y / (size * 1.8), x / (size * 0.6));
            let (row, letter) = (line as i32, along as i32);
            let mix = (row.wrapping_mul(7919) ^ letter.wrapping_mul(104_729)).wrapping_mul(2_654_435);
            let (down, across) = (line.fract() * 1.8, along.fract());
            if mix % 6 == 0 || down > 1.0 || across > 0.82 {
                return 205.0;
            }
            let upright = across < 0.2 && mix & 8 != 0 || across > 0.62 && mix & 16 != 0;
            let level = down < 0.13 && mix & 32 != 0 || (down - 0.5).abs() < 0.08 && mix & 64 != 0 || down > 0.87;
            if upright || level { 45.0 } else { 205.0 }
        }
    };
    let grain = |seed: u64, size: f32, spread: f32| {
        let mut chance = chance(seed);
        let values: Vec<f32> = (0..640 * 480).map(|_| 120.0 + spread * chance()).collect();
        move |x: f32, y: f32| values[(y / size) as usize * 640 + (x / size) as usize]
    };
    // Planks, and tiles of two shades.
    let fence = |x: f32, y: f32| if x % 34.0 < 22.0 { 150.0 + 12.0 * (y * 0.05).sin() } else { 60.0 };
    let tiles = |x: f32, y: f32| if ((x / 24.0) as i32 + (y / 24.0) as i32) % 2 == 0 { 60.0 } else { 190.0 };
    let rings = |x: f32, y: f32| if (x - 300.0).hypot(y - 250.0) % 26.0 < 13.0 { 60.0 } else { 190.0 };
    let stripes = |x: f32, y: f32| if (x * 0.15 + y) % 12.0 < 6.0 { 60.0 } else { 190.0 };
    vec![
        ("road", frame(road, 1.0, none, 1)),
        ("car", frame(car, 0.8, none, 2)),
        ("car out of focus", frame(car, 5.0, none, 3)),
        ("text", frame(text(11.0), 0.6, none, 4)),
        ("large text", frame(text(34.0), 0.8, none, 5)),
        ("text out of focus", frame(text(22.0), 5.0, none, 6)),
        ("noise", frame(grain(7, 1.0, 120.0), 0.5, none, 7)),
        ("gravel", frame(grain(8, 4.0, 60.0), 1.5, none, 8)),
        ("gravel out of focus", frame(grain(9, 6.0, 110.0), 5.0, none, 9)),
        ("fence", frame(fence, 0.8, none, 10)),
        ("tiles", frame(tiles, 0.8, none, 11)),
        ("rings", frame(rings, 0.8, none, 12)),
        ("stripes", frame(stripes, 0.8, none, 14)),
        ("night", frame(|x, y| road(x, y) * 0.06, 1.0, none, 13)),
    ]
}
