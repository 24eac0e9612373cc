//! `HC1:`, the EU's certificate of vaccination, test or recovery: base45, zlib, COSE_Sign1, CWT, JSON-like
//! content under claim -260 (eu-dcc-hcert-spec §3).
//!
//! Issuers differ in what they write, so the envelope is read leniently where the specification or the
//! field does (tag 18, 61(18) or none; kid protected or not), and never where it would matter.

use ciborium::Value;
use wire::sign::sig_structure;

use crate::{Document, Error, Format, Keys, Kind, Verified, base45};

/// Longest text: what a version 40-L code holds in its alphanumeric mode.
pub const LONGEST_TEXT: usize = 4296;

/// Most bytes one may unpack to. Real ones have about 400.
pub const LONGEST_CBOR: usize = 8 * 1024;

/// Claim that holds the certificate (`hcert`).
const HCERT: i64 = -260;

/// An envelope taken apart.
struct Envelope {
    protected: Vec<u8>,
    alg: Option<i64>,
    kid: Option<Vec<u8>>,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

/// Decodes and verifies.
pub(crate) fn read(text: &str, keys: &dyn Keys) -> Result<Verified, Error> {
    let envelope = parse(&inflate(&unwrap(text)?)?)?;
    let kid = envelope.kid.as_deref().ok_or(Error::Cose("no kid"))?;
    let mut failed = Error::UnknownKey { kid: kid.to_vec() };
    let message = sig_structure(&envelope.protected, b"", &envelope.payload);
    for (key, public) in keys.with_kid(kid) {
        if envelope.alg != Some(public.alg()) {
            failed = Error::Algorithm;
        } else if public.holds(&message, &envelope.signature) {
            return Ok(Verified { document: decode(&envelope.payload)?, key });
        } else {
            failed = Error::Signature;
        }
    }
    Err(failed)
}

/// Decodes without verifying.
pub(crate) fn peek_unverified(text: &str) -> Result<Document, Error> {
    decode(&parse(&inflate(&unwrap(text)?)?)?.payload)
}

/// From text to compressed bytes.
///
/// # Errors
/// [`Error::TooLong`], [`Error::NotAPass`] or [`Error::Base45`].
pub fn unwrap(text: &str) -> Result<Vec<u8>, Error> {
    if text.len() > LONGEST_TEXT {
        return Err(Error::TooLong);
    }
    base45::decode(text.strip_prefix(Format::Hc1.prefix()).ok_or(Error::NotAPass)?).ok_or(Error::Base45)
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
    let wrong = Error::Cose("not a COSE_Sign1");
    let mut value = value(bytes).ok_or(wrong.clone())?;
    // CWT tag 61 around COSE_Sign1 tag 18, either or none (RFC 8392 §6).
    for tag in [61, 18] {
        value = match value {
            Value::Tag(found, inner) if found == tag => *inner,
            other => other,
        };
    }
    let Value::Array(parts) = value else { return Err(wrong) };
    let [Value::Bytes(protected), Value::Map(unprotected), Value::Bytes(payload), Value::Bytes(signature)] =
        <[Value; 4]>::try_from(parts).map_err(|_| wrong.clone())?
    else {
        return Err(wrong);
    };
    let headers = if protected.is_empty() { Vec::new() } else { map(&protected).ok_or(wrong)? };
    if [&headers, &unprotected].into_iter().any(|map| has_duplicates(map)) {
        return Err(Error::Cose("the same header twice"));
    }
    // Both are hints, wherever they stand: the kid finds a key, and the key's own algorithm decides.
    let alg = get(&headers, 1).or_else(|| get(&unprotected, 1));
    let alg = alg.and_then(Value::as_integer).and_then(|i| i64::try_from(i).ok());
    let kid = get(&headers, 4).or_else(|| get(&unprotected, 4)).and_then(Value::as_bytes).cloned();
    Ok(Envelope { protected, alg, kid, payload, signature })
}

fn decode(payload: &[u8]) -> Result<Document, Error> {
    let claims = map(payload).ok_or(Error::Claims("not a claims map"))?;
    if has_duplicates(&claims) {
        return Err(Error::Claims("the same claim twice"));
    }
    let hcert = get(&claims, HCERT).and_then(Value::as_map).ok_or(Error::Claims("no certificate"))?;
    let certificate = get(hcert, 1).and_then(Value::as_map).ok_or(Error::Claims("no certificate"))?;
    if has_duplicates(hcert) || has_duplicates(certificate) {
        return Err(Error::Claims("the same claim twice"));
    }
    let (kind, entry) = [("v", Kind::VACCINATION), ("t", Kind::TEST), ("r", Kind::RECOVERY)]
        .into_iter()
        .find_map(|(name, kind)| Some((kind, field(certificate, name)?.as_array()?.first()?.as_map()?)))
        .ok_or(Error::Claims("neither vaccination, test nor recovery"))?;
    let id = field(entry, "ci").and_then(Value::as_text).unwrap_or_default();
    let names = field(certificate, "nam").and_then(Value::as_map);
    let initial = |name: &str| names.and_then(|names| field(names, name)?.as_text()?.chars().next());
    // Only what an officer compares with the document: initials and the year.
    let holder: String = [initial("fnt"), initial("gnt")].into_iter().flatten().map(|c| format!("{c}.")).collect();
    let birth = field(certificate, "dob").and_then(Value::as_text).and_then(|dob| dob.get(..4));
    let issuer = get(&claims, 1).and_then(Value::as_text);
    let issuer = issuer.or_else(|| field(entry, "co").and_then(Value::as_text)).unwrap_or_default();
    Ok(Document {
        format: Format::Hc1,
        issuer: issuer.to_owned(),
        id: id.as_bytes().to_vec(),
        kind,
        not_before: None,
        expires: seconds(get(&claims, 4)),
        issued: seconds(get(&claims, 6)),
        plates: Vec::new(),
        holder: (!holder.is_empty()).then_some(holder),
        birth: birth.map(str::to_owned),
        id_digits: None,
        cards: Vec::new(),
        regions: Vec::new(),
        limits: None,
        route: None,
        status: None,
    })
}

/// A NumericDate, which may be a float (RFC 8392 §2).
fn seconds(value: Option<&Value>) -> Option<i64> {
    match value? {
        Value::Integer(seconds) => i64::try_from(*seconds).ok(),
        // Casting saturates, and a date beyond i64 is as good as never.
        Value::Float(seconds) if seconds.is_finite() => Some(*seconds as i64),
        _ => None,
    }
}

/// Deepest nesting read; real certificates have five levels.
const DEPTH: usize = 16;

/// One CBOR item and nothing after it.
fn value(bytes: &[u8]) -> Option<Value> {
    let mut rest = bytes;
    let value = ciborium::de::from_reader_with_recursion_limit(&mut rest, DEPTH).ok()?;
    rest.is_empty().then_some(value)
}

fn map(bytes: &[u8]) -> Option<Vec<(Value, Value)>> {
    value(bytes)?.into_map().ok()
}

fn get(map: &[(Value, Value)], key: i64) -> Option<&Value> {
    map.iter().find(|(k, _)| k.as_integer() == Some(key.into())).map(|(_, v)| v)
}

fn field<'a>(map: &'a [(Value, Value)], name: &str) -> Option<&'a Value> {
    map.iter().find(|(k, _)| k.as_text() == Some(name)).map(|(_, v)| v)
}

fn has_duplicates(map: &[(Value, Value)]) -> bool {
    map.iter().enumerate().any(|(i, (key, _))| map[..i].iter().any(|(earlier, _)| earlier == key))
}
