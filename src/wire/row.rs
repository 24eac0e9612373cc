//! Journal rows as they travel, and the receipts that let a box prune them (design: the journal).

use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};
use sha2::{Digest as _, Sha256};

use crate::{BoxId, RegionId};

/// Length of chain hashes (SHA-256) and row MACs (HMAC-SHA-256) in bytes.
pub const HASH: usize = 32;

/// An epoch: a counter that only rises on one box, and random bytes that tell a restored image from
/// the box it was copied from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(map)]
pub struct EpochId {
    /// Rises by one with every epoch of a box.
    #[n(0)]
    pub counter: u64,
    /// Drawn at the epoch's opening.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub nonce: [u8; 8],
}

/// What a row is, readable without any key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum RowKind {
    /// First row of an epoch: the signed opening (encapsulated key, sealed MAC key, last good head).
    #[n(0)]
    Opening,
    /// A sealed entry.
    #[n(1)]
    Entry,
    /// A signed checkpoint over the chain so far.
    #[n(2)]
    Checkpoint,
}

/// One row of a box's journal, exactly as it was made durable.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Row {
    /// The epoch it belongs to.
    #[n(0)]
    pub epoch: EpochId,
    /// Rises by one with every row of a box, across epochs; the first is 1.
    #[n(1)]
    pub sequence: u64,
    /// Drawn at every start of the process.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub boot: [u8; 8],
    /// What the body is.
    #[n(3)]
    pub kind: RowKind,
    /// Sealed entry, signed opening or signed checkpoint.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub body: Vec<u8>,
    /// SHA-256 over the previous chain hash and this row.
    #[cbor(n(5), with = "minicbor::bytes")]
    pub chain: [u8; HASH],
    /// HMAC-SHA-256 over the chain hash, under a key that is hashed forward after every row.
    #[cbor(n(6), with = "minicbor::bytes")]
    pub mac: [u8; HASH],
}

/// Rows on their way up. Repeats are harmless: HQ's key is (box, epoch, sequence).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Batch {
    /// The region of the box.
    #[n(0)]
    pub region: RegionId,
    /// The box.
    #[n(1)]
    pub from: BoxId,
    /// Consecutive rows, lowest sequence first.
    #[n(2)]
    pub rows: Vec<Row>,
}

impl Batch {
    /// The batch as it goes onto a line: its encoding with a checksum of the rows. Rows damaged on the way are sound on
    /// the box, and only the box can tell: without it HQ would keep them for what the box has.
    pub fn to_message(&self) -> Vec<u8> {
        #[derive(Encode)]
        #[cbor(map)]
        struct Message<'b> {
            #[n(0)]
            region: &'b RegionId,
            #[n(1)]
            from: &'b BoxId,
            #[n(2)]
            rows: &'b Vec<Row>,
            #[n(3)]
            check: ByteArray<8>,
        }
        let Self { region, from, rows } = self;
        crate::encode(&Message { region, from, rows, check: checksum(&crate::encode(rows)).into() })
    }
}

/// The first 8 bytes of SHA-256 of encoded rows. No proof of anything but that a line was good.
pub fn checksum(rows: &[u8]) -> [u8; 8] {
    let digest = Sha256::digest(rows);
    std::array::from_fn(|at| digest[at])
}

/// HQ's statement "all of this box up to here is in the ledger": the payload of a COSE_Sign1 under
/// [`Context::Receipt`](crate::sign::Context::Receipt). Covers all earlier epochs.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Receipt {
    /// The region of the box.
    #[n(0)]
    pub region: RegionId,
    /// The box.
    #[n(1)]
    pub to: BoxId,
    /// Epoch of the last row covered.
    #[n(2)]
    pub epoch: EpochId,
    /// Sequence of the last row covered.
    #[n(3)]
    pub sequence: u64,
    /// Chain hash of that row; the box prunes only when it is its own.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub chain: [u8; HASH],
    /// The ledger that holds the rows; a restored ledger gets a new id.
    #[cbor(n(5), with = "minicbor::bytes")]
    pub ledger: [u8; 8],
    /// Unix seconds at HQ.
    #[n(6)]
    pub issued: i64,
    /// Rows a second this box may send from now on, alerts apart; absent: as many as it likes.
    #[n(7)]
    pub budget: Option<u32>,
}

/// One row that HQ should see before the backlog is through. It is no delivery: the row still goes up in its
/// place, and only a receipt that covers it counts.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Alert {
    /// The region of the box.
    #[n(0)]
    pub region: RegionId,
    /// The box.
    #[n(1)]
    pub from: BoxId,
    /// The opening of the row's epoch; absent when it has left the box, and so is in HQ's ledger.
    #[n(2)]
    pub opening: Option<Row>,
    /// The chain hash before the row: without it neither its chain hash can be checked nor its seal opened.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub before: [u8; HASH],
    /// The row.
    #[n(4)]
    pub row: Row,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A receipt as HQ sent it first.
    #[derive(Debug, PartialEq, Encode, Decode)]
    #[cbor(map)]
    struct First {
        #[n(0)]
        region: RegionId,
        #[n(1)]
        to: BoxId,
        #[n(2)]
        epoch: EpochId,
        #[n(3)]
        sequence: u64,
        #[cbor(n(4), with = "minicbor::bytes")]
        chain: [u8; HASH],
        #[cbor(n(5), with = "minicbor::bytes")]
        ledger: [u8; 8],
        #[n(6)]
        issued: i64,
    }

    #[test]
    fn a_receipt_with_a_budget_and_one_without_are_read_by_both_versions() {
        let receipt = Receipt {
            region: "RU-TVE".parse().unwrap(),
            to: "post-1".parse().unwrap(),
            epoch: EpochId { counter: 1, nonce: [1; 8] },
            sequence: 7,
            chain: [2; 32],
            ledger: [3; 8],
            issued: 1000,
            budget: Some(250),
        };
        let first: First = crate::decode(&crate::encode(&receipt), "receipt").unwrap();
        let again: Receipt = crate::decode(&crate::encode(&first), "receipt").unwrap();
        assert_eq!(again, Receipt { budget: None, ..receipt });
    }
}
