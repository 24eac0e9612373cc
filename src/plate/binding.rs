//! The plate in a pass, the plate on the car, and what comparing them says.

use crate::{fold, grammar};

/// A plate as a pass binds it: folded, `?` where the pass leaves a place open.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Binding(String);

/// A text that binds no plate: empty, too long, or with characters no plate has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} does not bind a plate")]
pub struct BadBinding(pub String);

impl Binding {
    /// Folds and checks what a pass binds. Three digits alone are those of a car's plate, `?123??`: so people write
    /// them who ask for no more.
    ///
    /// # Errors
    /// [`BadBinding`] for fewer than three bound places: that would bind nobody.
    pub fn new(text: &str) -> Result<Self, BadBinding> {
        let mut folded = fold(text);
        if folded.len() == 3 && folded.bytes().all(|b| b.is_ascii_digit()) {
            folded = format!("?{folded}??");
        }
        let bound = folded.chars().filter(|c| *c != '?').count();
        if bound < 3 || !folded.is_ascii() { Err(BadBinding(text.to_owned())) } else { Ok(Self(folded)) }
    }

    /// The binding as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it leaves places, or the region, open.
    pub fn is_partial(&self) -> bool {
        self.0.contains('?') || self.lacks_region()
    }

    fn lacks_region(&self) -> bool {
        grammar::is_base(&self.0) && !is_plate(&self.0)
    }

    /// Compares with what was read from the car.
    pub fn compare(&self, reading: &Reading) -> Match {
        let seen = reading.folded();
        if !self.is_partial() {
            return match differences(&self.0, seen) {
                Some(0) => Match::Agrees,
                // Forgiven only when the reading is no plate as it stands, and the pass binds one: then it must be
                // misread. What a foreign plate looks like is not known, so of one nothing is forgiven.
                Some(_) if is_plate(&self.0) && !is_plate(seen) => Match::AgreesWithConfusion,
                _ => Match::Differs,
            };
        }
        let whole = std::iter::once(seen);
        let bases = grammar::parses(seen).filter_map(|p| seen.get(..p.base)).filter(|_| self.lacks_region());
        if whole.chain(bases).any(|text| differences(&self.0, text) == Some(0)) {
            Match::PartialAgrees
        } else {
            Match::Differs
        }
    }
}

/// What stands on the car, as a person or a device says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    raw: String,
    folded: String,
}

impl Reading {
    /// Keeps a reading with its folded form.
    pub fn new(raw: &str) -> Self {
        // `?` is a place left open in a pass; in a reading it is only dirt.
        Self { raw: raw.to_owned(), folded: fold(&raw.replace('?', "")) }
    }

    /// As it was read.
    pub fn raw(&self) -> &str {
        &self.raw
    }

    /// Folded.
    pub fn folded(&self) -> &str {
        &self.folded
    }
}

/// What comparing says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Match {
    /// The same plate.
    Agrees,
    /// The same but for characters that are easily misread, and the reading is no plate as it stands.
    AgreesWithConfusion,
    /// All that the pass binds fits, and it does not bind all.
    PartialAgrees,
    /// Another plate.
    Differs,
}

fn is_plate(folded: &str) -> bool {
    grammar::parses(folded).next().is_some()
}

/// Number of confused places when the texts agree but for those; `None` when they do not.
fn differences(bound: &str, seen: &str) -> Option<usize> {
    if bound.chars().count() != seen.chars().count() {
        return None;
    }
    bound.chars().zip(seen.chars()).try_fold(0, |confused, (b, s)| match b {
        '?' => Some(confused),
        b if b == s => Some(confused),
        b if easily_confused(b, s) => Some(confused + 1),
        _ => None,
    })
}

