//! The ceremony, step by step, and whatever a tired keeper or a thief may try. The whole of it with the real
//! programs, as the runbook has it: tests/ceremony.rs.

use std::os::unix::fs::PermissionsExt as _;

use trust::format::RootKey;

use super::*;
use crate::{Founding, Places, Region};

const NOW: i64 = 1_700_000_000;
const DAY: i64 = 86_400;
const WORDS: &str = "correct horse battery staple";

struct Keeper {
    folder: tempfile::TempDir,
    public: [u8; 32],
}

/// A keeper with a stick. Without a passphrase: it costs seconds, and one test is enough for it.
fn keeper() -> Keeper {
    let folder = tempfile::tempdir().unwrap();
    let public = Stick::create(folder.path(), None, false).unwrap().to_bytes();
    Keeper { folder, public }
}

impl Keeper {
    fn sign(&self, request: &Request) -> Result<Request, crate::Error> {
        let stick = Stick::open(self.folder.path(), false)?;
        stick.sign(&stick.key("")?, request, false, NOW)
    }
}

struct House {
    folder: tempfile::TempDir,
    region: Region,
    keepers: Vec<Keeper>,
}

impl House {
    fn waiting() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let founding = Founding {
            region: "RU-TVE".parse().unwrap(),
            name: "Тверская область".to_owned(),
            territory: 69,
            utc_offset: "+03:00".to_owned(),
        };
        let region = Region::create_waiting(&folder.path().join("r"), &founding, Places::default(), "t", NOW).unwrap();
        Self { folder, region, keepers: (0..3).map(|_| keeper()).collect() }
    }

    fn founded() -> Self {
        let house = Self::waiting();
        let request = house.first();
        house.install(&[house.keepers[0].sign(&request).unwrap(), house.keepers[1].sign(&request).unwrap()]).unwrap();
        house
    }

    fn first(&self) -> Request {
        let roots: Vec<_> = self.keepers.iter().map(|keeper| keeper.public).collect();
        self.region.first_request(&roots, Terms::default(), NOW).unwrap()
    }

    fn install(&self, requests: &[Request]) -> Result<Installed, crate::Error> {
        let files: Vec<PathBuf> = (0..requests.len()).map(|n| self.folder.path().join(format!("{n}.signed"))).collect();
        files.iter().zip(requests).for_each(|(path, request)| std::fs::write(path, request.encode()).unwrap());
        self.region.install_root(&files, "t", NOW)
    }

    fn next(&self, changes: &Changes, now: i64) -> Result<Request, crate::Error> {
        self.region.next_request(changes, now)
    }
}

fn code<T>(result: Result<T, crate::Error>) -> &'static str {
    result.err().map_or("ok", |error| error.code())
}

#[test]
fn a_region_waits_until_two_keepers_have_signed_its_first_root() {
    let house = House::waiting();
    assert_eq!(code(house.region.first_root()), "waiting-for-root");
    assert_eq!(code(house.region.publish("t", NOW)), "no-root");
    assert!(!house.region.folder().join("keys/root-1.key").exists(), "no root key was ever here");
    let request = house.first();
    let one = house.keepers[0].sign(&request).unwrap();
    assert_eq!(code(house.install(std::slice::from_ref(&request))), "too-few-signatures");
    assert_eq!(code(house.install(std::slice::from_ref(&one))), "too-few-signatures");
    assert_eq!(code(house.install(&[one.clone(), one.clone()])), "too-few-signatures");
    let two = house.keepers[2].sign(&request).unwrap();
    // One after the other on one file is as good as two files.
    assert_eq!(house.keepers[2].sign(&one).unwrap().signed.signatures.len(), 2);
    assert_eq!(house.install(&[two, one]).unwrap().version, 1);
    assert_eq!(house.region.publish("t", NOW).unwrap().sequence, 1);
    assert_eq!(code(house.region.first_request(&[], Terms::default(), NOW)), "founded");
}

#[test]
fn a_request_reads_back_and_is_compared_by_its_fingerprint() {
    let house = House::founded();
    let request = house.next(&Changes { extend: true, ..Changes::default() }, NOW + DAY).unwrap();
    let read = Request::parse(&request.encode()).unwrap();
    assert_eq!(read, request);
    let signed = house.keepers[0].sign(&request).unwrap();
    assert_eq!(signed.fingerprint(), request.fingerprint(), "whoever has signed");
    let fingerprint = request.fingerprint();
    assert!(request.is_compared(&fingerprint) && request.is_compared(&fingerprint[..19].to_uppercase()));
    assert!(
        !request.is_compared(&fingerprint[..18]) && !request.is_compared("") && !request.is_compared(&"0".repeat(16))
    );
    assert!(!request.is_compared(&house.first_again()));
}

impl House {
    /// The fingerprint of another root.
    fn first_again(&self) -> String {
        self.next(&Changes { life: Some(DAY), ..Changes::default() }, NOW).unwrap().fingerprint()
    }
}

