//! What is known about the time, as a pure state: readings in, a time with its trust out.

use std::time::Duration;

use board::Readings;
use verdict::AHEAD_OF_FLOOR;
use wire::{ClockTrust, WallTime};

/// How far two good clocks may be apart, in milliseconds: what an issuer's clock may be ahead by, too.
const APART: i64 = 300_000;

/// How unevenly a clock may run, in parts: a cheap crystal in the frost is off by one in five thousand, and a time
/// daemon that slews by one in two thousand.
const DRIFT: i64 = 1000;

/// A step of the battery-backed clock that is none, in milliseconds: it tells whole seconds, and is slow to answer.
const STEP: i64 = 10_000;

/// How far off a time may be, in milliseconds, to be called HQ's own: with an exchange of a second, the drift of a week.
const OFF: i64 = 600_000;

/// A time that was true at a moment of this boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Anchor {
    ms: i64,
    at: Duration,
}

impl Anchor {
    /// What time it is by this one.
    fn on(self, mono: Duration) -> i64 {
        self.ms.saturating_add(self.age(mono))
    }

    fn age(self, mono: Duration) -> i64 {
        i64::try_from(mono.saturating_sub(self.at).as_millis()).unwrap_or(i64::MAX)
    }

    /// By how much the clock of the boot may have led it astray since.
    fn drift(self, mono: Duration) -> i64 {
        self.age(mono) / DRIFT
    }
}

/// HQ's word: at `from`, or up to `off` later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Told {
    from: Anchor,
    off: i64,
}

impl Told {
    fn off(self, mono: Duration) -> i64 {
        self.off.saturating_add(self.from.drift(mono))
    }

    /// Whether a clock may say so.
    fn agrees(self, ms: i64, mono: Duration) -> bool {
        let (from, drift) = (self.from.on(mono), self.from.drift(mono) + APART);
        ms >= from.saturating_sub(drift) && ms <= from.saturating_add(self.off).saturating_add(drift)
    }
}

/// What is known about the time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Known {
    /// HQ's newest signed time, in Unix seconds; 0 before there is one. It is never earlier.
    floor: i64,
    /// The best there is without any clock: at least so late.
    least: Anchor,
    /// What was written down before this start, in milliseconds; 0 for nothing.
    written: i64,
    /// HQ's word of this start.
    told: Option<Told>,
    /// Where the battery-backed clock is expected to go on from.
    rtc: Option<Anchor>,
}

impl Known {
    pub(super) fn new(floor: i64, written: i64, mono: Duration) -> Self {
        let mut known = Self { floor: 0, least: Anchor { ms: 0, at: mono }, written: 0, told: None, rtc: None };
        known.floor_is(floor, mono);
        // What was written down while some clock ran far ahead is worth nothing.
        if known.is_possible(written) {
            known.written = written;
            known.least.ms = known.least.ms.max(written);
        }
        known
    }

    pub(super) fn floor_is(&mut self, floor: i64, mono: Duration) {
        let floor = floor.max(0);
        if floor < self.floor {
            // A root took it back: what stood on the old one falls with it.
            (self.least, self.written, self.told) = (Anchor { ms: 0, at: mono }, 0, None);
        }
        self.floor = floor;
        self.least = Anchor { ms: self.least.on(mono).max(self.floor_ms()), at: mono };
    }

    pub(super) fn told(&mut self, issued: i64, asked: Duration, mono: Duration) {
        let from = Anchor { ms: issued.saturating_mul(1000), at: mono };
        // Whole seconds: it may have been just before the next.
        let off = Anchor { ms: 0, at: asked }.age(mono).saturating_add(1000);
        let is_better = self.told.is_none_or(|told| off <= told.off(mono));
        if is_better && off <= OFF && self.is_possible(from.ms) {
            self.told = Some(Told { from, off });
        }
    }

    pub(super) const fn floor(&self) -> i64 {
        self.floor
    }

    fn floor_ms(&self) -> i64 {
        self.floor.saturating_mul(1000)
    }

    /// Whether it may be so late, by HQ's floor: not before it, and not far ahead of it.
    fn is_possible(&self, ms: i64) -> bool {
        let floor = self.floor_ms();
        ms.saturating_add(APART) >= floor
            && (floor == 0 || ms.saturating_sub(floor) <= AHEAD_OF_FLOOR.saturating_mul(1000))
    }

    /// Whether a clock may say so, by everything HQ has signed.
    fn is_sound(&self, ms: i64, mono: Duration) -> bool {
        ms > 0 && self.is_possible(ms) && self.told.is_none_or(|told| told.agrees(ms, mono))
    }

    pub(super) fn now(&mut self, readings: Readings, mono: Duration) -> WallTime {
        let Readings { system_ms, synchronised, rtc_ms } = readings;
        let ntp = Some(system_ms).filter(|ms| synchronised && self.is_sound(*ms, mono));
        let told = self.told.filter(|told| told.off(mono) <= OFF).map(|told| told.from.on(mono));
        let rtc = rtc_ms.filter(|ms| self.is_sound(*ms, mono) && self.is_even(*ms, ntp.or(told), mono));
        let good = ntp
            .map(|ms| (ms, ClockTrust::Ntp))
            .or(rtc.map(|ms| (ms, ClockTrust::Rtc)))
            .or(told.map(|ms| (ms, ClockTrust::Signed)));
        if let Some((ms, trust)) = good {
            let unix_ms = ms.max(self.floor_ms());
            self.least = Anchor { ms: unix_ms, at: mono };
            return WallTime { unix_ms, trust };
        }
        let is_known = self.least.ms > 0;
        let unix_ms = if is_known { self.least.on(mono) } else { 0 };
        let is_contradicted = synchronised || rtc_ms.is_some();
        let trust = if is_known && !is_contradicted { ClockTrust::CarriedOver } else { ClockTrust::None };
        WallTime { unix_ms, trust }
    }

    /// Whether the battery-backed clock goes on as it did. One that steps was set by somebody, and one that is behind
    /// what this box has written down was lost; such a clock is believed again when a better one agrees with it, or
    /// when it is back where it should be.
    fn is_even(&mut self, ms: i64, better: Option<i64>, mono: Duration) -> bool {
        let (is_even, expected) = match (better, self.rtc) {
            (Some(better), _) => {
                let agrees = ms.abs_diff(better) <= APART.unsigned_abs();
                (agrees, Some(Anchor { ms: if agrees { ms } else { better }, at: mono }))
            }
            (None, Some(before)) => {
                let bound = STEP.saturating_add(before.drift(mono));
                (ms.abs_diff(before.on(mono)) <= bound.unsigned_abs(), Some(before))
            }
            (None, None) => {
                let is_after = ms.saturating_add(APART) >= self.written;
                (is_after, is_after.then_some(Anchor { ms, at: mono }))
            }
        };
        self.rtc = expected;
        is_even
    }
}

#[cfg(test)]
mod tests;
