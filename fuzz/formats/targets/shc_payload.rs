//! Any bytes as the parts of a health card: its header, its packed payload, and what is packed.
#![no_main]

use data_encoding::BASE64URL_NOPAD;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, bytes)) = bytes.split_first() else { return };
    let none: Vec<(Vec<u8>, pass::PublicKey)> = Vec::new();
    let packed = miniz_oxide::deflate::compress_to_vec(bytes, 1);
    let (header, packed) = match choice % 3 {
        0 => (bytes, &b"\x03\x00"[..]),
        1 => (&br#"{"zip":"DEF","alg":"ES256","kid":"k"}"#[..], bytes),
        _ => (&br#"{"zip":"DEF","alg":"ES256","kid":"k"}"#[..], &packed[..]),
    };
    let jws = [header, packed, &[0; 64]].map(|part| BASE64URL_NOPAD.encode(part)).join(".");
    let text = format!("shc:/{}", jws.bytes().map(|byte| format!("{:02}", byte - 45)).collect::<String>());
    let trace = pass::trace(&text, &none);
    assert_eq!(pass::read(&text, &none).as_ref().err(), trace.failure());
});
