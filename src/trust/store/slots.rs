//! The box's trust state in two slots: one is always whole, whenever the power goes.
//!
//! Both are written at every change, one after the other, so that between changes either may rot without
//! the box forgetting anything. (With the older state in the second slot, one bad sector would roll it back.)

use minicbor::{Decode, Encode};
use sha2::{Digest as _, Sha256};

use super::disk::Disk;
use crate::{Carry, Error};

/// Names of the two slots.
const SLOTS: [&str; 2] = ["state.a", "state.b"];

/// What the box must never forget.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(super) struct State {
    /// Rises with every change; the higher slot counts.
    #[n(0)]
    pub counter: u64,
    /// The newest root, as it came.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub root: Vec<u8>,
    /// The adopted head, as it came; empty before the first.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub head: Vec<u8>,
    /// Highest sequence adopted, unless a root took it back; 0 before the first.
    #[n(3)]
    pub sequence: u64,
    /// Newest time HQ has signed, in Unix seconds, unless a root took it back.
    #[n(4)]
    pub floor: i64,
    /// What of the release is here.
    #[n(5)]
    pub carry: Carry,
}

/// Reads the newer whole slot, if there is one.
///
/// # Errors
/// [`Error::Disk`] only when no slot is whole and the disk refused to show one: that is no empty box.
pub(super) fn read(disk: &Disk) -> Result<Option<State>, Error> {
    let slots = SLOTS.map(|slot| look(disk, slot));
    let [a, b] = slots;
    match (a, b) {
        (Ok(Some(a)), Ok(Some(b))) => Ok(Some(if a.counter >= b.counter { a } else { b })),
        (Ok(Some(state)), _) | (_, Ok(Some(state))) => Ok(Some(state)),
        (Err(error), _) | (_, Err(error)) => Err(error),
        (Ok(None), Ok(None)) => Ok(None),
    }
}

/// Writes a state to both slots, the staler one first. Durable and in force once the first is written; a
/// failure at the second is only said aloud.
pub(super) fn write(disk: &Disk, state: &mut State) -> Result<(), Error> {
    let counters = SLOTS.map(|slot| look(disk, slot).ok().flatten().map(|state| state.counter));
    let staler = usize::from(counters[0] > counters[1]);
    state.counter = counters.into_iter().flatten().max().unwrap_or(0) + 1;
    let bytes = wrap(state);
    disk.overwrite(SLOTS[staler], &bytes)?;
    if let Err(error) = disk.overwrite(SLOTS[1 - staler], &bytes) {
        tracing::error!(%error, "only one of the two trust state slots could be written");
    }
    Ok(())
}

/// Whether both slots are whole and say the same.
pub(super) fn agree(disk: &Disk) -> bool {
    let [a, b] = SLOTS.map(|slot| look(disk, slot).ok().flatten());
    a.is_some() && a == b
}

fn look(disk: &Disk, slot: &str) -> Result<Option<State>, Error> {
    let Some(bytes) = disk.read(slot)? else { return Ok(None) };
    let state = unwrap(&bytes);
    if state.is_none() {
        tracing::error!(slot, "a trust state slot is damaged");
    }
    Ok(state)
}

fn wrap(state: &State) -> Vec<u8> {
    let payload = wire::encode(state);
    let mut bytes = Sha256::digest(&payload).to_vec();
    bytes.extend_from_slice(&payload);
    bytes
}

fn unwrap(bytes: &[u8]) -> Option<State> {
    let (checksum, payload) = bytes.split_at_checked(32)?;
    (Sha256::digest(payload).as_slice() == checksum).then(|| wire::decode(payload, "state").ok())?
}
