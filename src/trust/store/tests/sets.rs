//! Any sequence of base, deltas and folds says what a plain set says, through the store and its restarts.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;

use super::deltas::{empty_table, key};
use super::folds::{fold_ids, fold_list, table};
use super::{adopted, equipped};
use crate::desk::{BEGIN, DAY, Desk, Growing, clock, stream};
use crate::format::Part;
use crate::table::{Delta, Shape, delta};
use crate::{Bits, StatusList, Store};
use pass::StatusIndex;
use verdict::Status;

#[derive(Debug, Clone)]
enum Step {
    /// Ids that come, ids that go; the same numbers are places of the status list.
    Change(Vec<u8>, Vec<u8>),
    Fold,
    /// A base that no fold leads to.
    Anew,
    /// The box adopts; or is restarted first.
    Adopt(bool),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => (vec(0_u8..60, 0..5), vec(0_u8..60, 0..5)).prop_map(|(come, go)| Step::Change(come, go)),
        1 => Just(Step::Fold),
        1 => Just(Step::Anew),
        3 => any::<bool>().prop_map(Step::Adopt),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_box_says_what_a_plain_set_says(steps in vec(step(), 1..40)) {
        let mut desk = Desk::new();
        let mut ids = Growing::new(stream(Part::Ids, "RU-TVE", 0), empty_table());
        let mut list = Growing::new(stream(Part::Status, "RU-TVE", 0), StatusList::new(Bits::Two, 60).encode());
        let (mut set, mut said) = (BTreeSet::<u8>::new(), StatusList::new(Bits::Two, 60));
        desk.publish_growing(1, BEGIN, &[&ids, &list]);
        let (folder, mut store) = equipped(&desk);
        let mut sequence = 1;
        for step in steps.into_iter().chain([Step::Adopt(false), Step::Adopt(true)]) {
            match step {
                Step::Change(come, go) => {
                    let come: BTreeSet<_> = come.into_iter().collect();
                    let go: BTreeSet<_> = go.into_iter().filter(|number| !come.contains(number)).collect();
                    let before = said.clone();
                    for number in &go { set.remove(number); said.set(u64::from(*number), 0); }
                    for number in &come { set.insert(*number); said.set(u64::from(*number), 1); }
                    let changes = come.iter().map(|n| (key(u64::from(*n)), Some(Vec::new())))
                        .chain(go.iter().map(|n| (key(u64::from(*n)), None)));
                    ids.push(&mut desk, delta::encode(&Delta::of(changes), Shape::Set).unwrap());
                    list.push(&mut desk, before.delta(&said).unwrap());
                }
                Step::Fold => {
                    fold_ids(&mut desk, &mut ids);
                    fold_list(&mut desk, &mut list);
                }
                Step::Anew => {
                    let mut base = Vec::new();
                    table(&ids).merge(&mut base).unwrap();
                    ids = Growing::new(ids.record.id(), base);
                    list = Growing::new(list.record.id(), said.encode());
                }
                Step::Adopt(restarts) => {
                    sequence += 1;
                    // HQ keeps no more than some folds.
                    for record in [&mut ids.record, &mut list.record] {
                        let excess = record.folds.len().saturating_sub(4);
                        record.folds.drain(..excess);
                    }
                    desk.publish_growing(sequence, BEGIN + sequence as i64, &[&ids, &list]);
                    if restarts {
                        store = Store::open(folder.path()).unwrap();
                    }
                    prop_assert_eq!(adopted(store.adopt(&mut desk.clone(), clock(BEGIN + DAY))), sequence);
                    let reopened = Store::open(folder.path()).unwrap();
                    for release in [store.current().unwrap(), reopened.current().unwrap()] {
                        for number in 0..60 {
                            let listed = release.is_listed("RU-TVE", &key(u64::from(number))).unwrap();
                            prop_assert_eq!(listed, set.contains(&number));
                            let place = StatusIndex { series: 0, index: u64::from(number) };
                            let status = release.status("RU-TVE", Some(place));
                            let expected = if set.contains(&number) { Status::Revoked } else { Status::Valid };
                            prop_assert_eq!(status, expected);
                        }
                    }
                }
            }
        }
    }
}
