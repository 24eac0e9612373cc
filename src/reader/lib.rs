//! Camera frames in, texts of QR codes out.
//!
//! Responsible for the order of attempts on one frame, for the time they may take, and for saying which
//! attempt read what and how long each took.
//!
//! Not responsible for the camera, nor for what a text means.
//!
//! Invariants: an attempt that panics or runs away never takes the box with it; the budget is looked at
//! before every attempt; texts are given as they stand in the code.
//!
//! Words: an *engine* is a decoder someone else wrote, behind one trait; a *rung* is an engine on one
//! rendering of the frame; a *look* is everything that was tried on one frame.
#![forbid(unsafe_code)]

mod blind;
mod engine;
mod exposure;
mod glance;
mod health;
mod scene;
mod watch;
pub mod worker;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use board::Frame;
use worker::{Answer, Limits, Worker};

pub use engine::{Code, Rung};
pub use health::Figures;
pub use watch::{CameraState, Frames, read, watch};

/// How the reader works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Time after which no further rung is begun on a frame.
    pub budget: Duration,
    /// Time after which the worker is killed when it has not answered.
    pub deadline: Duration,
    /// The program that answers `decode-worker` ([`worker`]); without it the engines of others are not asked.
    pub worker: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { budget: Duration::from_millis(250), deadline: Duration::from_secs(1), worker: None }
    }
}

/// What one attempt came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It read something.
    Read,
    /// It read nothing.
    Nothing,
    /// The engine panicked.
    Panicked,
    /// It did not answer in time, and its process was killed.
    TimedOut,
    /// Its process died.
    Died,
}

impl Outcome {
    /// Stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Nothing => "nothing",
            Self::Panicked => "panicked",
            Self::TimedOut => "timed-out",
            Self::Died => "died",
        }
    }
}

/// One attempt on a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// What was tried.
    pub rung: Rung,
    /// Microseconds it took.
    pub micros: u64,
    /// What it came to.
    pub outcome: Outcome,
}

/// Why a code does not read, each from a measured cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hint {
    /// Its modules are too small for the camera.
    TooFar,
    /// It is larger than the picture.
    TooClose,
    /// The picture is too dark.
    TooDark,
    /// A reflection covers too much of it.
    Glare,
    /// It is out of focus or moves.
    Blurred,
    /// A part of it is outside the picture or covered.
    CutOff,
    /// What is shown is a code of another kind.
    NotQr,
}

impl Hint {
    /// Every hint.
    pub const ALL: [Self; 7] =
        [Self::TooFar, Self::TooClose, Self::TooDark, Self::Glare, Self::Blurred, Self::CutOff, Self::NotQr];

    /// Stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TooFar => "too-far",
            Self::TooClose => "too-close",
            Self::TooDark => "too-dark",
            Self::Glare => "glare",
            Self::Blurred => "blurred",
            Self::CutOff => "cut-off",
            Self::NotQr => "not-a-qr-code",
        }
    }
}

/// A rectangle of the frame, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Region {
    /// Its left edge.
    pub x: u32,
    /// Its upper edge.
    pub y: u32,
    /// Pixels in a row of it.
    pub width: u32,
    /// Its rows.
    pub height: u32,
}

/// Everything that was tried on one frame.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Look {
    /// The codes that were read.
    pub codes: Vec<Code>,
    /// The attempts, in their order.
    pub attempts: Vec<Attempt>,
    /// Microseconds of all of it.
    pub micros: u64,
    /// The place of a code was found, whether it could be read or not.
    pub located: bool,
    /// Where a code is or seems to be.
    pub region: Option<Region>,
    /// Why nothing reads; none when something was read, or nothing is shown.
    pub hint: Option<Hint>,
    /// Nothing was tried: the picture is still the one in which nothing was found a moment ago.
    pub unchanged: bool,
}

impl Look {
    /// What read the first code.
    pub fn path(&self) -> Option<Rung> {
        self.codes.first().map(|code| code.path)
    }
}

/// Reads codes from frames.
pub struct Reader {
    deadline: Duration,
    worker: Option<Worker>,
    empty: scene::Scene,
}

impl Reader {
    /// A reader.
    pub fn new(settings: Settings) -> Self {
        let Settings { budget, deadline, worker } = settings;
        let limits = Limits { budget, deadline, ..Limits::default() };
        let worker = worker.map(|program| Worker::new(program, limits));
        Self { deadline, worker, empty: scene::Scene::default() }
    }

    /// Looks at the next frame of a camera: [`Self::look`], but not again at an empty road.
    pub fn watch(&mut self, frame: &Frame) -> Look {
        let began = Instant::now();
        if self.empty.is_still(frame, began) {
            let unchanged = Look { micros: micros(began), unchanged: true, ..Look::default() };
            return unchanged;
        }
        let deadline = self.deadline;
        let look = self.asked(|worker| {
            worker.offer(frame).ok()?;
            // A moment more than the deadline: the end of a child takes one.
            worker.wait(deadline + Duration::from_secs(1))
        });
        if look.codes.is_empty() && !look.located {
            self.empty.remember(frame, began);
        } else {
            self.empty.forget();
        }
        look
    }

    /// Tries a frame, until something is read or the budget is spent.
    pub fn look(&mut self, frame: &Frame) -> Look {
        self.asked(|worker| worker.ask(frame).ok())
    }

    fn asked(&mut self, ask: impl FnOnce(&mut Worker) -> Option<Answer>) -> Look {
        let began = Instant::now();
        let answer = self.worker.as_mut().and_then(ask);
        let micros = micros(began);
        answer.map_or_else(
            || Look { micros, ..Look::default() },
            |answer| Look {
                codes: answer.codes,
                attempts: answer.attempts,
                micros,
                located: answer.located,
                ..Look::default()
            },
        )
    }
}

fn micros(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
