//! Bytes as the text of a service card, and as what stands in one whose signature holds: refused, or read.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trust::service::ServiceCard;

fuzz_target!(|bytes: &[u8]| {
    let region = "RU-TVE".parse().expect("a region");
    // No key signs it, so whatever can be read is refused as not signed.
    if let Ok(text) = std::str::from_utf8(bytes) {
        assert!(ServiceCard::read(text, &region, &[], 0).is_err());
    }
    assert!(ServiceCard::read(&ServiceCard::text(bytes), &region, &[], 0).is_err());
    if let Ok(card) = wire::decode::<ServiceCard>(bytes, "service card") {
        assert_eq!(wire::decode::<ServiceCard>(&wire::encode(&card), "service card").ok(), Some(card));
    }
});
