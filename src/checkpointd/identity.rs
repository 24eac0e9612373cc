//! The keys by which HQ knows this box. Made on the box, never leave it, one purpose each.

use std::path::Path;

use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};

use crate::Error;

mod file;
mod receive;
mod tls;

pub use receive::Receive;
pub use tls::{TLS, TlsKey};

/// File in the data folder that holds the 32-byte seed.
const FILE: &str = "identity.key";

/// All three keys of a box.
pub struct Keys {
    /// Signs.
    pub signing: Identity,
    /// Opens what HQ seals to this box.
    pub receive: Receive,
    /// Speaks TLS.
    pub tls: TlsKey,
}

impl Keys {
    /// The keys of this box; each that it does not have yet is made now.
    ///
    /// # Errors
    /// [`Error::Identity`].
    pub fn open_or_create(data: &Path) -> Result<Self, Error> {
        Ok(Self {
            signing: Identity::open_or_create(data)?,
            receive: Receive::open_or_create(data)?,
            tls: TlsKey::open_or_create(data)?,
        })
    }
}

/// The box's signing key: checkpoints and openings of its journal, and its requests to HQ.
pub struct Identity(SigningKey);

impl Identity {
    /// Makes the key of a new box. It is there whole or not at all, whenever the power goes.
    ///
    /// # Errors
    /// [`Error::Identity`] when the folder already has one (it is never replaced) or cannot be written.
    pub fn create(data: &Path) -> Result<Self, Error> {
        let path = data.join(FILE);
        let made = file::draw().and_then(|seed| file::create(&path, &seed[..]).map(|()| seed));
        made.map(|seed| Self(SigningKey::from_bytes(&seed))).map_err(|source| Error::Identity { path, source })
    }

    /// The key of this box, made now if it has none yet.
    ///
    /// # Errors
    /// [`Error::Identity`].
    pub fn open_or_create(data: &Path) -> Result<Self, Error> {
        if data.join(FILE).exists() { Self::open(data) } else { Self::create(data) }
    }

    /// Opens the key of this box.
    ///
    /// # Errors
    /// [`Error::Identity`] when it is missing or not 32 bytes.
    pub fn open(data: &Path) -> Result<Self, Error> {
        let path = data.join(FILE);
        let seed = file::read_32(&path).map_err(|source| Error::Identity { path, source })?;
        Ok(Self(SigningKey::from_bytes(&seed)))
    }
}

impl wire::sign::Signer for Identity {
    fn public(&self) -> VerifyingKey {
        self.0.verifying_key()
    }

    fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

#[cfg(test)]
mod tests;
