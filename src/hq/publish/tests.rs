use std::path::Path;
use std::time::{Duration, SystemTime};

use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use pass::{Keys as _, PublicKey, StatusIndex};
use trust::format::{KeyEntry, Reset, Root, RootKey, SignedRoot, root_name};
use trust::{Adoption, Bits, Folder, StatusList, Store};
use verdict::{Policy, Scope, Status};
use wire::sign::Signer;
use wire::{ClockTrust, WallTime};

use super::*;

mod tables;

const NOW: i64 = 1_590_000_000;
const DAY: i64 = 86_400;

struct Key(SigningKey);

fn key(number: u8) -> Key {
    Key(SigningKey::from_bytes(&[number; 32]))
}

impl Signer for Key {
    fn public(&self) -> VerifyingKey {
        self.0.verifying_key()
    }

    fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

fn root_key(number: u8) -> RootKey {
    RootKey { key: key(number).public().to_bytes(), valid_from: NOW, valid_to: NOW + 90 * DAY }
}

/// Keys 1 to 3 sign roots, 4 publishes.
fn first_root() -> Root {
    Root {
        region: "RU-TVE".parse().unwrap(),
        version: 1,
        expires: NOW + 365 * DAY,
        threshold: 2,
        root: [1, 2, 3].map(root_key).to_vec(),
        publishing: vec![root_key(4)],
        receipt: vec![root_key(5)],
        command: vec![root_key(6)],
        sealing: vec![root_key(7)],
        reset: None,
    }
}

fn founded() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let signed = sign_root(&first_root(), &[&key(1), &key(2)]).unwrap();
    assert_eq!(add_root(folder.path(), &signed).unwrap(), 1);
    folder
}

fn issuer() -> PublicKey {
    PublicKey::from_ed25519(key(9).public().as_bytes()).unwrap()
}

fn content(revoked: u64) -> Content {
    let scope = Scope {
        issuer: "RU-TVE".into(),
        kinds: vec![1],
        territories: Vec::new(),
        valid_from: NOW,
        valid_to: NOW + 400 * DAY,
    };
    let mut list = StatusList::new(Bits::Two, 65_536);
    (0..revoked).for_each(|place| assert!(list.set(place * 3, 1)));
    let policy = Policy {
        territory: 69,
        formats: vec!["MP1".into()],
        kinds: Vec::new(),
        fresh_for: DAY,
        old_after: 7 * DAY,
        freshness: Vec::new(),
        ..Policy::default()
    };
    let lists = vec![List { issuer: "RU-TVE".into(), series: 0, list }];
    Content::new(vec![KeyEntry::new(&issuer(), scope)], lists, policy)
}

fn term(now: i64) -> Term {
    Term { now, expires: DAY, not_after: 45 * DAY }
}

fn published(folder: &Path, content: &Content, now: i64) -> Published {
    publish(folder, content, term(now), 0, &key(4)).unwrap()
}

fn refused(folder: &Path, content: &Content, term: Term, by: u8) -> &'static str {
    let before = std::fs::read(folder.join(HEAD)).ok();
    let code = publish(folder, content, term, 0, &key(by)).unwrap_err().code();
    assert_eq!(std::fs::read(folder.join(HEAD)).ok(), before, "what stood must stand");
    code
}

fn new_box(release: &Path) -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let root = std::fs::read(release.join(root_name(1))).unwrap();
    let store = Store::provision(folder.path(), &root, &first_root().region).unwrap();
    (folder, store)
}

fn adopt(store: &mut Store, release: &Path, now: i64) -> Result<Adoption, trust::Error> {
    store.adopt(&mut Folder(release.to_owned()), WallTime::from_unix(now, ClockTrust::Ntp))
}

#[test]
fn a_box_adopts_what_hq_publishes_and_fetches_only_what_changed() {
    let release = founded();
    let first = published(release.path(), &content(0), NOW);
    assert_eq!((first.sequence, first.issued, first.streams), (1, NOW, 3));
    let (_box, mut store) = new_box(release.path());
    assert!(matches!(adopt(&mut store, release.path(), NOW), Ok(Adoption::Adopted { sequence: 1, .. })));
    let have = store.current().unwrap();
    assert_eq!(have.with_kid(&issuer().kid()).count(), 1);
    assert_eq!(have.status("RU-TVE", Some(StatusIndex { series: 0, index: 3 })), Status::Valid);

    let second = published(release.path(), &content(2), NOW + 60);
    assert_eq!(second.sequence, 2);
    let outcome = adopt(&mut store, release.path(), NOW + 60).unwrap();
    assert_eq!(outcome, Adoption::Adopted { sequence: 2, fetched: second.news });
    let have = store.current().unwrap();
    assert_eq!(have.status("RU-TVE", Some(StatusIndex { series: 0, index: 3 })), Status::Revoked);
    assert_eq!(adopt(&mut store, release.path(), NOW + 60).unwrap(), Adoption::NothingNew { fetched: second.head });

    // Signed again with nothing new in it: the head alone.
    let third = published(release.path(), &content(2), NOW + 120);
    assert_eq!((third.sequence, third.news), (3, third.head));
    println!("a revocation: {} bytes, a renewal: {}", second.news, third.news);
}

