//! The boxes as they last spoke.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, params};
use wire::BoxId;
use wire::command::Report;
use wire::health::{Health, State};

use super::Error;

/// What is known of one box.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BoxView {
    /// Online or not, and its version; none before it first spoke.
    pub state: Option<State>,
    /// Unix seconds at HQ when it came to be so: a broker repeats what it retains.
    pub state_at: Option<i64>,
    /// The last heartbeat.
    pub health: Option<Health>,
    /// Unix seconds at HQ when it came.
    pub health_at: Option<i64>,
}

/// All boxes, in memory and in a table of HQ's database.
#[derive(Debug)]
pub struct Boxes {
    db: Connection,
    all: BTreeMap<BoxId, BoxView>,
}

impl Boxes {
    /// Opens the table in a database, which may be the ledger's. A row that cannot be read is left out.
    ///
    /// # Errors
    /// [`Error::Boxes`].
    pub fn open(path: &Path) -> Result<Self, Error> {
        open(path).map_err(Error::Boxes)
    }

    /// Every box that ever spoke.
    pub const fn all(&self) -> &BTreeMap<BoxId, BoxView> {
        &self.all
    }

    /// A box is online, or it is not.
    ///
    /// # Errors
    /// [`Error::Boxes`]; it is known all the same, until the next start.
    pub fn state(&mut self, name: &BoxId, state: State, now: i64) -> Result<(), Error> {
        let sql = "INSERT INTO box (name, state, state_at) VALUES (?1, ?2, ?3)
             ON CONFLICT (name) DO UPDATE SET state = excluded.state, state_at = excluded.state_at";
        let bytes = wire::encode(&state);
        let seen = self.all.entry(name.clone()).or_default();
        let is_the_same = seen.state.as_ref().is_some_and(|known| known.online == state.online);
        let since = seen.state_at.filter(|_| is_the_same).unwrap_or(now);
        (seen.state, seen.state_at) = (Some(state), Some(since));
        self.write(sql, name, &bytes, since)
    }

    /// A heartbeat.
    ///
    /// # Errors
    /// [`Error::Boxes`]; it is known all the same, until the next start.
    pub fn health(&mut self, name: &BoxId, health: Health, now: i64) -> Result<(), Error> {
        let sql = "INSERT INTO box (name, health, health_at) VALUES (?1, ?2, ?3)
             ON CONFLICT (name) DO UPDATE SET health = excluded.health, health_at = excluded.health_at";
        let bytes = wire::encode(&health);
        let seen = self.all.entry(name.clone()).or_default();
        (seen.health, seen.health_at) = (Some(health), Some(now));
        self.write(sql, name, &bytes, now)
    }

    /// The answer to the command to report; the last one is kept.
    ///
    /// # Errors
    /// [`Error::Boxes`].
    pub fn report(&mut self, name: &BoxId, report: &Report, now: i64) -> Result<(), Error> {
        let sql = "INSERT INTO report (name, number, at, came, text) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (name) DO UPDATE SET number = excluded.number, at = excluded.at, came = excluded.came,
                 text = excluded.text";
        let number = report.number.cast_signed();
        self.db
            .execute(sql, params![name.as_str(), number, report.at, now, report.text])
            .map(drop)
            .map_err(Error::Boxes)
    }

    fn write(&self, sql: &str, name: &BoxId, bytes: &[u8], now: i64) -> Result<(), Error> {
        let mut query = self.db.prepare_cached(sql).map_err(Error::Boxes)?;
        query.execute(params![name.as_str(), bytes, now]).map(drop).map_err(Error::Boxes)
    }
}

fn open(path: &Path) -> rusqlite::Result<Boxes> {
    let db = Connection::open(path)?;
    db.busy_timeout(Duration::from_secs(5))?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    // A heartbeat is not worth an fsync; the ledger has its own connection with its own rules.
    db.pragma_update(None, "synchronous", "NORMAL")?;
    db.execute_batch(include_str!("schema.sql"))?;
    let mut all = BTreeMap::new();
    {
        let mut query = db.prepare("SELECT name, state, state_at, health, health_at FROM box")?;
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            let Ok(name) = row.get::<_, String>(0)?.parse() else { continue };
            let (state, health): (Option<Vec<u8>>, Option<Vec<u8>>) = (row.get(1)?, row.get(3)?);
            let view = BoxView {
                state: state.and_then(|bytes| wire::decode(&bytes, "state").ok()),
                state_at: row.get(2)?,
                health: health.and_then(|bytes| wire::decode(&bytes, "health").ok()),
                health_at: row.get(4)?,
            };
            all.insert(name, view);
        }
    }
    Ok(Boxes { db, all })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broker_that_repeats_what_it_retains_does_not_make_it_news() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hq.db");
        let (mut boxes, name) = (Boxes::open(&path).unwrap(), "post-1".parse().unwrap());
        let state = |online| State { online, version: "0.1.0".to_owned(), reason: None };
        let mut since = |online, now| {
            boxes.state(&name, state(online), now).unwrap();
            boxes.all()[&name].state_at
        };
        assert_eq!([since(true, 10), since(true, 20), since(false, 30), since(false, 40)], [10, 10, 30, 30].map(Some));
        assert_eq!(Boxes::open(&path).unwrap().all()[&name].state_at, Some(30));
        assert_eq!(since(true, 50), Some(50));
    }
}
