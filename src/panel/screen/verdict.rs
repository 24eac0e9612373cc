//! A vehicle has been judged: what to do, why, what to compare, which key.

use verdict::{Outcome, Reason};

use super::{described, fact_row, head, keys, only_with_document};
use crate::bar::hours;
use crate::colour::{self, Pair};
use crate::facts::{Fact, facts, is_proven};
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
    let is_marked = card.reasons.contains(&Reason::RegisterAlert);
    let said = card.reasons.first().map_or(words.proven, |reason| text::reason(language, *reason));
    let advice = said.advice.replace(text::AGE, &hours(words, card.list_age_minutes));
    sheet.fill(place, pair.ground);
    let (margin, gap) = (sheet.share(25), sheet.share(14));

    let mut rest = place;
    let keys_place = rest.cut_bottom(sheet.share(125).min(place.height / 6));
    let yes = (card.outcome != Outcome::Refuse).then(|| agreed(words, card));
    keys(sheet, keys_place, words, yes, Some(words.turn_back));

    rest = rest.inset_by(margin, margin / 2);
    let mut top = rest.cut_top(sheet.share(285).min(place.height * 31 / 100));
    if is_marked {
        // For the officer, who knows what it stands for: no word of it can be read over a shoulder.
        let side = top.height * 45 / 100;
        let mark = top.cut_right(side);
        icon::mark(sheet, Place { height: side, ..mark }, pair.letters, pair.ground);
        top.cut_right(gap);
    }
    head(sheet, top, pair, |sheet, at| sign(sheet, at, pair.letters), word, said.headline);
    rest.cut_top(gap);

    // From the bottom up, so that what holds for every pass always stands in the same place.
    if card.outcome != Outcome::Refuse {
        let line = rest.cut_bottom(sheet.share(55).max(13));
        only_with_document(sheet, line, words, pair);
        rest.cut_bottom(gap / 2);
    }

    // What is to be compared has the first claim on the room, then what to do, then what the pass is.
    let facts = facts(card, sheet.is_wide());
    let claim = match facts.as_slice() {
        [] => sheet.share(110),
        [Fact::Plate(..), Fact::Plate(..)] => sheet.share(320),
        _ => sheet.share(190),
    };
    let about = described(card, language);
    if !about.is_empty() && is_proven(card) {
        let line = Place { height: sheet.share(55).max(13), ..rest };
        let (set, whole) = sheet.set(&about, line, Size::Small);
        let set = if whole { set } else { sheet.set(&about, Place { height: 2 * line.height, ..line }, Size::Small).0 };
        if rest.height - set.height() - gap >= claim + sheet.share(60) {
            let lines = rest.cut_bottom(set.height());
            sheet.write(&set, lines, pair, Align::Left);
            rest.cut_bottom(gap);
        }
    }
    further(sheet, &mut rest, language, card, pair, claim);
    if facts.is_empty() {
        sheet.text(&advice, rest, Size::Headline, pair, Align::Left);
        return;
    }
    // Without room for it the headline has said enough, as the fact itself is on the panel.
    let spare = (rest.height - claim - gap).min(sheet.share(115));
    let (set, whole) = sheet.set(&advice, Place { height: spare, ..rest }, Size::Body);
    if whole {
        let lines = rest.cut_bottom(set.height());
        sheet.write(&set, lines, pair, Align::Left);
        rest.cut_bottom(gap);
    }
    fact_row::draw(sheet, rest, words, &facts);
}

/// What *yes* says: that the facts compared agree, where there is something to compare.
fn agreed<'a>(words: &'a Words, card: &Card) -> &'a str {
    let first = card.reasons.iter().find(|r| {
        matches!(
            r,
            Reason::ComparePlate
                | Reason::PartialPlate
                | Reason::PlateReadingDoubtful
                | Reason::CompareDocument
                | Reason::CompareNext
        )
    });
    match first {
        Some(Reason::CompareDocument | Reason::CompareNext) => words.document_agrees,
        Some(_) => words.plate_agrees,
        None => words.let_pass,
    }
}

/// The reasons after the first: all of them, or as many as there is room for and the number of the others.
fn further(sheet: &mut Sheet<'_>, rest: &mut Place, language: Language, card: &Card, pair: Pair, claim: i32) {
    let words = text::words(language);
    let further = card.reasons.get(1..).unwrap_or_default();
    if further.is_empty() {
        return;
    }
    let tell = |shown: usize| {
        let headlines = further[..shown].iter().map(|r| text::reason(language, *r).headline).collect::<Vec<_>>();
        match (shown, further.len() - shown) {
            (_, 0) => format!("{} {}.", words.further, headlines.join("; ")),
            (0, others) => format!("{} {others}", words.and_more),
            (_, others) => format!("{} {}; {} {others}.", words.further, headlines.join("; "), words.and_more),
        }
    };
    let room = Place { height: (rest.height - claim).clamp(sheet.share(60), sheet.share(130)), ..*rest };
    let told = (0..=further.len()).rev().map(tell).map(|told| sheet.set(&told, room, Size::Small));
    match told.into_iter().find(|(_, whole)| *whole) {
        Some((set, _)) => {
            let lines = rest.cut_bottom(set.height());
            sheet.write(&set, lines, pair, Align::Left);
            rest.cut_bottom(sheet.share(14));
        }
        None => sheet.note(|| format!("no room for further reasons in {room:?}")),
    }
}
