//! The database file: how it is opened, bounded and read.

use std::path::Path;
use std::time::Duration;

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ValueRef};
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, params};
use wire::row::{EpochId, Row, RowKind};

use crate::Error;
use crate::chain::Place;

/// Says "a checkpoint's journal" in the file's header (`PRAGMA application_id`): `CPJ1`.
const APPLICATION: i64 = 0x4350_4A31;

/// The layout of `schema.sql`.
const LAYOUT: i64 = 3;

/// The write-ahead log is moved into the database by the writer between groups; SQLite does it by itself,
/// inside a commit, only when that was forgotten for so many pages.
const LATEST_CHECKPOINT: u32 = 4000;

/// The write-ahead log is cut back to this many bytes when it has been longer.
pub(crate) const LONGEST_WAL: u32 = 16 << 20;

/// Bytes of a page, SQLite's default.
pub(crate) const PAGE: u64 = 4096;

/// A connection for the one writer, bounded like a device resource.
pub(crate) fn connect(path: &Path, pages: u32) -> rusqlite::Result<Connection> {
    let db = Connection::open(path)?;
    db.busy_timeout(Duration::from_secs(5))?;
    set(&db, "page_size", PAGE.cast_signed())?;
    set(&db, "journal_mode", "WAL")?;
    // Every commit is on the disk when it returns; NORMAL would leave the last ones to a power cut.
    set(&db, "synchronous", "FULL")?;
    set(&db, "max_page_count", pages)?;
    set(&db, "journal_size_limit", LONGEST_WAL)?;
    set(&db, "wal_autocheckpoint", LATEST_CHECKPOINT)?;
    Ok(db)
}

/// A connection that can only read.
pub(crate) fn connect_reader(path: &Path) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags).map_err(Error::open)?;
    db.busy_timeout(Duration::from_secs(5)).map_err(Error::open)?;
    Ok(db)
}

/// Makes the tables of a new journal, and looks whether an old one is of a layout known here.
pub(crate) fn lay_out(db: &Connection) -> Result<(), Error> {
    let layout = |db: &Connection| db.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0));
    let found = layout(db).map_err(Error::open)?;
    if found > LAYOUT {
        return Err(Error::Layout { found, known: LAYOUT });
    }
    if found < LAYOUT {
        // One transaction: a power cut leaves a journal or none.
        let make = format!(
            "BEGIN IMMEDIATE; {} PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {LAYOUT}; COMMIT;",
            include_str!("sql/schema.sql")
        );
        db.execute_batch(&make).map_err(|error| match Error::write(error) {
            full @ Error::Full(_) => full,
            other => Error::open(other),
        })?;
    }
    Ok(())
}

fn set(db: &Connection, pragma: &str, value: impl rusqlite::ToSql) -> rusqlite::Result<()> {
    db.pragma_update_and_check(None, pragma, value, |_| Ok(())).optional().map(drop)
}

/// Whether the file itself is damaged, rather than a row in it.
pub(crate) fn is_corrupt(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase, Unknown};
    // Our statements are fixed: where one does not fit any more, the names of tables or columns are damaged.
    matches!(error.sqlite_error_code(), Some(DatabaseCorrupt | NotADatabase | Unknown))
        || matches!(error, rusqlite::Error::SqlInputError { .. })
        // In a row of the journal it is that row's alone, and looked for there; anywhere else the tables are damaged.
        || is_damaged_value(error)
}

/// Rows came in another order than they were asked for: the file is damaged, and whoever goes on from the last one would
/// never come to an end.
pub(crate) fn out_of_order() -> rusqlite::Error {
    let corrupt = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
    rusqlite::Error::SqliteFailure(corrupt, Some("rows are out of order".to_owned()))
}

/// Whether a value was not what a row holds; the file around it may be sound.
pub(crate) fn is_damaged_value(error: &rusqlite::Error) -> bool {
    use rusqlite::Error::{FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType};
    matches!(error, FromSqlConversionFailure(..) | IntegralValueOutOfRange(..) | InvalidColumnType(..))
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

const fn kind_number(kind: RowKind) -> i64 {
    match kind {
        RowKind::Opening => 0,
        RowKind::Entry => 1,
        RowKind::Checkpoint => 2,
    }
}

/// A row of the queries over all columns. Sequences and counters are below 2^63 in a sound journal.
pub(crate) fn row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    Ok(Row {
        sequence: row.get::<_, i64>(0)?.cast_unsigned(),
        epoch: EpochId { counter: row.get::<_, i64>(1)?.cast_unsigned(), nonce: row.get(2)? },
        boot: row.get(3)?,
        kind: row.get::<_, Kind>(4)?.0,
        body: row.get(5)?,
        chain: row.get(6)?,
        mac: row.get(7)?,
    })
}

