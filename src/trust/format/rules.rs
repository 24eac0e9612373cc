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
