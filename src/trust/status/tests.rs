use super::*;

fn unhex(text: &str) -> Vec<u8> {
    let digits: String = text.chars().filter(char::is_ascii_hexdigit).collect();
    (0..digits.len()).step_by(2).map(|i| u8::from_str_radix(&digits[i..i + 2], 16).unwrap()).collect()
}

/// The examples of draft-ietf-oauth-status-list §4.1 to §4.3.
#[test]
fn the_examples_of_the_draft_decode() {
    let one = StatusList::decode(&unhex("a2646269747301636c73744a78dadbb918000217015d")).unwrap();
    assert_eq!((one.bits, &one.list[..]), (1, &[0xb9, 0xa3][..]));
    let expected = [1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1];
    assert!((0..).zip(expected).all(|(index, value)| one.get(index) == Some(value)));
    assert_eq!(one.get(16), None);

    let two = StatusList::decode(&unhex("a2646269747302636c73744b78da3be9f2130003df0207")).unwrap();
    assert_eq!((two.bits, &two.list[..]), (2, &[0xc9, 0x44, 0xf9][..]));
    let expected = [1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3];
    assert!((0..).zip(expected).all(|(index, value)| two.get(index) == Some(value)));
    use Status::{ListMissing, Revoked, Suspended, Valid};
    assert_eq!([0, 1, 2, 3, 12].map(|index| two.status(index)), [Revoked, Suspended, Valid, Revoked, ListMissing]);
}

/// The draft's long example; its set places are in the draft's text (§C.1).
#[test]
fn the_long_example_of_the_draft_decodes() {
    let list = StatusList::decode(&unhex(
        "a2646269747301636c737458bd78daeddc010dc0200c0041a88249400ad2903e0f4b
         ba00bd93f002beb7a2a2010000a91e09000000000000000000000000000000807296
         04000000000000000000000000000000000000000000000000000000000000000000
         000000000000005c6f4800000000000000fc2c240000000000000000000000be1b12
         000000000000000000ecaa4b000000000000000000000000000000009b0b09000000
         00000000000038de9400000000000000002a30cc010000000080642f0bd8011b",
    ))
    .unwrap();
    assert_eq!(list.list.len(), 1 << 17);
    let set: Vec<u64> = (0..1 << 20).filter(|index| list.get(*index) == Some(1)).collect();
    let expected = [0, 1993, 25_460, 159_495, 495_669, 554_353, 645_645, 723_232, 854_545, 934_534, 1_000_345];
    assert_eq!(set, expected);
}

/// Every vector of the shared set, where it is here: what is encoded must decode to what stands beside it.
#[test]
fn the_shared_vectors_decode() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors/token-status-list");
    let Ok(files) = std::fs::read_dir(folder) else {
        println!("vectors: the shared set is not here");
        return;
    };
    let mut tried = 0;
    for path in files.map(|entry| entry.unwrap().path()) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        if !name.ends_with("_cbor.md") {
            continue;
        }
        let encoded = text.rsplit("encoded:").next().unwrap();
        let list = StatusList::decode(&unhex(encoded)).unwrap_or_else(|error| panic!("{name}: {error}"));
        if let Some(bytes) = text.split_once('[').and_then(|(_, rest)| rest.split_once(']')) {
            let bytes: Vec<u8> =
                bytes.0.split(',').map(|byte| unhex(byte.trim().trim_start_matches("0x"))[0]).collect();
            assert_eq!(list.list, bytes, "{name}");
        }
        assert_eq!(StatusList::decode(&list.encode()).unwrap(), list, "{name}");
        tried += 1;
    }
    println!("vectors: {tried} status lists");
    assert!(tried > 0);
}

#[test]
fn what_is_set_reads_back_at_every_width() {
    for bits in [Bits::One, Bits::Two, Bits::Four, Bits::Eight] {
        let mut list = StatusList::new(bits, 1000);
        for index in (0..1000).step_by(7) {
            assert!(list.set(index, 1));
        }
        let list = StatusList::decode(&list.encode()).unwrap();
        for index in 0..1000 {
            let expected = if index % 7 == 0 { Status::Revoked } else { Status::Valid };
            assert_eq!(list.status(index), expected, "{bits:?} {index}");
        }
        assert!(!StatusList::new(bits, 8).set(8, 1));
        for far in [8000, u64::MAX, u64::MAX / 2, u64::MAX / 8 + 1] {
            assert_eq!(list.status(far), Status::ListMissing);
        }
    }
}

#[test]
fn a_list_that_unpacks_without_end_is_cut_off() {
    let bomb = StatusList { bits: 8, list: vec![0; LONGEST + 1] }.encode();
    assert!(bomb.len() < 10_000);
    assert_eq!(StatusList::decode(&bomb).unwrap_err().code(), "too-long");
    assert!(StatusList::decode(&StatusList { bits: 8, list: vec![0; LONGEST] }.encode()).is_ok());
}

#[test]
fn a_list_that_is_not_one_is_refused() {
    for wrong in [
        "",
        "a0",
        "a1646269747301",
        // three bits
        "a2646269747303636c73744a78dadbb918000217015d",
        // the checksum of zlib
        "a2646269747301636c73744a78dadbb918000217015e",
        // bits twice
        "a3646269747301646269747301636c73744a78dadbb918000217015d",
        // something behind
        "a2646269747301636c73744a78dadbb918000217015d00",
        // an array
        "8201636c7374",
    ] {
        assert_eq!(StatusList::decode(&unhex(wrong)).unwrap_err().code(), "malformed", "{wrong}");
    }
}
