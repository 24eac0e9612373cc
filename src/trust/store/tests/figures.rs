//! The figures this format is held to.

use super::deltas::{key, list, revokes};
use super::{adopted, equipped};
use crate::desk::{BEGIN, DAY, Desk, Growing, clock, stream};
use crate::format::{HEAD, INDEX, PAGES, Part, RECORD};
use crate::{Adoption, Bits, StatusList};

/// A desk with so many streams, one of which grows.
fn desk(streams: u64) -> (Desk, Growing, Vec<Growing>) {
    // Keys and policy are two more.
    let other = |series| {
        let mut list = StatusList::new(Bits::One, 256);
        list.set(series % 256, 1);
        Growing::new(stream(Part::Status, "RU-MOW", series), list.encode())
    };
    (Desk::new(), list(), (0..streams - 3).map(other).collect())
}

fn publish(desk: &mut Desk, sequence: u64, growing: &Growing, others: &[Growing]) {
    let all: Vec<&Growing> = std::iter::once(growing).chain(others).collect();
    // A sequence as long as it gets in years.
    desk.publish_growing(u64::from(u32::MAX) + sequence, BEGIN + 60 * sequence as i64, &all);
}

/// Bytes of head, index and records, as the newest release needs them.
fn metadata(desk: &Desk) -> usize {
    let count = |what: &str| desk.names(what).iter().map(|name| desk.files[name].len()).sum::<usize>();
    desk.files[HEAD].len() + count(INDEX) + count(PAGES) + count(RECORD)
}

#[test]
fn a_day_of_minute_deltas_costs_what_it_may() {
    for streams in [4_u64, 66, 500] {
        let (mut first, mut growing, others) = desk(streams);
        growing.push(&mut first, revokes(1));
        let mut day = first.clone();
        publish(&mut first, 1, &growing, &others);
        for minute in 2..=1440 {
            growing.push(&mut day, revokes(minute));
        }
        publish(&mut day, 1440, &growing, &others);
        let (_folder, mut store) = equipped(&day);
        let Adoption::NothingNew { fetched } = store.adopt(&mut day.clone(), clock(BEGIN + DAY)).unwrap() else {
            panic!("there was news");
        };
        let ratio = metadata(&day) as f64 / metadata(&first) as f64;
        growing.push(&mut day, revokes(1441));
        publish(&mut day, 1441, &growing, &others);
        let outcome = store.adopt(&mut day.clone(), clock(BEGIN + DAY)).unwrap();
        let Adoption::Adopted { fetched: minute, .. } = outcome else { panic!("{outcome:?}") };
        println!(
            "measured: {streams} streams after 1,440 minute deltas: a check without news {fetched} B, one minute's \
             update {minute} B, metadata against one delta {ratio:.4}"
        );
        assert!(fetched <= 450 && ratio <= 1.02);
    }
}

#[test]
fn what_a_minute_writes_to_the_disk() {
    // 140 ids a minute: 1 % of 20 million in a day.
    let mut desk = Desk::new();
    let mut ids = super::deltas::ids();
    desk.publish_growing(1, BEGIN, &[&ids]);
    let (folder, mut store) = equipped(&desk);
    let mut payloads = 0;
    for minute in 1..=20_u64 {
        let changes = (0..140).map(|at| (key(minute * 1000 + at), Some(Vec::new())));
        let delta = crate::table::delta::encode(&crate::table::Delta::of(changes), crate::table::Shape::Set).unwrap();
        payloads += delta.len();
        ids.push(&mut desk, delta);
        desk.publish_growing(minute + 1, BEGIN + minute as i64, &[&ids]);
        adopted(store.adopt(&mut desk.clone(), clock(BEGIN + DAY)));
    }
    let logs = std::fs::read_dir(folder.path().join("logs")).unwrap();
    let log: u64 = logs.map(|log| log.unwrap().metadata().unwrap().len()).sum();
    let ratio = log as f64 / payloads as f64;
    println!("measured: a log holds {ratio:.3} times its deltas; an id takes {:.2} B", log as f64 / 2800.0);
    assert!(ratio <= 1.6);
}
