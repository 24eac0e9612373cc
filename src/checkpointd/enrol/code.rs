//! The request as a QR code, for panel, terminal and picture.

use std::io::Cursor;

use image::{GrayImage, ImageFormat, Luma};
use qrcode::render::unicode::Dense1x2;
use qrcode::{Color, EcLevel, QrCode};

/// Light modules around a code in a picture (ISO/IEC 18004 §6.3.8).
const QUIET: usize = 4;

/// Pixels of a module in a picture.
const PIXELS: usize = 8;

/// A request as a code. Level L: nothing folds or stains a panel, and the larger the modules, the easier the photograph.
pub struct Code(QrCode);

impl Code {
    /// Encodes a text of at most [`wire::enrol::LONGEST_REQUEST_TEXT`] characters.
    pub fn new(text: &str) -> Self {
        let code = QrCode::with_error_correction_level(text, EcLevel::L);
        Self(code.expect("the largest code holds seven times the longest request"))
    }

    /// For the panel.
    pub fn modules(&self) -> panel::Modules {
        panel::Modules::new(self.dark()).expect("a QR code is a square")
    }

    fn dark(&self) -> Vec<bool> {
        self.0.to_colors().into_iter().map(|colour| colour == Color::Dark).collect()
    }

    /// For a terminal of light letters on a dark ground, two modules to a letter.
    pub fn to_terminal(&self) -> String {
        self.0.render::<Dense1x2>().dark_color(Dense1x2::Dark).light_color(Dense1x2::Light).build()
    }

    /// As a picture in PNG.
    pub fn to_png(&self) -> Vec<u8> {
        let modules = self.modules();
        let side = u32::try_from((modules.width() + 2 * QUIET) * PIXELS).expect("the largest code has 177 modules");
        let picture = GrayImage::from_fn(side, side, |x, y| {
            let module = |at: u32| (at as usize / PIXELS).checked_sub(QUIET);
            let dark = module(x).zip(module(y)).is_some_and(|(x, y)| modules.is_dark(x, y));
            Luma([if dark { 0 } else { 255 }])
        });
        let mut png = Cursor::new(Vec::new());
        picture.write_to(&mut png, ImageFormat::Png).expect("memory takes any length");
        png.into_inner()
    }
}
