//! A phone shows an update to the camera, picture by picture: what it carries is put together here and offered to the
//! store, like a bundle from anywhere else.
//!
//! Time is an argument and nothing blocks the lane: a picture that comes too early for this worker is dropped, and the
//! phone shows others. Nothing of it is believed before the store has checked it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, channel};
use std::time::{Duration, Instant};

use panel::Run;
use trust::run::{Collector, PREFIX, Packet, Step};
use trust::{Adoption, Bundle, CarrierError, Error};

use crate::crew::TURN;
use crate::gauges::Gauges;
use crate::sync::{Answer, Offer};

/// How long the phone must be out of view before the panel is idle again.
const GONE: Duration = Duration::from_secs(3);

/// How long what was collected is kept for a phone that went away too early.
const KEPT: Duration = Duration::from_secs(120);

/// Whether a code is a picture of a run. No pass is.
pub(crate) fn is_of_a_run(text: &str) -> bool {
    text.starts_with(PREFIX)
}

/// What is known of the phone before the camera.
#[derive(Default)]
struct Phone {
    collector: Collector,
    last: String,
    seen: Option<Instant>,
    says: Option<Run>,
    /// Since when the panel says how it ended.
    ended: Option<Instant>,
    /// What is being checked.
    asked: Option<Receiver<Answer>>,
}

/// What comes of a picture.
#[derive(Debug, PartialEq, Eq)]
enum Came {
    /// Nothing that anybody must hear of.
    Nothing,
    /// A whole bundle.
    Whole(Vec<u8>),
    /// The run has to begin anew.
    Spoilt,
}

impl Phone {
    /// Takes a text. The same one again only says that the phone is still there.
    fn see(&mut self, text: String, now: Instant) -> Came {
        if text == self.last {
            self.seen = Some(now);
            return Came::Nothing;
        }
        let Some(packet) = Packet::read(&text) else { return Came::Nothing };
        (self.last, self.seen) = (text, Some(now));
        match self.collector.take(&packet) {
            // While one run is checked or its end is being told, another one collects in silence.
            Step::Gathered(known, of) if self.asked.is_none() && self.ended.is_none() => {
                let percent = u8::try_from(known * 100 / of.max(1)).unwrap_or(100);
                self.says = Some(Run::Receiving { percent });
                Came::Nothing
            }
            Step::Gathered(..) | Step::Known => Came::Nothing,
            Step::Spoilt => Came::Spoilt,
            Step::Whole(bytes) => Came::Whole(bytes),
        }
    }

    fn ends_as(&mut self, run: Run, now: Instant) {
        self.says = Some(run);
        self.ended = Some(now);
    }

    /// Hears what became of what was offered, and whether the phone has gone.
    fn turn(&mut self, now: Instant) {
        if let Some(asked) = &self.asked {
            match asked.try_recv() {
                Err(TryRecvError::Empty) => return,
                Ok(answer) => self.ends_as(outcome(&answer), now),
                Err(TryRecvError::Disconnected) => self.ends_as(Run::Failed, now),
            }
            self.asked = None;
        }
        let since = |at: Option<Instant>| at.map(|at| now.saturating_duration_since(at));
        let is_gone = since(self.seen).is_none_or(|unseen| unseen >= GONE);
        if is_gone && since(self.ended).is_none_or(|told| told >= GONE) {
            if self.ended.take().is_some() {
                // Shown once more, it is tried once more: the clock, or what was missing, may have come meanwhile.
                self.collector.forget();
                self.last.clear();
            }
            self.says = None;
        }
        if since(self.seen).is_some_and(|unseen| unseen >= KEPT) {
            *self = Self::default();
        }
    }
}

/// What the officer is told of an answer.
fn outcome(answer: &Answer) -> Run {
    match answer {
        Ok((Adoption::Adopted { .. }, sequence)) => Run::Adopted { sequence: *sequence },
        Ok((_, sequence)) => Run::Current { sequence: *sequence },
        Err(Error::Older { have, found }) => Run::Older { here: *have, there: *found },
        Err(Error::OtherRegion { found, .. }) => Run::OtherRegion { region: found.as_str().to_owned() },
        Err(Error::Carrier(CarrierError::NotFound(_))) => Run::Missing,
        Err(Error::PastNotAfter | Error::RootExpired) => Run::TooOld,
        Err(Error::Disk { .. } | Error::NeedsProvisioning) => Run::Failed,
        Err(_) => Run::NotSigned,
    }
}

/// Collects until told to stop. `tell` is called whenever the panel is to say something else.
pub(crate) fn run(
    texts: &Receiver<String>,
    offers: &SyncSender<Offer>,
    gauges: &Gauges,
    mut tell: impl FnMut(Option<Run>),
    stop: &AtomicBool,
    pulse: &AtomicU64,
) {
    let (mut phone, mut told) = (Phone::default(), None);
    while !stop.load(Ordering::Relaxed) {
        pulse.fetch_add(1, Ordering::Relaxed);
        let came = match texts.recv_timeout(TURN) {
            Ok(text) => phone.see(text, Instant::now()),
            Err(RecvTimeoutError::Timeout) => Came::Nothing,
            Err(RecvTimeoutError::Disconnected) => return,
        };
        match came {
            Came::Nothing => {}
            Came::Spoilt => {
                gauges.run_spoilt();
                tracing::warn!("what a phone shows contradicts itself; collecting begins anew");
            }
            Came::Whole(bytes) => offer(&mut phone, &bytes, offers),
        }
        phone.turn(Instant::now());
        if phone.says != told {
            told.clone_from(&phone.says);
            tell(phone.says.clone());
        }
    }
}

/// Hands what is whole to the store, one after another.
fn offer(phone: &mut Phone, bytes: &[u8], offers: &SyncSender<Offer>) {
    let now = Instant::now();
    let bundle = match Bundle::decode(bytes) {
        Ok(bundle) => bundle,
        Err(error) => {
            tracing::warn!(code = error.code(), "what a phone showed is no bundle");
            return phone.ends_as(Run::NotSigned, now);
        }
    };
    let (told, answer) = channel();
    match offers.try_send(Offer { bundle, told }) {
        Ok(()) => {
            tracing::info!(bytes = bytes.len(), "a phone has shown a bundle");
            (phone.says, phone.ended, phone.asked) = (Some(Run::Checking), None, Some(answer));
        }
        // The one before it is still being checked. The phone goes on, and so it comes again.
        Err(_) => phone.collector.forget(),
    }
}

#[cfg(test)]
mod tests;
