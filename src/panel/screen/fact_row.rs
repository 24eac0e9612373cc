//! The facts of a card, written large on white, side by side.

use crate::colour::{CAPTION, PAPER};
use crate::facts::{Fact, Whose};
use crate::font::Size;
use crate::place::Place;
use crate::plate_frame;
use crate::sheet::{Align, Sheet};
use crate::text::Words;
use crate::view::Card;

/// Draws them from left to right, the first one first.
pub fn draw(sheet: &mut Sheet<'_>, place: Place, words: &Words, facts: &[Fact<'_>]) {
    let gap = sheet.share(14);
    // A plate beside a document keeps most of the row: it is read from the car's distance.
    let weight = |fact: &Fact<'_>| if matches!(fact, Fact::Document(_)) { 4 } else { 6 };
    let all: i32 = facts.iter().map(weight).sum();
    sheet.card(place, PAPER.ground, PAPER.letters, (gap / 6).max(1));
    let mut rest = place.inset(gap / 2 + 1);
    let width = rest.width - gap * (facts.len() as i32 - 1);
    for (i, fact) in facts.iter().enumerate() {
        let last = i + 1 == facts.len();
        let column = if last { rest } else { rest.cut_left(width * weight(fact) / all) };
        if !last {
            let line = rest.cut_left(gap);
            sheet.fill(line.middle((gap / 8).max(1), line.height), CAPTION.letters);
        }
        one(sheet, column, words, fact);
    }
}

fn one(sheet: &mut Sheet<'_>, mut place: Place, words: &Words, fact: &Fact<'_>) {
    if let Fact::Document(card) = fact {
        return document(sheet, place, words, card);
    }
    let caption = match fact {
        Fact::Plate(Whose::Car, _) => words.plate_on_car,
        Fact::Plate(Whose::Pass, _) => words.plate_in_pass,
        Fact::Plates(_) => words.plates_in_pass,
        Fact::Ends(_) | Fact::Document(_) => words.ends,
    };
    let (set, whole) = sheet.set(caption, Place { height: place.height * 45 / 100, ..place }, Size::Small);
    if !whole {
        sheet.note(|| format!("no room for {caption:?} in {place:?}"));
    }
    let top = place.cut_top(set.height() + sheet.share(8));
    sheet.write(&set, top, CAPTION, Align::Middle);
    match fact {
        Fact::Plate(_, plate) => plate_frame::draw(sheet, place, plate),
        Fact::Plates(plates) => several(sheet, place, words, plates),
        Fact::Ends(ends) => _ = sheet.foreign(ends, place, Size::Fact, PAPER, Align::Middle),
        Fact::Document(_) => {}
    }
}

/// Up to four plates, two a row; the number of the others.
fn several(sheet: &mut Sheet<'_>, mut place: Place, words: &Words, plates: &[String]) {
    let shown = plates.len().min(4);
    if plates.len() > shown {
        let others = format!("{} {}", words.and_more, plates.len() - shown);
        let (set, _) = sheet.set(&others, place, Size::Small);
        let line = place.cut_bottom(set.height() + 2);
        sheet.write(&set, line, CAPTION, Align::Middle);
    }
    let rows = (shown as i32 + 1) / 2;
    for (row, pair) in plates[..shown].chunks(2).enumerate() {
        let height = place.height / (rows - row as i32).max(1);
        let mut line = place.cut_top(height);
        for (i, plate) in pair.iter().enumerate() {
            let cell = if i + 1 == pair.len() { line } else { line.cut_left(line.width / 2) };
            plate_frame::draw(sheet, cell.inset(1), plate);
        }
    }
}

/// Holder, birth, digits of the document: caption and value, one a row.
fn document(sheet: &mut Sheet<'_>, mut place: Place, words: &Words, card: &Card) {
    // The digits are the last of a longer number, and look like it.
    let digits = card.id_digits.as_ref().map(|digits| format!("...{digits}"));
    let rows = [
        (words.holder, card.holder.as_deref()),
        (words.birth, card.birth.as_deref()),
        (words.id_digits, digits.as_deref()),
    ];
    let rows: Vec<_> = rows.into_iter().filter_map(|(caption, value)| Some((caption, value?))).collect();
    let captions =
        rows.iter().map(|(caption, _)| sheet.set(caption, Place { width: place.width / 3, ..place }, Size::Small).0);
    let widest = captions.map(|set| set.width()).max().unwrap_or(0);
    let count = rows.len() as i32;
    for (i, (caption, value)) in (0..).zip(rows) {
        let mut row = place.cut_top(place.height / (count - i));
        let left = row.cut_left(widest);
        row.cut_left(sheet.share(16));
        sheet.text(caption, left, Size::Small, CAPTION, Align::Left);
        sheet.foreign(value, row.inset_by(0, 1), Size::Fact, PAPER, Align::Left);
    }
}
