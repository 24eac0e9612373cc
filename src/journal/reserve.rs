//! A reserve on the disk: real blocks and some names, given up when there is no room left.
//!
//! SQLite needs room to make room: deleting rows writes to the log first, and an opening needs two files beside the
//! database. So a part of the budget is kept where nobody else can take it.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::Errno;

/// Files of the reserve: the first holds the blocks; the others hold only their names, for the two that SQLite makes
/// beside a database.
const FILES: usize = 3;

/// Bytes written at a time where the file system cannot reserve without writing.
const PIECE: usize = 64 * 1024;

pub(crate) struct Files {
    paths: [PathBuf; FILES],
    /// Bytes of the first one; 0 when there is to be no reserve.
    pub(crate) bytes: u64,
}

impl Files {
    pub(crate) fn of(journal: &Path, bytes: u64) -> Self {
        let name = |number: usize| match number {
            0 => journal.with_extension("reserve"),
            _ => journal.with_extension(format!("reserve-{number}")),
        };
        Self { paths: std::array::from_fn(name), bytes }
    }

    /// Whether all of it lies there.
    pub(crate) fn are_held(&self) -> bool {
        let length = |path| fs::metadata(path).map(|file| file.len()).ok();
        self.bytes > 0 && length(&self.paths[0]) == Some(self.bytes) && self.paths[1..].iter().all(|path| path.exists())
    }

    /// Lays it on the disk, whole or not at all.
    pub(crate) fn take(&self) -> io::Result<()> {
        let part = self.paths[0].with_extension("reserve.part");
        let taken = self.paths[1..]
            .iter()
            .try_for_each(|path| File::create(path).map(drop))
            .and_then(|()| allocate(&part, self.bytes))
            .and_then(|()| fs::rename(&part, &self.paths[0]));
        if taken.is_err() {
            let _ = fs::remove_file(&part);
            self.give_up();
        }
        taken
    }

    /// Gives it up: all of it, whatever becomes of one file.
    pub(crate) fn give_up(&self) {
        for path in &self.paths {
            if let Err(error) = fs::remove_file(path)
                && error.kind() != io::ErrorKind::NotFound
            {
                tracing::error!(%error, path = %path.display(), "a part of the reserve stays");
            }
        }
    }
}

/// A file of real blocks.
fn allocate(path: &Path, bytes: u64) -> io::Result<()> {
    let mut file = File::create(path)?;
    match fallocate(&file, FallocateFlags::empty(), 0, bytes) {
        Ok(()) => {}
        Err(Errno::OPNOTSUPP | Errno::NOSYS) => {
            // No zeros, which some file systems do not store.
            let piece = [0xA5; PIECE];
            let mut left = usize::try_from(bytes).unwrap_or(usize::MAX);
            while left > 0 {
                let now = left.min(PIECE);
                file.write_all(&piece[..now])?;
                left -= now;
            }
        }
        Err(error) => return Err(error.into()),
    }
    file.sync_all()
}

/// Whether the disk has refused for want of room, of blocks or of files.
pub(crate) fn is_no_room(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}
