//! The key by which HQ knows this box. Made on the box, never leaves it.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};

use crate::Error;

/// File in the data folder that holds the 32-byte seed.
const FILE: &str = "identity.key";

/// Where the seed is written first; what a power cut leaves here is overwritten.
const ASIDE: &str = "identity.key.part";

/// The box's signing key: checkpoints and openings of its journal, and nothing else.
pub struct Identity(SigningKey);

impl Identity {
    /// Makes the key of a new box. It is there whole or not at all, whenever the power goes.
    ///
    /// # Errors
    /// [`Error::Identity`] when the folder already has one (it is never replaced) or cannot be written.
    pub fn create(data: &Path) -> Result<Self, Error> {
        let path = data.join(FILE);
        let failed = |source| Error::Identity { path: path.clone(), source };
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|e| failed(std::io::Error::other(e)))?;
        let aside = data.join(ASIDE);
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&aside).map_err(failed)?;
        file.write_all(&seed).and_then(|()| file.sync_all()).map_err(failed)?;
        // A link, unlike renaming, never takes the place of a key that is there.
        std::fs::hard_link(&aside, &path).map_err(failed)?;
        std::fs::remove_file(&aside).map_err(failed)?;
        File::open(data).and_then(|folder| folder.sync_all()).map_err(failed)?;
        Ok(Self(SigningKey::from_bytes(&seed)))
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
        assert_eq!(Identity::open_or_create(data.path()).unwrap().public(), made.public());
    }

    #[test]
    fn what_a_power_cut_left_of_a_key_is_not_in_the_way_of_the_next() {
        let data = tempfile::tempdir().unwrap();
        std::fs::write(data.path().join(ASIDE), [1; 7]).unwrap();
        let made = Identity::open_or_create(data.path()).unwrap();
        assert_eq!(Identity::open(data.path()).unwrap().public(), made.public());
        assert!(!data.path().join(ASIDE).exists());
    }
}
