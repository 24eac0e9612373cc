//! What stands in a journal, without checking it.

use std::path::Path;

use crate::chain::Place;
use crate::{Error, disk};

/// What stands in a journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The last row, with its hash.
    pub head: Place,
    /// The last row that has left.
    pub base: Place,
    /// Rows that are here.
    pub rows: u64,
    /// Of them, those without a receipt.
    pub unreceipted: u64,
    /// The last row covered by a receipt.
    pub settled: Option<Place>,
    /// Since when that receipt is here, Unix seconds of a sound clock.
    pub settled_at: Option<i64>,
    /// Epochs of the rows that are here.
    pub epochs: u64,
    /// Starts of the box that they were written in.
    pub boots: u64,
    /// Damaged rows that were set aside.
    pub set_aside: u64,
}

/// Looks at a journal; its box may be at work. Counts every row, which takes seconds where there are millions.
///
/// # Errors
/// [`Error::Open`] or [`Error::Read`].
pub fn status(path: &Path) -> Result<Status, Error> {
    let db = disk::connect_reader(path)?;
    let read = || {
        let (base, settled) = (disk::base(&db)?, disk::settled(&db)?);
        let count = |row: &rusqlite::Row<'_>, column| row.get::<_, i64>(column).map(i64::cast_unsigned);
        let above = settled.map_or(0, |settled| settled.sequence).cast_signed();
        let (rows, epochs, boots, unreceipted) = db.query_row(include_str!("sql/count_rows.sql"), [above], |row| {
            Ok((count(row, 0)?, count(row, 1)?, count(row, 2)?, count(row, 3)?))
        })?;
        let settled_at = match settled {
            Some(settled) => {
                db.query_row(include_str!("sql/receipt_since.sql"), [settled.sequence.cast_signed()], |row| row.get(0))?
            }
            None => None,
        };
        let set_aside = db.query_row(include_str!("sql/count_set_aside.sql"), [], |row| count(row, 0))?;
        let head = disk::head(&db)?.unwrap_or(base);
        Ok(Status { head, base, rows, unreceipted, settled, settled_at, epochs, boots, set_aside })
    };
    read().map_err(Error::read)
}
