//! The next release, put on the shelf file by file: for each stream a new base, a delta, a fold, or nothing.

use std::collections::BTreeMap;
use std::io::{BufReader, BufWriter, Read as _, Write as _};
use std::path::Path;

use sha2::{Digest as _, Sha256};
use trust::format::{
    self, BASE, CHUNK, CHUNKS, DELTA, FOLD, Fold, Hash, INDEX, KeyEntry, LONGEST_LOG, MOST_STREAMS, PAGE, PAGES, Part,
    RECORD, RUN, RUN_LENGTH, Record, Run, StreamId, chain, leaf, merkle, pages, sha256,
};
use trust::table::{Delta, Shape, delta, fold, write};
use trust::{Error as Refusal, StatusList};
use wire::RegionId;

use super::content::{Batch, Content, List, Whole};
use super::stand::{self, Records};
use super::{Error, Shelf};

/// A log this long is folded whatever its base is, in bytes.
const SHORT_LOG: u64 = 256 * 1024;

/// Deltas after which a stream is folded: a day of minutes.
const DAY_OF_DELTAS: u64 = 1440;

/// Bases up to this length, in bytes, are said anew when a delta would not be shorter.
const SHORT_BASE: u64 = 1024;

/// Folds that a record names: boxes that are so many folds behind need no new base.
const FOLDS: usize = 4;

/// Makes the records of the next release, and puts on the shelf what they need.
pub(super) fn make(
    shelf: &mut Shelf,
    region: &RegionId,
    content: &Content,
    before: &Records,
    now: i64,
) -> Result<Records, Error> {
    let mut records = Records::new();
    for whole in wholes(region, content) {
        let id = whole.id.clone();
        if id.part.is_table() || records.insert(id, said(shelf, whole)?).is_some() {
            return Err(Error::Refused(Refusal::TwiceTheSame));
        }
    }
    for List { issuer, series, list } in &content.lists {
        let id = StreamId { region: region.clone(), part: Part::Status, issuer: issuer.clone(), series: *series };
        let record = listed(shelf, id.clone(), list, before.get(&id))?;
        if records.insert(id, record).is_some() {
            return Err(Error::Refused(Refusal::TwiceTheSame));
        }
    }
    let mut tables: BTreeMap<StreamId, Record> =
        before.iter().filter(|(id, _)| id.part.is_table()).map(|(id, record)| (id.clone(), record.clone())).collect();
    for batch in &content.batches {
        let record = changed(shelf, batch, tables.get(&batch.id))?;
        tables.insert(batch.id.clone(), record);
    }
    tables.retain(|id, record| !content.dropped.contains(id) && !record.has_ended(now));
    records.append(&mut tables);
    for (id, record) in &mut records {
        // Who is not asked any more is as old as his last word.
        record.as_of = content.as_of.get(&(id.part, id.issuer.clone())).copied().or(record.as_of);
    }
    if records.len() > MOST_STREAMS {
        return Err(Error::Refused(Refusal::TooLong("the index")));
    }
    Ok(records)
}

/// Puts records and index on the shelf; their Merkle root.
pub(super) fn bind(shelf: &mut Shelf, records: &Records) -> Hash {
    let encoded: Vec<Vec<u8>> = records.values().map(wire::encode).collect();
    let leaves: Vec<Hash> = encoded.iter().map(|record| leaf(record)).collect();
    shelf.put(stand::RECORDS.to_owned(), stand::copy(&encoded));
    for (leaf, record) in leaves.iter().zip(encoded) {
        shelf.put(format::object_name(RECORD, leaf), record);
    }
    for page in leaves.chunks(PAGE) {
        shelf.put(format::object_name(INDEX, &merkle(page)), page.concat());
    }
    let root = merkle(&leaves);
    if leaves.is_empty() {
        shelf.put(format::object_name(INDEX, &root), Vec::new());
    }
    if leaves.len() > PAGE {
        shelf.put(format::object_name(PAGES, &root), pages(&leaves).concat());
    }
    root
}

