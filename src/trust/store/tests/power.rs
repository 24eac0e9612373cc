//! The power goes at every single step; the box must hold the old state or the new one, whole.

use super::deltas::{ids, list, lists, revokes};
use super::folds::{fold_ids, many};
use super::{Store, copied, equipped, sequence};
use crate::Error;
use crate::desk::{BEGIN, DAY, Desk, Growing, clock, noise, region, stream};
use crate::format::{Part, Record, StreamId, root_name};
use crate::store::disk::Disk;
use crate::{Bits, StatusList};

/// A status list of several chunks.
fn long_list(seed: u64) -> Vec<u8> {
    let noise = noise(150_000, seed);
    let mut list = StatusList::new(Bits::Eight, noise.len());
    for (index, value) in (0..).zip(noise) {
        list.set(index, value);
    }
    list.encode()
}

/// Two releases, the second with new content, and with a new root where wanted: a long base, deltas on a table and on
/// a list, a table that the box folds itself, one whose fold it fetches, and a table that is new.
fn releases(rotates: bool) -> (Desk, Desk) {
    let content = |sequence| {
        let mut content = Desk::content(sequence);
        content.push((stream(Part::Status, "RU-TVE", 1), long_list(sequence)));
        content.into_iter().map(|(id, base)| (Record::describe(id, &base), base)).collect::<Vec<_>>()
    };
    let mut old = Desk::new();
    let named = |growing: Growing, issuer: &str| {
        Growing::new(StreamId { issuer: issuer.to_owned(), ..growing.record.id() }, growing.base)
    };
    let (mut ids, mut list) = (named(ids(), "a"), named(list(), "b"));
    let (mut follows, mut behind) = (named(many(), "c"), named(many(), "d"));
    for number in 1..=3 {
        [&mut ids, &mut follows].into_iter().for_each(|stream| stream.push(&mut old, lists(number)));
        list.push(&mut old, revokes(number));
    }
    let with = |growing: &[&Growing], sequence| {
        content(sequence).into_iter().chain(growing.iter().map(|stream| stream.content())).collect()
    };
    old.publish_records(1, BEGIN, with(&[&ids, &list, &follows, &behind], 1));
    let mut new = old.clone();
    if rotates {
        new.rotate(&[1, 3], |_| {});
    }
    ids.push(&mut new, lists(4));
    list.push(&mut new, revokes(4));
    fold_ids(&mut new, &mut follows);
    follows.push(&mut new, lists(4));
    // Two folds: the second one can only be fetched.
    for number in 1..=2 {
        behind.push(&mut new, lists(number));
        fold_ids(&mut new, &mut behind);
    }
    let mut fresh = named(many(), "e");
    fresh.push(&mut new, lists(5));
    new.publish_records(2, BEGIN + DAY, with(&[&ids, &list, &follows, &behind, &fresh], 2));
    (old, new)
}

#[test]
fn killed_at_any_step_of_an_adoption_the_box_holds_the_old_release_or_the_new_one() {
    let (held_old, held_new) = cut_everywhere(None, true);
    println!("cut at every step, torn and not: {held_old} times the old release, {held_new} times the new one");
    assert!(held_old > 10 && held_new > 1);
}

#[test]
fn killed_at_any_step_with_one_slot_rotten_before_it_still_holds_one_of_them() {
    for slot in ["state.a", "state.b"] {
        let (held_old, held_new) = cut_everywhere(Some(slot), false);
        assert!(held_old > 10 && held_new > 1, "{slot}");
    }
}

fn cut_everywhere(rotten: Option<&str>, rotates: bool) -> (u32, u32) {
    let (old, new) = releases(rotates);
    let (mut held_old, mut held_new) = (0, 0);
    let (before, _) = equipped(&old);
    // With a rotten slot beside it, a torn write is the worse one.
    let tearing: &[bool] = if rotten.is_some() { &[true] } else { &[false, true] };
    for (steps, tears) in (0..).flat_map(|steps| tearing.iter().map(move |tears| (steps, *tears))) {
        let (folder, mut store) = copied(&before);
        if let Some(slot) = rotten {
            std::fs::write(folder.path().join(slot), b"rot").unwrap();
        }
        store.disk.steps_left.set(Some(steps));
        store.disk.tears.set(tears);
        let outcome = store.adopt(&mut new.clone(), clock(BEGIN + DAY));
        let is_through = store.disk.steps_left.get() != Some(0);
        // The process is gone, and with it everything it knew.
        drop(store);
        let mut store = Store::open(folder.path()).unwrap();
        match store.current().expect("neither release is whole").sequence() {
            1 => held_old += 1,
            2 => held_new += 1,
            other => panic!("release {other} out of nowhere"),
        }
        assert!(outcome.is_err() || store.current().unwrap().sequence() == 2, "what was reported must last");
        // And it goes on from there as if nothing had been.
        let _ = store.adopt(&mut new.clone(), clock(BEGIN + DAY)).unwrap();
        assert_eq!(sequence(folder.path()), Some(2));
        assert_eq!(store.root(), &new.root);
        if is_through {
            break;
        }
    }
    (held_old, held_new)
}

#[test]
fn a_disk_that_refuses_for_a_while_is_no_reason_to_restart() {
    let (old, new) = releases(true);
    let (before, _) = equipped(&old);
    for steps in 0.. {
        let (folder, mut store) = copied(&before);
        store.disk.steps_left.set(Some(steps));
        let outcome = store.adopt(&mut new.clone(), clock(BEGIN + DAY));
        let is_through = store.disk.steps_left.get() != Some(0);
        assert!(store.current().is_some());
        if let Err(error) = &outcome {
            assert_eq!(error.code(), "disk");
        }
        store.disk.steps_left.set(None);
        store.adopt(&mut new.clone(), clock(BEGIN + DAY)).unwrap();
        assert_eq!(store.current().unwrap().sequence(), 2, "after {steps} steps");
        assert_eq!(sequence(folder.path()), Some(2));
        if is_through {
            break;
        }
    }
}

#[test]
fn killed_at_any_step_of_provisioning_the_box_is_new_or_provisioned() {
    let desk = Desk::open();
    for steps in 0.. {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::new(folder.path());
        disk.steps_left.set(Some(steps));
        let begun = Store::begin(disk, desk.files[&root_name(1)].clone());
        let is_through = begun.is_ok_and(|store| store.disk.steps_left.get() != Some(0));
        match Store::open(folder.path()) {
            Ok(store) => assert_eq!(store.root().version, 1),
            Err(error) => {
                assert!(matches!(error, Error::NeedsProvisioning));
                Store::provision(folder.path(), &desk.files[&root_name(1)], &region()).unwrap();
            }
        }
        assert_eq!(sequence(folder.path()), None);
        if is_through {
            break;
        }
    }
}
