//! The one thread that writes: what arrives during the running fsync is the next group.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use wire::WallTime;
use wire::entry::Entry;
use wire::row::Receipt;

use crate::{Error, Journal};

/// Most requests waiting; then the lane waits (design: lane → journal).
const BOUND: usize = 64;

/// Longest time without a turn of the loop; the watchdog counts turns.
const TURN: Duration = Duration::from_millis(100);

/// Turns without work between looks at what may be pruned: ten seconds.
const TURNS_BETWEEN_PRUNING: u32 = 100;

enum Request {
    Append(Vec<Entry>, WallTime, SyncSender<Result<u64, Error>>),
    Settle(Box<Receipt>, WallTime, SyncSender<Result<(), Error>>),
    SealTo([u8; 32]),
}

/// Hands entries and receipts to the writing thread.
#[derive(Clone)]
pub struct Writer(SyncSender<Request>);

/// What the writing thread takes its work from.
pub struct Requests(Receiver<Request>);

/// The writer's answer to come.
#[must_use = "nothing is durable before the acknowledgement says so"]
pub struct Acknowledgement(Receiver<Result<u64, Error>>);

impl Acknowledgement {
    /// Waits until the entries are durable; the sequence of the last row then.
    ///
    /// # Errors
    /// Why they are not.
    pub fn wait(self) -> Result<u64, Error> {
        self.0.recv().unwrap_or(Err(Error::Ended))
    }

    /// The answer, if it comes within a while.
    pub fn wait_for(&self, while_waiting: Duration) -> Option<Result<u64, Error>> {
        match self.0.recv_timeout(while_waiting) {
            Ok(answer) => Some(answer),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Err(Error::Ended)),
        }
    }
}

impl Writer {
    /// A writer and the end that [`run`] takes.
    pub fn new() -> (Self, Requests) {
        let (send, receive) = sync_channel(BOUND);
        (Self(send), Requests(receive))
    }

    /// Hands entries over, waiting only while 64 requests are before them.
    ///
    /// # Errors
    /// [`Error::TooLong`] or [`Error::Ended`].
    pub fn send(&self, entries: Vec<Entry>, now: WallTime) -> Result<Acknowledgement, Error> {
        // Here and not in the group: one entry that cannot be must not fail those of others.
        let longest = entries.iter().map(|entry| wire::encode(entry).len()).max().unwrap_or(0);
        if longest > crate::store::LONGEST_ENTRY {
            return Err(Error::TooLong(longest));
        }
        let (reply, done) = sync_channel(1);
        self.0.send(Request::Append(entries, now, reply)).map_err(|_| Error::Ended)?;
        Ok(Acknowledgement(done))
    }

    /// Waits until the entries are durable; the sequence of the last row then.
    ///
    /// # Errors
    /// Why they are not. The same entries may be tried again.
    pub fn append(&self, entries: Vec<Entry>, now: WallTime) -> Result<u64, Error> {
        self.send(entries, now)?.wait()
    }

    /// Waits until a receipt, whose signature was checked, has been taken.
    ///
    /// # Errors
    /// Why it was not.
    pub fn settle(&self, receipt: Receipt, now: WallTime) -> Result<(), Error> {
        let (reply, done) = sync_channel(1);
        self.0.send(Request::Settle(Box::new(receipt), now, reply)).map_err(|_| Error::Ended)?;
        done.recv().map_err(|_| Error::Ended)?
    }

    /// Seals to another key of HQ from the next entry on.
    ///
    /// # Errors
    /// [`Error::Ended`].
    pub fn seal_to(&self, sealing_key: [u8; 32]) -> Result<(), Error> {
        self.0.send(Request::SealTo(sealing_key)).map_err(|_| Error::Ended)
    }
}

/// Writes until told to stop, until every [`Writer`] is gone, or until the file turns out to be no sound
/// database any more; signs what is new before it ends. `keep` is how long rows stay after their receipt.
pub fn run(
    mut journal: Journal,
    requests: &Requests,
    clock: impl Fn() -> WallTime,
    keep: Duration,
    stop: &AtomicBool,
    pulse: &AtomicU64,
) {
    let mut idle = 0;
    while !stop.load(Ordering::Relaxed) {
        pulse.fetch_add(1, Ordering::Relaxed);
        match requests.0.recv_timeout(TURN) {
            Ok(first) => {
                let requests = std::iter::once(first).chain(requests.0.try_iter().take(BOUND));
                let keep = journal.keeps(keep);
                if let Err(error) = group(&mut journal, requests, keep)
                    && error.is_corrupt()
                {
                    // Only a start saves what can be read: the worker ends, and the box is started again.
                    tracing::error!(code = error.code(), "the journal's file is damaged");
                    return;
                }
            }
            Err(RecvTimeoutError::Timeout) => {
                idle += 1;
                let keep = journal.keeps(keep);
                if idle >= TURNS_BETWEEN_PRUNING || keep.is_zero() {
                    // Again on the next turn while there is more.
                    idle = if said(journal.prune(clock(), keep), "rows could not be pruned") { idle } else { 0 };
                }
            }
            Err(RecvTimeoutError::Disconnected) => break,
        }
        // After the answers: nobody waits for this.
        said(journal.turn(clock()).map(|()| true), "the journal's housekeeping failed");
    }
    said(journal.sign(clock()).map(|()| true), "the last checkpoint could not be written");
}

/// Failures of what nobody waits for are logged; they come up again with the next entry.
fn said(outcome: Result<bool, Error>, what: &str) -> bool {
    outcome.unwrap_or_else(|error| {
        tracing::error!(code = error.code(), cause = ?std::error::Error::source(&error), "{what}");
        false
    })
}

/// Writes a group, and answers everybody in it; gives back the last failure.
fn group(journal: &mut Journal, requests: impl Iterator<Item = Request>, keep: Duration) -> Result<(), Error> {
    let (mut entries, mut time, mut waiting, mut receipts) = (Vec::new(), None, Vec::new(), Vec::new());
    let mut sealing_key = None;
    for request in requests {
        match request {
            Request::Append(more, now, reply) => {
                waiting.push((more.len(), reply));
                entries.extend(more);
                time = Some(now);
            }
            Request::Settle(receipt, now, reply) => receipts.push((receipt, now, reply)),
            Request::SealTo(key) => sealing_key = Some(key),
        }
    }
    if let Some(key) = sealing_key {
        journal.seal_to(key);
    }
    let mut outcome = Ok(());
    // Entries first: a car waits for them, and for a receipt nobody does.
    if let Some(now) = time {
        let written = journal.append(&entries, now);
        // Where room is short, a crossing must not keep others from what is left for them.
        let alone = matches!(written, Err(Error::Full(_))) && waiting.len() > 1;
        for (count, reply) in waiting {
            let written = if alone { journal.append(&entries[..count], now) } else { written.clone() };
            entries.drain(..count);
            // Who has stopped waiting has ended; the row is there all the same.
            let _ = reply.send(written);
        }
        outcome = written.map(drop);
    }
    for (receipt, now, reply) in receipts {
        let settled = journal.settle(&receipt, now, keep);
        outcome = outcome.and(settled.clone());
        let _ = reply.send(settled);
    }
    outcome
}
