//! What a box that waits for HQ's answer makes of what it sees, as a pure state machine.
//!
//! The answer is one code, or a run of pictures on a phone (`docs/formats/qr-run.md`). Everything else that is held
//! before the camera is passed over, this box's own request in a mirror too.

use std::time::{Duration, Instant};

use panel::{Enrol, NotEnrolled};
use trust::run::{Collector, Packet, Step};
use wire::enrol::{PREFIX, Request, from_text};

use super::Refused;

/// How long after the last picture the panel still says that an answer is coming.
const GONE: Duration = Duration::from_secs(3);

/// How long what came of an answer stands on the panel, at least.
const SAID: Duration = Duration::from_secs(10);

/// What is before the camera, and what the panel says of it.
#[derive(Default)]
pub(super) struct Waiting {
    collector: Collector,
    /// The code that was an answer, while it stays in view.
    last: String,
    says: Option<(Enrol, Instant)>,
}

impl Waiting {
    /// Takes a text; gives an answer when that is what it was, or what it completed.
    pub(super) fn see(&mut self, text: &str, now: Instant) -> Option<Vec<u8>> {
        if text.starts_with(PREFIX) {
            return self.one(text, now);
        }
        let packet = Packet::read(text)?;
        match self.collector.take(&packet) {
            Step::Gathered(known, of) => {
                let percent = u8::try_from(known * 100 / of.max(1)).unwrap_or(100);
                if !self.stands() {
                    self.says = Some((Enrol::Receiving { percent }, now));
                }
                None
            }
            // What came of it is on the panel; it stays there while the phone goes on.
            Step::Known => {
                self.still_there(now);
                None
            }
            Step::Spoilt => {
                tracing::warn!("what a phone shows contradicts itself; collecting begins anew");
                None
            }
            Step::Whole(bytes) => Some(bytes),
        }
    }

    /// An answer in one code. The same code again says only that it is still there.
    fn one(&mut self, text: &str, now: Instant) -> Option<Vec<u8>> {
        if text == self.last {
            self.still_there(now);
            return None;
        }
        let cose = from_text(text).filter(|cose| Request::verify(cose).is_err())?;
        text.clone_into(&mut self.last);
        Some(cose)
    }

    fn still_there(&mut self, now: Instant) {
        if let Some((Enrol::Refused(_), at)) = &mut self.says {
            *at = now;
        }
    }

    /// Whether it is said what came of an answer.
    fn stands(&self) -> bool {
        matches!(self.says, Some((Enrol::Refused(_) | Enrol::Accepted { .. }, _)))
    }

    /// Says what came of an answer.
    pub(super) fn ends_as(&mut self, enrol: Enrol, now: Instant) {
        self.says = Some((enrol, now));
    }

    /// What is to be said now, other than the request.
    pub(super) fn says(&mut self, now: Instant) -> Option<&Enrol> {
        let (enrol, at) = self.says.as_ref()?;
        let past = now.saturating_duration_since(*at);
        let over = match enrol {
            Enrol::Accepted { .. } => false,
            Enrol::Refused(_) => past >= SAID,
            Enrol::Receiving { .. } | Enrol::Request { .. } => past >= GONE,
        };
        if over {
            // Shown once more, it is tried once more: what was missing may have come meanwhile. What is being
            // collected is kept for a phone that only shook.
            if self.stands() {
                self.collector.forget();
                self.last.clear();
            }
            self.says = None;
        }
        self.says.as_ref().map(|(enrol, _)| enrol)
    }
}

/// What those who enrol the box are told of a refusal.
pub(super) fn told(refused: &Refused) -> NotEnrolled {
    match refused {
        Refused::Damaged => NotEnrolled::Damaged,
        Refused::NotSigned => NotEnrolled::NotSigned,
        Refused::OtherRoot | Refused::NoRoot => NotEnrolled::OtherRoot,
        Refused::OtherRegion { found, .. } => NotEnrolled::OtherRegion { region: found.as_str().to_owned() },
        Refused::OtherBox { found } => NotEnrolled::OtherBox { name: found.as_str().to_owned() },
        Refused::Replayed => NotEnrolled::Replayed,
        Refused::Certificate | Refused::Authority | Refused::Secrets => NotEnrolled::Unfit,
        Refused::TooOld => NotEnrolled::TooOld,
        Refused::Busy | Refused::Disk { .. } => NotEnrolled::Failed,
    }
}
