//! The key by which HQ knows this box. Made on the box, never leaves it.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};

use crate::Error;

/// File in the data folder that holds the 32-byte seed.
const FILE: &str = "identity.key";

/// The box's signing key: checkpoints and openings of its journal, and nothing else.
pub struct Identity(SigningKey);

impl Identity {
    /// Makes the key of a new box.
    ///
    /// # Errors
    /// [`Error::Identity`] when the folder already has one (it is never replaced) or cannot be written.
    pub fn create(data: &Path) -> Result<Self, Error> {
        let path = data.join(FILE);
        let failed = |source| Error::Identity { path: path.clone(), source };
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|e| failed(std::io::Error::other(e)))?;
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).map_err(failed)?;
        file.write_all(&seed).and_then(|()| file.sync_all()).map_err(failed)?;
        File::open(data).and_then(|folder| folder.sync_all()).map_err(failed)?;
        Ok(Self(SigningKey::from_bytes(&seed)))
    }

    /// Opens the key of this box.
    ///
    /// # Errors
    /// [`Error::Identity`] when it is missing or not 32 bytes.
    pub fn open(data: &Path) -> Result<Self, Error> {
        let path = data.join(FILE);
        let failed = |source| Error::Identity { path: path.clone(), source };
        let mut seed = Vec::new();
        File::open(&path).and_then(|file| file.take(33).read_to_end(&mut seed)).map_err(failed)?;
        let seed: [u8; 32] =
            seed.try_into().map_err(|_| failed(std::io::Error::other("the key file does not hold 32 bytes")))?;
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
mod tests {
    use super::*;
    use wire::sign::Signer as _;

    #[test]
    fn a_key_is_made_once_and_never_replaced() {
        let data = tempfile::tempdir().unwrap();
        let made = Identity::create(data.path()).unwrap();
        assert!(Identity::create(data.path()).is_err());
        assert_eq!(Identity::open(data.path()).unwrap().public(), made.public());
    }
}
