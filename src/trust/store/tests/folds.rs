//! Folds: new bases that nobody needs to fetch, and what happens when they are not what they should be.

use super::deltas::{ids, key, list, lists, revokes};
use super::{adopted, equipped};
use crate::desk::{BEGIN, DAY, Desk, Growing, clock, noise};
use crate::format::{BASE, DELTA, FOLD, object_name};
use crate::table::{Base, Delta, Overlay, Shape, Table, delta, fold};
use crate::{Carrier, CarrierError, StatusList, Store};

/// The table of a stream, with all its deltas.
pub(super) fn table(stream: &Growing) -> Table<Vec<u8>, Vec<u8>> {
    let mut table = Table::new(Base::open(stream.base.clone()).unwrap(), Vec::new());
    let mut overlay: Overlay = table.overlay.clone();
    for payload in &stream.payloads {
        overlay.apply(payload, table.log.len() as u64).unwrap();
        table.log.extend_from_slice(payload);
    }
    table.overlay = overlay;
    table
}

/// Folds a table, as HQ does.
pub(super) fn fold_ids(desk: &mut Desk, stream: &mut Growing) {
    let table = table(stream);
    let (mut base, mut delta) = (Vec::new(), Vec::new());
    table.merge(&mut base).unwrap();
    fold::make(&table, &mut delta).unwrap();
    stream.fold(desk, base, delta);
}

/// Folds a status list.
pub(super) fn fold_list(desk: &mut Desk, stream: &mut Growing) {
    let old = StatusList::decode(&stream.base).unwrap();
    let mut new = old.clone();
    stream.payloads.iter().for_each(|payload| new.apply(payload).unwrap());
    stream.fold(desk, new.encode(), old.delta(&new).unwrap());
}

/// A table of some thousand ids, so that folding is worth it.
pub(super) fn many() -> Growing {
    let mut ids = ids();
    let changes = (10_000..16_000).map(|number| (key(number), Some(Vec::new())));
    let all = delta::encode(&Delta::of(changes), Shape::Set).unwrap();
    ids.push(&mut Desk::new(), all);
    let mut base = Vec::new();
    table(&ids).merge(&mut base).unwrap();
    Growing::new(ids.record.id(), base)
}

/// A desk that published release 1 with `early` deltas, and release 2 after `late` more and a fold, and one more delta.
fn folded(early: u64, late: u64) -> (Desk, Desk) {
    let (mut desk, mut ids) = (Desk::new(), many());
    (1..=early).for_each(|number| ids.push(&mut desk, lists(number)));
    desk.publish_growing(1, BEGIN, &[&ids]);
    let old = desk.clone();
    (early + 1..=early + late).for_each(|number| ids.push(&mut desk, lists(number)));
    fold_ids(&mut desk, &mut ids);
    ids.push(&mut desk, lists(99));
    desk.publish_growing(2, BEGIN + DAY, &[&ids]);
    (old, desk)
}

struct Noting(Desk, Vec<String>);

impl Carrier for Noting {
    fn open<'c>(&'c mut self, name: &str, from: u64) -> Result<Box<dyn std::io::Read + 'c>, CarrierError> {
        self.1.push(name.to_owned());
        self.0.open(name, from)
    }
}

/// Adopts the second release; how many files of deltas, folds and bases it took.
fn follows(old: &Desk, new: &Desk, last: u64) -> [usize; 3] {
    let (folder, mut store) = equipped(old);
    let mut noting = Noting(new.clone(), Vec::new());
    assert_eq!(adopted(store.adopt(&mut noting, clock(BEGIN + DAY))), 2);
    let reopened = Store::open(folder.path()).unwrap();
    for release in [store.current().unwrap(), reopened.current().unwrap()] {
        for (number, expected) in [(1, true), (last, true), (last + 1, false), (99, true), (10_500, true)] {
            assert_eq!(release.is_listed("RU-TVE", &key(number)).unwrap(), expected, "{number}");
        }
    }
    [DELTA, FOLD, BASE].map(|what| noting.1.iter().filter(|name| name.starts_with(what)).count())
}

#[test]
fn a_box_that_follows_makes_the_new_base_itself() {
    let (old, new) = folded(20, 0);
    assert_eq!(follows(&old, &new, 20), [1, 0, 0]);
}

#[test]
fn a_box_that_is_a_little_behind_fetches_the_deltas_in_between() {
    let (old, new) = folded(20, 3);
    assert_eq!(follows(&old, &new, 23), [4, 0, 0]);
}

