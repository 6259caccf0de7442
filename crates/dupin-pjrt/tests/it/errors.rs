//! Files that are no plugin, and what belongs to another executor.

use std::path::Path;

use dupin_ir::{Builder, DType, Executor, Reference, Tensor, TensorType};
use dupin_pjrt::{Options, Pjrt};

use super::{device, plugin};

fn message(path: &Path, options: &Options) -> String {
    Pjrt::load(path, options).map(|_| ()).unwrap_err().to_string()
}

#[test]
fn what_is_no_plugin_is_told_apart() {
    let missing = message("/no/such/plugin.so".as_ref(), &Options::default());
    assert_eq!(missing, "/no/such/plugin.so cannot be loaded as a PJRT plugin: there is no such file");
    let text = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let found = message(&text, &Options::default());
    assert!(found.contains("cannot be loaded as a PJRT plugin:") && found.len() > 90, "{found}");
    let library = ["/lib/x86_64-linux-gnu/libm.so.6", "/usr/lib64/libm.so.6", "/lib/aarch64-linux-gnu/libm.so.6"];
    if let Some(library) = library.iter().find(|l| Path::new(l).exists()) {
        let found = message(library.as_ref(), &Options::default());
        assert_eq!(found, format!("{library} is a shared library but no PJRT plugin: it has no function `GetPjrtApi`"));
    }
}

#[test]
fn a_device_that_does_not_exist_is_refused() {
    let Some(path) = plugin() else { return };
    let found = |devices: &[usize]| message(&path, &Options { devices: devices.to_vec(), ..Options::default() });
    let none = found(&[1000]);
    assert!(none.contains(" device") && none.ends_with("there is no device 1000"), "{none}");
    // A plugin on processors divides them into as many as are asked for; another has what it has.
    let two = found(&[1000, 0]);
    assert!(two.contains(" device") && two.ends_with("there is no device 1000"), "{two}");
    assert_eq!(found(&[0, 1, 0]), "each device can be a replica once, and one is the least: [0, 1, 0] were asked for");
    assert_eq!(found(&[]), "each device can be a replica once, and one is the least: [] were asked for");
}

#[test]
fn inputs_are_checked_before_they_reach_the_plugin() {
    let Some(device) = device() else { return };
    let mut b = Builder::new();
    let x = b.input("x", TensorType::new(DType::F32, [2]));
    let y = b.exp(x);
    let compiled = device.compile(&b.program(&[x], &[y]).unwrap()).unwrap();
    let message = |inputs: &[&dupin_ir::Buffer]| compiled.run(inputs).unwrap_err().to_string();
    let right = device.upload(Tensor::f32([2], vec![0.0; 2])).unwrap();
    let wrong = device.upload(Tensor::f32([3], vec![0.0; 3])).unwrap();
    let foreign = Reference.upload(Tensor::f32([2], vec![0.0; 2])).unwrap();
    assert_eq!(message(&[]), "the program takes 1 inputs, 0 were given");
    assert_eq!(message(&[&wrong]), "input 0 (`x`) must be f32[2], f32[3] was given");
    assert!(message(&[&foreign]).contains("does not belong to the executor `pjrt:"));
    assert!(compiled.run(&[&right]).is_ok());
    // Another load of the plugin is another executor.
    let other = super::device().unwrap();
    assert!(other.download(&right).unwrap_err().to_string().contains("does not belong to the executor"));
}
