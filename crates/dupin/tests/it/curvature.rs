//! `dupin diag`, `dupin landscape`, `dupin compare` and `dupin train --track`.

use super::{dupin, fails, fresh, small_run, succeeds, text};

fn json(folder: &std::path::Path, args: &[&str]) -> serde_json::Value {
    serde_json::from_str(&succeeds(folder, &[args, &["--json"]].concat())).unwrap()
}

#[test]
fn diagonals_sum_to_traces() {
    let d = fresh();
    small_run(d.path(), &[]);
    let on = ["--checkpoint", "run/model.safetensors", "--data", "digits", "--examples", "60", "--dtype", "f64"];
    let diag = json(d.path(), &[&["diag"][..], &on].concat());
    let rows = diag["parameters"].as_array().unwrap();
    let sum: f64 = rows.iter().map(|r| r["gauss_newton"]["mean"].as_f64().unwrap() * r["entries"].as_f64().unwrap()).sum();
    let split = json(d.path(), &[&["split", "--lanczos", "0", "--probes", "16"][..], &on].concat());
    let trace = &split["trace"]["gauss_newton"];
    let error = trace["std_error"].as_f64().unwrap();
    assert!((sum - trace["value"].as_f64().unwrap()).abs() < 4.0 * error, "{sum} is not {trace}");
    let norms = &diag["gradient_norms"];
    assert!(norms["least"].as_f64() < norms["median"].as_f64() && norms["median"].as_f64() < norms["greatest"].as_f64());
    let table = succeeds(d.path(), &[&["diag", "--check", "--dump", "diag.safetensors"][..], &on].concat());
    assert!(table.contains("agree") && table.contains("0.weight") && table.contains("± of an entry"), "{table}");
    assert!(d.path().join("diag.safetensors").exists());
}

/// Every measuring command takes `--svg`, and draws what it measured: layers by name, or a plane's quantities below each other.
#[test]
fn every_measurement_can_be_drawn() {
    let d = fresh();
    small_run(d.path(), &[]);
    let checkpoint = ["--checkpoint", "run/model.safetensors"];
    let on = ["--data", "digits", "--examples", "40", "--svg", "picture.svg"];
    let commands: [(&[&str], &[&str]); 6] = [
        (&["split", "--lanczos", "0"], &["tr N", "2"]),
        (&["trace", "--probes", "4"], &["tr N", "2"]),
        (&["diag", "--probes", "2"], &["2.bias", "mean entry"]),
        (&["spectrum", "--probes", "2", "--steps", "5"], &["eigenvalue"]),
        (&["eigs", "--top", "1"], &["eigenvalue"]),
        (&["landscape", "--points", "3", "--probes", "1"], &["‖N‖ (Frobenius) of", "‖G‖ (Frobenius) of", "loss of"]),
    ];
    for (command, shown) in commands {
        succeeds(d.path(), &[command, &checkpoint, &on].concat());
        let svg = std::fs::read_to_string(d.path().join("picture.svg")).unwrap();
        for text in shown {
            assert!(svg.contains(text), "{command:?} does not show {text}");
        }
        std::fs::remove_file(d.path().join("picture.svg")).unwrap();
    }
    succeeds(d.path(), &[&["compare", "run/model.safetensors", "run/model.safetensors", "--lanczos", "0"][..], &on].concat());
    let svg = std::fs::read_to_string(d.path().join("picture.svg")).unwrap();
    assert!(svg.contains("tr N of B"), "{svg}");
}

/// The numbers are there before the picture: what was computed is not lost to a path that cannot be written.
#[test]
fn a_picture_that_cannot_be_written_costs_no_numbers() {
    let d = fresh();
    let net = ["trace", "--model", "mlp:64-6-10", "--data", "digits", "--examples", "40", "--probes", "2"];
    let out = dupin(d.path(), &[&net[..], &["--svg", "missing/picture.svg"]].concat());
    assert_eq!(out.status.code(), Some(2));
    assert!(text(&out.stdout).contains("tr N"), "{}", text(&out.stdout));
    assert!(text(&out.stderr).contains("missing/picture.svg"), "{}", text(&out.stderr));
}

/// What a check finds is part of the report: JSON stays JSON.
#[test]
fn a_check_is_part_of_the_report() {
    let d = fresh();
    let net =
        ["diag", "--model", "mlp:64-6-10", "--data", "digits", "--examples", "40", "--batch", "40", "--probes", "0", "--check"];
    let report = json(d.path(), &net);
    assert_eq!(report["check"]["batches"], serde_json::json!([40, 21]));
    assert!(report["check"]["differences"]["gradient"].as_f64().unwrap() < 1e-5, "{report}");
}

#[test]
fn a_loss_that_depends_on_the_batches_fails_the_check() {
    let d = fresh();
    let net = ["--model", "net:64,fc8,bn,act,fc10", "--data", "digits", "--examples", "40", "--batch", "40", "--check"];
    assert!(succeeds(d.path(), &[&["diag", "--probes", "0"][..], &net].concat()).contains("agree"));
    let message = fails(d.path(), &[&["diag", "--mode", "train"][..], &net].concat());
    assert!(message.contains("depends on the others of its batch"), "{message}");
}

