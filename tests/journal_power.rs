//! A journal whose plug is pulled loses nothing that was acknowledged.
//!
//! A writer runs under Debian's kernel with ext4 on a disk whose every write is logged. Cuts are made from the log
//! afterwards: everything up to the last flush is there, and of what came later any part. The same log tells what one
//! entry costs the disk, and is searched for what must never have touched it.
#![expect(clippy::unwrap_used, reason = "a test and its helpers may say what they mean; clippy knows only the former")]

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::Path;
use std::time::Duration;

use checkpoint_tests::chance::Chance;
use checkpoint_tests::cut::{self, Log};
use checkpoint_tests::guest::{Guest, Plan};
use checkpoint_tests::{is_long, measured, scribe};
use hq::ledger::Ledger;
use hq::open::{Crossings, Filter, Opener};
use journal::{Journal, Opening, verify_by};
use wire::row::{Batch, Row, RowKind};

/// Cuts of one run, and of the long one.
const CUTS: (usize, usize) = (60, 1200);

/// What is written: groups as traffic makes them, starts between them, and in the end what is measured.
const STEPS: &str = "40x1 restart 10x3 25x8 restart 1x64 30x1 6x40 restart 20x5 restart 600x8";

/// Commits of eight entries at the end of [`STEPS`], before the measurement begins: the write-ahead log has been round.
const WARM: usize = 300;

/// Mebibytes of the box's disk.
const DISK: u64 = 32;

/// How long the machine may take until it has begun, and for all it writes; without the host's help it is slow.
const PATIENCE: Duration = Duration::from_secs(300);

/// What the machine did.
struct Run {
    folder: tempfile::TempDir,
    log: Log,
    /// Every row that was written, and nothing else.
    truth: Vec<Row>,
    /// For each acknowledgement its sequence, and the first entry of the log that was certainly written after it.
    acknowledged: Vec<(u64, usize)>,
}

#[test]
fn what_was_acknowledged_is_there_wherever_the_power_goes() {
    let run = run();
    cut_at_random(&run);
    weigh(&run);
    nothing_readable_touched_the_disk(&run);
}

fn run() -> Run {
    let folder = tempfile::tempdir().unwrap();
    let (image, before) = (folder.path().join("disk"), folder.path().join("disk.before"));
    fs::create_dir(folder.path().join("empty")).unwrap();
    cut::disk_of(&folder.path().join("empty"), &image, DISK);
    fs::copy(&image, &before).unwrap();
    let script = format!("/bin/busybox mkdir /data/data\n/journal-writer /data/data/journal.db {STEPS}");
    let files = [(env!("CARGO_BIN_EXE_journal-writer").into(), "/journal-writer".to_owned())];
    let mut guest = Guest::start(&Plan { script: &script, files: &files, disk: &image, folder: folder.path() });
    guest.says("DONE", PATIENCE);
    let acks: Vec<u64> = guest.said("ACK ").map(|sequence| sequence.parse().unwrap()).collect();
    let log = guest.ends(PATIENCE);
    let data = cut::recovered(&image, "/data", &folder.path().join("whole"));
    let truth = scribe::rows(&data.join("journal.db"));
    assert_eq!(acks.last(), truth.last().map(|row| &row.sequence), "the last row was acknowledged");
    measured(&format!(
        "a journal on ext4 under Debian's kernel: {} commits, {} rows; {} writes, {} flushes",
        acks.len(),
        truth.len(),
        log.entries(),
        log.flushes()
    ));
    // The next commit's rows were made after the acknowledgement: whatever holds one of them was written after it.
    let first = first_written(&log, &truth);
    let after = |sequence: u64| truth.get(sequence as usize).map_or(log.entries(), |row| first[&row.sequence]);
    let acknowledged = acks.iter().map(|sequence| (*sequence, after(*sequence))).collect();
    Run { folder, log, truth, acknowledged }
}

