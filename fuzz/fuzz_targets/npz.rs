//! Archives of NumPy's arrays.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(split) = dupin_data::npz::read("x", "x".as_ref(), bytes, 0.3, 0) {
        let rows = split.train.rows(&[0, split.train.len() - 1]).expect("arrays are in memory");
        assert!(rows.floats().iter().all(|value| value.is_finite()));
        assert!(!split.describe().is_empty());
    }
});
