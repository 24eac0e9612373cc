use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::*;
use crate::Layered;

proptest! {
    #[test]
    fn what_was_put_in_comes_out(files in btree_map("[a-z]{1,9}/[0-9a-f]{0,40}", vec(any::<u8>(), 0..90), 0..20)) {
        let bundle = Bundle(files);
        prop_assert_eq!(Bundle::decode(&bundle.encode()).unwrap(), bundle);
    }

    #[test]
    fn whatever_comes_is_read_or_refused(bytes in vec(any::<u8>(), 0..200), at in any::<u16>(), value in any::<u8>()) {
        let _ = Bundle::decode(&bytes);
        let mut good = Bundle::new([("head".to_owned(), bytes), ("root.2".to_owned(), vec![7; 40])]).encode();
        let at = usize::from(at) % good.len();
        good[at] = value;
        if let Ok(read) = Bundle::decode(&good) {
            prop_assert_eq!(read.encode(), good, "one bundle, one encoding");
        }
    }
}

#[test]
fn a_bundle_is_no_longer_than_it_may_be() {
    assert_eq!(Bundle::decode(&vec![0xa0; LONGEST_BUNDLE + 1]).unwrap_err().code(), "too-long");
    assert_eq!(Bundle::decode(&[0xa1, 0x61, b'a', 0x00]).unwrap_err().code(), "malformed");
    assert_eq!(Bundle::decode(&[0xa0, 0x00]).unwrap_err().code(), "malformed");
    assert!(Bundle::decode(&[0xa0]).unwrap().is_empty());
}

#[test]
fn what_the_first_carrier_does_not_have_the_second_is_asked_for() {
    let file = |name: &str, byte| Bundle::new([(name.to_owned(), vec![byte; 3]), ("head".to_owned(), vec![byte; 9])]);
    let mut both = Layered(file("a", 1), file("b", 2));
    assert_eq!(both.get("head", 9).unwrap(), [1; 9]);
    assert_eq!(both.get("a", 9).unwrap(), [1; 3]);
    assert_eq!(both.get("b", 9).unwrap(), [2; 3]);
    assert!(matches!(both.get("c", 9), Err(CarrierError::NotFound(name)) if name == "c"));
    let mut rest = Vec::new();
    both.open("b", 2).unwrap().read_to_end(&mut rest).unwrap();
    assert_eq!(rest, [2]);
}
