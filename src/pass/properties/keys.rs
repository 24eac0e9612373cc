use std::path::Path;

use base64ct::{Base64, Encoding as _};

use super::samples::keys;
use crate::{BadCertificate, Certificate, Kind, PublicKey};

fn json(file: &str) -> serde_json::Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data").join(file);
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn certificate(file: &str) -> Vec<u8> {
    let vector = json(&format!("dgc-testdata/{file}"));
    Base64::decode_vec(vector["TESTCTX"]["CERTIFICATE"].as_str().unwrap()).unwrap()
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = Base64::encode_string(der);
    let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| str::from_utf8(line).unwrap()).collect();
    format!("\n-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

/// An RSA key of 2048 bits.
fn rsa() -> Vec<u8> {
    let group = &json("wycheproof/rsa_pss_2048_sha256_mgf1_32_test.json")["testGroups"][0];
    hex(group["publicKeyDer"].as_str().unwrap())
}

#[test]
fn a_key_is_the_same_in_every_form_it_is_kept_in() {
    let [ed25519, p256] = [0, 1].map(|at| keys()[at].1.clone());
    for key in [ed25519, p256, PublicKey::from_spki(&rsa()).unwrap()] {
        assert_eq!(PublicKey::from_bytes(&key.to_bytes()), Ok(key.clone()));
        assert_eq!(PublicKey::read(&key.to_bytes()), Ok(key.clone()));
        let der = match &key {
            PublicKey::Ed25519(key) => [&hex("302a300506032b6570032100")[..], key.as_bytes()].concat(),
            _ => key.to_bytes(),
        };
        assert_eq!(PublicKey::read(&der), Ok(key.clone()));
        assert_eq!(PublicKey::read(pem("PUBLIC KEY", &der).as_bytes()), Ok(key.clone()));
        // A private key, or anything else, under this roof would be a mistake to point out.
        assert!(PublicKey::read(pem("PRIVATE KEY", &der).as_bytes()).is_err());
    }
}

#[test]
fn a_weak_key_is_no_key() {
    let mut identity = [0; 32];
    identity[0] = 1;
    assert!(PublicKey::from_ed25519(&identity).is_err());
    assert!(PublicKey::from_ed25519(&[0; 32]).is_err());
    assert!(PublicKey::from_ed25519(&[7; 31]).is_err());
    // An RSA modulus of 1024 bits: 2^1023 + 1 and the usual exponent, as PKCS #1 within SPKI.
    let modulus = [&[0x02, 0x81, 0x81, 0x00, 0x80][..], &[0; 126], &[1]].concat();
    let pkcs1 = [&[0x30, 0x81, 0x89][..], &modulus, &[0x02, 0x03, 1, 0, 1]].concat();
    let algorithm = hex("300d06092a864886f70d0101010500");
    let spki = [&[0x30, 0x81, 0x9f][..], &algorithm, &[0x03, 0x81, 0x8d, 0x00], &pkcs1].concat();
    assert!(<rsa::RsaPublicKey as rsa::pkcs8::DecodePublicKey>::from_public_key_der(&spki).is_ok(), "well-formed");
    assert!(PublicKey::from_spki(&spki).is_err());
}

#[test]
fn an_rsa_key_may_be_named_as_one_for_pss() {
    let der = rsa();
    let mut named = der.clone();
    let at = named.windows(9).position(|oid| oid == hex("2a864886f70d010101")).unwrap() + 8;
    named[at] = 0x0a;
    assert_eq!(PublicKey::from_spki(&named), PublicKey::from_spki(&der));
    named[at] = 0x0b;
    assert!(PublicKey::from_spki(&named).is_err());
}

#[test]
fn the_hint_of_a_certificate_is_over_its_bytes_as_issued() {
    // The first of these is not quite DER: writing it again would change it.
    for (file, kid) in [("FI/2DCode/raw/1.json", None), ("NL/2DCode/raw/000-NL-test.json", Some("e36f053a55313513"))] {
        let der = certificate(file);
        let read = Certificate::read(&der).unwrap();
        assert_eq!(Certificate::read(pem("CERTIFICATE", &der).as_bytes()), Ok(read.clone()));
        assert_eq!(read.kid.to_vec(), <sha2::Sha256 as sha2::Digest>::digest(&der)[..8]);
        assert!(kid.is_none_or(|kid| hex(kid) == read.kid));
        assert!(read.valid_from < read.valid_to);
    }
}

#[test]
fn what_is_no_certificate_is_refused() {
    let der = certificate("NL/2DCode/raw/000-NL-test.json");
    for bad in [&b""[..], b"-----BEGIN", &der[1..], &der[..der.len() - 1], pem("PUBLIC KEY", &der).as_bytes()] {
        assert_eq!(Certificate::read(bad), Err(BadCertificate::Shape));
    }
}

#[test]
fn a_certificate_that_names_its_uses_is_limited_to_them() {
    let kinds = |file: &str| Certificate::read(&certificate(&format!("common/2DCode/raw/{file}.json"))).unwrap().kinds;
    assert_eq!(kinds("CO7").len(), 1);
    // Usages that say nothing of certificates, or an empty list of them, do not limit.
    assert_eq!(kinds("CO15"), [Kind::TEST, Kind::VACCINATION, Kind::RECOVERY]);
}
