//! Which finder patterns belong together: each says where its neighbours must lie.

use super::corner::{self, Corner};
use super::geometry::{Point, meet, point};
use super::image::View;

/// Most triples tried on one rendering of a frame.
const MOST: usize = 18;

/// Most corners among which a third is guessed for every two.
const MOST_ALONE: usize = 8;

/// Three corners of a code.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Triple {
    /// The upper left one, the next clockwise, the next counter-clockwise: as if it were not mirrored.
    pub corners: [Corner; 3],
    /// Indices of the three.
    pub members: [usize; 3],
    /// Modules from middle to middle, along both sides.
    pub spans: [f32; 2],
    /// How badly they fit; 0 is perfect.
    pub misfit: f32,
}

/// Two corners along one axis of the first.
#[derive(Clone, Copy)]
struct Pair {
    to: usize,
    axis: usize,
    span: f32,
    misfit: f32,
}

/// Every triple that may be a code, the best first.
pub(crate) fn triples(corners: &[Corner]) -> Vec<Triple> {
    let pairs: Vec<Vec<Pair>> = (0..corners.len()).map(|from| neighbours(corners, from)).collect();
    let mut triples = Vec::new();
    for (at, pairs) in pairs.iter().enumerate() {
        for (index, a) in pairs.iter().enumerate() {
            for b in &pairs[index + 1..] {
                triples.extend(triple(corners, at, a, b));
            }
        }
    }
    triples.sort_by(|a: &Triple, b: &Triple| a.misfit.total_cmp(&b.misfit));
    triples.truncate(MOST);
    triples
}

/// Whether any two corners may be of one code.
pub(crate) fn are_some_together(corners: &[Corner]) -> bool {
    (0..corners.len()).any(|at| !neighbours(corners, at).is_empty())
}

/// Triples of two corners and one that must be there: it is covered, or a reflection lies on it.
pub(crate) fn of_two(image: View<'_>, corners: &[Corner], is_free: impl Fn(usize) -> bool) -> Vec<Triple> {
    let mut triples = Vec::new();
    // Of many, some will do without guessing.
    if (0..corners.len()).filter(|at| is_free(*at)).count() > MOST_ALONE {
        return triples;
    }
    for at in (0..corners.len()).filter(|at| is_free(*at)) {
        for pair in neighbours(corners, at).into_iter().filter(|pair| is_free(pair.to) && pair.misfit < 0.3) {
            let (here, there) = (&corners[at], &corners[pair.to]);
            let side = here.axes[1 - pair.axis];
            for way in [1.0, -1.0] {
                let missing = corner::seek(image, here, here.center + side * (way * pair.span), 3.0);
                let turn = (there.center - here.center).cross(missing.center - here.center);
                let (second, third) = if turn > 0.0 { (*there, missing) } else { (missing, *there) };
                let misfit = pair.misfit + 1.0 - missing.likeness;
                let (corners, members) = ([*here, second, third], [at, pair.to, at]);
                triples.push(Triple { corners, members, spans: [pair.span; 2], misfit });
            }
        }
    }
    triples.extend(across(image, corners, is_free));
    triples.sort_by(|a: &Triple, b: &Triple| a.misfit.total_cmp(&b.misfit));
    triples.truncate(MOST / 3);
    triples
}

/// Triples of two corners across from each other, the one between them missing: on either side.
fn across(image: View<'_>, corners: &[Corner], is_free: impl Fn(usize) -> bool) -> Vec<Triple> {
    let mut triples = Vec::new();
    for (at, to) in (0..corners.len()).flat_map(|at| (at + 1..corners.len()).map(move |to| (at, to))) {
        let (here, there) = (&corners[at], &corners[to]);
        if !is_free(at) || !is_free(to) || here.inverted != there.inverted {
            continue;
        }
        let (out, back) = (here.modules(there.center), there.modules(here.center));
        let [out, back] = [out, back].map(|p| point(p.x.abs(), p.y.abs()));
        let (span, skew) = ((out.x * out.y).sqrt(), (out.x / out.y).ln().abs());
        let stretch = ((back.x * back.y).sqrt() / span).ln().abs();
        // Seen at an angle the sides differ, but not as much as of two that are beside each other.
        if !(span > 11.0 && span < 190.0 && skew < 0.4 && stretch < 0.4) {
            continue;
        }
        let way = here.modules(there.center);
        for step in [here.axes[0] * way.x, here.axes[1] * way.y] {
            let missing = corner::seek(image, here, here.center + step, 3.0);
            let turn = (here.center - missing.center).cross(there.center - missing.center);
            let (second, third) = if turn > 0.0 { (*here, *there) } else { (*there, *here) };
            let misfit = skew + stretch + 1.0 - missing.likeness;
            let (corners, members) = ([missing, second, third], [at, to, at]);
            triples.push(Triple { corners, members, spans: [span; 2], misfit });
        }
    }
    triples
}

