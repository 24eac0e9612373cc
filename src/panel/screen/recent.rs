//! The last crossings: a line each, nothing of a person.

use verdict::Outcome;

use crate::colour::{CAPTION, DARK, PAPER};
use crate::desk::{Ending, Past};
use crate::font::Size;
use crate::icon;
use crate::place::Place;
use crate::sheet::{Align, Sheet};
use crate::text;
use crate::view::Language;

/// Lines there is room for.
const ROWS: i32 = 10;

/// Draws it.
pub fn draw(sheet: &mut Sheet<'_>, place: Place, language: Language, recent: &[Past]) {
    let words = text::words(language);
    sheet.fill(place, PAPER.ground);
    let margin = sheet.share(22);
    let mut rest = place;
    let mut title = rest.cut_top(sheet.share(85).max(18));
    sheet.fill(title, DARK.ground);
    title = title.inset_by(margin, 1);
    let close = title.cut_right(title.width * 30 / 100);
    sheet.text(&format!("{}: {}", words.no, words.close), close, Size::Small, DARK, Align::Right);
    sheet.text(words.recent, title, Size::Body, DARK, Align::Left);
    rest = rest.inset_by(margin, sheet.share(6));
    let height = rest.height / ROWS;
    for past in recent.iter().take(ROWS as usize) {
        let mut row = rest.cut_top(height);
        let time = row.cut_left(row.width * 17 / 100);
        sheet.foreign(&past.at, time, Size::Small, PAPER, Align::Left);
        let sign = row.cut_left(height).inset((height / 8).max(1));
        match past.outcome {
            Some(Outcome::Admit) => icon::tick(sheet, sign, PAPER.letters),
            Some(Outcome::Check) => icon::magnifier(sheet, sign, PAPER.letters),
            Some(Outcome::Refuse) => icon::cross(sheet, sign, PAPER.letters),
            None => {}
        }
        row.cut_left(margin / 2);
        let ending = row.cut_right(row.width * 33 / 100);
        sheet.text(words.endings[past.ending as usize], ending, Size::Small, PAPER, Align::Left);
        let plate = row.cut_left(row.width * 54 / 100);
        sheet.foreign(past.plate.as_deref().unwrap_or("-"), plate, Size::Small, PAPER, Align::Left);
        row.cut_right(margin / 2);
        let kind = past.kind.as_ref().map(|kind| kind.in_language(language));
        match (kind, past.outcome) {
            (Some(kind), _) => _ = sheet.foreign(kind, row, Size::Small, CAPTION, Align::Left),
            (None, None) if past.ending != Ending::Undecided => {
                // Where there is no room for it, no sign before the plate says the same.
                let (set, whole) = sheet.set(words.without_pass, row, Size::Small);
                if whole {
                    sheet.write(&set, row, CAPTION, Align::Left);
                }
            }
            _ => {}
        }
    }
}
