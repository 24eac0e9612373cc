//! Honest and hostile sticks.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, Instant};

use super::*;
use crate::desk::{BEGIN, DAY, Desk, clock, noise, region, sign_root};
use crate::format::{Root, object_name};
use crate::{Adoption, Folder};

fn write(desk: &Desk, top: &Path, place: &str) {
    desk.write_to(&top.join(place));
}

fn elsewhere() -> Desk {
    let mut desk = Desk::new();
    let root = Root { region: "RU-KOS".parse().unwrap(), ..desk.root.clone() };
    desk.files.insert(root_name(1), sign_root(&root, &[1, 2]));
    desk.root = root;
    desk.publish(1, BEGIN);
    desk
}

fn look(top: &Path) -> (Vec<u64>, Option<String>, bool) {
    let stick = Stick::look(top, &region());
    let sequences = stick.releases.iter().map(OnStick::sequence).collect();
    (sequences, stick.other.map(|region| region.as_str().to_owned()), stick.is_damaged)
}

#[test]
fn a_release_is_found_in_every_place_and_the_newest_first() {
    let stick = tempfile::tempdir().unwrap();
    let mut desk = Desk::new();
    let mut expected = Vec::new();
    for place in ["", "RU-TVE", "checkpoint", "checkpoint/RU-TVE", "release", "release/RU-TVE"] {
        let next = desk.root.version + expected.len() as u64;
        desk.publish(next, BEGIN + next as i64);
        write(&desk, stick.path(), place);
        expected.insert(0, next);
        assert_eq!(look(stick.path()), (expected.clone(), None, false), "{place}");
    }
    let folder = tempfile::tempdir().unwrap();
    let mut store = desk.provision(folder.path());
    let mut newest = Stick::look(stick.path(), &region()).releases.remove(0);
    assert!(matches!(store.adopt(&mut newest, clock(BEGIN + DAY)), Ok(Adoption::Adopted { sequence: 6, .. })));
}

#[test]
fn other_things_on_a_stick_are_no_release_and_not_touched() {
    let stick = tempfile::tempdir().unwrap();
    fs::create_dir(stick.path().join("DCIM")).unwrap();
    fs::write(stick.path().join("DCIM/head"), noise(200, 1)).unwrap();
    assert_eq!(look(stick.path()), (vec![], None, false));
    write(&elsewhere(), stick.path(), "checkpoint/RU-TVE");
    assert_eq!(look(stick.path()), (vec![], Some("RU-KOS".to_owned()), false));
    // One of ours beside it counts.
    write(&Desk::open(), stick.path(), "");
    assert_eq!(look(stick.path()).0, [1]);
    assert_eq!(look(&stick.path().join("gone")), (vec![], None, false));
}

#[test]
fn a_head_without_its_root_or_one_that_is_none_is_a_damaged_stick() {
    let stick = tempfile::tempdir().unwrap();
    write(&Desk::open(), stick.path(), "");
    fs::remove_file(stick.path().join("root.1")).unwrap();
    assert_eq!(look(stick.path()), (vec![], None, true));
    for bad in [noise(200, 1), Vec::new(), noise(100_000, 2)] {
        fs::write(stick.path().join(HEAD), bad).unwrap();
        assert_eq!(look(stick.path()), (vec![], None, true));
    }
}

/// A stick in whose files' place stands something else; the box must neither follow, nor wait, nor adopt.
fn refused(name: &str, put: impl Fn(&Path, &Path)) {
    let desk = Desk::open();
    let (stick, outside, folder) =
        (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write(&desk, stick.path(), "");
    write(&desk, outside.path(), "");
    let path = stick.path().join(name);
    if path.is_dir() {
        fs::remove_dir_all(&path).unwrap();
    } else {
        fs::remove_file(&path).unwrap();
    }
    put(&path, &outside.path().join(name));
    let mut store = desk.provision(folder.path());
    let began = Instant::now();
    let error = store.adopt(&mut Folder(stick.path().to_owned()), clock(BEGIN)).expect_err(name);
    assert_eq!(error.code(), "carrier", "{name}");
    assert!(began.elapsed() < Duration::from_secs(2), "{name} made it wait");
    assert!(store.current().is_none());
}

#[test]
fn no_link_is_followed_no_pipe_waited_for_and_no_folder_read() {
    let desk = Desk::open();
    let record = desk.names("record").remove(0);
    let base = object_name("base", &crate::format::sha256(&desk.files[&desk.names("base")[0]]));
    for name in [HEAD, &record, &base] {
        refused(name, |path, honest| symlink(honest, path).unwrap());
        refused(name, |path, _| fs::create_dir(path).unwrap());
        refused(name, |path, _| symlink("/dev/zero", path).unwrap());
        refused(name, |path, _| {
            rustix::fs::mknodat(rustix::fs::CWD, path, rustix::fs::FileType::Fifo, rustix::fs::Mode::from(0o644), 0)
                .unwrap();
        });
    }
    // A whole folder by a link out of the stick, the files in it honest.
    for folder in ["record", "base", "index"] {
        refused(folder, |path, honest| symlink(honest, path).unwrap());
    }
}

#[test]
fn a_name_never_leads_out_of_the_folder() {
    let outside = tempfile::tempdir().unwrap();
    fs::create_dir(outside.path().join("stick")).unwrap();
    fs::write(outside.path().join("secret"), b"secret").unwrap();
    let mut folder = Folder(outside.path().join("stick"));
    for name in ["../secret", "./../secret", "", "/", "..", "a/../../secret"] {
        assert!(folder.get(name, 100).is_err(), "{name:?}");
    }
    let absolute = outside.path().join("secret");
    assert!(folder.get(absolute.to_str().unwrap(), 100).is_err());
}

#[test]
fn a_huge_file_is_read_no_further_than_its_limit() {
    let desk = Desk::open();
    let (stick, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write(&desk, stick.path(), "");
    let mut store = desk.provision(folder.path());
    for name in [HEAD.to_owned(), desk.names("record").remove(0), desk.names("base").remove(0)] {
        let path = stick.path().join(name);
        let honest = fs::read(&path).unwrap();
        let huge = fs::File::create(&path).unwrap();
        std::io::Write::write_all(&mut &huge, &honest).unwrap();
        // Larger than any memory; only holes.
        huge.set_len(1 << 42).unwrap();
        let began = Instant::now();
        let error = store.adopt(&mut Folder(stick.path().to_owned()), clock(BEGIN)).unwrap_err();
        assert_eq!(error.code(), "too-long");
        assert!(began.elapsed() < Duration::from_secs(2));
        fs::write(&path, honest).unwrap();
    }
    assert!(store.adopt(&mut Folder(stick.path().to_owned()), clock(BEGIN)).is_ok());
}
