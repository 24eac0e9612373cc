//! Brings files of a release to the disk: each byte is checked before it is kept.

use std::io::Read;

use super::disk::{Disk, Unfinished};
use crate::format::{
    self, BASE, CHUNK, CHUNKS, Chunks, DELTA, Hash, Head, INDEX, LONGEST_RECORD, MOST_STREAMS, PAGE, PAGES, RECORD,
    RUN, RUN_LENGTH, Record, Run, chain, leaf, merkle,
};
use crate::{Carrier, CarrierError, Error, Progress};

/// Folder of everything on the disk that is found by its hash.
pub(super) const OBJECTS: &str = "objects";

/// Counts what comes in.
pub(super) struct Fetch<'c> {
    carrier: &'c mut dyn Carrier,
    pub(super) bytes: u64,
    /// Bytes that are known to be needed.
    needed: u64,
    progress: &'c mut dyn FnMut(Progress),
}

/// A point of a chain: its sequence, and its hash there.
pub(super) type Point = (u64, Hash);

impl<'c> Fetch<'c> {
    pub(super) fn new(carrier: &'c mut dyn Carrier, progress: &'c mut dyn FnMut(Progress)) -> Self {
        Self { carrier, bytes: 0, needed: 0, progress }
    }

    /// So much more will be asked for.
    pub(super) fn expect(&mut self, bytes: u64) {
        self.needed = self.needed.saturating_add(bytes);
        self.came(0);
    }

    fn came(&mut self, bytes: u64) {
        self.bytes += bytes;
        (self.progress)(Progress { done: self.bytes, total: self.needed.max(self.bytes) });
    }

