//! Pictures made to keep a decoder busy: no panic, and an end.

use std::time::Duration;

use board::Frame;

use super::super::{Effort, now};
use super::Chance;
use super::drawn::{Canvas, Grid, Pose};
use crate::{Outcome, own};

const BUDGET: Duration = Duration::from_millis(40);

/// Many times what it may take: a build without optimisation, on a machine that does other things as well. What it
/// takes at its best is for the benchmark.
const GENEROUS: u32 = 10;

/// Looks at a frame; nothing may panic. Gives the processor time it took.
fn look(width: usize, height: usize, luma: Vec<u8>, what: &str) -> Duration {
    let frame = Frame {
        width: width as u32,
        height: height as u32,
        luma: luma.into(),
        number: 0,
        at: Duration::ZERO,
        source: None,
    };
    let mut worst = Duration::ZERO;
    for effort in [Effort::Little, Effort::Much] {
        let began = now();
        let (look, _) = own::look(&frame, effort, BUDGET);
        let took = now() - began;
        println!("{took:>10.1?} {effort:?} {what}, {} attempts, {} codes", look.attempts.len(), look.codes.len());
        assert!(look.attempts.iter().all(|attempt| attempt.outcome != Outcome::Panicked), "{what}");
        if let Some(region) = look.region {
            assert!(region.x + region.width <= width as u32 && region.y + region.height <= height as u32, "{what}");
        }
        worst = worst.max(took);
    }
    worst
}

fn must_end(width: usize, height: usize, luma: Vec<u8>, what: &str) {
    let took = look(width, height, luma, what);
    assert!(took < BUDGET * GENEROUS, "{what}: {took:?}");
}

fn noise(count: usize, chance: &mut Chance) -> Vec<u8> {
    (0..count.div_ceil(8)).flat_map(|_| chance.number().to_le_bytes()).take(count).collect()
}

#[test]
fn every_size_of_frame_is_looked_at() {
    let mut chance = Chance(1);
    let sizes = [
        (1, 1),
        (1, 8000),
        (8000, 1),
        (7, 7),
        (8, 8),
        (20, 20),
        (21, 21),
        (22, 23),
        (21, 8000),
        (8000, 21),
        (63, 65),
        (64, 64),
        (65, 63),
        (129, 127),
        (641, 479),
        (1, 5_000_000),
        (5_000_000, 1),
        (70_000, 64),
        (64, 70_000),
        (65_536, 30),
        (65_535, 31),
    ];
    for (width, height) in sizes {
        for (name, luma) in [
            ("black", vec![0; width * height]),
            ("white", vec![255; width * height]),
            ("noise", noise(width * height, &mut chance)),
        ] {
            must_end(width, height, luma, &format!("{width} x {height}, {name}"));
        }
    }
}

#[test]
fn a_frame_of_the_most_pixels_is_looked_at() {
    let side = 8000;
    look(side, side, vec![128; side * side], "8000 x 8000, blank");
    look(side, side, noise(side * side, &mut Chance(2)), "8000 x 8000, noise");
}

#[test]
fn a_frame_that_is_not_as_large_as_it_says_is_nothing() {
    for (width, height, length) in [(640, 480, 0), (640, 480, 100), (0, 0, 0), (0, 5, 0), (2, 2, 5)] {
        look(width, height, vec![0; length], &format!("{width} x {height} with {length} pixels"));
    }
}

/// Dark where a finder is, repeated with a gap of so many modules.
fn finders(x: usize, y: usize, gap: usize) -> bool {
    let (x, y) = (x % (7 + gap), y % (7 + gap));
    let ring = x.abs_diff(3).max(y.abs_diff(3));
    ring <= 1 || ring == 3
}

#[test]
fn a_wall_of_finders_is_given_up_in_time() {
    for (width, height) in [(640, 480), (1280, 720), (2000, 2000)] {
        for module in 1..=4 {
            for gap in [1, 2, 5, 7] {
                let dark = |at: usize| finders(at % width / module, at / width / module, gap);
                let luma = (0..width * height).map(|at| if dark(at) { 20 } else { 230 }).collect();
                must_end(width, height, luma, &format!("{width} x {height}, finders of {module} pixels with {gap}"));
            }
        }
    }
}

/// Whether a place is dark.
type Pattern = Box<dyn Fn(usize, usize) -> bool>;

/// Rows that are all in the ratio of a finder, and columns that are not.
#[test]
fn stripes_and_boards_are_given_up_in_time() {
    let mut chance = Chance(3);
    for (width, height) in [(640, 480), (1280, 720), (2000, 2000)] {
        for module in 1..=4 {
            let stripes = |x: usize| [1, 0, 1, 1, 1, 0, 1, 0][x % 8] == 1;
            let patterns: [(&str, Pattern); 4] = [
                ("stripes", Box::new(move |x, _| stripes(x))),
                ("bars", Box::new(move |_, y| stripes(y))),
                ("stripes and bars", Box::new(move |x, y| stripes(x) && stripes(y))),
                ("chequers", Box::new(|x, y| (x + y) % 2 == 0)),
            ];
            for (name, dark) in patterns {
                let mut luma: Vec<u8> = (0..width * height)
                    .map(|at| if dark(at % width / module, at / width / module) { 20 } else { 230 })
                    .collect();
                must_end(width, height, luma.clone(), &format!("{width} x {height}, {name} of {module} pixels"));
                // Broken here and there, so that every row begins anew.
                luma.iter_mut().for_each(|pixel| *pixel ^= if chance.below(50) == 0 { 0xff } else { 0 });
                must_end(width, height, luma, &format!("{width} x {height}, {name} of {module} pixels, broken"));
            }
        }
    }
}

#[test]
fn a_frame_full_of_small_codes_is_looked_at_in_time() {
    for module in [2, 3] {
        let (width, height) = (1280, 720);
        let mut luma = vec![230; width * height];
        let (mut x, mut y, mut number) = (8, 8, 0);
        while y + 25 * module < height {
            let grid = Grid::of(&format!("code {number}"), 1, 1);
            for (dy, dx) in (0..21 * module).flat_map(|dy| (0..21 * module).map(move |dx| (dy, dx))) {
                if grid.is_dark(dx / module, dy / module) {
                    luma[(y + dy) * width + x + dx] = 20;
                }
            }
            (x, number) = (x + 25 * module, number + 1);
            if x + 25 * module > width {
                (x, y) = (8, y + 25 * module);
            }
        }
        must_end(width, height, luma, &format!("{number} codes of {module} pixels a module"));
    }
}

/// Three finders around nonsense, of the largest version: everything is tried on it, and nothing reads.
#[test]
fn large_codes_full_of_mistakes_are_given_up_in_time() {
    let mut chance = Chance(4);
    for version in [10, 25, 32, 40] {
        for (width, height) in [(1280, 720), (2000, 2000)] {
            let mut grid = Grid::of("nonsense", version, 0);
            grid.scramble(&mut chance);
            let module = (height as f32 / (grid.size + 8) as f32).min(8.0);
            for (name, blur) in [("sharp", 0.3), ("blurred", module * 0.5)] {
                let mut canvas = Canvas::road(width, height);
                canvas.code(
                    &grid,
                    &Pose::flat(super::super::geometry::point(width as f32 / 2.0, height as f32 / 2.0), module),
                );
                canvas.blur(blur);
                must_end(
                    width,
                    height,
                    canvas.image().luma,
                    &format!("{width} x {height}, version {version} of nonsense, {name}"),
                );
            }
        }
    }
}
