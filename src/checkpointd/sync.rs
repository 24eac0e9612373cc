//! Fetching releases: at the start, when HQ says there is a newer one, every so often, and when
//! somebody brings one: on a stick, or on a phone.
//!
//! A carrier that is away or lies costs nothing but the try; what has been adopted goes on serving. The store
//! works on a thread that may block, so that the loop of the line keeps turning meanwhile.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use journal::Writer;
use tokio::sync::{mpsc, watch};
use trust::format::{HEAD, Head, Root};
use trust::{Adoption, Bundle, Carrier, CarrierError, Folder, Http, Layered, News, Store};
use uplink::link::tls::{self, Now};
use wire::BoxId;

use crate::clock::Clock;
use crate::crew::TURN;
use crate::crossing::note;
use crate::stick::receipt;
use crate::{config, stick};

/// Shortest time between tries, however often somebody announces something.
const REST: Duration = Duration::from_millis(500);

/// Time between tries while the box has no release at all: an officer is waiting.
const HURRY: Duration = Duration::from_secs(2);

/// The newest root of trust, for those who check receipts and commands.
#[derive(Clone)]
pub(crate) struct Roots(Arc<RwLock<Root>>);

impl Roots {
    pub(crate) fn new(root: Root) -> Self {
        Self(Arc::new(RwLock::new(root)))
    }

    /// The receipt keys that counted at a time (Unix seconds).
    pub(crate) fn receipt_keys(&self, at: i64) -> Vec<ed25519_dalek::VerifyingKey> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).receipt_at(at).collect()
    }

    /// The command keys that counted at a time (Unix seconds).
    pub(crate) fn command_keys(&self, at: i64) -> Vec<ed25519_dalek::VerifyingKey> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).command_at(at).collect()
    }
}

/// What became of an offer: the adoption, and the sequence that is in force after it.
pub(crate) type Answer = Result<(Adoption, u64), trust::Error>;

/// A bundle that was brought to the box.
pub(crate) struct Offer {
    pub bundle: Bundle,
    /// Who wants to know what becomes of it.
    pub told: Sender<Answer>,
}

/// What fetching is tied to.
pub(crate) struct Sync {
    /// The box that fetches.
    pub name: BoxId,
    pub store: Store,
    pub roots: Roots,
    /// The server; or why none can be asked.
    pub http: Option<Result<Http, String>>,
    pub folder: Option<PathBuf>,
    pub writer: Writer,
    pub clock: Arc<Clock>,
    /// What the panel says of sticks.
    pub said: stick::Said,
}

/// What makes fetching begin before its time.
pub(crate) struct Calls {
    /// Heads HQ has announced, unverified: a reason to look, nothing more.
    pub announced: watch::Receiver<Option<Vec<u8>>>,
    /// Bundles HQ has sent, unverified: a carrier like any other. Only the last one waits.
    pub news: watch::Receiver<Option<Vec<u8>>>,
    /// Sticks that were put in.
    pub sticks: mpsc::Receiver<PathBuf>,
    /// Bundles that are brought to the box.
    pub offered: Receiver<Offer>,
}

/// What is to be done next.
enum Work {
    /// Everything that brings releases is asked, what HQ has sent first.
    Round(Option<Bundle>),
    /// A stick is read.
    Stick(PathBuf),
    /// What was brought is looked into.
    Offer(Offer),
}

/// What came of it.
struct Done {
    trouble: Option<String>,
    is_new: bool,
}

impl Calls {
    /// What somebody claims to be newer than `have`: a head or a bundle. Whatever cannot be one is dropped here.
    fn news(&mut self, have: u64) -> Option<Option<Bundle>> {
        let is_newer = |head: &[u8]| Head::parse(head).is_ok_and(|(_, head)| head.sequence > have);
        let announced = self.announced.has_changed().unwrap_or(false)
            && self.announced.borrow_and_update().as_deref().is_some_and(is_newer);
        let sent = self.news.has_changed().unwrap_or(false);
        let bundle = if sent { self.news.borrow_and_update().clone() } else { None };
        let bundle = bundle.and_then(|bytes| Bundle::decode(&bytes).ok());
        let bundle = bundle.filter(|bundle| bundle.file(HEAD).is_some_and(is_newer));
        (announced || bundle.is_some()).then_some(bundle)
    }
}

