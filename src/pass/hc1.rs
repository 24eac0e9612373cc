//! `HC1:`, the EU's certificate of vaccination, test or recovery: base45, zlib, COSE_Sign1, CWT, JSON-like
//! content under claim -260 (eu-dcc-hcert-spec §3).
//!
//! Issuers differ in what they write, so the envelope is read leniently where the specification or the
//! field does (tag 18, 61(18) or none; headers protected or not), and never where it would matter.

use ciborium::Value;
use sha2::{Digest as _, Sha256};
use wire::base45;

use crate::cose::{Envelope, Headers};
use crate::foreign::{field, get, seconds};
use crate::key::search;
use crate::person::{initials, year};
use crate::trace::Trace;
use crate::{ClaimsFault, Document, Error, Format, Keys, Kind, PublicKey, RevocationHashes, Step, Verified, foreign};

/// How its texts begin.
pub(crate) const PREFIX: &str = "HC1:";

/// Longest text: what a version 40-L code holds in its alphanumeric mode.
pub const LONGEST_TEXT: usize = 4296;

/// Most bytes one may unpack to. Real ones have about 400.
pub const LONGEST_CBOR: usize = 8 * 1024;

/// Claim that holds the certificate (`hcert`).
const HCERT: i64 = -260;

/// Decodes and verifies.
pub(crate) fn read(text: &str, keys: &dyn Keys) -> Result<Verified, Error> {
    let envelope = Envelope::parse(&inflate(&unwrap(text)?)?, Headers::Any)?;
    let key = verify(&envelope, keys)?;
    let claims = foreign::claims(&envelope.payload)?;
    let (document, certificate) = decode(&envelope, &claims)?;
    Ok(Verified { document, key, certificate: Some(foreign::json(certificate)) })
}

/// The same, step by step, and on to the content whatever the signature says.
pub(crate) fn trace(text: &str, keys: &dyn Keys, trace: &mut Trace) -> Result<(), Error> {
    let packed = unwrap(text)?;
    trace.hold(Step::Alphabet);
    trace.compressed = Some(packed.len());
    let cose = inflate(&packed)?;
    trace.hold(Step::Inflate);
    trace.envelope = Some(cose.len());
    let envelope = Envelope::parse(&cose, Headers::Any)?;
    trace.hold(Step::Cose);
    trace.alg = envelope.alg;
    trace.kid = Some(envelope.kid.clone());
    trace.enter_search(verify(&envelope, keys));
    let document = foreign::claims(&envelope.payload).and_then(|claims| Ok(decode(&envelope, &claims)?.0));
    trace.enter_document(&envelope.payload, document);
    Ok(())
}

/// From text to compressed bytes.
///
/// # Errors
/// [`Error::TooLong`], [`Error::NotAPass`] or [`Error::Base45`].
pub fn unwrap(text: &str) -> Result<Vec<u8>, Error> {
    if text.len() > LONGEST_TEXT {
        return Err(Error::TooLong);
    }
    base45::decode(text.strip_prefix(PREFIX).ok_or(Error::NotAPass)?).ok_or(Error::Base45)
}

/// Unpacks one zlib stream, all of it and nothing after it, to at most [`LONGEST_CBOR`] bytes.
///
/// # Errors
/// [`Error::Inflate`] or [`Error::InflateLimit`].
pub fn inflate(packed: &[u8]) -> Result<Vec<u8>, Error> {
    crate::inflate::zlib(packed, LONGEST_CBOR)
}

/// What of the signature its holder cannot turn into another one that holds as well.
fn lasting_signature(envelope: &Envelope) -> &[u8] {
    const ES256: i64 = -7;
    let signature = &envelope.signature;
    if envelope.alg == Some(ES256) { &signature[..signature.len() / 2] } else { signature }
}

fn verify(envelope: &Envelope, keys: &dyn Keys) -> Result<usize, Error> {
    let message = envelope.signed();
    search(keys, &envelope.kid, |key| match key {
        // Ours sign with Ed25519, and for nothing foreign; the specification has no larger curves.
        PublicKey::P256(_) | PublicKey::Rsa(_) if envelope.alg == Some(key.alg()) => {
            Some(key.holds(&message, &envelope.signature))
        }
        _ => None,
    })
}

/// First half of SHA-256 over the parts.
fn half(parts: &[&[u8]]) -> [u8; 16] {
    let hash = parts.iter().fold(Sha256::new(), |hash, part| hash.chain_update(part)).finalize();
    hash[..16].try_into().expect("SHA-256 has 32 bytes")
}

fn decode<'a>(envelope: &Envelope, claims: &'a Value) -> Result<(Document, &'a Value), Error> {
    let claims = claims.as_map().ok_or(Error::Claims(ClaimsFault::Shape))?;
    let hcert = get(claims, HCERT).and_then(Value::as_map).and_then(|hcert| get(hcert, 1));
    let hcert = hcert.ok_or(Error::Claims(ClaimsFault::Missing("hcert")))?;
    let certificate = hcert.as_map().ok_or(Error::Claims(ClaimsFault::Missing("hcert")))?;
    // One of the three; a signer entitled to another one only cannot hide it behind the first.
    let (kind, entry) = [("v", Kind::VACCINATION), ("t", Kind::TEST), ("r", Kind::RECOVERY)]
        .into_iter()
        .find_map(|(name, kind)| Some((kind, field(certificate, name)?.as_array()?.first()?.as_map()?)))
        .ok_or(Error::Claims(ClaimsFault::Kind))?;
    let id = field(entry, "ci").and_then(Value::as_text).unwrap_or_default();
    let names = field(certificate, "nam").and_then(Value::as_map);
    let name = |name: &str| names.and_then(|names| field(names, name)?.as_text());
    let issuer = get(claims, 1).and_then(Value::as_text);
    let issuer = issuer.or_else(|| field(entry, "co").and_then(Value::as_text)).unwrap_or_default();
    let document = Document {
        issuer: issuer.to_owned(),
        id: id.as_bytes().to_vec(),
        not_before: seconds(get(claims, 5)),
        expires: seconds(get(claims, 4)),
        issued: seconds(get(claims, 6)),
        holder: initials([name("fnt"), name("gnt")]),
        birth: year(field(certificate, "dob").and_then(Value::as_text)),
        revocation: Some(RevocationHashes {
            uci: half(&[id.as_bytes()]),
            country_uci: half(&[issuer.as_bytes(), id.as_bytes()]),
            signature: half(&[lasting_signature(envelope)]),
        }),
        ..Document::empty(Format::Hc1, kind)
    };
    Ok((document, hcert))
}
