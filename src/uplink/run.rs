//! The link at work: the machine's commands carried out against a client and the journal.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ed25519_dalek::VerifyingKey;
use tokio::sync::{Notify, watch};
use wire::health::Health;
use wire::row::{Batch, Receipt};
use wire::{BoxId, RegionId, topic};

use crate::link::{Incoming, Link, Outgoing};
use crate::machine::{Command, Event, Machine, Pace, State};
use crate::outbox::Outbox;
use crate::{Error, receipt};

/// Most rows of one batch.
const BATCH_ROWS: usize = 32;

/// Most bytes of bodies in one batch.
const BATCH_BYTES: usize = 16 * 1024;

/// Longest time without a turn of the loop; the watchdog counts turns.
const TURN: Duration = Duration::from_millis(100);

/// How often the journal is asked for its head when nobody has called: a forgotten wake-up must not leave
/// rows behind.
const LOOK: Duration = Duration::from_secs(5);

/// How the link stands, for the panel, the technician's page and the simulator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkStatus {
    /// What the link is doing.
    pub state: State,
    /// Whether there is a connection.
    pub connected: bool,
    /// Rows not yet covered by a receipt.
    pub queue: u64,
    /// Sequence of the last row covered.
    pub covered: u64,
    /// When HQ issued the last receipt, Unix seconds; none since the start.
    pub last_receipt: Option<i64>,
    /// Connections that stood, since the start.
    pub connections: u64,
    /// Rows handed to the line, since the start, repeats included.
    pub rows_sent: u64,
    /// Receipts that were not believed or did not fit, since the start.
    pub refused: u64,
    /// Stable code of the last thing that went wrong, and the words for the technician.
    pub trouble: Option<(&'static str, String)>,
}

impl LinkStatus {
    /// A link that has not begun.
    pub const BEFORE: Self = Self {
        state: State::Disconnected,
        connected: false,
        queue: 0,
        covered: 0,
        last_receipt: None,
        connections: 0,
        rows_sent: 0,
        refused: 0,
        trouble: None,
    };
}

/// What the link is tied to.
pub struct Ends {
    /// The region.
    pub region: RegionId,
    /// The box.
    pub name: BoxId,
    /// The receipt keys that counted at a time (Unix seconds), by the root of trust.
    pub receipt_keys: Box<dyn Fn(i64) -> Vec<VerifyingKey> + Send>,
    /// Told whenever the journal has grown.
    pub wake: Arc<Notify>,
    /// The heartbeat, given the rows that wait for a receipt.
    pub health: Box<dyn FnMut(u64) -> Health + Send>,
    /// Time between heartbeats.
    pub heartbeat: Duration,
    /// The newest head of a release HQ has announced, unverified: a reason to look, nothing more.
    pub release: watch::Sender<Option<Vec<u8>>>,
    /// The bundle of a newer release HQ has sent last, unverified: a carrier like any other.
    pub news: watch::Sender<Option<Vec<u8>>>,
    /// How the link stands.
    pub status: watch::Sender<LinkStatus>,
    /// Counts the turns of the loop.
    pub pulse: Arc<AtomicU64>,
    /// Ends the loop.
    pub stop: Arc<AtomicBool>,
    /// How patient to be.
    pub pace: Pace,
}

/// Runs the link until told to stop. Made for a single-threaded runtime; SQLite stays off its thread.
///
/// # Errors
/// [`Error::Outbox`] when the journal cannot be read at the start, [`Error::ReaderEnded`] when its reader
/// panicked. Trouble with the line is never an error.
pub async fn run(ends: Ends, link: impl Link, outbox: impl Outbox) -> Result<(), Error> {
    let mut journal = Desk(Some(outbox));
    let settled = journal.ask(Outbox::settled).await?.map_err(Error::Outbox)?;
    let head = journal.ask(Outbox::head).await?.map_err(Error::Outbox)?;
    let machine = Machine::new(ends.pace, random as fn() -> u32, settled, head.max(settled), Instant::now());
    let status = LinkStatus::BEFORE;
    let mut shell = Shell { ends, link, journal, machine, status, beat: Instant::now(), looked: Instant::now() };
    shell.tell(Event::Wake).await?;
    while !shell.ends.stop.load(Ordering::Relaxed) {
        shell.ends.pulse.fetch_add(1, Ordering::Relaxed);
        shell.turn().await?;
        shell.show();
    }
    if shell.machine.state().is_connected() {
        shell.link.part().await;
    } else {
        shell.link.close();
    }
    shell.status.state = State::Disconnected;
    shell.status.connected = false;
    shell.ends.status.send_replace(shell.status);
    Ok(())
}

struct Shell<L, O> {
    ends: Ends,
    link: L,
    journal: Desk<O>,
    machine: Machine<fn() -> u32>,
    status: LinkStatus,
    /// When the next heartbeat is due.
    beat: Instant,
    /// When the journal was last asked for its head.
    looked: Instant,
}

impl<L: Link, O: Outbox> Shell<L, O> {
    /// One turn: the first thing that happens, or the time that comes.
    async fn turn(&mut self) -> Result<(), Error> {
        let until = self.machine.deadline().map_or(Instant::now() + TURN, |at| at.min(Instant::now() + TURN));
        tokio::select! {
            incoming = self.link.next() => self.take(incoming).await?,
            () = self.ends.wake.notified() => self.look().await?,
            () = tokio::time::sleep_until(until.into()) => {}
        }
        let now = Instant::now();
        if now.duration_since(self.looked) >= LOOK {
            self.look().await?;
        }
        if self.machine.deadline().is_some_and(|at| now >= at) {
            self.tell(Event::Wake).await?;
        }
        if now >= self.beat && self.machine.state().is_connected() {
            self.beat = now + self.ends.heartbeat;
            let queue = self.machine.head() - self.machine.covered();
            let health = (self.ends.health)(queue);
            // A heartbeat that does not fit is one that would have come too late.
            let _ = self.link.send(Outgoing::Health, wire::encode(&health));
        }
        Ok(())
    }

