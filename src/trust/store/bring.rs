//! Brings one stream to what its record says: by what is here already, by deltas, by folds, or whole.

use std::io::Write as _;
use std::sync::Arc;

use super::disk::Disk;
use super::fetch::{Fetch, OBJECTS, object};
use super::log::{self, LOGS};
use crate::content::{Carried, Content, Log, Rows};
use crate::format::{self, FOLD, Fold, Hash, Part, Record, sha256};
use crate::table::{Base, fold};
use crate::{CarrierError, Error, StatusList};

/// What a stream says and where its log is, at some point of its chain.
struct Standing<'s> {
    content: &'s Content,
    log: Option<&'s Log>,
    sequence: u64,
    head: Hash,
    /// Bytes of its deltas so far.
    length: u64,
}

/// Roughly what a record will cost, for whoever waits.
pub(super) fn cost(record: &Record, previous: Option<&Carried>) -> u64 {
    match previous {
        Some(Carried { record: old, .. }) if old.base == record.base => record.log.saturating_sub(old.log),
        Some(Carried { record: old, .. }) => match folds(record, &old.base) {
            Some(folds) if folds.first().is_some_and(|fold| fold.head == old.head) => record.log,
            Some(folds) => folds_length(folds).saturating_add(record.log),
            None => record.length.saturating_add(record.log),
        },
        None => record.length.saturating_add(record.log),
    }
}

/// Makes the stream of a record that is to be carried; `previous` is the same stream as it serves now.
pub(super) fn bring(
    disk: &Disk,
    fetch: &mut Fetch<'_>,
    leaf: Hash,
    record: Record,
    previous: Option<&Carried>,
) -> Result<Arc<Carried>, Error> {
    let in_use = previous.and_then(|previous| previous.log.as_ref());
    let previous = previous.filter(|previous| previous.is_carried() && is_there(disk, previous));
    if let Some(old) = previous.filter(|old| old.record.base == record.base) {
        let Record { head_sequence: sequence, head, log: length, .. } = old.record;
        let here = Standing { content: &old.content, log: old.log.as_ref(), sequence, head, length };
        if let Some((content, log)) = extend(disk, fetch, &record, &here, None)? {
            return Ok(Arc::new(Carried { leaf, record, content, log }));
        }
        // The chain has forked: from the base anew, in a log of its own.
    } else if !is_whole(disk, &record)? && !fold_up(disk, fetch, &record, previous)? {
        fetch.base(disk, &record)?;
    }
    if let Some((content, log)) = stored(disk, &record)? {
        return Ok(Arc::new(Carried { leaf, record, content, log }));
    }
    let content = open(disk, &record)?;
    let here = Standing { content: &content, log: None, sequence: 0, head: record.base, length: 0 };
    let (content, log) = extend(disk, fetch, &record, &here, in_use)?.ok_or(Error::Altered("a delta"))?;
    Ok(Arc::new(Carried { leaf, record, content, log }))
}

/// The stream of a record from the disk alone, if all of it is there. Every byte is read and checked.
pub(super) fn load(disk: &Disk, leaf: Hash, record: Record) -> Result<Arc<Carried>, Error> {
    if !is_whole(disk, &record)? {
        return Err(Error::Altered("a base"));
    }
    let (content, log) = stored(disk, &record)?.ok_or(Error::Altered("a log"))?;
    Ok(Arc::new(Carried { leaf, record, content, log }))
}

/// Whether what a stream stands on is still there. What has rotted is found when the box starts; to read hundreds of
/// megabytes again each minute would wear out more than it saves.
pub(super) fn is_there(disk: &Disk, stream: &Carried) -> bool {
    let log = stream.log.as_ref();
    disk.length(&object(&stream.record.base)) == Some(stream.record.length)
        && log.is_none_or(|log| disk.length(&log.name).is_some_and(|length| length >= log.end))
}

fn is_whole(disk: &Disk, record: &Record) -> Result<bool, Error> {
    // What cannot be read is as good as absent: it is fetched again and written elsewhere.
    Ok(matches!(disk.hash(&object(&record.base)), Ok(Some(hash)) if hash == record.base))
}

/// Base and deltas as they are on the disk; the base has been checked.
fn stored(disk: &Disk, record: &Record) -> Result<Option<(Content, Option<Log>)>, Error> {
    let base = open(disk, record)?;
    if record.head_sequence == 0 {
        return Ok(Some((base, None)));
    }
    let Some((log, bytes)) = log::stored(disk, record)? else { return Ok(None) };
    let content = with(disk, &base, Some(&log), log::deltas(&bytes, 0))?;
    Ok(Some((content, Some(log))))
}

