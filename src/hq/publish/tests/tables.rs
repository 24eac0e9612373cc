//! Tables, their deltas and folds, from HQ's hands into a box's.

use std::collections::BTreeSet;

use trust::Bundle;
use trust::format::{Part, id_key};
use trust::table::{Key, Value};
use verdict::Listed;

use super::*;
use crate::publish::files;

fn ids() -> StreamId {
    StreamId { region: first_root().region, part: Part::Ids, issuer: "RU-TVE".into(), series: 0 }
}

fn register(day: u64) -> StreamId {
    StreamId { region: first_root().region, part: Part::Register, issuer: String::new(), series: day }
}

fn id(number: u64) -> Key {
    id_key("RU-TVE", &number.to_be_bytes())
}

fn batch(id: StreamId, changes: Vec<(Key, Option<Value>)>) -> Batch {
    Batch { id, changes, until: None }
}

/// A release in which ids come and go.
fn listing(come: impl IntoIterator<Item = u64>, go: impl IntoIterator<Item = u64>) -> Content {
    let come = come.into_iter().map(|number| (id(number), Some(Vec::new())));
    let changes = come.chain(go.into_iter().map(|number| (id(number), None))).collect();
    Content { batches: vec![batch(ids(), changes)], ..content(0) }
}

fn is_listed(store: &Store, number: u64) -> bool {
    match store.current().unwrap().listed("RU-TVE", &id(number)) {
        Listed::Yes => true,
        Listed::No => false,
        other => panic!("{other:?}"),
    }
}

/// Names of files that a box asked for.
struct Noting(Folder, Vec<String>);

impl trust::Carrier for Noting {
    fn open<'c>(&'c mut self, name: &str, from: u64) -> Result<Box<dyn std::io::Read + 'c>, trust::CarrierError> {
        self.1.push(name.to_owned());
        self.0.open(name, from)
    }
}

#[test]
fn a_box_follows_a_table_through_deltas_and_folds_and_fetches_what_was_foretold() {
    let release = founded();
    published(release.path(), &listing(0..3000, []), NOW);
    let (_box, mut store) = new_box(release.path());
    adopt(&mut store, release.path(), NOW).unwrap();
    let mut set: BTreeSet<u64> = (0..3000).collect();
    let mut folds = 0;
    for minute in 1..=8_u64 {
        // Enough in one batch for a fold every other time.
        let (come, go) = (minute * 10_000..minute * 10_000 + 10_000, [minute, minute * 10_000 - 1]);
        set.extend(come.clone());
        set.retain(|number| !go.contains(number));
        let now = NOW + 60 * minute as i64;
        let next = listing(come, go);
        let foretold = dry_run(release.path(), &next, term(now), 0, Some(minute)).unwrap();
        let done = published(release.path(), &next, now);
        let told = plan(release.path(), Some(minute)).unwrap().unwrap();
        assert_eq!((foretold.bytes(), told.bytes()), (done.news, done.news), "minute {minute}");
        assert_eq!(foretold, told);
        folds += u64::from(told.streams.iter().any(|stream| matches!(stream.way, Way::Folds { fetched: 0 })));
        let mut noting = Noting(Folder(release.path().to_owned()), Vec::new());
        let outcome = store.adopt(&mut noting, WallTime::from_unix(now, ClockTrust::Ntp)).unwrap();
        assert_eq!(outcome, Adoption::Adopted { sequence: minute + 1, fetched: done.news }, "{:?}", noting.1);
        assert!(noting.1.iter().all(|name| !name.starts_with(BASE)), "{:?}", noting.1);
        // HQ's own view is the folder's.
        let table = table(release.path(), &ids()).unwrap().unwrap();
        assert_eq!(table.count().unwrap(), set.len() as u64);
        for number in (0..100_000).step_by(499).chain(go) {
            assert_eq!(is_listed(&store, number), set.contains(&number), "{number}");
            assert_eq!(table.get(&id(number)).unwrap().is_some(), set.contains(&number));
        }
    }
    assert!(folds > 0, "the table was never folded");
    // A box that begins now, and one that was away.
    let (_other, mut late) = new_box(release.path());
    let whole = plan(release.path(), None).unwrap().unwrap();
    let outcome = adopt(&mut late, release.path(), NOW + 600).unwrap();
    assert_eq!(outcome, Adoption::Adopted { sequence: 9, fetched: whole.bytes() });
    for number in (0..100_000).step_by(499) {
        assert_eq!(is_listed(&late, number), set.contains(&number), "{number}");
    }
}

