//! Letters are being chosen: what stands on which digit, where that digit stands on the keypad.

use verdict::Outcome;

use super::verdict::pair;
use crate::colour::{BAR, DARK, PAPER};
use crate::desk::Letters;
use crate::font::Size;
use crate::place::Place;
use crate::sheet::{Align, Sheet};
use crate::text::Words;

/// The verdict that stands while somebody types.
pub fn band(sheet: &mut Sheet<'_>, place: Place, words: &Words, outcome: Outcome) {
    let pair = pair(outcome);
    let word = match outcome {
        Outcome::Admit => words.admit,
        Outcome::Check => words.check,
        Outcome::Refuse => words.refuse,
    };
    sheet.fill(place, pair.ground);
    sheet.text(word, place.inset_by(sheet.share(22), 1), Size::Headline, pair, Align::Middle);
}

/// Draws the digits as they stand on a keypad, each with its letters.
pub fn draw(sheet: &mut Sheet<'_>, place: Place, words: &Words, letters: &Letters) {
    sheet.fill(place, DARK.ground);
    let (margin, gap) = (sheet.share(22), sheet.share(14));
    let mut rest = place.inset_by(margin, gap / 2);
    let mut head = rest.cut_top(sheet.share(70).max(16));
    let then = if letters.then_menu { words.menu_menu } else { words.menu_digits };
    let menu = head.cut_right(head.width * 48 / 100);
    let what = if letters.named { words.choose_letter } else { words.choose_group };
    sheet.text(what, head, Size::Small, DARK, Align::Left);
    sheet.text(&format!("{}: {then}", words.menu_key), menu, Size::Small, DARK, Align::Right);
    rest.cut_top(gap / 2);

    // A row of the keypad: 1 2 3, 4 5 6, 7 8 9, and 0 under the 8.
    let row_of = |digit: u8| if digit == 0 { 3 } else { i32::from(digit - 1) / 3 };
    let column_of = |digit: u8| if digit == 0 { 1 } else { i32::from(digit - 1) % 3 };
    let rows = letters.choices.iter().map(|(digit, _)| row_of(*digit) + 1).max().unwrap_or(1);
    let (width, height) = ((rest.width - 2 * gap) / 3, (rest.height - (rows - 1) * gap) / rows);
    // A blank is no sign that can be seen.
    let seen = |signs: &str| signs.replace(' ', "_");
    // All in one size, so that none looks more likely than another.
    let longest = letters.choices.iter().map(|(_, signs)| seen(signs)).max_by_key(|signs| signs.chars().count());
    // Tails such as that of Q, and marks above, need room as well.
    let inner = Place::new(0, 0, width - width / 4 - gap, height * 7 / 10);
    let (mut set, _) = sheet.set(&longest.unwrap_or_default(), inner, Size::Fact);
    for (digit, signs) in &letters.choices {
        let left = rest.left + column_of(*digit) * (width + gap);
        let mut cell = Place::new(left, rest.top + row_of(*digit) * (height + gap), width, height);
        sheet.card(cell, PAPER.ground, PAPER.letters, (gap / 6).max(1));
        let key = cell.cut_left(width / 4);
        sheet.card(key, BAR.ground, PAPER.letters, (gap / 6).max(1));
        sheet.foreign(&digit.to_string(), key.inset(1), Size::Headline, BAR, Align::Middle);
        set.lines = vec![seen(signs)];
        sheet.write(&set, cell, PAPER, Align::Middle);
    }
}
