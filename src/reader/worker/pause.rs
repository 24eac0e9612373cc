//! How long nothing is started after a death. A camera that goes on showing a picture that kills costs a process
//! and a deadline's worth of processor time now and then, not with every frame.

use std::time::{Duration, Instant};

/// The first pause; the one death before it is followed by none. Each is twice the one before.
const FIRST: Duration = Duration::from_millis(250);

/// The longest pause.
const LONGEST: Duration = Duration::from_secs(8);

/// Deaths are forgotten after this long without one.
const FORGOTTEN: Duration = Duration::from_secs(30);

/// The pause after a child that ended before it was ready: the system will not let it be one, and that lasts.
const UNFIT: Duration = Duration::from_secs(60);

/// Counts deaths and says when to try again.
#[derive(Debug, Default)]
pub(super) struct Pause {
    strikes: u32,
    last: Option<Instant>,
    until: Option<Instant>,
}

impl Pause {
    /// A child has died; `is_unfit` when it ended by itself before it was ready.
    pub(super) fn strike(&mut self, now: Instant, is_unfit: bool) {
        if self.last.is_some_and(|last| now.duration_since(last) >= FORGOTTEN) {
            self.strikes = 0;
        }
        let pause = match self.strikes {
            _ if is_unfit => UNFIT,
            0 => Duration::ZERO,
            strikes => FIRST.saturating_mul(1 << (strikes - 1).min(16)).min(LONGEST),
        };
        self.strikes = self.strikes.saturating_add(1);
        self.last = Some(now);
        self.until = Some(now + pause);
    }

    /// Whether one may be started.
    pub(super) fn is_over(&self, now: Instant) -> bool {
        self.until.is_none_or(|until| now >= until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Milliseconds of the pause after a death.
    fn after(pause: &Pause, now: Instant) -> u128 {
        pause.until.map_or(0, |until| until.duration_since(now).as_millis())
    }

    #[test]
    fn one_death_costs_no_pause_many_cost_ever_longer_ones_and_all_are_forgotten() {
        let (mut pause, mut now) = (Pause::default(), Instant::now());
        assert!(pause.is_over(now));
        for expected in [0, 250, 500, 1000, 2000, 4000, 8000, 8000, 8000] {
            pause.strike(now, false);
            assert_eq!(after(&pause, now), expected);
            assert_eq!(pause.is_over(now), expected == 0);
            now += Duration::from_millis(expected as u64 + 100);
            assert!(pause.is_over(now));
        }
        now += FORGOTTEN;
        pause.strike(now, false);
        assert_eq!(after(&pause, now), 0);
    }

    #[test]
    fn a_child_that_cannot_be_one_is_not_tried_again_soon() {
        let (mut pause, now) = (Pause::default(), Instant::now());
        pause.strike(now, true);
        assert!(!pause.is_over(now + Duration::from_secs(59)));
        assert!(pause.is_over(now + UNFIT));
    }
}