#[test]
fn a_plane_of_weights_and_a_line_are_drawn() {
    let d = fresh();
    let net = ["landscape", "--model", "mlp:64-6-10", "--data", "digits", "--examples", "10", "--loss", "mse", "--dtype", "f64"];
    let plane = ["--x", "0.weight[2,20]", "--y", "0.weight[2,21]", "--points", "5", "--radius", "2", "--out", "plane"];
    let told = succeeds(d.path(), &[&net[..], &plane].concat());
    assert!(told.contains("‖N‖ (Frobenius)") && told.contains("wrote loss.svg, nme.svg, gauss_newton.svg"), "{told}");
    let svg = std::fs::read_to_string(d.path().join("plane/nme.svg")).unwrap();
    assert!(svg.contains("heat above") && svg.contains("0.weight[2,20]"));
    let numbers: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(d.path().join("plane/landscape.json")).unwrap()).unwrap();
    assert_eq!(numbers["loss"].as_array().unwrap().len(), 25);
    // The middle of the plane is the net itself.
    let split = json(
        d.path(),
        &[
            "split",
            "--model",
            "mlp:64-6-10",
            "--data",
            "digits",
            "--examples",
            "10",
            "--loss",
            "mse",
            "--dtype",
            "f64",
            "--lanczos",
            "0",
        ],
    );
    assert!((numbers["loss"][12].as_f64().unwrap() - split["loss"].as_f64().unwrap()).abs() < 1e-12);

    let line = json(d.path(), &[&net[..], &["--x", "hessian:1", "--y", "none", "--points", "3", "--probes", "0"]].concat());
    assert_eq!((line["loss"].as_array().unwrap().len(), &line["nme_norm"]), (3, &serde_json::Value::Null));
    let message = fails(d.path(), &[&net[..], &["--x", "0.weight[9,0]"]].concat());
    assert!(message.contains("`0.weight` has the shape [6, 64], so [9, 0] is none of its entries"), "{message}");
    let message = fails(d.path(), &[&net[..], &["--x", "sideways"]].concat());
    assert!(message.contains("`sideways` is not a direction"), "{message}");
}

#[test]
fn two_checkpoints_are_set_side_by_side() {
    let d = fresh();
    small_run(d.path(), &[]);
    let longer = [
        "train",
        "--model",
        "mlp:64-16-10",
        "--data",
        "digits@200",
        "--epochs",
        "3",
        "--batch",
        "50",
        "--quiet",
        "--out",
        "longer",
    ];
    succeeds(d.path(), &longer);
    let (a, b) = ("run/model.safetensors", "longer/model.safetensors");
    let on = ["--data", "digits", "--examples", "60", "--probes", "8", "--dtype", "f64"];
    let compare = |a: &str, b: &str| json(d.path(), &[&["compare", a, b][..], &on].concat());
    let report = compare(a, b);
    let value = |side: &str, i: usize| report[side]["traces"][i]["gauss_newton"]["value"].as_f64().unwrap();
    for i in 0..3 {
        let change = report["change"][i]["gauss_newton"]["value"].as_f64().unwrap();
        assert!((change - (value("second", i) - value("first", i))).abs() < 1e-9 * value("first", i));
    }
    let same = compare(a, a);
    assert_eq!(same["relative_distance"].as_f64(), Some(0.0));
    for i in 0..3 {
        for part in ["hessian", "gauss_newton", "nme"] {
            let change = &same["change"][i][part];
            assert_eq!((change["value"].as_f64(), change["std_error"].as_f64()), (Some(0.0), Some(0.0)), "{part}");
        }
    }
    let table = succeeds(d.path(), &[&["compare", a, b][..], &on].concat());
    assert!(table.contains("B - A") && table.contains("the same draws for A and B"), "{table}");
    let other = ["train", "--model", "mlp:64-8-10", "--data", "digits@200", "--epochs", "1", "--quiet", "--out", "other"];
    succeeds(d.path(), &other);
    let message = fails(d.path(), &["compare", a, "other/model.safetensors", "--data", "digits"]);
    assert!(message.contains("networks with other parameters have no differences"), "{message}");
}

#[test]
fn a_run_is_tracked_and_goes_on_being_tracked() {
    let d = fresh();
    let track = ["--track", "trace,top,share", "--every", "3", "--track-examples", "30", "--track-probes", "2"];
    small_run(d.path(), &track);
    let lines = |folder: &str| -> Vec<serde_json::Value> {
        let text = std::fs::read_to_string(d.path().join(folder).join("curvature.jsonl")).unwrap();
        text.lines().map(|l| serde_json::from_str(l).unwrap()).collect()
    };
    // Two epochs of four steps.
    let found = lines("run");
    assert_eq!(found.iter().map(|l| l["step"].as_u64().unwrap()).collect::<Vec<_>>(), [0, 3, 6]);
    for l in &found {
        assert_eq!(l["trace"].as_array().unwrap().len(), 3);
        assert_eq!(l["top"].as_array().unwrap().len(), 5);
        let share = l["share"]["value"].as_f64().unwrap();
        assert!((0.0..=1.0).contains(&share));
    }
    assert_ne!(found[0]["loss"], found[2]["loss"]);
    // Tracking changes nothing of the run.
    let plain = [
        "train",
        "--model",
        "mlp:64-16-10",
        "--data",
        "digits@200",
        "--epochs",
        "2",
        "--batch",
        "50",
        "--quiet",
        "--out",
        "plain",
    ];
    succeeds(d.path(), &plain);
    let read = |folder: &str| std::fs::read_to_string(d.path().join(folder).join("metrics.jsonl")).unwrap();
    let losses = |text: &str| -> Vec<serde_json::Value> {
        text.lines().map(|l| serde_json::from_str::<serde_json::Value>(l).unwrap()["test_loss"].clone()).collect()
    };
    assert_eq!(losses(&read("run")), losses(&read("plain")));
    let out = dupin(d.path(), &["train", "--model", "mlp:64-16-10", "--data", "digits", "--track", "trace"]);
    assert_eq!(out.status.code(), Some(2));
    assert!(text(&out.stderr).contains("give one by `--out DIR`"), "{}", text(&out.stderr));
}
