//! Uses of passes with limits, as the boxes wrote them: merged for every box, and looked through for passes that were
//! used more often than they may, or at two posts within a time in which nobody gets from one to the other.
//!
//! Both are asked of what is there, whatever came first: logs arrive in any order, late, and twice.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use rusqlite::{Connection, OptionalExtension as _, params};
use trust::uses::Pass;
use wire::entry::Crossing;
use wire::uses::{Limit, MOST_DAYS, MOST_USES, Sheet, Use};
use wire::{BoxId, RegionId};

use super::crossings::name;
use super::{Crossings, Error, Opener};

/// Seconds of a day.
const DAY: i64 = 86_400;

/// How far ahead of HQ the day of a use may begin: boxes in other zones, and a clock that is a little fast.
const AHEAD: i64 = 2 * DAY;

/// The uses of one day that still count, and the key of their slots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Day {
    /// Unix seconds at which it begins.
    pub begins: i64,
    /// The key.
    pub key: [u8; 32],
    /// The uses, in sheets that change only where one of theirs does.
    pub sheets: Vec<Sheet>,
}

/// One crossing of a pass, as evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// The box.
    pub name: BoxId,
    /// Its row.
    pub sequence: u64,
    /// Unix seconds by the box.
    pub at: i64,
}

/// What is wrong with how a pass was used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Misuse {
    /// More often than its limit allows.
    Twice {
        /// How often within the window.
        times: u64,
        /// How often it may.
        most: u64,
    },
    /// At two posts, so many seconds apart.
    Apart {
        /// The seconds.
        seconds: i64,
    },
}

/// A conflict over a pass: two signed rows, in the order of their boxes' times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassConflict {
    /// Who issued the pass.
    pub issuer: String,
    /// Its id.
    pub pass_id: Vec<u8>,
    /// What is wrong.
    pub misuse: Misuse,
    /// The earlier crossing.
    pub first: Trace,
    /// The later one.
    pub second: Trace,
}

/// Writes down what a crossing says of a use.
pub(super) fn put(db: &Connection, name: &BoxId, sequence: u64, crossing: &Crossing) -> rusqlite::Result<()> {
    let Crossing { id, issuer: Some(issuer), pass_id: Some(pass_id), .. } = crossing else {
        return forget(db, name, &crossing.id);
    };
    let (Some(window), Some(limit)) = (crossing.use_window, crossing.use_limit) else {
        return forget(db, name, id);
    };
    let until = window.saturating_add(days(&limit).saturating_mul(DAY));
    let at = crossing.at.unix();
    let minute = limit.minutes.map(|_| at - at.rem_euclid(60));
    let number = |limit: Option<u64>| limit.map(|limit| i64::try_from(limit).unwrap_or(i64::MAX));
    let (trips, per_day) = (number(limit.trips), number(limit.per_day));
    db.prepare_cached(include_str!("put_use.sql"))?
        .execute(params![
            name.as_str(),
            id,
            sequence.cast_signed(),
            issuer,
            pass_id,
            window,
            until,
            at,
            minute,
            trips,
            per_day
        ])
        .map(drop)
}

fn forget(db: &Connection, name: &BoxId, id: &[u8; 8]) -> rusqlite::Result<()> {
    db.prepare_cached("DELETE FROM use WHERE name = ?1 AND id = ?2")?.execute(params![name.as_str(), id]).map(drop)
}

fn days(limit: &Limit) -> i64 {
    i64::try_from(limit.days()).unwrap_or(1)
}

impl Opener {
    /// The uses that still count at a time (Unix seconds), by day. Draws the keys of new days, and erases those of days
    /// that count no more.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn uses(&mut self, now: i64) -> Result<Vec<Day>, Error> {
        let failed = || Error::database("merging the uses");
        let transaction = self.db.transaction().map_err(failed())?;
        let days = merged(&transaction, &self.region, now).map_err(failed())?;
        transaction.commit().map_err(failed())?;
        Ok(days)
    }
}

/// A day's key, and its uses by the number of their sheet.
type Gathered = ([u8; 32], BTreeMap<i64, Vec<Use>>);

