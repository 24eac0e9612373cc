//! Bytes as a message of a plate camera, in each dialect by the first byte: refused, or a reading within its bounds.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reader::anpr::{Dialect, read};

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, message)) = bytes.split_first() else { return };
    let dialects = [Dialect::Hikvision, Dialect::Frigate, Dialect::Axis, Dialect::Plain];
    let Ok(seen) = read(dialects[usize::from(choice % 4)], message) else { return };
    assert!(seen.confidence.is_none_or(|percent| percent <= 100));
    assert!(seen.plate.len() <= 64 && seen.camera.len() <= 128 && seen.id.is_none_or(|id| id.len() <= 128));
    assert!(seen.at.is_none_or(|at| (-377_705_116_800_000..=253_402_300_800_000).contains(&at)));
});
