//! What turns one base into the next, for those who have the old one but not all changes in between.
//!
//! What goes is named by its rank in the old base, what comes by its gap to the key before: within one part in fifty
//! of what chance allows. Changes stand in blocks in the order of their keys, so that neither side holds more than
//! one block.

use std::collections::VecDeque;
use std::io::Write;

use super::bits::{Reader, Writer, parameter, put_number, take_number};
use super::{Base, Entries, Error, Key, MOST, Shape, Source, Table, Value, runs, write};

/// Changes in a block; in the last one, what is left.
const BLOCK: usize = 4096;

/// Longest block. One of 4,096 longest values has 1.1 MB.
const LONGEST_BLOCK: u64 = 4 << 20;

/// Longest number: see [`put_number`].
const LONGEST_NUMBER: usize = 5;

const WRONG: Error = Error::Malformed("fold");

/// One step from base to base. A new value is a key that goes and comes.
enum Change {
    /// The entry of this rank goes.
    Goes(u64),
    Comes(Key, Value),
}

/// How many entries the old base has, how many of them go, and how many come.
#[derive(Clone, Copy)]
struct Counts {
    base: u64,
    go: u64,
    come: u64,
}

impl Counts {
    /// The greatest rank, and the [`parameter`] of the gaps between ranks.
    fn ranks(&self) -> (u128, u32) {
        let greatest = u128::from(self.base.saturating_sub(1));
        (greatest, parameter(greatest, self.go))
    }

    /// The [`parameter`] of the gaps between keys.
    fn keys(&self) -> u32 {
        parameter(u128::MAX, self.come)
    }
}

/// Writes what turns the base of a table into the base that [`Table::merge`] writes. Holds all changes in memory.
///
/// # Errors
/// As [`Table::merge`].
pub fn make<B: Source, L: Source>(table: &Table<B, L>, out: &mut impl Write) -> Result<(), Error> {
    let changes = changes(table)?;
    let go = changes.iter().filter(|change| matches!(change, Change::Goes(_))).count() as u64;
    let counts = Counts { base: table.base.len(), go, come: changes.len() as u64 - go };
    let mut bytes = Vec::new();
    for number in [counts.base, counts.go, counts.come] {
        put_number(&mut bytes, number);
    }
    out.write_all(&bytes)?;

    let (mut least_rank, mut least_key) = (0, 0);
    for block in changes.chunks(BLOCK) {
        let (mut ranks, mut keys, mut values) = (Vec::new(), Vec::new(), Vec::new());
        for change in block {
            match change {
                Change::Goes(rank) => ranks.push(u128::from(*rank)),
                Change::Comes(key, value) => {
                    keys.push(u128::from_be_bytes(*key));
                    runs::put(&mut values, table.base.shape(), value)?;
                }
            }
        }
        let mut bytes = Vec::new();
        put_number(&mut bytes, ranks.len() as u64);
        let after = |numbers: &[u128], least| numbers.last().map_or(least, |last| last.wrapping_add(1));
        let next = (after(&ranks, least_rank), after(&keys, least_key));
        let mut bits = Writer::after(bytes);
        bits.ascending(ranks, least_rank, counts.ranks().1);
        bits.ascending(keys, least_key, counts.keys());
        (least_rank, least_key) = next;
        let mut bytes = bits.end();
        bytes.append(&mut values);
        if bytes.len() as u64 > LONGEST_BLOCK {
            return Err(Error::TooLarge);
        }
        let mut length = Vec::new();
        put_number(&mut length, bytes.len() as u64);
        out.write_all(&length)?;
        out.write_all(&bytes)?;
    }
    Ok(())
}

/// What really changes, in order.
fn changes<B: Source, L: Source>(table: &Table<B, L>) -> Result<Vec<Change>, Error> {
    let mut out = Vec::new();
    let mut base = (0..).zip(table.base.entries()).peekable();
    for change in table.overlay.changes(&table.log) {
        let (key, new) = change?;
        let old = loop {
            match base.next_if(|(_, entry)| entry.as_ref().is_ok_and(|(old, _)| *old <= key)) {
                Some((rank, Ok((old, value)))) if old == key => break Some((rank, value)),
                Some(_) => {}
                None => break None,
            }
        };
        if let Some((_, Err(error))) = base.next_if(|(_, entry)| entry.is_err()) {
            return Err(error);
        }
        match (old, new) {
            (Some((_, old)), Some(new)) if old == new => {}
            (old, new) => {
                out.extend(old.map(|(rank, _)| Change::Goes(rank)));
                out.extend(new.map(|value| Change::Comes(key, value)));
            }
        }
    }
    Ok(out)
}

/// Writes the base that a fold makes of another. Holds a block and a bucket in memory, beside the new directory.
///
/// What was written is good only once this has returned without an error.
///
/// # Errors
/// [`Error::OtherTable`] for a fold of a base with another count, [`Error::Malformed`] for one that is not the
/// encoding of a change to this base, [`Error::TooLarge`], [`Error::Io`].
pub fn apply<B: Source>(base: &Base<B>, fold: &impl Source, out: &mut impl Write) -> Result<(), Error> {
    let mut blocks = Blocks::open(fold, base.shape())?;
    let counts = blocks.counts;
    if counts.base != base.len() {
        return Err(Error::OtherTable);
    }
    let count = counts.base.checked_sub(counts.go).ok_or(WRONG)? + counts.come;
    blocks.refill()?;
    let mut new = Folded { entries: base.entries(), next: None, rank: 0, blocks, last: None, gone: None };
    new.step()?;
    write(out, base.shape(), count, std::iter::from_fn(|| new.entry().transpose()))
}

