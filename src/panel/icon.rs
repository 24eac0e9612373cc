//! Signs that are understood by their shape, without colour and without reading.

use std::f32::consts::FRAC_1_SQRT_2 as SLANT;

use embedded_graphics::pixelcolor::Rgb888;

use crate::place::Place;
use crate::sheet::Sheet;

/// A point within an icon, in hundredths of its side.
type At = (f32, f32);

/// A pen on a square part of the sheet.
struct Pen<'a, 'b> {
    sheet: &'a mut Sheet<'b>,
    square: Place,
    colour: Rgb888,
}

impl Pen<'_, '_> {
    /// Colours all points whose distance to a shape, in hundredths of the side, is not above nought.
    fn shape(&mut self, distance: impl Fn(At) -> f32) {
        let Place { left, top, width, .. } = self.square;
        let unit = 100.0 / width.max(1) as f32;
        self.sheet.shade(self.square, self.colour, |x, y| {
            let at = ((x - left) as f32 * unit + unit / 2.0, (y - top) as f32 * unit + unit / 2.0);
            // Half a pixel on either side of the edge is shaded, so that slanted edges look straight.
            ((0.5 - distance(at) / unit).clamp(0.0, 1.0) * 255.0) as u8
        });
    }

    /// A line with round ends through some points.
    fn stroke(&mut self, through: &[At], thick: f32) {
        self.shape(|at| {
            through.windows(2).map(|ends| to_segment(at, ends[0], ends[1])).fold(f32::MAX, f32::min) - thick / 2.0
        });
    }

    /// A ring.
    fn ring(&mut self, centre: At, radius: f32, thick: f32) {
        self.shape(|at| (apart(at, centre) - radius).abs() - thick / 2.0);
    }

    /// A disc.
    fn disc(&mut self, centre: At, radius: f32) {
        self.shape(|at| apart(at, centre) - radius);
    }

    /// A filled rectangle from corner to corner.
    fn block(&mut self, from: At, to: At) {
        self.shape(|at| (from.0 - at.0).max(at.0 - to.0).max(from.1 - at.1).max(at.1 - to.1));
    }
}

fn apart(a: At, b: At) -> f32 {
    ((a.0 - b.0) * (a.0 - b.0) + (a.1 - b.1) * (a.1 - b.1)).sqrt()
}

fn to_segment(at: At, a: At, b: At) -> f32 {
    let along = (b.0 - a.0, b.1 - a.1);
    let length = along.0 * along.0 + along.1 * along.1;
    let part = (((at.0 - a.0) * along.0 + (at.1 - a.1) * along.1) / length.max(f32::EPSILON)).clamp(0.0, 1.0);
    apart(at, (a.0 + part * along.0, a.1 + part * along.1))
}

fn pen<'a, 'b>(sheet: &'a mut Sheet<'b>, place: Place, colour: Rgb888) -> Pen<'a, 'b> {
    Pen { sheet, square: place.square(), colour }
}

/// Admit: a tick.
pub fn tick(sheet: &mut Sheet<'_>, place: Place, colour: Rgb888) {
    pen(sheet, place, colour).stroke(&[(12.0, 54.0), (38.0, 80.0), (88.0, 22.0)], 18.0);
}

/// Admitted before: two ticks.
pub fn two_ticks(sheet: &mut Sheet<'_>, place: Place, colour: Rgb888) {
    let mut pen = pen(sheet, place, colour);
    pen.stroke(&[(7.0, 54.0), (26.0, 74.0), (62.0, 28.0)], 11.0);
    pen.stroke(&[(48.0, 64.0), (58.0, 74.0), (94.0, 28.0)], 11.0);
}

/// Check: a magnifier.
pub fn magnifier(sheet: &mut Sheet<'_>, place: Place, colour: Rgb888) {
    let mut pen = pen(sheet, place, colour);
    pen.ring((41.0, 41.0), 29.0, 12.0);
    pen.stroke(&[(64.0, 64.0), (88.0, 88.0)], 18.0);
}

