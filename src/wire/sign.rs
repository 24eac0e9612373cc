//! COSE_Sign1 (RFC 9052 §4.2) as everything of ours is signed: Ed25519, one purpose a signature.
//!
//! The protected header is exactly `{1: alg, 4: kid}`, the unprotected one is empty, the message is
//! tagged 18, and `external_aad` is the purpose. Verified strictly, over the received bytes.

use ed25519_dalek::{Signature, VerifyingKey};
use sha2::{Digest, Sha256};

use crate::cbor;

/// What a signature is for. A key serves one purpose, and a signature under one holds under no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Context {
    /// A pass of format MP1.
    MovementPass,
    /// The offline root of a region.
    TrustRoot,
    /// The head of a trust release.
    TrustManifest,
    /// HQ's receipt for journal rows.
    Receipt,
    /// HQ's command to one box.
    Command,
    /// A box's checkpoint over its journal, and the opening of an epoch.
    JournalCheckpoint,
    /// Enrolment of a box.
    Enrolment,
    /// Uses merged by HQ.
    Uses,
    /// An officer's service card.
    ServiceCard,
}

impl Context {
    /// Every purpose there is.
    pub const ALL: [Self; 9] = [
        Self::MovementPass,
        Self::TrustRoot,
        Self::TrustManifest,
        Self::Receipt,
        Self::Command,
        Self::JournalCheckpoint,
        Self::Enrolment,
        Self::Uses,
        Self::ServiceCard,
    ];

    /// The `external_aad`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MovementPass => "movement-pass/1",
            Self::TrustRoot => "trust-root/1",
            Self::TrustManifest => "trust-manifest/1",
            Self::Receipt => "receipt/1",
            Self::Command => "command/1",
            Self::JournalCheckpoint => "journal-checkpoint/1",
            Self::Enrolment => "enrolment/1",
            Self::Uses => "uses/1",
            Self::ServiceCard => "service-card/1",
        }
    }
}

/// COSE algorithm numbers accepted for an Ed25519 key.
pub mod alg {
    /// Ed25519, fully specified (RFC 9864 §2.2): the one we issue.
    pub const ED25519: i64 = -19;
    /// EdDSA, polymorphic (RFC 9053 §2.2): accepted.
    pub const EDDSA: i64 = -8;
}

/// The first 8 bytes of SHA-256 of a public key: a hint, not an identity.
pub type Kid = [u8; 8];

/// The kid of an Ed25519 public key.
pub fn kid(key: &VerifyingKey) -> Kid {
    let digest = Sha256::digest(key.as_bytes());
    digest[..8].try_into().expect("SHA-256 has 32 bytes")
}

/// Something that holds a private Ed25519 key for one purpose, at hand: it always signs.
pub trait Signer {
    /// The public half.
    fn public(&self) -> VerifyingKey;
    /// Signs the given bytes (RFC 8032 pure Ed25519).
    fn sign(&self, message: &[u8]) -> [u8; 64];
}

/// Something that has a private key somewhere: in a token that may be pulled out, on a machine that may be
/// away. Whatever is a [`Signer`] is this too, never the other way round.
pub trait TrySigner {
    /// The public half.
    fn public_key(&self) -> VerifyingKey;
    /// Signs the given bytes (RFC 8032 pure Ed25519), or says why it cannot.
    ///
    /// # Errors
    /// [`Unsigned`].
    fn try_sign(&self, message: &[u8]) -> Result<[u8; 64], Unsigned>;
}

impl<S: Signer + ?Sized> TrySigner for S {
    fn public_key(&self) -> VerifyingKey {
        Signer::public(self)
    }

    fn try_sign(&self, message: &[u8]) -> Result<[u8; 64], Unsigned> {
        Ok(self.sign(message))
    }
}

/// Nothing was signed; the cause is that of whoever keeps the key.
#[derive(Debug, thiserror::Error)]
#[error("the key did not sign")]
pub struct Unsigned(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// Why an envelope was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Not one tagged COSE_Sign1 in strict CBOR.
    #[error("not a tagged COSE_Sign1")]
    Envelope,
    /// The headers are not exactly `{1: alg, 4: kid}` and `{}`.
    #[error("the COSE headers are not exactly alg and kid, protected")]
    Headers,
    /// The algorithm is neither Ed25519 nor EdDSA.
    #[error("COSE algorithm {0} is not Ed25519")]
    Algorithm(i64),
    /// The kid in the envelope is not this key's.
    #[error("signed with another key")]
    OtherKey,
    /// The signature does not hold.
    #[error("the signature does not hold")]
    Signature,
}

/// A parsed, not yet verified COSE_Sign1. Nothing in `payload` may be used before [`Self::verify`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sign1<'b> {
    /// Protected header as received.
    pub protected: &'b [u8],
    /// Algorithm from the protected header.
    pub alg: i64,
    /// Key hint from the protected header.
    pub kid: Kid,
    /// Payload as received.
    pub payload: &'b [u8],
    /// The signature.
    pub signature: [u8; 64],
}

impl<'b> Sign1<'b> {
    /// Takes the envelope apart, refusing anything but the one shape we write.
    ///
    /// # Errors
    /// [`Error::Envelope`], [`Error::Headers`] or [`Error::Algorithm`].
    pub fn parse(bytes: &'b [u8]) -> Result<Self, Error> {
        cbor::check(bytes, &cbor::Limits::ENVELOPE).map_err(|_| Error::Envelope)?;
        let mut d = minicbor::Decoder::new(bytes);
        let envelope = |_| Error::Envelope;
        if d.tag().map_err(envelope)? != minicbor::data::Tag::new(18) || d.array().map_err(envelope)? != Some(4) {
            return Err(Error::Envelope);
        }
        let protected = d.bytes().map_err(envelope)?;
        if d.map().map_err(envelope)? != Some(0) {
            return Err(Error::Headers);
        }
        let payload = d.bytes().map_err(envelope)?;
        let signature = d.bytes().map_err(envelope)?.try_into().map_err(|_| Error::Envelope)?;
        let (alg, kid) = headers(protected)?;
        if alg != alg::ED25519 && alg != alg::EDDSA {
            return Err(Error::Algorithm(alg));
        }
        Ok(Self { protected, alg, kid, payload, signature })
    }

