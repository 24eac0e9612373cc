//! MP1, our own signed pass: `MP1:` + base45 of one COSE_Sign1 over a CWT claims map.
//!
//! The format, its CDDL and an example in hex stand in `docs/formats/mp1.md`.

mod claims;

use wire::base45;
use wire::sign::{Context, Sign1};

pub use self::claims::encode;

use crate::key::search;
use crate::trace::Trace;
use crate::{CoseFault, Error, Keys, PublicKey, Step, Verified};

/// How its texts begin.
pub(crate) const PREFIX: &str = "MP1:";

/// Longest text in characters.
pub const LONGEST_TEXT: usize = 1024;

/// Longest envelope in bytes.
pub const LONGEST_COSE: usize = 700;

/// Bytes of an envelope beside its payload: tag, array, headers, heads and signature.
const AROUND_PAYLOAD: usize = 86;

/// Longest payload in bytes: what still fits the text. (The text's limit is reached before the envelope's:
/// 1,020 characters of base45 are 680 bytes.)
pub const LONGEST_PAYLOAD: usize = (LONGEST_TEXT - 4) / 3 * 2 - AROUND_PAYLOAD;

/// Longest validity in seconds: no pass of 2020 was valid for more than a year.
pub const LONGEST_VALIDITY: i64 = 400 * 86_400;

/// The private-use claim that holds ours ("less than -65536 is private use", RFC 8392 §9.1).
pub const CLAIM: i64 = -65_537;

/// Wraps an envelope as the text of a code.
pub fn text(cose: &[u8]) -> String {
    let mut text = base45::encode(cose);
    text.insert_str(0, PREFIX);
    text
}

/// Decodes and verifies.
pub(crate) fn read(text: &str, keys: &dyn Keys) -> Result<Verified, Error> {
    let cose = unwrap(text)?;
    let message = parse(&cose)?;
    let key = verify(&message, keys)?;
    Ok(Verified { document: claims::decode(message.payload)?, key, certificate: None })
}

/// The same, step by step, and on to the content whatever the signature says.
pub(crate) fn trace(text: &str, keys: &dyn Keys, trace: &mut Trace) -> Result<(), Error> {
    trace.set(Step::Inflate, crate::Outcome::Absent);
    let cose = unwrap(text)?;
    trace.hold(Step::Alphabet);
    trace.envelope = Some(cose.len());
    let message = parse(&cose).inspect_err(|error| {
        if error.step() > Step::Cose {
            trace.hold(Step::Cose);
        }
    })?;
    trace.hold(Step::Cose);
    trace.alg = Some(message.alg);
    trace.kid = Some(message.kid.to_vec());
    trace.enter_search(verify(&message, keys));
    trace.enter_document(message.payload, claims::decode(message.payload));
    Ok(())
}

fn unwrap(text: &str) -> Result<Vec<u8>, Error> {
    if text.len() > LONGEST_TEXT {
        return Err(Error::TooLong);
    }
    base45::decode(text.strip_prefix(PREFIX).ok_or(Error::NotAPass)?).ok_or(Error::Base45)
}

fn parse(cose: &[u8]) -> Result<Sign1<'_>, Error> {
    if cose.len() > LONGEST_COSE {
        return Err(Error::Cose(CoseFault::TooLong));
    }
    Sign1::parse(cose).map_err(|error| match error {
        wire::sign::Error::Algorithm(_) => Error::Algorithm,
        wire::sign::Error::Headers => Error::Cose(CoseFault::Headers),
        _ => Error::Cose(CoseFault::Shape),
    })
}

fn verify(message: &Sign1<'_>, keys: &dyn Keys) -> Result<usize, Error> {
    search(keys, &message.kid, |key| match key {
        PublicKey::Ed25519(key) => Some(message.verify(Context::MovementPass, key).is_ok()),
        _ => None,
    })
}
