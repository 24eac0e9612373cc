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
    /// It was said already that it starves.
    starves: bool,
}

impl Watchdog {
    /// Watches these workers; feeds at half of systemd's interval, where systemd asks for it.
    pub fn new(pulses: Vec<(&'static str, Pulse)>) -> Self {
        Self {
            workers: pulses.into_iter().map(|(name, pulse)| (name, pulse, 0)).collect(),
            every: sd_notify::watchdog_enabled().map(|interval| interval / 2),
            fed: Instant::now(),
            starves: false,
        }
    }

    /// Tells systemd that the box stands.
    pub fn ready(&self) {
        tell(sd_notify::NotifyState::Ready);
    }

    /// Called on every turn of the main loop: feeds when it is time and all workers have moved since. Names those that
    /// have not, once, while there is still time to write something down: half way from the meal that failed to the end.
    pub fn turn(&mut self, now: Instant) -> Option<Vec<&'static str>> {
        let every = self.every?;
        let hungry = now.duration_since(self.fed);
        if hungry < every {
            return None;
        }
        if self.all_moved() {
            (self.fed, self.starves) = (now, false);
            tell(sd_notify::NotifyState::Watchdog);
            return None;
        }
        let is_news = hungry >= every * 3 / 2 && !std::mem::replace(&mut self.starves, true);
        is_news.then(|| self.hanging().collect())
    }

    /// The workers that have not moved since all of them last had.
    fn hanging(&self) -> impl Iterator<Item = &'static str> {
        self.workers.iter().filter(|(_, pulse, seen)| pulse.load(Ordering::Relaxed) == *seen).map(|(name, ..)| *name)
    }

    /// Whether every worker has moved since this last was so.
    fn all_moved(&mut self) -> bool {
        let moved = self.hanging().next().is_none();
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

    #[test]
    fn who_hangs_is_named_once_and_before_the_end() {
        let (turning, hanging) = (Pulse::default(), Pulse::default());
        let mut dog = Watchdog::new(vec![("turning", turning.clone()), ("hanging", hanging.clone())]);
        let (began, second) = (dog.fed, Duration::from_secs(1));
        dog.every = Some(second * 10);
        turning.fetch_add(1, Ordering::Relaxed);
        assert_eq!(dog.turn(began + second * 11), None, "it may only be slow");
        assert_eq!(dog.turn(began + second * 15), Some(vec!["hanging"]));
        assert_eq!(dog.turn(began + second * 16), None, "it was said");
        hanging.fetch_add(1, Ordering::Relaxed);
        assert_eq!(dog.turn(began + second * 17), None);
        assert_eq!(dog.fed, began + second * 17, "it is fed again");
    }
}