/// A base without its deltas.
fn open(disk: &Disk, record: &Record) -> Result<Content, Error> {
    let name = object(&record.base);
    let absent = || Error::Altered("a base");
    if record.part.is_table() {
        let file = disk.open(&name)?.ok_or_else(absent)?;
        return Ok(Content::Table(Rows::open(record.part, file)?));
    }
    Content::read(record.part, disk.read(&name)?.ok_or_else(absent)?)
}

/// The same after more deltas, which stand in a log if there is any.
fn with<'d>(
    disk: &Disk,
    content: &Content,
    log: Option<&Log>,
    mut deltas: impl Iterator<Item = (u64, &'d [u8])>,
) -> Result<Content, Error> {
    match content {
        Content::Status(list) => {
            let mut list = list.clone();
            deltas.try_for_each(|(_, delta)| list.apply(delta))?;
            Ok(Content::Status(list))
        }
        Content::Table(rows) => {
            let open = |log: &Log| disk.open(&log.name)?.ok_or(Error::Altered("a log"));
            Ok(Content::Table(rows.with(log.map(open).transpose()?, deltas)?))
        }
        // `Record::parse` lets no other part have deltas.
        _ => Err(Error::Malformed("record")),
    }
}

/// Fetches the deltas that lead from here to what the record says, and keeps them; `None` when they do not begin
/// here. A new log does not take the place of the one `in_use`.
fn extend(
    disk: &Disk,
    fetch: &mut Fetch<'_>,
    record: &Record,
    here: &Standing<'_>,
    in_use: Option<&Log>,
) -> Result<Option<(Content, Option<Log>)>, Error> {
    if record.head_sequence < here.sequence || !record.part.has_deltas() {
        return Ok(None);
    }
    let budget = record.log.saturating_sub(here.length);
    let target = (Some(record.head_sequence), record.head);
    let deltas = match fetch.deltas(disk, (here.sequence, here.head), target, budget) {
        Ok(Some(deltas)) => deltas,
        Ok(None) => return Ok(None),
        // What was adopted may be longer than what was signed instead of it.
        Err(Error::TooLong(_)) if here.sequence > 0 => return Ok(None),
        Err(error) => return Err(error),
    };
    if here.length + length(&deltas) != record.log {
        return Err(Error::Altered("a delta"));
    }
    let (content, log) = append(disk, record, here, &deltas, in_use)?;
    Ok(Some((content, log)))
}

fn length(deltas: &[Vec<u8>]) -> u64 {
    deltas.iter().map(|delta| delta.len() as u64).sum()
}

/// Writes deltas behind those that are in the log, and applies them.
fn append(
    disk: &Disk,
    record: &Record,
    here: &Standing<'_>,
    deltas: &[Vec<u8>],
    in_use: Option<&Log>,
) -> Result<(Content, Option<Log>), Error> {
    let log = here.log.cloned().or_else(|| {
        let [first, second] = log::names(&record.id(), &record.base);
        let is_in_use = in_use.is_some_and(|log| log.name == first);
        (!deltas.is_empty()).then_some(Log { name: if is_in_use { second } else { first }, end: 0 })
    });
    let Some(Log { name, end }) = log else { return Ok((with(disk, here.content, None, std::iter::empty())?, None)) };
    let framed = log::framed(deltas);
    if !deltas.is_empty() {
        disk.append(&name, end, &framed)?;
    }
    let log = Log { name, end: end + framed.len() as u64 };
    let deltas = log::deltas(&framed, 0).map(|(at, delta)| (at + end, delta));
    Ok((with(disk, here.content, Some(&log), deltas)?, Some(log)))
}

/// The folds that lead from a base to that of a record, if any do and it is worth it.
fn folds<'r>(record: &'r Record, from: &Hash) -> Option<&'r [Fold]> {
    let at = record.folds.iter().position(|fold| fold.from == *from)?;
    let folds = &record.folds[at..];
    (folds_length(folds) < record.length).then_some(folds)
}

