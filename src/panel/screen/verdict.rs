//! A vehicle has been judged: what to do, why, what to compare, which key.

use verdict::{Outcome, Reason};

use super::{described, fact_row, head, keys};
use crate::colour::{self, Pair};
use crate::facts::{Fact, facts};
use crate::font::Size;
use crate::icon;
use crate::place::Place;
use crate::sheet::{Align, Sheet};
use crate::text::{self, Words};
use crate::view::{Card, Language};

/// The field and the letters of an outcome.
pub const fn pair(outcome: Outcome) -> Pair {
    match outcome {
        Outcome::Admit => colour::ADMIT,
        Outcome::Check => colour::CHECK,
        Outcome::Refuse => colour::REFUSE,
    }
}

/// Draws it.
pub fn draw(sheet: &mut Sheet<'_>, place: Place, language: Language, card: &Card) {
    let (words, pair) = (text::words(language), pair(card.outcome));
    let (word, sign): (_, fn(&mut Sheet<'_>, Place, _)) = match card.outcome {
        Outcome::Admit => (words.admit, icon::tick),
        Outcome::Check => (words.check, icon::magnifier),
        Outcome::Refuse => (words.refuse, icon::cross),
    };
    let said = card.reasons.first().map_or(words.proven, |reason| text::reason(language, *reason));
    sheet.fill(place, pair.ground);
    let (margin, gap) = (sheet.share(25), sheet.share(14));

    let mut rest = place;
    let keys_place = rest.cut_bottom(sheet.share(125).min(place.height / 6));
    let yes = (card.outcome != Outcome::Refuse).then(|| agreed(words, card));
    keys(sheet, keys_place, words, yes, Some(words.turn_back));

    rest = rest.inset_by(margin, margin);
    let top = rest.cut_top(place.height * 30 / 100);
    head(sheet, top, pair, |sheet, at| sign(sheet, at, pair.letters), word, said.headline);
    rest.cut_top(gap);

    // From the bottom up, so that what holds for every pass always stands in the same place.
    if card.outcome != Outcome::Refuse {
        let line = rest.cut_bottom(sheet.share(52).max(13));
        only_with_document(sheet, line, words, pair);
        rest.cut_bottom(gap / 2);
    }
    let about = described(card, language);
    if !about.is_empty() && card.outcome != Outcome::Refuse || card.reasons.first() == Some(&Reason::Revoked) {
        let (set, _) = sheet.set(&about, Place { height: sheet.share(110).max(26), ..rest }, Size::Small);
        let lines = rest.cut_bottom(set.height());
        sheet.write(&set, lines, pair, Align::Left);
        rest.cut_bottom(gap);
    }

    let facts: Vec<Fact<'_>> = facts(card, sheet.is_wide());
    if !facts.is_empty() {
        let share = if card.reasons.is_empty() { 75 } else { 56 };
        let row = rest.cut_top(rest.height * share / 100);
        fact_row::draw(sheet, row, words, &facts);
        rest.cut_top(gap);
    }
    advice(sheet, rest, language, card, said.advice, pair);
}

/// What *yes* says: that the facts compared agree, where there is something to compare.
fn agreed<'a>(words: &'a Words, card: &Card) -> &'a str {
    let first = card.reasons.iter().find(|r| {
        matches!(
            r,
            Reason::ComparePlate | Reason::PartialPlate | Reason::PlateReadingDoubtful | Reason::CompareDocument
        )
    });
    match first {
        Some(Reason::CompareDocument) => words.document_agrees,
        Some(_) => words.plate_agrees,
        None => words.let_pass,
    }
}

fn only_with_document(sheet: &mut Sheet<'_>, mut line: Place, words: &Words, pair: Pair) {
    let sign = line.cut_left(line.height * 5 / 4);
    icon::document(sheet, sign, pair.letters);
    line.cut_left(sheet.share(10));
    sheet.text(words.only_with_document, line, Size::Small, pair, Align::Left);
}

/// What to do, and below it the further reasons: all of them, or as many as there is room for and the
/// number of the others.
fn advice(sheet: &mut Sheet<'_>, mut place: Place, language: Language, card: &Card, advice: &str, pair: Pair) {
    let words = text::words(language);
    let further = card.reasons.get(1..).unwrap_or_default();
    // Where nothing is to be compared there is room to say it large.
    let size = if place.height > sheet.share(230) { Size::Headline } else { Size::Body };
    if !further.is_empty() {
        let below = place.cut_bottom(place.height * 45 / 100);
        let tell = |shown: usize| {
            let headlines = further[..shown].iter().map(|r| text::reason(language, *r).headline).collect::<Vec<_>>();
            let others = further.len() - shown;
            match (shown, others) {
                (_, 0) => format!("{} {}.", words.further, headlines.join("; ")),
                (0, _) => format!("{} {others}", words.and_more),
                _ => format!("{} {}; {} {others}.", words.further, headlines.join("; "), words.and_more),
            }
        };
        let told = (0..=further.len()).rev().map(tell).find(|told| sheet.set(told, below, Size::Small).1);
        match told {
            Some(told) => _ = sheet.text(&told, below, Size::Small, pair, Align::Top),
            None => sheet.note(|| format!("no room for further reasons in {below:?}")),
        }
    }
    sheet.text(advice, place, size, pair, if further.is_empty() { Align::Left } else { Align::Top });
}
