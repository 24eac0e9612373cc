//! What stands in a release folder: it is the only place where the tables are, and what deltas follow.

use std::collections::BTreeMap;
use std::fs::File;

use trust::StatusList;
use trust::format::{
    self, BASE, DELTA, HEAD, Hash, Head, INDEX, PAGE, PAGES, RECORD, RUN, RUN_LENGTH, Record, Root, Run, StreamId,
    leaf, merkle, sha256,
};
use trust::table::{Base, Table};
use wire::sign::Context;

use super::{Error, Shelf};

/// Copy of the records that stand, so that a rotten index costs no table.
pub(super) const RECORDS: &str = ".records";

/// Folder of the heads that stood, by their sequence.
pub(super) const PAST: &str = ".past";

/// The release that stands.
pub(super) struct Stand {
    pub head: Head,
    /// Length of the head's file.
    pub length: u64,
    pub records: Records,
}

/// The records of a release.
pub(super) type Records = BTreeMap<StreamId, Record>;

impl Stand {
    /// Reads it; the head must be this region's own.
    pub(super) fn read(shelf: &Shelf, roots: &[Root]) -> Result<Option<Self>, Error> {
        let Some(bytes) = shelf.read(HEAD)? else { return Ok(None) };
        let (message, head) = Head::parse(&bytes).map_err(|_| Error::ForeignHead)?;
        // It may have been signed under an older root, by a key that has been struck off since.
        let by = roots.iter().find(|root| root.version == head.root).ok_or(Error::ForeignHead)?;
        let mut keys = by.publishing_at(head.issued);
        if head.region != by.region || !keys.any(|key| message.verify(Context::TrustManifest, &key).is_ok()) {
            return Err(Error::ForeignHead);
        }
        let records = match copied(shelf, &head)? {
            Some(records) => records,
            None => records(shelf, &head)?.ok_or(Error::Damaged)?,
        };
        Ok(Some(Self { length: bytes.len() as u64, head, records }))
    }
}

/// The records from their copy, if it is that of this release.
fn copied(shelf: &Shelf, head: &Head) -> Result<Option<Records>, Error> {
    let Some(bytes) = shelf.read(RECORDS)? else { return Ok(None) };
    let Ok(encoded) = minicbor::decode::<Vec<minicbor::bytes::ByteVec>>(&bytes) else { return Ok(None) };
    let leaves: Vec<Hash> = encoded.iter().map(|record| leaf(record)).collect();
    if merkle(&leaves) != head.streams {
        return Ok(None);
    }
    let records = encoded.iter().map(|record| Record::parse(record).map(|record| (record.id(), record)));
    Ok(records.collect::<Result<_, _>>().ok())
}

/// The bytes of that copy.
pub(super) fn copy(records: &[Vec<u8>]) -> Vec<u8> {
    let records: Vec<minicbor::bytes::ByteVec> = records.iter().map(|record| record.clone().into()).collect();
    wire::encode(&records)
}

/// The records of any release whose files are still there.
pub(super) fn records(shelf: &Shelf, head: &Head) -> Result<Option<Records>, Error> {
    let Some(leaves) = leaves(shelf, head)? else { return Ok(None) };
    let mut records = Records::new();
    for hash in leaves {
        let bytes = shelf.read(&format::object_name(RECORD, &hash))?.filter(|bytes| leaf(bytes) == hash);
        let Some(record) = bytes.and_then(|bytes| Record::parse(&bytes).ok()) else { return Ok(None) };
        records.insert(record.id(), record);
    }
    Ok(Some(records))
}

fn leaves(shelf: &Shelf, head: &Head) -> Result<Option<Vec<Hash>>, Error> {
    let hashes = |folder: &str, root: &Hash| -> Result<Option<Vec<Hash>>, Error> {
        let bytes = shelf.read(&format::object_name(folder, root))?;
        Ok(bytes.map(|bytes| bytes.as_chunks().0.to_vec()).filter(|hashes| merkle(hashes) == *root))
    };
    if usize::from(head.count) <= PAGE {
        return hashes(INDEX, &head.streams);
    }
    let Some(pages) = hashes(PAGES, &head.streams)? else { return Ok(None) };
    let mut leaves = Vec::new();
    for page in &pages {
        let Some(mut page) = hashes(INDEX, page)? else { return Ok(None) };
        leaves.append(&mut page);
    }
    Ok(Some(leaves))
}

