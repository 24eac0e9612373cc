//! The key that HQ seals secrets to: X25519, for HPKE.

use std::path::Path;

use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable as _, Kem as _, OpModeR, Serializable as _};
use zeroize::Zeroizing;

use super::file;
use crate::Error;

/// File in the data folder that holds the 32-byte secret.
const FILE: &str = "receive.key";

/// Length of an encapsulated key in bytes.
const ENCAPSULATED: usize = 32;

/// The box's receiving key.
pub struct Receive(<X25519HkdfSha256 as hpke::Kem>::PrivateKey);

impl Receive {
    /// The key of this box, made now if it has none yet: whole or not at all.
    ///
    /// # Errors
    /// [`Error::Identity`].
    pub fn open_or_create(data: &Path) -> Result<Self, Error> {
        let path = data.join(FILE);
        if !path.exists() {
            let made = file::draw().and_then(|secret| file::create(&path, &secret[..]));
            made.map_err(|source| Error::Identity { path, source })?;
        }
        Self::open(data)
    }

    /// Opens the key of this box.
    ///
    /// # Errors
    /// [`Error::Identity`] when it is missing or not 32 bytes.
    pub fn open(data: &Path) -> Result<Self, Error> {
        let path = data.join(FILE);
        let opened = file::read_32(&path).and_then(|secret| {
            <X25519HkdfSha256 as hpke::Kem>::PrivateKey::from_bytes(&secret[..])
                .map_err(|_| std::io::Error::other("the key file does not hold an X25519 key"))
        });
        opened.map(Self).map_err(|source| Error::Identity { path, source })
    }

    /// The public half.
    pub fn public(&self) -> [u8; 32] {
        X25519HkdfSha256::sk_to_pk(&self.0).to_bytes().into()
    }

    /// Opens what was sealed to this key for a purpose: the encapsulated key, then the ciphertext. `None` when it was
    /// not, or was altered.
    pub fn open_sealed(&self, sealed: &[u8], info: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (encapsulated, ciphertext) = sealed.split_at_checked(ENCAPSULATED)?;
        let encapsulated = <X25519HkdfSha256 as hpke::Kem>::EncappedKey::from_bytes(encapsulated).ok()?;
        let plain = hpke::single_shot_open::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
            &OpModeR::Base,
            &self.0,
            &encapsulated,
            info,
            ciphertext,
            &[],
        );
        plain.ok().map(Zeroizing::new)
    }
}
