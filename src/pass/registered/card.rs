//! Numbers of transport cards: Troika, Strelka, social cards.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use super::look_alike::{fold, is_separator};
use super::{Check, Presented, bits};
use crate::{CodeFault, Format};

/// One form of numbers.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[cbor(map)]
#[serde(deny_unknown_fields)]
pub struct CardForm {
    /// Its name; part of what the register's keys are made of.
    #[n(0)]
    pub name: String,
    /// Least and most digits.
    #[n(1)]
    pub digits: (u8, u8),
    /// How it is checked in itself.
    #[cbor(n(2), default, skip_if = "no_check")]
    #[serde(default, skip_serializing_if = "no_check")]
    pub check: Check,
}

/// What numbers are written with.
pub(super) const DIGITS: &str = "0123456789";

impl CardForm {
    /// What a text presents, why it nearly does, or none when it is something else: only digits can be a number.
    pub(super) fn read(&self, text: &str) -> Option<Result<Presented, CodeFault>> {
        let digits: Option<String> = text.chars().filter(|c| !is_separator(*c)).map(|c| fold(c, DIGITS)).collect();
        let digits = digits.filter(|digits| !digits.is_empty())?;
        let (least, most) = self.digits;
        if !(usize::from(least)..=usize::from(most)).contains(&digits.len()) {
            return Some(Err(CodeFault::Length));
        }
        if !self.check.holds(&digits, DIGITS) {
            return Some(Err(CodeFault::Check));
        }
        let bits = bits(digits.len() - self.check.characters().min(digits.len()), DIGITS.len());
        Some(Ok(Presented::new(Format::Card, &self.name, &digits, bits)))
    }
}

fn no_check(check: &Check) -> bool {
    *check == Check::None
}
