//! One file per screen, and what several of them have in common.

use crate::colour::{ADMIT, DARK, Pair, REFUSE};
use crate::font::Size;
use crate::icon;
use crate::place::Place;
use crate::sheet::{Align, Sheet};
use crate::text::Words;
use crate::view::{Card, Language};

pub mod admitted_before;
pub mod arrival;
pub mod closed;
pub mod enrol;
pub mod fault;
pub mod hint;
pub mod idle;
pub mod letters;
pub mod menu;
pub mod recent;
pub mod run;
pub mod sign_in;
pub mod stick;
pub mod verdict;

mod fact_row;

/// A sign on the left, a word and a line beside it.
fn head(
    sheet: &mut Sheet<'_>,
    mut place: Place,
    pair: Pair,
    sign: impl FnOnce(&mut Sheet<'_>, Place),
    word: &str,
    line: &str,
) {
    let gap = sheet.share(25);
    let side = place.height.min(place.width / 4);
    sign(sheet, place.cut_left(side).square());
    place.cut_left(gap);
    let below = place.cut_bottom(place.height * 38 / 100);
    sheet.text(word, place, Size::Word, pair, Align::Left);
    sheet.text(line, below, Size::Headline, pair, Align::Left);
}

/// What the two keys say: each word on the colour and with the letters that are on the key. Each always
/// stands in the same half, above its key.
fn keys(sheet: &mut Sheet<'_>, place: Place, words: &Words, yes: Option<&str>, no: Option<&str>) {
    sheet.fill(place, DARK.ground);
    let gap = sheet.share(16);
    let mut left = place;
    let right = left.cut_right(place.width * 45 / 100);
    let longest = if words.yes.chars().count() > words.no.chars().count() { words.yes } else { words.no };
    for (half, key, says, pair) in [(left, words.yes, yes, ADMIT), (right, words.no, no, REFUSE)] {
        let Some(says) = says else { continue };
        let mut half = half.inset(gap);
        let room = Place { width: place.width / 7, height: half.height - 2 * gap, ..half };
        let (mut set, _) = sheet.set(longest, room, Size::Headline);
        let cap = half.cut_left(set.width() + 2 * gap);
        set.lines = vec![key.to_owned()];
        sheet.card(cap, pair.ground, pair.letters, (gap / 6).max(1));
        sheet.write(&set, cap, pair, Align::Middle);
        half.cut_left(gap);
        sheet.text(says, half, Size::Body, DARK, Align::Left);
    }
}

/// The line that holds for every pass that is not refused.
fn only_with_document(sheet: &mut Sheet<'_>, mut line: Place, words: &Words, pair: Pair) {
    let sign = line.cut_left(line.height * 5 / 4);
    icon::document(sheet, sign, pair.letters);
    line.cut_left(sheet.share(10));
    sheet.text(words.only_with_document, line, Size::Small, pair, Align::Left);
}

/// Kind, issuer and end of validity, as far as they are known; empty when none is.
fn described(card: &Card, language: Language) -> String {
    let words = crate::text::words(language);
    let kind = card.kind.as_ref().map(|names| names.in_language(language).to_owned());
    let presented = card.presented.map(|presented| words.presented[presented as usize].to_owned());
    let ends = card.ends.as_ref().map(|ends| format!("{} {ends}", words.until));
    // Nothing proves what a code says of itself.
    let claimed = card.claimed_until.as_ref().map(|claimed| format!("{} {claimed}", words.claimed));
    let minutes = card.minutes.map(|minutes| format!("{} {minutes} {}", words.trip, words.minutes));
    let all = [kind, presented, card.issuer.clone(), ends, claimed, minutes, card.route.clone()];
    all.into_iter().flatten().collect::<Vec<_>>().join(", ")
}
