use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::Bits;

fn bits() -> impl Strategy<Value = Bits> {
    prop_oneof![Just(Bits::One), Just(Bits::Two), Just(Bits::Four), Just(Bits::Eight)]
}

proptest! {
    #[test]
    fn a_delta_makes_the_next_list_of_the_one_before(
        bits in bits(), entries in 0_usize..3000, more in 0_usize..500,
        first in vec((any::<u64>(), any::<u8>()), 0..60), second in vec((any::<u64>(), any::<u8>()), 0..60),
    ) {
        let mut old = StatusList::new(bits, entries);
        first.iter().for_each(|(at, value)| { old.set(at % (entries as u64 + 1), *value); });
        let mut new = StatusList::new(bits, entries + more);
        new.list[..old.list.len()].copy_from_slice(&old.list);
        second.iter().for_each(|(at, value)| { new.set(at % (entries as u64 + 1), *value); });
        let delta = old.delta(&new).unwrap();
        let mut made = old.clone();
        made.apply(&delta).unwrap();
        prop_assert_eq!(&made, &new);
        // Said twice it says the same, and without a change it is four bytes.
        made.apply(&delta).unwrap();
        prop_assert_eq!(&made, &new);
        prop_assert!(new.delta(&new).unwrap().len() <= 6);
    }

    #[test]
    fn whatever_comes_is_read_or_refused(
        bytes in vec(any::<u8>(), 0..60), at in any::<u8>(), value in any::<u8>(), bits in bits(),
    ) {
        let _ = StatusList::new(bits, 900).apply(&bytes);
        let old = StatusList::new(bits, 900);
        let mut new = old.clone();
        (0..900).step_by(37).for_each(|at| { new.set(at, 1); });
        let mut delta = old.delta(&new).unwrap();
        let at = usize::from(at) % delta.len();
        delta[at] = value;
        let mut made = old.clone();
        if made.apply(&delta).is_ok() && made == new {
            prop_assert_eq!(old.delta(&new).unwrap(), delta, "one change, one encoding");
        }
    }
}

#[test]
fn a_list_grows_and_neither_shrinks_nor_changes_its_bits() {
    let list = StatusList::new(Bits::Two, 100);
    assert!(list.delta(&StatusList::new(Bits::Two, 40)).is_none());
    assert!(list.delta(&StatusList::new(Bits::One, 200)).is_none());
    let shrinking = StatusList::new(Bits::Two, 0).delta(&StatusList::new(Bits::Two, 40)).unwrap();
    assert_eq!(list.clone().apply(&shrinking).unwrap_err().code(), "malformed");
    let endless = wire::encode(&Delta { length: 5 << 20, places: vec![].into(), values: vec![].into() });
    assert_eq!(list.clone().apply(&endless).unwrap_err().code(), "too-long");
}
