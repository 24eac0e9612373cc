//! Our own search for QR codes, in safe Rust: threshold, finders, lattice, evidence, codewords.
//!
//! Cheap steps on several renderings of the picture first; what looks like a code and does not read is then worked
//! on, the most promising first, until the time is over.

pub(crate) mod corner;
pub(crate) mod correct;
pub(crate) mod decode;
pub(crate) mod finder;
pub(crate) mod geometry;
pub(crate) mod image;
pub(crate) mod lattice;
pub(crate) mod layout;
pub(crate) mod memory;
pub(crate) mod sharpen;
pub(crate) mod soft;
pub(crate) mod threshold;
pub(crate) mod triple;

use std::time::{Duration, Instant};

use corner::Corner;
use decode::Decoded;
use finder::Spot;
use geometry::Point;
use image::View;
use lattice::Lattice;
use nix::time::{ClockId, clock_gettime};
use sharpen::Grain;
use threshold::{Bits, Rule};
use triple::Triple;

use crate::{Attempt, Outcome, Rung, micros};

/// When to stop: in processor time of this thread, for what others do meanwhile is not the frame's fault.
#[derive(Clone, Copy)]
pub(crate) struct Deadline(Duration);

impl Deadline {
    pub(crate) fn after(budget: Duration) -> Self {
        Self(now().saturating_add(budget))
    }

    pub(crate) fn is_over(self) -> bool {
        now() > self.0
    }
}

/// Processor time of this thread.
fn now() -> Duration {
    // It is there on every Linux; without it there is no end to a search.
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map_or(Duration::MAX, Duration::from)
}

/// One code that was read.
pub(crate) struct Found {
    pub text: String,
    /// Its corners, clockwise from its upper left, in pixels of the frame.
    pub outline: [Point; 4],
    pub path: Rung,
}

/// What looks like a code and does not read yet.
pub(crate) struct Open {
    pub lattice: Lattice,
    pub evidence: Vec<f32>,
    pub known: Vec<i8>,
    /// Which rendering it lies in, and how much smaller that is than what was searched.
    rendering: Rung,
    scale: f32,
    /// The more, the better it looks.
    promise: f32,
}

/// A search in one frame.
#[derive(Default)]
pub(crate) struct Search {
    /// What was read.
    pub found: Vec<Found>,
    open: Vec<Open>,
    /// Finders that were found on the rendering with most of them, and how much smaller than the frame that is.
    pub corners: Vec<Corner>,
    pub scale: f32,
    is_thorough: bool,
    /// What was tried, in its order.
    pub attempts: Vec<Attempt>,
}

/// Pixels from which on a frame is looked at in half the size first: what is worth reading is large enough in it.
const LARGE: usize = 1_600_000;

/// Likeness from which on a single finder is hardly anything else.
const ALIKE: f32 = 0.8;

/// Clarity that a code which is not blurred has.
const CLEAR: f32 = 0.9;

/// Corners of which not one code came to be, from which on they are something else.
const FEW: usize = 9;

/// Most turns of undoing blur.
const ROUNDS: usize = 5;

/// Spots that are measured first.
const HEAD: usize = 32;

/// Triples of a rendering that are tried whatever the time.
const FIRST: usize = 2;

/// Most finders of a picture.
const MOST_CORNERS: usize = 64;

/// Most candidates that are worked on.
const MOST_OPEN: usize = 6;

/// How much is tried where no code is suspected; where one is, everything is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effort {
    /// Nothing more: a road is a road.
    Little,
    /// The frame sharpened one way, too: for a camera that hunts for its focus.
    Some(Grain),
    /// Both ways.
    Much,
}

/// One rendering of the frame, and how to look at it.
#[derive(Clone, Copy)]
struct Rendering<'a> {
    image: View<'a>,
    rule: Rule,
    /// What reads it.
    rung: Rung,
    /// How much smaller it is than the frame.
    scale: f32,
}

impl Rendering<'_> {
    fn by_middle(self) -> Self {
        Self { rule: Rule::Middle, ..self }
    }
}

