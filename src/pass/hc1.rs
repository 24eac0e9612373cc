//! `HC1:`, the EU's certificate of vaccination, test or recovery: base45, zlib, COSE_Sign1, CWT, JSON-like
//! content under claim -260 (eu-dcc-hcert-spec §3).
//!
//! Issuers differ in what they write, so the envelope is read leniently where the specification or the
//! field does (tag 18, 61(18) or none; headers protected or not), and never where it would matter.

use ciborium::Value;
use sha2::{Digest as _, Sha256};
use wire::base45;
use wire::sign::sig_structure;

use crate::foreign::{field, get, has_duplicates, seconds, value};
use crate::key::search;
use crate::person::{initials, year};
use crate::trace::Trace;
use crate::{
    ClaimsFault, CoseFault, Document, Error, Format, Keys, Kind, PublicKey, RevocationHashes, Step, Verified, foreign,
};

/// How its texts begin.
pub(crate) const PREFIX: &str = "HC1:";

/// Longest text: what a version 40-L code holds in its alphanumeric mode.
pub const LONGEST_TEXT: usize = 4296;

/// Most bytes one may unpack to. Real ones have about 400.
pub const LONGEST_CBOR: usize = 8 * 1024;

/// Claim that holds the certificate (`hcert`).
const HCERT: i64 = -260;

/// Header labels (RFC 9052 §3.1).
const ALG: i64 = 1;
const KID: i64 = 4;

/// An envelope taken apart.
struct Envelope {
    protected: Vec<u8>,
    alg: Option<i64>,
    kid: Vec<u8>,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

/// Decodes and verifies.
pub(crate) fn read(text: &str, keys: &dyn Keys) -> Result<Verified, Error> {
    let envelope = parse(&inflate(&unwrap(text)?)?)?;
    let key = envelope.verify(keys)?;
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
    let envelope = parse(&cose)?;
    trace.hold(Step::Cose);
    trace.alg = envelope.alg;
    trace.kid = Some(envelope.kid.clone());
    trace.enter_search(envelope.verify(keys));
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
    use miniz_oxide::inflate::{TINFLStatus, core};
    let mut out = vec![0; LONGEST_CBOR];
    let flags = core::inflate_flags::TINFL_FLAG_PARSE_ZLIB_HEADER
        | core::inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF
        | core::inflate_flags::TINFL_FLAG_COMPUTE_ADLER32;
    let (status, consumed, written) = core::decompress(&mut core::DecompressorOxide::new(), packed, &mut out, 0, flags);
    match status {
        TINFLStatus::Done if consumed == packed.len() => {
            out.truncate(written);
            Ok(out)
        }
        TINFLStatus::HasMoreOutput => Err(Error::InflateLimit),
        _ => Err(Error::Inflate),
    }
}

fn parse(bytes: &[u8]) -> Result<Envelope, Error> {
    const SHAPE: Error = Error::Cose(CoseFault::Shape);
    let mut value = value(bytes).ok_or(SHAPE)?;
    // CWT tag 61 around COSE_Sign1 tag 18, either or none (RFC 8392 §6).
    for tag in [61, 18] {
        value = match value {
            Value::Tag(found, inner) if found == tag => *inner,
            other => other,
        };
    }
    let Value::Array(parts) = value else { return Err(SHAPE) };
    let [Value::Bytes(protected), Value::Map(unprotected), Value::Bytes(payload), Value::Bytes(signature)] =
        <[Value; 4]>::try_from(parts).map_err(|_| SHAPE)?
    else {
        return Err(SHAPE);
    };
    // A header without entries may be an empty string or an empty map in one, and is signed as the former
    // (RFC 9052 §3, §4.4).
    let headers = if protected.is_empty() { Vec::new() } else { foreign::map(&protected).ok_or(SHAPE)? };
    let protected = if headers.is_empty() { Vec::new() } else { protected };
    if has_duplicates(&headers) || has_duplicates(&unprotected) {
        return Err(Error::Cose(CoseFault::DuplicateHeader));
    }
    // Both are hints, wherever they stand: the kid finds a key, and the key's own algorithm decides. What
    // the signature covers comes first.
    let header = |label| get(&headers, label).or_else(|| get(&unprotected, label));
    let alg = header(ALG).and_then(Value::as_integer).and_then(|alg| i64::try_from(alg).ok());
    let kid = match header(KID) {
        Some(Value::Bytes(kid)) => kid.clone(),
        Some(Value::Text(kid)) => kid.clone().into_bytes(),
        _ => return Err(Error::Cose(CoseFault::NoKid)),
    };
    Ok(Envelope { protected, alg, kid, payload, signature })
}

impl Envelope {
    /// What of the signature its holder cannot turn into another one that holds as well.
    fn lasting_signature(&self) -> &[u8] {
        const ES256: i64 = -7;
        if self.alg == Some(ES256) { &self.signature[..self.signature.len() / 2] } else { &self.signature }
    }

    fn verify(&self, keys: &dyn Keys) -> Result<usize, Error> {
        let message = sig_structure(&self.protected, b"", &self.payload);
        search(keys, &self.kid, |key| match key {
            // Ours sign with Ed25519, and for nothing foreign.
            PublicKey::Ed25519(_) => None,
            key if self.alg == Some(key.alg()) => Some(key.holds(&message, &self.signature)),
            _ => None,
        })
    }
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
            signature: half(&[envelope.lasting_signature()]),
        }),
        ..Document::empty(Format::Hc1, kind)
    };
    Ok((document, hcert))
}
