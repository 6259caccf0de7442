//! `dupin trace`, `dupin spectrum` and `dupin eigs`.

use std::path::Path;

use serde_json::Value;

use super::{fails, fresh, small_run, succeeds};

/// The same small network, trained, for all of them.
fn subject(folder: &Path) -> [&'static str; 8] {
    small_run(folder, &[]);
    ["--checkpoint", "run/model.safetensors", "--data", "digits", "--examples", "100", "--dtype", "f64"]
}

fn json(folder: &Path, command: &str, subject: &[&str], rest: &[&str]) -> Value {
    serde_json::from_str(&succeeds(folder, &[&[command], subject, &["--json", "--quiet"], rest].concat())).unwrap()
}

fn number(v: &Value) -> f64 {
    v.as_f64().unwrap_or_else(|| panic!("{v} is not a number"))
}

/// Every estimator, each to its error: they agree within their intervals, and say what ended them.
#[test]
fn traces_of_every_estimator_agree_and_reach_the_error_asked_for() {
    let d = fresh();
    let subject = subject(d.path());
    let run = |estimator: &str| {
        json(d.path(), "trace", &subject, &["--estimator", estimator, "--rel-error", "0.1", "--matrix", "gauss-newton"])
    };
    let reference = run("auto");
    assert_eq!(reference["traces"][0]["estimator"], "structured");
    for estimator in ["structured", "hutchinson", "hutchpp", "xtrace"] {
        let r = run(estimator);
        let t = &r["traces"][0];
        assert_eq!((&t["estimator"], &t["ended"]), (&estimator.into(), &"tolerance".into()), "{t}");
        assert!(number(&t["half_width"]) <= 0.1 * number(&t["scale"]));
        let off = number(&t["value"]) - number(&reference["traces"][0]["value"]);
        let error = number(&t["std_error"]).hypot(number(&reference["traces"][0]["std_error"]));
        assert!(off.abs() < 4.0 * error, "{estimator} is off by {off} with an error of {error}");
        // The stopping rule's own error is the one that is known: to the one asked for, 4 standard errors are 0.2 of the trace.
        assert!(error < 0.1 * number(&t["value"]), "the test would accept anything");
    }
    let fixed = json(d.path(), "trace", &subject, &["--probes", "3", "--estimator", "hutchinson"]);
    let value = |j: usize| number(&fixed["traces"][j]["value"]);
    assert!((value(0) - value(1) - value(2)).abs() < 1e-9 * value(0).abs(), "tr H = tr G + tr N");
    assert_eq!((&fixed["traces"][2]["matvecs"], &fixed["traces"][2]["ended"]), (&3.into(), &"budget".into()));
    let sum: f64 = fixed["layers"].as_array().unwrap().iter().map(|l| number(&l["traces"][2]["value"])).sum();
    assert!((sum - value(2)).abs() < 1e-9 * value(0).abs(), "layers add up");
}

#[test]
fn a_trace_that_was_stopped_goes_on_to_the_same_digits() {
    let d = fresh();
    let subject = subject(d.path());
    for estimator in ["structured", "hutchinson"] {
        let run = |budget: &str, state: &str| {
            let args = ["--estimator", estimator, "--rel-error", "0.03", "--budget", budget, "--state", state];
            json(d.path(), "trace", &subject, &args)["traces"].clone()
        };
        let (state, other) = (format!("{estimator}-a"), format!("{estimator}-b"));
        let whole = run("40", &state);
        let stopped = run("10", &other);
        assert!(number(&stopped[1]["matvecs"]) <= 10.0);
        // Passes of a structured run come in chunks, whose cut depends on the budget: the estimates agree, Hutchinson's to the bit.
        let resumed = run("40", &other);
        if estimator == "hutchinson" {
            assert_eq!(resumed, whole);
        }
        assert_eq!(run("40", &state), whole, "a finished run has nothing to add");
        let off = number(&resumed[1]["value"]) - number(&whole[1]["value"]);
        assert!(off.abs() < 4.0 * number(&whole[1]["std_error"]).hypot(number(&resumed[1]["std_error"])));
    }
    let error = fails(d.path(), &[&["trace"], &subject[..6], &["--estimator", "hutchinson", "--state", "hutchinson-a"]].concat());
    assert!(error.contains("is the state of another measurement"), "{error}");
}

