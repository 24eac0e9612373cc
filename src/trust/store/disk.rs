//! The few things the store does to the disk, and in tests the power cut between any two of them.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Read as _, Seek as _, SeekFrom, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::Error;
use crate::format::{CHUNK, Chunks, Hash, sha256};

/// A folder, and in tests a power cut after a number of steps.
pub(super) struct Disk {
    folder: PathBuf,
    #[cfg(test)]
    pub(super) steps_left: std::cell::Cell<Option<u32>>,
    /// Whether the cut leaves half of what was being written, or nothing of it.
    #[cfg(test)]
    pub(super) tears: std::cell::Cell<bool>,
}

impl Disk {
    pub(super) fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            #[cfg(test)]
            steps_left: std::cell::Cell::new(None),
            #[cfg(test)]
            tears: std::cell::Cell::new(true),
        }
    }

    /// A file's bytes, or `None` when it is not there.
    pub(super) fn read(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let path = self.folder.join(name);
        absent(std::fs::read(&path)).map_err(|source| Error::Disk { path, source })
    }

    /// A file's SHA-256, or `None` when it is not there.
    pub(super) fn hash(&self, name: &str) -> Result<Option<Hash>, Error> {
        let path = self.folder.join(name);
        let hashed = File::open(&path).and_then(|mut file| {
            let mut hash = Sha256::new();
            std::io::copy(&mut file, &mut hash)?;
            Ok(hash.finalize().into())
        });
        absent(hashed).map_err(|source| Error::Disk { path, source })
    }

    /// A file for reading, or `None` when it is not there.
    pub(super) fn open(&self, name: &str) -> Result<Option<File>, Error> {
        let path = self.folder.join(name);
        absent(File::open(&path)).map_err(|source| Error::Disk { path, source })
    }

    /// A file's length, or `None` when it is not there.
    pub(super) fn length(&self, name: &str) -> Option<u64> {
        std::fs::metadata(self.folder.join(name)).ok().filter(std::fs::Metadata::is_file).map(|file| file.len())
    }

    /// Cuts a file off after `keep` bytes and appends to it, durably once its folder is settled. When the power goes
    /// in between, something stands behind the bytes that were kept.
    pub(super) fn append(&self, name: &str, keep: u64, bytes: &[u8]) -> Result<(), Error> {
        let path = self.folder.join(name);
        let appended = self.step(&path, &[]).and_then(|()| {
            let mut file = OpenOptions::new().write(true).create(true).truncate(false).open(&path)?;
            file.set_len(keep)?;
            file.seek(SeekFrom::End(0))?;
            self.tear(&mut file, bytes)?;
            file.write_all(bytes)?;
            file.sync_all()
        });
        appended.map_err(|source| Error::Disk { path, source })
    }

    /// Writes a file that must come out as expected; durable after [`Self::settle`]. False when it did not, and there
    /// is none.
    pub(super) fn make(
        &self,
        name: &str,
        expected: &Hash,
        write: impl FnOnce(&mut Hashed) -> Result<(), Error>,
    ) -> Result<bool, Error> {
        let path = self.folder.join(aside(name));
        let failed = |source| Error::Disk { path: path.clone(), source };
        let file = self.step(&path, &[]).and_then(|()| File::create(&path)).map_err(failed)?;
        let mut out = Hashed { out: BufWriter::with_capacity(CHUNK, file), hash: Sha256::new() };
        write(&mut out)?;
        let Hashed { out, hash } = out;
        if hash.finalize().as_slice() != expected {
            std::fs::remove_file(&path).map_err(failed)?;
            return Ok(false);
        }
        let file = out.into_inner().map_err(|error| failed(error.into_error()))?;
        self.step(&path, &[]).and_then(|()| file.sync_all()).map_err(failed)?;
        self.move_in(name).map(|()| true)
    }

    /// Writes a file of the folder itself in place: torn when the power goes in between.
    pub(super) fn overwrite(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        self.write(name, bytes)?;
        self.sync(&self.folder)
    }

    /// Writes a file that is there whole or not at all; durable after [`Self::settle`].
    pub(super) fn put(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        self.write(&aside(name), bytes)?;
        self.move_in(name)
    }

    /// Makes every file that was put in a folder durable, all at once.
    pub(super) fn settle(&self, folder: &str) -> Result<(), Error> {
        self.sync(&self.folder.join(folder))
    }

    /// Goes on with a base of which some chunks may be here already, from before an interruption.
    pub(super) fn resume(&self, name: &str, all: &Chunks) -> Result<Unfinished<'_>, Error> {
        let path = self.folder.join(aside(name));
        let opened = self.step(&path, &[]).and_then(|()| {
            let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path)?;
            let mut chunks = 0;
            while let Some((length, hash)) = all.get(chunks) {
                let mut bytes = Vec::with_capacity(length);
                // A sector that cannot be read is as good as torn.
                let read = (&file).take(length as u64).read_to_end(&mut bytes);
                if read.is_err() || bytes.len() != length || sha256(&bytes) != hash {
                    break;
                }
                chunks += 1;
            }
            // What follows the last good chunk was torn.
            let good = all.end_of(chunks);
            file.set_len(good)?;
            file.seek(SeekFrom::Start(good))?;
            Ok((file, chunks))
        });
        let (file, chunks) = opened.map_err(|source| Error::Disk { path: path.clone(), source })?;
        Ok(Unfinished { disk: self, name: name.to_owned(), path, file, chunks })
    }

    /// Makes a folder.
    pub(super) fn make_folder(&self, name: &str) -> Result<(), Error> {
        let path = self.folder.join(name);
        self.step(&path, &[])
            .and_then(|()| std::fs::create_dir_all(&path))
            .map_err(|source| Error::Disk { path, source })?;
        self.sync(&self.folder)
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

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let path = self.folder.join(name);
        let written = self.step(&path, bytes).and_then(|()| {
            let mut file = File::create(&path)?;
            file.write_all(bytes)?;
            file.sync_all()
        });
        written.map_err(|source| Error::Disk { path, source })
    }

    fn move_in(&self, name: &str) -> Result<(), Error> {
        let path = self.folder.join(name);
        let moved = self.step(&path, &[]).and_then(|()| std::fs::rename(self.folder.join(aside(name)), &path));
        moved.map_err(|source| Error::Disk { path, source })
    }

    /// Makes the entries of a folder durable.
    fn sync(&self, folder: &Path) -> Result<(), Error> {
        let synced = self.step(folder, &[]).and_then(|()| File::open(folder)?.sync_all());
        synced.map_err(|source| Error::Disk { path: folder.to_owned(), source })
    }

    /// In tests, the power goes here: at most half of the bytes are on the disk, and nothing after that happens.
    #[cfg(test)]
    fn step(&self, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
        match self.steps_left.get() {
            Some(0) => {
                if !bytes.is_empty() && self.tears.get() {
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

    /// In tests, the power goes here: half of what was to be appended is there.
    #[cfg(test)]
    fn tear(&self, file: &mut File, bytes: &[u8]) -> std::io::Result<()> {
        if self.steps_left.get() == Some(0) && self.tears.get() {
            file.write_all(&bytes[..bytes.len() / 2])?;
        }
        self.step(Path::new(""), &[])
    }

    #[cfg(not(test))]
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "the power does not go on command")]
    fn tear(&self, _: &mut File, _: &[u8]) -> std::io::Result<()> {
        Ok(())
    }

    #[cfg(not(test))]
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "the power does not go on command")]
    fn step(&self, _: &Path, _: &[u8]) -> std::io::Result<()> {
        Ok(())
    }
}