#[test]
fn what_is_no_request_is_refused() {
    let house = House::founded();
    let good = house.next(&Changes { extend: true, ..Changes::default() }, NOW).unwrap();
    let bytes = good.encode();
    for length in 0..bytes.len() {
        assert!(Request::parse(&bytes[..length]).is_err());
    }
    let previous = good.previous_bytes.clone();
    let tried = |root: &Root, previous: Option<Vec<u8>>| Request::new(root, previous);
    assert!(tried(&good.root, None).is_err(), "without the root before");
    assert!(tried(&Root { version: 3, ..good.root.clone() }, previous.clone()).is_err(), "one too far");
    assert!(tried(&Root { region: "RU-MOW".parse().unwrap(), ..good.root.clone() }, previous).is_err());
    // A root before that its own keys did not sign: made up to hide what changes.
    let unsigned =
        wire::encode(&SignedRoot { payload: wire::encode(good.previous.as_ref().unwrap()), signatures: Vec::new() });
    assert!(tried(&good.root, Some(unsigned)).is_err());
    assert!(Request::parse(&vec![0; 40_000]).is_err());
}

#[test]
fn a_stick_signs_one_root_of_a_number_and_only_where_its_key_stands() {
    let house = House::founded();
    let extend = house.next(&Changes { extend: true, ..Changes::default() }, NOW).unwrap();
    let other = house.next(&Changes { life: Some(DAY), ..Changes::default() }, NOW).unwrap();
    house.keepers[0].sign(&extend).unwrap();
    house.keepers[0].sign(&extend).unwrap();
    assert_eq!(code(house.keepers[0].sign(&other)), "signed-other");
    let stick = Stick::open(house.keepers[0].folder.path(), false).unwrap();
    assert!(stick.sign(&stick.key("").unwrap(), &other, true, NOW).is_ok());
    assert_eq!(code(keeper().sign(&extend)), "not-a-keeper");
}

#[test]
fn one_stick_holds_one_key_which_only_its_owner_may_read() {
    let stick = keeper();
    let path = stick.folder.path().join("root.key");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(code(Stick::create(stick.folder.path(), None, false)), "stick");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(code(Stick::open(stick.folder.path(), false)), "no-modes");
    assert!(Stick::open(stick.folder.path(), true).is_ok());
    std::fs::copy(&path, stick.folder.path().join("root-2.key")).unwrap();
    assert_eq!(code(Stick::open(stick.folder.path(), true)), "stick");
    assert_eq!(code(Stick::open(tempfile::tempdir().unwrap().path(), false)), "stick");
}

#[test]
fn a_passphrase_opens_the_key_and_nothing_else_does() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(code(Stick::create(folder.path(), Some("short"), false)), "bad-passphrase");
    let public = Stick::create(folder.path(), Some(WORDS), false).unwrap();
    let stick = Stick::open(folder.path(), false).unwrap();
    assert!(stick.is_protected());
    assert_eq!(stick.key(WORDS).unwrap().public(), public);
    for wrong in ["", "correct horse battery stable"] {
        assert_eq!(code(stick.key(wrong)), "passphrase");
    }
    let path = folder.path().join("root.key");
    let line = std::fs::read_to_string(&path).unwrap();
    assert!(!line.contains(WORDS));
    // Neither weaker costs nor unbounded ones, nor another salt or key, are taken from the line.
    for (from, to) in [("65536 3 4", "65536 2 4"), ("65536 3 4", "4294967295 3 4"), ("65536", "x"), ("\n", "0\n")] {
        let changed = line.replacen(from, to, 1);
        assert_ne!(changed, line);
        std::fs::write(&path, changed).unwrap();
        assert_eq!(code(Stick::open(folder.path(), false).unwrap().key(WORDS)), "passphrase", "{to:?}");
    }
}

