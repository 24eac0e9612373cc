//! Any bytes as the payload of a pass, past the signature: what is read has exactly one encoding.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::sign::{Context, sign};

/// Signs nothing: a trace reads the payload whether or not the signature holds.
struct Nobody;
impl wire::sign::Signer for Nobody {
    fn public(&self) -> ed25519_dalek::VerifyingKey {
        ed25519_dalek::VerifyingKey::default()
    }
    fn sign(&self, _: &[u8]) -> [u8; 64] {
        [0; 64]
    }
}

fuzz_target!(|payload: &[u8]| {
    let none: Vec<(Vec<u8>, pass::PublicKey)> = Vec::new();
    let text = pass::mp1::text(&sign(Context::MovementPass, &Nobody, payload));
    if let Some(document) = pass::trace(&text, &none).document {
        assert_eq!(pass::mp1::encode(&document).as_deref(), Ok(payload));
    }
});
