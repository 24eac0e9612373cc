//! Where every module of a code lies in the picture.
//!
//! A perspective map through the three finders and a fourth point, then the alignment patterns, each found near
//! where those before it say; what they are off by, if the paper is bent, is a smooth field on top of the map.

use std::sync::Arc;

use super::geometry::{Homography, Point, point};
use super::image::View;
use super::layout::{Layout, Module, layout, version_bits, version_places};
use super::triple::Triple;

/// Least modules between the knots of the field, and most knots a side: of a large code they are farther apart.
const KNOT: usize = 4;
const KNOTS: usize = 16;

/// A code's place in the picture.
#[derive(Clone)]
pub(crate) struct Lattice {
    pub layout: Arc<Layout>,
    pub map: Homography,
    /// What to add to the map, in modules, at every knot; none for a flat code.
    field: Option<Vec<Point>>,
    /// Places whose shift is known, in modules, and with what weight.
    marks: Vec<(Point, Point, f32)>,
    /// How clearly the patterns that every code has stand out, from 0 to 1.
    pub clarity: f32,
    pub inverted: bool,
}

/// Clarity below which a first map is given up. Of codes that were read, one in a hundred has less than 0.39, and in
/// the end none less than 0.86, if it was not blurred.
const UNCLEAR: f32 = 0.3;
pub(crate) const SHARP: f32 = 0.75;
pub(crate) const BLURRED: f32 = 0.3;

/// Clarity from which on no other map is looked for.
const CLEAR: f32 = 0.97;

/// Something whose place in the code and in the picture is known.
#[derive(Clone, Copy)]
struct Mark {
    module: Point,
    pixel: Point,
    weight: f32,
}

impl Lattice {
    fn new(layout: Arc<Layout>, map: Homography, triple: &Triple) -> Self {
        Self { layout, map, field: None, marks: Vec::new(), clarity: 0.0, inverted: triple.corners[0].inverted }
    }

    /// The pixel of a point of the code, in modules from its upper left corner.
    pub(crate) fn pixel(&self, p: Point) -> Point {
        match &self.field {
            None => self.map.map(p),
            Some(field) => self.map.map(p + self.shift(field, p)),
        }
    }

    /// Modules between two knots.
    fn knot(&self) -> usize {
        self.layout.size.div_ceil(KNOTS).max(KNOT)
    }

    /// Knots of a side.
    fn knots(&self) -> usize {
        self.layout.size / self.knot() + 2
    }

    /// Where the knots are, in modules.
    fn places(&self) -> impl Iterator<Item = Point> + use<> {
        let (knot, knots) = (self.knot(), self.knots());
        (0..knots * knots).map(move |index| point((index % knots * knot) as f32, (index / knots * knot) as f32))
    }

    fn shift(&self, field: &[Point], p: Point) -> Point {
        let knots = self.knots();
        let knot = self.knot() as f32;
        let (x, y) = ((p.x / knot).max(0.0), (p.y / knot).max(0.0));
        let (i, j) = ((x as usize).min(knots - 2), (y as usize).min(knots - 2));
        let (u, v) = (x - i as f32, y - j as f32);
        let at = |i: usize, j: usize| field[j * knots + i];
        (at(i, j) * (1.0 - u) + at(i + 1, j) * u) * (1.0 - v) + (at(i, j + 1) * (1.0 - u) + at(i + 1, j + 1) * u) * v
    }

    /// Pixels of a module at the middle of the code.
    pub(crate) fn module(&self) -> f32 {
        let middle = self.layout.size as f32 / 2.0;
        let (across, down) = self.map.steps(point(middle, middle));
        across.cross(down).abs().sqrt()
    }

    /// The corners of the code, clockwise from its upper left.
    pub(crate) fn outline(&self) -> [Point; 4] {
        let size = self.layout.size as f32;
        [(0.0, 0.0), (size, 0.0), (size, size), (0.0, size)].map(|(x, y)| self.pixel(point(x, y)))
    }
}

