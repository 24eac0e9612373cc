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

enum Request {
    Append(Vec<Entry>, WallTime, SyncSender<Result<u64, Error>>),
    Settle(Box<Receipt>, WallTime, SyncSender<Result<(), Error>>),
}

/// Hands entries and receipts to the writing thread.
#[derive(Clone)]
pub struct Writer(SyncSender<Request>);

/// What the writing thread takes its work from.
pub struct Requests(Receiver<Request>);

impl Writer {
    /// A writer and the end that [`run`] takes.
    pub fn new() -> (Self, Requests) {
        let (send, receive) = sync_channel(BOUND);
        (Self(send), Requests(receive))
    }

    /// Waits until the entries are durable.
    ///
    /// # Errors
    /// Why they are not.
    pub fn append(&self, entries: Vec<Entry>, now: WallTime) -> Result<u64, Error> {
        let (reply, done) = sync_channel(1);
        self.0.send(Request::Append(entries, now, reply)).map_err(|_| Error::Ended)?;
        done.recv().map_err(|_| Error::Ended)?
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
}

/// Writes until told to stop, or until every [`Writer`] is gone. `keep` is how long rows stay after their
/// receipt.
pub fn run(
    mut journal: Journal,
    requests: &Requests,
    clock: impl Fn() -> WallTime,
    keep: Duration,
    stop: &AtomicBool,
    pulse: &AtomicU64,
) {
    while !stop.load(Ordering::Relaxed) {
        pulse.fetch_add(1, Ordering::Relaxed);
        let first = match requests.0.recv_timeout(Duration::from_millis(100)) {
            Ok(request) => request,
            Err(RecvTimeoutError::Timeout) => {
                if let Err(error) = journal.turn(clock()) {
                    tracing::error!(%error, "no checkpoint could be written");
                }
                continue;
            }
            Err(RecvTimeoutError::Disconnected) => return,
        };
        group(&mut journal, std::iter::once(first).chain(requests.0.try_iter().take(BOUND)), keep);
    }
}

fn group(journal: &mut Journal, requests: impl Iterator<Item = Request>, keep: Duration) {
    let (mut entries, mut time, mut waiting) = (Vec::new(), None, Vec::new());
    for request in requests {
        match request {
            Request::Append(more, now, reply) => {
                entries.extend(more);
                time = Some(now);
                waiting.push(reply);
            }
            Request::Settle(receipt, now, reply) => {
                // Nobody waits any more when the link has ended; the receipt counts all the same.
                let _ = reply.send(journal.settle(&receipt, now, keep));
            }
        }
    }
    if let Some(now) = time {
        let written = journal.append(&entries, now);
        for reply in waiting {
            let _ = reply.send(written.clone());
        }
    }
}
