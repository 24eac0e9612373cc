//! Public keys of issuers, and where they come from.

use p256::ecdsa::signature::Verifier as _;
use p256::pkcs8::DecodePublicKey as _;
use sha2::{Digest as _, Sha256};
use x509_cert::der::Decode as _;

use crate::Error;

/// The public key of an issuer, decompressed and ready to verify with.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PublicKey {
    /// Ed25519 (RFC 8032).
    Ed25519(ed25519_dalek::VerifyingKey),
    /// ECDSA over P-256 with SHA-256 (COSE ES256).
    P256(p256::ecdsa::VerifyingKey),
    /// ECDSA over P-384 with SHA-384 (COSE ES384).
    P384(p384::ecdsa::VerifyingKey),
    /// ECDSA over P-521 with SHA-512 (COSE ES512).
    P521(p521::PublicKey),
    /// RSASSA-PSS with SHA-256 (COSE PS256).
    Rsa(Box<rsa::RsaPublicKey>),
}

/// Not a public key of a type used here, or a weak one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an Ed25519, P-256, P-384, P-521 or RSA (2048 bits and more) public key, or a weak one")]
pub struct BadKey;

/// Smallest and largest RSA modulus in bits: below is breakable, above is a way to keep a box busy.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=4096;

impl PublicKey {
    /// An Ed25519 key from its 32 bytes. Weak keys (of small order) are refused.
    ///
    /// # Errors
    /// [`BadKey`].
    pub fn from_ed25519(bytes: &[u8]) -> Result<Self, BadKey> {
        let bytes = bytes.try_into().map_err(|_| BadKey)?;
        let key = ed25519_dalek::VerifyingKey::from_bytes(bytes).map_err(|_| BadKey)?;
        if key.is_weak() { Err(BadKey) } else { Ok(Self::Ed25519(key)) }
    }

    /// Any key from its SubjectPublicKeyInfo in DER (RFC 5280 §4.1).
    ///
    /// # Errors
    /// [`BadKey`].
    pub fn from_spki(der: &[u8]) -> Result<Self, BadKey> {
        if let Ok(key) = p256::ecdsa::VerifyingKey::from_public_key_der(der) {
            return Ok(Self::P256(key));
        }
        if let Ok(key) = p384::ecdsa::VerifyingKey::from_public_key_der(der) {
            return Ok(Self::P384(key));
        }
        if let Ok(key) = p521::PublicKey::from_public_key_der(der) {
            return Ok(Self::P521(key));
        }
        if let Some(key) = rsa_key(der) {
            use rsa::traits::PublicKeyParts as _;
            let bits = key.n().bits();
            return if RSA_BITS.contains(&bits) { Ok(Self::Rsa(Box::new(key))) } else { Err(BadKey) };
        }
        // Ed25519 (RFC 8410): a fixed 12-byte head and the key.
        const HEAD: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
        der.strip_prefix(&HEAD).ok_or(BadKey).and_then(Self::from_ed25519)
    }

    /// A key as people keep it: SubjectPublicKeyInfo in PEM or DER, or an Ed25519 key as 32 bytes or
    /// 64 hexadecimal digits.
    ///
    /// # Errors
    /// [`BadKey`].
    pub fn read(bytes: &[u8]) -> Result<Self, BadKey> {
        if bytes.len() == 32 {
            return Self::from_ed25519(bytes);
        }
        let Ok(text) = str::from_utf8(bytes) else { return Self::from_spki(bytes) };
        let text = text.trim();
        if text.starts_with("-----BEGIN") {
            let (label, der) = x509_cert::der::Document::from_pem(text).map_err(|_| BadKey)?;
            return if label == "PUBLIC KEY" { Self::from_spki(der.as_bytes()) } else { Err(BadKey) };
        }
        match unhex(text) {
            Some(key) => Self::from_ed25519(&key),
            None => Self::from_spki(bytes),
        }
    }

    /// The key as SubjectPublicKeyInfo in DER, or the bare 32 bytes of an Ed25519 key.
    pub fn to_bytes(&self) -> Vec<u8> {
        use p256::pkcs8::EncodePublicKey as _;
        let der = match self {
            Self::Ed25519(key) => return key.to_bytes().to_vec(),
            Self::P256(key) => key.to_public_key_der(),
            Self::P384(key) => key.to_public_key_der(),
            Self::P521(key) => key.to_public_key_der(),
            Self::Rsa(key) => key.to_public_key_der(),
        };
        der.expect("a key that was parsed can be written").into_vec()
    }

