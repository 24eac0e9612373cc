use std::collections::BTreeMap;

use base64ct::{Base64, Encoding as _};
use ciborium::Value as Cbor;
use pass::{Certificate, Outcome, PublicKey, Step, Trace, hc1, trace};
use serde_json::Value;

use crate::set::{Set, hex};

/// Expectations that are tried elsewhere or not at all, with the reason.
const NOT_HERE: [(&str, &str); 6] = [
    ("EXPECTEDPICTUREDECODE", "the reader's tests decode pictures"),
    ("EXPECTEDEXPIRATIONCHECK", "a pass has no clock; `checkpointd inspect` has, and its tests run it"),
    ("EXPECTEDSCHEMAVALIDATION", "not covered: the box does not look at the JSON schema"),
    ("EXPECTEDVALIDOBJECT", "not covered: about the generator's input"),
    ("EXPECTEDVALIDJSON", "not covered: about the file's own JSON field"),
    ("EXPECTEDENCODE", "not covered: the box writes no certificates"),
];

/// Files whose own JSON names another person than their payload does.
const OTHER_JSON: [&str; 1] = ["PL/1.3.0/2DCode/raw/5.json"];

struct Tally {
    steps: BTreeMap<String, usize>,
    wrong: Vec<String>,
}

/// Every file of the EU's set at every step this crate takes.
#[test]
fn the_eu_vectors_give_the_expected_outcome_at_every_step() {
    let set = Set::open("dgc-testdata");
    let files = set.all();
    let mut tally = Tally { steps: BTreeMap::new(), wrong: Vec::new() };
    for (name, vector) in &files {
        compare(name, vector, &mut tally);
    }
    for (step, count) in &tally.steps {
        let elsewhere = NOT_HERE.iter().find(|(label, _)| label == step);
        println!("vectors:   {step}: {count}{}", elsewhere.map_or(String::new(), |(_, why)| format!(", {why}")));
    }
    let here = |step: &&String| !NOT_HERE.iter().any(|(label, _)| label == step);
    let compared: usize = tally.steps.iter().filter(|(step, _)| here(step)).map(|(_, count)| count).sum();
    set.ran(files.len(), &format!("files, {compared} expectations compared, {} differ", tally.wrong.len()));
    assert!(tally.wrong.is_empty(), "{:#?}", tally.wrong);
    for step in [
        "EXPECTEDUNPREFIX",
        "EXPECTEDB45DECODE",
        "EXPECTEDCOMPRESSION",
        "EXPECTEDVERIFY",
        "EXPECTEDDECODE",
        "EXPECTEDKEYUSAGE",
        "revocation hashes",
    ] {
        assert!(tally.steps.get(step).is_some_and(|count| *count > 0), "nothing tried {step}");
    }
}

fn compare(name: &str, vector: &Value, tally: &mut Tally) {
    let text = vector["PREFIX"].as_str().expect("every file has a text");
    // One in the set has no certificate that can be read; its signature is then expected to fail, if anything.
    let certificate = vector["TESTCTX"]["CERTIFICATE"].as_str().and_then(|text| Base64::decode_vec(text).ok());
    let certificate = certificate.and_then(|der| Certificate::read(&der).ok());
    let keys: Vec<_> = certificate.iter().map(|c| (c.kid.to_vec(), c.key.clone())).collect();
    let trace = trace(text, &keys);
    for (step, expected) in vector["EXPECTEDRESULTS"].as_object().expect("every file has expectations") {
        let Some(expected) = expected.as_bool() else { continue };
        *tally.steps.entry(step.clone()).or_default() += 1;
        let holds = match step.as_str() {
            "EXPECTEDUNPREFIX" => held(&trace, Step::Prefix),
            "EXPECTEDB45DECODE" => held(&trace, Step::Alphabet),
            "EXPECTEDCOMPRESSION" => held(&trace, Step::Inflate),
            "EXPECTEDVERIFY" => trace.is_verified(),
            "EXPECTEDDECODE" => held(&trace, Step::Claims),
            "EXPECTEDKEYUSAGE" => certificate
                .as_ref()
                .zip(trace.document.as_ref())
                .is_some_and(|(certificate, document)| certificate.kinds.contains(&document.kind)),
            known if NOT_HERE.iter().any(|(label, _)| *label == known) => continue,
            // Unknown keys stand in the set (misspelt ones); they expect nothing that could be told.
            _ => continue,
        };
        if holds != expected {
            tally.wrong.push(format!("{name}: {step} should be {expected}: {:?}", trace.failure()));
        }
    }
    between(name, vector, (text, &keys), &trace, tally);
}

