//! The keys of a region: a file each, a purpose each.
//!
//! A file says in its own line what its key is for, so that a renamed or copied file is noticed. Only its
//! owner may read it. On a desk all of them lie in one folder; a real region keeps its root keys on two
//! sticks apart, and opening a region does not need them.

use std::fmt;
use std::path::{Path, PathBuf};

use ed25519_dalek::VerifyingKey;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable as _, Kem as _, Serializable as _};
use wire::sign::{Context, TrySigner, Unsigned};
use zeroize::Zeroizing;

use crate::Error;
use crate::signer::{Place, file};

/// What a key is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// Signs roots; offline; several of them.
    Root(u8),
    /// Signs the heads of releases.
    Publishing,
    /// Signs receipts for journals.
    Receipt,
    /// Signs commands to boxes.
    Command,
    /// Signs what boxes are told of uses elsewhere.
    Uses,
    /// Signs passes of one issuer.
    Issuing(String),
    /// Opens what boxes seal; signs nothing.
    Sealing,
    /// Signs certificates (`crate::ca`), and nothing that stands in an envelope.
    Authority,
}

impl Purpose {
    /// What the key signs in an envelope: nothing with the sealing key and the authority's. A command key speaks to
    /// boxes: to one in a command or at its enrolment, and to all of the region in an officer's service card.
    pub const fn contexts(&self) -> &'static [Context] {
        match self {
            Self::Root(_) => &[Context::TrustRoot],
            Self::Publishing => &[Context::TrustManifest],
            Self::Receipt => &[Context::Receipt],
            Self::Command => &[Context::Command, Context::Enrolment, Context::ServiceCard],
            Self::Uses => &[Context::Uses],
            Self::Issuing(_) => &[Context::MovementPass],
            Self::Sealing | Self::Authority => &[],
        }
    }

    /// Its file in a folder of keys.
    pub fn file(&self, folder: &Path) -> PathBuf {
        folder.join(format!("{self}.key"))
    }

    pub(crate) const fn algorithm(&self) -> &'static str {
        match self {
            Self::Sealing => "x25519",
            Self::Authority => "p256",
            _ => "ed25519",
        }
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root(number) => write!(f, "root-{number}"),
            Self::Publishing => f.write_str("publishing"),
            Self::Receipt => f.write_str("receipt"),
            Self::Command => f.write_str("command"),
            Self::Uses => f.write_str("uses"),
            Self::Issuing(issuer) => write!(f, "issuer-{issuer}"),
            Self::Sealing => f.write_str("sealing"),
            Self::Authority => f.write_str("ca"),
        }
    }
}

/// A private key that signs for its own purpose and for no other, wherever it is.
pub struct Key {
    purpose: Purpose,
    signer: Box<dyn TrySigner + Send + Sync>,
}

impl Key {
    /// Draws a new key and writes its file.
    ///
    /// # Errors
    /// [`Error::File`] when the file is there already, [`Error::Random`].
    pub fn create(folder: &Path, purpose: Purpose) -> Result<Self, Error> {
        let path = purpose.file(folder);
        Self::draw(&path, purpose)
    }

    /// Draws a new key into a file that is named otherwise than its purpose.
    pub(crate) fn draw(path: &Path, purpose: Purpose) -> Result<Self, Error> {
        file::write(path, &purpose, &*file::draw()?)?;
        Self::at(&Place::File(path.to_owned()), Path::new("."), purpose)
    }

    /// Opens the key of a folder of keys.
    ///
    /// # Errors
    /// [`Error::Key`] when the file holds something else or others may read it, [`Error::File`].
    pub fn open(folder: &Path, purpose: Purpose) -> Result<Self, Error> {
        let path = purpose.file(folder);
        Self::at(&Place::File(path), Path::new("."), purpose)
    }

    /// Opens a key where it is. A relative path counts from `folder`.
    ///
    /// # Errors
    /// The same, and [`Error::Signer`].
    pub fn at(place: &Place, folder: &Path, purpose: Purpose) -> Result<Self, Error> {
        let signer = place.open(folder, &purpose)?;
        Ok(Self { purpose, signer })
    }

