//! Attacks on who may say something, and the cure for a stolen key.

use wire::sign::Context;

use super::{adopted, equipped, refusal, refusal_at};
use crate::Store;
use crate::desk::{BEGIN, DAY, Desk, PUBLISHING, RECEIPT, clock, key, region, root_key, sign_root};
use crate::format::{HEAD, Reset, Root, SignedRoot, root_name, sha256};

#[test]
fn provisioning_never_replaces_a_state() {
    let desk = Desk::open();
    let (folder, _store) = equipped(&desk);
    let again = Store::provision(folder.path(), &desk.files["root.1"], &region());
    assert_eq!(again.err().unwrap().code(), "already-provisioned");
}

#[test]
fn a_box_is_not_provisioned_with_what_is_not_its_regions_root() {
    let desk = Desk::new();
    let folder = tempfile::tempdir().unwrap();
    let refused = |root: &[u8]| Store::provision(folder.path(), root, &region()).err().unwrap().code();
    let elsewhere = Store::provision(folder.path(), &desk.files["root.1"], &"RU-MOW".parse().unwrap());
    assert_eq!(elsewhere.err().unwrap().code(), "other-region");
    assert_eq!(refused(&sign_root(&desk.root, &[1])), "root-signatures");
    assert_eq!(refused(&sign_root(&desk.root, &[1, 1])), "root-signatures");
    assert_eq!(refused(b"root"), "malformed");
    assert_eq!(refused(&vec![0; 20_000]), "too-long");
    assert_eq!(Store::open(folder.path()).err().unwrap().code(), "needs-provisioning");
}

#[test]
fn a_root_needs_the_threshold_of_the_old_keys_and_of_its_own() {
    let desk = Desk::open();
    for (signers, why) in [
        (&[1][..], "one of three"),
        (&[1, 1, 1], "one, three times"),
        (&[], "nobody"),
        (&[11, 12], "the new keys alone"),
        (&[1, 2], "the old keys alone"),
        (&[1, 2, 11], "one new key"),
        (&[1, 11, 12], "one old key"),
        (&[PUBLISHING, RECEIPT], "keys for other purposes"),
        (&[21, 22, 23], "strangers"),
    ] {
        let (folder, mut store) = equipped(&desk);
        let mut next = desk.clone();
        next.rotate(signers, |root| root.root = [11, 12, 13].map(root_key).to_vec());
        next.publish(2, BEGIN + DAY);
        assert_eq!(refusal(&folder, &mut store, &next), "root-signatures", "{why}");
        assert_eq!(store.root().version, 1);
    }
    let (_folder, mut store) = equipped(&desk);
    let mut next = desk.clone();
    next.rotate(&[2, 3, 11, 13], |root| root.root = [11, 12, 13].map(root_key).to_vec());
    next.publish(2, BEGIN + DAY);
    assert_eq!(adopted(store.adopt(&mut next, clock(BEGIN + DAY))), 2);
}

#[test]
fn a_root_signature_made_for_another_purpose_does_not_count() {
    let desk = Desk::open();
    let (folder, mut store) = equipped(&desk);
    let mut next = desk.clone();
    next.rotate(&[1], |_| {});
    let bytes = &next.files[&root_name(2)];
    let mut signed = SignedRoot::parse(bytes).unwrap();
    let digest = sha256(&signed.payload);
    signed.signatures.push(wire::sign::sign(Context::Command, &key(2), &digest).into());
    next.files.insert(root_name(2), wire::encode(&signed));
    next.publish(2, BEGIN + DAY);
    assert_eq!(refusal(&folder, &mut store, &next), "root-signatures");
}

#[test]
fn roots_follow_one_by_one() {
    let desk = Desk::open();
    let (folder, mut store) = equipped(&desk);
    let mut skipping = desk.clone();
    skipping.rotate(&[1, 2], |root| root.version = 3);
    skipping.publish(2, BEGIN + DAY);
    assert_eq!(refusal(&folder, &mut store, &skipping), "root-version");
    // The same root again, under the next name.
    let mut standing = desk.clone();
    standing.rotate(&[1, 2], |root| root.version = 1);
    standing.publish(2, BEGIN + DAY);
    assert_eq!(refusal(&folder, &mut store, &standing), "root-version");
    // A rotation whose root is held back.
    let mut held_back = desk.clone();
    held_back.rotate(&[1, 2], |_| {});
    held_back.publish(2, BEGIN + DAY);
    held_back.files.remove(&root_name(2));
    assert_eq!(refusal(&folder, &mut store, &held_back), "root-version");
}

