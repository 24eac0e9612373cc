//! What a box that stands at some release must fetch to come to another: to be looked at before publishing, and to be
//! handed to it in one piece.

use trust::Bundle;
use trust::format::{
    self, BASE, CHUNKS, FOLD, HEAD, Hash, INDEX, PAGE, PAGES, RECORD, Record, StreamId, leaf, merkle, pages,
};

use super::stand::{self, Records};
use super::{Error, Shelf};

/// What a box must fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Sequence of the release that it has; none: it has nothing, or what is no longer known here.
    pub from: Option<u64>,
    /// Sequence that it comes to.
    pub to: u64,
    /// Bytes of the head.
    pub head: u64,
    /// Bytes of the index.
    pub index: u64,
    /// The streams that are new to it.
    pub streams: Vec<Needed>,
    /// Number of streams in all.
    pub count: usize,
}

/// What it must fetch of one stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needed {
    /// Which stream.
    pub id: StreamId,
    /// In which way it comes.
    pub way: Way,
    /// Bytes, with the record.
    pub bytes: u64,
}

/// How a stream comes to a box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// As a whole, with so many deltas on it.
    Whole {
        /// How many.
        deltas: u64,
    },
    /// By so many deltas.
    Deltas {
        /// How many.
        deltas: u64,
    },
    /// By so many folds, and then deltas.
    Folds {
        /// Folds whose own deltas are fetched; none: the box makes the base of what it has.
        fetched: u64,
    },
    /// Its record alone.
    Record,
}

impl Plan {
    /// Bytes in all.
    pub fn bytes(&self) -> u64 {
        self.head + self.index + self.streams.iter().map(|stream| stream.bytes).sum::<u64>()
    }
}

/// The files that a box fetches, beside the head.
pub(super) struct Files {
    pub index: Vec<String>,
    pub streams: Vec<(StreamId, Way, Vec<String>)>,
}

/// What lies between two releases; the second one may still be on the shelf.
pub(super) fn files(shelf: &Shelf, before: &Records, after: &Records) -> Result<Files, Error> {
    let [old, new] = [before, after]
        .map(|records| -> Vec<Hash> { records.values().map(|record| leaf(&wire::encode(record))).collect() });
    let (root, had) = (merkle(&new), merkle(&old));
    let mut index = Vec::new();
    if root != had || before.is_empty() {
        let known = pages(&old);
        let fresh = new.chunks(PAGE).map(merkle).filter(|page| !known.contains(page));
        if new.len() > PAGE {
            index.push(format::object_name(PAGES, &root));
        }
        index.extend(fresh.map(|page| format::object_name(INDEX, &page)));
    }
    let mut streams = Vec::new();
    for ((id, record), leaf) in after.iter().zip(&new) {
        let had = before.get(id);
        if had == Some(record) {
            continue;
        }
        let (way, mut names) = stream(shelf, had, record)?;
        names.insert(0, format::object_name(RECORD, leaf));
        streams.push((id.clone(), way, names));
    }
    Ok(Files { index, streams })
}

fn stream(shelf: &Shelf, had: Option<&Record>, record: &Record) -> Result<(Way, Vec<String>), Error> {
    let whole = |shelf: &Shelf| -> Result<(Way, Vec<String>), Error> {
        let mut names = vec![format::object_name(BASE, &record.base)];
        if record.single_chunk().is_none() {
            names.insert(0, format::object_name(CHUNKS, &record.chunks));
        }
        names.append(&mut deltas(shelf, (0, record.base), record)?);
        Ok((Way::Whole { deltas: record.head_sequence }, names))
    };
    let Some(had) = had else { return whole(shelf) };
    if had.base == record.base {
        if had.head == record.head {
            return Ok((Way::Record, Vec::new()));
        }
        let names = deltas(shelf, (had.head_sequence, had.head), record)?;
        return Ok((Way::Deltas { deltas: record.head_sequence - had.head_sequence }, names));
    }
    let Some(at) = record.folds.iter().position(|fold| fold.from == had.base) else { return whole(shelf) };
    let folds = &record.folds[at..];
    if folds.iter().map(|fold| fold.length).sum::<u64>() >= record.length {
        return whole(shelf);
    }
    let (mut names, mut fetched) = (Vec::new(), 0);
    for (place, fold) in folds.iter().enumerate() {
        let missing = if place > 0 {
            None
        } else if fold.head == had.head {
            Some(Vec::new())
        } else if fold.log.checked_sub(had.log).is_none_or(|missing| missing > fold.length) {
            None
        } else {
            let files = stand::walk(shelf, (had.head_sequence, had.head), &fold.head, None)?;
            files.map(|files| files.into_iter().map(|(name, _)| name).collect())
        };
        match missing {
            Some(mut deltas) => names.append(&mut deltas),
            None => {
                fetched += 1;
                names.push(format::object_name(FOLD, &fold.delta));
            }
        }
    }
    names.append(&mut deltas(shelf, (0, record.base), record)?);
    Ok((Way::Folds { fetched }, names))
}

fn deltas(shelf: &Shelf, from: (u64, Hash), record: &Record) -> Result<Vec<String>, Error> {
    let files = stand::walk(shelf, from, &record.head, Some(record.head_sequence))?;
    let files = files.ok_or_else(|| Error::Lost(record.id()))?;
    Ok(files.into_iter().map(|(name, _)| name).collect())
}

impl Files {
    /// With the lengths of what is to be fetched.
    pub(super) fn plan(self, shelf: &Shelf, from: Option<u64>, to: u64, head: u64, count: usize) -> Plan {
        let bytes = |names: &[String]| names.iter().map(|name| shelf.length(name).unwrap_or(0)).sum();
        let index = bytes(&self.index);
        let streams = self.streams.into_iter().map(|(id, way, names)| Needed { id, way, bytes: bytes(&names) });
        Plan { from, to, head, index, streams: streams.collect(), count }
    }

    /// All of it and a head in one piece, if it is not longer than `most` bytes.
    pub(super) fn bundle(&self, shelf: &Shelf, head: &[u8], most: u64) -> Result<Option<Bundle>, Error> {
        let names = self.index.iter().chain(self.streams.iter().flat_map(|(_, _, names)| names));
        let names: Vec<&String> = names.collect();
        if names.iter().map(|name| shelf.length(name).unwrap_or(0)).sum::<u64>() + head.len() as u64 > most {
            return Ok(None);
        }
        let mut files = vec![(HEAD.to_owned(), head.to_vec())];
        for name in names {
            let Some(bytes) = shelf.read(name)? else { return Ok(None) };
            files.push((name.clone(), bytes));
        }
        let bundle = Bundle::new(files);
        Ok((bundle.encode().len() as u64 <= most).then_some(bundle))
    }
}
