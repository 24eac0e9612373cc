//! Any bytes as a certificate or a key.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = pass::Certificate::read(bytes);
    if let Ok(key) = pass::PublicKey::read(bytes) {
        assert_eq!(pass::PublicKey::from_bytes(&key.to_bytes()), Ok(key));
    }
});
