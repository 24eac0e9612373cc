//! The ledger: every row of every box, as it came, sealed.
//!
//! It needs no private key. It follows each box's chain from the first row, checks what the box has signed in
//! it, and says how far it has everything: that is what a receipt covers. Repeats change nothing. Where a box
//! goes on in two ways, both are kept, a conflict is raised, and no receipt is given until somebody decides.

use std::path::Path;
use std::time::Duration;

use crate::collect::Poison;
use ed25519_dalek::VerifyingKey;
use journal::Place;
use journal::chain::Author;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use wire::row::{Batch, Receipt, Row};
use wire::{BoxId, RegionId};

mod accept;
mod books;
mod intake;
mod resolve;
#[cfg(test)]
pub(crate) mod tests;

use books::Books;
pub use intake::Intake;
pub use resolve::{Branch, Keep};

/// The layout of `ledger/schema.sql`.
const LAYOUT: i64 = 1;

/// Why the ledger cannot be used, or has not taken a batch.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The database: it cannot be opened, read or written. What was being taken was not.
    #[error("{action} in the ledger failed")]
    Database {
        /// What was done.
        action: &'static str,
        /// SQLite's word.
        source: rusqlite::Error,
    },
    /// The file is a newer version's.
    #[error("the ledger has layout {found}; this version knows {LAYOUT}")]
    Layout {
        /// What the file says.
        found: i64,
    },
    /// The ledger, or the batch, is another region's.
    #[error("the ledger is of {expected}, not of {found}")]
    OtherRegion {
        /// The region asked for.
        expected: RegionId,
        /// The one there is.
        found: String,
    },
    /// The box is known here with another key: it was set up anew under an old name, or is not that box.
    #[error("the box {0} is known to the ledger with another key")]
    OtherKey(BoxId),
    /// The box has sent rows, but its key is not known here.
    #[error("the box {0} is not known here")]
    UnknownBox(BoxId),
    /// Numbers no journal reaches.
    #[error("a sequence or epoch is beyond 2^63")]
    Number,
    /// Nothing is in conflict there, or the branch that should go on is not one of it.
    #[error("the box {0} has no such conflict")]
    NoConflict(BoxId),
    /// No randomness for the ledger's id.
    #[error("the system gives no random bytes")]
    Random,
}

impl Error {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Database { .. } => "ledger",
            Self::Layout { .. } => "ledger-layout",
            Self::OtherRegion { .. } => "other-region",
            Self::OtherKey(_) => "other-key",
            Self::UnknownBox(_) => "unknown-box",
            Self::Number => "number",
            Self::NoConflict(_) => "no-conflict",
            Self::Random => "random",
        }
    }

    const fn database(action: &'static str) -> impl FnOnce(rusqlite::Error) -> Self {
        move |source| Self::Database { action, source }
    }
}

/// A batch on its way into the ledger.
#[derive(Debug, Clone, Copy)]
pub struct Offered<'a> {
    /// The rows that can be read, in their order.
    pub batch: &'a Batch,
    /// What stood among them and cannot.
    pub poison: &'a [Poison],
    /// The key HQ knows the box by.
    pub key: VerifyingKey,
}

/// What became of a batch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Accepted {
    /// The last row of the box up to which everything is here; a receipt may cover it. None while the box has a
    /// conflict, or nothing here.
    pub receipt_up_to: Option<Place>,
    /// Rows that were new, damaged ones included.
    pub new: u64,
    /// Rows that were here already, byte for byte.
    pub repeats: u64,
    /// Rows that go on from a row which has another successor here.
    pub forks: u64,
    /// Rows that came damaged. Where the rows behind them hold on to them they count as taken, marked; otherwise
    /// the box will send them again.
    pub damaged: u64,
    /// Rows are missing: where the box must begin again.
    pub gap: Option<Gap>,
}

/// Rows that have not come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// The last row that is here.
    pub after: u64,
    /// The row that came instead of the next.
    pub found: u64,
}

/// How a box stands in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The box.
    pub name: BoxId,
    /// Its key.
    pub key: VerifyingKey,
    /// The last row of its chain here.
    pub head: Place,
    /// Rows taken.
    pub rows: u64,
    /// Unix seconds at HQ of its first batch.
    pub first_at: i64,
    /// Unix seconds at HQ of its last batch.
    pub last_at: i64,
    /// Whether it has gone on in two ways and nobody has decided yet.
    pub in_conflict: bool,
}

