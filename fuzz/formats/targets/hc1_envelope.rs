//! Any bytes as a foreign envelope, past base45 and zlib, and any bytes as a zlib stream.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = pass::hc1::inflate(bytes);
    let none: Vec<(Vec<u8>, pass::PublicKey)> = Vec::new();
    let packed = miniz_oxide::deflate::compress_to_vec_zlib(bytes, 1);
    let _ = pass::trace(&format!("HC1:{}", pass::base45_encode(&packed)), &none);
});
