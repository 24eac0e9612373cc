//! Any bytes as a certificate, a key, or a list of revoked certificates.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pass::x509::{Crl, Signed};

fuzz_target!(|bytes: &[u8]| {
    let _ = pass::Certificate::read(bytes);
    if let Ok(key) = pass::PublicKey::read(bytes) {
        assert_eq!(pass::PublicKey::from_bytes(&key.to_bytes()), Ok(key));
    }
    if let Some(signed) = Signed::read(bytes) {
        let _ = (signed.country(), signed.validity(), signed.own_key(), signed.authority_key(), signed.is_authority());
        let _ = (pass::vdsnc::kinds(&signed), signed.is_signed_by(&signed));
    }
    if let Some(crl) = Crl::read(bytes) {
        assert!(crl.serials().all(|serial| crl.revokes(serial)));
    }
});
