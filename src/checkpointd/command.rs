//! What HQ commands this box, done at most once, in the order of the numbers.
//!
//! The number is kept first, then the thing is done, then the journal says what became of it. So a command is
//! never done twice, whatever the power does; one that was cut off is told to HQ as `interrupted`, and HQ may
//! command it again under a new number.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use journal::Writer;
use tokio::sync::{Notify, mpsc, watch};
use uplink::Refused;
use wire::command::{Command, LONGEST_REPORT, Report, What};
use wire::{BoxId, RegionId};

use crate::clock::Clock;
use crate::crew::{Pulse, Stop, TURN};
use crate::crossing::note;
use crate::sync::Roots;

mod kept;
#[cfg(test)]
mod tests;

use kept::{Kept, Last};

/// The worker that does it. It ends by itself when HQ tells the box to start again.
pub const WORKER: &str = "commands";

/// Commands that may wait; HQ says again what finds no room.
pub(crate) const WAITING: usize = 4;

/// Heartbeats are at most this far apart, in seconds: a day.
const SELDOM: u32 = 86_400;

/// Takes a sealed secret; or the stable code of why not.
pub(crate) type TakeSecret = Box<dyn FnMut(&[u8]) -> Result<(), &'static str> + Send>;

/// What has come of commands since the start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counted {
    /// The number of the last one there ever was.
    pub last: u64,
    /// How many were done.
    pub done: u64,
    /// How many were not, by the code of why.
    pub refused: BTreeMap<&'static str, u64>,
}

/// What has come of commands, for whoever shows it.
#[derive(Debug, Clone, Default)]
pub struct Commanded(Arc<Mutex<Counted>>);

impl Commanded {
    /// As it is now.
    pub fn counted(&self) -> Counted {
        self.with(|counted| counted.clone())
    }

    fn with<T>(&self, change: impl FnOnce(&mut Counted) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What commands reach.
pub(crate) struct Parts {
    pub region: RegionId,
    pub name: BoxId,
    pub roots: Roots,
    pub clock: Arc<Clock>,
    pub writer: Writer,
    /// Told when the journal has grown.
    pub appended: Arc<Notify>,
    pub commanded: Commanded,
    /// What the box says of itself, for people.
    pub status: Box<dyn Fn() -> String + Send>,
    pub heartbeat: watch::Sender<Duration>,
    pub reports: mpsc::Sender<Vec<u8>>,
    pub take_secret: TakeSecret,
}

/// Whoever does what HQ commands.
pub(crate) struct Hand {
    parts: Parts,
    /// Without it nothing is done: a number could come twice.
    kept: Result<Kept, io::Error>,
}

/// What comes after a command.
#[derive(Debug, PartialEq, Eq)]
enum Then {
    Nothing,
    Restart,
}

impl Hand {
    pub(crate) fn new(parts: Parts, data: &Path) -> Self {
        let kept = Kept::open(data);
        match &kept {
            Ok(kept) => parts.commanded.with(|counted| counted.last = kept.last().number),
            Err(error) => tracing::error!(%error, "no command of HQ is done until its number can be kept"),
        }
        Self { parts, kept }
    }

    /// Works until told to stop, by the box or by HQ.
    pub(crate) fn work(mut self, commands: &Receiver<Vec<u8>>, stop: &Stop, pulse: &Pulse) {
        while !stop.load(Ordering::Relaxed) {
            pulse.fetch_add(1, Ordering::Relaxed);
            match commands.recv_timeout(TURN) {
                Ok(bytes) if self.take(&bytes) == Then::Restart => return,
                Ok(_) | Err(RecvTimeoutError::Timeout) => {}
                // The link has ended, and with it the box.
                Err(RecvTimeoutError::Disconnected) => std::thread::sleep(TURN),
            }
        }
    }

    fn take(&mut self, bytes: &[u8]) -> Then {
        let Ok(kept) = &mut self.kept else {
            self.count("command-state");
            return Then::Nothing;
        };
        let last = kept.last();
        let Parts { region, name, clock, .. } = &self.parts;
        let time = clock.now();
        let now = if time.trust.is_sound() { time.unix() } else { clock.floor() };
        let keys = |at| self.parts.roots.command_keys(at);
        let (number, command) = match uplink::judged(bytes, region, name, &keys, now, last.number) {
            Ok(command) => (command.number, Ok(command)),
            Err(Refused::Replayed { number, .. }) if number == last.number => {
                // HQ asks what became of it. The journal has said so, unless the power went in between.
                if !last.answered {
                    self.answer(number, "command", Err("interrupted"));
                }
                return Then::Nothing;
            }
            Err(error) => {
                tracing::warn!(code = error.code(), "a command is refused: {error}");
                let Some(number) = error.is_ours() else {
                    self.count(error.code());
                    return Then::Nothing;
                };
                (number, Err(error.code()))
            }
        };
        if let Err(error) = kept.keep(Last { number, answered: false }) {
            tracing::error!(%error, "the number of a command cannot be kept; it is not done");
            self.count("command-state");
            return Then::Nothing;
        }
        self.parts.commanded.with(|counted| counted.last = number);
        match command {
            Ok(command) => self.obey(command),
            Err(code) => {
                self.answer(number, "command", Err(code));
                Then::Nothing
            }
        }
    }

    fn obey(&mut self, Command { number, what, .. }: Command) -> Then {
        tracing::info!(number, what = what.code(), "HQ commands");
        let code = what.code();
        let outcome = match &what {
            What::Report => self.report(number),
            What::Heartbeat { seconds } => {
                self.parts.heartbeat.send_replace(Duration::from_secs((*seconds).clamp(1, SELDOM).into()));
                Ok(())
            }
            What::Secret { sealed } => (self.parts.take_secret)(sealed),
            // No release names an image yet.
            What::Update { .. } => Err("no-image"),
            // The answer must be durable before the box ends.
            What::Restart => Ok(()),
        };
        self.answer(number, code, outcome);
        if what == What::Restart { Then::Restart } else { Then::Nothing }
    }

    fn report(&self, number: u64) -> Result<(), &'static str> {
        let mut text = (self.parts.status)();
        let end = text.floor_char_boundary(LONGEST_REPORT);
        text.truncate(end);
        let report = Report { number, at: self.parts.clock.now().unix(), text };
        self.parts.reports.try_send(wire::encode(&report)).map_err(|_| "busy")
    }

    /// Tells HQ what became of a command: durably, by the journal.
    fn answer(&mut self, number: u64, what: &str, outcome: Result<(), &'static str>) {
        let now = self.parts.clock.now();
        let entry = match outcome {
            Ok(()) => note("command-done", &format!("{number} {what}"), now),
            Err(code) => note("command-refused", &format!("{number} {what} {code}"), now),
        };
        match outcome {
            Ok(()) => self.parts.commanded.with(|counted| counted.done += 1),
            Err(code) => self.count(code),
        }
        if let Err(error) = self.parts.writer.append(vec![entry], now) {
            // HQ asks again, and is answered then.
            tracing::error!(code = error.code(), "what became of a command could not be written down");
            return;
        }
        self.parts.appended.notify_one();
        if let Ok(kept) = &mut self.kept
            && let Err(error) = kept.keep(Last { number, answered: true })
        {
            tracing::error!(%error, "that a command was answered cannot be kept");
        }
    }

    fn count(&self, code: &'static str) {
        self.parts.commanded.with(|counted| *counted.refused.entry(code).or_default() += 1);
    }
}
