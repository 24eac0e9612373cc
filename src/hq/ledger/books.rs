//! The ledger's tables.

use std::time::Duration;

use ed25519_dalek::VerifyingKey;
use journal::chain::{Author, Hash, Place};
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension as _, params};
use sha2::{Digest as _, Sha256};
use wire::row::{EpochId, Row, RowKind};
use wire::{BoxId, RegionId};

use super::{Conflict, Error, Hole, LAYOUT, Standing, Stored};

/// Most rows kept beside the chain of one box: more are only counted. A clone sends what a lane can judge, and
/// a box that was taken over must not fill HQ's disk.
const MOST_ASIDE: u64 = 100_000;

/// Why a row is kept beside the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beside {
    /// It goes on from a row that has another successor here.
    Fork,
    /// It stood in a hole.
    Late,
    /// It follows nothing that is known here.
    Broken,
}

impl Beside {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Fork => "fork",
            Self::Late => "late",
            Self::Broken => "broken",
        }
    }
}

pub(super) fn lay_out(db: &Connection, id: &[u8; 8], region: &RegionId) -> Result<(), Error> {
    let failed = || Error::database("opening");
    db.busy_timeout(Duration::from_secs(5)).map_err(failed())?;
    // Every statement of a batch stays prepared.
    db.set_prepared_statement_cache_capacity(64);
    // A receipt is HQ's word that rows are safe: NORMAL could lose them to a power cut after it was given.
    for (pragma, value) in [("journal_mode", "WAL"), ("synchronous", "FULL")] {
        db.pragma_update_and_check(None, pragma, value, |_| Ok(())).optional().map_err(failed())?;
    }
    let found: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(failed())?;
    if found > LAYOUT {
        return Err(Error::Layout { found });
    }
    if found == LAYOUT {
        return Ok(());
    }
    let make = format!("BEGIN IMMEDIATE; {}", include_str!("schema.sql"));
    db.execute_batch(&make)
        .and_then(|()| {
            db.execute(
                "INSERT OR IGNORE INTO ledger (one, id, region) VALUES (1, ?1, ?2)",
                params![id, region.as_str()],
            )
        })
        .and_then(|_| db.execute_batch(&format!("PRAGMA user_version = {LAYOUT}; COMMIT;")))
        .map_err(failed())
}

/// A kind as it stands in the table.
struct Kind(RowKind);

impl FromSql for Kind {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value.as_i64()? {
            0 => Ok(Self(RowKind::Opening)),
            1 => Ok(Self(RowKind::Entry)),
            2 => Ok(Self(RowKind::Checkpoint)),
            other => Err(FromSqlError::OutOfRange(other)),
        }
    }
}

impl ToSql for Kind {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let number: i64 = match self.0 {
            RowKind::Opening => 0,
            RowKind::Entry => 1,
            RowKind::Checkpoint => 2,
        };
        Ok(number.into())
    }
}

fn stored(row: &rusqlite::Row<'_>) -> rusqlite::Result<Stored> {
    let fault = row.get(8)?;
    let row = Row {
        sequence: row.get::<_, i64>(0)?.cast_unsigned(),
        epoch: EpochId { counter: row.get::<_, i64>(1)?.cast_unsigned(), nonce: row.get(2)? },
        boot: row.get(3)?,
        kind: row.get::<_, Kind>(4)?.0,
        body: row.get(5)?,
        chain: row.get(6)?,
        mac: row.get(7)?,
    };
    Ok(Stored { row, fault })
}

fn place(row: &rusqlite::Row<'_>) -> rusqlite::Result<Place> {
    Ok(Place {
        sequence: row.get::<_, i64>(0)?.cast_unsigned(),
        epoch: EpochId { counter: row.get::<_, i64>(1)?.cast_unsigned(), nonce: row.get(2)? },
        chain: row.get(3)?,
    })
}

/// A value that cannot be what was written: the ledger's own file is damaged.
fn unreadable(column: usize, what: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Blob, Box::new(what))
}

