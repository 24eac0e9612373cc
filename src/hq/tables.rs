//! Changes of large tables (sets of revoked ids, the register) that wait for the next release.
//!
//! The tables themselves lie published in the release; here stands only what is to become of them. A key
//! has one pending change at most: the newest. After a release has taken changes up they are settled, and
//! what came in meanwhile stays.

use rusqlite::{Connection, Result, Row, params};
use trust::format::{Part, StreamId};
use wire::RegionId;

use crate::Error;
use crate::region::Region;

/// Where something stands in a table: 16 bytes of a hash.
pub type Key = [u8; 16];

/// One key and its new value; none: it is taken out.
pub type Change = (Key, Option<Vec<u8>>);

impl Region {
    /// Notes changes of one table for the next release; a later change of a key replaces an earlier one.
    /// Answers how many there were.
    ///
    /// # Errors
    /// [`Error::Database`]; then none is noted.
    pub fn change_table(&self, stream: &StreamId, changes: impl Iterator<Item = Change>) -> Result<u64, Error> {
        self.books(|books| note(books, stream, changes).map_err(Error::database("noting changes")))
    }

    /// Everything that waits for the next release, by stream and key.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn pending(&self) -> Result<Vec<(StreamId, Vec<Change>)>, Error> {
        pending(&self.database()).map_err(Error::database("reading what waits for the next release"))
    }

    /// Strikes off what a release has taken up. What was changed again since [`Self::pending`] stays.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn settle(&self, taken: &[(StreamId, Vec<Change>)]) -> Result<(), Error> {
        self.books(|books| {
            taken
                .iter()
                .try_for_each(|(stream, changes)| settle(books, stream, changes))
                .map_err(Error::database("settling what a release took up"))
        })
    }
}

/// Notes changes within a change of the books.
pub(crate) fn note(books: &Connection, stream: &StreamId, changes: impl Iterator<Item = Change>) -> Result<u64> {
    let sql = "INSERT INTO pending (region, part, issuer, series, key, value) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
               ON CONFLICT DO UPDATE SET value = excluded.value";
    let mut insert = books.prepare_cached(sql)?;
    let StreamId { region, part, issuer, series } = stream;
    let mut count = 0;
    for (key, value) in changes {
        insert.execute(params![region.as_str(), part.number(), issuer, series.cast_signed(), key, value])?;
        count += 1;
    }
    Ok(count)
}

fn pending(books: &Connection) -> Result<Vec<(StreamId, Vec<Change>)>> {
    let sql = "SELECT region, part, issuer, series, key, value FROM pending ORDER BY 1, 2, 3, 4, 5";
    let mut streams: Vec<(StreamId, Vec<Change>)> = Vec::new();
    let mut query = books.prepare(sql)?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let (stream, change) = (stream(row)?, (row.get(4)?, row.get(5)?));
        match streams.last_mut() {
            Some((last, changes)) if *last == stream => changes.push(change),
            _ => streams.push((stream, vec![change])),
        }
    }
    // As releases sort them.
    streams.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(streams)
}

fn stream(row: &Row<'_>) -> Result<StreamId> {
    let region = row.get::<_, String>(0)?.parse::<RegionId>();
    let region =
        region.map_err(|e| rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, e.into()))?;
    let series = row.get::<_, i64>(3)?.cast_unsigned();
    Ok(StreamId { region, part: Part::of(row.get::<_, u16>(1)?), issuer: row.get(2)?, series })
}

fn settle(books: &Connection, stream: &StreamId, changes: &[Change]) -> Result<()> {
    let sql = "DELETE FROM pending
               WHERE region = ?1 AND part = ?2 AND issuer = ?3 AND series = ?4 AND key = ?5 AND value IS ?6";
    let mut delete = books.prepare_cached(sql)?;
    let StreamId { region, part, issuer, series } = stream;
    changes.iter().try_for_each(|(key, value)| {
        delete.execute(params![region.as_str(), part.number(), issuer, series.cast_signed(), key, value]).map(drop)
    })
}

#[cfg(test)]
mod tests;
