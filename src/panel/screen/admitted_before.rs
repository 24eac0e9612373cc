//! A pass that was admitted a short while ago is shown again.

use super::{head, keys, only_with_document};
use crate::colour::PAPER;
use crate::font::Size;
use crate::icon;
use crate::place::Place;
use crate::plate_frame;
use crate::sheet::{Align, Sheet};
use crate::text::Words;
use crate::view::Card;

/// Draws it: on white, as it is no verdict. The plate is there so that the officer sees whether this is the car.
pub fn draw(sheet: &mut Sheet<'_>, place: Place, words: &Words, at: &str, card: &Card) {
    sheet.fill(place, PAPER.ground);
    let margin = sheet.share(25);
    let mut rest = place;
    let keys_place = rest.cut_bottom(sheet.share(125).min(place.height / 6));
    keys(sheet, keys_place, words, Some(words.let_pass), Some(words.turn_back));
    rest = rest.inset(margin);
    let top = rest.cut_top(place.height * 30 / 100);
    head(sheet, top, PAPER, |sheet, at| icon::two_ticks(sheet, at, PAPER.letters), at, words.admitted_before.headline);
    rest.cut_top(margin / 2);
    let line = rest.cut_bottom(sheet.share(60).max(14));
    only_with_document(sheet, line, words, PAPER);
    rest.cut_bottom(margin / 2);
    if let Some(plate) = card.plates.first().or(card.plate_seen.as_ref()) {
        let plate_place = rest.cut_top(rest.height * 48 / 100);
        plate_frame::draw(sheet, plate_place, plate, None);
        rest.cut_top(margin / 2);
    }
    sheet.text(words.admitted_before.advice, rest, Size::Headline, PAPER, Align::Left);
}
