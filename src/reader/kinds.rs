//! Codes of other kinds, told by what only they have: a driver may hold up a boarding pass or a carton.
//!
//! Bars: groups of as many bars and spaces, all of one width and each another one, the same on several lines; or
//! PDF417's first column. A bullseye: Aztec's middle, four edges at 1, 3, 5 and 7 on every ray. What is told wrongly
//! sends an officer the wrong way, so what is doubtful is nothing. Lines run along rows and columns, so a code that is
//! turned by more than some fifteen degrees goes unnoticed; Data Matrix has nothing that text has not.

pub(crate) mod edges;

use edges::Edges;

use crate::qr::geometry::{Point, point};
use crate::qr::image::View;

/// Lines on which bars must be the same, and how many lines a picture has: no module of a code with so many bars in
/// a row is as high as three of them.
const AGREE: usize = 3;
const LINES: usize = 40;

/// Lines on which a bullseye is looked for.
const FINE_LINES: usize = 120;

/// Most places at which one is looked for: a tiled wall is full of them.
const MIDDLES: usize = 60;

/// Bars and spaces that are compared.
const BARS: usize = 24;

/// Contrast below which bars are a moiré on a screen, or the weave of a cloth; as a share of the light.
const FAINT: f32 = 0.25;

/// Least pixels of a module: of less, a moiré on a screen is made of just as well.
const LEAST_MODULE: f32 = 1.5;

/// Whether a code of another kind is shown.
pub(crate) fn other_code(image: View<'_>) -> bool {
    let (mut line, mut edges) = (Vec::new(), Edges::default());
    let step = (image.height / FINE_LINES).max(2);
    let every = (image.height / LINES).div_ceil(step).max(1);
    let (mut seen, mut left) = (Vec::new(), MIDDLES);
    for (at, row) in image.luma.chunks_exact(image.width.max(1)).step_by(step).enumerate() {
        edges.find(row);
        if at % every == 0 && bars(&edges, at / every, &mut seen) {
            return true;
        }
        let y = (at * step) as f32 + 0.5;
        for (x, module) in middles(&edges).take(left) {
            left -= 1;
            if is_bullseye(image, point(x, y), module) {
                return true;
            }
        }
    }
    seen.clear();
    for (at, x) in (0..image.width).step_by((image.width / LINES).max(4)).enumerate() {
        line.clear();
        line.extend(image.luma.iter().skip(x).step_by(image.width));
        edges.find(&line);
        if bars(&edges, at, &mut seen) {
            return true;
        }
    }
    false
}

/// Bars that were seen on a line.
#[derive(Clone)]
struct Seen {
    /// The line, and how many in a row have shown the same.
    line: usize,
    times: usize,
    kind: Kind,
    /// Where they begin and how wide a group is, in pixels.
    begin: f32,
    group: f32,
    /// Where each ends, in groups from the beginning.
    ends: [f32; BARS],
}

/// How a kind of code builds a character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// EAN and UPC: 2 bars and 2 spaces in 7 modules.
    Ean,
    /// Code 128: 3 and 3 in 11.
    Code128,
    /// PDF417's first column: 4 and 4 in 17.
    Stacked,
}

impl Kind {
    /// Bars and spaces of a group.
    const fn of_group(self) -> usize {
        match self {
            Self::Ean => 4,
            Self::Code128 => 6,
            Self::Stacked => 8,
        }
    }

    /// Modules of a group.
    const fn modules(self) -> f32 {
        match self {
            Self::Ean => 7.0,
            Self::Code128 => 11.0,
            Self::Stacked => 17.0,
        }
    }

    /// Bars and spaces that are compared.
    const fn compared(self) -> usize {
        match self {
            Self::Ean | Self::Code128 => BARS,
            Self::Stacked => 8,
        }
    }
}

/// Takes in the edges of a line; whether the same bars were on enough lines before it.
fn bars(edges: &Edges, line: usize, seen: &mut Vec<Seen>) -> bool {
    seen.retain(|before| line - before.line <= 2);
    let at = &edges.at;
    for begin in 0..at.len().saturating_sub(BARS) {
        let is_dark = (begin % 2 == 0) == edges.first_is_dark;
        let found = kind(&at[begin..], is_dark).filter(|_| edges.contrast(begin, BARS) > FAINT);
        if found.is_some_and(|found| is_again(Seen { line, ..found }, seen)) {
            return true;
        }
    }
    // Upside down, PDF417 begins at the other end; the others are what they were.
    let first = usize::from(!edges.last_is_dark());
    for end in (first..at.len().saturating_sub(Kind::Stacked.of_group() * 2)).step_by(2) {
        let mut turned = [0.0; 17];
        turned.iter_mut().zip(at.iter().rev().skip(end)).for_each(|(turned, at)| *turned = -at);
        let found = of_kind(Kind::Stacked, &turned);
        if found.is_some_and(|found| is_again(Seen { line, ..found }, seen)) {
            return true;
        }
    }
    false
}

