//! Flipped bytes, cut files, lost tails.

use std::fs;
use std::path::Path;

use rusqlite::Connection;
use rusqlite::types::Value;
use wire::row::RowKind;

use super::{NOW, all, assert_sound, author, identity, note, opened};
use crate::{Error, Journal, Outbox, verify, verify_by};

/// A journal of some epochs and checkpoints, in one file.
fn written(path: &Path, entries: usize) {
    for start in 0..2 {
        let mut journal = Journal::open(path, identity()).unwrap();
        for i in 0..entries {
            journal.append(&[note(&format!("{start}/{i}"))], NOW).unwrap();
        }
        journal.sign(NOW).unwrap();
    }
    let db = Connection::open(path).unwrap();
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
}

fn flip(db: &Connection, column: &str, sequence: u64, place: usize) {
    let old: Value = db
        .query_row(&format!("SELECT {column} FROM row WHERE sequence = ?1"), [sequence as i64], |r| r.get(0))
        .unwrap();
    let new = match old {
        Value::Integer(number) => Value::Integer(number ^ 1 << (place % 20)),
        Value::Blob(mut bytes) => {
            let at = place % bytes.len();
            bytes[at] ^= 1 << (place % 8);
            Value::Blob(bytes)
        }
        other => panic!("{other:?}"),
    };
    db.execute(&format!("UPDATE row SET {column} = ?1 WHERE sequence = ?2"), rusqlite::params![new, sequence as i64])
        .unwrap();
}

#[test]
fn a_flipped_bit_in_any_column_of_any_row_is_found_at_its_row() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    written(&path, 5);
    let good = fs::read(&path).unwrap();
    let rows = all(&path);
    let mut place = 0;
    for row in &rows {
        for column in ["epoch_counter", "epoch_nonce", "boot", "kind", "body", "chain"] {
            place += 1;
            fs::write(&path, &good).unwrap();
            let db = Connection::open(&path).unwrap();
            flip(&db, column, row.sequence, place * 7);
            drop(db);
            let report = verify_by(&path, &author()).unwrap();
            let (at, fault) = report.fault.unwrap_or_else(|| panic!("{column} of {}", row.sequence));
            assert_eq!(at, row.sequence, "{column}: {fault:?}");
            assert_eq!(report.sound as u64, row.sequence - 1);
            assert!(verify(&path).unwrap().fault.is_some(), "without the key");
        }
    }
}

#[test]
fn a_flipped_byte_anywhere_in_the_file_is_found_or_changes_no_row() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    written(&path, 10);
    let good = fs::read(&path).unwrap();
    let rows = all(&path);
    let mut found = 0;
    for at in (0..good.len()).step_by(61) {
        let mut bad = good.clone();
        bad[at] ^= 0x20;
        fs::write(&path, &bad).unwrap();
        let report = verify_by(&path, &author());
        if report.is_ok_and(|report| report.fault.is_none()) {
            let mut read = all(&path);
            // The chain does not cover the MACs: HQ checks those.
            read.iter_mut().zip(&rows).for_each(|(read, row)| read.mac = row.mac);
            assert_eq!(read, rows, "byte {at}");
        } else {
            found += 1;
        }
    }
    assert!(found > 10);
}

#[test]
fn whatever_is_damaged_the_journal_opens_and_goes_on_after_its_last_good_row() {
    let folder = tempfile::tempdir().unwrap();
    let good = folder.path().join("good.db");
    written(&good, 40);
    let rows = all(&good);
    let good = fs::read(&good).unwrap();
    let cuts = (0..good.len()).step_by(1777).map(|at| (at, good[..at].to_vec()));
    let flips = (0..good.len()).step_by(397).map(|at| {
        let mut bad = good.clone();
        bad[at] ^= 0x81;
        (at, bad)
    });
    let mut whole = 0;
    for (number, (at, bad)) in cuts.chain(flips).enumerate() {
        let path = folder.path().join(format!("{number}.db"));
        fs::write(&path, bad).unwrap();
        let mut journal = match Journal::open(&path, identity()) {
            Ok(journal) => journal,
            // The version stands in the header: a flip there reads as another version's journal.
            Err(Error::Layout { .. }) => continue,
            Err(error) => panic!("byte {at}: {error:?} {:?}", std::error::Error::source(&error)),
        };
        let sequence = journal.append(&[note("after")], NOW).or_else(|_| {
            // Damage that shows only when a page is needed: the next start finds it.
            drop(journal);
            Journal::open(&path, identity())?.append(&[note("after")], NOW)
        });
        let sequence = sequence.unwrap_or_else(|error| panic!("byte {at}: {error:?}"));
        // Pages far from the tail may be unreadable still; a start does not read all of weeks.
        let read = Outbox::open(&path).unwrap().rows_after(sequence - 2, 10, usize::MAX).unwrap();
        let kinds: Vec<_> = read.iter().map(|row| row.kind).collect();
        assert_eq!(kinds, [RowKind::Opening, RowKind::Entry], "byte {at}");
        whole += usize::from(verify_by(&path, &author()).is_ok_and(|report| report.sound == rows.len() + 2));
        fs::remove_file(&path).unwrap();
    }
    assert!(whole > 0);
}

