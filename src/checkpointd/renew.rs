//! The box's certificate after its enrolment: which one is shown to the broker, and how the next one comes.
//!
//! A certificate is renewed when two thirds of its time are over, when it has run out, or when the broker does not take
//! it. HQ's word for it is the box's signing key, not the old certificate, so that a box which was cut off for a winter
//! comes back by itself. The next certificate has a key of its own; it takes the place of the present one when the
//! broker has accepted it, and until then both are tried in turn.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustls::ClientConfig;
use uplink::link::tls::{self, Credentials, Now};
use wire::{BoxId, RegionId};

use crate::clock::Clock;
use crate::enrol::{Certificate, Enrolled, Refused};
use crate::identity::Identity;

mod ask;
mod wallet;

pub use ask::Trouble;
use wallet::{Pair, Wallet};

/// How often it is looked whether the time has come.
const LOOK: Duration = Duration::from_secs(1);

/// Wait after the first failure; each that follows doubles it.
const FIRST: Duration = Duration::from_secs(5);

/// Longest wait: a box that is refused asks four times a day.
const LONGEST: Duration = Duration::from_secs(6 * 3600);

/// How the certificate stands, for the page, the heartbeat and the technician.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Unix seconds until which the newest certificate counts.
    pub not_after: i64,
    /// What goes on.
    pub renewal: Renewal,
    /// Stable code of what went wrong last; none once it went well.
    pub trouble: Option<&'static str>,
}

/// What goes on with a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewal {
    /// Its time has not come.
    Rests,
    /// It is asked for.
    Due,
    /// The next one is here, and the broker has not accepted it yet.
    Next,
}

impl Renewal {
    /// Stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rests => "rests",
            Self::Due => "due",
            Self::Next => "next",
        }
    }
}

/// The certificates of a box that is enrolled.
pub struct Certificates {
    enrolled: Enrolled,
    region: RegionId,
    name: BoxId,
    identity: Identity,
    clock: Arc<Clock>,
    state: Mutex<State>,
}

struct State {
    wallet: Wallet,
    /// Whether the next one was shown last.
    shows_next: bool,
    /// Whether the broker did not take the only one there is.
    is_refused: bool,
    /// Part of the lifetime, in thousandths, after which it is renewed: not every box of a region at once.
    after: i64,
    trouble: Option<&'static str>,
}

impl Certificates {
    /// Those of an enrolment.
    ///
    /// # Errors
    /// [`Refused::Disk`], [`Refused::Certificate`].
    pub(crate) fn open(
        enrolled: Enrolled,
        identity: Identity,
        (region, name): (RegionId, BoxId),
        clock: Arc<Clock>,
    ) -> Result<Self, Refused> {
        let wallet = Wallet::open(enrolled.tls())?;
        let after = 667 + i64::from(random(50));
        let state = State { wallet, shows_next: false, is_refused: false, after, trouble: None };
        Ok(Self { enrolled, region, name, identity, clock, state: Mutex::new(state) })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every change of it is one assignment, and the files have an order of their own.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The box's time for certificates, in Unix seconds: never below anything that HQ has signed.
    fn now(&self) -> i64 {
        let signed = self.enrolled.issued().max(self.state().wallet.current.certificate.not_before());
        self.clock.now().unix().max(signed)
    }

    /// The same for whoever judges certificates later.
    pub(crate) fn clock(self: &Arc<Self>) -> Now {
        let own = self.clone();
        Arc::new(move || own.now())
    }

    /// How it stands.
    pub fn standing(&self) -> Standing {
        let now = self.now();
        let state = self.state();
        let newest = &state.wallet.newest().certificate;
        let renewal = if state.is_due(now) {
            Renewal::Due
        } else if state.wallet.next.is_some() {
            Renewal::Next
        } else {
            Renewal::Rests
        };
        Standing { not_after: newest.not_after(), renewal, trouble: state.trouble }
    }

    /// Asks HQ once. Blocks.
    fn renew(self: &Arc<Self>) -> Result<(), Trouble> {
        let url = self.enrolled.renewal().ok_or(Trouble::NoAddress)?;
        let authorities = std::fs::read(&self.enrolled.tls().authorities).map_err(|_| Trouble::Disk)?;
        let tls = tls::client(&authorities, None, self.clock()).map_err(|_| Trouble::Disk)?;
        let asked = ask::Asked { region: &self.region, name: &self.name, identity: &self.identity };
        let renewed = asked.ask(url, tls)?;
        let authorities = Certificate::all_from_pem(&authorities).map_err(|_| Trouble::Disk)?;
        let pair = asked.check(renewed, &authorities, self.now())?;
        self.state().wallet.keep_next(pair).map_err(|_| Trouble::Disk)
    }
}

impl State {
    fn is_due(&self, now: i64) -> bool {
        let newest = &self.wallet.newest().certificate;
        let (from, to) = (newest.not_before(), newest.not_after());
        let due = from.saturating_add(to.saturating_sub(from) / 1000 * self.after);
        now >= due.min(to) || self.is_refused
    }