/// Everything that is said as a whole, always in the same bytes, so that boxes fetch only what changed.
fn wholes(region: &RegionId, content: &Content) -> Vec<Whole> {
    let mut keys: BTreeMap<&str, Vec<&KeyEntry>> = BTreeMap::new();
    for key in &content.keys {
        keys.entry(&key.scope.issuer).or_default().push(key);
    }
    let whole = |part, issuer: &str, base| Whole {
        id: StreamId { region: region.clone(), part, issuer: issuer.to_owned(), series: 0 },
        base,
        until: None,
    };
    let keys = keys.into_iter().map(|(issuer, mut entries)| {
        entries.sort_by(|a, b| (&a.kid, &a.key).cmp(&(&b.kid, &b.key)));
        whole(Part::Keys, issuer, wire::encode(&entries))
    });
    let policy = whole(Part::Policy, "", wire::encode(&content.policy));
    keys.chain([policy]).chain(content.wholes.iter().cloned()).collect()
}

/// A stream that is said as a whole.
fn said(shelf: &mut Shelf, whole: Whole) -> Result<Record, Error> {
    let Whole { id, base, until } = whole;
    trust::check(id.part, base.clone()).map_err(Error::Refused)?;
    Ok(Record { until, ..put_base(shelf, id, base)? })
}

/// Puts a new base on the shelf.
fn put_base(shelf: &mut Shelf, id: StreamId, base: Vec<u8>) -> Result<Record, Error> {
    let record = Record::describe(id, &base);
    check(&record)?;
    if record.single_chunk().is_none() {
        shelf.put(format::object_name(CHUNKS, &record.chunks), format::chunk_list(&base));
    }
    shelf.put(format::object_name(BASE, &record.base), base);
    Ok(record)
}

/// As boxes will read it.
fn check(record: &Record) -> Result<(), Error> {
    Record::parse(&wire::encode(record)).map(drop).map_err(Error::Refused)
}

/// A status list: nothing, a delta, or a new base.
fn listed(shelf: &mut Shelf, id: StreamId, list: &StatusList, before: Option<&Record>) -> Result<Record, Error> {
    let anew = |shelf: &mut Shelf, id| {
        let base = list.encode();
        StatusList::decode(&base).map_err(Error::Refused)?;
        put_base(shelf, id, base)
    };
    let Some(record) = before else { return anew(shelf, id) };
    // What has rotted here is said anew.
    let Some((old, base)) = stand::list(shelf, record)? else { return anew(shelf, id) };
    if old == *list {
        return Ok(record.clone());
    }
    let Some(payload) = old.delta(list) else { return anew(shelf, id) };
    if record.length <= SHORT_BASE && list.encode().len() <= payload.len() {
        return anew(shelf, id);
    }
    let record = push(shelf, record, payload)?;
    if !wants_fold(&record) {
        return Ok(record);
    }
    let fresh = anew(shelf, id)?;
    let fold = base.delta(list).map(|delta| put_fold(shelf, &record, delta));
    Ok(with_folds(fresh, &record, fold))
}

/// A table with a batch of changes: a delta, a fold where its log has become long, or its first base.
fn changed(shelf: &mut Shelf, batch: &Batch, before: Option<&Record>) -> Result<Record, Error> {
    let shape = match batch.id.part {
        Part::Ids => Shape::Set,
        Part::Register => Shape::Map,
        _ => return Err(Error::Refused(Refusal::Malformed("table"))),
    };
    // Of a key that stands twice, the last one counts.
    let changes: BTreeMap<_, _> = batch.changes.iter().cloned().collect();
    let record = match before {
        None => {
            let entries: Vec<_> = changes.into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
            let count = entries.len() as u64;
            make_base(shelf, batch.id.clone(), |out| write(out, shape, count, entries.into_iter().map(Ok)))?
        }
        Some(record) if changes.is_empty() => record.clone(),
        Some(record) => {
            let payload = delta::encode(&Delta::of(changes), shape).map_err(Error::Table)?;
            let record = push(shelf, record, payload)?;
            if wants_fold(&record) { folded(shelf, &record)? } else { record }
        }
    };
    let record = Record { until: batch.until, ..record };
    check(&record)?;
    Ok(record)
}

/// Appends a delta to a stream.
fn push(shelf: &mut Shelf, record: &Record, payload: Vec<u8>) -> Result<Record, Error> {
    let sequence = record.head_sequence.checked_add(1).ok_or(Error::Exhausted)?;
    let head = chain(&record.head, &payload, sequence);
    let log = record.log + payload.len() as u64;
    let run = Run::new(record.head_sequence, record.head, [payload]);
    shelf.put(format::object_name(DELTA, &head), wire::encode(&run));
    let record = Record { head_sequence: sequence, head, log, ..record.clone() };
    if sequence.is_multiple_of(RUN_LENGTH) {
        put_run(shelf, &record)?;
    }
    Ok(record)
}

