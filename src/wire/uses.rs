//! Uses of passes with limits, as HQ merges them and tells every box of the region.
//!
//! HQ signs a [`Head`] under [`Context::Uses`]; it names *sheets* by their hash, each the uses of one day, so that only
//! what is new travels, and nothing of two statements can be mixed. A use stands under a slot: HMAC-SHA-256 over the
//! pass, with a key of its day that stands in the head and is forgotten with it.

use ed25519_dalek::VerifyingKey;
use minicbor::{Decode, Encode};
use sha2::{Digest as _, Sha256};

use crate::sign::{Context, Sign1};
use crate::{Error, RegionId};

/// Most uses of a sheet: 32 KiB or so, what a broker keeps as one retained message without a second thought.
pub const MOST_USES: usize = 1000;

/// Longest sheet in bytes.
pub const LONGEST_SHEET: usize = 64 * 1024;

/// Most sheets of a head.
pub const MOST_SHEETS: usize = 7000;

/// Most days of a head; limits that count for longer are not merged for longer.
pub const MOST_DAYS: usize = 100;

/// Longest head in bytes: what boxes take as one packet of their link, less its envelope.
pub const LONGEST_HEAD: usize = 255 * 1024;

/// Bytes of a slot.
pub const SLOT: usize = 16;

/// What a limit says, as far as counting needs it; an absent one does not limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Encode, Decode)]
#[cbor(map)]
pub struct Limit {
    /// Trips within `days`.
    #[n(0)]
    pub trips: Option<u64>,
    /// Days within which `trips` are counted.
    #[n(1)]
    pub days: Option<u64>,
    /// Trips a day.
    #[n(2)]
    pub per_day: Option<u64>,
    /// Minutes each.
    #[n(3)]
    pub minutes: Option<u64>,
}

impl Limit {
    /// Days for which a use counts: the day itself, and those before in which trips are counted.
    pub fn days(&self) -> u64 {
        let days = self.trips.and(self.days).unwrap_or(1);
        days.clamp(1, MOST_DAYS as u64)
    }
}

/// One use.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct Use {
    /// Of which pass, to whoever knows it.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub slot: [u8; SLOT],
    /// The crossing: the same use that comes twice is one.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub crossing: [u8; 8],
    /// Unix seconds of its minute, where the limit counts minutes.
    #[n(2)]
    pub at: Option<i64>,
}

/// Uses of one day, sorted.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Sheet {
    /// Unix seconds at which the region's day begins.
    #[n(0)]
    pub day: i64,
    /// The uses.
    #[n(1)]
    pub uses: Vec<Use>,
}

impl Sheet {
    /// Reads a sheet that came from anywhere.
    ///
    /// # Errors
    /// [`Error`]: not one, too long, or not sorted.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > LONGEST_SHEET {
            return Err(Error::Shape("sheet of uses"));
        }
        let sheet: Self = crate::decode(bytes, "sheet of uses")?;
        let sound = sheet.uses.len() <= MOST_USES && sheet.uses.is_sorted_by(|one, next| one < next);
        if sound { Ok(sheet) } else { Err(Error::Shape("sheet of uses")) }
    }
}

/// The hash by which a head names a sheet.
pub fn hash(sheet: &[u8]) -> [u8; 32] {
    Sha256::digest(sheet).into()
}

/// A day, and the key of its slots.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Day {
    /// Unix seconds at which it begins.
    #[n(0)]
    pub begins: i64,
    /// The key of its slots.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub key: [u8; 32],
    /// The hashes of its sheets.
    #[n(2)]
    pub sheets: Vec<minicbor::bytes::ByteArray<32>>,
}

/// What HQ knows of all uses that still count.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Head {
    /// The region.
    #[n(0)]
    pub region: RegionId,
    /// Unix seconds at HQ; rises with every head.
    #[n(1)]
    pub as_of: i64,
    /// The days, each once.
    #[n(2)]
    pub days: Vec<Day>,
}

impl Head {
    /// Reads a head, if one of `keys` has signed it for this region. `keys` gives those that counted at a time.
    ///
    /// # Errors
    /// [`Error`].
    pub fn verified(
        bytes: &[u8],
        region: &RegionId,
        keys: impl FnOnce(i64) -> Vec<VerifyingKey>,
    ) -> Result<Self, Error> {
        if bytes.len() > LONGEST_HEAD {
            return Err(Error::Shape("head of uses"));
        }
        let message = Sign1::parse(bytes)?;
        // Only the time is used before the signature holds: to find the keys that counted then.
        let head: Self = crate::decode(message.payload, "head of uses")?;
        let holds = |key: &VerifyingKey| message.verify(Context::Uses, key).is_ok();
        if !keys(head.as_of).iter().any(holds) {
            return Err(Error::Sign(crate::sign::Error::Signature));
        }
        let sheets: usize = head.days.iter().map(|day| day.sheets.len()).sum();
        let mut begins: Vec<_> = head.days.iter().map(|day| day.begins).collect();
        begins.dedup();
        let sound = head.region == *region
            && head.days.len() <= MOST_DAYS
            && begins.len() == head.days.len()
            && begins.is_sorted()
            && sheets <= MOST_SHEETS;
        if sound { Ok(head) } else { Err(Error::Shape("head of uses")) }
    }
}

#[cfg(test)]
mod tests;
