//! From HQ's desk to a box that has adopted what was said there.

use std::path::Path;

use pass::{Kind, StatusIndex};
use trust::{Adoption, Folder, Store};
use verdict::{Listed, Status};
use wire::{ClockTrust, WallTime};

use crate::*;

const NOW: i64 = 1_700_000_000;
const DAY: i64 = 86_400;

fn region(folder: &Path) -> Region {
    let founding = Founding {
        region: "RU-TVE".parse().unwrap(),
        name: "Тверская область".to_owned(),
        territory: 69,
        utc_offset: "+03:00".to_owned(),
    };
    Region::create(&folder.join("tver"), &founding, "test", NOW).unwrap()
}

fn a_box(folder: &Path, region: &Region) -> Store {
    Store::provision(&folder.join("box"), &region.first_root().unwrap(), region.id()).unwrap()
}

fn adopt(store: &mut Store, region: &Region, now: i64) -> Adoption {
    store.adopt(&mut Folder(region.release_folder()), WallTime::from_unix(now, ClockTrust::Ntp)).unwrap()
}

fn work(plate: &str) -> IssueRequest {
    IssueRequest {
        kind: 1,
        plates: vec![plate.to_owned()],
        not_before: NOW,
        expires: NOW + 30 * DAY,
        ..IssueRequest::default()
    }
}

/// What the box's release says of a pass, read by its own keys.
fn status(store: &Store, text: &str) -> Status {
    let release = store.current().unwrap();
    let verified = pass::read(text, &*release).unwrap();
    assert_eq!(release.scope(verified.key).issuer, verified.document.issuer);
    release.status(&verified.document.issuer, verified.document.status)
}

#[test]
fn a_pass_is_issued_read_revoked_and_refused_by_a_box_that_follows() {
    let folder = tempfile::tempdir().unwrap();
    let region = region(folder.path());
    let mut store = a_box(folder.path(), &region);
    let first = region.publish("test", NOW).unwrap();
    assert!(matches!(adopt(&mut store, &region, NOW), Adoption::Adopted { sequence: 1, .. }));
    assert_eq!((first.sequence, store.current().unwrap().policy().territory), (1, 69));
    // Issued after the release: its list was there before it.
    let [revoked, suspended, kept] =
        ["А123ВС69", "А124ВС69", "А125ВС69"].map(|plate| region.issue(&work(plate), "test", NOW).unwrap());
    for pass in [&revoked, &suspended, &kept] {
        assert_eq!(status(&store, &pass.text), Status::Valid);
    }
    region.revoke(&Which::Text(revoked.text.clone()), "test", NOW + 60).unwrap();
    region.set_status(&Which::Id(suspended.id.clone()), Change::Suspend, "test", NOW + 60).unwrap();
    assert_eq!(status(&store, &revoked.text), Status::Valid, "until the next release");
    let second = region.publish("test", NOW + 120).unwrap();
    assert_eq!(second.sequence, 2);
    let Adoption::Adopted { fetched, .. } = adopt(&mut store, &region, NOW + 120) else { panic!("adopted") };
    println!("a revocation costs a box {fetched} bytes, HQ says {}", second.news);
    assert!(fetched < 2000, "{fetched}");
    assert_eq!(status(&store, &revoked.text), Status::Revoked);
    assert_eq!(status(&store, &suspended.text), Status::Suspended);
    assert_eq!(status(&store, &kept.text), Status::Valid);
    region.set_status(&Which::Id(suspended.id), Change::Restore, "test", NOW + 180).unwrap();
    region.publish("test", NOW + 240).unwrap();
    adopt(&mut store, &region, NOW + 240);
    assert_eq!(status(&store, &suspended.text), Status::Valid);
    assert_eq!(status(&store, &revoked.text), Status::Revoked);
    assert!(matches!(adopt(&mut store, &region, NOW + 240), Adoption::NothingNew { fetched } if fetched <= 300));
}

#[test]
fn a_release_without_news_moves_only_its_head() {
    let folder = tempfile::tempdir().unwrap();
    let region = region(folder.path());
    region.publish("test", NOW).unwrap();
    let again = region.publish("test", NOW + 60).unwrap();
    assert_eq!(again.news, again.head);
    assert!(again.head <= 300);
}

#[test]
fn a_sequence_never_comes_twice_even_when_the_release_folder_was_lost() {
    let folder = tempfile::tempdir().unwrap();
    let region = region(folder.path());
    for now in 0..5 {
        region.publish("test", NOW + now).unwrap();
    }
    let root = region.first_root().unwrap();
    std::fs::remove_dir_all(region.release_folder()).unwrap();
    std::fs::create_dir(region.release_folder()).unwrap();
    assert_eq!(region.publish("test", NOW + 9).unwrap_err().code(), "no-root");
    std::fs::write(region.release_folder().join("root.1"), root).unwrap();
    assert_eq!(region.publish("test", NOW + 10).unwrap().sequence, 6);
}

