use std::fs;
use std::path::{Path, PathBuf};

use clap::Parser as _;
use serde_json::Value;

use super::keys::KeyRing;
use super::report::{Found, Report};
use super::{Args, inspect};

/// The example of `docs/formats/mp1.md`, in force from 2020-04-27 to 2020-05-20.
fn example() -> (String, String) {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/formats/mp1.md")).unwrap();
    let block = |heading: &str| {
        let (_, rest) = page.split_once(heading).unwrap();
        rest.split("```").nth(1).unwrap().lines().nth(1).unwrap().to_owned()
    };
    (block("### Text"), block("### Public key"))
}

#[derive(clap::Parser)]
struct Line {
    #[command(flatten)]
    args: Args,
}

fn ask(words: &[&str]) -> Report {
    inspect(&Line::parse_from(std::iter::once(&"inspect").chain(words)).args).unwrap_or_else(|error| panic!("{error}"))
}

fn failed(report: &Report, step: &str) -> Option<&'static str> {
    match report.found(step) {
        Found::Failed { code, .. } => Some(code),
        _ => None,
    }
}

#[test]
fn a_good_pass_holds_at_every_step() {
    let (text, key) = example();
    let folder = tempfile::tempdir().unwrap();
    let raw: Vec<u8> = (0..32).map(|i| u8::from_str_radix(&key[2 * i..2 * i + 2], 16).unwrap()).collect();
    let head = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
    let der = [&head[..], &raw].concat();
    let pem = {
        use base64ct::{Base64, Encoding as _};
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", Base64::encode_string(&der))
    };
    for (name, bytes) in
        [("raw", raw), ("hex", format!("{}\n", key.to_uppercase()).into()), ("der", der), ("pem", pem.into())]
    {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let report = ask(&["--key", path.to_str().unwrap(), "--at", "2020-05-01T00:00:00Z", &text]);
        assert!(report.holds(), "{name}: {report}");
        let json = report.to_json();
        assert_eq!(json["claims_verified"], true);
        assert_eq!(json["claims"]["-65537"]["2"][0], "A123BC77");
        assert_eq!(json["document"]["expires"], "2020-05-20T18:40:00Z");
        assert_eq!(json["kid"], "b600306cfa76723f");
        assert_eq!(*report.found("inflate"), Found::Absent);
    }
}

#[test]
fn what_nothing_proves_is_marked_in_both_forms() {
    let (text, _) = example();
    let report = ask(&["--at", "2020-05-01T00:00:00Z", &text]);
    assert!(!report.holds());
    assert_eq!(failed(&report, "key"), Some("unknown-key"));
    assert_eq!((report.found("signature"), report.found("claims")), (&Found::Unreached, &Found::Held));
    assert_eq!(report.to_json()["claims_verified"], false);
    assert!(report.to_string().contains("claims (UNVERIFIED"));
}

#[test]
fn time_is_told_apart_from_everything_else() {
    let (text, _) = example();
    for (at, code) in [
        ("2020-04-27T15:06:39Z", Some("not-yet-valid")),
        ("2020-04-27T15:06:40Z", None),
        ("2020-05-20T18:40:00Z", None),
        ("2020-05-20T18:40:01Z", Some("expired")),
    ] {
        assert_eq!(failed(&ask(&["--at", at, &text]), "time"), code, "{at}");
    }
}

#[test]
fn a_text_that_is_no_pass_stops_at_its_first_step() {
    for (text, step, code) in [
        ("https://example.org/", "prefix", "not-a-pass"),
        ("MP1:a", "alphabet", "base45"),
        ("HC1:BB8", "inflate", "inflate"),
        ("MP1:BB8", "cose", "cose-shape"),
    ] {
        let report = ask(&[text]);
        assert_eq!(failed(&report, step), Some(code), "{report}");
        assert!(report.to_json()["claims"].is_null());
    }
}

