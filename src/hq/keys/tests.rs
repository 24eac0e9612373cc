//! One key, one purpose; and no key that is not one.

use std::os::unix::fs::PermissionsExt as _;
use std::panic::{AssertUnwindSafe, catch_unwind};

use pass::{Document, Format, Kind, PublicKey};
use trust::format::{Head, Root, SignedRoot, sha256};
use trust::service::ServiceCard;
use wire::row::{EpochId, Receipt};
use wire::sign::Sign1;

use super::*;
use crate::{Founding, Region};

const NOW: i64 = 1_700_000_000;

fn founding() -> Founding {
    let region = "RU-TVE".parse().unwrap();
    Founding {
        region, name: "Тверская область".to_owned(), territory: 69, utc_offset: "+03:00".to_owned()
    }
}

/// Every signing key of a region's folder.
fn all_keys(folder: &Path) -> Vec<Key> {
    let keys = folder.join("keys");
    let purposes = [
        Purpose::Root(1),
        Purpose::Root(2),
        Purpose::Root(3),
        Purpose::Publishing,
        Purpose::Receipt,
        Purpose::Command,
        Purpose::Issuing("RU-TVE".to_owned()),
    ];
    purposes.into_iter().map(|purpose| Key::open(&keys, purpose).unwrap()).collect()
}

/// A key without our guard: what a thief, or a bug, has in hand.
fn bare(folder: &Path, key: &Key) -> crate::signer::AtHand {
    let seed = file::read(&key.purpose().file(&folder.join("keys")), key.purpose()).unwrap();
    crate::signer::AtHand(ed25519_dalek::SigningKey::from_bytes(&seed))
}

/// Someone who believes signatures: for what, a payload worth believing, and the box's own check.
type Believer = (Context, Vec<u8>, Box<dyn Fn(&[u8]) -> bool>);

fn believers(region: &Region) -> Vec<Believer> {
    let root = SignedRoot::root(&wire::decode(&region.first_root().unwrap(), "root").unwrap()).unwrap();
    let issuer = PublicKey::from_ed25519(&region.issuers().unwrap()[0].key).unwrap();
    let pass = Document {
        format: Format::Mp1,
        issuer: "RU-TVE".to_owned(),
        id: vec![7; 8],
        kind: Kind(1),
        not_before: Some(NOW),
        expires: Some(NOW + 1),
        issued: None,
        plates: Vec::new(),
        holder: None,
        birth: None,
        id_digits: None,
        cards: Vec::new(),
        regions: Vec::new(),
        limits: None,
        route: None,
        status: None,
        revocation: None,
    };
    let (here, there): (wire::RegionId, wire::BoxId) = ("RU-TVE".parse().unwrap(), "post-1".parse().unwrap());
    let epoch = EpochId { counter: 1, nonce: [0; 8] };
    let receipt = Receipt {
        region: here.clone(),
        to: there.clone(),
        epoch,
        sequence: 1,
        chain: [0; 32],
        ledger: [0; 8],
        issued: NOW,
        budget: None,
    };
    let head = Head {
        region: here.clone(),
        root: 1,
        sequence: 1,
        issued: NOW,
        expires: NOW,
        not_after: NOW,
        streams: [0; 32],
        count: 0,
    };
    let card = ServiceCard {
        region: here.clone(),
        id: [1; 8],
        pseudonym: "Рысь-4".to_owned(),
        valid_from: NOW,
        valid_to: NOW + 1,
        salt: [0; 16],
        proof: [0; 32],
    };
    let (commands, region_of_card) = (root.clone(), here.clone());
    let next = wire::encode(&Root { version: 2, ..root.clone() });
    let (receipts, publishing, by) = (root.clone(), root.clone(), Root { threshold: 1, ..root });
    vec![
        (
            Context::MovementPass,
            pass::mp1::encode(&pass).unwrap(),
            Box::new(move |cose| {
                pass::read(&pass::mp1::text(cose), &vec![(issuer.kid().to_vec(), issuer.clone())]).is_ok()
            }),
        ),
        (
            Context::Receipt,
            wire::encode(&receipt),
            Box::new(move |cose| {
                uplink::verified(cose, &here, &there, &|at| receipts.receipt_at(at).collect()).is_ok()
            }),
        ),
        (
            Context::TrustManifest,
            wire::encode(&head),
            Box::new(move |cose| {
                let message = Sign1::parse(cose).unwrap();
                publishing.publishing_at(NOW).any(|key| message.verify(Context::TrustManifest, &key).is_ok())
            }),
        ),
        (
            Context::ServiceCard,
            wire::encode(&card),
            Box::new(move |cose| {
                let keys: Vec<_> = commands.command_at(NOW).collect();
                ServiceCard::read(&ServiceCard::text(cose), &region_of_card, &keys, NOW).is_ok()
            }),
        ),
        (
            Context::TrustRoot,
            sha256(&next).to_vec(),
            Box::new(move |cose| {
                SignedRoot { payload: next.clone(), signatures: vec![cose.to_vec().into()] }.is_signed_by(&by)
            }),
        ),
    ]
}

