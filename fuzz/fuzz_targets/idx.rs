//! IDX files, gzipped or not, as images and as labels.
#![no_main]

use dupin_data::idx::{Content, read};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for content in [Content::Images, Content::Labels] {
        if let Ok(idx) = read(bytes, "x".as_ref(), content) {
            assert_eq!(idx.values.len(), idx.dims.iter().product::<usize>());
        }
    }
});
