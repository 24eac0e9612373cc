//! Our own search for QR codes, in safe Rust: threshold, finders, lattice, evidence, codewords.
//!
//! Cheap steps on several renderings of the picture first; what looks like a code and does not read is then worked
//! on, the most promising first, until the time is over.

pub(crate) mod correct;
pub(crate) mod corner;
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

use std::time::Duration;

use corner::Corner;
use decode::Decoded;
use geometry::Point;
use image::View;
use lattice::Lattice;
use threshold::Rule;
use triple::Triple;

/// When to stop: in processor time of this thread, for what others do meanwhile is not the frame's fault.
#[derive(Clone, Copy)]
pub(crate) struct Deadline(Duration);

impl Deadline {
    pub(crate) fn after(budget: Duration) -> Self {
        Self(now() + budget)
    }

    pub(crate) fn is_over(self) -> bool {
        now() > self.0
    }
}

/// Processor time of this thread.
fn now() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// How a code was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Path {
    /// As it is.
    Plain,
    /// On the picture at half the size.
    Half,
    /// Against the middle instead of the mean of the surroundings.
    Middle,
    /// On the picture sharpened.
    Sharp,
    /// With a finder that had to be guessed.
    Guessed,
    /// On a lattice that was settled.
    Settled,
    /// With the blur undone.
    Unblurred,
    /// From several frames together.
    Together,
}

/// One code that was read.
pub(crate) struct Found {
    pub text: String,
    /// Its corners, clockwise from its upper left, in pixels of the frame.
    pub outline: [Point; 4],
    pub path: Path,
}

/// What looks like a code and does not read yet.
pub(crate) struct Open {
    pub lattice: Lattice,
    pub evidence: Vec<f32>,
    pub known: Vec<i8>,
    /// Which rendering it lies in.
    rendering: Path,
    /// The more, the better it looks.
    promise: f32,
}

/// A search in one frame.
#[derive(Default)]
pub(crate) struct Search {
    pub found: Vec<Found>,
    open: Vec<Open>,
    /// Finders that were found on the rendering with most of them.
    pub corners: Vec<Corner>,
    pub trace: (usize, usize, f32),
}

/// Most turns of undoing blur.
const ROUNDS: usize = 5;

/// Most finders of a picture.
const MOST_CORNERS: usize = 64;

/// Most candidates that are worked on.
const MOST_OPEN: usize = 6;

/// Searches a frame.
pub(crate) fn search(frame: View<'_>, until: Deadline) -> Search {
    let mut search = Search::default();
    if frame.width < 21 || frame.height < 21 {
        return search;
    }
    search.pass(frame, Rule::Mean, Path::Plain, until);
    if search.is_done(until) {
        search.persist([frame; 3], until);
        return search;
    }
    let half = frame.half();
    search.pass(half.view(), Rule::Middle, Path::Half, until);
    // What may be a code is worth every rendering; a road is not.
    for (image, rule, path) in [(half.view(), Rule::Mean, Path::Half), (frame, Rule::Middle, Path::Middle)] {
        if search.found.is_empty() && triple::are_some_together(&search.corners) && !until.is_over() {
            search.pass(image, rule, path, until);
        }
    }
    let mut sharp = image::Image::default();
    for grain in [sharpen::Grain::Coarse, sharpen::Grain::Fine] {
        if search.found.is_empty() && search.open.is_empty() && !until.is_over() {
            sharp = sharpen::sharpened(frame, grain);
            search.pass(sharp.view(), Rule::Sharp, Path::Sharp, until);
        }
    }
    search.persist([frame, half.view(), sharp.view()], until);
    search
}

impl Search {
    fn is_done(&self, until: Deadline) -> bool {
        !self.found.is_empty() || until.is_over()
    }

    /// Looks at one rendering.
    fn pass(&mut self, image: View<'_>, rule: Rule, path: Path, until: Deadline) {
        let corners = corners(image, rule, until);
        let mut used = vec![false; corners.len()];
        for triple in triple::triples(&corners) {
            if triple.members.iter().any(|member| used[*member]) || until.is_over() {
                continue;
            }
            if self.attempt(image, &triple, path, path) {
                triple.members.iter().for_each(|member| used[*member] = true);
            }
        }
        if self.found.is_empty() && self.open.is_empty() && !until.is_over() {
            for triple in triple::of_two(image, &corners, |corner| !used[corner]) {
                if until.is_over() || self.attempt(image, &triple, Path::Guessed, path) {
                    break;
                }
            }
        }
        self.trace.1 += corners.len();
        if corners.len() > self.corners.len() {
            self.corners = corners;
        }
    }

