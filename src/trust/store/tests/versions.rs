//! Whatever releases, clocks, power cuts and rot come in whatever order: the version never goes back.

use proptest::collection::vec;
use proptest::prelude::*;
use wire::{ClockTrust, WallTime};

use super::deltas::{ids, list, lists, revokes};
use super::equipped;
use crate::Store;
use crate::desk::{BEGIN, DAY, Desk};

#[derive(Debug, Clone)]
enum Event {
    /// A release is offered, by a clock that says and is worth something, and the power goes after some steps.
    Offer { release: usize, day: i64, sound: bool, cut: Option<u32>, tears: bool },
    /// The box is restarted.
    Restart,
    /// One of the state's slots rots while it is off.
    Rot(bool),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => (0_usize..6, 0_i64..60, any::<bool>(), proptest::option::of(0_u32..60), any::<bool>())
            .prop_map(|(release, day, sound, cut, tears)| Event::Offer { release, day, sound, cut, tears }),
        2 => Just(Event::Restart),
        1 => any::<bool>().prop_map(Event::Rot),
    ]
}

/// Releases 1 to 6, a day apart, each with one more delta and a new root in between.
fn releases() -> Vec<Desk> {
    let (mut desk, mut ids, mut list) = (Desk::new(), ids(), list());
    (1..=6)
        .map(|sequence| {
            ids.push(&mut desk, lists(sequence));
            list.push(&mut desk, revokes(sequence));
            if sequence == 4 {
                desk.rotate(&[1, 2], |_| {});
            }
            desk.publish_growing(sequence, BEGIN + (sequence as i64 - 1) * DAY, &[&ids, &list]);
            desk.clone()
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn the_version_never_goes_back(events in vec(event(), 1..30)) {
        let releases = releases();
        let (folder, mut store) = equipped(&releases[0]);
        let (mut newest, mut floor, mut root) = (1, BEGIN, 1);
        for event in events {
            match event {
                Event::Offer { release, day, sound, cut, tears } => {
                    let trust = if sound { ClockTrust::Ntp } else { ClockTrust::CarriedOver };
                    store.disk.steps_left.set(cut);
                    store.disk.tears.set(tears);
                    let outcome = store.adopt(
                        &mut releases[release].clone(), WallTime::from_unix(BEGIN + day * DAY, trust));
                    let is_off = store.disk.steps_left.get() == Some(0);
                    store.disk.steps_left.set(None);
                    if is_off || outcome.is_err() {
                        store = Store::open(folder.path()).unwrap();
                    }
                }
                Event::Restart => store = Store::open(folder.path()).unwrap(),
                Event::Rot(first) => {
                    // A slot that a cut has torn, or that has rotted, is mended by an honest check without news. Before
                    // that the other must not rot, too: there would be nothing left.
                    let mend = |store: &mut Store| {
                        let serves = store.current().unwrap().sequence() as usize;
                        let now = WallTime::from_unix(BEGIN, ClockTrust::None);
                        store.adopt(&mut releases[serves - 1].clone(), now).unwrap();
                    };
                    mend(&mut store);
                    std::fs::write(folder.path().join(if first { "state.a" } else { "state.b" }), b"rot").unwrap();
                    store = Store::open(folder.path()).unwrap();
                    mend(&mut store);
                }
            }
            let release = store.current().expect("the old release or the new one serves");
            prop_assert!(release.sequence() >= newest, "{} after {newest}", release.sequence());
            prop_assert!(store.floor() >= floor && store.root().version >= root);
            (newest, floor, root) = (release.sequence(), store.floor(), store.root().version);
            for number in 1..=newest {
                prop_assert!(release.is_listed("RU-TVE", &super::deltas::key(number)).unwrap());
            }
        }
    }
}