fn key(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<VerifyingKey> {
    VerifyingKey::from_bytes(&row.get(column)?).map_err(|error| unreadable(column, error))
}

fn name(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<BoxId> {
    row.get::<_, String>(column)?.parse().map_err(|error| unreadable(column, error))
}

/// The books of one box within one transaction.
pub(super) struct Books<'a> {
    pub(super) db: &'a Connection,
    pub(super) box_number: i64,
    pub(super) now: i64,
}

impl Books<'_> {
    /// A box's number, key and head; a box that was never seen gets them now.
    pub(super) fn standing(db: &Connection, author: &Author, now: i64) -> rusqlite::Result<(i64, VerifyingKey, Place)> {
        let (start, name) = (Place::START, author.name.as_str());
        db.prepare_cached(
            "INSERT INTO standing (name, key, epoch_counter, epoch_nonce, sequence, chain, rows, first_at, last_at)
             VALUES (?1, ?2, 0, ?3, 0, ?4, 0, ?5, ?5) ON CONFLICT (name) DO NOTHING",
        )?
        .execute(params![name, author.key.to_bytes(), start.epoch.nonce, start.chain, now])?;
        let sql = "SELECT sequence, epoch_counter, epoch_nonce, chain, box, key FROM standing WHERE name = ?1";
        db.prepare_cached(sql)?.query_row([name], |row| Ok((row.get(4)?, key(row, 5)?, place(row)?)))
    }

    pub(super) fn insert(&self, row: &Row, fault: Option<&str>) -> rusqlite::Result<()> {
        let mut insert = self.db.prepare_cached(include_str!("insert_row.sql"))?;
        insert
            .execute(params![
                self.box_number,
                row.sequence.cast_signed(),
                row.epoch.counter.cast_signed(),
                row.epoch.nonce,
                row.boot,
                Kind(row.kind),
                row.body,
                row.chain,
                row.mac,
                self.now,
                fault
            ])
            .map(drop)
    }

    /// Puts a sound row where a damaged one stands.
    pub(super) fn heal(&self, row: &Row) -> rusqlite::Result<()> {
        self.db.execute(
            "DELETE FROM row WHERE box = ?1 AND sequence = ?2 AND fault IS NOT NULL",
            params![self.box_number, row.sequence.cast_signed()],
        )?;
        self.insert(row, None)
    }

    /// The row of the chain with this sequence.
    pub(super) fn at(&self, sequence: u64) -> rusqlite::Result<Option<Stored>> {
        let mut query = self.db.prepare_cached(include_str!("row_at.sql"))?;
        query.query_row(params![self.box_number, sequence.cast_signed()], stored).optional()
    }

    /// The first row of the chain above a sequence.
    pub(super) fn after(&self, sequence: u64) -> rusqlite::Result<Option<Stored>> {
        let mut query = self.db.prepare_cached(include_str!("rows_after.sql"))?;
        query.query_row(params![self.box_number, sequence.cast_signed(), 1], stored).optional()
    }

    /// The last row of the chain below a sequence.
    pub(super) fn before(&self, sequence: u64) -> rusqlite::Result<Option<Stored>> {
        let mut query = self.db.prepare_cached(include_str!("row_before.sql"))?;
        query.query_row(params![self.box_number, sequence.cast_signed()], stored).optional()
    }

    /// Whether a place is one of the chain.
    pub(super) fn knows(&self, place: &Place) -> rusqlite::Result<bool> {
        Ok(*place == Place::START || self.at(place.sequence)?.is_some_and(|stored| Place::of(&stored.row) == *place))
    }

    /// Rows kept beside the chain with a sequence, from which others may go on.
    pub(super) fn beside_at(&self, sequence: u64) -> rusqlite::Result<Vec<(Place, Beside)>> {
        let mut query = self.db.prepare_cached(
            "SELECT sequence, epoch_counter, epoch_nonce, chain, reason = 'late' FROM aside
             WHERE box = ?1 AND sequence = ?2 AND reason IN ('fork', 'late')",
        )?;
        let beside = |row: &rusqlite::Row<'_>| Ok((place(row)?, if row.get(4)? { Beside::Late } else { Beside::Fork }));
        query.query_map(params![self.box_number, sequence.cast_signed()], beside)?.collect()
    }

    /// Keeps a row beside the chain; false when it is there already.
    pub(super) fn put_aside(&self, row: &Row, why: Beside) -> rusqlite::Result<bool> {
        let bytes = wire::encode(row);
        let digest: Hash = Sha256::digest(&bytes).into();
        if self.is_full()? {
            return Ok(true);
        }
        let put = self.db.execute(
            "INSERT OR IGNORE INTO aside
             (box, sequence, digest, reason, epoch_counter, epoch_nonce, chain, row, received)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            params![
                self.box_number,
                row.sequence.cast_signed(),
                digest,
                why.as_str(),
                row.epoch.counter.cast_signed(),
                row.epoch.nonce,
                row.chain,
                bytes,
                self.now
            ],
        )?;
        Ok(put == 1)
    }

    /// Keeps what stood where a row should and cannot be read as one.
    pub(super) fn put_poison_aside(&self, sequence: u64, bytes: &[u8]) -> rusqlite::Result<()> {
        let digest: Hash = Sha256::digest(bytes).into();
        if self.is_full()? {
            return Ok(());
        }
        let start = Place::START;
        self.db
            .execute(
                "INSERT OR IGNORE INTO aside
                 (box, sequence, digest, reason, epoch_counter, epoch_nonce, chain, row, received)
                 VALUES (?1, ?2, ?3, 'unreadable', 0, ?4, ?5, ?6, ?7)",
                params![
                    self.box_number,
                    sequence.cast_signed(),
                    digest,
                    start.epoch.nonce,
                    start.chain,
                    bytes,
                    self.now
                ],
            )
            .map(drop)
    }

    /// Whether there is no more room beside the chain of this box.
    fn is_full(&self) -> rusqlite::Result<bool> {
        let sql = "SELECT count(*) FROM aside WHERE box = ?1";
        let kept: i64 = self.db.query_row(sql, [self.box_number], |row| row.get(0))?;
        let is_full = kept.cast_unsigned() >= MOST_ASIDE;
        if is_full {
            tracing::error!("no more rows are kept beside the chain of this box");
        }
        Ok(is_full)
    }

    pub(super) fn raise_conflict(&self, sequence: u64) -> rusqlite::Result<()> {
        let sql = "INSERT OR IGNORE INTO conflict (box, sequence, found) VALUES (?1, ?2, ?3)";
        self.db.execute(sql, params![self.box_number, sequence.cast_signed(), self.now]).map(drop)
    }

    pub(super) fn note_hole(&self, after: u64, before: u64) -> rusqlite::Result<()> {
        let sql = "INSERT OR IGNORE INTO hole (box, after, before, received) VALUES (?1, ?2, ?3, ?4)";
        self.db.execute(sql, params![self.box_number, after.cast_signed(), before.cast_signed(), self.now]).map(drop)
    }

    pub(super) fn in_conflict(&self) -> rusqlite::Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM conflict WHERE box = ?1 AND resolved IS NULL)";
        self.db.prepare_cached(sql)?.query_row([self.box_number], |row| row.get(0))
    }

    pub(super) fn move_head(&self, to: &Place, new: u64) -> rusqlite::Result<()> {
        self.db
            .prepare_cached(include_str!("move_head.sql"))?
            .execute(params![
                self.box_number,
                to.epoch.counter.cast_signed(),
                to.epoch.nonce,
                to.sequence.cast_signed(),
                to.chain,
                new.cast_signed(),
                self.now
            ])
            .map(drop)
    }
}

