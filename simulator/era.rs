//! The time the region lives in. It begins on a day of June 2021, when movement passes were being shown at
//! checkpoints and the first EU certificates were, so that real certificates of that time are really valid.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, Instant};

use ::board::{Clock, Readings};

/// 2021-06-15T09:00:00Z, noon in the region.
pub const BEGINS: i64 = 1_623_747_600;

/// Seconds in a day.
pub const DAY: i64 = 86_400;

/// When the simulation began, by the desk's own clock, and how much faster its time has gone since.
#[derive(Debug, Clone)]
pub struct Era {
    /// Unix seconds at which it begins.
    begins: i64,
    began: Instant,
    /// Milliseconds that have passed in the region and not on the desk.
    ahead_ms: Arc<AtomicI64>,
}

impl Era {
    /// An era that begins now.
    pub fn begin() -> Self {
        Self::begin_at(BEGINS)
    }

    /// An era that begins now, which is this time (Unix seconds) in the region.
    pub fn begin_at(begins: i64) -> Self {
        Self { begins, began: Instant::now(), ahead_ms: Arc::default() }
    }

    /// Unix seconds in the region.
    pub fn now(&self) -> i64 {
        self.begins + self.passed_ms() / 1000
    }

    /// Milliseconds that have passed in the region.
    fn passed_ms(&self) -> i64 {
        i64::try_from(self.elapsed().as_millis()).unwrap_or(i64::MAX / 2) + self.ahead_ms.load(Ordering::Relaxed)
    }

    /// Time since it began, on the desk.
    pub fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// How much more time has passed in the region than on the desk.
    pub fn ahead(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.ahead_ms.load(Ordering::Relaxed)).unwrap_or(0))
    }

    /// Lets time in the region run ahead so far, and never back. The number of the period of so many seconds that has
    /// begun with it, if one has; whoever asks first is told.
    pub fn run_ahead(&self, ahead: Duration, period: i64) -> Option<i64> {
        let ahead = i64::try_from(ahead.as_millis()).unwrap_or(i64::MAX / 2);
        let before = self.ahead_ms.fetch_max(ahead, Ordering::Relaxed);
        let number = |ms: i64| ms / 1000 / period;
        Some(number(ahead)).filter(|now| *now > number(before))
    }
}

/// The clocks of one board, which a visitor can move and take away. What the box makes of them is the box's own.
pub struct SimClock {
    era: Era,
    offset_ms: AtomicI64,
    /// Whether a time server has set it.
    ntp: AtomicBool,
    /// Whether there is a battery-backed clock.
    rtc: AtomicBool,
}

impl SimClock {
    /// Clocks that are right, and synchronised.
    pub fn new(era: Era) -> Self {
        Self { era, offset_ms: AtomicI64::new(0), ntp: AtomicBool::new(true), rtc: AtomicBool::new(true) }
    }

    /// Moves all of them by so many seconds.
    pub fn add(&self, seconds: i64) {
        // A century either way is enough for anybody, and far from overflow.
        const MOST: i64 = 100 * 366 * DAY * 1000;
        let move_it = |offset: i64| Some(offset.saturating_add(seconds.saturating_mul(1000)).clamp(-MOST, MOST));
        // The closure always gives a value, so this cannot fail.
        let _ = self.offset_ms.fetch_update(Ordering::Relaxed, Ordering::Relaxed, move_it);
    }

    /// Makes them right again.
    pub fn reset(&self) {
        self.offset_ms.store(0, Ordering::Relaxed);
        self.set_ntp(true);
        self.set_rtc(true);
    }

    /// Lets a time server be heard, or not.
    pub fn set_ntp(&self, is_heard: bool) {
        self.ntp.store(is_heard, Ordering::Relaxed);
    }

    /// Puts the battery-backed clock in, or takes it out.
    pub fn set_rtc(&self, is_there: bool) {
        self.rtc.store(is_there, Ordering::Relaxed);
    }

    /// Whether a time server is heard.
    pub fn ntp(&self) -> bool {
        self.ntp.load(Ordering::Relaxed)
    }

    /// Whether there is a battery-backed clock.
    pub fn rtc(&self) -> bool {
        self.rtc.load(Ordering::Relaxed)
    }

    /// Seconds by which they are ahead.
    pub fn offset(&self) -> i64 {
        self.offset_ms.load(Ordering::Relaxed) / 1000
    }
}

impl Clock for SimClock {
    fn read(&self) -> Readings {
        let system_ms = self.era.begins * 1000 + self.era.passed_ms() + self.offset_ms.load(Ordering::Relaxed);
        Readings { system_ms, synchronised: self.ntp(), rtc_ms: self.rtc().then_some(system_ms) }
    }

    fn monotonic(&self) -> Duration {
        self.era.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_runs_ahead_for_everybody_and_never_back() {
        let era = Era::begin();
        let clock = SimClock::new(era.clone());
        let day = Duration::from_secs(DAY.unsigned_abs());
        assert_eq!(era.run_ahead(day / 2, DAY), None);
        assert_eq!(era.run_ahead(3 * day, DAY), Some(3));
        assert_eq!(era.run_ahead(3 * day, DAY), None, "told once");
        assert_eq!(era.run_ahead(day, DAY), None);
        assert_eq!(era.ahead(), 3 * day);
        assert!(era.now() >= BEGINS + 3 * DAY && clock.read().system_ms >= (BEGINS + 3 * DAY) * 1000);
        assert!(era.elapsed() < day && clock.monotonic() < day);
    }

    #[test]
    fn clocks_can_be_moved_taken_away_and_mended() {
        let clock = SimClock::new(Era::begin());
        clock.add(DAY);
        clock.set_ntp(false);
        let read = clock.read();
        assert_eq!((clock.offset(), read.synchronised, read.rtc_ms), (DAY, false, Some(read.system_ms)));
        assert!(read.system_ms >= (BEGINS + DAY) * 1000);
        clock.set_rtc(false);
        assert_eq!(clock.read().rtc_ms, None);
        clock.add(i64::MAX);
        clock.add(i64::MAX);
        clock.add(i64::MIN);
        clock.reset();
        assert_eq!((clock.offset(), clock.ntp(), clock.rtc()), (0, true, true));
    }
}
