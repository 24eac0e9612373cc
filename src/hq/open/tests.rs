use std::path::PathBuf;

use rusqlite::Connection;
use wire::entry::{Action, Arrival, Closing, Crossing, Entry, How, Outcome, PlateSource, Shift, ShiftAct};
use wire::row::Batch;
use wire::{BoxId, ClockTrust, WallTime};

use super::{ArrivalRecord, Crossings, Filter, Opened, Opener, ShiftRecord, put};
use crate::ledger::tests::{Hq, NOW, Post, note, region, sealing};

fn at(ms: i64) -> WallTime {
    WallTime { unix_ms: ms, trust: ClockTrust::Signed }
}

fn crossing(id: u8, ms: i64, outcome: Outcome, reasons: &[u16]) -> Crossing {
    Crossing {
        format: Some("MP1".into()),
        issuer: Some("RU-TVE".into()),
        pass_id: Some(vec![id; 12]),
        kind: Some(7),
        plate_seen: Some(format!("A{id:03}BC69")),
        plate_bound: Some("?123??69".into()),
        reasons: reasons.to_vec(),
        release: 12,
        release_age: 3600,
        read_us: 21_000,
        judge_us: 310,
        plate_source: Some(PlateSource::Feed),
        shift: Some("Лось-2".into()),
        use_window: Some(1),
        how: Some(How::Camera),
        ..Crossing::new([id; 8], at(ms), outcome)
    }
}

struct Desk {
    hq: Hq,
    opener: Option<Opener>,
}

impl Desk {
    fn new() -> Self {
        Self { hq: Hq::new(), opener: None }
    }

    fn file(&self) -> PathBuf {
        self.hq.folder.path().join("crossings.db")
    }

    /// Opens what is new, with the opener as it stands or with one that has just started.
    fn catch_up(&mut self, anew: bool) -> Opened {
        if anew || self.opener.is_none() {
            let (secret, _) = sealing();
            self.opener = Some(Opener::open(&self.hq.path(), &self.file(), &region(), &[&secret]).unwrap());
        }
        self.opener.as_mut().unwrap().catch_up(99).unwrap()
    }

    fn found(&self) -> Crossings {
        Crossings::open(&self.file()).unwrap()
    }

    /// Rows that do not open as they should, with why.
    fn damage(&self) -> Vec<(u64, String)> {
        let mut damage: Vec<_> =
            self.found().damage(1000).unwrap().into_iter().map(|damage| (damage.sequence, damage.problem)).collect();
        damage.sort();
        damage
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = self.found().notes(None, 10_000).unwrap();
        notes.sort_by_key(|note| (note.name.clone(), note.sequence));
        notes.into_iter().map(|note| note.note.detail).collect()
    }
}

fn found_name() -> BoxId {
    "post-1".parse().unwrap()
}

