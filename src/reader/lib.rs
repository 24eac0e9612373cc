//! Camera frames in, texts of QR codes out.
//!
//! Responsible for the order of attempts on one frame, for the time they may take, and for saying which
//! attempt read what and how long each took.
//!
//! Not responsible for the camera, nor for what a text means.
//!
//! Invariants: an engine that panics or runs away never takes the box with it; our own search keeps its budget;
//! texts are given as they stand in the code.
//!
//! Words: a *look* is everything that was tried on one frame, a *rung* one attempt of it. Our own search is `qr`;
//! the *engines of others* run in the process of a [`worker`].
#![forbid(unsafe_code)]

pub mod anpr;
mod blind;
#[cfg(test)]
mod drawn;
mod engine;
mod exposure;
mod glance;
mod health;
mod hint;
mod kinds;
mod own;
mod qr;
mod rung;
mod scene;
mod second;
#[doc(hidden)]
pub mod steps;
mod watch;
pub mod worker;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use board::Frame;
use qr::Effort;
use qr::memory::Memories;
use qr::sharpen::Grain;
use worker::{Answer, Limits, Worker};

pub use health::Figures;
pub use rung::Rung;
pub use watch::{CameraState, Frames, read, watch};

/// Least time between two frames for the engines of others: they have other strengths, not another picture.
const AGAIN: Duration = Duration::from_millis(300);

/// Frames without a code after which a road is a road again.
const QUIET: u32 = 32;

/// Frames in which a code is followed before the whole frame is looked at again.
const FOLLOWED: u32 = 6;

/// The first frames of a camera.
const UNKNOWN: u32 = 8;

/// How the reader works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Processor time that our own search may take for a frame.
    pub budget: Duration,
    /// Time after which the worker is killed when it has not answered.
    pub deadline: Duration,
    /// The program that answers `decode-worker` ([`worker`]); without it the engines of others are not asked.
    pub worker: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { budget: Duration::from_millis(36), deadline: Duration::from_secs(1), worker: None }
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

/// One code that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Code {
    /// Its text.
    pub text: String,
    /// Its corners in pixels of the frame, in the order of its own upper left, upper right, lower right, lower left.
    pub corners: [(f32, f32); 4],
    /// What read it.
    pub path: Rung,
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
    /// Microseconds of processor time of the engines of others, in their own process.
    pub others_micros: u64,
    /// The place of a code was found, whether it could be read or not.
    pub located: bool,
    /// Where a code is or seems to be.
    pub region: Option<Region>,
    /// Why nothing reads; none when something was read, or nothing is shown.
    pub hint: Option<Hint>,
    /// Nothing was tried: the picture is still the one in which nothing was found a moment ago.
    pub unchanged: bool,
    /// How often a process with the engines of others had to be given up, since the reader was made.
    pub deaths: u64,
}

impl Look {
    /// What read the first code.
    pub fn path(&self) -> Option<Rung> {
        self.codes.first().map(|code| code.path)
    }
}

/// Reads codes from frames.
pub struct Reader {
    budget: Duration,
    worker: Option<Worker>,
    empty: scene::Scene,
    causes: hint::Watched,
    memories: Memories,
    offered: Option<Instant>,
    /// Frames since the last one in which a code was, read or not.
    quiet: u32,
    /// Where codes were read in the last frame, how many, and for how many frames nowhere else was looked.
    track: Option<(Region, usize, u32)>,
}

impl Reader {
    /// A reader.
    pub fn new(settings: Settings) -> Self {
        let Settings { budget, deadline, worker } = settings;
        let limits = Limits { deadline, ..Limits::default() };
        let worker = worker.map(|program| Worker::new(program, limits));
        let (empty, memories, causes) = Default::default();
        // What a camera shows first is not known to be a road.
        Self { budget, worker, empty, causes, memories, offered: None, quiet: QUIET - UNKNOWN, track: None }
    }

