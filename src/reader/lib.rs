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
mod crowd;
mod engine;
mod exposure;
mod glance;
mod health;
mod scene;
mod second;
mod watch;

use std::time::{Duration, Instant};

use board::Frame;

pub use engine::{Code, Rung};
pub use health::Figures;
pub use watch::{CameraState, Frames, read, watch};

/// How the reader works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Time after which no further rung is begun on a frame.
    pub budget: Duration,
    /// Longest wait for the second opinion, which cannot be stopped otherwise.
    pub second_opinion: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { budget: Duration::from_millis(250), second_opinion: Duration::from_millis(250) }
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
    /// The engine did not answer in time.
    TimedOut,
    /// Nothing was begun: the picture is made to keep a decoder busy.
    TooCrowded,
}

impl Outcome {
    /// Stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Nothing => "nothing",
            Self::Panicked => "panicked",
            Self::TimedOut => "timed-out",
            Self::TooCrowded => "too-crowded",
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
    settings: Settings,
    second: second::Opinion,
    empty: scene::Scene,
}

impl Reader {
    /// A reader.
    pub fn new(settings: Settings) -> Self {
        Self { settings, second: second::Opinion::default(), empty: scene::Scene::default() }
    }

    /// Looks at the next frame of a camera: [`Self::look`], but not again at an empty road.
    pub fn watch(&mut self, frame: &Frame) -> Look {
        let began = Instant::now();
        if self.empty.is_still(frame, began) {
            let unchanged = Look { micros: micros(began), unchanged: true, ..Look::default() };
            return unchanged;
        }
        let look = self.look(frame);
        if look.codes.is_empty() && !look.located {
            self.empty.remember(frame, began);
        } else {
            self.empty.forget();
        }
        look
    }

    /// Tries a frame, rung by rung, until something is read or the budget is spent.
    pub fn look(&mut self, frame: &Frame) -> Look {
        let began = Instant::now();
        let (mut codes, mut attempts, mut located) = (Vec::new(), Vec::new(), false);
        if crowd::is_too_crowded(frame) {
            attempts.push(Attempt { rung: Rung::Plain, micros: micros(began), outcome: Outcome::TooCrowded });
            return Look { attempts, micros: micros(began), ..Look::default() };
        }
        for rung in Rung::ALL.into_iter().filter(|rung| rung.suits(frame.width, frame.height)) {
            if began.elapsed() >= self.settings.budget {
                break;
            }
            let begun = Instant::now();
            let outcome = match rung {
                Rung::SecondOpinion => self.second.ask(frame, self.settings.second_opinion, &mut codes, &mut located),
                _ => engine::attempt(rung, frame, &mut codes),
            };
            attempts.push(Attempt { rung, micros: micros(begun), outcome });
            if outcome == Outcome::Read {
                break;
            }
        }
        located |= !codes.is_empty();
        Look { codes, attempts, micros: micros(began), located, ..Look::default() }
    }
}

fn micros(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
