//! The journal as the link sees it: rows to send, on a connection of its own.

use std::path::Path;

use rusqlite::Connection;
use rusqlite::OptionalExtension as _;
use wire::row::Row;

use crate::chain::{Hash, Place};
use crate::{Error, disk};

/// An alert, with what HQ needs to check and open it alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Urgent {
    /// The opening of its epoch, unless that has left: then HQ has it.
    pub opening: Option<Row>,
    /// The chain hash before it.
    pub before: Hash,
    /// The row itself.
    pub row: Row,
}

/// Reads rows for the link; never waits for the writer's fsync, and cannot write.
pub struct Outbox {
    db: Connection,
}

impl Outbox {
    /// Opens the journal for reading; the writer has made it.
    ///
    /// # Errors
    /// [`Error::Open`].
    pub fn open(path: &Path) -> Result<Self, Error> {
        Ok(Self { db: disk::connect_reader(path)? })
    }

    /// Up to `most` consecutive rows above a sequence, and no more than `bytes` of bodies; at least one if
    /// there is one. Where sequences are left out, after damage, the rows end before the gap.
    ///
    /// # Errors
    /// [`Error::Read`].
    pub fn rows_after(&self, sequence: u64, most: usize, bytes: usize) -> Result<Vec<Row>, Error> {
        let mut query = self.db.prepare_cached(include_str!("sql/rows_from.sql")).map_err(Error::read)?;
        let from = i64::try_from(sequence.saturating_add(1)).unwrap_or(i64::MAX);
        let mut stored = query.query([from]).map_err(Error::read)?;
        let (mut rows, mut total) = (Vec::<Row>::new(), 0);
        while let Some(row) = stored.next().map_err(Error::read)? {
            // A damaged row must not hold up those behind it: HQ sees the damage, and takes what holds on to it.
            let row = match disk::row(row) {
                Err(error) if disk::is_damaged_value(&error) => disk::remains(row),
                read => read,
            };
            let row = row.map_err(Error::read)?;
            if row.sequence.cast_signed() < from {
                return Err(Error::read(disk::out_of_order()));
            }
            total += row.body.len();
            let follows = rows.last().is_none_or(|last| row.sequence == last.sequence + 1);
            if !rows.is_empty() && (rows.len() >= most || total > bytes || !follows) {
                break;
            }
            rows.push(row);
        }
        Ok(rows)
    }

    /// Sequence of the last durable row; 0 when there is none.
    ///
    /// # Errors
    /// [`Error::Read`].
    pub fn head(&self) -> Result<u64, Error> {
        match disk::last(&self.db).map_err(Error::read)? {
            Some(last) => Ok(last),
            None => Ok(disk::base(&self.db).map_err(Error::read)?.sequence),
        }
    }

    /// The last row that has left.
    pub(crate) fn base(&self) -> Result<Place, Error> {
        disk::base(&self.db).map_err(Error::read)
    }

    /// Sequence of the last alert among the rows; 0 when there is none.
    ///
    /// # Errors
    /// [`Error::Read`].
    pub fn last_alert(&self) -> Result<u64, Error> {
        let last: Option<i64> =
            self.db.query_row("SELECT max(sequence) FROM alert", [], |row| row.get(0)).map_err(Error::read)?;
        Ok(last.unwrap_or(0).cast_unsigned())
    }

    /// The first alert above a sequence.
    ///
    /// # Errors
    /// [`Error::Read`].
    pub fn alert_after(&self, sequence: u64) -> Result<Option<Urgent>, Error> {
        let after = i64::try_from(sequence).unwrap_or(i64::MAX);
        let one = |sql, parameter| self.db.prepare_cached(sql)?.query_row([parameter], disk::row).optional();
        let Some(row) = one(include_str!("sql/alert_after.sql"), after).map_err(Error::read)? else { return Ok(None) };
        let sequence = row.sequence.cast_signed();
        let opening = one(include_str!("sql/opening_before.sql"), sequence).map_err(Error::read)?;
        let opening = opening.filter(|opening| opening.epoch == row.epoch);
        let before = one(include_str!("sql/row_before.sql"), sequence).map_err(Error::read)?;
        let before = match before {
            Some(before) => before.chain,
            None => disk::base(&self.db).map_err(Error::read)?.chain,
        };
        Ok(Some(Urgent { opening, before, row }))
    }

    /// Sequence of the last row covered by a receipt; 0 when there is none.
    ///
    /// # Errors
    /// [`Error::Read`].
    pub fn settled(&self) -> Result<u64, Error> {
        disk::settled(&self.db).map(|place| place.map_or(0, |place| place.sequence)).map_err(Error::read)
    }

    /// How many rows wait for a receipt.
    ///
    /// # Errors
    /// [`Error::Read`].
    pub fn pending(&self) -> Result<u64, Error> {
        let settled = self.settled()?.cast_signed();
        self.db
            .query_row(include_str!("sql/pending.sql"), [settled], |row| row.get::<_, i64>(0))
            .map(i64::cast_unsigned)
            .map_err(Error::read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Journal;
    use crate::tests::{NOW, all, identity, note};

    #[test]
    fn a_value_that_damage_made_something_else_holds_up_no_row_behind_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        Journal::open(&path, identity()).unwrap().append(&[note("1"), note("2"), note("3")], NOW).unwrap();
        let before = all(&path);
        // Strict tables let nobody write such a value; damage does.
        let lax = "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'STRICT', '');";
        Connection::open(&path).unwrap().execute_batch(lax).unwrap();
        let sql = "UPDATE row SET boot = 'text', mac = x'01', epoch_counter = 2.5 WHERE sequence = 2";
        assert_eq!(Connection::open(&path).unwrap().execute(sql, []).unwrap(), 1);
        let mut rows = all(&path);
        assert_eq!((rows[1].boot, rows[1].mac, rows[1].epoch.counter), ([0; 8], [0; 32], 0));
        // What is sound of it is there, and so are the others.
        (rows[1].boot, rows[1].mac, rows[1].epoch) = (before[1].boot, before[1].mac, before[1].epoch);
        assert_eq!(rows, before);
    }
}
