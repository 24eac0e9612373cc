//! The time the region lives in. It begins on a day of June 2021, when movement passes were being shown at
//! checkpoints and the first EU certificates were, so that real certificates of that time are really valid.

use std::sync::atomic::{AtomicI64, AtomicU8, Ordering};
use std::time::{Duration, Instant};

use ::board::Clock;
use wire::{ClockTrust, WallTime};

/// 2021-06-15T09:00:00Z, noon in the region.
pub const BEGINS: i64 = 1_623_747_600;

/// Seconds in a day.
pub const DAY: i64 = 86_400;

/// When the simulation began, by the desk's own clock.
#[derive(Debug, Clone, Copy)]
pub struct Era(Instant);

impl Era {
    /// An era that begins now.
    pub fn begin() -> Self {
        Self(Instant::now())
    }

    /// Unix seconds in the region.
    pub fn now(self) -> i64 {
        BEGINS + i64::try_from(self.0.elapsed().as_secs()).unwrap_or(i64::MAX / 2)
    }

    /// Time since it began.
    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

/// The clock of one board, which a visitor can move and spoil.
pub struct SimClock {
    era: Era,
    offset_ms: AtomicI64,
    trust: AtomicU8,
}

/// Every trust, by its number in [`SimClock::trust`].
const TRUSTS: [ClockTrust; 5] =
    [ClockTrust::Ntp, ClockTrust::Rtc, ClockTrust::Signed, ClockTrust::CarriedOver, ClockTrust::None];

impl SimClock {
    /// A clock that is right, and synchronised.
    pub fn new(era: Era) -> Self {
        Self { era, offset_ms: AtomicI64::new(0), trust: AtomicU8::new(0) }
    }

    /// Moves it by so many seconds.
    pub fn add(&self, seconds: i64) {
        // A century either way is enough for anybody, and far from overflow.
        const MOST: i64 = 100 * 366 * DAY * 1000;
        let move_it = |offset: i64| Some(offset.saturating_add(seconds.saturating_mul(1000)).clamp(-MOST, MOST));
        // The closure always gives a value, so this cannot fail.
        let _ = self.offset_ms.fetch_update(Ordering::Relaxed, Ordering::Relaxed, move_it);
    }

    /// Makes it right again.
    pub fn reset(&self) {
        self.offset_ms.store(0, Ordering::Relaxed);
        self.believe(ClockTrust::Ntp);
    }

    /// Sets how far it may be believed.
    pub fn believe(&self, trust: ClockTrust) {
        let number = TRUSTS.iter().position(|known| *known == trust).unwrap_or(TRUSTS.len() - 1);
        self.trust.store(u8::try_from(number).unwrap_or(0), Ordering::Relaxed);
    }

    /// Seconds by which it is ahead.
    pub fn offset(&self) -> i64 {
        self.offset_ms.load(Ordering::Relaxed) / 1000
    }
}

impl Clock for SimClock {
    fn now(&self) -> WallTime {
        let since = i64::try_from(self.era.elapsed().as_millis()).unwrap_or(i64::MAX / 2);
        let trust = TRUSTS[usize::from(self.trust.load(Ordering::Relaxed)).min(TRUSTS.len() - 1)];
        WallTime { unix_ms: BEGINS * 1000 + since + self.offset_ms.load(Ordering::Relaxed), trust }
    }

    fn monotonic(&self) -> Duration {
        self.era.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_can_be_moved_spoilt_and_mended() {
        let clock = SimClock::new(Era::begin());
        clock.add(DAY);
        clock.believe(ClockTrust::None);
        assert_eq!((clock.offset(), clock.now().trust), (DAY, ClockTrust::None));
        assert!(clock.now().unix() >= BEGINS + DAY);
        clock.add(i64::MAX);
        clock.add(i64::MAX);
        clock.add(i64::MIN);
        clock.reset();
        assert_eq!((clock.offset(), clock.now().trust), (0, ClockTrust::Ntp));
    }
}