/// Every lattice that fits a triple and is at least so clear, the clearest first; at most three.
pub(crate) fn lattices(image: View<'_>, triple: &Triple, least: f32) -> Vec<Lattice> {
    let mut found: Vec<Lattice> = Vec::new();
    // What is told and fits is not doubted.
    let told = told(image, triple).filter(|told| versions(triple).any(|version| version == *told));
    if let Some(layout) = layout(1).filter(|_| versions(triple).any(|version| version == 1))
        && let Some(map) = by_corners(triple, layout.size)
    {
        // The smallest code has nothing between its corners to go by, but they are large in it.
        let mut lattice = Lattice::new(layout, map, triple);
        lattice.clarity = clarity(image, &lattice);
        found.push(lattice);
    }
    for fourth in triple.fourth().into_iter().flatten() {
        for version in versions(triple).filter(|version| told.is_none_or(|told| told == *version)) {
            let Some(layout) = layout(version) else { continue };
            let Some(map) = square(triple, fourth, layout.size) else { continue };
            let mut lattice = Lattice::new(layout, map, triple);
            lattice.clarity = clarity(image, &lattice);
            found.push(lattice);
        }
        if found.iter().any(|lattice| lattice.clarity > CLEAR) {
            break;
        }
    }
    // A large code may seem unclear as long as nothing but its corners is known, but says what it is.
    let is_told = |lattice: &Lattice| told == Some(lattice.layout.version);
    found.sort_by(|a, b| is_told(b).cmp(&is_told(a)).then(b.clarity.total_cmp(&a.clarity)));
    let mut kept: Vec<Lattice> = Vec::new();
    for lattice in found {
        let same = kept.iter().filter(|other| other.layout.version == lattice.layout.version).count();
        if kept.len() < 3 && same < 2 {
            kept.push(lattice);
        }
    }
    kept.retain(|lattice| lattice.clarity > UNCLEAR || is_told(lattice));
    for lattice in &mut kept {
        refine(image, triple, lattice);
        lattice.clarity = clarity(image, lattice);
    }
    kept.retain(|lattice| lattice.clarity > least || (is_told(lattice) && lattice.clarity > least / 3.0));
    kept.sort_by(|a, b| b.clarity.total_cmp(&a.clarity));
    kept
}

/// Versions that a triple may have: what its corners say of the distance between them.
fn versions(triple: &Triple) -> impl Iterator<Item = usize> + use<> {
    let span = (triple.spans[0] * triple.spans[1]).sqrt();
    let reach = 2.5 + span * 0.09;
    let (least, most) = (span - reach, span + reach);
    (1..=40).filter(move |version| (least..=most).contains(&(*version as f32 * 4.0 + 10.0)))
}

/// The version that a large code says it has, beside its second and third corner: these are near enough to be found
/// when nothing is known yet of what lies between the corners.
fn told(image: View<'_>, triple: &Triple) -> Option<usize> {
    let mut votes = [0.0; 18];
    for corner in [1, 2] {
        let at = &triple.corners[corner];
        let (across, down) = triple.directions(corner);
        let limit = (at.dark + at.light) / 2.0;
        for (vote, [right, _]) in votes.iter_mut().zip(version_places(VERSION_AT)) {
            // Along the side, and towards the first corner.
            let (inwards, along) = (right.0 as f32 - (VERSION_AT - 4) as f32, right.1 as f32 - 3.0);
            let (x, y) = if corner == 1 { (inwards, along) } else { (along, inwards) };
            let dark = (limit - image.sample(at.center + across * x + down * y)) / (at.light - at.dark);
            *vote += dark.clamp(-0.5, 0.5);
        }
    }
    // A mirrored code has the same bits in both places, turned over like everything else.
    let whole = votes.iter().map(|vote: &f32| vote.abs()).sum::<f32>().max(2.0);
    let agreement = |version: usize| {
        let bits = version_bits(version);
        let votes = votes.iter().enumerate();
        votes.map(|(bit, vote)| if bits >> (17 - bit) & 1 == 1 { *vote } else { -vote }).sum::<f32>() / whole
    };
    let mut ranked: Vec<(f32, usize)> = (7..=40).map(|version| (agreement(version), version)).collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
    (ranked[0].0 > 0.55 && ranked[0].0 > ranked[1].0 + 0.15).then_some(ranked[0].1)
}

/// A size to ask for the places of the version's bits; any will do.
const VERSION_AT: usize = 45;

fn square(triple: &Triple, fourth: Point, size: usize) -> Option<Homography> {
    let far = size as f32 - 3.5;
    let [upper, right, lower] = triple.corners;
    Homography::fit(&[
        (point(3.5, 3.5), upper.center, 1.0),
        (point(far, 3.5), right.center, 1.0),
        (point(3.5, far), lower.center, 1.0),
        (point(far, far), fourth, 1.0),
    ])
}

