//! Enrolment: how a new box asks HQ to know it, and what HQ answers. The bytes stand in `docs/formats/enrolment.md`.
//!
//! A box shows a [`Request`]: its three public keys, the root it trusts and a nonce. HQ answers with a [`Bundle`] that
//! a command key of that root has signed: certificate, addresses, and the region's secrets sealed to the box. Later a
//! box renews its certificate by itself, with a [`RenewalRequest`] over a nonce of HQ's.
//!
//! Each is one COSE_Sign1 under [`Context::Enrolment`] whose payload begins with what it is, so that none is taken for
//! another; as text it is `MPE1:` and base45, which a QR code holds in its alphanumeric mode.

use ed25519_dalek::VerifyingKey;
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use p256::ecdsa::signature::Verifier as _;
use sha2::{Digest as _, Sha256};

use crate::sign::{Context, Sign1, TrySigner, Unsigned, try_sign};
use crate::{BoxId, Error, RegionId, base45};

mod check;
#[cfg(test)]
mod tests;

/// What the text of a message of enrolment begins with.
pub const PREFIX: &str = "MPE1:";

/// Longest text of a request, in characters: what a code of 69 modules holds, which a panel of 240 lines shows with
/// three pixels to a module.
pub const LONGEST_REQUEST_TEXT: usize = 600;

/// Longest message in bytes.
pub const LONGEST: usize = 16 * 1024;

/// Longest certificate in bytes.
pub const LONGEST_CERTIFICATE: usize = 2048;

/// Most certificates of authorities: the present one, the next one, and who stands above them.
pub const MOST_AUTHORITIES: usize = 4;

/// Longest address in bytes.
pub const LONGEST_ADDRESS: usize = 253;

/// Longest sealed secrets in bytes.
pub const LONGEST_SECRETS: usize = 1024;

/// Length of a request's nonce in bytes.
pub const NONCE: usize = 16;

/// A P-256 public key, compressed (SEC 1 §2.3.3).
pub type TlsKey = [u8; 33];

/// What a payload says it is; decodes only from the same word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Kind<const N: usize>;

/// The words, by their number in [`Kind`].
const WORDS: [&str; 4] = ["request/1", "bundle/1", "renewal/1", "renewed/1"];

impl<C, const N: usize> Encode<C> for Kind<N> {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.str(WORDS[N])?.ok()
    }
}

impl<'b, C, const N: usize> Decode<'b, C> for Kind<N> {
    fn decode(d: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        let is_it = d.str()? == WORDS[N];
        if is_it { Ok(Self) } else { Err(minicbor::decode::Error::message("another kind")) }
    }
}

/// A box asks to be known: what it shows on its own panel, signed by its signing key.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Request {
    /// What it is.
    #[n(0)]
    pub kind: Kind<0>,
    /// The region it was made ready for.
    #[n(1)]
    pub region: RegionId,
    /// The name it was given.
    #[n(2)]
    pub name: BoxId,
    /// Its Ed25519 key: journal, requests.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub signing: [u8; 32],
    /// Its P-256 key: TLS.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub tls: TlsKey,
    /// Its X25519 key: what is sealed to it.
    #[cbor(n(5), with = "minicbor::bytes")]
    pub receive: [u8; 32],
    /// SHA-256 of the `root.1` it trusts.
    #[cbor(n(6), with = "minicbor::bytes")]
    pub root: [u8; 32],
    /// Drawn for this request; the answer names it.
    #[cbor(n(7), with = "minicbor::bytes")]
    pub nonce: [u8; NONCE],
    /// That it has the TLS key: ECDSA over [`Request::to_be_proven`].
    #[cbor(n(8), with = "minicbor::bytes")]
    pub possession: [u8; 64],
}

