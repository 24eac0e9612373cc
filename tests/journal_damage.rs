//! A byte that flips, a file that ends early: anywhere in a journal's database and in its log. Each is found, or changes
//! nothing of what was acknowledged; none is taken for what was written.
//!
//! What counts as found: the check of the whole journal names a fault or cannot read it; a start sets something aside or
//! refuses; or, where only HQ can tell, HQ does: it checks the MACs, which the chain does not cover, and it knows how
//! far the box was.
#![expect(clippy::unwrap_used, reason = "a test and its helpers may say what they mean; clippy knows only the former")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use checkpoint_tests::chance::Chance;
use checkpoint_tests::{is_long, measured, scribe};
use hq::ledger::{Accepted, Ledger};
use hq::open::Opener;
use journal::{Error, Journal, Outbox, verify_by};
use wire::row::{Batch, Row};

/// Flips, and cuts, of one run and of the long one.
const CASES: (usize, usize) = (1500, 20_000);

/// One in so many journals in which damage was found goes on at HQ as well.
const AT_HQ: usize = 25;

const DATABASE: &str = "journal.db";
const LOG: &str = "journal.db-wal";

/// A journal as it lies on a card.
struct Card {
    files: BTreeMap<&'static str, Vec<u8>>,
    truth: Vec<Row>,
    settled: u64,
    /// Lengths of the log behind each commit.
    commits: Vec<usize>,
}

/// Bytes of a page of the log with its header.
const FRAME: usize = 24 + 4096;

/// What becomes of one damage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Found {
    /// Everything acknowledged is there, as it was.
    Whole,
    /// The check of the whole journal, or the start.
    OnTheBox,
    /// Only HQ: by the MAC of a row.
    ByItsMac,
    /// Only HQ: the log ends exactly behind an earlier commit, or between two pages of one.
    ByItsHead,
}

#[test]
fn a_flipped_byte_anywhere_is_found_or_changes_nothing() {
    let (closed, running) = (closed(), running());
    let mut chance = Chance::drawn("flipped bytes");
    try_all("flipped bytes", &mut chance, |chance| {
        let (card, file) = one_of(chance, &closed, &running);
        let at = chance.below(card.files[file].len());
        let by = chance.within(1..256) as u8;
        let mut bytes = card.files[file].clone();
        bytes[at] ^= by;
        (card, file, bytes, format!("byte {at} of {file} by {by:#04x}"))
    });
}

#[test]
fn a_cut_at_any_offset_is_found_or_loses_nothing() {
    let (closed, running) = (closed(), running());
    let mut chance = Chance::drawn("cut files");
    // Behind each commit first: there nothing on the box can tell.
    let mut commits = running.commits[..running.commits.len() - 1].iter();
    try_all("cut files", &mut chance, |chance| {
        if let Some(at) = commits.next() {
            return (&running, LOG, running.files[LOG][..*at].to_vec(), format!("{LOG} cut at {at}"));
        }
        let (card, file) = one_of(chance, &closed, &running);
        let at = chance.below(card.files[file].len());
        (card, file, card.files[file][..at].to_vec(), format!("{file} cut at {at}"))
    });
}

/// Every file is damaged as often as it is long.
fn one_of<'c>(chance: &mut Chance, closed: &'c Card, running: &'c Card) -> (&'c Card, &'static str) {
    let all = [(closed, DATABASE), (running, DATABASE), (running, LOG)];
    let mut at = chance.below(all.iter().map(|(card, file)| card.files[file].len()).sum());
    for (card, file) in all {
        let length = card.files[file].len();
        if at < length {
            return (card, file);
        }
        at -= length;
    }
    unreachable!("it lies below the sum")
}

/// A journal with two starts behind it, receipts, and its writer ended.
fn closed() -> Card {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(DATABASE);
    write(&path, 0, 20);
    let mut journal = write(&path, 100, 12);
    let settled = scribe::rows(&path)[9].clone();
    journal.settle(&scribe::receipt(&settled), scribe::at(0), std::time::Duration::MAX).unwrap();
    journal.sign(scribe::at(0)).unwrap();
    drop(journal);
    card(folder.path(), Vec::new())
}

/// The same, taken from a card while the box runs: most stands in the log.
fn running() -> Card {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(DATABASE);
    write(&path, 0, 10);
    let mut journal = write(&path, 100, 0);
    for number in 0..16 {
        journal.append(&[scribe::entry(200 + number)], scribe::at(number)).unwrap();
    }
    let card = card(folder.path(), commits(&fs::read(folder.path().join(LOG)).unwrap()));
    drop(journal);
    card
}