/// The map that takes the edges of the three corners to where they are.
fn by_corners(triple: &Triple, size: usize) -> Option<Homography> {
    let far = size as f32 - 3.5;
    let mut pairs = Vec::with_capacity(15);
    for (index, at) in [(3.5, 3.5), (far, 3.5), (3.5, far)].into_iter().enumerate() {
        let (across, down) = triple.directions(index);
        let center = triple.corners[index].center;
        for (x, y) in [(0.0, 0.0), (-3.5, -3.5), (3.5, -3.5), (3.5, 3.5), (-3.5, 3.5)] {
            pairs.push((point(at.0 + x, at.1 + y), center + across * x + down * y, 1.0));
        }
    }
    Homography::fit(&pairs)
}

/// How clearly the two timing patterns stand out against their surroundings: the mean step between a module and
/// its neighbours, over the contrast of the finders.
fn clarity(image: View<'_>, lattice: &Lattice) -> f32 {
    let size = lattice.layout.size;
    let sign = if lattice.inverted { -1.0 } else { 1.0 };
    let mut sum = 0.0;
    let mut spread = 1.0;
    for way in 0..2 {
        let shade = |at: usize| {
            let (x, y) = if way == 0 { (at, 6) } else { (6, at) };
            sign * image.sample(lattice.pixel(point(x as f32 + 0.5, y as f32 + 0.5)))
        };
        let mut window = [shade(7), shade(8)];
        for at in 9..size - 7 {
            let next = shade(at);
            // Light modules are the odd ones.
            let middle = window[1];
            let step = middle - (window[0] + next) / 2.0;
            sum += if (at - 1) % 2 == 1 { step } else { -step };
            spread += step.abs().max(4.0);
            window = [window[1], next];
        }
    }
    sum / spread
}

/// Finds the alignment patterns and takes them into the map.
fn refine(image: View<'_>, triple: &Triple, lattice: &mut Lattice) {
    let size = lattice.layout.size as f32;
    let mut marks: Vec<Mark> = Vec::new();
    for (index, at) in [(3.5, 3.5), (size - 3.5, 3.5), (3.5, size - 3.5)].into_iter().enumerate() {
        let center = triple.corners[index].center;
        let (across, down) = triple.directions(index);
        let mut mark = |x: f32, y: f32, weight: f32| {
            marks.push(Mark { module: point(at.0 + x, at.1 + y), pixel: center + across * x + down * y, weight })
        };
        mark(0.0, 0.0, 2.0);
        for (x, y) in [(-3.0, -3.0), (3.0, -3.0), (3.0, 3.0), (-3.0, 3.0)] {
            mark(x, y, 0.08);
        }
    }
    let mut patterns: Vec<Point> =
        lattice.layout.alignments.iter().map(|(x, y)| point(*x as f32 + 0.5, *y as f32 + 0.5)).collect();
    // From the known to the unknown: each is looked for where its neighbours say.
    let known = [point(3.5, 3.5), point(size - 3.5, 3.5), point(3.5, size - 3.5)];
    let distance = |p: &Point| known.iter().map(|k| (*p - *k).length()).fold(f32::MAX, f32::min);
    patterns.sort_by(|a, b| distance(a).total_cmp(&distance(b)));
    let only = patterns.len() == 1;
    for pattern in patterns {
        let known: Vec<_> = marks
            .iter()
            .filter(|mark| mark.weight > 0.1)
            .map(|mark| (mark.module, off(lattice, mark), mark.weight))
            .collect();
        let shift = foresee(&known, pattern);
        let reach = if only { 4.0 } else { 1.75 };
        if let Some((off, likeness)) = seek(image, lattice, pattern + shift, reach) {
            let pixel = lattice.map.map(pattern + shift + off);
            marks.push(Mark { module: pattern, pixel, weight: likeness * likeness });
        }
    }
    let found = marks.len() > 15;
    if !found {
        bend(lattice, &marks);
        return;
    }
    let pairs: Vec<_> = marks.iter().map(|mark| (mark.module, mark.pixel, mark.weight)).collect();
    let Some(map) = Homography::fit(&pairs) else { return };
    lattice.map = map;
    bend(lattice, &marks);
}

/// How far the map is off at a point, in modules, from how far it is off at others: the plane through those, the
/// nearer counting more, so that a bend goes on beyond what is known of it.
fn foresee(known: &[(Point, Point, f32)], at: Point) -> Point {
    let mut normal = [[[0.0_f64; 4]; 3]; 2];
    for (place, off, weight) in known {
        let from = *place - at;
        let near = 1.0 + from.dot(from) / 50.0;
        let weight = f64::from(*weight / (near * near));
        let terms = [1.0, f64::from(from.x) / 8.0, f64::from(from.y) / 8.0];
        for (rows, value) in normal.iter_mut().zip([off.x, off.y]) {
            for (i, row) in rows.iter_mut().enumerate() {
                for (cell, term) in row.iter_mut().zip(terms) {
                    *cell += weight * terms[i] * term;
                }
                row[3] += weight * terms[i] * f64::from(value);
            }
        }
    }
    let solve = |mut rows: [[f64; 4]; 3]| {
        let all = rows[0][0];
        rows[0][0] += 1e-6;
        // A slope must be seen in more than one place.
        rows[1][1] += all * 0.08 + 1e-6;
        rows[2][2] += all * 0.08 + 1e-6;
        super::geometry::solve(rows).map_or(0.0, |solution| solution[0] as f32)
    };
    let [x, y] = normal.map(solve);
    point(x, y)
}