/// The nodes of as many steps as matter hold the trace exactly, per probe: the same probes as `dupin trace`.
#[test]
fn the_spectrum_adds_up_and_is_drawn() {
    let d = fresh();
    let subject = subject(d.path());
    let r = json(d.path(), "spectrum", &subject, &["--probes", "3", "--steps", "20", "--svg", "s.svg"]);
    let m = |j: usize| &r["matrices"][j];
    let trace = |j: usize| number(&m(j)["trace"]["value"]);
    assert!((trace(0) - trace(1) - trace(2)).abs() < 1e-9 * trace(0).abs());
    assert!(number(&m(1)["negative_share"]["value"]) < 1e-6, "G has no negative eigenvalues");
    assert!((0.05..0.95).contains(&number(&m(2)["negative_share"]["value"])));
    assert!(number(&m(1)["smallest_node"]) > -1e-9 * number(&m(1)["largest_node"]));
    let rank = |j: usize, name: &str| number(&m(j)["effective_rank"][name]["value"]);
    for j in 0..3 {
        // Cauchy and Schwarz, and Jensen: stable ≤ intrinsic, participation ≤ entropic, none above the dimension.
        assert!(rank(j, "stable") <= rank(j, "intrinsic") && rank(j, "participation") <= rank(j, "entropic"));
        assert!(rank(j, "stable") >= 0.5 && rank(j, "entropic") <= 1210.0);
    }
    // The drawn density holds every eigenvalue.
    let drawn = &m(0)["drawn"];
    let list = |name: &str| drawn[name].as_array().unwrap().iter().map(number).collect::<Vec<f64>>();
    let (x, y) = (list("eigenvalues"), list("per_decade"));
    let linear = 1e-3 * number(&m(0)["largest_node"]).max(number(&m(1)["largest_node"])).max(number(&m(2)["largest_node"]));
    let decade = |x: f64| (0.5 * x / linear).asinh() / std::f64::consts::LN_10;
    let mass: f64 = x.windows(2).zip(y.windows(2)).map(|(x, y)| (decade(x[1]) - decade(x[0])) * (y[0] + y[1]) / 2.0).sum();
    assert!((mass / 1210.0 - 1.0).abs() < 0.01, "{mass} of 1210 eigenvalues are drawn");
    let svg = std::fs::read_to_string(d.path().join("s.svg")).unwrap();
    assert!(svg.contains("<svg") && svg.contains("eigenvalues per decade"));
    let table = succeeds(d.path(), &[&["spectrum"], &subject[..], &["--probes", "2", "--steps", "5"]].concat());
    assert!(table.contains("Frobenius norm") && table.contains("the same probes for every matrix"), "{table}");
    let layer = json(d.path(), "spectrum", &subject, &["--probes", "3", "--steps", "20", "--layer", "2"]);
    let whole = json(d.path(), "trace", &subject, &["--probes", "3", "--estimator", "hutchinson"]);
    assert_eq!((&layer["dim"], &layer["layer"]), (&170.into(), &"2".into()));
    // Other probes, since there are fewer entries: within the errors of both.
    let (a, b) = (&layer["matrices"][1]["trace"], &whole["layers"][1]["traces"][1]);
    let off = number(&a["value"]) - number(&b["value"]);
    assert!(off.abs() < 6.0 * number(&a["std_error"]).hypot(number(&b["std_error"])), "{a} and {b}");
    let error = fails(d.path(), &[&["spectrum"], &subject[..], &["--layer", "9"]].concat());
    assert!(error.contains("`9` fits no parameter"), "{error}");
    let error = fails(d.path(), &[&["spectrum"], &subject[..], &["--width", "0"]].concat());
    assert!(error.contains("`--width 0` must be a number above 0"), "{error}");
}

/// Both methods, saved and stored: values within their residuals, the parts of a Rayleigh quotient adding up.
#[test]
fn eigenpairs_of_both_methods_agree_and_a_stopped_run_goes_on() {
    let d = fresh();
    let subject = subject(d.path());
    let args = ["--top", "3", "--tolerance", "1e-6", "--save", "v.safetensors"];
    let lanczos = json(d.path(), "eigs", &subject, &args);
    let lobpcg = json(d.path(), "eigs", &subject, &[&args[..4], &["--method", "lobpcg"]].concat());
    for (a, b) in lanczos["matrices"].as_array().unwrap().iter().zip(lobpcg["matrices"].as_array().unwrap()) {
        assert_eq!((&a["converged"], &b["converged"]), (&true.into(), &true.into()));
        let (pairs, others) = (a["pairs"].as_array().unwrap(), b["pairs"].as_array().unwrap());
        assert_eq!(pairs.len(), if a["matrix"] == "gauss_newton" { 3 } else { 6 });
        let largest = number(&pairs[0]["eigenvalue"]).abs().max(number(&pairs[pairs.len() - 1]["eigenvalue"]).abs());
        for (p, q) in pairs.iter().zip(others) {
            let value = number(&p["eigenvalue"]);
            assert!((value - number(&q["eigenvalue"])).abs() <= 2e-6 * largest, "{p} and {q}");
            assert!(number(&p["residual"]) <= 1.01e-6 * largest);
            let parts = number(&p["gauss_newton"]) + number(&p["nme"]);
            let of = match a["matrix"].as_str().unwrap() {
                "hessian" => parts,
                "nme" => number(&p["nme"]),
                _ => number(&p["gauss_newton"]),
            };
            assert!((of - value).abs() <= 1e-9 * largest, "{of} against {value}");
        }
    }
    let overlap = &lanczos["overlaps"][0];
    assert_eq!(overlap["matrices"][1], "gauss_newton");
    assert!((0.0..=1.0).contains(&number(&overlap["shared"])));
    assert!(std::fs::metadata(d.path().join("v.safetensors")).unwrap().len() > (3 + 6 + 6) * 1210 * 8);

    let run = |budget: &str, state: &str| {
        let args = ["--matrix", "nme", "--top", "4", "--basis", "20", "--budget", budget, "--state", state];
        json(d.path(), "eigs", &subject, &args)["matrices"][0]["pairs"].clone()
    };
    let whole = run("500", "one");
    assert_ne!(run("26", "two"), whole);
    assert_eq!(run("500", "two"), whole, "to the last digit");
    let error = fails(d.path(), &[&["eigs"], &subject[..6], &["--matrix", "nme", "--state", "two"]].concat());
    assert!(error.contains("is the state of another measurement"), "{error}");
    std::fs::write(d.path().join("two/lanczos-nme.safetensors"), "torn").unwrap();
    let error = fails(d.path(), &[&["eigs"], &subject[..], &["--matrix", "nme", "--state", "two"]].concat());
    assert!(error.contains("cannot be read as the state of a Lanczos run"), "{error}");
}
