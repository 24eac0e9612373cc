//! Attacks on what is said: altered, mixed, endless, cut short, missing, nonsense.

use super::{adopted, equipped, refusal, sequence};
use crate::desk::{BEGIN, DAY, Desk, clock, stream};
use crate::format::{BASE, HEAD, INDEX, Part, RECORD, Record, hex, leaf, merkle, object_name, root_name, sha256};

#[test]
fn parts_of_two_releases_cannot_be_mixed() {
    let mut old = Desk::open();
    let mut new = old.clone();
    new.publish(2, BEGIN + DAY);
    let (folder, mut store) = equipped(&Desk::open());
    old.files.retain(|name, _| name != HEAD);
    for what in [INDEX, RECORD, BASE] {
        let fresh: Vec<_> = new.names(what).into_iter().filter(|name| !old.files.contains_key(name)).collect();
        assert_eq!(fresh.len(), 1, "{what}");
        for stale in old.names(what) {
            let mut mixed = new.clone();
            mixed.files.insert(fresh[0].clone(), old.files[&stale].clone());
            let code = refusal(&folder, &mut store, &mixed);
            assert!(code == "altered" || (what == BASE && code == "too-long"), "{what}: {code}");
        }
    }
    assert_eq!(adopted(store.adopt(&mut new, clock(BEGIN + DAY))), 2);
}

#[test]
fn every_single_bit_change_of_a_head_is_refused() {
    let mut desk = Desk::open();
    let (folder, mut store) = equipped(&desk);
    desk.publish(2, BEGIN + DAY);
    let honest = desk.files[HEAD].clone();
    for bit in 0..honest.len() * 8 {
        let mut changed = honest.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        desk.files.insert(HEAD.to_owned(), changed);
        let code = store.adopt(&mut desk.clone(), clock(BEGIN + DAY)).unwrap_err().code();
        assert!(matches!(code, "malformed" | "head-signature" | "root-version"), "bit {bit}: {code}");
    }
    assert_eq!(sequence(folder.path()), Some(1));
}

#[test]
fn one_flipped_bit_in_any_other_file_is_refused() {
    let had = Desk::open();
    let mut desk = had.clone();
    desk.rotate(&[1, 2], |_| {});
    desk.publish(2, BEGIN + DAY);
    for name in desk.files.keys().filter(|name| *name != HEAD && !had.files.contains_key(*name)) {
        // A new box each time: what it once had whole it would not fetch again.
        let (folder, mut store) = equipped(&had);
        let mut changed = desk.clone();
        let file = changed.files.get_mut(name).unwrap();
        let middle = file.len() / 2;
        file[middle] ^= 1;
        let code = refusal(&folder, &mut store, &changed);
        let expected: &[&str] = if name == "root.2" { &["root-signatures", "malformed"] } else { &["altered"] };
        assert!(expected.contains(&code), "{name}: {code}");
        for object in std::fs::read_dir(folder.path().join("objects")).unwrap().map(|entry| entry.unwrap()) {
            let bytes = std::fs::read(object.path()).unwrap();
            let hashes = [sha256(&bytes), leaf(&bytes), merkle(bytes.as_chunks().0)].map(|hash| hex(&hash));
            let called = object.file_name().into_string().unwrap();
            assert!(hashes.contains(&called) || bytes.is_empty(), "{name} was kept altered");
        }
    }
}

#[test]
fn what_is_longer_than_it_may_be_is_refused_while_it_comes() {
    let mut desk = Desk::open();
    let (folder, mut store) = equipped(&desk);
    let mut endless = desk.clone();
    endless.files.insert(HEAD.to_owned(), vec![0; 100_000]);
    assert_eq!(refusal(&folder, &mut store, &endless), "too-long");

    desk.publish(2, BEGIN + DAY);
    let had = Desk::open();
    let fresh = |what| {
        let names = desk.names(what);
        names.into_iter().find(|name| !had.files.contains_key(name)).unwrap()
    };
    for (name, length) in [(root_name(2), 17_000), (fresh(INDEX), 3 * 32 + 1), (fresh(RECORD), 5000)] {
        let mut endless = desk.clone();
        endless.files.insert(name.clone(), vec![0; length]);
        assert_eq!(refusal(&folder, &mut store, &endless), "too-long", "{name}");
    }
    let mut endless = desk.clone();
    endless.files.get_mut(&fresh(BASE)).unwrap().push(0);
    assert_eq!(refusal(&folder, &mut store, &endless), "too-long");
}