#[test]
fn a_database_of_the_layout_before_keeps_what_it_holds_and_takes_what_is_new() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crossings.db");
    put::connect(&path).unwrap();
    let db = Connection::open(&path).unwrap();
    let columns =
        [("crossing", "plate_source"), ("crossing", "shift"), ("crossing", "use_window"), ("crossing", "how")];
    for (table, column) in columns.into_iter().chain([("closing", "why"), ("closing", "shift")]) {
        db.execute_batch(&format!("ALTER TABLE {table} DROP COLUMN {column};")).unwrap();
    }
    db.execute_batch(
        "DROP TABLE arrival; DROP TABLE shift; INSERT INTO closing VALUES ('post-1', x'01', 1, 'rtc', 0);",
    )
    .unwrap();
    db.pragma_update(None, "user_version", 2).unwrap();
    drop(db);
    let db = put::connect(&path).unwrap();
    let kept: (i64, Option<String>) =
        db.query_row("SELECT action, why FROM closing", [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    assert_eq!(kept, (0, None));
    assert_eq!(db.query_row("SELECT count(*) FROM arrival", [], |row| row.get::<_, i64>(0)).unwrap(), 0);
}

#[test]
fn what_a_box_wrote_is_found_at_hq_as_it_was() {
    let (post, mut desk) = (Post::new("post-1", 1), Desk::new());
    let green = crossing(1, 1000, Outcome::Admit, &[]);
    let red = crossing(2, 2000, Outcome::Refuse, &[40, 7]);
    let closing = Closing {
        why: Some("freight".into()),
        shift: Some("Лось-2".into()),
        ..Closing::new(green.id, at(1500), Action::Exempted)
    };
    let arrival = Arrival {
        id: [3; 8],
        at: at(3000),
        plate: Some("A123BC71".into()),
        purpose: "home".into(),
        settlement: "Венёв".into(),
        house: "12-3".into(),
        days: 14,
        shift: Some("Лось-2".into()),
        minutes: None,
    };
    let shift = Shift { at: at(500), lane: 0, pseudonym: "Лось-2".into(), act: ShiftAct::WrongPin, tries: Some(2) };
    post.write(&[
        Entry::Crossing(green.clone()),
        Entry::Closing(closing.clone()),
        Entry::Crossing(red.clone()),
        Entry::Arrival(arrival.clone()),
        Entry::Shift(shift.clone()),
        note("started"),
    ]);
    desk.hq.take(&post, &post.rows());
    let opened = desk.catch_up(false);
    assert_eq!((opened.rows, opened.entries, opened.damaged, opened.waiting), (8, 6, 0, vec![]));
    let name = found_name();
    assert_eq!(desk.found().arrivals(10).unwrap(), [ArrivalRecord { name: name.clone(), arrival }]);
    assert_eq!(desk.found().shifts(10).unwrap(), [ShiftRecord { name, shift }]);
    let found = desk.found().crossings(&Filter::default(), 10).unwrap();
    assert_eq!(found.len(), 2);
    assert_eq!((&found[0].crossing, &found[0].closing), (&red, &None));
    assert_eq!((&found[1].crossing, &found[1].closing), (&green, &Some(closing)));
    assert_eq!((found[1].name.as_str(), found[1].sequence, found[1].judged), ("post-1", 2, 1));
    assert_eq!(desk.notes(), ["started"]);
    assert_eq!(desk.damage(), []);
}

#[test]
fn a_vehicle_judged_again_keeps_its_line_and_the_last_verdict_counts() {
    let (post, mut desk) = (Post::new("post-1", 1), Desk::new());
    post.write(&[Entry::Crossing(crossing(1, 1000, Outcome::Check, &[3, 4]))]);
    desk.hq.take(&post, &post.rows());
    desk.catch_up(false);
    post.write(&[Entry::Crossing(crossing(1, 1200, Outcome::Admit, &[4]))]);
    desk.hq.take(&post, &post.rows());
    desk.catch_up(false);
    let found = desk.found().crossings(&Filter::default(), 10).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].judged, found[0].crossing.outcome, found[0].crossing.reasons.clone()),
        (2, Outcome::Admit, vec![4])
    );
}

#[test]
fn crossings_are_found_by_each_of_their_marks_and_counted() {
    let (post, other, mut desk) = (Post::new("post-1", 1), Post::new("post-2", 2), Desk::new());
    let foreign = Crossing { issuer: Some("DE".into()), kind: Some(1001), ..crossing(4, 4000, Outcome::Refuse, &[40]) };
    post.write(&[
        Entry::Crossing(crossing(1, 1000, Outcome::Admit, &[])),
        Entry::Crossing(crossing(2, 2000, Outcome::Check, &[7])),
        Entry::Crossing(crossing(3, 3000, Outcome::Refuse, &[40, 7])),
    ]);
    other.write(&[Entry::Crossing(foreign)]);
    desk.hq.take(&post, &post.rows());
    desk.hq.take(&other, &other.rows());
    desk.catch_up(false);
    let found = desk.found();
    let ids = |filter: Filter| -> Vec<u8> {
        found.crossings(&filter, 10).unwrap().iter().map(|record| record.crossing.id[0]).collect()
    };
    assert_eq!(ids(Filter::default()), [4, 3, 2, 1]);
    assert_eq!(ids(Filter { name: Some("post-2".parse().unwrap()), ..Filter::default() }), [4]);
    assert_eq!(ids(Filter { outcome: Some(Outcome::Refuse), ..Filter::default() }), [4, 3]);
    assert_eq!(ids(Filter { reason: Some(7), ..Filter::default() }), [3, 2]);
    assert_eq!(ids(Filter { plate: Some("а 003 вс".into()), ..Filter::default() }), [3]);
    assert_eq!(ids(Filter { issuer: Some("DE".into()), ..Filter::default() }), [4]);
    assert_eq!(ids(Filter { kind: Some(7), ..Filter::default() }), [3, 2, 1]);
    assert_eq!(ids(Filter { from: Some(2000), before: Some(4000), ..Filter::default() }), [3, 2]);
    assert_eq!(found.crossings(&Filter::default(), 1).unwrap().len(), 1);
    let counts = found.counts(&Filter::default()).unwrap();
    assert_eq!((counts.admit, counts.check, counts.refuse, counts.total()), (1, 1, 2, 4));
    assert_eq!(counts.reasons, [(7, 2), (40, 2)]);
    let red = found.counts(&Filter { outcome: Some(Outcome::Refuse), ..Filter::default() }).unwrap();
    assert_eq!((red.total(), red.reasons), (2, vec![(40, 2), (7, 1)]));
}

