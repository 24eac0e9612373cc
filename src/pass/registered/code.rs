//! Codes that are typed or read out: Moscow's sixteen characters, replies by SMS.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use super::look_alike::{fold, is_separator};
use super::{Check, Presented, bits};
use crate::{CodeFault, Format};

/// One form of codes.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[cbor(map)]
#[serde(deny_unknown_fields)]
pub struct CodeForm {
    /// Its name; part of what the register's keys are made of.
    #[n(0)]
    pub name: String,
    /// Its characters, in capitals. What only looks like one of them is read as it.
    #[n(1)]
    pub alphabet: String,
    /// How many characters it has, without spaces and hyphens.
    #[n(2)]
    pub length: u8,
    /// How it is checked in itself.
    #[cbor(n(3), default, skip_if = "no_check")]
    #[serde(default, skip_serializing_if = "no_check")]
    pub check: Check,
    /// What it says by itself.
    #[cbor(n(4), default, skip_if = "no_claims")]
    #[serde(default, skip_serializing_if = "no_claims")]
    pub claims: Claims,
}

/// What a code says by itself. It is shown as a claim, for nothing proves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Encode, Decode, Serialize, Deserialize)]
#[cbor(index_only)]
#[serde(rename_all = "kebab-case")]
pub enum Claims {
    /// Nothing.
    #[default]
    #[n(0)]
    None,
    /// It begins with the day and the month until which it is valid, two digits each.
    #[n(1)]
    ExpiryDdMm,
}

impl CodeForm {
    /// What a text presents, why it nearly does, or none when it is something else.
    pub(super) fn read(&self, text: &str) -> Option<Result<Presented, CodeFault>> {
        let typed: Vec<char> = text.chars().filter(|c| !is_separator(*c)).collect();
        let code: Option<String> = typed.iter().map(|c| fold(*c, &self.alphabet)).collect();
        match (typed.len() == usize::from(self.length), code) {
            (_, Some(code)) if code.is_empty() => None,
            (true, Some(code)) => Some(self.present(&code)),
            (true, None) => Some(Err(CodeFault::Alphabet)),
            (false, Some(_)) => Some(Err(CodeFault::Length)),
            (false, None) => None,
        }
    }

    fn present(&self, code: &str) -> Result<Presented, CodeFault> {
        if !self.check.holds(code, &self.alphabet) {
            return Err(CodeFault::Check);
        }
        let (claims_until, claimed) = match self.claims {
            Claims::None => (None, 0),
            Claims::ExpiryDdMm => (Some(day_and_month(code).ok_or(CodeFault::Claim)?), 4),
        };
        let free = usize::from(self.length).saturating_sub(claimed + self.check.characters());
        let bits = bits(free, self.alphabet.chars().count());
        Ok(Presented { claims_until, ..Presented::new(Format::Code, &self.name, code, bits) })
    }
}

/// The day and month at the beginning of a code, if there is such a day in any year.
fn day_and_month(code: &str) -> Option<(u8, u8)> {
    let digits = code.get(..4).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_digit()))?;
    let (day, month) = (digits[..2].parse().ok()?, digits[2..].parse().ok()?);
    let days = match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    (1..=days).contains(&day).then_some((day, month))
}

fn no_check(check: &Check) -> bool {
    *check == Check::None
}

fn no_claims(claims: &Claims) -> bool {
    *claims == Claims::None
}
