//! The published folder on disk. What is to be written is put on the shelf first, and reaches the folder all at once:
//! so a release can be looked at before it is published, and one that is not published leaves nothing behind.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use trust::format::HEAD;

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
    put: BTreeMap<String, Vec<u8>>,
    /// Large files, which lie beside their places until then.
    made: BTreeSet<String>,
    /// In tests, the process dies after so many steps.
    #[cfg(test)]
    pub(super) steps_left: std::cell::Cell<Option<u32>>,
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
        Ok(Self {
            folder: folder.to_owned(),
            put: BTreeMap::new(),
            made: BTreeSet::new(),
            #[cfg(test)]
            steps_left: tests::steps(),
            _lock: lock,
        })
    }

    /// A file's bytes, or `None` when it is not there.
    pub(super) fn read(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        if let Some(bytes) = self.put.get(name) {
            return Ok(Some(bytes.clone()));
        }
        let path = self.path(name);
        match std::fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(source) if source.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(Error::File { path, source }),
        }
    }

    /// A file's length, or `None` when it is not there.
    pub(super) fn length(&self, name: &str) -> Option<u64> {
        match self.put.get(name) {
            Some(bytes) => Some(bytes.len() as u64),
            None => std::fs::metadata(self.path(name)).ok().filter(std::fs::Metadata::is_file).map(|file| file.len()),
        }
    }

    /// Opens a file that may be large.
    pub(super) fn open(&self, name: &str) -> Result<File, Error> {
        let path = self.path(name);
        File::open(&path).map_err(|source| Error::File { path, source })
    }

    /// Puts a file on the shelf.
    pub(super) fn put(&mut self, name: String, bytes: Vec<u8>) {
        self.put.insert(name, bytes);
    }

    /// Begins a large file beside its place, under any name; [`Self::made`] says which one it gets.
    pub(super) fn make(&self) -> Result<(PathBuf, File), Error> {
        let path = self.folder.join(format!(".made-{}{PART}", self.made.len()));
        let file = File::options().read(true).write(true).create(true).truncate(true).open(&path);
        file.map(|file| (path.clone(), file)).map_err(|source| Error::File { path, source })
    }

    /// The large file is whole, and this is what it is called.
    pub(super) fn made(&mut self, from: &Path, name: String) -> Result<(), Error> {
        let path = self.folder.join(format!("{name}{PART}"));
        let moved = || {
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent)?;
            }
            std::fs::rename(from, &path)
        };
        moved().map_err(|source| Error::File { path: path.clone(), source })?;
        self.made.insert(name);
        Ok(())
    }

    /// Writes everything that was put to its place, durably, and the head last. Bytes that were written.
    pub(super) fn commit(&mut self) -> Result<(), Error> {
        let head = self.put.remove(HEAD);
        let mut folders = BTreeSet::new();
        for name in std::mem::take(&mut self.made) {
            let path = self.folder.join(&name);
            let part = self.folder.join(format!("{name}{PART}"));
            let moved = self.step().and_then(|()| File::open(&part)?.sync_all()).and_then(|()| self.step());
            moved
                .and_then(|()| std::fs::rename(&part, &path))
                .map_err(|source| Error::File { path: path.clone(), source })?;
            folders.insert(path.parent().unwrap_or(&self.folder).to_owned());
        }
        for (name, bytes) in std::mem::take(&mut self.put) {
            self.write(&name, &bytes)?;
            folders.insert(self.folder.join(&name).parent().unwrap_or(&self.folder).to_owned());
        }
        // A folder that was made is an entry of its own.
        folders.insert(self.folder.clone());
        self.sync(&folders)?;
        if let Some(head) = head {
            self.write(HEAD, &head)?;
            self.sync(&[self.folder.clone()].into())?;
        }
        Ok(())
    }

    /// Lets files begin to age: what no release needs any more goes some hours after it was needed last.
    pub(super) fn let_age(&self, names: impl IntoIterator<Item = String>) {
        for name in names {
            // What cannot be marked goes earlier, and costs a box that is just fetching it a second try.
            let file = OpenOptions::new().append(true).open(self.folder.join(name));
            let _ = file.and_then(|file| file.set_modified(SystemTime::now()));
        }
    }

    /// Removes what no release has needed for a while. What cannot be removed costs only space.
    pub(super) fn sweep(&self, folders: &[&str], is_needed: impl Fn(&str) -> bool) {
        for folder in folders {
            let Ok(files) = std::fs::read_dir(self.folder.join(folder)) else { continue };
            for file in files.flatten() {
                let name = file.file_name();
                let is_needed = name.to_str().is_some_and(|name| is_needed(&format!("{folder}/{name}")));
                let modified = file.metadata().and_then(|file| file.modified());
                let age = modified.ok().and_then(|modified| modified.elapsed().ok());
                if !is_needed && age.is_some_and(|age| age > KEPT) {
                    let _ = std::fs::remove_file(file.path());
                }
            }
        }
    }

    /// A file in its place, or beside it while it is only made.
    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(if self.made.contains(name) { format!("{name}{PART}") } else { name.to_owned() })
    }

    /// Writes a file, whole or not at all. One that is there and the same stays.
    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let path = self.folder.join(name);
        let written = || {
            if std::fs::read(&path).is_ok_and(|there| there == bytes) {
                return Ok(());
            }
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent)?;
            }
            let part = self.folder.join(format!("{name}{PART}"));
            self.step()?;
            let mut file = File::create(&part)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            self.step()?;
            std::fs::rename(&part, &path)
        };
        written().map_err(|source| Error::File { path: path.clone(), source })
    }

    /// Makes the entries of folders durable.
    fn sync(&self, folders: &BTreeSet<PathBuf>) -> Result<(), Error> {
        folders.iter().try_for_each(|path| {
            let synced = self.step().and_then(|()| File::open(path)?.sync_all());
            synced.map_err(|source| Error::File { path: path.clone(), source })
        })
    }

    #[cfg(test)]
    fn step(&self) -> std::io::Result<()> {
        match self.steps_left.get() {
            Some(0) => Err(std::io::Error::other("killed")),
            steps => {
                self.steps_left.set(steps.map(|steps| steps - 1));
                Ok(())
            }
        }
    }

    #[cfg(not(test))]
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "nobody is killed on command")]
    fn step(&self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Drop for Shelf {
    /// What was made and not published goes.
    fn drop(&mut self) {
        for name in &self.made {
            let _ = std::fs::remove_file(self.path(name));
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::cell::Cell;

    thread_local! {
        /// Steps until the next publisher of this thread dies.
        pub static STEPS: Cell<Option<u32>> = const { Cell::new(None) };
    }

    pub(super) fn steps() -> Cell<Option<u32>> {
        Cell::new(STEPS.get())
    }
}