/// A place where a box has gone on in two ways.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The box.
    pub name: BoxId,
    /// The first row that exists twice.
    pub sequence: u64,
    /// Unix seconds at HQ when it was found.
    pub found: i64,
    /// Unix seconds at HQ when it was decided.
    pub resolved: Option<i64>,
}

/// Sequences a box has left out because they were damaged there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hole {
    /// The box.
    pub name: BoxId,
    /// The last good row, by the box.
    pub after: u64,
    /// The opening that says so.
    pub before: u64,
    /// Unix seconds at HQ.
    pub received: i64,
}

/// A row in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The row.
    pub row: Row,
    /// What is wrong with it, if it was damaged on its box.
    pub fault: Option<String>,
}

/// Takes one batch within a transaction.
fn take(db: &Connection, region: &RegionId, offered: &Offered<'_>, now: i64) -> Result<Accepted, Error> {
    let Offered { batch, poison, key } = offered;
    if batch.region != *region {
        return Err(Error::OtherRegion { expected: region.clone(), found: batch.region.to_string() });
    }
    let beyond = |number: u64| i64::try_from(number).is_err();
    if batch.rows.iter().any(|row| beyond(row.sequence) || beyond(row.epoch.counter)) {
        return Err(Error::Number);
    }
    let failed = || Error::database("taking a batch");
    let author = Author { region: batch.region.clone(), name: batch.from.clone(), key: *key };
    let (box_number, known, head) = Books::standing(db, &author, now).map_err(failed())?;
    if known != *key {
        return Err(Error::OtherKey(batch.from.clone()));
    }
    let books = Books { db, box_number, now };
    accept::accept(&books, &author, head, &batch.rows, poison).map_err(failed())
}

/// The ledger of a region.
pub struct Ledger {
    db: Connection,
    region: RegionId,
    id: [u8; 8],
}

impl Ledger {
    /// Opens the ledger, or begins one. A file of its own: nothing else writes there.
    ///
    /// # Errors
    /// [`Error::OtherRegion`], [`Error::Layout`], [`Error::Database`] or [`Error::Random`].
    pub fn open(path: &Path, region: &RegionId) -> Result<Self, Error> {
        let db = Connection::open(path).map_err(Error::database("opening"))?;
        let mut id = [0; 8];
        getrandom::fill(&mut id).map_err(|_| Error::Random)?;
        books::lay_out(&db, &id, region)?;
        Self::of(db, region)
    }

