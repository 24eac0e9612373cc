//! How often passes with limits were used: counted here at once, and by HQ's word for other boxes.
//!
//! The lane does not reserve or release: what it writes down says so. A crossing with a *use window* reserves a use in
//! the same transaction as its row; the same crossing without one (it was judged again), or a closing *turned back* or
//! *exempted*, releases it. So green, the row and the use are durable together, by one fsync.
//!
//! HQ's word comes over the link (`wire::uses`), is believed by a key that the release names, and is kept beside the
//! trust, so that a restart without a line knows what was known before.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError, RwLock};

use jiff::tz::TimeZone;
use journal::uses::{Beside, Hook, Kept, Use as KeptUse};
use pass::Document;
use tokio::sync::mpsc::Receiver;
use tokio::sync::mpsc::error::TryRecvError;
use trust::uses::{Merged, Own, Pass, Took, count};
use uplink::Told;
use verdict::{Policy, Used};
use wire::entry::{Action, Closing, Crossing, Entry};
use wire::sign::Context;
use wire::uses::{Head, Limit, Use};
use wire::{RegionId, WallTime};

use crate::crew::{Pulse, Stop, TURN};

mod shelf;
#[cfg(test)]
mod tests;

use shelf::Shelf;

/// Seconds of a day.
const DAY: i64 = 86_400;

/// Days for which own uses stay in memory: what the longest limit counts, and one more.
const KEPT_DAYS: i64 = wire::uses::MOST_DAYS as i64 + 1;

/// The uses of passes, for whoever asks and whoever counts.
#[derive(Clone)]
pub struct Uses(Arc<Inner>);

struct Inner {
    region: RegionId,
    /// Seconds by which the region's time is ahead of UTC.
    offset: i64,
    own: RwLock<Own>,
    merged: RwLock<Merged>,
    shelf: Option<Shelf>,
}

impl Uses {
    /// What a start finds: the journal's uses and, in `folder`, HQ's last word.
    pub fn open(region: &RegionId, zone: &TimeZone, kept: Kept, folder: &Path) -> Self {
        let shelf = Shelf::new(folder);
        let merged = shelf.open(region);
        Self::of(region, zone, kept, merged, Some(shelf))
    }

    /// Nothing was used yet, and nothing is kept.
    pub fn new(region: &RegionId, zone: &TimeZone) -> Self {
        Self::of(region, zone, Kept::default(), Merged::default(), None)
    }

    fn of(region: &RegionId, zone: &TimeZone, kept: Kept, merged: Merged, shelf: Option<Shelf>) -> Self {
        let uses = kept.uses.into_iter();
        let uses = uses.map(|KeptUse { crossing, day, slot, at, .. }| (day, Use { slot, crossing, at }));
        let own = RwLock::new(Own::new(kept.keys, uses));
        let offset = zone.to_fixed_offset().map_or(0, |offset| i64::from(offset.seconds()));
        Self(Arc::new(Inner { region: region.clone(), offset, own, merged: RwLock::new(merged), shelf }))
    }

    /// How often a pass was used within the windows of a limit, one crossing apart. `now` is Unix seconds.
    pub fn used(&self, document: &Document, limit: &Limit, apart: &[u8; 8], now: i64) -> Used {
        let Inner { region, own, merged, .. } = &*self.0;
        let pass = Pass::new(region, &document.issuer, &document.id);
        let own = own.read().unwrap_or_else(PoisonError::into_inner);
        let merged = merged.read().unwrap_or_else(PoisonError::into_inner);
        count((&own, &merged), &pass, limit, apart, (self.window(now), now))
    }

    /// Unix seconds at which the region's day begins: the window in which a use at that time is counted.
    pub fn window(&self, now: i64) -> i64 {
        let local = now.saturating_add(self.0.offset);
        local.saturating_sub(local.rem_euclid(DAY)).saturating_sub(self.0.offset)
    }

    /// Hour, minute and weekday (1 is Monday) of the region at a time in Unix seconds.
    pub fn local(&self, now: i64) -> (u8, u8, u8) {
        let local = now.saturating_add(self.0.offset);
        let (day, second) = (local.div_euclid(DAY), local.rem_euclid(DAY));
        // 1 January 1970 was a Thursday.
        let weekday = (day + 3).rem_euclid(7) + 1;
        let small = |number: i64| u8::try_from(number).expect("an hour, a minute or a weekday");
        (small(second / 3600), small(second / 60 % 60), small(weekday))
    }

    /// Counts what entries say, from now on. To be called before they are written.
    pub fn take(&self, entries: &[Entry]) {
        for beside in entries.iter().filter_map(|entry| self.beside(entry)) {
            let mut own = self.0.own.write().unwrap_or_else(PoisonError::into_inner);
            match beside {
                Beside::Reserve { of: KeptUse { crossing, day, slot, at, .. }, .. } => {
                    own.put(day, Use { slot, crossing, at });
                    own.forget(day.saturating_sub(KEPT_DAYS * DAY));
                }
                Beside::Release(crossing) => own.remove(&crossing),
            }
        }
    }

    /// What the journal writes beside an entry.
    pub fn hook(&self) -> Hook {
        let uses = self.clone();
        Box::new(move |entry| uses.beside(entry))
    }

