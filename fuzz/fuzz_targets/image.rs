//! JPEG and PNG files.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(pixels) = dupin_data::images::decode("x".as_ref(), bytes, 16) {
        assert_eq!(pixels.len(), 16 * 16 * 3);
    }
});
