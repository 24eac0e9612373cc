//! The officer has decided. Dark, so that a closed matter is not taken for a verdict that still stands.

use super::{described, head};
use crate::colour::{ADMIT, DARK, REFUSE};
use crate::font::Size;
use crate::icon;
use crate::place::Place;
use crate::plate_frame;
use crate::sheet::{Align, Sheet};
use crate::text;
use crate::view::{Card, Language};

/// Draws it.
pub fn draw(sheet: &mut Sheet<'_>, place: Place, language: Language, passed: bool, card: &Card) {
    let words = text::words(language);
    sheet.fill(place, DARK.ground);
    let mut rest = place;
    let edge = if passed { ADMIT.ground } else { REFUSE.ground };
    let strip = sheet.share(40);
    sheet.fill(rest.cut_top(strip), edge);

    let margin = sheet.share(40);
    rest = rest.inset(margin);
    let top = rest.cut_top(place.height * 36 / 100);
    let word = if passed { words.passed } else { words.turned_back };
    let sign = |sheet: &mut Sheet<'_>, at: Place| {
        sheet.card(at, edge, edge, 0);
        let inner = at.inset(at.width / 8);
        if passed { icon::tick(sheet, inner, DARK.letters) } else { icon::turn(sheet, inner, DARK.letters) }
    };
    head(sheet, top, DARK, sign, word, words.next);
    rest.cut_top(margin / 2);

    if let Some(plate) = card.plate_seen.as_ref().or(card.plates.first()) {
        let plate_place = rest.cut_top(rest.height * 60 / 100);
        plate_frame::draw(sheet, plate_place, plate, None);
        rest.cut_top(margin / 2);
    }
    sheet.foreign(&described(card, language), rest, Size::Body, DARK, Align::Middle);
}
