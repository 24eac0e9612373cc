//! What HQ knows about its boxes and their crossings, for the pages and for whoever runs HQ in the same process.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use ed25519_dalek::VerifyingKey;
use serde::Serialize;
use trust::format::hex;
use verdict::Knowledge;
use wire::BoxId;
use wire::entry::{How, Outcome, PlateSource};
use wire::health::Freshness;
use wire::row::Alert;

use super::Clock;
use crate::collect::Viewer;
use crate::ledger::Ledger;
use crate::open::{Crossings, Day, Early, Filter, Opened, Opener, Record};
use crate::{Error, Region};

/// Most parts of a box's knowledge that are shown; there are eight at most.
const MOST_PARTS: usize = 16;

/// Reads what was collected and opened.
pub struct Shown {
    region: Arc<Region>,
    seen: Viewer,
    clock: Clock,
    ledger: Mutex<Ledger>,
    crossings: Mutex<Crossings>,
}

/// A crossing, as the pages and the API give it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CrossingShown {
    /// Its id, hexadecimal.
    pub id: String,
    /// The box.
    #[serde(rename = "box")]
    pub name: String,
    /// The row of its last verdict.
    pub sequence: u64,
    /// How many verdicts there were: more than one when a plate came later.
    pub judged: u32,
    /// Milliseconds since 1970 by the box's clock.
    pub at_ms: i64,
    /// How far that clock may be believed.
    pub clock: &'static str,
    /// Whether *expired* and *valid* could be said by it.
    pub clock_is_sound: bool,
    /// Lane of the box.
    pub lane: u8,
    /// `admit`, `check` or `refuse`.
    pub outcome: &'static str,
    /// Stable codes, weightiest first; a number where this version knows none.
    pub reasons: Vec<String>,
    /// Format of the pass.
    pub format: Option<String>,
    /// Who signed it.
    pub issuer: Option<String>,
    /// Its id, hexadecimal.
    pub pass_id: Option<String>,
    /// Its kind's number.
    pub kind: Option<u16>,
    /// The plate of the vehicle, folded.
    pub plate_seen: Option<String>,
    /// The plate the pass binds.
    pub plate_bound: Option<String>,
    /// The release in force.
    pub release: u64,
    /// Its age in seconds.
    pub release_age_s: i64,
    /// Microseconds from frame to text.
    pub read_us: u32,
    /// Microseconds from text to verdict.
    pub judge_us: u32,
    /// Whether it came from a box after it was stolen, and may be anybody's word.
    pub suspect: bool,
    /// Where the plate that was seen comes from: `officer`, `feed`, `trusted-feed`.
    pub plate_source: Option<&'static str>,
    /// How the pass came to the box: `camera`, `typed`, `scanner`, `no-pass`.
    pub how: Option<&'static str>,
    /// How it ended: `passed`, `turned-back`, `next-pass`, `absence`, `overridden`, `exempted`; none while that has not
    /// come.
    pub action: Option<&'static str>,
    /// Code of the exemption, or of the reason for overriding.
    pub why: Option<String>,
    /// Pseudonym of the shift.
    pub shift: Option<String>,
    /// Milliseconds since 1970 by the box's clock.
    pub closed_at_ms: Option<i64>,
}

/// A crossing that a box has shown early.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AlertShown {
    /// Unix seconds at HQ when it came.
    pub received_at: i64,
    /// What was judged.
    #[serde(flatten)]
    pub crossing: CrossingShown,
}

/// How many there were.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CountsShown {
    /// Vehicles.
    pub crossings: u64,
    /// By outcome.
    pub by_outcome: BTreeMap<&'static str, u64>,
    /// By reason; a crossing may have several.
    pub by_reason: BTreeMap<String, u64>,
    /// Rows in the ledger.
    pub rows: u64,
    /// Rows that could not be opened as they should.
    pub damaged: usize,
    /// Messages that were left, by the code of their fault, since the start.
    pub refused: BTreeMap<&'static str, u64>,
}