/// Refuse: a cross.
pub fn cross(sheet: &mut Sheet<'_>, place: Place, colour: Rgb888) {
    let mut pen = pen(sheet, place, colour);
    pen.stroke(&[(16.0, 16.0), (84.0, 84.0)], 19.0);
    pen.stroke(&[(84.0, 16.0), (16.0, 84.0)], 19.0);
}

/// Turned back: an arrow that turns round.
pub fn turn(sheet: &mut Sheet<'_>, place: Place, colour: Rgb888) {
    let mut pen = pen(sheet, place, colour);
    pen.stroke(
        &[(76.0, 90.0), (76.0, 36.0), (70.0, 22.0), (56.0, 16.0), (42.0, 22.0), (36.0, 36.0), (36.0, 70.0)],
        13.0,
    );
    pen.stroke(&[(14.0, 54.0), (36.0, 78.0), (58.0, 54.0)], 13.0);
}

/// A fault: a triangle with an exclamation mark in the colour of the ground.
pub fn warning(sheet: &mut Sheet<'_>, place: Place, colour: Rgb888, ground: Rgb888) {
    let mut sign = pen(sheet, place, colour);
    let corners = [(50.0, 14.0), (92.0, 86.0), (8.0, 86.0)];
    sign.shape(|at| {
        let sides = [0, 1, 2].map(|i| {
            let (a, b): (At, At) = (corners[i], corners[(i + 1) % 3]);
            ((at.0 - a.0) * (b.1 - a.1) - (at.1 - a.1) * (b.0 - a.0)) / apart(a, b)
        });
        // Rounded by the radius that the corners keep from the edge of the icon.
        sides.into_iter().fold(f32::MIN, f32::max) - 4.0
    });
    let mut mark = pen(sheet, place, ground);
    mark.stroke(&[(50.0, 40.0), (50.0, 62.0)], 10.0);
    mark.disc((50.0, 77.0), 6.0);
}

/// An identity document: a card with a face and two lines.
pub fn document(sheet: &mut Sheet<'_>, place: Place, colour: Rgb888) {
    let mut pen = pen(sheet, place, colour);
    let corners = [(6.0, 20.0), (94.0, 20.0), (94.0, 80.0), (6.0, 80.0), (6.0, 20.0)];
    pen.stroke(&corners, 8.0);
    pen.disc((32.0, 42.0), 9.0);
    pen.block((20.0, 55.0), (44.0, 67.0));
    pen.stroke(&[(58.0, 42.0), (80.0, 42.0)], 7.0);
    pen.stroke(&[(58.0, 60.0), (80.0, 60.0)], 7.0);
}

/// A connection: three bars, struck through when there is none.
pub fn link(sheet: &mut Sheet<'_>, place: Place, colour: Rgb888, online: bool) {
    let mut pen = pen(sheet, place, colour);
    if online {
        pen.block((10.0, 64.0), (28.0, 90.0));
        pen.block((40.0, 40.0), (58.0, 90.0));
        pen.block((70.0, 12.0), (88.0, 90.0));
    } else {
        pen.stroke(&[(18.0, 18.0), (82.0, 82.0)], 16.0);
        pen.stroke(&[(82.0, 18.0), (18.0, 82.0)], 16.0);
    }
}

/// What a QR code looks like from afar; no reader reads it, so the box never reads its own panel.
pub fn code(sheet: &mut Sheet<'_>, place: Place, colour: Rgb888) {
    const ROWS: [&str; 13] = [
        "#####.#.#####",
        "#...#..##...#",
        "#.#.#.#.#.#.#",
        "#...#.#.#...#",
        "#####.#.#####",
        "......##.....",
        "#.##.#..##.#.",
        ".#..##.#..##.",
        "......#.##..#",
        "#####..#.#.##",
        "#...#.##..#..",
        "#.#.#..#.##.#",
        "#####.#..#.##",
    ];
    let square = place.square();
    let cell = (square.width / ROWS.len() as i32).max(1);
    let origin = square.middle(cell * ROWS.len() as i32, cell * ROWS.len() as i32);
    for (y, row) in (0..).zip(ROWS) {
        for (x, _) in (0..).zip(row.chars()).filter(|(_, c)| *c == '#') {
            sheet.fill(Place::new(origin.left + x * cell, origin.top + y * cell, cell, cell), colour);
        }
    }
}

