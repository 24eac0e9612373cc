//! Brings the streams of a release to the disk: each byte is checked before it is kept.

use std::io::Read;

use super::disk::{Disk, Unfinished};
use crate::format::{
    self, BASE, CHUNKS, Chunks, Hash, Head, INDEX, LONGEST_RECORD, MOST_STREAMS, RECORD, Record, leaf, merkle,
};
use crate::{Carrier, CarrierError, Error, Progress};

/// Folder of everything on the disk that is found by its hash.
pub(super) const OBJECTS: &str = "objects";

/// Counts what comes in.
pub(super) struct Fetch<'c> {
    carrier: &'c mut dyn Carrier,
    pub(super) bytes: u64,
    progress: &'c mut dyn FnMut(Progress),
}

impl<'c> Fetch<'c> {
    pub(super) fn new(carrier: &'c mut dyn Carrier, progress: &'c mut dyn FnMut(Progress)) -> Self {
        Self { carrier, bytes: 0, progress }
    }

    /// A whole file.
    pub(super) fn get(&mut self, name: &str, limit: u64, what: &'static str) -> Result<Vec<u8>, Error> {
        let bytes = self.carrier.get(name, limit).map_err(|error| match error {
            CarrierError::TooLong(_) => Error::TooLong(what),
            other => Error::Carrier(other),
        })?;
        self.bytes += bytes.len() as u64;
        Ok(bytes)
    }

    /// A whole file, or `None` when the carrier says that there is none.
    pub(super) fn find(&mut self, name: &str, limit: u64, what: &'static str) -> Result<Option<Vec<u8>>, Error> {
        match self.get(name, limit, what) {
            Err(Error::Carrier(CarrierError::NotFound(_))) => Ok(None),
            other => other.map(Some),
        }
    }

    /// Fetches every record and base of a release that is not on the disk yet; `known` are the leaves of
    /// the release before it.
    pub(super) fn streams(&mut self, disk: &Disk, head: &Head, known: &[Hash]) -> Result<Vec<Hash>, Error> {
        disk.make_folder(OBJECTS)?;
        let leaves = self.leaves(head, known)?;
        for hash in &leaves {
            let record = self.record(disk, hash)?;
            if record.part.longest().is_some() {
                self.base(disk, &record)?;
            }
        }
        disk.settle(OBJECTS)?;
        Ok(leaves)
    }

    fn leaves(&mut self, head: &Head, known: &[Hash]) -> Result<Vec<Hash>, Error> {
        if !known.is_empty() && merkle(known) == head.streams {
            return Ok(known.to_vec());
        }
        let bytes = self.get(&format::object_name(INDEX, &head.streams), (MOST_STREAMS * 32) as u64, "the index")?;
        let (leaves, rest) = bytes.as_chunks();
        if !rest.is_empty() || merkle(leaves) != head.streams {
            return Err(Error::Altered("the index"));
        }
        Ok(leaves.to_vec())
    }

    fn record(&mut self, disk: &Disk, hash: &Hash) -> Result<Record, Error> {
        if let Some(record) = stored_record(disk, hash) {
            return Ok(record);
        }
        let bytes = self.get(&format::object_name(RECORD, hash), LONGEST_RECORD, "a record")?;
        if leaf(&bytes) != *hash {
            return Err(Error::Altered("a record"));
        }
        let record = Record::parse(&bytes)?;
        disk.put(&object(hash), &bytes)?;
        Ok(record)
    }

    /// Streams a base chunk by chunk. What has come stays across interruptions and restarts, and an
    /// interruption is answered by asking for the rest, as long as each attempt brings at least one chunk.
    fn base(&mut self, disk: &Disk, record: &Record) -> Result<(), Error> {
        let name = object(&record.base);
        // What cannot be read is as good as absent: it is fetched again and written elsewhere.
        if matches!(disk.hash(&name), Ok(Some(hash)) if hash == record.base) {
            return Ok(());
        }
        let all = self.chunks(disk, record)?;
        let mut unfinished = disk.resume(&name, &all)?;
        while all.get(unfinished.chunks).is_some() {
            let before = unfinished.chunks;
            match self.pull(record, &all, &mut unfinished) {
                Err(Error::Carrier(CarrierError::Failed { .. })) if unfinished.chunks > before => {}
                Err(error) => return Err(error),
                Ok(()) => {}
            }
        }
        if unfinished.finish(&record.base)? { Ok(()) } else { Err(Error::Altered("a base")) }
    }

    /// The chunk list, which stays on the disk beside its base until that is whole.
    fn chunks(&mut self, disk: &Disk, record: &Record) -> Result<Chunks, Error> {
        if let Some(single) = record.single_chunk() {
            return Ok(single);
        }
        let name = object(&record.chunks);
        if let Some(chunks) = disk.read(&name).ok().flatten().and_then(|list| record.chunks(list)) {
            return Ok(chunks);
        }
        let list = self.get(&format::object_name(CHUNKS, &record.chunks), record.list_length(), "a chunk list")?;
        let chunks = record.chunks(list.clone()).ok_or(Error::Altered("a chunk list"))?;
        disk.put(&name, &list)?;
        Ok(chunks)
    }

    fn pull(&mut self, record: &Record, all: &Chunks, into: &mut Unfinished<'_>) -> Result<(), Error> {
        let name = format::object_name(BASE, &record.base);
        let mut file = self.carrier.open(&name, into.chunks * format::CHUNK as u64)?;
        let failed = |source| Error::Carrier(CarrierError::failed(&name, source));
        while let Some((length, hash)) = all.get(into.chunks) {
            let mut chunk = Vec::with_capacity(length);
            let came = file.by_ref().take(length as u64).read_to_end(&mut chunk);
            self.bytes += chunk.len() as u64;
            came.map_err(failed)?;
            if chunk.len() != length || format::sha256(&chunk) != hash {
                return Err(Error::Altered("a base"));
            }
            into.append(&chunk)?;
        }
        if file.read(&mut [0]).map_err(failed)? == 0 { Ok(()) } else { Err(Error::TooLong("a base")) }
    }
}

/// Name of an object on the disk.
pub(super) fn object(hash: &Hash) -> String {
    format!("{OBJECTS}/{}", format::hex(hash))
}

/// A record from the disk, if it is there, can be read and is whole.
pub(super) fn stored_record(disk: &Disk, hash: &Hash) -> Option<Record> {
    let bytes = disk.read(&object(hash)).ok().flatten().filter(|bytes| leaf(bytes) == *hash)?;
    Record::parse(&bytes).ok()
}
