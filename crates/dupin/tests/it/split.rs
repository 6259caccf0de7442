//! `dupin split`.

use super::{fresh, small_run, succeeds};

#[test]
fn traces_add_up_and_json_holds_them() {
    let d = fresh();
    small_run(d.path(), &[]);
    let args = [
        "split",
        "--checkpoint",
        "run/model.safetensors",
        "--data",
        "digits",
        "--examples",
        "100",
        "--probes",
        "6",
        "--lanczos",
        "10",
    ];
    let measure = |estimator: &str| -> serde_json::Value {
        serde_json::from_str(&succeeds(d.path(), &[&args[..], &["--json", "--estimator", estimator]].concat())).unwrap()
    };
    let part = |json: &serde_json::Value, part: &str, what: &str| json["trace"][part][what].as_f64().unwrap();
    for estimator in ["structured", "hutchinson"] {
        let json = measure(estimator);
        let value = |p: &str| part(&json, p, "value");
        assert!((value("hessian") - value("gauss_newton") - value("nme")).abs() < 1e-6 * value("gauss_newton"));
        assert!(value("gauss_newton") > 0.0 && part(&json, "gauss_newton", "std_error") > 0.0);
        assert_eq!(json["trace"]["nme"]["estimator"], estimator);
    }
    let (json, other) = (measure("auto"), measure("hutchinson"));
    assert_eq!(json["trace"]["nme"]["estimator"], "structured");
    let apart = part(&json, "nme", "value") - part(&other, "nme", "value");
    let error = part(&json, "nme", "std_error").hypot(part(&other, "nme", "std_error"));
    assert!(apart.abs() < 4.0 * error, "{apart} with an error of {error}");
    assert_eq!(json["parameters"], 1210);
    assert_eq!(json["layers"].as_array().unwrap().len(), 2);
    let e = &json["eigenvalues"]["nme"];
    assert!(e["smallest"].as_f64().unwrap() < 0.0 && e["largest"].as_f64().unwrap() > 0.0);
    let table = succeeds(d.path(), &args);
    for word in ["mlp:64-16-10 with gelu", "trace", "largest eigenvalue", "gᵀAg / gᵀg", "Diagonal blocks of the layers"] {
        assert!(table.contains(word), "{word} in {table}");
    }
}

#[test]
fn results_do_not_depend_on_batches_or_threads() {
    let d = fresh();
    let run = |batch: &str, threads: &str| -> serde_json::Value {
        let args =
            ["split", "--model", "net:1x8x8,conv4s2,act,flatten,fc10", "--act", "gelu", "--data", "digits", "--examples", "70"];
        let rest = ["--dtype", "f64", "--probes", "4", "--lanczos", "0", "--json", "--batch", batch, "--threads", threads];
        serde_json::from_str(&succeeds(d.path(), &[&args[..], &rest].concat())).unwrap()
    };
    let (whole, cut) = (run("70", "2"), run("32", "1"));
    let value = |v: &serde_json::Value| v["trace"]["nme"]["value"].as_f64().unwrap();
    assert!((value(&whole) - value(&cut)).abs() <= 1e-12 * (1.0 + value(&whole).abs()));
    assert_eq!(value(&whole), value(&run("70", "1")));
}

#[test]
fn a_dump_holds_what_is_needed_to_check_it() {
    let d = fresh();
    let model = "net:1x8x8,conv4s2,bn,act,flatten,fc10";
    let args =
        ["split", "--model", model, "--act", "tanh", "--data", "digits", "--examples", "20", "--probes", "2", "--lanczos", "0"];
    succeeds(d.path(), &[&args[..], &["--dtype", "f64", "--dump", "d.safetensors"]].concat());
    let file = dupin::nn::weights::read(&d.path().join("d.safetensors")).unwrap();
    let shape = |name: &str| file.tensors[name].shape().to_vec();
    assert_eq!(shape("input"), [20, 1, 8, 8]);
    assert_eq!(shape("logits"), [20, 10]);
    assert_eq!(shape("param/0.weight"), [4, 1, 3, 3]);
    assert_eq!(shape("nv1/0.weight"), [4, 1, 3, 3]);
    assert_eq!(shape("buffer/1.running_mean"), [4]);
    for (key, value) in [("model", model), ("activation", "tanh"), ("loss", "ce"), ("dtype", "F64"), ("mode", "eval")] {
        assert_eq!(file.metadata[key], value);
    }
    let at = |name: &str| file.tensors[name].to_f64();
    for name in ["0.weight", "4.bias"] {
        let (h, g, n) = (at(&format!("hv0/{name}")), at(&format!("gv0/{name}")), at(&format!("nv0/{name}")));
        assert!(h.iter().zip(g.iter().zip(&n)).all(|(h, (g, n))| (h - g - n).abs() <= 1e-12 * (1.0 + h.abs())));
    }
}
