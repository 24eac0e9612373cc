//! From a text to a verdict: the facts are gathered here, the judging is done by `verdict`.
//!
//! The lane and `checkpointd check` come through this one door, so that what is tried by hand is what
//! the officer sees.

use std::time::Instant;

use pass::{Document, Format, Verified};
use trust::Release;
use trust::format::{Part, foreign_ids, id_key};
use verdict::{Acceptance, Ages, Condition, Facts, Listed, Outcome, PlateSource, RegisterState, Status, Used, Verdict};
use wire::WallTime;
use wire::uses::Limit;

use crate::uses::{self, Uses};

/// What surrounds a sighting.
#[derive(Clone, Copy)]
pub struct Circumstances<'a> {
    /// What HQ has told the box, if it has.
    pub release: Option<&'a Release>,
    /// The box's wall time.
    pub now: WallTime,
    /// The plate of the vehicle, if it was read or typed.
    pub plate: Option<&'a plate::Reading>,
    /// Who has read it.
    pub plate_source: PlateSource,
    /// The officer has compared plate and pass, and pressed the key.
    pub plate_agreed: bool,
    /// What the box itself keeps.
    pub books: Option<&'a Books>,
    /// The crossing that is judged: its own use does not count against it.
    pub crossing: [u8; 8],
}

impl<'a> Circumstances<'a> {
    /// A sighting at a time, without a vehicle.
    pub const fn new(release: Option<&'a Release>, now: WallTime) -> Self {
        Self {
            release,
            now,
            plate: None,
            plate_source: PlateSource::Officer,
            plate_agreed: false,
            books: None,
            crossing: [0; 8],
        }
    }
}

/// What the box itself keeps beside HQ's word.
#[derive(Clone, Default)]
pub struct Books {
    /// How often passes were used; none: nobody counts.
    pub uses: Option<Uses>,
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
    /// The use that this crossing reserves; none when it is refused, limited by nothing, or on a trip under way.
    pub reserves: Option<Reserves>,
}

impl Judgement {
    /// Of a vehicle that has no pass: nothing was judged, and the officer decides.
    pub fn without_a_pass(release: Option<&Release>, now: WallTime) -> Self {
        Self {
            document: None,
            rejection: None,
            verdict: Verdict { outcome: Outcome::Check, reasons: Vec::new(), order: None, ends: None },
            release: release.map_or(0, Release::sequence),
            release_age: release.map_or(0, |release| now.unix().saturating_sub(release.issued())),
            judge_us: 0,
            reserves: None,
        }
    }
}

/// A use to be reserved, as a crossing writes it down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reserves {
    /// Unix seconds at which its window begins.
    pub window: i64,
    /// The limit it counts for.
    pub limit: Limit,
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
    let Circumstances { release, now, plate, plate_source, plate_agreed, books, crossing } = around;
    let reading = match release {
        Some(release) => pass::read(text, release),
        None => pass::read(text, &NoKeys),
    };
    let format = pass::recognise(text).ok();
    let verified = release.zip(reading.as_ref().ok());
    // What HQ has signed is past, whatever the clock says.
    let at = now.unix().max(release.map_or(0, Release::floor));
    let limited = verified.and_then(|(release, Verified { document, .. })| {
        let (uses, limit) = (books?.uses.as_ref()?, uses::limit(document, release.policy())?);
        Some((uses.used(document, &limit, &crossing, at), Reserves { window: uses.window(at), limit }))
    });
    let facts = Facts {
        format,
        reading: reading.as_ref().map(|verified| &verified.document),
        scope: verified.map(|(release, verified)| release.scope(verified.key)),
        kid: verified.map_or(&[], |(release, verified)| release.kid(verified.key)),
        status: verified.map_or(Status::NoIndex, |(release, Verified { document, .. })| {
            release.status(&document.issuer, document.status)
        }),
        listed: verified.map_or(Listed::NotKept, |(release, Verified { document, .. })| listed(release, document)),
        rules: release.map_or(&[], Release::rules),
        orders: release.map_or(&[], Release::orders),
        record: None,
        vehicle: None,
        register: RegisterState::NotAsked,
        uses: limited.map(|(used, _)| used),
        acceptance: Acceptance::NotAsked,
        condition: Condition::None,
        now,
        floor: release.map_or(0, Release::floor),
        plate,
        plate_source,
        plate_agreed,
        policy: release.map(Release::policy),
        ages: release.map_or(Ages::default(), |release| {
            ages(release, format, reading.as_ref().ok().map(|verified| &verified.document), now)
        }),
    };
    let verdict = verdict::judge(&facts);
    let is_new = |(used, reserves): (Used, Reserves)| used.under_way_since.is_none().then_some(reserves);
    let reserves = limited.and_then(is_new).filter(|_| verdict.outcome != Outcome::Refuse);
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
        reserves,
    }
}

/// What the sets of revoked ids say of a pass.
fn listed(release: &Release, document: &Document) -> Listed {
    places(document)
        .map(|(issuer, key)| release.listed(&issuer, &key))
        .max_by_key(|listed| match listed {
            Listed::NotKept => 0,
            Listed::No => 1,
            Listed::Missing => 2,
            Listed::Yes => 3,
        })
        .unwrap_or(Listed::NotKept)
}

/// Where a pass would stand if it were revoked by its id: whose set, and which key in it.
pub(crate) fn places(document: &Document) -> impl Iterator<Item = (String, [u8; 16])> {
    let own = (document.format == Format::Mp1).then(|| document.issuer.clone());
    let own = own.map(|issuer| {
        let key = id_key(&issuer, &document.id);
        (issuer, key)
    });
    own.into_iter().chain(foreign_ids(document))
}

/// How old the knowledge is that a verdict on this text rests on. What HQ says itself is as old as its release; what
/// it passes on for others is as old as their word.
fn ages(release: &Release, format: Option<Format>, document: Option<&Document>, now: WallTime) -> Ages {
    let age = |as_of: i64| now.unix().saturating_sub(as_of).max(0);
    let mut ages = Ages::all(age(release.issued()));
    if format != Some(Format::Mp1) {
        // Who signs for whom is not known beforehand: the oldest list counts.
        ages.keys = release.ages(now).keys;
    }
    if let Some(document) = document {
        let of = |part, issuer: &str| release.as_of_issuer(part, issuer).map(age);
        ages.keys = of(Part::Keys, &document.issuer).unwrap_or(ages.keys);
        ages.status = of(Part::Status, &document.issuer).unwrap_or(ages.status);
        let sets = places(document).filter_map(|(issuer, _)| of(Part::Ids, &issuer));
        ages.ids = sets.max().unwrap_or(ages.ids);
    }
    ages
}
