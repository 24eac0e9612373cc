//! The TUF client workflow (specification 1.0, §5), section by section, as it applies here: head and
//! Merkle tree stand for timestamp and snapshot, records for targets metadata, bases for targets.

use super::{adopted, equipped, sequence};
use crate::desk::{BEGIN, DAY, Desk, clock, key, root_key, stream};
use crate::format::{HEAD, Part};
use crate::{Adoption, Bits, Carrier, CarrierError, StatusList, Store};
use pass::{Keys as _, PublicKey, StatusIndex};
use verdict::Status;
use wire::sign::Signer as _;

/// Notes what is asked of a carrier.
struct Noting<'d>(&'d mut Desk, Vec<String>);

impl Carrier for Noting<'_> {
    fn open<'c>(&'c mut self, name: &str, from: u64) -> Result<Box<dyn std::io::Read + 'c>, CarrierError> {
        self.1.push(name.to_owned());
        self.0.open(name, from)
    }
}

#[test]
fn section_5_2_the_first_root_is_the_one_the_box_was_given() {
    let desk = Desk::open();
    let folder = tempfile::tempdir().unwrap();
    let store = desk.provision(folder.path());
    assert_eq!(store.root(), &desk.root);
    assert!(store.current().is_none());
    assert_eq!(sequence(folder.path()), None);
}

#[test]
fn section_5_3_roots_are_walked_to_the_newest_and_only_the_last_must_not_have_expired() {
    let mut desk = Desk::open();
    let (folder, mut store) = equipped(&desk);
    desk.rotate(&[1, 2, 11], |root| {
        root.root = vec![root_key(1), root_key(2), root_key(11)];
        root.expires = BEGIN + DAY;
    });
    desk.rotate(&[1, 11, 12], |root| root.root = vec![root_key(1), root_key(11), root_key(12)]);
    desk.rotate(&[11, 12, 13], |root| {
        root.root = [11, 12, 13].map(root_key).to_vec();
        root.expires = BEGIN + 300 * DAY;
    });
    desk.publish(2, BEGIN + 20 * DAY);
    let mut noting = Noting(&mut desk, Vec::new());
    assert_eq!(adopted(store.adopt(&mut noting, clock(BEGIN + 20 * DAY))), 2);
    assert_eq!(noting.1[..5], ["head", "root.2", "root.3", "root.4", "root.5"]);
    assert_eq!(store.root().version, 4);
    assert_eq!(Store::open(folder.path()).unwrap().root().version, 4);
}

#[test]
fn section_5_3_a_root_newer_than_the_head_names_counts_already() {
    let mut desk = Desk::open();
    let (_folder, mut store) = equipped(&desk);
    desk.publish(2, BEGIN + DAY);
    let head = desk.files[HEAD].clone();
    desk.rotate(&[1, 2], |root| root.receipt = vec![root_key(55)]);
    desk.files.insert(HEAD.to_owned(), head);
    assert_eq!(adopted(store.adopt(&mut desk, clock(BEGIN + DAY))), 2);
    assert_eq!(store.root().version, 2);
    let receipt = store.root().receipt_at(BEGIN + DAY).next();
    assert_eq!(receipt, Some(key(55).public()));
}

#[test]
fn sections_5_4_to_5_6_only_what_changed_is_fetched_and_the_old_is_removed() {
    let mut desk = Desk::open();
    let (folder, mut store) = equipped(&desk);
    let objects = |folder: &std::path::Path| std::fs::read_dir(folder.join("objects")).unwrap().count();
    assert_eq!(objects(folder.path()), 7);
    desk.publish(2, BEGIN + DAY);
    let mut noting = Noting(&mut desk, Vec::new());
    assert_eq!(adopted(store.adopt(&mut noting, clock(BEGIN + DAY))), 2);
    let folders: Vec<_> = noting.1.iter().map(|name| name.split(['/', '.']).next().unwrap()).collect();
    assert_eq!(folders, ["head", "root", "index", "record", "base"]);
    assert_eq!(objects(folder.path()), 7);
    // Only signed again: the same content, hence the head alone and the look for a newer root.
    desk.publish_content(3, BEGIN + 2 * DAY, Desk::content(2));
    let mut noting = Noting(&mut desk, Vec::new());
    assert_eq!(adopted(store.adopt(&mut noting, clock(BEGIN + 2 * DAY))), 3);
    assert_eq!(noting.1, ["head", "root.2"]);
}

#[test]
fn section_5_7_the_release_answers_after_adoption_and_after_a_restart() {
    let mut desk = Desk::open();
    desk.publish(2, BEGIN + DAY);
    let (folder, store) = equipped(&desk);
    let view = store.view();
    for release in [view.current().unwrap(), Store::open(folder.path()).unwrap().current().unwrap()] {
        assert_eq!((release.sequence(), release.issued(), release.floor()), (2, BEGIN + DAY, BEGIN + DAY));
        assert_eq!((release.expires(), release.not_after()), (BEGIN + 2 * DAY, BEGIN + 46 * DAY));
        assert_eq!(release.ages(clock(BEGIN + 3 * DAY)).oldest(), 2 * DAY);
        assert_eq!(release.ages(clock(0)).oldest(), 0);
        let issuer = PublicKey::from_ed25519(key(9).public().as_bytes()).unwrap();
        let found: Vec<_> = release.with_kid(&issuer.kid()).collect();
        assert_eq!(found, [(0, &issuer)]);
        assert_eq!(release.scope(found[0].0).issuer, "RU-TVE");
        assert_eq!(release.with_kid(b"nobody").count(), 0);
        let status = |issuer: &str, series, index| release.status(issuer, Some(StatusIndex { series, index }));
        assert_eq!(status("RU-TVE", 0, 2), Status::Revoked);
        assert_eq!(status("RU-TVE", 0, 1), Status::Valid);
        assert_eq!(status("RU-TVE", 0, 4096), Status::ListMissing);
        assert_eq!(status("RU-TVE", 1, 2), Status::ListMissing);
        assert_eq!(status("RU-MOW", 0, 2), Status::ListMissing);
        assert_eq!(release.status("RU-TVE", None), Status::NoIndex);
    }
}

#[test]
fn a_check_that_finds_nothing_fetches_the_head_alone_however_many_streams_there_are() {
    for streams in [4_u64, 66, 500] {
        let mut desk = Desk::new();
        let mut content = Desk::content(1);
        let list = StatusList::new(Bits::One, 256).encode();
        content.extend((1..=streams - 3).map(|series| (stream(Part::Status, "RU-TVE", series), list.clone())));
        assert_eq!(content.len() as u64, streams);
        desk.publish_content(u64::from(u32::MAX), BEGIN, content);
        let (_folder, mut store) = equipped(&desk);
        let mut noting = Noting(&mut desk, Vec::new());
        let outcome = store.adopt(&mut noting, clock(BEGIN)).unwrap();
        assert_eq!(noting.1, ["head"]);
        let Adoption::NothingNew { fetched } = outcome else { panic!("{outcome:?}") };
        println!("a check without news, {streams} streams: {fetched} bytes");
        assert!(fetched <= 300);
    }
}
