//! A few frames of one camera, which may change their size between two frames, stand still, or come back: what the
//! reader remembers of the last ones must never be its undoing.
#![no_main]

use std::time::{Duration, Instant};

use board::Frame;
use libfuzzer_sys::fuzz_target;
use reader::Reader;

/// Frames of one sequence.
const MOST: usize = 6;

fuzz_target!(|bytes: &[u8]| {
    let mut bytes = shapes::Bytes(bytes);
    let mut reader = Reader::new(shapes::settings());
    let mut seen: Vec<Frame> = Vec::new();
    for number in 0..1 + bytes.below(MOST) {
        let again = bytes.next();
        let length = bytes.below(bytes.0.len()).min(bytes.0.len());
        let frame = match seen.get(usize::from(again) % 16) {
            Some(frame) => frame.clone(),
            None => {
                let (own, rest) = bytes.0.split_at(length);
                bytes.0 = rest;
                shapes::frame(&mut shapes::Bytes(own))
            }
        };
        let at = Duration::from_millis(33) * number as u32;
        let frame = Frame { number: number as u64, at, ..frame };
        let began = Instant::now();
        let look = reader.watch(&frame);
        shapes::must_hold(&look, &frame, began);
        seen.push(frame);
    }
});
