//! A code is in view and cannot be read.

use crate::colour::WAITING;
use crate::font::Size;
use crate::icon;
use crate::place::Place;
use crate::sheet::{Align, Sheet};
use crate::text::Words;

/// Draws it: a code that is too small for the frame it is to fill.
pub fn draw(sheet: &mut Sheet<'_>, place: Place, words: &Words) {
    sheet.fill(place, WAITING.ground);
    let margin = sheet.share(40);
    let mut rest = place.inset(margin);
    let picture = rest.cut_top(rest.height * 52 / 100).square();
    icon::corners(sheet, picture, WAITING.letters);
    icon::code(sheet, picture.inset(picture.width * 28 / 100), WAITING.letters);
    rest.cut_top(margin / 2);
    let advice = rest.cut_bottom(rest.height * 42 / 100);
    sheet.text(words.closer.headline, rest, Size::Call, WAITING, Align::Middle);
    sheet.text(words.closer.advice, advice, Size::Body, WAITING, Align::Middle);
}
