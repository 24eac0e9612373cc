//! Any text at all: no panic, and a trace that says what the reading says.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let none: Vec<(Vec<u8>, pass::PublicKey)> = Vec::new();
    let read = pass::read(text, &none);
    assert_eq!(read.as_ref().err(), pass::trace(text, &none).failure());
});
