//! Files of a folder that somebody else has filled: a disk, a stick. Whatever lies there under a name that is asked
//! for is opened only when it is a plain file: no link is followed, no pipe waited for, no device woken.

use std::fs::File;
use std::io::{Error, ErrorKind, Read, Result, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, fstat, open, openat, statat};

use super::{Carrier, CarrierError};

/// A folder: a stick, or a disk.
#[derive(Debug, Clone)]
pub struct Folder(pub PathBuf);

impl Carrier for Folder {
    fn open<'c>(&'c mut self, name: &str, from: u64) -> std::result::Result<Box<dyn Read + 'c>, CarrierError> {
        carried(&self.0, name, name, from)
    }
}

/// Opens a file beneath a folder for a carrier; `name` is what it is called by those who asked.
pub(super) fn carried<'c>(
    top: &Path,
    within: &str,
    name: &str,
    from: u64,
) -> std::result::Result<Box<dyn Read + 'c>, CarrierError> {
    let opened = beneath(top, within).and_then(|mut file| {
        file.seek(SeekFrom::Start(from))?;
        Ok(file)
    });
    match opened {
        Ok(file) => Ok(Box::new(file)),
        Err(source) if source.kind() == ErrorKind::NotFound => Err(CarrierError::NotFound(name.to_owned())),
        Err(source) => Err(CarrierError::failed(name, source)),
    }
}

/// Opens a plain file beneath a folder, step by step: for whatever else lies on a stick.
///
/// # Errors
/// As the system says; `InvalidInput` for what is no plain file, a link on the way included.
pub fn beneath(top: &Path, name: &str) -> Result<File> {
    const STEP: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
    const FILE: OFlags = OFlags::NONBLOCK.union(OFlags::NOFOLLOW).union(OFlags::NOCTTY).union(OFlags::CLOEXEC);
    let mut folder = open(top, STEP, Mode::empty())?;
    let mut steps = name.split('/').filter(|step| !step.is_empty()).peekable();
    while let Some(step) = steps.next() {
        if matches!(step, "." | "..") {
            break;
        }
        if steps.peek().is_some() {
            folder = openat(&folder, step, STEP | OFlags::NOFOLLOW, Mode::empty())?;
            continue;
        }
        // Looked at before it is opened, as opening alone wakes some devices; and after, as it may have been replaced.
        let is_plain = |mode| FileType::from_raw_mode(mode) == FileType::RegularFile;
        if !is_plain(statat(&folder, step, AtFlags::SYMLINK_NOFOLLOW)?.st_mode) {
            break;
        }
        let file = openat(&folder, step, OFlags::RDONLY | FILE, Mode::empty())?;
        if !is_plain(fstat(&file)?.st_mode) {
            break;
        }
        return Ok(File::from(file));
    }
    Err(Error::new(ErrorKind::InvalidInput, "it is no plain file"))
}
