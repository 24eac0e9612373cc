//! Bytes as what HQ tells of uses: a head whose signature holds or not, a sheet. Refused, or the one encoding of what
//! they say; and what a box makes of them is counted without a panic. The first byte chooses.
#![no_main]

use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use libfuzzer_sys::fuzz_target;
use trust::uses::{Merged, Own, Pass, count};
use wire::sign::{Context, Signer, sign};
use wire::uses::{Head, Limit, Sheet};

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
    let region = "RU-TVE".parse().expect("a region's code");
    let keys = |_| vec![Signer::public(&key)];
    let mut merged = Merged::default();
    match choice % 3 {
        0 => drop(Head::verified(bytes, &region, keys)),
        1 => {
            if let Ok(head) = Head::verified(&sign(Context::Uses, &key, bytes), &region, keys) {
                assert_eq!(wire::encode(&head), bytes);
                merged.head(head, bytes.to_vec());
            }
        }
        _ => {
            if let Ok(sheet) = Sheet::parse(bytes) {
                assert_eq!(wire::encode(&sheet), bytes);
            }
            merged.sheet(bytes);
        }
    }
    let limit = Limit { trips: Some(1), days: Some(14), per_day: Some(2), minutes: Some(60) };
    let pass = Pass::new(&region, "RU-TVE", b"id");
    count((&Own::default(), &merged), &pass, &limit, &[0; 8], (i64::from(*choice), 0));
});
