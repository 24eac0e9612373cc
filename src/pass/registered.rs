//! Passes that say nothing themselves, and how their texts are known: by forms that the region's policy brings.

use minicbor::{Decode, Encode};

/// How a region's registered passes are written.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct Forms {
    /// Links.
    #[cbor(n(0), default, skip_if = "Vec::is_empty")]
    pub links: Vec<LinkForm>,
    /// Codes that are typed, read out or scanned.
    #[cbor(n(1), default, skip_if = "Vec::is_empty")]
    pub codes: Vec<CodeForm>,
    /// Numbers of cards.
    #[cbor(n(2), default, skip_if = "Vec::is_empty")]
    pub cards: Vec<CardForm>,
}

impl Forms {
    /// Whether nothing is registered here.
    pub const fn is_empty(&self) -> bool {
        self.links.is_empty() && self.codes.is_empty() && self.cards.is_empty()
    }
}

/// How a link of one system is written: `https://HOST/PATH` and an id.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct LinkForm {
    /// Its name; ids of one form are apart from those of another.
    #[n(0)]
    pub name: String,
    /// Its host in ASCII, compared exactly.
    #[n(1)]
    pub host: String,
    /// What stands between the host and the id, with both slashes.
    #[n(2)]
    pub path: String,
    /// What the id looks like.
    #[n(3)]
    pub id: IdShape,
    /// Whether a query may follow. It is not looked at.
    #[n(4)]
    pub query: bool,
}

/// What the id in a link looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum IdShape {
    /// A UUID in any case.
    #[n(0)]
    Uuid,
    /// So many digits.
    #[n(1)]
    Digits(#[n(0)] u8),
    /// Letters, digits, `-` and `_`, so many.
    #[n(2)]
    Token(#[n(0)] u8, #[n(1)] u8),
}

/// How a code of one system is written, groups and case apart.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct CodeForm {
    /// Its name.
    #[n(0)]
    pub name: String,
    /// The characters it is made of, upper case.
    #[n(1)]
    pub alphabet: String,
    /// How many.
    #[n(2)]
    pub length: u8,
    /// How its last character proves the others.
    #[n(3)]
    pub check: Check,
    /// Whether its first four digits claim the last day of its validity, day and month.
    #[cbor(n(4), default)]
    pub claims_day: bool,
}

/// How the last character proves those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(index_only)]
pub enum Check {
    /// It does not.
    #[default]
    #[n(0)]
    None,
    /// By Luhn's sum modulo the size of the alphabet (ISO/IEC 7812-1, annex B, for digits).
    #[n(1)]
    Luhn,
}

/// How the numbers of one kind of card are written.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct CardForm {
    /// Its name.
    #[n(0)]
    pub name: String,
    /// Fewest digits.
    #[n(1)]
    pub least: u8,
    /// Most digits.
    #[n(2)]
    pub most: u8,
    /// How its last digit proves the others.
    #[n(3)]
    pub check: Check,
}