    fn beside(&self, entry: &Entry) -> Option<Beside> {
        match entry {
            Entry::Crossing(crossing) => Some(self.reserve(crossing).unwrap_or(Beside::Release(crossing.id))),
            // Who was turned back has used nothing, nor has who needed no pass.
            Entry::Closing(Closing { action: Action::TurnedBack | Action::Exempted, id, .. }) => {
                Some(Beside::Release(*id))
            }
            _ => None,
        }
    }

    fn reserve(&self, crossing: &Crossing) -> Option<Beside> {
        let (day, limit) = (crossing.use_window?, crossing.use_limit?);
        let pass = Pass::new(&self.0.region, crossing.issuer.as_ref()?, crossing.pass_id.as_ref()?);
        let key = self.0.own.write().unwrap_or_else(PoisonError::into_inner).key(day, draw);
        let at = limit.minutes.map(|_| minute(crossing.at));
        let until = day.saturating_add(i64::try_from(limit.days()).unwrap_or(1) * DAY);
        let of = KeptUse { crossing: crossing.id, day, slot: pass.slot(&key), at, until };
        Some(Beside::Reserve { of, key })
    }

    /// Takes what came over the link; `keys` gives the keys that the release names for it at a time. Writes what is
    /// news to the disk, and says so.
    ///
    /// # Errors
    /// Why a head is not believed; then nothing was taken.
    pub fn hear(
        &self,
        told: &Told,
        keys: impl Fn(i64) -> Vec<ed25519_dalek::VerifyingKey>,
    ) -> Result<Took, wire::Error> {
        let mut merged = self.0.merged.write().unwrap_or_else(PoisonError::into_inner);
        let took = match told {
            Told::Head(bytes) => merged.head(Head::verified(bytes, &self.0.region, keys)?, bytes.clone()),
            Told::Sheet(bytes) => merged.sheet(bytes),
        };
        let news = if took == Took::News { Some(merged.clone()) } else { None };
        // The lane must not wait for the disk.
        drop(merged);
        if let (Some(news), Some(shelf)) = (news, &self.0.shelf) {
            shelf.keep(&news);
        }
        Ok(took)
    }

    /// Takes what comes over the link until told to stop. `keys` gives those that the release in force names for it.
    pub(crate) fn work(&self, told: &mut Receiver<Told>, trust: &trust::View, stop: &Stop, pulse: &Pulse) {
        // A head may come before the release that names its key: it is tried again with each release, until one counts.
        let mut early: Option<(Option<u64>, Told)> = None;
        while !stop.load(Ordering::Relaxed) {
            pulse.fetch_add(1, Ordering::Relaxed);
            let release = trust.current();
            let sequence = release.as_ref().map(|release| release.sequence());
            let again = early.take_if(|(by, _)| *by != sequence).map(|(_, told)| told);
            match again.map_or_else(|| told.try_recv(), Ok) {
                Ok(told) => {
                    let keys = |at| {
                        let release = release.as_ref();
                        release.map_or_else(Vec::new, |release| release.delegates(Context::Uses, at).collect())
                    };
                    match self.hear(&told, keys) {
                        Ok(_) if matches!(told, Told::Head(_)) => early = None,
                        Ok(_) => {}
                        Err(error) => {
                            tracing::warn!(%error, "what claims to be HQ's word of uses is not believed");
                            // What is no head at all, or too long for one, waits for nothing.
                            if error == wire::Error::Sign(wire::sign::Error::Signature) {
                                early = Some((sequence, told));
                            }
                        }
                    }
                }
                // Without a line nothing comes, and the box goes on.
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => std::thread::sleep(TURN),
            }
        }
    }

    /// HQ's time of its last word that is here; none before the first.
    pub fn as_of(&self) -> Option<i64> {
        self.0.merged.read().unwrap_or_else(PoisonError::into_inner).as_of()
    }
}

/// What limits a pass: what it says itself and what its kind's rule says, the narrower of both; none when nothing is
/// counted.
pub fn limit(document: &Document, policy: &Policy) -> Option<Limit> {
    let signed = document.limits.unwrap_or_default();
    let of_kind = policy.rule(document.kind).and_then(|rule| rule.limits).unwrap_or_default();
    let narrower = |one: Option<u64>, other: Option<u64>| one.into_iter().chain(other).min();
    let trips = narrower(signed.trips, of_kind.trips);
    let limit = Limit {
        trips,
        // Trips are counted over the longer of both windows; without any, for as long as the pass is good.
        days: signed.days.max(of_kind.days).or_else(|| trips.map(|_| life(document))),
        per_day: narrower(signed.per_day, of_kind.per_day),
        minutes: narrower(signed.minutes, of_kind.minutes),
    };
    (limit.trips.is_some() || limit.per_day.is_some()).then_some(limit)
}

/// The days that a pass touches, at most.
fn life(document: &Document) -> u64 {
    let begins = document.not_before.or(document.issued);
    let seconds = begins.zip(document.expires).map_or(i64::MAX, |(begins, ends)| ends.saturating_sub(begins));
    u64::try_from(seconds / DAY + 2).unwrap_or(1)
}

/// The beginning of its minute: no limit needs to know more.
const fn minute(at: WallTime) -> i64 {
    at.unix() - at.unix().rem_euclid(60)
}

fn draw() -> [u8; 32] {
    let mut key = [0; 32];
    getrandom::fill(&mut key).expect("the system gives random numbers: the journal could not be open without");
    key
}
