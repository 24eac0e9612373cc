//! Searching and counting what was opened.

use std::path::Path;
use std::time::Duration;

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, Value, ValueRef};
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, params, params_from_iter};
use wire::entry::{Action, Arrival, Closing, Crossing, How, Note, Outcome, PlateSource, Shift, ShiftAct};
use wire::{BoxId, ClockTrust, WallTime};

use super::put::{action_number, outcome_number};
use super::{Early, Error};

/// Which crossings; every field that is set must fit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this box.
    pub name: Option<BoxId>,
    /// With this outcome.
    pub outcome: Option<Outcome>,
    /// With this reason among others.
    pub reason: Option<u16>,
    /// With this in the plate seen or bound, however it is written.
    pub plate: Option<String>,
    /// By this issuer.
    pub issuer: Option<String>,
    /// Of this kind.
    pub kind: Option<u16>,
    /// Judged at or after, milliseconds since 1970 by the box.
    pub from: Option<i64>,
    /// Judged before, milliseconds since 1970 by the box.
    pub before: Option<i64>,
}

impl Filter {
    fn parameters(&self) -> Vec<Value> {
        let text = |text: Option<String>| text.map_or(Value::Null, Value::Text);
        let number = |number: Option<i64>| number.map_or(Value::Null, Value::Integer);
        vec![
            text(self.name.as_ref().map(ToString::to_string)),
            number(self.outcome.map(outcome_number)),
            number(self.reason.map(i64::from)),
            text(self.plate.as_deref().map(plate::fold)),
            text(self.issuer.clone()),
            number(self.kind.map(i64::from)),
            number(self.from),
            number(self.before),
        ]
    }
}

/// A crossing as HQ has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The box.
    pub name: BoxId,
    /// The row of the last verdict.
    pub sequence: u64,
    /// How many verdicts there were.
    pub judged: u32,
    /// The last verdict, as the box wrote it.
    pub crossing: Crossing,
    /// How it ended, once that has come.
    pub closing: Option<Closing>,
}

/// How many crossings there were.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Green.
    pub admit: u64,
    /// Amber.
    pub check: u64,
    /// Red.
    pub refuse: u64,
    /// By reason's number, the most frequent first. A crossing can have several.
    pub reasons: Vec<(u16, u64)>,
}

impl Counts {
    /// All of them.
    pub const fn total(&self) -> u64 {
        self.admit + self.check + self.refuse
    }
}

/// What a box said about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteRecord {
    /// The box.
    pub name: BoxId,
    /// Its row.
    pub sequence: u64,
    /// What it said.
    pub note: Note,
}

/// Somebody who came without a pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArrivalRecord {
    /// The box.
    pub name: BoxId,
    /// What it wrote.
    pub arrival: Arrival,
}

/// What happened to a shift.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShiftRecord {
    /// The box.
    pub name: BoxId,
    /// What it wrote.
    pub shift: Shift,
}

/// A row that could not be opened as it should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The box.
    pub name: BoxId,
    /// The row.
    pub sequence: u64,
    /// Stable code: `damaged`, `signature`, `opening`, `no-opening`, `chain`, `seal`, `padding`, `entry`, `mac`.
    pub problem: String,
    /// Unix seconds at HQ.
    pub found: i64,
}

/// What was opened, for reading.
pub struct Crossings {
    pub(super) db: Connection,
}

