//! How many wrong short codes may be tried at a box, so that nobody finds one by trying.
//!
//! Kept in memory: a file would be written for every slip of a finger. So a restart must gain nothing: it counts as all
//! tries but one, and who pulls the plug to try again has one try for each time the box takes to start. Only codes
//! that could be guessed are counted, each once; signed passes, links, cards and plates are judged all the while.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use verdict::Attempts as Rule;

/// How often the pause is doubled while tries go on being used up.
const MOST_DOUBLED: u32 = 4;

/// Wrong codes that are remembered, so that one that stands in front of the camera is one try.
const REMEMBERED: usize = 16;

/// The wrong codes of a box. Times are its monotonic clock's.
#[derive(Clone)]
pub struct Attempts(Arc<Mutex<Tries>>);

struct Tries {
    began: Duration,
    wrong: VecDeque<(Duration, u64)>,
    /// Until when nothing is tried, and how often in a row it came to that.
    locked: Option<(Duration, u32)>,
}

impl Attempts {
    /// A box that has just started.
    pub fn new(now: Duration) -> Self {
        Self(Arc::new(Mutex::new(Tries { began: now, wrong: VecDeque::new(), locked: None })))
    }

    /// Whether another code may be tried.
    pub fn may(&self, rule: Rule, now: Duration) -> bool {
        self.tries().wait(rule, now).is_zero()
    }

    /// How long it is until one may.
    pub fn wait(&self, rule: Rule, now: Duration) -> Duration {
        self.tries().wait(rule, now)
    }

    /// A code was wrong. `code` tells it from others, and is not the code.
    pub fn failed(&self, rule: Rule, code: u64, now: Duration) {
        self.tries().failed(rule, code, now);
    }

    fn tries(&self) -> std::sync::MutexGuard<'_, Tries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tries {
    fn wait(&self, rule: Rule, now: Duration) -> Duration {
        self.locked.map_or(Duration::ZERO, |(at, times)| pause(rule, times).saturating_sub(now.saturating_sub(at)))
    }

    fn failed(&mut self, rule: Rule, code: u64, now: Duration) {
        if self.wrong.iter().any(|(_, known)| *known == code) {
            return;
        }
        let window = Duration::from_secs(rule.seconds);
        if self.wrong.len() == REMEMBERED.max(usize::try_from(rule.tries).unwrap_or(REMEMBERED)) {
            self.wrong.pop_front();
        }
        self.wrong.push_back((now, code));
        let since = self.locked.map_or(self.began, |(at, times)| at + pause(rule, times));
        let recent = |at: &Duration| now.saturating_sub(*at) < window && *at >= since;
        let mut tries = self.wrong.iter().filter(|(at, _)| recent(at)).count() as u64;
        if self.locked.is_none() && now.saturating_sub(self.began) < window {
            // What was tried before the start nobody knows.
            tries = tries.saturating_add(rule.tries.saturating_sub(1));
        }
        if tries >= rule.tries.max(1) {
            // Whoever begins again as soon as the pause is over waits for longer; after a quiet time for no longer.
            let times = self.locked.filter(|(at, times)| now.saturating_sub(*at) < pause(rule, *times) + window);
            self.locked = Some((now, times.map_or(0, |(_, times)| (times + 1).min(MOST_DOUBLED))));
        }
    }
}

fn pause(rule: Rule, times: u32) -> Duration {
    Duration::from_secs(rule.seconds).saturating_mul(1 << times)
}

#[cfg(test)]
mod tests;
