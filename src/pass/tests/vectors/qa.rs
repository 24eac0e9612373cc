use std::collections::HashMap;

use base64ct::{Base64, Encoding as _};
use pass::{Certificate, Kind, Outcome, PublicKey, Step, trace};
use serde_json::Value;

use crate::set::{Set, hex};

fn certificate(text: &str) -> Certificate {
    match text.starts_with("-----BEGIN") {
        true => Certificate::read(text.as_bytes()),
        false => Certificate::read(&Base64::decode_vec(text).unwrap()),
    }
    .unwrap()
}

/// What was derived from each picture independently must be what is read from its text here.
#[test]
fn every_text_of_the_quality_assurance_decodes_and_those_with_a_certificate_verify() {
    let set = Set::open("dcc-qa-images");
    let certificates = set.json("certificates.json");
    let certificates: HashMap<&str, Vec<Certificate>> = certificates
        .as_object()
        .unwrap()
        .iter()
        .map(|(kid, list)| {
            (kid.as_str(), list.as_array().unwrap().iter().map(|c| certificate(c.as_str().unwrap())).collect())
        })
        .collect();
    let keys: Vec<(Vec<u8>, PublicKey)> =
        certificates.values().flatten().map(|c| (c.kid.to_vec(), c.key.clone())).collect();
    let index = set.json("index.json");
    let records = index.as_array().unwrap();
    let mut verified = 0;
    for record in records {
        let name = &record["file"];
        let trace = trace(record["text"].as_str().unwrap(), &keys);
        assert_eq!(trace.outcome(Step::Cose), &Outcome::Held, "{name}");
        assert_eq!(trace.outcome(Step::Claims), &Outcome::Held, "{name}: {:?}", trace.failure());
        let verifies = record["signature"] == "verifies";
        assert_eq!(trace.is_verified(), verifies, "{name}: {:?}", trace.failure());
        verified += usize::from(verifies);
        assert_eq!((trace.alg, trace.kid), (record["alg"].as_i64(), Some(hex(&record["kid"]))), "{name}");
        let document = trace.document.unwrap();
        assert_eq!(document.issuer, record["iss"].as_str().unwrap_or(&document.issuer), "{name}");
        assert_eq!((document.issued, document.expires), (date(&record["iat"]), date(&record["exp"])), "{name}");
        let kind = match record["type"].as_str().unwrap() {
            "v" => Kind::VACCINATION,
            "t" => Kind::TEST,
            _ => Kind::RECOVERY,
        };
        assert_eq!(document.kind, kind, "{name}");
        assert!(!document.id.is_empty(), "{name}");
    }
    set.ran(records.len(), &format!("texts decoded, {verified} of them verified"));
    assert!(verified > 0);
}

fn date(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds as i64))
}
