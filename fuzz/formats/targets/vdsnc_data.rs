//! Any text as the data of a seal: its canonical form says the same, and is its own canonical form.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use serde_json::Value;

/// The certificate of a real seal: without one nothing else is looked at.
static CERTIFICATE: LazyLock<String> = LazyLock::new(|| {
    let seal: Value = serde_json::from_str(include_str!("../../../tests/data/vds-nc/validVDSJson.json")).expect("JSON");
    seal["sig"]["cer"].as_str().expect("a certificate").to_owned()
});

fn canonical(data: &str) -> Option<Vec<u8>> {
    let none: Vec<(Vec<u8>, pass::PublicKey)> = Vec::new();
    let text = format!(r#"{{"data":{data},"sig":{{"alg":"ES256","cer":"{}","sigvl":"AAAA"}}}}"#, *CERTIFICATE);
    let trace = pass::trace(&text, &none);
    assert_eq!(pass::read(&text, &none).as_ref().err(), trace.failure());
    trace.payload
}

fuzz_target!(|data: &str| {
    let Some(form) = canonical(data) else { return };
    let form = str::from_utf8(&form).expect("the canonical form is text");
    // A data that closes its braces and opens others has other members than it seems.
    if let Ok(value) = serde_json::from_str::<Value>(data) {
        assert_eq!(serde_json::from_str::<Value>(form).expect("JSON"), value);
        assert!(canonical(form).is_none_or(|again| again == form.as_bytes()));
    }
});