/// HQ's answer to a request, signed by a command key of the root.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Bundle {
    /// What it is.
    #[n(0)]
    pub kind: Kind<1>,
    /// The region.
    #[n(1)]
    pub region: RegionId,
    /// The box it is for.
    #[n(2)]
    pub name: BoxId,
    /// The nonce of the request it answers.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub nonce: [u8; NONCE],
    /// The signing key of the box it is for.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub signing: [u8; 32],
    /// The box's TLS client certificate (DER).
    #[cbor(n(5), with = "minicbor::bytes")]
    pub certificate: Vec<u8>,
    /// The region's authorities (DER), the issuing one first: they vouch for the broker and the renewal server too.
    #[n(6)]
    pub authorities: Vec<ByteVec>,
    /// `host:port` of the broker.
    #[n(7)]
    pub broker: Option<String>,
    /// Address of the releases.
    #[n(8)]
    pub releases: Option<String>,
    /// Address at which certificates are renewed.
    #[n(9)]
    pub renewal: Option<String>,
    /// [`Secrets`], sealed to the box's receive key: the encapsulated key (32 bytes), then the ciphertext.
    #[cbor(n(10), with = "minicbor::bytes")]
    pub secrets: Vec<u8>,
    /// Unix seconds at which HQ made it.
    #[n(11)]
    pub issued: i64,
}

/// The region's secrets, as they are sealed to one box: HPKE (RFC 9180) in base mode with X25519, HKDF-SHA-256 and
/// ChaCha20-Poly1305, [`secrets_info`] as `info`, nothing as `aad`.
#[derive(Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct Secrets {
    /// The pepper of the register, where the region has one.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub pepper: Option<[u8; 32]>,
}

/// A box asks for a certificate for a new TLS key, signed by its signing key.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct RenewalRequest {
    /// What it is.
    #[n(0)]
    pub kind: Kind<2>,
    /// The region.
    #[n(1)]
    pub region: RegionId,
    /// The box.
    #[n(2)]
    pub name: BoxId,
    /// Its new P-256 key.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub tls: TlsKey,
    /// What HQ has drawn for this.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub nonce: [u8; 32],
    /// That it has the key: ECDSA over [`RenewalRequest::to_be_proven`].
    #[cbor(n(5), with = "minicbor::bytes")]
    pub possession: [u8; 64],
}

/// HQ's answer to a renewal. It comes over TLS and is checked against the authorities the box already has.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Renewed {
    /// What it is.
    #[n(0)]
    pub kind: Kind<3>,
    /// The new certificate (DER).
    #[cbor(n(1), with = "minicbor::bytes")]
    pub certificate: Vec<u8>,
    /// The region's authorities (DER), the issuing one first.
    #[n(2)]
    pub authorities: Vec<ByteVec>,
}

/// HPKE's `info` of secrets for one box: purpose, region, box.
pub fn secrets_info(region: &RegionId, name: &BoxId) -> Vec<u8> {
    crate::encode(&("checkpoint-enrolment/1", region, name))
}

impl Request {
    /// What the TLS key signs (ECDSA with SHA-256): the request with zeros in the place of that signature.
    pub fn to_be_proven(&self) -> Vec<u8> {
        crate::encode(&Self { possession: [0; 64], ..self.clone() })
    }

    /// What people compare, as [`fingerprint`](crate::fingerprint): SHA-256 of [`Self::to_be_proven`], and so of the
    /// root and of all three keys. Whoever puts a key of his own into a request on its way changes it.
    pub fn fingerprint(&self) -> [u8; 32] {
        Sha256::digest(self.to_be_proven()).into()
    }

    /// Signs it with the box's signing key.
    ///
    /// # Errors
    /// [`Unsigned`].
    pub fn sign(&self, signer: &dyn TrySigner) -> Result<Vec<u8>, Unsigned> {
        try_sign(Context::Enrolment, signer, &crate::encode(self))
    }

    /// The request in an envelope whose signature, and whose proof for the TLS key, hold. Whether the box is one that
    /// HQ wants to know is another question.
    ///
    /// # Errors
    /// [`Error`].
    pub fn verify(cose: &[u8]) -> Result<Self, Error> {
        let envelope = envelope(cose)?;
        let request: Self = check::sound(envelope.payload, "enrolment request")?;
        let key = VerifyingKey::from_bytes(&request.signing).map_err(|_| Error::Shape("enrolment request"))?;
        envelope.verify(Context::Enrolment, &key)?;
        proven(&request.tls, &request.to_be_proven(), &request.possession)?;
        Ok(request)
    }
}

