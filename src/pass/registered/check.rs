//! Check digits: they find slips of the finger, and prove nothing.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

/// How a code or a number of a card is checked in itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Encode, Decode, Serialize, Deserialize)]
#[cbor(index_only)]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    /// Not at all.
    #[default]
    #[n(0)]
    None,
    /// The last character, after Luhn (ISO/IEC 7812-1, annex B); of other alphabets than the ten digits its
    /// generalisation, where each character counts as its place in the alphabet.
    #[n(1)]
    Luhn,
    /// The last two digits (ISO/IEC 7064, MOD 97-10); letters count as 10 to 35.
    #[n(2)]
    Mod97,
}

impl Check {
    /// Whether it holds.
    pub(super) fn holds(self, code: &str, alphabet: &str) -> bool {
        match self {
            Self::None => true,
            Self::Luhn => luhn(code, alphabet),
            Self::Mod97 => mod97(code),
        }
    }

    /// Characters at the end that follow from the rest.
    pub(super) const fn characters(self) -> usize {
        match self {
            Self::None => 0,
            Self::Luhn => 1,
            Self::Mod97 => 2,
        }
    }
}

fn luhn(code: &str, alphabet: &str) -> bool {
    let base = alphabet.chars().count();
    let place = |c: char| alphabet.chars().position(|own| own == c);
    let sum = code.chars().rev().enumerate().try_fold(0, |sum, (at, c)| {
        let doubled = place(c)? * (1 + at % 2);
        Some(sum + doubled / base + doubled % base)
    });
    sum.is_some_and(|sum| sum % base == 0)
}

fn mod97(code: &str) -> bool {
    let left = code.chars().try_fold(0, |left, c| {
        let value = c.to_digit(36)?;
        Some((left * if value < 10 { 10 } else { 100 } + value) % 97)
    });
    left == Some(1)
}