fn merged(db: &Connection, region: &RegionId, now: i64) -> rusqlite::Result<Vec<Day>> {
    let oldest = now - MOST_DAYS as i64 * DAY;
    db.execute("DELETE FROM use_key WHERE window NOT IN (SELECT window FROM use WHERE until > ?1)", [now])?;
    let mut query = db.prepare_cached(include_str!("uses.sql"))?;
    let mut rows = query.query(params![now, oldest, now + AHEAD])?;
    let mut days: BTreeMap<i64, Gathered> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let (number, window): (i64, i64) = (row.get(0)?, row.get(1)?);
        let (issuer, pass_id): (String, Vec<u8>) = (row.get(2)?, row.get(3)?);
        let (key, sheets) = match days.entry(window) {
            Entry::Occupied(day) => day.into_mut(),
            Entry::Vacant(day) => day.insert((key(db, window)?, BTreeMap::new())),
        };
        let slot = Pass::new(region, &issuer, &pass_id).slot(key);
        // By the number a use was given when it came: what comes later changes no sheet but the last.
        let sheet = sheets.entry(number / MOST_USES as i64).or_default();
        sheet.push(Use { slot, crossing: row.get(4)?, at: row.get(5)? });
    }
    let sheet = |begins, mut uses: Vec<Use>| {
        uses.sort_unstable();
        uses.dedup();
        Sheet { day: begins, uses }
    };
    let day = |(begins, (key, sheets)): (i64, Gathered)| Day {
        begins,
        key,
        sheets: sheets.into_values().map(|uses| sheet(begins, uses)).collect(),
    };
    // The newest, should boxes be in more zones than there are.
    let surplus = days.len().saturating_sub(MOST_DAYS);
    Ok(days.into_iter().skip(surplus).map(day).collect())
}

/// The key of a day; drawn when it is asked for first.
fn key(db: &Connection, window: i64) -> rusqlite::Result<[u8; 32]> {
    let mut query = db.prepare_cached("SELECT key FROM use_key WHERE window = ?1")?;
    if let Some(key) = query.query_row([window], |row| row.get(0)).optional()? {
        return Ok(key);
    }
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    db.execute("INSERT INTO use_key (window, key) VALUES (?1, ?2)", params![window, key])?;
    Ok(key)
}

impl Crossings {
    /// Conflicts over passes since a time (Unix seconds), the newest first: those used more often than they may, and
    /// those seen at two posts nearer in time than `apart` says, in seconds; `most` is the longest it ever says.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn pass_conflicts(
        &self,
        since: i64,
        most: i64,
        apart: impl Fn(&BoxId, &BoxId) -> i64,
    ) -> Result<Vec<PassConflict>, Error> {
        let failed = || Error::database("looking for conflicts over passes");
        let mut found = twice(&self.db, since).map_err(failed())?;
        let mut seen = self.db.prepare_cached(include_str!("apart.sql")).map_err(failed())?;
        let row = |row: &rusqlite::Row<'_>| {
            let (first, second) = (trace(row, 2)?, trace(row, 5)?);
            let misuse = Misuse::Apart { seconds: second.at - first.at };
            Ok(PassConflict { issuer: row.get(0)?, pass_id: row.get(1)?, misuse, first, second })
        };
        let seen = seen.query_map(params![since, most], row).map_err(failed())?;
        for conflict in seen {
            let conflict = conflict.map_err(failed())?;
            let PassConflict { first, second, .. } = &conflict;
            let seconds = second.at - first.at;
            if seconds < apart(&first.name, &second.name) {
                found.push(conflict);
            }
        }
        found.sort_by_key(|conflict| std::cmp::Reverse(conflict.second.at));
        Ok(found)
    }
}

fn trace(row: &rusqlite::Row<'_>, first: usize) -> rusqlite::Result<Trace> {
    let sequence = row.get::<_, i64>(first + 1)?.cast_unsigned();
    Ok(Trace { name: name(row, first)?, sequence, at: row.get(first + 2)? })
}

/// Every use that was one too many, with the one before it.
fn twice(db: &Connection, since: i64) -> rusqlite::Result<Vec<PassConflict>> {
    let mut query = db.prepare_cached(include_str!("twice.sql"))?;
    let row = |row: &rusqlite::Row<'_>| {
        let (issuer, pass_id) = (row.get(0)?, row.get(1)?);
        let (times, most): (i64, i64) = (row.get(8)?, row.get(9)?);
        let misuse = Misuse::Twice { times: times.cast_unsigned(), most: most.cast_unsigned() };
        Ok(PassConflict { issuer, pass_id, misuse, first: trace(row, 2)?, second: trace(row, 5)? })
    };
    query.query_map([since], row)?.collect()
}

#[cfg(test)]
mod tests;
