//! What changes a status list from one release to the next: `[length, places, values]`, deterministic CBOR.
//!
//! `length` is that of the list afterwards, in bytes; `places` are the changed indices, ascending, each as the gap to
//! the one before (the first to -1) less one, in groups of seven bits with the lowest first (LEB128); `values` are
//! what stands there afterwards, packed like the list itself.

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

use super::{LONGEST, StatusList};
use crate::Error;

#[derive(Debug, Encode, Decode)]
struct Delta {
    #[n(0)]
    length: u64,
    #[n(1)]
    places: ByteVec,
    #[n(2)]
    values: ByteVec,
}

impl StatusList {
    /// What makes `next` of this list; none when only a new base can: with another number of bits, or shorter.
    pub fn delta(&self, next: &Self) -> Option<Vec<u8>> {
        if self.bits != next.bits || next.list.len() < self.list.len() {
            return None;
        }
        let (mut places, mut changed, mut following) = (Vec::new(), Vec::new(), 0);
        let per_byte = 8 / u64::from(self.bits);
        for (at, new) in (0_u64..).zip(&next.list) {
            let old = usize::try_from(at).ok().and_then(|at| self.list.get(at)).copied().unwrap_or(0);
            if old == *new {
                continue;
            }
            for index in at * per_byte..(at + 1) * per_byte {
                let value = next.get(index).unwrap_or(0);
                if value != self.get(index).unwrap_or(0) {
                    put_number(&mut places, index - following);
                    following = index + 1;
                    changed.push(value);
                }
            }
        }
        let mut values = Self::of(self.bits, changed.len());
        for (place, value) in (0..).zip(changed) {
            values.set(place, value);
        }
        let delta = Delta { length: next.list.len() as u64, places: places.into(), values: values.list.into() };
        Some(wire::encode(&delta))
    }

    /// Changes the list as a delta says.
    ///
    /// # Errors
    /// [`Error::Malformed`], [`Error::TooLong`]; the list may be half changed then.
    pub fn apply(&mut self, delta: &[u8]) -> Result<(), Error> {
        const LIMITS: wire::cbor::Limits =
            wire::cbor::Limits { bytes: 16 << 20, depth: 1, map_entries: 0, array_items: 3 };
        let wrong = || Error::Malformed("delta");
        wire::cbor::check(delta, &LIMITS).map_err(|_| wrong())?;
        let delta: Delta = minicbor::decode(delta).map_err(|_| wrong())?;
        let length = usize::try_from(delta.length).map_err(|_| Error::TooLong("a status list"))?;
        if length > LONGEST {
            return Err(Error::TooLong("a status list"));
        }
        if length < self.list.len() {
            return Err(wrong());
        }
        self.list.resize(length, 0);
        let values = Self { bits: self.bits, list: delta.values.to_vec() };
        let mut places: &[u8] = &delta.places;
        let (mut following, mut count) = (0_u64, 0_u64);
        while !places.is_empty() {
            let index = take_number(&mut places).and_then(|gap| following.checked_add(gap)).ok_or_else(wrong)?;
            let value = values.get(count).ok_or_else(wrong)?;
            if !self.set(index, value) {
                return Err(wrong());
            }
            (following, count) = (index + 1, count + 1);
        }
        // One encoding of each: nothing behind the last value.
        let used = Self::of(self.bits, usize::try_from(count).map_err(|_| wrong())?).list.len();
        let spare = (count..(used as u64) * (8 / u64::from(self.bits))).all(|place| values.get(place) == Some(0));
        if used == values.list.len() && spare { Ok(()) } else { Err(wrong()) }
    }
}

fn put_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 128 {
        out.push(number as u8 | 128);
        number >>= 7;
    }
    out.push(number as u8);
}

/// A number in its shortest form.
fn take_number(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..63).step_by(7) {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(first & 127) << shift;
        if first & 128 == 0 {
            return (*first != 0 || shift == 0).then_some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests;
