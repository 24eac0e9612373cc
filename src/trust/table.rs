//! Sets of 16-byte keys, and maps from such keys to short values: what is revoked, what is registered.
//!
//! A table is a *base*, a sorted file of which a look-up reads one piece, and an *overlay*, the changes since, whose
//! keys stand in memory and whose values stay in the log they came in. [`delta`] is what changes a table from minute
//! to minute, [`fold`] what turns one base into the next. `docs/formats/trust-table.md` says how all of it is written:
//! one encoding for one content, so that who makes a file himself has the very bytes that were signed.
//!
//! Keys are taken for spread evenly, as cut hashes are. Others are kept as well, though not as tightly.

use std::fs::File;
use std::io;
use std::sync::Arc;

use rustix::fs::{Advice, fadvise};

mod base;
mod bits;
pub mod delta;
pub mod fold;
mod overlay;
mod runs;
mod writing;

pub use base::{Base, Entries};
pub use delta::Delta;
pub use overlay::Overlay;
pub use writing::write;

/// What an entry is found by: a hash or a MAC, cut to 16 bytes.
pub type Key = [u8; 16];

/// What a map says of a key: 1 to 255 bytes. In a set it is empty.
pub type Value = Vec<u8>;

/// Most entries of a table: its files stay below 4 GiB as a set, and its directory below 32 MiB.
pub const MOST: u64 = 1 << 28;

/// Whether entries have values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Keys alone.
    Set = 0,
    /// Keys with values of 1 to 255 bytes.
    Map = 1,
}

impl Shape {
    /// Whether an entry of this shape may have a value of such length.
    const fn allows(self, length: usize) -> bool {
        match self {
            Self::Set => length == 0,
            Self::Map => 1 <= length && length <= 255,
        }
    }
}

/// Why a table cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The disk refused.
    #[error("a table cannot be read or written")]
    Io(#[from] io::Error),
    /// Not what its format says, or not the one way it says it.
    #[error("the {0} is malformed")]
    Malformed(&'static str),
    /// Entries to be written do not ascend, or are not as many as was said.
    #[error("the entries of a table must ascend, and be as many as announced")]
    Entries,
    /// A value to be written is empty or too long in a map, or there in a set.
    #[error("a value of {0} bytes has no place in this table")]
    ValueLength(usize),
    /// Keys that are not spread as hashes are, or too many of them.
    #[error("the table would be too large, whole or in one place")]
    TooLarge,
    /// A fold or an overlay of another shape or another base.
    #[error("this change is for another table")]
    OtherTable,
}

impl Error {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Io(_) => "table-io",
            Self::Malformed(_) => "malformed",
            Self::Entries => "table-entries",
            Self::ValueLength(_) => "table-value-length",
            Self::TooLarge => "too-long",
            Self::OtherTable => "other-table",
        }
    }
}

/// Bytes that are read in pieces: a file, or memory.
pub trait Source {
    /// Fills `out` from the bytes at `offset`.
    ///
    /// # Errors
    /// The system's, or `UnexpectedEof` past the end.
    fn read_exact_at(&self, out: &mut [u8], offset: u64) -> io::Result<()>;

    /// How many bytes there are.
    ///
    /// # Errors
    /// The system's.
    fn length(&self) -> io::Result<u64>;

    /// Says how it will be read from now on: here and there, so that nothing is worth reading ahead, or from one end to
    /// the other.
    fn expect(&self, _: Access) {}
}

/// How a source is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// A few bytes here, a few there.
    Random,
    /// From one end to the other.
    Sequential,
}

impl Source for File {
    fn read_exact_at(&self, out: &mut [u8], offset: u64) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(self, out, offset)
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn expect(&self, access: Access) {
        let advice = match access {
            Access::Random => Advice::Random,
            Access::Sequential => Advice::Sequential,
        };
        // Advice that is not taken costs time and nothing else.
        let _ = fadvise(self, 0, None, advice);
    }
}

