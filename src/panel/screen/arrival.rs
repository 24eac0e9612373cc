//! Somebody came without a pass: what is written down of them.

use super::keys;
use crate::colour::{CAPTION, PAPER};
use crate::desk::{Arrival, Stay};
use crate::font::Size;
use crate::place::Place;
use crate::sheet::{Align, Sheet};
use crate::text::{self, DAYS};
use crate::view::Language;

/// Draws it: what is given so far, line by line, and what is to be done next.
pub fn draw(sheet: &mut Sheet<'_>, place: Place, language: Language, arrival: &Arrival) {
    let words = text::words(language);
    sheet.fill(place, PAPER.ground);
    let margin = sheet.share(25);
    let mut rest = place;
    let keys_place = rest.cut_bottom(sheet.share(125).min(place.height / 6));
    let is_whole = arrival.house.is_some();
    let yes = if is_whole { words.write_down } else { words.take };
    keys(sheet, keys_place, words, Some(yes), Some(words.close));
    rest = rest.inset(margin);
    let head = rest.cut_top(sheet.share(110).max(24));
    let asked = match (is_whole, arrival.span, &arrival.place) {
        (true, Stay::Days(_), _) => words.arrival,
        (true, Stay::Minutes(_), _) => words.trip_stated,
        (false, Stay::Minutes(_), _) => words.trip_route,
        (false, Stay::Days(_), Some(_)) => words.arrival_house,
        (false, Stay::Days(_), None) => words.arrival_address,
    };
    sheet.text(asked, head, Size::Headline, PAPER, Align::Left);
    let address = [arrival.place.as_deref(), arrival.house.as_deref()];
    let address = address.into_iter().flatten().collect::<Vec<_>>().join(", ");
    let lines = [arrival.plate.as_deref().unwrap_or("-"), arrival.purpose.in_language(language), &address];
    let height = rest.height / 4;
    for line in lines {
        sheet.foreign(line, rest.cut_top(height), Size::Headline, PAPER, Align::Left);
    }
    let span = match arrival.span {
        Stay::Days(days) => words.arrival_days.replace(DAYS, &days.min(999).to_string()),
        Stay::Minutes(Some(minutes)) => format!("{} {} {}", words.trip, minutes.min(9999), words.minutes),
        Stay::Minutes(None) => return,
    };
    sheet.text(&span, rest, Size::Body, CAPTION, Align::Left);
}
