//! What the disk does to a box while nobody looks.

use super::{Adoption, Store, adopted, equipped, refusal};
use crate::desk::{BEGIN, DAY, Desk, clock};

fn objects(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    std::fs::read_dir(folder.join("objects")).unwrap().map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn a_damaged_object_is_fetched_again_and_what_the_box_knew_is_not_forgotten() {
    let old = Desk::open();
    let mut desk = old.clone();
    desk.publish(2, BEGIN + DAY);
    let (folder, store) = equipped(&desk);
    drop(store);
    for object in objects(folder.path()) {
        for damage in [Some(&b"rot"[..]), None] {
            match damage {
                Some(bytes) => std::fs::write(&object, bytes).unwrap(),
                None => std::fs::remove_file(&object).unwrap(),
            }
            let mut store = Store::open(folder.path()).unwrap();
            assert!(store.current().is_none(), "a damaged release must not serve");
            assert_eq!(store.floor(), BEGIN + DAY);
            // Nobody may use the moment to bring an old release in.
            assert_eq!(refusal(&folder, &mut store, &old), "older");
            assert_eq!(adopted(store.adopt(&mut desk.clone(), clock(BEGIN + DAY))), 2);
        }
    }
}

#[test]
fn the_whole_folder_of_objects_may_go() {
    let desk = Desk::open();
    let (folder, store) = equipped(&desk);
    drop(store);
    std::fs::remove_dir_all(folder.path().join("objects")).unwrap();
    let mut store = Store::open(folder.path()).unwrap();
    assert_eq!(adopted(store.adopt(&mut desk.clone(), clock(BEGIN))), 1);
}

#[test]
fn damage_while_the_box_runs_is_mended_by_the_next_release() {
    let mut desk = Desk::open();
    let (folder, mut store) = equipped(&desk);
    for object in objects(folder.path()) {
        std::fs::write(object, b"rot").unwrap();
    }
    // What is in memory is sound and goes on serving.
    assert!(matches!(store.adopt(&mut desk.clone(), clock(BEGIN)), Ok(Adoption::NothingNew { .. })));
    desk.publish(2, BEGIN + DAY);
    assert_eq!(adopted(store.adopt(&mut desk.clone(), clock(BEGIN + DAY))), 2);
    assert_eq!(Store::open(folder.path()).unwrap().current().unwrap().sequence(), 2);
}

#[test]
fn a_slot_that_rots_in_any_bit_is_noticed_and_the_other_serves() {
    let desk = Desk::open();
    let (folder, store) = equipped(&desk);
    drop(store);
    let path = folder.path().join("state.a");
    let sound = std::fs::read(&path).unwrap();
    for bit in (0..sound.len() * 8).step_by(37) {
        let mut rotten = sound.clone();
        rotten[bit / 8] ^= 1 << (bit % 8);
        std::fs::write(&path, rotten).unwrap();
        assert_eq!(Store::open(folder.path()).unwrap().current().unwrap().sequence(), 1, "bit {bit}");
    }
}

#[test]
fn a_slot_that_cannot_be_read_does_not_hide_the_other() {
    let desk = Desk::open();
    let (folder, store) = equipped(&desk);
    drop(store);
    // Reading a folder as a file fails, as a bad sector does.
    let path = folder.path().join("state.a");
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    assert_eq!(Store::open(folder.path()).unwrap().current().unwrap().sequence(), 1);
    // With no slot left, the disk's refusal is not taken for a new box.
    std::fs::remove_file(folder.path().join("state.b")).unwrap();
    assert_eq!(Store::open(folder.path()).err().unwrap().code(), "disk");
}
