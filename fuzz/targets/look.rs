//! Any single frame: no panic, within its time, and what it says of the frame lies within the frame.
#![no_main]

use std::time::Instant;

use libfuzzer_sys::fuzz_target;
use reader::Reader;

fuzz_target!(|bytes: &[u8]| {
    let frame = shapes::frame(&mut shapes::Bytes(bytes));
    let began = Instant::now();
    let look = Reader::new(shapes::settings()).look(&frame);
    shapes::must_hold(&look, &frame, began);
});