/// How far a mark is off the map, in modules.
fn off(lattice: &Lattice, mark: &Mark) -> Point {
    let miss = mark.pixel - lattice.map.map(mark.module);
    let (across, down) = lattice.map.steps(mark.module);
    let whole = across.cross(down);
    point(miss.cross(down) / whole, across.cross(miss) / whole)
}

/// Where, within `reach` modules of a point, an alignment pattern stands out most; and how clearly, up to 1.
fn seek(image: View<'_>, lattice: &Lattice, at: Point, reach: f32) -> Option<(Point, f32)> {
    const STEP: f32 = 0.5;
    let sign = if lattice.inverted { -1.0 } else { 1.0 };
    let steps = (reach / STEP) as usize;
    let (center, (across, down)) = (lattice.map.map(at), lattice.map.steps(at));
    if !image.contains(center) {
        return None;
    }
    // A patch of half modules around it, wide enough for the pattern at every place.
    let side = steps * 2 + 9;
    let patch: Vec<f32> = (0..side * side)
        .map(|cell| {
            let (x, y) = ((cell % side) as f32 - (side / 2) as f32, (cell / side) as f32 - (side / 2) as f32);
            sign * image.sample(center + across * (x * STEP) + down * (y * STEP))
        })
        .collect();
    let likeness = |x: usize, y: usize| {
        let (mut ring, mut light, mut core, mut square, mut sum) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for dy in 0..5 {
            for dx in 0..5 {
                let shade = patch[(y + dy * 2) * side + x + dx * 2];
                sum += shade;
                square += shade * shade;
                match dx_ring(dx).max(dx_ring(dy)) {
                    0 => core += shade,
                    1 => light += shade,
                    _ => ring += shade,
                }
            }
        }
        // Correlation with the pattern: 17 dark modules, 8 light ones; the core says as much as a quarter of the ring.
        let (dark, light) = ((ring + core * 4.0) / 20.0, light / 8.0);
        let deviation = (square / 25.0 - sum * sum / 625.0).max(0.0).sqrt();
        (light - dark) / (deviation * 2.0 + 4.0)
    };
    let across_all = steps * 2 + 1;
    let mut best = (f32::MIN, 0, 0);
    for y in 0..across_all {
        for x in 0..across_all {
            let (dx, dy) = (x as f32 - steps as f32, y as f32 - steps as f32);
            // Of two alike, the nearer.
            let score = likeness(x, y) - 0.03 * dx.hypot(dy) * STEP;
            if score > best.0 {
                best = (score, x, y);
            }
        }
    }
    let (_, x, y) = best;
    let peak = likeness(x, y);
    if peak < 0.55 {
        return None;
    }
    let vertex = |before: f32, after: f32| {
        let bend = before + after - 2.0 * peak;
        if bend < -1e-3 { ((before - after) / (2.0 * bend)).clamp(-0.5, 0.5) } else { 0.0 }
    };
    let inner = |v: usize| v > 0 && v + 1 < across_all;
    let fine_x = if inner(x) { vertex(likeness(x - 1, y), likeness(x + 1, y)) } else { 0.0 };
    let fine_y = if inner(y) { vertex(likeness(x, y - 1), likeness(x, y + 1)) } else { 0.0 };
    let shift = point((x as f32 - steps as f32 + fine_x) * STEP, (y as f32 - steps as f32 + fine_y) * STEP);
    // In modules of the map at `at`, which is not quite straight: close enough over a few of them.
    Some((shift, peak.min(1.0)))
}

const fn dx_ring(at: usize) -> usize {
    at.abs_diff(2)
}

