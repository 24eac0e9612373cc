//! The hardware seam: what a box has, as traits, and the backends that need no device.
//!
//! Responsible for the shapes of frames, keys, pictures, light and sound, for the traits that real and
//! simulated hardware both implement, and for still images and image folders as a camera. Which
//! backend runs is chosen at run time from a board file; no feature flag changes logic.
//!
//! Not responsible for what a frame shows, what a screen says or what a key means.
//!
//! Invariants: a missing device is an error value with a word for it, never a panic; every wait has a
//! bound, so that a worker's loop always turns.
//!
//! Words: a *board* is a set of devices; a *frame* is one picture of the camera, luma only.
#![forbid(unsafe_code)]

use std::sync::Arc;
use std::time::Duration;

mod clock;
mod desk;
mod file;
mod luma;
mod picture;
mod still;
mod thermometer;
pub use clock::{Claim, SystemClock};
pub use desk::Nothing;
pub use file::{BadBoard, Description};
pub use luma::{BadPicture, Layout, Raw};
pub use picture::Picture;
pub use still::{Folder, still, still_from};
pub use thermometer::SystemThermometer;

/// One picture of the camera: luma only, rows without padding.
#[derive(Debug, Clone)]
pub struct Frame {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// `width * height` bytes, 0 is black.
    pub luma: Arc<[u8]>,
    /// Counts the frames of this camera, from 0; gaps are frames that were dropped.
    pub number: u64,
    /// Since the camera's first frame (CLOCK_MONOTONIC).
    pub at: Duration,
    /// The file it was read from, if it was.
    pub source: Option<Arc<str>>,
}

/// Why a device did not do what was asked. The daemon turns it into a state with its own screen.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The device is not there (any more).
    #[error("{device} is not there")]
    Missing {
        /// Its name on this board.
        device: String,
    },
    /// The device answered with an error.
    #[error("{device} failed")]
    Failed {
        /// Its name on this board.
        device: String,
        /// What it said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The source has come to its end: a folder that is not to be repeated.
    #[error("no more frames")]
    Ended,
}

/// One step of a camera's exposure, half a stop or so: enough to be seen, too little to overshoot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nudge {
    /// Less light: what is bright is clipped.
    Darker,
    /// More light: what is dark is lost in noise.
    Brighter,
}

/// Frames, latest first.
pub trait Camera: Send {
    /// The next frame, or `None` when none came within `wait`.
    ///
    /// # Errors
    /// A [`Fault`]; the caller tries again with back-off, except after [`Fault::Ended`].
    fn next(&mut self, wait: Duration) -> Result<Option<Frame>, Fault>;

    /// Asks for a darker or brighter picture by one step of exposure or gain, and says whether that was possible: a
    /// camera at its end says no, and one that has no such thing always does.
    ///
    /// # Errors
    /// A [`Fault`]; frames go on.
    fn expose(&mut self, nudge: Nudge) -> Result<bool, Fault> {
        let _ = nudge;
        Ok(false)
    }
}

/// A key of the box or of a keypad, by what is printed on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Key {
    /// Green: let pass, the plate agrees, yes.
    Yes,
    /// Red: turn back, no, cancel.
    No,
    /// Look at the last crossings; menu.
    Menu,
    /// Another language.
    Language,
    /// A digit 0–9.
    Digit(u8),
    /// A letter, folded to Latin upper case.
    Letter(char),
    /// Take back the last character.
    Backspace,
    /// End of input.
    Enter,
}

impl std::str::FromStr for Key {
    type Err = UnknownKey;

    /// A key by its word: `yes`, `no`, `menu`, `language`, `backspace`, `enter`, a digit or a letter.
    fn from_str(word: &str) -> Result<Self, UnknownKey> {
        match word {
            "yes" => return Ok(Self::Yes),
            "no" => return Ok(Self::No),
            "menu" => return Ok(Self::Menu),
            "language" => return Ok(Self::Language),
            "backspace" => return Ok(Self::Backspace),
            "enter" => return Ok(Self::Enter),
            _ => {}
        }
        let mut letters = word.chars();
        match (letters.next(), letters.next()) {
            (Some(digit @ '0'..='9'), None) => Ok(Self::Digit(digit as u8 - b'0')),
            (Some(letter @ 'A'..='Z'), None) => Ok(Self::Letter(letter)),
            _ => Err(UnknownKey(word.to_owned())),
        }
    }
}

