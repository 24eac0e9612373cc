//! No key and nonce ever meet two plaintexts, wherever the box falls between seal, commit and acknowledgement.
//!
//! Every seal is recorded as it is made, also those that never reach the disk. Nothing the code says of keys and nonces
//! is believed: two seals under one key and nonce have one key stream, and a key stream is plaintext XOR ciphertext.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use wire::row::RowKind;

use super::{NOW, all, assert_sound, author, identity, note, opened};
use crate::{Error, Journal, Opening};

/// Where a child writes; names the folder of the journal.
const CHILD: &str = "CHECKPOINT_JOURNAL_TEST_SEALS";

/// Where it falls dead: `seal N` or `answer N`.
const FALLS: &str = "CHECKPOINT_JOURNAL_TEST_FALLS";

/// Entries of a group: the first of a start also opens an epoch, and some groups are signed.
const GROUP: usize = 5;

/// Groups of a child that is not killed before.
const GROUPS: usize = 8;

/// A plaintext, padded, and what came of it.
type Seal = (Vec<u8>, Vec<u8>);

thread_local! {
    static RECORD: RefCell<Option<Record>> = const { RefCell::new(None) };
}

/// Where seals of this thread are recorded.
enum Record {
    Here(Vec<Seal>),
    /// In a file, which outlives the process; at the seal of that number the process falls dead.
    There(File, Option<usize>),
}

/// Called at every seal, before anything is done with it.
pub fn sealed(plain: &[u8], body: &[u8]) {
    RECORD.with_borrow_mut(|record| match record {
        None => {}
        Some(Record::Here(seals)) => seals.push((plain.to_vec(), body.to_vec())),
        Some(Record::There(file, falls)) => {
            let lengths = [plain.len() as u32, body.len() as u32].map(u32::to_be_bytes).concat();
            file.write_all(&[&lengths, plain, body].concat()).unwrap();
            if let Some(left) = falls {
                *left -= 1;
                if *left == 0 {
                    std::process::abort();
                }
            }
        }
    });
}

/// Records what some work seals.
fn recorded(work: impl FnOnce()) -> Vec<Seal> {
    RECORD.set(Some(Record::Here(Vec::new())));
    work();
    match RECORD.take() {
        Some(Record::Here(seals)) => seals,
        _ => unreachable!("it was set above"),
    }
}

/// The seals that a process has left behind; a last one may be torn.
fn left_behind(path: &Path) -> Vec<Seal> {
    let mut bytes = Vec::new();
    File::open(path).unwrap().read_to_end(&mut bytes).unwrap();
    let (mut rest, mut seals) = (&bytes[..], Vec::new());
    while let Some((lengths, behind)) = rest.split_at_checked(8) {
        let [plain, body] = [0, 4].map(|at| u32::from_be_bytes(lengths[at..at + 4].try_into().unwrap()) as usize);
        let Some((seal, behind)) = behind.split_at_checked(plain + body) else { break };
        seals.push((seal[..plain].to_vec(), seal[plain..].to_vec()));
        rest = behind;
    }
    seals
}

/// Whether a key stream has met two plaintexts.
fn is_any_twice(seals: &[Seal]) -> bool {
    let mut met: HashMap<Vec<u8>, &[u8]> = HashMap::new();
    seals.iter().any(|(plain, body)| {
        let stream = plain.iter().zip(body).take(64).map(|(plain, body)| plain ^ body).collect();
        met.insert(stream, plain).is_some_and(|before| before != plain)
    })
}

fn assert_no_key_stream_twice(seals: &[Seal]) {
    assert!(!is_any_twice(seals), "one key and nonce sealed two plaintexts");
}

#[test]
fn a_key_stream_that_is_used_twice_would_be_found() {
    let stream: Vec<u8> = (0..128).collect();
    let seal = |plain: u8| (vec![plain; 128], stream.iter().map(|byte| byte ^ plain).collect::<Vec<u8>>());
    assert!(!is_any_twice(&[seal(1), seal(1)]));
    assert!(is_any_twice(&[seal(1), seal(2)]));
}

/// A failure at each row of a group, while it is written or when the whole is committed; then other entries come.
#[test]
fn after_a_write_that_failed_nothing_is_sealed_again_under_its_keys() {
    let insert = "CREATE TEMP TRIGGER fails BEFORE INSERT ON main.row WHEN new.sequence = {} \
                  BEGIN SELECT RAISE(ABORT, 'a test'); END";
    // What is deferred is asked for at the commit.
    let commit = "PRAGMA foreign_keys = ON; CREATE TEMP TABLE one (x INTEGER PRIMARY KEY); \
                  CREATE TEMP TABLE other (x INTEGER REFERENCES one DEFERRABLE INITIALLY DEFERRED); \
                  CREATE TEMP TRIGGER fails AFTER INSERT ON main.row WHEN new.sequence = {} \
                  BEGIN INSERT INTO other VALUES (1); END";
    let (mut points, mut durable) = (0, 0);
    let seals = recorded(|| {
        for failing in [insert, commit] {
            for before in [0, 2] {
                for at in 1..=GROUP as u64 {
                    let folder = tempfile::tempdir().unwrap();
                    let path = folder.path().join("journal.db");
                    let mut journal = Journal::open(&path, identity()).unwrap();
                    for i in 0..before {
                        journal.append(&[note(&format!("before {i}"))], NOW).unwrap();
                    }
                    let sequence = journal.head().sequence + at;
                    journal.db().execute_batch(&failing.replace("{}", &sequence.to_string())).unwrap();
                    let group = |say: &str| (0..GROUP).map(|i| note(&format!("{say} {i}"))).collect::<Vec<_>>();
                    let refused = journal.append(&group("refused"), NOW).unwrap_err();
                    assert!(matches!(refused, Error::Write(_)), "{refused:?}");
                    journal.append(&group("other"), NOW).unwrap();
                    assert_sound(&path);
                    assert_eq!(opened(&all(&path)).len(), before + GROUP);
                    points += 1;
                    durable += before + GROUP;
                }
            }
        }
    });
    assert_eq!(seals.len(), durable + points * GROUP, "what was refused had been sealed");
    assert_no_key_stream_twice(&seals);
}