/// How a box is.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct BoxShown {
    /// Its name.
    pub name: String,
    /// Whether its key is known here; without it, none of its rows are taken.
    pub key_known: bool,
    /// Whether it is on the line; none before it first spoke.
    pub online: Option<bool>,
    /// Unix seconds at HQ since when that is so.
    pub since: Option<i64>,
    /// Why it is offline, where it said so before it went: `stopped`. Without one the line was lost, or the power.
    pub offline_reason: Option<String>,
    /// Seconds since its last heartbeat, by HQ's clock.
    pub heartbeat_age_s: Option<i64>,
    /// Its software.
    pub version: Option<String>,
    /// Unix seconds at HQ of its last word, whatever it was.
    pub heard_at: Option<i64>,
    /// The release it has adopted, by its last heartbeat.
    pub release: Option<u64>,
    /// Rows it has not had a receipt for, by its last heartbeat.
    pub queue: Option<u64>,
    /// Free bytes where its journal lives.
    pub disk_free: Option<u64>,
    /// Hours until its journal is full at the present traffic.
    pub disk_hours: Option<u32>,
    /// How full its journal is: `ample`, `warn`, `lean`, `tell`, `full`.
    pub journal_stage: Option<String>,
    /// Bytes its journal takes.
    pub journal_used: Option<u64>,
    /// Bytes its journal may take.
    pub journal_budget: Option<u64>,
    /// Files that can still be made where its journal lives.
    pub inodes_free: Option<u64>,
    /// Rows of its journal that were set aside.
    pub set_aside: Option<u64>,
    /// Optional things it has not written, because its disk is nearly full.
    pub dropped: Option<u64>,
    /// Millidegrees Celsius of its processor.
    pub temperature: Option<i32>,
    /// Seconds since its program was started.
    pub uptime_s: Option<u64>,
    /// Until when its certificate for the line is good, Unix seconds.
    pub certificate_until: Option<i64>,
    /// Whole days until then, by HQ's clock; below zero after it.
    pub certificate_days: Option<i64>,
    /// The highest number of a command it has carried out or refused.
    pub last_command: Option<u64>,
    /// Whether frames arrive and show something.
    pub camera: Option<bool>,
    /// What its camera does, by its stable name; none from a box that does not tell.
    pub camera_state: Option<String>,
    /// Health of its picture.
    pub picture: Option<PictureShown>,
    /// How often a process that decodes has died since its start.
    pub reader_deaths: Option<u64>,
    /// How far its clock may be believed.
    pub clock: Option<&'static str>,
    /// How good it is: `good`, `coarse`, `bad`.
    pub clock_grade: Option<&'static str>,
    /// How old what it knows is, part by part; empty from a box that does not tell, or has adopted nothing.
    pub knowledge: Vec<AgeShown>,
    /// How far its clock was from HQ's when its last heartbeat came, in milliseconds; the way is in it.
    pub clock_off_ms: Option<i64>,
    /// Its rows in the ledger.
    pub rows: u64,
    /// The last row of its chain there: what its receipt covers.
    pub receipted: u64,
    /// Whether it has gone on in two ways and gets no receipt.
    pub in_conflict: bool,
    /// Unix seconds since when it is not believed, if it was stolen.
    pub stolen_since: Option<i64>,
    /// Whether HQ has given it a certificate.
    pub enrolled: bool,
}

/// How old a part of a box's knowledge is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AgeShown {
    /// The part's stable name; its number when a newer box knows one that this version does not.
    pub part: String,
    /// Seconds, by the box's clock.
    pub age_s: i64,
    /// What its policy makes of that: `fresh`, `stale`, `old`.
    pub grade: &'static str,
    #[serde(skip)]
    pub(super) freshness: Freshness,
}

impl From<&wire::health::Age> for AgeShown {
    fn from(age: &wire::health::Age) -> Self {
        let wire::health::Age { part, seconds, grade } = *age;
        let name = Knowledge::numbered(part).map_or_else(|| part.to_string(), |part| part.as_str().to_owned());
        Self { part: name, age_s: seconds, grade: grade.as_str(), freshness: grade }
    }
}

