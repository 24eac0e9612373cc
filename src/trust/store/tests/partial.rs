//! A box keeps what it is told to, and what has not ended.

use super::deltas::key;
use super::{adopted, equipped};
use crate::desk::{BEGIN, DAY, Desk, Growing, clock, policy, stream};
use crate::format::{BASE, Part, Record, StreamId, object_name};
use crate::table::{self, Shape};
use crate::{Carry, Store};

fn table(part: Part, number: u64) -> Vec<u8> {
    let (shape, value) = if part == Part::Ids { (Shape::Set, vec![]) } else { (Shape::Map, vec![9]) };
    let mut base = Vec::new();
    table::write(&mut base, shape, 1, [Ok((key(number), value))]).unwrap();
    base
}

fn neighbour(part: Part, series: u64) -> StreamId {
    StreamId { region: "RU-MOW".parse().unwrap(), ..stream(part, "RU-MOW", series) }
}

/// What is not to be fetched is not even there.
fn without_bases(desk: &mut Desk, records: &[&Record]) {
    records.iter().for_each(|record| drop(desk.files.remove(&object_name(BASE, &record.base)).unwrap()));
}

#[test]
fn a_box_carries_its_own_region_and_of_others_no_register_rules_or_orders() {
    let mut desk = Desk::new();
    let own = Growing::new(stream(Part::Register, "", 0), table(Part::Register, 1));
    let ids = Growing::new(neighbour(Part::Ids, 0), table(Part::Ids, 2));
    let register = Growing::new(neighbour(Part::Register, 0), table(Part::Register, 3));
    let rules = Growing::new(neighbour(Part::Policy, 0), wire::encode(&verdict::Policy { territory: 77, ..policy() }));
    let orders = Growing::new(neighbour(Part::Orders, 0), vec![0x80, 0x00][..1].to_vec());
    desk.publish_growing(1, BEGIN, &[&own, &ids, &register, &rules, &orders]);
    without_bases(&mut desk, &[&register.record, &rules.record, &orders.record]);
    let (folder, store) = equipped(&desk);
    for release in [store.current().unwrap(), Store::open(folder.path()).unwrap().current().unwrap()] {
        assert_eq!(release.register(&key(1)).unwrap(), Some(vec![9]));
        assert!(release.is_listed("RU-MOW", &key(2)).unwrap());
        assert!(!release.has_ids("RU-TVE"));
        assert_eq!(release.register(&key(3)).unwrap(), None);
        assert_eq!(release.policy().territory, 69);
        assert_eq!(release.streams().filter(|stream| stream.is_carried).count(), 4);
        assert_eq!(release.streams().count(), 7);
        assert_eq!((release.as_of(Part::Ids), release.as_of(Part::Orders)), (Some(BEGIN), None));
    }
}

#[test]
fn what_is_carried_can_be_narrowed_and_widened_and_lasts() {
    let mut desk = Desk::new();
    let ids = Growing::new(stream(Part::Ids, "RU-TVE", 0), table(Part::Ids, 1));
    desk.publish_growing(1, BEGIN, &[&ids]);
    let (folder, mut store) = equipped(&desk);
    let narrow = Carry { own: [].into(), others: [].into() };
    store.set_carry(narrow);
    // The same head: what is carried changes all the same.
    assert_eq!(adopted(store.adopt(&mut desk.clone(), clock(BEGIN))), 1);
    assert!(!store.current().unwrap().has_ids("RU-TVE"));
    assert_eq!(store.current().unwrap().keys(), 1);
    assert!(std::fs::read_dir(folder.path().join("objects")).unwrap().count() < 7);
    let mut store = Store::open(folder.path()).unwrap();
    assert!(store.current().is_some(), "what is not carried is no damage");
    store.set_carry(Carry::default());
    assert_eq!(adopted(store.adopt(&mut desk.clone(), clock(BEGIN))), 1);
    assert!(store.current().unwrap().is_listed("RU-TVE", &key(1)).unwrap());
}

#[test]
fn a_day_that_is_over_leaves_the_box_with_the_next_release() {
    let mut desk = Desk::new();
    let mut day = Growing::new(stream(Part::Register, "", 18_000), table(Part::Register, 1));
    day.record.until = Some(BEGIN + DAY);
    desk.publish_growing(1, BEGIN, &[&day]);
    let (folder, mut store) = equipped(&desk);
    assert_eq!(store.current().unwrap().register(&key(1)).unwrap(), Some(vec![9]));
    let path = folder.path().join(object_name("objects", &day.record.base));
    assert!(path.exists());
    desk.publish_growing(2, BEGIN + DAY + 1, &[&day]);
    without_bases(&mut desk, &[&day.record]);
    // A clock that runs behind does not matter: HQ says what time it is.
    assert_eq!(adopted(store.adopt(&mut desk.clone(), clock(BEGIN))), 2);
    assert_eq!(store.current().unwrap().register(&key(1)).unwrap(), None);
    assert!(!path.exists());
    assert_eq!(Store::open(folder.path()).unwrap().current().unwrap().sequence(), 2);
}

#[test]
fn what_others_say_is_as_old_as_their_word() {
    let mut desk = Desk::new();
    let mut ids = Growing::new(stream(Part::Ids, "EU-uci/AT", 0), table(Part::Ids, 1));
    ids.record.as_of = Some(BEGIN - 7 * DAY);
    let mut ahead = Growing::new(stream(Part::Ids, "EU-uci/DE", 0), table(Part::Ids, 2));
    ahead.record.as_of = Some(BEGIN + 7 * DAY);
    desk.publish_growing(1, BEGIN, &[&ids, &ahead]);
    let (_folder, store) = equipped(&desk);
    let release = store.current().unwrap();
    assert_eq!(release.as_of(Part::Ids), Some(BEGIN - 7 * DAY));
    let ages: Vec<i64> = release.streams().map(|stream| stream.as_of).collect();
    assert_eq!(ages.iter().max(), Some(&BEGIN), "nothing is known of a time after the release");
}
