//! The collector: takes what boxes send, hands it to the ledger, and says so under HQ's signature.
//!
//! A receipt leaves only after the ledger has committed. Whatever is malformed, for another region or out
//! of order is counted, named and left; nothing that a box or a stranger sends can stop the collector or
//! hold up another box. What is lost here, by a full queue or a crash, comes again: the box keeps sending.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use wire::command::{LONGEST_REPORT, Report};
use wire::row::{Alert, Batch, Receipt};
use wire::sign::{Context, TrySigner};
use wire::topic::{self, Down, Up};
use wire::{BoxId, RegionId};

use crate::uses::Word;

mod batch;
mod boxes;
mod mqtt;
mod post;
mod share;
#[cfg(test)]
mod tests;

use batch::Item;
pub use boxes::{BoxView, Boxes};
use mqtt::Incoming;
use post::Post;
use share::Shares;

/// Messages that may wait for the ledger. What comes on top is dropped and comes again.
const WAITING: usize = 1024;

/// Messages taken together: of all receipts for one box only the last is published.
const TOGETHER: usize = 64;

/// Longest time without looking at the stop signal.
const TURN: Duration = Duration::from_millis(100);

/// Most rows of a batch; boxes send 32, and 128 when HQ takes none.
const MOST_ROWS: usize = 1024;

/// Alerts that may wait to be opened. What comes on top is dropped and comes again, early or in its place.
const ALERTS: usize = 256;

/// Why a message was left, or a collector could not begin.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Not a message of ours.
    #[error("the message cannot be read")]
    Message(#[source] wire::Error),
    /// It says it is from another box than its topic does.
    #[error("a batch of {said} came on the topic of {topic}")]
    OtherBox {
        /// The box the topic belongs to.
        topic: BoxId,
        /// The box the batch names.
        said: BoxId,
    },
    /// It is for another region.
    #[error("a batch of region {0} came here")]
    OtherRegion(RegionId),
    /// No rows, too many, or not one after the other.
    #[error("the rows of a batch are not consecutive")]
    Rows,
    /// The rows are not those that the box has sent: the line has changed them. It sends them again.
    #[error("a batch of {0} was damaged on its way")]
    Damaged(BoxId),
    /// A topic that names no box of this region.
    #[error("a message came on the topic {0:?}")]
    Topic(String),
    /// The ledger did not take it.
    #[error("the ledger does not take a batch")]
    Ledger(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The table of boxes cannot be used.
    #[error("the table of boxes cannot be used")]
    Boxes(#[source] rusqlite::Error),
    /// The receipt key did not sign.
    #[error("no receipt was signed")]
    Unsigned(#[from] wire::sign::Unsigned),
    /// The address of the broker is not `host:port`.
    #[error("{0:?} is not host:port")]
    Address(String),
    /// The system gives no thread.
    #[error("the collector cannot be started")]
    Start(#[source] std::io::Error),
}

impl Error {
    /// Stable code, by which refusals are counted.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Message(_) => "message",
            Self::OtherBox { .. } => "other-box",
            Self::OtherRegion(_) => "other-region",
            Self::Rows => "rows",
            Self::Damaged(_) => "damaged",
            Self::Topic(_) => "topic",
            Self::Ledger(_) => "ledger",
            Self::Unsigned(_) => "unsigned",
            Self::Boxes(_) => "boxes",
            Self::Address(_) => "address",
            Self::Start(_) => "start",
        }
    }
}

/// The ledger as the collector needs it. Called from one thread, which may block.
pub trait Accept: Send + 'static {
    /// Takes a batch; what it returns is durable. The receipt covers all of the box that is there without
    /// a gap; none when there is nothing to cover, or when the box's rows are in conflict.
    ///
    /// # Errors
    /// Why it was not taken. The box sends it again.
    fn accept(&mut self, batch: &Batch, poison: &[Poison]) -> Result<Option<Receipt>, Cause>;

    /// Several batches, each with its answer. They are durable together.
    fn accept_all(&mut self, batches: &[(Batch, Vec<Poison>)]) -> Vec<Result<Option<Receipt>, Cause>> {
        batches.iter().map(|(batch, poison)| self.accept(batch, poison)).collect()
    }

    /// The newest receipt of every box, for a broker that has forgotten them.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn receipts(&mut self) -> Result<Vec<Receipt>, Cause>;
}

/// Why a ledger did not do what it was asked.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Bytes that stood in a batch where a row should, and that this version cannot read as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Poison {
    /// The sequence it must have had, by its place in the batch.
    pub sequence: u64,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// TLS towards the broker, asked for before every connection: certificates run out.
pub type Credentials =
    Arc<dyn Fn() -> Result<Arc<rustls::ClientConfig>, Box<dyn std::error::Error + Send + Sync>> + Send + Sync>;

/// What the collector is tied to.
pub struct Settings {
    /// `host:port` of the broker.
    pub broker: String,
    /// What to show it; without it the line is open, for a broker on this machine.
    pub credentials: Option<Credentials>,
    /// The region.
    pub region: RegionId,
    /// Signs receipts, and nothing else.
    pub signer: Arc<dyn TrySigner + Send + Sync>,
    /// Unix seconds at HQ.
    pub clock: Box<dyn Fn() -> i64 + Send>,
    /// Rows a second that the boxes may send, all together; none: as many as they like.
    pub rows_per_second: Option<u32>,
}

/// What the collector has seen since its start, and the boxes as they last spoke.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct View {
    /// Whether there is a connection to the broker.
    pub connected: bool,
    /// Batches the ledger took.
    pub batches: u64,
    /// Rows in them, repeats included.
    pub rows: u64,
    /// Receipts published.
    pub receipts: u64,
    /// Alerts that came.
    pub alerts: u64,
    /// Rows that cannot be read, repeats included.
    pub poison: u64,
    /// Messages left, by the code of the [`Error`].
    pub refused: BTreeMap<&'static str, u64>,
    /// Messages dropped because the ledger was behind.
    pub dropped: u64,
    /// The boxes.
    pub boxes: BTreeMap<BoxId, BoxView>,
}

