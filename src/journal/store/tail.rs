//! Where a journal goes on: the last rows are checked at every start, and what is damaged is set aside.

use rusqlite::{Connection, TransactionBehavior, params};

use crate::chain::{Author, Place, anchor, follow};
use crate::{Error, disk};

/// A damaged number further than this from its neighbours is damage, not a number. No box writes so many rows
/// between two starts.
pub(super) const FAR: u64 = 1_000_000;

/// Where the journal goes on.
pub(super) struct Tail {
    /// The last good row.
    pub head: Place,
    /// Sequence of the next row: above every sequence that was ever used, damaged rows included, because HQ may
    /// have them and must never see a sequence twice.
    pub next: u64,
    /// The highest epoch counter that was ever used.
    pub last_epoch: u64,
}

/// Checks everything from the last opening or checkpoint whose signature holds, and moves what does not follow
/// into quarantine. A row that HQ has given a receipt for is good by HQ's word, even if it is damaged here.
pub(super) fn find(db: &mut Connection, author: &Author) -> Result<Tail, Error> {
    let settled = disk::settled(db).map_err(Error::read)?;
    let (mut head, mut from) = start(db, author).map_err(Error::read)?;
    let mut damaged = Vec::new();
    loop {
        let (reached, fault) = walk(db, author, head, from).map_err(Error::read)?;
        head = reached;
        let Some(first) = fault else { break };
        match settled {
            // Once: from there it can only go on higher.
            Some(settled) if settled.sequence.cast_signed() >= first => {
                damaged.push((first, settled.sequence.cast_signed()));
                (head, from) = (settled, settled.sequence.cast_signed() + 1);
            }
            _ => {
                damaged.push((first, i64::MAX));
                break;
            }
        }
    }
    if let Some(settled) = settled.filter(|settled| settled.sequence > head.sequence) {
        head = settled;
    }
    let high = highest(db, &head, &damaged).map_err(Error::read)?;
    let tail = Tail { head, next: high.sequence + 1, last_epoch: high.epoch };
    if !damaged.is_empty() {
        set_aside(db, &damaged, tail.next).map_err(Error::write)?;
    }
    Ok(tail)
}

/// A place that is sure, and the sequence from which rows must follow it.
fn start(db: &Connection, author: &Author) -> rusqlite::Result<(Place, i64)> {
    let mut query = db.prepare(include_str!("../sql/signed_rows.sql"))?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let row = match disk::row(row) {
            Ok(row) => row,
            Err(error) if disk::is_damaged_value(&error) => continue,
            Err(error) => return Err(error),
        };
        if let Some(before) = anchor(&row, author) {
            return Ok((before, row.sequence.cast_signed()));
        }
    }
    let base = disk::base(db)?;
    Ok((base, base.sequence.cast_signed() + 1))
}

/// Follows the rows from a sequence on; gives the last good place, and the sequence of the first bad row.
fn walk(db: &Connection, author: &Author, mut place: Place, from: i64) -> rusqlite::Result<(Place, Option<i64>)> {
    let mut query = db.prepare(include_str!("../sql/rows_from.sql"))?;
    let mut rows = query.query([from])?;
    while let Some(row) = rows.next()? {
        let sequence = row.get(0)?;
        if sequence < from {
            return Err(disk::out_of_order());
        }
        match disk::row(row) {
            Ok(row) => match follow(&place, &row, author) {
                Ok(next) => place = next,
                Err(_) => return Ok((place, Some(sequence))),
            },
            Err(error) if disk::is_damaged_value(&error) => return Ok((place, Some(sequence))),
            Err(error) => return Err(error),
        }
    }
    Ok((place, None))
}

struct High {
    sequence: u64,
    epoch: u64,
}

/// The highest numbers in use, as far as damage can be told from numbers.
fn highest(db: &Connection, head: &Place, damaged: &[(i64, i64)]) -> rusqlite::Result<High> {
    let mut high = High { sequence: head.sequence, epoch: head.epoch.counter };
    let near = |number: i64, to: u64| number.is_positive() && number.cast_unsigned() <= to.saturating_add(FAR);
    let mut take = |sequence: Option<i64>, epoch: Option<i64>| {
        if let Some(sequence) = sequence.filter(|sequence| near(*sequence, head.sequence)) {
            high.sequence = high.sequence.max(sequence.cast_unsigned());
        }
        if let Some(epoch) = epoch.filter(|epoch| near(*epoch, head.epoch.counter)) {
            high.epoch = high.epoch.max(epoch.cast_unsigned());
        }
    };
    for (first, last) in damaged {
        let mut query = db.prepare(include_str!("../sql/numbers_between.sql"))?;
        let mut rows = query.query([first, last])?;
        while let Some(row) = rows.next()? {
            take(row.get(0).ok(), row.get(1).ok());
        }
    }
    // What earlier starts have set aside was numbered below what they meant to go on with.
    let found: Option<i64> = db.query_row(include_str!("../sql/highest_found.sql"), [], |row| row.get(0))?;
    let epochs = include_str!("../sql/highest_set_aside_epoch.sql");
    let epoch: Option<i64> =
        db.query_row(epochs, [head.epoch.counter.saturating_add(FAR).cast_signed()], |row| row.get(0))?;
    take(None, epoch);
    if let Some(found) = found {
        high.sequence = high.sequence.max(found.cast_unsigned() - 1);
    }
    Ok(high)
}

fn set_aside(db: &mut Connection, damaged: &[(i64, i64)], found: u64) -> rusqlite::Result<()> {
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut rows = 0;
    for (first, last) in damaged {
        rows += transaction.execute(include_str!("../sql/set_aside.sql"), params![found.cast_signed(), first, last])?;
        transaction.execute(include_str!("../sql/delete_between.sql"), [first, last])?;
    }
    transaction.commit()?;
    tracing::error!(rows, from = damaged[0].0, "damaged rows of the journal are set aside for HQ");
    Ok(())
}
