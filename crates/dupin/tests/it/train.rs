//! `dupin train`.

use std::process::{Command, Stdio};

use super::{SMALL, dupin, fails, fresh, small_run, succeeds};

#[test]
fn a_run_writes_its_folder_and_repeats_bit_for_bit() {
    let (a, b) = (fresh(), fresh());
    let printed = small_run(a.path(), &["--objective", "psam:rho=0.1,nme=keep", "--threads", "1"]);
    small_run(b.path(), &["--objective", "psam:rho=0.1,nme=keep", "--threads", "2"]);
    assert!(printed.contains("mlp:64-16-10 with gelu on digits@200: 1210 parameters"), "{printed}");
    assert!(printed.contains("test acc"), "{printed}");
    for file in ["model.safetensors", "state.safetensors", "metrics.jsonl", "config.toml"] {
        let read = |d: &tempfile::TempDir| std::fs::read(d.path().join("run").join(file)).expect("the file is there");
        assert_eq!(read(&a), read(&b), "{file}");
    }
    let metrics = std::fs::read_to_string(a.path().join("run/metrics.jsonl")).unwrap();
    let lines: Vec<serde_json::Value> = metrics.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[1]["test_accuracy"].as_f64().unwrap() > 0.1);
}

/// A run is killed after its first saved epoch, goes on, and ends with the weights of a run that was left alone.
#[test]
fn a_killed_run_resumes_to_the_weights_of_an_unbroken_one() {
    let args = [
        "train",
        "--model",
        "mlp:64-128-128-10",
        "--data",
        "digits",
        "--epochs",
        "40",
        "--batch",
        "20",
        "--quiet",
        "--out",
        "run",
    ];
    let (a, b) = (fresh(), fresh());
    succeeds(a.path(), &args);
    let state = |d: &tempfile::TempDir| d.path().join("run/state.safetensors");
    let mut child =
        Command::new(env!("CARGO_BIN_EXE_dupin")).args(args).current_dir(b.path()).stdout(Stdio::null()).spawn().unwrap();
    while !state(&b).exists() {
        assert!(child.try_wait().unwrap().is_none(), "the run ended without saving a state");
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_ne!(
        std::fs::read(state(&a)).unwrap(),
        std::fs::read(state(&b)).unwrap(),
        "the run was over before it could be killed"
    );
    succeeds(b.path(), &["train", "--resume", "run", "--quiet"]);
    for file in ["model.safetensors", "state.safetensors", "metrics.jsonl"] {
        let read = |d: &tempfile::TempDir| std::fs::read(d.path().join("run").join(file)).unwrap();
        assert_eq!(read(&a), read(&b), "{file}");
    }
    let printed = succeeds(b.path(), &["train", "--resume", "run"]);
    assert!(printed.contains("the run is complete: 40 epochs are done"), "{printed}");
}

#[test]
fn a_folder_that_holds_a_run_is_not_overwritten() {
    let d = fresh();
    small_run(d.path(), &[]);
    let message = fails(d.path(), &[&SMALL[..], &["--out", "run"]].concat());
    assert_eq!(message, "error: run holds a run already; go on with it by `--resume run`, or choose another folder\n");
}

#[test]
fn divergence_is_an_error_with_its_place() {
    let d = fresh();
    let message = fails(d.path(), &[&SMALL[..], &["--lr", "1e30"]].concat());
    assert!(message.starts_with("error: training diverged: the loss is "), "{message}");
    assert!(message.contains("of epoch 1") && message.contains("hint: "), "{message}");
}

#[test]
fn progress_stays_off_standard_output() {
    let d = fresh();
    let out = dupin(d.path(), &SMALL);
    assert!(out.stderr.is_empty());
    assert!(!String::from_utf8_lossy(&out.stdout).contains('\u{1b}'), "no escape codes without a terminal");
}