    async fn look(&mut self) -> Result<(), Error> {
        self.looked = Instant::now();
        match self.journal.ask(Outbox::head).await? {
            Ok(head) => self.tell(Event::Appended { head }).await,
            Err(error) => {
                self.trouble(&Error::Outbox(error));
                Ok(())
            }
        }
    }

    async fn take(&mut self, incoming: Incoming) -> Result<(), Error> {
        match incoming {
            Incoming::Connected => {
                self.status.connections += 1;
                self.beat = Instant::now();
                tracing::info!("connected to HQ's broker");
                self.tell(Event::Connected).await
            }
            Incoming::Lost(why) => {
                tracing::info!(%why, "the line is gone");
                self.status.trouble = Some(("line", why));
                self.tell(Event::Lost).await
            }
            Incoming::Release(head) => {
                self.ends.release.send_replace(Some(head));
                Ok(())
            }
            Incoming::News(bundle) => {
                // No honest one is longer; whatever it says, only the last one waits.
                if bundle.len() <= topic::LONGEST_NEWS {
                    self.ends.news.send_replace(Some(bundle));
                }
                Ok(())
            }
            Incoming::Receipt(bytes) => {
                match receipt::verified(&bytes, &self.ends.region, &self.ends.name, &self.ends.receipt_keys) {
                    Ok(receipt) => self.settle(receipt).await,
                    Err(error) => {
                        self.refuse(&error);
                        Ok(())
                    }
                }
            }
        }
    }

    async fn settle(&mut self, receipt: Receipt) -> Result<(), Error> {
        let Receipt { sequence, ledger, issued, .. } = receipt;
        match self.journal.ask(move |outbox| outbox.settle(&receipt)).await? {
            Ok(()) => {
                self.status.last_receipt = Some(issued);
                self.tell(Event::Covered { sequence, ledger, issued }).await
            }
            Err(error @ journal::Error::Receipt) => {
                self.refuse(&Error::Outbox(error));
                Ok(())
            }
            // Not written down, so it does not count; HQ says it again.
            Err(error) => {
                self.trouble(&Error::Outbox(error));
                Ok(())
            }
        }
    }

    /// Takes an event to the machine and does what it says, until it has nothing more to say.
    async fn tell(&mut self, event: Event) -> Result<(), Error> {
        let mut events = std::collections::VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            for command in self.machine.handle(event, Instant::now()) {
                match command {
                    Command::Connect => self.link.connect(),
                    Command::Close => self.link.close(),
                    Command::Send { after } => self.hand_over(after, &mut events).await?,
                }
            }
        }
        Ok(())
    }

    async fn hand_over(&mut self, after: u64, events: &mut std::collections::VecDeque<Event>) -> Result<(), Error> {
        let rows = self.journal.ask(move |outbox| outbox.rows_after(after, BATCH_ROWS, BATCH_BYTES)).await?;
        let rows = rows.unwrap_or_else(|error| {
            self.trouble(&Error::Outbox(error));
            Vec::new()
        });
        let Some(through) = rows.last().map(|row| row.sequence) else {
            events.push_back(Event::Starved);
            return Ok(());
        };
        let count = rows.len() as u64;
        let batch = Batch { region: self.ends.region.clone(), from: self.ends.name.clone(), rows };
        match self.link.send(Outgoing::Crossings, wire::encode(&batch)) {
            Ok(()) => {
                self.status.rows_sent += count;
                // Rows may have been written since the machine last heard.
                events.extend([Event::Appended { head: through }, Event::Sent { through }]);
            }
            Err(crate::link::Full) => events.push_back(Event::Blocked),
        }
        Ok(())
    }

    fn refuse(&mut self, error: &Error) {
        self.status.refused += 1;
        self.trouble(error);
    }

    fn trouble(&mut self, error: &Error) {
        let words = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source())
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(": ");
        tracing::warn!(code = error.code(), "{words}");
        self.status.trouble = Some((error.code(), words));
    }

    fn show(&mut self) {
        self.status.state = self.machine.state();
        self.status.connected = self.status.state.is_connected();
        self.status.covered = self.machine.covered();
        self.status.queue = self.machine.head() - self.machine.covered();
        self.ends.status.send_if_modified(|shown| {
            let changed = *shown != self.status;
            if changed {
                shown.clone_from(&self.status);
            }
            changed
        });
    }
}

/// Asks the journal on a thread that may block. Away only while a question is being answered.
struct Desk<O>(Option<O>);

impl<O: Outbox> Desk<O> {
    async fn ask<T: Send + 'static>(
        &mut self,
        question: impl FnOnce(&mut O) -> T + Send + 'static,
    ) -> Result<T, Error> {
        let mut outbox = self.0.take().ok_or(Error::ReaderEnded)?;
        let answered = tokio::task::spawn_blocking(move || {
            let answer = question(&mut outbox);
            (outbox, answer)
        });
        let (outbox, answer) = answered.await.map_err(|_| Error::ReaderEnded)?;
        self.0 = Some(outbox);
        Ok(answer)
    }
}

/// Random numbers for jitter. Without any, half the wait is as good as another.
fn random() -> u32 {
    let mut bytes = [0; 4];
    match getrandom::fill(&mut bytes) {
        Ok(()) => u32::from_ne_bytes(bytes),
        Err(_) => u32::MAX / 2,
    }
}