/// The head of an older release, if it has not been forgotten.
pub(super) fn past(shelf: &Shelf, sequence: u64) -> Result<Option<Head>, Error> {
    let bytes = shelf.read(&format!("{PAST}/{sequence}"))?;
    Ok(bytes.and_then(|bytes| Head::parse(&bytes).ok().map(|(_, head)| head)).filter(|head| head.sequence == sequence))
}

/// Files of deltas from a point of a chain up to another, the newest first, as boxes fetch them; `None` when one of
/// them is not there or the chain does not come from that point.
pub(super) fn walk(
    shelf: &Shelf,
    from: (u64, Hash),
    hash: &Hash,
    mut sequence: Option<u64>,
) -> Result<Option<Vec<(String, Run)>>, Error> {
    let (mut hash, mut files) = (*hash, Vec::new());
    while sequence.is_none_or(|sequence| sequence > from.0) {
        let ends_run = sequence.is_some_and(|at| at.is_multiple_of(RUN_LENGTH));
        let wants_run = ends_run && sequence.is_some_and(|at| at - from.0 > RUN_LENGTH / 2);
        let names = [RUN, DELTA].map(|folder| format::object_name(folder, &hash));
        let [run, delta] = names;
        let candidates = match (ends_run, wants_run) {
            (true, true) => vec![run, delta],
            (true, false) => vec![delta, run],
            _ => vec![delta],
        };
        let mut found = None;
        for name in candidates {
            found = shelf.read(&name)?.and_then(|bytes| Run::parse(&bytes, &hash).ok()).map(|run| (name, run));
            if found.is_some() {
                break;
            }
        }
        let Some((name, (run, end))) = found else { return Ok(None) };
        if sequence.is_some_and(|sequence| sequence != end) {
            return Ok(None);
        }
        (sequence, hash) = (Some(run.after), *run.previous);
        files.push((name, run));
    }
    // A run may begin before the point; then the hash there is that of its deltas so far.
    if let (Some(after), Some((_, run))) = (sequence.filter(|after| *after < from.0), files.last()) {
        for (sequence, payload) in (after + 1..=from.0).zip(&run.payloads) {
            hash = format::chain(&hash, payload, sequence);
        }
    }
    Ok((hash == from.1).then_some(files))
}

/// Every delta on a record's base, oldest first, each checked.
pub(super) fn deltas(shelf: &Shelf, record: &Record) -> Result<Option<Vec<Vec<u8>>>, Error> {
    let files = walk(shelf, (0, record.base), &record.head, Some(record.head_sequence))?;
    Ok(files
        .map(|files| files.into_iter().rev().flat_map(|(_, run)| run.payloads.into_iter().map(Into::into)).collect()))
}

/// A status list as its record says it, and its base; `None` when some of it is not there or has rotted.
pub(super) fn list(shelf: &Shelf, record: &Record) -> Result<Option<(StatusList, StatusList)>, Error> {
    let base = shelf.read(&format::object_name(BASE, &record.base))?.filter(|base| sha256(base) == record.base);
    let Some(base) = base.and_then(|base| StatusList::decode(&base).ok()) else { return Ok(None) };
    let Some(deltas) = deltas(shelf, record)? else { return Ok(None) };
    let mut list = base.clone();
    let applied = deltas.iter().try_for_each(|delta| list.apply(delta));
    Ok(applied.is_ok().then_some((list, base)))
}

/// A table as its record says it, with all its deltas in memory.
pub(super) fn table(shelf: &Shelf, record: &Record) -> Result<Table<File, Vec<u8>>, Error> {
    let lost = || Error::Lost(record.id());
    let base = Base::open(shelf.open(&format::object_name(BASE, &record.base))?).map_err(Error::Table)?;
    let deltas = deltas(shelf, record)?.ok_or_else(lost)?;
    let mut table = Table::new(base, Vec::new());
    for delta in deltas {
        let offset = table.log.len() as u64;
        table.log.extend_from_slice(&delta);
        table.overlay.apply(&delta, offset).map_err(Error::Table)?;
    }
    Ok(table)
}
