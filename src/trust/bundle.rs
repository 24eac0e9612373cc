//! A bundle: the few files of a release that a box needs to come from one to the next, in one piece. It travels
//! where single files cannot: over MQTT, as a run of QR pictures, and as one answer over HTTP.
//!
//! Nothing in it is believed for being in it; a box reads it like any other carrier.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use minicbor::{Decoder, Encoder};

use crate::{Carrier, CarrierError, Error};

/// Longest bundle that is read, in bytes.
pub const LONGEST_BUNDLE: usize = 1024 * 1024;

/// Most files in it.
const MOST_FILES: u64 = 8192;

/// Files of a release by their names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bundle(BTreeMap<String, Vec<u8>>);

impl Bundle {
    /// A bundle of files.
    pub fn new(files: impl IntoIterator<Item = (String, Vec<u8>)>) -> Self {
        Self(files.into_iter().collect())
    }

    /// Reads one.
    ///
    /// # Errors
    /// [`Error::TooLong`] or [`Error::Malformed`].
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        const LIMITS: wire::cbor::Limits =
            wire::cbor::Limits { bytes: LONGEST_BUNDLE, depth: 1, map_entries: MOST_FILES, array_items: 0 };
        if bytes.len() > LONGEST_BUNDLE {
            return Err(Error::TooLong("a bundle"));
        }
        let malformed = || Error::Malformed("bundle");
        wire::cbor::check(bytes, &LIMITS).map_err(|_| malformed())?;
        let mut d = Decoder::new(bytes);
        let files = d.map_iter::<&str, &minicbor::bytes::ByteSlice>().map_err(|_| malformed())?;
        let files = files.map(|file| file.map(|(name, bytes)| (name.to_owned(), bytes.to_vec())));
        files.collect::<Result<_, _>>().map(Self).map_err(|_| malformed())
    }

    /// Writes it: always the same bytes for the same files.
    pub fn encode(&self) -> Vec<u8> {
        // Shorter keys come first (RFC 8949 §4.2.1).
        let mut files: Vec<_> = self.0.iter().collect();
        files.sort_by_key(|(name, _)| (name.len(), *name));
        let mut e = Encoder::new(Vec::new());
        let written = e
            .map(files.len() as u64)
            .and_then(|e| files.iter().try_fold(e, |e, (name, bytes)| e.str(name)?.bytes(bytes)));
        written.expect("writing to memory cannot fail");
        e.into_writer()
    }

    /// The names in it.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// A file of it.
    pub fn file(&self, name: &str) -> Option<&[u8]> {
        self.0.get(name).map(Vec::as_slice)
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Carrier for Bundle {
    fn open<'c>(&'c mut self, name: &str, from: u64) -> Result<Box<dyn Read + 'c>, CarrierError> {
        let bytes = self.file(name).ok_or_else(|| CarrierError::NotFound(name.to_owned()))?;
        let from = usize::try_from(from).map_or(bytes.len(), |from| from.min(bytes.len()));
        Ok(Box::new(Cursor::new(&bytes[from..])))
    }
}

#[cfg(test)]
mod tests;
