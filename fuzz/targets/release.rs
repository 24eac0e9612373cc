//! Bytes as any file of a trust release: refused, or read as one. The first byte chooses.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trust::format::{Head, Part, Record, Run, SignedRoot, chain};
use trust::{Bits, Bundle, StatusList};

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, bytes)) = bytes.split_first() else { return };
    match choice % 8 {
        0 => {
            let Ok((_, head)) = Head::parse(bytes) else { return };
            let _ = head.check_times();
        }
        1 => {
            let Ok(record) = Record::parse(bytes) else { return };
            let _ = (record.id(), record.list_length(), record.single_chunk(), record.has_ended(0));
        }
        2 => {
            let Ok(signed) = SignedRoot::parse(bytes) else { return };
            if let Ok(root) = signed.root() {
                let _ = (root.check(), signed.is_signed_by(&root), root.sealing_key());
            }
        }
        3 => {
            let Ok(bundle) = Bundle::decode(bytes) else { return };
            assert_eq!(bundle.encode(), bytes);
        }
        4 => {
            let hash = chain(&[0; 32], bytes, 1);
            let _ = Run::parse(bytes, &hash);
        }
        5 => {
            let Ok(list) = StatusList::decode(bytes) else { return };
            assert_eq!(StatusList::decode(&list.encode()).unwrap(), list);
        }
        6 => {
            let mut list = StatusList::new(Bits::Two, 1000);
            let before = list.clone();
            if list.apply(bytes).is_ok() {
                let delta = before.delta(&list).unwrap();
                let mut again = before;
                again.apply(&delta).unwrap();
                assert_eq!(again, list);
            }
        }
        _ => {
            for part in [Part::Keys, Part::Policy, Part::Rules, Part::Orders, Part::Acceptance] {
                let _ = trust::check(part, bytes.to_vec());
            }
        }
    }
});
