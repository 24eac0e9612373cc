//! Writing down what was opened.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, params};
use wire::BoxId;
use wire::entry::{Action, Arrival, Closing, Crossing, How, Note, Outcome, PlateSource, Shift, ShiftAct};

use super::{Error, uses};

/// The layout of `schema.sql`.
const LAYOUT: i64 = 3;

pub(super) fn connect(path: &Path) -> Result<Connection, Error> {
    let failed = || Error::database("opening");
    let db = Connection::open(path).map_err(failed())?;
    db.busy_timeout(Duration::from_secs(5)).map_err(failed())?;
    // NORMAL: what a power cut takes is opened again from the ledger, since the progress goes with it.
    for (pragma, value) in [("journal_mode", "WAL"), ("synchronous", "NORMAL")] {
        db.pragma_update_and_check(None, pragma, value, |_| Ok(())).optional().map_err(failed())?;
    }
    let found: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(failed())?;
    if found > LAYOUT {
        return Err(Error::Layout { found });
    }
    if found < LAYOUT {
        // What was opened before is kept: the keys that opened it may be gone.
        let widen = if found == 0 { "" } else { include_str!("widen.sql") };
        let schema = include_str!("schema.sql");
        let make = format!("BEGIN IMMEDIATE; {widen} {schema} PRAGMA user_version = {LAYOUT}; COMMIT;");
        db.execute_batch(&make).map_err(failed())?;
    }
    Ok(db)
}

pub(super) fn progress(db: &Connection, name: &BoxId) -> rusqlite::Result<u64> {
    let mut query = db.prepare_cached("SELECT sequence FROM progress WHERE name = ?1")?;
    let sequence: Option<i64> = query.query_row([name.as_str()], |row| row.get(0)).optional()?;
    Ok(sequence.unwrap_or(0).cast_unsigned())
}

/// A crossing that came before its turn; whether it is new.
pub(super) fn early(
    db: &Connection,
    name: &BoxId,
    sequence: u64,
    crossing: &Crossing,
    now: i64,
    most: i64,
) -> rusqlite::Result<bool> {
    let bytes = wire::encode(crossing);
    let mut put = db.prepare_cached(include_str!("put_early.sql"))?;
    Ok(put.execute(params![name.as_str(), sequence.cast_signed(), now, bytes, most])? == 1)
}

pub(super) const fn outcome_number(outcome: Outcome) -> i64 {
    match outcome {
        Outcome::Admit => 0,
        Outcome::Check => 1,
        Outcome::Refuse => 2,
    }
}

pub(super) const fn action_number(action: Action) -> i64 {
    match action {
        Action::Passed => 0,
        Action::TurnedBack => 1,
        Action::NextPass => 2,
        Action::Absence => 3,
        Action::Overridden => 4,
        Action::Exempted => 5,
    }
}

/// Writes for one box, within one transaction.
pub(super) struct Put<'a> {
    pub(super) db: &'a Connection,
    pub(super) name: &'a BoxId,
    pub(super) now: i64,
}

impl Put<'_> {
    pub(super) fn crossing(&self, sequence: u64, crossing: &Crossing) -> rusqlite::Result<()> {
        let name = self.name.as_str();
        self.db.prepare_cached(include_str!("put_crossing.sql"))?.execute(params![
            name,
            crossing.id,
            sequence.cast_signed(),
            crossing.at.unix_ms,
            crossing.at.trust.as_str(),
            crossing.lane,
            crossing.format,
            crossing.issuer,
            crossing.pass_id,
            crossing.kind,
            crossing.plate_seen,
            crossing.plate_bound,
            outcome_number(crossing.outcome),
            crossing.release.cast_signed(),
            crossing.release_age,
            crossing.read_us,
            crossing.judge_us,
            crossing.plate_source.map(PlateSource::as_str),
            crossing.shift,
            crossing.use_window,
            crossing.how.map(How::as_str),
        ])?;
        uses::put(self.db, self.name, sequence, crossing)?;
        self.db
            .prepare_cached("DELETE FROM reason WHERE name = ?1 AND id = ?2")?
            .execute(params![name, crossing.id])?;
        let mut put = self.db.prepare_cached("INSERT INTO reason (name, id, place, reason) VALUES (?1, ?2, ?3, ?4)")?;
        for (place, reason) in (0i64..).zip(&crossing.reasons) {
            put.execute(params![name, crossing.id, place, reason])?;
        }
        Ok(())
    }

    pub(super) fn closing(&self, closing: &Closing) -> rusqlite::Result<()> {
        self.db
            .prepare_cached(include_str!("put_closing.sql"))?
            .execute(params![
                self.name.as_str(),
                closing.id,
                closing.at.unix_ms,
                closing.at.trust.as_str(),
                action_number(closing.action),
                closing.why,
                closing.shift
            ])
            .map(drop)
    }

    pub(super) fn note(&self, sequence: u64, note: &Note) -> rusqlite::Result<()> {
        self.db
            .prepare_cached(
                "INSERT OR REPLACE INTO note (name, sequence, at, clock, code, detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                self.name.as_str(),
                sequence.cast_signed(),
                note.at.unix_ms,
                note.at.trust.as_str(),
                note.code,
                note.detail
            ])
            .map(drop)
    }

    pub(super) fn arrival(&self, sequence: u64, arrival: &Arrival) -> rusqlite::Result<()> {
        self.db
            .prepare_cached(include_str!("put_arrival.sql"))?
            .execute(params![
                self.name.as_str(),
                sequence.cast_signed(),
                arrival.id,
                arrival.at.unix_ms,
                arrival.at.trust.as_str(),
                arrival.plate,
                arrival.purpose,
                arrival.settlement,
                arrival.house,
                arrival.days,
                arrival.shift,
                arrival.minutes
            ])
            .map(drop)
    }

    pub(super) fn shift(&self, sequence: u64, shift: &Shift) -> rusqlite::Result<()> {
        self.db
            .prepare_cached(include_str!("put_shift.sql"))?
            .execute(params![
                self.name.as_str(),
                sequence.cast_signed(),
                shift.at.unix_ms,
                shift.at.trust.as_str(),
                shift.lane,
                shift.pseudonym,
                ShiftAct::as_str(shift.act),
                shift.tries
            ])
            .map(drop)
    }

    pub(super) fn damage(&self, sequence: u64, problem: &str) -> rusqlite::Result<()> {
        tracing::warn!(name = %self.name, sequence, problem, "a row could not be opened as it should");
        self.db
            .prepare_cached("INSERT OR IGNORE INTO damage (name, sequence, problem, found) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![self.name.as_str(), sequence.cast_signed(), problem, self.now])
            .map(drop)
    }

    /// Rows that have come in order are early no more.
    pub(super) fn forget_early(&self, sequence: u64) -> rusqlite::Result<()> {
        self.db
            .prepare_cached("DELETE FROM early WHERE name = ?1 AND sequence <= ?2")?
            .execute(params![self.name.as_str(), sequence.cast_signed()])
            .map(drop)
    }

    pub(super) fn progress(&self, sequence: u64) -> rusqlite::Result<()> {
        self.db
            .prepare_cached(
                "INSERT INTO progress (name, sequence) VALUES (?1, ?2)
                 ON CONFLICT (name) DO UPDATE SET sequence = excluded.sequence",
            )?
            .execute(params![self.name.as_str(), sequence.cast_signed()])
            .map(drop)
    }
}
