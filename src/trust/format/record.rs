//! Stream records: what a stream's content is, by hash and length.

use minicbor::{Decode, Encode};
use wire::RegionId;

use super::{Hash, LONGEST_LOG, Part, sha256};
use crate::Error;

/// Longest record in bytes.
pub const LONGEST_RECORD: u64 = 4096;

/// Most folds a record may name.
pub const MOST_FOLDS: usize = 16;

/// Bases are hashed in pieces of this size, so that each is checked as it comes.
pub const CHUNK: usize = 64 * 1024;

/// What tells a stream from every other of a release.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId {
    /// The region it is about.
    pub region: RegionId,
    /// What its base holds.
    pub part: Part,
    /// Whose it is: an issuer; empty for what belongs to the region as a whole.
    pub issuer: String,
    /// Which of several: the series of a status list, the day of a register since 1970; else 0.
    pub series: u64,
}

/// A stream's record.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Record {
    /// What its base holds.
    #[n(0)]
    pub part: Part,
    /// Whose it is: an issuer; empty for what belongs to the region as a whole.
    #[n(1)]
    pub issuer: String,
    /// Which of several: the series of a status list, the day of a register since 1970; else 0.
    #[n(2)]
    pub series: u64,
    /// SHA-256 of the base.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub base: Hash,
    /// Its length in bytes.
    #[n(4)]
    pub length: u64,
    /// SHA-256 of its chunk list: the SHA-256 of each [`CHUNK`] of the base, one after the other.
    #[cbor(n(5), with = "minicbor::bytes")]
    pub chunks: Hash,
    /// Sequence of the newest delta on this base; 0 without deltas.
    #[n(6)]
    pub head_sequence: u64,
    /// Chain hash of the newest delta; the base's own hash without deltas.
    #[cbor(n(7), with = "minicbor::bytes")]
    pub head: Hash,
    /// The region it is about; a box far from home carries other regions' streams too.
    #[n(8)]
    pub region: RegionId,
    /// Unix seconds after which it says nothing any more.
    #[n(9)]
    pub until: Option<i64>,
    /// How a box with an older base makes this one, oldest first: each makes the base that the next is from, and
    /// the last one this base.
    #[cbor(n(10), default, skip_if = "Vec::is_empty")]
    pub folds: Vec<Fold>,
    /// Bytes of the payloads of all deltas on this base.
    #[n(11)]
    pub log: u64,
    /// Unix seconds up to which the source of what others say was known; without it, the head's `issued`.
    #[n(12)]
    pub as_of: Option<i64>,
}

/// The way from one base to the next.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Fold {
    /// SHA-256 of the older base.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub from: Hash,
    /// Chain hash of its deltas that are folded in.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub head: Hash,
    /// SHA-256 of the one delta that makes the same of the older base alone.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub delta: Hash,
    /// Its length in bytes.
    #[n(3)]
    pub length: u64,
    /// Bytes of the payloads of the deltas that are folded in: so a box knows what those it lacks would cost.
    #[n(4)]
    pub log: u64,
}

impl Record {
    /// Describes a base without deltas.
    pub fn describe(id: StreamId, base: &[u8]) -> Self {
        Self::new(id, sha256(base), base.len() as u64, sha256(&chunk_list(base)))
    }

    /// A record of a base without deltas.
    pub fn new(id: StreamId, base: Hash, length: u64, chunks: Hash) -> Self {
        Self {
            part: id.part,
            issuer: id.issuer,
            series: id.series,
            base,
            length,
            chunks,
            head_sequence: 0,
            head: base,
            region: id.region,
            until: None,
            folds: Vec::new(),
            log: 0,
            as_of: None,
        }
    }

    /// Reads a record whose leaf hash was checked.
    ///
    /// # Errors
    /// [`Error::Malformed`] when it contradicts itself, [`Error::TooLong`] when its base, its deltas or a fold are
    /// longer than any of its part may be.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let record: Self = wire::decode(bytes, "record").map_err(|_| Error::Malformed("record"))?;
        let Some(longest) = record.part.longest() else { return Ok(record) };
        if record.length > longest {
            return Err(Error::TooLong("a base"));
        }
        if record.log > LONGEST_LOG || record.folds.iter().any(|fold| fold.length > 2 * LONGEST_LOG) {
            return Err(Error::TooLong("a delta"));
        }
        // One chunk is the base itself, and nobody fetches its list.
        if record.single_chunk().is_some_and(|one| sha256(&one.list) != record.chunks) {
            return Err(Error::Malformed("record"));
        }
        let is_plain = record.head_sequence == 0 && record.head == record.base && record.log == 0;
        // A delta has at least one byte.
        let has_deltas = record.part.has_deltas() && (1..=record.log).contains(&record.head_sequence);
        let folds = record.folds.len() <= MOST_FOLDS && (record.folds.is_empty() || record.part.has_deltas());
        if (is_plain || has_deltas) && folds { Ok(record) } else { Err(Error::Malformed("record")) }
    }

    /// What tells it from every other stream.
    pub fn id(&self) -> StreamId {
        StreamId { region: self.region.clone(), part: self.part, issuer: self.issuer.clone(), series: self.series }
    }

    /// Length of the chunk list in bytes.
    pub const fn list_length(&self) -> u64 {
        self.length.div_ceil(CHUNK as u64) * 32
    }

    /// The chunks without a list, of a base that is one chunk or none.
    pub fn single_chunk(&self) -> Option<Chunks> {
        let list = if self.length == 0 { Vec::new() } else { self.base.to_vec() };
        (self.length <= CHUNK as u64).then_some(Chunks { length: self.length, list })
    }

    /// The chunks as a list says, if it is the one that was signed.
    pub fn chunks(&self, list: Vec<u8>) -> Option<Chunks> {
        let fits = list.len() as u64 == self.list_length() && sha256(&list) == self.chunks;
        fits.then_some(Chunks { length: self.length, list })
    }

    /// Whether it has ended at a time in Unix seconds.
    pub fn has_ended(&self, now: i64) -> bool {
        self.until.is_some_and(|until| until < now)
    }
}

/// Length and hash of each chunk of a base.
#[derive(Debug, Clone)]
pub struct Chunks {
    length: u64,
    list: Vec<u8>,
}

impl Chunks {
    /// Length and hash of one chunk.
    pub fn get(&self, index: u64) -> Option<(usize, Hash)> {
        let at = index.checked_mul(CHUNK as u64).filter(|at| *at < self.length)?;
        let length = usize::try_from((self.length - at).min(CHUNK as u64)).ok()?;
        let place = usize::try_from(index).ok()?.checked_mul(32)?;
        let hash = self.list.get(place..place.checked_add(32)?)?;
        Some((length, hash.try_into().ok()?))
    }

    /// Where the chunks after the first `count` begin.
    pub fn end_of(&self, count: u64) -> u64 {
        count.saturating_mul(CHUNK as u64).min(self.length)
    }
}

/// The SHA-256 of each [`CHUNK`] of a base, one after the other.
pub fn chunk_list(base: &[u8]) -> Vec<u8> {
    base.chunks(CHUNK).flat_map(sha256).collect()
}
