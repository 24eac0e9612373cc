//! The few things the store does to the disk, each durable when it returns.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::Error;

/// A folder, and in tests a power cut after a number of steps.
pub(super) struct Disk {
    folder: PathBuf,
    #[cfg(test)]
    pub(super) steps_left: std::cell::Cell<Option<u32>>,
}

impl Disk {
    pub(super) fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            #[cfg(test)]
            steps_left: std::cell::Cell::new(None),
        }
    }

    /// A file's bytes, or `None` when it is not there.
    pub(super) fn read(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let path = self.folder.join(name);
        match std::fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(source) if source.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(Error::Disk { path, source }),
        }
    }

    /// Writes a file in place, and its folder's entry: torn when the power goes in between.
    pub(super) fn overwrite(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let path = self.folder.join(name);
        let written = self.step(&path, bytes).and_then(|()| {
            let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(&path)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            self.sync_folder(&path)
        });
        written.map_err(|source| Error::Disk { path, source })
    }

    /// Writes a file that is there whole or not at all.
    pub(super) fn put(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let aside = format!("{name}.part");
        self.overwrite(&aside, bytes)?;
        let path = self.folder.join(name);
        let renamed = self.step(&path, &[]).and_then(|()| {
            std::fs::rename(self.folder.join(&aside), &path)?;
            self.sync_folder(&path)
        });
        renamed.map_err(|source| Error::Disk { path, source })
    }

    /// Makes a folder.
    pub(super) fn make_folder(&self, name: &str) -> Result<(), Error> {
        let path = self.folder.join(name);
        std::fs::create_dir_all(&path).map_err(|source| Error::Disk { path, source })
    }

    /// Removes every file of a folder that is not to be kept. What cannot be removed costs only space.
    pub(super) fn sweep(&self, folder: &str, keep: impl Fn(&str) -> bool) {
        let Ok(entries) = std::fs::read_dir(self.folder.join(folder)) else { return };
        for entry in entries.flatten() {
            let name = entry.file_name();
            if name.to_str().is_none_or(|name| !keep(name)) && self.step(&entry.path(), &[]).is_ok() {
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }

    fn sync_folder(&self, of: &Path) -> std::io::Result<()> {
        File::open(of.parent().unwrap_or(&self.folder))?.sync_all()
    }

    /// In tests, the power goes here: half of the bytes are on the disk, and nothing after that happens.
    #[cfg(test)]
    fn step(&self, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
        match self.steps_left.get() {
            Some(0) => {
                if !bytes.is_empty() {
                    std::fs::write(path, &bytes[..bytes.len() / 2])?;
                }
                Err(std::io::Error::other("power cut"))
            }
            Some(steps) => {
                self.steps_left.set(Some(steps - 1));
                Ok(())
            }
            None => Ok(()),
        }
    }

    #[cfg(not(test))]
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "the power does not go on command")]
    fn step(&self, _: &Path, _: &[u8]) -> std::io::Result<()> {
        Ok(())
    }
}
