//! A bundle as a run of QR pictures: what a phone shows to the camera of a box that has no line.
//!
//! The format is `trust::run`'s; here is what it looks like. How large a picture is and how long it stands was measured
//! with the box's own reader (`docs/formats/qr-run.md`).

use std::time::Duration;

use base64ct::{Base64, Encoding as _};
use trust::run::Run;

use crate::Error;
use crate::qr::{Code, Ecc};

/// Pictures a second, in the long run. A camera of fifteen frames a second sees each at least once between two changes.
pub const RATE: u32 = 10;

/// When a picture takes the place of the one before it, after the beginning of the playing. Pictures stand for 81 to
/// 131 ms of every 100: at an even beat a camera of the same beat could open its shutter at every change and never see
/// a whole picture.
pub fn begins(number: u64) -> Duration {
    // Multiples of the golden ratio fall evenly everywhere between two whole numbers.
    let late = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33;
    (Duration::from_secs(number) + Duration::from_secs(late) / (1 << 31) / 2) / RATE
}

/// The picture that stands at a moment of the playing.
pub fn number_at(at: Duration) -> u64 {
    let number = u64::try_from(at.as_nanos() * u128::from(RATE) / 1_000_000_000).unwrap_or(u64::MAX);
    if at < begins(number) { number - 1 } else { number }
}

/// Bytes of the bundle in one picture.
const SYMBOL: usize = 300;

/// The page of a phone, but for its pictures.
const PAGE: &str = include_str!("run/page.html");

/// A bundle in pictures.
#[derive(Debug, Clone)]
pub struct Shown {
    bytes: usize,
    symbols: u32,
    codes: Vec<Code>,
}

impl Shown {
    /// Draws every picture of a bundle: its bytes twice over and once more, no picture like another, so that a phone may
    /// begin anew at the end and nothing hangs on any one of them.
    ///
    /// # Errors
    /// [`Error::RunTooLong`]; [`Error::Qr`] cannot be.
    pub fn new(bundle: &[u8]) -> Result<Self, Error> {
        let run = Run::new(bundle, SYMBOL).ok_or(Error::RunTooLong(bundle.len()))?;
        let numbers = 0..run.symbols().saturating_mul(3).max(RATE);
        let texts: Vec<String> = numbers.map(|number| run.text(number)).collect();
        let smallest = texts.iter().map(|text| Code::new(text, Ecc::Run)).collect::<Result<Vec<_>, _>>()?;
        // Where digits happen to stand together, a text would fit into less; a reader follows what stays as it is.
        let version = smallest.iter().map(Code::version).max().unwrap_or(1);
        let codes = texts.iter().map(|text| Code::of_version(text, Ecc::Run, version)).collect::<Result<_, _>>()?;
        Ok(Self { bytes: bundle.len(), symbols: run.symbols(), codes })
    }

    /// The pictures, in their order.
    pub fn codes(&self) -> &[Code] {
        &self.codes
    }

    /// Bytes of the bundle.
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Seconds it takes when every picture is seen.
    pub const fn seconds(&self) -> u32 {
        self.symbols.div_ceil(RATE)
    }

    /// A page that shows them, for the browser of a phone: one file that asks nothing of any network. `what` says in
    /// Russian and English what it brings.
    pub fn page(&self, what: (&str, &str)) -> String {
        let bits: Vec<u8> = self.codes.iter().flat_map(Code::bits).collect();
        let width = self.codes.first().map_or(0, Code::width);
        PAGE.replace("{ru}", &escaped(what.0))
            .replace("{en}", &escaped(what.1))
            .replace("{bytes}", &self.bytes.to_string())
            .replace("{seconds}", &self.seconds().to_string())
            .replace("{rate}", &RATE.to_string())
            .replace("{width}", &width.to_string())
            .replace("{pictures}", &self.codes.len().to_string())
            .replace("{bits}", &Base64::encode_string(&bits))
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests;