#[test]
fn rules_reach_boxes_with_the_next_release_and_wrong_ones_reach_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let region = region(folder.path());
    let mut store = a_box(folder.path(), &region);
    let admitted = |store: &Store| store.current().unwrap().policy().rule(Kind(1)).unwrap().admitted;
    region.publish("test", NOW).unwrap();
    adopt(&mut store, &region, NOW);
    assert!(admitted(&store));
    let path = region.folder().join("policy.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replacen("admitted = true", "admitted = maybe", 1)).unwrap();
    assert_eq!(region.publish("test", NOW + 1).unwrap_err().code(), "policy");
    std::fs::write(&path, text.replacen("admitted = true", "admitted = false", 1)).unwrap();
    assert_eq!(region.publish("test", NOW + 2).unwrap().sequence, 2);
    adopt(&mut store, &region, NOW + 2);
    assert!(!admitted(&store));
}

#[test]
fn a_publishing_key_that_has_run_out_publishes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let region = region(folder.path());
    assert!(region.publish("test", NOW + 90 * DAY).is_ok());
    let error = region.publish("test", NOW + 90 * DAY + 1).unwrap_err();
    assert_eq!((error.code(), error.is_refusal()), ("not-publishing", true));
}

#[test]
fn a_second_issuer_is_believed_for_its_own_kinds_only() {
    let folder = tempfile::tempdir().unwrap();
    let region = region(folder.path());
    let mut store = a_box(folder.path(), &region);
    region.add_issuer("konakovo", &[2], "test", NOW).unwrap();
    let issued =
        region.issue(&IssueRequest { kind: 2, issuer: Some("konakovo".to_owned()), ..work("А123ВС69") }, "test", NOW);
    region.publish("test", NOW).unwrap();
    adopt(&mut store, &region, NOW);
    let (release, text) = (store.current().unwrap(), issued.unwrap().text);
    let verified = pass::read(&text, &*release).unwrap();
    assert_eq!(release.scope(verified.key).kinds, [2]);
    assert_eq!(status(&store, &text), Status::Valid);
}

#[test]
fn many_passes_of_many_lists_are_published_and_looked_up() {
    let folder = tempfile::tempdir().unwrap();
    let region = region(folder.path());
    let mut store = a_box(folder.path(), &region);
    let passes = region.issue_all(&vec![work("А123ВС69"); 1000], "test", NOW).unwrap();
    for pass in passes.iter().step_by(3) {
        region.revoke(&Which::Id(pass.id.clone()), "test", NOW).unwrap();
    }
    region.publish("test", NOW).unwrap();
    adopt(&mut store, &region, NOW);
    let release = store.current().unwrap();
    for (at, pass) in passes.iter().enumerate() {
        let expected = if at % 3 == 0 { Status::Revoked } else { Status::Valid };
        assert_eq!(release.status("RU-TVE", Some(pass.index)), expected);
    }
    assert_eq!(release.status("RU-TVE", Some(StatusIndex { series: 99, index: 0 })), Status::ListMissing);
}

#[test]
fn a_pass_without_a_place_in_a_list_is_revoked_by_its_id() {
    let folder = tempfile::tempdir().unwrap();
    let region = region(folder.path());
    let mut store = a_box(folder.path(), &region);
    // Another program of the same issuer gives out passes without an index.
    let key = region.issuing_key(&region.issuers().unwrap()[0]).unwrap();
    let issued = region.issue(&work("А123ВС69"), "test", NOW).unwrap().document;
    let text = |id: u8| {
        let document = pass::Document { id: vec![id; 16], status: None, ..issued.clone() };
        let payload = pass::mp1::encode(&document).unwrap();
        pass::mp1::text(&key.envelope(wire::sign::Context::MovementPass, &payload).unwrap())
    };
    let [revoked, kept] = [1, 2].map(text);
    let revoke = |change| region.set_status(&Which::Text(revoked.clone()), change, "test", NOW);
    assert!(matches!(revoke(Change::Suspend), Err(Error::OnlyRevocable)));
    let changed = revoke(Change::Revoke).unwrap();
    assert_eq!((changed.id, changed.index, changed.is_new), (Some(vec![1; 16]), None, true));
    assert!(!revoke(Change::Revoke).unwrap().is_new);
    region.publish("test", NOW).unwrap();
    adopt(&mut store, &region, NOW);
    let release = store.current().unwrap();
    let listed = |text: &str| {
        let document = pass::read(text, &*release).unwrap().document;
        release.listed(&document.issuer, &trust::format::id_key(&document.issuer, &document.id))
    };
    assert_eq!((listed(&revoked), listed(&kept)), (Listed::Yes, Listed::No));
    assert_eq!(release.listed("RU-MOS", &[0; 16]), Listed::NotKept);
}
