//! The box's trust state in two slots: one is always whole, whenever the power goes.

use minicbor::{Decode, Encode};
use sha2::{Digest as _, Sha256};

use super::disk::Disk;
use crate::Error;
use crate::format::Hash;

/// Names of the two slots.
const SLOTS: [&str; 2] = ["state.a", "state.b"];

/// What the box must never forget.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(super) struct State {
    /// Rises with every write; the higher slot counts.
    #[n(0)]
    pub counter: u64,
    /// The newest root, as it came.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub root: Vec<u8>,
    /// The adopted head, as it came; empty before the first.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub head: Vec<u8>,
    /// Leaf hashes of its records, one after the other.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub leaves: Vec<u8>,
}

impl State {
    pub(super) fn leaves(&self) -> Vec<Hash> {
        self.leaves.chunks_exact(32).map(|leaf| leaf.try_into().expect("chunks of 32")).collect()
    }
}

/// Reads the newer whole slot.
pub(super) fn read(disk: &Disk) -> Result<Option<State>, Error> {
    let mut newest: Option<State> = None;
    for slot in SLOTS {
        let Some(bytes) = disk.read(slot)? else { continue };
        let Some(state) = unwrap(&bytes) else {
            tracing::error!(slot, "a trust state slot is damaged; the other one serves");
            continue;
        };
        if newest.as_ref().is_none_or(|other| other.counter < state.counter) {
            newest = Some(state);
        }
    }
    Ok(newest)
}

/// Whether either slot exists, whole or not.
pub(super) fn exist(disk: &Disk) -> Result<bool, Error> {
    Ok(disk.read(SLOTS[0])?.is_some() || disk.read(SLOTS[1])?.is_some())
}

/// Writes the slot that does not hold the present state.
pub(super) fn write(disk: &Disk, state: &State) -> Result<(), Error> {
    let payload = wire::encode(state);
    let mut bytes = Sha256::digest(&payload).to_vec();
    bytes.extend_from_slice(&payload);
    disk.overwrite(SLOTS[usize::from(state.counter % 2 == 1)], &bytes)
}

fn unwrap(bytes: &[u8]) -> Option<State> {
    let (checksum, payload) = bytes.split_at_checked(32)?;
    (Sha256::digest(payload).as_slice() == checksum).then(|| wire::decode(payload, "state").ok())?
}