#[test]
fn a_damaged_tail_is_set_aside_and_its_numbers_are_not_used_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let mut journal = Journal::open(&path, identity()).unwrap();
    journal.append(&[note("1"), note("2"), note("3")], NOW).unwrap();
    drop(journal);
    let db = Connection::open(&path).unwrap();
    db.execute("UPDATE row SET body = zeroblob(9) WHERE sequence = 3", []).unwrap();
    drop(db);
    for start in 0..2 {
        let mut journal = Journal::open(&path, identity()).unwrap();
        assert_eq!(journal.head().sequence, [2, 6][start]);
        journal.append(&[note("4")], NOW).unwrap();
    }
    let rows = all(&path);
    assert_eq!(opened(&rows), [note("1"), note("4"), note("4")]);
    assert_eq!(rows.iter().map(|row| row.sequence).collect::<Vec<_>>(), [1, 2, 5, 6, 7, 8]);
    let counters: Vec<_> = rows.iter().map(|row| row.epoch.counter).collect();
    assert_eq!(counters, [1, 1, 2, 2, 3, 3]);
    assert_sound(&path);
    assert_eq!(verify(&path).unwrap().quarantined, 2);
    // The link never hands out a batch with a hole in it.
    let outbox = Outbox::open(&path).unwrap();
    assert_eq!(outbox.rows_after(0, 10, usize::MAX).unwrap().len(), 2);
    assert_eq!(outbox.rows_after(2, 10, usize::MAX).unwrap().len(), 4);
}

#[test]
fn a_start_checks_back_to_the_last_signature_that_holds() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let mut journal = Journal::open(&path, identity()).unwrap();
    journal.append(&[note("1"), note("2")], NOW).unwrap();
    journal.sign(NOW).unwrap();
    journal.append(&[note("3")], NOW).unwrap();
    journal.sign(NOW).unwrap();
    drop(journal);
    let db = Connection::open(&path).unwrap();
    flip(&db, "body", 6, 100);
    drop(db);
    let journal = Journal::open(&path, identity()).unwrap();
    assert_eq!(journal.head().sequence, 5);
    drop(journal);
    assert_eq!(opened(&all(&path)), [note("1"), note("2"), note("3")]);
}

#[test]
fn what_hq_has_a_receipt_for_counts_as_good_even_when_it_is_damaged_here() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let mut journal = Journal::open(&path, identity()).unwrap();
    journal.append(&[note("1"), note("2"), note("3"), note("4")], NOW).unwrap();
    let rows = all(&path);
    let settled = &rows[2];
    let receipt = wire::row::Receipt {
        region: identity().region,
        to: identity().name,
        epoch: settled.epoch,
        sequence: settled.sequence,
        chain: settled.chain,
        ledger: [1; 8],
        issued: 0,
        budget: None,
    };
    journal.settle(&receipt, NOW, std::time::Duration::MAX).unwrap();
    drop(journal);
    let db = Connection::open(&path).unwrap();
    flip(&db, "body", 2, 50);
    drop(db);
    let mut journal = Journal::open(&path, identity()).unwrap();
    assert_eq!(journal.head().sequence, 5);
    journal.append(&[note("5")], NOW).unwrap();
    let kept: Vec<_> = all(&path).iter().map(|row| row.sequence).collect();
    assert_eq!(kept, [1, 4, 5, 6, 7]);
    assert_sound(&path);
}

#[test]
fn a_journal_that_is_no_database_any_more_is_set_aside_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    written(&path, 3);
    fs::write(&path, vec![0x55; 20_000]).unwrap();
    let mut journal = Journal::open(&path, identity()).unwrap();
    let sequence = journal.append(&[note("after")], NOW).unwrap();
    // Nobody knows which numbers were used: HQ sees a hole, and not the same numbers with other rows.
    assert!(sequence > 1_000_000);
    assert_eq!(fs::read(folder.path().join("journal.db.damaged-1")).unwrap(), vec![0x55; 20_000]);
    assert_eq!(opened(&all(&path)), [note("after")]);
    assert_sound(&path);
}
