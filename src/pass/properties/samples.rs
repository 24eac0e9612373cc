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

pub fn foreign() -> p256::ecdsa::SigningKey {
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

/// The claims of a good COVID pass.
pub fn covid_pass() -> Value {
    cbor!({
        1 => "did:web:nz.example",
        4 => 1_700_000_000,
        5 => 1_600_000_000,
        7 => Value::Bytes(vec![7; 16]),
        "vc" => {
            "@context" => ["https://www.w3.org/2018/credentials/v1"],
            "version" => "1.0.0",
            "type" => ["VerifiableCredential", "PublicCovidPass"],
            "credentialSubject" => { "givenName" => "Jack", "familyName" => "Sparrow", "dob" => "1960-04-16" }
        }
    })
    .unwrap()
}

/// The text of an envelope of New Zealand.
pub fn nzcp_text(cose: &[u8]) -> String {
    format!("NZCP:/1/{}", data_encoding::BASE32_NOPAD.encode(cose))
}

/// The text of a COVID pass over any claims.
pub fn covid_pass_of(claims: &Value) -> String {
    let empty = Value::Map(Vec::new());
    nzcp_text(&bytes(&Value::Tag(18, Box::new(envelope(&bytes(&headers()), empty, &bytes(claims))))))
}

/// The payload of a good health card.
pub fn health_card() -> serde_json::Value {
    let resource = |resource: serde_json::Value| serde_json::json!({ "fullUrl": "resource:0", "resource": resource });
    serde_json::json!({
        "iss": "https://issuer.example",
        "nbf": 1_600_000_000,
        "vc": {
            "type": ["https://smarthealth.cards#health-card"],
            "credentialSubject": { "fhirVersion": "4.0.1", "fhirBundle": {
                "resourceType": "Bundle",
                "entry": [
                    resource(serde_json::json!({
                        "resourceType": "Patient", "birthDate": "1951-01-20",
                        "name": [{ "family": "Anyperson", "given": ["John"] }]
                    })),
                    resource(serde_json::json!({ "resourceType": "Immunization", "status": "completed" }))
                ]
            } }
        }
    })
}

/// The text of a JWS.
pub fn shc_text(jws: &str) -> String {
    format!("shc:/{}", jws.bytes().map(|byte| format!("{:02}", byte - 45)).collect::<String>())
}

/// A JWS over any header and any bytes where the packed payload stands.
pub fn jws(header: &serde_json::Value, packed: &[u8]) -> String {
    let encode = |bytes: &[u8]| data_encoding::BASE64URL_NOPAD.encode(bytes);
    let signed = format!("{}.{}", encode(header.to_string().as_bytes()), encode(packed));
    let signature: p256::ecdsa::Signature = foreign().sign(signed.as_bytes());
    format!("{signed}.{}", encode(&signature.to_bytes()))
}

/// The header of a good health card.
pub fn jws_header() -> serde_json::Value {
    serde_json::json!({ "zip": "DEF", "alg": "ES256", "kid": str::from_utf8(&FOREIGN).unwrap() })
}

/// The text of a health card over any payload.
pub fn health_card_of(payload: &[u8]) -> String {
    shc_text(&jws(&jws_header(), &miniz_oxide::deflate::compress_to_vec(payload, 9)))
}

/// A good text of every format that is signed here.
pub fn one_of_each() -> [String; 4] {
    let card = health_card_of(health_card().to_string().as_bytes());
    [pass(), certificate(), covid_pass_of(&covid_pass()), card]
}
