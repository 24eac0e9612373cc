//! Where a private key is, and who signs with it: a file, a credential of systemd, a token.
//!
//! A place is written as a URI, so that moving a key into a token is one line of `region.toml`. Whatever
//! signs stands behind [`TrySigner`]; which of them it is, nobody else needs to know.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use ed25519_dalek::SigningKey;
use wire::sign::{Signer, TrySigner};

use crate::keys::Purpose;

pub(crate) mod credential;
pub(crate) mod file;
pub(crate) mod pkcs11;
#[cfg(test)]
mod tests;

/// Where a key is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// `file:PATH`; a relative one counts from the region's folder.
    File(PathBuf),
    /// `credential:NAME`: what systemd hands to the unit (`LoadCredentialEncrypted=`).
    Credential(String),
    /// `pkcs11:…`: a key that stays in its token.
    Token(Box<pkcs11::Uri>),
}

/// Why a key cannot be used. [`Error::code`] is stable.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Not a place of a key.
    #[error("{place:?} names no key: {problem}")]
    Place {
        /// As it was written, without any PIN.
        place: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// systemd has not handed it over.
    #[error("there is no credential {0:?}: is LoadCredential= in the unit, and was it systemd that started this?")]
    NoCredential(String),
    /// The maker's module.
    #[error("the module {path} cannot be loaded")]
    Module {
        /// The module.
        path: PathBuf,
        /// Its word, or the system's.
        source: cryptoki::error::Error,
    },
    /// The token is not plugged in, or is another one.
    #[error("the token {0:?} is not there")]
    TokenAbsent(String),
    /// More than one token fits.
    #[error("more than one token is {0:?}: name its serial number as well")]
    SeveralTokens(String),
    /// The PIN is not where it should be.
    #[error("the PIN cannot be read from {from}")]
    PinSource {
        /// Where.
        from: String,
        /// The system's word.
        source: std::io::Error,
    },
    /// The token asks for a PIN.
    #[error("the token {0:?} asks for a PIN: add pin-source=file:/… to its URI")]
    PinNeeded(String),
    /// The PIN is wrong. It is not tried again: tokens lock themselves.
    #[error("the token {0:?} does not accept this PIN; it was tried once")]
    WrongPin(String),
    /// Too many wrong ones.
    #[error("the token {0:?} has locked its PIN: its security officer must unlock it")]
    PinLocked(String),
    /// No such key in the token.
    #[error("the token {token:?} has no private key {key:?}")]
    KeyAbsent {
        /// The token.
        token: String,
        /// Its name or id.
        key: String,
    },
    /// More than one fits.
    #[error("the token {token:?} has more than one key {key:?}: name its id as well")]
    SeveralKeys {
        /// The token.
        token: String,
        /// Its name or id.
        key: String,
    },
    /// A private key without its public half beside it.
    #[error("the token {token:?} has the private key {key:?} and no public key of the same id")]
    NoPublicHalf {
        /// The token.
        token: String,
        /// Its name or id.
        key: String,
    },
    /// RSA, P-256, Ed448 …
    #[error("the key {key:?} in the token {token:?} is no Ed25519 key")]
    NotEd25519 {
        /// The token.
        token: String,
        /// Its name or id.
        key: String,
    },
    /// What the token signed does not hold under the public key beside the private one.
    #[error("the token {token:?} signs with another key than the public key {key:?} beside it")]
    OtherPair {
        /// The token.
        token: String,
        /// Its name or id.
        key: String,
    },
    /// Anything else a token says.
    #[error("the token {token:?} failed at {action}")]
    Token {
        /// The token.
        token: String,
        /// What was done.
        action: &'static str,
        /// Its word.
        source: cryptoki::error::Error,
    },
}

impl Error {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Place { .. } => "key-place",
            Self::NoCredential(_) => "no-credential",
            Self::Module { .. } => "token-module",
            Self::TokenAbsent(_) => "token-absent",
            Self::SeveralTokens(_) => "several-tokens",
            Self::PinSource { .. } => "pin-source",
            Self::PinNeeded(_) => "pin-needed",
            Self::WrongPin(_) => "wrong-pin",
            Self::PinLocked(_) => "pin-locked",
            Self::KeyAbsent { .. } => "key-absent",
            Self::SeveralKeys { .. } => "several-keys",
            Self::NoPublicHalf { .. } => "no-public-half",
            Self::NotEd25519 { .. } => "not-ed25519",
            Self::OtherPair { .. } => "other-pair",
            Self::Token { .. } => "token",
        }
    }
}

impl Place {
    /// Opens the key. `folder` is the region's.
    ///
    /// # Errors
    /// [`crate::Error::Key`], [`crate::Error::Signer`].
    pub(crate) fn open(
        &self,
        folder: &Path,
        purpose: &Purpose,
    ) -> Result<Box<dyn TrySigner + Send + Sync>, crate::Error> {
        let at_hand = |seed: zeroize::Zeroizing<[u8; 32]>| AtHand(SigningKey::from_bytes(&seed));
        Ok(match self {
            Self::File(path) => Box::new(at_hand(file::read(&folder.join(path), purpose)?)),
            Self::Credential(name) => Box::new(at_hand(credential::read(name, purpose)?)),
            Self::Token(uri) => Box::new(pkcs11::Token::open(uri)?),
        })
    }
}

impl Place {
    /// As it stands in `region.toml`.
    pub(crate) fn written(&self) -> String {
        match self {
            Self::Token(uri) => uri.written(),
            other => other.to_string(),
        }
    }
}

impl FromStr for Place {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        // What was meant to be a token's URI may hold a PIN.
        let shown = || text.split('?').next().unwrap_or_default().to_owned();
        let wrong = |problem| Error::Place { place: shown(), problem };
        match text.split_once(':') {
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(path.into())),
            Some(("credential", name)) if credential::is_name(name) => Ok(Self::Credential(name.to_owned())),
            Some(("credential", _)) => Err(wrong("a credential's name is one word of letters, digits, `-`, `_`, `.`")),
            Some(("pkcs11", rest)) => pkcs11::Uri::parse(rest).map(|uri| Self::Token(Box::new(uri))),
            _ => Err(wrong("it begins with file:, credential: or pkcs11:")),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Credential(name) => write!(f, "credential:{name}"),
            Self::Token(uri) => write!(f, "{uri}"),
        }
    }
}

/// A key in this process's memory; wiped when it is dropped.
pub(crate) struct AtHand(pub(crate) SigningKey);

impl Signer for AtHand {
    fn public(&self) -> ed25519_dalek::VerifyingKey {
        self.0.verifying_key()
    }

    fn sign(&self, message: &[u8]) -> [u8; 64] {
        ed25519_dalek::Signer::sign(&self.0, message).to_bytes()
    }
}
