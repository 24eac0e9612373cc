//! Why a code does not read: from what was measured of it. Where nothing was measured, nothing is said: a wrong hint
//! sends the driver the wrong way.

mod grid;
mod smear;

use std::time::{Duration, Instant};

use board::Frame;

use crate::Hint;
use crate::kinds;
use crate::qr::corner::Corner;
use crate::qr::geometry::{Point, point};
use crate::qr::image::View;
use crate::qr::{Open, Search};

/// Pixels of a module below which a soft picture is one from too far away.
const SMALL: f32 = 2.0;

/// Luma of paper below which the picture is too dark: noise is a third of what is left.
const DARK: f32 = 30.0;

/// As white as a camera can tell.
const CLIPPED: f32 = 250.0;

/// What must be left of the contrast of a finder's rings, which are one module wide: less, and it is blurred by more
/// than 0.4 modules.
const SOFT: f32 = 0.6;

/// What is left at least of those that are hardly seen any more; with less, it is none.
const GONE: f32 = -0.1;

/// Likeness of a finder that is believed beside others, and without.
const CREDIBLE: f32 = 0.7;
const ALIKE: f32 = 0.85;

/// Modules of a side of the smallest codes of passes, which are links.
pub(crate) const LEAST_SIDE: f32 = 33.0;

/// Share of the picture's height that a code may take.
const ROOM: f32 = 0.95;

/// Most tiles along a side of a code, and least modules of one: in each of them both dark and light must be.
const TILES: usize = 8;
const TILE: usize = 5;

/// The reason, of what was found in a search.
pub(crate) fn of(image: View<'_>, search: &Search) -> Option<Hint> {
    let corners: Vec<Seen<'_>> = search
        .corners
        .iter()
        // One of those that are turned over is a finder, hundreds are gaps in something.
        .filter(|corner| !corner.inverted && corner.likeness > CREDIBLE)
        .map(|corner| Seen { corner, scale: search.scale })
        .collect();
    if let Some(open) = search.best_open()
        && is_backed(open, &corners)
    {
        return of_code(image, open);
    }
    let pair = |goes: fn(&Seen<'_>, &Seen<'_>) -> bool| {
        corners.iter().find_map(|a| corners.iter().find(|b| goes(a, b)).map(|b| (a, b)))
    };
    if let Some((a, b)) = pair(|a, b| a.is_beside(b)) {
        let is_third = |c: &Seen<'_>| a.is_beside(c) != b.is_beside(c) && !std::ptr::eq(c, a) && !std::ptr::eq(c, b);
        return match corners.iter().any(is_third) {
            // All three are there: it is bent, torn or printed badly, if it is not out of focus.
            true => of_rings(image, a, b).flatten(),
            false => of_side(image, a, b),
        };
    }
    match pair(|a, b| a.is_opposite(b)) {
        Some((a, b)) => of_diagonal(image, a, b),
        None => corners.iter().filter(|seen| seen.corner.likeness > ALIKE).find_map(|alone| of_one(image, alone)),
    }
}

/// What a camera may show where nothing was said of the code, looked at now and then: it costs more than a frame may.
#[derive(Default)]
pub(crate) struct Watched {
    last: Option<Watch>,
    /// When there was something to say.
    said: Option<Instant>,
}

/// What was found of a frame.
#[derive(Clone, Copy)]
struct Watch {
    at: Instant,
    is_located: bool,
    hint: Option<Hint>,
}

/// How long what was found of one frame counts for those after it.
const COUNTS: Duration = Duration::from_millis(250);

/// How long after something was said a road that seems to be empty is looked at again and again.
const RECENT: Duration = Duration::from_secs(1);

impl Watched {
    /// The reason, of this frame or of one a moment ago.
    pub(crate) fn look(&mut self, frame: &Frame, is_located: bool, now: Instant) -> Option<Hint> {
        let image = View { width: frame.width as usize, height: frame.height as usize, luma: &frame.luma };
        if image.luma.len() != image.width * image.height {
            return None;
        }
        let counts = |last: &Watch| last.is_located == is_located && now.saturating_duration_since(last.at) < COUNTS;
        let last = self.last.filter(counts);
        let watch = last.unwrap_or_else(|| Watch { at: now, is_located, hint: at_large(image, is_located) });
        self.last = Some(watch);
        if watch.hint.is_some() {
            self.said = Some(now);
        }
        watch.hint
    }

