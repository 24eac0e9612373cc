//! What `hq.db` knows of boxes' certificates: small statements, times given by the caller.

use rusqlite::{Connection, OptionalExtension as _, Result, Row, params};
use wire::BoxId;

use crate::ca::{Issued, Revoked};

/// A box in these books.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    /// Unix seconds when it was announced.
    pub announced: i64,
    /// Unix seconds of its last enrolment; none before the first.
    pub enrolled: Option<i64>,
    /// Its receive key.
    pub receive: Option<[u8; 32]>,
    /// Seconds for which its certificates count.
    pub life: Option<i64>,
    /// Unix seconds from which it is not to be believed.
    pub stolen: Option<i64>,
    /// Unix seconds until which its newest certificate counts.
    pub not_after: Option<i64>,
}

const ENTRY: &str = "SELECT name, announced, enrolled, receive, life, stolen,
    (SELECT max(not_after) FROM certificate WHERE certificate.name = enrolment.name AND revoked IS NULL)
    FROM enrolment";

fn entry(row: &Row<'_>) -> Result<(String, Entry)> {
    let entry = Entry {
        announced: row.get(1)?,
        enrolled: row.get(2)?,
        receive: row.get(3)?,
        life: row.get(4)?,
        stolen: row.get(5)?,
        not_after: row.get(6)?,
    };
    Ok((row.get(0)?, entry))
}

/// A box of this name will come. Said twice, the first time counts.
pub fn announce(db: &Connection, name: &BoxId, now: i64) -> Result<bool> {
    let sql = "INSERT INTO enrolment (name, announced) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    db.execute(sql, params![name.as_str(), now]).map(|rows| rows > 0)
}

pub fn of(db: &Connection, name: &BoxId) -> Result<Option<Entry>> {
    let sql = format!("{ENTRY} WHERE name = ?1");
    Ok(db.query_row(&sql, [name.as_str()], entry).optional()?.map(|(_, entry)| entry))
}

/// Every box, by name.
pub fn all(db: &Connection) -> Result<Vec<(BoxId, Entry)>> {
    let mut query = db.prepare_cached(&format!("{ENTRY} ORDER BY name"))?;
    let rows = query.query_map([], entry)?.collect::<Result<Vec<_>>>()?;
    // Nothing but names was ever written there.
    Ok(rows.into_iter().filter_map(|(name, entry)| Some((name.parse().ok()?, entry))).collect())
}

pub fn enrol(db: &Connection, name: &BoxId, receive: &[u8; 32], life: i64, now: i64) -> Result<()> {
    let sql = "UPDATE enrolment SET enrolled = ?2, receive = ?3, life = ?4 WHERE name = ?1";
    db.execute(sql, params![name.as_str(), now, receive, life]).map(drop)
}

pub fn steal(db: &Connection, name: &BoxId, since: i64, now: i64) -> Result<()> {
    let sql = "INSERT INTO enrolment (name, announced, stolen, told) VALUES (?1, ?3, ?2, ?3)
               ON CONFLICT DO UPDATE SET stolen = min(coalesce(stolen, excluded.stolen), excluded.stolen),
                   told = coalesce(told, excluded.told)";
    db.execute(sql, params![name.as_str(), since, now]).map(drop)
}

pub fn add(db: &Connection, name: &str, issued: &Issued, now: i64) -> Result<()> {
    let sql = "INSERT INTO certificate (serial, name, issued, not_after) VALUES (?1, ?2, ?3, ?4)";
    db.execute(sql, params![issued.serial, name, now, issued.not_after]).map(drop)
}

/// Certificates issued to somebody at or after a time.
pub fn issued_since(db: &Connection, name: &BoxId, since: i64) -> Result<i64> {
    let sql = "SELECT count(*) FROM certificate WHERE name = ?1 AND issued >= ?2";
    db.query_row(sql, params![name.as_str(), since], |row| row.get(0))
}

/// Revokes every certificate of a box; how many that were.
pub fn revoke(db: &Connection, name: &BoxId, why: &str, now: i64) -> Result<usize> {
    let sql = "UPDATE certificate SET revoked = ?2, why = ?3 WHERE name = ?1 AND revoked IS NULL";
    db.execute(sql, params![name.as_str(), now, why])
}

/// What is revoked and has not run out.
pub fn revoked(db: &Connection, now: i64) -> Result<Vec<Revoked>> {
    let sql = "SELECT serial, revoked FROM certificate WHERE revoked IS NOT NULL AND not_after >= ?1 ORDER BY serial";
    let mut query = db.prepare_cached(sql)?;
    query.query_map([now], |row| Ok(Revoked { serial: row.get(0)?, at: row.get(1)? }))?.collect()
}

/// The number of the next list of revoked certificates.
pub fn next_list(db: &Connection) -> Result<u64> {
    let sql = "INSERT INTO revocation_list (one, number) VALUES (1, 1)
               ON CONFLICT DO UPDATE SET number = number + 1 RETURNING number";
    db.query_row(sql, [], |row| row.get::<_, i64>(0)).map(i64::cast_unsigned)
}

pub fn add_folder(db: &Connection, path: &str, host: &str, now: i64) -> Result<()> {
    let sql = "INSERT INTO broker_folder (path, host, made) VALUES (?1, ?2, ?3)
               ON CONFLICT DO UPDATE SET host = excluded.host, made = excluded.made";
    db.execute(sql, params![path, host, now]).map(drop)
}

pub fn folders(db: &Connection) -> Result<Vec<String>> {
    let mut query = db.prepare_cached("SELECT path FROM broker_folder ORDER BY path")?;
    query.query_map([], |row| row.get(0))?.collect()
}

/// Whether the register got another secret on account of this box.
pub fn has_another_pepper(db: &Connection, name: &BoxId) -> Result<bool> {
    let sql = "SELECT pepper IS NOT NULL FROM enrolment WHERE name = ?1";
    Ok(db.query_row(sql, [name.as_str()], |row| row.get(0)).optional()?.unwrap_or(false))
}

pub fn another_pepper(db: &Connection, name: &BoxId, now: i64) -> Result<()> {
    db.execute("UPDATE enrolment SET pepper = ?2 WHERE name = ?1", params![name.as_str(), now]).map(drop)
}
