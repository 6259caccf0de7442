//! Memory of a long run: what a step needed it gives back.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::{fresh, text};

/// Six files of CIFAR-10's binary version with `each` images of noise.
fn cifar(folder: &Path, each: usize) {
    std::fs::create_dir_all(folder).expect("made");
    let mut state = 1_u64;
    let mut byte = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    let names = (1..=5).map(|i| format!("data_batch_{i}.bin")).chain(["test_batch.bin".to_string()]);
    for name in names {
        let bytes: Vec<u8> = (0..each * 3073).map(|i| if i % 3073 == 0 { byte() % 10 } else { byte() }).collect();
        std::fs::write(folder.join(name), bytes).expect("written");
    }
}

/// Resident bytes of a process, or nothing once it has ended.
fn resident(run: &Child) -> Option<usize> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", run.id())).ok()?;
    let line = status.lines().find(|l| l.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse::<usize>().ok().map(|kilobytes| kilobytes * 1024)
}

/// A wide residual network on CIFAR's shapes, with augmentation and states within an epoch. 1,000 steps of `wrn-16-4` with
/// DUPIN_SLOW_TESTS=1 (some minutes), 60 of `wrn-10-1` without.
#[test]
#[cfg(target_os = "linux")]
#[expect(clippy::disallowed_methods, reason = "a test, not a library: the environment says whether to take long")]
fn a_wide_residual_network_trains_in_stable_memory() {
    let long = std::env::var_os("DUPIN_SLOW_TESTS").is_some();
    let (model, each, epochs, every) = if long { ("wrn-16-4", 200, "4", "100") } else { ("wrn-10-1", 16, "3", "10") };
    let d = fresh();
    cifar(&d.path().join("cifar"), each);
    let args = ["train", "--model", model, "--data", "cifar10:cifar", "--batch", "4", "--epochs", epochs, "--save-every", every];
    let more = ["--augment", "crop:pad=4+flip", "--lr", "0.01", "--out", "run", "--quiet"];
    let mut run = Command::new(env!("CARGO_BIN_EXE_dupin"))
        .args([&args[..], &more].concat())
        .current_dir(d.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let mut seen = Vec::new();
    while run.try_wait().expect("waited for").is_none() {
        seen.extend(resident(&run));
        std::thread::sleep(Duration::from_millis(if long { 250 } else { 10 }));
    }
    let out = run.wait_with_output().expect("ended");
    assert!(out.status.success(), "{}", text(&out.stderr));
    let metrics = std::fs::read_to_string(d.path().join("run/metrics.jsonl")).expect("metrics");
    assert_eq!(metrics.lines().count(), epochs.parse::<usize>().expect("a number"), "{metrics}");

    // Between a third of the run and its end. A step that kept its activations would add its memory, a few MB, at each of hundreds of steps,
    // one that kept its weights' gradients 11 MB (wrn-16-4) or 0.3 MB (wrn-10-1) each. An allocator may scatter a little.
    let third = seen.len() / 3;
    let (early, late) = (seen[third..2 * third].iter().max(), seen[2 * third..].iter().max());
    let (early, late) = (*early.expect("sampled"), *late.expect("sampled"));
    assert!(late <= early + early / 20 + (4 << 20), "{model}: {early} bytes in the middle third, {late} in the last");
    println!("{model}: at most {early} bytes in the middle third, {late} in the last, {} samples", seen.len());
}
