//! HQ's budget as a token bucket: rows a second, and a little saved up while nothing was sent.

use std::time::{Duration, Instant};

/// One row, in the unit that is counted: a rate in rows a second is just as many of these a nanosecond.
const ROW: u64 = 1_000_000_000;

/// What is saved up at most: a quarter of a second, or one batch.
const SAVED: u64 = 4;

/// Over any span `t` no more than `rate · t` rows leave, and what was saved up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bucket {
    /// Rows a second; none: as many as one likes.
    rate: Option<u32>,
    batch: u32,
    tokens: u64,
    at: Instant,
}

impl Bucket {
    /// No limit yet.
    pub(super) const fn new(batch: u32, now: Instant) -> Self {
        Self { rate: None, batch, tokens: 0, at: now }
    }

    /// Rows a second.
    pub(super) const fn rate(&self) -> Option<u32> {
        self.rate
    }

    /// Most rows that may leave at once, at a rate.
    pub(super) fn burst(rate: u32, batch: u32) -> u64 {
        (u64::from(rate) / SAVED).max(batch.into())
    }

    /// Another rate from now on. A box that was not limited begins with what it could have saved up. Nobody is told
    /// to send nothing: then no receipt could ever say otherwise.
    pub(super) fn limit(&mut self, rate: Option<u32>, now: Instant) {
        let rate = rate.map(|rate| rate.max(1));
        if rate == self.rate {
            return;
        }
        self.fill(now);
        let full = rate.map_or(0, |rate| Self::burst(rate, self.batch) * ROW);
        self.tokens = if self.rate.is_none() { full } else { self.tokens.min(full) };
        self.rate = rate;
    }

    fn fill(&mut self, now: Instant) {
        if let Some(rate) = self.rate {
            let nanoseconds = u64::try_from(now.saturating_duration_since(self.at).as_nanos()).unwrap_or(u64::MAX);
            let full = Self::burst(rate, self.batch) * ROW;
            self.tokens = self.tokens.saturating_add(nanoseconds.saturating_mul(rate.into())).min(full);
        }
        self.at = self.at.max(now);
    }

    /// From when on so many rows may leave; none without a limit. Never asks for more than can be saved up.
    pub(super) fn when(&self, rows: u64) -> Option<Instant> {
        let rate = self.rate?;
        let wanted = rows.min(Self::burst(rate, self.batch)) * ROW;
        Some(self.at + Duration::from_nanos(wanted.saturating_sub(self.tokens).div_ceil(rate.into())))
    }

    /// How many rows may leave now, at most `most`.
    pub(super) fn now(&mut self, most: u32, now: Instant) -> u32 {
        self.fill(now);
        match self.rate {
            None => most,
            Some(_) => u32::try_from(self.tokens / ROW).unwrap_or(u32::MAX).min(most),
        }
    }

    /// So many rows have left.
    pub(super) fn take(&mut self, rows: u32) {
        self.tokens = self.tokens.saturating_sub(u64::from(rows) * ROW);
    }
}