/// Goes back from the end: few rows come after a box was struck off.
pub(super) fn last_before(db: &Connection, name: &BoxId, at: i64) -> rusqlite::Result<u64> {
    let sql = "SELECT sequence FROM row WHERE box = (SELECT box FROM standing WHERE name = ?1) AND received < ?2
               ORDER BY sequence DESC LIMIT 1";
    let mut query = db.prepare_cached(sql)?;
    let found: Option<i64> = query.query_row(params![name.as_str(), at], |row| row.get(0)).optional()?;
    Ok(found.unwrap_or(0).cast_unsigned())
}

pub(super) fn boxes(db: &Connection) -> rusqlite::Result<Vec<Standing>> {
    let mut query = db.prepare_cached(include_str!("boxes.sql"))?;
    let standing = |row: &rusqlite::Row<'_>| {
        Ok(Standing {
            head: place(row)?,
            name: name(row, 5)?,
            key: key(row, 6)?,
            rows: row.get::<_, i64>(7)?.cast_unsigned(),
            first_at: row.get(8)?,
            last_at: row.get(9)?,
            in_conflict: row.get(10)?,
        })
    };
    query.query_map([], standing)?.collect()
}

pub(super) fn conflicts(db: &Connection) -> rusqlite::Result<Vec<Conflict>> {
    let mut query = db.prepare_cached(
        "SELECT name, conflict.sequence, found, resolved FROM conflict JOIN standing USING (box)
         ORDER BY found DESC, name, conflict.sequence",
    )?;
    let conflict = |row: &rusqlite::Row<'_>| {
        let sequence = row.get::<_, i64>(1)?.cast_unsigned();
        Ok(Conflict { name: name(row, 0)?, sequence, found: row.get(2)?, resolved: row.get(3)? })
    };
    query.query_map([], conflict)?.collect()
}

