//! Checking a whole journal, on the box or anywhere else.

use std::path::Path;

use rusqlite::Connection;
use wire::row::{Row, RowKind};

use crate::chain::{self, Author, Fault, Place};
use crate::{Checkpoint, Error, Opening, disk};

/// Rows checked in one look: some milliseconds.
const AT_ONCE: usize = 1000;

/// What checking a whole journal found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Rows there.
    pub rows: usize,
    /// Of them, from the first, those that follow each other without a fault.
    pub sound: usize,
    /// Sequence of the first row that does not, and what is wrong with it; none of its signatures counts as
    /// wrong when no key was given.
    pub fault: Option<(u64, Fault)>,
    /// The last sound row.
    pub head: Place,
    /// Sequence of the last row covered by a receipt.
    pub settled: u64,
    /// Rows that were set aside.
    pub quarantined: u64,
}

/// Checks the chain of a whole journal, without a key and without changing it.
///
/// # Errors
/// [`Error::Open`] or [`Error::Read`].
pub fn verify(path: &Path) -> Result<Report, Error> {
    verify_with(path, None, &mut |_, _| ())
}

/// Checks the chain and every signature of a whole journal.
///
/// # Errors
/// [`Error::Open`] or [`Error::Read`].
pub fn verify_by(path: &Path, author: &Author) -> Result<Report, Error> {
    verify_with(path, Some(author), &mut |_, _| ())
}

/// Checks a whole journal, its signatures too when the author is known; `tell` hears how many rows of how many are
/// done. Its box may be at work: rows that leave meanwhile have their receipt, and are left out.
///
/// # Errors
/// [`Error::Open`] or [`Error::Read`].
pub fn verify_with(path: &Path, author: Option<&Author>, tell: &mut dyn FnMut(u64, u64)) -> Result<Report, Error> {
    let db = disk::connect_reader(path)?;
    let quarantined: i64 =
        db.query_row(include_str!("sql/count_set_aside.sql"), [], |row| row.get(0)).map_err(Error::read)?;
    let base = disk::base(&db).map_err(Error::read)?;
    let total = disk::last(&db).map_err(Error::read)?.unwrap_or(0).saturating_sub(base.sequence);
    let quarantined = quarantined.cast_unsigned();
    let mut report = Report { rows: 0, sound: 0, fault: None, head: base, settled: 0, quarantined };
    let mut from = Some(0);
    while let Some(next) = from {
        from = look(&db, next, author, &mut report).map_err(Error::read)?;
        tell((report.rows as u64).min(total), total);
    }
    Ok(report)
}

/// Checks some rows from a sequence on, in one short look, so that the log of a box at work does not grow for it; the
/// sequence to go on with, if there are more.
fn look(db: &Connection, from: i64, author: Option<&Author>, report: &mut Report) -> rusqlite::Result<Option<i64>> {
    let settled = disk::settled(db)?;
    report.settled = settled.map_or(0, |place| place.sequence);
    let base = disk::base(db)?;
    if report.fault.is_none() && base.sequence > report.head.sequence {
        report.head = base;
    }
    let mut query = db.prepare_cached(include_str!("sql/rows_from.sql"))?;
    let mut rows = query.query([from])?;
    let mut next = from;
    for _ in 0..AT_ONCE {
        let Some(row) = rows.next()? else { return Ok(None) };
        report.rows += 1;
        let sequence: i64 = row.get(0)?;
        if sequence < next {
            return Err(disk::out_of_order());
        }
        if report.fault.is_none() {
            let followed = match disk::row(row) {
                Ok(row) => step(&report.head, settled.as_ref(), &row, author),
                Err(error) if disk::is_damaged_value(&error) => Err(Fault::Hash),
                Err(error) => return Err(error),
            };
            match followed {
                Ok(place) => (report.head, report.sound) = (place, report.sound + 1),
                Err(fault) => report.fault = Some((sequence.cast_unsigned(), fault)),
            }
        }
        if sequence == i64::MAX {
            return Ok(None);
        }
        next = sequence + 1;
    }
    Ok(Some(next))
}

/// A row after a place. Where rows under a receipt were damaged and set aside, the journal goes on from the
/// receipt's place.
pub(crate) fn step(head: &Place, settled: Option<&Place>, row: &Row, author: Option<&Author>) -> Result<Place, Fault> {
    let follow = |place: &Place| match author {
        Some(author) => chain::follow(place, row, author),
        None => unsigned(place, row),
    };
    follow(head).or_else(|fault| match settled {
        Some(settled) if settled.sequence > head.sequence => follow(settled).map_err(|_| fault),
        _ => Err(fault),
    })
}

/// As [`chain::follow`], believing what the signed rows say.
fn unsigned(place: &Place, row: &Row) -> Result<Place, Fault> {
    let after = match row.kind {
        RowKind::Opening => Opening::claimed(row).ok_or(Fault::Signature)?.after,
        RowKind::Checkpoint => Checkpoint::claimed(row).ok_or(Fault::Signature)?.head,
        RowKind::Entry => *place,
    };
    let in_order = match row.kind {
        RowKind::Opening => row.sequence > place.sequence && row.epoch.counter > place.epoch.counter,
        _ => Some(row.sequence) == place.sequence.checked_add(1) && row.epoch == place.epoch,
    };
    if chain::link(&after.chain, row) != row.chain {
        Err(Fault::Hash)
    } else if after != *place {
        Err(Fault::Elsewhere(after))
    } else if !in_order {
        Err(Fault::Sequence)
    } else {
        Ok(Place::of(row))
    }
}
