//! Streams that grow by deltas: how a box follows, and what is done to it on the way.

use super::{adopted, copied, equipped, refusal};
use crate::desk::{BEGIN, DAY, Desk, Growing, clock, stream};
use crate::format::{DELTA, LONGEST_LOG, Part, RUN, Reset, Run, chain, id_key, object_name};
use crate::table::{self, Delta, Shape, delta};
use crate::{Adoption, Bits, Carrier, CarrierError, Release, StatusList, Store};
use pass::StatusIndex;
use verdict::Status;

/// A base of no ids.
pub(super) fn empty_table() -> Vec<u8> {
    let mut base = Vec::new();
    table::write(&mut base, Shape::Set, 0, []).unwrap();
    base
}

pub(super) fn key(number: u64) -> [u8; 16] {
    id_key("RU-TVE", &number.to_be_bytes())
}

/// The delta that lists an id.
pub(super) fn lists(number: u64) -> Vec<u8> {
    delta::encode(&Delta::of([(key(number), Some(Vec::new()))]), Shape::Set).unwrap()
}

pub(super) fn ids() -> Growing {
    Growing::new(stream(Part::Ids, "RU-TVE", 0), empty_table())
}

/// A status list of 4096 places that grows: in each delta the next place is revoked.
pub(super) fn list() -> Growing {
    Growing::new(stream(Part::Status, "RU-TVE", 0), StatusList::new(Bits::Two, 4096).encode())
}

pub(super) fn revokes(place: u64) -> Vec<u8> {
    let old = StatusList::new(Bits::Two, 4096);
    let mut new = old.clone();
    new.set(place, 1);
    old.delta(&new).unwrap()
}

/// A desk that has published both streams with a number of deltas each.
fn grown(deltas: u64) -> (Desk, Growing, Growing) {
    let (mut desk, mut ids, mut list) = (Desk::new(), ids(), list());
    for number in 1..=deltas {
        ids.push(&mut desk, lists(number));
        list.push(&mut desk, revokes(number));
    }
    desk.publish_growing(1, BEGIN, &[&ids, &list]);
    (desk, ids, list)
}

fn says(release: &Release, deltas: u64) {
    for number in [0, 1, deltas / 2, deltas, deltas + 1] {
        let is_said = (1..=deltas).contains(&number);
        assert_eq!(release.is_listed("RU-TVE", &key(number)).unwrap(), is_said, "{number} of {deltas}");
        let status = release.status("RU-TVE", Some(StatusIndex { series: 0, index: number }));
        assert_eq!(status, if is_said { Status::Revoked } else { Status::Valid });
    }
}

/// Notes what is asked of a desk.
struct Noting(Desk, Vec<String>);

impl Carrier for Noting {
    fn open<'c>(&'c mut self, name: &str, from: u64) -> Result<Box<dyn std::io::Read + 'c>, CarrierError> {
        self.1.push(name.to_owned());
        self.0.open(name, from)
    }
}

#[test]
fn a_box_follows_minute_by_minute_and_after_a_restart() {
    let (mut desk, mut ids, mut list) = grown(0);
    let (folder, mut store) = equipped(&desk);
    for minute in 1..=130 {
        ids.push(&mut desk, lists(minute));
        list.push(&mut desk, revokes(minute));
        desk.publish_growing(minute + 1, BEGIN + 60 * minute as i64, &[&ids, &list]);
        let mut noting = Noting(desk.clone(), Vec::new());
        let outcome = store.adopt(&mut noting, clock(BEGIN + DAY)).unwrap();
        let asked: Vec<_> = noting.1.iter().map(|name| name.split(['/', '.']).next().unwrap()).collect();
        assert_eq!(asked, ["head", "root", "index", "record", "record", "delta", "delta"]);
        let Adoption::Adopted { fetched, .. } = outcome else { panic!("{outcome:?}") };
        assert!(fetched < 1300, "{fetched}");
        if minute % 50 == 0 {
            store = Store::open(folder.path()).unwrap();
        }
        says(&store.current().unwrap(), minute);
    }
}

#[test]
fn a_box_that_was_away_for_hours_asks_for_runs() {
    let (desk, ..) = grown(10);
    let (_folder, mut store) = equipped(&desk);
    let (mut desk, ids, list) = grown(310);
    desk.publish_growing(2, BEGIN + DAY, &[&ids, &list]);
    let mut noting = Noting(desk, Vec::new());
    assert_eq!(adopted(store.adopt(&mut noting, clock(BEGIN + DAY))), 2);
    let count = |what: &str| noting.1.iter().filter(|name| name.starts_with(what)).count();
    assert_eq!((count(RUN), count(DELTA)), (2 * 5, 2 * 10));
    says(&store.current().unwrap(), 310);
}

