//! How many rows come in an hour: by what was seen since the start, and before it by the box's own checkpoints, which
//! carry the time.

use std::collections::VecDeque;
use std::time::Instant;

use rusqlite::{Connection, OptionalExtension as _};
use wire::WallTime;

use crate::{Checkpoint, disk};

/// What counts as present: the denser of the last hour and the last day, because nights are quiet and a jam is not
/// over in a day.
const WINDOWS: [i64; 2] = [3600, 86_400];

/// Shortest time from which a rate is told, in seconds.
const SHORTEST: i64 = 600;

/// Seconds between marks: some hundreds of them in a day.
const BETWEEN: i64 = 120;

/// Farthest that a checkpoint may be from where it was looked for: there is one among every 65 rows. Where there is
/// none, rows are missing, and a sequence counts nothing.
const FAR: u64 = 1000;

/// When which sequence was reached.
pub(crate) struct Traffic {
    began: Instant,
    /// Seconds since `began`, before it negative; oldest first.
    marks: VecDeque<(i64, u64)>,
    /// Whether what was before the start has been looked up.
    is_seeded: bool,
}

impl Traffic {
    pub(crate) fn new() -> Self {
        Self { began: Instant::now(), marks: VecDeque::new(), is_seeded: false }
    }

    /// Rows in an hour, given where the journal stands; none without traffic, or when too little was seen.
    pub(crate) fn per_hour(&mut self, db: &Connection, head: u64, now: WallTime) -> Option<u64> {
        let at = i64::try_from(self.began.elapsed().as_secs()).unwrap_or(i64::MAX);
        if !self.is_seeded && now.trust.is_sound() {
            self.is_seeded = true;
            let start = self.marks.front().map_or(head, |(_, sequence)| *sequence);
            for (age, sequence) in before(db, start, now) {
                self.marks.push_front((at.saturating_sub(age), sequence));
            }
        }
        if self.marks.back().is_none_or(|(last, _)| at - last >= BETWEEN) {
            self.marks.push_back((at, head));
        }
        while self.marks.front().is_some_and(|(first, _)| at - first > WINDOWS[1]) {
            self.marks.pop_front();
        }
        rate(&self.marks, at, head)
    }
}

/// The densest traffic of the windows, by marks of which the oldest comes first.
fn rate(marks: &VecDeque<(i64, u64)>, at: i64, head: u64) -> Option<u64> {
    let over = |window: i64| {
        let (then, sequence) = marks.iter().find(|(then, _)| at - then <= window)?;
        let (seconds, rows) = (at - then, head.checked_sub(*sequence)?);
        (seconds >= SHORTEST).then(|| rows.saturating_mul(3600) / seconds.cast_unsigned())
    };
    WINDOWS.into_iter().filter_map(over).max().filter(|rows| *rows > 0)
}

/// Ages in seconds and sequences of some of the box's checkpoints, newest first and ever further apart.
fn before(db: &Connection, head: u64, now: WallTime) -> Vec<(i64, u64)> {
    let (mut found, mut back, mut youngest) = (Vec::new(), 0, -1);
    while let Some(from) = head.checked_sub(back) {
        back = (back * 2).max(64);
        let row = db
            .prepare_cached(include_str!("sql/checkpoint_before.sql"))
            .and_then(|mut query| query.query_row([from.cast_signed()], disk::row).optional());
        let Ok(Some(row)) = row else { break };
        // Read by the box itself for its own good: nobody gains by a false signature here.
        let Some(checkpoint) = Checkpoint::claimed(&row) else { break };
        let age = now.unix().saturating_sub(checkpoint.at.unix());
        if from - row.sequence > FAR || !checkpoint.at.trust.is_sound() || age < youngest {
            break;
        }
        if age > youngest {
            found.push((age, row.sequence));
        }
        youngest = age;
        if age > WINDOWS[1] {
            break;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn per_hour(marks: &[(i64, u64)], at: i64, head: u64) -> Option<u64> {
        rate(&marks.iter().copied().collect(), at, head)
    }

    #[test]
    fn the_denser_of_an_hour_and_a_day_counts() {
        let day = 86_400;
        // A quiet hour after a busy day, and a busy hour after a quiet day.
        assert_eq!(per_hour(&[(0, 0), (day - 3600, 2400), (day, 2400)], day, 2400), Some(100));
        assert_eq!(per_hour(&[(0, 0), (day - 3600, 0), (day, 500)], day, 500), Some(500));
    }

    #[test]
    fn without_traffic_or_after_a_few_minutes_there_is_no_rate() {
        assert_eq!(per_hour(&[], 0, 5), None);
        assert_eq!(per_hour(&[(0, 5)], 599, 100), None);
        assert_eq!(per_hour(&[(0, 5)], 600, 105), Some(600));
        assert_eq!(per_hour(&[(0, 5)], 7200, 5), None);
        // A journal that was set back tells nothing.
        assert_eq!(per_hour(&[(0, 5)], 7200, 1), None);
    }
}