#[test]
fn a_base_that_is_signed_as_too_long_is_not_even_begun() {
    let mut desk = Desk::open();
    let (folder, mut store) = equipped(&desk);
    let length = 17 * 1024 * 1024;
    let record = Record { length, ..Record::describe(stream(Part::Status, "RU-TVE", 0), b"") };
    desk.publish_records(2, BEGIN + DAY, vec![(record, Vec::new())]);
    assert_eq!(refusal(&folder, &mut store, &desk), "too-long");
}

#[test]
fn a_truncated_base_is_refused() {
    let mut desk = Desk::open();
    let (folder, mut store) = equipped(&desk);
    desk.publish(2, BEGIN + DAY);
    for name in desk.names(BASE) {
        desk.files.get_mut(&name).unwrap().pop();
    }
    assert_eq!(refusal(&folder, &mut store, &desk), "altered");
}

#[test]
fn a_release_without_rules_or_with_a_stream_twice_is_refused() {
    let (folder, mut store) = equipped(&Desk::open());
    let mut desk = Desk::open();
    let content = |part: Part| Desk::content(2).into_iter().filter(move |(id, _)| id.part != part);
    desk.publish_content(2, BEGIN + DAY, content(Part::Policy).collect());
    assert_eq!(refusal(&folder, &mut store, &desk), "incomplete");
    for part in [Part::Keys, Part::Status, Part::Policy] {
        let twice = Desk::content(2).into_iter().chain(Desk::content(3).into_iter().filter(|(id, _)| id.part == part));
        desk.publish_content(2, BEGIN + DAY, twice.collect());
        assert_eq!(refusal(&folder, &mut store, &desk), "twice-the-same", "{part:?}");
    }
    // A neighbour's rules do not stand in for the region's own.
    let foreign = Desk::content(2).into_iter().map(|(mut id, base)| {
        if id.part == Part::Policy {
            id.region = "RU-MOW".parse().unwrap();
        }
        (id, base)
    });
    desk.publish_content(2, BEGIN + DAY, foreign.collect());
    assert_eq!(refusal(&folder, &mut store, &desk), "incomplete");
}

#[test]
fn nonsense_that_was_signed_is_refused_all_the_same() {
    let (folder, mut store) = equipped(&Desk::open());
    let mut desk = Desk::open();
    for part in [Part::Keys, Part::Status, Part::Policy] {
        let mut content = Desk::content(2);
        content.retain(|(id, _)| id.part != part);
        content.push((stream(part, "RU-TVE", 7), b"\xa1nonsense".to_vec()));
        desk.publish_content(2, BEGIN + DAY, content);
        assert_eq!(refusal(&folder, &mut store, &desk), "malformed", "{part:?}");
    }
    // A record whose chunk list does not fit its length.
    let (id, base) = Desk::content(2).remove(0);
    let record = Record { chunks: [0; 32], ..Record::describe(id, &base) };
    desk.publish_records(2, BEGIN + DAY, vec![(record, base)]);
    assert_eq!(refusal(&folder, &mut store, &desk), "malformed");
}

#[test]
fn a_part_that_this_version_does_not_know_is_left_alone() {
    let mut desk = Desk::open();
    let (_folder, mut store) = equipped(&desk);
    let id = stream(Part::Other(77), "RU-TVE", 0);
    let mut content = Desk::content(2);
    content.push((id.clone(), vec![0; 100]));
    desk.publish_content(2, BEGIN + DAY, content);
    let name = object_name(BASE, &Record::describe(id, &[0; 100]).base);
    desk.files.remove(&name).unwrap();
    assert_eq!(adopted(store.adopt(&mut desk, clock(BEGIN + DAY))), 2);
}

#[test]
fn what_is_not_there_is_the_carriers_failure() {
    let mut desk = Desk::open();
    let (folder, mut store) = equipped(&desk);
    let mut empty = desk.clone();
    empty.files.clear();
    assert_eq!(refusal(&folder, &mut store, &empty), "carrier");
    desk.publish(2, BEGIN + DAY);
    for what in [INDEX, RECORD, BASE] {
        let mut holed = desk.clone();
        holed.files.retain(|name, _| !name.starts_with(what));
        let code = refusal(&folder, &mut store, &holed);
        assert_eq!(code, "carrier", "{what}");
    }
}
