//! Pictures drawn here, of which every corner is known.

use super::super::geometry::{Point, point};
use super::super::image::Image;
use super::super::{Effort, Found, search};
use super::drawn::{Canvas, Grid, Pose};
use super::{Chance, unhurried};
use crate::Rung;

fn found(image: &Image) -> Vec<Found> {
    search(image.view(), Effort::Much, unhurried()).found
}

/// The one code in a picture; it must be read, and all its corners be within so many pixels.
fn must_read(canvas: &Canvas, text: &str, corners: [Point; 4], within: f32, what: &str) -> Rung {
    let found = found(&canvas.image());
    let texts: Vec<&str> = found.iter().map(|found| found.text.as_str()).collect();
    assert_eq!(texts, [text], "{what}");
    let worst = farthest(found[0].outline, corners);
    assert!(worst < within, "{what}: {worst} pixels off: {:?}, not {corners:?}", found[0].outline);
    found[0].path
}

/// How far the corners of a flat code may be off, in pixels: its lower right one is known by nothing at its place.
fn near(pose: &Pose) -> f32 {
    1.5_f32.max(pose.module / 2.0)
}

fn farthest(are: [Point; 4], should: [Point; 4]) -> f32 {
    are.iter().zip(should).map(|(is, should)| (*is - should).length()).fold(0.0, f32::max)
}

const MIDDLE: Point = point(320.0, 240.0);

#[test]
fn a_code_reads_at_every_turn() {
    let mut chance = Chance(1);
    for turn in (0..360).step_by(15) {
        let text = chance.text(30);
        let grid = Grid::of(&text, 4, 1);
        let pose = Pose { turn: turn as f32, ..Pose::flat(MIDDLE, 6.0) };
        let mut canvas = Canvas::road(640, 480);
        canvas.code(&grid, &pose);
        canvas.blur(0.7);
        canvas.noise(4.0, &mut chance);
        must_read(&canvas, &text, pose.corners(grid.size), near(&pose), &format!("{turn} degrees"));
    }
}

#[test]
fn a_code_reads_light_on_dark_and_in_a_mirror() {
    let mut chance = Chance(2);
    for turn in [0.0, 30.0, 100.0] {
        let text = chance.text(40);
        let grid = Grid::of(&text, 6, 1);
        let pose = Pose { turn, ..Pose::flat(MIDDLE, 5.0) };
        let mut canvas = Canvas::road(640, 480);
        canvas.code(&grid, &pose);
        canvas.blur(0.6);
        must_read(&canvas.inverted(), &text, pose.corners(grid.size), near(&pose), "light on dark");
        let mut canvas = Canvas::road(640, 480);
        canvas.code(&grid.mirrored(), &pose);
        canvas.blur(0.6);
        let [a, b, c, d] = pose.corners(grid.size);
        let found = found(&canvas.image());
        assert_eq!(found.iter().map(|found| found.text.as_str()).collect::<Vec<_>>(), [text.as_str()]);
        // Its own upper right is the lower left of the picture; either order is an order of its own.
        let off = farthest(found[0].outline, [a, b, c, d]).min(farthest(found[0].outline, [a, d, c, b]));
        assert!(off < 1.5, "{off} pixels off");
    }
}

#[test]
fn a_code_reads_tilted_by_fifty_degrees() {
    let mut chance = Chance(3);
    for (version, module) in [(2, 8.0), (6, 7.0), (12, 6.0)] {
        for turn in [0.0, 25.0, 90.0, 200.0] {
            let text = chance.text(20);
            let grid = Grid::of(&text, version, 1);
            let pose = Pose { turn, tilt: 50.0, ..Pose::flat(MIDDLE, module) };
            let mut canvas = Canvas::road(640, 480);
            canvas.code(&grid, &pose);
            canvas.blur(0.6);
            canvas.noise(3.0, &mut chance);
            let what = format!("version {version} turned by {turn} degrees");
            must_read(&canvas, &text, pose.corners(grid.size), 6.0, &what);
        }
    }
}

#[test]
fn a_code_of_every_size_reads() {
    let mut chance = Chance(4);
    for version in 1..=40 {
        let text = chance.text(6);
        let grid = Grid::of(&text, version, version % 4);
        let module = (480.0 / (grid.size + 8) as f32).min(6.0);
        let pose = Pose::flat(MIDDLE + point(0.5, 0.25), module);
        let mut canvas = Canvas::road(640, 480);
        canvas.code(&grid, &pose);
        canvas.blur(0.5);
        must_read(
            &canvas,
            &text,
            pose.corners(grid.size),
            near(&pose),
            &format!("version {version}, {module} pixels a module"),
        );
    }
}

