//! How the files of a release reach the box. A carrier is never trusted: it only moves bytes, and every
//! limit is kept while they come.

use std::io::Read as _;
use std::path::PathBuf;
use std::time::Duration;

/// Longest wait for one answer over HTTP, in seconds; bases are fetched in pieces.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why a carrier did not bring a file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CarrierError {
    /// There is no such file.
    #[error("{0} is not there")]
    NotFound(String),
    /// The file is longer than what was asked for.
    #[error("{0} is too long")]
    TooLong(String),
    /// The way is blocked.
    #[error("{name} could not be read")]
    Failed {
        /// The file.
        name: String,
        /// What happened.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Something that brings the files of a release.
pub trait Carrier {
    /// A whole file of at most `limit` bytes.
    ///
    /// # Errors
    /// [`CarrierError`]; more than `limit` bytes are never read.
    fn get(&mut self, name: &str, limit: u64) -> Result<Vec<u8>, CarrierError>;
}

/// A folder: a stick, or a disk.
#[derive(Debug, Clone)]
pub struct Folder(pub PathBuf);

impl Carrier for Folder {
    fn get(&mut self, name: &str, limit: u64) -> Result<Vec<u8>, CarrierError> {
        let failed = |source: std::io::Error| match source.kind() {
            std::io::ErrorKind::NotFound => CarrierError::NotFound(name.to_owned()),
            _ => CarrierError::Failed { name: name.to_owned(), source: source.into() },
        };
        read(std::fs::File::open(self.0.join(name)).map_err(failed)?, name, limit)
    }
}

/// A static HTTP server.
pub struct Http {
    base: String,
    agent: ureq::Agent,
}

impl Http {
    /// The release folder at an address.
    pub fn new(base: &str) -> Self {
        let agent = ureq::Agent::config_builder().timeout_global(Some(PATIENCE)).build().into();
        Self { base: base.trim_end_matches('/').to_owned(), agent }
    }
}

impl Carrier for Http {
    fn get(&mut self, name: &str, limit: u64) -> Result<Vec<u8>, CarrierError> {
        let response = self.agent.get(format!("{}/{name}", self.base)).call().map_err(|error| match error {
            ureq::Error::StatusCode(404) => CarrierError::NotFound(name.to_owned()),
            other => CarrierError::Failed { name: name.to_owned(), source: other.into() },
        })?;
        read(response.into_body().into_reader(), name, limit)
    }
}

fn read(from: impl std::io::Read, name: &str, limit: u64) -> Result<Vec<u8>, CarrierError> {
    let mut bytes = Vec::new();
    from.take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|source| CarrierError::Failed { name: name.to_owned(), source: source.into() })?;
    if bytes.len() as u64 > limit { Err(CarrierError::TooLong(name.to_owned())) } else { Ok(bytes) }
}
