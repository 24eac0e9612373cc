//! The tree that binds the records of a release (RFC 9162 §2.1.1), and its pages.
//!
//! A full page of leaves is a complete subtree, so that the tree over the pages' roots is the tree over all
//! leaves; a box that knows the roots fetches only the pages that changed.

use sha2::{Digest as _, Sha256};

use super::{Hash, sha256};

/// Most streams of one release: 21 regions with all their parts and days stay far below.
pub const MOST_STREAMS: usize = 4096;

/// Leaves of one page. A release with no more streams than this has no pages, only its leaves.
pub const PAGE: usize = 64;

/// Hash of a record as a leaf.
pub fn leaf(record: &[u8]) -> Hash {
    Sha256::new_with_prefix([0]).chain_update(record).finalize().into()
}

/// Merkle root over leaves, or over the roots of their pages, in their order; of none, the hash of nothing.
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

/// The roots of the pages of leaves.
pub fn pages(leaves: &[Hash]) -> Vec<Hash> {
    leaves.chunks(PAGE).map(merkle).collect()
}