/// A cheap handle that always shows what the collector has seen, also after its end.
#[derive(Debug, Clone)]
pub struct Viewer(Arc<RwLock<View>>);

impl Viewer {
    /// What it has seen so far.
    pub fn view(&self) -> View {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A running collector. Dropping it stops it.
pub struct Collector {
    region: RegionId,
    post: Arc<Post>,
    head: Arc<Mutex<Option<Vec<u8>>>>,
    /// What is kept at the broker of uses, by topic.
    uses: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
    alerts: Mutex<Receiver<Alert>>,
    stop: Arc<AtomicBool>,
    view: Arc<RwLock<View>>,
    threads: Vec<JoinHandle<()>>,
}

impl Collector {
    /// Starts collecting. `boxes` is where the boxes' last words are kept: a database of HQ.
    ///
    /// # Errors
    /// [`Error::Boxes`], [`Error::Address`] or [`Error::Start`]. A broker that is away is no error.
    pub fn start(settings: Settings, ledger: impl Accept, boxes: &Path) -> Result<Self, Error> {
        let boxes = Boxes::open(boxes)?;
        let address = mqtt::address(&settings.broker)?;
        let view = View { boxes: boxes.all().clone(), ..View::default() };
        let (alert, alerts) = sync_channel(ALERTS);
        let mut collector = Self {
            region: settings.region.clone(),
            post: Arc::default(),
            head: Arc::default(),
            uses: Arc::default(),
            alerts: Mutex::new(alerts),
            stop: Arc::default(),
            view: Arc::new(RwLock::new(view)),
            threads: Vec::new(),
        };
        let (send, incoming) = sync_channel(WAITING);
        let post = collector.post.clone();
        let line = mqtt::Line {
            address,
            credentials: settings.credentials.clone(),
            region: settings.region.clone(),
            incoming: send,
            post: post.clone(),
            view: collector.view.clone(),
            stop: collector.stop.clone(),
        };
        let (view, stop, head) = (collector.view.clone(), collector.stop.clone(), collector.head.clone());
        let uses = collector.uses.clone();
        let shares = Shares::new(settings.rows_per_second);
        let desk = Desk { settings, ledger, boxes, post, head, uses, alert, shares, view, stop };
        collector.thread("collector-line", move || line.keep())?;
        collector.thread("collector", move || desk.work(&incoming))?;
        Ok(collector)
    }

    fn thread(&mut self, name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), Error> {
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(work).map_err(Error::Start)?;
        self.threads.push(thread);
        Ok(())
    }

    /// Publishes the head of a release, retained, now and after every reconnection: a hint for boxes to
    /// fetch, which they check like any other.
    pub fn announce(&self, head: Vec<u8>) {
        *self.head.lock().unwrap_or_else(PoisonError::into_inner) = Some(head.clone());
        self.post.put(topic::release(&self.region), head);
    }

    /// Publishes a word on the uses at all boxes, retained, now and after every reconnection; of its sheets those that
    /// are new, and takes back what it no longer names.
    pub fn tell_uses(&self, word: Word) {
        let mut kept = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        let sheets = word.sheets.into_iter().map(|(name, sheet)| (topic::sheet(&self.region, &name), sheet));
        let now: BTreeMap<_, _> = sheets.chain([(topic::uses(&self.region), word.head)]).collect();
        for topic in kept.keys().filter(|topic| !now.contains_key(*topic)) {
            self.post.put(topic.clone(), Vec::new());
        }
        for (topic, payload) in now.iter().filter(|(topic, payload)| kept.get(*topic) != Some(payload)) {
            self.post.put(topic.clone(), payload.clone());
        }
        *kept = now;
    }

    /// Publishes the bundle of a release once, to the boxes that listen: a carrier like any other to them. One that is
    /// too long is left, and fetched.
    pub fn send_news(&self, bundle: Vec<u8>) {
        if bundle.len() <= topic::LONGEST_NEWS {
            self.post.call(topic::news(&self.region), bundle);
        }
    }

    /// Publishes a signed command, for a box that listens now or soon. Never retained: its time ends.
    pub fn command(&self, name: &BoxId, number: u64, signed: Vec<u8>) {
        self.post.call_apart(Down::Command.of(&self.region, name), number, signed);
    }

    /// Alerts that have come since the last call. They are unverified.
    pub fn alerts(&self) -> Vec<Alert> {
        self.alerts.lock().unwrap_or_else(PoisonError::into_inner).try_iter().collect()
    }

    /// What it has seen so far.
    pub fn view(&self) -> View {
        self.viewer().view()
    }

    /// A handle for those who show it.
    pub fn viewer(&self) -> Viewer {
        Viewer(self.view.clone())
    }

    /// Whether it still collects; false after a bug, which the log names.
    pub fn is_running(&self) -> bool {
        !self.threads.iter().any(JoinHandle::is_finished)
    }

    /// Stops; returns when the ledger is closed.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("the collector ended by a panic");
            }
        }
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.end();
    }
}