    /// Tries three corners; keeps what does not read and is clear enough for later.
    fn attempt(&mut self, image: View<'_>, triple: &Triple, path: Path, rendering: Path) -> bool {
        self.trace.0 += 1;
        let half = rendering == Path::Half;
        let least = if rendering == Path::Sharp { lattice::BLURRED } else { lattice::SHARP };
        for lattice in lattice::lattices(image, triple, least) {
            self.trace.2 = self.trace.2.max(lattice.clarity);
            // One pixel a module will do for most; where it does not, the mean of several is worth its price.
            let size = lattice.layout.size;
            let quick = soft::evidence(&lattice::shades(image, &lattice, false), size);
            let mut decoded = decode::decode(&quick, &lattice.layout);
            let mut evidence = quick;
            if !matches!(decoded, Decoded::Read(_)) {
                evidence = soft::careful_evidence(&lattice::shades(image, &lattice, true), size);
                decoded = decode::decode(&evidence, &lattice.layout);
            }
            match decoded {
                Decoded::Read(text) => {
                    self.read(text, &lattice, path, half);
                    return true;
                }
                Decoded::Seen { known, share } => {
                    let promise = lattice.clarity + 1.0 + share;
                    self.open.push(Open { lattice, evidence, known, rendering, promise });
                }
                Decoded::Nothing => {
                    let (promise, known) = (lattice.clarity, vec![0; evidence.len()]);
                    self.open.push(Open { lattice, evidence, known, rendering, promise });
                }
            }
        }
        false
    }

    fn read(&mut self, text: String, lattice: &Lattice, path: Path, half: bool) {
        let scale = if half { 2.0 } else { 1.0 };
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

    /// Adds what was read from several frames together.
    pub(crate) fn read_together(&mut self, text: String, open: &Open) {
        self.read(text, &open.lattice, Path::Together, open.rendering == Path::Half);
    }

    /// Works on what does not read.
    fn persist(&mut self, [frame, half, sharp]: [View<'_>; 3], until: Deadline) {
        let mut open = std::mem::take(&mut self.open);
        open.sort_by(|a, b| b.promise.total_cmp(&a.promise));
        let mut worked: Vec<([Point; 4], usize)> = Vec::new();
        for mut candidate in open {
            if worked.len() == MOST_OPEN {
                break;
            }
            let scale = if (candidate.rendering == Path::Half) { 2.0 } else { 1.0 };
            let outline = candidate.lattice.outline().map(|corner| corner * scale);
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
                Path::Half => (half, half),
                Path::Sharp => (sharp, frame),
                _ => (frame, frame),
            };
            if let Some((text, path)) = work(image, plain, &mut candidate, until) {
                self.read(text, &candidate.lattice, path, (candidate.rendering == Path::Half));
            } else {
                self.open.push(candidate);
            }
        }
    }
}

fn middle(outline: &[Point; 4]) -> Point {
    (outline[0] + outline[1] + outline[2] + outline[3]) * 0.25
}

fn side(outline: &[Point; 4]) -> f32 {
    (outline[2] - outline[0]).length() * std::f32::consts::FRAC_1_SQRT_2
}

/// Every finder of a picture.
fn corners(image: View<'_>, rule: Rule, until: Deadline) -> Vec<Corner> {
    let mut corners: Vec<Corner> = Vec::new();
    let bits = threshold::threshold(image, rule);
    for (index, spot) in finder::spots(&bits).into_iter().enumerate() {
        // Asking for the time costs as much as looking at a spot.
        if corners.len() == MOST_CORNERS || (index % 64 == 63 && until.is_over()) {
            break;
        }
        let Some(corner) = corner::measure(image, &bits, &spot) else { continue };
        // The same finder twice: the better one.
        match corners.iter_mut().find(|other| (other.center - corner.center).length() < corner.module() * 2.0) {
            Some(same) if corner.error < same.error => *same = corner,
            Some(_) => {}
            None => corners.push(corner),
        }
    }
    corners
}

/// Settles a candidate's lattice, then undoes its blur.
fn work(image: View<'_>, plain: View<'_>, candidate: &mut Open, until: Deadline) -> Option<(String, Path)> {
    let settled = lattice::settle(image, &candidate.lattice);
    let evidence = soft::careful_evidence(&lattice::shades(image, &settled, true), settled.layout.size);
    let mut seen = match decode::decode(&evidence, &settled.layout) {
        Decoded::Read(text) => {
            candidate.lattice = settled;
            return Some((text, Path::Settled));
        }
        Decoded::Seen { known, share } => {
            (candidate.lattice, candidate.evidence, candidate.known) = (settled, evidence, known);
            share
        }
        Decoded::Nothing => 0.0,
    };
    if candidate.rendering == Path::Sharp {
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
            Decoded::Read(text) => return Some((text, Path::Unblurred)),
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