    /// How often a process with the engines of others had to be given up.
    pub fn deaths(&self) -> u64 {
        self.worker.as_ref().map_or(0, Worker::deaths)
    }

    /// Looks at the next frame of a camera: what it sees is added to what the frames before it showed of the same
    /// code, an empty road is not looked at again, and the engines of others work beside it and are never waited for.
    pub fn watch(&mut self, frame: &Frame) -> Look {
        let began = Instant::now();
        let answer = self.worker.as_mut().and_then(Worker::poll);
        if answer.is_none() && self.empty.is_still(frame, began) {
            return Look { micros: micros(began), unchanged: true, deaths: self.deaths(), ..Look::default() };
        }
        let (mut look, open) =
            self.follow(frame).map_or_else(|| own::look(frame, self.effort(), self.budget), |look| (look, Vec::new()));
        if look.codes.is_empty() {
            own::remember(frame, &open, &mut self.memories, self.budget / 3, &mut look);
        } else {
            self.memories.forget();
        }
        if let Some(answer) = answer {
            take(answer, &mut look);
        }
        if look.codes.is_empty() && look.located {
            self.offer(frame, began);
        }
        if look.codes.is_empty() {
            look.hint = look.hint.or_else(|| self.causes.look(frame, look.located, began));
        }
        if look.codes.is_empty() && !look.located && !self.causes.are_recent(began) {
            self.empty.remember(frame, began);
        } else {
            self.empty.forget();
        }
        if self.track.is_none() && !look.codes.is_empty() {
            self.track = look.region.map(|region| (region, look.codes.len(), 0));
        }
        self.quiet = if look.located { 0 } else { self.quiet.saturating_add(1) };
        look.deaths = self.deaths();
        look.micros = micros(began);
        look
    }

    /// Looks where codes were read in the last frame, and nowhere else; now and then everywhere, for another may have
    /// come into view.
    fn follow(&mut self, frame: &Frame) -> Option<Look> {
        let (region, count, times) = self.track.take().filter(|(_, _, times)| *times < FOLLOWED)?;
        let look = own::follow(frame, region, count, self.budget)?;
        self.track = look.region.map(|region| (region, count, times + 1));
        Some(look)
    }

    /// While a code is about, everything; on a road, a frame in two is sharpened, by turns one way and the other. A
    /// pass stays in view for many frames, and a road all day.
    const fn effort(&self) -> Effort {
        match self.quiet {
            0..QUIET => Effort::Much,
            quiet => match quiet % 4 {
                0 => Effort::Some(Grain::Coarse),
                2 => Effort::Some(Grain::Fine),
                _ => Effort::Little,
            },
        }
    }

    /// Looks at a single picture: ours first, and if it reads nothing and there is a worker, the engines of others.
    pub fn look(&mut self, frame: &Frame) -> Look {
        let began = Instant::now();
        let (mut look, _) = own::look(frame, Effort::Little, self.budget);
        if look.codes.is_empty()
            && let Some(answer) = self.worker.as_mut().and_then(|worker| worker.ask(frame).ok())
        {
            take(answer, &mut look);
        }
        look.deaths = self.deaths();
        look.micros = micros(began);
        look
    }

    /// Hands a frame to the worker, now and then.
    fn offer(&mut self, frame: &Frame, now: Instant) {
        if self.offered.is_some_and(|at| now.saturating_duration_since(at) < AGAIN) {
            return;
        }
        // One that is busy or resting is asked with a later frame.
        if self.worker.as_mut().is_some_and(|worker| worker.offer(frame).is_ok()) {
            self.offered = Some(now);
        }
    }
}

/// Takes in what the engines of others made of a frame, of this one or of one before it.
fn take(answer: Answer, look: &mut Look) {
    look.attempts.extend(answer.attempts);
    look.located |= answer.located;
    look.others_micros += answer.cpu_micros;
    if look.codes.is_empty() && !answer.codes.is_empty() {
        look.codes = answer.codes;
        look.hint = None;
    }
}

fn micros(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
