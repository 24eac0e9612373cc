//! The format of trust releases; its specification stands in `docs/formats/trust-release.md`.
//!
//! One folder, the same for HTTP and stick: `root.N`, `head`, and by their hashes `pages`, `index`, `record`, `base`,
//! `chunks`, `delta`, `run` and `fold`.

use sha2::{Digest as _, Sha256};

mod acceptance;
mod delta;
mod foreign;
mod head;
mod index;
mod keys;
mod orders;
mod part;
mod record;
mod register;
mod root;
mod rules;

pub use acceptance::AcceptanceRule;
pub use delta::{LONGEST_LOG, RUN_LENGTH, Run, chain};
pub use foreign::{Scheme, foreign_ids};
pub use head::{Head, LONGEST_HEAD, LONGEST_LIFE};
pub use index::{MOST_STREAMS, PAGE, leaf, merkle, pages};
pub use keys::KeyEntry;
pub use orders::{LONGEST_TEXT, MOST_KINDS, MOST_ORDERS, read_orders, write_orders};
pub use part::{Carry, Part};
pub use record::{CHUNK, Chunks, Fold, LONGEST_RECORD, MOST_FOLDS, Record, StreamId, chunk_list};
pub use register::{LONGEST_VALUE, read_record, write_record};
pub use root::{LONGEST_PUBLISHING, LONGEST_ROOT, Reset, Root, RootKey, SignedRoot};

pub use rules::{MOST_RULES, read_rules, write_rules};

use crate::Error;

/// A SHA-256 hash.
pub type Hash = [u8; 32];

/// Name of the head.
pub const HEAD: &str = "head";

/// Folder of the lists of leaf hashes, each under its Merkle root.
pub const INDEX: &str = "index";

/// Folder of the stream records, each under its leaf hash.
pub const RECORD: &str = "record";

/// Folder of the lists of page roots of releases with more than [`PAGE`] streams, each under its Merkle root.
pub const PAGES: &str = "pages";

/// Folder of the bases, each under its SHA-256.
pub const BASE: &str = "base";

/// Folder of the chunk lists of bases longer than one chunk, each under its SHA-256.
pub const CHUNKS: &str = "chunks";

/// Folder of the deltas, each under the chain's hash after it.
pub const DELTA: &str = "delta";

/// Folder of runs of [`RUN_LENGTH`] deltas, each under the chain's hash after the last of them.
pub const RUN: &str = "run";

/// Folder of the folds' deltas, each under its SHA-256.
pub const FOLD: &str = "fold";

/// Folder of the bundles: what is new in a release for a box that has the one before.
pub const NEWS: &str = "news";

/// Name of a root.
pub fn root_name(version: u64) -> String {
    format!("root.{version}")
}

/// Name of the bundle of a release.
pub fn news_name(sequence: u64) -> String {
    format!("{NEWS}/{sequence}")
}

/// Name of a file that is found by its hash, in one of the folders.
pub fn object_name(folder: &str, hash: &Hash) -> String {
    format!("{folder}/{}", hex(hash))
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// SHA-256.
pub fn sha256(bytes: &[u8]) -> Hash {
    Sha256::digest(bytes).into()
}

/// The key of a pass in the table of its issuer's revoked ids.
pub fn id_key(issuer: &str, id: &[u8]) -> [u8; 16] {
    let hash = Sha256::new().chain_update(issuer).chain_update([0]).chain_update(id).finalize();
    let mut key = [0; 16];
    key.copy_from_slice(&hash[..16]);
    key
}

/// A base is longer than any message, and no longer than its part may be.
const LIMITS: wire::cbor::Limits =
    wire::cbor::Limits { bytes: 16 << 20, depth: 8, map_entries: 64, array_items: 1 << 20 };

/// Whether a base is strict CBOR.
pub(crate) fn check_base(base: &[u8], what: &'static str) -> Result<(), Error> {
    wire::cbor::check(base, &LIMITS).map_err(|_| Error::Malformed(what))
}

/// Strict CBOR first, the type second.
pub(crate) fn strict<'b, T: minicbor::Decode<'b, ()>>(base: &'b [u8], what: &'static str) -> Result<T, Error> {
    check_base(base, what)?;
    minicbor::decode(base).map_err(|_| Error::Malformed(what))
}

#[cfg(test)]
mod tests;
