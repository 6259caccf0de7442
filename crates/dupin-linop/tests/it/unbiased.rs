//! Every estimator is right on average: the mean over many seeds lies within four of its standard errors of the truth.

use dupin_linop::{
    Dense, Distribution, Error, Estimate, Rng, RunningMean, StoppingRule, frobenius_squared, hutchinson, hutchpp,
    lanczos_quadrature, xtrace,
};

use crate::{random_indefinite, trace, with_spectrum};

const N: usize = 24;
const SEEDS: u64 = 400;

type Estimator = fn(&Dense, &mut Rng) -> Result<Estimate, Error>;

const TRACES: [(&str, Estimator); 6] = [
    ("hutchinson, signs", |a, rng| hutchinson(a, Distribution::Rademacher, &StoppingRule::products(12), rng)),
    ("hutchinson, normals", |a, rng| hutchinson(a, Distribution::Gaussian, &StoppingRule::products(12), rng)),
    ("hutchpp, signs", |a, rng| hutchpp(a, 4, Distribution::Rademacher, &StoppingRule::products(12), rng)),
    ("hutchpp, normals", |a, rng| hutchpp(a, 4, Distribution::Gaussian, &StoppingRule::products(12), rng)),
    ("xtrace", |a, rng| xtrace(a, &StoppingRule::products(12), rng)),
    ("lanczos_quadrature", |a, rng| Ok(lanczos_quadrature(a, 2, 6, rng)?.trace_of(|x| x))),
];

/// Indefinite flat, positive decaying, and indefinite with a dominant negative end.
fn operators() -> [Dense; 3] {
    let decaying: Vec<f64> = (0..N).map(|i| 0.6_f64.powi(i as i32)).collect();
    let negative: Vec<f64> = (0..N).map(|i| if i == 0 { -30.0 } else { 1.0 / i as f64 }).collect();
    [random_indefinite(N, 1), with_spectrum(&decaying, 2), with_spectrum(&negative, 3)]
}

fn z_score(exact: f64, estimate: impl Fn(&mut Rng) -> f64) -> f64 {
    let mean: RunningMean = (0..SEEDS).map(|seed| estimate(&mut Rng::new(seed))).collect();
    (mean.mean() - exact) / mean.std_error().expect("there are several seeds")
}

#[test]
fn traces_are_right_on_average() {
    for (case, a) in operators().iter().enumerate() {
        for (name, estimator) in TRACES {
            let z = z_score(trace(a, N), |rng| estimator(a, rng).unwrap().value);
            assert!(z.abs() < 4.0, "{name} on operator {case} is off by {z} standard errors");
        }
    }
}

/// One run, judged by the standard error that it reports itself; that of XTrace is promised to a factor of two.
#[test]
fn each_reports_an_error_that_explains_its_own() {
    for (case, a) in operators().iter().enumerate() {
        let rule = StoppingRule::products(40);
        let runs = [
            hutchinson(a, Distribution::Rademacher, &rule, &mut Rng::new(5)),
            hutchinson(a, Distribution::Gaussian, &rule, &mut Rng::new(5)),
            hutchpp(a, 6, Distribution::Rademacher, &rule, &mut Rng::new(5)),
            xtrace(a, &StoppingRule::products(20), &mut Rng::new(5)),
        ];
        for run in runs {
            let e = run.unwrap();
            let off = (e.value - trace(a, N)).abs();
            assert!(off < 4.0 * e.std_error.unwrap(), "operator {case}: {e}, off by {off}");
        }
    }
}

#[test]
fn squared_norms_are_right_on_average() {
    for a in &operators() {
        let exact: f64 = a.entries().iter().map(|x| x * x).sum();
        for distribution in [Distribution::Rademacher, Distribution::Gaussian] {
            let rule = StoppingRule::products(8);
            let z = z_score(exact, |rng| frobenius_squared(a, distribution, &rule, rng).unwrap().value);
            assert!(z.abs() < 4.0, "{distribution:?}: off by {z} standard errors");
        }
    }
}

/// A stopping rule may bias a little towards lucky streaks, by far less than the error it stops at.
#[test]
fn a_rule_that_stops_early_keeps_the_mean_within_its_tolerance() {
    let a = with_spectrum(&(1..=N).map(|i| i as f64).collect::<Vec<_>>(), 4);
    let rule = StoppingRule::relative(0.05, 10_000);
    let mean: RunningMean =
        (0..SEEDS).map(|s| hutchinson(&a, Distribution::Gaussian, &rule, &mut Rng::new(s)).unwrap().value).collect();
    assert!((mean.mean() / trace(&a, N) - 1.0).abs() < 0.01);
}
