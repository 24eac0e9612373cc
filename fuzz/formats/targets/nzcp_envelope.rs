//! Any bytes as New Zealand's envelope, past base32, and as the claims in one.
#![no_main]

use libfuzzer_sys::fuzz_target;

/// `{1: -7, 4: "key-1"}` and what surrounds a payload of COSE_Sign1.
const PROTECTED: &[u8] = b"\xd2\x84\x4a\xa2\x01\x26\x04\x45key-1\xa0";

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, bytes)) = bytes.split_first() else { return };
    let none: Vec<(Vec<u8>, pass::PublicKey)> = Vec::new();
    let cose = if choice % 2 == 0 {
        bytes.to_vec()
    } else {
        let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX).to_be_bytes();
        [PROTECTED, &[0x59], &length, bytes, &[0x58, 64], &[0; 64]].concat()
    };
    let text = format!("NZCP:/1/{}", data_encoding::BASE32_NOPAD.encode(&cose));
    let trace = pass::trace(&text, &none);
    assert_eq!(pass::read(&text, &none).as_ref().err(), trace.failure());
});
