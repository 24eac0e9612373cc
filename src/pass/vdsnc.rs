//! VDS-NC, ICAO's Visible Digital Seal for Non-Constrained environments: JSON with its certificate (ICAO TR VDS-NC 1.4).
//!
//! A text is one if and only if it begins with `{`. The signature is over the canonical form (RFC 8785) of `data`, so
//! what is read must have one reading and one canonical form: names that come twice and numbers that writers write
//! differently are refused.

use data_encoding::BASE64URL_NOPAD;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::json::{self, Numbers};
use crate::person::{initials, year};
use crate::trace::Trace;
use crate::x509::Signed;
use crate::{ClaimsFault, Document, Error, Format, Keys, Kind, PublicKey, SealFault, Step, Verified};

/// How its texts begin.
pub(crate) const PREFIX: &str = "{";

/// Longest text. The example has 1,900 bytes.
pub const LONGEST_TEXT: usize = 4296;

/// Extended key usage of a barcode signer (TR VDS-NC, 3.5).
const SIGNER_USAGE: &str = "2.23.136.1.1.14.2";

/// The extension that names the documents it may sign (ICAO 9303-12, 7.1.3), and what they are.
const DOCUMENT_TYPES: &str = "2.23.136.1.1.6.2";
const TYPES: [(Kind, &str, &[u8]); 2] =
    [(Kind::VACCINATION, "icao.vacc", b"\x13\x02NV"), (Kind::TEST, "icao.test", b"\x13\x02NT")];

/// Most digits that are kept of the holder's document.
const ID_DIGITS: usize = 4;

/// A seal taken apart.
struct Seal {
    data: Value,
    alg: String,
    signer: Signed,
    key: PublicKey,
    signature: Vec<u8>,
}

/// What the certificate of a barcode signer lets its holder sign; nothing for any other certificate.
pub fn kinds(signer: &Signed) -> Vec<Kind> {
    use x509_cert::der::Decode as _;
    use x509_cert::ext::pkix::ExtendedKeyUsage;
    let usage = signer.extension("2.5.29.37").and_then(|bytes| ExtendedKeyUsage::from_der(bytes).ok());
    if !usage.is_some_and(|usage| usage.0.iter().any(|oid| oid.to_string() == SIGNER_USAGE)) {
        return Vec::new();
    }
    let types = signer.extension(DOCUMENT_TYPES).unwrap_or_default();
    let has = |name: &[u8]| types.windows(name.len()).any(|window| window == name);
    TYPES.into_iter().filter(|(.., name)| has(name)).map(|(kind, ..)| kind).collect()
}

/// Decodes and verifies.
pub(crate) fn read(text: &str, keys: &dyn Keys) -> Result<Verified, Error> {
    let seal = Seal::parse(parse(text)?)?;
    let key = seal.verify(keys)?;
    let document = seal.decode()?;
    Ok(Verified { document, key, certificate: Some(seal.data) })
}

/// The same, step by step, and on to the content whatever the signature says.
pub(crate) fn trace(text: &str, keys: &dyn Keys, trace: &mut Trace) -> Result<(), Error> {
    trace.set(Step::Inflate, crate::Outcome::Absent);
    let value = parse(text)?;
    trace.hold(Step::Alphabet);
    trace.envelope = Some(text.len());
    let seal = Seal::parse(value)?;
    trace.hold(Step::Cose);
    trace.alg = alg(&seal.alg);
    trace.kid = Some(seal.hint());
    trace.enter_search(seal.verify(keys));
    trace.enter_document(json::canonical(&seal.data).as_bytes(), seal.decode());
    Ok(())
}

fn parse(text: &str) -> Result<Value, Error> {
    if text.len() > LONGEST_TEXT {
        return Err(Error::TooLong);
    }
    json::parse(text.as_bytes(), Numbers::Integers).map_err(Error::Json)
}

/// The algorithm as COSE numbers it.
fn alg(name: &str) -> Option<i64> {
    match name {
        "ES256" => Some(-7),
        "ES384" => Some(-35),
        "ES512" => Some(-36),
        _ => None,
    }
}

/// Base64url, with its padding or without.
fn unbase64(text: &str) -> Option<Vec<u8>> {
    BASE64URL_NOPAD.decode(text.trim_end_matches('=').as_bytes()).ok()
}