impl Crossings {
    /// Opens the database that an [`Opener`](super::Opener) writes.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn open(path: &Path) -> Result<Self, Error> {
        let failed = || Error::database("opening");
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(path, flags).map_err(failed())?;
        db.busy_timeout(Duration::from_secs(5)).map_err(failed())?;
        Ok(Self { db })
    }

    /// Crossings, the newest first by the boxes' clocks.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn crossings(&self, filter: &Filter, limit: u32) -> Result<Vec<Record>, Error> {
        let failed = || Error::database("searching");
        let sql = filtered(include_str!("crossings.sql"));
        let mut query = self.db.prepare_cached(&sql).map_err(failed())?;
        let mut parameters = filter.parameters();
        parameters.push(limit.into());
        let records = query.query_map(params_from_iter(parameters), record).map_err(failed())?;
        let mut records = records.collect::<rusqlite::Result<Vec<_>>>().map_err(failed())?;
        for record in &mut records {
            record.crossing.reasons = self.reasons(&record.name, &record.crossing.id).map_err(failed())?;
        }
        Ok(records)
    }

    fn reasons(&self, name: &BoxId, id: &[u8; 8]) -> rusqlite::Result<Vec<u16>> {
        let sql = "SELECT reason FROM reason WHERE name = ?1 AND id = ?2 ORDER BY place";
        self.db.prepare_cached(sql)?.query_map(params![name.as_str(), id], |row| row.get(0))?.collect()
    }

    /// How many crossings there were, by outcome and by reason.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn counts(&self, filter: &Filter) -> Result<Counts, Error> {
        let failed = || Error::database("counting");
        let count = |sql: &str| -> rusqlite::Result<Vec<(u16, u64)>> {
            let mut query = self.db.prepare_cached(&filtered(sql))?;
            let pair = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get::<_, i64>(1)?.cast_unsigned()));
            query.query_map(params_from_iter(filter.parameters()), pair)?.collect()
        };
        let outcomes = count(include_str!("count_outcomes.sql")).map_err(failed())?;
        let reasons = count(include_str!("count_reasons.sql")).map_err(failed())?;
        let of = |outcome: u16| outcomes.iter().find(|(number, _)| *number == outcome).map_or(0, |(_, count)| *count);
        Ok(Counts { admit: of(0), check: of(1), refuse: of(2), reasons })
    }

    /// Notes, the last rows first.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn notes(&self, of: Option<&BoxId>, limit: u32) -> Result<Vec<NoteRecord>, Error> {
        let failed = || Error::database("listing the notes");
        let sql = "SELECT name, sequence, at, clock, code, detail FROM note WHERE ?1 IS NULL OR name = ?1
                   ORDER BY at DESC, name, sequence DESC LIMIT ?2";
        let mut query = self.db.prepare_cached(sql).map_err(failed())?;
        let note = |row: &rusqlite::Row<'_>| {
            let note = Note { at: time(row, 2)?, code: row.get(4)?, detail: row.get(5)? };
            Ok(NoteRecord { name: name(row, 0)?, sequence: row.get::<_, i64>(1)?.cast_unsigned(), note })
        };
        let notes = query.query_map(params![of.map(BoxId::as_str), limit], note).map_err(failed())?;
        notes.collect::<rusqlite::Result<_>>().map_err(failed())
    }

    /// Who came without a pass and was registered, the last first.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn arrivals(&self, limit: u32) -> Result<Vec<ArrivalRecord>, Error> {
        let failed = || Error::database("listing the arrivals");
        let sql = "SELECT name, at, clock, id, plate, purpose, settlement, house, days, shift, minutes FROM arrival
                   ORDER BY at DESC, name, sequence DESC LIMIT ?1";
        let mut query = self.db.prepare_cached(sql).map_err(failed())?;
        let arrival = |row: &rusqlite::Row<'_>| {
            let arrival = Arrival {
                id: row.get(3)?,
                at: time(row, 1)?,
                plate: row.get(4)?,
                purpose: row.get(5)?,
                settlement: row.get(6)?,
                house: row.get(7)?,
                days: row.get(8)?,
                shift: row.get(9)?,
                minutes: row.get(10)?,
            };
            Ok(ArrivalRecord { name: name(row, 0)?, arrival })
        };
        let arrivals = query.query_map([limit], arrival).map_err(failed())?;
        arrivals.collect::<rusqlite::Result<_>>().map_err(failed())
    }

    /// Shifts as they began and ended, the last first.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn shifts(&self, limit: u32) -> Result<Vec<ShiftRecord>, Error> {
        let failed = || Error::database("listing the shifts");
        let sql = "SELECT name, at, clock, lane, pseudonym, act, tries FROM shift
                   ORDER BY at DESC, name, sequence DESC LIMIT ?1";
        let mut query = self.db.prepare_cached(sql).map_err(failed())?;
        let shift = |row: &rusqlite::Row<'_>| {
            let act = named(row, 5, &ShiftAct::ALL, ShiftAct::as_str)?.ok_or(rusqlite::Error::InvalidQuery)?;
            let (lane, pseudonym) = (row.get(3)?, row.get(4)?);
            let shift = Shift { at: time(row, 1)?, lane, pseudonym, act, tries: row.get(6)? };
            Ok(ShiftRecord { name: name(row, 0)?, shift })
        };
        let shifts = query.query_map([limit], shift).map_err(failed())?;
        shifts.collect::<rusqlite::Result<_>>().map_err(failed())
    }

    /// Crossings that were shown early and whose rows have not come yet, the newest first.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn early(&self, limit: u32) -> Result<Vec<Early>, Error> {
        let failed = || Error::database("listing the alerts");
        let sql = "SELECT name, sequence, received, crossing FROM early
                   ORDER BY received DESC, name, sequence DESC LIMIT ?1";
        let mut query = self.db.prepare_cached(sql).map_err(failed())?;
        let early = |row: &rusqlite::Row<'_>| {
            let crossing = wire::decode(&row.get::<_, Vec<u8>>(3)?, "crossing").map_err(|error| {
                rusqlite::Error::FromSqlConversionFailure(3, rusqlite::types::Type::Blob, Box::new(error))
            })?;
            let sequence = row.get::<_, i64>(1)?.cast_unsigned();
            Ok(Early { name: name(row, 0)?, sequence, received: row.get(2)?, crossing })
        };
        let early = query.query_map([limit], early).map_err(failed())?;
        early.collect::<rusqlite::Result<_>>().map_err(failed())
    }

    /// The word of a box on a command: the code of the note, and its detail.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn answer(&self, name: &BoxId, number: u64) -> Result<Option<(String, String)>, Error> {
        let sql = "SELECT code, detail FROM note WHERE name = ?1 AND code IN ('command-done', 'command-refused')
                   AND detail LIKE ?2 ORDER BY sequence DESC LIMIT 1";
        let detail = format!("{number} %");
        self.db
            .query_row(sql, params![name.as_str(), detail], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()
            .map_err(Error::database("looking for an answer"))
    }

    /// Rows that could not be opened as they should, the newest first.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn damage(&self, limit: u32) -> Result<Vec<Damage>, Error> {
        let failed = || Error::database("listing the damage");
        let sql = "SELECT name, sequence, problem, found FROM damage
                   ORDER BY found DESC, name, sequence DESC, problem LIMIT ?1";
        let mut query = self.db.prepare_cached(sql).map_err(failed())?;
        let damage = |row: &rusqlite::Row<'_>| {
            let sequence = row.get::<_, i64>(1)?.cast_unsigned();
            Ok(Damage { name: name(row, 0)?, sequence, problem: row.get(2)?, found: row.get(3)? })
        };
        let damage = query.query_map([limit], damage).map_err(failed())?;
        damage.collect::<rusqlite::Result<_>>().map_err(failed())
    }
}

