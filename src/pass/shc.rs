//! `shc:/`, a SMART Health Card: pairs of digits, JWS, raw deflate, FHIR in JSON (spec.smarthealth.cards 1.4).
//!
//! The signature is over the packed bytes, so it is verified before anything is unpacked. The key hint is the key's
//! own thumbprint; a key may be published by several issuers, and the pass says which of them it is from.

use data_encoding::BASE64URL_NOPAD;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::json::{self, Numbers};
use crate::key::search;
use crate::person::{initials, year};
use crate::trace::Trace;
use crate::{
    ClaimsFault, Document, Error, Format, JsonFault, JwsFault, Keys, Kind, PublicKey, Step, Verified, inflate,
};

/// How its texts begin.
pub(crate) const PREFIX: &str = "shc:/";

/// Longest text: all that one code holds.
pub const LONGEST_TEXT: usize = crate::LONGEST_TEXT;

/// Most bytes one may unpack to. Real ones have about 2 KiB.
pub const LONGEST_JSON: usize = 64 * 1024;

/// What every pair of digits is short of its character (`-` is 00).
const LOWEST: u8 = 45;

/// ES256 as COSE numbers it.
const ES256: i64 = -7;

/// A compact JWS (RFC 7515, section 3.1) taken apart.
struct Jws<'a> {
    alg: String,
    kid: String,
    /// What the signature is over, as received.
    signed: &'a str,
    packed: Vec<u8>,
    signature: Vec<u8>,
}

/// Decodes and verifies.
pub(crate) fn read(text: &str, keys: &dyn Keys) -> Result<Verified, Error> {
    let text = unwrap(text)?;
    let jws = Jws::parse(&text)?;
    let key = jws.verify(keys)?;
    let payload = payload(&inflate::raw(&jws.packed, LONGEST_JSON)?)?;
    let document = decode(&jws, &payload)?;
    Ok(Verified { key: jws.of_issuer(keys, key, &document.issuer), document, certificate: Some(payload) })
}

/// The same, step by step, and on to the content whatever the signature says.
pub(crate) fn trace(text: &str, keys: &dyn Keys, trace: &mut Trace) -> Result<(), Error> {
    let text = unwrap(text)?;
    trace.hold(Step::Alphabet);
    trace.envelope = Some(text.len());
    let jws = Jws::parse(&text)?;
    trace.hold(Step::Cose);
    trace.compressed = Some(jws.packed.len());
    trace.alg = (jws.alg == "ES256").then_some(ES256);
    trace.kid = Some(jws.kid.clone().into_bytes());
    let found = jws.verify(keys);
    trace.enter_search(found.clone());
    let unpacked = match inflate::raw(&jws.packed, LONGEST_JSON) {
        Ok(unpacked) => unpacked,
        // What is packed within a bad signature is nobody's fault.
        Err(_) if found.is_err() => return Ok(()),
        Err(error) => return Err(error),
    };
    trace.hold(Step::Inflate);
    let document = payload(&unpacked).and_then(|payload| decode(&jws, &payload));
    if let (Ok(key), Ok(document)) = (found, &document) {
        trace.key = Some(jws.of_issuer(keys, key, &document.issuer));
    }
    trace.enter_document(&unpacked, document);
    Ok(())
}

/// From digits to the JWS.
fn unwrap(text: &str) -> Result<String, Error> {
    if text.len() > LONGEST_TEXT {
        return Err(Error::TooLong);
    }
    let text = text.strip_prefix(PREFIX).ok_or(Error::NotAPass)?;
    // `shc:/2/3/…` is the second of three. The specification has dropped that form, and one part proves nothing.
    let parts: Vec<&str> = text.split('/').collect();
    if parts.len() == 3 && parts.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_digit())) {
        return Err(Error::Chunked);
    }
    let pair = |pair: &[u8]| match pair {
        [tens @ b'0'..=b'7', units @ b'0'..=b'9'] => {
            let value = (tens - b'0') * 10 + (units - b'0');
            (value <= 77).then(|| char::from(value + LOWEST))
        }
        _ => None,
    };
    text.as_bytes().chunks(2).map(pair).collect::<Option<String>>().ok_or(Error::Digits)
}