/// For each row, the first write that holds its body.
fn first_written(log: &Log, rows: &[Row]) -> HashMap<u64, usize> {
    // Signed rows begin alike; sealed bytes and signatures do not.
    let mark = |row: &Row| -> [u8; 16] { row.body[row.body.len() - 16..].try_into().unwrap() };
    let marks: HashMap<[u8; 16], u64> = rows.iter().map(|row| (mark(row), row.sequence)).collect();
    let starts: HashSet<[u8; 2]> = marks.keys().map(|mark| [mark[0], mark[1]]).collect();
    let mut first = HashMap::new();
    for entry in 0..log.entries() {
        for window in log.written(entry).windows(16).filter(|window| starts.contains(&window[..2])) {
            if let Some(sequence) = marks.get(window) {
                first.entry(*sequence).or_insert(entry);
            }
        }
    }
    assert_eq!(first.len(), rows.len(), "every row is somewhere in the log");
    first
}

fn cut_at_random(run: &Run) {
    let Run { folder, log, truth, acknowledged } = run;
    let path = |name: &str| folder.path().join(name);
    let mut chance = Chance::drawn("power cuts of the journal");
    let cuts = if is_long() { CUTS.1 } else { CUTS.0 };
    let author = scribe::author();
    let encapsulated = |row: &Row| Opening::verified(row, &author).map(|opening| opening.encapsulated);
    let mut used: HashSet<_> = truth.iter().filter_map(encapsulated).collect();
    let (mut lost, mut promised_in_all, mut beyond) = (0, 0, 0);
    for _ in 0..cuts {
        fs::copy(path("disk.before"), path("disk.cut")).unwrap();
        // Most writes are flushed at once: of three moments the one with the most at stake.
        let moments = [(); 3].map(|()| chance.within(1..log.entries() + 1));
        let at = moments.into_iter().max_by_key(|at| log.unflushed(*at)).unwrap();
        lost += log.cut(&path("disk.cut"), at, &mut chance);
        let promised = acknowledged.iter().rfind(|(_, after)| *after < at).map_or(0, |(sequence, _)| *sequence);
        let data = cut::recovered(&path("disk.cut"), "/data", &path("recovered"));
        let file = data.join("journal.db");
        if promised == 0 && !data.exists() {
            continue;
        }
        let mut journal = Journal::open(&file, scribe::identity()).unwrap_or_else(|why| panic!("cut at {at}: {why:?}"));
        let head = journal.head().sequence;
        assert!(head >= promised, "cut at {at}: row {promised} was acknowledged, and {head} is the last");
        let there = scribe::rows(&file);
        assert!(there == truth[..there.len()] && there.len() as u64 == head, "cut at {at}: other rows than written");
        promised_in_all += promised;
        beyond += usize::from(head > promised);
        journal.append(&[scribe::entry(1)], scribe::at(1)).unwrap();
        drop(journal);
        let report = verify_by(&file, &author).unwrap();
        assert_eq!((report.fault, report.sound as u64, report.quarantined), (None, head + 2, 0), "cut at {at}");
        let rows = scribe::rows(&file);
        let opening = &rows[head as usize];
        assert_eq!(opening.kind, RowKind::Opening);
        assert!(truth.iter().all(|row| row.epoch != opening.epoch), "cut at {at}: an epoch goes on");
        assert!(used.insert(encapsulated(opening).unwrap()), "cut at {at}: an encapsulation was used again");
        if chance.once_in(20) {
            assert_eq!(opened(&rows, &path("hq")), rows.iter().filter(|row| row.kind == RowKind::Entry).count());
        }
    }
    assert!(lost > 0, "no write was lost: that was no power cut");
    assert!(promised_in_all > 0);
    measured(&format!(
        "power cuts of the journal: {cuts}, {lost} writes lost; of {promised_in_all} acknowledged rows 0 lost, chain \
         whole and the next epoch fresh every time; {beyond} times rows were there that had not been acknowledged yet"
    ));
}

