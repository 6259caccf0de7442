//! Weight files of a small network, with every kind of parameter and buffer.
#![no_main]

use dupin_ir::DType;
use dupin_nn::{Network, weights};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let network = Network::parse("net:1x4x4,conv2,bn,act,flatten,fc3", "gelu".parse().expect("an activation")).expect("a model");
    let file = std::env::temp_dir().join(format!("dupin-fuzz-{}.safetensors", std::process::id()));
    std::fs::write(&file, bytes).expect("the temporary folder can be written");
    if let Ok(weights) = weights::load(&file, &network, DType::F32) {
        assert_eq!(weights.params.len(), network.params().len());
    }
});
