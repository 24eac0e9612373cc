//! What the box measures about itself while it works: for the technician, for HQ's heartbeat, for benchmarks.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use journal::{Budget, Journal};
use reader::{CameraState, Figures, Frames, Look};

/// Most timings kept until somebody takes them; the oldest go first.
const KEPT: usize = 4096;

/// What one crossing took, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// From the frame being handed to the reader to its text.
    pub read: u64,
    /// From the text to the verdict.
    pub judge: u64,
    /// Everything else: the way between the workers, and the disk.
    pub durable: u64,
    /// From the frame being handed to the reader to the verdict on the disk.
    pub whole: u64,
}

impl Timing {
    pub(crate) fn new(read_us: u32, judge_us: u32, whole: Duration) -> Self {
        let (read, judge, whole) = (u64::from(read_us), u64::from(judge_us), micros(whole));
        Self { read, judge, durable: whole.saturating_sub(read + judge), whole }
    }
}

/// What a box measures; every part is written by one worker and read by anybody.
#[derive(Default)]
pub struct Gauges {
    frames: Frames,
    looks: AtomicU64,
    look: Mutex<Option<(u64, Look)>>,
    camera: Mutex<Option<CameraState>>,
    reader_deaths: AtomicU64,
    runs_spoilt: AtomicU64,
    head: Arc<AtomicU64>,
    journal: journal::Gauge,
    timings: Mutex<VecDeque<Timing>>,
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// Every value here is written whole; a panic of the other side cannot leave half of one.
fn with<T, R>(value: &Mutex<T>, use_it: impl FnOnce(&mut T) -> R) -> R {
    use_it(&mut value.lock().unwrap_or_else(PoisonError::into_inner))
}

impl Gauges {
    /// Gauges of a box whose journal says how far it is, and what room it has, by itself.
    pub(crate) fn of(journal: &Journal) -> Self {
        Self { head: journal.durable(), journal: journal.gauge(), ..Self::default() }
    }

    /// The place between camera and reader, which counts.
    pub const fn frames(&self) -> &Frames {
        &self.frames
    }

    pub(crate) fn looked(&self, number: u64, look: Look) {
        self.looks.fetch_add(1, Ordering::Relaxed);
        self.reader_deaths.store(look.deaths, Ordering::Relaxed);
        with(&self.look, |last| *last = Some((number, look)));
    }

    pub(crate) fn camera_is(&self, state: CameraState) {
        with(&self.camera, |camera| *camera = Some(state));
    }

    pub(crate) fn judged(&self, timing: Timing) {
        with(&self.timings, |timings| {
            if timings.len() == KEPT {
                timings.pop_front();
            }
            timings.push_back(timing);
        });
    }

    /// Frames that were looked at.
    pub fn looks(&self) -> u64 {
        self.looks.load(Ordering::Relaxed)
    }

    /// The last look, with the number of its frame.
    pub fn last_look(&self) -> Option<(u64, Look)> {
        with(&self.look, |last| last.clone())
    }

    /// What the camera does; none before its first word.
    pub fn camera(&self) -> Option<CameraState> {
        with(&self.camera, |camera| *camera)
    }

    /// Health of the picture; none while there is none.
    pub fn picture(&self) -> Option<Figures> {
        self.frames.figures()
    }

    /// How often a process that decodes has died since the start.
    pub fn reader_deaths(&self) -> u64 {
        self.reader_deaths.load(Ordering::Relaxed)
    }

    pub(crate) fn run_spoilt(&self) {
        self.runs_spoilt.fetch_add(1, Ordering::Relaxed);
    }

    /// How often what a phone showed contradicted itself.
    pub fn runs_spoilt(&self) -> u64 {
        self.runs_spoilt.load(Ordering::Relaxed)
    }

    /// Sequence of the last durable row, whoever had it written and before whichever start.
    pub fn head(&self) -> u64 {
        self.head.load(Ordering::Relaxed)
    }

    /// What room the journal has, and which stage that is.
    pub fn journal(&self) -> Budget {
        self.journal.now()
    }

    /// Takes the timings there are.
    pub fn take_timings(&self) -> Vec<Timing> {
        with(&self.timings, |timings| timings.drain(..).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timings_are_taken_once_and_the_oldest_go_first() {
        let gauges = Gauges::default();
        for read in 0..=KEPT as u32 {
            gauges.judged(Timing::new(read, 1, Duration::from_micros(9000)));
        }
        let taken = gauges.take_timings();
        assert_eq!((taken.len(), taken[0].read, taken[0].durable), (KEPT, 1, 8998));
        assert_eq!(gauges.take_timings(), []);
    }
}
