//! A key that systemd hands to the unit, decrypted and for its eyes only (`LoadCredentialEncrypted=`).
//!
//! The file is one of ours, with its purpose in its line. Its mode is systemd's affair: with access lists the
//! group's bits say something else there.

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::{Error, file};
use crate::keys::Purpose;

/// Where systemd says the credentials are (systemd.exec(5)).
const FOLDER: &str = "CREDENTIALS_DIRECTORY";

/// Whether this can be a credential's name: it must not lead out of the folder.
pub(super) fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    !name.is_empty() && name.chars().all(plain) && name.chars().any(|c| c != '.')
}

/// The file of a credential.
pub(super) fn path(name: &str) -> Result<PathBuf, Error> {
    let folder = std::env::var_os(FOLDER).ok_or_else(|| Error::NoCredential(name.to_owned()))?;
    let path = Path::new(&folder).join(name);
    if path.is_file() { Ok(path) } else { Err(Error::NoCredential(name.to_owned())) }
}

pub(super) fn read(name: &str, purpose: &Purpose) -> Result<Zeroizing<[u8; 32]>, crate::Error> {
    let path = path(name)?;
    file::seed(&file::line(&path)?, purpose).map_err(|problem| crate::Error::Key { path, problem })
}