/// Adds what was seen; whether it was on enough lines before.
fn is_again(new: Seen, seen: &mut Vec<Seen>) -> bool {
    match seen.iter_mut().find(|before| is_same(before, &new)) {
        Some(before) if before.line == new.line => false,
        Some(before) => {
            *before = Seen { times: before.times + 1, ..new };
            before.times >= AGREE
        }
        None => {
            seen.push(new);
            false
        }
    }
}

fn is_same(before: &Seen, now: &Seen) -> bool {
    let compared = now.kind.compared();
    let apart = before.ends.iter().zip(&now.ends).take(compared).map(|(a, b)| (a - b).abs()).sum::<f32>();
    before.kind == now.kind
        && (before.group - now.group).abs() < now.group * 0.1
        && (before.begin - now.begin).abs() < now.group * 1.5
        && apart < compared as f32 * 0.045
}

/// What begins at the first of these edges.
fn kind(at: &[f32], is_dark: bool) -> Option<Seen> {
    let stacked = if is_dark { of_kind(Kind::Stacked, at) } else { None };
    stacked.or_else(|| of_kind(Kind::Ean, at)).or_else(|| of_kind(Kind::Code128, at))
}

fn of_kind(kind: Kind, at: &[f32]) -> Option<Seen> {
    let size = kind.of_group();
    let groups = kind.compared().div_ceil(size).max(2);
    let group = is_even(at, size, groups)?;
    let module = group / kind.modules();
    let is_it = module > LEAST_MODULE
        && match kind {
            Kind::Ean | Kind::Code128 => {
                is_of_modules(at, size, groups, kind.modules()) && is_varied(at, size, groups, module)
            }
            Kind::Stacked => is_start(at, module),
        };
    let mut ends = [0.0; BARS];
    for (end, edge) in ends.iter_mut().zip(&at[1..]) {
        *end = (edge - at[0]) / group;
    }
    is_it.then_some(Seen { line: 0, times: 1, kind, begin: at[0], group, ends })
}

/// Whether so many groups of so many bars and spaces are all of one width; from like edge to like edge, so that ink
/// that ran and blur do not count. The width of the first.
fn is_even(at: &[f32], size: usize, groups: usize) -> Option<f32> {
    let first = at.get(size)? - at[0];
    let mut before = first;
    for group in 1..groups {
        let width = at.get(size * (group + 1))? - at[size * group];
        if (width - before).abs() > before * 0.07 + 0.4 {
            return None;
        }
        before = width;
    }
    ((before - first).abs() < first * 0.2).then_some(first)
}

/// Whether every bar with its neighbour is a whole number of modules, from 2 to 7.
fn is_of_modules(at: &[f32], size: usize, groups: usize, modules: f32) -> bool {
    let (mut off, mut count) = (0.0, 0.0);
    for group in (0..groups).map(|group| &at[group * size..=(group + 1) * size]) {
        // Of its own group: a carton is bent, or seen from one side.
        let module = (group[size] - group[0]) / modules;
        for pair in group.windows(3) {
            let modules = (pair[2] - pair[0]) / module;
            if !(1.5..8.0).contains(&modules) {
                return false;
            }
            off += (modules - modules.round()).abs();
            count += 1.0;
        }
    }
    // Of anything it would be 0.25.
    off / count < 0.17
}

/// Whether most groups differ from the one before: a fence is even, and always the same.
fn is_varied(at: &[f32], size: usize, groups: usize, module: f32) -> bool {
    let differ = (1..groups).filter(|group| {
        let (before, here) = (&at[size * (group - 1)..], &at[size * group..]);
        let apart = (1..size).map(|bar| ((here[bar] - here[0]) - (before[bar] - before[0])).abs()).sum::<f32>();
        apart > module * 1.5
    });
    differ.count() * 2 >= groups
}

