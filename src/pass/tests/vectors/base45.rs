use pass::{base45_decode, base45_encode};

use crate::set::{Set, hex};

#[test]
fn base45_decodes_and_encodes_as_its_vectors_say() {
    let set = Set::open("base45");
    let vectors = set.json("base45.json");
    let (valid, invalid) = (vectors["valid"].as_array().unwrap(), vectors["invalid_decode"].as_array().unwrap());
    for vector in valid {
        let (bytes, text) = (hex(&vector["hex"]), vector["base45"].as_str().unwrap());
        assert_eq!(base45_decode(text).as_ref(), Some(&bytes), "{vector}");
        assert_eq!(base45_encode(&bytes), text, "{vector}");
    }
    for vector in invalid {
        assert_eq!(base45_decode(vector["base45"].as_str().unwrap()), None, "{vector}");
    }
    assert!(!valid.is_empty() && !invalid.is_empty());
    set.ran(valid.len() + invalid.len(), "texts, each decoded and encoded or refused");
}
