//! Envelopes of issuers who are not ours: COSE_Sign1 (RFC 9052, section 4.2), read leniently where the field is, and
//! never where it would matter.

use ciborium::Value;
use wire::sign::sig_structure;

use crate::foreign::{get, has_duplicates, map, value};
use crate::{CoseFault, Error};

/// Header labels (RFC 9052, section 3.1).
const ALG: i64 = 1;
const KID: i64 = 4;

/// An envelope taken apart.
pub(crate) struct Envelope {
    protected: Vec<u8>,
    /// The algorithm it names.
    pub alg: Option<i64>,
    /// The key hint.
    pub kid: Vec<u8>,
    /// The signed bytes of the content, as received.
    pub payload: Vec<u8>,
    /// Over all of them.
    pub signature: Vec<u8>,
}

/// Where algorithm and key hint may stand.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Headers {
    /// In either map. What the signature covers comes first.
    Any,
    /// In the one that is signed.
    Protected,
}

impl Envelope {
    /// Reads an envelope: CWT tag 61 around COSE_Sign1 tag 18, either or none (RFC 8392, section 6).
    pub fn parse(bytes: &[u8], headers: Headers) -> Result<Self, Error> {
        const SHAPE: Error = Error::Cose(CoseFault::Shape);
        let mut value = value(bytes).ok_or(SHAPE)?;
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
        // (RFC 9052, sections 3 and 4.4).
        let signed = if protected.is_empty() { Vec::new() } else { map(&protected).ok_or(SHAPE)? };
        let protected = if signed.is_empty() { Vec::new() } else { protected };
        if has_duplicates(&signed) || has_duplicates(&unprotected) {
            return Err(Error::Cose(CoseFault::DuplicateHeader));
        }
        // Both are hints: the kid finds a key, and the key's own algorithm decides.
        let header =
            |label| get(&signed, label).or_else(|| get(&unprotected, label).filter(|_| headers == Headers::Any));
        let alg = header(ALG).and_then(Value::as_integer).and_then(|alg| i64::try_from(alg).ok());
        let kid = match header(KID) {
            Some(Value::Bytes(kid)) => kid.clone(),
            Some(Value::Text(kid)) => kid.clone().into_bytes(),
            _ => return Err(Error::Cose(CoseFault::NoKid)),
        };
        Ok(Self { protected, alg, kid, payload, signature })
    }

    /// What the signature is over.
    pub fn signed(&self) -> Vec<u8> {
        sig_structure(&self.protected, b"", &self.payload)
    }
}
