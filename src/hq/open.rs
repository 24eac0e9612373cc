//! Opening what the boxes sealed, for search and counting: with the private keys, apart from the ledger.
//!
//! Reads the ledger from where it left off, opens each entry, checks each MAC, and writes what it finds into a
//! database of its own, which can be thrown away and made again for as long as the keys exist. What cannot be
//! opened is recorded as damage; what is sealed to a key that is not here waits for it. Alerts are opened as they come.

use std::collections::HashMap;
use std::path::Path;

use rusqlite::Connection;
use wire::entry::Entry;
use wire::row::RowKind;
use wire::{BoxId, RegionId};

use crate::ledger::{self, Ledger, Standing, Stored};

mod crossings;
mod early;
mod epoch;
mod put;
#[cfg(test)]
mod tests;
mod uses;

pub use crossings::{ArrivalRecord, Counts, Crossings, Damage, Filter, NoteRecord, Record, ShiftRecord};
pub use early::Early;
use epoch::{Keys, Reader, Step};
pub use uses::{Day, Misuse, PassConflict, Trace};

/// Rows opened in one transaction.
const TOGETHER: u32 = 500;

/// Why entries cannot be opened or found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The database of what was opened.
    #[error("{action} in the database of crossings failed")]
    Database {
        /// What was done.
        action: &'static str,
        /// SQLite's word.
        source: rusqlite::Error,
    },
    /// The file is a newer version's.
    #[error("the database of crossings has layout {found}, which this version does not know")]
    Layout {
        /// What the file says.
        found: i64,
    },
    /// The ledger cannot be read.
    #[error("the ledger cannot be read")]
    Ledger(#[from] ledger::Error),
}

impl Error {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Database { .. } => "crossings",
            Self::Layout { .. } => "crossings-layout",
            Self::Ledger(error) => error.code(),
        }
    }

    const fn database(action: &'static str) -> impl FnOnce(rusqlite::Error) -> Self {
        move |source| Self::Database { action, source }
    }
}

/// What a round of opening has done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Opened {
    /// Rows looked at.
    pub rows: u64,
    /// Entries opened.
    pub entries: u64,
    /// Rows that could not be opened, or whose MAC does not hold.
    pub damaged: u64,
    /// Boxes whose next epoch is sealed to a key that is not here, and that key's public half.
    pub waiting: Vec<(BoxId, [u8; 32])>,
}

/// Opens entries.
pub struct Opener {
    ledger: Ledger,
    db: Connection,
    keys: Keys,
    region: RegionId,
    readers: HashMap<BoxId, Reader>,
}

impl Opener {
    /// `ledger` is read, `crossings` is written; `secrets` are the X25519 private keys there are.
    ///
    /// # Errors
    /// [`Error::Ledger`], [`Error::Layout`] or [`Error::Database`].
    pub fn open(ledger: &Path, crossings: &Path, region: &RegionId, secrets: &[&[u8; 32]]) -> Result<Self, Error> {
        Ok(Self {
            ledger: Ledger::open_for_reading(ledger, region)?,
            db: put::connect(crossings)?,
            keys: Keys::new(secrets),
            region: region.clone(),
            readers: HashMap::new(),
        })
    }

    /// Opens everything that is new. `now` is Unix seconds at HQ.
    ///
    /// # Errors
    /// [`Error::Ledger`] or [`Error::Database`]; what was opened before stays.
    pub fn catch_up(&mut self, now: i64) -> Result<Opened, Error> {
        let mut opened = Opened::default();
        for standing in self.ledger.boxes()? {
            while self.some(&standing, now, &mut opened)? {}
        }
        Ok(opened)
    }

    /// Opens some rows of a box; false when there are no more for now.
    fn some(&mut self, standing: &Standing, now: i64, opened: &mut Opened) -> Result<bool, Error> {
        let name = &standing.name;
        let done = put::progress(&self.db, name).map_err(Error::database("reading the progress"))?;
        if done >= standing.head.sequence {
            return Ok(false);
        }
        let rows = self.ledger.rows_after(name, done, TOGETHER)?;
        let mut reader = match self.readers.remove(name) {
            Some(reader) if reader.is_after(done) => reader,
            _ => self.reader(standing, done)?,
        };
        let failed = || Error::database("writing");
        let transaction = self.db.transaction().map_err(failed())?;
        let put = put::Put { db: &transaction, name, now };
        let mut last = done;
        let mut round = Opened::default();
        for stored in &rows {
            let Step { entry, problems } = match reader.step(stored, &self.keys) {
                Ok(step) => step,
                Err(epoch::NoKey(sealed_to)) => {
                    round.waiting.push((name.clone(), sealed_to));
                    break;
                }
            };
            last = stored.row.sequence;
            round.rows += 1;
            round.entries += u64::from(entry.is_some());
            round.damaged += u64::from(!problems.is_empty());
            for problem in problems {
                put.damage(last, problem).map_err(failed())?;
            }
            match entry {
                Some(Entry::Crossing(crossing)) => put.crossing(last, &crossing).map_err(failed())?,
                Some(Entry::Closing(closing)) => put.closing(&closing).map_err(failed())?,
                Some(Entry::Arrival(arrival)) => put.arrival(last, &arrival).map_err(failed())?,
                Some(Entry::Shift(shift)) => put.shift(last, &shift).map_err(failed())?,
                Some(Entry::Note(note)) => put.note(last, &note).map_err(failed())?,
                None => {}
            }
        }
        put.progress(last).map_err(failed())?;
        put.forget_early(last).map_err(failed())?;
        transaction.commit().map_err(failed())?;
        let goes_on = round.waiting.is_empty() && !rows.is_empty();
        opened.rows += round.rows;
        opened.entries += round.entries;
        opened.damaged += round.damaged;
        opened.waiting.append(&mut round.waiting);
        self.readers.insert(name.clone(), reader);
        Ok(goes_on)
    }

    /// A reader that stands after a row: the keys of its epoch are found from the opening.
    fn reader(&self, standing: &Standing, done: u64) -> Result<Reader, Error> {
        let name = &standing.name;
        let author = journal::Author { region: self.region.clone(), name: name.clone(), key: standing.key };
        let mut reader = Reader::new(author);
        let Some(last) = self.ledger.row_before(name, done.saturating_add(1))? else { return Ok(reader) };
        let before = self.ledger.row_before(name, last.row.sequence)?;
        let opening = self.ledger.opening_before(name, last.row.sequence)?;
        let is_sound = |stored: &Stored| stored.fault.is_none() && stored.row.kind == RowKind::Opening;
        reader.resume(before.as_ref(), &last, opening.filter(is_sound).as_ref(), &self.keys);
        Ok(reader)
    }
}
