//! The pages under `docs/formats` say what the code does.

use std::path::Path;

use super::samples::{cose, issuer, text, typical};
use crate::{ClaimsFault, CodeFault, CoseFault, Error, JsonFault, JwsFault, SealFault, mp1};
use wire::sign::{Context, Signer as _};

fn page(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/formats").join(name);
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn every_error_code_is_explained_under_its_step() {
    let mut errors = vec![Error::TooLong, Error::NotAPass, Error::Base45, Error::Inflate, Error::InflateLimit];
    errors.extend([Error::Base32, Error::Digits, Error::Chunked, Error::SignerRevoked, Error::UnknownLink]);
    errors.extend([Error::NotRegistered, Error::RegisterMissing, Error::TooManyAttempts]);
    errors.extend([JsonFault::Shape, JsonFault::Duplicate, JsonFault::Number].map(Error::Json));
    errors.extend([JwsFault::Shape, JwsFault::Header, JwsFault::NoKid].map(Error::Jws));
    errors.extend([SealFault::Shape, SealFault::Certificate].map(Error::Seal));
    errors.extend([CodeFault::Alphabet, CodeFault::Length, CodeFault::Check, CodeFault::Claim].map(Error::Code));
    errors.extend(
        [CoseFault::TooLong, CoseFault::Shape, CoseFault::Headers, CoseFault::DuplicateHeader, CoseFault::NoKid]
            .map(Error::Cose),
    );
    errors.extend([Error::UnknownKey { kid: vec![] }, Error::Algorithm, Error::Signature]);
    errors.extend(
        [
            ClaimsFault::Cbor(None),
            ClaimsFault::Shape,
            ClaimsFault::Duplicate,
            ClaimsFault::Missing("iss"),
            ClaimsFault::Issuer,
            ClaimsFault::Id,
            ClaimsFault::Validity,
            ClaimsFault::Plate,
            ClaimsFault::Birth,
            ClaimsFault::IdDigits,
            ClaimsFault::Kind,
            ClaimsFault::Json,
            ClaimsFault::Person,
            ClaimsFault::Usage,
        ]
        .map(Error::Claims),
    );
    let page = page("errors.md");
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| `")).collect();
    for error in &errors {
        let row = format!("| `{}` | {} |", error.code(), error.step().as_str());
        assert_eq!(rows.iter().filter(|line| line.starts_with(&row)).count(), 1, "{row}");
    }
    let steps = crate::Step::ALL.map(crate::Step::as_str);
    let ours = rows.iter().filter(|row| row.split('|').nth(2).is_some_and(|step| steps.contains(&step.trim())));
    assert_eq!(ours.count(), errors.len(), "a code that no longer exists is explained");
}

/// The bytes of the hexadecimal block under a heading; what follows `#` on a line is for people.
fn block(page: &str, heading: &str) -> String {
    let (_, rest) = page.split_once(heading).expect("the heading stands");
    let body = rest.split("```").nth(1).expect("a block follows it");
    body.lines()
        .skip(1)
        .map(|line| line.split('#').next().unwrap_or_default())
        .flat_map(str::split_whitespace)
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn the_example_of_mp1_is_what_the_code_writes() {
    let page = page("mp1.md");
    let envelope = cose(&typical(), Context::MovementPass);
    let payload = mp1::encode(&typical()).unwrap();
    assert_eq!(block(&page, "### Public key"), hex(issuer().public().as_bytes()));
    assert_eq!(block(&page, "### Payload"), hex(&payload));
    assert_eq!(block(&page, "### Envelope"), hex(&envelope));
    let protected = &envelope[3..16];
    let signed = wire::sign::to_be_signed(Context::MovementPass, protected, &payload);
    assert_eq!(block(&page, "### Signed bytes"), hex(&signed));
    let (_, rest) = page.split_once("### Text").unwrap();
    let body = rest.split("```").nth(1).unwrap();
    assert_eq!(body.lines().nth(1).unwrap(), text(&envelope));
    let (_, rest) = page.split_once("```cbor-diag").unwrap();
    let value: ciborium::Value = ciborium::from_reader(&payload[..]).unwrap();
    assert_eq!(rest.lines().nth(1).unwrap(), diagnostic(&value));
}

/// Diagnostic notation (RFC 8949 §8) of what passes hold.
fn diagnostic(value: &ciborium::Value) -> String {
    use ciborium::Value;
    let join = |items: Vec<String>| items.join(", ");
    match value {
        Value::Integer(number) => i128::from(*number).to_string(),
        Value::Bytes(bytes) => format!("h'{}'", hex(bytes)),
        Value::Text(text) => format!("{text:?}"),
        Value::Array(items) => format!("[{}]", join(items.iter().map(diagnostic).collect())),
        Value::Map(map) => {
            format!("{{{}}}", join(map.iter().map(|(k, v)| format!("{}: {}", diagnostic(k), diagnostic(v))).collect()))
        }
        other => panic!("no pass holds {other:?}"),
    }
}
