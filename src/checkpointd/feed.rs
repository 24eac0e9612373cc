//! Plates that cameras and their programs send: where they come in, and which of them the lane hears of.
//!
//! A worker of its own with a loop of its own, so that whoever floods a port on the cameras' network holds up neither
//! the lane nor the line. A source that cannot be listened to closes no road: the officer reads the plate as before.
//! The lane hears who has read a plate and how surely; how far that is believed, policy says.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{SyncSender, TrySendError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use plate::Reading;
use reader::anpr::{self, Dialect};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::clock::Clock;
use crate::crew::{Pulse, Stop, TURN};
use crate::crossing::Event;

mod broker;
mod door;
mod http;
mod sieve;
mod source;

pub use sieve::Left;
pub use source::{Kind, Source, SourceClock, Token};

use sieve::Sieve;
pub(crate) use source::check;

/// How long a reading waits for a lane that is busy; then it is old news.
const PATIENCE: Duration = Duration::from_secs(2);

/// Between two tries to hand it over.
const AGAIN: Duration = Duration::from_millis(20);

/// A plate as a device has read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FromDevice {
    /// What was read.
    pub reading: Reading,
    /// The kind of the device, as policy names it.
    pub kind: &'static str,
    /// How sure it is, in thousandths; none where it does not say.
    pub confidence: Option<u16>,
    /// It has said so before of the same vehicle: that one is still here, and no other has come.
    pub is_repeat: bool,
}

impl FromDevice {
    /// What a device of the board reads, which says the same again and again and never of which vehicle.
    pub fn board(read: &board::PlateReading) -> Self {
        let confidence = read.confidence.map(|confidence| (confidence.clamp(0.0, 1.0) * 1000.0) as u16);
        Self { reading: Reading::new(&read.text), kind: read.device, confidence, is_repeat: false }
    }
}

/// What has come of the messages of one source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Count {
    taken: u64,
    /// By the stable code of why.
    left: BTreeMap<&'static str, u64>,
    /// The last camera that no lane has.
    stranger: Option<String>,
    /// Whether it can be listened to: the port is taken, the broker answers.
    listens: bool,
}

/// What has come of every source, for whoever shows it. Never a plate.
#[derive(Debug, Clone, Default)]
pub struct Counted(Arc<Mutex<BTreeMap<String, Count>>>);

impl Counted {
    fn with(&self, source: &str, change: impl FnOnce(&mut Count)) {
        change(self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(source.to_owned()).or_default());
    }

    /// As the status says it.
    pub fn status(&self) -> Value {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let said = counts.iter().map(|(name, Count { taken, left, stranger, listens })| {
            let said = json!({ "listens": listens, "taken": taken, "left": left, "unknown_camera": stranger });
            (name.clone(), said)
        });
        Value::Object(said.collect())
    }
}

/// What a source is tied to.
#[derive(Clone)]
pub(crate) struct Parts {
    pub events: SyncSender<Event>,
    pub clock: Arc<Clock>,
    pub counted: Counted,
    /// The number of the lane.
    pub lane: u8,
}

/// One source, and what is remembered of it.
struct Feed {
    source: Source,
    sieve: Mutex<Sieve>,
    parts: Parts,
}

/// Why a message was no news.
enum Dropped {
    Unread(anpr::Error),
    Left(Left),
}

impl Dropped {
    const fn code(&self) -> &'static str {
        match self {
            Self::Unread(error) => error.code(),
            Self::Left(left) => left.code(),
        }
    }

    /// Whether the source sent what it should not have: then it is told.
    const fn is_wrong(&self) -> bool {
        match self {
            Self::Unread(error) => !error.is_harmless(),
            Self::Left(_) => false,
        }
    }
}

impl Feed {
    fn new(source: Source, parts: Parts) -> Self {
        let sieve = Mutex::new(Sieve::new(&source, parts.lane));
        parts.counted.with(&source.name, |_| {});
        Self { source, sieve, parts }
    }

    fn dialect(&self) -> Dialect {
        self.source.kind.dialect()
    }

