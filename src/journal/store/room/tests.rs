//! Rooms that are really full: a budget of pages anywhere, and a disk of its own (a small tmpfs in a namespace of
//! mounts) for blocks and inodes.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use wire::entry::{Action, Closing, Crossing, Entry, Outcome};
use wire::row::Receipt;
use wire::{ClockTrust, WallTime};

use crate::budget::{Reserve, Stage};
use crate::tests::{NOW, all, assert_sound, identity, note, opened};
use crate::{Bounds, Budget, Error, Journal, disk, look_at};

const MIB: u64 = 1 << 20;
const KEEP: Duration = Duration::from_secs(7 * 86_400);

fn crossing(id: u8) -> Entry {
    Entry::Crossing(Crossing {
        format: Some("MP1".into()),
        issuer: Some("x".repeat(4000)),
        release: 1,
        ..Crossing::new([id; 8], NOW, Outcome::Admit)
    })
}

fn closing(id: u8) -> Entry {
    Entry::Closing(Closing::new([id; 8], NOW, Action::Passed))
}

fn receipt_for_all(path: &Path) -> Receipt {
    let last = all(path).pop().unwrap();
    Receipt {
        region: identity().region,
        to: identity().name,
        epoch: last.epoch,
        sequence: last.sequence,
        chain: last.chain,
        ledger: [1; 8],
        issued: 0,
        budget: None,
    }
}

/// Writes crossings until there is no room; how many were acknowledged.
fn fill(journal: &mut Journal) -> usize {
    for acknowledged in 0..20_000 {
        let turned = journal.turn(NOW);
        assert!(matches!(turned, Ok(()) | Err(Error::Full(_))), "{turned:?}");
        match journal.append(&[crossing(acknowledged as u8)], NOW) {
            Ok(_) => {}
            Err(Error::Full(_)) => return acknowledged,
            Err(other) => panic!("{other:?}"),
        }
    }
    panic!("there is no end to the room")
}

fn now(journal: &mut Journal) -> Budget {
    journal.look(NOW);
    journal.gauge().now()
}

fn reserves(path: &Path) -> usize {
    let there = std::fs::read_dir(path.parent().unwrap()).unwrap().flatten();
    there.filter(|file| file.file_name().to_string_lossy().contains("reserve")).count()
}

/// A room fills up, what must be written is written, a receipt comes, and the box goes on: the same story by a budget
/// of pages and by a disk.
fn story(path: &Path, bounds: Bounds) -> Journal {
    let mut journal = Journal::open_within(path, identity(), bounds).unwrap();
    assert_eq!((now(&mut journal).reserve, reserves(path)), (Reserve::Held, 3));
    let acknowledged = fill(&mut journal);
    let full = now(&mut journal);
    assert_eq!((full.stage, full.reserve, full.left, reserves(path)), (Stage::Full, Reserve::Given, 0, 0), "{full:?}");
    assert!(acknowledged > 100, "{acknowledged}");
    // What was begun is ended, and what happened is noted and signed; another crossing is not begun.
    for id in 0..20 {
        journal.append(&[closing(id)], NOW).unwrap();
        assert!(matches!(journal.append(&[crossing(id), closing(id)], NOW), Err(Error::Full(_))));
    }
    journal.append(&[note("full")], NOW).unwrap();
    journal.sign(NOW).unwrap();
    assert_eq!(journal.gauge().now().stage, Stage::Full);
    // A start at this point loses nothing either. On a disk there may be a little room, where the log was.
    drop(journal);
    let mut journal = Journal::open_within(path, identity(), bounds).unwrap();
    let acknowledged = acknowledged + fill(&mut journal);
    journal.append(&[note("started")], NOW).unwrap();
    assert_eq!(look_at(path, bounds, NOW).unwrap().stage, Stage::Full);
    let rows = all(path);
    assert_eq!(opened(&rows).len(), acknowledged + 20 + 2, "something is lost, or there twice");
    assert_sound(path);
    // Seven days are a long time where there is no room: what has its receipt leaves at once, by any clock.
    journal.settle(&receipt_for_all(path), WallTime::from_unix(0, ClockTrust::None), journal.keeps(KEEP)).unwrap();
    while journal.prune(NOW, journal.keeps(KEEP)).unwrap() {
        journal.turn(NOW).unwrap();
    }
    journal.append(&[crossing(1)], NOW).unwrap();
    assert!(now(&mut journal).stage < Stage::Full);
    assert_sound(path);
    println!("measured: reserve: {acknowledged} crossings, then full; nothing lost, and it went on after a receipt");
    journal
}

