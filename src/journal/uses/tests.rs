use std::fs;

use wire::entry::{Action, Closing, Crossing, Outcome};

use super::*;
use crate::tests::{NOW, identity, note};
use crate::{Error, Journal};

/// Counts by what a crossing says of its lane: the days of its use.
fn counting(path: &std::path::Path) -> Journal {
    let mut journal = Journal::open(path, identity()).unwrap();
    journal.count_by(Box::new(|entry| match entry {
        Entry::Crossing(crossing) if crossing.lane > 0 => {
            let until = crossing.at.unix() + i64::from(crossing.lane) * 86_400;
            let of = Use { crossing: crossing.id, day: 0, slot: [crossing.id[0]; 16], at: None, until };
            Some(Beside::Reserve { of, key: [crossing.lane; 32] })
        }
        Entry::Crossing(crossing) => Some(Beside::Release(crossing.id)),
        Entry::Closing(closing) => Some(Beside::Release(closing.id)),
        _ => None,
    }));
    journal
}

fn crossing(id: u8, days: u8) -> Entry {
    Entry::Crossing(Crossing { lane: days, ..Crossing::new([id; 8], NOW, Outcome::Admit) })
}

fn kept(journal: &Journal) -> Vec<u8> {
    journal.uses().unwrap().uses.iter().map(|of| of.crossing[0]).collect()
}

#[test]
fn a_use_is_there_after_a_start_and_gone_when_it_was_released() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let mut journal = counting(&path);
    journal.append(&[crossing(1, 1), crossing(2, 14), note("between")], NOW).unwrap();
    // The same crossing judged again is one use, or none.
    journal.append(&[crossing(1, 2), crossing(3, 1)], NOW).unwrap();
    journal.append(&[crossing(3, 0)], NOW).unwrap();
    drop(journal);
    let mut journal = counting(&path);
    assert_eq!(kept(&journal), [1, 2]);
    // The first key of a day stays: what was counted under it must be found.
    assert_eq!(journal.uses().unwrap().keys, [(0, [1; 32])]);
    journal.append(&[Entry::Closing(Closing::new([1; 8], NOW, Action::TurnedBack))], NOW).unwrap();
    assert_eq!(kept(&journal), [2]);
}

#[test]
fn a_row_that_is_not_written_leaves_no_use() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let mut journal = counting(&path);
    journal.append(&[crossing(1, 1)], NOW).unwrap();
    journal
        .db()
        .execute_batch("CREATE TRIGGER broken BEFORE INSERT ON row BEGIN SELECT raise(ABORT, 'disk'); END")
        .unwrap();
    assert!(matches!(journal.append(&[crossing(2, 1)], NOW), Err(Error::Write(_))));
    assert_eq!(kept(&journal), [1]);
    journal.db().execute_batch("DROP TRIGGER broken").unwrap();
    journal.append(&[crossing(2, 1)], NOW).unwrap();
    drop(journal);
    assert_eq!(kept(&counting(&path)), [1, 2]);
}

#[test]
fn what_counts_no_more_is_erased_with_its_key_from_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let mut journal = counting(&path);
    journal.append(&[crossing(0xA7, 1)], NOW).unwrap();
    let in_an_hour = wire::WallTime::from_unix(NOW.unix() + 3600, NOW.trust);
    journal.turn(in_an_hour).unwrap();
    assert_eq!(kept(&journal), [0xA7]);
    let checkpoint = |journal: &Journal| {
        journal.db().query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        fs::read(&path).unwrap().windows(16).filter(|window| *window == [0xA7; 16]).count()
    };
    assert!(checkpoint(&journal) > 0);
    drop(journal);
    let mut journal = counting(&path);
    journal.turn(wire::WallTime::from_unix(NOW.unix() + 2 * 86_400, NOW.trust)).unwrap();
    assert_eq!(journal.uses().unwrap(), Kept::default());
    assert_eq!(checkpoint(&journal), 0);
}

#[test]
fn a_damaged_file_gives_its_uses_to_the_one_that_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let mut journal = counting(&path);
    journal.append(&[crossing(1, 14), crossing(2, 14)], NOW).unwrap();
    journal.db().execute_batch("DROP TABLE receipt").unwrap();
    journal.db().query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    drop(journal);
    let journal = counting(&path);
    assert!(
        fs::read_dir(folder.path())
            .unwrap()
            .flatten()
            .any(|file| { file.file_name().to_string_lossy().contains("damaged") })
    );
    assert_eq!(kept(&journal), [1, 2]);
}
