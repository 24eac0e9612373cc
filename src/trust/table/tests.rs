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
