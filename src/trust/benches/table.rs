//! What a table of a million entries costs, beside SQLite: `cargo bench -p checkpoint-trust`.
//!
//! Bytes, memory, pages and the look-ups of a whole country are another question: `tests/table.rs`.
#![expect(clippy::unwrap_used, reason = "what is measured may say what it means")]

use std::fs::File;
use std::hint::black_box;
use std::io::sink;
use std::time::Duration;

use criterion::Criterion;
use trust::format::sha256;
use trust::table::{Base, Delta, Key, Shape, Table, Value, delta, fold, write};

const COUNT: u64 = 1_000_000;

/// Where keys begin that are in no base.
const OTHERS: u64 = 1 << 40;

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(30)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(4))
        .configure_from_args();
    let desk = tempfile::tempdir().unwrap();
    for (name, shape) in [("set", Shape::Set), ("map", Shape::Map)] {
        let path = desk.path().join(name);
        let entries = entries(shape);
        let write = |out: &mut dyn std::io::Write| {
            let mut out = std::io::BufWriter::new(out);
            write(&mut out, shape, COUNT, entries.iter().cloned().map(Ok)).unwrap();
        };
        write(&mut File::create(&path).unwrap());
        criterion.bench_function(&format!("{name}/write"), |b| b.iter(|| write(&mut sink())));
        let open = || Base::open(File::open(&path).unwrap()).unwrap();
        criterion.bench_function(&format!("{name}/open"), |b| b.iter(open));
        let base = open();
        ours(&mut criterion, name, Table::new(base, Vec::new()));
        peer(&mut criterion, name, &entries, &desk.path().join("peer").with_extension(name));
    }
    criterion.final_summary();
}

fn ours(criterion: &mut Criterion, name: &str, mut table: Table<File, Vec<u8>>) {
    let mut at = 0;
    criterion.bench_function(&format!("{name}/look-up, there"), |b| b.iter(|| table.get(&next(&mut at, 0)).unwrap()));
    criterion.bench_function(&format!("{name}/look-up, absent"), |b| {
        b.iter(|| table.get(&next(&mut at, OTHERS)).unwrap());
    });

    // One percent changes within a day.
    let shape = table.base.shape();
    for minute in 0..100 {
        let payload = delta::encode(&changes(shape, minute * 100..(minute + 1) * 100), shape).unwrap();
        let offset = table.log.len() as u64;
        table.log.extend(&payload);
        table.overlay.apply(&payload, offset).unwrap();
    }
    let payload = delta::encode(&changes(shape, 10_000..10_277), shape).unwrap();
    criterion.bench_function(&format!("{name}/delta of 277 changes"), |b| {
        b.iter(|| {
            let mut overlay = table.overlay.clone();
            overlay.apply(black_box(&payload), 0).unwrap();
            overlay
        });
    });
    criterion.bench_function(&format!("{name}/look-up beneath changes"), |b| {
        b.iter(|| table.get(&next(&mut at, 0)).unwrap());
    });
    criterion.bench_function(&format!("{name}/merge"), |b| b.iter(|| table.merge(&mut sink()).unwrap()));
    let mut made = Vec::new();
    fold::make(&table, &mut made).unwrap();
    criterion.bench_function(&format!("{name}/fold"), |b| {
        b.iter(|| fold::apply(&table.base, &made, &mut sink()).unwrap());
    });
}

fn peer(criterion: &mut Criterion, name: &str, entries: &[(Key, Value)], path: &std::path::Path) {
    let mut db = rusqlite::Connection::open(path).unwrap();
    db.execute_batch(
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -8000; PRAGMA mmap_size = 0;
        CREATE TABLE entries(key BLOB PRIMARY KEY NOT NULL, value BLOB NOT NULL) WITHOUT ROWID;",
    )
    .unwrap();
    let change = db.transaction().unwrap();
    for (key, value) in entries {
        change.prepare_cached("INSERT INTO entries VALUES (?1, ?2)").unwrap().execute((&key[..], &value[..])).unwrap();
    }
    change.commit().unwrap();
    let mut select = db.prepare("SELECT value FROM entries WHERE key = ?1").unwrap();
    for (what, from) in [("there", 0), ("absent", OTHERS)] {
        let mut at = 0;
        criterion.bench_function(&format!("{name}/SQLite, {what}"), |b| {
            b.iter(|| {
                let mut rows = select.query([&next(&mut at, from)[..]]).unwrap();
                rows.next().unwrap().map(|row| row.get::<_, Value>(0).unwrap())
            });
        });
    }
}

/// Another key each time, all over the table.
fn next(at: &mut u64, from: u64) -> Key {
    *at = (*at + 7919) % COUNT;
    drawn(from + *at)
}

fn drawn(number: u64) -> Key {
    sha256(&number.to_be_bytes())[..16].try_into().unwrap()
}

fn value(shape: Shape, number: u64) -> Value {
    if shape == Shape::Set { Value::new() } else { vec![number as u8; 41] }
}

fn entries(shape: Shape) -> Vec<(Key, Value)> {
    let mut entries: Vec<_> = (0..COUNT).map(|number| (drawn(number), value(shape, number))).collect();
    entries.sort_unstable();
    entries
}

/// Half of them go, half come.
fn changes(shape: Shape, numbers: std::ops::Range<u64>) -> Delta {
    Delta::of(numbers.map(|number| {
        if number % 2 == 0 { (drawn(number), None) } else { (drawn(OTHERS + number), Some(value(shape, number))) }
    }))
}
