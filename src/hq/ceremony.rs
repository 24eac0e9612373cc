//! The root ceremony: how a region's root is composed, signed and installed without two private root keys ever
//! meeting on one machine.
//!
//! HQ composes a *request*: the root to come, and the one before it. Each keeper signs it on an offline machine
//! with the root key on a *stick* of his own, after comparing its fingerprint with what he was told another
//! way. HQ joins the signatures and installs the root when the thresholds of the old and the new one hold.
//!
//! Not responsible for what makes a root sound (`trust::format::Root::check`), nor for publishing it.
//!
//! Invariants: no function here takes two private root keys; a stick signs one root of one number; what is
//! signed is the payload as it was compared.

use std::path::{Path, PathBuf};

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use trust::format::{LONGEST_ROOT, Root, SignedRoot, hex, sha256};

pub(crate) mod compose;
mod install;
pub(crate) mod plain;
pub(crate) mod public;
pub(crate) mod stick;
#[cfg(test)]
mod tests;

pub use compose::{Changes, Online, Terms};
pub use install::Installed;
pub(crate) use install::signers;
pub use stick::Stick;

/// Longest request in bytes: the root and the one before it.
const LONGEST_REQUEST: u64 = 2 * LONGEST_ROOT + 64;

/// Digits of a fingerprint that a keeper types: 64 bits, which nobody finds a second root for.
const COMPARED: usize = 16;

/// Why a step of the ceremony was refused. [`Error::code`] is stable.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file is no request, or one that cannot be.
    #[error("{path} is no request for a root: {problem}")]
    Request {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: &'static str,
    },
    /// Signatures over different roots do not add up.
    #[error("{0} asks for another root than the first file")]
    OtherRequest(PathBuf),
    /// It is not what the keeper was told.
    #[error("the fingerprint is another one: this is not the root you were told of. Nothing was signed")]
    Fingerprint,
    /// Neither root lists the key.
    #[error("the key {0} on this stick is a root key neither of the root before nor of this one")]
    NotAKeeper(String),
    /// The stick has signed another root under this number.
    #[error("this stick has signed another root.{0} already; --instead if that one was never installed")]
    SignedOther(u64),
    /// Not enough signatures.
    #[error("too few signatures: {0}. Nothing was installed")]
    Short(String),
    /// A stick that cannot be used.
    #[error("the stick {path}: {problem}")]
    Stick {
        /// The folder or file.
        path: PathBuf,
        /// What is wrong.
        problem: &'static str,
    },
    /// The file system keeps no modes.
    #[error(
        "{0} can be read by others: its file system (vfat, exFAT) keeps no owners. --no-modes goes on all the same"
    )]
    NoModes(PathBuf),
    /// It does not open the key.
    #[error("the passphrase does not open the key")]
    Passphrase,
    /// The two were not the same, or too short.
    #[error("the passphrase {0}")]
    BadPassphrase(&'static str),
    /// Not a public key of ours.
    #[error("{path} holds no public {wanted} key")]
    Public {
        /// The file.
        path: PathBuf,
        /// Which one was wanted.
        wanted: &'static str,
    },
    /// A rotation that cannot be.
    #[error("the root cannot be changed so: {0}")]
    Change(String),
    /// The region has its root.
    #[error("the region has its first root already; `root rotate` makes the next")]
    Founded,
}

impl Error {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Request { .. } => "request",
            Self::OtherRequest(_) => "other-request",
            Self::Fingerprint => "fingerprint",
            Self::NotAKeeper(_) => "not-a-keeper",
            Self::SignedOther(_) => "signed-other",
            Self::Short(_) => "too-few-signatures",
            Self::Stick { .. } => "stick",
            Self::NoModes(_) => "no-modes",
            Self::Passphrase => "passphrase",
            Self::BadPassphrase(_) => "bad-passphrase",
            Self::Public { .. } => "public-key",
            Self::Change(_) => "change",
            Self::Founded => "founded",
        }
    }
}

