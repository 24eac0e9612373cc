//! The base of a rules stream: an array of revocations by rule.

use verdict::Rule;

use super::strict;
use crate::Error;

/// Most rules of one stream.
pub const MOST_RULES: usize = 16_384;

/// Longest kid or issuer in bytes.
const LONGEST_NAME: usize = 64;

/// Reads a base. Conditions that this version does not know are overlooked: it revokes more then, never less.
///
/// # Errors
/// [`Error::Malformed`] for one that would revoke everything, [`Error::TooLong`] for too many.
pub fn read_rules(base: &[u8]) -> Result<Vec<Rule>, Error> {
    let rules: Vec<Rule> = strict(base, "rules")?;
    if rules.len() > MOST_RULES {
        return Err(Error::TooLong("the rules"));
    }
    let is_short = |rule: &Rule| {
        rule.kid.as_ref().is_none_or(|kid| (1..=LONGEST_NAME).contains(&kid.len()))
            && rule.issuer.as_ref().is_none_or(|issuer| (1..=LONGEST_NAME).contains(&issuer.len()))
    };
    if rules.iter().all(|rule| rule.is_sound() && is_short(rule)) { Ok(rules) } else { Err(Error::Malformed("rules")) }
}

/// Writes a base: one set of rules, one encoding.
pub fn write_rules(mut rules: Vec<Rule>) -> Vec<u8> {
    rules.sort_unstable();
    rules.dedup();
    wire::encode(&rules)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_rule() -> impl Strategy<Value = Rule> {
        let (kid, kind) = (proptest::option::of(prop::collection::vec(any::<u8>(), 1..20)), any::<Option<u16>>());
        (kid, kind, proptest::option::of("[A-Z-]{1,20}"), any::<Option<i64>>())
            .prop_map(|(kid, kind, issuer, issued_before)| Rule { kid, kind, issuer, issued_before })
            .prop_filter("says something", Rule::is_sound)
    }

    proptest! {
        #[test]
        fn rules_are_read_as_written_in_one_encoding(rules in prop::collection::vec(any_rule(), 0..8)) {
            let base = write_rules(rules.clone());
            let mut turned = rules;
            turned.reverse();
            prop_assert_eq!(&write_rules(turned), &base);
            prop_assert_eq!(write_rules(read_rules(&base).unwrap()), base);
        }
    }

    #[test]
    fn a_rule_that_would_revoke_everything_is_no_rule() {
        let rule = |kid, kind| Rule { kid, kind, issuer: Some("RU-TVE".to_owned()), issued_before: None };
        for bad in [rule(None, None), rule(Some(vec![]), None), rule(Some(vec![0; 65]), None)] {
            assert!(matches!(read_rules(&wire::encode(&vec![bad])), Err(Error::Malformed(_))));
        }
        let many = vec![rule(None, Some(1)); MOST_RULES + 1];
        assert!(matches!(read_rules(&wire::encode(&many)), Err(Error::TooLong(_))));
    }
}
