//! Properties of every format, and the EU's vectors wherever they stand.

use std::path::Path;

use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use plate::Binding;
use wire::sign::{Context, Signer};

use crate::{Certificate, Document, Error, Format, Kind, Limits, PublicKey, StatusIndex, Step, mp1, read};

struct Issuer(SigningKey);
impl Signer for Issuer {
    fn public(&self) -> VerifyingKey {
        self.0.verifying_key()
    }
    fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

fn issuer() -> Issuer {
    Issuer(SigningKey::from_bytes(&[42; 32]))
}

fn keys(issuer: &Issuer) -> Vec<(Vec<u8>, PublicKey)> {
    let key = PublicKey::from_ed25519(issuer.public().as_bytes()).unwrap();
    vec![(key.kid().to_vec(), key)]
}

fn typical() -> Document {
    Document {
        format: Format::Mp1,
        issuer: "RU-TVE".into(),
        id: vec![1, 2, 3, 4, 5, 6, 7, 8],
        kind: Kind(1),
        not_before: Some(1_588_000_000),
        expires: Some(1_590_000_000),
        issued: None,
        plates: vec![Binding::new("A123BC77").unwrap()],
        holder: Some("И. П.".into()),
        birth: None,
        id_digits: None,
        cards: vec![964_330_781],
        regions: vec![69, 77],
        limits: Some(Limits { trips: Some(1), days: Some(14), ..Limits::default() }),
        route: None,
        status: Some(StatusIndex { series: 1, index: 70_000 }),
    }
}

fn cose(document: &Document, context: Context) -> Vec<u8> {
    wire::sign::sign(context, &issuer(), &mp1::encode(document).unwrap())
}

#[test]
fn a_pass_says_after_reading_what_was_issued() {
    let text = mp1::text(&cose(&typical(), Context::MovementPass));
    let verified = read(&text, &keys(&issuer())).unwrap();
    assert_eq!((verified.document, verified.key), (typical(), 0));
    assert!(text.len() <= 335, "a pass of everyday size has {} characters", text.len());
}

#[test]
fn every_single_bit_change_of_a_pass_is_refused() {
    let (cose, keys) = (cose(&typical(), Context::MovementPass), keys(&issuer()));
    for bit in 0..cose.len() * 8 {
        let mut changed = cose.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(read(&mp1::text(&changed), &keys).is_err(), "bit {bit}");
    }
}

#[test]
fn a_signature_for_another_purpose_is_no_pass() {
    for context in Context::ALL {
        let read = read(&mp1::text(&cose(&typical(), context)), &keys(&issuer()));
        assert_eq!(read.is_ok(), context == Context::MovementPass);
    }
}

#[test]
fn an_unknown_key_is_not_a_forgery() {
    let text = mp1::text(&cose(&typical(), Context::MovementPass));
    let none: Vec<(Vec<u8>, PublicKey)> = vec![];
    assert!(matches!(read(&text, &none), Err(Error::UnknownKey { .. })));
}

#[test]
fn what_a_reader_would_refuse_is_not_issued() {
    for bend in [
        (|d| d.expires = Some(1_588_000_000 + 401 * 86_400)) as fn(&mut Document),
        |d| d.expires = d.not_before,
        |d| d.id = vec![0; 7],
        |d| d.issuer.clear(),
    ] {
        let mut document = typical();
        bend(&mut document);
        assert_eq!(mp1::encode(&document).unwrap_err().code(), "claims");
    }
}

#[test]
fn a_compression_bomb_stops_at_its_limit() {
    let bomb = miniz_oxide::deflate::compress_to_vec_zlib(&vec![0; 1 << 20], 9);
    assert_eq!(crate::hc1::inflate(&bomb), Err(Error::InflateLimit));
    let mut trailing = miniz_oxide::deflate::compress_to_vec_zlib(b"x", 9);
    trailing.push(0);
    assert_eq!(crate::hc1::inflate(&trailing), Err(Error::Inflate));
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "(MP1:|HC1:)?[0-9A-Z $%*+./:-]{0,200}") {
        let _ = read(&text, &keys(&issuer()));
    }
}

/// Every vector of the EU's set at every step this crate takes; the schema of the JSON is not looked at.
#[test]
fn the_eu_vectors_give_the_expected_outcome_at_every_step() {
    let full = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors/dgc-testdata"));
    let carried = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/dgc-testdata"));
    let folder = if full.is_dir() { full } else { carried };
    let mut pending = vec![folder.to_owned()];
    let (mut files, mut steps, mut wrong) = (0, 0, Vec::new());
    while let Some(path) = pending.pop() {
        if let Ok(entries) = std::fs::read_dir(&path) {
            pending.extend(entries.flatten().map(|entry| entry.path()));
        } else if path.extension().is_some_and(|extension| extension == "json") {
            let vector: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            files += 1;
            compare(&vector, &path.display().to_string(), &mut steps, &mut wrong);
        }
    }
    println!("vectors: {} {files} files, {steps} steps compared, {} differ", folder.display(), wrong.len());
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(steps > 0, "no vector was found");
}

fn compare(vector: &serde_json::Value, name: &str, steps: &mut usize, wrong: &mut Vec<String>) {
    let expected = |step: &str| vector["EXPECTEDRESULTS"][step].as_bool();
    let Some(text) = vector["PREFIX"].as_str() else { return };
    let certificate = vector["TESTCTX"]["CERTIFICATE"].as_str().and_then(unbase64);
    let certificate = certificate.and_then(|der| Certificate::read(&der).ok());
    let keys: Vec<_> = certificate.iter().map(|c| (c.kid.to_vec(), c.key.clone())).collect();
    let reached = match read(text, &keys) {
        Ok(_) => None,
        Err(error) => Some(error.step()),
    };
    let held = |step: Step| reached.is_none_or(|failed| failed > step);
    for (label, holds) in [
        ("EXPECTEDUNPREFIX", held(Step::Prefix)),
        ("EXPECTEDB45DECODE", held(Step::Alphabet)),
        ("EXPECTEDCOMPRESSION", held(Step::Inflate)),
        ("EXPECTEDVERIFY", held(Step::Signature)),
    ] {
        if let Some(expected) = expected(label) {
            *steps += 1;
            if expected != holds {
                wrong.push(format!("{name}: {label} should be {expected}, stopped at {reached:?}"));
            }
        }
    }
}

fn unbase64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let (mut buffer, mut bits) = (0u32, 0);
    for c in text.bytes().filter(|c| !c.is_ascii_whitespace() && *c != b'=') {
        let value = match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        buffer = buffer << 6 | u32::from(value);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((buffer >> bits & 255) as u8);
        }
    }
    Some(bytes)
}