    /// The key from what [`Self::to_bytes`] gives.
    ///
    /// # Errors
    /// [`BadKey`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BadKey> {
        if bytes.len() == 32 { Self::from_ed25519(bytes) } else { Self::from_spki(bytes) }
    }

    /// The COSE algorithm of the key.
    pub const fn alg(&self) -> i64 {
        match self {
            Self::Ed25519(_) => wire::sign::alg::ED25519,
            Self::P256(_) => -7,
            Self::P384(_) => -35,
            Self::P521(_) => -36,
            Self::Rsa(_) => -37,
        }
    }

    /// First 8 bytes of SHA-256 over [`Self::to_bytes`]: for an Ed25519 key the kid of its passes.
    pub fn kid(&self) -> [u8; 8] {
        Sha256::digest(self.to_bytes())[..8].try_into().expect("SHA-256 has 32 bytes")
    }

    /// Whether a signature over a message holds; signatures as COSE writes them.
    pub fn holds(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Ed25519(key) => ed25519_dalek::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify_strict(message, &signature).is_ok()),
            Self::P256(key) => p256::ecdsa::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify(message, &signature).is_ok()),
            Self::P384(key) => p384::ecdsa::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify(message, &signature).is_ok()),
            Self::P521(key) => p521::ecdsa::Signature::from_slice(signature)
                .is_ok_and(|signature| on_p521(key).is_some_and(|key| key.verify(message, &signature).is_ok())),
            Self::Rsa(key) => rsa::pss::Signature::try_from(signature).is_ok_and(|signature| {
                let key = rsa::pss::VerifyingKey::<Sha256>::new((**key).clone());
                rsa::signature::Verifier::verify(&key, message, &signature).is_ok()
            }),
        }
    }
}

/// An RSA key, whether its algorithm is named as RSA or as RSASSA-PSS (RFC 4055 §1.2). The latter may name
/// parameters; signatures here have those of PS256 in any case.
fn rsa_key(der: &[u8]) -> Option<rsa::RsaPublicKey> {
    use rsa::pkcs1::DecodeRsaPublicKey as _;
    const RSA: &str = "1.2.840.113549.1.1.1";
    const RSASSA_PSS: &str = "1.2.840.113549.1.1.10";
    let spki = x509_cert::spki::SubjectPublicKeyInfoRef::from_der(der).ok()?;
    let named = spki.algorithm.oid.to_string();
    let key = spki.subject_public_key.as_bytes().filter(|_| named == RSA || named == RSASSA_PSS)?;
    rsa::RsaPublicKey::from_pkcs1_der(key).ok()
}

/// Two hexadecimal digits a byte, in either case.
fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text.chars().map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    Some(digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

/// The type that verifies cannot be compared with another, so the key itself is kept.
pub(crate) fn on_p521(key: &p521::PublicKey) -> Option<p521::ecdsa::VerifyingKey> {
    p521::ecdsa::VerifyingKey::from_affine(*key.as_affine()).ok()
}

/// Tries every key with this kid. `holds` says whether a signature holds under a key, or `None` when the
/// key's algorithm is not the message's; of several failures the one that got furthest is told.
pub(crate) fn search(keys: &dyn Keys, kid: &[u8], holds: impl Fn(&PublicKey) -> Option<bool>) -> Result<usize, Error> {
    search_among(keys.with_kid(kid), kid, holds)
}

/// The same among the keys of one issuer, where the kid means something only beside its name.
pub(crate) fn search_of(
    keys: &dyn Keys,
    (issuer, kid): (&str, &[u8]),
    holds: impl Fn(&PublicKey) -> Option<bool>,
) -> Result<usize, Error> {
    search_among(keys.with_kid(kid).filter(|(index, _)| keys.speaks_for(*index, issuer)), kid, holds)
}

fn search_among<'a>(
    keys: impl Iterator<Item = (usize, &'a PublicKey)>,
    kid: &[u8],
    holds: impl Fn(&PublicKey) -> Option<bool>,
) -> Result<usize, Error> {
    let mut failed = None;
    for (index, key) in keys {
        match holds(key) {
            Some(true) => return Ok(index),
            Some(false) => failed = Some(Error::Signature),
            None => failed = failed.or(Some(Error::Algorithm)),
        }
    }
    Err(failed.unwrap_or_else(|| Error::UnknownKey { kid: kid.to_vec() }))
}

/// The keys a caller trusts, by kid. Several keys may share a kid; all are tried.
pub trait Keys {
    /// Every key with this kid, with the caller's index of it.
    fn with_kid<'a>(&'a self, kid: &[u8]) -> Box<dyn Iterator<Item = (usize, &'a PublicKey)> + 'a>;

    /// Whether a key may count for an issuer of this name; where nothing is known of issuers, it may. It chooses among
    /// keys; what a key may be believed for is asked again when its pass is judged.
    fn speaks_for(&self, _key: usize, _issuer: &str) -> bool {
        true
    }

    /// Whether an authority has taken back the certificate of this serial number.
    fn has_revoked(&self, _authority: usize, _serial: &[u8]) -> bool {
        false
    }
}

/// A handful of keys with their kids, for tests and commands.
impl Keys for [(Vec<u8>, PublicKey)] {
    fn with_kid<'a>(&'a self, kid: &[u8]) -> Box<dyn Iterator<Item = (usize, &'a PublicKey)> + 'a> {
        let kid = kid.to_vec();
        Box::new(self.iter().enumerate().filter(move |(_, (own, _))| *own == kid).map(|(i, (_, key))| (i, key)))
    }
}

impl Keys for Vec<(Vec<u8>, PublicKey)> {
    fn with_kid<'a>(&'a self, kid: &[u8]) -> Box<dyn Iterator<Item = (usize, &'a PublicKey)> + 'a> {
        self.as_slice().with_kid(kid)
    }
}