/// The folds from the newest of the older bases that lies whole on the disk, though it does not serve: the box may
/// have been restarted with damage, or had just fetched it when HQ folded.
fn older<'r>(disk: &Disk, record: &'r Record) -> Option<&'r [Fold]> {
    let is_whole = |fold: &&Fold| matches!(disk.hash(&object(&fold.from)), Ok(Some(hash)) if hash == fold.from);
    record.folds.iter().rev().find(is_whole).and_then(|fold| folds(record, &fold.from))
}

fn folds_length(folds: &[Fold]) -> u64 {
    folds.iter().map(|fold| fold.length).fold(0, u64::saturating_add)
}

/// Makes the record's base of the one that serves; false when that is not possible, and it must be fetched.
fn fold_up(disk: &Disk, fetch: &mut Fetch<'_>, record: &Record, previous: Option<&Carried>) -> Result<bool, Error> {
    let serves = previous.and_then(|previous| Some((folds(record, &previous.record.base)?, Some(previous))));
    let Some((folds, previous)) = serves.or_else(|| Some((older(disk, record)?, None))) else { return Ok(false) };
    for (at, fold) in folds.iter().enumerate() {
        let to = folds.get(at + 1).map_or(record.base, |next| next.from);
        let previous = previous.filter(|_| at == 0);
        let here = previous.map_or(Ok(false), |previous| fold_here(disk, fetch, fold, &to, previous))?;
        let made = here
            || match fold_fetched(disk, fetch, record.part, fold, &to) {
                // What HQ no longer has, or what does not make what it should: then the base itself.
                Err(Error::Carrier(CarrierError::NotFound(_)) | Error::Malformed(_) | Error::Altered(_)) => false,
                other => other?,
            };
        if !made {
            tracing::warn!(issuer = record.issuer, "a fold does not lead to its base, which is fetched whole");
            return Ok(false);
        }
    }
    Ok(true)
}

/// Makes a base of the one before and its log, if that has come so far or few deltas are missing.
fn fold_here(disk: &Disk, fetch: &mut Fetch<'_>, fold: &Fold, to: &Hash, previous: &Carried) -> Result<bool, Error> {
    let Record { head_sequence: sequence, head, log: length, .. } = previous.record;
    if head == fold.head {
        return make(disk, to, &previous.content);
    }
    // They are worth no more than the fold's own delta.
    let missing = fold.log.checked_sub(length).filter(|missing| *missing <= fold.length);
    let Some(missing) = missing else { return Ok(false) };
    let deltas = match fetch.deltas(disk, (sequence, head), (None, fold.head), missing) {
        Ok(Some(deltas)) => deltas,
        Ok(None) | Err(Error::TooLong(_) | Error::Altered(_) | Error::Carrier(CarrierError::NotFound(_))) => {
            return Ok(false);
        }
        Err(error) => return Err(error),
    };
    let here = Standing { content: &previous.content, log: previous.log.as_ref(), sequence, head, length };
    let (content, _) = append(disk, &previous.record, &here, &deltas, None)?;
    make(disk, to, &content)
}

/// Makes a base of the one before and the fold's own delta.
fn fold_fetched(disk: &Disk, fetch: &mut Fetch<'_>, part: Part, fold: &Fold, to: &Hash) -> Result<bool, Error> {
    let delta = fetch.get(&format::object_name(FOLD, &fold.delta), fold.length, "a fold")?;
    if sha256(&delta) != fold.delta {
        return Err(Error::Altered("a fold"));
    }
    let from = object(&fold.from);
    if part.is_table() {
        let file = disk.open(&from)?.ok_or(Error::Altered("a base"))?;
        let base = Base::open(file)?;
        return disk.make(&object(to), to, |out| Ok(fold::apply(&base, &delta, out)?));
    }
    let mut list = StatusList::decode(&disk.read(&from)?.ok_or(Error::Altered("a base"))?)?;
    list.apply(&delta)?;
    make(disk, to, &Content::Status(list))
}

/// Writes what a stream says as a base; false when that does not come out as it should.
fn make(disk: &Disk, to: &Hash, content: &Content) -> Result<bool, Error> {
    let path = object(to);
    disk.make(&path, to, |out| match content {
        Content::Status(list) => {
            out.write_all(&list.encode()).map_err(|source| Error::Disk { path: path.clone().into(), source })
        }
        Content::Table(rows) => rows.merge(out),
        _ => Err(Error::Malformed("record")),
    })
}

/// Makes the folders of streams.
pub(super) fn make_folders(disk: &Disk) -> Result<(), Error> {
    [OBJECTS, LOGS].iter().try_for_each(|folder| disk.make_folder(folder))
}
