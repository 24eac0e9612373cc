//! A small world to test in: an issuer of ours, a foreign one, and what they have signed.

use ciborium::{Value, cbor};
use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use plate::Binding;
use wire::sign::{Context, Signer, sig_structure};

use crate::{Document, Format, Kind, Limits, PublicKey, StatusIndex, mp1};

/// Our issuer. The example of `docs/formats/mp1.md` is signed with the same seed.
pub struct Issuer(SigningKey);
impl Signer for Issuer {
    fn public(&self) -> VerifyingKey {
        self.0.verifying_key()
    }
    fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

pub fn issuer() -> Issuer {
    Issuer(SigningKey::from_bytes(&[42; 32]))
}

/// The kid under which the foreign issuer's key is known.
pub const FOREIGN: [u8; 8] = *b"foreign!";

fn foreign() -> p256::ecdsa::SigningKey {
    p256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap()
}

/// What the reader trusts: both issuers.
pub fn keys() -> Vec<(Vec<u8>, PublicKey)> {
    let own = PublicKey::from_ed25519(issuer().public().as_bytes()).unwrap();
    vec![(own.kid().to_vec(), own), (FOREIGN.to_vec(), PublicKey::P256(*foreign().verifying_key()))]
}

/// A pass of everyday size.
pub fn typical() -> Document {
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
        limits: None,
        route: None,
        status: Some(StatusIndex { series: 1, index: 70_000 }),
        revocation: None,
    }
}

/// A pass that has every part there is.
pub fn full() -> Document {
    Document {
        issued: Some(1_587_999_000),
        plates: vec![Binding::new("A123BC77").unwrap(), Binding::new("?123??").unwrap()],
        birth: Some("1980-02".into()),
        id_digits: Some("4321".into()),
        limits: Some(Limits { trips: Some(1), days: Some(14), per_day: Some(2), minutes: Some(60) }),
        route: Some("М10".into()),
        ..typical()
    }
}

/// Signs for a purpose.
pub fn cose(document: &Document, context: Context) -> Vec<u8> {
    wire::sign::sign(context, &issuer(), &mp1::encode(document).unwrap())
}

/// The text of an envelope of ours.
pub fn text(cose: &[u8]) -> String {
    mp1::text(cose)
}

/// The text of a good pass.
pub fn pass() -> String {
    text(&cose(&typical(), Context::MovementPass))
}

pub fn bytes(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    ciborium::into_writer(value, &mut out).unwrap();
    out
}

/// The claims of a good certificate.
pub fn hcert() -> Value {
    cbor!({
        1 => "AT",
        4 => 1_700_000_000,
        6 => 1_600_000_000,
        -260 => { 1 => {
            "ver" => "1.3.0",
            "nam" => { "fnt" => "MUSTERFRAU", "gnt" => "GABRIELE" },
            "dob" => "1998-02-26",
            "v" => [{ "ci" => "URN:UVCI:01:AT:1", "co" => "AT" }]
        } }
    })
    .unwrap()
}

/// `{1: -7, 4: kid}`, the headers of a good certificate.
pub fn headers() -> Value {
    cbor!({ 1 => -7, 4 => Value::Bytes(FOREIGN.to_vec()) }).unwrap()
}

/// A certificate's envelope over any headers and claims, properly signed, without a tag.
pub fn envelope(protected: &[u8], unprotected: Value, payload: &[u8]) -> Value {
    let signature: p256::ecdsa::Signature = foreign().sign(&sig_structure(protected, b"", payload));
    Value::Array(vec![
        Value::Bytes(protected.to_vec()),
        unprotected,
        Value::Bytes(payload.to_vec()),
        Value::Bytes(signature.to_bytes().to_vec()),
    ])
}

/// The text of a foreign envelope.
pub fn hc1_text(cose: &[u8]) -> String {
    let packed = miniz_oxide::deflate::compress_to_vec_zlib(cose, 9);
    format!("HC1:{}", crate::base45_encode(&packed))
}

/// The text of a certificate over any claims.
pub fn certificate_of(claims: &Value) -> String {
    let empty = Value::Map(Vec::new());
    hc1_text(&bytes(&Value::Tag(18, Box::new(envelope(&bytes(&headers()), empty, &bytes(claims))))))
}

/// The text of a good certificate.
pub fn certificate() -> String {
    certificate_of(&hcert())
}
