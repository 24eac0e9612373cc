//! Deltas: the chain that binds them to their base, and the files they travel in.

use minicbor::bytes::{ByteArray, ByteVec};
use minicbor::{Decode, Encode};
use sha2::{Digest as _, Sha256};

use super::{Hash, sha256};
use crate::Error;

/// So many deltas are also one file, so that a box that was away for a day does not ask 1,440 times.
pub const RUN_LENGTH: u64 = 60;

/// Longest all deltas on one base may be together, in bytes: a box keeps them in memory as well.
pub const LONGEST_LOG: u64 = 8 * 1024 * 1024;

/// The hash of a chain after one more delta: its `sequence` counts from 1 on each base, whose own hash is the
/// chain's beginning.
pub fn chain(previous: &Hash, payload: &[u8], sequence: u64) -> Hash {
    Sha256::new()
        .chain_update(previous)
        .chain_update(sha256(payload))
        .chain_update(sequence.to_be_bytes())
        .finalize()
        .into()
}

/// One delta or several that follow each other, in one file, which is named by the chain's hash after them.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Run {
    /// Sequence before the first of them.
    #[n(0)]
    pub after: u64,
    /// The chain's hash before the first of them.
    #[n(1)]
    pub previous: ByteArray<32>,
    /// Their payloads.
    #[n(2)]
    pub payloads: Vec<ByteVec>,
}

impl Run {
    /// Deltas that follow a point of a chain.
    pub fn new(after: u64, previous: Hash, payloads: impl IntoIterator<Item = Vec<u8>>) -> Self {
        Self { after, previous: previous.into(), payloads: payloads.into_iter().map(Into::into).collect() }
    }

    /// Longest file of `deltas` payloads of `length` bytes together.
    pub const fn longest(deltas: u64, length: u64) -> u64 {
        64 + 9 * deltas + length
    }

    /// Reads the file after whose deltas a chain has come to `hash`, and says at which sequence. What it holds is
    /// right then: the hash binds payloads and numbers alike.
    ///
    /// # Errors
    /// [`Error::Altered`].
    pub fn parse(bytes: &[u8], hash: &Hash) -> Result<(Self, u64), Error> {
        const LIMITS: wire::cbor::Limits =
            wire::cbor::Limits { bytes: 16 << 20, depth: 2, map_entries: 0, array_items: RUN_LENGTH };
        let altered = || Error::Altered("a delta");
        wire::cbor::check(bytes, &LIMITS).map_err(|_| altered())?;
        let run: Self = minicbor::decode(bytes).map_err(|_| altered())?;
        let (mut sequence, mut end) = (run.after, *run.previous);
        for payload in &run.payloads {
            sequence = sequence.checked_add(1).ok_or_else(altered)?;
            end = chain(&end, payload, sequence);
        }
        if !run.payloads.is_empty() && end == *hash { Ok((run, sequence)) } else { Err(altered()) }
    }

    /// Bytes of its payloads.
    pub fn length(&self) -> u64 {
        self.payloads.iter().map(|payload| payload.len() as u64).sum()
    }
}
