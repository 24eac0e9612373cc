use wire::sign::Context;
use wire::uses::Head;
use wire::{ClockTrust, WallTime};

use super::*;
use crate::Founding;

#[test]
fn a_box_believes_what_the_key_signs_that_the_release_names_and_no_pass_of_that_key() {
    let folder = tempfile::tempdir().unwrap();
    let founding = Founding {
        region: "RU-TVE".parse().unwrap(),
        name: "Тверская область".to_owned(),
        territory: 69,
        utc_offset: "+03:00".to_owned(),
    };
    let now = 1_588_334_400;
    let region = Region::create(&folder.path().join("tver"), &founding, "test", now).unwrap();
    region.publish("test", now).unwrap();
    let root = region.first_root().unwrap();
    let mut store = trust::Store::provision(&folder.path().join("box"), &root, region.id()).unwrap();
    let time = WallTime::from_unix(now, ClockTrust::Ntp);
    store.adopt(&mut trust::Folder(region.release_folder()), time).unwrap();
    let release = store.current().unwrap();

    let key = region.uses_key().unwrap();
    let day = Day { begins: now, key: [1; 32], sheets: Vec::new() };
    let word = Word::sign(&region, &key, vec![day], now).unwrap();
    let keys = |at| release.delegates(Context::Uses, at).collect();
    assert_eq!(Head::verified(&word.head, region.id(), keys).unwrap().as_of, now);
    assert_eq!(release.delegates(Context::Receipt, now).count(), 0);
    // The key signs nothing else here, and nothing of anybody else's is for uses.
    assert!(key.envelope(Context::Receipt, b"\xa0").is_err());
    let receipt = region.receipt_key().unwrap();
    assert!(receipt.envelope(Context::Uses, b"\xa0").is_err());
}