#[test]
fn what_cannot_be_used_as_a_key_is_a_wrong_question() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    fs::write(&path, "no key").unwrap();
    let path = path.to_str().unwrap();
    for words in [
        ["--key", path, "MP1:"],
        ["--key", "/there/is/no/such/file", "MP1:"],
        ["--certificate", path, "HC1:"],
        ["--certificate", "!", "HC1:"],
        ["--certificate", "AAAA", "HC1:"],
    ] {
        let line = Line::parse_from(std::iter::once("inspect").chain(words));
        assert!(inspect(&line.args).is_err(), "{words:?}");
    }
}

/// A file of the set whose JSON is of another person than its own CBOR, COSE and text.
const JSON_OF_ANOTHER: &str = "PL/1.3.0/2DCode/raw/5.json";

/// The EU's vectors through the whole command, time and key usage included; what is decoded is compared with
/// the JSON each file gives.
#[test]
fn the_eu_vectors_come_out_as_expected_at_every_step_of_the_command() {
    let full = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors/dgc-testdata");
    let carried = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/dgc-testdata");
    let only_carried = std::env::var_os("CHECKPOINT_VECTORS").is_some_and(|which| which == "carried");
    let (which, folder) = if full.is_dir() && !only_carried { ("full set", full) } else { ("carried part", carried) };
    let (mut files, mut compared, mut wrong) = (0, 0, Vec::new());
    for path in json_files(&folder) {
        let vector: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        files += 1;
        for (step, expected, came) in outcomes(&vector) {
            compared += 1;
            if expected != came && !(step == "JSON" && path.ends_with(JSON_OF_ANOTHER)) {
                wrong.push(format!("{}: {step} should be {expected}", path.display()));
            }
        }
    }
    println!(
        "vectors: dgc-testdata ({which}): {files} files through inspect, {compared} outcomes compared, {} differ",
        wrong.len()
    );
    assert!(files > 0 && compared > files, "nothing was tried");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn json_files(folder: &Path) -> Vec<PathBuf> {
    let (mut found, mut pending) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(path) = pending.pop() {
        if path.is_dir() {
            pending.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|extension| extension == "json") {
            found.push(path);
        }
    }
    found
}

/// Each expectation of one file: its name, what it expects, what came.
fn outcomes(vector: &Value) -> Vec<(String, bool, bool)> {
    let mut ring = KeyRing::default();
    // A certificate that cannot be read is as good as none: the expectations say what follows.
    let _ = vector["TESTCTX"]["CERTIFICATE"].as_str().map(|certificate| ring.add_certificate(certificate));
    let at = clock(vector["TESTCTX"]["VALIDATIONCLOCK"].as_str());
    let report = Report::new(vector["PREFIX"].as_str().unwrap(), &ring, at);
    let expectations = vector["EXPECTEDRESULTS"].as_object().unwrap();
    let steps = [
        ("EXPECTEDUNPREFIX", "prefix"),
        ("EXPECTEDB45DECODE", "alphabet"),
        ("EXPECTEDCOMPRESSION", "inflate"),
        ("EXPECTEDVERIFY", "signature"),
        ("EXPECTEDDECODE", "claims"),
        ("EXPECTEDKEYUSAGE", "usage"),
        ("EXPECTEDEXPIRATIONCHECK", "time"),
    ];
    let mut outcomes: Vec<_> = steps
        .into_iter()
        .filter_map(|(label, step)| {
            let came = *report.found(step) == Found::Held;
            Some((label.to_owned(), expectations.get(label)?.as_bool()?, came))
        })
        .collect();
    if expectations.get("EXPECTEDDECODE") == Some(&Value::Bool(true)) && vector["JSON"].is_object() {
        let same = same(&report.to_json()["claims"]["-260"]["1"], &vector["JSON"]);
        outcomes.push(("JSON".to_owned(), true, same));
    }
    outcomes
}

/// Most files give no time zone: UTC. Some write it as `+0000`.
fn clock(text: Option<&str>) -> jiff::Timestamp {
    let Some(text) = text else { return jiff::Timestamp::UNIX_EPOCH };
    let text = text.strip_suffix("+0000").map_or_else(|| text.to_owned(), |time| format!("{time}Z"));
    text.parse().or_else(|_| format!("{text}Z").parse()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// JSON has one kind of number; CBOR wrote some of them as floats.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}
