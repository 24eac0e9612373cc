//! The published folder on disk.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::Error;

/// How long a file stays after the last release that needed it: what the slowest link needs to bring the
/// longest list, so that a box can finish what it has begun.
const KEPT: Duration = Duration::from_secs(6 * 3600);

/// Held while somebody publishes: two at once would give one sequence to two releases.
const LOCK: &str = ".lock";

/// Ending of a file that is not whole.
const PART: &str = ".part";

/// A release folder, held for writing.
pub(super) struct Shelf {
    folder: PathBuf,
    /// Released when it is dropped, or when the process dies.
    _lock: File,
}

impl Shelf {
    /// Waits until nobody else publishes here.
    pub(super) fn lock(folder: &Path) -> Result<Self, Error> {
        let path = folder.join(LOCK);
        let failed = |source| Error::File { path: path.clone(), source };
        std::fs::create_dir_all(folder).map_err(failed)?;
        let lock = OpenOptions::new().write(true).create(true).truncate(false).open(&path).map_err(failed)?;
        lock.lock().map_err(failed)?;
        Ok(Self { folder: folder.to_owned(), _lock: lock })
    }

    /// A file's bytes, or `None` when it is not there.
    pub(super) fn read(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let path = self.folder.join(name);
        match std::fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(source) if source.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(Error::File { path, source }),
        }
    }

    /// Puts a file in its place, whole or not at all; durable with [`Self::sync`]. Returns how many bytes
    /// are new: none when it was there, in which case it begins to age anew.
    pub(super) fn put(&self, name: &str, bytes: &[u8]) -> Result<u64, Error> {
        let path = self.folder.join(name);
        let there = self.read(name)?.is_some_and(|there| there == bytes);
        let written = || {
            if there {
                OpenOptions::new().append(true).open(&path)?.set_modified(SystemTime::now())?;
                return Ok(0);
            }
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent)?;
            }
            let part = self.folder.join(format!("{name}{PART}"));
            let mut file = File::create(&part)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            std::fs::rename(&part, &path)?;
            Ok(bytes.len() as u64)
        };
        written().map_err(|source| Error::File { path: path.clone(), source })
    }

    /// Makes the entries of folders durable.
    pub(super) fn sync(&self, folders: &[&str]) -> Result<(), Error> {
        folders.iter().try_for_each(|folder| {
            let path = self.folder.join(folder);
            File::open(&path).and_then(|folder| folder.sync_all()).map_err(|source| Error::File { path, source })
        })
    }

    /// Removes what no release has needed for a while. What cannot be removed costs only space.
    pub(super) fn sweep(&self, folders: &[&str], needed: &BTreeSet<String>) {
        let files = folders.iter().filter_map(|folder| std::fs::read_dir(self.folder.join(folder)).ok()).flatten();
        for file in files.flatten() {
            let is_needed = file.file_name().to_str().is_some_and(|name| needed.contains(name));
            let modified = file.metadata().and_then(|file| file.modified());
            let age = modified.ok().and_then(|modified| modified.elapsed().ok());
            if !is_needed && age.is_some_and(|age| age > KEPT) {
                let _ = std::fs::remove_file(file.path());
            }
        }
    }
}
