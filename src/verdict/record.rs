//! What the register holds under a code, a link, a card or a plate.

use minicbor::decode::Error as DecodeError;
use minicbor::{Decode, Decoder, Encode, Encoder};

/// What a record draws the officer's attention to. Bits that this version does not know are kept and do nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Flags(u16);

impl Flags {
    /// An alert: quarantine, a search, whatever HQ wants looked into before the vehicle goes on.
    pub const ALERT: Self = Self(1);

    /// Flags as they stand in a record.
    pub const fn from_bits(bits: u16) -> Self {
        Self(bits)
    }

    /// As they stand in a record.
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// Whether all of `other` are among them.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// None at all.
    pub const fn is_empty(&self) -> bool {
        self.0 == 0
    }
}

impl<C> Encode<C> for Flags {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.u16(self.0)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Flags {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, DecodeError> {
        d.u16().map(Self)
    }
}

/// A record of the register: what even who enumerates a stolen box may learn, and beside it, sealed, what only a
/// presented code of enough entropy opens.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Record {
    /// The kind; none: it entitles to nothing and bears only flags.
    #[n(0)]
    pub kind: Option<u16>,
    /// Unix seconds from which it counts.
    #[n(1)]
    pub valid_from: i64,
    /// Unix seconds until which it counts.
    #[n(2)]
    pub valid_to: i64,
    /// What to look out for.
    #[cbor(n(3), default, skip_if = "Flags::is_empty")]
    pub flags: Flags,
    /// What the officer compares, sealed under the code.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub sealed: Option<Vec<u8>>,
}

impl Record {
    /// Whether it counts at a time in Unix seconds.
    pub fn counts_at(&self, at: i64) -> bool {
        self.valid_from <= at && at <= self.valid_to
    }
}
