//! A region at work: publisher, broker, collector, opener and the pages, in one process on a desk.
//!
//! Each works by itself, and none waits for another: a box gets its release while the ledger is busy, and rows
//! are receipted while the opener is behind. One of them ending by itself is a bug; [`Running::is_running`] says
//! so, and the program ends.

use std::collections::HashMap;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use trust::format::{HEAD, Head, news_name};
use wire::BoxId;

use crate::broker::Broker;
use crate::collect::{self, Collector};
use crate::command::Signed;
use crate::keys::Key;
use crate::ledger::{Intake, Ledger};
use crate::stolen::Silent;
use crate::uses::Word;
use crate::{Error, Region};

mod http;
mod https;
mod page;
mod renew;
mod shown;
#[cfg(test)]
mod tests;

use https::Https;
pub use https::Secure;
use shown::Opening;
pub use shown::{AgeShown, AlertShown, BoxShown, CountsShown, CrossingShown, PictureShown, Shown};

/// How often the desk looks whether there is something to do: a release somebody published by hand, rows to
/// open, a time that has come.
const TURN: Duration = Duration::from_millis(200);

/// How often the log says how the region is.
const REPORT: Duration = Duration::from_secs(60);

/// How long publishing rests after it was tried.
const AGAIN: Duration = REPORT;

/// How soon after another uses are merged and told again when rows have come, and how soon when none have: boxes hear
/// how new HQ's word is.
const USES_SOON: Duration = Duration::from_secs(1);
const USES_LATE: Duration = Duration::from_secs(30);

/// How long a box has time for a command before it is sent again on the same connection.
const COMMAND_AGAIN: Duration = Duration::from_secs(30);

/// How long answers that are under way may take when HQ stops.
const GOODBYE: Duration = Duration::from_millis(500);

/// Who publishes when the clock and nobody else asks for it, as the audit names it.
const BY_ITSELF: &str = "serve";

/// Unix seconds at HQ.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// Which broker the boxes speak to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BrokerChoice {
    /// One in this process, on a loopback address; port 0 lets the system choose.
    Embedded(SocketAddr),
    /// One that runs elsewhere, `host:port`, without TLS.
    At(String),
    /// One that `broker setup` has made the settings of, `host:port`.
    Tls(String),
}

/// How to serve.
#[derive(Clone)]
pub struct Options {
    /// Where releases and pages are served; port 0 lets the system choose.
    pub http: SocketAddr,
    /// Where boxes renew their certificates and fetch releases over TLS, if anywhere.
    pub https: Option<Secure>,
    /// The broker.
    pub broker: BrokerChoice,
    /// HQ's clock.
    pub clock: Clock,
    /// Publish by itself when the last release is this old; none: only when somebody says so.
    pub publish_every: Option<Duration>,
    /// Rows a second that the boxes may send, all together; none: as many as they like.
    pub rows_per_second: Option<u32>,
}

/// A region at work. Dropping it stops it.
pub struct Running {
    http_address: SocketAddr,
    https_address: Option<SocketAddr>,
    broker_address: String,
    shown: Arc<Shown>,
    // In the order in which they are stopped: first nobody asks any more, then nothing comes in.
    http: Option<Http>,
    https: Option<Http>,
    desk: Option<Worker>,
    collector: Option<Arc<Collector>>,
    broker: Option<Broker>,
}

struct Http {
    stop: Option<oneshot::Sender<()>>,
    thread: JoinHandle<()>,
}