#[test]
fn single_deltas_of_old_runs_need_not_be_kept() {
    let (desk, ..) = grown(50);
    let (_folder, mut store) = equipped(&desk);
    let (mut desk, ids, list) = grown(130);
    desk.publish_growing(2, BEGIN + DAY, &[&ids, &list]);
    for stream in [&ids, &list] {
        let mut hash = stream.record.base;
        for (sequence, payload) in (1..=120).zip(&stream.payloads) {
            hash = chain(&hash, payload, sequence);
            desk.files.remove(&object_name(DELTA, &hash)).unwrap();
        }
    }
    // From a new box's beginning, and from the middle of a run.
    assert_eq!(adopted(store.adopt(&mut desk.clone(), clock(BEGIN + DAY))), 2);
    says(&store.current().unwrap(), 130);
    says(&equipped(&desk).1.current().unwrap(), 130);
}

#[test]
fn a_long_way_that_breaks_off_goes_on_from_the_last_run() {
    let (desk, ..) = grown(0);
    let (_folder, mut store) = equipped(&desk);
    let (mut desk, ids, list) = grown(300);
    desk.publish_growing(2, BEGIN + DAY, &[&ids, &list]);
    let mut broken = desk.clone();
    let runs = broken.names(RUN);
    let oldest = runs.iter().find(|name| Run::parse(&desk.files[*name], &hash_of(name)).unwrap().0.after == 0);
    broken.files.remove(oldest.unwrap());
    broken.files.retain(|name, _| !name.starts_with(DELTA));
    assert_eq!(store.adopt(&mut broken, clock(BEGIN + DAY)).unwrap_err().code(), "carrier");
    let mut noting = Noting(desk, Vec::new());
    assert_eq!(adopted(store.adopt(&mut noting, clock(BEGIN + DAY))), 2);
    assert!(noting.1.iter().filter(|name| name.starts_with(RUN)).count() < 10, "{:?}", noting.1);
    says(&store.current().unwrap(), 300);
}

fn hash_of(name: &str) -> [u8; 32] {
    let hex = name.rsplit('/').next().unwrap();
    std::array::from_fn(|at| u8::from_str_radix(&hex[at * 2..at * 2 + 2], 16).unwrap())
}

