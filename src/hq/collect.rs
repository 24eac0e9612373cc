//! The collector: takes what boxes send, hands it to the ledger, and says so under HQ's signature.
//!
//! A receipt leaves only after the ledger has committed. Whatever is malformed, for another region or out
//! of order is counted, named and left; nothing that a box or a stranger sends can stop the collector or
//! hold up another box. What is lost here, by a full queue or a crash, comes again: the box keeps sending.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;

use wire::row::{Batch, Receipt};
use wire::sign::{Context, TrySigner};
use wire::topic::{self, Down, Up};
use wire::{BoxId, RegionId};

mod boxes;
mod mqtt;
mod post;
#[cfg(test)]
mod tests;

pub use boxes::{BoxView, Boxes};
use mqtt::Incoming;
use post::Post;

/// Messages that may wait for the ledger. What comes on top is dropped and comes again.
const WAITING: usize = 1024;

/// Messages taken together: of all receipts for one box only the last is published.
const TOGETHER: usize = 64;

/// Longest time without looking at the stop signal.
const TURN: Duration = Duration::from_millis(100);

/// Most rows of a batch; boxes send 32.
const MOST_ROWS: usize = 1024;

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
    fn accept(&mut self, batch: &Batch) -> Result<Option<Receipt>, Box<dyn std::error::Error + Send + Sync>>;

    /// The newest receipt of every box, for a broker that has forgotten them.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn receipts(&mut self) -> Result<Vec<Receipt>, Box<dyn std::error::Error + Send + Sync>>;
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
        let mut collector = Self {
            region: settings.region.clone(),
            post: Arc::default(),
            head: Arc::default(),
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
        let desk = Desk { settings, ledger, boxes, post, head, view, stop };
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

    /// Publishes the bundle of a release once, to the boxes that listen: a carrier like any other to them. One that is
    /// too long is left, and fetched.
    pub fn send_news(&self, bundle: Vec<u8>) {
        if bundle.len() <= topic::LONGEST_NEWS {
            self.post.call(topic::news(&self.region), bundle);
        }
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

/// Where messages meet the ledger.
struct Desk<L> {
    settings: Settings,
    ledger: L,
    boxes: Boxes,
    post: Arc<Post>,
    head: Arc<Mutex<Option<Vec<u8>>>>,
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
            let mut receipts = BTreeMap::new();
            for message in std::iter::once(first).chain(incoming.try_iter().take(TOGETHER)) {
                if let Err(error) = self.take(message, &mut receipts) {
                    self.refuse(&error);
                }
            }
            self.publish(receipts.into_values());
        }
    }

    fn take(&mut self, message: Incoming, receipts: &mut BTreeMap<BoxId, Receipt>) -> Result<(), Error> {
        let (topic, payload) = match message {
            Incoming::Message { topic, payload } => (topic, payload),
            Incoming::Connected => {
                if let Some(head) = self.head.lock().unwrap_or_else(PoisonError::into_inner).clone() {
                    self.post.put(topic::release(&self.settings.region), head);
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
                let batch = self.batch(name, &payload)?;
                let receipt = self.ledger.accept(&batch).map_err(Error::Ledger)?;
                self.see(|view| {
                    view.batches += 1;
                    view.rows += batch.rows.len() as u64;
                });
                if let Some(receipt) = receipt {
                    receipts.insert(batch.from, receipt);
                }
                return Ok(());
            }
            // Not asked for yet.
            Up::Alerts | Up::Diag => return Ok(()),
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
        }
        let seen = self.boxes.all().get(&name).cloned().unwrap_or_default();
        self.see(|view| {
            view.boxes.insert(name, seen);
        });
        Ok(())
    }

    fn batch(&self, topic: BoxId, payload: &[u8]) -> Result<Batch, Error> {
        let batch: Batch = wire::decode(payload, "batch").map_err(Error::Message)?;
        if batch.region != self.settings.region {
            return Err(Error::OtherRegion(batch.region));
        }
        if batch.from != topic {
            return Err(Error::OtherBox { topic, said: batch.from });
        }
        let consecutive = batch.rows.is_sorted_by(|a, b| a.sequence.checked_add(1) == Some(b.sequence));
        if batch.rows.is_empty() || batch.rows.len() > MOST_ROWS || !consecutive {
            return Err(Error::Rows);
        }
        Ok(batch)
    }

    fn publish(&self, receipts: impl Iterator<Item = Receipt>) {
        for receipt in receipts {
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
