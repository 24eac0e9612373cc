//! A pass that was admitted a short while ago is shown again.

use super::{head, only_with_document};
use crate::colour::PAPER;
use crate::font::Size;
use crate::icon;
use crate::place::Place;
use crate::sheet::{Align, Sheet};
use crate::text::Words;

/// Draws it: on white, as it is no verdict.
pub fn draw(sheet: &mut Sheet<'_>, place: Place, words: &Words, at: &str) {
    sheet.fill(place, PAPER.ground);
    let margin = sheet.share(40);
    let mut rest = place.inset(margin);
    let top = rest.cut_top(place.height * 42 / 100);
    head(sheet, top, PAPER, |sheet, at| icon::two_ticks(sheet, at, PAPER.letters), at, words.admitted_before.headline);
    rest.cut_top(margin / 2);
    let line = rest.cut_bottom(sheet.share(60).max(14));
    only_with_document(sheet, line, words, PAPER);
    rest.cut_bottom(margin / 2);
    sheet.text(words.admitted_before.advice, rest, Size::Headline, PAPER, Align::Left);
}
