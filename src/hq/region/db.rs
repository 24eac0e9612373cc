//! `hq.db`: one connection, small statements, times given by the caller.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, Result, Row, params};

use super::Issuer;
use crate::Error;

/// How long a command waits for another that is writing.
const PATIENCE: Duration = Duration::from_secs(10);

/// Classes of series: passes of about the same length of validity share their lists.
pub const CLASSES: u8 = 3;

/// A status list as a release needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// Whose.
    pub issuer: String,
    /// Which of several.
    pub number: u64,
    /// Places.
    pub size: u64,
    /// Places that are no longer valid, with their state (1 revoked, 2 suspended).
    pub states: Vec<(u64, u8)>,
}

/// A pass as it is written down.
pub struct Issued<'a> {
    pub cti: &'a [u8],
    pub issuer: &'a str,
    pub kind: u16,
    pub plates: &'a str,
    pub valid_from: i64,
    pub valid_to: i64,
    pub issued: i64,
    pub series: u64,
    pub place: u64,
}

pub fn open(path: &Path) -> std::result::Result<Connection, Error> {
    let opened = || -> Result<Connection> {
        let db = Connection::open(path)?;
        db.busy_timeout(PATIENCE)?;
        db.pragma_update(None, "journal_mode", "WAL")?;
        // A pass that was handed out must still be known after a power cut: else nobody can revoke it.
        db.pragma_update(None, "synchronous", "FULL")?;
        db.pragma_update(None, "foreign_keys", true)?;
        db.execute_batch(include_str!("schema.sql"))?;
        db.execute_batch(include_str!("../import/schema.sql"))?;
        db.execute_batch(include_str!("../enrol/schema.sql"))?;
        Ok(db)
    };
    opened().map_err(Error::database("opening the region"))
}

pub fn audit(db: &Connection, at: i64, who: &str, action: &str, subject: &str) -> Result<()> {
    let sql = "INSERT INTO audit (at, who, action, subject) VALUES (?1, ?2, ?3, ?4)";
    db.prepare_cached(sql)?.execute(params![at, who, action, subject]).map(drop)
}

/// Takes on an issuer, with lists of `size` places for passes of every class.
pub fn add_issuer(db: &Connection, issuer: &Issuer, size: u64) -> Result<()> {
    let sql =
        "INSERT INTO issuer (name, key, kinds, territories, valid_from, valid_to) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let Issuer { name, key, kinds, territories, valid_from, valid_to } = issuer;
    db.execute(sql, params![name, key, spaced(kinds), territories.join(" "), valid_from, valid_to])?;
    (0..CLASSES).try_for_each(|class| open_series(db, name, class, size).map(drop))
}

/// Says which kinds an issuer may issue; false when there is no such issuer.
pub fn set_kinds(db: &Connection, name: &str, kinds: &[u16]) -> Result<bool> {
    let changed = db.execute("UPDATE issuer SET kinds = ?2 WHERE name = ?1", params![name, spaced(kinds)])?;
    Ok(changed > 0)
}

pub fn issuers(db: &Connection) -> Result<Vec<Issuer>> {
    let sql = "SELECT name, key, kinds, territories, valid_from, valid_to FROM issuer ORDER BY name";
    let issuer = |row: &Row<'_>| {
        Ok(Issuer {
            name: row.get(0)?,
            key: row.get(1)?,
            kinds: numbers(&row.get::<_, String>(2)?),
            territories: row.get::<_, String>(3)?.split_whitespace().map(str::to_owned).collect(),
            valid_from: row.get(4)?,
            valid_to: row.get(5)?,
        })
    };
    db.prepare_cached(sql)?.query_map([], issuer)?.collect()
}

/// The series that takes the next pass of a class, and its size. Another one with room always stands
/// behind it, so that boxes have its list before the first pass in it is shown to them.
pub fn open_series(db: &Connection, issuer: &str, class: u8, size: u64) -> Result<(u64, u64)> {
    loop {
        let mut query = db.prepare_cached(include_str!("sql/series_with_room.sql"))?;
        let found = query.query_map(params![issuer, class], |row| Ok((unsigned(row, 0)?, unsigned(row, 1)?)))?;
        if let [first, _spare] = found.collect::<Result<Vec<_>>>()?[..] {
            return Ok(first);
        }
        let next = "SELECT coalesce(max(number) + 1, 0) FROM series WHERE issuer = ?1";
        let number: i64 = db.query_row(next, [issuer], |row| row.get(0))?;
        let sql =
            "INSERT INTO series (issuer, number, size, class, issued, last_expires) VALUES (?1, ?2, ?3, ?4, 0, 0)";
        db.execute(sql, params![issuer, number, size.cast_signed(), class])?;
    }
}

/// Whether a place has been given to a pass, or to one that a restored database has forgotten.
pub fn is_taken(db: &Connection, issuer: &str, series: u64, place: u64) -> Result<bool> {
    let sql = include_str!("sql/place_taken.sql");
    db.prepare_cached(sql)?.exists(params![issuer, series.cast_signed(), place.cast_signed()])
}

pub fn add_pass(db: &Connection, pass: &Issued<'_>) -> Result<()> {
    let sql = "INSERT INTO pass (cti, issuer, kind, plates, valid_from, valid_to, issued, series, place)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    let Issued { cti, issuer, kind, plates, valid_from, valid_to, issued, series, place } = pass;
    let (series, place) = (series.cast_signed(), place.cast_signed());
    db.prepare_cached(sql)?.execute(params![cti, issuer, kind, plates, valid_from, valid_to, issued, series, place])?;
    let sql =
        "UPDATE series SET issued = issued + 1, last_expires = max(last_expires, ?3) WHERE issuer = ?1 AND number = ?2";
    db.prepare_cached(sql)?.execute(params![issuer, series, valid_to]).map(drop)
}

