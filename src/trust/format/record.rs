//! Stream records and the tree that binds them.

use minicbor::decode::Error as DecodeError;
use minicbor::{Decode, Decoder, Encode, Encoder};
use sha2::{Digest as _, Sha256};
use wire::RegionId;

use super::{Hash, sha256};
use crate::Error;

/// Most streams of one release: 21 regions with all their parts and days stay far below.
pub const MOST_STREAMS: usize = 4096;

/// Longest record in bytes: the chunk list of 320 MiB, more than 20 million ids need.
pub const LONGEST_RECORD: u64 = 256 * 1024;

/// Bases are hashed in pieces of this size, so that each is checked as it comes.
pub const CHUNK: usize = 64 * 1024;

/// Longest base of a part that is held in memory, in bytes.
const LONGEST_IN_MEMORY: u64 = 16 * 1024 * 1024;

/// A part of what HQ tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Part {
    /// Keys and scopes.
    Keys,
    /// One status list.
    Status,
    /// The region's rules.
    Policy,
    /// One that this version does not know, and leaves alone.
    Other(u16),
}

impl Part {
    /// Its number in a record.
    pub const fn number(self) -> u16 {
        match self {
            Self::Keys => 0,
            Self::Status => 1,
            Self::Policy => 2,
            Self::Other(number) => number,
        }
    }

    /// The longest base of it that is fetched, in bytes; none: it is not fetched at all.
    pub const fn longest(self) -> Option<u64> {
        match self {
            Self::Keys | Self::Status | Self::Policy => Some(LONGEST_IN_MEMORY),
            Self::Other(_) => None,
        }
    }
}

impl From<u16> for Part {
    fn from(number: u16) -> Self {
        match number {
            0 => Self::Keys,
            1 => Self::Status,
            2 => Self::Policy,
            other => Self::Other(other),
        }
    }
}

impl<C> Encode<C> for Part {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.u16(self.number())?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Part {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, DecodeError> {
        d.u16().map(Self::from)
    }
}

/// What tells a stream from every other of a release.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId {
    /// The region it is about.
    pub region: RegionId,
    /// What its base holds.
    pub part: Part,
    /// Whose it is: an issuer; empty for what belongs to the region as a whole.
    pub issuer: String,
    /// Which of several: the series of a status list, else 0.
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
    /// Which of several: the series of a status list, else 0.
    #[n(2)]
    pub series: u64,
    /// SHA-256 of the base.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub base: Hash,
    /// Its length in bytes.
    #[n(4)]
    pub length: u64,
    /// SHA-256 of each [`CHUNK`] of it, one after the other.
    #[cbor(n(5), with = "minicbor::bytes")]
    pub chunks: Vec<u8>,
    /// Sequence of the newest delta on this base; 0 without deltas.
    #[n(6)]
    pub head_sequence: u64,
    /// Chain hash of the newest delta; the base's own hash without deltas.
    #[cbor(n(7), with = "minicbor::bytes")]
    pub head: Hash,
    /// The region it is about; a box far from home carries other regions' streams too.
    #[n(8)]
    pub region: RegionId,
}

impl Record {
    /// Describes a base without deltas.
    pub fn describe(id: StreamId, base: &[u8]) -> Self {
        let hash = sha256(base);
        Self {
            part: id.part,
            issuer: id.issuer,
            series: id.series,
            base: hash,
            length: base.len() as u64,
            chunks: base.chunks(CHUNK).flat_map(sha256).collect(),
            head_sequence: 0,
            head: hash,
            region: id.region,
        }
    }

    /// Reads a record whose leaf hash was checked.
    ///
    /// # Errors
    /// [`Error::Malformed`] when it contradicts itself, [`Error::TooLong`] when its base is longer than any
    /// of its part may be.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let record: Self = wire::decode(bytes, "record").map_err(|_| Error::Malformed("record"))?;
        if record.part.longest().is_some_and(|longest| record.length > longest) {
            return Err(Error::TooLong("a base"));
        }
        let chunks = record.length.div_ceil(CHUNK as u64);
        let whole = chunks.checked_mul(32) == Some(record.chunks.len() as u64);
        // Deltas are not read by this version; without them the chain's head is the base itself.
        let known = record.part.longest().is_none() || (record.head_sequence == 0 && record.head == record.base);
        if whole && known { Ok(record) } else { Err(Error::Malformed("record")) }
    }

    /// What tells it from every other stream.
    pub fn id(&self) -> StreamId {
        StreamId { region: self.region.clone(), part: self.part, issuer: self.issuer.clone(), series: self.series }
    }

    /// Length and hash of one chunk.
    pub fn chunk(&self, index: u64) -> Option<(usize, Hash)> {
        let at = index.checked_mul(CHUNK as u64).filter(|at| *at < self.length)?;
        let length = usize::try_from((self.length - at).min(CHUNK as u64)).ok()?;
        let place = usize::try_from(index).ok()?.checked_mul(32)?;
        let hash = self.chunks.get(place..place.checked_add(32)?)?;
        Some((length, hash.try_into().ok()?))
    }
}

/// Hash of a record as a leaf (RFC 9162 §2.1.1).
pub fn leaf(record: &[u8]) -> Hash {
    Sha256::new_with_prefix([0]).chain_update(record).finalize().into()
}

/// Merkle root over leaves, in their order; of none, the hash of nothing (RFC 9162 §2.1.1).
pub fn merkle(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => sha256(&[]),
        [one] => *one,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            Sha256::new_with_prefix([1]).chain_update(merkle(left)).chain_update(merkle(right)).finalize().into()
        }
    }
}