    /// Opens a ledger that is there, for reading: beside a collector, or on a copy.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_for_reading(path: &Path, region: &RegionId) -> Result<Self, Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(path, flags).map_err(Error::database("opening"))?;
        db.busy_timeout(Duration::from_secs(5)).map_err(Error::database("opening"))?;
        Self::of(db, region)
    }

    fn of(db: Connection, region: &RegionId) -> Result<Self, Error> {
        let (id, found): ([u8; 8], String) = db
            .query_row("SELECT id, region FROM ledger", [], |row| Ok((row.get(0)?, row.get(1)?)))
            .map_err(Error::database("opening"))?;
        if found != region.as_str() {
            return Err(Error::OtherRegion { expected: region.clone(), found });
        }
        Ok(Self { db, region: region.clone(), id })
    }

    /// Its id, as it stands in receipts.
    pub const fn id(&self) -> [u8; 8] {
        self.id
    }

    /// Takes a batch, in one transaction; what it says is durable. `key` is the box's, as HQ knows it; `now` is
    /// Unix seconds at HQ.
    ///
    /// # Errors
    /// Why nothing of it was taken.
    pub fn accept(&mut self, batch: &Batch, key: &VerifyingKey, now: i64) -> Result<Accepted, Error> {
        let mut accepted = self.accept_all(&[Offered { batch, poison: &[], key: *key }], now)?;
        accepted.pop().expect("one answer for one batch")
    }

    /// Takes several batches in one transaction, each for itself; what it says of each is durable.
    ///
    /// # Errors
    /// Why nothing of any of them was taken.
    pub fn accept_all(&mut self, offered: &[Offered<'_>], now: i64) -> Result<Vec<Result<Accepted, Error>>, Error> {
        let failed = || Error::database("taking batches");
        let mut transaction = self.db.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed())?;
        let mut accepted = Vec::with_capacity(offered.len());
        for one in offered {
            let taken = transaction.savepoint().map_err(failed()).and_then(|savepoint| {
                // Dropped, it takes back what one batch has done.
                let taken = take(&savepoint, &self.region, one, now)?;
                savepoint.commit().map_err(failed())?;
                Ok(taken)
            });
            accepted.push(taken);
        }
        transaction.commit().map_err(failed())?;
        Ok(accepted)
    }

    /// The receipt for a box; none while it has a conflict, or nothing here.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn receipt(&self, name: &BoxId, now: i64) -> Result<Option<Receipt>, Error> {
        Ok(self.receipts(now)?.into_iter().find(|receipt| receipt.to == *name))
    }

    /// The receipt of every box that can have one.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn receipts(&self, now: i64) -> Result<Vec<Receipt>, Error> {
        let boxes = self.boxes()?.into_iter().filter(|standing| !standing.in_conflict && standing.head.sequence > 0);
        Ok(boxes.map(|standing| self.receipt_for(&standing.name, &standing.head, now)).collect())
    }

    fn receipt_for(&self, name: &BoxId, up_to: &Place, now: i64) -> Receipt {
        let Place { epoch, sequence, chain } = *up_to;
        let (region, ledger, budget) = (self.region.clone(), self.id, None);
        Receipt { region, to: name.clone(), epoch, sequence, chain, ledger, issued: now, budget }
    }

    /// Every box that has sent anything.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn boxes(&self) -> Result<Vec<Standing>, Error> {
        books::boxes(&self.db).map_err(Error::database("listing the boxes"))
    }

    /// Every conflict there has been, the newest first.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn conflicts(&self) -> Result<Vec<Conflict>, Error> {
        books::conflicts(&self.db).map_err(Error::database("listing the conflicts"))
    }

    /// Every hole the boxes have told of, the newest first.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn holes(&self) -> Result<Vec<Hole>, Error> {
        books::holes(&self.db).map_err(Error::database("listing the holes"))
    }

    /// Rows of a box's chain above a sequence, lowest first.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn rows_after(&self, name: &BoxId, sequence: u64, most: u32) -> Result<Vec<Stored>, Error> {
        books::rows_after(&self.db, name, sequence, most).map_err(Error::database("reading rows"))
    }

    /// The row that signs one of a box's chain: the first opening or checkpoint from it on, whose signature held when it
    /// came and binds every row before it. None while there is none.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn signed_by(&self, name: &BoxId, sequence: u64) -> Result<Option<u64>, Error> {
        let sql = "SELECT min(row.sequence) FROM row JOIN standing USING (box)
                   WHERE name = ?1 AND row.sequence >= ?2 AND kind IN (0, 2) AND fault IS NULL";
        let signed: Option<i64> = self
            .db
            .query_row(sql, rusqlite::params![name.as_str(), sequence.cast_signed()], |row| row.get(0))
            .map_err(Error::database("looking for a signature"))?;
        Ok(signed.map(i64::cast_unsigned))
    }

    /// The last row of a box that came before a time (Unix seconds at HQ).
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn last_before(&self, name: &BoxId, at: i64) -> Result<u64, Error> {
        books::last_before(&self.db, name, at).map_err(Error::database("looking for a row"))
    }

    /// The opening of the epoch a row of a box is in, if it is here.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub(crate) fn opening_before(&self, name: &BoxId, sequence: u64) -> Result<Option<Stored>, Error> {
        books::opening_before(&self.db, name, sequence).map_err(Error::database("reading an opening"))
    }

    /// The row before a sequence of a box.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub(crate) fn row_before(&self, name: &BoxId, sequence: u64) -> Result<Option<Stored>, Error> {
        books::row_before(&self.db, name, sequence).map_err(Error::database("reading a row"))
    }

    /// Rows of a box that are kept beside its chain: their sequence and why.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn set_aside(&self, name: &BoxId) -> Result<Vec<(u64, String)>, Error> {
        books::set_aside(&self.db, name).map_err(Error::database("listing what was set aside"))
    }
}
