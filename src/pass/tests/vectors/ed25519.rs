use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use pass::PublicKey;

use crate::set::{Set, hex};

/// As passes are verified: a weak key is refused before any signature is looked at.
fn holds(key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    PublicKey::from_ed25519(key).is_ok_and(|key| key.holds(message, signature))
}

#[test]
fn every_known_answer_is_signed_and_verified() {
    let set = Set::open("ed25519-rfc8032");
    let vectors = set.json("vectors.json");
    let vectors = vectors.as_array().unwrap();
    for vector in vectors {
        let [seed, public, message, signature] = ["seed", "public", "message", "signature"].map(|f| hex(&vector[f]));
        let key = SigningKey::from_bytes(&seed.try_into().unwrap());
        assert_eq!(key.verifying_key().to_bytes(), public[..]);
        assert_eq!(key.sign(&message).to_bytes(), signature[..]);
        assert!(holds(&public, &message, &signature), "{}", vector["n"]);
    }
    set.ran(vectors.len(), "signatures, made and verified");
}

#[test]
fn the_edge_cases_come_out_as_strict_verification_has_them() {
    let set = Set::open("ed25519-edge");
    let vectors = set.json("speccheck.json");
    let vectors = vectors.as_array().unwrap();
    for vector in vectors {
        let [message, key, signature] = ["message", "pub_key", "signature"].map(|field| hex(&vector[field]));
        let expected = vector["dalek_verify_strict"].as_bool().unwrap();
        assert_eq!(holds(&key, &message, &signature), expected, "case {}", vector["case"]);
    }
    set.ran(vectors.len(), "cases of speccheck, as its table has `verify_strict`");
}

#[test]
fn no_signature_or_key_of_small_order_is_accepted() {
    let set = Set::open("ed25519-edge");
    let vectors = set.json("cctv-ed25519vectors.json");
    let vectors = vectors.as_array().unwrap();
    let mut accepted = 0;
    for vector in vectors {
        let (key, signature) = (hex(&vector["key"]), hex(&vector["sig"]));
        let message = vector["msg"].as_str().unwrap().as_bytes();
        let flags: Vec<&str> = vector["flags"].as_array().into_iter().flatten().filter_map(|f| f.as_str()).collect();
        let holds = holds(&key, message, &signature);
        let small = ["low_order_A", "low_order_R", "non_canonical_A", "non_canonical_R"];
        assert!(!holds || !small.iter().any(|flag| flags.contains(flag)), "{vector}");
        let strict = VerifyingKey::from_bytes(&key.try_into().unwrap())
            .is_ok_and(|key| key.verify_strict(message, &Signature::from_slice(&signature).unwrap()).is_ok());
        assert_eq!(holds, strict, "{vector}");
        accepted += usize::from(holds);
    }
    set.ran(
        vectors.len(),
        &format!("cases of CCTV, {accepted} accepted, none with a point of small order or a second encoding"),
    );
}
