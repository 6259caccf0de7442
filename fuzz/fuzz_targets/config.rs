//! Everything that a user writes: configurations in TOML, models, objectives, data sets, augmentations, losses, schedules.
#![no_main]

use dupin_nn::Network;
use dupin_train::TrainConfig;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(config) = toml::from_str::<TrainConfig>(text) {
        let _ = config.check();
    }
    for line in text.lines().take(8) {
        // Larger models are legal and only slow: memory and time for their parameters are the user's.
        if line.len() < 200 {
            let _ = Network::parse(line, "gelu".parse().expect("an activation"));
        }
        let _ = dupin_train::objective::parse(line);
        if let Ok(augmentation) = line.parse::<dupin_data::Augmentation>() {
            assert_eq!(augmentation.to_string().parse::<dupin_data::Augmentation>().expect("it prints what it parses"), augmentation);
        }
        let _ = line.parse::<dupin_nn::Loss>();
        let _ = line.parse::<dupin_nn::Init>();
        let _ = line.parse::<dupin_train::Schedule>();
        let _ = line.parse::<dupin_nn::Activation>();
        // Built-in data sets are decoded each time: only names that fail, and options of a text that is not there, are tried.
        if !["digits", "fashion-mini", "shakespeare", "fashion-mnist"].iter().any(|name| line.starts_with(name)) {
            let _ = dupin_data::load(line);
        }
    }
});
