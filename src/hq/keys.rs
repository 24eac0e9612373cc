//! The keys of a region: a file each, a purpose each.
//!
//! A file says in its own line what its key is for, so that a renamed or copied file is noticed. Only its
//! owner may read it. On a desk all of them lie in one folder; a real region keeps its root keys on two
//! sticks apart, and opening a region does not need them.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable as _, Kem as _, Serializable as _};
use wire::sign::{Context, Signer};
use zeroize::Zeroizing;

use crate::Error;

/// Longest key file in bytes: a purpose, an algorithm and 64 digits.
const LONGEST: u64 = 256;

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
    /// Signs passes of one issuer.
    Issuing(String),
    /// Opens what boxes seal; signs nothing.
    Sealing,
}

impl Purpose {
    /// The one thing the key signs; none for the sealing key.
    pub const fn context(&self) -> Option<Context> {
        match self {
            Self::Root(_) => Some(Context::TrustRoot),
            Self::Publishing => Some(Context::TrustManifest),
            Self::Receipt => Some(Context::Receipt),
            Self::Command => Some(Context::Command),
            Self::Issuing(_) => Some(Context::MovementPass),
            Self::Sealing => None,
        }
    }

    /// Its file in a folder of keys.
    pub fn file(&self, folder: &Path) -> PathBuf {
        folder.join(format!("{self}.key"))
    }

    const fn algorithm(&self) -> &'static str {
        match self {
            Self::Sealing => "x25519",
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
            Self::Issuing(issuer) => write!(f, "issuer-{issuer}"),
            Self::Sealing => f.write_str("sealing"),
        }
    }
}

/// A private key that signs for its own purpose and for no other.
pub struct Key {
    purpose: Purpose,
    signing: SigningKey,
}

impl Key {
    /// Draws a new key and writes its file.
    ///
    /// # Errors
    /// [`Error::File`] when the file is there already, [`Error::Random`].
    pub fn create(folder: &Path, purpose: Purpose) -> Result<Self, Error> {
        let seed = draw()?;
        write(folder, &purpose, &seed)?;
        Ok(Self { purpose, signing: SigningKey::from_bytes(&seed) })
    }

    /// Opens a key.
    ///
    /// # Errors
    /// [`Error::Key`] when the file holds something else or others may read it, [`Error::File`].
    pub fn open(folder: &Path, purpose: Purpose) -> Result<Self, Error> {
        let seed = read(folder, &purpose)?;
        Ok(Self { purpose, signing: SigningKey::from_bytes(&seed) })
    }

    /// What it is for.
    pub const fn purpose(&self) -> &Purpose {
        &self.purpose
    }

    /// Signs a payload and wraps it (RFC 9052 §4.2).
    ///
    /// # Errors
    /// [`Error::Purpose`] when that is not what this key is for.
    pub fn envelope(&self, context: Context, payload: &[u8]) -> Result<Vec<u8>, Error> {
        if self.purpose.context() == Some(context) {
            Ok(wire::sign::sign(context, self, payload))
        } else {
            Err(Error::Purpose { key: self.purpose.to_string(), context: context.as_str() })
        }
    }
}

impl Signer for Key {
    fn public(&self) -> VerifyingKey {
        self.signing.verifying_key()
    }

    /// # Panics
    /// When a room of HQ signs something that this key is not for: a bug that must not leave the house.
    fn sign(&self, message: &[u8]) -> [u8; 64] {
        let own = self.purpose.context().map(|context| context.as_str().as_bytes());
        assert!(purpose_of(message) == own, "the key {} was given something to sign that it is not for", self.purpose);
        self.signing.sign(message).to_bytes()
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
        let secret = draw()?;
        write(folder, &Purpose::Sealing, &secret)?;
        Ok(Self(secret))
    }

    /// Opens the key.
    ///
    /// # Errors
    /// [`Error::Key`] when the file holds something else or others may read it, [`Error::File`].
    pub fn open(folder: &Path) -> Result<Self, Error> {
        read(folder, &Purpose::Sealing).map(Self)
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

fn draw() -> Result<Zeroizing<[u8; 32]>, Error> {
    let mut seed = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *seed).map_err(|_| Error::Random)?;
    Ok(seed)
}

fn write(folder: &Path, purpose: &Purpose, seed: &[u8; 32]) -> Result<(), Error> {
    let path = purpose.file(folder);
    let line = Zeroizing::new(format!("{purpose} {} {}\n", purpose.algorithm(), &*hex(seed)));
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).map_err(Error::file(&path))?;
    file.write_all(line.as_bytes()).and_then(|()| file.sync_all()).map_err(Error::file(&path))
}

fn read(folder: &Path, purpose: &Purpose) -> Result<Zeroizing<[u8; 32]>, Error> {
    let path = purpose.file(folder);
    let wrong = |problem| Error::Key { path: path.clone(), problem };
    let file = File::open(&path).map_err(Error::file(&path))?;
    if file.metadata().map_err(Error::file(&path))?.mode() & 0o077 != 0 {
        return Err(wrong("others than its owner may read it; `chmod 600` it, and draw a new one if they have"));
    }
    let mut line = Zeroizing::new(String::new());
    file.take(LONGEST).read_to_string(&mut line).map_err(Error::file(&path))?;
    let rest = line.strip_prefix(&format!("{purpose} ")).ok_or_else(|| wrong("it does not say that it is this key"))?;
    let digits = rest.strip_prefix(purpose.algorithm()).and_then(|rest| rest.strip_prefix(' '));
    let digits = digits.and_then(|digits| digits.strip_suffix('\n'));
    let seed = digits.and_then(unhex).ok_or_else(|| wrong("it does not hold 32 bytes in hexadecimal"))?;
    // What a lost write leaves behind, and what a tired hand types.
    if seed.iter().all(|byte| *byte == seed[0]) {
        return Err(wrong("it was not drawn at random"));
    }
    Ok(seed)
}

fn hex(bytes: &[u8; 32]) -> Zeroizing<String> {
    Zeroizing::new(trust::format::hex(bytes))
}

fn unhex(digits: &str) -> Option<Zeroizing<[u8; 32]>> {
    let mut bytes = Zeroizing::new([0; 32]);
    if digits.len() != 64 || !digits.bytes().all(|c| c.is_ascii_hexdigit()) {
        return None;
    }
    for (byte, at) in bytes.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(digits.get(at..at + 2)?, 16).ok()?;
    }
    Some(bytes)
}

/// A public key that someone typed: 64 hexadecimal digits of a sound Ed25519 key.
///
/// # Errors
/// [`Error::BoxKey`]: other text, no point of the curve, or one of small order, under which signatures
/// hold for messages nobody signed.
pub fn typed_public(digits: &str) -> Result<VerifyingKey, Error> {
    let bytes = unhex(digits.trim()).ok_or(Error::BoxKey)?;
    VerifyingKey::from_bytes(&bytes).ok().filter(|key| !key.is_weak()).ok_or(Error::BoxKey)
}

#[cfg(test)]
mod tests;