/// A file that is being made, and its hash.
pub(super) struct Hashed {
    out: BufWriter<File>,
    hash: Sha256,
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hash.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush()
    }
}

/// A base on its way in.
pub(super) struct Unfinished<'d> {
    disk: &'d Disk,
    name: String,
    path: PathBuf,
    file: File,
    /// Good chunks that are here.
    pub(super) chunks: u64,
}

impl Unfinished<'_> {
    /// Takes the next chunk, which was checked.
    pub(super) fn append(&mut self, chunk: &[u8]) -> Result<(), Error> {
        let written = self.disk.step(&self.path, &[]).and_then(|()| self.file.write_all(chunk));
        written.map_err(|source| Error::Disk { path: self.path.clone(), source })?;
        self.chunks += 1;
        Ok(())
    }

    /// Makes it durable and puts it in its place; false when it is not what was signed, and was given up.
    pub(super) fn finish(self, expected: &Hash) -> Result<bool, Error> {
        let failed = |source| Error::Disk { path: self.path.clone(), source };
        self.disk.step(&self.path, &[]).and_then(|()| self.file.sync_all()).map_err(failed)?;
        if self.disk.hash(&aside(&self.name))?.as_ref() != Some(expected) {
            std::fs::remove_file(&self.path).map_err(failed)?;
            return Ok(false);
        }
        self.disk.move_in(&self.name).map(|()| true)
    }
}

/// Where a file is while it is not whole.
fn aside(name: &str) -> String {
    format!("{name}.part")
}

fn absent<T>(result: std::io::Result<T>) -> std::io::Result<Option<T>> {
    match result {
        Err(source) if source.kind() == std::io::ErrorKind::NotFound => Ok(None),
        other => other.map(Some),
    }
}
