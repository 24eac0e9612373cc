use ed25519_dalek::SigningKey;
use p256::ecdsa::signature::Signer as _;
use proptest::prelude::*;

use super::*;
use crate::sign::Signer;

struct Key(SigningKey);

impl Signer for Key {
    fn public(&self) -> VerifyingKey {
        self.0.verifying_key()
    }
    fn sign(&self, message: &[u8]) -> [u8; 64] {
        use ed25519_dalek::Signer as _;
        self.0.sign(message).to_bytes()
    }
}

fn key(seed: u8) -> Key {
    Key(SigningKey::from_bytes(&[seed; 32]))
}

fn tls(seed: u8) -> (p256::ecdsa::SigningKey, TlsKey) {
    let key = p256::ecdsa::SigningKey::from_slice(&[seed; 32]).unwrap();
    let public = key.verifying_key().to_encoded_point(true).as_bytes().try_into().unwrap();
    (key, public)
}

fn ecdsa(key: &p256::ecdsa::SigningKey, message: &[u8]) -> [u8; 64] {
    let signature: p256::ecdsa::Signature = key.sign(message);
    signature.to_bytes().into()
}

fn request(region: &str, name: &str) -> Request {
    let (secret, public) = tls(3);
    let mut request = Request {
        kind: Kind,
        region: region.parse().unwrap(),
        name: name.parse().unwrap(),
        signing: key(2).public().to_bytes(),
        tls: public,
        receive: [4; 32],
        root: [5; 32],
        nonce: [6; 16],
        possession: [0; 64],
    };
    request.possession = ecdsa(&secret, &request.to_be_proven());
    request
}

fn bundle() -> Bundle {
    Bundle {
        kind: Kind,
        region: "RU-TVE".parse().unwrap(),
        name: "m10-km178".parse().unwrap(),
        nonce: [6; 16],
        signing: key(2).public().to_bytes(),
        certificate: vec![0x30; 400],
        authorities: vec![vec![0x30; 300].into()],
        broker: Some("hq.example:8883".to_owned()),
        releases: Some("https://hq.example/release".to_owned()),
        renewal: None,
        secrets: vec![9; 90],
        issued: 1_588_334_400,
    }
}

#[test]
fn a_request_proves_both_keys_and_fits_the_smallest_panel() {
    let longest = "x".repeat(32);
    for (region, name) in [("RU-TVE", "m10-km178"), (&longest[..], &longest[..])] {
        let request = request(region, name);
        let cose = request.sign(&key(2)).unwrap();
        assert_eq!(Request::verify(&cose).unwrap(), request);
        let text = text(&cose);
        println!("measured: enrolment request of {region} {name}: {} bytes, {} characters", cose.len(), text.len());
        assert!(text.len() <= LONGEST_REQUEST_TEXT);
        assert_eq!(from_text(&format!("\n {}\r\n", text.replace("MPE1:", "MPE1:\n"))), Some(cose.clone()));
        assert_eq!(from_any(&cose), Some(cose.clone()));
        assert_eq!(from_any(text.as_bytes()), Some(cose));
    }
}

#[test]
fn a_tls_key_that_the_sender_does_not_have_is_refused() {
    let mut stolen = request("RU-TVE", "m10-km178");
    stolen.tls = tls(7).1;
    assert_eq!(Request::verify(&stolen.sign(&key(2)).unwrap()), Err(Error::Possession));
    // The proof of another request: another nonce.
    let mut replayed = request("RU-TVE", "m10-km178");
    replayed.nonce = [8; 16];
    assert_eq!(Request::verify(&replayed.sign(&key(2)).unwrap()), Err(Error::Possession));
    // A request in another's name.
    assert!(matches!(Request::verify(&request("RU-TVE", "m10-km178").sign(&key(9)).unwrap()), Err(Error::Sign(_))));
}