/// Where the commits of a log end: behind every frame that names the size of the database, as far as the log's salt goes
/// (SQLite's file format, section 4). Its length says less: a log that is begun anew keeps the length it had.
fn commits(log: &[u8]) -> Vec<usize> {
    let frames = log[32..].chunks_exact(FRAME).enumerate();
    let of_this_log = frames.take_while(|(_, frame)| frame[8..16] == log[16..24]);
    of_this_log.filter(|(_, frame)| frame[4..8] != [0; 4]).map(|(at, _)| 32 + (at + 1) * FRAME).collect()
}

fn write(path: &Path, from: u64, entries: u64) -> Journal {
    let mut journal = Journal::open(path, scribe::identity()).unwrap();
    for number in from..from + entries {
        journal.append(&[scribe::entry(number)], scribe::at(number)).unwrap();
    }
    journal
}

fn card(folder: &Path, commits: Vec<usize>) -> Card {
    let read = |name: &&str| fs::read(folder.join(name)).ok();
    let names = [DATABASE, LOG, "journal.lock"];
    let files = names.iter().filter_map(|name| Some((*name, read(name)?))).collect();
    let path = folder.join(DATABASE);
    Card { files, truth: scribe::rows(&path), settled: Outbox::open(&path).unwrap().settled().unwrap(), commits }
}

fn try_all<'c>(
    what: &str,
    chance: &mut Chance,
    mut damage: impl FnMut(&mut Chance) -> (&'c Card, &'static str, Vec<u8>, String),
) {
    // In memory: nothing here asks for durability.
    let shared = Path::new("/dev/shm");
    let folder = if shared.is_dir() { tempfile::tempdir_in(shared) } else { tempfile::tempdir() }.unwrap();
    let cases = if is_long() { CASES.1 } else { CASES.0 };
    let mut found: BTreeMap<(&str, Found), usize> = BTreeMap::new();
    let mut accepted = Vec::new();
    for _ in 0..cases {
        let (card, file, bytes, how) = damage(chance);
        match look(card, file, &bytes, folder.path(), chance.once_in(AT_HQ)) {
            Ok(one) => *found.entry((if file == LOG { "log" } else { "database" }, one)).or_default() += 1,
            Err(why) => accepted.push(format!("{how}: {why}")),
        }
    }
    assert!(accepted.is_empty(), "{} of {cases} were taken for sound:\n{}", accepted.len(), accepted.join("\n"));
    let of = |one| found.iter().filter(|((_, found), _)| *found == one).map(|(_, count)| count).sum::<usize>();
    assert!(of(Found::Whole) > 0 && of(Found::OnTheBox) > 0);
    measured(&format!(
        "{what}: {cases}, taken for sound 0; found on the box {}, by HQ from a MAC {}, by HQ from its head {}; nothing \
         acknowledged changed {}",
        of(Found::OnTheBox),
        of(Found::ByItsMac),
        of(Found::ByItsHead),
        of(Found::Whole)
    ));
}