/// Gives the lattice the field that takes the map to the marks, if they are off it.
fn bend(lattice: &mut Lattice, marks: &[Mark]) {
    let known: Vec<_> = marks
        .iter()
        .filter(|mark| mark.weight > 0.1)
        .map(|mark| (mark.module, off(lattice, mark), mark.weight))
        .collect();
    lattice.marks = known;
    let worst = lattice.marks.iter().map(|(_, off, _)| off.length()).fold(0.0, f32::max);
    if worst < 0.15 || lattice.marks.len() < 4 {
        return;
    }
    lattice.field = Some(lattice.places().map(|place| foresee(&lattice.marks, place)).collect());
}

/// Settles a lattice on bent paper: patch by patch, from the finders and alignment patterns outwards, each is moved
/// to where its modules are most clearly either dark or light.
pub(crate) fn settle(image: View<'_>, lattice: &Lattice) -> Lattice {
    let size = lattice.layout.size as f32;
    let mut known = lattice.marks.clone();
    let mut order: Vec<Point> = lattice.places().collect();
    let far = |at: &Point| lattice.marks.iter().map(|(mark, _, _)| (*mark - *at).length()).fold(f32::MAX, f32::min);
    order.sort_by(|a, b| far(a).total_cmp(&far(b)));
    for at in order {
        let at = point(at.x.min(size - 2.0), at.y.min(size - 2.0));
        let begin = foresee(&known, at);
        let (off, clear) = clearest(image, lattice, at, begin);
        known.push((at, off, 0.3 * clear));
    }
    let field = lattice.places().map(|place| foresee(&known, place)).collect();
    Lattice { field: Some(field), ..lattice.clone() }
}

/// The shift near `begin` with which the modules around a point stand out most, and how much, up to 1.
fn clearest(image: View<'_>, lattice: &Lattice, at: Point, begin: Point) -> (Point, f32) {
    const STEP: f32 = 0.2;
    let size = lattice.layout.size as f32;
    // Seven by seven modules, as far as there are so many.
    let (left, top) = ((at.x.floor() - 3.0).clamp(0.0, size - 7.0), (at.y.floor() - 3.0).clamp(0.0, size - 7.0));
    let middle = point(left + 3.5, top + 3.5);
    let origin = lattice.map.map(middle + begin);
    let (across, down) = lattice.map.steps(middle + begin);
    let stands = |shift: Point| {
        let mut shades = [0.0_f32; 49];
        for (cell, shade) in shades.iter_mut().enumerate() {
            let (x, y) = ((cell % 7) as f32 - 3.0 + shift.x, (cell / 7) as f32 - 3.0 + shift.y);
            *shade = image.sample(origin + across * x + down * y);
        }
        let mean = shades.iter().sum::<f32>() / 49.0;
        let apart = shades.iter().map(|shade| (shade - mean).abs()).sum::<f32>() / 49.0;
        let spread = (shades.iter().map(|shade| (shade - mean) * (shade - mean)).sum::<f32>() / 49.0).sqrt();
        (apart, apart / (spread + 4.0))
    };
    // Along one axis, then along the other: near the place the two hardly depend on each other.
    let mut best = (stands(point(0.0, 0.0)).0, point(0.0, 0.0));
    for axis in [point(STEP, 0.0), point(0.0, STEP)] {
        let middle = best.1;
        for step in [-2.0, -1.0, 1.0, 2.0] {
            let shift = middle + axis * step;
            let score = stands(shift).0 * (1.0 - 0.12 * shift.dot(shift));
            if score > best.0 {
                best = (score, shift);
            }
        }
    }
    (begin + best.1, stands(best.1).1)
}

/// The shades of all modules, row by row, light high; of an inverted code turned over. `with_care` takes the mean of
/// five places of a module that is large enough.
pub(crate) fn shades(image: View<'_>, lattice: &Lattice, with_care: bool) -> Vec<f32> {
    let size = lattice.layout.size;
    let module = lattice.module();
    let reach = module * 0.22;
    let around = [(reach, 0.0), (-reach, 0.0), (0.0, reach), (0.0, -reach)].map(|(x, y)| point(x, y));
    let mut shades = Vec::with_capacity(size * size);
    for y in 0..size {
        for x in 0..size {
            let at = lattice.pixel(point(x as f32 + 0.5, y as f32 + 0.5));
            let mut shade = image.sample(at);
            if with_care && module > 2.2 {
                shade = (shade + around.iter().map(|near| image.sample(at + *near)).sum::<f32>()) / 5.0;
            }
            shades.push(if lattice.inverted { 255.0 - shade } else { shade });
        }
    }
    shades
}

/// Whether a module is the same in every code of this size, and dark.
pub(crate) const fn fixed(module: Module) -> Option<bool> {
    match module {
        Module::Fixed { dark } => Some(dark),
        Module::Told | Module::Data => None,
    }
}
