//! A list: each entry beside the digit that chooses it.

use crate::colour::{DARK, PAPER, WARNING};
use crate::desk::{Choice, Menu, Title};
use crate::font::Size;
use crate::icon;
use crate::place::Place;
use crate::sheet::{Align, Sheet};
use crate::text::{self, Words};
use crate::view::Language;

/// Entries of the longest page.
const ROWS: i32 = 9;

/// Draws it.
pub fn draw(sheet: &mut Sheet<'_>, place: Place, language: Language, menu: &Menu) {
    let words = text::words(language);
    sheet.fill(place, DARK.ground);
    let (margin, gap) = (sheet.share(22), sheet.share(10));
    let mut rest = place.inset_by(margin, gap);
    let title = rest.cut_top(sheet.share(95).max(20));
    sheet.text(words.titles[menu.title as usize], title, Size::Headline, DARK, Align::Left);
    foot(sheet, rest.cut_bottom(sheet.share(75).max(17)), words, menu);
    rest.cut_bottom(gap);

    let rows = i32::try_from(menu.choices.len()).unwrap_or(ROWS).max(5);
    let height = (rest.height - (rows - 1) * gap) / rows;
    let size = if rows > 5 { Size::Body } else { Size::Headline };
    for (digit, choice) in &menu.choices {
        let mut row = rest.cut_top(height);
        rest.cut_top(gap);
        let key = row.cut_left(height.min(sheet.share(110)));
        sheet.card(key, PAPER.ground, PAPER.letters, 1);
        sheet.foreign(&digit.to_string(), key.inset(2), size, PAPER, Align::Middle);
        row.cut_left(2 * gap);
        let own = match choice {
            Choice::Named(names) => {
                sheet.foreign(names.in_language(language), row, size, DARK, Align::Left);
                continue;
            }
            Choice::Override(why) => words.overrides[*why as usize],
            Choice::Exemptions => words.choices[0],
            Choice::Overrides => words.choices[1],
            Choice::Arrivals => words.choices[2],
            Choice::Recent => words.choices[3],
            Choice::SignOut => words.choices[4],
            Choice::Trips => words.choices[5],
            Choice::OtherPlace => words.choices[6],
        };
        sheet.text(own, row, size, DARK, Align::Left);
    }
}

fn foot(sheet: &mut Sheet<'_>, mut place: Place, words: &Words, menu: &Menu) {
    let close = place.cut_right(place.width * 30 / 100);
    sheet.text(&format!("{}: {}", words.no, words.close), close, Size::Small, DARK, Align::Right);
    match (menu.page, &menu.shift, menu.title) {
        ((page, pages @ 2..), ..) => {
            let said = format!("0: {} ({page}/{pages})", words.further_page);
            sheet.foreign(&said, place, Size::Small, DARK, Align::Left);
        }
        (_, Some(pseudonym), _) => {
            let side = place.height;
            icon::badge(sheet, place.cut_left(side), DARK.letters, DARK.ground);
            place.cut_left(sheet.share(10));
            sheet.foreign(&format!("{} {pseudonym}", words.shift), place, Size::Small, DARK, Align::Left);
        }
        (_, None, Title::Menu) => _ = sheet.text(words.no_shift, place, Size::Small, WARNING, Align::Left),
        (_, None, _) => {}
    }
}