/// The place of a pass by its id.
pub fn place_of(db: &Connection, cti: &[u8]) -> Result<Option<(String, u64, u64)>> {
    let sql = "SELECT issuer, series, place FROM pass WHERE cti = ?1";
    let place = |row: &Row<'_>| Ok((row.get(0)?, unsigned(row, 1)?, unsigned(row, 2)?));
    db.query_row(sql, [cti], place).optional()
}

/// The id of the pass at a place, where it is known.
pub fn pass_at(db: &Connection, issuer: &str, series: u64, place: u64) -> Result<Option<Vec<u8>>> {
    let sql = "SELECT cti FROM pass WHERE issuer = ?1 AND series = ?2 AND place = ?3";
    db.query_row(sql, params![issuer, series.cast_signed(), place.cast_signed()], |row| row.get(0)).optional()
}

/// Places of a series; none when there is no such series.
pub fn size_of(db: &Connection, issuer: &str, series: u64) -> Result<Option<u64>> {
    let sql = "SELECT size FROM series WHERE issuer = ?1 AND number = ?2";
    db.query_row(sql, params![issuer, series.cast_signed()], |row| unsigned(row, 0)).optional()
}

/// The state of a place: 0 valid, 1 revoked, 2 suspended.
pub fn state(db: &Connection, issuer: &str, series: u64, place: u64) -> Result<u8> {
    let sql = "SELECT state FROM status WHERE issuer = ?1 AND series = ?2 AND place = ?3";
    let found = db.query_row(sql, params![issuer, series.cast_signed(), place.cast_signed()], |row| row.get(0));
    Ok(found.optional()?.unwrap_or(0))
}

pub fn set_state(db: &Connection, issuer: &str, series: u64, place: u64, state: u8, at: i64) -> Result<()> {
    let (series, place) = (series.cast_signed(), place.cast_signed());
    if state == 0 {
        let sql = "DELETE FROM status WHERE issuer = ?1 AND series = ?2 AND place = ?3";
        return db.execute(sql, params![issuer, series, place]).map(drop);
    }
    let sql = "INSERT INTO status (issuer, series, place, state, at) VALUES (?1, ?2, ?3, ?4, ?5)
               ON CONFLICT DO UPDATE SET state = excluded.state, at = excluded.at";
    db.execute(sql, params![issuer, series, place, state, at]).map(drop)
}

/// Remembers that a pass without a place in a list is revoked; says whether that is new.
pub fn remember_revoked(db: &Connection, issuer: &str, cti: &[u8], at: i64) -> Result<bool> {
    let sql = "INSERT INTO revoked_id (issuer, cti, at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
    db.execute(sql, params![issuer, cti, at]).map(|changed| changed > 0)
}

/// Every list that may still matter to a pass that ends after a time, or to one that is yet to be issued.
pub fn series(db: &Connection, after: i64) -> Result<Vec<Series>> {
    let mut lists = db.prepare(include_str!("sql/series_in_force.sql"))?;
    let mut states = db.prepare("SELECT place, state FROM status WHERE issuer = ?1 AND series = ?2 ORDER BY place")?;
    let mut all = Vec::new();
    let mut rows = lists.query([after])?;
    while let Some(row) = rows.next()? {
        let (issuer, number, size): (String, u64, u64) = (row.get(0)?, unsigned(row, 1)?, unsigned(row, 2)?);
        let found =
            states.query_map(params![issuer, number.cast_signed()], |row| Ok((unsigned(row, 0)?, row.get(1)?)))?;
        let states = found.collect::<Result<_>>()?;
        all.push(Series { issuer, number, size, states });
    }
    Ok(all)
}

/// Sequence and time of the newest release, as far as these books know.
pub fn last_release(db: &Connection) -> Result<Option<(u64, i64)>> {
    db.query_row("SELECT sequence, issued FROM release", [], |row| Ok((unsigned(row, 0)?, row.get(1)?))).optional()
}

/// Remembers a release. Two that were published at once may come here in either order.
pub fn remember_release(db: &Connection, sequence: u64, issued: i64) -> Result<()> {
    let sql = "INSERT INTO release (one, sequence, issued) VALUES (1, ?1, ?2)
               ON CONFLICT DO UPDATE SET sequence = excluded.sequence, issued = excluded.issued
               WHERE excluded.sequence > sequence";
    db.execute(sql, params![sequence.cast_signed(), issued]).map(drop)
}

/// Goes on from an earlier release: what a root with a reset takes back, the books forget as well.
pub fn go_back(db: &Connection, sequence: u64, issued: i64) -> Result<()> {
    db.execute("UPDATE release SET sequence = ?1, issued = ?2", params![sequence.cast_signed(), issued]).map(drop)
}

/// SQLite has no unsigned integers; numbers above 2^63 stand there as negative ones and come back whole.
fn unsigned(row: &Row<'_>, column: usize) -> Result<u64> {
    row.get::<_, i64>(column).map(i64::cast_unsigned)
}

/// Numbers as the database keeps them.
pub fn spaced(numbers: &[u16]) -> String {
    numbers.iter().map(u16::to_string).collect::<Vec<_>>().join(" ")
}

/// The numbers in a text of this database; it holds nothing else.
pub fn numbers(text: &str) -> Vec<u16> {
    text.split_whitespace().filter_map(|number| number.parse().ok()).collect()
}