#[test]
fn it_does_not_matter_where_between_pixels_a_code_lies() {
    let mut chance = Chance(5);
    for (dx, dy) in [(0.0, 0.0), (0.25, 0.5), (0.5, 0.5), (0.75, 0.25), (0.5, 0.0)] {
        for module in [2.0, 2.5, 3.3] {
            let text = chance.text(30);
            let grid = Grid::of(&text, 5, 1);
            let pose = Pose::flat(point(160.0 + dx, 120.0 + dy), module);
            let mut canvas = Canvas::road(320, 240);
            canvas.code(&grid, &pose);
            canvas.blur(0.4);
            canvas.noise(2.0, &mut chance);
            let what = format!("{module} pixels a module, off by {dx} and {dy}");
            must_read(&canvas, &text, pose.corners(grid.size), near(&pose), &what);
        }
    }
}

#[test]
fn a_code_on_a_cup_reads() {
    let mut chance = Chance(6);
    for (version, module) in [(4, 9.0), (7, 8.0)] {
        let text = chance.text(40);
        let grid = Grid::of(&text, version, 1);
        let (half, radius) = (grid.size as f32 / 2.0, grid.size as f32 * 0.75);
        let mut canvas = Canvas::road(640, 480);
        let bent = |p: Point| {
            let x = (p.x - MIDDLE.x) / module / radius;
            let along = if x.abs() < 1.0 { x.asin() * radius } else { f32::INFINITY };
            point(along + half, (p.y - MIDDLE.y) / module + half)
        };
        canvas.through(&grid, bent);
        canvas.blur(0.7);
        let side = (half / radius).sin() * radius * module;
        let corners = [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)]
            .map(|(x, y)| MIDDLE + point(x * side, y * half * module));
        must_read(&canvas, &text, corners, module, &format!("version {version} on a cup"));
    }
}

#[test]
fn every_code_of_a_frame_reads_and_lies_where_it_is() {
    let mut chance = Chance(7);
    let mut canvas = Canvas::road(1280, 720);
    let mut shown = Vec::new();
    for number in 0..8 {
        let text = chance.text(10 + number);
        let grid = Grid::of(&text, 1 + number % 4, 1);
        let at = point(170.0 + (number % 4) as f32 * 310.0, 180.0 + (number / 4) as f32 * 360.0);
        let pose = Pose { turn: number as f32 * 47.0, tilt: number as f32 * 4.0, ..Pose::flat(at, 5.0) };
        canvas.code(&grid, &pose);
        shown.push((text, pose.corners(grid.size)));
    }
    canvas.blur(0.7);
    canvas.noise(3.0, &mut chance);
    let found = found(&canvas.image());
    for (text, corners) in &shown {
        let found = found.iter().find(|found| found.text == *text).unwrap_or_else(|| panic!("{text} is not read"));
        let off = farthest(found.outline, *corners);
        assert!(off < 2.5, "{text} is {off} pixels off");
    }
    assert_eq!(found.len(), shown.len());
}

/// The same text twice is two codes when it is shown in two places.
#[test]
fn the_same_code_twice_is_found_twice() {
    let (grid, mut canvas) = (Grid::of("twice", 2, 1), Canvas::road(640, 480));
    for x in [160.0, 480.0] {
        canvas.code(&grid, &Pose::flat(point(x, 240.0), 6.0));
    }
    assert_eq!(found(&canvas.image()).len(), 2);
}

#[test]
fn a_code_with_one_finder_covered_reads() {
    let mut chance = Chance(8);
    for covered in 0..3 {
        let text = chance.text(20);
        // Of its 196 codewords a covered corner takes a tenth.
        let grid = Grid::of(&text, 7, 3);
        let end = grid.size as f32;
        let pose = Pose { turn: 10.0, ..Pose::flat(MIDDLE, 7.0) };
        let mut canvas = Canvas::road(640, 480);
        canvas.code(&grid, &pose);
        let (left, top) = [(0.0, 0.0), (end - 8.0, 0.0), (0.0, end - 8.0)][covered];
        canvas.cover(&grid, &pose, 90.0, |p| {
            p.x > left - 3.0 && p.x < left + 11.0 && p.y > top - 3.0 && p.y < top + 11.0
        });
        canvas.blur(0.7);
        let path = must_read(&canvas, &text, pose.corners(grid.size), 7.0, &format!("corner {covered}"));
        assert!(matches!(path, Rung::Guessed | Rung::Settled | Rung::Unblurred), "{path:?}");
    }
}

#[test]
fn a_blurred_code_reads_in_the_end() {
    let mut chance = Chance(9);
    let (mut read, mut tried) = (0, 0);
    for version in [2, 4, 6, 8] {
        let text = chance.text(25);
        let grid = Grid::of(&text, version, 1);
        let pose = Pose { turn: 5.0, ..Pose::flat(MIDDLE, 5.0) };
        let mut canvas = Canvas::road(640, 480);
        canvas.code(&grid, &pose);
        canvas.blur(3.2);
        canvas.noise(1.5, &mut chance);
        tried += 1;
        for found in found(&canvas.image()) {
            assert_eq!(found.text, text);
            read += 1;
        }
    }
    assert!(read * 4 >= tried * 3, "{read} of {tried} read");
}
