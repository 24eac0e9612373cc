//! Killing the process that writes.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use wire::entry::Entry;

use super::{NOW, all, assert_sound, identity, note, opened};
use crate::{Error, Journal, Writer, run};

/// Where a child writes; names the journal.
const CHILD: &str = "CHECKPOINT_JOURNAL_TEST_WRITES";

/// This test binary again, at one test, as a process of its own.
fn child(test: &str, path: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(CHILD, path)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Writes from several threads for ever, and says what was acknowledged.
fn write_for_ever(path: &Path) -> ! {
    let journal = Journal::open(path, identity()).unwrap();
    let (writer, requests) = Writer::new();
    for thread in 0..4 {
        let writer = writer.clone();
        std::thread::spawn(move || {
            for i in 0.. {
                let name = format!("{}/{thread}/{i}", std::process::id());
                writer.append(vec![note(&name)], NOW).unwrap();
                std::io::stdout().write_all(format!("ack {name}\n").as_bytes()).unwrap();
            }
        });
    }
    run(journal, &requests, || NOW, Duration::ZERO, &Default::default(), &Default::default());
    unreachable!("a writer is still there");
}

#[test]
fn nothing_acknowledged_is_lost_when_the_process_is_killed() {
    if let Some(path) = std::env::var_os(CHILD) {
        write_for_ever(Path::new(&path));
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let mut acknowledged = BTreeSet::new();
    for round in 0..30 {
        let mut child = child("tests::crash::nothing_acknowledged_is_lost_when_the_process_is_killed", &path);
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let kill = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(30 + round * 37 % 130));
            child.kill().unwrap();
            child.wait().unwrap();
        });
        // What stands in the pipe was acknowledged, whenever it is read. A last line may be torn.
        acknowledged.extend(lines.map_while(Result::ok).filter_map(|line| Some(line.strip_prefix("ack ")?.to_owned())));
        kill.join().unwrap();
    }
    assert_sound(&path);
    let rows = all(&path);
    let written: Vec<String> = opened(&rows)
        .into_iter()
        .map(|entry| match entry {
            Entry::Note(note) => note.detail,
            other => panic!("{other:?}"),
        })
        .collect();
    let distinct: BTreeSet<_> = written.iter().cloned().collect();
    assert_eq!(distinct.len(), written.len(), "an entry is there twice");
    let lost: Vec<_> = acknowledged.difference(&distinct).collect();
    assert!(lost.is_empty(), "{lost:?}");
    assert!(acknowledged.len() > 100, "only {} were acknowledged", acknowledged.len());
    println!("{} acknowledged over 30 kills, 0 lost; {} rows", acknowledged.len(), rows.len());
}

#[test]
fn two_processes_cannot_write_one_journal() {
    if let Some(path) = std::env::var_os(CHILD) {
        let refused = matches!(Journal::open(Path::new(&path), identity()), Err(Error::InUse(_)));
        println!("\nanswer {refused}");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let answer = || {
        let output = child("tests::crash::two_processes_cannot_write_one_journal", &path).wait_with_output().unwrap();
        String::from_utf8(output.stdout).unwrap().contains("answer true")
    };
    let journal = Journal::open(&path, identity()).unwrap();
    assert!(answer());
    drop(journal);
    assert!(!answer());
}