fn filtered(sql: &str) -> String {
    sql.replace("{filter}", include_str!("filter.sql"))
}

struct Trust(ClockTrust);

impl FromSql for Trust {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        use ClockTrust::{CarriedOver, None, Ntp, Rtc, Signed};
        let name = value.as_str()?;
        let known = [Ntp, Rtc, Signed, CarriedOver, None].into_iter().find(|trust| trust.as_str() == name);
        known.map(Self).ok_or(FromSqlError::InvalidType)
    }
}

fn time(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<WallTime> {
    Ok(WallTime { unix_ms: row.get(column)?, trust: row.get::<_, Trust>(column + 1)?.0 })
}

pub(super) fn name(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<BoxId> {
    row.get::<_, String>(column)?.parse().map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error))
    })
}

fn out_of_range(column: usize, number: i64) -> rusqlite::Error {
    rusqlite::Error::IntegralValueOutOfRange(column, number)
}

/// One of a closed set, by its stable name.
fn named<T: Copy>(
    row: &rusqlite::Row<'_>,
    column: usize,
    all: &[T],
    name: fn(T) -> &'static str,
) -> rusqlite::Result<Option<T>> {
    let Some(found) = row.get::<_, Option<String>>(column)? else { return Ok(None) };
    let unknown = || rusqlite::Error::InvalidColumnType(column, found.clone(), rusqlite::types::Type::Text);
    all.iter().copied().find(|one| name(*one) == found).map(Some).ok_or_else(unknown)
}

fn record(row: &rusqlite::Row<'_>) -> rusqlite::Result<Record> {
    let id = row.get(1)?;
    let outcome = match row.get(13)? {
        0i64 => Outcome::Admit,
        1 => Outcome::Check,
        2 => Outcome::Refuse,
        other => return Err(out_of_range(13, other)),
    };
    let crossing = Crossing {
        lane: row.get(6)?,
        format: row.get(7)?,
        issuer: row.get(8)?,
        pass_id: row.get(9)?,
        kind: row.get(10)?,
        plate_seen: row.get(11)?,
        plate_bound: row.get(12)?,
        release: row.get::<_, i64>(14)?.cast_unsigned(),
        release_age: row.get(15)?,
        read_us: row.get(16)?,
        judge_us: row.get(17)?,
        plate_source: named(row, 21, &PlateSource::ALL, PlateSource::as_str)?,
        shift: row.get(22)?,
        use_window: row.get(23)?,
        how: named(row, 24, &How::ALL, How::as_str)?,
        ..Crossing::new(id, time(row, 4)?, outcome)
    };
    let closing = match row.get::<_, Option<i64>>(20)? {
        None => None,
        Some(number) => {
            let action = Action::ALL.into_iter().find(|action| action_number(*action) == number);
            let action = action.ok_or_else(|| out_of_range(20, number))?;
            Some(Closing { why: row.get(25)?, shift: row.get(26)?, ..Closing::new(id, time(row, 18)?, action) })
        }
    };
    let sequence = row.get::<_, i64>(2)?.cast_unsigned();
    Ok(Record { name: name(row, 0)?, sequence, judged: row.get(3)?, crossing, closing })
}