    /// A key that was opened elsewhere.
    pub(crate) fn of(purpose: Purpose, signer: Box<dyn TrySigner + Send + Sync>) -> Self {
        Self { purpose, signer }
    }

    /// The public half.
    pub fn public(&self) -> VerifyingKey {
        self.signer.public_key()
    }

    /// What it is for.
    pub const fn purpose(&self) -> &Purpose {
        &self.purpose
    }

    /// Signs a payload and wraps it (RFC 9052 §4.2).
    ///
    /// # Errors
    /// [`Error::Purpose`] when that is not what this key is for, [`Error::Unsigned`].
    pub fn envelope(&self, context: Context, payload: &[u8]) -> Result<Vec<u8>, Error> {
        if self.purpose.contexts().contains(&context) {
            Ok(wire::sign::try_sign(context, self, payload)?)
        } else {
            Err(Error::Purpose { key: self.purpose.to_string(), context: context.as_str() })
        }
    }
}

impl TrySigner for Key {
    fn public_key(&self) -> VerifyingKey {
        self.signer.public_key()
    }

    /// # Panics
    /// When a room of HQ signs something that this key is not for: a bug that must not leave the house.
    fn try_sign(&self, message: &[u8]) -> Result<[u8; 64], Unsigned> {
        let is_own = |said: &[u8]| self.purpose.contexts().iter().any(|own| own.as_str().as_bytes() == said);
        assert!(
            purpose_of(message).is_some_and(is_own),
            "the key {} was given something to sign that it is not for",
            self.purpose
        );
        self.signer.try_sign(message)
    }
}

/// The `external_aad` of a Sig_structure (RFC 9052 §4.4).
fn purpose_of(message: &[u8]) -> Option<&[u8]> {
    let mut d = minicbor::Decoder::new(message);
    let is_sig_structure = d.array().ok()? == Some(4) && d.str().ok()? == "Signature1";
    d.bytes().ok()?;
    d.bytes().ok().filter(|_| is_sig_structure)
}

/// The X25519 key that journals are sealed to.
pub struct SealingKey(Zeroizing<[u8; 32]>);

impl SealingKey {
    /// Draws a new key and writes its file.
    ///
    /// # Errors
    /// [`Error::File`] when the file is there already, [`Error::Random`].
    pub fn create(folder: &Path) -> Result<Self, Error> {
        let secret = file::draw()?;
        file::write(&Purpose::Sealing.file(folder), &Purpose::Sealing, &secret)?;
        Ok(Self(secret))
    }

    /// Opens the key.
    ///
    /// # Errors
    /// [`Error::Key`] when the file holds something else or others may read it, [`Error::File`].
    pub fn open(folder: &Path) -> Result<Self, Error> {
        file::read(&Purpose::Sealing.file(folder), &Purpose::Sealing).map(Self)
    }

    /// The private half (RFC 7748 §6.1).
    pub fn secret(&self) -> &[u8; 32] {
        &self.0
    }

    /// The public half, as boxes get it.
    pub fn public(&self) -> [u8; 32] {
        let secret = <X25519HkdfSha256 as hpke::Kem>::PrivateKey::from_bytes(&self.0[..])
            .expect("any 32 bytes are an X25519 private key");
        X25519HkdfSha256::sk_to_pk(&secret).to_bytes().into()
    }
}

/// A public key that someone typed: 64 hexadecimal digits of a sound Ed25519 key.
///
/// # Errors
/// [`Error::BoxKey`]: other text, no point of the curve, or one of small order, under which signatures
/// hold for messages nobody signed.
pub fn typed_public(digits: &str) -> Result<VerifyingKey, Error> {
    let bytes = file::unhex(digits.trim()).ok_or(Error::BoxKey)?;
    VerifyingKey::from_bytes(&bytes).ok().filter(|key| !key.is_weak()).ok_or(Error::BoxKey)
}

#[cfg(test)]
mod tests;