struct Worker {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

/// Starts everything. On return boxes can connect and fetch.
///
/// # Errors
/// [`Error::Listen`], [`Error::Broker`], [`Error::Collector`], [`Error::Ledger`], or what is wrong with the
/// region.
pub fn start(region: Arc<Region>, options: Options) -> Result<Running, Error> {
    let Options { http, https, broker, clock, publish_every, rows_per_second } = options;
    // The port first: it is what is most often taken.
    let listener = listen(http)?;
    let http_address = listener.local_addr().map_err(|source| Error::Listen { address: http, source })?;
    let https = https.map(|secure| Https::open(&secure, region.clone(), clock.clone())).transpose()?;
    let (broker, broker_address, credentials) = match broker {
        BrokerChoice::Embedded(address) => {
            let broker = Broker::start(address)?;
            let address = broker.address().to_string();
            (Some(broker), address, None)
        }
        BrokerChoice::At(address) => (None, address, None),
        BrokerChoice::Tls(address) => (None, address, Some(crate::tls::collector(region.clone(), clock.clone()))),
    };
    let ledger = Ledger::open(&region.ledger_path(), region.id())?;
    let keys = region.clone();
    let settings = collect::Settings {
        broker: broker_address.clone(),
        credentials,
        region: region.id().clone(),
        signer: region.receipt_key()?,
        clock: Box::new({
            let clock = clock.clone();
            move || clock()
        }),
        rows_per_second,
    };
    let intake = Intake::new(ledger, move |name: &_| Ok(keys.box_key(name)?), {
        let clock = clock.clone();
        move || clock()
    });
    let books = region.clone();
    let intake = Silent::new(intake, move |name: &_| Ok(books.stolen_since(name)?.is_some()));
    let collector = Arc::new(Collector::start(settings, intake, &region.boxes_path())?);
    // Makes the database that is shown.
    let opening = Opening::new(&region)?;
    let shown = Arc::new(Shown::new(region.clone(), collector.viewer(), clock.clone())?);
    let region_release = region.release_folder();
    let uses_key = region.uses_key();
    let uses_key = uses_key.inspect_err(|error| tracing::error!(code = error.code(), "uses are not merged: no key"));
    let desk = Desk {
        uses_key: uses_key.ok(),
        uses: (None, 0, true),
        head: region_release.join(HEAD),
        region,
        collector: collector.clone(),
        opening,
        clock,
        publish_every,
        announced: Vec::new(),
        tried: None,
        sent: HashMap::new(),
        reported: None,
        troubles: Vec::new(),
    };
    let desk = desk.start()?;
    let pages = http::router(shown.clone(), &region_release).into_make_service_with_connect_info::<SocketAddr>();
    let http = Http::start("http", move || Ok(axum::serve(tokio::net::TcpListener::from_std(listener)?, pages)))?;
    let https_address = https.as_ref().map(Https::address);
    let https = https.map(Https::start).transpose()?;
    tracing::info!(http = %http_address, broker = broker_address, "the region is at work");
    Ok(Running {
        http_address,
        https_address,
        broker_address,
        shown,
        http: Some(http),
        https,
        desk: Some(desk),
        collector: Some(collector),
        broker,
    })
}

fn listen(address: SocketAddr) -> Result<TcpListener, Error> {
    let failed = |source| Error::Listen { address, source };
    let listener = TcpListener::bind(address).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    Ok(listener)
}

impl Running {
    /// Where releases (`/release/…`) and pages are served.
    pub const fn http_address(&self) -> SocketAddr {
        self.http_address
    }

    /// Where certificates are renewed (`/renew`), and releases served over TLS, if anywhere.
    pub const fn https_address(&self) -> Option<SocketAddr> {
        self.https_address
    }

    /// `host:port` of the broker.
    pub fn broker_address(&self) -> &str {
        &self.broker_address
    }

    /// What the pages show, for whoever runs this in the same process.
    pub fn shown(&self) -> &Arc<Shown> {
        &self.shown
    }

    /// What the collector has seen.
    pub fn collected(&self) -> collect::View {
        self.collector.as_ref().map(|collector| collector.view()).unwrap_or_default()
    }

    /// Whether all of it still works; false after a bug, which the log names.
    pub fn is_running(&self) -> bool {
        self.http.as_ref().is_some_and(|http| !http.thread.is_finished())
            && self.https.as_ref().is_none_or(|https| !https.thread.is_finished())
            && self.desk.as_ref().is_some_and(|desk| !desk.thread.is_finished())
            && self.collector.as_ref().is_some_and(|collector| collector.is_running())
    }