/// How many crossings HQ opens in these rows; anything amiss fails.
fn opened(rows: &[Row], folder: &Path) -> usize {
    let _ = fs::remove_dir_all(folder);
    fs::create_dir(folder).unwrap();
    let author = scribe::author();
    let (ledger, crossings) = (folder.join("ledger.db"), folder.join("crossings.db"));
    let batch = Batch { region: author.region.clone(), from: author.name.clone(), rows: rows.to_vec() };
    let accepted = Ledger::open(&ledger, &author.region).unwrap().accept(&batch, &author.key, 0).unwrap();
    assert_eq!((accepted.new, accepted.damaged), (rows.len() as u64, 0));
    let opened = Opener::open(&ledger, &crossings, &author.region, &[&scribe::SEALING]).unwrap().catch_up(0).unwrap();
    assert_eq!((opened.damaged, opened.waiting.len()), (0, 0));
    assert!(Crossings::open(&crossings).unwrap().counts(&Filter::default()).unwrap().total() > 0);
    opened.entries as usize
}

/// What an entry costs the disk, eight in a commit: every sector that was written between two commits, whatever for.
fn weigh(run: &Run) {
    let Run { log, truth, acknowledged, .. } = run;
    let last = acknowledged.len() - 1;
    let first = last - (600 - WARM);
    let [(from, begins), (to, ends)] = [acknowledged[first], acknowledged[last - 1]];
    let written: usize = (begins..ends).map(|entry| log.written(entry).len()).sum();
    let rows = &truth[from as usize..to as usize];
    let entries: Vec<_> = rows.iter().filter(|row| row.kind == RowKind::Entry).collect();
    assert_eq!(entries.len(), 8 * (last - 1 - first));
    let sealed: usize = entries.iter().map(|row| row.body.len()).sum();
    let plain: usize = (0..100).map(|number| wire::encode(&scribe::entry(number)).len()).sum::<usize>() / 100;
    // As in the peer's figure: the sealed record with what chains it.
    let framed: usize = entries.iter().map(|row| wire::encode(*row).len()).sum();
    let ratio = written as f64 / framed as f64;
    measured(&format!(
        "bytes written to the device at 8 entries a commit: {} an entry, {ratio:.1} times its sealed row of {} bytes \
         ({} of them the seal's body, {:.1} times that)",
        written / entries.len(),
        framed / entries.len(),
        sealed / entries.len(),
        written as f64 / sealed as f64
    ));
    // 16 bytes for the tag; the rest of the body is the entry and its padding.
    let tag = entries.iter().map(|row| row.body.len() % 128).max().unwrap();
    measured(&format!("sealing: {tag} bytes an entry, on {plain} of plaintext before its padding"));
    assert!(tag <= 16);
    assert!(ratio <= 8.5, "{ratio:.2} times the sealed row");
}

/// Not one of the crossings stands anywhere in what was ever written to the disk.
fn nothing_readable_touched_the_disk(run: &Run) {
    let Run { log, truth, .. } = run;
    let count = truth.iter().filter(|row| row.kind == RowKind::Entry).count() as u64;
    let told = |number: u64| {
        let crossing = scribe::crossing(number);
        [
            crossing.pass_id.unwrap(),
            crossing.plate_seen.unwrap().into_bytes(),
            crossing.plate_bound.unwrap().into_bytes(),
        ]
    };
    let secrets: HashSet<Vec<u8>> = (0..count).flat_map(told).collect();
    let starts: HashSet<[u8; 2]> = secrets.iter().map(|secret| [secret[0], secret[1]]).collect();
    let lengths: HashSet<usize> = secrets.iter().map(Vec::len).collect();
    let holds = |bytes: &[u8]| {
        (0..bytes.len().saturating_sub(1)).filter(|at| starts.contains(&bytes[*at..*at + 2])).any(|at| {
            lengths.iter().any(|length| bytes.get(at..at + length).is_some_and(|window| secrets.contains(window)))
        })
    };
    assert!(holds(&[&[7; 99], &told(count - 1)[1][..]].concat()), "a plate that is there is found");
    let (mut bytes, mut found) = (0, 0);
    for entry in 0..log.entries() {
        let written = log.written(entry);
        bytes += written.len();
        found += usize::from(holds(&written));
    }
    assert_eq!(found, 0, "pass ids or plates were written to the disk");
    measured(&format!(
        "of {count} crossings no pass id and no plate in {bytes} bytes that were ever written to the disk"
    ));
}
