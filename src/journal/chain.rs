//! The chain over sealed rows: box, HQ and any auditor compute it the same way, without a private key.

use ed25519_dalek::VerifyingKey;
use hmac::{Hmac, Mac as _};
use minicbor::{Decode, Encode};
use sha2::{Digest as _, Sha256};
use wire::row::{EpochId, HASH, Row, RowKind};
use wire::{BoxId, RegionId};

use crate::{Checkpoint, Opening};

/// A chain hash.
pub type Hash = [u8; HASH];

/// What stands before the first row.
pub const START: Hash = [0; HASH];

/// A row of a box, named so that nobody can mean another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(map)]
pub struct Place {
    /// Its epoch.
    #[n(0)]
    pub epoch: EpochId,
    /// Its sequence.
    #[n(1)]
    pub sequence: u64,
    /// Its chain hash, and with it everything before.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub chain: Hash,
}

impl Place {
    /// Before the first row of a box.
    pub const START: Self = Self { epoch: EpochId { counter: 0, nonce: [0; 8] }, sequence: 0, chain: START };

    /// The place of a row, as the row itself says.
    pub const fn of(row: &Row) -> Self {
        Self { epoch: row.epoch, sequence: row.sequence, chain: row.chain }
    }
}

/// Whose journal it is, and the key that signs its openings and checkpoints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    /// The region.
    pub region: RegionId,
    /// The box.
    pub name: BoxId,
    /// The box's public key.
    pub key: VerifyingKey,
}

/// Why a row does not follow a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// Another sequence should come next; nothing is known about the row itself.
    #[error("the row is not the next one")]
    Sequence,
    /// An opening that goes on from another place than this one.
    #[error("the opening goes on from row {}", .0.sequence)]
    Elsewhere(Place),
    /// It is in another epoch than the row before, and opens none; or its epoch is not a later one.
    #[error("the row is in the wrong epoch")]
    Epoch,
    /// Its hash is not that of its content after this place.
    #[error("the chain hash is not that of the row")]
    Hash,
    /// An opening or checkpoint that the box has not signed, or not for this place.
    #[error("the box has not signed this row for this place")]
    Signature,
}

impl Fault {
    /// Stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Sequence => "sequence",
            Self::Elsewhere(_) => "elsewhere",
            Self::Epoch => "epoch",
            Self::Hash => "hash",
            Self::Signature => "signature",
        }
    }
}

/// The chain hash of a row after `previous`: SHA-256 over a fixed label, the previous hash and every
/// field of the row but `chain` and `mac`, each of fixed length or preceded by its length.
pub fn link(previous: &Hash, row: &Row) -> Hash {
    let kind = match row.kind {
        RowKind::Opening => 0u8,
        RowKind::Entry => 1,
        RowKind::Checkpoint => 2,
    };
    Sha256::new_with_prefix(b"checkpoint-journal-row/1")
        .chain_update(previous)
        .chain_update(row.epoch.counter.to_be_bytes())
        .chain_update(row.epoch.nonce)
        .chain_update(row.sequence.to_be_bytes())
        .chain_update(row.boot)
        .chain_update([kind])
        .chain_update((row.body.len() as u64).to_be_bytes())
        .chain_update(&row.body)
        .finalize()
        .into()
}

/// The MAC of a row whose chain hash is known.
pub fn mac(key: &[u8; 32], chain: &Hash) -> Hash {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(chain);
    mac.finalize().into_bytes().into()
}

/// The MAC key of the next row: one way only, so that a later thief cannot rewrite earlier rows.
pub fn next_mac_key(key: &[u8; 32]) -> [u8; 32] {
    Sha256::new_with_prefix(b"checkpoint-journal-mac/1").chain_update(key).finalize().into()
}

/// Checks that a row follows a place: its sequence, epoch and hash, and what the box has signed in it.
///
/// An opening may leave sequences out: it names the last good row under the box's signature, and what
/// stood between was damaged on the box. Nothing else may.
///
/// # Errors
/// The first fault. After [`Fault::Sequence`] and [`Fault::Elsewhere`] the row may still be sound.
pub fn follow(place: &Place, row: &Row, author: &Author) -> Result<Place, Fault> {
    let next = place.sequence.checked_add(1).ok_or(Fault::Sequence)?;
    match row.kind {
        RowKind::Opening => {
            let opening = Opening::verified(row, author).ok_or(Fault::Signature)?;
            if link(&opening.after.chain, row) != row.chain {
                return Err(Fault::Hash);
            }
            if opening.after != *place {
                return Err(Fault::Elsewhere(opening.after));
            }
            if row.epoch.counter <= place.epoch.counter {
                return Err(Fault::Epoch);
            }
            if row.sequence < next {
                return Err(Fault::Sequence);
            }
        }
        RowKind::Entry | RowKind::Checkpoint => {
            if row.sequence != next {
                return Err(Fault::Sequence);
            }
            if link(&place.chain, row) != row.chain {
                return Err(Fault::Hash);
            }
            if row.epoch != place.epoch {
                return Err(Fault::Epoch);
            }
            if row.kind == RowKind::Checkpoint
                && Checkpoint::verified(row, author).ok_or(Fault::Signature)?.head != *place
            {
                return Err(Fault::Signature);
            }
        }
    }
    Ok(Place::of(row))
}

/// The place before a signed row, by the row's own word, when that word holds: where checking can begin
/// without anything before.
pub fn anchor(row: &Row, author: &Author) -> Option<Place> {
    let before = match row.kind {
        RowKind::Opening => Opening::verified(row, author)?.after,
        RowKind::Checkpoint => Checkpoint::verified(row, author)?.head,
        RowKind::Entry => return None,
    };
    follow(&before, row, author).is_ok().then_some(before)
}

/// How many of these rows, from the first, follow `previous` and each other by sequence and hash alone.
pub fn sound_prefix(previous: Option<(&Hash, u64)>, rows: &[Row]) -> usize {
    let mut before = previous.map(|(chain, sequence)| (*chain, sequence));
    rows.iter()
        .take_while(|row| {
            let follows = match before {
                Some((chain, sequence)) => {
                    Some(row.sequence) == sequence.checked_add(1) && link(&chain, row) == row.chain
                }
                None => true,
            };
            before = Some((row.chain, row.sequence));
            follows
        })
        .count()
}

#[cfg(test)]
mod tests;