#[test]
fn a_box_that_was_away_fetches_what_the_plan_says_from_wherever_it_stands() {
    let release = founded();
    published(release.path(), &listing(0..20_000, []), NOW);
    let mut boxes = Vec::new();
    for minute in 1..=70_u64 {
        if minute % 23 == 1 {
            let (folder, mut store) = new_box(release.path());
            adopt(&mut store, release.path(), NOW + 60 * minute as i64).unwrap();
            boxes.push((minute, folder, store));
        }
        let come = if minute == 60 { 100_000..125_000 } else { minute * 200_000..minute * 200_000 + 50 };
        published(release.path(), &listing(come, []), NOW + 60 * minute as i64);
    }
    for (minute, _folder, mut store) in boxes {
        let told = plan(release.path(), Some(minute)).unwrap().unwrap();
        assert_eq!(told.from, Some(minute));
        let outcome = adopt(&mut store, release.path(), NOW + 70 * 60).unwrap();
        let Adoption::Adopted { fetched, sequence: 71 } = outcome else { panic!("{outcome:?}") };
        assert!(fetched.abs_diff(told.bytes()) <= told.bytes() / 10, "{fetched}, not {}", told.bytes());
        assert!(is_listed(&store, 200_000 * 70) && is_listed(&store, 100_000));
    }
    assert_eq!(plan(release.path(), Some(999)).unwrap().unwrap().from, None);
}

#[test]
fn a_bundle_brings_a_box_from_one_release_to_the_next_without_anything_else() {
    let release = founded();
    published(release.path(), &listing(0..100, []), NOW);
    let (_box, mut store) = new_box(release.path());
    adopt(&mut store, release.path(), NOW).unwrap();
    let (_away, mut away) = new_box(release.path());
    adopt(&mut away, release.path(), NOW).unwrap();
    for sequence in 2..=4_u64 {
        published(release.path(), &listing([sequence * 1000], [sequence]), NOW + sequence as i64);
        let news = std::fs::read(release.path().join(format!("news/{sequence}"))).unwrap();
        let mut carried = Bundle::decode(&news).unwrap();
        println!("a minute's news: {} bytes in one piece", news.len());
        let now = WallTime::from_unix(NOW + 9, ClockTrust::Ntp);
        let outcome = store.adopt(&mut carried, now).unwrap();
        assert!(matches!(outcome, Adoption::Adopted { sequence: have, .. } if have == sequence));
        assert!(is_listed(&store, sequence * 1000) && !is_listed(&store, sequence));
    }
    let mut carried = bundle(release.path(), 1).unwrap();
    away.adopt(&mut carried, WallTime::from_unix(NOW + 9, ClockTrust::Ntp)).unwrap();
    assert!(is_listed(&away, 4000) && !is_listed(&away, 2));
    assert_eq!(bundle(release.path(), 77).unwrap_err().code(), "no-bundle");
    assert_eq!(bundle(tempfile::tempdir().unwrap().path(), 1).unwrap_err().code(), "no-bundle");
}

#[test]
fn a_register_of_a_day_is_dropped_when_the_day_is_over_and_others_by_word() {
    let release = founded();
    let day = Batch { until: Some(NOW + DAY), ..batch(register(18_000), vec![(id(1), Some(vec![1, 2]))]) };
    let permanent = batch(register(0), vec![(id(2), Some(vec![3])), (id(2), Some(vec![4]))]);
    let both = Content { batches: vec![day, permanent], ..content(0) };
    assert_eq!(published(release.path(), &both, NOW).streams, 5);
    let (_box, mut store) = new_box(release.path());
    adopt(&mut store, release.path(), NOW).unwrap();
    let value = |store: &Store, day, number| {
        store.current().unwrap().registered(&register(day).issuer, day, &id(number)).unwrap()
    };
    assert_eq!((value(&store, 18_000, 1), value(&store, 0, 2)), (Some(vec![1, 2]), Some(vec![4])));
    // Tables stay without being mentioned.
    assert_eq!(published(release.path(), &content(0), NOW + DAY).streams, 5);
    assert_eq!(published(release.path(), &content(0), NOW + DAY + 1).streams, 4);
    adopt(&mut store, release.path(), NOW + DAY + 1).unwrap();
    assert_eq!((value(&store, 18_000, 1), value(&store, 0, 2)), (None, Some(vec![4])));
    let dropped = Content { dropped: vec![register(0)], ..content(0) };
    assert_eq!(published(release.path(), &dropped, NOW + DAY + 2).streams, 3);
    assert_eq!(table(release.path(), &register(0)).unwrap().map(|_| ()), None);
}