/// How the picture of a camera is: `docs/box.md` says what each figure can tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PictureShown {
    /// Mean luma, 0–255.
    pub brightness: u8,
    /// Clipped pixels, of a thousand.
    pub glare_permille: u16,
    /// Sharpness, in percent; none while no edge was in view.
    pub focus_percent: Option<u8>,
    /// What looks like dirt, in percent of the picture; none before it can be told.
    pub dirt_percent: Option<u8>,
}

impl From<&wire::health::Picture> for PictureShown {
    fn from(picture: &wire::health::Picture) -> Self {
        let wire::health::Picture { brightness, glare_permille, focus_percent, dirt_percent } = *picture;
        Self { brightness, glare_permille, focus_percent, dirt_percent }
    }
}

/// Most damaged rows that are counted for the page.
const MOST_DAMAGE: u32 = 10_000;

impl Shown {
    pub(super) fn new(region: Arc<Region>, seen: Viewer, clock: Clock) -> Result<Self, Error> {
        let ledger = Mutex::new(Ledger::open_for_reading(&region.ledger_path(), region.id())?);
        let crossings = Mutex::new(Crossings::open(&region.crossings_path())?);
        Ok(Self { region, seen, clock, ledger, crossings })
    }

    /// The region.
    pub const fn region(&self) -> &Arc<Region> {
        &self.region
    }

    fn with_crossings<T>(&self, ask: impl FnOnce(&Crossings) -> Result<T, crate::open::Error>) -> Result<T, Error> {
        Ok(ask(&self.crossings.lock().unwrap_or_else(PoisonError::into_inner))?)
    }

    /// Crossings as HQ has them, the newest first.
    ///
    /// # Errors
    /// [`Error::Open`].
    pub fn search(&self, filter: &Filter, limit: u32) -> Result<Vec<Record>, Error> {
        self.with_crossings(|crossings| crossings.crossings(filter, limit))
    }

    /// The same as the pages show them.
    ///
    /// # Errors
    /// [`Error::Open`].
    pub fn crossings(&self, filter: &Filter, limit: u32) -> Result<Vec<CrossingShown>, Error> {
        let stolen = self.suspect_after()?;
        let is_suspect = |one: &Record| stolen.get(&one.name).is_some_and(|last| one.sequence > *last);
        let shown = self.search(filter, limit)?.into_iter().map(|record| {
            let suspect = is_suspect(&record);
            CrossingShown { suspect, ..record.into() }
        });
        Ok(shown.collect())
    }

    /// Of every stolen box the last row that came before the theft. What came later may be dated as its thief likes.
    fn suspect_after(&self) -> Result<BTreeMap<BoxId, u64>, Error> {
        let ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        let stolen = self.region.enrolments()?.into_iter().filter_map(|(name, entry)| Some((name, entry.stolen?)));
        stolen
            .map(|(name, since)| ledger.last_before(&name, since).map(|last| (name, last)).map_err(Error::from))
            .collect()
    }

    /// Crossings that boxes have shown early and whose rows are not in the ledger yet, the newest first.
    ///
    /// # Errors
    /// [`Error::Open`].
    pub fn alerts(&self, limit: u32) -> Result<Vec<AlertShown>, Error> {
        let early = self.with_crossings(|crossings| crossings.early(limit))?;
        let shown = |Early { name, sequence, received, crossing }| AlertShown {
            received_at: received,
            crossing: Record { name, sequence, judged: 1, crossing, closing: None }.into(),
        };
        Ok(early.into_iter().map(shown).collect())
    }

    /// How many crossings there were, and how the intake does.
    ///
    /// # Errors
    /// [`Error::Open`], [`Error::Ledger`].
    pub fn counts(&self, filter: &Filter) -> Result<CountsShown, Error> {
        let (counts, damaged) =
            self.with_crossings(|crossings| Ok((crossings.counts(filter)?, crossings.damage(MOST_DAMAGE)?.len())))?;
        let outcomes = [("admit", counts.admit), ("check", counts.check), ("refuse", counts.refuse)];
        Ok(CountsShown {
            crossings: counts.total(),
            by_outcome: outcomes.into_iter().collect(),
            by_reason: counts.reasons.into_iter().map(|(reason, count)| (code(reason), count)).collect(),
            rows: self.standings()?.iter().map(|standing| standing.rows).sum(),
            damaged,
            refused: self.seen.view().refused,
        })
    }

