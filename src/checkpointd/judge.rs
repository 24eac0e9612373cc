//! From a text to a verdict: the facts are gathered here, the judging is done by `verdict`.
//!
//! The lane and `checkpointd check` come through this one door, so that what is tried by hand is what
//! the officer sees.

use std::sync::Arc;
use std::time::{Duration, Instant};

use pass::registered::Presented;
use pass::{Document, Format, Kind, Verified};
use trust::Release;
use trust::format::{Part, foreign_ids, id_key};
use trust::register::{Found, Register, Shown};
use verdict::condition::Subject;
use verdict::{
    Acceptance, Ages, Condition, Facts, Listed, Outcome, PlateSource, Record, RegisterState, Status, Used, Verdict,
};
use wire::WallTime;
use wire::uses::Limit;

use crate::attempts::Attempts;
use crate::register::Lookup;
use crate::uses::{self, Uses};

/// What surrounds a sighting.
#[derive(Clone, Copy)]
pub struct Circumstances<'a> {
    /// What HQ has told the box, if it has.
    pub release: Option<&'a Release>,
    /// The box's wall time.
    pub now: WallTime,
    /// The box's monotonic time: what tries are counted by.
    pub mono: Duration,
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
            mono: Duration::ZERO,
            plate: None,
            plate_source: PlateSource::Officer,
            plate_agreed: false,
            books: None,
            crossing: [0; 8],
        }
    }

    /// The register, if the release brings one and it opens here.
    fn register(&self) -> Option<(&'a Release, Arc<Register>)> {
        let release = self.release.filter(|release| release.registers().next().is_some())?;
        Some((release, self.books?.register.as_ref()?.current()?))
    }
}