/// An arrow to the right.
pub fn arrow(sheet: &mut Sheet<'_>, place: Place, colour: Rgb888) {
    let mut pen = pen(sheet, place, colour);
    pen.stroke(&[(8.0, 50.0), (88.0, 50.0)], 14.0);
    pen.stroke(&[(58.0, 20.0), (90.0, 50.0), (58.0, 80.0)], 14.0);
}

/// An arrow to the left.
pub fn arrow_back(sheet: &mut Sheet<'_>, place: Place, colour: Rgb888) {
    let mut pen = pen(sheet, place, colour);
    pen.stroke(&[(92.0, 50.0), (12.0, 50.0)], 14.0);
    pen.stroke(&[(42.0, 20.0), (10.0, 50.0), (42.0, 80.0)], 14.0);
}

/// Light: a sun with its rays.
pub fn sun(sheet: &mut Sheet<'_>, place: Place, colour: Rgb888) {
    let mut pen = pen(sheet, place, colour);
    pen.disc((50.0, 50.0), 20.0);
    for (x, y) in [(0.0, 1.0), (SLANT, SLANT), (1.0, 0.0), (SLANT, -SLANT)] {
        let ray = |from: f32, to: f32| [(50.0 + x * from, 50.0 + y * from), (50.0 + x * to, 50.0 + y * to)];
        pen.stroke(&ray(30.0, 43.0), 8.0);
        pen.stroke(&ray(-30.0, -43.0), 8.0);
    }
}

/// A reflection: a star with four points, with an edge in the colour of the ground.
pub fn flare(sheet: &mut Sheet<'_>, place: Place, colour: Rgb888, ground: Rgb888) {
    // The nearer to an axis, the further out it reaches.
    let star = |(x, y): At, reach: f32| {
        let (x, y) = ((x - 58.0).abs(), (y - 42.0).abs());
        (x.sqrt() + y.sqrt()).powi(2) - reach
    };
    pen(sheet, place, ground).shape(|at| star(at, 62.0));
    pen(sheet, place, colour).shape(|at| star(at, 40.0));
}

/// Tilt it: an arrow that swings from upright to the side, about a hinge.
pub fn tilt(sheet: &mut Sheet<'_>, place: Place, colour: Rgb888) {
    let mut pen = pen(sheet, place, colour);
    pen.stroke(&[(14.0, 90.0), (14.0, 12.0)], 12.0);
    pen.stroke(&[(14.0, 90.0), (92.0, 90.0)], 12.0);
    pen.stroke(&[(34.0, 18.0), (56.0, 26.0), (72.0, 42.0), (80.0, 66.0)], 10.0);
    pen.stroke(&[(62.0, 54.0), (81.0, 70.0), (94.0, 50.0)], 10.0);
}

/// Not this kind of code: bars, struck through.
pub fn bars_struck(sheet: &mut Sheet<'_>, place: Place, colour: Rgb888, ground: Rgb888) {
    let mut bars = pen(sheet, place, colour);
    for (left, wide) in
        [(8.0, 4.0), (16.0, 10.0), (31.0, 4.0), (40.0, 4.0), (49.0, 12.0), (66.0, 4.0), (75.0, 8.0), (88.0, 4.0)]
    {
        bars.block((left, 14.0), (left + wide, 86.0));
    }
    let across = [(10.0, 92.0), (90.0, 8.0)];
    pen(sheet, place, ground).stroke(&across, 24.0);
    pen(sheet, place, colour).stroke(&across, 11.0);
}