#[test]
fn neither_sequence_nor_time_ever_goes_back() {
    let release = founded();
    published(release.path(), &content(0), NOW + DAY);
    let later = published(release.path(), &content(1), NOW);
    assert_eq!((later.sequence, later.issued), (2, NOW + DAY));
    // A folder made anew, from what HQ remembers.
    let anew = founded();
    let next = publish(anew.path(), &content(1), term(NOW + DAY), later.sequence, &key(4)).unwrap();
    assert_eq!(next.sequence, 3);
    assert_eq!(publish(anew.path(), &content(1), term(NOW + DAY), u64::MAX, &key(4)).unwrap_err().code(), "exhausted");
}

#[test]
fn two_publishers_at_once_get_two_sequences() {
    let release = founded();
    let sequences: Vec<u64> = std::thread::scope(|threads| {
        let publishers: Vec<_> = (0..8)
            .map(|revoked| {
                threads.spawn({
                    let folder = release.path();
                    move || published(folder, &content(revoked), NOW).sequence
                })
            })
            .collect();
        publishers.into_iter().map(|publisher| publisher.join().unwrap()).collect()
    });
    assert_eq!(sequences.iter().collect::<BTreeSet<_>>().len(), 8);
    let (_box, mut store) = new_box(release.path());
    assert!(matches!(adopt(&mut store, release.path(), NOW), Ok(Adoption::Adopted { sequence: 8, .. })));
}

#[test]
fn only_a_publishing_key_of_the_newest_root_publishes() {
    let release = founded();
    published(release.path(), &content(0), NOW);
    assert_eq!(refused(release.path(), &content(1), term(NOW), 5), "not-publishing");
    assert_eq!(refused(release.path(), &content(1), term(NOW + 91 * DAY), 4), "not-publishing");
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(refused(empty.path(), &content(1), term(NOW), 4), "no-root");
}

#[test]
fn what_boxes_would_refuse_is_not_published() {
    let release = founded();
    published(release.path(), &content(0), NOW);
    let mut decomposed = content(0);
    decomposed.policy.formats.push("e\u{301}".into());
    assert_eq!(refused(release.path(), &decomposed, term(NOW), 4), "refused");
    let mut twice = content(0);
    twice.lists.push(twice.lists[0].clone());
    assert_eq!(refused(release.path(), &twice, term(NOW), 4), "refused");
    let mut endless = content(0);
    endless.lists[0].list = StatusList::new(Bits::Eight, 5 << 20);
    assert_eq!(refused(release.path(), &endless, term(NOW), 4), "refused");
    let mut many = content(0);
    many.lists = (0..5000).map(|series| List { series, ..many.lists[0].clone() }).collect();
    assert_eq!(refused(release.path(), &many, term(NOW), 4), "refused");
    assert_eq!(refused(release.path(), &content(0), Term { not_after: 91 * DAY, ..term(NOW) }, 4), "refused");
    assert_eq!(refused(release.path(), &content(0), Term { expires: 46 * DAY, ..term(NOW) }, 4), "refused");
}

#[test]
fn a_folder_somebody_has_changed_is_not_built_upon() {
    let release = founded();
    published(release.path(), &content(0), NOW);
    let head = release.path().join(HEAD);
    let honest = std::fs::read(&head).unwrap();
    let mut forged = Head::parse(&honest).unwrap().1;
    forged.sequence = u64::MAX - 1;
    std::fs::write(&head, wire::sign::sign(Context::TrustManifest, &key(66), &wire::encode(&forged))).unwrap();
    assert_eq!(refused(release.path(), &content(1), term(NOW), 4), "foreign-head");
    std::fs::write(&head, b"torn").unwrap();
    assert_eq!(refused(release.path(), &content(1), term(NOW), 4), "foreign-head");
    std::fs::write(&head, &honest).unwrap();
    std::fs::write(release.path().join(root_name(2)), b"torn").unwrap();
    assert_eq!(refused(release.path(), &content(1), term(NOW), 4), "root");
}

#[test]
fn a_release_that_cannot_be_written_whole_is_not_begun_for_the_boxes() {
    let release = founded();
    published(release.path(), &content(0), NOW);
    let (_box, mut store) = new_box(release.path());
    for folder in [INDEX, RECORD, BASE] {
        // A file in place of the folder, so that nothing can be written into it.
        let (path, aside) = (release.path().join(folder), release.path().join("aside"));
        std::fs::rename(&path, &aside).unwrap();
        std::fs::write(&path, b"").unwrap();
        assert_eq!(refused(release.path(), &content(1), term(NOW), 4), "file", "{folder}");
        std::fs::remove_file(&path).unwrap();
        std::fs::rename(&aside, &path).unwrap();
    }
    assert!(matches!(adopt(&mut store, release.path(), NOW), Ok(Adoption::Adopted { sequence: 1, .. })));
    assert_eq!(published(release.path(), &content(1), NOW).sequence, 2);
    assert!(matches!(adopt(&mut store, release.path(), NOW), Ok(Adoption::Adopted { sequence: 2, .. })));
}

