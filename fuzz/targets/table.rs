//! Bytes as a base, a delta or a fold of a table: refused, or the one encoding of what they say. The first byte chooses.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trust::table::{Base, Delta, Error, Key, Shape, Table, Value, delta, fold, write};

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, bytes)) = bytes.split_first() else { return };
    let shape = if choice % 2 == 0 { Shape::Set } else { Shape::Map };
    match choice / 2 % 3 {
        0 => base(bytes),
        1 => changes(shape, bytes),
        _ => folded(shape, bytes),
    }
});

fn base(bytes: &[u8]) {
    let Ok(base) = Base::open(bytes) else { return };
    for key in [[0; 16], [0x5a; 16], [0xff; 16]] {
        let _ = base.get(&key);
    }
    let mut found = Vec::new();
    for entry in base.entries() {
        let Ok((key, value)) = entry else { return };
        assert_eq!(base.get(&key).unwrap().as_ref(), Some(&value));
        found.push((key, value));
    }
    assert_eq!(written(base.shape(), found), bytes);
}

fn changes(shape: Shape, bytes: &[u8]) {
    let Ok(delta) = delta::decode(bytes, shape) else { return };
    assert_eq!(delta::encode(&delta, shape).unwrap(), bytes);
    let old = some(shape);
    let mut table = Table::new(Base::open(old).unwrap(), bytes);
    table.overlay.apply(bytes, 0).unwrap();
    let (mut merged, mut made, mut again) = (Vec::new(), Vec::new(), Vec::new());
    table.merge(&mut merged).unwrap();
    fold::make(&table, &mut made).unwrap();
    fold::apply(&table.base, &made, &mut again).unwrap();
    assert_eq!(merged, again);
}

fn folded(shape: Shape, bytes: &[u8]) {
    let base = Base::open(some(shape)).unwrap();
    let mut new = Vec::new();
    if fold::apply(&base, &bytes, &mut new).is_err() {
        return;
    }
    let new: Vec<_> = Base::open(new).unwrap().entries().collect::<Result<_, _>>().unwrap();
    let old: Vec<_> = base.entries().collect::<Result<_, _>>().unwrap();
    let gone = old.into_iter().filter(|(key, _)| new.iter().all(|(other, _)| other != key)).map(|(key, _)| (key, None));
    let come = new.iter().map(|(key, value)| (*key, Some(value.clone())));
    let log = delta::encode(&Delta::of(gone.chain(come)), shape).unwrap();
    let mut table = Table::new(base, &log);
    table.overlay.apply(&log, 0).unwrap();
    let mut again = Vec::new();
    fold::make(&table, &mut again).unwrap();
    assert_eq!(again, bytes);
}

/// A table of forty entries in one place and two at the ends.
fn some(shape: Shape) -> Vec<u8> {
    let value = |number: u8| if shape == Shape::Map { vec![number; usize::from(number % 5) + 1] } else { Value::new() };
    let middle = (0..40).map(|number| ([number * 6; 16], value(number)));
    let ends = [([255; 16], value(255))];
    written(shape, middle.chain(ends).collect())
}

fn written(shape: Shape, entries: Vec<(Key, Value)>) -> Vec<u8> {
    let mut out = Vec::new();
    let count = entries.len() as u64;
    write(&mut out, shape, count, entries.into_iter().map(Ok::<_, Error>)).unwrap();
    out
}
