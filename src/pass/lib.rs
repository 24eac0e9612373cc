//! What a pass says and whether its signature holds: one file per format.
//!
//! Responsible for telling formats apart by their prefix, for decoding each within its limits, for
//! verifying its signature over the received bytes, and for giving every format's content as one
//! [`Document`].
//!
//! Not responsible for which keys are trusted and for what (the caller's [`Keys`]), nor for time,
//! revocation or rules: those are facts for `verdict`.
//!
//! Invariants: no I/O, no clock, no panic on any text; nothing of a payload leaves [`read`] before the
//! signature has held; every refusal is a typed [`Error`] with a stable code and the step that failed; a
//! [`trace`] of a text never says anything else than reading it does.
//!
//! Words: a *document* is the content of a pass; a *kid* is a hint which key signed it, never an
//! identity; a *step* is one stage on the way from text to document.
#![forbid(unsafe_code)]

mod certificate;
mod cose;
mod document;
mod error;
mod foreign;
pub mod hc1;
mod inflate;
mod json;
mod key;
pub mod mp1;
pub mod nzcp;
mod person;
pub mod registered;
pub mod shc;
mod trace;
pub mod vdsnc;
pub mod x509;

pub use certificate::{BadCertificate, Certificate};
pub use document::{Document, Format, Kind, Limits, RevocationHashes, StatusIndex};
pub use error::{ClaimsFault, CodeFault, CoseFault, Error, JsonFault, JwsFault, SealFault, Step};
pub use key::{BadKey, Keys, PublicKey};
pub use trace::{Outcome, Trace, trace};
pub use wire::base45::{decode as base45_decode, encode as base45_encode};

/// Longest text that is looked at: the most that one QR code holds (version 40-L, digits).
pub const LONGEST_TEXT: usize = 7089;

/// A pass whose signature holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// What it says.
    pub document: Document,
    /// The caller's index of the key under which it holds.
    pub key: usize,
    /// Of a certificate: all that it says, for rules of acceptance. Names and birth dates stand in it: it is kept no
    /// longer than the verdict takes, and written nowhere.
    pub certificate: Option<serde_json::Value>,
}

/// Which signed format a text is of. The prefix decides; nothing is guessed. What none of them claims may still be
/// registered: [`registered::Forms`] tells.
///
/// # Errors
/// [`Error::TooLong`] or [`Error::NotAPass`].
pub fn recognise(text: &str) -> Result<Format, Error> {
    if text.len() > LONGEST_TEXT {
        return Err(Error::TooLong);
    }
    let begins = |format: &Format| format.prefix().is_some_and(|prefix| text.starts_with(prefix));
    Format::ALL.into_iter().find(begins).ok_or(Error::NotAPass)
}

/// Decodes a text and verifies its signature.
///
/// # Errors
/// The first step that fails.
pub fn read(text: &str, keys: &dyn Keys) -> Result<Verified, Error> {
    match recognise(text)? {
        Format::Mp1 => mp1::read(text, keys),
        Format::Hc1 => hc1::read(text, keys),
        Format::Nzcp => nzcp::read(text, keys),
        Format::Shc => shc::read(text, keys),
        Format::VdsNc => vdsnc::read(text, keys),
        // No text begins like one of them.
        Format::Link | Format::Code | Format::Card | Format::Plate => Err(Error::NotAPass),
    }
}

#[cfg(test)]
mod properties;
