use ciborium::{Value, cbor};
use proptest::prelude::*;
use serde_json::json;

use super::agree;
use super::samples::{
    FOREIGN, bytes, covid_pass, covid_pass_of, envelope, foreign, headers, health_card, health_card_of, jws,
    jws_header, keys, nzcp_text, shc_text,
};
use crate::json::{Numbers, canonical, parse};
use crate::{Error, JsonFault, Keys, Kind, PublicKey, read};

fn code(text: &str) -> &'static str {
    agree(text).failure().map_or("held", Error::code)
}

/// The claims of a good COVID pass without one, or with another in its place.
fn pass_with(key: &Value, set: Option<Value>) -> String {
    let mut claims = covid_pass();
    let entries = claims.as_map_mut().unwrap();
    entries.retain(|(k, _)| k != key);
    entries.extend(set.map(|set| (key.clone(), set)));
    covid_pass_of(&claims)
}

fn credential(version: &str, kind: &str, subject: Value) -> Value {
    cbor!({ "version" => version, "type" => ["VerifiableCredential", kind], "credentialSubject" => subject }).unwrap()
}

#[test]
fn a_covid_pass_gives_initials_and_the_year_and_asks_for_every_claim() {
    let document = read(&covid_pass_of(&covid_pass()), &keys()).unwrap().document;
    assert_eq!((document.kind, document.issuer.as_str()), (Kind::COVID_PASS, "did:web:nz.example"));
    assert_eq!((document.holder.as_deref(), document.birth.as_deref()), (Some("S.J."), Some("1960")));
    for key in [1, 4, 5, 7] {
        assert_eq!(code(&pass_with(&key.into(), None)), "claims-missing", "{key}");
    }
    let vc = Value::from("vc");
    assert_eq!(code(&pass_with(&vc, None)), "claims-missing");
    assert_eq!(code(&pass_with(&Value::from(7), Some("not bytes".into()))), "claims-missing");
    let subject = || cbor!({ "givenName" => "Jack" }).unwrap();
    assert_eq!(code(&pass_with(&vc, Some(credential("1.0.0", "PublicCovidPass", subject())))), "held");
    assert_eq!(code(&pass_with(&vc, Some(credential("2.0.0", "PublicCovidPass", subject())))), "claims-kind");
    assert_eq!(code(&pass_with(&vc, Some(credential("1.0.0", "SomethingElse", subject())))), "claims-kind");
    assert_eq!(code(&pass_with(&vc, Some(credential("1.0.0", "PublicCovidPass", Value::Null)))), "claims-missing");
    let mut twice = covid_pass();
    twice.as_map_mut().unwrap().push((4.into(), 4.into()));
    assert_eq!(code(&covid_pass_of(&twice)), "claims-duplicate");
    // What a fraction of a second is for.
    let float = read(&pass_with(&4.into(), Some(Value::Float(1_700_000_000.5))), &keys()).unwrap();
    assert_eq!(float.document.expires, Some(1_700_000_000));
}

#[test]
fn a_covid_passs_hints_count_only_where_the_signature_covers_them() {
    let unprotected = cbor!({ 1 => -7, 4 => Value::Bytes(FOREIGN.to_vec()) }).unwrap();
    let payload = bytes(&covid_pass());
    let text = |protected: &[u8], unprotected| nzcp_text(&bytes(&envelope(protected, unprotected, &payload)));
    assert_eq!(code(&text(b"", unprotected.clone())), "cose-no-kid");
    assert_eq!(code(&text(&bytes(&headers()), Value::Map(vec![]))), "held");
    let kid_only = cbor!({ 4 => Value::Bytes(FOREIGN.to_vec()) }).unwrap();
    assert_eq!(code(&text(&bytes(&kid_only), unprotected)), "algorithm");
    let as_text = cbor!({ 1 => -7, 4 => str::from_utf8(&FOREIGN).unwrap() }).unwrap();
    assert_eq!(code(&text(&bytes(&as_text), Value::Map(vec![]))), "held", "a text is the same as its bytes");
    // One text for the same bytes.
    let good = covid_pass_of(&covid_pass());
    assert_eq!(code(&good.to_lowercase().replace("nzcp", "NZCP")), "base32");
    assert_eq!(code(&format!("{good}=")), "base32");
    assert_eq!(code("NZCP:/1/2B"), "base32", "bits left over");
}

/// The payload of a good health card, changed.
fn card(change: &dyn Fn(&mut serde_json::Value)) -> String {
    let mut payload = health_card();
    change(&mut payload);
    health_card_of(payload.to_string().as_bytes())
}