/// Fetches until told to stop. `every` is the time between checks.
pub(crate) async fn run(sync: Sync, mut calls: Calls, every: Duration, stop: Arc<AtomicBool>, pulse: Arc<AtomicU64>) {
    let view = sync.store.view();
    let have = || view.current().map_or(0, |release| release.sequence());
    let (mut due, mut rested, mut rest) = (Instant::now(), Instant::now(), REST);
    let mut sync = Some(sync);
    let mut trouble = None;
    while !stop.load(Ordering::Relaxed) {
        pulse.fetch_add(1, Ordering::Relaxed);
        let now = Instant::now();
        let stick = calls.sticks.try_recv().ok();
        let brought = stick.map(Work::Stick).or_else(|| calls.offered.try_recv().ok().map(Work::Offer));
        let sent = if brought.is_none() && now >= rested { calls.news(have()) } else { None };
        let was_called = sent.is_some();
        let work = match (brought, sent) {
            (Some(brought), _) => brought,
            (None, Some(bundle)) => Work::Round(bundle),
            (None, None) if now >= due => Work::Round(None),
            (None, None) => {
                tokio::time::sleep(TURN).await;
                continue;
            }
        };
        let is_round = matches!(work, Work::Round(_));
        let Some(mut working) = sync.take() else { return };
        let round = tokio::task::spawn_blocking(move || {
            let done = working.work(work);
            (working, done)
        });
        tokio::pin!(round);
        let done = loop {
            pulse.fetch_add(1, Ordering::Relaxed);
            tokio::select! {
                done = &mut round => break done,
                () = tokio::time::sleep(TURN) => {}
            }
            if stop.load(Ordering::Relaxed) {
                return;
            }
        };
        // A panic in it ends this worker, and with it the box.
        let Ok((working, Done { trouble: failed, is_new })) = done else { return };
        sync = Some(working);
        if !is_round {
            continue;
        }
        if failed != trouble {
            if let Some(failed) = &failed {
                tracing::warn!("no release: {failed}");
            }
            trouble = failed;
        }
        // Whoever calls for nothing is heard less and less, up to the box's own time between checks.
        rest = if is_new {
            REST
        } else if was_called {
            (rest * 2).min(every.max(REST))
        } else {
            rest
        };
        rested = Instant::now() + rest;
        due = Instant::now() + if view.current().is_none() { HURRY.min(every) } else { every };
    }
}

impl Sync {
    fn work(&mut self, work: Work) -> Done {
        match work {
            Work::Round(sent) => self.round(sent),
            Work::Stick(stick) => self.stick(&stick),
            Work::Offer(offer) => self.take(offer),
        }
    }

    /// Asks every carrier once; says what went wrong if one of them did not answer well.
    fn round(&mut self, sent: Option<Bundle>) -> Done {
        let mut done = Done { trouble: None, is_new: false };
        if let Some(bundle) = sent {
            // What it lacks, the server has; and when it lies, the server is asked below.
            let adopted = match &self.http {
                Some(Ok(http)) => self.ask(&mut Layered(bundle, http.clone())),
                _ => self.ask(&mut Layered(bundle, Layers(self.folder.clone().map(Folder)))),
            };
            match adopted {
                Ok(Adoption::Adopted { .. }) => return Done { is_new: true, ..done },
                Ok(Adoption::NothingNew { .. }) => {}
                Err(error) => tracing::info!(code = error.code(), "what HQ's broker has sent was refused: {error}"),
            }
        }
        match self.http.clone() {
            Some(Ok(http)) => {
                let have = self.store.current().map_or(0, |release| release.sequence());
                let mut news = News::new(http.clone(), have);
                let adopted = match self.ask(&mut news) {
                    // A bundle may rot in a cache while the files are sound.
                    Err(_) if news.has_bundle() => self.ask(&mut http.clone()),
                    other => other,
                };
                done.take(adopted);
            }
            Some(Err(why)) => done.trouble = Some(why),
            None => {}
        }
        if let Some(folder) = self.folder.clone() {
            done.take(self.ask(&mut Folder(folder)));
        }
        done
    }

    /// Asks one carrier.
    fn ask(&mut self, carrier: &mut dyn Carrier) -> Result<Adoption, trust::Error> {
        let adopted = self.store.adopt(carrier, self.clock.now());
        // A newer root counts whatever became of the release: a key that was struck off must stay struck off.
        self.follow_root();
        if let Ok(Adoption::Adopted { sequence, fetched }) = adopted {
            tracing::info!(sequence, fetched, "adopted a release");
            self.write_down("release-adopted", &sequence.to_string());
        }
        adopted
    }

