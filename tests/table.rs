//! What tables cost that hold what is revoked and registered: bytes over what chance allows, look-ups beside SQLite,
//! pages read, memory, and bytes written from minute to minute.
//!
//! In the normal run with a twentieth of a country, in the long run with all of it.
#![expect(clippy::unwrap_used, reason = "a test and its helpers may say what they mean; clippy knows only the former")]

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::Command;

use checkpoint_tests::{is_long, measured};
use rustix::fs::{Advice, fadvise};
use rustix::time::{ClockId, clock_gettime};
use trust::table::{Base, Delta, Key, Shape, Source as _, Table, Value, delta, fold, write};
use trust::{Bits, StatusList};

/// Revoked passes of a country, and what a box keeps beside them: changes of theirs, entries of status lists, records
/// of a register, changes of one day to it.
const IDS: u64 = 20_000_000;
const CHANGES: u64 = 200_000;
const STATUS: usize = 3_200_000;
const REGISTER: u64 = 900_000;
const DAY: u64 = 400_000;
const TABLES: [(&str, Shape, u64, u64); 2] =
    [("ids", Shape::Set, IDS, CHANGES), ("register", Shape::Map, REGISTER, DAY)];

/// Where a box finds its tables, in the environment.
const DESK: &str = "CHECKPOINT_TEST_DESK";

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
    fold_of_one_percent(base, count);
    let base = Base::open(File::open(&path).unwrap()).unwrap();
    cold(&base, &path, count);
    beside_sqlite(&base, count, &desk.path().join("peer"));
}

#[test]
fn a_box_with_a_country_in_it_needs_little_memory() {
    if let Some(desk) = std::env::var_os(DESK) {
        return a_box(Path::new(&desk));
    }
    let desk = tempfile::tempdir().unwrap();
    for (name, shape, entries, changes) in TABLES {
        build(&desk.path().join(name), shape, scaled(entries));
        fs::write(desk.path().join(name).with_extension("log"), framed(&minutes(shape, scaled(changes), 1440)))
            .unwrap();
    }
    let table = feed(desk.path(), "ids");
    fold::make(&table, &mut File::create(desk.path().join("fold")).unwrap()).unwrap();
    drop(table);

    // In a process of its own: this one keeps pages that it once needed.
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["a_box_with_a_country_in_it_needs_little_memory", "--exact", "--nocapture"])
        .env(DESK, desk.path())
        .output()
        .unwrap();
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
    let said = String::from_utf8(child.stdout).unwrap();
    let figures: Vec<f64> = said.lines().filter_map(|line| line.strip_prefix("MiB: ")?.parse().ok()).collect();
    let &[held, merging, folding] = &figures[..] else { panic!("{said}") };
    measured(&format!(
        "table memory: {held:.1} MiB for {} ids with {} changes, {} records with {} changes, {STATUS} entries of lists; \
         {merging:.1} MiB more while a new base of ids is merged, {folding:.1} while it is made by a fold",
        scaled(IDS),
        scaled(CHANGES),
        scaled(REGISTER),
        scaled(DAY)
    ));
    assert!(held <= 32.0, "{held} MiB");
    assert!(merging.max(folding) <= 16.0, "{merging} MiB, {folding} MiB");
}

/// A box that opens all, asks, and makes the next base in two ways.
fn a_box(desk: &Path) {
    let before = status("VmRSS");
    let mut list = StatusList::new(Bits::Two, STATUS);
    (0..STATUS as u64).step_by(7).for_each(|index| assert!(list.set(index, 1)));
    let tables = TABLES.map(|(name, ..)| feed(desk, name));
    for number in 0..20_000 {
        for (table, (_, _, entries, changes)) in tables.iter().zip(TABLES) {
            assert!(table.get(&drawn((number * 31 % scaled(entries)) | 1)).unwrap().is_some());
            assert!(table.get(&drawn(OTHERS + number * 17 % (scaled(changes) / 2))).unwrap().is_some());
            assert_eq!(table.get(&drawn(2 * OTHERS + number)).unwrap(), None);
        }
    }
    let held = status("VmRSS");
    println!("\nMiB: {}", held.saturating_sub(before) as f64 / 1024.0);

    let [merged, folded] = ["merged", "folded"].map(|name| desk.join(name));
    let more = |work: &dyn Fn()| {
        fs::write("/proc/self/clear_refs", "5").unwrap();
        let before = status("VmRSS");
        work();
        println!("MiB: {}", status("VmHWM").saturating_sub(before) as f64 / 1024.0);
    };
    more(&|| tables[0].merge(&mut BufWriter::new(File::create(&merged).unwrap())).unwrap());
    let fold = File::open(desk.join("fold")).unwrap();
    more(&|| fold::apply(&tables[0].base, &fold, &mut BufWriter::new(File::create(&folded).unwrap())).unwrap());
    assert!(fs::read(merged).unwrap() == fs::read(folded).unwrap(), "a fold leads elsewhere than its changes");
    assert_eq!(list.get(7), Some(1));
}

/// A table of the desk with its log.
fn feed(desk: &Path, name: &str) -> Table {
    let base = Base::open(File::open(desk.join(name)).unwrap()).unwrap();
    let mut table = Table::new(base, File::open(desk.join(name).with_extension("log")).unwrap());
    let (mut offset, mut length) = (0, [0; 4]);
    while table.log.read_exact_at(&mut length, offset).is_ok() {
        let mut payload = vec![0; u32::from_be_bytes(length) as usize];
        offset += 4;
        table.log.read_exact_at(&mut payload, offset).unwrap();
        table.overlay.apply(&payload, offset).unwrap();
        offset += payload.len() as u64;
    }
    table
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
fn fold_of_one_percent(base: Base, count: u64) {
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

    let mut quick = Vec::new();
    let started = processor();
    fold::apply(&table.base, &made, &mut quick).unwrap();
    measured(&format!("table fold of 1 % of {count} ids: applied in {:.2} s of processor time", processor() - started));
    let mut merged = Vec::new();
    table.merge(&mut merged).unwrap();
    assert!(quick == merged, "a fold leads elsewhere than its changes");
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
    assert!(mean <= 2.0, "{mean} pages");
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
        "table look-up among {count} ids: {ours:.2} µs of processor time, {:.2} of SQLite's {theirs:.2} µs; its file {:.2} of the bound",
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

fn status(name: &str) -> u64 {
    number("/proc/self/status", name)
}

fn io(name: &str) -> u64 {
    number("/proc/self/io", name)
}

fn number(file: &str, name: &str) -> u64 {
    let text = fs::read_to_string(file).unwrap();
    let mut lines = text.lines().filter_map(|line| line.split_once(':'));
    lines
        .find(|(found, _)| *found == name)
        .and_then(|(_, rest)| rest.split_whitespace().next())
        .unwrap()
        .parse()
        .unwrap()
}
