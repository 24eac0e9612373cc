//! What time it is, and how far that may be believed: the one place where the board's clocks are held against what HQ
//! has signed.
//!
//! | grade | trust | when |
//! |---|---|---|
//! | good | `ntp` | a time server has set the system's clock since boot, and it keeps within what HQ has signed |
//! | good | `rtc` | the battery-backed clock does, runs evenly, and is not behind what this box has written down |
//! | good | `signed` | HQ has signed its time over a row of this start of the box, and the clock of the boot went on from there |
//! | coarse | `carried-over` | none of these; it is at least the newest time HQ has signed, or that was written down |
//! | bad | `none` | a clock contradicts what HQ has signed, and there is no better one; or there is nothing at all |
//!
//! HQ's signed time is of two sorts. A release says *it is not earlier than this*: a floor, whoever brings it and however
//! late. A receipt covers the chain hash of a row that nobody could know before it was sent; so it was signed between
//! then and now, and tells the time as well as that took.
//!
//! No clock's time is ever kept as signed: what is written down comes back as `carried-over`, after every start.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use wire::WallTime;

mod exchange;
mod known;

pub(crate) use exchange::Exchange;
use known::Known;

/// The time, for the whole box.
pub struct Clock {
    board: Arc<dyn board::Clock>,
    known: Mutex<Known>,
}

impl Clock {
    /// A clock that knows a signed floor (Unix seconds, 0 for none), and what was written down last.
    pub fn new(board: Arc<dyn board::Clock>, floor: i64, written: Option<WallTime>) -> Self {
        let written = written.map_or(0, |at| at.unix_ms).max(built());
        let known = Mutex::new(Known::new(floor, written, board.monotonic()));
        Self { board, known }
    }

    fn with<R>(&self, use_it: impl FnOnce(&mut Known) -> R) -> R {
        // Every change of it is one assignment; a panic cannot leave half of one.
        use_it(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The wall time with its trust.
    pub fn now(&self) -> WallTime {
        // Within the lock: the readings of two threads must not overtake one another.
        self.with(|known| known.now(self.board.read(), self.board.monotonic()))
    }

    /// Time since boot, never set back.
    pub fn monotonic(&self) -> Duration {
        self.board.monotonic()
    }

    /// The newest time HQ has signed, in Unix seconds; 0 before there is one. It is never earlier.
    pub fn floor(&self) -> i64 {
        self.with(|known| known.floor())
    }

    /// HQ's newest signed time, in Unix seconds; lower than before only when a root took it back.
    pub fn floor_is(&self, floor: i64) {
        self.with(|known| known.floor_is(floor, self.board.monotonic()));
    }

    /// HQ has signed that it was `issued` (Unix seconds) at some moment since `asked`.
    pub fn told(&self, issued: i64, asked: Duration) {
        self.with(|known| known.told(issued, asked, self.board.monotonic()));
    }
}

/// When this program was built, in milliseconds since 1970, where the build says so
/// (reproducible-builds.org/docs/source-date-epoch); it cannot be earlier than that.
fn built() -> i64 {
    let seconds = option_env!("SOURCE_DATE_EPOCH").and_then(|seconds| seconds.parse::<i64>().ok());
    seconds.unwrap_or(0).saturating_mul(1000)
}

#[cfg(test)]
mod tests;
