//! The send budget: what the ledger can take in a second, divided among the boxes that have a backlog.
//!
//! A box with nothing to send has no need of a share; its retained receipt holds a cautious one, as if all boxes
//! came back at once. With its first full batch it counts as behind and gets a real share, and so does everybody
//! else that is.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use wire::BoxId;

/// A batch of so many rows says that more are waiting.
const FULL: usize = 16;

/// A box that has sent no full batch for so long has caught up, or has gone.
const BEHIND: Duration = Duration::from_secs(10);

/// Who is behind, and what there is to share.
#[derive(Debug)]
pub(super) struct Shares {
    /// Rows a second for all; none: no limit.
    capacity: Option<u32>,
    behind: BTreeMap<BoxId, Instant>,
}

impl Shares {
    pub(super) const fn new(capacity: Option<u32>) -> Self {
        Self { capacity, behind: BTreeMap::new() }
    }

    /// A box has sent a batch.
    pub(super) fn sent(&mut self, name: &BoxId, rows: usize, now: Instant) {
        self.behind.retain(|_, since| now.saturating_duration_since(*since) < BEHIND);
        if rows >= FULL {
            self.behind.insert(name.clone(), now);
        } else {
            self.behind.remove(name);
        }
    }

    /// What a box may send in a second from now on; `boxes` is how many there are.
    pub(super) fn of(&self, name: &BoxId, boxes: usize) -> Option<u32> {
        let among = if self.behind.contains_key(name) { self.behind.len() } else { boxes.max(self.behind.len()) };
        let among = u32::try_from(among.max(1)).unwrap_or(u32::MAX);
        self.capacity.map(|capacity| (capacity / among).max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A region comes back at once: real links on one side, on the other HQ's queue and what its ledger can take, all
    /// in a time of their own. The longest the queue has been.
    fn a_region_comes_back(boxes: u64, rows: u64, capacity: Option<u32>) -> usize {
        use std::collections::VecDeque;
        use uplink::{Command, Event, Machine, Pace};
        const LEDGER: u64 = 5; // rows a millisecond
        let begin = Instant::now();
        let name = |n: usize| -> BoxId { format!("post-{n}").parse().unwrap() };
        let mut shares = Shares::new(capacity);
        let mut machines: Vec<_> = (0..boxes).map(|_| Machine::new(Pace::default(), || 0, 0, rows, begin)).collect();
        let (mut queue, mut longest, mut spare) = (VecDeque::new(), 0, 0);
        let mut events = VecDeque::new();
        for n in 0..machines.len() {
            let budget = shares.of(&name(n), machines.len());
            let receipt = Event::Covered { sequence: 0, ledger: [1; 8], issued: 0, budget };
            events.extend([(n, Event::Wake), (n, Event::Connected), (n, receipt)]);
        }
        for millisecond in 0.. {
            let now = begin + Duration::from_millis(millisecond);
            for (n, machine) in machines.iter().enumerate() {
                if machine.deadline().is_some_and(|at| at <= now) {
                    events.push_back((n, Event::Wake));
                }
            }
            while let Some((n, event)) = events.pop_front() {
                for command in machines[n].handle(event, now) {
                    if let Command::Send { after, most } = command {
                        let through = rows.min(after + u64::from(most));
                        queue.push_back((n, after, through));
                        events.push_back((n, Event::Sent { through, rows: (through - after) as u32 }));
                    }
                }
            }
            longest = longest.max(queue.len());
            spare += LEDGER;
            while let Some((n, after, through)) = queue.front().copied().filter(|(_, after, to)| to - after <= spare) {
                queue.pop_front();
                spare -= through - after;
                shares.sent(&name(n), (through - after) as usize, now);
                let budget = shares.of(&name(n), machines.len());
                let issued = (millisecond / 1000).cast_signed();
                let receipt = Event::Covered { sequence: through, ledger: [1; 8], issued, budget };
                events.push_back((n, receipt));
            }
            spare = if queue.is_empty() { 0 } else { spare };
            if machines.iter().all(|machine| machine.covered() == rows) {
                break;
            }
            assert!(millisecond < 600_000, "it never ends");
        }
        longest
    }

    #[test]
    fn a_region_that_comes_back_at_once_overruns_no_queue_when_it_keeps_to_its_budget() {
        let with = a_region_comes_back(200, 1500, Some(5000));
        let without = a_region_comes_back(200, 1500, None);
        println!("measured: 200 boxes at once: at most {with} messages wait with a budget, {without} without");
        assert!(with < crate::collect::WAITING, "{with}");
        assert!(without > crate::collect::WAITING, "{without}: the test could not fail");
    }

    #[test]
    fn those_who_are_behind_share_and_the_others_begin_with_little() {
        let name = |n: u32| -> BoxId { format!("post-{n}").parse().unwrap() };
        let mut shares = Shares::new(Some(5000));
        let now = Instant::now();
        assert_eq!(shares.of(&name(1), 50), Some(100));
        shares.sent(&name(1), 32, now);
        assert_eq!((shares.of(&name(1), 50), shares.of(&name(2), 50)), (Some(5000), Some(100)));
        (2..=10).for_each(|n| shares.sent(&name(n), 32, now));
        assert_eq!(shares.of(&name(1), 50), Some(500));
        // The last rows of a backlog are few.
        shares.sent(&name(2), 3, now);
        assert_eq!((shares.of(&name(1), 50), shares.of(&name(2), 50)), (Some(555), Some(100)));
        // Those who went away share no more.
        shares.sent(&name(1), 32, now + BEHIND);
        assert_eq!(shares.of(&name(1), 50), Some(5000));
        assert_eq!(Shares::new(None).of(&name(1), 50), None);
        assert_eq!(Shares::new(Some(3)).of(&name(1), 50), Some(1));
    }
}