/// Puts the run that ends at a record's head on the shelf.
fn put_run(shelf: &mut Shelf, record: &Record) -> Result<(), Error> {
    let (mut hash, mut payloads) = (record.head, Vec::new());
    for _ in 0..RUN_LENGTH {
        let bytes = shelf.read(&format::object_name(DELTA, &hash))?.ok_or_else(|| Error::Lost(record.id()))?;
        let (run, _) = Run::parse(&bytes, &hash).map_err(|_| Error::Lost(record.id()))?;
        hash = *run.previous;
        payloads.extend(run.payloads.into_iter().map(Vec::from));
    }
    payloads.reverse();
    let run = Run::new(record.head_sequence - RUN_LENGTH, hash, payloads);
    shelf.put(format::object_name(RUN, &record.head), wire::encode(&run));
    Ok(())
}

/// Boxes that follow fold by themselves and fetch nothing for it; those that do not, fetch more the longer it waits.
fn wants_fold(record: &Record) -> bool {
    record.log > SHORT_LOG.max(record.length / 64).min(LONGEST_LOG) || record.head_sequence >= DAY_OF_DELTAS
}

/// The table's next base, made of the one before and its deltas.
fn folded(shelf: &mut Shelf, record: &Record) -> Result<Record, Error> {
    let table = stand::table(shelf, record)?;
    let fresh = make_base(shelf, record.id(), |out| table.merge(out))?;
    let mut delta = Vec::new();
    fold::make(&table, &mut delta).map_err(Error::Table)?;
    let fold = put_fold(shelf, record, delta);
    Ok(with_folds(Record { until: record.until, as_of: record.as_of, ..fresh }, record, Some(fold)))
}

/// Puts a fold's own delta on the shelf.
fn put_fold(shelf: &mut Shelf, record: &Record, delta: Vec<u8>) -> Fold {
    let Record { base: from, head, log, .. } = *record;
    let fold = Fold { from, head, delta: sha256(&delta), length: delta.len() as u64, log };
    shelf.put(format::object_name(FOLD, &fold.delta), delta);
    fold
}

/// Names the folds that lead to a new base, as long as they are worth it. Without the newest none leads there.
fn with_folds(fresh: Record, before: &Record, fold: Option<Fold>) -> Record {
    let mut folds = Vec::new();
    let mut length = 0;
    for fold in fold.into_iter().chain(before.folds.iter().rev().cloned()) {
        length += fold.length;
        // A base that comes back would lead in a circle.
        let is_new = fold.from != fresh.base && folds.iter().all(|other: &Fold| other.from != fold.from);
        if !is_new || folds.len() == FOLDS || length >= fresh.length || fold.length > 2 * LONGEST_LOG {
            break;
        }
        folds.push(fold);
    }
    folds.reverse();
    Record { folds, ..fresh }
}

/// Writes a large base beside its place, and describes it.
fn make_base(
    shelf: &mut Shelf,
    id: StreamId,
    fill: impl FnOnce(&mut BufWriter<&std::fs::File>) -> Result<(), trust::table::Error>,
) -> Result<Record, Error> {
    let (path, file) = shelf.make()?;
    let failed = |source| Error::File { path: path.clone(), source };
    let mut out = BufWriter::with_capacity(CHUNK, &file);
    fill(&mut out).map_err(Error::Table)?;
    out.flush().map_err(failed)?;
    drop(out);
    let (base, length, list) = described(&path).map_err(failed)?;
    let record = Record::new(id, base, length, sha256(&list));
    check(&record)?;
    shelf.made(&path, format::object_name(BASE, &base))?;
    if record.single_chunk().is_none() {
        shelf.put(format::object_name(CHUNKS, &record.chunks), list);
    }
    Ok(record)
}

/// Hash, length and chunk list of a file.
fn described(path: &Path) -> std::io::Result<(Hash, u64, Vec<u8>)> {
    let mut file = BufReader::with_capacity(CHUNK, std::fs::File::open(path)?);
    let (mut hash, mut length, mut list) = (Sha256::new(), 0, Vec::new());
    loop {
        let mut chunk = Vec::with_capacity(CHUNK);
        file.by_ref().take(CHUNK as u64).read_to_end(&mut chunk)?;
        if chunk.is_empty() {
            return Ok((hash.finalize().into(), length, list));
        }
        hash.update(&chunk);
        list.extend_from_slice(&sha256(&chunk));
        length += chunk.len() as u64;
    }
}
