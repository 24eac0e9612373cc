//! Only one process adopts: whoever does holds the trust folder as long as it lives.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

use crate::Error;

/// The right to adopt into a trust folder. It ends with the process, however that ends.
pub(crate) struct Claim {
    _lock: File,
}

impl Claim {
    /// Takes it.
    ///
    /// # Errors
    /// [`Error::InUse`] when another process has it.
    pub(crate) fn take(folder: &Path) -> Result<Self, Error> {
        if !folder.is_dir() {
            return Err(trust::Error::NeedsProvisioning.into());
        }
        let lock = OpenOptions::new().write(true).create(true).truncate(false).open(folder.join(".lock"))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(Error::InUse(folder.to_owned())),
            Err(TryLockError::Error(error)) => Err(error.into()),
        }
    }
}