#[test]
fn opening_goes_on_where_it_left_off_even_in_the_middle_of_an_epoch() {
    let (post, mut desk) = (Post::new("post-1", 1), Desk::new());
    let mut journal = post.start();
    let mut written = Vec::new();
    for i in 0..200 {
        let detail = i.to_string();
        journal.append(&[note(&detail)], NOW).unwrap();
        written.push(detail);
        if i % 7 == 0 {
            let rows = post.rows();
            desk.hq.take(&post, &rows);
            let opened = desk.catch_up(i % 2 == 0);
            assert_eq!(opened.damaged, 0);
            assert_eq!(desk.catch_up(true), Opened::default());
        }
    }
    desk.hq.take(&post, &post.rows());
    desk.catch_up(true);
    assert_eq!(desk.notes(), written);
    assert_eq!(desk.damage(), []);
}

#[test]
fn one_damaged_row_costs_one_entry() {
    for column in ["body", "chain", "epoch_counter", "kind"] {
        for anew in [false, true] {
            let (post, mut desk) = (Post::new("post-1", 1), Desk::new());
            post.write_notes(10);
            post.damage(column, 5);
            let rows = post.rows();
            desk.hq.take(&post, &rows[..7]);
            desk.catch_up(anew);
            desk.hq.take(&post, &rows[5..]);
            desk.catch_up(anew);
            assert_eq!(desk.damage(), [(5, "damaged".to_owned())], "{column}");
            assert_eq!(desk.notes(), ["0", "1", "2", "4", "5", "6", "7", "8", "9"], "{column}");
        }
    }
}

#[test]
fn a_row_whose_mac_does_not_hold_is_opened_and_reported() {
    let (post, mut desk) = (Post::new("post-1", 1), Desk::new());
    post.write_notes(4);
    post.damage("mac", 3);
    desk.hq.take(&post, &post.rows());
    desk.catch_up(false);
    assert_eq!(desk.damage(), [(3, "mac".to_owned())]);
    assert_eq!(desk.notes().len(), 4);
}

/// Who steals a box has its signing key, and can write a chain that holds and is signed. But the keys of rows
/// before the theft are gone from it, so the rows he makes up in their place have no right MAC.
#[test]
fn rows_rewritten_by_a_thief_of_the_box_are_reported() {
    let (post, mut desk) = (Post::new("post-1", 1), Desk::new());
    post.write_notes(6);
    let mut rows = post.rows();
    let author = journal::Author { region: region(), name: "post-1".parse().unwrap(), key: post.key() };
    rows.truncate(6);
    // He cannot seal under the old key either, so he drops row 3 and closes the chain behind it.
    rows.remove(2);
    let mut place = journal::Place::of(&rows[1]);
    for row in &mut rows[2..] {
        row.sequence -= 1;
        row.chain = journal::chain::link(&place.chain, row);
        place = journal::chain::follow(&place, row, &author).unwrap();
    }
    desk.hq.take(&post, &rows);
    desk.catch_up(false);
    let damage = desk.damage();
    for sequence in 3..=5 {
        assert!(damage.contains(&(sequence, "mac".to_owned())), "{damage:?}");
        assert!(damage.contains(&(sequence, "seal".to_owned())), "{damage:?}");
    }
    assert_eq!(desk.notes(), ["0"]);
}

