//! A box's side is played by hand here: what `checkpointd` makes is asked of it in `tests/enrolment.rs`.

use p256::ecdsa::signature::Signer as _;
use sha2::{Digest as _, Sha256};
use wire::enrol::TlsKey;
use wire::sign::Signer;

use super::*;
use crate::{Founding, Region};

pub(crate) const NOW: i64 = 1_588_334_400;

/// A region, and a box that asks.
pub(crate) struct Stage {
    folder: tempfile::TempDir,
    pub(crate) region: Region,
}

pub(crate) fn stage() -> Stage {
    let folder = tempfile::tempdir().unwrap();
    let founding = Founding {
        region: "RU-TVE".parse().unwrap(),
        name: "Тверь".to_owned(),
        territory: 69,
        utc_offset: "+03:00".to_owned(),
    };
    let region = Region::create(&folder.path().join("tver"), &founding, "test", NOW).unwrap();
    Stage { folder, region }
}

/// What a box has.
pub(crate) struct Keys(pub(crate) ed25519_dalek::SigningKey, pub(crate) p256::ecdsa::SigningKey);

impl Signer for Keys {
    fn public(&self) -> VerifyingKey {
        self.0.verifying_key()
    }
    fn sign(&self, message: &[u8]) -> [u8; 64] {
        use ed25519_dalek::Signer as _;
        self.0.sign(message).to_bytes()
    }
}

impl Keys {
    pub(crate) fn of(seed: u8) -> Self {
        let tls = p256::ecdsa::SigningKey::from_slice(&[seed; 32]).unwrap();
        Self(ed25519_dalek::SigningKey::from_bytes(&[seed; 32]), tls)
    }

    pub(crate) fn tls(&self) -> TlsKey {
        self.1.verifying_key().to_encoded_point(true).as_bytes().try_into().unwrap()
    }

    pub(crate) fn prove(&self, message: &[u8]) -> [u8; 64] {
        let signature: p256::ecdsa::Signature = self.1.sign(message);
        signature.to_bytes().into()
    }
}

impl Stage {
    /// The region, and its folder, which goes with the latter.
    pub(crate) fn apart(self) -> (tempfile::TempDir, Region) {
        (self.folder, self.region)
    }

    pub(crate) fn request(&self, name: &str, keys: &Keys, change: impl FnOnce(&mut Request)) -> Vec<u8> {
        let receive = <X25519HkdfSha256 as hpke::Kem>::PrivateKey::from_bytes(&[7; 32]).unwrap();
        let mut request = Request {
            kind: Kind,
            region: self.region.id().clone(),
            name: name.parse().unwrap(),
            signing: keys.public().to_bytes(),
            tls: keys.tls(),
            receive: <X25519HkdfSha256 as hpke::Kem>::sk_to_pk(&receive).to_bytes().into(),
            root: Sha256::digest(self.region.first_root().unwrap()).into(),
            nonce: [6; 16],
            possession: [0; 64],
        };
        change(&mut request);
        request.possession = keys.prove(&request.to_be_proven());
        request.sign(keys).unwrap()
    }

    pub(crate) fn enrol(&self, name: &str, keys: &Keys) -> Answer {
        let asked = self.region.asked(&self.request(name, keys, |_| {}), true).unwrap();
        self.region.enrol(&asked, &addresses(), LIFE, "test", NOW).unwrap()
    }
}

pub(crate) fn addresses() -> Addresses {
    Addresses {
        broker: Some("hq.example:8883".to_owned()),
        release: Some("https://hq.example/release".to_owned()),
        renewal: Some("https://hq.example/renew".to_owned()),
    }
}

fn code<T>(found: Result<T, crate::Error>) -> &'static str {
    found.err().expect("it is refused").code()
}

#[test]
fn an_announced_box_is_enrolled_and_reads_what_was_sealed_to_it() {
    let stage = stage();
    let (region, keys) = (&stage.region, Keys::of(2));
    let pepper = *region.pepper().unwrap().bytes();
    let name: BoxId = "post-1".parse().unwrap();
    let cose = stage.request("post-1", &keys, |_| {});
    assert_eq!(code(region.asked(&cose, false)), "not-announced");
    region.announce_box(&name, "test", NOW).unwrap();
    // By whatever way it comes.
    let text = wire::enrol::text(&cose);
    let asked = region.asked(text.as_bytes(), false).unwrap();
    assert_eq!(asked, region.asked(&cose, false).unwrap());
    assert_eq!(code(region.enrol(&asked, &Addresses::default(), LIFE, "test", NOW)), "address-missing");
    assert_eq!(region.box_key(&name).unwrap(), None, "nothing was changed");

    let answer = region.enrol(&asked, &addresses(), LIFE, "test", NOW).unwrap();
    let root = region.newest_root().unwrap().unwrap();
    let command = root.command.iter().map(|key| VerifyingKey::from_bytes(&key.key).unwrap());
    let bundle = Bundle::verify(&answer.bundle, command).unwrap();
    assert_eq!((bundle.nonce, bundle.signing, bundle.name), ([6; 16], keys.public().to_bytes(), name.clone()));
    assert_eq!((answer.not_after, answer.has_pepper), (NOW + LIFE, true));
    assert_eq!(region.box_key(&name).unwrap(), Some(keys.public()));
    let receive = <X25519HkdfSha256 as hpke::Kem>::PrivateKey::from_bytes(&[7; 32]).unwrap();
    let (key, sealed) = bundle.secrets.split_at(32);
    let plain = hpke::single_shot_open::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
        &hpke::OpModeR::Base,
        &receive,
        &<X25519HkdfSha256 as hpke::Kem>::EncappedKey::from_bytes(key).unwrap(),
        &wire::enrol::secrets_info(region.id(), &name),
        sealed,
        b"",
    );
    let secrets: Secrets = wire::decode(&plain.unwrap(), "secrets").unwrap();
    assert_eq!(secrets.pepper, Some(pepper));
}

#[test]
fn who_may_not_be_enrolled_is_told_why() {
    let stage = stage();
    let region = &stage.region;
    let keys = Keys::of(2);
    let asked = |change: fn(&mut Request)| region.asked(&stage.request("post-1", &keys, change), true);
    assert_eq!(code(asked(|request| request.region = "RU-MOS".parse().unwrap())), "other-region");
    assert_eq!(code(asked(|request| request.root = [1; 32])), "other-root");
    assert_eq!(code(asked(|request| request.name = "hq".parse().unwrap())), "reserved");
    assert_eq!(code(region.announce_box(&"hq".parse().unwrap(), "test", NOW)), "reserved");
    assert_eq!(code(region.asked(b"MPE1:...", true)), "no-request");
    let mut flipped = stage.request("post-1", &keys, |_| {});
    *flipped.last_mut().unwrap() ^= 1;
    assert_eq!(code(region.asked(&flipped, true)), "request");
    // A box that is enrolled may ask again; another may not ask in its name.
    stage.enrol("post-1", &keys);
    let again = stage.enrol("post-1", &keys);
    assert_eq!(again.not_after, NOW + LIFE);
    assert_eq!(code(region.asked(&stage.request("post-1", &Keys::of(3), |_| {}), true)), "box-exists");
    region.strike_off(&"post-1".parse().unwrap(), NOW, "test", NOW).unwrap();
    assert_eq!(code(region.asked(&stage.request("post-1", &keys, |_| {}), true)), "stolen");
}
