//! The chain over sealed rows: box, HQ and any auditor compute it the same way, without a key.

use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};
use wire::row::{HASH, Row, RowKind};

/// A chain hash.
pub type Hash = [u8; HASH];

/// What stands before the first row.
pub const START: Hash = [0; HASH];

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

/// How many of these rows, from the first, follow `previous` and each other without a fault.
pub fn sound_prefix(previous: Option<(&Hash, u64)>, rows: &[Row]) -> usize {
    let mut before = previous.map(|(chain, sequence)| (*chain, sequence));
    rows.iter()
        .take_while(|row| {
            let follows = match before {
                Some((chain, sequence)) => row.sequence == sequence + 1 && link(&chain, row) == row.chain,
                None => true,
            };
            before = Some((row.chain, row.sequence));
            follows
        })
        .count()
}