    /// A whole file. An interruption is answered by asking for the rest, as long as each attempt brings at least
    /// [`CHUNK`] bytes.
    pub(super) fn get(&mut self, name: &str, limit: u64, what: &'static str) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        loop {
            let before = bytes.len();
            let most = limit.saturating_add(1) - before as u64;
            let mut file = self.carrier.open(name, before as u64)?.take(most);
            let read = file.read_to_end(&mut bytes);
            drop(file);
            self.came((bytes.len() - before) as u64);
            match read {
                _ if bytes.len() as u64 > limit => return Err(Error::TooLong(what)),
                Ok(_) => return Ok(bytes),
                Err(_) if bytes.len() - before >= CHUNK => {}
                Err(source) => return Err(CarrierError::failed(name, source).into()),
            }
        }
    }

    /// A whole file, or `None` when the carrier says that there is none.
    pub(super) fn find(&mut self, name: &str, limit: u64, what: &'static str) -> Result<Option<Vec<u8>>, Error> {
        match self.get(name, limit, what) {
            Err(Error::Carrier(CarrierError::NotFound(_))) => Ok(None),
            other => other.map(Some),
        }
    }

    /// The leaf hashes of a release, page by page where it has many.
    pub(super) fn leaves(&mut self, disk: &Disk, head: &Head) -> Result<Vec<Hash>, Error> {
        if usize::from(head.count) > MOST_STREAMS {
            return Err(Error::TooLong("the index"));
        }
        if usize::from(head.count) <= PAGE {
            return self.hashes(disk, INDEX, &head.streams, head.count.into());
        }
        let pages = self.hashes(disk, PAGES, &head.streams, usize::from(head.count).div_ceil(PAGE))?;
        let mut leaves = Vec::new();
        for page in &pages {
            let count = PAGE.min(usize::from(head.count) - leaves.len());
            leaves.append(&mut self.hashes(disk, INDEX, page, count)?);
        }
        Ok(leaves)
    }

    /// A list of hashes with a Merkle root.
    fn hashes(&mut self, disk: &Disk, folder: &str, root: &Hash, count: usize) -> Result<Vec<Hash>, Error> {
        if let Some(hashes) = stored_hashes(disk, root, count) {
            return Ok(hashes);
        }
        let bytes = self.get(&format::object_name(folder, root), count as u64 * 32, "the index")?;
        let hashes = hashes(&bytes, root, count).ok_or(Error::Altered("the index"))?;
        disk.put(&object(root), &bytes)?;
        Ok(hashes)
    }

    pub(super) fn record(&mut self, disk: &Disk, hash: &Hash) -> Result<Record, Error> {
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
    pub(super) fn base(&mut self, disk: &Disk, record: &Record) -> Result<(), Error> {
        let all = self.chunks(disk, record)?;
        let mut unfinished = disk.resume(&object(&record.base), &all)?;
        self.needed = self.needed.saturating_sub(all.end_of(unfinished.chunks));
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

    /// The chunk list, which stays on the disk beside its base until the release stands.
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
        let mut file = self.carrier.open(&name, all.end_of(into.chunks))?;
        let failed = |source| Error::Carrier(CarrierError::failed(&name, source));
        while let Some((length, hash)) = all.get(into.chunks) {
            let mut chunk = Vec::with_capacity(length);
            let came = file.by_ref().take(length as u64).read_to_end(&mut chunk);
            self.bytes += chunk.len() as u64;
            (self.progress)(Progress { done: self.bytes, total: self.needed.max(self.bytes) });
            came.map_err(failed)?;
            if chunk.len() != length || format::sha256(&chunk) != hash {
                return Err(Error::Altered("a base"));
            }
            into.append(&chunk)?;
        }
        if file.read(&mut [0]).map_err(failed)? == 0 { Ok(()) } else { Err(Error::TooLong("a base")) }
    }

    /// The deltas from a point of a chain up to `hash`, whose sequence is known or not, walked from the newest
    /// backwards, so that each file is checked as it comes. `None` when the chain does not go through that point; no
    /// more than `budget` bytes of them.
    pub(super) fn deltas(
        &mut self,
        disk: &Disk,
        from: Point,
        (mut sequence, mut hash): (Option<u64>, Hash),
        mut budget: u64,
    ) -> Result<Option<Vec<Vec<u8>>>, Error> {
        let mut newest_first: Vec<Vec<u8>> = Vec::new();
        while sequence.is_none_or(|sequence| sequence > from.0) {
            let (run, end) = self.run(disk, from.0, sequence, &hash, budget)?;
            if sequence.is_some_and(|sequence| sequence != end) {
                return Err(Error::Altered("a delta"));
            }
            (sequence, hash) = (Some(run.after), *run.previous);
            let mut taken = Vec::new();
            for payload in run.payloads {
                if sequence.is_some_and(|sequence| sequence < from.0) {
                    // The run begins before the point.
                    sequence = sequence.map(|sequence| sequence + 1);
                    hash = chain(&hash, &payload, sequence.unwrap_or_default());
                } else {
                    budget = budget.checked_sub(payload.len() as u64).ok_or(Error::TooLong("a delta"))?;
                    taken.push(payload.to_vec());
                }
            }
            newest_first.extend(taken.into_iter().rev());
        }
        newest_first.reverse();
        Ok(((sequence, hash) == (Some(from.0), from.1)).then_some(newest_first))
    }

    /// The file of deltas that ends at a point: a run where one ends there and most of it is wanted, else one alone.
    fn run(
        &mut self,
        disk: &Disk,
        from: u64,
        sequence: Option<u64>,
        hash: &Hash,
        budget: u64,
    ) -> Result<(Run, u64), Error> {
        let ends_run = sequence.is_some_and(|sequence| sequence.is_multiple_of(RUN_LENGTH));
        let wants_run = ends_run && sequence.is_some_and(|sequence| sequence - from > RUN_LENGTH / 2);
        if wants_run && let Some(run) = self.whole_run(disk, hash)? {
            return Ok(run);
        }
        let name = format::object_name(DELTA, hash);
        let bytes = match self.get(&name, Run::longest(1, budget), "a delta") {
            // HQ keeps only the run when it is an old one.
            Err(Error::Carrier(CarrierError::NotFound(name))) if ends_run => {
                let run = if wants_run { None } else { self.whole_run(disk, hash)? };
                return run.ok_or(Error::Carrier(CarrierError::NotFound(name)));
            }
            other => other?,
        };
        let run = Run::parse(&bytes, hash)?;
        if run.0.payloads.len() == 1 { Ok(run) } else { Err(Error::Altered("a delta")) }
    }

    /// A run, which is kept until the release stands, so that an interruption costs no more than one of them.
    fn whole_run(&mut self, disk: &Disk, hash: &Hash) -> Result<Option<(Run, u64)>, Error> {
        let name = object(hash);
        if let Some(run) = disk.read(&name).ok().flatten().and_then(|bytes| Run::parse(&bytes, hash).ok()) {
            return Ok(Some(run));
        }
        let longest = Run::longest(RUN_LENGTH, format::LONGEST_LOG);
        let Some(bytes) = self.find(&format::object_name(RUN, hash), longest, "a delta")? else { return Ok(None) };
        let run = Run::parse(&bytes, hash)?;
        if run.0.payloads.len() as u64 != RUN_LENGTH {
            return Err(Error::Altered("a delta"));
        }
        disk.put(&name, &bytes)?;
        Ok(Some(run))
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

/// The leaf hashes of a release from the disk.
pub(super) fn stored_leaves(disk: &Disk, head: &Head) -> Option<Vec<Hash>> {
    let count = usize::from(head.count);
    if count <= PAGE {
        return stored_hashes(disk, &head.streams, count);
    }
    let pages = stored_hashes(disk, &head.streams, count.div_ceil(PAGE))?;
    let page = |(at, page)| stored_hashes(disk, page, PAGE.min(count - at * PAGE));
    let leaves: Option<Vec<_>> = pages.iter().enumerate().map(page).collect();
    leaves.map(|leaves| leaves.concat())
}

fn stored_hashes(disk: &Disk, root: &Hash, count: usize) -> Option<Vec<Hash>> {
    disk.read(&object(root)).ok().flatten().and_then(|bytes| hashes(&bytes, root, count))
}

fn hashes(bytes: &[u8], root: &Hash, count: usize) -> Option<Vec<Hash>> {
    let (hashes, rest) = bytes.as_chunks();
    (rest.is_empty() && hashes.len() == count && merkle(hashes) == *root).then(|| hashes.to_vec())
}
