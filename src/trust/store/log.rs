//! The logs: deltas as they came, one after the other, each behind its length (u32, most significant byte first).
//!
//! Only appended to. What counts of a log is what the chain's hash in the adopted record says; whatever stands behind
//! that was never adopted, and is cut off before anything new is written there.

use super::disk::Disk;
use crate::Error;
use crate::content::Log;
use crate::format::{Hash, Record, StreamId, chain, hex, sha256};

/// Folder of the logs.
pub(super) const LOGS: &str = "logs";

/// The two names that a log may have. A chain that forks needs a second one: the old release still reads the first.
pub(super) fn names(id: &StreamId, base: &Hash) -> [String; 2] {
    let StreamId { region, part, issuer, series } = id;
    let id = sha256(format!("{region} {} {series} {} {issuer}", part.number(), hex(base)).as_bytes());
    ["a", "b"].map(|name| format!("{LOGS}/{}.{name}", hex(&id)))
}

/// Deltas as they stand in a log.
pub(super) fn framed(deltas: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for delta in deltas {
        // A delta has at most 8 MiB.
        bytes.extend_from_slice(&u32::try_from(delta.len()).unwrap_or(u32::MAX).to_be_bytes());
        bytes.extend_from_slice(delta);
    }
    bytes
}

/// The whole deltas of a log from a place on, each with its offset.
pub(super) fn deltas(log: &[u8], from: u64) -> impl Iterator<Item = (u64, &[u8])> {
    let mut at = usize::try_from(from).unwrap_or(usize::MAX);
    std::iter::from_fn(move || {
        let (length, rest) = log.get(at..)?.split_first_chunk()?;
        let delta = rest.get(..usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
        let offset = at + length.len();
        at = offset + delta.len();
        Some((offset as u64, delta))
    })
}

/// The log of a record, if one on the disk comes to the record's hash, and its bytes.
pub(super) fn stored(disk: &Disk, record: &Record) -> Result<Option<(Log, Vec<u8>)>, Error> {
    for name in names(&record.id(), &record.base) {
        // One that cannot be read is as good as absent.
        let Some(mut bytes) = disk.read(&name).ok().flatten() else { continue };
        let (mut hash, mut sequence, mut end) = (record.base, 0, 0);
        for (offset, delta) in deltas(&bytes, 0) {
            if sequence == record.head_sequence {
                break;
            }
            sequence += 1;
            hash = chain(&hash, delta, sequence);
            end = offset + delta.len() as u64;
        }
        if sequence == record.head_sequence && hash == record.head {
            bytes.truncate(usize::try_from(end).unwrap_or(usize::MAX));
            return Ok(Some((Log { name, end }, bytes)));
        }
    }
    Ok(None)
}