impl Seal {
    fn parse(mut value: Value) -> Result<Self, Error> {
        const SHAPE: Error = Error::Seal(SealFault::Shape);
        const CERTIFICATE: Error = Error::Seal(SealFault::Certificate);
        let part = |name: &str| value.pointer(name).and_then(Value::as_str).map(str::to_owned).ok_or(SHAPE);
        let (alg, certificate, signature) = (part("/sig/alg")?, part("/sig/cer")?, part("/sig/sigvl")?);
        let data = value.get_mut("data").map(Value::take).filter(Value::is_object).ok_or(SHAPE)?;
        if !data.get("hdr").is_some_and(Value::is_object) || !data.get("msg").is_some_and(Value::is_object) {
            return Err(SHAPE);
        }
        let signature = unbase64(&signature).ok_or(SHAPE)?;
        let signer = unbase64(&certificate).and_then(|der| Signed::read(&der)).ok_or(CERTIFICATE)?;
        let key = signer.key().map_err(|_| CERTIFICATE)?;
        Ok(Self { data, alg, signer, key, signature })
    }

    fn issuer(&self) -> &str {
        self.data.pointer("/hdr/is").and_then(Value::as_str).unwrap_or_default()
    }

    /// How a release may know the signer: as itself, by the first 8 bytes of SHA-256 of its certificate.
    fn own_kid(&self) -> [u8; 8] {
        Sha256::digest(&self.signer.der)[..8].try_into().expect("SHA-256 has 32 bytes")
    }

    /// What a newer release would have to bring: its authority, or itself where it names none.
    fn hint(&self) -> Vec<u8> {
        self.signer.authority_key().unwrap_or_else(|| self.own_kid().to_vec())
    }

    fn verify(&self, keys: &dyn Keys) -> Result<usize, Error> {
        let trusted = self.trusted(keys)?;
        if !matches!(self.key, PublicKey::P256(_) | PublicKey::P384(_) | PublicKey::P521(_))
            || alg(&self.alg) != Some(self.key.alg())
        {
            return Err(Error::Algorithm);
        }
        let message = json::canonical(&self.data);
        if self.key.holds(message.as_bytes(), &self.signature) { Ok(trusted) } else { Err(Error::Signature) }
    }

    /// The key that vouches for the signer: its own, if a release names it, or its authority's. Either counts only
    /// for the country that the seal is of.
    fn trusted(&self, keys: &dyn Keys) -> Result<usize, Error> {
        let speaks = |(index, _): &(usize, &PublicKey)| keys.speaks_for(*index, self.issuer());
        let own = self.own_kid();
        if let Some((index, _)) = keys.with_kid(&own).filter(speaks).find(|(_, key)| **key == self.key) {
            return Ok(index);
        }
        let hint = self.hint();
        let mut failed = Error::UnknownKey { kid: hint.clone() };
        for (index, authority) in keys.with_kid(&hint).filter(speaks) {
            match self.signer.is_signed_with(authority) {
                Ok(true) if keys.has_revoked(index, self.signer.serial()) => return Err(Error::SignerRevoked),
                Ok(true) => return Ok(index),
                Ok(false) => failed = Error::Signature,
                Err(_) => failed = Error::Algorithm,
            }
        }
        Err(failed)
    }

    fn decode(&self) -> Result<Document, Error> {
        let header = |name: &str| self.data.get("hdr").and_then(|header| header.get(name));
        if header("v").and_then(Value::as_u64) != Some(1) {
            return Err(Error::Claims(ClaimsFault::Shape));
        }
        let told = header("t").and_then(Value::as_str);
        let kind = TYPES.into_iter().find(|(_, name, _)| Some(*name) == told).map(|(kind, ..)| kind);
        let kind = kind.ok_or(Error::Claims(ClaimsFault::Kind))?;
        if !kinds(&self.signer).contains(&kind) {
            return Err(Error::Claims(ClaimsFault::Usage));
        }
        let text = |pointer: &str| self.data.pointer(pointer).and_then(Value::as_str);
        let id = text("/msg/uvci").or_else(|| text("/msg/utci")).unwrap_or_default();
        // Primary and secondary names, two spaces between (ICAO 9303-3).
        let (family, given) = text("/msg/pid/n").map_or((None, None), |name| match name.split_once("  ") {
            Some((family, given)) => (Some(family), Some(given)),
            None => (Some(name), None),
        });
        // A seal says of itself neither when it was made nor how long it counts: its signer's certificate does.
        let (from, to) = self.signer.validity();
        Ok(Document {
            issuer: self.issuer().to_owned(),
            id: id.as_bytes().to_vec(),
            not_before: Some(from),
            expires: Some(to),
            holder: initials([family, given]),
            birth: year(text("/msg/pid/dob")),
            id_digits: text("/msg/pid/i").or_else(|| text("/msg/pid/dn")).and_then(last_digits),
            ..Document::empty(Format::VdsNc, kind)
        })
    }
}

/// The last digits of a document's number.
fn last_digits(number: &str) -> Option<String> {
    let digits: Vec<char> = number.chars().rev().take_while(char::is_ascii_digit).take(ID_DIGITS).collect();
    (!digits.is_empty()).then(|| digits.into_iter().rev().collect())
}