    /// Checks the signature, and on success gives the payload.
    ///
    /// # Errors
    /// [`Error::OtherKey`] when the kid is not this key's, [`Error::Signature`] otherwise.
    pub fn verify(&self, context: Context, key: &VerifyingKey) -> Result<&'b [u8], Error> {
        if kid(key) != self.kid {
            return Err(Error::OtherKey);
        }
        let signed = to_be_signed(context, self.protected, self.payload);
        key.verify_strict(&signed, &Signature::from_bytes(&self.signature)).map_err(|_| Error::Signature)?;
        Ok(self.payload)
    }
}

fn headers(protected: &[u8]) -> Result<(i64, Kid), Error> {
    cbor::check(protected, &cbor::Limits::ENVELOPE).map_err(|_| Error::Headers)?;
    let mut d = minicbor::Decoder::new(protected);
    let wrong = |_| Error::Headers;
    if d.map().map_err(wrong)? != Some(2) || d.u64().map_err(wrong)? != 1 {
        return Err(Error::Headers);
    }
    let alg = d.i64().map_err(wrong)?;
    if d.u64().map_err(wrong)? != 4 {
        return Err(Error::Headers);
    }
    let kid = d.bytes().map_err(wrong)?.try_into().map_err(|_| Error::Headers)?;
    Ok((alg, kid))
}

/// The Sig_structure of RFC 9052 §4.4: what is actually signed.
pub fn to_be_signed(context: Context, protected: &[u8], payload: &[u8]) -> Vec<u8> {
    sig_structure(protected, context.as_str().as_bytes(), payload)
}

/// The Sig_structure with any `external_aad`; foreign certificates have an empty one.
pub fn sig_structure(protected: &[u8], external_aad: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(protected.len() + external_aad.len() + payload.len() + 32);
    let mut e = minicbor::Encoder::new(&mut out);
    e.array(4)
        .and_then(|e| e.str("Signature1"))
        .and_then(|e| e.bytes(protected))
        .and_then(|e| e.bytes(external_aad))
        .and_then(|e| e.bytes(payload))
        .expect("writing to memory cannot fail");
    out
}

/// Signs a payload for one purpose and wraps it.
pub fn sign(context: Context, signer: &dyn Signer, payload: &[u8]) -> Vec<u8> {
    let protected = protected(&signer.public());
    let signature = signer.sign(&to_be_signed(context, &protected, payload));
    envelope(&protected, payload, &signature)
}

/// The same with a key that may be out of reach.
///
/// # Errors
/// [`Unsigned`].
pub fn try_sign(context: Context, signer: &dyn TrySigner, payload: &[u8]) -> Result<Vec<u8>, Unsigned> {
    let protected = protected(&signer.public_key());
    let signature = signer.try_sign(&to_be_signed(context, &protected, payload))?;
    Ok(envelope(&protected, payload, &signature))
}

fn protected(key: &VerifyingKey) -> Vec<u8> {
    let mut protected = Vec::with_capacity(12);
    let mut e = minicbor::Encoder::new(&mut protected);
    e.map(2)
        .and_then(|e| e.u8(1))
        .and_then(|e| e.i64(alg::ED25519))
        .and_then(|e| e.u8(4))
        .and_then(|e| e.bytes(&kid(key)))
        .expect("writing to memory cannot fail");
    protected
}

fn envelope(protected: &[u8], payload: &[u8], signature: &[u8; 64]) -> Vec<u8> {
    let mut out = Vec::with_capacity(payload.len() + 90);
    let mut e = minicbor::Encoder::new(&mut out);
    e.tag(minicbor::data::Tag::new(18))
        .and_then(|e| e.array(4))
        .and_then(|e| e.bytes(protected))
        .and_then(|e| e.map(0))
        .and_then(|e| e.bytes(payload))
        .and_then(|e| e.bytes(signature))
        .expect("writing to memory cannot fail");
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::Signer as _;

    struct Key(ed25519_dalek::SigningKey);
    impl Signer for Key {
        fn public(&self) -> VerifyingKey {
            self.0.verifying_key()
        }
        fn sign(&self, message: &[u8]) -> [u8; 64] {
            self.0.sign(message).to_bytes()
        }
    }

    #[test]
    fn a_signature_holds_for_its_own_purpose_only() {
        let key = Key(ed25519_dalek::SigningKey::from_bytes(&[7; 32]));
        for made_for in Context::ALL {
            let message = sign(made_for, &key, b"\xa0");
            let parsed = Sign1::parse(&message).unwrap();
            for tried_as in Context::ALL {
                assert_eq!(parsed.verify(tried_as, &key.public()).is_ok(), made_for == tried_as);
            }
        }
    }

    #[test]
    fn every_single_bit_change_is_refused() {
        let key = Key(ed25519_dalek::SigningKey::from_bytes(&[7; 32]));
        let message = sign(Context::Receipt, &key, b"\xa1\x01\x02");
        for bit in 0..message.len() * 8 {
            let mut changed = message.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let held =
                Sign1::parse(&changed).and_then(|m| m.verify(Context::Receipt, &key.public()).map(<[u8]>::to_vec));
            assert!(held.is_err(), "bit {bit}");
        }
    }
}