    /// Stops; returns when ports and files are closed.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        for Http { stop, thread } in [self.http.take(), self.https.take()].into_iter().flatten() {
            // It has ended by itself when nobody listens.
            let _ = stop.map(|stop| stop.send(()));
            joined("the pages", thread);
        }
        if let Some(Worker { stop, thread }) = self.desk.take() {
            stop.store(true, Ordering::Relaxed);
            joined("the desk", thread);
        }
        // The desk has given its share back, so this stops it.
        self.collector = None;
        self.broker = None;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

fn joined(what: &str, thread: JoinHandle<()>) {
    if thread.join().is_err() {
        tracing::error!("{what} ended by a panic");
    }
}

impl Http {
    /// Serves on a thread of its own what `make` makes there.
    fn start<S>(name: &'static str, make: impl FnOnce() -> std::io::Result<S> + Send + 'static) -> Result<Self, Error>
    where
        S: IntoFuture<Output = std::io::Result<()>>,
    {
        let (stop, stopped) = oneshot::channel::<()>();
        let (opened, opens) = mpsc::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Error::Start)?;
        let serve = move || {
            runtime.block_on(async {
                let server = match make() {
                    Ok(server) => server,
                    Err(error) => return drop(opened.send(Err(error))),
                };
                let _ = opened.send(Ok(()));
                // Ends at once: what is under way is cut by the runtime's shutdown, after a moment.
                tokio::select! {
                    ended = server.into_future() => tracing::error!(?ended, name, "a server ended by itself"),
                    _ = stopped => {}
                }
            });
            runtime.shutdown_timeout(GOODBYE);
        };
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(serve).map_err(Error::Start)?;
        match opens.recv() {
            Ok(Ok(())) => Ok(Self { stop: Some(stop), thread }),
            Ok(Err(error)) => Err(Error::Start(error)),
            Err(mpsc::RecvError) => Err(Error::Start(std::io::Error::other("the thread has ended"))),
        }
    }
}

/// What is done from time to time, by one thread.
struct Desk {
    region: Arc<Region>,
    head: PathBuf,
    collector: Arc<Collector>,
    opening: Opening,
    clock: Clock,
    publish_every: Option<Duration>,
    announced: Vec<u8>,
    /// When publishing was last tried.
    tried: Option<Instant>,
    /// Signs what boxes are told of uses; none when it could not be opened.
    uses_key: Option<Key>,
    /// When uses were last told, HQ's time of that, and whether rows have come since.
    uses: (Option<Instant>, i64, bool),
    /// When commands were last sent, and when their box had come on the line then.
    sent: HashMap<(BoxId, u64), (Instant, Option<i64>)>,
    reported: Option<Instant>,
    /// Codes of what failed at the last turn, so that the log says each once.
    troubles: Vec<&'static str>,
}

impl Desk {
    fn start(mut self) -> Result<Worker, Error> {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let work = move || {
            while !stopped.load(Ordering::Relaxed) {
                self.turn();
                std::thread::sleep(TURN);
            }
        };
        let thread = std::thread::Builder::new().name("desk".to_owned()).spawn(work).map_err(Error::Start)?;
        Ok(Worker { stop, thread })
    }

    /// Nothing here may end the desk: what fails is named once and tried again.
    fn turn(&mut self) {
        let done = [self.publish_if_due(), self.announce(), self.open_rows(), self.merge_uses(), self.command()];
        let troubles: Vec<_> = done.into_iter().filter_map(Result::err).collect();
        for error in &troubles {
            if !self.troubles.contains(&error.code()) {
                tracing::error!(code = error.code(), "{}", crate::commands::chain(error));
            }
        }
        self.troubles = troubles.iter().map(Error::code).collect();
        if self.reported.is_none_or(|at| at.elapsed() >= REPORT) {
            self.reported = Some(Instant::now());
            self.report();
        }
    }

    fn publish_if_due(&mut self) -> Result<(), Error> {
        let Some(every) = self.publish_every else { return Ok(()) };
        let now = (self.clock)();
        let every = i64::try_from(every.as_secs()).unwrap_or(i64::MAX);
        let due = self.region.last_release()?.is_none_or(|(_, issued)| now.saturating_sub(issued) >= every);
        // What cannot be published now cannot be in 200 ms either.
        if due && self.tried.is_none_or(|at| at.elapsed() >= AGAIN) {
            self.tried = Some(Instant::now());
            let published = self.region.publish(BY_ITSELF, now)?;
            tracing::info!(sequence = published.sequence, bytes = published.news, "published");
        }
        Ok(())
    }

