//! Passes that say nothing themselves: links, codes and numbers of cards, recognised by forms that a region's policy
//! brings. What is recognised is only a key to the register; it proves nothing, and a link is never opened.

mod card;
mod check;
mod code;
mod forms;
mod link;
mod look_alike;

pub use card::CardForm;
pub use check::Check;
pub use code::{Claims, CodeForm};
pub use forms::{BadForm, FormFault};
pub use link::{IdShape, LinkForm};

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::{Error, Format};

/// Longest text of a link, a code or a card in bytes.
pub const LONGEST_TEXT: usize = 256;

/// Everything that a region looks up in its register, by the form of what is presented.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode, Serialize, Deserialize)]
#[cbor(map)]
#[serde(deny_unknown_fields)]
pub struct Forms {
    /// Links in codes.
    #[cbor(n(0), default, skip_if = "Vec::is_empty")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<LinkForm>,
    /// Codes that are typed, or printed as they are.
    #[cbor(n(1), default, skip_if = "Vec::is_empty")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<CodeForm>,
    /// Numbers of transport cards.
    #[cbor(n(2), default, skip_if = "Vec::is_empty")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cards: Vec<CardForm>,
}

/// What was presented, in the one form under which a register holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presented {
    /// A link, a code or a card.
    pub format: Format,
    /// The name of the form it has.
    pub form: String,
    /// `NAME:ID`: the same for every way to write the same thing.
    pub normal: String,
    /// Day and month until which it claims to be valid. Nothing proves them.
    pub claims_until: Option<(u8, u8)>,
    /// Bits that must be guessed by whoever does not know it, had it been drawn at random.
    pub bits: u32,
}

impl Presented {
    fn new(format: Format, form: &str, id: &str, bits: u32) -> Self {
        Self { format, form: form.to_owned(), normal: format!("{form}:{id}"), claims_until: None, bits }
    }
}

impl Forms {
    /// Whether nothing is registered here.
    pub const fn is_empty(&self) -> bool {
        self.links.is_empty() && self.codes.is_empty() && self.cards.is_empty()
    }

    /// Which form a text has. An address is compared with the links alone; anything else first with the codes, then
    /// with the cards, each in the policy's order.
    ///
    /// # Errors
    /// [`Error::TooLong`]; [`Error::UnknownLink`] for every address that is none of the links; [`Error::Code`] for
    /// what is nearly a code or a card; [`Error::NotAPass`].
    pub fn recognise(&self, text: &str) -> Result<Presented, Error> {
        // As the longest text of all: what is only refused needs no other reason.
        if text.len() > LONGEST_TEXT {
            return Err(if link::is_address(text) { Error::UnknownLink } else { Error::NotAPass });
        }
        let text = text.trim();
        if link::is_address(text) {
            return self.links.iter().find_map(|form| form.read(text)).ok_or(Error::UnknownLink);
        }
        let codes = self.codes.iter().map(|form| form.read(text));
        let cards = self.cards.iter().map(|form| form.read(text));
        let mut nearest = None;
        for read in codes.chain(cards).flatten() {
            match read {
                Ok(presented) => return Ok(presented),
                // Of several that nearly fit, the one that fits best is told.
                Err(fault) => nearest = nearest.max(Some(fault)),
            }
        }
        Err(nearest.map_or(Error::NotAPass, Error::Code))
    }
}

/// Bits in so many characters of an alphabet, rounded down.
fn bits(length: usize, alphabet: usize) -> u32 {
    // Neither is longer than a text, so nothing is lost.
    (length as f64 * (alphabet.max(1) as f64).log2()) as u32
}