/// A stick: a case, and a plug with its two holes.
pub fn stick(sheet: &mut Sheet<'_>, place: Place, colour: Rgb888, ground: Rgb888) {
    let mut pen = pen(sheet, place, colour);
    pen.block((4.0, 30.0), (64.0, 70.0));
    pen.block((64.0, 37.0), (96.0, 63.0));
    pen.colour = ground;
    pen.block((10.0, 36.0), (58.0, 64.0));
    pen.block((76.0, 43.0), (84.0, 48.0));
    pen.block((76.0, 52.0), (84.0, 57.0));
    pen.colour = colour;
    pen.disc((34.0, 50.0), 7.0);
}

/// A camera's eye.
pub fn eye(sheet: &mut Sheet<'_>, place: Place, colour: Rgb888) {
    let mut pen = pen(sheet, place, colour);
    pen.ring((50.0, 50.0), 42.0, 9.0);
    pen.ring((50.0, 50.0), 22.0, 9.0);
    pen.disc((50.0, 50.0), 9.0);
}

/// The corners of a frame that something is to fill.
pub fn corners(sheet: &mut Sheet<'_>, place: Place, colour: Rgb888) {
    let mut pen = pen(sheet, place, colour);
    for (x, y) in [(6.0, 6.0), (94.0, 6.0), (94.0, 94.0), (6.0, 94.0)] {
        let inward = |from: f32| if from < 50.0 { 26.0 } else { -26.0 };
        pen.stroke(&[(x + inward(x), y), (x, y), (x, y + inward(y))], 9.0);
    }
}

/// A mark for who knows what it means: a diamond with a dot.
pub fn mark(sheet: &mut Sheet<'_>, place: Place, colour: Rgb888, ground: Rgb888) {
    pen(sheet, place, colour).shape(|(x, y)| (x - 50.0).abs() + (y - 50.0).abs() - 48.0);
    pen(sheet, place, ground).disc((50.0, 50.0), 13.0);
}

/// Wait: a raised hand.
pub fn hand(sheet: &mut Sheet<'_>, place: Place, colour: Rgb888) {
    let mut pen = pen(sheet, place, colour);
    for (x, top) in [(30.0, 22.0), (44.0, 12.0), (58.0, 14.0), (72.0, 24.0)] {
        pen.stroke(&[(x, top), (x, 60.0)], 11.0);
    }
    pen.stroke(&[(45.0, 68.0), (57.0, 68.0)], 42.0);
    pen.stroke(&[(12.0, 48.0), (32.0, 72.0)], 11.0);
}

/// Go: an arrow ahead.
pub fn arrow_up(sheet: &mut Sheet<'_>, place: Place, colour: Rgb888) {
    let mut pen = pen(sheet, place, colour);
    pen.stroke(&[(50.0, 90.0), (50.0, 14.0)], 18.0);
    pen.stroke(&[(18.0, 46.0), (50.0, 12.0), (82.0, 46.0)], 18.0);
}

/// Stop: a bar in a disc.
pub fn no_entry(sheet: &mut Sheet<'_>, place: Place, colour: Rgb888, ground: Rgb888) {
    pen(sheet, place, colour).disc((50.0, 50.0), 46.0);
    pen(sheet, place, ground).block((20.0, 41.0), (80.0, 59.0));
}

/// A service card: a badge on a cord.
pub fn badge(sheet: &mut Sheet<'_>, place: Place, colour: Rgb888, ground: Rgb888) {
    let mut pen = pen(sheet, place, colour);
    pen.stroke(&[(34.0, 4.0), (50.0, 26.0), (66.0, 4.0)], 6.0);
    pen.block((18.0, 26.0), (82.0, 94.0));
    pen.colour = ground;
    pen.disc((50.0, 50.0), 12.0);
    pen.block((32.0, 66.0), (68.0, 76.0));
    pen.block((32.0, 80.0), (68.0, 85.0));
}
