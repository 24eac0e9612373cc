use wire::cbor::{Limits, Problem, check};

use crate::set::{Set, hex};

/// What the strict reader must say of a well-formed item, told from its bytes alone: floats, `undefined`,
/// unassigned simple values and indefinite lengths are of no use in the formats of this house.
fn expected(bytes: &[u8], hex: &str) -> Option<Problem> {
    let indefinite = ["5f", "7f", "9f", "bf", "82019f", "83019f", "8201bf", "826161bf", "a26161019f"];
    // Arrays and maps that are definite themselves and hold something indefinite.
    if indefinite.iter().any(|head| hex.starts_with(head)) || hex.contains("9f0405ff") || hex.contains("bf6") {
        return Some(Problem::Indefinite);
    }
    match bytes[0] {
        0xf4..=0xf6 => None,
        0xe0..=0xff => Some(Problem::NotUsed),
        // Tagged floats (1(1363896240.5)) are floats.
        0xc1 if bytes[1] == 0xfb => Some(Problem::NotUsed),
        _ => None,
    }
}

#[test]
fn strict_cbor_takes_of_the_rfc_examples_what_is_deterministic_and_used_here() {
    let set = Set::open("cbor-appendix-a");
    let vectors = set.json("appendix_a.json");
    let vectors = vectors.as_array().unwrap();
    let limits = Limits { bytes: 256, depth: 8, map_entries: 32, array_items: 32 };
    let mut taken = 0;
    for vector in vectors {
        let bytes = hex(&vector["hex"]);
        let found = check(&bytes, &limits).err().map(|error| error.problem);
        assert_eq!(found, expected(&bytes, vector["hex"].as_str().unwrap()), "{vector}");
        // The set itself says which are not in the one form a writer would choose.
        assert!(found.is_some() || vector["roundtrip"] == true, "{vector}");
        taken += usize::from(found.is_none());
    }
    set.ran(vectors.len(), &format!("items, {taken} taken, the others of a kind not used here"));
    assert!(taken > 10 && taken < vectors.len());
}
