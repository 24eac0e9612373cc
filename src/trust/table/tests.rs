use std::collections::BTreeMap;

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

use super::*;

type Model = BTreeMap<Key, Value>;

fn written(shape: Shape, model: &Model) -> Vec<u8> {
    let mut out = Vec::new();
    let entries = model.iter().map(|(key, value)| Ok((*key, value.clone())));
    write(&mut out, shape, model.len() as u64, entries).unwrap();
    out
}

fn opened(shape: Shape, model: &Model) -> Table<Vec<u8>, Vec<u8>> {
    Table::new(Base::open(written(shape, model)).unwrap(), Vec::new())
}

/// Appends a delta to the log, and takes it in.
fn feed(table: &mut Table<Vec<u8>, Vec<u8>>, delta: &Delta) {
    let payload = delta::encode(delta, table.base.shape()).unwrap();
    assert_eq!(delta::decode(&payload, table.base.shape()).unwrap(), *delta);
    let offset = table.log.len() as u64;
    table.log.extend(&payload);
    table.overlay.apply(&payload, offset).unwrap();
}

/// Keys of which some are neighbours, some at the ends, and most anywhere.
fn keys() -> impl Strategy<Value = Key> {
    prop_oneof![
        4 => any::<Key>(),
        2 => (0_u128..40).prop_map(u128::to_be_bytes),
        1 => (0_u128..3).prop_map(|below| (u128::MAX - below).to_be_bytes()),
        2 => (0_u128..64).prop_map(|top| (top << 122).to_be_bytes()),
    ]
}

fn values(shape: Shape) -> BoxedStrategy<Value> {
    match shape {
        Shape::Set => Just(Value::new()).boxed(),
        Shape::Map => prop_oneof![vec(any::<u8>(), 1..4), vec(any::<u8>(), 40..42), vec(any::<u8>(), 255)].boxed(),
    }
}

fn models(shape: Shape) -> impl Strategy<Value = Model> {
    prop_oneof![btree_map(keys(), values(shape), 0..6), btree_map(keys(), values(shape), 0..400)]
}

/// A table and some deltas, of which half the keys are the table's own.
fn histories() -> impl Strategy<Value = (Shape, Model, Vec<Delta>)> {
    prop_oneof![Just(Shape::Set), Just(Shape::Map)].prop_flat_map(|shape| {
        models(shape).prop_flat_map(move |model| {
            let own: Vec<_> = model.keys().copied().chain([[7; 16]]).collect();
            let keys = prop_oneof![keys(), proptest::sample::select(own)];
            let delta = btree_map(keys, option::of(values(shape)), 0..60).prop_map(Delta::of);
            (Just(shape), Just(model), vec(delta, 0..8))
        })
    })
}

fn change(model: &mut Model, delta: &Delta) {
    for key in &delta.removed {
        model.remove(key);
    }
    model.extend(delta.put.iter().cloned());
}

fn all<S: Source>(base: &Base<S>) -> Result<Model, Error> {
    base.entries().collect()
}

/// A number that looks drawn by lot, and is the same every time.
fn drawn(number: u64) -> Key {
    crate::format::sha256(&number.to_be_bytes())[..16].try_into().unwrap()
}

/// A table of 20,000 entries of which every third has changed, and as many have come.
fn much_changed(shape: Shape) -> Table<Vec<u8>, Vec<u8>> {
    let value = |number: u64| if shape == Shape::Map { vec![number as u8; 41] } else { Value::new() };
    let model = (0..20_000).map(|number| (drawn(number), value(number))).collect();
    let mut table = opened(shape, &model);
    for part in 0..20 {
        let changes = (part..20_000_u64).step_by(60).flat_map(|number| {
            let kept = shape == Shape::Map && number % 2 == 0;
            [(drawn(number), kept.then(|| value(number + 1))), (drawn(number + 20_000), Some(value(number)))]
        });
        feed(&mut table, &Delta::of(changes));
    }
    table
}

#[test]
fn a_fold_of_many_blocks_leads_where_its_deltas_lead() {
    for shape in [Shape::Set, Shape::Map] {
        let table = much_changed(shape);
        let (mut merged, mut fold, mut folded) = (Vec::new(), Vec::new(), Vec::new());
        table.merge(&mut merged).unwrap();
        fold::make(&table, &mut fold).unwrap();
        fold::apply(&table.base, &fold, &mut folded).unwrap();
        assert_eq!(merged, folded);
        let again = Table::new(Base::open(merged).unwrap(), Vec::new());
        fold::make(&again, &mut {
            fold.clear();
            &mut fold
        })
        .unwrap();
        assert_eq!(fold.len(), 5, "from a base to itself only the counts are left");
    }
}

#[test]
fn damage_to_a_fold_of_many_blocks_does_not_go_unseen() {
    let table = much_changed(Shape::Map);
    let mut fold = Vec::new();
    fold::make(&table, &mut fold).unwrap();
    for step in 0..16 {
        let mut damaged = fold.clone();
        damaged[step * fold.len() / 16] ^= 1 << (step % 8);
        only_its_own_fold(&table.base, damaged);
    }
}

