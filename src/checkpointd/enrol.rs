//! Enrolment, the box's half: the request it shows, the answer it takes, and what it then knows of HQ.
//!
//! A box that is to speak TLS and has no certificate yet shows its request and judges nobody. HQ's answer comes by
//! phone, by stick or by paste, from hands that are not trusted: it is taken when a command key of the root this box was
//! provisioned with has signed it, for this box, for its keys and for the request it has shown; and never twice.
//!
//! Words: a *request* is what a new box shows; the *answer* is HQ's bundle; an answer is *due* from the moment it
//! was taken until all it brings stands in its place.

use std::path::{Path, PathBuf};

use wire::enrol::Bundle;

use crate::Error;
use crate::config::Config;
use crate::identity::TLS;

mod accept;
mod certificate;
mod code;
mod keep;
mod open;
mod refused;
mod request;
mod stick;
#[cfg(test)]
mod tests;
mod waiting;

pub use accept::accept;
pub use certificate::Certificate;
pub use code::Code;
pub(crate) use keep::{Disk, read};
pub use open::{open, waits};
pub use refused::Refused;
pub(crate) use request::keep_root;
pub use request::{compared, fingerprint, request};

/// Names in the data folder.
mod name {
    /// The answer that is in force, as HQ signed it.
    pub const ENROLMENT: &str = "enrolment";
    /// An answer that was taken while not all of it stands in its place.
    pub const DUE: &str = "enrolment.due";
    /// Held by whoever takes an answer.
    pub const LOCK: &str = "enrolment.lock";
    /// The nonce of the request that waits for its answer.
    pub const REQUEST: &str = "enrolment.request";
    /// The root the box was provisioned with, as it stood on the image.
    pub const ROOT: &str = "root.1";
}

/// What TLS needs, as files in PEM. Whoever renews replaces certificate and key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The region's authorities: they vouch for the broker and the renewal server, and for nobody else.
    pub authorities: PathBuf,
    /// The box's certificate.
    pub certificate: PathBuf,
    /// Its key (PKCS #8).
    pub key: PathBuf,
}

impl TlsFiles {
    /// Those of a data folder.
    pub fn of(data: &Path) -> Self {
        let tls = data.join(TLS);
        Self { authorities: tls.join("ca.pem"), certificate: tls.join("current.crt"), key: tls.join("current.key") }
    }
}

/// What a box knows of HQ since it was enrolled.
#[derive(Debug, Clone)]
pub struct Enrolled {
    bundle: Bundle,
    tls: TlsFiles,
}

impl Enrolled {
    /// The enrolment of a box, if it has one. An answer that was taken before the power went is put in its place first.
    ///
    /// # Errors
    /// [`Refused::Disk`], [`Refused::Damaged`] when what is kept is not what was taken.
    pub fn open(data: &Path) -> Result<Option<Self>, Refused> {
        if data.join(name::DUE).exists() {
            // Another process may be putting it in its place at this moment.
            let lock = keep::lock(data)?;
            lock.lock().map_err(|source| Refused::Disk { path: data.join(name::LOCK), source })?;
            keep::finish(data)?;
        }
        let Some(cose) = keep::read(&data.join(name::ENROLMENT))? else { return Ok(None) };
        let bundle = accept::kept(&cose)?;
        Ok(Some(Self { bundle, tls: TlsFiles::of(data) }))
    }

    /// `host:port` of the broker.
    pub fn broker(&self) -> Option<&str> {
        self.bundle.broker.as_deref()
    }

    /// Address of the releases.
    pub fn releases(&self) -> Option<&str> {
        self.bundle.releases.as_deref()
    }

    /// Address at which certificates are renewed.
    pub fn renewal(&self) -> Option<&str> {
        self.bundle.renewal.as_deref()
    }

    /// Unix seconds at which HQ made the answer.
    pub const fn issued(&self) -> i64 {
        self.bundle.issued
    }

    /// What TLS needs.
    pub const fn tls(&self) -> &TlsFiles {
        &self.tls
    }

    /// The certificate in use: that of the answer, or a renewed one.
    ///
    /// # Errors
    /// [`Refused::Disk`], [`Refused::Certificate`].
    pub fn certificate(&self) -> Result<Certificate, Refused> {
        let pem = keep::read(&self.tls.certificate)?.ok_or(Refused::Certificate)?;
        Certificate::from_pem(&pem)
    }

    /// A configuration with the addresses that it does not name itself. The region's own authorities vouch for a
    /// release server that only the answer names.
    fn complete(&self, config: &Config) -> Config {
        let mut config = config.clone();
        if config.uplink.broker.is_none() {
            config.uplink.broker = self.broker().map(str::to_owned);
        }
        if config.trust.http.is_none() {
            config.trust.http = self.releases().map(str::to_owned);
            config.trust.ca.get_or_insert_with(|| self.tls.authorities.clone());
        }
        config
    }
}

/// A configuration with what the enrolment adds to it, and the enrolment, where the configuration asks for one.
///
/// # Errors
/// [`Error::NotEnrolled`]. An enrolment that cannot be read closes no road: the box works without a line.
pub(crate) fn complete(config: &Config) -> Result<(Config, Option<Enrolled>), Error> {
    if !config.uplink.tls {
        return Ok((config.clone(), None));
    }
    match Enrolled::open(&config.data) {
        Ok(Some(enrolled)) => Ok((enrolled.complete(config), Some(enrolled))),
        Ok(None) => Err(Error::NotEnrolled),
        Err(error) => {
            tracing::error!(code = error.code(), %error, "the enrolment cannot be read; the box works without a line");
            let mut alone = config.clone();
            alone.uplink.broker = None;
            Ok((alone, None))
        }
    }
}