#[test]
fn no_message_is_taken_for_another() {
    let (secret, public) = tls(3);
    let mut renewal = RenewalRequest {
        kind: Kind,
        region: "RU-TVE".parse().unwrap(),
        name: "m10-km178".parse().unwrap(),
        tls: public,
        nonce: [1; 32],
        possession: [0; 64],
    };
    renewal.possession = ecdsa(&secret, &renewal.to_be_proven());
    let one = key(2);
    let public = one.public();
    let messages =
        [request("RU-TVE", "m10-km178").sign(&one).unwrap(), bundle().sign(&one).unwrap(), renewal.sign(&one).unwrap()];
    for (at, cose) in messages.iter().enumerate() {
        assert_eq!(Request::verify(cose).is_ok(), at == 0);
        assert_eq!(Bundle::verify(cose, [public]).is_ok(), at == 1);
        assert_eq!(RenewalRequest::verify(cose, &public).is_ok(), at == 2);
    }
    assert_eq!(RenewalRequest::claimed(&messages[2]).unwrap().1.as_str(), "m10-km178");
}

#[test]
fn a_bundle_is_believed_for_a_command_key_alone_and_keeps_its_bounds() {
    let cose = bundle().sign(&key(1)).unwrap();
    assert_eq!(Bundle::verify(&cose, [key(5).public(), key(1).public()]).unwrap(), bundle());
    assert_eq!(Bundle::verify(&cose, [key(5).public()]), Err(Error::Sign(crate::sign::Error::OtherKey)));
    assert_eq!(Bundle::verify(&cose, []), Err(Error::Sign(crate::sign::Error::OtherKey)));
    // The same bytes under another purpose.
    let command = crate::sign::sign(Context::Command, &key(1), &crate::encode(&bundle()));
    assert_eq!(Bundle::verify(&command, [key(1).public()]), Err(Error::Sign(crate::sign::Error::Signature)));
    let unsound = [
        Bundle { broker: Some("hq example".to_owned()), ..bundle() },
        Bundle { releases: Some("http://hq/\u{1b}[2J".to_owned()), ..bundle() },
        Bundle { renewal: Some(String::new()), ..bundle() },
        Bundle { authorities: vec![], ..bundle() },
        Bundle { authorities: vec![vec![1].into(); 5], ..bundle() },
        Bundle { certificate: vec![0; 2049], ..bundle() },
        Bundle { secrets: vec![0; 1025], ..bundle() },
    ];
    for bundle in unsound {
        let cose = bundle.sign(&key(1)).unwrap();
        assert_eq!(Bundle::verify(&cose, [key(1).public()]), Err(Error::Shape("enrolment bundle")));
    }
}

#[test]
fn any_bit_of_a_message_that_flips_is_noticed() {
    let (cose, of_request) = (bundle().sign(&key(1)).unwrap(), request("RU-TVE", "post-1").sign(&key(2)).unwrap());
    for bit in 0..cose.len() * 8 {
        let mut flipped = cose.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(Bundle::verify(&flipped, [key(1).public()]).is_err(), "bit {bit} of a bundle");
    }
    for bit in 0..of_request.len() * 8 {
        let mut flipped = of_request.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(Request::verify(&flipped).is_err(), "bit {bit} of a request");
    }
}

proptest! {
    #[test]
    fn whatever_comes_is_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..600), text in ".{0,300}") {
        let _ = (Request::verify(&bytes), Bundle::verify(&bytes, [key(1).public()]), Renewed::read(&bytes));
        let _ = (from_any(&bytes), from_text(&text), from_text(&format!("{PREFIX}{text}")));
    }
}

#[test]
fn the_specification_shows_these_very_bytes() {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let page: String =
        include_str!("../../../docs/formats/enrolment.md").chars().filter(|c| !c.is_whitespace()).collect();
    let request = request("RU-TVE", "m10-km178").sign(&key(2)).unwrap();
    // Certificates and secrets are cut down to a few bytes; the format does not look into them.
    let short = Bundle {
        certificate: vec![0x30, 2, 5, 0],
        authorities: vec![vec![0x30, 2, 5, 0].into()],
        secrets: vec![9; 8],
        ..bundle()
    };
    for (name, cose) in [("request", request), ("bundle", short.sign(&key(1)).unwrap())] {
        assert!(page.contains(&hex(&cose)), "{name} is {}", hex(&cose));
    }
    let root = [5; 32];
    let spoken: String = crate::fingerprint::line(&root).split(' ').collect();
    assert!(page.contains(&spoken), "{spoken}");
}