/// What lies between the steps is what the file says it is, wherever it says so and the steps are to succeed.
fn between(
    name: &str,
    vector: &Value,
    (text, keys): (&str, &Vec<(Vec<u8>, PublicKey)>),
    trace: &Trace,
    tally: &mut Tally,
) {
    let expects = |step: &str| vector["EXPECTEDRESULTS"][step] == true;
    let mut same = |what: &str, is: &dyn Fn(&[u8]) -> bool| {
        *tally.steps.entry(format!("{what} as given")).or_default() += 1;
        if !is(&hex(&vector[what])) {
            tally.wrong.push(format!("{name}: {what} is another"));
        }
    };
    if expects("EXPECTEDB45DECODE") && expects("EXPECTEDCOMPRESSION") {
        if vector["COMPRESSED"].is_string() {
            same("COMPRESSED", &|given| hc1::unwrap(text).is_ok_and(|packed| packed == given));
        }
        if vector["COSE"].is_string() {
            let cose = hc1::unwrap(text).and_then(|packed| hc1::inflate(&packed));
            same("COSE", &|given| cose.as_ref().is_ok_and(|cose| cose == given));
        }
    }
    if expects("EXPECTEDDECODE") && vector["CBOR"].is_string() {
        let payload = value(trace.payload.as_deref().unwrap_or_default());
        same("CBOR", &|given| {
            let given = value(given);
            // Some files give the whole payload, some the certificate within.
            given.is_some() && (given == payload || given == payload.as_ref().and_then(certificate_in))
        });
    }
    let json = &vector["JSON"];
    if let (true, Ok(verified)) = (trace.is_verified() && json.is_object(), pass::read(text, keys)) {
        *tally.steps.entry("certificate as rules see it".to_owned()).or_default() += 1;
        // Names that the file leaves out, or writes as null, are the generator's own affair.
        let is_as_given = verified.certificate.as_ref().map(bare) == Some(bare(json));
        if is_as_given == OTHER_JSON.contains(&name) {
            tally.wrong.push(format!("{name}: the certificate is another: {:?}", verified.certificate));
        }
    }
    let entry = ["v", "t", "r"].iter().find_map(|kind| json[kind].get(0));
    if let (true, Some(entry), Some(document)) = (expects("EXPECTEDDECODE"), entry, &trace.document)
        && entry["ci"].as_str().map(str::as_bytes) != Some(&document.id)
    {
        tally.wrong.push(format!("{name}: the id is another"));
    }
    if let (true, Some(document), true) = (trace.is_verified(), &trace.document, vector["COSE"].is_string()) {
        *tally.steps.entry("revocation hashes".to_owned()).or_default() += 1;
        if document.revocation != revocation(document, &hex(&vector["COSE"])) {
            tally.wrong.push(format!("{name}: the revocation hashes are others"));
        }
    }
}

/// Without what says nothing.
fn bare(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let said = map.iter().filter(|(_, value)| !value.is_null());
            said.map(|(name, value)| (name.clone(), bare(value))).collect::<serde_json::Map<_, _>>().into()
        }
        Value::Array(items) => items.iter().map(bare).collect(),
        other => other.clone(),
    }
}

/// The EU's three hashes, from the envelope as the file gives it.
fn revocation(document: &pass::Document, cose: &[u8]) -> Option<pass::RevocationHashes> {
    let mut envelope: Cbor = ciborium::from_reader(cose).ok()?;
    while let Cbor::Tag(_, inner) = envelope {
        envelope = *inner;
    }
    let signature = envelope.as_array()?.last()?.as_bytes()?;
    // Of 64 bytes only r counts; RSA signatures are longer, and count whole.
    let lasting = if signature.len() == 64 { &signature[..32] } else { signature };
    let uci = String::from_utf8(document.id.clone()).ok()?;
    let half = |bytes: &[u8]| <sha2::Sha256 as sha2::Digest>::digest(bytes)[..16].try_into().ok();
    Some(pass::RevocationHashes {
        uci: half(uci.as_bytes())?,
        country_uci: half(format!("{}{uci}", document.issuer).as_bytes())?,
        signature: half(lasting)?,
    })
}

fn held(trace: &Trace, step: Step) -> bool {
    *trace.outcome(step) == Outcome::Held
}

/// An item with its maps in order: some files give other encodings of the same.
fn value(cbor: &[u8]) -> Option<Cbor> {
    fn sorted(value: Cbor) -> Cbor {
        match value {
            Cbor::Map(map) => {
                let mut map: Vec<_> = map.into_iter().map(|(key, value)| (key, sorted(value))).collect();
                map.sort_by(|a, b| a.0.partial_cmp(&b.0).unwrap());
                Cbor::Map(map)
            }
            Cbor::Array(items) => Cbor::Array(items.into_iter().map(sorted).collect()),
            other => other,
        }
    }
    ciborium::from_reader(cbor).ok().map(sorted)
}

fn certificate_in(payload: &Cbor) -> Option<Cbor> {
    let get = |map: &Cbor, key: i64| {
        map.as_map()?.iter().find(|(k, _)| k.as_integer() == Some(key.into())).map(|(_, v)| v.clone())
    };
    get(&get(payload, -260)?, 1)
}