#[test]
fn what_fits_no_table_is_not_published() {
    let release = founded();
    published(release.path(), &listing([1], []), NOW);
    let with = |batch| Content { batches: vec![batch], ..content(0) };
    let value = batch(ids(), vec![(id(5), Some(vec![1]))]);
    assert_eq!(refused(release.path(), &with(value), term(NOW), 4), "table");
    let no_table = batch(StreamId { part: Part::Rules, ..ids() }, Vec::new());
    assert_eq!(refused(release.path(), &with(no_table), term(NOW), 4), "refused");
    let whole = Whole { id: ids(), base: Vec::new(), until: None };
    let whole = Content { wholes: vec![whole], ..content(0) };
    assert_eq!(refused(release.path(), &whole, term(NOW), 4), "refused");
}

#[test]
fn killed_at_any_step_the_folder_holds_one_release_and_the_next_one_follows_it() {
    let (mut held_old, mut held_new) = (0, 0);
    for steps in 0.. {
        let release = founded();
        published(release.path(), &listing(0..500, []), NOW);
        published(release.path(), &listing([600], []), NOW + 1);
        let (_box, mut store) = new_box(release.path());
        adopt(&mut store, release.path(), NOW + 1).unwrap();
        // As many as make a fold.
        let next = listing(1000..30_000, [7]);
        files::tests::STEPS.set(Some(steps));
        let outcome = publish(release.path(), &next, term(NOW + 2), 0, &key(4));
        files::tests::STEPS.set(None);
        // Boxes come before HQ is up again.
        adopt(&mut store, release.path(), NOW + 2).unwrap();
        match store.current().unwrap().sequence() {
            2 => held_old += 1,
            3 => held_new += 1,
            other => panic!("release {other} out of nowhere"),
        }
        assert_eq!(is_listed(&store, 2000), store.current().unwrap().sequence() == 3);
        // What was not settled is said again, and comes to the same.
        published(release.path(), &next, NOW + 3);
        adopt(&mut store, release.path(), NOW + 3).unwrap();
        for (number, expected) in [(7, false), (600, true), (29_999, true), (30_000, false)] {
            assert_eq!(is_listed(&store, number), expected, "{number} after {steps} steps");
        }
        if outcome.is_ok() {
            break;
        }
    }
    println!("killed at every step: {held_old} times the old release, {held_new} times the new one");
    assert!(held_old > 10 && held_new > 0);
}

#[test]
fn a_rotten_index_costs_no_table_and_a_rotten_delta_is_said() {
    let release = founded();
    published(release.path(), &listing([1], []), NOW);
    published(release.path(), &listing([2], []), NOW);
    for folder in [INDEX, RECORD] {
        for file in std::fs::read_dir(release.path().join(folder)).unwrap() {
            std::fs::write(file.unwrap().path(), b"rot").unwrap();
        }
    }
    published(release.path(), &listing([3], []), NOW);
    let (_box, mut store) = new_box(release.path());
    adopt(&mut store, release.path(), NOW).unwrap();
    assert!((1..=3).all(|number| is_listed(&store, number)));
    // Both gone: what the tables held must not be forgotten in silence.
    for folder in [INDEX, RECORD] {
        std::fs::remove_dir_all(release.path().join(folder)).unwrap();
    }
    std::fs::write(release.path().join(".records"), b"rot").unwrap();
    assert_eq!(refused(release.path(), &listing([4], []), term(NOW), 4), "damaged");
}

/// 20 million ids make a base of 260 MB; a two-hundredth of that shows that a minute does not depend on it.
#[test]
fn a_minutes_delta_costs_little_processor_time_whatever_the_table_holds() {
    let release = founded();
    let mut costs = Vec::new();
    for (round, size) in [(0_u64, 1_000_u64), (1, 100_000)] {
        published(release.path(), &listing(round * 10_000_000..round * 10_000_000 + size, []), NOW + round as i64);
        let before = processor_time();
        published(release.path(), &listing((0..140).map(|at| round * 50_000_000 + at + 5_000_000), []), NOW + 5);
        costs.push(processor_time() - before);
    }
    println!("measured: publishing 140 ids takes {:?} beside 1,000 ids, {:?} beside 101,000", costs[0], costs[1]);
    assert!(costs[1] < Duration::from_secs(1));
}

/// Processor time of this thread.
fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(stat.split(' ').next().unwrap().parse().unwrap())
}
