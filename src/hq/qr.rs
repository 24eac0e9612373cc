//! A text as a QR code (ISO/IEC 18004), as a picture and as a drawing.

use std::fmt::Write as _;
use std::io::Cursor;

use image::{GrayImage, ImageFormat, Luma};
use qrcode::{Color, EcLevel, QrCode};

use crate::Error;

/// Light modules around the code (ISO/IEC 18004 §6.3.8): without them many readers see nothing.
const QUIET: usize = 4;

/// Pixels of a module in the picture: even the smallest code fills a phone, and paper at 300 dpi shows a
/// module as 0.7 mm.
const PIXELS: usize = 8;

/// How much of the code may be damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ecc {
    /// Level M, 15 %: shown on a screen. Smaller codes are read from further away.
    #[default]
    Screen,
    /// Level Q, 25 %: printed, and then folded, wet and dirty.
    Paper,
    /// Level L, 7 %: one of many on a screen that make up for each other.
    Run,
}

impl Ecc {
    const fn level(self) -> EcLevel {
        match self {
            Self::Screen => EcLevel::M,
            Self::Paper => EcLevel::Q,
            Self::Run => EcLevel::L,
        }
    }
}

/// A code, module by module.
#[derive(Debug, Clone)]
pub struct Code {
    version: i16,
    ecc: Ecc,
    width: usize,
    dark: Vec<bool>,
}

impl Code {
    /// Encodes a text; the smallest version and the densest modes are chosen (base45 is alphanumeric).
    ///
    /// # Errors
    /// [`Error::Qr`] when it is too long.
    pub fn new(text: &str, ecc: Ecc) -> Result<Self, Error> {
        QrCode::with_error_correction_level(text, ecc.level()).map_err(Error::Qr).map(|code| Self::of(&code, ecc))
    }

    /// The same, in this version and no other.
    ///
    /// # Errors
    /// [`Error::Qr`] when the text is too long for it.
    pub fn of_version(text: &str, ecc: Ecc, version: i16) -> Result<Self, Error> {
        let version = qrcode::Version::Normal(version);
        QrCode::with_version(text, version, ecc.level()).map_err(Error::Qr).map(|code| Self::of(&code, ecc))
    }

    fn of(code: &QrCode, ecc: Ecc) -> Self {
        let version = match code.version() {
            qrcode::Version::Normal(version) | qrcode::Version::Micro(version) => version,
        };
        let width = code.width();
        let dark = code.to_colors().into_iter().map(|color| color == Color::Dark).collect();
        Self { version, ecc, width, dark }
    }

    /// Its version, 1 to 40.
    pub const fn version(&self) -> i16 {
        self.version
    }

    /// Version and level of error correction, as people write them: `9-M`.
    pub fn label(&self) -> String {
        let level = match self.ecc {
            Ecc::Screen => 'M',
            Ecc::Paper => 'Q',
            Ecc::Run => 'L',
        };
        format!("{}-{level}", self.version)
    }

    /// Modules a side, without the quiet zone.
    pub const fn width(&self) -> usize {
        self.width
    }

    fn is_dark(&self, x: usize, y: usize) -> bool {
        self.dark[y * self.width + x]
    }

    /// Its modules row by row, eight to a byte, the first at the highest bit, dark ones set.
    pub fn bits(&self) -> Vec<u8> {
        let byte =
            |eight: &[bool]| eight.iter().enumerate().fold(0, |byte, (at, dark)| byte | u8::from(*dark) << (7 - at));
        self.dark.chunks(8).map(byte).collect()
    }

    /// As a grey picture, 8 pixels a module, with its quiet zone.
    pub fn picture(&self) -> GrayImage {
        let side = (self.width + 2 * QUIET) * PIXELS;
        let side = u32::try_from(side).expect("the largest code has 177 modules");
        GrayImage::from_fn(side, side, |x, y| {
            let module = |at: u32| (at as usize / PIXELS).checked_sub(QUIET).filter(|at| *at < self.width);
            let dark = module(x).zip(module(y)).is_some_and(|(x, y)| self.is_dark(x, y));
            Luma([if dark { 0 } else { 255 }])
        })
    }

    /// As PNG.
    ///
    /// # Errors
    /// [`Error::Picture`].
    pub fn png(&self) -> Result<Vec<u8>, Error> {
        let mut png = Cursor::new(Vec::new());
        self.picture().write_to(&mut png, ImageFormat::Png).map_err(Error::Picture)?;
        Ok(png.into_inner())
    }

    /// As SVG: one path, one unit a module, sized by whoever shows it.
    pub fn svg(&self) -> String {
        let side = self.width + 2 * QUIET;
        let mut path = String::new();
        for y in 0..self.width {
            let mut x = 0;
            while x < self.width {
                let run = (x..self.width).take_while(|x| self.is_dark(*x, y)).count();
                if run > 0 {
                    // One bar for each run of dark modules: thousands of squares would show hairlines.
                    write!(path, "M{} {}h{run}v1h-{run}z", x + QUIET, y + QUIET)
                        .expect("writing to memory cannot fail");
                }
                x += run + 1;
            }
        }
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\">\
             <title>MP1</title><path fill=\"#fff\" d=\"M0 0h{side}v{side}h-{side}z\"/><path d=\"{path}\"/></svg>\n"
        )
    }
}

#[cfg(test)]
mod tests;
