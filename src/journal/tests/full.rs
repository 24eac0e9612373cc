use std::time::{Duration, Instant};

use wire::entry::Entry;
use wire::row::RowKind;

use super::{NOW, all, assert_sound, count, identity, note, opened};
use crate::{Bounds, Error, Journal, Writer, run};

#[test]
fn a_full_disk_acknowledges_nothing_and_the_journal_goes_on_in_a_new_epoch_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let mut journal = Journal::open(&path, identity()).unwrap();
    journal.append(&[note("1")], NOW).unwrap();
    journal.limit_pages(1);
    let long = note(&"x".repeat(20_000));
    for _ in 0..3 {
        let refused = journal.append(&[long.clone(), long.clone()], NOW).unwrap_err();
        assert!(matches!(refused, Error::Full(_)), "{refused:?}");
        assert_eq!(refused.code(), "journal-full");
    }
    assert_eq!(opened(&all(&path)), [note("1")]);
    journal.limit_pages(100_000);
    journal.append(std::slice::from_ref(&long), NOW).unwrap();
    assert_eq!(opened(&all(&path)), [note("1"), long]);
    let rows = all(&path);
    assert_eq!(count(&rows, RowKind::Opening), 2);
    assert_sound(&path);
}

#[test]
fn a_receipt_makes_room_in_a_full_journal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let mut journal = Journal::open_within(&path, identity(), Bounds { pages: 40, ..Bounds::default() }).unwrap();
    let long = note(&"x".repeat(2000));
    let refused = std::iter::repeat_with(|| journal.append(std::slice::from_ref(&long), NOW))
        .take(1000)
        .find_map(Result::err)
        .expect("forty pages are full before a thousand rows");
    assert!(matches!(refused, Error::Full(_)));
    let rows = all(&path);
    let last = rows.last().unwrap();
    let receipt = wire::row::Receipt {
        region: identity().region,
        to: identity().name,
        epoch: last.epoch,
        sequence: last.sequence,
        chain: last.chain,
        ledger: [1; 8],
        issued: 0,
        budget: None,
    };
    journal.settle(&receipt, NOW, Duration::ZERO).unwrap();
    journal.append(&[long], NOW).unwrap();
    assert_sound(&path);
}

#[test]
fn an_entry_that_cannot_be_fails_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let mut journal = Journal::open(&path, identity()).unwrap();
    let monster = note(&"x".repeat(100_000));
    assert!(matches!(journal.append(&[note("1"), monster.clone()], NOW), Err(Error::TooLong(_))));
    let (writer, _requests) = Writer::new();
    assert!(matches!(writer.append(vec![monster], NOW), Err(Error::TooLong(_))));
    journal.append(&[note("2")], NOW).unwrap();
    assert_eq!(opened(&all(&path)), [note("2")]);
}

/// Runs a writer beside some work, and stops it.
fn beside(journal: Journal, work: impl FnOnce(Writer)) {
    let (writer, requests) = Writer::new();
    let thread = std::thread::spawn(move || {
        run(journal, &requests, || NOW, Duration::ZERO, &Default::default(), &Default::default());
    });
    work(writer);
    thread.join().unwrap();
}

#[test]
fn what_arrives_during_an_fsync_is_one_group_and_each_gets_its_answer() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    beside(Journal::open(&path, identity()).unwrap(), |writer| {
        let first: Vec<_> = (0..200).map(|i| writer.send(vec![note(&i.to_string())], NOW).unwrap()).collect();
        let sequences: Vec<_> = first.into_iter().map(|answer| answer.wait().unwrap()).collect();
        assert!(sequences.is_sorted());
    });
    let expected: Vec<Entry> = (0..200).map(|i| note(&i.to_string())).collect();
    assert_eq!(opened(&all(&path)), expected);
    assert_eq!(all(&path).last().unwrap().kind, RowKind::Checkpoint);
}

#[test]
fn who_waits_for_a_writer_that_ends_is_told() {
    let (writer, requests) = Writer::new();
    let answer = writer.send(vec![note("1")], NOW).unwrap();
    assert!(answer.wait_for(Duration::ZERO).is_none());
    drop(requests);
    assert!(matches!(answer.wait_for(Duration::ZERO), Some(Err(Error::Ended))));
    assert!(matches!(answer.wait(), Err(Error::Ended)));
    assert!(matches!(writer.append(vec![note("1")], NOW), Err(Error::Ended)));
}

/// Prints what a durable append costs against the least it could cost. A figure, not a test: it depends on
/// the disk and on who else uses it.
#[test]
fn appends_against_bare_fdatasync() {
    use std::io::Write as _;
    const ROUNDS: u32 = 100;
    // Beside the test binary: the system's folder for temporary files may be in memory.
    let folder = tempfile::tempdir_in(std::env::current_exe().unwrap().parent().unwrap()).unwrap();
    let path = folder.path().join("journal.db");
    let mut journal = Journal::open(&path, identity()).unwrap();
    let mut file = std::fs::File::create(folder.path().join("bare")).unwrap();
    let bare = |file: &mut std::fs::File| {
        file.write_all(&[7; 300]).unwrap();
        file.sync_data().unwrap();
    };
    let entry = [note("a crossing has about this many bytes, or a few more than that, but never very many")];
    // In turns, so that both see the same weather; not one by one, since each would pay for the other's.
    let timed = |work: &mut dyn FnMut()| {
        let began = Instant::now();
        (0..ROUNDS).for_each(|_| work());
        began.elapsed()
    };
    let (mut ours, mut theirs, mut rounds) = (Duration::ZERO, Duration::ZERO, 0);
    for round in 0..16 {
        let appended = timed(&mut || {
            journal.append(&entry, NOW).unwrap();
            journal.turn(NOW).unwrap();
        });
        let bared = timed(&mut || bare(&mut file));
        println!("round {round}: {:.2}", bared.as_secs_f64() / appended.as_secs_f64());
        // The first ones make files and tables, and the write-ahead log grows until it has been round once.
        if round > 3 {
            (ours, theirs, rounds) = (ours + appended, theirs + bared, rounds + ROUNDS);
        }
    }
    drop(file);
    let rate = |time: Duration| f64::from(rounds) / time.as_secs_f64();
    let (ours, theirs) = (rate(ours), rate(theirs));
    println!(
        "measured: durable appends one by one: {ours:.0}/s, bare fdatasync one by one on the same disk {theirs:.0}/s, \
         ratio {:.2}",
        ours / theirs
    );
    beside(journal, |writer| {
        let began = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        writer.append(entry.to_vec(), NOW).unwrap();
                    }
                });
            }
        });
        println!("measured: durable appends, 16 at once: {:.0}/s", 800.0 / began.elapsed().as_secs_f64());
    });
}
