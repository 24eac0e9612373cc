//! Places of keys: what is one, and what must not be. Keys in a real token: tests/tokens.rs.

use super::*;

fn code(text: &str) -> &'static str {
    text.parse::<Place>().map_or_else(|error| error.code(), |_| "ok")
}

#[test]
fn a_place_is_a_file_a_credential_or_a_token() {
    let token = "pkcs11:token=HQ;object=publishing?module-path=/m.so";
    for good in ["file:keys/a.key", "file:/a", "credential:publishing.key", token, &format!("{token}&pin-source=/pin")]
    {
        assert_eq!(code(good), "ok", "{good}");
        let place: Place = good.parse().unwrap();
        assert_eq!(place.written().parse::<Place>().unwrap(), place);
    }
    let with = |part: &str| format!("{token}&{part}");
    for bad in [
        "",
        "keys/a.key",
        "file:",
        "http://a",
        "credential:",
        "credential:..",
        "credential:a/b",
        "pkcs11:token=HQ?module-path=/m.so",
        "pkcs11:object=a",
        "pkcs11:object=a?module-path=m.so",
        "pkcs11:object=a;object=b?module-path=/m.so",
        "pkcs11:object=a;type=public?module-path=/m.so",
        "pkcs11:object=%4?module-path=/m.so",
        "pkcs11:object=%zz?module-path=/m.so",
        "pkcs11:object?module-path=/m.so",
        "pkcs11:object=a;colour=red?module-path=/m.so",
        "pkcs11:object=%ff?module-path=/m.so",
        &with("pin-source=pin"),
        &with("pin-source=|sh"),
        &with("pin-source=http://a/b"),
    ] {
        assert_eq!(code(bad), "key-place", "{bad}");
    }
}

#[test]
fn a_pin_stands_in_no_uri_and_in_no_message() {
    let written = "pkcs11:token=HQ;object=publishing?module-path=/m.so&pin-value=271828";
    let said = written.parse::<Place>().unwrap_err().to_string();
    assert!(said.contains("pin-source") && !said.contains("271828"), "{said}");
    let place: Place = "pkcs11:object=a?module-path=/m.so&pin-source=file:/secret/pin".parse().unwrap();
    assert!(!place.to_string().contains("secret"));
}

/// A token that was pulled out.
struct Away(ed25519_dalek::VerifyingKey);

impl TrySigner for Away {
    fn public_key(&self) -> ed25519_dalek::VerifyingKey {
        self.0
    }

    fn try_sign(&self, _: &[u8]) -> Result<[u8; 64], wire::sign::Unsigned> {
        Err(wire::sign::Unsigned(Box::new(Error::TokenAbsent("HQ".to_owned()))))
    }
}

#[test]
fn a_key_out_of_reach_signs_nothing_and_says_why() {
    let public = AtHand(SigningKey::from_bytes(&[7; 32])).public();
    let key = crate::keys::Key::of(Purpose::Receipt, Box::new(Away(public)));
    let error = key.envelope(wire::sign::Context::Receipt, b"\xa0").unwrap_err();
    assert_eq!(error.code(), "unsigned");
    assert!(crate::commands::chain(&error).contains("the token \"HQ\" is not there"));
    let at_hand = AtHand(SigningKey::from_bytes(&[7; 32]));
    let signed = wire::sign::try_sign(wire::sign::Context::Receipt, &at_hand, b"\xa0").unwrap();
    assert_eq!(signed, wire::sign::sign(wire::sign::Context::Receipt, &at_hand, b"\xa0"));
}