impl Bundle {
    /// Signs it with a command key.
    ///
    /// # Errors
    /// [`Unsigned`].
    pub fn sign(&self, signer: &dyn TrySigner) -> Result<Vec<u8>, Unsigned> {
        try_sign(Context::Enrolment, signer, &crate::encode(self))
    }

    /// The bundle in an envelope that one of these keys has signed.
    ///
    /// # Errors
    /// [`Error`].
    pub fn verify(cose: &[u8], keys: impl IntoIterator<Item = VerifyingKey>) -> Result<Self, Error> {
        let envelope = envelope(cose)?;
        let mut refused = crate::sign::Error::OtherKey;
        for key in keys {
            match envelope.verify(Context::Enrolment, &key) {
                Ok(payload) => return check::sound(payload, "enrolment bundle"),
                // Another key may have the same kid.
                Err(error) if error != crate::sign::Error::OtherKey => refused = error,
                Err(_) => {}
            }
        }
        Err(refused.into())
    }
}

impl RenewalRequest {
    /// What the new TLS key signs (ECDSA with SHA-256): the request with zeros in the place of that signature.
    pub fn to_be_proven(&self) -> Vec<u8> {
        crate::encode(&Self { possession: [0; 64], ..self.clone() })
    }

    /// Signs it with the box's signing key.
    ///
    /// # Errors
    /// [`Unsigned`].
    pub fn sign(&self, signer: &dyn TrySigner) -> Result<Vec<u8>, Unsigned> {
        try_sign(Context::Enrolment, signer, &crate::encode(self))
    }

    /// The box that a request claims to be of, before anything of it is verified: whose key to ask for.
    ///
    /// # Errors
    /// [`Error`].
    pub fn claimed(cose: &[u8]) -> Result<(RegionId, BoxId), Error> {
        let request: Self = check::sound(envelope(cose)?.payload, "renewal request")?;
        Ok((request.region, request.name))
    }

    /// The request in an envelope that this box's key has signed, and whose proof for the TLS key holds.
    ///
    /// # Errors
    /// [`Error`].
    pub fn verify(cose: &[u8], key: &VerifyingKey) -> Result<Self, Error> {
        let request: Self = check::sound(envelope(cose)?.verify(Context::Enrolment, key)?, "renewal request")?;
        proven(&request.tls, &request.to_be_proven(), &request.possession)?;
        Ok(request)
    }
}

impl Renewed {
    /// Reads an answer.
    ///
    /// # Errors
    /// [`Error`].
    pub fn read(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > LONGEST {
            return Err(Error::Shape("renewal"));
        }
        check::sound(bytes, "renewal")
    }
}

fn envelope(cose: &[u8]) -> Result<Sign1<'_>, Error> {
    if cose.len() > LONGEST {
        return Err(crate::sign::Error::Envelope.into());
    }
    Ok(Sign1::parse(cose)?)
}

/// Whether whoever has a P-256 key has signed this.
fn proven(key: &TlsKey, message: &[u8], signature: &[u8; 64]) -> Result<(), Error> {
    let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(key).map_err(|_| Error::Possession)?;
    let signature = p256::ecdsa::Signature::from_slice(signature).map_err(|_| Error::Possession)?;
    key.verify(message, &signature).map_err(|_| Error::Possession)
}

/// A signed message as text.
pub fn text(cose: &[u8]) -> String {
    format!("{PREFIX}{}", base45::encode(cose))
}

/// The signed message in a text, or `None` when it is none. What a paste adds around it, and where it breaks lines, is
/// passed over: base45 of a whole message neither begins nor ends with a space.
pub fn from_text(text: &str) -> Option<Vec<u8>> {
    if text.len() > 2 * LONGEST {
        return None;
    }
    let text: String = text.trim().chars().filter(|c| !matches!(c, '\r' | '\n' | '\t')).collect();
    base45::decode(text.strip_prefix(PREFIX)?).filter(|cose| cose.len() <= LONGEST)
}

/// The signed message in what a file or a paste holds: as it is, or as text.
pub fn from_any(bytes: &[u8]) -> Option<Vec<u8>> {
    if bytes.len() <= LONGEST && Sign1::parse(bytes).is_ok() {
        return Some(bytes.to_vec());
    }
    from_text(std::str::from_utf8(bytes).ok()?)
}
