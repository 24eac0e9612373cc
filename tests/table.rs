//! What tables cost that hold what is revoked and registered: bytes over what chance allows, look-ups beside SQLite,
//! pages read, memory, and bytes written from minute to minute.
//!
//! In the normal run with a twentieth of a country, in the long run with all of it.
#![expect(clippy::unwrap_used, reason = "a test and its helpers may say what they mean; clippy knows only the former")]

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::Path;

use checkpoint_tests::{is_long, measured};
use rustix::fs::{Advice, fadvise};
use rustix::time::{ClockId, clock_gettime};
use trust::table::{Base, Delta, Key, Shape, Table, Value, delta, fold, write};
use trust::{Bits, StatusList};

/// Revoked passes of a country, and what a box keeps beside them: changes of theirs, entries of status lists, records
/// of a register, changes of one day to it.
const IDS: u64 = 20_000_000;
const CHANGES: u64 = 200_000;
const STATUS: usize = 3_200_000;
const REGISTER: u64 = 900_000;
const DAY: u64 = 400_000;

/// Bytes of a value of the register: with its key 57.
const VALUE: usize = 41;

/// Where keys begin that are in no base.
const OTHERS: u64 = 1 << 40;

const PAGE: f64 = 4096.0;

#[test]
fn a_country_of_revoked_ids_costs_little_more_than_chance_allows() {
    let count = scaled(IDS);
    let desk = tempfile::tempdir().unwrap();
    let path = desk.path().join("ids");
    build(&path, Shape::Set, count);

    let size = fs::metadata(&path).unwrap().len() as f64;
    let bound = bits_of_keys(count) / 8.0;
    let over = size / bound;
    measured(&format!(
        "table of {count} ids: {:.3} bytes an id, {over:.4} of the bound of {:.3}",
        size / count as f64,
        bound / count as f64
    ));
    assert!(over <= 1.02, "{over} of the bound");

    let base = Base::open(File::open(&path).unwrap()).unwrap();
    fold_of_one_percent(base, count, desk.path());
    let base = Base::open(File::open(&path).unwrap()).unwrap();
    cold(&base, &path, count);
    beside_sqlite(&base, count, &desk.path().join("peer"));
}

#[test]
fn a_box_with_a_country_in_it_needs_little_memory() {
    let desk = tempfile::tempdir().unwrap();
    let (ids, register) = (desk.path().join("ids"), desk.path().join("register"));
    build(&ids, Shape::Set, scaled(IDS));
    build(&register, Shape::Map, scaled(REGISTER));
    let logs = [("ids.log", Shape::Set, CHANGES), ("register.log", Shape::Map, DAY)].map(|(name, shape, count)| {
        let path = desk.path().join(name);
        let deltas = minutes(shape, scaled(count), 1440);
        fs::write(&path, framed(&deltas)).unwrap();
        let sizes: Vec<_> = deltas.iter().map(Vec::len).collect();
        (path, sizes)
    });

    let before = resident();
    let mut status = StatusList::new(Bits::Two, STATUS);
    (0..STATUS as u64).step_by(7).for_each(|index| assert!(status.set(index, 1)));
    let [ids, register] = [(&ids, &logs[0]), (&register, &logs[1])].map(|(path, (log, sizes))| {
        let base = Base::open(File::open(path).unwrap()).unwrap();
        let mut table = Table::new(base, File::open(log).unwrap());
        let mut offset = 0;
        for size in sizes {
            let mut payload = vec![0; *size];
            trust::table::Source::read_exact_at(&table.log, &mut payload, offset + 4).unwrap();
            table.overlay.apply(&payload, offset + 4).unwrap();
            offset += 4 + *size as u64;
        }
        table
    });
    for number in 0..20_000 {
        for (table, there, changed) in [(&ids, IDS, CHANGES), (&register, REGISTER, DAY)] {
            assert!(table.get(&drawn(number * 31 % scaled(there) | 1)).unwrap().is_some());
            assert!(table.get(&drawn(OTHERS + number * 17 % (scaled(changed) / 2))).unwrap().is_some());
            assert_eq!(table.get(&drawn(2 * OTHERS + number)).unwrap(), None);
        }
    }
    assert_eq!(status.get(7), Some(1));
    let held = resident().saturating_sub(before) as f64 / 1024.0;
    measured(&format!(
        "table memory: {held:.1} MiB for {} ids with {} changes, {} records with {} changes, {STATUS} entries of lists",
        scaled(IDS),
        scaled(CHANGES),
        scaled(REGISTER),
        scaled(DAY)
    ));
    assert!(held <= 40.0, "{held} MiB");
}

