//! Whatever bytes a carrier or a disk brings, nothing panics and nothing unsigned is adopted.

use proptest::collection::vec;
use proptest::prelude::*;

use super::equipped;
use crate::desk::{BEGIN, DAY, Desk, clock};
use crate::format::{Head, INDEX, KeyEntry, Record, SignedRoot};
use crate::{StatusList, Store};

/// A valid file with some bytes changed, cut off or added.
fn mutated(file: &[u8], changes: &[(u16, u8)], keep: u16) -> Vec<u8> {
    let mut bytes = file.to_vec();
    for (at, value) in changes {
        let at = usize::from(*at) % bytes.len();
        bytes[at] = *value;
    }
    bytes.truncate(usize::from(keep).min(bytes.len()));
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn arbitrary_bytes_are_read_without_a_panic(bytes in vec(any::<u8>(), 0..400)) {
        let _ = Head::parse(&bytes);
        let _ = Record::parse(&bytes);
        let _ = StatusList::decode(&bytes);
        if let Ok(signed) = SignedRoot::parse(&bytes) {
            let _ = signed.root();
            prop_assert!(!signed.is_signed_by(&Desk::new().root));
        }
        for (id, _) in Desk::content(1) {
            let _ = crate::check(id.part, bytes.clone());
        }
    }

    #[test]
    fn mutated_files_are_read_without_a_panic(
        changes in vec((any::<u16>(), any::<u8>()), 0..4), keep in 0_u16..400, which in 0_usize..8,
    ) {
        let desk = Desk::open();
        let file = desk.files.values().nth(which % desk.files.len()).unwrap();
        let bytes = mutated(file, &changes, keep);
        let _ = Head::parse(&bytes);
        let _ = Record::parse(&bytes).map(|record| {
            record.single_chunk().map(|all| [0, 1, u64::MAX].map(|chunk| all.get(chunk)))
        });
        let _ = StatusList::decode(&bytes).map(|list| list.status(u64::MAX));
        let _ = minicbor::decode::<Vec<KeyEntry>>(&bytes);
        let _ = SignedRoot::parse(&bytes).and_then(|signed| signed.root());
        let (id, _) = Desk::content(1).remove(which % 3);
        let _ = crate::check(id.part, bytes);
    }
}

proptest! {
    // Each case provisions a box on the disk.
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn whatever_a_carrier_brings_the_box_keeps_what_it_has(
        junk in vec(any::<u8>(), 0..400), changes in vec((any::<u16>(), any::<u8>()), 1..4), which in any::<u8>(),
    ) {
        let mut desk = Desk::open();
        let (folder, mut store) = equipped(&desk);
        let had = desk.clone();
        desk.rotate(&[1, 2], |_| {});
        desk.publish(2, BEGIN + DAY);
        let names: Vec<_> = desk.files.keys().filter(|name| had.files.get(*name) != desk.files.get(*name)).cloned().collect();
        let name = &names[usize::from(which) % names.len()];
        let honest = desk.files[name].clone();
        for bytes in [junk, mutated(&honest, &changes, u16::MAX)] {
            let is_honest = bytes == honest;
            desk.files.insert(name.clone(), bytes);
            let outcome = store.adopt(&mut desk.clone(), clock(BEGIN + DAY));
            prop_assert!(is_honest || outcome.is_err(), "{name} was altered and adopted");
            let kept = Store::open(folder.path()).unwrap().current().unwrap().sequence();
            prop_assert_eq!(kept, if outcome.is_ok() { 2 } else { 1 });
            if is_honest {
                return Ok(());
            }
        }
    }

    #[test]
    fn whatever_the_disk_brings_the_box_opens_or_says_why_not(
        a in vec(any::<u8>(), 0..200), b in vec(any::<u8>(), 0..200),
    ) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("state.a"), a).unwrap();
        std::fs::write(folder.path().join("state.b"), b).unwrap();
        prop_assert_eq!(Store::open(folder.path()).err().unwrap().code(), "needs-provisioning");
    }
}

#[test]
fn an_index_of_torn_hashes_is_refused() {
    let mut desk = Desk::open();
    let (_folder, mut store) = equipped(&desk);
    desk.publish(2, BEGIN + DAY);
    let had = Desk::open();
    let name = desk.names(INDEX).into_iter().find(|name| !had.files.contains_key(name)).unwrap();
    let index = desk.files.get_mut(&name).unwrap();
    index.push(0);
    assert_eq!(store.adopt(&mut desk.clone(), clock(BEGIN + DAY)).unwrap_err().code(), "too-long");
    let index = desk.files.get_mut(&name).unwrap();
    index.truncate(index.len() - 2);
    assert_eq!(store.adopt(&mut desk, clock(BEGIN + DAY)).unwrap_err().code(), "altered");
}
