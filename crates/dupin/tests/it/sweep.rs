//! Sweeps: many trials, several processes, one store.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use dupin::linop::Rng;

use super::{fails, fresh, small_run, succeeds};

/// 200 trials of some milliseconds each.
const GRID: &str = "\
title = \"many\"
seeds = 5
[train]
model = \"mlp:64-4-10\"
data = \"digits@100\"
epochs = 1
batch = 50
objective = \"sam:rho={rho}\"
[axes]
rho = [0.01, 0.02, 0.05, 0.1]
learning_rate = [0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.2, 0.3, 0.5, 0.7]
";

/// A worker process; the second and later ones go on with the folder.
fn worker(folder: &Path) -> Child {
    let args = ["sweep", "grid.toml", "--out", "broken", "--resume", "--jobs", "1", "--threads", "1", "--lease", "1", "--quiet"];
    let mut command = Command::new(env!("CARGO_BIN_EXE_dupin"));
    command.args(args).current_dir(folder).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().expect("the binary runs")
}

/// Four processes on one store, killed at random moments and replaced: every trial is there once, with the record of an unbroken run.
#[test]
fn killed_workers_lose_nothing_and_repeat_nothing_that_is_finished() {
    const KILLS: usize = 12;
    let d = fresh();
    std::fs::write(d.path().join("grid.toml"), GRID).unwrap();
    succeeds(d.path(), &["sweep", "grid.toml", "--out", "whole", "--quiet"]);

    let mut rng = Rng::new(7);
    let mut workers: Vec<Child> = (0..4).map(|_| worker(d.path())).collect();
    for _ in 0..KILLS {
        std::thread::sleep(Duration::from_millis(20 + (rng.uniform() * 120.0) as u64));
        let victim = (rng.uniform() * 4.0) as usize;
        // SIGKILL on Unix: nothing is cleaned up.
        let _ = workers[victim].kill();
        let _ = workers[victim].wait();
        workers[victim] = worker(d.path());
    }
    for mut w in workers {
        assert!(w.wait().unwrap().success(), "a worker that was left alone ends well");
    }

    let export = |dir: &str| succeeds(d.path(), &["runs", "export", "--dir", dir]);
    let (whole, broken) = (export("whole"), export("broken"));
    assert_eq!(whole.lines().count(), 201);
    assert_eq!(whole.matches(",done,").count(), 200);
    assert_eq!(whole, broken, "the table does not show what happened on the way");
    // A trial is begun again only where its worker was killed.
    let list = succeeds(d.path(), &["runs", "list", "--dir", "broken"]);
    let again = list.matches(" times ").count();
    assert!(again <= KILLS, "{again} trials were begun again after {KILLS} kills\n{list}");
    assert_eq!(succeeds(d.path(), &["runs", "list", "whole"]).matches(" times ").count(), 0);
}

const FEW: &str = "\
title = \"few\"
[train]
model = \"mlp:64-4-10\"
data = \"digits@100\"
epochs = 1
[axes]
learning_rate = [0.01, 0.1]
";

#[test]
fn a_sweep_can_be_looked_at_from_all_sides() {
    let d = fresh();
    std::fs::write(d.path().join("few.toml"), FEW).unwrap();
    let printed = succeeds(d.path(), &["sweep", "few.toml", "--jobs", "1"]);
    assert!(printed.contains("learning_rate 0.01") && printed.contains("wrote runs/few/report.html"), "{printed}");
    for file in ["report.html", "summary.json", "trials.csv", "runs.db"] {
        assert!(d.path().join("runs/few").join(file).is_file(), "{file}");
    }
    let m = fails(d.path(), &["sweep", "few.toml"]);
    assert!(m.contains("holds trials already; go on with them by `--resume`"), "{m}");
    let dir = ["--dir", "runs/few"];
    let compared = succeeds(d.path(), &[&["runs", "compare", "1", "2"][..], &dir].concat());
    assert!(compared.contains("learning_rate") && !compared.contains("momentum"), "{compared}");
    assert!(succeeds(d.path(), &[&["runs", "show", "2"][..], &dir].concat()).contains("\"test_accuracy\""));
    assert!(fails(d.path(), &[&["runs", "show", "9"][..], &dir].concat()).contains("no trial 9"));
    let m = fails(d.path(), &[&["runs", "list", "--experiment", "other"][..], &dir].concat());
    assert!(m.contains("no experiment `other`; there are: few"), "{m}");
    assert!(succeeds(d.path(), &["watch", "runs/few", "--once"]).contains("2 of 2"));
    // A report of the same records is the same but for the command that it was made by.
    let csv = std::fs::read(d.path().join("runs/few/trials.csv")).unwrap();
    succeeds(d.path(), &["report", "runs/few"]);
    assert_eq!(std::fs::read(d.path().join("runs/few/trials.csv")).unwrap(), csv);
}

#[test]
fn a_training_has_a_report_and_can_be_watched() {
    let d = fresh();
    small_run(d.path(), &[]);
    assert!(succeeds(d.path(), &["watch", "run", "--once"]).contains("2 of 2 epochs"));
    succeeds(d.path(), &["report", "run"]);
    let page = std::fs::read_to_string(d.path().join("run/report.html")).unwrap();
    for word in ["loss along training", "accuracy along training", "mlp:64-16-10"] {
        assert!(page.contains(word), "{word}");
    }
    assert!(fails(d.path(), &["report", "."]).contains("neither runs.db nor metrics.jsonl"));
}

#[test]
fn a_trial_that_cannot_be_run_is_named_and_the_others_go_on() {
    let d = fresh();
    let text = FEW.replace("learning_rate = [0.01, 0.1]", "model = [\"mlp:64-4-10\", \"mlp:63-4-10\"]");
    std::fs::write(d.path().join("few.toml"), text).unwrap();
    let out = super::dupin(d.path(), &["sweep", "few.toml", "--quiet"]);
    let printed = super::text(&out.stdout);
    assert_eq!(out.status.code(), Some(1), "{printed}{}", super::text(&out.stderr));
    assert!(printed.contains("could not run:") && printed.contains("63"), "{printed}");
    let list = succeeds(d.path(), &["runs", "list", "--dir", "runs/few"]);
    assert!(list.contains("done") && list.contains("failed"), "{list}");
}