#[test]
fn a_full_budget_gives_up_the_reserve_and_has_it_back_after_a_receipt() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let mut journal = story(&path, Bounds { pages: 1024, reserve: MIB });
    let after = now(&mut journal);
    assert_eq!((after.reserve, reserves(&path)), (Reserve::Held, 3));
    // And once more, to the same end.
    fill(&mut journal);
    assert_eq!(now(&mut journal).stage, Stage::Full);
}

#[test]
fn one_who_may_use_the_reserve_is_not_kept_from_it_by_one_who_may_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let mut journal = Journal::open_within(&path, identity(), Bounds { pages: 512, reserve: MIB }).unwrap();
    fill(&mut journal);
    let (writer, requests) = crate::Writer::new();
    // Both wait when the thread begins, and are one group.
    let refused = writer.send(vec![crossing(1)], NOW).unwrap();
    let noted = writer.send(vec![note("1")], NOW).unwrap();
    let thread = std::thread::spawn(move || {
        crate::run(journal, &requests, || NOW, KEEP, &Default::default(), &Default::default());
    });
    assert!(matches!(refused.wait(), Err(Error::Full(_))));
    noted.wait().unwrap();
    drop(writer);
    thread.join().unwrap();
    assert_sound(&path);
}

#[test]
fn hours_are_told_by_the_traffic_of_before_a_start_too_and_not_without_traffic() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let at = |hour: i64| WallTime::from_unix(NOW.unix() + 3600 * hour, ClockTrust::Rtc);
    let bounds = Bounds { pages: 4096, reserve: 0 };
    {
        let mut journal = Journal::open_within(&path, identity(), bounds).unwrap();
        journal.turn(at(0)).unwrap();
        assert_eq!(journal.gauge().now().hours, None);
        for hour in 0..30 {
            journal.append(&[note("1"), note("2"), note("3"), note("4")], at(hour)).unwrap();
            journal.sign(at(hour)).unwrap();
        }
    }
    let mut journal = Journal::open_within(&path, identity(), bounds).unwrap();
    // The clock is not known yet.
    assert_eq!(journal.gauge().now().hours, None);
    journal.look(at(29));
    let room = journal.gauge().now();
    // Five rows an hour, a checkpoint among them; the marks lie some hours apart.
    let hours = u64::from(room.hours.unwrap());
    let rows = room.left / 450 / hours;
    assert!((4..=6).contains(&rows), "{rows} rows an hour, {room:?}");
    assert_eq!(look_at(&path, bounds, at(29)).unwrap().hours, room.hours);
    assert_eq!(look_at(&path, bounds, at(29 + 200)).unwrap().hours, None);
    assert_eq!(look_at(&path, bounds, WallTime::from_unix(0, ClockTrust::None)).unwrap().hours, None);
}

#[test]
fn what_hq_has_counts_as_room_and_leaves_at_once_where_there_is_little() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let mut journal = Journal::open_within(&path, identity(), Bounds { pages: 1024, reserve: MIB }).unwrap();
    let before = now(&mut journal).left;
    for id in 0..200 {
        journal.append(&[crossing(id)], NOW).unwrap();
    }
    let written = now(&mut journal).left;
    assert!(before - written > 400 * 1024, "{before} {written}");
    journal.settle(&receipt_for_all(&path), NOW, KEEP).unwrap();
    assert!(now(&mut journal).left > written + 50 * 1024);
    assert_eq!(journal.keeps(KEEP), KEEP);
    fill(&mut journal);
    assert_eq!(now(&mut journal).stage, Stage::Full);
    assert_eq!(journal.keeps(KEEP), Duration::ZERO);
    assert!(!journal.prune(NOW, journal.keeps(KEEP)).unwrap());
    assert!(all(&path)[0].sequence > 200);
}

#[test]
fn the_log_is_cut_back_when_a_reader_has_made_it_long() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let mut journal = Journal::open(&path, identity()).unwrap();
    let log = || std::fs::metadata(path.with_extension("db-wal")).unwrap().len();
    let long = [note(&"x".repeat(60_000))];
    journal.append(&long, NOW).unwrap();
    {
        // Somebody who looks for too long.
        let reader = disk::connect_reader(&path).unwrap();
        let mut query = reader.prepare("SELECT 1 FROM row").unwrap();
        let mut rows = query.query([]).unwrap();
        rows.next().unwrap();
        while log() <= u64::from(disk::LONGEST_WAL) {
            journal.append(&long, NOW).unwrap();
        }
    }
    for _ in 0..600 {
        journal.append(&[note("1")], NOW).unwrap();
        journal.turn(NOW).unwrap();
    }
    assert!(log() <= u64::from(disk::LONGEST_WAL), "{}", log());
    for (pragma, expected) in
        [("journal_size_limit", 16 << 20), ("wal_autocheckpoint", 4000), ("max_page_count", 1 << 20)]
    {
        let set: i64 = journal.db.pragma_query_value(None, pragma, |row| row.get(0)).unwrap();
        assert_eq!(set, expected, "{pragma}");
    }
}