    fn stick(&mut self, stick: &Path) -> Done {
        let said = self.said.clone();
        let outcome = stick::read(stick, &mut self.store, self.clock.now(), &said);
        self.follow_root();
        let outcome = self.receipt(stick, outcome);
        match &outcome {
            Some(panel::Stick::Adopted { sequence }) => {
                self.write_down("release-adopted", &format!("{sequence} from a stick"));
            }
            Some(refused) if !refused.is_well() => self.write_down("stick-refused", refused.code()),
            _ => {}
        }
        Done { trouble: None, is_new: matches!(outcome, Some(panel::Stick::Adopted { .. })) }
    }

    /// Takes HQ's receipt from a stick, after its release, which may bring the key for it. What became of a release is
    /// the better word for who put the stick in.
    fn receipt(&self, stick: &Path, outcome: Option<panel::Stick>) -> Option<panel::Stick> {
        let region = self.store.root().region.clone();
        let keys_at = |at| self.roots.receipt_keys(at);
        let receiver = receipt::Receiver { region: &region, name: &self.name, keys_at: &keys_at };
        let taken = receiver.take(stick, |receipt| self.writer.settle(receipt, self.clock.now()));
        let Some((receipt, sequence)) = taken else { return outcome };
        if receipt == panel::Stick::Settled {
            self.write_down("receipt-taken", &format!("{sequence} from a stick"));
        }
        match outcome {
            None | Some(panel::Stick::Nothing | panel::Stick::Current { .. }) => {
                self.said.say(receipt.clone());
                Some(receipt)
            }
            other => other,
        }
    }

    /// Takes what was brought, if it holds all that the box needs of it.
    fn take(&mut self, offer: Offer) -> Done {
        let Offer { mut bundle, told } = offer;
        let ours = &self.store.root().region;
        let head = bundle.file(HEAD).and_then(|head| Head::parse(head).ok());
        // It is signed by nobody known here; that it is somebody else's is the better word.
        let adopted = match head.filter(|(_, head)| head.region != *ours) {
            Some((_, Head { region, .. })) => Err(trust::Error::OtherRegion { expected: ours.clone(), found: region }),
            None => self.ask(&mut bundle),
        };
        if let Err(error) = &adopted {
            tracing::warn!(code = error.code(), "what was brought was not adopted: {}", words(error));
        }
        let is_new = matches!(adopted, Ok(Adoption::Adopted { .. }));
        let sequence = self.store.current().map_or(0, |release| release.sequence());
        // Who brought it may have gone.
        let _ = told.send(adopted.map(|adoption| (adoption, sequence)));
        Done { trouble: None, is_new }
    }

    fn follow_root(&self) {
        self.clock.floor_is(self.store.floor());
        let root = self.store.root().clone();
        if let Some(key) = root.sealing_key() {
            // The same key again changes nothing; without a journal the box ends by itself.
            let _ = self.writer.seal_to(key);
        }
        *self.roots.0.write().unwrap_or_else(PoisonError::into_inner) = root;
    }

    fn write_down(&self, code: &str, detail: &str) {
        let now = self.clock.now();
        if let Err(error) = self.writer.append(vec![note(code, detail, now)], now) {
            tracing::error!(code = error.code(), "{code} could not be written down");
        }
    }
}

impl Done {
    fn take(&mut self, adopted: Result<Adoption, trust::Error>) {
        match adopted {
            Ok(adoption) => self.is_new |= matches!(adoption, Adoption::Adopted { .. }),
            Err(error) => self.trouble = Some(words(&error)),
        }
    }
}

/// A carrier, or nothing.
struct Layers<C>(Option<C>);

impl<C: Carrier> Carrier for Layers<C> {
    fn open<'c>(&'c mut self, name: &str, from: u64) -> Result<Box<dyn std::io::Read + 'c>, CarrierError> {
        match &mut self.0 {
            Some(carrier) => carrier.open(name, from),
            None => Err(CarrierError::NotFound(name.to_owned())),
        }
    }
}

/// The server that is configured, if one is; or why it cannot be asked. `now` is by which its certificate is judged,
/// where the region's own authorities vouch for it.
pub(crate) fn server(from: &config::Trust, now: Now) -> Option<Result<Http, String>> {
    let base = from.http.as_deref()?;
    let Some(ca) = &from.ca else { return Some(Ok(Http::new(base))) };
    let pem = std::fs::read(ca).map_err(|error| format!("{}: {error}", ca.display()));
    let tls = pem.and_then(|pem| tls::client(&pem, None, now).map_err(|error| words(&error)));
    Some(tls.map(|tls| Http::over_tls(base, tls)))
}

fn words(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
