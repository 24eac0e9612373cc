//! The engines of others: `rxing` on several renderings of a frame in order of yield per millisecond, then `rqrr`.
//!
//! Neither has a bound on the time of its worst case, and both have panicked on public photographs: where a
//! picture may be hostile they run in [`crate::worker`]'s child process and nowhere else.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use board::Frame;
use rxing::Reader as _;

use crate::{Attempt, Code, Outcome, Rung, micros, second};

/// The rungs for a frame of this size, in order.
pub(crate) fn rungs(width: u32, height: u32) -> impl Iterator<Item = Rung> {
    Rung::OTHERS.into_iter().filter(move |rung| rung.suits(width, height))
}

/// What the engines made of a frame.
#[derive(Default)]
pub(crate) struct Sight {
    /// The codes they read, all of one rung.
    pub codes: Vec<Code>,
    /// Whether the place of a code was found at all.
    pub located: bool,
}

/// Tries a frame, rung by rung, until something is read or the budget is spent. `tell` hears of every attempt
/// when it is over. A panic in an engine is an outcome.
pub(crate) fn attempt_all(frame: &Frame, budget: Duration, mut tell: impl FnMut(Attempt)) -> Sight {
    let began = Instant::now();
    let mut located = false;
    for rung in rungs(frame.width, frame.height) {
        if began.elapsed() >= budget {
            break;
        }
        let begun = Instant::now();
        let sight = catch_unwind(AssertUnwindSafe(|| attempt(rung, frame)));
        let outcome = match &sight {
            Ok(sight) if sight.codes.is_empty() => Outcome::Nothing,
            Ok(_) => Outcome::Read,
            Err(_) => Outcome::Panicked,
        };
        tell(Attempt { rung, micros: micros(begun), outcome });
        let sight = sight.unwrap_or_default();
        located |= sight.located;
        if !sight.codes.is_empty() {
            return Sight { located, ..sight };
        }
    }
    Sight { codes: Vec::new(), located }
}

fn attempt(rung: Rung, frame: &Frame) -> Sight {
    let found = match rung {
        Rung::Rqrr => return second::decode(frame),
        Rung::RxingHalf => decode(half(frame), 2.0, false),
        Rung::RxingDouble => decode(double(frame), 0.5, false),
        _ => decode((frame.luma.to_vec(), frame.width, frame.height), 1.0, rung == Rung::RxingFiltered),
    };
    found.map_or_else(Sight::default, |(text, points)| Sight {
        codes: vec![Code { text, corners: corners(&points), path: rung }],
        located: true,
    })
}

type Luma = (Vec<u8>, u32, u32);

fn decode((luma, width, height): Luma, scale: f32, filtered: bool) -> Option<(String, Vec<(f32, f32)>)> {
    let hints = rxing::DecodeHints {
        TryHarder: Some(true),
        AlsoInverted: Some(true),
        PossibleFormats: Some(HashSet::from([rxing::BarcodeFormat::QR_CODE])),
        ..Default::default()
    };
    let source = rxing::Luma8LuminanceSource::new(luma, width, height).ok()?;
    let mut bitmap = rxing::BinaryBitmap::new(rxing::common::HybridBinarizer::new(source));
    let reader = rxing::MultiFormatReader::default();
    let found = if filtered {
        rxing::FilteredImageReader::new(reader).decode_with_hints(&mut bitmap, &hints)
    } else {
        let mut reader = reader;
        reader.decode_with_hints(&mut bitmap, &hints)
    }
    .ok()?;
    // Its own pyramid leaves the points in pixels of the layer that was read.
    let layer = found.getRXingResultMetadata().get(&rxing::RXingResultMetadataType::FILTERED_RESOLUTION);
    let scale = match layer {
        Some(rxing::RXingResultMetadataValue::FilteredResolution((columns, _))) => width as f32 / *columns as f32,
        _ => scale,
    };
    let points = found.getPoints().iter().map(|point| (point.x * scale, point.y * scale)).collect();
    Some((found.getText().to_owned(), points))
}

/// The corners, from the points rxing gives: of its first detector the corners upper left, upper right, lower left,
/// lower right; of its second the centres of the finder patterns lower left, upper left, upper right, and maybe of
/// an alignment pattern. There the fourth corner completes the three, and the code reaches three modules and a half
/// beyond each. Which it was is told by the longest side, which never begins at the upper left.
fn corners(points: &[(f32, f32)]) -> [(f32, f32); 4] {
    let at = |index: usize| points.get(index).copied().unwrap_or_default();
    let length = |(x0, y0): (f32, f32), (x1, y1): (f32, f32)| (x1 - x0).hypot(y1 - y0);
    if points.len() == 4 && length(at(1), at(2)) > length(at(0), at(2)) {
        return [at(0), at(1), at(3), at(2)];
    }
    let (lower, upper, right) = (at(0), at(1), at(2));
    [upper, right, (lower.0 + right.0 - upper.0, lower.1 + right.1 - upper.1), lower]
}

/// Half the size: each pixel the mean of four.
fn half(frame: &Frame) -> Luma {
    let (width, height) = (frame.width / 2, frame.height / 2);
    let stride = frame.width as usize;
    let mut luma = Vec::with_capacity(width as usize * height as usize);
    for rows in frame.luma.chunks_exact(stride * 2) {
        let (upper, lower) = rows.split_at(stride);
        for (above, below) in upper.chunks_exact(2).zip(lower.chunks_exact(2)) {
            let sum: u16 = above.iter().chain(below).map(|pixel| u16::from(*pixel)).sum();
            luma.push((sum / 4) as u8);
        }
    }
    (luma, width, height)
}