    /// Takes one message. `is_retained`: it was said before anybody listened.
    async fn hear(&self, message: &[u8], is_retained: bool) -> Result<(), Dropped> {
        let heard = self.sifted(message, is_retained);
        let heard = match heard {
            Ok(read) => self.tell(read).await.map_err(Dropped::Left),
            Err(dropped) => Err(dropped),
        };
        // Never the plate: it says who was where.
        self.parts.counted.with(&self.source.name, |count| match &heard {
            Ok(()) => count.taken += 1,
            Err(dropped) => *count.left.entry(dropped.code()).or_default() += 1,
        });
        heard
    }

    fn sifted(&self, message: &[u8], is_retained: bool) -> Result<FromDevice, Dropped> {
        let seen = anpr::read(self.dialect(), message).map_err(Dropped::Unread)?;
        let (now, mono) = (self.parts.clock.now(), self.parts.clock.monotonic());
        let camera = seen.camera.clone();
        let sifted = self.sieve.lock().unwrap_or_else(PoisonError::into_inner).take(seen, is_retained, now, mono);
        if sifted == Err(Left::Elsewhere) {
            self.parts.counted.with(&self.source.name, |count| count.stranger = Some(camera));
        }
        sifted.map_err(Dropped::Left)
    }

    /// Hands a reading to the lane, which may be waiting for the disk.
    async fn tell(&self, read: FromDevice) -> Result<(), Left> {
        let mut event = Event::Plate(read);
        let told = async {
            loop {
                match self.parts.events.try_send(event) {
                    // Without a lane the box ends by itself.
                    Ok(()) | Err(TrySendError::Disconnected(_)) => return,
                    Err(TrySendError::Full(back)) => event = back,
                }
                tokio::time::sleep(AGAIN).await;
            }
        };
        tokio::time::timeout(PATIENCE, told).await.map_err(|_| Left::Busy)
    }
}

/// Every source of the box, ready to be listened to.
pub(crate) struct Feeds {
    runtime: Runtime,
    posted: Vec<(TcpListener, Vec<Arc<Feed>>)>,
    published: Vec<Arc<Feed>>,
}

impl Feeds {
    /// Takes the ports. One that is taken already is said in the log, and the box works without it.
    ///
    /// # Errors
    /// When the system gives no event loop.
    pub(crate) fn open(sources: &[Source], parts: &Parts) -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let mut by_port: BTreeMap<SocketAddr, Vec<Arc<Feed>>> = BTreeMap::new();
        let mut published = Vec::new();
        for source in sources {
            let feed = Arc::new(Feed::new(source.clone(), parts.clone()));
            match source.listen {
                Some(address) => by_port.entry(address).or_default().push(feed),
                None => published.push(feed),
            }
        }
        let mut posted = Vec::new();
        for (address, feeds) in by_port {
            match runtime.block_on(TcpListener::bind(address)) {
                Ok(listener) => {
                    feeds.iter().for_each(|feed| parts.counted.with(&feed.source.name, |count| count.listens = true));
                    posted.push((listener, feeds));
                }
                Err(error) => tracing::error!(%error, %address, "plate sources have no port; the box works without"),
            }
        }
        Ok(Self { runtime, posted, published })
    }

    /// Listens until told to stop.
    pub(crate) fn work(self, stop: &Stop, pulse: &Pulse) {
        let Self { runtime, posted, published } = self;
        runtime.block_on(async {
            let mut ends = JoinSet::new();
            for (listener, feeds) in posted {
                ends.spawn(http::run(listener, feeds));
            }
            for feed in published {
                ends.spawn(broker::run(feed));
            }
            while !stop.load(Ordering::Relaxed) {
                pulse.fetch_add(1, Ordering::Relaxed);
                // One that ends is a bug, and ends the box as any worker does.
                if !ends.is_empty() && tokio::time::timeout(TURN, ends.join_next()).await.is_ok() {
                    return;
                }
            }
        });
        runtime.shutdown_background();
    }
}

#[cfg(test)]
mod tests;
