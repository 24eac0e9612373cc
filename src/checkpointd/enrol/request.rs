//! The request of a box: drawn once, shown until it is answered.

use std::path::Path;

use sha2::{Digest as _, Sha256};
use trust::Store;
use wire::enrol::{Kind, NONCE, Request};

use super::{Refused, keep, name};
use crate::config::Config;
use crate::identity::Keys;

/// The box's request, as text. It stays the same until HQ's answer was taken, through restarts too: the answer may take
/// days on its way.
///
/// # Errors
/// [`Refused::NoRoot`], [`Refused::Disk`].
pub fn request(config: &Config, store: &Store) -> Result<String, Refused> {
    Ok(compared(config, store)?.0)
}

/// The same with its fingerprint, which people compare.
///
/// # Errors
/// The same.
pub fn compared(config: &Config, store: &Store) -> Result<(String, [u8; 32]), Refused> {
    let root = fingerprint(&config.data, store)?;
    let keys = keys(config)?;
    let mut request = Request {
        kind: Kind,
        region: config.region.clone(),
        name: config.name.clone(),
        signing: wire::sign::Signer::public(&keys.signing).to_bytes(),
        tls: keys.tls.public(),
        receive: keys.receive.public(),
        root,
        nonce: nonce(&config.data)?,
        possession: [0; 64],
    };
    request.possession = keys.tls.prove(&request.to_be_proven());
    let cose = request.sign(&keys.signing).expect("a key on the disk always signs");
    Ok((wire::enrol::text(&cose), request.fingerprint()))
}

/// SHA-256 of the root this box was provisioned with.
///
/// # Errors
/// [`Refused::NoRoot`] on a box that has walked on to a later root and kept no copy of its first, [`Refused::Disk`].
pub fn fingerprint(data: &Path, store: &Store) -> Result<[u8; 32], Refused> {
    if store.root().version == 1 {
        return Ok(Sha256::digest(store.root_bytes()).into());
    }
    let kept = keep::read(&data.join(name::ROOT))?.ok_or(Refused::NoRoot)?;
    Ok(Sha256::digest(kept).into())
}

/// Keeps the root the box was provisioned with.
pub(crate) fn keep_root(data: &Path, root: &[u8]) -> Result<(), Refused> {
    keep::Disk::new().put(&data.join(name::ROOT), root)
}

pub(super) fn keys(config: &Config) -> Result<Keys, Refused> {
    Keys::open_or_create(&config.data).map_err(|error| match error {
        crate::Error::Identity { path, source } => Refused::Disk { path, source },
        other => Refused::Disk { path: config.data.clone(), source: std::io::Error::other(other) },
    })
}

/// The nonce of the request that waits; drawn now if none does.
fn nonce(data: &Path) -> Result<[u8; NONCE], Refused> {
    if let Some(nonce) = waiting(data)? {
        return Ok(nonce);
    }
    let path = data.join(name::REQUEST);
    let mut nonce = [0; NONCE];
    getrandom::fill(&mut nonce)
        .map_err(std::io::Error::other)
        .map_err(|source| Refused::Disk { path: path.clone(), source })?;
    keep::Disk::new().put(&path, &nonce)?;
    Ok(nonce)
}

/// The nonce of the request that waits for its answer, if one does.
pub(super) fn waiting(data: &Path) -> Result<Option<[u8; NONCE]>, Refused> {
    // One that rotted is as good as none: another is drawn.
    Ok(keep::read(&data.join(name::REQUEST))?.and_then(|bytes| bytes.try_into().ok()))
}