#[test]
fn a_record_that_comes_within_a_minute_is_written_once() {
    let minutes_of_day = if is_long() { 1440 } else { 72 };
    let count = DAY * minutes_of_day / 1440;
    let desk = tempfile::tempdir().unwrap();
    let mut log = File::create(desk.path().join("log")).unwrap();
    let deltas = minutes(Shape::Map, count, minutes_of_day);
    let before = io("write_bytes");
    for delta in &deltas {
        log.write_all(&framed(std::slice::from_ref(delta))).unwrap();
        log.sync_data().unwrap();
    }
    let net = (16 + VALUE) as f64 * count as f64;
    let (carried, written) = (log.metadata().unwrap().len() as f64 / net, (io("write_bytes") - before) as f64 / net);
    measured(&format!(
        "table log: {count} changes of a day, of {} bytes: {carried:.3} bytes carried for each, {written:.2} written",
        16 + VALUE
    ));
    assert!(carried <= 1.01, "{carried}");
    // A file system in memory writes nothing.
    assert!(written <= 1.6, "{written}");
}

/// 1 % of the ids change, half of them go.
fn fold_of_one_percent(base: Base, count: u64, desk: &Path) {
    let half = count / 200;
    let changes = (0..half).flat_map(|at| [(drawn(at * 199), None), (drawn(OTHERS + at), Some(Value::new()))]);
    let payload = delta::encode(&Delta::of(changes), Shape::Set).unwrap();
    let mut table = Table::new(base, Vec::new());
    table.overlay.apply(&payload, 0).unwrap();
    let mut made = Vec::new();
    fold::make(&table, &mut made).unwrap();
    let bound = (bits_of_ranks(count, half) + bits_of_keys(half)) / 8.0;
    let over = made.len() as f64 / bound;
    measured(&format!(
        "table fold of 1 % of {count} ids: {:.2} bytes a change, {over:.4} of the bound",
        made.len() as f64 / (2 * half) as f64
    ));
    assert!(over <= 1.02, "{over} of the bound");

    let [merged, folded] = ["merged", "folded"].map(|name| desk.join(name));
    let mut out = BufWriter::new(File::create(&merged).unwrap());
    table.merge(&mut out).unwrap();
    out.flush().unwrap();
    let fold = desk.join("fold");
    fs::write(&fold, &made).unwrap();
    let (before, started) = (resident(), processor());
    fs::write("/proc/self/clear_refs", "5").unwrap();
    let mut out = BufWriter::new(File::create(&folded).unwrap());
    fold::apply(&table.base, &File::open(&fold).unwrap(), &mut out).unwrap();
    out.flush().unwrap();
    let memory = status("VmHWM").saturating_sub(before) as f64 / 1024.0;
    measured(&format!("table fold applied: {:.2} s of processor time, {memory:.1} MiB more", processor() - started));
    assert!(fs::read(merged).unwrap() == fs::read(folded).unwrap(), "a fold leads elsewhere than its changes");
}

/// How much is read for a look-up when nothing of the file is in memory.
fn cold(base: &Base, path: &Path, count: u64) {
    let file = File::open(path).unwrap();
    file.sync_all().unwrap();
    let mut pages = Vec::new();
    for at in 0..200 {
        fadvise(&file, 0, None, Advice::DontNeed).unwrap();
        let before = io("read_bytes");
        assert!(base.contains(&drawn(at * 7919 % count)).unwrap());
        pages.push((io("read_bytes") - before) as f64 / PAGE);
    }
    let (mean, most) = (pages.iter().sum::<f64>() / pages.len() as f64, pages.iter().copied().fold(0.0, f64::max));
    measured(&format!("table look-up with nothing in memory: {mean:.2} pages, at most {most}"));
    assert!(most <= 2.0, "{most} pages");
}