#[test]
fn what_is_sealed_to_a_key_that_is_not_here_waits_for_it() {
    let (post, mut desk) = (Post::new("post-1", 1), Desk::new());
    post.write_notes(2);
    desk.hq.take(&post, &post.rows());
    let without =
        |keys: &[&[u8; 32]]| Opener::open(&desk.hq.path(), &desk.file(), &region(), keys).unwrap().catch_up(0).unwrap();
    let opened = without(&[&[77; 32]]);
    assert_eq!((opened.entries, opened.damaged), (0, 0));
    assert_eq!(opened.waiting, [("post-1".parse().unwrap(), sealing().1)]);
    assert_eq!(without(&[&[77; 32], &sealing().0]).entries, 2);
    assert_eq!(desk.catch_up(true), Opened::default());
}

#[test]
fn what_was_lost_is_opened_again_from_the_ledger() {
    let (post, mut desk) = (Post::new("post-1", 1), Desk::new());
    post.write_notes(30);
    desk.hq.take(&post, &post.rows());
    desk.catch_up(false);
    let before = desk.notes();
    desk.opener = None;
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(desk.hq.folder.path().join(format!("crossings.db{suffix}")));
    }
    desk.catch_up(true);
    assert_eq!(desk.notes(), before);
}

#[test]
fn nothing_opened_stands_in_the_ledger() {
    let (post, mut desk) = (Post::new("post-1", 1), Desk::new());
    let seen = crossing(5, 1000, Outcome::Admit, &[]);
    post.write(&[Entry::Crossing(seen.clone())]);
    desk.hq.take(&post, &post.rows());
    desk.catch_up(false);
    // Out of the write-ahead log, where a search of the file finds it.
    let db = Connection::open(desk.hq.path()).unwrap();
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    for file in [desk.hq.path(), post.path()] {
        let bytes = std::fs::read(file).unwrap();
        let plate = seen.plate_seen.as_ref().unwrap().as_bytes();
        assert!(!bytes.windows(plate.len()).any(|window| window == plate));
    }
}

/// Also prints the example of `docs/formats/journal.md` anew, for when the format changes.
#[test]
fn the_example_of_the_page_can_be_made_anew() {
    let post = Post::new("post-1", 1);
    let entry = Entry::Crossing(crossing(1, 1_588_334_400_000, Outcome::Refuse, &[40, 7]));
    post.write(std::slice::from_ref(&entry));
    for row in post.rows() {
        println!("{}\n", hex(&wire::encode(&row)));
    }
    println!("{}", hex(&wire::encode(&entry)));
    println!("private {} public {} device {}", hex(&sealing().0), hex(&sealing().1), hex(&post.key().to_bytes()));
    assert_eq!(opened(&post.rows(), post.key(), &sealing().0), entry);
}

#[test]
fn the_example_of_the_page_is_checked_and_opened_with_nothing_but_the_page() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/formats/journal.md");
    let page = std::fs::read_to_string(path).unwrap();
    let block = |heading: &str| -> Vec<u8> {
        let (_, rest) = page.split_once(&format!("### {heading}\n")).unwrap();
        let digits: String = rest.split("```").nth(1).unwrap().split_whitespace().collect();
        (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
    };
    let rows = ["Opening", "Sealed entry", "Checkpoint"].map(|heading| {
        let bytes = block(heading);
        let row: wire::row::Row = wire::decode(&bytes, "row").unwrap();
        assert_eq!(wire::encode(&row), bytes);
        row
    });
    let key = ed25519_dalek::VerifyingKey::from_bytes(&block("Box").try_into().unwrap()).unwrap();
    let secret: [u8; 32] = block("HQ's private key").try_into().unwrap();
    let expected: Entry = wire::decode(&block("The entry"), "entry").unwrap();
    assert_eq!(opened(&rows, key, &secret), expected);
}

/// The one crossing in a box's rows, checked and opened as HQ does it.
fn opened(rows: &[wire::row::Row], key: ed25519_dalek::VerifyingKey, secret: &[u8; 32]) -> Entry {
    let batch = Batch { region: region(), from: "post-1".parse().unwrap(), rows: rows.to_vec() };
    let mut hq = Hq::new();
    assert_eq!(hq.ledger.accept(&batch, &key, 0).unwrap().new, rows.len() as u64);
    let crossings = hq.folder.path().join("crossings.db");
    let opened = Opener::open(&hq.path(), &crossings, &region(), &[secret]).unwrap().catch_up(0).unwrap();
    assert_eq!((opened.entries, opened.damaged), (1, 0));
    let found = Crossings::open(&crossings).unwrap().crossings(&Filter::default(), 10).unwrap();
    Entry::Crossing(found[0].crossing.clone())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
