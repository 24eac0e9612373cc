//! The two signed rows: the opening of an epoch and the checkpoint.

use ed25519_dalek::VerifyingKey;
use minicbor::{Decode, Encode};
use wire::row::{HASH, Row, RowKind};
use wire::sign::{Context, Sign1};
use wire::{BoxId, RegionId, WallTime};

/// The opening of an epoch: payload of a COSE_Sign1 under [`Context::JournalCheckpoint`].
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Opening {
    /// The region.
    #[n(0)]
    pub region: RegionId,
    /// The box.
    #[n(1)]
    pub name: BoxId,
    /// The epoch's number.
    #[n(2)]
    pub epoch: u64,
    /// The row's sequence.
    #[n(3)]
    pub sequence: u64,
    /// Chain hash of the last good row before it.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub previous: [u8; HASH],
    /// HPKE's encapsulated key (RFC 9180 §4.1).
    #[cbor(n(5), with = "minicbor::bytes")]
    pub encapsulated: [u8; 32],
    /// HQ's sealing key it was made for.
    #[cbor(n(6), with = "minicbor::bytes")]
    pub sealed_to: [u8; 32],
    /// The first MAC key, the first thing sealed in this epoch.
    #[cbor(n(7), with = "minicbor::bytes")]
    pub mac_key: Vec<u8>,
}

/// A checkpoint: payload of a COSE_Sign1 under [`Context::JournalCheckpoint`].
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Checkpoint {
    /// The region.
    #[n(0)]
    pub region: RegionId,
    /// The box.
    #[n(1)]
    pub name: BoxId,
    /// The epoch's number.
    #[n(2)]
    pub epoch: u64,
    /// Sequence of the last row covered.
    #[n(3)]
    pub sequence: u64,
    /// Its chain hash.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub chain: [u8; HASH],
    /// The box's time and its trust.
    #[n(5)]
    pub at: WallTime,
}

impl Opening {
    /// The opening in a row, if the box's key has signed it and it is about this very place.
    pub fn verified(
        row: &Row,
        previous: &[u8; HASH],
        region: &RegionId,
        name: &BoxId,
        key: &VerifyingKey,
    ) -> Option<Self> {
        let opening: Self = payload(row, RowKind::Opening, key)?;
        let fits = opening.region == *region
            && opening.name == *name
            && opening.epoch == row.epoch.counter
            && opening.sequence == row.sequence
            && opening.previous == *previous;
        fits.then_some(opening)
    }
}

impl Checkpoint {
    /// The checkpoint in a row, if the box's key has signed it and it is about the row before.
    pub fn verified(
        row: &Row,
        previous: &[u8; HASH],
        region: &RegionId,
        name: &BoxId,
        key: &VerifyingKey,
    ) -> Option<Self> {
        let checkpoint: Self = payload(row, RowKind::Checkpoint, key)?;
        let fits = checkpoint.region == *region
            && checkpoint.name == *name
            && checkpoint.epoch == row.epoch.counter
            && checkpoint.sequence + 1 == row.sequence
            && checkpoint.chain == *previous;
        fits.then_some(checkpoint)
    }
}

fn payload<T: for<'b> Decode<'b, ()>>(row: &Row, kind: RowKind, key: &VerifyingKey) -> Option<T> {
    if row.kind != kind {
        return None;
    }
    let message = Sign1::parse(&row.body).ok()?;
    wire::decode(message.verify(Context::JournalCheckpoint, key).ok()?, "signed row").ok()
}