/// A card is copied, and both go on.
#[test]
fn two_copies_of_one_card_seal_under_keys_of_their_own() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let [first, second] = [&one, &two].map(|folder| folder.path().join("journal.db"));
    let seals = recorded(|| {
        let mut journal = Journal::open(&first, identity()).unwrap();
        journal.append(&[note("1"), note("2")], NOW).unwrap();
        // As the image of a running box is taken: the log with it.
        for file in ["journal.db", "journal.db-wal", "journal.lock"] {
            fs::copy(one.path().join(file), two.path().join(file)).unwrap();
        }
        drop(journal);
        for (path, say) in [(&first, "here"), (&second, "there")] {
            let mut journal = Journal::open(path, identity()).unwrap();
            journal.append(&[note(say)], NOW).unwrap();
        }
    });
    assert_no_key_stream_twice(&seals);
    let last = |path: &PathBuf| all(path).into_iter().rfind(|row| row.kind == RowKind::Opening).unwrap();
    let (here, there) = (last(&first), last(&second));
    assert_eq!((here.sequence, here.epoch.counter), (there.sequence, there.epoch.counter));
    assert_ne!(here.epoch, there.epoch);
    let encapsulated = |row| Opening::verified(row, &author()).unwrap().encapsulated;
    assert_ne!(encapsulated(&here), encapsulated(&there));
}

/// Writes groups, and says which were acknowledged.
fn write(folder: &Path) {
    let falls = std::env::var(FALLS).unwrap_or_default();
    let at = |word: &str| falls.strip_prefix(word).map(|number| number.trim().parse::<usize>().unwrap());
    let seals = File::options().create(true).append(true).open(folder.join("seals")).unwrap();
    RECORD.set(Some(Record::There(seals, at("seal"))));
    let mut journal = Journal::open(&folder.join("journal.db"), identity()).unwrap();
    for group in 1..=GROUPS {
        let entries: Vec<_> = (0..GROUP).map(|i| note(&format!("{}/{group}/{i}", std::process::id()))).collect();
        journal.append(&entries, NOW).unwrap();
        journal.turn(NOW).unwrap();
        if at("answer") == Some(group) {
            std::process::abort();
        }
        std::io::stdout().write_all(format!("ack {}/{group}\n", std::process::id()).as_bytes()).unwrap();
    }
}

fn child(folder: &Path, falls: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "tests::nonces::wherever_the_box_falls_no_key_and_nonce_meet_two_plaintexts", "--nocapture"])
        .env(CHILD, folder)
        .env(FALLS, falls)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn wherever_the_box_falls_no_key_and_nonce_meet_two_plaintexts() {
    if let Some(folder) = std::env::var_os(CHILD) {
        return write(Path::new(&folder));
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let mut acknowledged = Vec::new();
    let mut falls = |falls: &str, kill: Option<Duration>| {
        let mut child = child(folder.path(), falls);
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let killer = std::thread::spawn(move || {
            if let Some(after) = kill {
                std::thread::sleep(after);
                // It may have ended before.
                let _ = child.kill();
            }
            child.wait().unwrap()
        });
        acknowledged.extend(lines.map_while(Result::ok).filter_map(|line| Some(line.strip_prefix("ack ")?.to_owned())));
        let how = killer.join().unwrap();
        assert!(kill.is_some() || how.success() == falls.is_empty(), "{falls}: {how}");
    };
    // After each seal, and after each commit before anybody was told.
    (1..=2 * GROUP).for_each(|at| falls(&format!("seal {at}"), None));
    (1..=3).for_each(|at| falls(&format!("answer {at}"), None));
    falls("", None);
    // And anywhere: in the middle of the commit, of the start, of the housekeeping.
    let kills = if std::env::var_os("CHECKPOINT_LONG").is_some() { 1000 } else { 60 };
    (0..kills).for_each(|kill| falls("", Some(Duration::from_micros(2_000 + kill * 7_919 % 60_000))));

    let seals = left_behind(&folder.path().join("seals"));
    assert_no_key_stream_twice(&seals);
    assert_sound(&path);
    let rows = all(&path);
    let bodies: HashSet<&[u8]> = seals.iter().map(|(_, body)| &body[..]).collect();
    let entries: Vec<_> = rows.iter().filter(|row| row.kind == RowKind::Entry).collect();
    assert!(entries.iter().all(|row| bodies.contains(&row.body[..])), "every durable seal was recorded");
    assert!(entries.len() < seals.len(), "some seals never became durable");
    let written: HashSet<String> = opened(&rows).into_iter().map(|entry| format!("{entry:?}")).collect();
    let is_there = |ack: &String| (0..GROUP).all(|i| written.contains(&format!("{:?}", note(&format!("{ack}/{i}")))));
    assert!(acknowledged.iter().all(is_there), "an acknowledged group is lost");
    println!(
        "measured: {kills} kills and 13 planned deaths between seal, commit and acknowledgement: {} seals, {} durable, \
         {} groups acknowledged and 0 lost; no key and nonce met two plaintexts",
        seals.len(),
        entries.len(),
        acknowledged.len()
    );
}
