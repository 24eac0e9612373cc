//! The loop of a lane: one event at a time, durable first, shown second.
//!
//! Everything that happens at the lane arrives on one channel, which gives it one order. What an event has
//! to leave behind is written and on the disk before the new state is shown; so green never shows for a
//! crossing that a power cut could lose. While the journal cannot be written, what is owed to it is kept
//! and tried again on every turn, and the configured policy says what the officer sees.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use board::Key;
use journal::Writer;
use trust::View;
use wire::entry::Entry;

use crate::clock::Clock;
use crate::config::WhenJournalFails;
use crate::crew::TURN;
use crate::crossing::{Event, Lane, World, note};
use crate::gauges::{Gauges, Timing};

/// Most entries owed to a journal that cannot be written; the policy *check* goes on without more.
const MOST_OWED: usize = 256;

/// How long the disk may take before the panel says that nothing is written down; then no light of the verdict
/// before stays on for the next car. Cards pause for a few hundred milliseconds when all is well.
const STALL: Duration = Duration::from_secs(1);

/// Shortest time between two tries to write what is owed.
const RETRY: Duration = Duration::from_secs(1);

/// Whether the journal takes what it is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Journal {
    /// Everything is durable.
    Writes,
    /// It cannot be written: nobody is judged.
    Stopped,
    /// It cannot be written: nobody is shown green, the officer decides.
    Doubtful,
}

/// What the loop needs of the box.
pub struct Parts {
    /// What HQ has told the box.
    pub trust: View,
    /// Makes entries durable.
    pub writer: Writer,
    /// The time.
    pub clock: Arc<Clock>,
    /// What happens while the journal fails.
    pub when_journal_fails: WhenJournalFails,
    /// Where what was measured is put.
    pub gauges: Arc<Gauges>,
}

/// What the journal has not taken yet.
struct Owed {
    entries: VecDeque<Entry>,
    tried: Instant,
    policy: WhenJournalFails,
    /// Why it was not taken: there is no room.
    is_full: bool,
    lost: u64,
}

impl Owed {
    /// Writes what is owed and what is new; all of it or nothing. `waiting` is called on every turn until the disk
    /// answers, with the time it has taken so far.
    fn settle(&mut self, new: Vec<Entry>, parts: &Parts, mut waiting: impl FnMut(Duration)) {
        let failing = !self.entries.is_empty();
        self.entries.extend(new);
        if self.entries.is_empty() || failing && self.tried.elapsed() < RETRY {
            return;
        }
        self.tried = Instant::now();
        // What ends or explains something may still have room where the next crossing has none.
        let crossing = |entry: &Entry| matches!(entry, Entry::Crossing(_));
        let before = self.entries.iter().position(crossing).unwrap_or(0);
        let count = if self.is_full && before > 0 { before } else { self.entries.len() };
        let tried = self.entries.iter().take(count).cloned().collect();
        let answer = parts.writer.send(tried, parts.clock.now()).and_then(|written| {
            loop {
                match written.wait_for(TURN) {
                    Some(answer) => break answer,
                    None => waiting(self.tried.elapsed()),
                }
            }
        });
        match answer {
            Ok(_) => {
                self.entries.drain(..count);
                self.is_full = false;
                if self.lost > 0 {
                    tracing::error!(lost = self.lost, "the journal writes again; entries were lost meanwhile");
                    self.lost = 0;
                }
            }
            Err(error) => {
                self.is_full = matches!(error, journal::Error::Full(_));
                // Once: it is tried again every second, and the panel says it all the time.
                if !failing {
                    tracing::error!(code = error.code(), "the journal cannot be written");
                }
                // Only the policy *check*, which says so in its description, loses crossings; under *stop* there
                // are none that could be, and of notes the oldest is the least.
                while self.entries.len() > MOST_OWED {
                    let note = self.entries.iter().position(|entry| matches!(entry, Entry::Note(_)));
                    let Some(least) = note.or((self.policy == WhenJournalFails::Check).then_some(0)) else { break };
                    self.entries.remove(least);
                    self.lost += 1;
                }
            }
        }
    }

    fn state(&self) -> Journal {
        match (self.entries.is_empty(), self.policy) {
            (true, _) => Journal::Writes,
            (false, WhenJournalFails::Stop) => Journal::Stopped,
            (false, WhenJournalFails::Check) => Journal::Doubtful,
        }
    }
}

/// Runs until told to stop or until nobody sends events any more. `show` is called after every event, when
/// what it left behind is durable or the journal is known to fail; it must not block.
pub fn run(
    mut lane: Lane,
    events: &Receiver<Event>,
    parts: &Parts,
    mut show: impl FnMut(&Lane, Journal),
    stop: &AtomicBool,
    pulse: &AtomicU64,
) {
    let policy = parts.when_journal_fails;
    let mut owed = Owed { entries: VecDeque::new(), tried: Instant::now(), policy, is_full: false, lost: 0 };
    let started = note("started", env!("CARGO_PKG_VERSION"), parts.clock.now());
    let mut grade = parts.clock.now().trust.grade();
    owed.settle(vec![started], parts, patience(&lane, &mut show, pulse));
    show(&lane, owed.state());
    while !stop.load(Ordering::Relaxed) {
        turned(pulse);
        let event = match events.recv_timeout(TURN) {
            // Nobody is judged while the journal is stopped: a pass in view is judged when it writes again.
            // And nobody decides about what the panel does not show.
            Ok(Event::Sighted { .. }) if owed.state() == Journal::Stopped => Event::Turn,
            Ok(Event::Key { key, .. }) if key != Key::Language && owed.state() == Journal::Stopped => Event::Turn,
            Ok(event) => event,
            Err(RecvTimeoutError::Timeout) => Event::Turn,
            Err(RecvTimeoutError::Disconnected) => return,
        };
        let handed = match &event {
            Event::Sighted { handed, read_us, .. } => Some((*handed, *read_us)),
            _ => None,
        };
        let release = parts.trust.current();
        let world = World { mono: parts.clock.monotonic(), now: parts.clock.now(), release: release.as_deref() };
        let mut entries = lane.on(event, &world);
        if world.now.trust.grade() != grade {
            let was = std::mem::replace(&mut grade, world.now.trust.grade());
            let detail = format!("{} to {}, by {}", was.as_str(), grade.as_str(), world.now.trust.as_str());
            tracing::warn!(detail, "the clock is another now");
            entries.push(note("clock-changed", &detail, world.now));
        }
        let judged = entries.iter().find_map(|entry| match entry {
            Entry::Crossing(crossing) => Some(crossing.judge_us),
            _ => None,
        });
        owed.settle(entries, parts, patience(&lane, &mut show, pulse));
        if owed.state() != Journal::Stopped {
            lane.shown(parts.clock.monotonic());
        }
        if let (Some((handed, read_us)), Some(judge_us), Journal::Writes) = (handed, judged, owed.state()) {
            parts.gauges.judged(Timing::new(read_us, judge_us, handed.elapsed()));
        }
        show(&lane, owed.state());
    }
}

/// What is done while the disk takes its time: the loop proves that it turns, and after a while the panel says why
/// nothing is shown.
fn patience(lane: &Lane, show: &mut impl FnMut(&Lane, Journal), pulse: &AtomicU64) -> impl FnMut(Duration) {
    let mut said = false;
    move |taken| {
        turned(pulse);
        if taken >= STALL && !std::mem::replace(&mut said, true) {
            show(lane, Journal::Stopped);
        }
    }
}

fn turned(pulse: &AtomicU64) {
    pulse.fetch_add(1, Ordering::Relaxed);
}

#[cfg(test)]
mod tests;
