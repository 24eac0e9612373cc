//! How the files of a release reach the box. A carrier is never trusted: it only moves bytes, and every
//! limit is kept while they come.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};

mod agent;
mod folder;
mod news;
mod stick;

pub use agent::agent;
pub use folder::{Folder, beneath};
pub use news::News;
pub use stick::{OnStick, Stick};

/// Longest an answer over HTTP may take, in whole. A long base that is cut off by this goes on from its
/// last good chunk, so it bounds how long a server can hold the box, not how slow a link may be.
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

impl CarrierError {
    pub(crate) fn failed(name: &str, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Failed { name: name.to_owned(), source: source.into() }
    }
}

/// Something that brings the files of a release.
pub trait Carrier {
    /// Opens a file `from` bytes after its beginning.
    ///
    /// # Errors
    /// [`CarrierError::NotFound`] or [`CarrierError::Failed`].
    fn open<'c>(&'c mut self, name: &str, from: u64) -> Result<Box<dyn Read + 'c>, CarrierError>;

    /// A whole file of at most `limit` bytes.
    ///
    /// # Errors
    /// [`CarrierError`]; more than `limit` bytes and one are never read.
    fn get(&mut self, name: &str, limit: u64) -> Result<Vec<u8>, CarrierError> {
        let mut bytes = Vec::new();
        let file = self.open(name, 0)?;
        let read = file.take(limit.saturating_add(1)).read_to_end(&mut bytes);
        read.map_err(|source| CarrierError::failed(name, source))?;
        if bytes.len() as u64 > limit { Err(CarrierError::TooLong(name.to_owned())) } else { Ok(bytes) }
    }
}

impl<C: Carrier + ?Sized> Carrier for &mut C {
    fn open<'c>(&'c mut self, name: &str, from: u64) -> Result<Box<dyn Read + 'c>, CarrierError> {
        (**self).open(name, from)
    }
}

/// Two carriers, one behind the other: what the first does not bring, the second is asked for.
#[derive(Debug, Clone)]
pub struct Layered<A, B>(pub A, pub B);

impl<A: Carrier, B: Carrier> Carrier for Layered<A, B> {
    fn open<'c>(&'c mut self, name: &str, from: u64) -> Result<Box<dyn Read + 'c>, CarrierError> {
        self.0.open(name, from).or_else(|_| self.1.open(name, from))
    }
}

/// A static HTTP server.
#[derive(Debug, Clone)]
pub struct Http {
    base: String,
    agent: ureq::Agent,
}

impl Http {
    /// The release folder at an address.
    pub fn new(base: &str) -> Self {
        Self::with_patience(base, PATIENCE)
    }

    /// The same, with another limit for one answer.
    pub fn with_patience(base: &str, patience: Duration) -> Self {
        Self::with_tls(base, patience, TlsConfig::default())
    }

    /// The release folder at an address, whose server only these authorities (certificates in PEM) vouch for: the
    /// region's own, instead of those of the web.
    ///
    /// # Errors
    /// [`CarrierError::Failed`] when there is no certificate in it, or one that cannot be read.
    pub fn with_authorities(base: &str, pem: &[u8]) -> Result<Self, CarrierError> {
        let failed = |source: Box<dyn std::error::Error + Send + Sync>| CarrierError::failed("the authority", source);
        let mut roots = Vec::new();
        for item in parse_pem(pem) {
            if let PemItem::Certificate(certificate) = item.map_err(|error| failed(error.into()))? {
                roots.push(certificate);
            }
        }
        if roots.is_empty() {
            return Err(failed("there is no certificate in it".into()));
        }
        let tls = TlsConfig::builder().root_certs(RootCerts::new_with_certs(&roots)).build();
        Ok(Self::with_tls(base, PATIENCE, tls))
    }

    /// The release folder at an address, over TLS that somebody else has set up: a box's, with the region's authorities
    /// and its own clock.
    pub fn over_tls(base: &str, tls: Arc<ClientConfig>) -> Self {
        Self { base: base.trim_end_matches('/').to_owned(), agent: agent(tls, PATIENCE) }
    }

    fn with_tls(base: &str, patience: Duration, tls: TlsConfig) -> Self {
        let agent = ureq::Agent::config_builder().timeout_global(Some(patience)).tls_config(tls).build().into();
        Self { base: base.trim_end_matches('/').to_owned(), agent }
    }
}

impl Carrier for Http {
    fn open<'c>(&'c mut self, name: &str, from: u64) -> Result<Box<dyn Read + 'c>, CarrierError> {
        let mut request = self.agent.get(format!("{}/{name}", self.base));
        if from > 0 {
            request = request.header("Range", format!("bytes={from}-"));
        }
        let response = request.call().map_err(|error| match error {
            // Object stores that do not let strangers list a bucket answer 403 for what is not there.
            ureq::Error::StatusCode(403 | 404 | 410) => CarrierError::NotFound(name.to_owned()),
            other => CarrierError::failed(name, other),
        })?;
        let skip = if response.status() == 206 { 0 } else { from };
        let mut body = response.into_body().into_reader();
        // A server without ranges begins again at the beginning.
        let skipped = std::io::copy(&mut body.by_ref().take(skip), &mut std::io::sink());
        skipped.map_err(|source| CarrierError::failed(name, source))?;
        Ok(Box::new(body))
    }
}

#[cfg(test)]
mod tests;