/// Searches a frame.
pub(crate) fn search(frame: View<'_>, effort: Effort, until: Deadline) -> Search {
    let mut search = Search { is_thorough: effort != Effort::Little, ..Search::default() };
    if frame.width < 21 || frame.height < 21 {
        return search;
    }
    let plain = Rendering { image: frame, rule: Rule::Mean, rung: Rung::Plain, scale: 1.0 };
    let is_large = frame.width * frame.height > LARGE;
    if !is_large {
        search.pass(plain, until);
        if search.is_done(until) {
            search.persist([frame; 4], until);
            return search;
        }
    }
    let half = frame.half();
    let quarter = half.view().half();
    let halved = Rendering { image: half.view(), rung: Rung::Half, scale: 2.0, ..plain };
    let quartered = Rendering { image: quarter.view(), rung: Rung::Quarter, scale: 4.0, ..plain };
    let (always, on_suspicion) = if is_large {
        (vec![halved, quartered.by_middle()], vec![quartered, halved.by_middle(), plain])
    } else {
        (vec![halved.by_middle()], vec![quartered, halved, Rendering { rung: Rung::Middle, ..plain.by_middle() }])
    };
    for rendering in always {
        if !search.is_done(until) {
            search.pass(rendering, until);
        }
    }
    // What may be a code is worth every rendering; a road is not.
    for rendering in on_suspicion {
        // The dearest only for what is more than one corner.
        let is_worth_it = match rendering.rung {
            Rung::Middle => triple::are_some_together(&search.corners),
            _ => search.is_suspicious(),
        };
        if !search.is_done(until) && is_worth_it {
            search.pass(rendering, until);
        }
    }
    // Sharpening a large frame takes as long as all the rest.
    let dull = if is_large { halved } else { plain };
    let mut sharp = image::Image::default();
    let is_worth_it = |search: &Search, grain| {
        effort == Effort::Much || effort == Effort::Some(grain) || triple::are_some_together(&search.corners)
    };
    for grain in [Grain::Coarse, Grain::Fine] {
        // Of many corners, one would have been good enough if they were any.
        if search.corners.len() <= FEW
            && is_worth_it(&search, grain)
            && !search.is_done(until)
            && search.open.is_empty()
        {
            sharp = sharpen::sharpened(dull.image, grain);
            let image = sharp.view();
            search.pass(Rendering { image, rule: Rule::Sharp, rung: Rung::Sharp, ..dull }, until);
        }
    }
    search.persist([frame, half.view(), quarter.view(), sharp.view()], until);
    search
}

impl Search {
    /// Whether a code is there, by its corners.
    pub(crate) fn is_suspicious(&self) -> bool {
        triple::are_some_together(&self.corners) || self.corners.iter().any(|corner| corner.likeness > ALIKE)
    }

    fn is_done(&self, until: Deadline) -> bool {
        !self.found.is_empty() || until.is_over()
    }

    /// Looks at one rendering.
    fn pass(&mut self, rendering: Rendering<'_>, until: Deadline) {
        let (began, before) = (Instant::now(), self.found.len());
        let Rendering { image, rule, scale, .. } = rendering;
        let bits = threshold::threshold(image, rule);
        let spots = finder::spots(&bits, until);
        let (mut corners, mut used, mut tried) = (Vec::new(), Vec::new(), 0);
        // The best first. Of a code that was read, what is left of the spots lies within it, mostly.
        let (head, tail) = spots.split_at(HEAD.min(spots.len()));
        for spots in [head, tail] {
            let inside = |spot: &Spot| self.found.iter().any(|found| contains(&found.outline, spot.center * scale));
            measure(image, &bits, spots.iter().filter(|spot| !inside(spot)), &mut corners);
            used.resize(corners.len(), false);
            for (rank, triple) in triple::triples(&corners).into_iter().enumerate() {
                // The best are tried however late it is: so little must always be possible.
                let is_late = rank >= FIRST && until.is_over();
                let is_old = triple.members.iter().all(|member| *member < tried);
                if is_late || is_old || triple.members.iter().any(|member| used[*member]) {
                    continue;
                }
                if self.attempt(rendering, rendering.rung, &triple) {
                    triple.members.iter().for_each(|member| used[*member] = true);
                }
            }
            tried = corners.len();
        }
        if self.found.is_empty() && self.open.is_empty() && !until.is_over() {
            for triple in triple::of_two(rendering.image, &corners, |corner| !used[corner]) {
                if until.is_over() || self.attempt(rendering, Rung::Guessed, &triple) {
                    break;
                }
            }
        }
        // Only what is found in a frame as it is may be many codes that are hard to read.
        if rendering.rung == Rung::Sharp && corners.len() > FEW {
            self.open.clear();
        }
        if corners.len() > self.corners.len() {
            (self.corners, self.scale) = (corners, rendering.scale);
        }
        self.tried(rendering.rung, began, before);
    }

