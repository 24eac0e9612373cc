//! A pass that was admitted a short while ago is shown again.

use super::head;
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
    let time = format!("{} {at}", words.at);
    head(
        sheet,
        top,
        PAPER,
        |sheet, at| icon::two_ticks(sheet, at, PAPER.letters),
        &time,
        words.admitted_before.headline,
    );
    rest.cut_top(margin / 2);
    let mut line = rest.cut_bottom(sheet.share(60).max(14));
    let sign = line.cut_left(line.height * 5 / 4);
    icon::document(sheet, sign, PAPER.letters);
    line.cut_left(sheet.share(10));
    sheet.text(words.only_with_document, line, Size::Small, PAPER, Align::Left);
    sheet.text(words.admitted_before.advice, rest, Size::Headline, PAPER, Align::Left);
}