#[test]
fn a_rotation_extends_names_and_strikes_what_it_is_told() {
    let house = House::founded();
    let root = house.region.newest_root().unwrap().unwrap();
    let later = NOW + 60 * DAY;
    let extended = house.next(&Changes { extend: true, ..Changes::default() }, later).unwrap().root;
    assert_eq!(extended.version, 2);
    assert_eq!(extended.publishing[0].key, root.publishing[0].key);
    assert_eq!(extended.publishing[0].valid_to, later - DAY + 90 * DAY);
    assert!(extended.publishing_at(later - DAY).next().is_some(), "the release that stands is still believed");
    assert_eq!(extended.expires, later + 730 * DAY);

    let (publishing, keeper) = (id(&root.publishing[0].key), id(&house.keepers[0].public));
    let new = [9; 32];
    let changes = Changes { publishing: Some(new), strike: vec![publishing[..8].to_owned()], ..Changes::default() };
    let struck = house.next(&changes, later).unwrap().root;
    assert_eq!(struck.publishing, [RootKey { key: new, valid_from: later, valid_to: later + 90 * DAY }]);
    assert_eq!(struck.expires, root.expires, "nobody asked for more");
    let change = |changes: Changes, at| code(house.next(&changes, at));
    let strike = |digits: &str| Changes { strike: vec![digits.to_owned()], ..Changes::default() };
    assert_eq!(change(strike(&publishing), later), "change", "nothing would be left to publish with");
    assert_eq!(change(Changes::default(), NOW + 91 * DAY), "change", "it has run out");
    assert_eq!(change(strike("00000000"), later), "change");
    assert_eq!(change(strike(&publishing[..7]), later), "change");
    assert_eq!(change(Changes { threshold: Some(1), ..Changes::default() }, later), "change");
    assert_eq!(change(Changes { roots: vec![house.keepers[0].public], ..Changes::default() }, later), "change");
    let swapped = Changes { roots: vec![[8; 32]], ..strike(&keeper) };
    let said = {
        let request = house.next(&swapped, later).unwrap();
        assert_eq!(request.root.root.len(), 3);
        plain::meaning(&request.root, request.previous.as_ref()).join("\n")
    };
    assert!(said.contains(&format!("NEW         root key {}", id(&[8; 32]))), "{said}");
    assert!(said.contains(&format!("STRUCK OFF  root key {keeper}")), "{said}");
    assert!(!said.contains("EXTENDED") && !said.contains("RESET") && !said.contains("THRESHOLD"), "{said}");
}

#[test]
fn a_struck_off_keeper_cannot_bring_a_root_about_and_the_new_one_can() {
    let house = House::founded();
    let fourth = keeper();
    let changes =
        Changes { roots: vec![fourth.public], strike: vec![id(&house.keepers[0].public)], ..Changes::default() };
    let request = house.next(&changes, NOW).unwrap();
    let signed = |keeper: &Keeper| keeper.sign(&request).unwrap();
    let [a, b, c] = [0, 1, 2].map(|n| signed(&house.keepers[n]));
    let d = signed(&fourth);
    assert_eq!(code(house.install(&[a.clone(), b.clone()])), "too-few-signatures", "two of the old, one of the new");
    assert_eq!(code(house.install(&[d, b.clone()])), "too-few-signatures", "one of the old, two of the new");
    assert_eq!(house.install(&[b, c]).unwrap().version, 2);
    let next = house.next(&Changes { extend: true, ..Changes::default() }, NOW).unwrap();
    assert_eq!(code(house.keepers[0].sign(&next)), "not-a-keeper");
}

#[test]
fn signatures_over_different_roots_do_not_add_up() {
    let house = House::founded();
    let one = house.next(&Changes { extend: true, ..Changes::default() }, NOW).unwrap();
    let other = house.next(&Changes { life: Some(DAY), ..Changes::default() }, NOW).unwrap();
    let (one, other) = (house.keepers[0].sign(&one).unwrap(), house.keepers[1].sign(&other).unwrap());
    assert_eq!(code(house.install(&[one, other])), "other-request");
}

#[test]
fn a_thief_who_published_here_is_taken_back_as_well() {
    let house = House::founded();
    assert_eq!(house.region.publish("t", NOW).unwrap().sequence, 1);
    // The clock of HQ itself was set ahead by the thief.
    assert_eq!(house.region.publish("thief", NOW + 80 * DAY).unwrap().sequence, 2);
    assert_eq!(code(house.region.own_position(None, NOW)), "change");
    let reset = house.region.own_position(Some(1), NOW).unwrap();
    assert_eq!((reset.sequence, reset.floor), (1, NOW));
    let stolen = id(&house.region.publishing_key().unwrap().public().to_bytes());
    let publishing = house.region.next_half(crate::keys::Purpose::Publishing, None, 2).unwrap();
    assert_ne!(stolen, id(&publishing));
    let strike = vec!["publishing".to_owned()];
    let changes = Changes { publishing: Some(publishing), strike, reset: Some(reset), ..Changes::default() };
    let request = house.next(&changes, NOW).unwrap();
    assert_eq!(request.root.publishing.iter().map(|key| key.key).collect::<Vec<_>>(), [publishing]);
    house.install(&[house.keepers[0].sign(&request).unwrap(), house.keepers[1].sign(&request).unwrap()]).unwrap();
    let published = house.region.publish("t", NOW + 1).unwrap();
    assert_eq!((published.sequence, published.issued), (2, NOW + 1));
}

#[test]
fn what_is_soon_over_is_said_in_time() {
    let root = House::founded().region.newest_root().unwrap().unwrap();
    let warnings = |at| plain::remaining(&root, at).1.len();
    assert_eq!([0, 59, 61, 91].map(|day| warnings(NOW + day * DAY)), [0, 0, 1, 1]);
    assert_eq!(warnings(NOW + 700 * DAY), 2);
    let (said, _) = plain::remaining(&root, NOW + 60 * DAY);
    assert!(said.contains("670 more days") && said.contains("for 30"), "{said}");
}
