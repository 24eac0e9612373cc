//! `NZCP:/1/`, New Zealand's COVID pass: base32, COSE_Sign1, CWT, a verifiable credential under `vc`
//! (nzcovidpass-spec 1.0).
//!
//! The key hint is a text that means something only beside the issuer's name: `key-1` of one DID document is not
//! `key-1` of another.

use ciborium::Value;
use data_encoding::BASE32_NOPAD;

use crate::cose::{Envelope, Headers};
use crate::foreign::{field, get, seconds};
use crate::key::search_of;
use crate::person::{initials, year};
use crate::trace::Trace;
use crate::{ClaimsFault, Document, Error, Format, Keys, Kind, PublicKey, Step, Verified, foreign};

/// How its texts begin: the version is part of it.
pub(crate) const PREFIX: &str = "NZCP:/1/";

/// Longest text. Real ones have about 600 characters.
pub const LONGEST_TEXT: usize = 2048;

/// Decodes and verifies.
pub(crate) fn read(text: &str, keys: &dyn Keys) -> Result<Verified, Error> {
    let envelope = Envelope::parse(&unwrap(text)?, Headers::Protected)?;
    let claims = foreign::claims(&envelope.payload);
    let key = verify(&envelope, claims.as_ref().ok(), keys)?;
    let claims = claims?;
    let document = decode(&claims)?;
    let certificate = claims.as_map().and_then(|claims| field(claims, "vc")).map(foreign::json);
    Ok(Verified { document, key, certificate })
}

/// The same, step by step, and on to the content whatever the signature says.
pub(crate) fn trace(text: &str, keys: &dyn Keys, trace: &mut Trace) -> Result<(), Error> {
    trace.set(Step::Inflate, crate::Outcome::Absent);
    let cose = unwrap(text)?;
    trace.hold(Step::Alphabet);
    trace.envelope = Some(cose.len());
    let envelope = Envelope::parse(&cose, Headers::Protected)?;
    trace.hold(Step::Cose);
    trace.alg = envelope.alg;
    trace.kid = Some(envelope.kid.clone());
    let claims = foreign::claims(&envelope.payload);
    trace.enter_search(verify(&envelope, claims.as_ref().ok(), keys));
    trace.enter_document(&envelope.payload, claims.and_then(|claims| decode(&claims)));
    Ok(())
}

fn unwrap(text: &str) -> Result<Vec<u8>, Error> {
    if text.len() > LONGEST_TEXT {
        return Err(Error::TooLong);
    }
    let text = text.strip_prefix(PREFIX).ok_or(Error::NotAPass)?;
    // Capitals without padding, and nothing left over in the last character: one text for the same bytes.
    BASE32_NOPAD.decode(text.as_bytes()).map_err(|_| Error::Base32)
}

/// The issuer's name is read before anything is proven, and used for nothing but finding the key that proves it.
fn verify(envelope: &Envelope, claims: Option<&Value>, keys: &dyn Keys) -> Result<usize, Error> {
    let issuer = claims.and_then(Value::as_map).and_then(|claims| get(claims, 1)?.as_text()).unwrap_or_default();
    let message = envelope.signed();
    search_of(keys, (issuer, &envelope.kid), |key| match key {
        PublicKey::P256(_) if envelope.alg == Some(key.alg()) => Some(key.holds(&message, &envelope.signature)),
        _ => None,
    })
}

fn decode(claims: &Value) -> Result<Document, Error> {
    let missing = |name| Error::Claims(ClaimsFault::Missing(name));
    let claims = claims.as_map().ok_or(Error::Claims(ClaimsFault::Shape))?;
    let issuer = get(claims, 1).and_then(Value::as_text).ok_or(missing("iss"))?;
    let expires = seconds(get(claims, 4)).ok_or(missing("exp"))?;
    let not_before = seconds(get(claims, 5)).ok_or(missing("nbf"))?;
    let id = get(claims, 7).and_then(Value::as_bytes).ok_or(missing("cti"))?;
    let credential = field(claims, "vc").and_then(Value::as_map).ok_or(missing("vc"))?;
    let kinds = field(credential, "type").and_then(Value::as_array);
    let is_pass = kinds.is_some_and(|kinds| kinds.iter().any(|kind| kind.as_text() == Some("PublicCovidPass")));
    if !is_pass || field(credential, "version").and_then(Value::as_text) != Some("1.0.0") {
        return Err(Error::Claims(ClaimsFault::Kind));
    }
    let subject = field(credential, "credentialSubject").and_then(Value::as_map).ok_or(missing("credentialSubject"))?;
    let text = |name| field(subject, name).and_then(Value::as_text);
    Ok(Document {
        issuer: issuer.to_owned(),
        id: id.clone(),
        not_before: Some(not_before),
        expires: Some(expires),
        holder: initials([text("familyName"), text("givenName")]),
        birth: year(text("dob")),
        ..Document::empty(Format::Nzcp, Kind::COVID_PASS)
    })
}
