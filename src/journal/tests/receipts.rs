use std::time::Duration;

use wire::row::{Receipt, Row};
use wire::{ClockTrust, WallTime};

use super::{NOW, all, assert_sound, identity, note};
use crate::{Error, Journal, Outbox};

const KEEP: Duration = Duration::from_secs(7 * 86_400);

fn receipt(row: &Row) -> Receipt {
    Receipt {
        region: identity().region,
        to: identity().name,
        epoch: row.epoch,
        sequence: row.sequence,
        chain: row.chain,
        ledger: [1; 8],
        issued: NOW.unix(),
        budget: None,
    }
}

fn days_later(days: i64, trust: ClockTrust) -> WallTime {
    WallTime::from_unix(NOW.unix() + days * 86_400, trust)
}

#[test]
fn rows_leave_only_by_a_receipt_with_their_own_hash_and_some_days_later() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let mut journal = Journal::open(&path, identity()).unwrap();
    journal.append(&[note("1"), note("2"), note("3")], NOW).unwrap();
    let rows = all(&path);
    let outbox = Outbox::open(&path).unwrap();
    let good = receipt(&rows[2]);
    for foreign in [
        Receipt { chain: [0; 32], ..good.clone() },
        Receipt { sequence: 9, ..good.clone() },
        Receipt { sequence: u64::MAX, ..good.clone() },
        Receipt { epoch: wire::row::EpochId { counter: 1, nonce: [0; 8] }, ..good.clone() },
        Receipt { to: "post-2".parse().unwrap(), ..good.clone() },
        Receipt { region: "RU-MOW".parse().unwrap(), ..good.clone() },
    ] {
        assert!(matches!(journal.settle(&foreign, NOW, Duration::ZERO), Err(Error::Receipt)), "{foreign:?}");
    }
    assert_eq!((all(&path).len(), outbox.settled().unwrap(), outbox.pending().unwrap()), (4, 0, 4));

    journal.settle(&good, NOW, KEEP).unwrap();
    assert_eq!((all(&path).len(), outbox.settled().unwrap(), outbox.pending().unwrap()), (4, 3, 1));

    let later = days_later(8, ClockTrust::Rtc);
    journal.settle(&receipt(&rows[3]), later, KEEP).unwrap();
    assert_eq!(all(&path).iter().map(|row| row.sequence).collect::<Vec<_>>(), [4]);
    // An old receipt again changes nothing, whether its row is still here or not.
    journal.settle(&receipt(&rows[1]), later, KEEP).unwrap();
    journal.settle(&good, later, KEEP).unwrap();
    journal.settle(&receipt(&rows[3]), later, KEEP).unwrap();
    let contradicting = Receipt { chain: [7; 32], ..receipt(&rows[3]) };
    assert!(matches!(journal.settle(&contradicting, later, KEEP), Err(Error::Receipt)));
    drop(journal);

    let mut journal = Journal::open(&path, identity()).unwrap();
    assert_eq!(outbox.settled().unwrap(), 4);
    journal.append(&[note("4")], NOW).unwrap();
    assert_sound(&path);
    assert_eq!(outbox.head().unwrap(), 6);
}

#[test]
fn the_chain_goes_on_when_every_row_has_left() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    for round in 0..3 {
        let mut journal = Journal::open(&path, identity()).unwrap();
        let head = journal.append(&[note("1")], NOW).unwrap();
        assert_eq!(head, (round + 1) * 2);
        assert_sound(&path);
        journal.settle(&receipt(all(&path).last().unwrap()), NOW, Duration::ZERO).unwrap();
        assert!(all(&path).is_empty());
        let outbox = Outbox::open(&path).unwrap();
        assert_eq!((outbox.head().unwrap(), outbox.settled().unwrap(), outbox.pending().unwrap()), (head, head, 0));
    }
}

#[test]
fn a_doubtful_clock_lets_no_row_leave_and_a_clock_set_back_keeps_none_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let mut journal = Journal::open(&path, identity()).unwrap();
    journal.append(&[note("1"), note("2")], NOW).unwrap();
    let rows = all(&path);
    let carried = days_later(-900, ClockTrust::CarriedOver);
    journal.settle(&receipt(&rows[0]), carried, KEEP).unwrap();
    assert!(!journal.prune(days_later(900, ClockTrust::None), KEEP).unwrap());
    // The first sound time dates it; the eighth day after that lets it go.
    journal.settle(&receipt(&rows[1]), days_later(3000, ClockTrust::Ntp), KEEP).unwrap();
    assert!(!journal.prune(days_later(3001, ClockTrust::Ntp), KEEP).unwrap());
    assert_eq!(all(&path).len(), 3);
    // 3000 days ahead was wrong: dated again, from today.
    journal.settle(&receipt(&rows[1]), NOW, KEEP).unwrap();
    journal.prune(days_later(6, ClockTrust::Ntp), KEEP).unwrap();
    assert_eq!(all(&path).len(), 3);
    journal.prune(days_later(8, ClockTrust::Ntp), KEEP).unwrap();
    assert_eq!(all(&path).len(), 1);
}

#[test]
fn weeks_of_rows_leave_a_few_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let mut journal = Journal::open(&path, identity()).unwrap();
    journal.append(&(0..1500).map(|i| note(&i.to_string())).collect::<Vec<_>>(), NOW).unwrap();
    let rows = all(&path);
    journal.settle(&receipt(rows.last().unwrap()), NOW, Duration::ZERO).unwrap();
    assert_eq!(all(&path).len(), rows.len() - 512);
    assert_sound(&path);
    while journal.prune(NOW, Duration::ZERO).unwrap() {
        assert_sound(&path);
    }
    assert!(all(&path).is_empty());
}