/// A root to be signed, with the signatures it has so far and the root before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The root to come.
    pub root: Root,
    /// Its payload and signatures.
    pub signed: SignedRoot,
    /// The root before; none for the first.
    pub previous: Option<Root>,
    /// Its file.
    previous_bytes: Option<Vec<u8>>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct Written {
    #[n(0)]
    payload: ByteVec,
    #[n(1)]
    signatures: Vec<ByteVec>,
    #[n(2)]
    previous: Option<ByteVec>,
}

impl Request {
    /// A request nobody has signed yet. `previous` is the file of the root before.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(root: &Root, previous: Option<Vec<u8>>) -> Result<Self, &'static str> {
        let signed = SignedRoot { payload: wire::encode(root), signatures: Vec::new() };
        Self::sound(signed, previous)
    }

    /// Reads a request.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(bytes: &[u8]) -> Result<Self, &'static str> {
        if bytes.len() as u64 > LONGEST_REQUEST {
            return Err("it is too long");
        }
        let Written { payload, signatures, previous } =
            wire::decode(bytes, "request").map_err(|_| "it is not what `root init` or `root rotate` write")?;
        Self::sound(SignedRoot { payload: payload.into(), signatures }, previous.map(Into::into))
    }

    fn sound(signed: SignedRoot, previous_bytes: Option<Vec<u8>>) -> Result<Self, &'static str> {
        let root = signed.root().map_err(|_| "its root is not sound")?;
        let previous = previous_bytes.as_deref().map(before).transpose()?;
        match &previous {
            None if root.version != 1 => Err("the root before is missing"),
            Some(previous) if previous.version.checked_add(1) != Some(root.version) => {
                Err("its root does not follow the one before by one")
            }
            Some(previous) if previous.region != root.region => Err("the root before is another region's"),
            _ => Ok(Self { root, signed, previous, previous_bytes }),
        }
    }

    /// The file's bytes.
    pub fn encode(&self) -> Vec<u8> {
        wire::encode(&Written {
            payload: self.signed.payload.clone().into(),
            signatures: self.signed.signatures.clone(),
            previous: self.previous_bytes.clone().map(Into::into),
        })
    }

    /// Reads a request's file.
    ///
    /// # Errors
    /// [`crate::Error::File`], [`Error::Request`].
    pub fn open(path: &Path) -> Result<Self, crate::Error> {
        let bytes = std::fs::read(path).map_err(crate::Error::file(path))?;
        Ok(Self::parse(&bytes).map_err(|problem| Error::Request { path: path.to_owned(), problem })?)
    }

    /// What people compare: SHA-256 of the root as it is signed, whoever has signed, in groups of four digits.
    pub fn fingerprint(&self) -> String {
        grouped(&hex(&sha256(&self.signed.payload)))
    }

    /// Whether a keeper has typed this root's fingerprint: at least 16 digits from its beginning, spaces or not.
    pub fn is_compared(&self, typed: &str) -> bool {
        let typed: String = typed.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase();
        typed.len() >= COMPARED && hex(&sha256(&self.signed.payload)).starts_with(&typed)
    }
}

/// The root before, which its own keys have signed.
fn before(bytes: &[u8]) -> Result<Root, &'static str> {
    let signed = SignedRoot::parse(bytes).map_err(|_| "the root before is none")?;
    let root = signed.root().map_err(|_| "the root before is not sound")?;
    if signed.is_signed_by(&root) { Ok(root) } else { Err("the root before is not signed") }
}

/// Digits in groups of four, as people read them to each other.
fn grouped(digits: &str) -> String {
    let digits: Vec<char> = digits.chars().collect();
    digits.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

/// What a key is called: the first eight bytes of SHA-256 of its public half, as in every signature.
pub(crate) fn id(key: &[u8; 32]) -> String {
    hex(&sha256(key))[..16].to_owned()
}