#[test]
fn a_box_that_is_far_behind_fetches_the_fold() {
    let (old, mut new) = folded(2, 40);
    // HQ has forgotten the deltas on the old base.
    forget_old_deltas(&mut new);
    assert_eq!(follows(&old, &new, 42), [1, 1, 0]);
}

/// Removes every delta but those on the newest base.
fn forget_old_deltas(desk: &mut Desk) {
    let bases: Vec<_> = desk.names(BASE);
    let after_zero: Vec<String> = desk.names(DELTA);
    let newest = after_zero.iter().filter(|name| {
        let run: crate::format::Run = minicbor::decode(&desk.files[*name]).unwrap();
        let base = object_name(BASE, &run.previous);
        run.after == 0 && bases.contains(&base) && run.payloads[0].as_slice() == lists(99)
    });
    let newest: Vec<String> = newest.cloned().collect();
    desk.files.retain(|name, _| !name.starts_with(DELTA) || newest.contains(name));
}

#[test]
fn without_deltas_and_fold_the_base_itself_is_fetched() {
    let (old, mut new) = folded(2, 40);
    forget_old_deltas(&mut new);
    new.files.retain(|name, _| !name.starts_with(FOLD));
    // The fold was asked for, and was not there.
    assert_eq!(follows(&old, &new, 42), [1, 1, 1]);
}

#[test]
fn a_fold_that_leads_elsewhere_is_noticed_and_the_base_is_fetched() {
    let (old, honest) = folded(2, 40);
    let (_, other) = folded(2, 39);
    let mut new = honest.clone();
    forget_old_deltas(&mut new);
    let fold = new.names(FOLD).remove(0);
    // Altered on the way.
    for bytes in [other.files[&other.names(FOLD)[0]].clone(), vec![1, 2, 3], Vec::new()] {
        let mut altered = new.clone();
        altered.files.insert(fold.clone(), bytes);
        assert_eq!(follows(&old, &altered, 42)[2], 1);
    }
    // Signed so, by an HQ that errs: the fold does not make the base.
    let (mut desk, mut ids) = (old.clone(), many());
    (1..=2).for_each(|number| ids.push(&mut desk, lists(number)));
    let wrong = other.files[&other.names(FOLD)[0]].clone();
    let mut right = ids.clone();
    (3..=42).for_each(|number| right.push(&mut desk, lists(number)));
    let mut base = Vec::new();
    table(&right).merge(&mut base).unwrap();
    ids.fold(&mut desk, base, wrong);
    ids.push(&mut desk, lists(99));
    desk.publish_growing(2, BEGIN + DAY, &[&ids]);
    assert_eq!(follows(&old, &desk, 42)[2], 1);
}

#[test]
fn a_box_that_is_some_folds_behind_goes_through_each_of_them() {
    let (mut desk, mut ids) = (Desk::new(), many());
    desk.publish_growing(1, BEGIN, &[&ids]);
    let old = desk.clone();
    for number in 1..=3 {
        ids.push(&mut desk, lists(number));
        fold_ids(&mut desk, &mut ids);
    }
    ids.push(&mut desk, lists(99));
    desk.publish_growing(2, BEGIN + DAY, &[&ids]);
    let [_, folds, bases] = follows(&old, &desk, 3);
    assert_eq!((folds, bases), (2, 0), "the first one from its delta, two from folds");
}

#[test]
fn a_status_list_is_folded_by_the_box_too() {
    let (mut desk, mut list) = (Desk::new(), list());
    // A list that does not compress, so that the fold is worth it.
    let mut start = StatusList::decode(&list.base).unwrap();
    (0..).zip(noise(4096, 5)).take(4096).for_each(|(at, value)| {
        start.set(at, value);
    });
    list.base = start.encode();
    let mut list = Growing::new(list.record.id(), list.base);
    desk.publish_growing(1, BEGIN, &[&list]);
    let (_folder, mut store) = equipped(&desk);
    for number in 1..=5 {
        list.push(&mut desk, revokes(number));
        desk.publish_growing(number + 1, BEGIN + number as i64, &[&list]);
        adopted(store.adopt(&mut desk.clone(), clock(BEGIN + DAY)));
    }
    fold_list(&mut desk, &mut list);
    desk.publish_growing(9, BEGIN + DAY, &[&list]);
    let mut noting = Noting(desk, Vec::new());
    assert_eq!(adopted(store.adopt(&mut noting, clock(BEGIN + DAY))), 9);
    assert!(noting.1.iter().all(|name| !name.starts_with(BASE) && !name.starts_with(FOLD)), "{:?}", noting.1);
}