impl<'a> Jws<'a> {
    fn parse(text: &'a str) -> Result<Self, Error> {
        const SHAPE: Error = Error::Jws(JwsFault::Shape);
        const HEADER: Error = Error::Jws(JwsFault::Header);
        let (signed, signature) = text.rsplit_once('.').ok_or(SHAPE)?;
        let (header, packed) = signed.split_once('.').ok_or(SHAPE)?;
        let part = |part: &str| BASE64URL_NOPAD.decode(part.as_bytes()).map_err(|_| SHAPE);
        let (header, packed, signature) = (part(header)?, part(packed)?, part(signature)?);
        let header = json::parse(&header, Numbers::Any).map_err(|_| HEADER)?;
        // What must be understood, and is not.
        if header.get("crit").is_some() || json::text(&header, "zip") != Some("DEF") {
            return Err(HEADER);
        }
        let alg = json::text(&header, "alg").ok_or(HEADER)?.to_owned();
        let kid = json::text(&header, "kid").ok_or(Error::Jws(JwsFault::NoKid))?.to_owned();
        Ok(Self { alg, kid, signed, packed, signature })
    }

    fn verify(&self, keys: &dyn Keys) -> Result<usize, Error> {
        search(keys, self.kid.as_bytes(), |key| match key {
            PublicKey::P256(_) if self.alg == "ES256" => Some(key.holds(self.signed.as_bytes(), &self.signature)),
            _ => None,
        })
    }

    /// The same key as its issuer published it, if he did; else the one that was found, whose issuer is another.
    fn of_issuer(&self, keys: &dyn Keys, found: usize, issuer: &str) -> usize {
        let all = || keys.with_kid(self.kid.as_bytes());
        let same = all().find(|(index, _)| *index == found).map(|(_, key)| key);
        all()
            .find(|(index, key)| Some(*key) == same && keys.speaks_for(*index, issuer))
            .map_or(found, |(index, _)| index)
    }
}

fn payload(unpacked: &[u8]) -> Result<Value, Error> {
    json::parse(unpacked, Numbers::Any).map_err(|fault| {
        Error::Claims(if fault == JsonFault::Duplicate { ClaimsFault::Duplicate } else { ClaimsFault::Json })
    })
}

fn decode(jws: &Jws<'_>, payload: &Value) -> Result<Document, Error> {
    let missing = |name| Error::Claims(ClaimsFault::Missing(name));
    let issuer = json::text(payload, "iss").ok_or(missing("iss"))?;
    let not_before = payload.get("nbf").and_then(seconds).ok_or(missing("nbf"))?;
    let credential = payload.get("vc").ok_or(missing("vc"))?;
    let entries = credential.pointer("/credentialSubject/fhirBundle/entry").and_then(Value::as_array);
    let entries = entries.ok_or(missing("fhirBundle"))?;
    let resources = |kind: &'static str| {
        let resources = entries.iter().filter_map(|entry| entry.get("resource"));
        resources.filter(move |resource| json::text(resource, "resourceType") == Some(kind))
    };
    let mut patients = resources("Patient");
    let (Some(patient), None) = (patients.next(), patients.next()) else {
        return Err(Error::Claims(ClaimsFault::Person));
    };
    // What was planned, refused or entered in error has not been.
    let has_status =
        |resource: &Value, good: &[&str]| json::text(resource, "status").is_some_and(|is| good.contains(&is));
    let kind = if resources("Immunization").any(|one| has_status(one, &["completed"])) {
        Kind::VACCINATION
    } else if resources("Observation").any(|one| has_status(one, &["final", "amended", "corrected"])) {
        Kind::TEST
    } else {
        return Err(Error::Claims(ClaimsFault::Kind));
    };
    // The name under which an issuer would take it back; without one, what its holder cannot change.
    let id = json::text(credential, "rid").map(|rid| rid.as_bytes().to_vec());
    let id = id.unwrap_or_else(|| Sha256::digest(jws.signed)[..16].to_vec());
    let name = |pointer| patient.pointer(pointer).and_then(Value::as_str);
    Ok(Document {
        issuer: issuer.to_owned(),
        id,
        not_before: Some(not_before),
        expires: payload.get("exp").and_then(seconds),
        holder: initials([name("/name/0/family"), name("/name/0/given/0")]),
        birth: year(json::text(patient, "birthDate")),
        ..Document::empty(Format::Shc, kind)
    })
}

/// A NumericDate (RFC 7519, section 2), which may have a fraction. One in milliseconds is what it says: far ahead.
fn seconds(value: &Value) -> Option<i64> {
    // Casting saturates, and a date beyond i64 is as good as never.
    value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds as i64))
}