#[test]
fn a_fold_of_another_base_is_refused() {
    let table = much_changed(Shape::Set);
    let mut fold = Vec::new();
    fold::make(&table, &mut fold).unwrap();
    let other = opened(Shape::Set, &(1..20_000).map(|number| (drawn(number), Value::new())).collect());
    assert_eq!(fold::apply(&other.base, &fold, &mut Vec::new()).unwrap_err().code(), "other-table");
}

#[test]
fn what_a_table_cannot_hold_is_not_written() {
    let code = |shape, count, entries: &[(Key, &[u8])]| {
        let entries = entries.iter().map(|(key, value)| Ok((*key, value.to_vec())));
        write(&mut Vec::new(), shape, count, entries).map_or_else(|error| error.code(), |()| "written")
    };
    let (one, two) = ([1; 16], [2; 16]);
    assert_eq!(code(Shape::Set, 2, &[(one, b""), (two, b"")]), "written");
    assert_eq!(code(Shape::Set, 2, &[(two, b""), (one, b"")]), "table-entries", "descending");
    assert_eq!(code(Shape::Set, 2, &[(one, b""), (one, b"")]), "table-entries", "twice the same");
    assert_eq!(code(Shape::Set, 3, &[(one, b""), (two, b"")]), "table-entries", "too few");
    assert_eq!(code(Shape::Set, 1, &[(one, b""), (two, b"")]), "table-entries", "too many");
    assert_eq!(code(Shape::Set, 1, &[(one, b"1")]), "table-value-length", "a value in a set");
    assert_eq!(code(Shape::Map, 1, &[(one, b"")]), "table-value-length", "none in a map");
    assert_eq!(code(Shape::Map, 1, &[(one, &[1; 256])]), "table-value-length", "a long one");
    assert_eq!(code(Shape::Map, 1, &[(one, &[1; 255])]), "written");
    assert_eq!(code(Shape::Set, MOST + 1, &[]), "too-long");
}

#[test]
fn keys_that_are_steered_into_one_place_do_not_fill_the_memory_of_a_box() {
    let steered = |number: u64| Ok((u128::from(number).to_be_bytes(), vec![1; 255]));
    let wrong = write(&mut Vec::new(), Shape::Map, 5000, (0..5000).map(steered)).unwrap_err();
    assert_eq!(wrong.code(), "too-long");
    // A few hundred are no trouble.
    let mut bytes = Vec::new();
    write(&mut bytes, Shape::Map, 500, (0..500).map(steered)).unwrap();
    assert_eq!(all(&Base::open(bytes).unwrap()).unwrap().len(), 500);
}

#[test]
fn a_delta_that_names_a_key_twice_is_not_written() {
    let key = [7; 16];
    let both = Delta { removed: vec![key], put: vec![(key, Value::new())] };
    assert_eq!(delta::encode(&both, Shape::Set).unwrap_err().code(), "table-entries");
    let twice = Delta { removed: vec![key, key], put: Vec::new() };
    assert_eq!(delta::encode(&twice, Shape::Set).unwrap_err().code(), "table-entries");
}

#[test]
fn a_log_that_is_not_the_one_of_the_overlay_is_noticed_or_harmless() {
    let mut table = opened(Shape::Map, &Model::new());
    feed(&mut table, &Delta::of([([1; 16], Some(vec![5; 9]))]));
    table.log.truncate(table.log.len() - 1);
    assert_eq!(table.get(&[1; 16]).unwrap_err().code(), "table-io");
    table.log.fill(0);
    assert_eq!(table.get(&[1; 16]).unwrap_err().code(), "malformed");
}

