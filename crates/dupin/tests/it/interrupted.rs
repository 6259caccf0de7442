//! Runs that end before their time: killed, interrupted, out of disk, with damaged files. None loses anything.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::{SMALL, dupin, fails, fresh, small_run, succeeds, text};

const RUN: [&str; 18] = [
    "train",
    "--model",
    "mlp:64-96-10",
    "--data",
    "digits",
    "--epochs",
    "60",
    "--batch",
    "20",
    "--objective",
    "sam:rho=0.05+hessian_trace:lambda=0.0001",
    "--average",
    "0.99",
    "--threads",
    "1",
    "--quiet",
    "--save-every",
    "7",
];

fn start(folder: &Path, args: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dupin"));
    command.args(args).current_dir(folder).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().expect("the binary runs")
}

fn same_run(a: &Path, b: &Path) {
    for file in ["model.safetensors", "average.safetensors", "state.safetensors", "metrics.jsonl", "config.toml"] {
        let read = |d: &Path| std::fs::read(d.join("run").join(file)).expect("the file is there");
        assert!(read(a) == read(b), "{file} differs");
    }
}

/// Twenty kills at moments drawn from a fixed seed, then the rest: every file is that of a run that was left alone. Half of the kills come
/// at any moment from the start of the process, half soon after it saved a state, however fast the machine is.
#[test]
fn a_run_killed_twenty_times_ends_with_the_weights_of_an_unbroken_one() {
    let (a, b) = (fresh(), fresh());
    let whole = [&RUN[..], &["--out", "run"]].concat();
    let began = Instant::now();
    succeeds(a.path(), &whole);
    let unbroken = began.elapsed();
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut share = || {
        // SplitMix64.
        random = random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = random;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ z >> 31) as f64 / u64::MAX as f64
    };
    let config = b.path().join("run/config.toml");
    let resume = [&["train", "--resume", "run", "--quiet", "--threads", "1", "--save-every", "7"][..]].concat();
    for kill in 0..20 {
        let saved = || std::fs::metadata(b.path().join("run/state.safetensors")).and_then(|m| m.modified()).ok();
        let before = saved();
        let mut child = start(b.path(), if config.exists() { &resume } else { &whole });
        if kill % 2 == 0 {
            std::thread::sleep(unbroken.mul_f64(0.03 * share()));
        } else {
            while saved().is_none() || saved() == before {
                assert!(child.try_wait().expect("known").is_none(), "the run ended without saving before kill {kill}");
                std::thread::sleep(Duration::from_micros(200));
            }
            std::thread::sleep(Duration::from_millis(10).mul_f64(share()));
        }
        assert!(child.try_wait().expect("known").is_none(), "the run was over before kill {kill}");
        child.kill().expect("killed");
        child.wait().expect("waited for");
    }
    let state = b.path().join("run/state.safetensors");
    assert!(state.exists(), "no kill came after the first save");
    succeeds(b.path(), &resume);
    same_run(a.path(), b.path());
    let left = std::fs::read_dir(b.path().join("run")).expect("listed").flatten();
    let left: Vec<_> = left.map(|e| e.file_name()).filter(|n| n.to_string_lossy().starts_with('.')).collect();
    assert!(left.is_empty(), "temporary files are left: {left:?}");
}

