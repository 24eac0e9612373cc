use data_encoding::BASE64URL_NOPAD;
use p256::ecdsa::signature::Signer as _;
use pass::{Document, Error, Keys, Kind, PublicKey, read, trace};
use serde_json::{Value, json};

use crate::nzcp::p256;
use crate::set::Set;

/// The keys of a key set.
fn keys(set: &Value) -> Vec<(Vec<u8>, PublicKey)> {
    let named = |jwk: &Value| Some((jwk["kid"].as_str()?.as_bytes().to_vec(), p256(jwk)?));
    set["keys"].as_array().unwrap().iter().filter_map(named).collect()
}

/// The text of a code over a JWS, which may be anything.
fn text(jws: &str) -> String {
    let pairs: String = jws.bytes().map(|byte| format!("{:02}", byte.saturating_sub(45))).collect();
    format!("shc:/{pairs}")
}

fn code(text: &str, keys: &dyn Keys) -> &'static str {
    let read = read(text, keys);
    assert_eq!(read.as_ref().err(), trace(text, keys).failure());
    read.as_ref().err().map_or("held", Error::code)
}

#[test]
fn the_specifications_example_holds_and_says_who_and_what() {
    let set = Set::open("shc");
    let keys = keys(&set.json("valid/issuer/well-known/jwks.json"));
    let digits = set.text("valid/example-00-f-qr-code-numeric-value-0.txt");
    assert_eq!(text(set.text("valid/example-00-d-jws.txt").trim()), digits.trim());
    let verified = read(digits.trim(), &keys).unwrap();
    assert_eq!(verified.certificate.unwrap(), set.json("valid/example-00-c-jws-payload-minified.json"));
    let Document { issuer, kind, not_before, expires, holder, birth, id, .. } = verified.document;
    assert_eq!((issuer.as_str(), kind), ("https://spec.smarthealth.cards/examples/issuer", Kind::VACCINATION));
    assert_eq!((not_before, expires), (Some(1_687_450_764), None), "a date with a fraction");
    assert_eq!((holder.as_deref(), birth.as_deref()), (Some("A.J."), Some("1951")));
    assert_eq!(id, b"MKyCxh7p6uQ");
    // One of three codes.
    assert_eq!(code(set.text("valid/example-02-f-qr-code-numeric-value-0.txt").trim(), &keys), "chunked");
    set.ran(2, "texts");
}

/// Each negative file of the other validator, what is expected of it there, and what it comes to here.
const NEGATIVE: &[(&str, &str)] = &[
    ("test-example-00-d-jws-trailing_chars.txt", "jws-shape"),
    ("test-example-00-d-jws-no_jws_header_kid.txt", "jws-no-kid"),
    ("test-example-00-d-jws-wrong_jws_header_kid.txt", "unknown-key"),
    ("test-example-00-d-jws-issuer-kid-mismatch.txt", "unknown-key"),
    ("test-example-00-d-jws-der-signature-r-neg.txt", "signature"),
    ("test-example-00-f-qr-code-numeric-value-0-trailing_chars.txt", "not-a-pass"),
    ("test-example-00-f-qr-code-numeric-value-0-wrong-multi-chunk.txt", "chunked"),
    ("test-example-00-f-qr-code-numeric-value-0-number-too-big.txt", "digits"),
    ("test-example-00-e-file-no_deflate.smart-health-card", "jws-header"),
    ("test-example-00-e-file-invalid_issuer_url_http.smart-health-card", "held"),
    ("test-example-00-e-file.wrong-extension", "held"),
    // Their issuer's revocation lists are at fault, which boxes do not fetch; its key is not among ours.
    ("badcrl/duplicate-rid/jws-crl-duplicate-rid.txt", "unknown-key"),
    ("badcrl/invalid-method/jws-crl-invalid-method.txt", "unknown-key"),
    ("badcrl/version-mismatch/jws-crl-version-mismatch.txt", "unknown-key"),
];

#[test]
fn what_another_validator_refuses_is_refused_where_a_reader_can_tell() {
    let set = Set::open("shc");
    let keys = keys(&set.json("valid/issuer/well-known/jwks.json"));
    if !set.has("negative") {
        return println!("vectors: shc (carried part): no negative files in it; the full set has them");
    }
    let (mut ran, mut elsewhere, mut payloads) = (0, 0, 0);
    for case in set.json("expected.json").as_array().unwrap() {
        for file in case["files"].as_array().unwrap() {
            let file = file.as_str().unwrap();
            let kind = case["type"].as_str().unwrap();
            match kind {
                // Pictures are for the reader's tests, bundles for an issuer's.
                "qr" | "fhirbundle" => {
                    elsewhere += 1;
                    continue;
                }
                "jwspayload" => {
                    payload(&set, file);
                    payloads += 1;
                    continue;
                }
                _ => {}
            }
            let content = set.text(&format!("negative/{file}"));
            let shown = match kind {
                "jws" => text(&content),
                "healthcard" => {
                    let file: Value = serde_json::from_str(&content).unwrap();
                    text(file["verifiableCredential"][0].as_str().unwrap())
                }
                _ => content.clone(),
            };
            let (_, expected) = NEGATIVE.iter().find(|(name, _)| *name == file).unwrap_or_else(|| panic!("{file}"));
            assert_eq!(code(&shown, &keys), *expected, "{file}: {}", case["error_codes"]);
            ran += 1;
        }
    }
    set.ran(ran, &format!("negative texts; {payloads} payloads under a key of ours; {elsewhere} files elsewhere"));
    assert_eq!(ran, NEGATIVE.len());
}

/// A payload as its issuer would have signed it.
fn payload(set: &Set, file: &str) {
    let payload: Value = set.json(&format!("negative/{file}"));
    let (text, keys) = signed(&payload, &json!({ "zip": "DEF", "alg": "ES256", "kid": "ours" }));
    let verified = read(&text, &keys).unwrap();
    let document = verified.document;
    match file {
        "test-example-00-b-jws-payload-expanded-expired.json" => assert!(document.expires.unwrap() < 1_700_000_000),
        "test-example-00-b-jws-payload-expanded-nbf_milliseconds.json" => {
            assert!(document.not_before.unwrap() > 1_000_000_000_000, "far ahead, so not yet valid")
        }
        "test-example-covid-lab-jwspayload-missing-lab-vc-type.json" => assert_eq!(document.kind, Kind::TEST),
        _ => assert_eq!(document.kind, Kind::VACCINATION, "{file}"),
    }
}

fn signed(payload: &Value, header: &Value) -> (String, Vec<(Vec<u8>, PublicKey)>) {
    let packed = miniz_oxide::deflate::compress_to_vec(payload.to_string().as_bytes(), 9);
    let encode = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
    let signed = format!("{}.{}", encode(header.to_string().as_bytes()), encode(&packed));
    let signer = p256::ecdsa::SigningKey::from_slice(&[9; 32]).unwrap();
    let signature: p256::ecdsa::Signature = signer.sign(signed.as_bytes());
    let keys = vec![(b"ours".to_vec(), PublicKey::P256(*signer.verifying_key()))];
    (text(&format!("{signed}.{}", encode(&signature.to_bytes()))), keys)
}