#[test]
fn every_signature_of_every_key_for_every_purpose_is_believed_only_where_key_and_purpose_are_right() {
    let folder = tempfile::tempdir().unwrap();
    let region = Region::create(&folder.path().join("r"), &founding(), "t", NOW).unwrap();
    let keys = all_keys(region.folder());
    let mut believed = 0;
    for (wanted, payload, believes) in believers(&region) {
        for key in &keys {
            for context in Context::ALL {
                let signed = wire::sign::sign(context, &bare(region.folder(), key), &payload);
                let right = context == wanted && key.purpose().contexts().contains(&wanted);
                assert_eq!(believes(&signed), right, "{} under {context:?} taken for {wanted:?}", key.purpose());
                believed += u32::from(right);
            }
        }
    }
    // One issuer, one receipt key, one publishing key, one command key, three root keys.
    assert_eq!(believed, 7);
}

#[test]
fn a_key_signs_for_its_own_purpose_and_refuses_every_other() {
    let folder = tempfile::tempdir().unwrap();
    let region = Region::create(&folder.path().join("r"), &founding(), "t", NOW).unwrap();
    std::panic::set_hook(Box::new(|_| {}));
    for key in all_keys(region.folder()) {
        for context in Context::ALL {
            let own = key.purpose().contexts().contains(&context);
            assert_eq!(key.envelope(context, b"\xa0").is_ok(), own);
            let by_any_room = catch_unwind(AssertUnwindSafe(|| wire::sign::try_sign(context, &key, b"\xa0")));
            assert_eq!(by_any_room.is_ok(), own, "{} for {context:?}", key.purpose());
        }
        assert!(catch_unwind(AssertUnwindSafe(|| key.try_sign(b"anything"))).is_err());
    }
    let _ = std::panic::take_hook();
}

#[test]
fn all_keys_of_a_region_are_different() {
    let folder = tempfile::tempdir().unwrap();
    let region = Region::create(&folder.path().join("r"), &founding(), "t", NOW).unwrap();
    let mut all: Vec<_> = all_keys(region.folder()).iter().map(|key| key.public().to_bytes()).collect();
    all.push(region.sealing_key().public());
    all.push(*region.sealing_key().secret());
    let count = all.len();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), count);
}

fn code<T>(found: Result<T, Error>) -> &'static str {
    found.err().map_or("ok", |error| error.code())
}

#[test]
fn a_key_file_is_private_says_what_it_is_for_and_is_never_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let made = Key::create(folder.path(), Purpose::Receipt).unwrap();
    let path = Purpose::Receipt.file(folder.path());
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(Key::open(folder.path(), Purpose::Receipt).unwrap().public(), made.public());
    assert_eq!(code(Key::create(folder.path(), Purpose::Receipt)), "file");
    std::fs::copy(&path, Purpose::Publishing.file(folder.path())).unwrap();
    assert_eq!(code(Key::open(folder.path(), Purpose::Publishing)), "key");
    for mode in [0o640, 0o604, 0o660] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        assert_eq!(code(Key::open(folder.path(), Purpose::Receipt)), "key");
    }
}