/// A letter and a digit that cameras and tired eyes take for each other.
fn easily_confused(a: char, b: char) -> bool {
    matches!((a.min(b), a.max(b)), ('0', 'O') | ('8', 'B') | ('1', 'T') | ('7', 'T'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn compare(bound: &str, seen: &str) -> Match {
        Binding::new(bound).unwrap().compare(&Reading::new(seen))
    }

    #[test]
    fn a_full_binding_agrees_with_its_own_plate_only() {
        assert_eq!(compare("А123ВС77", "a123bc 77 rus"), Match::Agrees);
        assert_eq!(compare("A123BC77", "A124BC77"), Match::Differs);
        assert_eq!(compare("A123BC77", "A123BC177"), Match::Differs);
        assert_eq!(compare("A123BC77", ""), Match::Differs);
    }

    #[test]
    fn a_misreading_is_forgiven_only_where_the_grammar_rules_it_out() {
        assert_eq!(compare("A123OC77", "A1230C77"), Match::AgreesWithConfusion);
        assert_eq!(compare("A808BC77", "A8O8BC77"), Match::AgreesWithConfusion);
        // Both are plates that exist: 1 and 7 are digits, so this is another car.
        assert_eq!(compare("A123BC77", "A723BC77"), Match::Differs);
        // A police plate, and a motorcycle's: plates in their own right, not misread ones.
        assert_eq!(compare("AB12377", "A812377"), Match::Differs);
        assert_eq!(compare("O123BC77", "0123BC77"), Match::Differs);
        // Whatever the type: the taxi's letters and digits, the diplomat's, the region's.
        assert_eq!(compare("BO12377", "B012377"), Match::Differs, "a police car's");
        assert_eq!(compare("OO12377", "0O12377"), Match::AgreesWithConfusion);
        assert_eq!(compare("001D00177", "0O1D00177"), Match::AgreesWithConfusion);
        assert_eq!(compare("A123BC177", "A123BCT77"), Match::AgreesWithConfusion);
        assert_eq!(compare("A123BC178", "A123BC17B"), Match::AgreesWithConfusion);
        // Only what looks alike, and only in its place.
        assert_eq!(compare("A123OC77", "A123CO77"), Match::Differs);
        assert_eq!(compare("A123OC77", "A123XC77"), Match::Differs);
        // Nobody knows where a foreign plate has letters.
        assert_eq!(compare("WO8123", "W08123"), Match::Differs);
    }

    #[test]
    fn three_digits_can_only_ever_be_a_possible_match() {
        for seen in ["A123BC77", "K123MX169", "A123BC"] {
            assert_eq!(compare("?123??", seen), Match::PartialAgrees, "{seen}");
        }
        for seen in ["A124BC77", "AB12377", "AB123477"] {
            assert_eq!(compare("?123??", seen), Match::Differs, "{seen}");
        }
        for seen in ["A123BC77", "K123MX169"] {
            assert_eq!(compare("123", seen), Match::PartialAgrees, "{seen}");
        }
        assert_eq!(compare("?123??69", "K123MX69"), Match::PartialAgrees);
        assert_eq!(compare("?123??69", "K123MX169"), Match::Differs);
        assert_eq!(compare("A123BC", "A123BC77"), Match::PartialAgrees);
        assert_eq!(compare("A123BC??", "A123BC77"), Match::PartialAgrees);
    }

    #[test]
    fn nothing_is_bound_by_fewer_than_three_places() {
        for text in ["", "???", "A?", "12", "ЯЯЯЯ"] {
            assert!(Binding::new(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn comparing_never_panics_and_a_partial_binding_never_agrees_fully(bound in "[A-Z0-9?]{3,9}", seen in "\\PC{0,12}") {
            if let Ok(binding) = Binding::new(&bound) {
                let found = binding.compare(&Reading::new(&seen));
                if binding.is_partial() {
                    prop_assert!(matches!(found, Match::PartialAgrees | Match::Differs));
                }
            }
        }

        #[test]
        fn a_plate_agrees_with_itself(text in "[ABEKMHOPCTYX][0-9]{3}[ABEKMHOPCTYX]{2}[0-9]{2}") {
            prop_assert_eq!(compare(&text, &text), Match::Agrees);
        }
    }
}
