//! The link at work: the machine's commands carried out against a client and the journal.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ed25519_dalek::VerifyingKey;
use tokio::sync::{Notify, mpsc, watch};
use wire::health::Health;
use wire::row::{Alert, Batch, Receipt};
use wire::{BoxId, RegionId, topic};

use crate::link::{Incoming, Link, Outgoing};
use crate::machine::{Command, Event, Machine, Pace, State};
use journal::Urgent;

use crate::outbox::Outbox;
use crate::{Error, receipt};

/// Most bytes of bodies for each row of a batch: half a KiB, as a padded crossing has 400 or less.
const ROW_BYTES: usize = 512;

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
    /// Alerts handed to the line, since the start, repeats included.
    pub alerts_sent: u64,
    /// Receipts that were not believed or did not fit, since the start.
    pub refused: u64,
    /// Rows a second HQ lets this box send; none: as many as it likes.
    pub budget: Option<u32>,
    /// The broker has said that nobody at HQ listens, and no receipt has come since: an early warning, no more.
    pub unheard: bool,
    /// How often rows have been sent again since a receipt last moved on: HQ is away, or does not take the next one.
    pub fruitless: u32,
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
        alerts_sent: 0,
        refused: 0,
        budget: None,
        unheard: false,
        fruitless: 0,
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
    pub heartbeat: watch::Receiver<Duration>,
    /// Commands HQ has sent, unverified. One that finds no room is dropped; HQ says it again.
    pub commands: std::sync::mpsc::SyncSender<Vec<u8>>,
    /// Answers to them.
    pub reports: mpsc::Receiver<Vec<u8>>,
    /// The newest head of a release HQ has announced, unverified: a reason to look, nothing more.
    pub release: watch::Sender<Option<Vec<u8>>>,
    /// The bundle of a newer release HQ has sent last, unverified: a carrier like any other.
    pub news: watch::Sender<Option<Vec<u8>>>,
    /// Words of HQ on uses elsewhere, unverified. The link waits while there is no room, as nobody says them again.
    pub uses: mpsc::Sender<Told>,
    /// How the link stands.
    pub status: watch::Sender<LinkStatus>,
    /// Counts the turns of the loop.
    pub pulse: Arc<AtomicU64>,
    /// Ends the loop.
    pub stop: Arc<AtomicBool>,
    /// How patient to be.
    pub pace: Pace,
}

/// A word of HQ on uses elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// What claims to be a head.
    Head(Vec<u8>),
    /// What claims to be a sheet.
    Sheet(Vec<u8>),
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
    let now = Instant::now();
    let mut shell = Shell { ends, link, journal, machine, status, beat: now, looked: now, report: None };
    shell.look().await?;
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
    /// An answer that waits for the line.
    report: Option<Vec<u8>>,
}

impl<L: Link, O: Outbox> Shell<L, O> {
    /// One turn: the first thing that happens, or the time that comes.
    async fn turn(&mut self) -> Result<(), Error> {
        let until = self.machine.deadline().map_or(Instant::now() + TURN, |at| at.min(Instant::now() + TURN));
        tokio::select! {
            incoming = self.link.next() => self.take(incoming).await?,
            () = self.ends.wake.notified() => self.look().await?,
            Some(report) = self.ends.reports.recv(), if self.report.is_none() => self.report = Some(report),
            () = tokio::time::sleep_until(until.into()) => {}
        }
        let now = Instant::now();
        if now.duration_since(self.looked) >= LOOK {
            self.look().await?;
        }
        if self.machine.deadline().is_some_and(|at| now >= at) {
            self.tell(Event::Wake).await?;
        }
        if !self.machine.state().is_connected() {
            return Ok(());
        }
        if let Some(report) = &self.report
            && self.link.send(Outgoing::Diag, report.clone()).is_ok()
        {
            self.report = None;
        }
        let faster = self.ends.heartbeat.has_changed().unwrap_or(false);
        if faster || now >= self.beat {
            self.beat = now + *self.ends.heartbeat.borrow_and_update();
            let queue = self.machine.head() - self.machine.covered();
            let health = (self.ends.health)(queue);
            // A heartbeat that does not fit is one that would have come too late.
            let _ = self.link.send(Outgoing::Health, wire::encode(&health));
        }
        Ok(())
    }

