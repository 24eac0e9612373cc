//! The two signed rows: the opening of an epoch and the checkpoint. Both are payloads of a COSE_Sign1
//! under [`Context::JournalCheckpoint`], told apart by their first field.

use minicbor::{Decode, Encode};
use wire::row::{EpochId, Row, RowKind};
use wire::sign::{Context, Sign1, Signer};
use wire::{BoxId, RegionId, WallTime};

use crate::chain::{Author, Place};

/// First field of an opening.
const OPENING: u8 = 0;

/// First field of a checkpoint.
const CHECKPOINT: u8 = 2;

/// The opening of an epoch.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Opening {
    /// Always 0, the number of the row's kind: no opening can be taken for a checkpoint.
    #[n(0)]
    pub kind: u8,
    /// The region.
    #[n(1)]
    pub region: RegionId,
    /// The box.
    #[n(2)]
    pub name: BoxId,
    /// The epoch.
    #[n(3)]
    pub epoch: EpochId,
    /// The row's sequence.
    #[n(4)]
    pub sequence: u64,
    /// The last good row before it. Sequences between the two were damaged and are set aside on the box.
    #[n(5)]
    pub after: Place,
    /// HPKE's encapsulated key (RFC 9180 §4.1).
    #[cbor(n(6), with = "minicbor::bytes")]
    pub encapsulated: [u8; 32],
    /// HQ's X25519 sealing key it was made for.
    #[cbor(n(7), with = "minicbor::bytes")]
    pub sealed_to: [u8; 32],
    /// The first MAC key, the first thing sealed in this epoch.
    #[cbor(n(8), with = "minicbor::bytes")]
    pub mac_key: Vec<u8>,
}

/// A checkpoint: the box's word for everything up to the row before it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Checkpoint {
    /// Always 2, the number of the row's kind.
    #[n(0)]
    pub kind: u8,
    /// The region.
    #[n(1)]
    pub region: RegionId,
    /// The box.
    #[n(2)]
    pub name: BoxId,
    /// The last row covered: the one before this.
    #[n(3)]
    pub head: Place,
    /// The box's time and its trust.
    #[n(4)]
    pub at: WallTime,
}

impl Opening {
    /// The opening in a row, if the box has signed it for this row.
    pub fn verified(row: &Row, author: &Author) -> Option<Self> {
        let opening: Self = payload(row, RowKind::Opening, author)?;
        let fits = opening.kind == OPENING
            && opening.region == author.region
            && opening.name == author.name
            && opening.epoch == row.epoch
            && opening.sequence == row.sequence;
        fits.then_some(opening)
    }

    /// What the row says, whoever signed it: for checking a chain without a key.
    pub(crate) fn claimed(row: &Row) -> Option<Self> {
        let message = Sign1::parse(&row.body).ok()?;
        wire::decode(message.payload, "signed row").ok()
    }

    pub(crate) const KIND: u8 = OPENING;

    pub(crate) fn sign(&self, signer: &dyn Signer) -> Vec<u8> {
        wire::sign::sign(Context::JournalCheckpoint, signer, &wire::encode(self))
    }
}

impl Checkpoint {
    /// The checkpoint in a row, if the box has signed it for the row before this one.
    pub fn verified(row: &Row, author: &Author) -> Option<Self> {
        let checkpoint: Self = payload(row, RowKind::Checkpoint, author)?;
        let fits = checkpoint.kind == CHECKPOINT
            && checkpoint.region == author.region
            && checkpoint.name == author.name
            && checkpoint.head.epoch == row.epoch
            && checkpoint.head.sequence.checked_add(1) == Some(row.sequence);
        fits.then_some(checkpoint)
    }

    /// What the row says, whoever signed it: for checking a chain without a key.
    pub(crate) fn claimed(row: &Row) -> Option<Self> {
        let message = Sign1::parse(&row.body).ok()?;
        wire::decode(message.payload, "signed row").ok()
    }

    pub(crate) const KIND: u8 = CHECKPOINT;

    pub(crate) fn sign(&self, signer: &dyn Signer) -> Vec<u8> {
        wire::sign::sign(Context::JournalCheckpoint, signer, &wire::encode(self))
    }
}

fn payload<T: for<'b> Decode<'b, ()>>(row: &Row, kind: RowKind, author: &Author) -> Option<T> {
    if row.kind != kind {
        return None;
    }
    let message = Sign1::parse(&row.body).ok()?;
    wire::decode(message.verify(Context::JournalCheckpoint, &author.key).ok()?, "signed row").ok()
}
