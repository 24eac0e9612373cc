//! Proof of work for systemd: fed only while every worker's loop turns, never by a timer.
//!
//! It proves that loops turn, not that devices exist: a missing camera is a state with its own screen.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::crew::Pulse;

/// Watches the pulses and knows when all of them have moved.
pub struct Watchdog {
    workers: Vec<(&'static str, Pulse, u64)>,
    every: Option<Duration>,
    fed: Instant,
}

impl Watchdog {
    /// Watches these workers; feeds at half of systemd's interval, where systemd asks for it.
    pub fn new(pulses: Vec<(&'static str, Pulse)>) -> Self {
        Self {
            workers: pulses.into_iter().map(|(name, pulse)| (name, pulse, 0)).collect(),
            every: sd_notify::watchdog_enabled().map(|interval| interval / 2),
            fed: Instant::now(),
        }
    }

    /// Tells systemd that the box stands.
    pub fn ready(&self) {
        tell(sd_notify::NotifyState::Ready);
    }

    /// Called on every turn of the main loop: feeds when it is time and all workers have moved since.
    pub fn turn(&mut self, now: Instant) {
        let Some(every) = self.every else { return };
        if now.duration_since(self.fed) < every {
            return;
        }
        if self.all_moved() {
            self.fed = now;
            tell(sd_notify::NotifyState::Watchdog);
        }
    }

    /// Whether every worker has moved since this last was so.
    fn all_moved(&mut self) -> bool {
        let moved = self.workers.iter().all(|(_, pulse, seen)| pulse.load(Ordering::Relaxed) != *seen);
        if moved {
            for (_, pulse, seen) in &mut self.workers {
                *seen = pulse.load(Ordering::Relaxed);
            }
        }
        moved
    }
}

fn tell(state: sd_notify::NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!(%error, "systemd does not listen");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_worker_that_hangs_starves_the_watchdog() {
        let (turning, hanging) = (Pulse::default(), Pulse::default());
        let mut dog = Watchdog::new(vec![("turning", turning.clone()), ("hanging", hanging.clone())]);
        turning.fetch_add(1, Ordering::Relaxed);
        assert!(!dog.all_moved());
        hanging.fetch_add(1, Ordering::Relaxed);
        assert!(dog.all_moved());
        turning.fetch_add(1, Ordering::Relaxed);
        assert!(!dog.all_moved());
    }
}