    async fn look(&mut self) -> Result<(), Error> {
        self.looked = Instant::now();
        let grown = self.journal.ask(|outbox| Ok((outbox.head()?, outbox.last_alert()?))).await?;
        match grown {
            Ok((head, alert)) => self.tell(Event::Appended { head, alert }).await,
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
            Incoming::Command(bytes) => {
                // Whoever takes them is busy, or has ended and with it the box: HQ says it again.
                let _ = self.ends.commands.try_send(bytes);
                Ok(())
            }
            Incoming::Uses(bytes) => {
                self.hand_on(Told::Head(bytes)).await;
                Ok(())
            }
            Incoming::Sheet(bytes) => {
                self.hand_on(Told::Sheet(bytes)).await;
                Ok(())
            }
            Incoming::Unheard => {
                self.status.unheard = true;
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

    /// Hands a word on; what no honest one is as long as is dropped here.
    async fn hand_on(&self, told: Told) {
        let (length, longest) = match &told {
            Told::Head(bytes) => (bytes.len(), wire::uses::LONGEST_HEAD),
            Told::Sheet(bytes) => (bytes.len(), wire::uses::LONGEST_SHEET),
        };
        if length <= longest {
            // Whoever takes them has ended only when the box ends.
            let _ = self.ends.uses.send(told).await;
        }
    }

    async fn settle(&mut self, receipt: Receipt) -> Result<(), Error> {
        let Receipt { sequence, ledger, issued, budget, .. } = receipt;
        match self.journal.ask(move |outbox| outbox.settle(&receipt)).await? {
            Ok(()) => {
                (self.status.last_receipt, self.status.unheard) = (Some(issued), false);
                self.tell(Event::Covered { sequence, ledger, issued, budget }).await
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
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            for command in self.machine.handle(event, Instant::now()) {
                match command {
                    Command::Connect => self.link.connect(),
                    Command::Close => self.link.close(),
                    Command::Send { after, most } => self.hand_over(after, most, &mut events).await?,
                    Command::Alert { after } => self.hand_over_alert(after, &mut events).await?,
                }
            }
        }
        Ok(())
    }

    async fn hand_over(&mut self, after: u64, most: u32, events: &mut VecDeque<Event>) -> Result<(), Error> {
        let most = most as usize;
        let rows = self.journal.ask(move |outbox| outbox.rows_after(after, most, most * ROW_BYTES)).await?;
        let rows = rows.unwrap_or_else(|error| {
            self.trouble(&Error::Outbox(error));
            Vec::new()
        });
        let Some(through) = rows.last().map(|row| row.sequence) else {
            events.push_back(Event::Starved);
            return Ok(());
        };
        let rows_sent = u32::try_from(rows.len()).unwrap_or(u32::MAX);
        let batch = Batch { region: self.ends.region.clone(), from: self.ends.name.clone(), rows };
        match self.link.send(Outgoing::Crossings, batch.to_message()) {
            Ok(()) => {
                self.status.rows_sent += u64::from(rows_sent);
                // Rows may have been written since the machine last heard.
                let appended = Event::Appended { head: through, alert: 0 };
                events.extend([appended, Event::Sent { through, rows: rows_sent }]);
            }
            Err(crate::link::Full) => events.push_back(Event::Blocked),
        }
        Ok(())
    }

    async fn hand_over_alert(&mut self, after: u64, events: &mut VecDeque<Event>) -> Result<(), Error> {
        let event = match self.journal.ask(move |outbox| outbox.alert_after(after)).await? {
            Ok(None) => Event::NoAlert,
            Ok(Some(Urgent { opening, before, row })) => {
                let (region, from, sequence) = (self.ends.region.clone(), self.ends.name.clone(), row.sequence);
                let alert = Alert { region, from, opening, before, row };
                match self.link.send(Outgoing::Alerts, wire::encode(&alert)) {
                    Ok(()) => {
                        self.status.alerts_sent += 1;
                        Event::AlertSent { sequence }
                    }
                    Err(crate::link::Full) => Event::Blocked,
                }
            }
            Err(error) => {
                self.trouble(&Error::Outbox(error));
                Event::Starved
            }
        };
        events.push_back(event);
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
        (self.status.budget, self.status.fruitless) = (self.machine.budget(), self.machine.fruitless());
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