/// A word that names no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no key")]
pub struct UnknownKey(pub String);

/// Keys being pressed.
pub trait Keys: Send {
    /// The next key pressed, or `None` when none was within `wait`.
    ///
    /// # Errors
    /// A [`Fault`].
    fn next(&mut self, wait: Duration) -> Result<Option<Key>, Fault>;
}

/// Something that shows pictures.
pub trait Screen: Send {
    /// Width and height in pixels.
    fn size(&self) -> (u32, u32);
    /// Shows one picture of exactly that size.
    ///
    /// # Errors
    /// A [`Fault`].
    fn show(&mut self, picture: &Picture) -> Result<(), Fault>;
}

/// What the lamp shows the driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Light {
    /// Dark: the safe state.
    #[default]
    Off,
    /// Wait.
    Amber,
    /// Go.
    Green,
    /// Stop.
    Red,
}

impl Light {
    /// Stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Amber => "amber",
            Self::Green => "green",
            Self::Red => "red",
        }
    }
}

/// The driver's lamp.
pub trait Lamp: Send {
    /// Sets the light.
    ///
    /// # Errors
    /// A [`Fault`].
    fn set(&mut self, light: Light) -> Result<(), Fault>;
}

/// What the buzzer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tone {
    /// One short tone: admit.
    One,
    /// Two short tones: check.
    Two,
    /// One long tone: refuse.
    Long,
    /// Three short low tones: the box has a fault.
    Fault,
}

impl Tone {
    /// Stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::One => "one",
            Self::Two => "two",
            Self::Long => "long",
            Self::Fault => "fault",
        }
    }
}

/// The buzzer.
pub trait Buzzer: Send {
    /// Starts the tone and returns at once.
    ///
    /// # Errors
    /// A [`Fault`].
    fn sound(&mut self, tone: Tone) -> Result<(), Fault>;
}

/// What a board's clocks say at one moment. Nothing of it is believed before it was held against what HQ has signed;
/// that is not the board's business.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Readings {
    /// The system's wall clock, in milliseconds since 1970.
    pub system_ms: i64,
    /// Whether that was set by a time server since boot.
    pub synchronised: bool,
    /// The battery-backed clock, in milliseconds since 1970; none where there is none or it does not answer.
    pub rtc_ms: Option<i64>,
}

/// The board's clocks. Their origin is the board's own; only differences of [`Clock::monotonic`] mean anything.
pub trait Clock: Send + Sync {
    /// What the wall clocks say.
    fn read(&self) -> Readings;
    /// Time since boot, never set back (CLOCK_BOOTTIME).
    fn monotonic(&self) -> Duration;
}

/// How warm the board is.
pub trait Thermometer: Send + Sync {
    /// Millidegrees Celsius of the processor; none where nothing measures it.
    fn read(&self) -> Option<i32>;
}

/// Number plates as some device reads them.
pub trait PlateSource: Send {
    /// The next reading, raw, or `None` when there was none within `wait`.
    ///
    /// # Errors
    /// A [`Fault`].
    fn next(&mut self, wait: Duration) -> Result<Option<PlateReading>, Fault>;
}

/// One reading of a plate.
#[derive(Debug, Clone, PartialEq)]
pub struct PlateReading {
    /// As it was read.
    pub text: String,
    /// How sure the device is, 0–1.
    pub confidence: Option<f32>,
    /// What sort of device it is, as policy names it.
    pub device: &'static str,
}

/// Everything a lane of a box has.
pub struct Board {
    /// Its name, for logs and heartbeats.
    pub name: String,
    /// What looks at the pass.
    pub camera: Box<dyn Camera>,
    /// What the officer presses.
    pub keys: Box<dyn Keys>,
    /// What the officer looks at.
    pub screen: Box<dyn Screen>,
    /// What the driver looks at.
    pub lamp: Box<dyn Lamp>,
    /// What both hear.
    pub buzzer: Box<dyn Buzzer>,
    /// What reads plates, if something does.
    pub plates: Option<Box<dyn PlateSource>>,
    /// Its clocks.
    pub clock: Arc<dyn Clock>,
    /// What measures how warm it is.
    pub thermometer: Arc<dyn Thermometer>,
}
