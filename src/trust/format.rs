//! The format of trust releases; its specification stands in `docs/formats/trust-release.md`.
//!
//! One folder, the same for HTTP and stick: `root.N`, `head`, `index/HASH`, `record/HASH`, `base/HASH`.

use sha2::{Digest as _, Sha256};

mod foreign;
mod head;
mod keys;
mod record;
mod root;

pub use foreign::{Scheme, foreign_ids};
pub use head::{Head, LONGEST_HEAD, LONGEST_LIFE};
pub use keys::KeyEntry;
pub use record::{CHUNK, LONGEST_RECORD, MOST_STREAMS, Part, Record, StreamId, leaf, merkle};
pub use root::{LONGEST_PUBLISHING, LONGEST_ROOT, Reset, Root, RootKey, SignedRoot};

/// A SHA-256 hash.
pub type Hash = [u8; 32];

/// Name of the head.
pub const HEAD: &str = "head";

/// Folder of the lists of leaf hashes, each under its Merkle root.
pub const INDEX: &str = "index";

/// Folder of the stream records, each under its leaf hash.
pub const RECORD: &str = "record";

/// Folder of the bases, each under its SHA-256.
pub const BASE: &str = "base";

/// Name of a root.
pub fn root_name(version: u64) -> String {
    format!("root.{version}")
}

/// Name of a file that is found by its hash: in [`INDEX`], [`RECORD`] or [`BASE`].
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

#[cfg(test)]
mod tests;