/// What the box itself keeps beside HQ's word.
#[derive(Clone, Default)]
pub struct Books {
    /// How often passes were used; none: nobody counts.
    pub uses: Option<Uses>,
    /// The region's register; none: nothing is looked up.
    pub register: Option<Lookup>,
    /// Wrong codes that were tried; none: nobody counts.
    pub attempts: Option<Attempts>,
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
    /// Day and month until which a code claims to be valid: shown as claimed, for nothing proves it.
    pub claims_until: Option<(u8, u8)>,
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
            claims_until: None,
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

/// What a text turned out to be.
struct Read {
    document: Document,
    /// The key it was verified with; none of what was looked up.
    key: Option<usize>,
    /// What the register holds of it.
    record: Option<Record>,
    /// Of a certificate, what rules of acceptance look at.
    certificate: Option<serde_json::Value>,
}

/// A text, as far as it could be read.
struct Reading {
    format: Option<Format>,
    read: Result<Read, pass::Error>,
    claims_until: Option<(u8, u8)>,
    /// The register was to be asked.
    is_looked_up: bool,
    /// What stretching a short code took: no part of judging.
    stretched: Duration,
}

impl Reading {
    const fn new(format: Option<Format>, read: Result<Read, pass::Error>) -> Self {
        Self { format, read, claims_until: None, is_looked_up: false, stretched: Duration::ZERO }
    }
}

/// Judges one text.
pub fn judge(text: &str, around: Circumstances<'_>) -> Judgement {
    let began = Instant::now();
    let reading = read(text, around);
    judge_reading(reading, around, began)
}

/// Judges a vehicle that shows nothing but its plate.
pub fn judge_plate(plate: &plate::Reading, around: Circumstances<'_>) -> Judgement {
    let began = Instant::now();
    let around = Circumstances { plate: Some(plate), ..around };
    let mut reading = Reading::new(Some(Format::Plate), Err(pass::Error::RegisterMissing));
    let register = around.register();
    if let (Ok(shown), Some((release, register))) = (Shown::plate(plate.folded()), &register) {
        reading.read = looked_up(release, register, &shown);
        if let (Ok(read), Ok(own)) = (&mut reading.read, plate::Binding::new(plate.folded())) {
            // What was presented is the plate itself: that is what it is bound to.
            read.document.plates = vec![own];
        }
    }
    reading.is_looked_up = register.is_some();
    judge_reading(reading, around, began)
}

/// Reads a signed pass, or looks a registered one up. The prefix decides, and what has none of ours is of one of the
/// region's forms, or no pass.
fn read(text: &str, around: Circumstances<'_>) -> Reading {
    let release = around.release;
    let format = pass::recognise(text);
    match (format, release) {
        (Err(pass::Error::NotAPass), Some(release)) if !release.policy().forms.is_empty() => {
            match release.policy().forms.recognise(text) {
                Ok(presented) => presented_is(&presented, release, around),
                Err(error) => Reading::new(None, Err(error)),
            }
        }
        (format, release) => {
            let verified = match release {
                Some(release) => pass::read(text, release),
                None => pass::read(text, &NoKeys),
            };
            let read = verified.map(|Verified { document, key, certificate }| Read {
                document,
                key: Some(key),
                record: None,
                certificate,
            });
            Reading::new(format.ok(), read)
        }
    }
}

fn presented_is(presented: &Presented, release: &Release, around: Circumstances<'_>) -> Reading {
    let mut reading = Reading::new(Some(presented.format), Err(pass::Error::RegisterMissing));
    reading.claims_until = presented.claims_until;
    let (Ok(shown), Some((_, register))) = (Shown::recognised(presented), around.register()) else { return reading };
    reading.is_looked_up = true;
    // Only what could be guessed is counted: nobody is locked out of a strong code, nor of a signed pass.
    let attempts = around.books.and_then(|books| books.attempts.as_ref()).filter(|_| shown.is_short());
    let attempts = attempts.zip(release.policy().attempts);
    if attempts.is_some_and(|(attempts, rule)| !attempts.may(rule, around.mono)) {
        reading.read = Err(pass::Error::TooManyAttempts);
        return reading;
    }
    if shown.is_short() {
        let began = Instant::now();
        register.stretch(&shown);
        reading.stretched = began.elapsed();
    }
    reading.read = looked_up(release, &register, &shown);
    if let (Err(pass::Error::NotRegistered), Some((attempts, rule))) = (&reading.read, attempts) {
        // Of the key of no day: it tells codes apart and says nothing of them.
        let key = register.key(0, &shown);
        attempts.failed(rule, u64::from_ne_bytes(*key.first_chunk().expect("a key has 16 bytes")), around.mono);
    }
    reading
}

fn looked_up(release: &Release, register: &Register, shown: &Shown) -> Result<Read, pass::Error> {
    match register.look_up(release, shown) {
        Ok(Some(found)) => Ok(registered(found, shown.what())),
        Ok(None) => Err(pass::Error::NotRegistered),
        Err(error) => {
            tracing::error!(code = error.code(), "the register cannot be asked");
            Err(pass::Error::RegisterMissing)
        }
    }
}

/// What was found, as a pass.
fn registered(found: Found, what: trust::register::Presented) -> Read {
    let Found { issuer, key, record, compared, .. } = found;
    let compared = compared.unwrap_or_default();
    let document = Document {
        format: what.format(),
        issuer,
        id: key.to_vec(),
        // A record without a kind entitles to nothing, and no policy admits kind 0.
        kind: Kind(record.kind.unwrap_or(0)),
        not_before: Some(record.valid_from),
        expires: Some(record.valid_to),
        issued: None,
        plates: compared.plate.and_then(|plate| plate::Binding::new(&plate).ok()).into_iter().collect(),
        holder: compared.holder,
        birth: compared.birth,
        id_digits: compared.id_digits,
        cards: Vec::new(),
        regions: Vec::new(),
        limits: None,
        route: None,
        status: None,
        revocation: None,
    };
    Read { document, key: None, record: Some(record), certificate: None }
}

/// What the register holds under the plate, as long as that counts.
fn vehicle(around: Circumstances<'_>, at: i64) -> Option<Record> {
    let ((release, register), plate) = (around.register()?, around.plate?);
    let shown = Shown::plate(plate.folded()).ok()?;
    match register.look_up(release, &shown) {
        Ok(found) => found.map(|found| found.record).filter(|record| record.counts_at(at)),
        Err(error) => {
            tracing::error!(code = error.code(), "the register cannot be asked for a plate");
            None
        }
    }
}

fn judge_reading(reading: Reading, around: Circumstances<'_>, began: Instant) -> Judgement {
    let Circumstances { release, now, plate, plate_source, plate_agreed, books, crossing, .. } = around;
    let Reading { format, read, claims_until, is_looked_up, stretched } = reading;
    let known = release.zip(read.as_ref().ok());
    let document = read.as_ref().ok().map(|read| &read.document);
    // What HQ has signed is past, whatever the clock says.
    let at = now.unix().max(release.map_or(0, Release::floor));
    let limited = release.zip(document).and_then(|(release, document)| {
        let (uses, limit) = (books?.uses.as_ref()?, uses::limit(document, release.policy())?);
        Some((uses.used(document, &limit, &crossing, at), Reserves { window: uses.window(at), limit }))
    });
    let vehicle = vehicle(around, at);
    let has_registers = release.is_some_and(|release| release.registers().next().is_some());
    let key = known.and_then(|(release, read)| Some((release, read.key?)));
    let facts = Facts {
        format,
        reading: read.as_ref().map(|read| &read.document),
        scope: key.map(|(release, key)| release.scope(key)),
        kid: key.map_or(&[], |(release, key)| release.kid(key)),
        status: known.map_or(Status::NoIndex, |(release, Read { document, .. })| {
            release.status(&document.issuer, document.status)
        }),
        listed: known.map_or(Listed::NotKept, |(release, Read { document, .. })| listed(release, document)),
        rules: release.map_or(&[], Release::rules),
        orders: release.map_or(&[], Release::orders),
        record: read.as_ref().ok().and_then(|read| read.record.as_ref()),
        vehicle: vehicle.as_ref(),
        register: match around.register() {
            _ if !is_looked_up && (plate.is_none() || !has_registers) => RegisterState::NotAsked,
            Some(_) => RegisterState::Here,
            None => RegisterState::Missing,
        },
        uses: limited.map(|(used, _)| used),
        acceptance: known.map_or(Acceptance::NotAsked, |(release, Read { document, certificate, .. })| {
            release.accepts(document, certificate.as_ref(), at)
        }),
        condition: known
            .map_or(Condition::None, |(release, Read { document, .. })| condition(release, document, around)),
        now,
        floor: release.map_or(0, Release::floor),
        plate,
        plate_source,
        plate_agreed,
        policy: release.map(Release::policy),
        ages: release.map_or(Ages::default(), |release| ages(release, format, document, now)),
    };
    let verdict = verdict::judge(&facts);
    let is_new = |(used, reserves): (Used, Reserves)| used.under_way_since.is_none().then_some(reserves);
    let reserves = limited.and_then(is_new).filter(|_| verdict.outcome != Outcome::Refuse);
    let (document, rejection) = match read {
        Ok(Read { document, .. }) => (Some(document), None),
        Err(error) => (None, Some(error)),
    };
    Judgement {
        document,
        rejection,
        verdict,
        release: release.map_or(0, Release::sequence),
        release_age: release.map_or(0, |release| now.unix().saturating_sub(release.issued())),
        judge_us: u32::try_from(began.elapsed().saturating_sub(stretched).as_micros()).unwrap_or(u32::MAX),
        reserves,
        claims_until,
    }
}

/// What policy's condition says of a pass, here and now.
fn condition(release: &Release, document: &Document, around: Circumstances<'_>) -> Condition {
    let Circumstances { now, plate, plate_source, books, .. } = around;
    let clock = now.trust.is_sound().then(|| now.unix());
    let zone = books.and_then(|books| books.uses.as_ref());
    release.condition(&Subject {
        kind: document.kind.number(),
        format: document.format.as_str(),
        issuer: &document.issuer,
        route: document.route.as_deref().unwrap_or_default(),
        regions: &document.regions,
        binds_plate: !document.plates.is_empty(),
        hours_left: clock.zip(document.expires).map(|(now, ends)| ends.saturating_sub(now).div_euclid(3600)),
        local: clock.zip(zone).map(|(now, uses)| uses.local(now)),
        plate: plate.map(|plate| (plate.folded(), region(plate.folded()))),
        by_feed: matches!(plate_source, PlateSource::Feed { .. }),
        direction: None,
    })
}

/// The digits of the region at the end of a plate; none when it is no Russian plate, or its region was not read.
fn region(folded: &str) -> Option<&str> {
    plate::grammar::parses(folded).find_map(|parse| folded.get(parse.base..).filter(|region| !region.is_empty()))
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
    if format.is_some_and(|format| format != Format::Mp1 && !format.is_registered()) {
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

#[cfg(test)]
mod tests;