/// The step is finished and saved, the exit code is that of an interrupted process, and the run goes on where it stopped.
#[cfg(unix)]
#[test]
fn an_interrupted_run_saves_and_goes_on() {
    let (a, b) = (fresh(), fresh());
    let whole = [&RUN[..], &["--out", "run"]].concat();
    let mut child = Command::new(env!("CARGO_BIN_EXE_dupin"))
        .args(&whole)
        .current_dir(b.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    while !b.path().join("run/state.safetensors").exists() {
        std::thread::sleep(Duration::from_millis(1));
    }
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs");
    assert!(sent.success());
    let status = child.wait().expect("waited for");
    let mut said = String::new();
    std::io::Read::read_to_string(&mut child.stderr.take().expect("piped"), &mut said).expect("text");
    assert_eq!(status.code(), Some(130), "{said}");
    assert!(said.starts_with("interrupted after step ") && said.contains("`dupin train --resume run`"), "{said}");
    succeeds(a.path(), &whole);
    succeeds(b.path(), &["train", "--resume", "run", "--quiet"]);
    same_run(a.path(), b.path());
}

#[test]
fn a_damaged_state_is_noticed_and_the_one_before_it_taken() {
    let (a, b) = (fresh(), fresh());
    let whole = [&RUN[..16], &["--epochs", "3", "--out", "run"]].concat();
    let whole: Vec<&str> = whole.iter().enumerate().filter(|(i, _)| ![5, 6].contains(i)).map(|(_, a)| *a).collect();
    for d in [&a, &b] {
        succeeds(d.path(), &whole);
    }
    let state = b.path().join("run/state.safetensors");
    let mut bytes = std::fs::read(&state).expect("read");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&state, &bytes).expect("written");
    let out = dupin(b.path(), &["train", "--resume", "run"]);
    let said = text(&out.stderr);
    assert!(out.status.success(), "{said}");
    assert!(said.contains("warning: run/state.safetensors: its contents do not match its checksum"), "{said}");
    assert!(said.contains("going on from the state before it, step 144"), "{said}");
    same_run(a.path(), b.path());
    // Cut off as well as changed; and when no state is whole, that is an error.
    for file in ["state.safetensors", "state.previous.safetensors"] {
        let path = b.path().join("run").join(file);
        let bytes = std::fs::read(&path).expect("read");
        std::fs::write(&path, &bytes[..bytes.len() / 3]).expect("written");
    }
    let said = fails(b.path(), &["train", "--resume", "run"]);
    assert!(said.starts_with("error: run/state.safetensors"), "{said}");
}

#[test]
fn the_state_of_another_run_is_refused() {
    let d = fresh();
    small_run(d.path(), &[]);
    let config = d.path().join("run/config.toml");
    let changed = std::fs::read_to_string(&config).expect("read").replace("batch = 50", "batch = 40");
    std::fs::write(&config, changed).expect("written");
    let said = fails(d.path(), &["train", "--resume", "run"]);
    assert!(said.contains("state.safetensors: it belongs to a run with other settings than config.toml beside it has"), "{said}");
}

/// A disk that takes no more, as a limit on the size of files: the run fails, and what was saved before is whole.
#[cfg(unix)]
#[test]
fn a_full_disk_is_an_error_and_loses_nothing() {
    let d = fresh();
    small_run(d.path(), &[]);
    let file = |name: &str| std::fs::read(d.path().join("run").join(name)).expect("there");
    let before = [file("state.safetensors"), file("model.safetensors"), file("config.toml")];
    let config = String::from_utf8(before[2].clone()).expect("text").replace("epochs = 2", "epochs = 2\n");
    assert!(config.contains("epochs = 2"));
    // A fresh run under a limit of 4 KiB a file, which its weights exceed.
    let script = format!("trap '' XFSZ; ulimit -f 8; exec {} {} --out full", env!("CARGO_BIN_EXE_dupin"), SMALL.join(" "));
    let out = Command::new("sh").args(["-c", &script]).current_dir(d.path()).output().expect("sh runs");
    let said = text(&out.stderr);
    assert_eq!(out.status.code(), Some(2), "{said}");
    assert!(said.starts_with("error: cannot write full/model.safetensors") && said.contains("hint: "), "{said}");
    let left: Vec<String> = std::fs::read_dir(d.path().join("full"))
        .expect("listed")
        .flatten()
        .map(|e| e.file_name().to_string_lossy().into_owned())
        .filter(|n| !n.starts_with("events."))
        .collect();
    assert!(left.iter().all(|n| n == "config.toml" || n == "metrics.jsonl"), "{left:?}");
    // With room again it goes on, to the weights of the run that had room from the start.
    succeeds(d.path(), &["train", "--resume", "full", "--quiet"]);
    assert!(std::fs::read(d.path().join("full/model.safetensors")).expect("there") == before[1]);
}

#[test]
fn memory_is_kept_by_pieces_that_the_run_remembers() {
    let d = fresh();
    let args = ["train", "--model", "net:1x8x8,conv16k3,act,conv16k3,act,flatten,fc10", "--data", "digits@200"];
    let args = [&args[..], &["--epochs", "1", "--batch", "100", "--quiet", "--objective", "sam:rho=0.05"]].concat();
    let printed = succeeds(d.path(), &[&args[..], &["--max-memory", "3MB", "--out", "run"]].concat());
    assert!(printed.contains("memory: ") && printed.contains("batches of 100 in 2 pieces of 50"), "{printed}");
    let config = std::fs::read_to_string(d.path().join("run/config.toml")).expect("read");
    assert!(config.contains("accumulate = 2"), "{config}");
    let said = fails(d.path(), &[&args[..], &["--max-memory", "10kB"]].concat());
    assert!(said.contains("which is over the limit of 10.0 kB"), "{said}");
}
