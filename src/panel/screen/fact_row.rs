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
    if let [Fact::Plate(one, a), Fact::Plate(other, b)] = facts {
        return above_each_other(sheet, rest, words, [(*one, *a, *b), (*other, *b, *a)]);
    }
    let width = rest.width - gap * (facts.len() as i32 - 1);
    for (i, fact) in facts.iter().enumerate() {
        let last = i + 1 == facts.len();
        let column = if last { rest } else { rest.cut_left(width * weight(fact) / all) };
        if !last {
            let line = rest.cut_left(gap);
            sheet.fill(line.middle((gap / 8).max(1), line.height), CAPTION.letters);
        }
        one(sheet, column, words, fact, facts.len() == 1);
    }
}

fn one(sheet: &mut Sheet<'_>, mut place: Place, words: &Words, fact: &Fact<'_>, alone: bool) {
    if let Fact::Document(card) = fact {
        return document(sheet, place, words, card);
    }
    // A plate that stands alone under "compare the plate" needs its room more than a caption.
    if let (Fact::Plate(_, plate), true, false) = (fact, alone, sheet.is_wide()) {
        return plate_frame::draw(sheet, place, plate, None);
    }
    let caption = match fact {
        Fact::Plate(Whose::Car, _) => words.plate_on_car,
        Fact::Plate(Whose::Pass, _) => words.plate_in_pass,
        Fact::Plates(_) => words.plates_in_pass,
        Fact::Ends(_) | Fact::Document(_) => words.ends,
        Fact::Claimed(_) => words.claims,
    };
    let (set, whole) = sheet.set(caption, Place { height: place.height * 45 / 100, ..place }, Size::Small);
    if !whole {
        sheet.note(|| format!("no room for {caption:?} in {place:?}"));
    }
    let top = place.cut_top(set.height() + sheet.share(8));
    sheet.write(&set, top, CAPTION, Align::Middle);
    match fact {
        Fact::Plate(_, plate) => plate_frame::draw(sheet, place, plate, None),
        Fact::Plates(plates) => several(sheet, place, words, plates),
        Fact::Ends(ends) | Fact::Claimed(ends) => _ = sheet.foreign(ends, place, Size::Fact, PAPER, Align::Middle),
        Fact::Document(_) => {}
    }
}

/// The plate on the car and the one in the pass: sign under sign, as that is how they are compared.
fn above_each_other(sheet: &mut Sheet<'_>, mut place: Place, words: &Words, plates: [(Whose, &str, &str); 2]) {
    let gap = sheet.share(14);
    let captions = place.cut_left(place.width * 30 / 100);
    // Rows of one height, so that both plates have one size and their signs stand under each other.
    let height = place.height / 2;
    for (whose, plate, beside) in plates {
        let row = place.cut_top(height);
        let beside_it = Place { top: row.top, height: row.height, ..captions }.inset_by(gap / 2, 0);
        let caption = if whose == Whose::Car { words.plate_on_car } else { words.in_pass };
        sheet.text(caption, beside_it, Size::Small, CAPTION, Align::Left);
        plate_frame::draw(sheet, row.inset_by(gap / 2, gap / 4), plate, Some(beside));
    }
}

/// As many plates as can be read, two a row; the number of the others.
fn several(sheet: &mut Sheet<'_>, mut place: Place, words: &Words, plates: &[String]) {
    let row = plate_frame::least_height(sheet) + 2;
    let rows = (place.height / row).clamp(1, 2);
    let mut shown = plates.len().min(2 * rows as usize);
    if plates.len() > shown {
        // What is left out is counted where the last plate would stand.
        shown -= 1;
    }
    let others = plates.len() - shown;
    let mut cells: Vec<Option<&String>> = plates[..shown].iter().map(Some).collect();
    if others > 0 {
        cells.push(None);
    }
    let rows = cells.len().div_ceil(2) as i32;
    for (left, pair) in (1..=rows).rev().zip(cells.chunks(2)) {
        let mut line = place.cut_top(place.height / left);
        let width = line.width / pair.len() as i32;
        for cell in pair {
            let at = line.cut_left(width);
            match cell {
                Some(plate) => plate_frame::draw(sheet, at.inset(1), plate, None),
                None => {
                    let count = format!("{} {others}", words.and_more);
                    sheet.text(&count, at, Size::Small, CAPTION, Align::Middle);
                }
            }
        }
    }
}

/// Holder, birth, digits of the document: a name needs no caption and has the most room.
fn document(sheet: &mut Sheet<'_>, mut place: Place, words: &Words, card: &Card) {
    let gap = sheet.share(16);
    place = place.inset_by(gap, 0);
    // The digits are the last of a longer number, and look like it.
    let digits = card.id_digits.as_ref().map(|digits| format!("..{digits}"));
    let rest = [(words.birth, card.birth.as_deref()), (words.id_digits, digits.as_deref())];
    let rest: Vec<_> = rest.into_iter().filter_map(|(caption, value)| Some((caption, value?))).collect();
    let rows = rest.len() as i32 + i32::from(card.holder.is_some());
    let height = place.height / rows.max(1);
    if height < plate_frame::least_height(sheet) {
        let all = [card.holder.as_deref(), card.birth.as_deref(), digits.as_deref()];
        let all = all.into_iter().flatten().collect::<Vec<_>>().join(", ");
        sheet.foreign(&all, place, Size::Fact, PAPER, Align::Left);
        return;
    }
    if let Some(holder) = &card.holder {
        let row = place.cut_top(height);
        sheet.foreign(holder, row.inset_by(0, 1), Size::Fact, PAPER, Align::Left);
    }
    let longest =
        if words.birth.chars().count() > words.id_digits.chars().count() { words.birth } else { words.id_digits };
    let room = Place { width: place.width / 2, height, ..place };
    let (mut caption_set, whole) = sheet.set(longest, room, Size::Small);
    if !whole {
        sheet.note(|| format!("no room for {longest:?} in {room:?}"));
    }
    let width = caption_set.width();
    for (left, (caption, value)) in (0..rest.len() as i32).rev().zip(rest) {
        let mut row = place.cut_top(place.height / (left + 1));
        caption_set.lines = vec![caption.to_owned()];
        sheet.write(&caption_set, row.cut_left(width), CAPTION, Align::Left);
        row.cut_left(gap);
        sheet.foreign(value, row.inset_by(0, 1), Size::Fact, PAPER, Align::Left);
    }
}