fn neighbours(corners: &[Corner], from: usize) -> Vec<Pair> {
    let here = &corners[from];
    let mut pairs: Vec<Pair> = (0..corners.len())
        .filter(|to| *to != from && corners[*to].inverted == here.inverted)
        .filter_map(|to| {
            let there = &corners[to];
            let (axis, span, off) = along(here, there.center)?;
            let (_, back, off_back) = along(there, here.center)?;
            let stretch = (span / back).ln().abs();
            let span = (span * back).sqrt();
            // Version 1 has 14 modules from middle to middle, version 40 has 170.
            let fits = span > 11.0 && span < 190.0 && stretch < 0.8;
            fits.then_some(Pair { to, axis, span, misfit: off + off_back + stretch / 2.0 })
        })
        .collect();
    pairs.sort_by(|a, b| a.misfit.total_cmp(&b.misfit));
    // A wall of finders has many neighbours; the nearest in shape are enough.
    pairs.truncate(12);
    pairs
}

/// Along which axis of a corner a point lies, how many modules away, and how far off that axis for each of them.
fn along(corner: &Corner, p: Point) -> Option<(usize, f32, f32)> {
    let at = corner.modules(p);
    let (u, v) = (at.x.abs(), at.y.abs());
    let (axis, span, off) = if u > v { (0, u, v / u) } else { (1, v, u / v) };
    (off < 0.4).then_some((axis, span, off))
}

fn triple(corners: &[Corner], at: usize, a: &Pair, b: &Pair) -> Option<Triple> {
    if a.axis == b.axis {
        return None;
    }
    let skew = (a.span / b.span).ln().abs();
    if skew > 0.6 {
        return None;
    }
    let middle = corners[at].center;
    let turn = (corners[a.to].center - middle).cross(corners[b.to].center - middle);
    let (a, b) = if turn > 0.0 { (a, b) } else { (b, a) };
    let members = [at, a.to, b.to];
    let misfit = a.misfit + b.misfit + skew;
    Some(Triple { corners: members.map(|index| corners[index]), members, spans: [a.span, b.span], misfit })
}

impl Triple {
    /// The axes of one of its corners, turned to point to the right and down as the code sees it.
    pub(crate) fn directions(&self, corner: usize) -> (Point, Point) {
        let [upper, right, lower] = self.corners;
        let (across, down) = (right.center - upper.center, lower.center - upper.center);
        let [a, b] = self.corners[corner].axes;
        // The axis that is more along the upper side is the one to the right.
        let likeness = |axis: Point| {
            axis.dot(across).abs() / (axis.length() * across.length())
                - axis.dot(down).abs() / (axis.length() * down.length())
        };
        let (u, v) = if likeness(a) >= likeness(b) { (a, b) } else { (b, a) };
        let towards = |axis: Point, way: Point| if axis.dot(way) < 0.0 { axis * -1.0 } else { axis };
        (towards(u, across), towards(v, down))
    }

    /// The fourth corner: where the sides of the second and the third meet, and where a flat code has it.
    pub(crate) fn fourth(&self) -> [Option<Point>; 2] {
        let [upper, right, lower] = self.corners;
        let flat = right.center + lower.center - upper.center;
        let side = (right.center - upper.center).length() + (lower.center - upper.center).length();
        let (_, down) = self.directions(1);
        let (across, _) = self.directions(2);
        let seen = meet(right.center, down, lower.center, across).filter(|p| (*p - flat).length() < side * 0.6);
        [seen, Some(flat)]
    }
}