    /// Whether there was something to say a moment ago.
    pub(crate) fn are_recent(&self, now: Instant) -> bool {
        self.said.is_some_and(|at| now.saturating_duration_since(at) < RECENT)
    }
}

/// The reason, of the picture as a whole.
fn at_large(image: View<'_>, is_located: bool) -> Option<Hint> {
    // Bars may well stand beside a code.
    if !is_located && kinds::other_code(image) {
        return Some(Hint::NotQr);
    }
    if grid::is_too_close(image) {
        return Some(Hint::TooClose);
    }
    smear::cause(image)
}

/// A finder in the picture that was searched.
struct Seen<'a> {
    corner: &'a Corner,
    /// How much larger that is than the one the finder was found in.
    scale: f32,
}

impl Seen<'_> {
    /// A place, in modules from the finder's middle.
    fn at(&self, x: f32, y: f32) -> Point {
        let [u, v] = self.corner.axes;
        (self.corner.center + u * x + v * y) * self.scale
    }

    fn module(&self) -> f32 {
        self.corner.module() * self.scale
    }

    /// Whether another one lies along one of its sides.
    fn is_beside(&self, other: &Self) -> bool {
        let (long, short) = self.away(other);
        self.is_alike(other) && (12.0..175.0).contains(&long) && short < long * 0.15
    }

    /// Whether another one lies across the code.
    fn is_opposite(&self, other: &Self) -> bool {
        let (long, short) = self.away(other);
        let are_sure = self.corner.likeness.min(other.corner.likeness) > ALIKE;
        are_sure && self.is_alike(other) && (12.0..175.0).contains(&long) && short > long * 0.85
    }

    /// How far away another one is along the longer way and the shorter, in modules.
    fn away(&self, other: &Self) -> (f32, f32) {
        let away = self.corner.modules(other.corner.center);
        (away.x.abs().max(away.y.abs()), away.x.abs().min(away.y.abs()))
    }

    fn is_alike(&self, other: &Self) -> bool {
        (0.7..1.4).contains(&(other.module() / self.module()))
    }

    /// What is left of the contrast of its rings.
    fn left(&self, image: View<'_>) -> f32 {
        left(|x, y| image.sample(self.at(x, y)))
    }
}

