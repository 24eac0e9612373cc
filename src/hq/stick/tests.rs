use std::os::unix::fs::MetadataExt as _;

use trust::{Adoption, Store};
use wire::{ClockTrust, WallTime};

use super::*;
use crate::{Founding, Region};

const NOW: i64 = 1_590_000_000;

fn region(desk: &Path) -> Region {
    let founding = Founding {
        region: "RU-TVE".parse().unwrap(),
        name: "Тверь".to_owned(),
        territory: 69,
        utc_offset: "+03:00".to_owned(),
    };
    Region::create(&desk.join("tver"), &founding, "test", NOW - 86_400).unwrap()
}

fn put(region: &Region, stick: &Path) -> Result<Written, Error> {
    write(&region.release_folder(), region.id(), stick, &mut |_| {})
}

/// What a box of the region makes of the stick.
fn adopt(region: &Region, stick: &Path) -> Result<Adoption, trust::Error> {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::provision(folder.path(), &region.first_root().unwrap(), region.id()).unwrap();
    let mut release = Stick::look(stick, region.id()).releases.remove(0);
    store.adopt(&mut release, WallTime::from_unix(NOW + 60, ClockTrust::Ntp))
}

#[test]
fn a_box_adopts_what_was_written_and_the_next_writing_copies_only_what_is_new() {
    let desk = tempfile::tempdir().unwrap();
    let (region, stick) = (region(desk.path()), desk.path().join("stick"));
    fs::create_dir(&stick).unwrap();
    assert_eq!(put(&region, &stick).unwrap_err().code(), "no-release");
    region.publish("test", NOW).unwrap();
    let mut heard = Vec::new();
    let first = write(&region.release_folder(), region.id(), &stick, &mut |progress| heard.push(progress)).unwrap();
    assert_eq!(first.sequence, 1);
    assert_eq!(first.folder, stick.join("checkpoint/RU-TVE"));
    assert!(heard.is_sorted_by_key(|progress| progress.done), "{heard:?}");
    let last = heard.last().unwrap();
    assert_eq!((last.done, last.total), (first.new, first.new), "{heard:?}");
    assert!(matches!(adopt(&region, &stick), Ok(Adoption::Adopted { sequence: 1, .. })));

    let again = put(&region, &stick).unwrap();
    assert_eq!(again, Written { new: 0, ..first.clone() });
    region.publish("test", NOW + 60).unwrap();
    let second = put(&region, &stick).unwrap();
    assert!(second.sequence == 2 && second.new < first.new, "{second:?}");
    assert!(matches!(adopt(&region, &stick), Ok(Adoption::Adopted { sequence: 2, .. })));
}

#[test]
fn what_rotted_on_the_stick_is_written_anew_and_what_nobody_needs_goes() {
    let desk = tempfile::tempdir().unwrap();
    let (region, stick) = (region(desk.path()), desk.path().join("stick"));
    fs::create_dir(&stick).unwrap();
    region.publish("test", NOW).unwrap();
    let Written { folder, .. } = put(&region, &stick).unwrap();
    let rotten = fs::read_dir(folder.join("base")).unwrap().next().unwrap().unwrap().path();
    let mut bytes = fs::read(&rotten).unwrap();
    bytes[0] ^= 1;
    fs::write(&rotten, &bytes).unwrap();
    fs::write(folder.join("record/00ff"), b"of long ago").unwrap();
    fs::write(folder.join("base/00ff.part"), b"half").unwrap();
    fs::write(stick.join("holiday.jpg"), b"not ours").unwrap();
    let written = put(&region, &stick).unwrap();
    assert_eq!(written.new, bytes.len() as u64);
    assert!(matches!(adopt(&region, &stick), Ok(Adoption::Adopted { sequence: 1, .. })));
    assert!(!folder.join("record/00ff").exists() && !folder.join("base/00ff.part").exists());
    assert_eq!(fs::read(stick.join("holiday.jpg")).unwrap(), b"not ours");
}

#[test]
fn a_stick_that_is_pulled_while_it_is_written_holds_the_release_before() {
    let desk = tempfile::tempdir().unwrap();
    let (region, stick) = (region(desk.path()), desk.path().join("stick"));
    fs::create_dir(&stick).unwrap();
    region.publish("test", NOW).unwrap();
    let folder = put(&region, &stick).unwrap().folder;
    region.publish("test", NOW + 60).unwrap();
    // Pulled just before the head, and just before it gets its name: nothing refers to what has come.
    let before = fs::read(folder.join(HEAD)).unwrap();
    fs::create_dir(folder.join("head.part")).unwrap();
    assert_eq!(put(&region, &stick).unwrap_err().code(), "file");
    assert_eq!(fs::read(folder.join(HEAD)).unwrap(), before);
    assert!(matches!(adopt(&region, &stick), Ok(Adoption::Adopted { sequence: 1, .. })));
    fs::remove_dir(folder.join("head.part")).unwrap();
    assert_eq!(put(&region, &stick).unwrap().sequence, 2);
    assert!(matches!(adopt(&region, &stick), Ok(Adoption::Adopted { sequence: 2, .. })));
}

#[test]
fn no_stick_and_no_room_are_said_before_anything_changes() {
    let desk = tempfile::tempdir().unwrap();
    let region = region(desk.path());
    region.publish("test", NOW).unwrap();
    let nowhere = desk.path().join("nowhere");
    assert_eq!(put(&region, &nowhere).unwrap_err().code(), "no-stick");
    // A release larger than any disk here; only holes.
    let stick = desk.path().join("stick");
    fs::create_dir(&stick).unwrap();
    let huge = region.release_folder().join("base").join("ff".repeat(32));
    let room = statvfs(desk.path()).unwrap();
    fs::File::create(&huge).unwrap().set_len(room.f_blocks * room.f_frsize + 1).unwrap();
    assert_eq!(put(&region, &stick).unwrap_err().code(), "no-room");
    assert!(!stick.join("checkpoint/RU-TVE/head").exists());
    assert_eq!(fs::metadata(stick.join("checkpoint/RU-TVE/base")).unwrap().mode() & 0o170_000, 0o040_000);
}
