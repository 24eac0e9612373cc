//! What changes a table from minute to minute: keys that go, and entries that come or have a new value.

use std::cmp::Ordering;
use std::ops::Range;

use super::bits::{Reader, Writer, parameter, put_number, take_number};
use super::{Error, Key, MOST, Shape, Value, runs};

const WRONG: Error = Error::Malformed("delta");

/// Keys that go, and entries that come or have a new value. Both ascend, and no key is in both.
///
/// A key that goes need not be there: deltas say what is so afterwards.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Delta {
    /// Keys that are not in the table afterwards.
    pub removed: Vec<Key>,
    /// Entries that are.
    pub put: Vec<(Key, Value)>,
}

impl Delta {
    /// Of changes in any order, at most one for each key.
    pub fn of(changes: impl IntoIterator<Item = (Key, Option<Value>)>) -> Self {
        let mut delta = Self::default();
        for (key, value) in changes {
            match value {
                Some(value) => delta.put.push((key, value)),
                None => delta.removed.push(key),
            }
        }
        delta.removed.sort_unstable();
        delta.put.sort_unstable();
        delta
    }

    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        self.removed.is_empty() && self.put.is_empty()
    }
}

/// Writes a delta.
///
/// # Errors
/// [`Error::Entries`] for keys that do not ascend or stand twice, [`Error::ValueLength`] for a value of no such table,
/// [`Error::TooLarge`] for too many changes.
pub fn encode(delta: &Delta, shape: Shape) -> Result<Vec<u8>, Error> {
    let removed: Vec<_> = delta.removed.iter().map(|key| u128::from_be_bytes(*key)).collect();
    let put: Vec<_> = delta.put.iter().map(|(key, _)| u128::from_be_bytes(*key)).collect();
    if !removed.is_sorted_by(|a, b| a < b) || !put.is_sorted_by(|a, b| a < b) || meet(&removed, &put) {
        return Err(Error::Entries);
    }
    let (goes, comes) = (removed.len() as u64, put.len() as u64);
    if goes > MOST || comes > MOST {
        return Err(Error::TooLarge);
    }
    let mut out = Vec::new();
    put_number(&mut out, goes);
    put_number(&mut out, comes);
    let mut bits = Writer::after(out);
    bits.ascending(removed, 0, parameter(u128::MAX, goes));
    bits.ascending(put, 0, parameter(u128::MAX, comes));
    let mut out = bits.end();
    for (_, value) in &delta.put {
        runs::put(&mut out, shape, value)?;
    }
    Ok(out)
}

/// Reads a delta. There is one encoding of each, and any other is refused.
///
/// # Errors
/// [`Error::Malformed`].
pub fn decode(bytes: &[u8], shape: Shape) -> Result<Delta, Error> {
    let Parsed { removed, put, values } = parse(bytes, shape)?;
    let put = put.into_iter().zip(values).map(|(key, place)| (key.to_be_bytes(), runs::value(bytes, place))).collect();
    Ok(Delta { removed: removed.into_iter().map(u128::to_be_bytes).collect(), put })
}

/// A delta, with places instead of values.
pub(super) struct Parsed {
    pub removed: Vec<u128>,
    pub put: Vec<u128>,
    /// Where the value of each that is put stands in the delta, behind its length.
    pub values: Vec<Range<usize>>,
}

pub(super) fn parse(bytes: &[u8], shape: Shape) -> Result<Parsed, Error> {
    read(bytes, shape).map_err(|_| WRONG)
}

fn read(bytes: &[u8], shape: Shape) -> Result<Parsed, Error> {
    let mut rest = bytes;
    let goes = take_number(&mut rest, MOST)?;
    let comes = take_number(&mut rest, MOST)?;
    let mut bits = Reader::new(rest);
    let mut keys =
        |count| bits.ascending(count, 0, u128::MAX, parameter(u128::MAX, count))?.collect::<Result<Vec<_>, Error>>();
    let (removed, put) = (keys(goes)?, keys(comes)?);
    let mut at = bytes.len() - bits.rest()?.len();
    let mut values = Vec::with_capacity(put.len());
    for _ in &put {
        let place = runs::next(bytes, at, shape)?;
        at = place.end;
        values.push(place);
    }
    if at != bytes.len() || meet(&removed, &put) { Err(WRONG) } else { Ok(Parsed { removed, put, values }) }
}

/// Whether two ascending lists have a number in common.
fn meet(mut a: &[u128], mut b: &[u128]) -> bool {
    while let ([first, rest @ ..], [second, others @ ..]) = (a, b) {
        match first.cmp(second) {
            Ordering::Less => a = rest,
            Ordering::Greater => b = others,
            Ordering::Equal => return true,
        }
    }
    false
}
