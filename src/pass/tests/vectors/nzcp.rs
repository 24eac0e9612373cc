use data_encoding::BASE64URL_NOPAD;
use pass::{Error, Kind, PublicKey, read, trace};
use serde_json::{Value, json};

use crate::set::Set;

/// The keys of a DID document, by the name that its passes call them by.
pub fn keys(document: &Value) -> Vec<(Vec<u8>, PublicKey)> {
    let method = |method: &Value| {
        let (_, name) = method["id"].as_str()?.split_once('#')?;
        Some((name.as_bytes().to_vec(), p256(&method["publicKeyJwk"])?))
    };
    document["verificationMethod"].as_array().unwrap().iter().filter_map(method).collect()
}

/// A JSON Web Key on P-256.
pub fn p256(jwk: &Value) -> Option<PublicKey> {
    let half = |name: &str| BASE64URL_NOPAD.decode(jwk[name].as_str()?.as_bytes()).ok();
    let point = [vec![4], half("x")?, half("y")?].concat();
    p256::ecdsa::VerifyingKey::from_sec1_bytes(&point).ok().map(PublicKey::P256)
}

#[test]
fn new_zealands_examples_come_to_what_their_specification_says() {
    let set = Set::open("nzcp");
    let keys = keys(&set.json("did.json"));
    let expected = set.json("expected.json");
    let mut ran = 0;
    for case in expected.as_array().unwrap() {
        let (file, expected) = (case["file"].as_str().unwrap(), case["expected"].as_str().unwrap());
        // One has no text, and the specification says nothing of it.
        let Some(text) = case["payload"].as_str() else { continue };
        assert_eq!(set.text(&format!("{file}.txt")).trim(), text, "{file}");
        ran += 1;
        let read = read(text, &keys);
        assert_eq!(read.as_ref().err(), trace(text, &keys).failure(), "{file}");
        match expected {
            "FAIL" => assert_eq!(read.unwrap_err(), Error::Signature, "{file}"),
            // When it counts is for the verdict to say.
            "EXPIRED" => assert!(read.unwrap().document.expires.unwrap() < 1_700_000_000, "{file}"),
            "VALID" => {
                let verified = read.unwrap();
                let document = verified.document;
                assert_eq!(document.issuer, "did:web:nzcp.covid19.health.nz");
                assert_eq!((document.not_before, document.expires), (Some(1_635_883_530), Some(1_951_416_330)));
                assert_eq!(document.kind, Kind::COVID_PASS);
                assert_eq!((document.holder.as_deref(), document.birth.as_deref()), (Some("S.J."), Some("1960")));
                assert_eq!(document.id, [&hex("60a4f54d4e304332be33ad78b1eafa4b")[..]].concat());
                let credential = verified.certificate.unwrap();
                assert_eq!(credential["credentialSubject"]["givenName"], json!("Jack"));
                assert_eq!(credential["version"], json!("1.0.0"));
            }
            other => panic!("{file}: {other}"),
        }
    }
    // The fifth is a picture alone; its text, as read here, names a key of an issuer that nobody has taken in.
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/nzcp/nzcp-revoked-public-key.txt");
    let text = std::fs::read_to_string(path).unwrap();
    assert_eq!(read(text.trim(), &keys), Err(Error::UnknownKey { kid: b"key-2".to_vec() }));
    set.ran(ran + 1, "texts");
    assert_eq!(ran, 4);
}

#[test]
fn a_key_of_new_zealand_counts_for_its_issuer_alone() {
    struct Of<'a>(&'a [(Vec<u8>, PublicKey)], &'static str);
    impl pass::Keys for Of<'_> {
        fn with_kid<'a>(&'a self, kid: &[u8]) -> Box<dyn Iterator<Item = (usize, &'a PublicKey)> + 'a> {
            self.0.with_kid(kid)
        }
        fn speaks_for(&self, _: usize, issuer: &str) -> bool {
            issuer == self.1
        }
    }
    let set = Set::open("nzcp");
    let (keys, text) = (keys(&set.json("did.json")), set.text("nzcp.txt"));
    assert!(read(text.trim(), &Of(&keys, "did:web:nzcp.covid19.health.nz")).is_ok());
    // The kid is the same, and means another key: not forged, but unknown.
    let unknown = Error::UnknownKey { kid: b"key-1".to_vec() };
    assert_eq!(read(text.trim(), &Of(&keys, "did:web:other.example")), Err(unknown));
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}
