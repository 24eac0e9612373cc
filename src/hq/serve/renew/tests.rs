use std::net::Ipv4Addr;

use super::*;
use crate::enrol::tests::{Keys, NOW, stage};

/// A desk; the region's folder goes with it.
struct Open {
    _folder: tempfile::TempDir,
    desk: Desk,
}

impl std::ops::Deref for Open {
    type Target = Desk;

    fn deref(&self) -> &Desk {
        &self.desk
    }
}

fn desk() -> Open {
    let stage = stage();
    stage.enrol("post-1", &Keys::of(2));
    stage.enrol("post-2", &Keys::of(3));
    let (folder, region) = stage.apart();
    let (nonces, peers) = (Mutex::default(), Mutex::default());
    Open { _folder: folder, desk: Desk { region: Arc::new(region), clock: Arc::new(|| NOW), nonces, peers } }
}

fn request(desk: &Desk, name: &str, keys: &Keys, tls: &Keys, nonce: [u8; 32]) -> Vec<u8> {
    let mut request = RenewalRequest {
        kind: Kind,
        region: desk.region.id().clone(),
        name: name.parse().unwrap(),
        tls: tls.tls(),
        nonce,
        possession: [0; 64],
    };
    request.possession = tls.prove(&request.to_be_proven());
    request.sign(keys).unwrap()
}

fn answer(refused: Result<Renewed, Refused>) -> (u16, &'static str) {
    let refused = refused.expect_err("it is refused");
    let code = match &refused {
        Refused::Proof(code) => code,
        Refused::Region(error) => error.code(),
        Refused::Nonce => "nonce",
        Refused::Request => "request",
        Refused::Busy => "busy",
    };
    (refused.into_response().status().as_u16(), code)
}

#[test]
fn a_nonce_serves_once_and_not_for_ever() {
    let (desk, now) = (desk(), Instant::now());
    let nonce = desk.draw(now).unwrap();
    let asked = request(&desk, "post-1", &Keys::of(2), &Keys::of(9), nonce);
    assert!(desk.renew(&asked, now).is_ok());
    assert_eq!(answer(desk.renew(&asked, now)), (409, "nonce"));
    let old = desk.draw(now).unwrap();
    let late = request(&desk, "post-1", &Keys::of(2), &Keys::of(9), old);
    assert_eq!(answer(desk.renew(&late, now + NONCE_LIFE)), (409, "nonce"));
    assert_eq!(answer(desk.renew(&request(&desk, "post-1", &Keys::of(2), &Keys::of(9), [7; 32]), now)), (409, "nonce"));
}

#[test]
fn only_the_box_itself_with_the_key_it_shows_gets_a_certificate() {
    let (desk, now) = (desk(), Instant::now());
    let nonce = desk.draw(now).unwrap();
    // Another box in its name, a box that nobody knows, another region, a key its sender does not have, anything.
    let others = request(&desk, "post-1", &Keys::of(3), &Keys::of(9), nonce);
    assert_eq!(answer(desk.renew(&others, now)), (403, "other-key"));
    let unknown = request(&desk, "post-9", &Keys::of(2), &Keys::of(9), nonce);
    assert_eq!(answer(desk.renew(&unknown, now)), (403, "not-enrolled"));
    let mut unproven = RenewalRequest {
        kind: Kind,
        region: desk.region.id().clone(),
        name: "post-1".parse().unwrap(),
        tls: Keys::of(9).tls(),
        nonce,
        possession: [0; 64],
    };
    unproven.possession = Keys::of(8).prove(&unproven.to_be_proven());
    assert_eq!(answer(desk.renew(&unproven.sign(&Keys::of(2)).unwrap(), now)), (403, "possession"));
    unproven.region = "RU-MOS".parse().unwrap();
    assert_eq!(answer(desk.renew(&unproven.sign(&Keys::of(2)).unwrap(), now)), (403, "other-region"));
    assert_eq!(answer(desk.renew(&[0; 300], now)), (400, "request"));
    // None of them has spent the nonce.
    assert!(desk.renew(&request(&desk, "post-1", &Keys::of(2), &Keys::of(9), nonce), now).is_ok());

    desk.region.strike_off(&"post-1".parse().unwrap(), NOW, "test", NOW).unwrap();
    let nonce = desk.draw(now).unwrap();
    let stolen = request(&desk, "post-1", &Keys::of(2), &Keys::of(9), nonce);
    assert_eq!(answer(desk.renew(&stolen, now)), (403, "stolen"));
    assert!(desk.renew(&request(&desk, "post-2", &Keys::of(3), &Keys::of(9), nonce), now).is_ok());
}

#[test]
fn a_box_that_asks_without_end_is_refused_and_others_are_not() {
    let (desk, now) = (desk(), Instant::now());
    let renew = |name: &str, seed| {
        let nonce = desk.draw(now).unwrap();
        desk.renew(&request(&desk, name, &Keys::of(seed), &Keys::of(9), nonce), now)
    };
    // The certificate of its enrolment counts too.
    for _ in 1..24 {
        renew("post-1", 2).unwrap();
    }
    assert_eq!(answer(renew("post-1", 2)), (429, "too-many"));
    assert!(renew("post-2", 3).is_ok());
}

#[test]
fn an_address_that_asks_without_end_waits_and_others_do_not() {
    let (desk, now) = (desk(), Instant::now());
    let [one, other] = [1, 2].map(|last| IpAddr::V4(Ipv4Addr::new(10, 0, 0, last)));
    for _ in 0..BURST {
        desk.admit(one, now).unwrap();
    }
    assert!(matches!(desk.admit(one, now), Err(Refused::Busy)));
    assert!(desk.admit(other, now).is_ok());
    assert!(desk.admit(one, now + ONE_EVERY).is_ok());
    let network = |text: &str| who(text.parse().unwrap());
    assert_eq!(network("2001:db8:1:2:3::4"), network("2001:db8:1:2:ffff::"));
    assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
    assert_eq!(network("::ffff:10.0.0.1"), one);
}

#[test]
fn nonces_are_bounded() {
    let (desk, now) = (desk(), Instant::now());
    for _ in 0..MOST_NONCES {
        desk.draw(now).unwrap();
    }
    assert!(matches!(desk.draw(now), Err(Refused::Busy)));
    assert!(desk.draw(now + NONCE_LIFE).is_ok());
}