    /// Every box that is known, or has spoken, or has rows here.
    ///
    /// # Errors
    /// [`Error::Ledger`], [`Error::Database`].
    pub fn boxes(&self) -> Result<Vec<BoxShown>, Error> {
        let known: BTreeMap<BoxId, _> = self.region.boxes()?.into_iter().collect();
        let standings: BTreeMap<_, _> =
            self.standings()?.into_iter().map(|standing| (standing.name.clone(), standing)).collect();
        let seen = self.seen.view().boxes;
        let enrolled: BTreeMap<_, _> = self.region.enrolments()?.into_iter().collect();
        let all = known.keys().chain(standings.keys()).chain(seen.keys()).chain(enrolled.keys());
        let mut names: Vec<&BoxId> = all.collect();
        names.sort();
        names.dedup();
        let now = (self.clock)();
        let shown = names.into_iter().map(|name| {
            let (standing, view) = (standings.get(name), seen.get(name));
            let state = view.and_then(|view| view.state.as_ref());
            let health = view.and_then(|view| view.health.as_ref());
            let health_at = view.and_then(|view| view.health_at);
            let spoke = view.map(|view| [view.state_at, view.health_at]).into_iter().flatten().flatten();
            BoxShown {
                name: name.to_string(),
                key_known: known.contains_key(name),
                online: state.map(|state| state.online),
                since: view.and_then(|view| view.state_at),
                offline_reason: state.and_then(|state| state.reason.clone()),
                heartbeat_age_s: health_at.map(|at| now.saturating_sub(at)),
                version: state.map(|state| state.version.clone()),
                heard_at: spoke.chain(standing.map(|standing| standing.last_at)).max(),
                release: health.map(|health| health.release),
                queue: health.map(|health| health.queue),
                disk_free: health.map(|health| health.disk_free),
                disk_hours: health.and_then(|health| health.disk_hours),
                journal_stage: health.and_then(|health| health.journal_stage.clone()),
                journal_used: health.and_then(|health| health.journal).map(|room| room.used),
                journal_budget: health.and_then(|health| health.journal).map(|room| room.budget),
                inodes_free: health.and_then(|health| health.inodes_free),
                set_aside: health.and_then(|health| health.set_aside),
                dropped: health.and_then(|health| health.dropped),
                temperature: health.and_then(|health| health.temperature),
                uptime_s: health.and_then(|health| health.uptime),
                certificate_until: health.and_then(|health| health.certificate_until),
                certificate_days: health
                    .and_then(|health| health.certificate_until)
                    .map(|until| until.saturating_sub(now).div_euclid(86_400)),
                last_command: health.and_then(|health| health.last_command),
                camera: health.map(|health| health.camera),
                camera_state: health.and_then(|health| health.camera_state.clone()),
                picture: health.and_then(|health| health.picture.as_ref()).map(PictureShown::from),
                reader_deaths: health.and_then(|health| health.reader_deaths),
                clock: health.map(|health| health.now.trust.as_str()),
                clock_grade: health.map(|health| health.now.trust.grade().as_str()),
                knowledge: health
                    .and_then(|health| health.knowledge.as_deref())
                    .map_or_else(Vec::new, |ages| ages.iter().take(MOST_PARTS).map(AgeShown::from).collect()),
                clock_off_ms: health
                    .zip(health_at)
                    .map(|(health, at)| health.now.unix_ms.saturating_sub(at.saturating_mul(1000))),
                rows: standing.map_or(0, |standing| standing.rows),
                receipted: standing
                    .filter(|standing| !standing.in_conflict)
                    .map_or(0, |standing| standing.head.sequence),
                in_conflict: standing.is_some_and(|standing| standing.in_conflict),
                stolen_since: enrolled.get(name).and_then(|entry| entry.stolen),
                enrolled: enrolled.get(name).is_some_and(|entry| entry.not_after.is_some()),
            }
        });
        Ok(shown.collect())
    }

