use pass::{Error, Outcome, PublicKey, Step, base45_encode, trace};
use serde_json::Value;
use wire::sign::{Error as OursError, Sign1, sig_structure};

use crate::set::{Set, hex};

/// What a file of the working group must come to when its message stands in an `HC1:` text.
enum Expected {
    /// The signature holds; the content is then refused, for it is no certificate.
    Verified,
    /// Refused with this code.
    Refused(&'static str),
}
use Expected::{Refused, Verified};

/// Every file of the set that is known, and what it is.
const FILES: &[(&str, Expected, &str)] = &[
    ("CWT/A_3.json", Refused("cose-no-kid"), "a signed CWT without a kid: certificates have one"),
    ("CWT/A_4.json", Refused("cose-shape"), "not applicable: COSE_Mac0"),
    ("ecdsa-examples/ecdsa-sig-01.json", Verified, "ES256, kid unprotected"),
    ("ecdsa-examples/ecdsa-sig-03.json", Refused("algorithm"), "not applicable: ES512 over P-521"),
    ("eddsa-examples/eddsa-01.json", Refused("cose-shape"), "not applicable: COSE_Sign"),
    ("eddsa-examples/eddsa-02.json", Refused("cose-shape"), "not applicable: COSE_Sign"),
    (
        "eddsa-examples/eddsa-sig-01.json",
        Refused("algorithm"),
        "Ed25519 signs nothing foreign; tried as bare signature",
    ),
    ("eddsa-examples/eddsa-sig-02.json", Refused("algorithm"), "not applicable: Ed448"),
    ("sign1-tests/sign-fail-01.json", Refused("cose-shape"), "tag 998"),
    ("sign1-tests/sign-fail-02.json", Refused("signature"), "a changed payload"),
    ("sign1-tests/sign-fail-03.json", Refused("algorithm"), "algorithm -999"),
    ("sign1-tests/sign-fail-04.json", Refused("algorithm"), "an algorithm that is text"),
    ("sign1-tests/sign-fail-06.json", Refused("signature"), "a protected header added"),
    ("sign1-tests/sign-fail-07.json", Refused("signature"), "a protected header removed"),
    ("sign1-tests/sign-pass-01.json", Verified, "algorithm and kid unprotected: the key's own algorithm decides"),
    ("sign1-tests/sign-pass-02.json", Refused("signature"), "external_aad, which certificates do not have"),
    ("sign1-tests/sign-pass-03.json", Verified, "untagged"),
];

/// A key of the working group's, where it is of a kind used here.
fn key(signer: &Value) -> Option<PublicKey> {
    let key = &signer["key"];
    let part = |name: &str| match key[format!("{name}_hex")].is_string() {
        true => hex(&key[format!("{name}_hex")]),
        false => unbase64url(key[name].as_str().unwrap_or_default()),
    };
    match key["crv"].as_str()? {
        "Ed25519" => PublicKey::from_ed25519(&part("x")).ok(),
        "P-256" => {
            let point = [vec![4], part("x"), part("y")].concat();
            Some(PublicKey::P256(p256::ecdsa::VerifyingKey::from_sec1_bytes(&point).ok()?))
        }
        _ => None,
    }
}

fn unbase64url(text: &str) -> Vec<u8> {
    use base64ct::{Base64UrlUnpadded, Encoding as _};
    Base64UrlUnpadded::decode_vec(text).unwrap()
}

fn as_text(cose: &[u8]) -> String {
    format!("HC1:{}", base45_encode(&miniz_oxide::deflate::compress_to_vec_zlib(cose, 6)))
}

#[test]
fn the_cose_working_groups_messages_come_out_as_they_must() {
    let set = Set::open("cose-wg");
    let files = set.all();
    let (mut applicable, mut not) = (0, 0);
    for (name, vector) in &files {
        let (_, expected, why) = FILES.iter().find(|(file, ..)| file == name).expect("a file nobody has looked at");
        println!("vectors:   {name}: {why}");
        *if why.starts_with("not applicable") { &mut not } else { &mut applicable } += 1;
        let key = key(&vector["input"]["sign0"]).map(|key| (b"11".to_vec(), key));
        // Messages with other algorithms name keys of other kinds; any key with that kid will do to refuse them.
        let fallback = || {
            let other = files.iter().find(|(file, _)| file == "ecdsa-examples/ecdsa-sig-01.json").unwrap();
            let kid = vector["input"]["sign0"]["key"]["kid"].as_str().unwrap_or("11");
            let kid = if kid.is_empty() { "11" } else { kid };
            (kid.as_bytes().to_vec(), self::key(&other.1["input"]["sign0"]).unwrap())
        };
        let keys = vec![key.unwrap_or_else(fallback)];
        let cose = hex(&vector["output"]["cbor"]);
        let trace = trace(&as_text(&cose), &keys);
        let failure = trace.failure().expect("none is a certificate");
        match expected {
            Verified => {
                assert!(vector["fail"] != true, "{name}");
                assert_eq!(trace.outcome(Step::Signature), &Outcome::Held, "{name}: {failure:?}");
                assert_eq!(failure.step(), Step::Claims, "{name}");
            }
            Refused(code) => assert_eq!(failure.code(), *code, "{name}: {failure:?}"),
        }
        // None has exactly the two headers of ours, and ours take nothing else.
        let ours = Sign1::parse(&cose).unwrap_err();
        assert!(matches!(ours, OursError::Envelope | OursError::Headers), "{name}: {ours:?}");
    }
    set.ran(files.len(), &format!("messages, {applicable} applicable and {not} not"));
    assert!(applicable > 0);
}

/// Below the envelope: what is signed is put together as the group does, and the signature over it holds.
#[test]
fn the_cose_working_groups_signatures_hold_over_the_bytes_they_give() {
    let set = Set::open("cose-wg");
    let mut tried = 0;
    for (name, vector) in set.all() {
        let input = &vector["input"];
        let (Some(key), true) = (key(&input["sign0"]), vector["intermediates"]["ToBeSign_hex"].is_string()) else {
            continue;
        };
        let cose = hex(&vector["output"]["cbor"]);
        let to_be_signed = hex(&vector["intermediates"]["ToBeSign_hex"]);
        let signature = &cose[cose.len() - 64..];
        // A file that must fail because of its headers or tag still carries the signature over these bytes.
        assert!(key.holds(&to_be_signed, signature), "{name}");
        assert!(!key.holds(&[&to_be_signed[..], b"\0"].concat(), signature), "{name}");
        if vector["fail"] != true {
            let protected = protected(&cose);
            let content = input["plaintext_hex"].as_str().map_or_else(
                || input["plaintext"].as_str().unwrap().as_bytes().to_vec(),
                |_| hex(&input["plaintext_hex"]),
            );
            let external = input["sign0"]["external"].as_str().map_or(Vec::new(), |_| hex(&input["sign0"]["external"]));
            assert_eq!(sig_structure(&protected, &external, &content), to_be_signed, "{name}");
        }
        tried += 1;
    }
    set.ran(tried, "signatures over the bytes given");
}

/// The protected header of a message, tagged or not.
fn protected(cose: &[u8]) -> Vec<u8> {
    let at = cose.iter().position(|byte| *byte == 0x84).unwrap() + 1;
    let length = usize::from(cose[at] & 0x1f);
    // An empty map in a string counts as no header at all (RFC 9052 §4.4).
    Some(&cose[at + 1..at + 1 + length]).filter(|header| **header != [0xa0]).map_or(Vec::new(), <[u8]>::to_vec)
}

#[test]
fn what_is_refused_without_a_key_says_so() {
    let set = Set::open("cose-wg");
    let message = hex(&set.json("ecdsa-examples/ecdsa-sig-01.json")["output"]["cbor"]);
    let none: Vec<(Vec<u8>, PublicKey)> = Vec::new();
    assert_eq!(trace(&as_text(&message), &none).failure(), Some(&Error::UnknownKey { kid: b"11".to_vec() }));
}