/// Whether the three finders of a code were seen, and not only supposed.
fn is_backed(open: &Open, corners: &[Seen<'_>]) -> bool {
    let far = open.lattice.layout.size as f32 - 3.5;
    [(3.5, 3.5), (far, 3.5), (3.5, far)].into_iter().all(|(x, y)| {
        let at = open.place(point(x, y));
        corners.iter().any(|seen| (seen.at(0.0, 0.0) - at).length() < seen.module() * 1.5)
    })
}

/// What two finders say of the light and of the focus.
fn of_rings(image: View<'_>, a: &Seen<'_>, b: &Seen<'_>) -> Option<Option<Hint>> {
    if a.corner.light.max(b.corner.light) < DARK {
        return Some(Some(Hint::TooDark));
    }
    let left = a.left(image).min(b.left(image));
    (left < SOFT).then(|| soft(left, a.module().max(b.module())))
}

/// What a blurred finder says.
fn soft(left: f32, module: f32) -> Option<Hint> {
    (left > GONE).then_some(if module < SMALL { Hint::TooFar } else { Hint::Blurred })
}

/// Two finders along a side, and no third.
fn of_side(image: View<'_>, a: &Seen<'_>, b: &Seen<'_>) -> Option<Hint> {
    let module = a.module().max(b.module());
    let (from, to) = (a.at(0.0, 0.0), b.at(0.0, 0.0));
    let along = to - from;
    if along.length() + 7.0 * module > room(image) {
        return Some(Hint::TooClose);
    }
    if let Some(told) = of_rings(image, a, b) {
        return told;
    }
    // The code lies on one side of the two or on the other.
    let margin = 3.5 * module / along.length().max(1.0);
    let half = along * margin;
    let across = point(-along.y, along.x);
    let fits = |way: f32| {
        let far = across * (way * (1.0 + margin));
        is_inside(image, from - half + far) && is_inside(image, to + half + far)
    };
    let is_clipped = |way: f32| {
        let places = (0..49).map(|cell| ((cell % 7) as f32 + 0.5, (cell / 7) as f32 + 0.5));
        let shades = places.map(|(x, y)| image.sample(from + along * (x / 7.0) + across * (way * y / 7.0)));
        shades.filter(|shade| *shade >= CLIPPED).count() > 24
    };
    let light = a.corner.light.max(b.corner.light);
    if light < CLIPPED && [1.0, -1.0].into_iter().any(|way| fits(way) && is_clipped(way)) {
        return Some(Hint::Glare);
    }
    // Outside of the picture, or covered: sharp as the two are, the third would have been found.
    Some(Hint::CutOff)
}

/// Two finders across the code, and not the one between them.
fn of_diagonal(image: View<'_>, a: &Seen<'_>, b: &Seen<'_>) -> Option<Hint> {
    if let Some(told) = of_rings(image, a, b) {
        return told;
    }
    let (from, to) = (a.at(0.0, 0.0), b.at(0.0, 0.0));
    let (middle, half) = ((from + to) * 0.5, (to - from) * 0.5);
    // A finder is in one of the other two corners; in the other is none.
    let is_clipped = |corner: Point| {
        let step = a.module().max(b.module());
        let places = (0..49).map(|cell| corner + point((cell % 7 - 3) as f32, (cell / 7 - 3) as f32) * step);
        places.filter(|place| image.contains(*place) && image.sample(*place) >= CLIPPED).count() > 30
    };
    let is_glare = a.corner.light.min(b.corner.light) < CLIPPED
        && [1.0, -1.0].into_iter().any(|way| is_clipped(middle + point(-half.y, half.x) * way));
    Some(if is_glare { Hint::Glare } else { Hint::CutOff })
}

/// One finder alone may be anything, unless modules begin at it on one side and nothing is on the others; and where
/// the others are is only known if the modules go on to where the picture ends.
fn of_one(image: View<'_>, seen: &Seen<'_>) -> Option<Hint> {
    let Corner { dark, light, .. } = *seen.corner;
    if light < DARK || seen.left(image) < SOFT {
        return None;
    }
    let limit = (dark + light) / 2.0;
    // The share of dark places in a square, from here to there in modules.
    let dark = |(x, y): (f32, f32), (u, v): (f32, f32)| {
        let part = |from: f32, to: f32, at: i32| from + (to - from) * at as f32 / 8.0;
        let places = (0..81).map(|cell| seen.at(part(x, u, cell % 9), part(y, v, cell / 9)));
        let shades = places.filter(|place| image.contains(*place)).map(|place| image.sample(place));
        let (dark, all) = shades.fold((0, 0), |(dark, all), shade| (dark + usize::from(shade < limit), all + 1));
        (all >= 40).then_some(dark as f32 / all as f32)
    };
    let has_modules = |share: f32| (0.25..0.75).contains(&share);
    let ways = [(1.0, 1.0), (-1.0, 1.0), (1.0, -1.0), (-1.0, -1.0)];
    let is_quiet = |x: f32, y: f32| dark((x * 4.5, y * 4.5), (x * 6.5, y * 6.5)).is_some_and(|share| share < 0.04);
    let goes_on = |(x, y): (f32, f32), is_along: bool| {
        for step in 0..30 {
            let (near, far) = (5.0 + step as f32 * 6.0, 11.0 + step as f32 * 6.0);
            let (from, to) = if is_along {
                ((x * near, -y * 2.0), (x * far, y * 4.0))
            } else {
                ((-x * 2.0, y * near), (x * 4.0, y * far))
            };
            match dark(from, to) {
                None => return step > 0,
                Some(share) if has_modules(share) => {}
                Some(_) => return false,
            }
        }
        false
    };
    let begins = |(x, y): &(f32, f32)| {
        dark((x * 5.0, y * 5.0), (x * 11.0, y * 11.0)).is_some_and(has_modules)
            && is_quiet(-x, -y)
            && (is_quiet(*x, -y) || is_quiet(-x, *y))
    };
    let mut bodies = ways.into_iter().filter(begins);
    if seen.module() * LEAST_SIDE > room(image) {
        return bodies.next().map(|_| Hint::TooClose);
    }
    bodies.any(|way| goes_on(way, true) || goes_on(way, false)).then_some(Hint::CutOff)
}

/// A code whose place is known.
fn of_code(image: View<'_>, open: &Open) -> Option<Hint> {
    let outline = open.outline();
    if outline.iter().any(|corner| !is_inside(image, *corner)) {
        let side = (outline[1] - outline[0]).length().max((outline[3] - outline[0]).length());
        return Some(if side > room(image) { Hint::TooClose } else { Hint::CutOff });
    }
    let size = open.lattice.layout.size;
    let shade = |x: f32, y: f32| open.shade(image, point(x, y));
    let mut all: Vec<f32> = Vec::with_capacity(size * size);
    let count = (size / TILE).min(TILES);
    let mut tiles = vec![(f32::MAX, f32::MIN); count * count];
    for y in 0..size {
        for x in 0..size {
            let shade = shade(x as f32 + 0.5, y as f32 + 0.5);
            let (low, high) = &mut tiles[y * count / size * count + x * count / size];
            (*low, *high) = (low.min(shade), high.max(shade));
            all.push(shade);
        }
    }
    all.sort_by(f32::total_cmp);
    let (ink, paper) = (all[all.len() / 10], all[all.len() * 9 / 10]);
    if paper < DARK {
        return Some(Hint::TooDark);
    }
    // Of so many modules some are dark and some are light, whatever they say.
    if tiles.iter().any(|(low, high)| *high >= CLIPPED && *low > high * 0.9) {
        return Some(Hint::Glare);
    }
    let rings = left(|x, y| shade(x + 3.5, y + 3.5));
    if rings < SOFT {
        return soft(rings, open.module());
    }
    let is_blank = |(low, high): &(f32, f32)| high - low < (paper - ink) * 0.35;
    tiles.iter().any(is_blank).then_some(Hint::CutOff)
}

/// What is left of the contrast of a finder's rings, of what lies around its core: 1 in a sharp picture. Takes the shade
/// of a place, in modules from its middle.
fn left(shade: impl Fn(f32, f32) -> f32) -> f32 {
    let ring = |radius: f32| {
        let places = [(1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0)];
        // Beside the middle of each side, too.
        let along = [-1.0, 0.0, 1.0];
        let shades = places.iter().flat_map(|(x, y)| along.map(|by| shade(x * radius + y * by, y * radius + x * by)));
        shades.sum::<f32>() / 12.0
    };
    let (core, light, dark) = (shade(0.0, 0.0), ring(2.0), ring(3.0));
    let outside = [(4.5, 0.0), (-4.5, 0.0), (0.0, 4.5), (0.0, -4.5)].map(|(x, y)| shade(x, y));
    // Of what is printed around it something is paper; an inverted one has it the other way round.
    let paper = outside.into_iter().max_by(|a, b| (a - core).abs().total_cmp(&(b - core).abs())).unwrap_or(light);
    (light - dark) / if (paper - core).abs() < 1.0 { 1.0 } else { paper - core }
}

fn room(image: View<'_>) -> f32 {
    image.width.min(image.height) as f32 * ROOM
}

fn is_inside(image: View<'_>, p: Point) -> bool {
    p.x > -1.0 && p.y > -1.0 && p.x < image.width as f32 + 1.0 && p.y < image.height as f32 + 1.0
}

#[cfg(test)]
mod tests;
