//! Token Status Lists (draft-ietf-oauth-status-list §4): one, two, four or eight bits by index, zlib.

use minicbor::{Decoder, Encoder};
use miniz_oxide::deflate::compress_to_vec_zlib;
use miniz_oxide::inflate::{TINFLStatus, decompress_to_vec_zlib_with_limit};
use verdict::Status;

use crate::Error;

mod delta;

/// Most bytes a list may unpack to: two bits each for 16 million passes of one series.
const LONGEST: usize = 4 * 1024 * 1024;

/// How many bits a list keeps for each pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bits {
    /// Valid or revoked.
    One = 1,
    /// Suspended too.
    Two = 2,
    /// Room for what a later draft may mean.
    Four = 4,
    /// The same.
    Eight = 8,
}

/// One issuer's list for one series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusList {
    bits: u8,
    list: Vec<u8>,
}

impl StatusList {
    /// A list in which everything is valid.
    pub fn new(bits: Bits, entries: usize) -> Self {
        Self::of(bits as u8, entries)
    }

    fn of(bits: u8, entries: usize) -> Self {
        Self { bits, list: vec![0; entries.saturating_mul(usize::from(bits)).div_ceil(8)] }
    }

    /// Reads a list: the CBOR map with `bits` and `lst`, in either order (§4.3).
    ///
    /// # Errors
    /// [`Error::Malformed`], or [`Error::TooLong`] when it unpacks to more than 4 MiB.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let wrong = || Error::Malformed("status list");
        let (bits, packed) = parse(bytes).ok_or_else(wrong)?;
        let list = decompress_to_vec_zlib_with_limit(packed, LONGEST).map_err(|error| match error.status {
            TINFLStatus::HasMoreOutput => Error::TooLong("a status list"),
            _ => wrong(),
        })?;
        Ok(Self { bits, list })
    }

    /// Writes the list, keys in deterministic order.
    pub fn encode(&self) -> Vec<u8> {
        let packed = compress_to_vec_zlib(&self.list, 9);
        let mut out = Vec::with_capacity(packed.len() + 16);
        Encoder::new(&mut out)
            .map(2)
            .and_then(|e| e.str("lst"))
            .and_then(|e| e.bytes(&packed))
            .and_then(|e| e.str("bits"))
            .and_then(|e| e.u8(self.bits))
            .expect("writing to memory cannot fail");
        out
    }

    /// The raw value at an index, if the list reaches so far (§4.1: least significant bits first).
    pub fn get(&self, index: u64) -> Option<u8> {
        let (byte, shift) = self.place(index)?;
        Some(self.list.get(byte)? >> shift & self.mask())
    }

    /// Sets the raw value at an index; says whether the list reaches so far.
    pub fn set(&mut self, index: u64, value: u8) -> bool {
        let mask = self.mask();
        let Some((byte, shift)) = self.place(index) else { return false };
        let Some(slot) = self.list.get_mut(byte) else { return false };
        *slot = *slot & !(mask << shift) | (value & mask) << shift;
        true
    }

    /// What the list says of an index (§7.1).
    pub fn status(&self, index: u64) -> Status {
        match self.get(index) {
            Some(0) => Status::Valid,
            Some(2) => Status::Suspended,
            // Invalid, and whatever a future list may mean by more: never valid.
            Some(_) => Status::Revoked,
            None => Status::ListMissing,
        }
    }

    fn place(&self, index: u64) -> Option<(usize, u8)> {
        let bit = index.checked_mul(u64::from(self.bits))?;
        Some((usize::try_from(bit / 8).ok()?, (bit % 8) as u8))
    }

    const fn mask(&self) -> u8 {
        if self.bits == 8 { 255 } else { (1 << self.bits) - 1 }
    }
}

/// Bits and packed list of exactly one map, with whatever else the draft lets stand in it.
fn parse(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let (mut bits, mut packed) = (None, None);
    let mut d = Decoder::new(bytes);
    for _ in 0..d.map().ok()?? {
        match d.str().ok()? {
            "bits" if bits.is_none() => bits = Some(d.u8().ok()?),
            "lst" if packed.is_none() => packed = Some(d.bytes().ok()?),
            "bits" | "lst" => return None,
            _ => d.skip().ok()?,
        }
    }
    let bits = bits.filter(|bits| matches!(bits, 1 | 2 | 4 | 8));
    bits.zip(packed).filter(|_| d.position() == bytes.len())
}

#[cfg(test)]
mod tests;