    /// Tries three corners; keeps what does not read and is clear enough for later.
    fn attempt(&mut self, rendering: Rendering<'_>, rung: Rung, triple: &Triple) -> bool {
        let Rendering { image, scale, .. } = rendering;
        let is_blurred = rendering.rung == Rung::Sharp && self.is_thorough;
        let least = if is_blurred { lattice::BLURRED } else { lattice::SHARP };
        for lattice in lattice::lattices(image, triple, least) {
            // One pixel a module will do for most; where it does not, the mean of several is worth its price.
            let size = lattice.layout.size;
            let mut evidence = soft::evidence(&lattice::shades(image, &lattice, false), size);
            let mut decoded = decode::decode(&evidence, &lattice.layout);
            if !matches!(decoded, Decoded::Read(_)) {
                evidence = soft::careful_evidence(&lattice::shades(image, &lattice, true), size);
                decoded = decode::decode(&evidence, &lattice.layout);
            }
            let (known, promise) = match decoded {
                Decoded::Read(text) => {
                    self.read(text, rung, &lattice, scale);
                    return true;
                }
                Decoded::Seen { known, share } => (known, lattice.clarity + 1.0 + share),
                // Not even a format: only where all is blurred may it still be one.
                Decoded::Nothing if lattice.clarity < self.least_clear(rendering.rung) => continue,
                Decoded::Nothing => (vec![0; evidence.len()], lattice.clarity),
            };
            self.open.push(Open { lattice, evidence, known, rendering: rendering.rung, scale, promise });
        }
        false
    }

    /// Clarity from which on something without a format is worth work.
    fn least_clear(&self, rung: Rung) -> f32 {
        if rung == Rung::Sharp && self.is_thorough { 0.0 } else { CLEAR }
    }

    fn tried(&mut self, rung: Rung, began: Instant, before: usize) {
        let outcome = if self.found.len() > before { Outcome::Read } else { Outcome::Nothing };
        self.attempts.push(Attempt { rung, micros: micros(began), outcome });
    }

    fn read(&mut self, text: String, path: Rung, lattice: &Lattice, scale: f32) {
        let outline = lattice.outline().map(|corner| corner * scale);
        let again = self.found.iter().any(|found| {
            found.text == text && (middle(&found.outline) - middle(&outline)).length() < side(&outline) / 2.0
        });
        if !again {
            self.found.push(Found { text, outline, path });
        }
    }

    /// Takes what does not read, the most promising first: something for the next frame.
    pub(crate) fn unread(&mut self) -> Vec<Open> {
        std::mem::take(&mut self.open)
    }

    /// Works on what does not read.
    fn persist(&mut self, [frame, half, quarter, sharp]: [View<'_>; 4], until: Deadline) {
        let mut open = std::mem::take(&mut self.open);
        open.sort_by(|a, b| b.promise.total_cmp(&a.promise));
        let mut worked: Vec<([Point; 4], usize)> = Vec::new();
        for mut candidate in open {
            if worked.len() == MOST_OPEN {
                break;
            }
            let outline = candidate.outline();
            let covered = |found: &Found| (middle(&found.outline) - middle(&outline)).length() < side(&outline) / 2.0;
            // Two ways to the same place are one.
            let version = candidate.lattice.layout.version;
            let module = side(&outline) / candidate.lattice.layout.size as f32;
            let again = worked.iter().any(|(other, of)| {
                *of == version && other.iter().zip(&outline).all(|(a, b)| (*a - *b).length() < module * 1.5)
            });
            if again || until.is_over() || self.found.iter().any(covered) {
                continue;
            }
            worked.push((outline, version));
            let (image, plain) = match candidate.rendering {
                Rung::Half => (half, half),
                Rung::Quarter => (quarter, quarter),
                Rung::Sharp => (sharp, if sharp.width == half.width { half } else { frame }),
                _ => (frame, frame),
            };
            let (began, before) = (Instant::now(), self.found.len());
            let read = work(image, plain, &mut candidate, until);
            let rung = read.as_ref().map_or(Rung::Unblurred, |(_, rung)| *rung);
            match read {
                Some((text, _)) => self.read(text, rung, &candidate.lattice, candidate.scale),
                None => self.open.push(candidate),
            }
            self.tried(rung, began, before);
        }
    }

    /// The most promising of what does not read.
    pub(crate) fn best_open(&self) -> Option<&Open> {
        self.open.first()
    }

    /// The corners of all codes that were read, or of the first that was not; or of what its finders take up. In pixels
    /// of what was searched.
    pub(crate) fn outline(&self) -> Option<Vec<Point>> {
        if !self.found.is_empty() {
            return Some(self.found.iter().flat_map(|found| found.outline).collect());
        }
        let around = || {
            self.corners.iter().flat_map(|corner| {
                let [u, v] = corner.axes.map(|axis| axis * 4.0);
                [(1.0, 1.0), (1.0, -1.0), (-1.0, 1.0), (-1.0, -1.0)]
                    .map(|(a, b)| (corner.center + u * a + v * b) * self.scale)
            })
        };
        match self.open.first() {
            Some(open) => Some(open.outline().to_vec()),
            None => self.is_suspicious().then(|| around().collect()),
        }
    }
}

impl Open {
    /// Its corners, clockwise from its upper left, in pixels of what was searched.
    pub(crate) fn outline(&self) -> [Point; 4] {
        self.lattice.outline().map(|corner| corner * self.scale)
    }

