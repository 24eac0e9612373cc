//! Checking a whole journal, on the box or anywhere else.

use std::path::Path;

use wire::row::{Row, RowKind};

use crate::chain::{self, Author, Fault, Place};
use crate::{Checkpoint, Error, Opening, disk};

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
    check(path, None)
}

/// Checks the chain and every signature of a whole journal.
///
/// # Errors
/// [`Error::Open`] or [`Error::Read`].
pub fn verify_by(path: &Path, author: &Author) -> Result<Report, Error> {
    check(path, Some(author))
}

fn check(path: &Path, author: Option<&Author>) -> Result<Report, Error> {
    let db = disk::connect_reader(path)?;
    let settled = disk::settled(&db).map_err(Error::read)?;
    let quarantined: i64 = db
        .query_row("SELECT count(*) FROM quarantine WHERE sequence IS NOT NULL", [], |row| row.get(0))
        .map_err(Error::read)?;
    let base = disk::base(&db).map_err(Error::read)?;
    let mut report = Report {
        rows: 0,
        sound: 0,
        fault: None,
        head: base,
        settled: settled.map_or(0, |place| place.sequence),
        quarantined: quarantined.cast_unsigned(),
    };
    let mut query = db.prepare(include_str!("sql/rows_from.sql")).map_err(Error::read)?;
    let mut rows = query.query([0]).map_err(Error::read)?;
    while let Some(row) = rows.next().map_err(Error::read)? {
        report.rows += 1;
        if report.fault.is_some() {
            continue;
        }
        let sequence: i64 = row.get(0).map_err(Error::read)?;
        let followed = match disk::row(row) {
            Ok(row) => step(&report.head, settled.as_ref(), &row, author),
            Err(error) if disk::is_damaged_value(&error) => Err(Fault::Hash),
            Err(error) => return Err(Error::read(error)),
        };
        match followed {
            Ok(place) => (report.head, report.sound) = (place, report.sound + 1),
            Err(fault) => report.fault = Some((sequence.cast_unsigned(), fault)),
        }
    }
    Ok(report)
}

/// A row after a place. Where rows under a receipt were damaged and set aside, the journal goes on from the
/// receipt's place.
fn step(head: &Place, settled: Option<&Place>, row: &Row, author: Option<&Author>) -> Result<Place, Fault> {
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