#[test]
fn a_root_that_weakens_itself_is_refused_although_its_owners_signed_it() {
    let (folder, mut store) = equipped(&Desk::open());
    let mut refused = |change: &dyn Fn(&mut Root)| {
        let mut next = Desk::open();
        next.rotate(&[1, 2, 3], change);
        next.publish(2, BEGIN + DAY);
        refusal(&folder, &mut store, &next)
    };
    assert_eq!(refused(&|root| root.threshold = 1), "malformed");
    assert_eq!(refused(&|root| root.threshold = 0), "malformed");
    assert_eq!(refused(&|root| root.threshold = 4), "malformed");
    assert_eq!(refused(&|root| root.root.push(root_key(1))), "malformed");
    assert_eq!(refused(&|root| root.receipt = root.publishing.clone()), "malformed");
    assert_eq!(refused(&|root| root.publishing[0].valid_to += 1), "malformed");
    assert_eq!(refused(&|root| root.region = "RU-MOW".parse().unwrap()), "other-region");
}

#[test]
fn nothing_is_adopted_under_an_expired_root_until_it_is_renewed() {
    let mut desk = Desk::new();
    desk.rotate(&[1, 2], |root| root.expires = BEGIN + 10 * DAY);
    desk.publish(1, BEGIN);
    let (folder, mut store) = equipped(&desk);
    desk.publish(2, BEGIN + 9 * DAY);
    assert_eq!(refusal_at(&folder, &mut store, &desk, BEGIN + 11 * DAY), "root-expired");
    desk.rotate(&[1, 2], |root| root.expires = BEGIN + 300 * DAY);
    desk.publish(2, BEGIN + 9 * DAY);
    assert_eq!(adopted(store.adopt(&mut desk, clock(BEGIN + 11 * DAY))), 2);
}

#[test]
fn a_stolen_key_that_ran_ahead_is_cured_by_a_root_that_resets() {
    let honest = Desk::open();
    let mut thief = honest.clone();
    thief.publish(u64::MAX, BEGIN + 90 * DAY);
    let (folder, mut store) = equipped(&thief);
    assert_eq!(store.floor(), BEGIN + 90 * DAY);

    let mut unheeding = honest.clone();
    unheeding.strike_off_the_stolen_key(None);
    unheeding.publish(2, BEGIN + DAY);
    let mut cured = honest.clone();
    cured.strike_off_the_stolen_key(Some(Reset { sequence: 1, floor: BEGIN }));
    cured.publish(2, BEGIN + DAY);
    {
        let (folder, mut store) = equipped(&thief);
        assert_eq!(refusal(&folder, &mut store, &unheeding), "older");
    }
    assert_eq!(adopted(store.adopt(&mut cured.clone(), clock(BEGIN + DAY))), 2);
    assert_eq!(store.floor(), BEGIN + DAY);
    // The reset happens once: it does not let the box go back later.
    cured.publish(3, BEGIN + 2 * DAY);
    assert_eq!(adopted(store.adopt(&mut cured.clone(), clock(BEGIN + 2 * DAY))), 3);
    cured.publish(2, BEGIN + 2 * DAY);
    assert_eq!(refusal(&folder, &mut store, &cured), "older");
    assert_eq!(refusal(&folder, &mut store, &thief), "head-signature");
}

#[test]
fn a_struck_off_key_stays_struck_off_however_it_is_carried() {
    let mut honest = Desk::open();
    let mut thief = honest.clone();
    thief.publish(9, BEGIN + DAY);
    honest.strike_off_the_stolen_key(None);
    // The thief's head names the old root, beside the honest root.2.
    let mut both = honest.clone();
    both.files.extend(thief.files.clone());
    let (folder, mut store) = equipped(&Desk::open());
    assert_eq!(refusal(&folder, &mut store, &both), "head-signature");
    assert_eq!(store.root().version, 2);
    // It was learnt although the head was refused: hiding root.2 now does not help.
    let mut store = Store::open(folder.path()).unwrap();
    assert_eq!(store.root().version, 2);
    assert_eq!(refusal(&folder, &mut store, &thief), "head-signature");
}

#[test]
fn a_head_counts_only_under_a_publishing_key_and_only_for_that_purpose() {
    let (folder, mut store) = equipped(&Desk::open());
    let mut desk = Desk::open();
    for wrong in [1, RECEIPT, 99] {
        desk.publisher = wrong;
        desk.publish(2, BEGIN + DAY);
        assert_eq!(refusal(&folder, &mut store, &desk), "head-signature", "key {wrong}");
    }
    let payload = wire::encode(&desk.head());
    for context in Context::ALL.into_iter().filter(|context| *context != Context::TrustManifest) {
        desk.files.insert(HEAD.to_owned(), wire::sign::sign(context, &key(PUBLISHING), &payload));
        assert_eq!(refusal(&folder, &mut store, &desk), "head-signature", "{context:?}");
    }
}

#[test]
fn a_publishing_key_counts_only_within_its_own_time() {
    let (folder, mut store) = equipped(&Desk::open());
    let mut desk = Desk::open();
    desk.publish(2, BEGIN + 90 * DAY + 1);
    assert_eq!(refusal_at(&folder, &mut store, &desk, BEGIN + 91 * DAY), "head-signature");
    desk.publish(2, BEGIN - 1);
    assert_eq!(refusal(&folder, &mut store, &desk), "head-signature");
}