/// Whether these are PDF417's first bars: 8, 1, 1, 1, 1, 1, 1, 3.
fn is_start(at: &[f32], module: f32) -> bool {
    const PAIRS: [f32; 7] = [9.0, 2.0, 2.0, 2.0, 2.0, 2.0, 4.0];
    at.windows(3).zip(PAIRS).all(|(pair, modules)| ((pair[2] - pair[0]) / module - modules).abs() < 0.5)
}

/// Where a line may cross the middle of a bullseye: nine bars and spaces alike; and how wide they are.
fn middles(edges: &Edges) -> impl Iterator<Item = (f32, f32)> {
    let first = usize::from(!edges.first_is_dark);
    edges.at.windows(10).skip(first).step_by(2).filter_map(|at| {
        let module = (at[9] - at[0]) / 9.0;
        let is_even = at.windows(3).all(|pair| (pair[2] - pair[0] - 2.0 * module).abs() < module * 0.5);
        (module > 1.5 && is_even).then(|| ((at[4] + at[5]) / 2.0, module))
    })
}

const RAYS: usize = 16;

/// Whether squares lie around a point, one in the other.
fn is_bullseye(image: View<'_>, near: Point, module: f32) -> bool {
    let around = || (-4..=4).map(|at| image.sample(near + point(at as f32 * module, 0.0)));
    let (low, high) = around().fold((f32::MAX, f32::MIN), |(low, high), shade| (low.min(shade), high.max(shade)));
    let limit = (low + high) / 2.0;
    if high - low < high * FAINT + 10.0 {
        return false;
    }
    // The line need not run through the very middle.
    let reach = |step: f32| {
        (1..40).map(|at| at as f32 * step * module * 0.1).find(|away| image.sample(near + point(0.0, *away)) > limit)
    };
    let (Some(up), Some(down)) = (reach(-1.0), reach(1.0)) else { return false };
    let center = near + point(0.0, (up + down) / 2.0);
    let mut rays = [0.0_f32; RAYS];
    let mut missed = 0;
    // First those between the axes: a board of squares has the rows and columns of a bullseye.
    for at in (0..RAYS).map(|at| (at * 7 + 2) % RAYS) {
        if missed > 1 {
            return false;
        }
        let (sin, cos) = (at as f32 * std::f32::consts::TAU / RAYS as f32).sin_cos();
        let Some([a, b, c, d]) = crossings(image, center, point(cos, sin) * module, limit) else {
            missed += 1;
            continue;
        };
        rays[at] = d;
        // One, three, five and seven halves of a module.
        let halves = [(a, 1.0, 0.07), (b, 3.0, 0.1), (c, 5.0, 0.1)];
        missed += usize::from(halves.iter().any(|(edge, half, off)| (edge / d - half / 7.0).abs() > *off));
    }
    // Stripes are crossed as evenly, but not as soon by every ray.
    let near = rays.iter().copied().filter(|ray| *ray > 0.0).fold(f32::MAX, f32::min);
    if rays.iter().any(|ray| *ray > near * 2.2) {
        return false;
    }
    // Squares, not circles: half way between two rays that are alike, another length.
    let apart = |at: usize, turn: usize| (rays[at].max(0.1) / rays[(at + turn) % RAYS].max(0.1)).ln().abs();
    let mean = |turn: usize| (0..RAYS).map(|at| apart(at, turn)).sum::<f32>() / RAYS as f32;
    mean(RAYS / 8) > 0.08 && mean(RAYS / 4) < mean(RAYS / 8)
}

/// The first four places where a ray changes between dark and light, in modules along it.
fn crossings(image: View<'_>, from: Point, along: Point, limit: f32) -> Option<[f32; 4]> {
    const STEP: f32 = 0.2;
    let mut found = [0.0; 4];
    let (mut count, mut before) = (0, 0.0);
    for step in 0..35 {
        let at = step as f32 * STEP;
        let place = from + along * at;
        if !image.contains(place) {
            return None;
        }
        let shade = image.sample(place);
        if (shade > limit) == (count % 2 == 0) {
            let back = if step == 0 { 0.0 } else { ((shade - limit) / (shade - before)).clamp(0.0, 1.0) };
            found[count] = at - back * STEP;
            count += 1;
            if count == 4 {
                return Some(found);
            }
        }
        before = shade;
    }
    None
}

#[cfg(test)]
mod tests;