/// Puts a damaged card into a box and looks what comes of it.
fn look(card: &Card, file: &str, bytes: &[u8], folder: &Path, at_hq: bool) -> Result<Found, String> {
    let _ = fs::remove_dir_all(folder);
    fs::create_dir(folder).unwrap();
    for (name, good) in &card.files {
        fs::write(folder.join(name), if *name == file { bytes } else { good }).unwrap();
    }
    let path = folder.join(DATABASE);
    let checked = verify_by(&path, &scribe::author());
    let mut is_found = checked.is_err() || checked.is_ok_and(|report| report.fault.is_some());
    let mut journal = match Journal::open(&path, scribe::identity()) {
        Ok(journal) => journal,
        // The version stands in the header: a flip there reads as another version's journal.
        Err(Error::Layout { .. }) => return Ok(Found::OnTheBox),
        Err(error) => return Err(format!("it does not start: {error:?}")),
    };
    // What a start has set aside.
    let kept = ["journal.db.damaged-1", "journal.db.torn-wal"].iter().any(|name| folder.join(name).exists());
    let (report, rows) = (verify_by(&path, &scribe::author()), scribe::read(&path));
    is_found |= kept || !report.as_ref().is_ok_and(|report| report.fault.is_none() && report.quarantined == 0);
    is_found |= rows.is_err();
    let rows = rows.unwrap_or_default();
    let settled = Outbox::open(&path).and_then(|outbox| outbox.settled());

    // What the box goes on with must not be other than what was written, whatever else is known of it.
    let sound = report.map_or(0, |report| report.sound);
    let mut other_macs = 0;
    for row in &rows[..sound.min(rows.len())] {
        let written = card.truth.iter().find(|written| written.sequence == row.sequence);
        if written.is_none_or(|written| written.chain != row.chain || written.body != row.body) {
            return Err(format!("row {} is called sound, and was never written", row.sequence));
        }
        other_macs += usize::from(written.is_some_and(|written| written.mac != row.mac));
    }
    let is_short = rows.len() < card.truth.len();
    let is_whole = !is_short && other_macs == 0 && rows == card.truth && settled.ok() == Some(card.settled);

    let went_on = journal.append(&[scribe::entry(9)], scribe::at(9)).or_else(|_| {
        // Damage that shows only when a page is needed: the next start finds it.
        is_found = true;
        drop(journal);
        Journal::open(&path, scribe::identity())?.append(&[scribe::entry(9)], scribe::at(9))
    });
    went_on.map_err(|error| format!("it does not go on: {error:?}"))?;
    // Between two frames a log ends as one does whose power went in the middle of a commit.
    let ends_at_a_frame = file == LOG && (bytes.len() <= 32 || (bytes.len() - 32).is_multiple_of(FRAME));
    match () {
        () if is_whole => Ok(Found::Whole),
        () if is_found => {
            // A log that ends early may have lost what HQ has: there the fork is how it shows.
            if at_hq
                && bytes.len() == card.files[file].len()
                && let Ok(rows) = scribe::read(&path)
            {
                let taken = send(&card.truth, &from_head(&card.truth, rows, &path), folder);
                if taken.forks > 0 || taken.gap.is_some() {
                    return Err(format!("found, but HQ cannot go on with it: {taken:?}"));
                }
            }
            Ok(Found::OnTheBox)
        }
        () if other_macs > 0 && !is_short => {
            let damaged = opened(&rows, &folder.join("hq"));
            if damaged == other_macs { Ok(Found::ByItsMac) } else { Err("HQ does not see the MAC".into()) }
        }
        () if is_short && ends_at_a_frame => {
            let taken = send(&card.truth, &scribe::rows(&path), folder);
            if taken.forks > 0 { Ok(Found::ByItsHead) } else { Err(format!("HQ does not see it: {taken:?}")) }
        }
        () => Err(format!("{} of {} rows, receipt {settled:?}", rows.len(), card.truth.len(), settled = card.settled)),
    }
}

fn ledger(folder: &Path) -> (PathBuf, Ledger) {
    let path = folder.join("ledger.db");
    let ledger = Ledger::open(&path, &scribe::author().region).unwrap();
    (path, ledger)
}

fn take(ledger: &mut Ledger, rows: &[Row]) -> Accepted {
    let author = scribe::author();
    let batch = Batch { region: author.region, from: author.name, rows: rows.to_vec() };
    ledger.accept(&batch, &author.key, 0).unwrap()
}

/// What HQ says when it had everything, and then gets what the box has now.
fn send(before: &[Row], now: &[Row], folder: &Path) -> Accepted {
    let (_, mut ledger) = ledger(folder);
    take(&mut ledger, before);
    // As the link does: from HQ's own head on, or everything that is there when the box does not know that row.
    take(&mut ledger, now)
}

/// What the link sends when HQ's receipt for all of `before` has come: what follows it, if the box has that row, or
/// everything that is there.
fn from_head(before: &[Row], rows: Vec<Row>, path: &Path) -> Vec<Row> {
    let head = before.last().unwrap();
    let outbox = Outbox::open(path).unwrap();
    match outbox.rows_after(head.sequence - 1, 1, usize::MAX) {
        Ok(here) if here.first() == Some(head) => outbox.rows_after(head.sequence, 1000, usize::MAX).unwrap_or(rows),
        _ => rows,
    }
}

/// How many rows HQ finds damaged when it opens these.
fn opened(rows: &[Row], folder: &Path) -> usize {
    fs::create_dir(folder).unwrap();
    let (path, mut ledger) = ledger(folder);
    take(&mut ledger, rows);
    let region = scribe::author().region;
    let mut opener = Opener::open(&path, &folder.join("crossings.db"), &region, &[&scribe::SEALING]).unwrap();
    opener.catch_up(0).unwrap().damaged as usize
}
