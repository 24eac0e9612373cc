//! The key of the box's TLS certificate: P-256, which every broker speaks.

use std::path::Path;

use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, LineEnding};
use zeroize::Zeroizing;

use super::file;
use crate::Error;

/// Folder in the data folder that holds everything TLS needs.
pub const TLS: &str = "tls";

/// File in that folder: PKCS #8 in PEM, as all tools take it.
const FILE: &str = "current.key";

/// The box's TLS key.
pub struct TlsKey(SigningKey);

impl TlsKey {
    /// The key of this box, made now if it has none yet: whole or not at all.
    ///
    /// # Errors
    /// [`Error::Identity`].
    pub fn open_or_create(data: &Path) -> Result<Self, Error> {
        let path = data.join(TLS).join(FILE);
        if !path.exists() {
            Self::create(data).map_err(|source| Error::Identity { path, source })?;
        }
        Self::open(data)
    }

    fn create(data: &Path) -> std::io::Result<()> {
        let folder = data.join(TLS);
        std::fs::create_dir_all(&folder)?;
        std::fs::File::open(data)?.sync_all()?;
        file::create(&folder.join(FILE), Self::draw()?.to_pem()?.as_bytes())
    }

    /// Opens the key of this box.
    ///
    /// # Errors
    /// [`Error::Identity`] when it is missing or no P-256 key.
    pub fn open(data: &Path) -> Result<Self, Error> {
        let path = data.join(TLS).join(FILE);
        let opened = file::read(&path).and_then(|pem| {
            let pem = std::str::from_utf8(&pem).map_err(std::io::Error::other)?;
            SigningKey::from_pkcs8_pem(pem).map_err(std::io::Error::other)
        });
        opened.map(Self).map_err(|source| Error::Identity { path, source })
    }

    /// Draws a key that is kept nowhere yet.
    pub(crate) fn draw() -> std::io::Result<Self> {
        loop {
            // Of 2³² draws one may be no scalar of the group.
            if let Ok(key) = SigningKey::from_slice(&file::draw()?[..]) {
                return Ok(Self(key));
            }
        }
    }

    /// What its file holds.
    pub(crate) fn to_pem(&self) -> std::io::Result<Zeroizing<String>> {
        self.0.to_pkcs8_pem(LineEnding::LF).map_err(std::io::Error::other)
    }

    /// The public half, compressed.
    pub fn public(&self) -> wire::enrol::TlsKey {
        let point = self.0.verifying_key().to_encoded_point(true);
        point.as_bytes().try_into().expect("a compressed P-256 point has 33 bytes")
    }

    /// Proves possession: ECDSA with SHA-256.
    pub fn prove(&self, message: &[u8]) -> [u8; 64] {
        let signature: Signature = self.0.sign(message);
        signature.to_bytes().into()
    }
}
