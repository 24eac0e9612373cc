//! The bytes of any file as a picture: refused, or a frame of as many pixels as it says.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(frame) = board::still_from(bytes, "fuzz") {
        assert_eq!(frame.luma.len(), frame.width as usize * frame.height as usize);
        assert!(frame.width > 0 && frame.height > 0);
    }
});