/// A row as far as damage has left it, for HQ to see: what cannot be read is zeros or empty. Only its sequence must be
/// one.
pub(crate) fn remains(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    Ok(Row {
        sequence: row.get::<_, i64>(0)?.cast_unsigned(),
        epoch: EpochId {
            counter: row.get::<_, i64>(1).unwrap_or_default().max(0).cast_unsigned(),
            nonce: row.get(2).unwrap_or_default(),
        },
        boot: row.get(3).unwrap_or_default(),
        kind: row.get::<_, Kind>(4).map_or(RowKind::Entry, |kind| kind.0),
        body: row.get(5).unwrap_or_default(),
        chain: row.get(6).unwrap_or_default(),
        mac: row.get(7).unwrap_or_default(),
    })
}

/// A place of the queries over sequence, epoch and chain.
pub(crate) fn place(row: &rusqlite::Row<'_>) -> rusqlite::Result<Place> {
    Ok(Place {
        sequence: row.get::<_, i64>(0)?.cast_unsigned(),
        epoch: EpochId { counter: row.get::<_, i64>(1)?.cast_unsigned(), nonce: row.get(2)? },
        chain: row.get(3)?,
    })
}

pub(crate) fn insert(db: &Connection, row: &Row) -> rusqlite::Result<()> {
    db.prepare_cached(include_str!("sql/append.sql"))?
        .execute(params![
            row.sequence.cast_signed(),
            row.epoch.counter.cast_signed(),
            row.epoch.nonce,
            row.boot,
            kind_number(row.kind),
            row.body,
            row.chain,
            row.mac
        ])
        .map(drop)
}

/// The highest sequence there is.
pub(crate) fn last(db: &Connection) -> rusqlite::Result<Option<u64>> {
    let last: Option<i64> = db.prepare_cached(include_str!("sql/last.sql"))?.query_row([], |row| row.get(0))?;
    Ok(last.map(i64::cast_unsigned))
}

/// The last row's place.
pub(crate) fn head(db: &Connection) -> rusqlite::Result<Option<Place>> {
    db.query_row(include_str!("sql/head.sql"), [], place).optional()
}

/// Says that HQ should see a row soon.
pub(crate) fn insert_alert(db: &Connection, sequence: u64) -> rusqlite::Result<()> {
    db.prepare_cached("INSERT INTO alert (sequence) VALUES (?1)")?.execute([sequence.cast_signed()]).map(drop)
}

/// What the first row there follows.
pub(crate) fn base(db: &Connection) -> rusqlite::Result<Place> {
    Ok(db.prepare_cached(include_str!("sql/base.sql"))?.query_row([], place).optional()?.unwrap_or(Place::START))
}

/// The last row that a receipt has covered.
pub(crate) fn settled(db: &Connection) -> rusqlite::Result<Option<Place>> {
    db.prepare_cached(include_str!("sql/settled.sql"))?.query_row([], place).optional()
}

pub(crate) fn move_base(db: &Connection, to: &Place) -> rusqlite::Result<()> {
    db.execute(include_str!("sql/move_base.sql"), rusqlite::params_from_iter(parameters(to))).map(drop)
}

pub(crate) fn insert_receipt(db: &Connection, of: &Place, at: Option<i64>) -> rusqlite::Result<()> {
    db.execute(
        include_str!("sql/insert_receipt.sql"),
        params![of.sequence.cast_signed(), of.epoch.counter.cast_signed(), of.epoch.nonce, of.chain, at],
    )
    .map(drop)
}

fn parameters(place: &Place) -> [rusqlite::types::Value; 4] {
    [
        place.sequence.cast_signed().into(),
        place.epoch.counter.cast_signed().into(),
        place.epoch.nonce.to_vec().into(),
        place.chain.to_vec().into(),
    ]
}
