//! A box has gone on in two ways, and an operator decides which of them does.
//!
//! Nothing is thrown away: what goes on is the chain, and receipts cover it again; the other way is kept beside it,
//! as evidence. The box whose way is not gone on with gets no receipt that fits it, until it begins anew under
//! another name.

use journal::Place;
use journal::chain::{Author, follow};
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};
use wire::BoxId;
use wire::row::Row;

use super::books::{Beside, Books};
use super::{Error, Ledger};

/// One way in which a box has gone on from a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    /// The chain hash of its first row: what it is called by.
    pub first: [u8; 32],
    /// Its last row here.
    pub last: u64,
    /// How many rows of it are here.
    pub rows: u64,
    /// Whether it is the chain of the ledger now.
    pub is_chain: bool,
}

/// Which way goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// The one that is the chain now.
    Chain,
    /// The one with this first row.
    Branch([u8; 32]),
}

impl Ledger {
    /// The ways in which a box has gone on with a row of this sequence, the chain first.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn branches(&self, name: &BoxId, sequence: u64) -> Result<Vec<Branch>, Error> {
        let failed = || Error::database("reading a conflict");
        let Some((author, box_number, head)) = self.known(name)? else { return Ok(Vec::new()) };
        let books = Books { db: &self.db, box_number, now: 0 };
        let mut branches = Vec::new();
        if let Some(here) = books.at(sequence).map_err(failed())? {
            let sql = "SELECT count(*) FROM row WHERE box = ?1 AND sequence >= ?2";
            let rows = self.db.query_row(sql, params![box_number, sequence.cast_signed()], |row| row.get::<_, i64>(0));
            let rows = rows.map_err(failed())?.cast_unsigned();
            branches.push(Branch { first: here.row.chain, last: head.sequence, rows, is_chain: true });
        }
        for first in forks(&self.db, box_number, sequence).map_err(failed())? {
            let rows = branch(&self.db, box_number, &author, &first).map_err(failed())?;
            let last = rows.last().map_or(sequence, |row| row.sequence);
            branches.push(Branch { first: first.chain, last, rows: rows.len() as u64, is_chain: false });
        }
        Ok(branches)
    }

    /// Decides a conflict. `now` is Unix seconds at HQ.
    ///
    /// # Errors
    /// [`Error::NoConflict`], [`Error::Database`]; then nothing is decided.
    pub fn resolve(&mut self, name: &BoxId, sequence: u64, keep: Keep, now: i64) -> Result<(), Error> {
        let failed = || Error::database("deciding a conflict");
        let none = || Error::NoConflict(name.clone());
        let (author, box_number, _) = self.known(name)?.ok_or_else(none)?;
        let transaction = self.db.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed())?;
        let sql = "UPDATE conflict SET resolved = ?3 WHERE box = ?1 AND sequence = ?2 AND resolved IS NULL";
        let decided = transaction.execute(sql, params![box_number, sequence.cast_signed(), now]).map_err(failed())?;
        if decided == 0 {
            return Err(none());
        }
        if let Keep::Branch(chain) = keep {
            let first = forks(&transaction, box_number, sequence).map_err(failed())?;
            let first = first.into_iter().find(|row| row.chain == chain).ok_or_else(none)?;
            let rows = branch(&transaction, box_number, &author, &first).map_err(failed())?;
            swap(&Books { db: &transaction, box_number, now }, sequence, &rows).map_err(failed())?;
        }
        transaction.commit().map_err(failed())
    }

    fn known(&self, name: &BoxId) -> Result<Option<(Author, i64, Place)>, Error> {
        let sql = "SELECT box FROM standing WHERE name = ?1";
        let number = self.db.query_row(sql, [name.as_str()], |row| row.get(0)).optional();
        let number: Option<i64> = number.map_err(Error::database("looking for a box"))?;
        let standing = self.boxes()?.into_iter().find(|standing| standing.name == *name);
        Ok(number.zip(standing).map(|(number, standing)| {
            let author = Author { region: self.region.clone(), name: name.clone(), key: standing.key };
            (author, number, standing.head)
        }))
    }
}

/// Rows beside the chain with a sequence that go on from a row of it.
fn forks(db: &Connection, box_number: i64, sequence: u64) -> rusqlite::Result<Vec<Row>> {
    let sql = "SELECT row FROM aside WHERE box = ?1 AND sequence = ?2 AND reason = 'fork' ORDER BY digest";
    let mut query = db.prepare_cached(sql)?;
    let rows = query.query_map(params![box_number, sequence.cast_signed()], |row| row.get::<_, Vec<u8>>(0))?;
    let rows = rows.collect::<rusqlite::Result<Vec<_>>>()?;
    // Nothing else was ever written there under this reason.
    Ok(rows.iter().filter_map(|bytes| wire::decode(bytes, "row").ok()).collect())
}

/// A row beside the chain, and what follows it there.
fn branch(db: &Connection, box_number: i64, author: &Author, first: &Row) -> rusqlite::Result<Vec<Row>> {
    let mut rows = vec![first.clone()];
    loop {
        let last = Place::of(rows.last().expect("it begins with one"));
        let next = forks(db, box_number, last.sequence.saturating_add(1))?;
        match next.into_iter().find(|row| follow(&last, row, author).is_ok()) {
            Some(row) => rows.push(row),
            None => return Ok(rows),
        }
    }
}

/// Puts the chain from a sequence on beside itself, and other rows in its place.
fn swap(books: &Books<'_>, sequence: u64, rows: &[Row]) -> rusqlite::Result<()> {
    let Books { db, box_number, .. } = books;
    let from = params![box_number, sequence.cast_signed()];
    let mut after = sequence.saturating_sub(1);
    while let Some(stored) = books.after(after)? {
        books.put_aside(&stored.row, Beside::Fork)?;
        after = stored.row.sequence;
    }
    let gone = db.execute("DELETE FROM row WHERE box = ?1 AND sequence >= ?2", from)?;
    for row in rows {
        books.insert(row, None)?;
        db.execute(
            "DELETE FROM aside WHERE box = ?1 AND sequence = ?2 AND chain = ?3 AND reason = 'fork'",
            params![box_number, row.sequence.cast_signed(), row.chain],
        )?;
    }
    let sql = "UPDATE standing SET rows = rows - ?2 WHERE box = ?1";
    db.execute(sql, params![box_number, i64::try_from(gone).unwrap_or(i64::MAX)])?;
    let head = Place::of(rows.last().expect("a branch has a row"));
    books.move_head(&head, rows.len() as u64)
}
