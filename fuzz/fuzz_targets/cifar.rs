//! CIFAR's records, and texts, which share that any bytes may come.
#![no_main]

use dupin_data::cifar::{Cifar, read};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for (cifar, classes) in [(Cifar::Ten, 10), (Cifar::HundredFine, 100), (Cifar::HundredCoarse, 20)] {
        let (mut pixels, mut labels) = (Vec::new(), Vec::new());
        if read(cifar, "x".as_ref(), bytes, &mut pixels, &mut labels).is_ok() {
            assert_eq!(pixels.len(), labels.len() * 3072);
            assert!(labels.iter().all(|&label| label < classes));
        }
    }
    let (length, bytes) = bytes.split_first().map_or((0, bytes), |(&length, rest)| (usize::from(length), rest));
    if let Ok(split) = dupin_data::text::read("x", "x".as_ref(), bytes, length, 0.3) {
        let last = split.test.len() - 1;
        assert!(split.test.targets(&[last]).iter().all(|&token| (token as usize) < split.test.classes()));
    }
});
