//! Fetching releases: at the start, when HQ says there is a newer one, every so often, and when somebody brings one.
//!
//! A carrier that is away or lies costs nothing but the try; what has been adopted goes on serving. The store
//! works on a thread that may block, so that the loop of the line keeps turning meanwhile.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use board::Clock;
use journal::Writer;
use tokio::sync::watch;
use trust::format::Root;
use trust::{Adoption, Bundle, Carrier, Folder, Http, Store};

use crate::config;
use crate::crew::TURN;
use crate::crossing::note;

/// Shortest time between tries, however often somebody announces something.
const REST: Duration = Duration::from_millis(500);

/// Time between tries while the box has no release at all: an officer is waiting.
const HURRY: Duration = Duration::from_secs(2);

/// The newest root of trust, for those who check receipts.
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
    pub store: Store,
    pub roots: Roots,
    pub from: config::Trust,
    pub writer: Writer,
    pub clock: Arc<dyn Clock>,
    /// Heads HQ has announced, unverified: a reason to look, nothing more.
    pub announced: watch::Receiver<Option<Vec<u8>>>,
    /// Bundles that are brought to the box.
    pub offered: Receiver<Offer>,
}

/// Fetches until told to stop.
pub(crate) async fn run(sync: Sync, stop: Arc<AtomicBool>, pulse: Arc<AtomicU64>) {
    let mut announced = sync.announced.clone();
    let view = sync.store.view();
    let every = Duration::from_secs(sync.from.every.max(1));
    let (mut due, mut rested) = (Instant::now(), Instant::now());
    let mut sync = Some(sync);
    let mut trouble = None;
    while !stop.load(Ordering::Relaxed) {
        pulse.fetch_add(1, Ordering::Relaxed);
        let is_announced = announced.has_changed().unwrap_or(false);
        let offer = sync.as_ref().and_then(|sync| sync.offered.try_recv().ok());
        if offer.is_none() && Instant::now() < if is_announced { rested } else { due } {
            tokio::time::sleep(TURN).await;
            continue;
        }
        let was_due = offer.is_none();
        if was_due {
            announced.mark_unchanged();
        }
        let Some(mut working) = sync.take() else { return };
        let round = tokio::task::spawn_blocking(move || {
            let failed = match offer {
                Some(offer) => {
                    working.take(offer);
                    None
                }
                None => working.round(),
            };
            (working, failed)
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
        let Ok((working, failed)) = done else { return };
        sync = Some(working);
        if !was_due {
            continue;
        }
        if failed != trouble {
            if let Some(failed) = &failed {
                tracing::warn!("no release: {failed}");
            }
            trouble = failed;
        }
        rested = Instant::now() + REST;
        due = Instant::now() + if view.current().is_none() { HURRY.min(every) } else { every };
    }
}

impl Sync {
    /// Asks every carrier once; says what went wrong if none of them answered well.
    fn round(&mut self) -> Option<String> {
        let mut carriers: Vec<Box<dyn Carrier>> = Vec::new();
        carriers.extend(self.from.http.as_deref().map(|base| Box::new(Http::new(base)) as Box<dyn Carrier>));
        carriers.extend(self.from.folder.clone().map(|folder| Box::new(Folder(folder)) as Box<dyn Carrier>));
        let mut trouble = None;
        for mut carrier in carriers {
            let adopted = self.store.adopt(carrier.as_mut(), self.clock.now());
            // A newer root counts whatever became of the release: a key that was struck off must stay struck off.
            self.follow_root();
            match adopted {
                Ok(Adoption::NothingNew { .. }) => {}
                Ok(Adoption::Adopted { sequence, fetched }) => self.adopted(sequence, fetched),
                Err(error) => trouble = Some(words(&error)),
            }
        }
        trouble
    }

    /// Takes what was brought, if it holds all that the box needs of it.
    fn take(&mut self, offer: Offer) {
        let Offer { mut bundle, told } = offer;
        let adopted = self.store.adopt(&mut bundle, self.clock.now());
        self.follow_root();
        match &adopted {
            Ok(Adoption::Adopted { sequence, fetched }) => self.adopted(*sequence, *fetched),
            Ok(Adoption::NothingNew { .. }) => {}
            Err(error) => tracing::warn!(code = error.code(), "what was brought was not adopted: {}", words(error)),
        }
        let sequence = self.store.view().current().map_or(0, |release| release.sequence());
        // Who brought it may have gone.
        let _ = told.send(adopted.map(|adoption| (adoption, sequence)));
    }

    fn follow_root(&self) {
        let root = self.store.root().clone();
        if let Some(key) = root.sealing_key() {
            // The same key again changes nothing; without a journal the box ends by itself.
            let _ = self.writer.seal_to(key);
        }
        *self.roots.0.write().unwrap_or_else(PoisonError::into_inner) = root;
    }

    fn adopted(&self, sequence: u64, fetched: u64) {
        tracing::info!(sequence, fetched, "adopted a release");
        let now = self.clock.now();
        if let Err(error) = self.writer.append(vec![note("release-adopted", &sequence.to_string(), now)], now) {
            tracing::error!(code = error.code(), "the adoption could not be written down");
        }
    }
}

fn words(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