    /// Pixels of a module of it.
    pub(crate) fn module(&self) -> f32 {
        self.lattice.module() * self.scale
    }

    /// The shade of a point of it, in modules from its upper left corner, in what was searched.
    pub(crate) fn shade(&self, image: View<'_>, at: Point) -> f32 {
        image.sample(self.place(at))
    }

    /// Where a point of it is, in pixels of what was searched.
    pub(crate) fn place(&self, at: Point) -> Point {
        self.lattice.pixel(at) * self.scale
    }
}

fn middle(outline: &[Point; 4]) -> Point {
    (outline[0] + outline[1] + outline[2] + outline[3]) * 0.25
}

fn side(outline: &[Point; 4]) -> f32 {
    (outline[2] - outline[0]).length() * std::f32::consts::FRAC_1_SQRT_2
}

/// Whether a point lies within four corners, clockwise or not.
fn contains(outline: &[Point; 4], p: Point) -> bool {
    let side = |at: usize| (outline[(at + 1) % 4] - outline[at]).cross(p - outline[at]) > 0.0;
    (1..4).all(|at| side(at) == side(0))
}

/// Adds the finders at some spots.
fn measure<'a>(image: View<'_>, bits: &Bits, spots: impl Iterator<Item = &'a Spot>, corners: &mut Vec<Corner>) {
    for spot in spots {
        if corners.len() == MOST_CORNERS {
            break;
        }
        let Some(corner) = corner::measure(image, bits, spot) else { continue };
        // The same finder twice: the better one.
        match corners.iter_mut().find(|other| (other.center - corner.center).length() < corner.module() * 2.0) {
            Some(same) if corner.error < same.error => *same = corner,
            Some(_) => {}
            None => corners.push(corner),
        }
    }
}

/// Settles a candidate's lattice, then undoes its blur.
fn work(image: View<'_>, plain: View<'_>, candidate: &mut Open, until: Deadline) -> Option<(String, Rung)> {
    let settled = lattice::settle(image, &candidate.lattice);
    let evidence = soft::careful_evidence(&lattice::shades(image, &settled, true), settled.layout.size);
    let mut seen = match decode::decode(&evidence, &settled.layout) {
        Decoded::Read(text) => {
            candidate.lattice = settled;
            return Some((text, Rung::Settled));
        }
        Decoded::Seen { known, share } => {
            (candidate.lattice, candidate.evidence, candidate.known) = (settled, evidence, known);
            share
        }
        Decoded::Nothing => 0.0,
    };
    if candidate.rendering == Rung::Sharp {
        let shades = lattice::shades(plain, &candidate.lattice, true);
        candidate.evidence = soft::careful_evidence(&shades, candidate.lattice.layout.size);
    }
    let layout = &candidate.lattice.layout;
    let mut unblur = soft::Unblur::new(&candidate.evidence, layout, &candidate.known);
    for round in 0..ROUNDS {
        if until.is_over() || !unblur.round() {
            return None;
        }
        if round == 0 {
            continue;
        }
        match decode::decode(&unblur.evidence(), layout) {
            Decoded::Read(text) => return Some((text, Rung::Unblurred)),
            Decoded::Seen { known, share } if share > seen => {
                unblur.learn(&known);
                (candidate.known, seen) = (known, share);
            }
            Decoded::Seen { .. } => {}
            Decoded::Nothing => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests;
