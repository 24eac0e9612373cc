//! The parts of what HQ tells, and which of them a box carries.

use std::collections::BTreeSet;

use minicbor::decode::Error as DecodeError;
use minicbor::{Decode, Decoder, Encode, Encoder};
use wire::RegionId;

use super::StreamId;

/// Longest base of a part that is held in memory, in bytes.
const LONGEST_IN_MEMORY: u64 = 16 * 1024 * 1024;

/// Longest base of a table, in bytes: 38 million ids.
const LONGEST_TABLE: u64 = 512 * 1024 * 1024;

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
    /// Revoked ids that have no place in a list.
    Ids,
    /// Revocation by rule: whose key, which kind, issued before when.
    Rules,
    /// What is known of passes that say nothing themselves.
    Register,
    /// What HQ has decreed: extend, stop, suspend.
    Orders,
    /// By which rules certificates of others are accepted.
    Acceptance,
    /// One that this version does not know, and leaves alone.
    Other(u16),
}

impl Part {
    /// Every part that this version knows.
    pub const ALL: [Self; 8] = [
        Self::Keys,
        Self::Status,
        Self::Policy,
        Self::Ids,
        Self::Rules,
        Self::Register,
        Self::Orders,
        Self::Acceptance,
    ];

    /// Its number in a record.
    pub const fn number(self) -> u16 {
        match self {
            Self::Keys => 0,
            Self::Status => 1,
            Self::Policy => 2,
            Self::Ids => 3,
            Self::Rules => 4,
            Self::Register => 5,
            Self::Orders => 6,
            Self::Acceptance => 7,
            Self::Other(number) => number,
        }
    }

    /// The part of a number.
    pub fn of(number: u16) -> Self {
        Self::ALL.into_iter().find(|part| part.number() == number).unwrap_or(Self::Other(number))
    }

    /// Whether its base is a table on the disk.
    pub const fn is_table(self) -> bool {
        matches!(self, Self::Ids | Self::Register)
    }

    /// Whether it may have deltas.
    pub const fn has_deltas(self) -> bool {
        matches!(self, Self::Status) || self.is_table()
    }

    /// The longest base of it that is fetched, in bytes; none: it is not fetched at all.
    pub const fn longest(self) -> Option<u64> {
        match self {
            Self::Other(_) => None,
            part if part.is_table() => Some(LONGEST_TABLE),
            _ => Some(LONGEST_IN_MEMORY),
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
        d.u16().map(Self::of)
    }
}

/// Which streams of a release a box keeps. The rest it neither fetches nor answers from.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Carry {
    /// Parts of its own region. Keys and policy are kept whatever stands here.
    #[n(0)]
    pub own: BTreeSet<Part>,
    /// Parts of other regions.
    #[n(1)]
    pub others: BTreeSet<Part>,
}

impl Default for Carry {
    /// All of its own region; of others, what tells their passes, and nothing about who holds them.
    fn default() -> Self {
        let stays_at_home = [Part::Register, Part::Policy, Part::Orders];
        let others = Part::ALL.into_iter().filter(|part| !stays_at_home.contains(part));
        Self { own: Part::ALL.into(), others: others.collect() }
    }
}

impl Carry {
    /// Whether a box of the region `home` keeps a stream.
    pub fn carries(&self, home: &RegionId, id: &StreamId) -> bool {
        if id.part.longest().is_none() {
            false
        } else if id.region == *home {
            matches!(id.part, Part::Keys | Part::Policy) || self.own.contains(&id.part)
        } else {
            self.others.contains(&id.part)
        }
    }
}
