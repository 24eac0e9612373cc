//! Evidence across frames: what several views of one code say together.
//!
//! Evidence lies in the modules of the code, not in the pixels of a frame, and so needs no tracking of hands and
//! phones: views of one code add up module by module, and a reflection that wanders leaves each module free in some of
//! them. Blocks that were read are not kept from one view to the next: those of two codes could make a third.

use std::time::Duration;

use super::decode::{self, Decoded};
use super::lattice::Lattice;
use super::layout::Module;
use super::soft;
use super::{Deadline, Open};

/// Codes remembered at a time, and how long after the last view.
const MOST: usize = 3;
const KEPT: Duration = Duration::from_millis(1500);

/// How much of what was before stays with every new view: a code that is exchanged for another must not stick.
const STAYS: f32 = 0.93;

/// Least agreement of a view with what is remembered, from -1 to 1. Two views that each miss another third have 0.5;
/// two different codes agree by the high bits that letters share, and under one reflection have up to 0.35.
const AGREES: f32 = 0.4;

/// Most turns of undoing blur.
const ROUNDS: usize = 4;

/// What is remembered of one code.
struct Memory {
    evidence: Vec<f32>,
    weight: f32,
    version: usize,
    last: Duration,
}

/// What is remembered of the codes in view.
#[derive(Default)]
pub(crate) struct Memories(Vec<Memory>);

impl Memories {
    /// Adds a view that could not be read by itself; the text, if it can be read together with those before.
    pub(crate) fn add(&mut self, open: &Open, at: Duration, until: Deadline) -> Option<String> {
        let Open { lattice, evidence, .. } = open;
        self.0.retain(|memory| at.saturating_sub(memory.last) < KEPT);
        let version = lattice.layout.version;
        let data = |place: usize| lattice.layout.modules.get(place) == Some(&Module::Data);
        let best = self
            .0
            .iter_mut()
            .filter(|memory| memory.version == version)
            .map(|memory| (agreement(&memory.evidence, evidence, data), memory))
            .max_by(|a, b| a.0.total_cmp(&b.0));
        let Some((_, memory)) = best.filter(|(agreement, _)| *agreement > AGREES) else {
            if self.0.len() == MOST {
                self.0.remove(0);
            }
            self.0.push(Memory { evidence: evidence.to_vec(), weight: 1.0, version, last: at });
            return None;
        };
        memory.last = at;
        memory.weight = memory.weight * STAYS + 1.0;
        for (sum, seen) in memory.evidence.iter_mut().zip(evidence) {
            *sum = *sum * STAYS + seen.clamp(-1.2, 1.2);
        }
        memory.read(lattice, until)
    }

    /// Forgets everything: something was read.
    pub(crate) fn forget(&mut self) {
        self.0.clear();
    }
}

impl Memory {
    fn read(&self, lattice: &Lattice, until: Deadline) -> Option<String> {
        let scale = 1.0 / self.weight.sqrt();
        let together: Vec<f32> = self.evidence.iter().map(|sum| sum * scale).collect();
        let mut known = match decode::decode(&together, &lattice.layout) {
            Decoded::Read(text) => return Some(text),
            Decoded::Seen { known, .. } => known,
            Decoded::Nothing => Vec::new(),
        };
        let mut unblur = soft::Unblur::new(&together, &lattice.layout, &known);
        for _ in 0..ROUNDS {
            if until.is_over() || !unblur.round() {
                return None;
            }
            match decode::decode(&unblur.evidence(), &lattice.layout) {
                Decoded::Read(text) => return Some(text),
                Decoded::Seen { known: more, .. } => known = more,
                Decoded::Nothing => return None,
            }
            unblur.learn(&known);
        }
        None
    }
}

/// Correlation of two views, of the steps from module to module where they differ from code to code: a reflection has
/// none, and so neither speaks for two codes that lie under the same one nor against two views with different ones.
fn agreement(a: &[f32], b: &[f32], data: impl Fn(usize) -> bool) -> f32 {
    let (mut both, mut left, mut right) = (0.0, 1e-6, 1e-6);
    for (place, (a, b)) in a.windows(2).zip(b.windows(2)).enumerate() {
        if data(place) && data(place + 1) {
            let (a, b) = (a[1] - a[0], b[1] - b[0]);
            both += a * b;
            left += a * a;
            right += b * b;
        }
    }
    both / (left * right).sqrt()
}
