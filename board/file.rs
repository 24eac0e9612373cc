//! Board files: which devices a box has, as data.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use crate::clock::{Claim, SystemClock};
use crate::desk::{Nothing, PngScreen, WordKeys, WordLamp};
use crate::{Board, Buzzer, Camera, Fault, Folder, Keys, Lamp, SystemThermometer};

/// Largest screen in pixels a side; a slip of the keyboard must not ask for gigabytes.
const LARGEST_SCREEN: u32 = 4096;

/// Longest time between frames in milliseconds.
const SLOWEST_MS: u64 = 60_000;

/// Why a board file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BadBoard {
    /// It cannot be read.
    #[error("the board file {path} cannot be read")]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's word.
        source: std::io::Error,
    },
    /// It says something that cannot be.
    #[error("the board file {path} is wrong: {detail}")]
    Wrong {
        /// The file.
        path: PathBuf,
        /// What and where.
        detail: String,
    },
}

/// What a board file says. Paths are relative to the file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Description {
    name: String,
    camera: CameraKind,
    screen: ScreenKind,
    keys: Option<KeysKind>,
    lamp: Option<LampKind>,
    #[serde(default)]
    clock: ClockKind,
    #[serde(default)]
    thermometer: ThermometerKind,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
enum CameraKind {
    Folder { path: PathBuf, hold: u64, every_ms: u64, repeat: bool },
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
enum ScreenKind {
    File { path: PathBuf, width: u32, height: u32 },
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
enum KeysKind {
    File { path: PathBuf },
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
enum LampKind {
    File { path: PathBuf },
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
enum ClockKind {
    System { trust: Option<TrustName>, synchronised: Option<PathBuf>, rtc: Option<PathBuf> },
}

/// What the system's clock is taken for without asking, in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum TrustName {
    Ntp,
    Rtc,
    None,
}

impl Default for ClockKind {
    fn default() -> Self {
        Self::System { trust: None, synchronised: None, rtc: None }
    }
}

impl ClockKind {
    fn claim(self) -> Claim {
        let Self::System { trust, synchronised, rtc } = self;
        match trust {
            Some(TrustName::Ntp) => Claim::Ntp,
            Some(TrustName::Rtc) => Claim::Rtc,
            Some(TrustName::None) => Claim::None,
            None => Claim::Asked {
                synchronised: synchronised.unwrap_or_else(|| Claim::SYNCHRONISED.into()),
                rtc: rtc.unwrap_or_else(|| Claim::RTC.into()),
            },
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
enum ThermometerKind {
    System { file: Option<PathBuf> },
}

impl Default for ThermometerKind {
    fn default() -> Self {
        Self::System { file: None }
    }
}

impl Description {
    /// Reads a board file.
    ///
    /// # Errors
    /// [`BadBoard`], with the line.
    pub fn load(path: &Path) -> Result<Self, BadBoard> {
        let text = std::fs::read_to_string(path).map_err(|source| BadBoard::Read { path: path.to_owned(), source })?;
        Self::parse(&text, path.parent().unwrap_or(Path::new("")))
            .map_err(|detail| BadBoard::Wrong { path: path.to_owned(), detail })
    }

    fn parse(text: &str, base: &Path) -> Result<Self, String> {
        let mut board: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        let CameraKind::Folder { path, every_ms, .. } = &mut board.camera;
        if *every_ms > SLOWEST_MS {
            return Err(format!("a camera gives a frame at least every {SLOWEST_MS} ms"));
        }
        *path = base.join(&*path);
        let ScreenKind::File { path, width, height } = &mut board.screen;
        if [*width, *height].iter().any(|side| !(1..=LARGEST_SCREEN).contains(side)) {
            return Err(format!("a screen has 1 to {LARGEST_SCREEN} pixels a side"));
        }
        *path = base.join(&*path);
        let ClockKind::System { trust, synchronised, rtc } = &mut board.clock;
        if trust.is_some() && (synchronised.is_some() || rtc.is_some()) {
            return Err("a clock is either asked or taken for something, not both".to_owned());
        }
        let ThermometerKind::System { file } = &mut board.thermometer;
        for path in [synchronised, rtc, file].into_iter().flatten() {
            *path = base.join(&*path);
        }
        if let Some(KeysKind::File { path }) = &mut board.keys {
            *path = base.join(&*path);
        }
        if let Some(LampKind::File { path }) = &mut board.lamp {
            *path = base.join(&*path);
        }
        Ok(board)
    }

    /// Opens the devices. A camera that is not there yet is tried again later.
    pub fn open(self) -> Board {
        let CameraKind::Folder { path, hold, every_ms, repeat } = self.camera;
        let camera = Late { path, hold, every: Duration::from_millis(every_ms), repeat, open: None };
        let ScreenKind::File { path, width, height } = self.screen;
        let keys: Box<dyn Keys> = match self.keys {
            Some(KeysKind::File { path }) => Box::new(WordKeys::new(path)),
            None => Box::new(Nothing),
        };
        let lamp: Box<dyn Lamp> = match self.lamp {
            Some(LampKind::File { path }) => Box::new(WordLamp(path)),
            None => Box::new(Nothing),
        };
        let ThermometerKind::System { file } = self.thermometer;
        Board {
            name: self.name,
            camera: Box::new(camera),
            keys,
            screen: Box::new(PngScreen { path, size: (width, height) }),
            lamp,
            buzzer: Box::new(Nothing) as Box<dyn Buzzer>,
            plates: None,
            clock: Arc::new(SystemClock::new(self.clock.claim())),
            thermometer: Arc::new(file.map_or_else(SystemThermometer::of_the_processor, SystemThermometer::at)),
        }
    }
}

/// A folder that may only come to be there while the box runs, as a camera that is plugged in later.
struct Late {
    path: PathBuf,
    hold: u64,
    every: Duration,
    repeat: bool,
    open: Option<Folder>,
}

impl Camera for Late {
    fn next(&mut self, wait: Duration) -> Result<Option<crate::Frame>, Fault> {
        if let Some(folder) = &mut self.open {
            return folder.next(wait);
        }
        self.open = Some(Folder::open(&self.path, self.hold, self.every, self.repeat)?);
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DESK: &str = include_str!("desk.toml");

    #[test]
    fn the_desk_board_opens_and_its_paths_are_beside_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let mut board = Description::parse(DESK, folder.path()).unwrap().open();
        assert_eq!(board.screen.size(), (800, 480));
        assert!(matches!(board.camera.next(Duration::ZERO), Err(Fault::Missing { .. })));
        std::fs::create_dir(folder.path().join("frames")).unwrap();
        image::GrayImage::new(2, 2).save(folder.path().join("frames/a.png")).unwrap();
        assert!(board.camera.next(Duration::ZERO).is_ok());
        assert_eq!(board.camera.next(Duration::from_secs(1)).unwrap().unwrap().width, 2);
        board.lamp.set(crate::Light::Green).unwrap();
        assert_eq!(std::fs::read_to_string(folder.path().join("lamp")).unwrap(), "green\n");
    }

    #[test]
    fn a_clock_that_is_not_taken_for_something_is_asked() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("rtc"), "1588334400\n").unwrap();
        let asked = DESK.replace("trust = \"ntp\"", "synchronised = \"sync\"\nrtc = \"rtc\"");
        let readings = Description::parse(&asked, folder.path()).unwrap().open().clock.read();
        assert_eq!((readings.synchronised, readings.rtc_ms), (false, Some(1_588_334_400_000)));
        let silent = DESK.split("# The clock").next().unwrap();
        assert_eq!(Description::parse(silent, folder.path()).unwrap().clock.claim(), Claim::default());
    }

    #[test]
    fn how_warm_a_desk_is_stands_in_a_file_and_a_board_that_names_none_asks_the_system() {
        let folder = tempfile::tempdir().unwrap();
        let named = format!("{DESK}\n[thermometer]\nkind = \"system\"\nfile = \"temperature\"\n");
        let board = Description::parse(&named, folder.path()).unwrap().open();
        assert_eq!(board.thermometer.read(), None);
        std::fs::write(folder.path().join("temperature"), "81500\n").unwrap();
        assert_eq!(board.thermometer.read(), Some(81_500));
        assert_eq!(Description::parse(DESK, folder.path()).unwrap().thermometer, ThermometerKind::default());
    }

    #[test]
    fn what_no_board_has_is_refused_with_its_name() {
        let wrong = |from: &str, to: &str| Description::parse(&DESK.replace(from, to), Path::new("")).unwrap_err();
        assert!(wrong("kind = \"folder\"", "kind = \"crystal-ball\"").contains("crystal-ball"));
        assert!(wrong("width = 800", "width = 0").contains("pixels"));
        assert!(wrong("hold = 3", "hold = 3\ncolour = 1").contains("colour"));
        assert!(wrong("trust = \"ntp\"", "trust = \"ntp\"\nrtc = \"rtc\"").contains("not both"));
    }
}
