use pass::PublicKey;
use serde_json::Value;

use crate::set::{Set, hex};

/// Runs one file; gives how many were valid and invalid.
fn run(set: &Set, file: &str) -> (usize, usize) {
    let (mut valid, mut invalid) = (0, 0);
    for group in set.json(file)["testGroups"].as_array().unwrap() {
        let key = key(group).unwrap_or_else(|| panic!("{file}: a key that cannot be used"));
        for test in group["tests"].as_array().unwrap() {
            let expected = match test["result"].as_str().unwrap() {
                "valid" => true,
                "invalid" => false,
                other => panic!("{file}: a result {other}"),
            };
            let holds = key.holds(&hex(&test["msg"]), &hex(&test["sig"]));
            assert_eq!(holds, expected, "{file}: {} {}", test["tcId"], test["comment"]);
            *if expected { &mut valid } else { &mut invalid } += 1;
        }
    }
    set.ran(valid + invalid, &format!("signatures of {file}, {valid} valid and {invalid} not"));
    (valid, invalid)
}

fn key(group: &Value) -> Option<PublicKey> {
    match group["publicKeyDer"].as_str() {
        Some(_) => PublicKey::from_spki(&hex(&group["publicKeyDer"])).ok(),
        None => PublicKey::read(group["publicKeyPem"].as_str()?.as_bytes()).ok(),
    }
}

#[test]
fn ed25519_signatures_come_out_as_wycheproof_says() {
    assert!(matches!(run(&Set::open("wycheproof"), "ed25519_test.json"), (1.., 1..)));
}

#[test]
fn es256_signatures_come_out_as_wycheproof_says() {
    assert!(matches!(run(&Set::open("wycheproof"), "ecdsa_secp256r1_sha256_p1363_test.json"), (1.., 1..)));
}

#[test]
fn ps256_signatures_come_out_as_wycheproof_says() {
    assert!(matches!(run(&Set::open("wycheproof"), "rsa_pss_2048_sha256_mgf1_32_test.json"), (1.., 1..)));
}
