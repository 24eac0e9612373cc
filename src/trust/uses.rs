//! Uses of passes with limits: what this box has counted, and what HQ has merged of all boxes.
//!
//! Pure: keeping them on the disk is the journal's (its own) and the box's (HQ's word). Nothing here names a pass: a
//! use stands under a *slot*, the keyed hash of a pass by the key of its day, and whoever does not know the pass
//! cannot tell which one it is. Both sides are sets of crossings, so that the same use that comes by both ways is one.
//!
//! Words: a *day* is named by the Unix seconds at which it begins where the region is; a *sheet* is a part of a day as
//! HQ tells it; `as_of` is HQ's time of its last word.

use std::collections::{BTreeMap, HashMap};

use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};
use verdict::Used;
use wire::RegionId;
use wire::uses::{Limit, SLOT, Use};

mod merged;
#[cfg(test)]
mod tests;

pub use merged::{Kept, Merged, Took};

/// Seconds of a day.
const DAY: i64 = 86_400;

/// How far the beginnings of one day may be apart: boxes whose offset from UTC was set otherwise.
const SAME_DAY: i64 = DAY / 2;

/// A pass, whoever it is of: what slots are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pass([u8; 32]);

impl Pass {
    /// A pass by its issuer and its id.
    pub fn new(region: &RegionId, issuer: &str, id: &[u8]) -> Self {
        let mut hash = Sha256::new();
        // No part holds a zero byte but the id, which is last.
        for part in ["checkpoint uses/1", region.as_str(), issuer] {
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        hash.update(id);
        Self(hash.finalize().into())
    }

    /// Where its uses of a day stand.
    pub fn slot(&self, key: &[u8; 32]) -> [u8; SLOT] {
        let mut mac = <Hmac<Sha256> as hmac::Mac>::new_from_slice(key).expect("HMAC takes a key of any length");
        mac.update(&self.0);
        let mut slot = [0; SLOT];
        slot.copy_from_slice(&mac.finalize().into_bytes()[..SLOT]);
        slot
    }
}

/// A day, and a pass by the key of that day.
type Place = (i64, [u8; SLOT]);

/// A crossing, and the minute of its use.
type Counted = ([u8; 8], Option<i64>);

/// The uses this box has counted itself.
#[derive(Debug, Default)]
pub struct Own {
    keys: BTreeMap<i64, [u8; 32]>,
    slots: HashMap<Place, Vec<Counted>>,
    crossings: HashMap<[u8; 8], Place>,
}

impl Own {
    /// What a start finds.
    pub fn new(keys: impl IntoIterator<Item = (i64, [u8; 32])>, uses: impl IntoIterator<Item = (i64, Use)>) -> Self {
        let mut own = Self { keys: keys.into_iter().collect(), ..Self::default() };
        for (day, of) in uses {
            own.put(day, of);
        }
        own
    }

    /// The key of a day; `draw` gives one to a day that has none.
    pub fn key(&mut self, day: i64, draw: impl FnOnce() -> [u8; 32]) -> [u8; 32] {
        *self.keys.entry(day).or_insert_with(draw)
    }

    /// Counts a use, in the place of an earlier one of the same crossing.
    pub fn put(&mut self, day: i64, of: Use) {
        self.remove(&of.crossing);
        self.crossings.insert(of.crossing, (day, of.slot));
        self.slots.entry((day, of.slot)).or_default().push((of.crossing, of.at));
    }

    /// Counts it no more.
    pub fn remove(&mut self, crossing: &[u8; 8]) {
        let Some(place) = self.crossings.remove(crossing) else { return };
        if let Some(uses) = self.slots.get_mut(&place) {
            uses.retain(|(of, _)| of != crossing);
            if uses.is_empty() {
                self.slots.remove(&place);
            }
        }
    }

    /// Forgets days that began before a time, and their keys.
    pub fn forget(&mut self, before: i64) {
        self.keys.retain(|day, _| *day >= before);
        self.slots.retain(|(day, _), _| *day >= before);
        self.crossings.retain(|_, (day, _)| *day >= before);
    }

    fn of(&self, pass: &Pass, from: i64, found: &mut Vec<Found>) {
        for (day, key) in self.keys.range(from..) {
            for (crossing, at) in self.slots.get(&(*day, pass.slot(key))).into_iter().flatten() {
                found.push(Found { crossing: *crossing, day: *day, at: *at });
            }
        }
    }
}

/// A use of the pass that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Found {
    crossing: [u8; 8],
    day: i64,
    at: Option<i64>,
}

/// How often a pass was used within the windows of its limit, one crossing apart. `today` and `now` are the Unix
/// seconds at which the region's day begins, and of now.
pub fn count(
    (own, merged): (&Own, &Merged),
    pass: &Pass,
    limit: &Limit,
    apart: &[u8; 8],
    (today, now): (i64, i64),
) -> Used {
    let days = i64::try_from(limit.days()).unwrap_or(1);
    let from = today.saturating_sub((days - 1) * DAY + SAME_DAY);
    let mut found = Vec::new();
    own.of(pass, from, &mut found);
    merged.of(pass, from, &mut found);
    found.retain(|of| of.crossing != *apart);
    // By crossing: what came by both ways is one.
    found.sort_unstable();
    found.dedup_by_key(|of| of.crossing);
    let of_today = found.iter().filter(|of| of.day.saturating_sub(today).saturating_abs() < SAME_DAY).count();
    let minutes = limit.minutes.and_then(|minutes| i64::try_from(minutes).ok());
    let under_way_since = minutes.and_then(|minutes| {
        // Times are whole minutes: a trip is as long as that of its last minute.
        let lasts = |at: &i64| (0..=minutes.saturating_add(1).saturating_mul(60)).contains(&now.saturating_sub(*at));
        found.iter().filter_map(|of| of.at).filter(lasts).min()
    });
    Used { trips: found.len() as u64, today: of_today as u64, under_way_since, as_of: merged.as_of() }
}
