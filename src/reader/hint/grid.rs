//! Whether the picture is full of modules: a code that is so near that not even its corners are in view.
//!
//! Along the two directions in which most edges run, a dark and a light place together are always a whole number of
//! modules, the same number on both axes, and not always the same: neither tiles nor letters nor a fence are like that.

use crate::kinds::edges::Edges;
use crate::qr::geometry::{Point, point};
use crate::qr::image::View;

use super::LEAST_SIDE;

/// Lines along each axis.
const LINES: usize = 15;

/// Least pairs that must be seen along each axis.
const PAIRS: usize = 50;

/// How well they must fit: 1 is perfect, of anything it would be 0.
const FITS: f32 = 0.6;

/// Pixels between two places at which the direction of edges is taken.
const EVERY: usize = 6;

/// Whether a code is shown whose least side does not fit into the picture.
pub(super) fn is_too_close(image: View<'_>) -> bool {
    let short = image.width.min(image.height) as f32;
    if short < 120.0 {
        return false;
    }
    let Some(turn) = direction(image) else { return false };
    let (sin, cos) = turn.sin_cos();
    let mut edges = Edges::default();
    let seen = [point(cos, sin), point(-sin, cos)].map(|along| {
        let (pairs, margin) = pairs(image, along, short, &mut edges);
        (pairs.len() >= PAIRS).then(|| module(&pairs, short)).flatten().map(|module| (module, margin / module))
    });
    let [Some((a, first)), Some((b, second))] = seen else { return false };
    // The least code does not fit, or this one goes on to where the picture ends.
    let is_large = a.min(b) * LEAST_SIDE > short * 0.95 || first.max(second) < 3.0;
    (a / b - 1.0).abs() < 0.2 && is_large
}

/// The angle of most edges, if nearly all of them agree in it, or are square to it.
fn direction(image: View<'_>) -> Option<f32> {
    let (mut re, mut im, mut all) = (0.0_f32, 0.0_f32, 0.0_f32);
    for y in (2..image.height - 2).step_by(EVERY) {
        for x in (2..image.width - 2).step_by(EVERY) {
            let at = |x: usize, y: usize| f32::from(image.luma[y * image.width + x]);
            let (gx, gy) = (at(x + 1, y) - at(x - 1, y), at(x, y + 1) - at(x, y - 1));
            let square = gx * gx + gy * gy;
            if square > 900.0 {
                // The fourth power turns four times as fast.
                let (a, b) = (gx * gx - gy * gy, 2.0 * gx * gy);
                (re, im, all) = (re + (a * a - b * b) / square, im + 2.0 * a * b / square, all + square);
            }
        }
    }
    (re.hypot(im) > all * 0.6 && all > 0.0).then(|| im.atan2(re) / 4.0)
}

/// What a dark and a light place take together, on lines through the middle of the picture; and how much of a line is
/// without an edge at its ends, on the average.
fn pairs(image: View<'_>, along: Point, short: f32, edges: &mut Edges) -> (Vec<f32>, f32) {
    let middle = point(image.width as f32 / 2.0, image.height as f32 / 2.0);
    let across = point(-along.y, along.x);
    let (mut pairs, mut margin) = (Vec::new(), 0.0);
    let mut line: Vec<u8> = Vec::new();
    for at in 0..LINES {
        let off = (at as f32 - (LINES / 2) as f32) / LINES as f32 * short * 0.9;
        let from = middle + across * off;
        line.clear();
        let half = short as i32 * 11 / 20;
        let places = (-half..half).map(|step| from + along * step as f32);
        line.extend(places.filter(|place| image.contains(*place)).map(|place| image.sample(place) as u8));
        edges.find(&line);
        let whole = line.len() as f32;
        margin += match (edges.at.first(), edges.at.last()) {
            (Some(first), Some(last)) => (first + whole - last) / 2.0,
            _ => whole,
        };
        if edges.contrast(0, edges.at.len()) > 0.4 {
            pairs.extend(edges.at.windows(3).map(|pair| pair[2] - pair[0]));
        }
    }
    (pairs, margin / LINES as f32)
}

/// The module of which all pairs are whole multiples, and not all the same.
fn module(pairs: &[f32], short: f32) -> Option<f32> {
    let fit = |module: f32| {
        pairs.iter().map(|pair| (pair / module * std::f32::consts::TAU).cos()).sum::<f32>() / pairs.len() as f32
    };
    // A pair is at least two modules, and hardly ever more than twelve.
    let few = |module: f32| pairs.iter().filter(|pair| !(1.6..12.5).contains(&(*pair / module))).count() * 12;
    let modules = std::iter::successors(Some(short / LEAST_SIDE / 2.0), |module| Some(module * 1.015));
    let (fits, module) = modules
        .take_while(|module| *module < short / 8.0)
        .filter(|module| few(*module) < pairs.len())
        .map(|module| (fit(module), module))
        .max_by(|a, b| a.0.total_cmp(&b.0))?;
    let mut counts = [0_usize; 14];
    for pair in pairs {
        counts[((pair / module).round() as usize).min(13)] += 1;
    }
    let kinds = counts.iter().filter(|count| **count * 8 > pairs.len()).count();
    (fits > FITS && kinds >= 3).then_some(module)
}