    /// Tells the boxes about a release, whoever published it.
    fn announce(&mut self) -> Result<(), Error> {
        let head = match std::fs::read(&self.head) {
            Ok(head) => head,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(Error::file(&self.head)(error)),
        };
        if head != self.announced {
            // The bundle first, so that nobody asks for what is on its way.
            if let Some(bundle) = self.news(&head) {
                self.collector.send_news(bundle);
            }
            self.collector.announce(head.clone());
            self.announced = head;
        }
        Ok(())
    }

    /// The bundle of a release, if it has one that is sent; without it boxes fetch.
    fn news(&self, head: &[u8]) -> Option<Vec<u8>> {
        let (_, head) = Head::parse(head).ok()?;
        let path = self.region.release_folder().join(news_name(head.sequence));
        let is_short = std::fs::metadata(&path).is_ok_and(|file| file.len() <= wire::topic::LONGEST_NEWS as u64);
        if is_short { std::fs::read(&path).ok() } else { None }
    }

    fn open_rows(&mut self) -> Result<(), Error> {
        let now = (self.clock)();
        let alerts = self.collector.alerts();
        let key_of = |name: &BoxId| self.region.box_key(name).ok().flatten();
        self.opening.early(&alerts, key_of, now)?;
        self.uses.2 |= self.opening.turn(now)?;
        Ok(())
    }

    /// Tells every box of the uses at all of them.
    fn merge_uses(&mut self) -> Result<(), Error> {
        let Some(key) = &self.uses_key else { return Ok(()) };
        let (told, last, has_news) = self.uses;
        let wait = if has_news { USES_SOON } else { USES_LATE };
        let now = (self.clock)();
        // A word is newer than the one before, or boxes do not take it.
        if told.is_some_and(|at| at.elapsed() < wait) || now <= last {
            return Ok(());
        }
        self.uses = (Some(Instant::now()), now, false);
        let days = self.opening.uses(now)?;
        self.collector.tell_uses(Word::sign(&self.region, key, days, now)?);
        Ok(())
    }

    /// Sends the commands that have no answer yet: when they are new, when their box comes on the line, and now and
    /// then again.
    fn command(&mut self) -> Result<(), Error> {
        let now = (self.clock)();
        let open = self.region.commands_open(now)?;
        if open.is_empty() {
            self.sent.clear();
            return Ok(());
        }
        let boxes = self.collector.view().boxes;
        for Signed { name, number, signed } in open {
            if let Some((code, detail)) = self.opening.answer(&name, number)? {
                let answer =
                    if code == "command-done" { "done" } else { detail.rsplit(' ').next().unwrap_or("refused") };
                self.region.answered(&name, number, answer, now)?;
                continue;
            }
            let seen = boxes.get(&name);
            if !seen.and_then(|seen| seen.state.as_ref()).is_some_and(|state| state.online) {
                continue;
            }
            let since = seen.and_then(|seen| seen.state_at);
            let last = self.sent.get(&(name.clone(), number));
            if last.is_none_or(|(at, before)| *before != since || at.elapsed() >= COMMAND_AGAIN) {
                self.collector.command(&name, number, signed);
                self.sent.insert((name, number), (Instant::now(), since));
            }
        }
        Ok(())
    }

    fn report(&self) {
        let view = self.collector.view();
        let online = view.boxes.values().filter(|seen| seen.state.as_ref().is_some_and(|state| state.online)).count();
        let release = self.region.last_release().ok().flatten();
        tracing::info!(
            broker = view.connected,
            boxes = view.boxes.len(),
            online,
            rows = view.rows,
            receipts = view.receipts,
            refused = view.refused.values().sum::<u64>(),
            dropped = view.dropped,
            release = release.map(|(sequence, _)| sequence),
            release_age_s = release.map(|(_, issued)| (self.clock)().saturating_sub(issued)),
            "how the region is"
        );
    }
}