/// Twice the size: each new pixel the mean of its neighbours.
fn double(frame: &Frame) -> Luma {
    let (width, height) = (frame.width as usize, frame.height as usize);
    let at = |x: usize, y: usize| u16::from(frame.luma[y.min(height - 1) * width + x.min(width - 1)]);
    let mut luma = Vec::with_capacity(width * height * 4);
    for y in 0..height * 2 {
        let (y0, y1) = (y / 2, y.div_ceil(2));
        for x in 0..width * 2 {
            let (x0, x1) = (x / 2, x.div_ceil(2));
            luma.push(((at(x0, y0) + at(x1, y0) + at(x0, y1) + at(x1, y1)) / 4) as u8);
        }
    }
    (luma, frame.width * 2, frame.height * 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture of the EU's, three times as large.
    fn picture() -> Frame {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/dcc-qa-images/images/AT/1.0.0/REC.png");
        let small = board::still(std::path::Path::new(path)).unwrap();
        let (width, height) = (small.width * 3, small.height * 3);
        let pixel = |x: u32, y: u32| small.luma[(y / 3 * small.width + x / 3) as usize];
        let luma: Vec<u8> = (0..height).flat_map(|y| (0..width).map(move |x| pixel(x, y))).collect();
        Frame { width, height, luma: luma.into(), ..small }
    }

    /// A quarter turn to the right.
    fn turned(frame: &Frame) -> Frame {
        let (width, height) = (frame.height, frame.width);
        let pixel = |x: u32, y: u32| frame.luma[((width - 1 - x) * frame.width + y) as usize];
        let luma: Vec<u8> = (0..height).flat_map(|y| (0..width).map(move |x| pixel(x, y))).collect();
        Frame { width, height, luma: luma.into(), ..frame.clone() }
    }

    /// The rectangle around everything dark: an upright code from its upper left on.
    fn dark(frame: &Frame) -> [(f32, f32); 4] {
        let dark = (0..frame.width * frame.height).filter(|at| frame.luma[*at as usize] < 128);
        let (xs, ys): (Vec<_>, Vec<_>) = dark.map(|at| (at % frame.width, at / frame.width)).unzip();
        let (left, right) = (*xs.iter().min().unwrap() as f32, *xs.iter().max().unwrap() as f32);
        let (top, bottom) = (*ys.iter().min().unwrap() as f32, *ys.iter().max().unwrap() as f32);
        [(left, top), (right, top), (right, bottom), (left, bottom)]
    }

    fn assert_near(got: [(f32, f32); 4], expected: [(f32, f32); 4], pixels: f32, what: &str) {
        let far = got.iter().zip(expected).any(|(got, to)| (got.0 - to.0).abs().max((got.1 - to.1).abs()) > pixels);
        assert!(!far, "{what}: {got:?}, expected {expected:?}");
    }

    #[test]
    fn every_rung_gives_the_corners_in_the_codes_own_order_and_in_pixels_of_the_frame() {
        let upright = picture();
        let expected = dark(&upright);
        for rung in Rung::OTHERS {
            let codes = attempt(rung, &upright).codes;
            assert_near(codes[0].corners, expected, 25.0, rung.as_str());
            let codes = attempt(rung, &turned(&upright)).codes;
            let mut expected = dark(&turned(&upright));
            expected.rotate_left(1);
            assert_near(codes[0].corners, expected, 25.0, rung.as_str());
        }
    }

    #[test]
    fn the_layer_that_was_read_does_not_show_in_the_corners() {
        // What only a smaller layer reads: noise of single pixels, in a picture that is large.
        let sharp = picture();
        // A multiplicative hash stands for chance.
        let is_hit = |at: usize| (at as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40 & 0xFF < 50;
        let noisy = |at: usize, pixel: u8| if is_hit(at) { 255 - pixel } else { pixel };
        let luma: Vec<u8> = sharp.luma.iter().enumerate().map(|(at, pixel)| noisy(at, *pixel)).collect();
        let noisy = Frame { luma: luma.into(), ..sharp.clone() };
        assert_eq!(attempt(Rung::Rxing, &noisy).codes, []);
        assert_near(attempt(Rung::RxingFiltered, &noisy).codes[0].corners, dark(&sharp), 25.0, "filtered");
    }

    #[test]
    fn both_detectors_of_rxing_are_understood() {
        let corners_given = [(10.0, 10.0), (90.0, 12.0), (11.0, 88.0), (92.0, 91.0)];
        assert_eq!(corners(&corners_given), [(10.0, 10.0), (90.0, 12.0), (92.0, 91.0), (11.0, 88.0)]);
        let centres_given = [(20.0, 80.0), (20.0, 20.0), (80.0, 20.0), (70.0, 70.0)];
        let expected = [(20.0, 20.0), (80.0, 20.0), (80.0, 80.0), (20.0, 80.0)];
        assert_eq!(corners(&centres_given), expected);
        assert_eq!(corners(&centres_given[..3]), expected);
        assert_eq!(corners(&[]), [(0.0, 0.0); 4]);
    }
}
