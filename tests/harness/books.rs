//! A box's journal beside HQ's ledger, row by row.

use hq::ledger::{Ledger, Stored};
use journal::{Author, Outbox};
use wire::row::Row;

use crate::desk::Desk;
use crate::post::Post;

/// Rows read at once.
const PAGE: u32 = 500;

/// Compares what a box has written with what HQ has taken; neither may be at work. Gives back the last sequence.
///
/// # Panics
/// When a row is missing, doubled or changed at HQ, or when a chain or a signature does not hold on either side.
pub fn compared(desk: &Desk, post: &Post) -> u64 {
    let (books, region) = (desk.books(), desk.region());
    let key = books.box_key(&post.name).expect("HQ's books open").expect("HQ knows the box");
    let author = Author { region: region.clone(), name: post.name.clone(), key };
    let report = journal::verify_by(&post.journal(), &author).expect("the journal opens");
    assert_eq!((report.fault, report.quarantined), (None, 0), "the box's own chain");
    let written = rows_of(&Outbox::open(&post.journal()).expect("the journal opens"));
    assert_eq!(report.sound, written.len());
    let head = written.last().expect("the box has written").sequence;

    let ledger = Ledger::open_for_reading(&books.ledger_path(), &region).expect("the ledger opens");
    let taken = rows_at(&ledger, post);
    let faults: Vec<_> = taken.iter().filter_map(|stored| stored.fault.as_deref()).collect();
    assert!(faults.is_empty(), "{faults:?}");
    let conflicts = ledger.conflicts().expect("the ledger is read");
    assert!(conflicts.is_empty(), "{} conflicts", conflicts.len());
    assert!(ledger.holes().expect("the ledger is read").is_empty());
    assert!(ledger.set_aside(&post.name).expect("the ledger is read").is_empty());
    let sequences: Vec<_> = taken.iter().map(|stored| stored.row.sequence).collect();
    assert_eq!(sequences, (1..=head).collect::<Vec<_>>(), "every row once, in order");
    let differ = written.iter().zip(&taken).filter(|(row, stored)| **row != stored.row).count();
    assert_eq!((written.len(), differ), (taken.len(), 0), "the same bytes on the box and at HQ");
    head
}

/// Every row of a journal.
fn rows_of(outbox: &Outbox) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    loop {
        let after = rows.last().map_or(0, |row| row.sequence);
        let more = outbox.rows_after(after, PAGE as usize, usize::MAX).expect("the journal is read");
        if more.is_empty() {
            return rows;
        }
        rows.extend(more);
    }
}

/// Every row of the box in the ledger.
fn rows_at(ledger: &Ledger, post: &Post) -> Vec<Stored> {
    let mut rows: Vec<Stored> = Vec::new();
    loop {
        let after = rows.last().map_or(0, |stored| stored.row.sequence);
        let more = ledger.rows_after(&post.name, after, PAGE).expect("the ledger is read");
        if more.is_empty() {
            return rows;
        }
        rows.extend(more);
    }
}