    fn shown(&self) -> &Pair {
        self.wallet.next.as_ref().filter(|_| self.shows_next).unwrap_or(&self.wallet.current)
    }
}

/// What the link shows to the broker.
pub(crate) struct ToBroker(pub(crate) Arc<Certificates>);

impl Credentials for ToBroker {
    fn next(&mut self) -> Result<Arc<ClientConfig>, String> {
        let own = &self.0;
        let authorities = std::fs::read(&own.enrolled.tls().authorities).map_err(|error| error.to_string())?;
        let (certificate, key) = {
            let mut state = own.state();
            // The next one first; while neither is taken, one after the other.
            state.shows_next = !state.shows_next && state.wallet.next.is_some();
            let shown = state.shown();
            (shown.certificate.to_pem(), shown.key.clone())
        };
        let shown = Some((certificate.as_bytes(), key.as_bytes()));
        tls::client(&authorities, shown, own.clock()).map_err(|error| error.to_string())
    }

    fn accepted(&mut self) {
        let mut state = self.0.state();
        state.is_refused = false;
        if state.shows_next {
            state.shows_next = false;
            match state.wallet.promote() {
                Ok(()) => tracing::info!("the broker has accepted the next certificate"),
                Err(error) => {
                    tracing::error!(code = error.code(), %error, "the next certificate cannot be put in place")
                }
            }
        }
    }

    fn refused(&mut self, why: &str) {
        let mut state = self.0.state();
        // A line that breaks says nothing about a certificate.
        if why.starts_with(tls::ALERT) && state.wallet.next.is_none() {
            state.is_refused = true;
        }
    }
}

/// Renews until the box ends. Ends by itself only by a bug.
pub(crate) async fn run(certificates: Arc<Certificates>) {
    let mut wait = FIRST;
    loop {
        tokio::time::sleep(LOOK).await;
        let now = certificates.now();
        if !certificates.state().is_due(now) {
            wait = FIRST;
            continue;
        }
        let working = certificates.clone();
        let Ok(asked) = tokio::task::spawn_blocking(move || working.renew()).await else { return };
        let mut rest = wait;
        {
            let mut state = certificates.state();
            match asked {
                Ok(()) => {
                    tracing::info!("HQ has given the next certificate");
                    (state.trouble, state.is_refused) = (None, false);
                    rest = Duration::ZERO;
                }
                Err(trouble) => {
                    tracing::warn!(code = trouble.code(), "the certificate was not renewed: {trouble}");
                    state.trouble = Some(trouble.code());
                    wait = (wait * 2).min(LONGEST);
                }
            }
        }
        // Half of it and as much again by chance: not every box of a region at once.
        tokio::time::sleep(rest / 2 + rest.mul_f64(f64::from(random(500)) / 1000.0)).await;
    }
}

/// A number below another, for spreading. Without chance, one is as good as another.
fn random(below: u32) -> u32 {
    let mut bytes = [0; 4];
    match getrandom::fill(&mut bytes) {
        Ok(()) => u32::from_ne_bytes(bytes) % below,
        Err(_) => below / 2,
    }
}

#[cfg(test)]
mod tests;