impl Source for [u8] {
    fn read_exact_at(&self, out: &mut [u8], offset: u64) -> io::Result<()> {
        let from = usize::try_from(offset).ok().and_then(|offset| self.get(offset..)?.get(..out.len()));
        out.copy_from_slice(from.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.len() as u64)
    }
}

impl Source for Vec<u8> {
    fn read_exact_at(&self, out: &mut [u8], offset: u64) -> io::Result<()> {
        self.as_slice().read_exact_at(out, offset)
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.len() as u64)
    }
}

impl<S: Source + ?Sized> Source for &S {
    fn read_exact_at(&self, out: &mut [u8], offset: u64) -> io::Result<()> {
        (**self).read_exact_at(out, offset)
    }

    fn length(&self) -> io::Result<u64> {
        (**self).length()
    }

    fn expect(&self, access: Access) {
        (**self).expect(access);
    }
}

impl<S: Source + ?Sized> Source for Arc<S> {
    fn read_exact_at(&self, out: &mut [u8], offset: u64) -> io::Result<()> {
        (**self).read_exact_at(out, offset)
    }

    fn length(&self) -> io::Result<u64> {
        (**self).length()
    }

    fn expect(&self, access: Access) {
        (**self).expect(access);
    }
}

/// A base with its changes, whose values are read from the log they came in.
#[derive(Debug, Clone)]
pub struct Table<B = File, L = File> {
    /// The file.
    pub base: Base<B>,
    /// What has changed since.
    pub overlay: Overlay,
    /// Where the overlay's values stand.
    pub log: L,
}

impl<B: Source, L: Source> Table<B, L> {
    /// A base without changes yet.
    pub fn new(base: Base<B>, log: L) -> Self {
        let overlay = Overlay::new(base.shape());
        Self { base, overlay, log }
    }

    /// What the table says of a key.
    ///
    /// # Errors
    /// [`Error::Io`], or [`Error::Malformed`] when the file is damaged.
    pub fn get(&self, key: &Key) -> Result<Option<Value>, Error> {
        match self.overlay.get(key, &self.log)? {
            Some(change) => Ok(change),
            None => self.base.get(key),
        }
    }

    /// Every entry, keys ascending.
    pub fn entries(&self) -> impl Iterator<Item = Result<(Key, Value), Error>> {
        let mut base = self.base.entries().peekable();
        let mut changes = self.overlay.changes(&self.log).peekable();
        std::iter::from_fn(move || {
            loop {
                // A change hides what the base says of its key, and comes before the keys above it.
                let Some(changed) = changes.peek().map(key_of) else { return base.next() };
                match base.peek().map(key_of) {
                    Some(Some(key)) if changed.is_some_and(|changed| key < changed) => return base.next(),
                    Some(Some(key)) if changed == Some(key) => drop(base.next()),
                    Some(None) => return base.next(),
                    _ => {}
                }
                match changes.next()? {
                    Ok((key, Some(value))) => return Some(Ok((key, value))),
                    Ok((_, None)) => {}
                    Err(error) => return Some(Err(error)),
                }
            }
        })
    }

    /// How many entries there are. Asks the base for every changed key.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn count(&self) -> Result<u64, Error> {
        let mut count = self.base.len();
        for (key, there) in self.overlay.keys() {
            match (self.base.contains(&key)?, there) {
                (false, true) => count += 1,
                (true, false) => count -= 1,
                _ => {}
            }
        }
        Ok(count)
    }

    /// Writes the base that says what this table says: the bytes that [`write`] makes of the same entries.
    ///
    /// # Errors
    /// As [`get`](Self::get) and [`write`].
    pub fn merge(&self, out: &mut impl io::Write) -> Result<(), Error> {
        write(out, self.base.shape(), self.count()?, self.entries())
    }
}

fn key_of<V>(entry: &Result<(Key, V), Error>) -> Option<Key> {
    entry.as_ref().ok().map(|(key, _)| *key)
}

#[cfg(test)]
mod tests;
