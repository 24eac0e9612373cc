//! Which facts of a card are written large: what the officer is to compare, and nothing beside it.

use verdict::{Outcome, Reason};

use crate::view::Card;

/// What stands above a plate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// Bound by the pass.
    Pass,
    /// Read from the car.
    Car,
}

/// One thing written large.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact<'a> {
    /// A plate.
    Plate(Whose, &'a str),
    /// Several plates, any of which will do.
    Plates(&'a [String]),
    /// Holder, birth and digits of the document, as far as the pass shows them.
    Document(&'a Card),
    /// The end of validity.
    Ends(&'a str),
    /// The end of validity that a code claims, and nothing proves.
    Claimed(&'a str),
}

/// Whether what the card says of the pass is what its issuer signed. Of a forged pass nothing is repeated: it
/// would lend the panel's word to whoever forged it.
pub fn is_proven(card: &Card) -> bool {
    !card.reasons.iter().any(|reason| matches!(reason, Reason::Forged | Reason::UnknownKey))
}

/// The facts of a card, the one to compare first. `roomy` says that there is room for what is not asked for
/// but helps: the document, which every pass needs beside it.
pub fn facts(card: &Card, roomy: bool) -> Vec<Fact<'_>> {
    let says = |reason| card.reasons.contains(&reason);
    let mut facts = Vec::new();
    if card.outcome == Outcome::Refuse {
        match card.reasons.first().filter(|_| is_proven(card)) {
            Some(Reason::WrongPlate) => side_by_side(card, &mut facts),
            Some(Reason::Expired) => facts.extend(card.ends.as_deref().map(Fact::Ends)),
            _ => {}
        }
        return facts;
    }
    if says(Reason::ClockInDoubt) && card.reasons.first() == Some(&Reason::ClockInDoubt) {
        facts.extend(card.ends.as_deref().map(Fact::Ends));
    }
    // What a device has read is compared by eye, beside the plate in the pass.
    if says(Reason::PlateReadingDoubtful) || says(Reason::PartialPlate) || card.by_feed && card.plates.len() == 1 {
        side_by_side(card, &mut facts);
    } else {
        bound(card, &mut facts);
    }
    let has_document = card.holder.is_some() || card.birth.is_some() || card.id_digits.is_some();
    let asked = says(Reason::CompareDocument) || says(Reason::PartialPlate);
    if has_document && (asked || facts.is_empty() || roomy && facts.len() < 2 && card.plates.len() < 2) {
        facts.push(Fact::Document(card));
    }
    if says(Reason::CompareDocument) && !says(Reason::ComparePlate) && !says(Reason::PartialPlate) {
        facts.retain(|fact| matches!(fact, Fact::Document(_) | Fact::Ends(_)));
    }
    if facts.is_empty() {
        facts.extend(card.claimed_until.as_deref().map(Fact::Claimed));
    }
    // More than two stand too small to be read from where the officer stands.
    facts.truncate(if roomy { 3 } else { 2 });
    facts
}

fn side_by_side<'a>(card: &'a Card, facts: &mut Vec<Fact<'a>>) {
    facts.extend(card.plate_seen.as_deref().map(|plate| Fact::Plate(Whose::Car, plate)));
    bound(card, facts);
}

fn bound<'a>(card: &'a Card, facts: &mut Vec<Fact<'a>>) {
    match card.plates.as_slice() {
        [] => {}
        [plate] => facts.push(Fact::Plate(Whose::Pass, plate)),
        plates => facts.push(Fact::Plates(plates)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::card;

    #[test]
    fn a_plate_to_compare_stands_alone_on_a_small_panel() {
        let card = card(&[Reason::ComparePlate]);
        assert_eq!(facts(&card, false), [Fact::Plate(Whose::Pass, "A123BC77")]);
        assert_eq!(facts(&card, true), [Fact::Plate(Whose::Pass, "A123BC77"), Fact::Document(&card)]);
    }

    #[test]
    fn a_wrong_or_doubtful_plate_stands_beside_the_one_in_the_pass() {
        for reason in [Reason::WrongPlate, Reason::PlateReadingDoubtful] {
            let card = card(&[reason]);
            assert_eq!(
                facts(&card, false),
                [Fact::Plate(Whose::Car, "A128BC77"), Fact::Plate(Whose::Pass, "A123BC77")]
            );
        }
    }

    #[test]
    fn a_plate_that_a_device_has_read_stands_beside_the_one_in_the_pass() {
        let mut card = card(&[]);
        (card.plate_seen, card.by_feed) = (Some("A123BC77".into()), true);
        let both = [Fact::Plate(Whose::Car, "A123BC77"), Fact::Plate(Whose::Pass, "A123BC77")];
        assert_eq!(facts(&card, false), both);
    }

    #[test]
    fn what_a_code_claims_is_shown_as_a_claim_where_nothing_is_proven() {
        let mut card = card(&[Reason::RegisterMissing]);
        card.plates.clear();
        (card.holder, card.birth, card.id_digits, card.ends) = (None, None, None, None);
        card.claimed_until = Some("11.04".into());
        assert_eq!(facts(&card, false), [Fact::Claimed("11.04")]);
    }

    #[test]
    fn nothing_of_a_forged_pass_is_repeated() {
        assert_eq!(facts(&card(&[Reason::Forged]), true), []);
        assert!(!is_proven(&card(&[Reason::Revoked, Reason::UnknownKey])));
        assert!(is_proven(&card(&[Reason::Revoked])));
    }

    #[test]
    fn a_document_to_compare_is_not_crowded_out() {
        let card = card(&[Reason::CompareDocument]);
        assert_eq!(facts(&card, false), [Fact::Document(&card)]);
    }

    #[test]
    fn a_clock_in_doubt_shows_the_end_of_validity() {
        assert_eq!(facts(&card(&[Reason::ClockInDoubt]), false)[0], Fact::Ends("30.06.2020 23:59"));
    }
}