#[test]
fn a_budget_holds_all_that_is_on_the_disk() {
    let bounds = Bounds::within(64 * MIB, 8 * MIB);
    assert_eq!(bounds, Bounds { pages: 40 * 256, reserve: 8 * MIB });
    assert_eq!(bounds.bytes(), 64 * MIB);
    assert_eq!(Bounds::within(u64::MAX, 0).pages, u32::MAX);
}

// ---------------------------------------------------------------------------------------------- disks of their own

/// Where a child finds its disk.
const DISK: &str = "CHECKPOINT_JOURNAL_TEST_DISK";

/// Runs this test again on a small disk of its own; gives the disk there, and none here. Where nobody may mount, the
/// budget tells the same story, and the numbers of a disk are tried without one (`budget/tests.rs`).
fn on_a_disk(test: &str, options: &str) -> Option<std::path::PathBuf> {
    if let Some(disk) = std::env::var_os(DISK) {
        return Some(disk.into());
    }
    let folder = tempfile::tempdir().unwrap();
    let script = "mount -t tmpfs -o \"$1\" none \"$2\" || exit 99; exec \"$3\" --exact \"$4\" --nocapture";
    let mut said = Vec::new();
    // Whoever is nobody in particular may mount in a namespace of its own; who is root may where that is forbidden.
    for namespace in [&["--user", "--map-root-user", "--mount"][..], &["--mount"]] {
        let mut command = Command::new("unshare");
        command.args(namespace).args(["sh", "-c", script, "sh", options]).arg(folder.path());
        command.arg(std::env::current_exe().unwrap()).arg(test).env(DISK, folder.path());
        let output = command.output().unwrap();
        let words = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        if output.status.success() {
            assert!(words.contains("1 passed"), "{words}");
            print!("{words}");
            return None;
        }
        assert!(!words.contains("panicked"), "{words}");
        said.push(words);
    }
    println!("measured: reserve: no disk of its own is to be had here: {said:?}");
    None
}

#[test]
fn a_full_disk_gives_up_the_reserve_and_has_it_back_when_others_make_room() {
    let test = "store::room::tests::a_full_disk_gives_up_the_reserve_and_has_it_back_when_others_make_room";
    let Some(disk) = on_a_disk(test, "size=12m") else { return };
    // Somebody else has filled the disk.
    let other = disk.join("other");
    std::fs::write(&other, vec![1; 6 << 20]).unwrap();
    let path = disk.join("journal.db");
    let mut journal = story(&path, Bounds { pages: 1 << 20, reserve: MIB });
    // The file has kept its size; its free pages do for a reserve.
    assert_eq!(now(&mut journal).reserve, Reserve::Given);
    std::fs::remove_file(&other).unwrap();
    let after = now(&mut journal);
    assert_eq!((after.reserve, reserves(&path)), (Reserve::Held, 3));
    assert!(after.disk_free > 4 * MIB && after.disk_free < 12 * MIB, "{after:?}");
}

#[test]
fn a_disk_without_inodes_is_told_in_time_and_the_reserve_lets_the_box_start() {
    let test = "store::room::tests::a_disk_without_inodes_is_told_in_time_and_the_reserve_lets_the_box_start";
    let Some(disk) = on_a_disk(test, "size=32m,nr_inodes=1500") else { return };
    let path = disk.join("journal.db");
    let bounds = Bounds { pages: 1 << 20, reserve: MIB };
    let mut journal = Journal::open_within(&path, identity(), bounds).unwrap();
    journal.append(&[crossing(1)], NOW).unwrap();
    let mut names = 0..;
    let mut take = || std::fs::File::create(disk.join(format!("other-{}", names.next().unwrap()))).is_ok();
    let mut stages = vec![now(&mut journal).stage];
    while take() {
        let stage = now(&mut journal).stage;
        if stages.last() != Some(&stage) {
            stages.push(stage);
        }
    }
    // The disk is small, too: its stage begins lower.
    assert!(stages.is_sorted() && stages.ends_with(&[Stage::Lean, Stage::Tell]), "{stages:?}");
    assert_eq!(now(&mut journal).inodes_free, Some(0));
    // What is open goes on without a new name.
    journal.append(&[crossing(2)], NOW).unwrap();
    drop(journal);
    // SQLite has removed its two files, and somebody else has taken their names.
    while take() {}
    let mut journal = Journal::open_within(&path, identity(), bounds).unwrap();
    journal.append(&[note("started")], NOW).unwrap();
    assert_eq!(opened(&all(&path)).len(), 3);
    assert_sound(&path);
}
