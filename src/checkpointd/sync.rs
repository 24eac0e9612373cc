//! Fetching releases: at the start, when HQ says there is a newer one, and every so often.
//!
//! A carrier that is away or lies costs nothing but the try; what has been adopted goes on serving. The store
//! works on a thread that may block, so that the loop of the line keeps turning meanwhile.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use journal::Writer;
use tokio::sync::watch;
use trust::format::Root;
use trust::{Adoption, Carrier, Folder, Http, Store};

use crate::clock::Clock;
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

/// What fetching is tied to.
pub(crate) struct Sync {
    pub store: Store,
    pub roots: Roots,
    pub from: config::Trust,
    pub writer: Writer,
    pub clock: Arc<Clock>,
    /// Heads HQ has announced, unverified: a reason to look, nothing more.
    pub announced: watch::Receiver<Option<Vec<u8>>>,
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
        if Instant::now() < if is_announced { rested } else { due } {
            tokio::time::sleep(TURN).await;
            continue;
        }
        announced.mark_unchanged();
        let Some(mut working) = sync.take() else { return };
        let round = tokio::task::spawn_blocking(move || {
            let failed = working.round();
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
            self.clock.floor_is(self.store.floor());
            match adopted {
                Ok(Adoption::NothingNew { .. }) => {}
                Ok(Adoption::Adopted { sequence, fetched }) => self.adopted(sequence, fetched),
                Err(error) => trouble = Some(words(&error)),
            }
        }
        trouble
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
