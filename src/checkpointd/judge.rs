//! From a text to a verdict: the facts are gathered here, the judging is done by `verdict`.
//!
//! The lane and `checkpointd check` come through this one door, so that what is tried by hand is what
//! the officer sees.

use std::time::Instant;

use pass::{Document, Verified};
use trust::Release;
use verdict::{Ages, Facts, Status, Verdict};
use wire::WallTime;

/// What surrounds a sighting.
#[derive(Clone, Copy)]
pub struct Circumstances<'a> {
    /// What HQ has told the box, if it has.
    pub release: Option<&'a Release>,
    /// The box's wall time.
    pub now: WallTime,
    /// The plate of the vehicle, if it was read or typed.
    pub plate: Option<&'a plate::Reading>,
    /// The officer has compared plate and pass, and pressed the key.
    pub plate_agreed: bool,
}

/// A text judged, with what the panel and the journal need.
#[derive(Debug)]
pub struct Judgement {
    /// What the pass says, once its signature held.
    pub document: Option<Document>,
    /// Why there is no document.
    pub rejection: Option<pass::Error>,
    /// The verdict.
    pub verdict: Verdict,
    /// Sequence of the release it was judged by; 0 without one.
    pub release: u64,
    /// Age of that release in seconds.
    pub release_age: i64,
    /// Microseconds from the text to the verdict.
    pub judge_us: u32,
}

/// No key is known: what a box without a release works with.
struct NoKeys;

impl pass::Keys for NoKeys {
    fn with_kid<'a>(&'a self, _: &[u8]) -> Box<dyn Iterator<Item = (usize, &'a pass::PublicKey)> + 'a> {
        Box::new(std::iter::empty())
    }
}

/// Judges one text.
pub fn judge(text: &str, around: Circumstances<'_>) -> Judgement {
    let began = Instant::now();
    let Circumstances { release, now, plate, plate_agreed } = around;
    let reading = match release {
        Some(release) => pass::read(text, release),
        None => pass::read(text, &NoKeys),
    };
    let facts = Facts {
        format: pass::recognise(text).ok(),
        reading: reading.as_ref().map(|verified| &verified.document),
        scope: release.zip(reading.as_ref().ok()).map(|(release, verified)| release.scope(verified.key)),
        status: release.zip(reading.as_ref().ok()).map_or(Status::NoIndex, |(release, verified)| {
            release.status(&verified.document.issuer, verified.document.status)
        }),
        now,
        floor: release.map_or(0, Release::floor),
        plate,
        plate_agreed,
        policy: release.map(Release::policy),
        ages: release.map_or(Ages::default(), |release| release.ages(now)),
    };
    let verdict = verdict::judge(&facts);
    let (document, rejection) = match reading {
        Ok(Verified { document, .. }) => (Some(document), None),
        Err(error) => (None, Some(error)),
    };
    Judgement {
        document,
        rejection,
        verdict,
        release: release.map_or(0, Release::sequence),
        release_age: release.map_or(0, |release| now.unix().saturating_sub(release.issued())),
        judge_us: u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX),
    }
}