#[test]
fn altered_deltas_and_runs_are_refused_whichever_bit_it_is() {
    let (old, ..) = grown(5);
    let (mut desk, ids, list) = grown(126);
    desk.publish_growing(2, BEGIN + DAY, &[&ids, &list]);
    let mut fresh = desk.names(DELTA);
    fresh.retain(|name| [ids.record.head, list.record.head].contains(&hash_of(name)));
    fresh.extend(desk.names(RUN));
    assert_eq!(fresh.len(), 2 + 4);
    for name in fresh {
        // A run that came whole is kept, and would not be asked for again.
        let (folder, mut store) = equipped(&old);
        for bit in (0..desk.files[&name].len() * 8).step_by(97) {
            let mut altered = desk.clone();
            altered.files.get_mut(&name).unwrap()[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(refusal(&folder, &mut store, &altered), "altered", "bit {bit} of {name}");
        }
        let mut endless = desk.clone();
        endless.files.insert(name.clone(), vec![0; 9 << 20]);
        assert_eq!(refusal(&folder, &mut store, &endless), "too-long");
        // A run in place of a single delta, with right pieces of the wrong number.
        let mut wrong = desk.clone();
        wrong.files.insert(name.clone(), desk.files[&desk.names(RUN)[0]].clone());
        let hash = hash_of(&name);
        if Run::parse(&wrong.files[&name], &hash).is_err() {
            let code = refusal(&folder, &mut store, &wrong);
            assert!(matches!(code, "altered" | "too-long"), "{code}");
        }
        assert_eq!(adopted(store.adopt(&mut desk.clone(), clock(BEGIN + DAY))), 2);
    }
}

#[test]
fn a_delta_of_another_stream_or_of_another_head_does_not_fit() {
    let (old, ..) = grown(5);
    let (mut desk, mut ids, list) = grown(6);
    desk.publish_growing(2, BEGIN + DAY, &[&ids, &list]);
    let (folder, mut store) = equipped(&old);
    let name = |growing: &Growing| object_name(DELTA, &growing.record.head);
    let (of_ids, of_list) = (name(&ids), name(&list));
    let mut mixed = desk.clone();
    mixed.files.insert(of_ids.clone(), desk.files[&of_list].clone());
    assert_eq!(refusal(&folder, &mut store, &mixed), "altered");
    // The delta after this one, under this one's name.
    let (mut later, before) = (desk.clone(), ids.clone());
    ids.push(&mut later, lists(7));
    let next = later.files[&name(&ids)].clone();
    let mut mixed = desk.clone();
    mixed.files.insert(of_ids.clone(), next);
    assert_eq!(refusal(&folder, &mut store, &mixed), "altered");
    // Signed by HQ, but for another kind of stream.
    let mut wrong = desk.clone();
    let mut swapped = before;
    swapped.push(&mut wrong, revokes(9));
    wrong.publish_growing(3, BEGIN + DAY, &[&swapped, &list]);
    assert_eq!(refusal(&folder, &mut store, &wrong), "malformed");
    assert_eq!(adopted(store.adopt(&mut desk.clone(), clock(BEGIN + DAY))), 2);
}

#[test]
fn a_record_that_lies_about_its_deltas_is_refused() {
    let (old, ..) = grown(5);
    let (folder, mut store) = equipped(&old);
    let refused = |change: &dyn Fn(&mut Growing)| {
        let (mut desk, mut ids, list) = grown(8);
        change(&mut ids);
        desk.publish_growing(2, BEGIN + DAY, &[&ids, &list]);
        desk
    };
    for (change, expected) in [
        (&(|ids: &mut Growing| ids.record.log += 1) as &dyn Fn(&mut Growing), "altered"),
        (&|ids| ids.record.log -= 1, "too-long"),
        (&|ids| ids.record.log = LONGEST_LOG + 1, "too-long"),
        (&|ids| ids.record.head_sequence = 0, "malformed"),
        (&|ids| ids.record.head_sequence += 1, "altered"),
        (&|ids| ids.record.log = 0, "malformed"),
        (&|ids| ids.record.head = [7; 32], "carrier"),
        (&|ids| ids.record.part = Part::Rules, "malformed"),
        (&|ids| ids.record.part = Part::Register, "malformed"),
    ] {
        let desk = refused(change);
        let code = refusal(&folder, &mut store, &desk);
        assert!(code == expected || (expected == "too-long" && code == "carrier"), "{code}, not {expected}");
    }
}

#[test]
fn a_chain_that_forks_after_a_theft_is_followed_on_its_new_way() {
    let (honest, ..) = grown(3);
    let (folder, mut store) = equipped(&honest);
    // The thief lists what it likes.
    let (mut thief, mut ids, list) = grown(3);
    for number in 100..170 {
        ids.push(&mut thief, lists(number));
    }
    thief.publish_growing(u64::MAX, BEGIN + 80 * DAY, &[&ids, &list]);
    store.adopt(&mut thief.clone(), clock(BEGIN)).unwrap();
    assert!(store.current().unwrap().is_listed("RU-TVE", &key(120)).unwrap());

    for deltas in [3, 4, 90] {
        let (_kept, mut store) = copied(&folder);
        let (mut cured, ids, list) = grown(deltas);
        cured.strike_off_the_stolen_key(Some(Reset { sequence: 1, floor: BEGIN }));
        cured.publish_growing(2, BEGIN + DAY, &[&ids, &list]);
        let stolen = store.current().unwrap();
        assert_eq!(adopted(store.adopt(&mut cured.clone(), clock(BEGIN + DAY))), 2);
        says(&store.current().unwrap(), deltas);
        // Who still holds the release before reads what that said.
        assert!(stolen.is_listed("RU-TVE", &key(120)).unwrap());
        assert!(!stolen.is_listed("RU-TVE", &key(90)).unwrap());
    }
}

#[test]
fn a_damaged_log_is_fetched_again_and_what_stands_behind_its_head_does_not_count() {
    let (desk, ..) = grown(70);
    let (folder, store) = equipped(&desk);
    drop(store);
    let logs: Vec<_> = std::fs::read_dir(folder.path().join("logs")).unwrap().map(|log| log.unwrap().path()).collect();
    assert_eq!(logs.len(), 2);
    for log in logs {
        let whole = std::fs::read(&log).unwrap();
        let longer = [&whole[..], &[0, 0, 0, 2, 9, 9, 0, 0]].concat();
        std::fs::write(&log, &longer).unwrap();
        says(&Store::open(folder.path()).unwrap().current().unwrap(), 70);
        let mut rotten = whole.clone();
        rotten[whole.len() / 2] ^= 1;
        for damage in [&rotten[..], &whole[..whole.len() - 1], b""] {
            std::fs::write(&log, damage).unwrap();
            let mut store = Store::open(folder.path()).unwrap();
            assert!(store.current().is_none(), "a damaged release must not serve");
            assert_eq!(adopted(store.adopt(&mut desk.clone(), clock(BEGIN))), 1);
            says(&store.current().unwrap(), 70);
            says(&Store::open(folder.path()).unwrap().current().unwrap(), 70);
        }
    }
}