pub(super) fn holes(db: &Connection) -> rusqlite::Result<Vec<Hole>> {
    let mut query = db.prepare_cached(
        "SELECT name, after, before, received FROM hole JOIN standing USING (box) ORDER BY received DESC, name, before",
    )?;
    let hole = |row: &rusqlite::Row<'_>| {
        let (after, before) = (row.get::<_, i64>(1)?.cast_unsigned(), row.get::<_, i64>(2)?.cast_unsigned());
        Ok(Hole { name: name(row, 0)?, after, before, received: row.get(3)? })
    };
    query.query_map([], hole)?.collect()
}

fn number(db: &Connection, name: &BoxId) -> rusqlite::Result<Option<i64>> {
    db.query_row("SELECT box FROM standing WHERE name = ?1", [name.as_str()], |row| row.get(0)).optional()
}

pub(super) fn rows_after(db: &Connection, name: &BoxId, after: u64, most: u32) -> rusqlite::Result<Vec<Stored>> {
    let Some(number) = number(db, name)? else { return Ok(Vec::new()) };
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let mut query = db.prepare_cached(include_str!("rows_after.sql"))?;
    query.query_map(params![number, after, most], stored)?.collect()
}

pub(super) fn row_before(db: &Connection, name: &BoxId, sequence: u64) -> rusqlite::Result<Option<Stored>> {
    let Some(number) = number(db, name)? else { return Ok(None) };
    let mut query = db.prepare_cached(include_str!("row_before.sql"))?;
    query.query_row(params![number, i64::try_from(sequence).unwrap_or(i64::MAX)], stored).optional()
}

pub(super) fn opening_before(db: &Connection, name: &BoxId, sequence: u64) -> rusqlite::Result<Option<Stored>> {
    let Some(number) = number(db, name)? else { return Ok(None) };
    let sequence = i64::try_from(sequence).unwrap_or(i64::MAX);
    // An epoch has some 1,100 rows at most, so this stops soon.
    let mut query = db.prepare_cached(
        "SELECT sequence, epoch_counter, epoch_nonce, boot, kind, body, chain, mac, fault
         FROM row WHERE box = ?1 AND sequence <= ?2 AND kind = 0 ORDER BY sequence DESC LIMIT 1",
    )?;
    query.query_row(params![number, sequence], stored).optional()
}

pub(super) fn set_aside(db: &Connection, name: &BoxId) -> rusqlite::Result<Vec<(u64, String)>> {
    let Some(number) = number(db, name)? else { return Ok(Vec::new()) };
    let mut query = db.prepare_cached("SELECT sequence, reason FROM aside WHERE box = ?1 ORDER BY sequence, digest")?;
    query.query_map([number], |row| Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get(1)?)))?.collect()
}