#[test]
fn a_health_card_is_about_one_person_and_what_has_been_done() {
    let document = read(&card(&|_| {}), &keys()).unwrap().document;
    assert_eq!((document.kind, document.issuer.as_str()), (Kind::VACCINATION, "https://issuer.example"));
    assert_eq!((document.holder.as_deref(), document.birth.as_deref()), (Some("A.J."), Some("1951")));
    assert_eq!((document.id.len(), document.expires), (16, None), "no name of its own");
    let entries = "/vc/credentialSubject/fhirBundle/entry";
    let resource = |number: usize, name: &str| format!("{entries}/{number}/resource/{name}");
    let set = |pointer: &str, value: serde_json::Value| card(&|it| *it.pointer_mut(pointer).unwrap() = value.clone());
    assert_eq!(code(&set(&resource(1, "status"), json!("not-done"))), "claims-kind");
    assert_eq!(code(&set(&resource(1, "status"), json!("entered-in-error"))), "claims-kind");
    assert_eq!(code(&set(&resource(1, "resourceType"), json!("Condition"))), "claims-kind");
    assert_eq!(code(&set(&resource(1, "resourceType"), json!("Patient"))), "claims-person");
    assert_eq!(code(&set(&resource(0, "resourceType"), json!("Practitioner"))), "claims-person");
    assert_eq!(code(&set(entries, json!(7))), "claims-missing");
    let test = json!({ "resource": { "resourceType": "Observation", "status": "final" } });
    let tested = card(&|it| it.pointer_mut(entries).unwrap()[1] = test.clone());
    assert_eq!(read(&tested, &keys()).unwrap().document.kind, Kind::TEST);
    for name in ["iss", "nbf", "vc"] {
        assert_eq!(code(&card(&|it| drop(it.as_object_mut().unwrap().remove(name)))), "claims-missing", "{name}");
    }
    let ends = read(&card(&|it| it["exp"] = json!(1_700_000_000_000_u64)), &keys()).unwrap();
    assert_eq!(ends.document.expires, Some(1_700_000_000_000), "milliseconds are no seconds");
    assert_eq!(read(&card(&|it| it["vc"]["rid"] = json!("MKyC")), &keys()).unwrap().document.id, b"MKyC");
    let twice = health_card().to_string().replacen(r#""iss":"#, r#""iss":"https://other.example","iss":"#, 1);
    assert_eq!(code(&health_card_of(twice.as_bytes())), "claims-duplicate");
    assert_eq!(code(&health_card_of(b"{")), "claims-json");
    assert_eq!(code(&health_card_of(&[b'['; 60_000])), "claims-json", "nested beyond every stack");
}

#[test]
fn a_health_cards_envelope_says_no_more_than_is_understood() {
    let packed = miniz_oxide::deflate::compress_to_vec(health_card().to_string().as_bytes(), 9);
    let with = |name: &str, value: serde_json::Value| {
        let mut header = jws_header();
        header[name] = value;
        code(&shc_text(&jws(&header, &packed)))
    };
    assert_eq!(with("zip", json!("DEF")), "held");
    assert_eq!(with("zip", json!("GZIP")), "jws-header");
    assert_eq!(with("crit", json!(["b64"])), "jws-header");
    assert_eq!(with("alg", json!("none")), "algorithm");
    assert_eq!(with("alg", json!("HS256")), "algorithm");
    assert_eq!(with("alg", json!(null)), "jws-header");
    assert_eq!(with("kid", json!(7)), "jws-no-kid");
    assert_eq!(with("kid", json!("other")), "unknown-key");
    let good = jws(&jws_header(), &packed);
    for bad in [&good[..good.len() - 1], &good.replace('.', "-"), &format!("{good}.AA"), &format!("{good}=")] {
        assert_ne!(code(&shc_text(bad)), "held", "{bad}");
    }
    // Signed, and yet no card: packed twice, cut off, or a bomb.
    let bomb = miniz_oxide::deflate::compress_to_vec(&vec![b' '; 1 << 20], 9);
    assert_eq!(code(&shc_text(&jws(&jws_header(), &bomb))), "inflate-limit");
    assert_eq!(code(&shc_text(&jws(&jws_header(), &packed[..packed.len() - 1]))), "inflate");
    assert_eq!(code(&shc_text(&jws(&jws_header(), &[&packed[..], b"\0"].concat()))), "inflate");
    // Nothing is unpacked before the signature has held.
    let forged = jws(&jws_header(), &bomb).chars().rev().collect::<String>();
    let forged: String = forged.replacen(|c: char| c.is_ascii_lowercase(), "A", 1).chars().rev().collect();
    assert_eq!(code(&shc_text(&forged)), "signature");
    assert_eq!(code("shc:/1/2/567629"), "chunked");
    assert_eq!(code("shc:/1/567629"), "digits");
    assert_eq!(code("shc:/78"), "digits");
    assert_eq!(code("shc:/567"), "digits");
    assert_eq!(code("shc:/"), "jws-shape");
}

/// Two issuers who publish the same key.
struct Shared([&'static str; 2], PublicKey);

impl Keys for Shared {
    fn with_kid<'a>(&'a self, kid: &[u8]) -> Box<dyn Iterator<Item = (usize, &'a PublicKey)> + 'a> {
        let keys = if kid == FOREIGN { 0..2 } else { 0..0 };
        Box::new(keys.map(|index| (index, &self.1)))
    }
    fn speaks_for(&self, key: usize, issuer: &str) -> bool {
        self.0[key] == issuer
    }
}

#[test]
fn of_several_issuers_with_one_key_the_one_counts_whose_card_it_is() {
    let key = PublicKey::P256(*foreign().verifying_key());
    let text = card(&|_| {});
    let found = |issuers| {
        let keys = Shared(issuers, key.clone());
        let read = read(&text, &keys).unwrap();
        assert_eq!(crate::trace(&text, &keys).key, Some(read.key));
        read.key
    };
    assert_eq!(found(["https://other.example", "https://issuer.example"]), 1);
    assert_eq!(found(["https://issuer.example", "https://other.example"]), 0);
    // None of them: the verdict sees whose key it is, and that the card names another.
    assert_eq!(found(["https://other.example", "https://third.example"]), 0);
}

#[test]
fn json_has_one_canonical_form() {
    // RFC 8785, sections 3.2.2.2 and 3.2.3: escapes, and the order of names by UTF-16.
    let text = r#"{"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One",
        "\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis"}"#;
    let value = parse(text.as_bytes(), Numbers::Integers).unwrap();
    let values: Vec<String> =
        canonical(&value).split("\":\"").skip(1).map(|rest| rest.split('"').next().unwrap().into()).collect();
    let expected = [
        "Carriage Return",
        "One",
        "Control",
        "Latin Small Letter O With Diaeresis",
        "Euro Sign",
        "Emoji: Grinning Face",
        "Hebrew Letter Dalet With Dagesh",
    ];
    assert_eq!(values, expected);
    let strings =
        parse(r#"["\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/", true, null, 56, -1]"#.as_bytes(), Numbers::Integers);
    assert_eq!(canonical(&strings.unwrap()), r#"["€$\u000f\nA'B\"\\\\\"/",true,null,56,-1]"#);
    for (text, fault) in [
        ("1.5", JsonFault::Number),
        ("1.0", JsonFault::Number),
        ("1e3", JsonFault::Number),
        ("-0", JsonFault::Number),
        ("9007199254740992", JsonFault::Number),
        ("-9007199254740992", JsonFault::Number),
        ("18446744073709551616", JsonFault::Number),
        (r#"{"a":1,"a":1}"#, JsonFault::Duplicate),
        (r#"{"a":1,"\u0061":1}"#, JsonFault::Duplicate),
        (r#"[{"b":{"a":1,"a":2}}]"#, JsonFault::Duplicate),
        (r#""\ud800""#, JsonFault::Shape),
        ("01", JsonFault::Shape),
        ("[1,]", JsonFault::Shape),
        ("{} {}", JsonFault::Shape),
        ("NaN", JsonFault::Shape),
    ] {
        assert_eq!(parse(text.as_bytes(), Numbers::Integers), Err(fault), "{text}");
    }
    assert_eq!(canonical(&parse(b"9007199254740991", Numbers::Integers).unwrap()), "9007199254740991");
    assert!(parse(b"1.5", Numbers::Any).is_ok() && parse(b"1e999", Numbers::Any).is_err());
}

proptest! {
    #[test]
    fn the_canonical_form_says_the_same_and_is_its_own(text in ".{0,20}", number in any::<i32>()) {
        let value = json!({ text.clone(): [text.clone(), number, { "": text } ], "b": null });
        let form = canonical(&value);
        let again = parse(form.as_bytes(), Numbers::Integers).unwrap();
        prop_assert_eq!(&again, &value);
        prop_assert_eq!(canonical(&again), form);
    }
}
