//! Packets of a run of pictures, with their checksums in order: no panic, bounded memory, and never a bundle that is not
//! what its run says.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trust::format::sha256;
use trust::run::{Collector, PREFIX, Packet, Step};

fuzz_target!(|bytes: &[u8]| {
    let mut collector = Collector::default();
    let mut rest = bytes;
    // Each packet takes as many bytes as its first one says.
    while let Some((length, after)) = rest.split_first() {
        let (packet, after) = after.split_at(usize::from(*length).min(after.len()));
        rest = after;
        let sealed = [packet, &sha256(packet)[..4]].concat();
        let Some(packet) = Packet::read(&format!("{PREFIX}{}", pass::base45_encode(&sealed))) else { continue };
        if let Step::Whole(bytes) = collector.take(&packet) {
            assert_eq!(sha256(&bytes)[..8], packet.run());
        }
    }
});