/// A batch, and what of it cannot be read.
type Taken = (Batch, Vec<Poison>);

/// The last receipt for each box.
type Receipts = BTreeMap<BoxId, Receipt>;

/// Where messages meet the ledger.
struct Desk<L> {
    settings: Settings,
    ledger: L,
    boxes: Boxes,
    post: Arc<Post>,
    head: Arc<Mutex<Option<Vec<u8>>>>,
    uses: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
    alert: SyncSender<Alert>,
    shares: Shares,
    view: Arc<RwLock<View>>,
    stop: Arc<AtomicBool>,
}

impl<L: Accept> Desk<L> {
    fn work(mut self, incoming: &Receiver<Incoming>) {
        while !self.stop.load(Ordering::Relaxed) {
            let first = match incoming.recv_timeout(TURN) {
                Ok(first) => first,
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            let (mut receipts, mut batches) = (BTreeMap::new(), Vec::new());
            for message in std::iter::once(first).chain(incoming.try_iter().take(TOGETHER - 1)) {
                if let Err(error) = self.take(message, &mut receipts, &mut batches) {
                    self.refuse(&error);
                }
            }
            self.accept(&batches, &mut receipts);
            self.publish(receipts.into_values());
        }
    }

    fn take(&mut self, message: Incoming, receipts: &mut Receipts, batches: &mut Vec<Taken>) -> Result<(), Error> {
        let (topic, payload) = match message {
            Incoming::Message { topic, payload } => (topic, payload),
            Incoming::Connected => {
                if let Some(head) = self.head.lock().unwrap_or_else(PoisonError::into_inner).clone() {
                    self.post.put(topic::release(&self.settings.region), head);
                }
                for (topic, payload) in self.uses.lock().unwrap_or_else(PoisonError::into_inner).iter() {
                    self.post.put(topic.clone(), payload.clone());
                }
                let all = self.ledger.receipts().map_err(Error::Ledger)?;
                receipts.extend(all.into_iter().map(|receipt| (receipt.to.clone(), receipt)));
                return Ok(());
            }
        };
        let (name, what) = Up::parse(&topic, &self.settings.region).ok_or(Error::Topic(topic))?;
        let now = (self.settings.clock)();
        match what {
            Up::Crossings => {
                batches.push(self.batch(name, &payload)?);
                return Ok(());
            }
            Up::Alerts => return self.alert(name, &payload),
            // A cleared retained message says nothing.
            Up::State if payload.is_empty() => return Ok(()),
            Up::State => {
                let state = wire::decode(&payload, "state").map_err(Error::Message)?;
                self.boxes.state(&name, state, now)?;
            }
            Up::Health => {
                let health = wire::decode(&payload, "health").map_err(Error::Message)?;
                self.boxes.health(&name, health, now)?;
            }
            Up::Diag => {
                let report: Report = wire::decode(&payload, "report").map_err(Error::Message)?;
                if report.text.len() > LONGEST_REPORT {
                    return Err(Error::Message(wire::Error::Shape("report")));
                }
                return self.boxes.report(&name, &report, now);
            }
        }
        let seen = self.boxes.all().get(&name).cloned().unwrap_or_default();
        self.see(|view| {
            view.boxes.insert(name, seen);
        });
        Ok(())
    }

    fn batch(&self, topic: BoxId, payload: &[u8]) -> Result<Taken, Error> {
        let batch::Read { region, from, items, is_whole } = batch::read(payload).map_err(Error::Message)?;
        self.is_from(topic, &region, &from)?;
        if !is_whole {
            return Err(Error::Damaged(from));
        }
        let (mut rows, mut poison) = (Vec::with_capacity(items.len()), Vec::new());
        if items.len() > MOST_ROWS {
            return Err(Error::Rows);
        }
        let mut first = None;
        for (index, item) in (0u64..).zip(items) {
            match item {
                Item::Row(row) => {
                    let begin = *first.get_or_insert(row.sequence.checked_sub(index).ok_or(Error::Rows)?);
                    if row.sequence != begin + index {
                        return Err(Error::Rows);
                    }
                    rows.push(row);
                }
                Item::Unreadable(bytes) => poison.push((index, bytes)),
            }
        }
        let first = first.ok_or(Error::Rows)?;
        let poison: Vec<_> =
            poison.into_iter().map(|(index, bytes)| Poison { sequence: first + index, bytes }).collect();
        if !poison.is_empty() {
            tracing::error!(name = %from, rows = poison.len(), "rows cannot be read by this version; they are kept");
            self.see(|view| view.poison += poison.len() as u64);
        }
        Ok((Batch { region, from, rows }, poison))
    }

    fn is_from(&self, topic: BoxId, region: &RegionId, from: &BoxId) -> Result<(), Error> {
        if *region != self.settings.region {
            return Err(Error::OtherRegion(region.clone()));
        }
        if *from != topic {
            return Err(Error::OtherBox { topic, said: from.clone() });
        }
        Ok(())
    }

    fn alert(&self, topic: BoxId, payload: &[u8]) -> Result<(), Error> {
        let alert: Alert = wire::decode(payload, "alert").map_err(Error::Message)?;
        self.is_from(topic, &alert.region, &alert.from)?;
        self.see(|view| view.alerts += 1);
        if let Err(TrySendError::Full(_)) = self.alert.try_send(alert) {
            self.see(|view| view.dropped += 1);
        }
        Ok(())
    }

    /// Hands batches to the ledger, all that have come in one go.
    fn accept(&mut self, batches: &[Taken], receipts: &mut Receipts) {
        if batches.is_empty() {
            return;
        }
        let now = Instant::now();
        for ((batch, _), accepted) in batches.iter().zip(self.ledger.accept_all(batches)) {
            match accepted {
                Ok(receipt) => {
                    self.see(|view| {
                        view.batches += 1;
                        view.rows += batch.rows.len() as u64;
                    });
                    self.shares.sent(&batch.from, batch.rows.len(), now);
                    if let Some(receipt) = receipt {
                        receipts.insert(batch.from.clone(), receipt);
                    }
                }
                Err(error) => self.refuse(&Error::Ledger(error)),
            }
        }
    }

    fn publish(&self, receipts: impl Iterator<Item = Receipt>) {
        let boxes = self.boxes.all().len();
        for mut receipt in receipts {
            receipt.budget = self.shares.of(&receipt.to, boxes);
            let payload = wire::encode(&receipt);
            let signed = match wire::sign::try_sign(Context::Receipt, self.settings.signer.as_ref(), &payload) {
                Ok(signed) => signed,
                // The box sends its rows again, and so asks again.
                Err(error) => return self.refuse(&error.into()),
            };
            self.post.put(Down::Receipt.of(&self.settings.region, &receipt.to), signed);
            self.see(|view| view.receipts += 1);
        }
    }

    fn refuse(&self, error: &Error) {
        tracing::warn!(code = error.code(), cause = ?std::error::Error::source(error).map(ToString::to_string), "{error}");
        self.see(|view| *view.refused.entry(error.code()).or_default() += 1);
    }

    fn see(&self, change: impl FnOnce(&mut View)) {
        change(&mut self.view.write().unwrap_or_else(PoisonError::into_inner));
    }
}
