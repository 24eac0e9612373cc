//! Every attack of the list, each with the exact code of its refusal, and the honest cases beside them,
//! which must not be refused. Here: what is old, late, for others or said twice. The rest: `roots`, `content`.

use wire::{ClockTrust, WallTime};

use super::{adopted, equipped, refusal, refusal_at, sequence};
use crate::desk::{BEGIN, DAY, Desk, clock};
use crate::format::Head;
use crate::{Adoption, Store};

#[test]
fn an_older_release_is_refused() {
    let old = Desk::open();
    let mut desk = old.clone();
    desk.publish(2, BEGIN + DAY);
    let (folder, mut store) = equipped(&desk);
    assert_eq!(refusal(&folder, &mut store, &old), "older");
}

#[test]
fn an_older_release_is_refused_even_after_either_slot_was_torn() {
    let old = Desk::open();
    let mut desk = old.clone();
    desk.publish(2, BEGIN + DAY);
    for slot in ["state.a", "state.b"] {
        let (folder, store) = equipped(&desk);
        drop(store);
        std::fs::write(folder.path().join(slot), b"{").unwrap();
        let mut store = Store::open(folder.path()).unwrap();
        assert_eq!(refusal(&folder, &mut store, &old), "older", "{slot}");
        // An honest check with no news mends it.
        store.adopt(&mut desk.clone(), clock(BEGIN + DAY)).unwrap();
        let other = if slot == "state.a" { "state.b" } else { "state.a" };
        std::fs::write(folder.path().join(other), b"{").unwrap();
        assert_eq!(sequence(folder.path()), Some(2));
    }
}

#[test]
fn with_both_slots_destroyed_the_box_asks_for_provisioning_and_never_begins_anew() {
    let desk = Desk::open();
    let (folder, store) = equipped(&desk);
    drop(store);
    for slot in ["state.a", "state.b"] {
        std::fs::write(folder.path().join(slot), b"").unwrap();
    }
    assert_eq!(Store::open(folder.path()).err().unwrap().code(), "needs-provisioning");
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(Store::open(empty.path()).err().unwrap().code(), "needs-provisioning");
    assert_eq!(Store::open(&empty.path().join("absent")).err().unwrap().code(), "needs-provisioning");
    // By hand it is cured.
    let mut store = desk.provision(folder.path());
    assert_eq!(adopted(store.adopt(&mut desk.clone(), clock(BEGIN))), 1);
}

#[test]
fn a_release_that_is_held_back_beyond_its_last_day_is_refused() {
    let mut desk = Desk::open();
    let (folder, mut store) = equipped(&desk);
    desk.publish(2, BEGIN + DAY);
    assert_eq!(refusal_at(&folder, &mut store, &desk, BEGIN + 46 * DAY + 1), "past-not-after");
    // Its last second counts: a stick that is weeks old still helps.
    assert_eq!(adopted(store.adopt(&mut desk, clock(BEGIN + 46 * DAY))), 2);
}

#[test]
fn a_clock_set_back_revives_nothing() {
    let mut desk = Desk::open();
    let mut frozen = desk.clone();
    frozen.publish(3, BEGIN + DAY);
    desk.publish(2, BEGIN + 60 * DAY);
    let (folder, mut store) = equipped(&desk);
    for trust in [ClockTrust::Ntp, ClockTrust::CarriedOver, ClockTrust::None] {
        let back = WallTime::from_unix(0, trust);
        assert_eq!(store.adopt(&mut frozen.clone(), back).unwrap_err().code(), "times", "{trust:?}");
    }
    assert_eq!(sequence(folder.path()), Some(2));
    // The root's own expiry is judged by the floor too.
    let mut late = desk.clone();
    late.rotate(&[1, 2], |root| root.expires = BEGIN + 59 * DAY);
    late.publish(4, BEGIN + 60 * DAY);
    assert_eq!(refusal_at(&folder, &mut store, &late, 0), "root-expired");
}

#[test]
fn an_honest_release_is_adopted_whatever_a_slow_or_unsound_clock_says() {
    for (unix, trust) in [
        (0, ClockTrust::Ntp),
        (BEGIN - DAY, ClockTrust::Rtc),
        (BEGIN + 900 * DAY, ClockTrust::CarriedOver),
        (i64::MAX / 1000, ClockTrust::None),
    ] {
        let mut desk = Desk::open();
        let (_folder, mut store) = equipped(&desk);
        desk.publish(2, BEGIN + DAY);
        assert_eq!(adopted(store.adopt(&mut desk, WallTime::from_unix(unix, trust))), 2, "{trust:?}");
    }
}

#[test]
fn a_clock_that_ran_ahead_leaves_nothing_behind() {
    let mut desk = Desk::open();
    let (folder, mut store) = equipped(&desk);
    desk.publish(2, BEGIN + DAY);
    assert_eq!(refusal_at(&folder, &mut store, &desk, BEGIN + 900 * DAY), "past-not-after");
    assert_eq!(store.floor(), BEGIN);
    assert_eq!(adopted(store.adopt(&mut desk, clock(BEGIN + DAY))), 2);
    assert_eq!(Store::open(folder.path()).unwrap().floor(), BEGIN + DAY);
}

#[test]
fn times_that_contradict_each_other_are_refused() {
    let (folder, mut store) = equipped(&Desk::open());
    let mut desk = Desk::open();
    let mut refused = |change: &dyn Fn(&mut Head)| {
        desk.publish(2, BEGIN + DAY);
        desk.change_head(change);
        refusal(&folder, &mut store, &desk)
    };
    assert_eq!(refused(&|head| head.expires = head.issued - 1), "times");
    assert_eq!(refused(&|head| head.not_after = head.expires - 1), "times");
    // Else a stolen key that has run out could date back a release for all time.
    assert_eq!(refused(&|head| head.not_after = head.issued + 91 * DAY), "times");
    assert_eq!(refused(&|head| head.not_after = i64::MAX), "times");
}

#[test]
fn the_release_of_another_region_is_refused() {
    let (folder, mut store) = equipped(&Desk::open());
    // By a publisher that serves two regions with one key.
    let mut desk = Desk::open();
    desk.publish(2, BEGIN + DAY);
    desk.change_head(|head| head.region = "RU-MOW".parse().unwrap());
    assert_eq!(refusal(&folder, &mut store, &desk), "other-region");
    // By another region's publisher.
    desk.publisher = 44;
    desk.change_head(|_| {});
    assert_eq!(refusal(&folder, &mut store, &desk), "head-signature");
}

#[test]
fn two_releases_under_one_sequence_are_an_alarm_of_its_own() {
    let desk = Desk::open();
    let (folder, mut store) = equipped(&desk);
    let mut other = desk.clone();
    other.change_head(|head| head.expires += 1);
    assert_eq!(refusal(&folder, &mut store, &other), "equivocation");
}

#[test]
fn a_replayed_stick_brings_nothing_new() {
    let desk = Desk::open();
    let (_folder, mut store) = equipped(&desk);
    // Even long after its last day: it is what the box has.
    for now in [BEGIN, BEGIN + 300 * DAY] {
        let outcome = store.adopt(&mut desk.clone(), clock(now)).unwrap();
        assert!(matches!(outcome, Adoption::NothingNew { .. }));
    }
    assert_eq!(store.current().unwrap().sequence(), 1);
}
