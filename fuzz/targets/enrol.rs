//! Bytes as a message of enrolment, or as what stands in one whose signature holds: refused, or read; a text is the one
//! text of its bytes. The first byte chooses.
#![no_main]

use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use libfuzzer_sys::fuzz_target;
use wire::enrol::{Bundle, RenewalRequest, Renewed, Request, from_any, from_text, text};
use wire::sign::{Context, Signer, sign};

struct Key(SigningKey);

impl Signer for Key {
    fn public(&self) -> VerifyingKey {
        self.0.verifying_key()
    }

    fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, bytes)) = bytes.split_first() else { return };
    let key = Key(SigningKey::from_bytes(&[7; 32]));
    let public = Signer::public(&key);
    match choice % 4 {
        0 => {
            let _ = (Request::verify(bytes), RenewalRequest::claimed(bytes), from_any(bytes));
        }
        1 => {
            let cose = sign(Context::Enrolment, &key, bytes);
            let _ = (Bundle::verify(&cose, [public]), Request::verify(&cose), RenewalRequest::verify(&cose, &public));
        }
        2 => {
            let _ = Renewed::read(bytes);
        }
        _ => {
            let Ok(given) = std::str::from_utf8(bytes) else { return };
            if let Some(cose) = from_text(given) {
                assert_eq!(from_text(&text(&cose)), Some(cose));
            }
        }
    }
});