/// Prints the examples anew too, for when the format changes.
#[test]
fn the_examples_of_the_format_are_what_is_written() {
    let key = |number: u8| [number * 16; 16];
    let set = [key(3), key(7), key(11)].map(|key| (key, Value::new()));
    let map = [(key(3), b"abc".to_vec()), (key(11), b"de".to_vec())];
    let base = |shape, entries: &[(Key, Value)]| written(shape, &entries.iter().cloned().collect());
    let mut table = Table::new(Base::open(base(Shape::Map, &map)).unwrap(), Vec::new());
    let delta = Delta::of([(key(3), Some(b"x".to_vec())), (key(7), Some(b"yz".to_vec())), (key(11), None)]);
    feed(&mut table, &delta);
    let (mut fold, mut merged) = (Vec::new(), Vec::new());
    fold::make(&table, &mut fold).unwrap();
    table.merge(&mut merged).unwrap();

    let page = include_str!("../../../docs/formats/trust-table.md");
    let examples = [base(Shape::Set, &set), base(Shape::Map, &map), table.log.clone(), fold, merged];
    let there = page.split("```hex\n").skip(1).filter_map(|after| after.split("```").next());
    let there: Vec<String> = there.map(|text| text.split_whitespace().collect()).collect();
    let examples = examples.map(|bytes| crate::format::hex(&bytes));
    println!("{examples:#?}");
    assert_eq!(there, examples);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_to_a_table_it_says_what_a_tree_says((shape, mut model, deltas) in histories()) {
        let old = written(shape, &model);
        let mut table = opened(shape, &model);
        prop_assert_eq!(&all(&table.base).unwrap(), &model);
        let mut asked: Vec<Key> = model.keys().copied().collect();
        for delta in &deltas {
            feed(&mut table, delta);
            change(&mut model, delta);
            asked.extend(delta.removed.iter().chain(delta.put.iter().map(|(key, _)| key)));
        }
        for key in asked {
            prop_assert_eq!(table.get(&key).unwrap(), model.get(&key).cloned());
            let beside = (u128::from_be_bytes(key) ^ 1).to_be_bytes();
            prop_assert_eq!(table.get(&beside).unwrap(), model.get(&beside).cloned());
        }
        prop_assert_eq!(&table.entries().collect::<Result<Model, _>>().unwrap(), &model);
        prop_assert_eq!(table.count().unwrap(), model.len() as u64);

        let (mut merged, mut fold, mut folded) = (Vec::new(), Vec::new(), Vec::new());
        table.merge(&mut merged).unwrap();
        prop_assert_eq!(&merged, &written(shape, &model));
        fold::make(&table, &mut fold).unwrap();
        fold::apply(&Base::open(old).unwrap(), &fold, &mut folded).unwrap();
        prop_assert_eq!(merged, folded);
    }

    #[test]
    fn damaged_bases_are_refused_or_are_the_encoding_of_what_they_say(
        (shape, model, _) in histories(), at: prop::sample::Index, flip: u8, cut: prop::sample::Index,
    ) {
        let mut bytes = written(shape, &model);
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        let cut = if flip % 8 == 0 { cut.index(bytes.len() + 1) } else { bytes.len() };
        bytes.truncate(cut);
        only_its_own_encoding(bytes);
    }

    #[test]
    fn damaged_deltas_are_refused_or_are_the_encoding_of_what_they_say(
        (shape, _, deltas) in histories(), at: prop::sample::Index, flip: u8, cut: prop::sample::Index,
    ) {
        for delta in deltas {
            let mut bytes = delta::encode(&delta, shape).unwrap();
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
            let cut = if flip % 8 == 0 { cut.index(bytes.len() + 1) } else { bytes.len() };
            bytes.truncate(cut);
            if let Ok(delta) = delta::decode(&bytes, shape) {
                prop_assert_eq!(delta::encode(&delta, shape).unwrap(), bytes);
            }
        }
    }

    #[test]
    fn damaged_folds_are_refused_or_are_the_encoding_of_what_they_do(
        (shape, model, deltas) in histories(), at: prop::sample::Index, flip: u8, cut: prop::sample::Index,
    ) {
        let mut table = opened(shape, &model);
        deltas.iter().for_each(|delta| feed(&mut table, delta));
        let mut fold = Vec::new();
        fold::make(&table, &mut fold).unwrap();
        let at = at.index(fold.len());
        fold[at] ^= flip;
        let cut = if flip % 8 == 0 { cut.index(fold.len() + 1) } else { fold.len() };
        fold.truncate(cut);
        only_its_own_fold(&table.base, fold);
    }

    #[test]
    fn arbitrary_bytes_are_no_danger(bytes in vec(any::<u8>(), 0..200), count in 0_u64..80, map: bool) {
        let shape = if map { Shape::Map } else { Shape::Set };
        let mut base = b"CKT\x01".to_vec();
        base.extend([shape as u8, 0, 0, 0]);
        base.extend(count.to_be_bytes());
        base.extend(&bytes);
        only_its_own_encoding(base);
        if let Ok(delta) = delta::decode(&bytes, shape) {
            prop_assert_eq!(&delta::encode(&delta, shape).unwrap(), &bytes);
        }
        only_its_own_fold(&opened(shape, &Model::new()).base, bytes);
    }
}

/// What can be read whole is what would be written; what cannot must not panic.
fn only_its_own_encoding(bytes: Vec<u8>) {
    let Ok(base) = Base::open(bytes.clone()) else { return };
    let Ok(model) = all(&base) else { return };
    assert_eq!(written(base.shape(), &model), bytes);
    assert!(model.iter().all(|(key, value)| base.get(key).unwrap().as_ref() == Some(value)));
}

fn only_its_own_fold(base: &Base<Vec<u8>>, fold: Vec<u8>) {
    let mut new = Vec::new();
    if fold::apply(base, &fold, &mut new).is_err() {
        return;
    }
    let (old, model) = (all(base).unwrap(), all(&Base::open(new).unwrap()).unwrap());
    let mut table = opened(base.shape(), &old);
    let gone = old.keys().filter(|key| !model.contains_key(*key)).map(|key| (*key, None));
    feed(&mut table, &Delta::of(gone.chain(model.iter().map(|(key, value)| (*key, Some(value.clone()))))));
    let mut again = Vec::new();
    fold::make(&table, &mut again).unwrap();
    assert_eq!(again, fold);
}
