//! Whether a policy's forms make sense, each in itself and all together.

use std::collections::BTreeSet;

use super::card::DIGITS;
use super::{CardForm, Check, Claims, CodeForm, Forms, IdShape, LONGEST_TEXT, LinkForm};

/// Most forms of each sort: every scanned text may be compared with all of them.
const MOST: usize = 64;

/// Longest name in bytes.
const LONGEST_NAME: usize = 24;

/// Longest code or number in characters.
const LONGEST_CODE: u8 = 32;

/// A form that must not be published.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("form {name:?}: {fault}")]
pub struct BadForm {
    /// Its name.
    pub name: String,
    /// What is wrong with it.
    pub fault: FormFault,
}

/// What is wrong with a form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormFault {
    /// The name.
    #[error("a name is 1 to 24 of a-z, 0-9 and '-'")]
    Name,
    /// Two of one name, or too many of one sort.
    #[error("its name stands here twice, or there are more than 64 of its sort")]
    Twice,
    /// The host.
    #[error("a host is lower-case ASCII with a dot within: no port, no user, no trailing dot, no punycode")]
    Host,
    /// The path.
    #[error("a path is ASCII, begins and ends with '/' and has neither '?', '#', '%' nor '..'")]
    Path,
    /// The identifier.
    #[error("an identifier has 1 to 128 characters, and at least as many at most as at least")]
    Id,
    /// The alphabet.
    #[error("an alphabet is 10 to 64 different capitals and digits")]
    Alphabet,
    /// The length.
    #[error("a code or a number has 4 to 32 characters, and at least as many at most as at least")]
    Length,
    /// The check digit.
    #[error("this check digit is for digits and Latin letters alone")]
    Check,
    /// What it says by itself.
    #[error("what it claims needs the ten digits in its alphabet, and more characters than the claim has")]
    Claims,
    /// A text could be of either.
    #[error("the same text could be of the form {0:?}")]
    Ambiguous(String),
}

impl Forms {
    /// Whether every form makes sense and no code could be one of two.
    ///
    /// # Errors
    /// The first that does not.
    pub fn check(&self) -> Result<(), BadForm> {
        let bad = |name: &str, fault| BadForm { name: name.to_owned(), fault };
        let links = self.links.iter().map(|form| (&form.name, form.fault()));
        let codes = self.codes.iter().map(|form| (&form.name, form.fault()));
        let cards = self.cards.iter().map(|form| (&form.name, form.fault()));
        let mut names = BTreeSet::new();
        for (name, fault) in links.chain(codes).chain(cards) {
            let is_name = (1..=LONGEST_NAME).contains(&name.len())
                && name.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-');
            if !is_name {
                return Err(bad(name, FormFault::Name));
            }
            if !names.insert(name) {
                return Err(bad(name, FormFault::Twice));
            }
            if let Some(fault) = fault {
                return Err(bad(name, fault));
            }
        }
        for (sort, name) in [
            (self.links.len(), self.links.last().map(|form| &form.name)),
            (self.codes.len(), self.codes.last().map(|form| &form.name)),
            (self.cards.len(), self.cards.last().map(|form| &form.name)),
        ] {
            if let Some(name) = name.filter(|_| sort > MOST) {
                return Err(bad(name, FormFault::Twice));
            }
        }
        for (at, form) in self.codes.iter().enumerate() {
            if let Some(other) = self.codes[..at].iter().find(|other| other.shares_texts(form)) {
                return Err(bad(&form.name, FormFault::Ambiguous(other.name.clone())));
            }
        }
        for (at, form) in self.links.iter().enumerate() {
            let is_same = |other: &&LinkForm| other.host == form.host && other.path == form.path;
            if let Some(other) = self.links[..at].iter().find(is_same) {
                return Err(bad(&form.name, FormFault::Ambiguous(other.name.clone())));
            }
        }
        Ok(())
    }
}

impl LinkForm {
    fn fault(&self) -> Option<FormFault> {
        let label = |label: &str| {
            let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            !label.is_empty() && label.bytes().all(good) && !label.starts_with("xn--")
        };
        if self.host.len() > 128 || !self.host.contains('.') || !self.host.split('.').all(label) {
            return Some(FormFault::Host);
        }
        let plain = self.path.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#%\\".contains(&byte));
        let ends = self.path.starts_with('/') && self.path.ends_with('/');
        if !plain || !ends || self.path.contains("..") || self.path.contains("//") || self.path.len() > 64 {
            return Some(FormFault::Path);
        }
        let id = match self.id {
            IdShape::Uuid => true,
            IdShape::Digits { n } => (1..=128).contains(&n),
            IdShape::Token { min, max } => min > 0 && min <= max && max <= 128,
        };
        (!id).then_some(FormFault::Id)
    }
}

impl CodeForm {
    fn fault(&self) -> Option<FormFault> {
        let letters: BTreeSet<char> = self.alphabet.chars().collect();
        let count = self.alphabet.chars().count();
        let is_capital = |c: &char| c.is_ascii_digit() || c.is_uppercase() && c.to_uppercase().eq([*c]);
        if !(10..=64).contains(&count) || letters.len() != count || !letters.iter().all(is_capital) {
            return Some(FormFault::Alphabet);
        }
        if !(4..=LONGEST_CODE).contains(&self.length) {
            return Some(FormFault::Length);
        }
        if self.check == Check::Mod97 && !letters.iter().all(char::is_ascii_alphanumeric) {
            return Some(FormFault::Check);
        }
        let has_digits = DIGITS.chars().all(|digit| letters.contains(&digit));
        (self.claims == Claims::ExpiryDdMm && !(has_digits && self.length > 4)).then_some(FormFault::Claims)
    }

    /// Whether some text is a code of both, as far as can be told without their check digits.
    fn shares_texts(&self, other: &Self) -> bool {
        self.length == other.length && self.alphabet.chars().any(|c| other.alphabet.contains(c))
    }
}

impl CardForm {
    fn fault(&self) -> Option<FormFault> {
        let (least, most) = self.digits;
        let fits = (4..=LONGEST_CODE).contains(&least) && least <= most && most <= LONGEST_CODE;
        (!fits).then_some(FormFault::Length)
    }
}

const _: () = assert!(LONGEST_TEXT >= 8 + 128 + 64 + 36, "every sound link with a UUID fits");