    fn standings(&self) -> Result<Vec<crate::ledger::Standing>, Error> {
        Ok(self.ledger.lock().unwrap_or_else(PoisonError::into_inner).boxes()?)
    }
}

/// Opens what boxes sealed as it comes, and says what it cannot open.
pub(super) struct Opening {
    opener: Opener,
    /// The same, for reading.
    crossings: Crossings,
    waiting: Vec<(BoxId, [u8; 32])>,
}

impl Opening {
    pub(super) fn new(region: &Region) -> Result<Self, Error> {
        let key = region.sealing_key();
        let opener = Opener::open(&region.ledger_path(), &region.crossings_path(), region.id(), &[key.secret()])?;
        let crossings = Crossings::open(&region.crossings_path())?;
        Ok(Self { opener, crossings, waiting: Vec::new() })
    }

    /// Opens alerts before their turn.
    pub(super) fn early(
        &mut self,
        alerts: &[Alert],
        key_of: impl Fn(&BoxId) -> Option<VerifyingKey>,
        now: i64,
    ) -> Result<(), Error> {
        if !alerts.is_empty() {
            let new = self.opener.early(alerts, key_of, now)?;
            tracing::info!(came = alerts.len(), new, "alerts");
        }
        Ok(())
    }

    /// What a box has answered to a command.
    pub(super) fn answer(&self, name: &BoxId, number: u64) -> Result<Option<(String, String)>, Error> {
        Ok(self.crossings.answer(name, number)?)
    }

    /// The uses that still count.
    pub(super) fn uses(&mut self, now: i64) -> Result<Vec<Day>, Error> {
        Ok(self.opener.uses(now)?)
    }

    /// Opens what has come; whether there was anything.
    pub(super) fn turn(&mut self, now: i64) -> Result<bool, Error> {
        let Opened { entries, damaged, waiting, .. } = self.opener.catch_up(now)?;
        if damaged > 0 {
            tracing::error!(rows = damaged, "rows could not be opened as they should");
        }
        for (name, key) in waiting.iter().filter(|one| !self.waiting.contains(one)) {
            tracing::error!(%name, sealed_to = hex(key), "a box seals to a key that is not here");
        }
        self.waiting = waiting;
        Ok(entries > 0)
    }
}

impl From<Record> for CrossingShown {
    fn from(record: Record) -> Self {
        let Record { name, sequence, judged, crossing, closing } = record;
        Self {
            id: hex(&crossing.id),
            name: name.to_string(),
            sequence,
            judged,
            at_ms: crossing.at.unix_ms,
            clock: crossing.at.trust.as_str(),
            clock_is_sound: crossing.at.trust.is_sound(),
            lane: crossing.lane,
            suspect: false,
            outcome: match crossing.outcome {
                Outcome::Admit => "admit",
                Outcome::Check => "check",
                Outcome::Refuse => "refuse",
            },
            reasons: crossing.reasons.into_iter().map(code).collect(),
            format: crossing.format,
            issuer: crossing.issuer,
            pass_id: crossing.pass_id.as_deref().map(hex),
            kind: crossing.kind,
            plate_seen: crossing.plate_seen,
            plate_bound: crossing.plate_bound,
            release: crossing.release,
            release_age_s: crossing.release_age,
            read_us: crossing.read_us,
            judge_us: crossing.judge_us,
            plate_source: crossing.plate_source.map(PlateSource::as_str),
            how: crossing.how.map(How::as_str),
            action: closing.as_ref().map(|closing| closing.action.as_str()),
            why: closing.as_ref().and_then(|closing| closing.why.clone()),
            shift: closing.as_ref().and_then(|closing| closing.shift.clone()).or(crossing.shift),
            closed_at_ms: closing.map(|closing| closing.at.unix_ms),
        }
    }
}

/// A reason's code; its number when a newer box knows one that this version does not.
fn code(number: u16) -> String {
    verdict::Reason::from_number(number).map_or_else(|| number.to_string(), |reason| reason.code().to_owned())
}