/// Look-ups of ids, every other one of which is there, in processor time: ours and SQLite's by turns.
fn beside_sqlite(base: &Base, count: u64, path: &Path) {
    let mut db = rusqlite::Connection::open(path).unwrap();
    db.execute_batch(
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -8000; PRAGMA mmap_size = 0;
        CREATE TABLE revoked(id BLOB PRIMARY KEY NOT NULL) WITHOUT ROWID;",
    )
    .unwrap();
    let change = db.transaction().unwrap();
    let mut insert = change.prepare("INSERT INTO revoked VALUES (?1)").unwrap();
    for id in ids(count) {
        insert.execute([&id[..]]).unwrap();
    }
    drop(insert);
    change.commit().unwrap();
    let mut select = db.prepare("SELECT 1 FROM revoked WHERE id = ?1").unwrap();

    let asked: Vec<_> = (0..200_000).map(|at| drawn(at * 7919 % count + at % 2 * OTHERS)).collect();
    let mut best = [f64::MAX; 2];
    // The first round warms both.
    for round in 0..4 {
        let (started, mut found) = (processor(), 0);
        asked.iter().for_each(|id| found += usize::from(base.contains(id).unwrap()));
        let (between, mut same) = (processor(), 0);
        asked.iter().for_each(|id| same += usize::from(select.exists([&id[..]]).unwrap()));
        assert_eq!((found, same), (asked.len() / 2, asked.len() / 2));
        if round > 0 {
            best = [best[0].min(between - started), best[1].min(processor() - between)];
        }
    }
    let [ours, theirs] = best.map(|seconds| seconds / asked.len() as f64 * 1e6);
    measured(&format!(
        "table look-up among {count} ids: {ours:.2} µs of processor time, {:.2} of SQLite's {theirs:.2} µs; its file {:.2} of ours",
        ours / theirs,
        fs::metadata(path).unwrap().len() as f64 / bits_of_keys(count) * 8.0
    ));
    if is_long() {
        assert!(ours <= 0.4 * theirs, "{ours} µs, and SQLite {theirs} µs");
    }
}

fn scaled(count: u64) -> u64 {
    if is_long() { count } else { count / 20 }
}

/// A number that looks drawn by lot, and is the same every time (SplitMix64).
fn drawn(number: u64) -> Key {
    let mix = |seed: u64| {
        let z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    };
    (u128::from(mix(number)) << 64 | u128::from(mix(!number))).to_be_bytes()
}

fn value(shape: Shape, key: &Key) -> Value {
    if shape == Shape::Set { Value::new() } else { key.iter().cycle().copied().take(VALUE).collect() }
}

fn ids(count: u64) -> Vec<Key> {
    let mut ids: Vec<_> = (0..count).map(drawn).collect();
    ids.sort_unstable();
    ids
}

fn build(path: &Path, shape: Shape, count: u64) {
    let mut out = BufWriter::new(File::create(path).unwrap());
    let entries = ids(count).into_iter().map(|key| Ok((key, value(shape, &key))));
    write(&mut out, shape, count, entries).unwrap();
    out.into_inner().unwrap().sync_all().unwrap();
}

/// Changes as deltas of a minute each. In a set every other one is a key that goes.
fn minutes(shape: Shape, count: u64, minutes: u64) -> Vec<Vec<u8>> {
    let change = |number: u64| {
        if shape == Shape::Set && number % 2 == 1 {
            return (drawn(number / 2 * 2 % scaled(IDS)), None);
        }
        let key = drawn(OTHERS + if shape == Shape::Set { number / 2 } else { number });
        (key, Some(value(shape, &key)))
    };
    let of = |minute: u64| Delta::of((count * minute / minutes..count * (minute + 1) / minutes).map(change));
    (0..minutes).map(|minute| delta::encode(&of(minute), shape).unwrap()).collect()
}

/// As they stand in a log.
fn framed(deltas: &[Vec<u8>]) -> Vec<u8> {
    deltas.iter().flat_map(|delta| [&(delta.len() as u32).to_be_bytes()[..], delta].concat()).collect()
}

/// What a set of keys says at least: log2 of the number of such sets.
fn bits_of_keys(count: u64) -> f64 {
    128.0 * count as f64 - bits_of_order(count)
}

fn bits_of_ranks(all: u64, count: u64) -> f64 {
    bits_of_order(all) - bits_of_order(count) - bits_of_order(all - count)
}

/// log2 of the factorial, by Stirling.
fn bits_of_order(count: u64) -> f64 {
    let n = count as f64;
    n * (n.log2() - std::f64::consts::LOG2_E) + (std::f64::consts::TAU * n).log2() / 2.0
}

/// Seconds that this thread has had of a processor.
fn processor() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// KiB in memory.
fn resident() -> u64 {
    status("VmRSS")
}

fn status(name: &str) -> u64 {
    number("/proc/self/status", name)
}

fn io(name: &str) -> u64 {
    number("/proc/self/io", name)
}

fn number(file: &str, name: &str) -> u64 {
    let text = fs::read_to_string(file).unwrap();
    let mut lines = text.lines().filter_map(|line| line.split_once(':'));
    lines.find(|(found, _)| *found == name).and_then(|(_, rest)| rest.split_whitespace().next()).unwrap().parse().unwrap()
}