/// A fold as it is read, block by block.
struct Blocks<'f, S> {
    fold: &'f S,
    shape: Shape,
    counts: Counts,
    /// Where the next block begins, and where the fold ends.
    at: u64,
    end: u64,
    /// How many changes are in later blocks.
    left: u64,
    least_rank: u128,
    /// Nothing, once the greatest key there is has come.
    least_key: Option<u128>,
    /// What is left of this block.
    goes: VecDeque<u64>,
    comes: VecDeque<(Key, Value)>,
}

impl<'f, S: Source> Blocks<'f, S> {
    fn open(fold: &'f S, shape: Shape) -> Result<Self, Error> {
        let end = fold.length()?;
        let counts = Counts { base: 0, go: 0, come: 0 };
        let (goes, comes) = (VecDeque::new(), VecDeque::new());
        let mut blocks =
            Self { fold, shape, counts, at: 0, end, left: 0, least_rank: 0, least_key: Some(0), goes, comes };
        blocks.counts = Counts { base: blocks.number(MOST)?, go: blocks.number(MOST)?, come: blocks.number(MOST)? };
        blocks.left = blocks.counts.go + blocks.counts.come;
        Ok(blocks)
    }

    /// Reads the next block when this one is used up.
    fn refill(&mut self) -> Result<(), Error> {
        if !self.goes.is_empty() || !self.comes.is_empty() {
            return Ok(());
        }
        if self.left == 0 {
            return if self.at == self.end { Ok(()) } else { Err(WRONG) };
        }
        let length = self.number(LONGEST_BLOCK)?;
        let bytes = self.bytes(length)?;
        self.parse(&bytes).map_err(|_| WRONG)
    }

    fn parse(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let size = self.left.min(BLOCK as u64);
        self.left -= size;
        let mut rest = bytes;
        let go = take_number(&mut rest, size)?;
        let mut bits = Reader::new(rest);

        let (greatest, k) = self.counts.ranks();
        for rank in bits.ascending(go, self.least_rank, greatest, k)? {
            let rank = rank?;
            self.least_rank = rank + 1;
            self.goes.push_back(rank as u64);
        }
        let mut keys = Vec::new();
        if go < size {
            let least = self.least_key.ok_or(WRONG)?;
            for key in bits.ascending(size - go, least, u128::MAX, self.counts.keys())? {
                keys.push(key?);
            }
            self.least_key = keys.last().and_then(|last| last.checked_add(1));
        }
        let values = bits.rest()?;
        let mut at = 0;
        for key in keys {
            let place = runs::next(values, at, self.shape)?;
            at = place.end;
            self.comes.push_back((key.to_be_bytes(), runs::value(values, place)));
        }
        if at == values.len() { Ok(()) } else { Err(WRONG) }
    }

    fn number(&mut self, most: u64) -> Result<u64, Error> {
        let mut bytes = [0; LONGEST_NUMBER];
        let length = (self.end - self.at).min(LONGEST_NUMBER as u64) as usize;
        self.fold.read_exact_at(&mut bytes[..length], self.at)?;
        let mut rest = &bytes[..length];
        let number = take_number(&mut rest, most).map_err(|_| WRONG)?;
        self.at += (length - rest.len()) as u64;
        Ok(number)
    }

    fn bytes(&mut self, length: u64) -> Result<Vec<u8>, Error> {
        if length > self.end - self.at {
            return Err(WRONG);
        }
        let mut bytes = vec![0; length as usize];
        self.fold.read_exact_at(&mut bytes, self.at)?;
        self.at += length;
        Ok(bytes)
    }
}

/// The entries of the new base.
struct Folded<'b, 'f, B, F> {
    entries: Entries<'b, B>,
    /// The next entry of the old base, and its rank.
    next: Option<(Key, Value)>,
    rank: u64,
    blocks: Blocks<'f, F>,
    /// The last key that was passed.
    last: Option<Key>,
    /// What stood there, if it has gone.
    gone: Option<Value>,
}

impl<B: Source, F: Source> Folded<'_, '_, B, F> {
    fn entry(&mut self) -> Result<Option<(Key, Value)>, Error> {
        loop {
            self.blocks.refill()?;
            let comes = self.blocks.comes.front().map(|(key, _)| *key);
            let Some(next) =
                self.next.as_ref().map(|(key, _)| *key).filter(|next| comes.is_none_or(|key| key >= *next))
            else {
                let Some((key, value)) = self.blocks.comes.pop_front() else {
                    return if self.blocks.goes.is_empty() { Ok(None) } else { Err(WRONG) };
                };
                // Behind all that was passed; or what has just gone comes back, with another value.
                let fits = self.last < Some(key)
                    || self.last == Some(key) && self.gone.take().is_some_and(|gone| gone != value);
                (self.last, self.gone) = (Some(key), None);
                return if fits { Ok(Some((key, value))) } else { Err(WRONG) };
            };
            let rank = self.rank;
            let entry = self.next.take();
            self.step()?;
            self.rank += 1;
            self.last = Some(next);
            self.gone = None;
            match self.blocks.goes.front() {
                Some(goes) if *goes < rank => return Err(WRONG),
                Some(goes) if *goes == rank => {
                    self.blocks.goes.pop_front();
                    self.gone = entry.map(|(_, value)| value);
                }
                _ => return Ok(entry),
            }
        }
    }

    /// Goes on in the old base.
    fn step(&mut self) -> Result<(), Error> {
        self.next = self.entries.next().transpose()?;
        Ok(())
    }
}
