//! The command from outside: what it prints, writes and exits with. Each test in a fresh folder.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod browser;
mod curvature;
mod errors;
mod estimators;
mod interrupted;
mod memory;
mod split;
mod sweep;
mod train;

use std::path::Path;
use std::process::{Command, Output};

/// Runs `dupin` in `folder` and waits.
fn dupin(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dupin")).args(args).current_dir(folder).output().expect("the binary runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Runs it, expects success, gives standard output.
fn succeeds(folder: &Path, args: &[&str]) -> String {
    let out = dupin(folder, args);
    assert!(out.status.success(), "dupin {}: {}", args.join(" "), text(&out.stderr));
    text(&out.stdout)
}

/// Runs it, expects exit code 2, gives standard error.
fn fails(folder: &Path, args: &[&str]) -> String {
    let out = dupin(folder, args);
    assert_eq!(out.status.code(), Some(2), "dupin {}: {}", args.join(" "), text(&out.stdout));
    text(&out.stderr)
}

fn fresh() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder can be made")
}

const SMALL: [&str; 10] =
    ["train", "--model", "mlp:64-16-10", "--data", "digits@200", "--epochs", "2", "--batch", "50", "--quiet"];

/// A small run into `run`.
fn small_run(folder: &Path, extra: &[&str]) -> String {
    succeeds(folder, &[&SMALL[..], &["--out", "run"], extra].concat())
}