#[test]
fn what_is_no_key_or_a_weak_one_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = Purpose::Receipt.file(folder.path());
    Key::create(folder.path(), Purpose::Receipt).unwrap();
    let good = std::fs::read_to_string(&path).unwrap();
    let digits = good.split(' ').next_back().unwrap().trim().to_owned();
    let tried = |text: &str| {
        std::fs::write(&path, text).unwrap();
        code(Key::open(folder.path(), Purpose::Receipt))
    };
    assert_eq!(tried(&good), "ok");
    for bad in [
        String::new(),
        "\0".repeat(85),
        good.replace("ed25519", "x25519"),
        good.replace("receipt", "command"),
        good.trim_end().to_owned(),
        good.replace(&digits, &digits[1..]),
        good.replace(&digits, &format!("{digits}0")),
        good.replace(&digits, &"g".repeat(64)),
        good.replace(&digits, &format!("+{}", &digits[1..])),
        good.replace(&digits, &"0".repeat(64)),
        good.replace(&digits, &"ff".repeat(32)),
    ] {
        assert_eq!(tried(&bad), "key", "{}", bad.len());
    }
    // The points of small order that an Ed25519 verifier meets first: y = 1, y = 0, y = -1.
    let minus_one = format!("ec{}7f", "ff".repeat(30));
    for weak in [format!("01{}", "00".repeat(31)), "00".repeat(32), minus_one, "zz".repeat(32), "12".to_owned()] {
        assert!(typed_public(&weak).is_err(), "{weak}");
    }
    let sound = trust::format::hex(Key::create(folder.path(), Purpose::Command).unwrap().public().as_bytes());
    assert!(typed_public(&format!(" {}\n", sound.to_uppercase())).is_ok());
}

#[test]
fn two_keys_that_are_one_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let region = Region::create(&folder.path().join("r"), &founding(), "t", NOW).unwrap();
    let keys = region.folder().join("keys");
    let publishing = std::fs::read_to_string(Purpose::Publishing.file(&keys)).unwrap();
    std::fs::write(Purpose::Receipt.file(&keys), publishing.replace("publishing", "receipt")).unwrap();
    assert_eq!(code(region.receipt_key()), "not-in-root");
    // An issuer's key is in no root; that it is none of the root's is looked at whenever the region opens.
    let same = region.publishing_key().unwrap().public().to_bytes();
    region.database().execute("UPDATE issuer SET key = ?1", [same]).unwrap();
    assert!(matches!(Region::open(region.folder()), Err(Error::SameKey(..))));
}

#[test]
fn of_several_keys_the_one_serves_that_the_newest_root_names_last() {
    let folder = tempfile::tempdir().unwrap();
    let region = Region::create(&folder.path().join("r"), &founding(), "t", NOW).unwrap();
    let keys = region.folder().join("keys");
    let first = region.publishing_key().unwrap().public();
    let next = Key::draw(&keys.join("publishing-2.key"), Purpose::Publishing).unwrap().public();
    assert_eq!(region.publishing_key().unwrap().public(), first, "no root names the new one yet");

    let mut root = region.newest_root().unwrap().unwrap();
    root.version = 2;
    root.publishing.push(trust::format::RootKey { key: next.to_bytes(), ..root.publishing[0].clone() });
    let two: Vec<Key> = [1, 2].map(|n| Key::open(&keys, Purpose::Root(n)).unwrap()).into();
    let signed = crate::publish::sign_root(&root, &[&two[0], &two[1]]).unwrap();
    crate::publish::add_root(&region.release_folder(), &signed).unwrap();
    assert_eq!(region.publishing_key().unwrap().public(), next);
    std::fs::remove_file(keys.join("publishing-2.key")).unwrap();
    assert_eq!(region.publishing_key().unwrap().public(), first, "the old one still counts");
    std::fs::remove_file(keys.join("publishing.key")).unwrap();
    assert_eq!(code(region.publishing_key()), "key");
}