#[test]
fn a_file_that_rotted_in_the_folder_is_written_anew() {
    let release = founded();
    published(release.path(), &content(0), NOW);
    for folder in [INDEX, RECORD, BASE] {
        for file in std::fs::read_dir(release.path().join(folder)).unwrap() {
            std::fs::write(file.unwrap().path(), b"rot").unwrap();
        }
    }
    published(release.path(), &content(0), NOW);
    let (_box, mut store) = new_box(release.path());
    assert!(matches!(adopt(&mut store, release.path(), NOW), Ok(Adoption::Adopted { sequence: 2, .. })));
}

#[test]
fn what_no_release_needs_stays_for_a_while_and_then_goes() {
    let release = founded();
    let files = || -> Vec<_> {
        let folders = [INDEX, RECORD, BASE, DELTA].map(|folder| release.path().join(folder));
        folders
            .iter()
            .filter_map(|folder| std::fs::read_dir(folder).ok())
            .flatten()
            .map(|file| file.unwrap().path())
            .collect()
    };
    published(release.path(), &content(0), NOW);
    assert_eq!(files().len(), 7);
    published(release.path(), &content(1), NOW);
    assert_eq!(files().len(), 10, "a box may still be fetching the release before");
    for file in files() {
        let long_ago = SystemTime::now() - Duration::from_secs(86_400);
        std::fs::File::options().append(true).open(file).unwrap().set_modified(long_ago).unwrap();
    }
    published(release.path(), &content(1), NOW + 2 * TIDY_AFTER);
    assert_eq!(files().len(), 8);
    let (_box, mut store) = new_box(release.path());
    assert!(matches!(adopt(&mut store, release.path(), NOW), Ok(Adoption::Adopted { sequence: 3, .. })));
}

#[test]
fn a_root_is_added_only_with_its_threshold_and_as_the_next_one() {
    let release = tempfile::tempdir().unwrap();
    let code = |signed: &SignedRoot| match add_root(release.path(), signed).unwrap_err() {
        Error::Root { source, .. } => source.code(),
        other => panic!("{other}"),
    };
    let alone = sign_root(&first_root(), &[&key(1)]).unwrap();
    assert_eq!(code(&alone), "root-signatures");
    assert_eq!(code(&sign_root(&first_root(), &[&key(1), &key(1)]).unwrap()), "root-signatures");
    assert_eq!(code(&sign_root(&Root { version: 2, ..first_root() }, &[&key(1), &key(2)]).unwrap()), "root-version");
    assert!(sign_root(&Root { threshold: 1, ..first_root() }, &[&key(1), &key(2)]).is_err());
    // Two keys that never meet on one machine.
    let mut joined = alone.clone();
    joined.signatures.extend(sign_root(&first_root(), &[&key(3)]).unwrap().signatures);
    assert_eq!(add_root(release.path(), &joined).unwrap(), 1);
    assert_eq!(roots(release.path()).unwrap(), [first_root()]);
    assert_eq!(code(&joined), "root-version");
    let stranger = Root { version: 2, root: [11, 12, 13].map(root_key).to_vec(), ..first_root() };
    assert_eq!(code(&sign_root(&stranger, &[&key(11), &key(12)]).unwrap()), "root-signatures");
    let elsewhere = Root { version: 2, region: "RU-MOW".parse().unwrap(), ..first_root() };
    assert_eq!(code(&sign_root(&elsewhere, &[&key(1), &key(2)]).unwrap()), "other-region");
}

#[test]
fn a_stolen_publishing_key_is_survived() {
    let release = founded();
    published(release.path(), &content(0), NOW);
    let (_box, mut store) = new_box(release.path());
    // The thief's own folder, far ahead in number and time.
    let theirs = founded();
    let theft = publish(theirs.path(), &content(0), term(NOW + 89 * DAY), 1_000_000, &key(4)).unwrap();
    adopt(&mut store, theirs.path(), NOW).unwrap();
    assert_eq!(store.current().unwrap().sequence(), theft.sequence);

    let cure = Root {
        version: 2,
        publishing: vec![root_key(14)],
        reset: Some(Reset { sequence: 1, floor: NOW }),
        ..first_root()
    };
    add_root(release.path(), &sign_root(&cure, &[&key(2), &key(3)]).unwrap()).unwrap();
    assert_eq!(refused(release.path(), &content(1), term(NOW + 60), 4), "not-publishing");
    let next = publish(release.path(), &content(1), term(NOW + 60), 0, &key(14)).unwrap();
    assert_eq!(next.sequence, 2);
    assert!(matches!(adopt(&mut store, release.path(), NOW + 60), Ok(Adoption::Adopted { sequence: 2, .. })));
    assert_eq!(store.floor(), NOW + 60);
    publish(theirs.path(), &content(0), term(NOW + 89 * DAY), 0, &key(4)).unwrap();
    assert_eq!(adopt(&mut store, theirs.path(), NOW + 60).unwrap_err().code(), "head-signature");
}
