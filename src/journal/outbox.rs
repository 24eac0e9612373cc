//! The journal as the link sees it: rows to send, on a connection of its own.

use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, params};
use wire::row::Row;

use crate::Error;
use crate::store::{connect, rows, settled};

/// Reads rows for the link; never waits for the writer's fsync.
pub struct Outbox {
    db: Connection,
}

impl Outbox {
    /// Opens the journal for reading; the writer has made it.
    ///
    /// # Errors
    /// [`Error::Open`].
    pub fn open(path: &Path) -> Result<Self, Error> {
        Ok(Self { db: connect(path)? })
    }

    /// Up to `most` consecutive rows above a sequence, and no more than `bytes` of bodies; at least one.
    ///
    /// # Errors
    /// [`Error::Read`].
    pub fn rows_after(&self, sequence: u64, most: usize, bytes: usize) -> Result<Vec<Row>, Error> {
        let limit = i64::try_from(most).unwrap_or(i64::MAX);
        let mut found = rows(&self.db, include_str!("sql/rows_after.sql"), params![sequence.cast_signed(), limit])?;
        let mut total = 0;
        let fits = found.iter().take_while(|row| {
            total += row.body.len();
            total <= bytes
        });
        let fits = fits.count().max(1);
        found.truncate(fits);
        Ok(found)
    }

    /// Sequence of the last durable row; 0 when there is none.
    ///
    /// # Errors
    /// [`Error::Read`].
    pub fn head(&self) -> Result<u64, Error> {
        self.db
            .query_row("SELECT coalesce(max(sequence), 0) FROM row", [], |row| row.get::<_, i64>(0))
            .map(i64::cast_unsigned)
            .map_err(|error| Error::Read(Arc::new(error)))
    }

    /// Sequence of the last row covered by a receipt.
    ///
    /// # Errors
    /// [`Error::Read`].
    pub fn settled(&self) -> Result<u64, Error> {
        settled(&self.db)
    }
}
