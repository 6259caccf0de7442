//! Estimators on the matrices of nets, not on made-up ones: H, G and N of small networks, entry by entry.
//!
//! Their spectra are what estimators meet in use: a few large eigenvalues, many near zero, both signs in N. All seeds are fixed.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod problem;

use dupin_curvature::{Split, SplitParams, dense};
use dupin_ir::Reference;
use dupin_linop::{
    Dense, Distribution, Error, Estimate, Rng, RunningMean, StoppingRule, SymmetricOperator, eigenvalues, frobenius_squared,
    hutchinson, hutchinson_diagonal, hutchpp, lanczos_quadrature, xdiag, xtrace,
};
use problem::{NETS, Problem};

/// The three matrices of the nets of [`problem`], which have 50 to 200 parameters.
fn matrices() -> Vec<(String, Dense)> {
    let mut out = Vec::new();
    for (spec, activation) in NETS {
        let p = Problem::new(spec, activation);
        let params = SplitParams { block: 8, ..Default::default() };
        let split = Split::new(&Reference, p.trace().0.traced, &p.params, vec![p.data.clone()], params).unwrap();
        let d = dense(&split, 1000).unwrap();
        out.extend([("H", d.hessian), ("G", d.gauss_newton), ("N", d.nme)].map(|(part, a)| (format!("{part} of {spec}"), a)));
    }
    assert_eq!(out.len(), 3 * NETS.len());
    out
}

fn trace(a: &Dense) -> f64 {
    (0..a.dim()).map(|i| a.entry(i, i)).sum()
}

fn squares(a: &Dense) -> f64 {
    a.entries().iter().map(|x| x * x).sum()
}

/// How many standard errors of a mean over seeds the truth is away.
fn z_score(exact: f64, seeds: u64, estimate: impl Fn(&mut Rng) -> f64) -> f64 {
    let mean: RunningMean = (0..seeds).map(|seed| estimate(&mut Rng::new(seed))).collect();
    (mean.mean() - exact) / mean.std_error().unwrap()
}

type Estimator = fn(&Dense, &mut Rng) -> Result<Estimate, Error>;

const TRACES: [(&str, Estimator); 5] = [
    ("hutchinson, signs", |a, rng| hutchinson(a, Distribution::Rademacher, &StoppingRule::products(12), rng)),
    ("hutchinson, normals", |a, rng| hutchinson(a, Distribution::Gaussian, &StoppingRule::products(12), rng)),
    ("hutchpp", |a, rng| hutchpp(a, 4, Distribution::Rademacher, &StoppingRule::products(12), rng)),
    // With as many probes as G has large eigenvalues XTrace is nearly exact and errs in rare draws, whose mean 150 seeds do not show: with 12
    // products it was 4.9 standard errors off on one net after 150 seeds and 0.3 after 20,000.
    ("xtrace", |a, rng| xtrace(a, &StoppingRule::products(6), rng)),
    ("lanczos_quadrature", |a, rng| Ok(lanczos_quadrature(a, 2, 6, rng)?.trace_of(|x| x))),
];

/// 4.5 standard errors: 84 comparisons of one truth each, of which the largest is above that once in two thousand tries.
#[test]
fn traces_norms_and_diagonals_of_nets_are_right_on_average() {
    for (name, a) in matrices() {
        for (method, estimator) in TRACES {
            let z = z_score(trace(&a), 150, |rng| estimator(&a, rng).unwrap().value);
            assert!(z.abs() < 4.5, "{method} of {name} is off by {z} standard errors");
        }
        let rule = StoppingRule::products(8);
        let z = z_score(squares(&a), 150, |rng| frobenius_squared(&a, Distribution::Gaussian, &rule, rng).unwrap().value);
        assert!(z.abs() < 4.5, "frobenius_squared of {name} is off by {z} standard errors");
        // One number of a diagonal: its product with a fixed vector that weighs every entry.
        let weights: Vec<f64> = (0..a.dim()).map(|i| (i as f64).cos()).collect();
        let weigh = |d: &[f64]| d.iter().zip(&weights).map(|(d, w)| d * w).sum::<f64>();
        let exact = weigh(&(0..a.dim()).map(|i| a.entry(i, i)).collect::<Vec<_>>());
        let z = z_score(exact, 150, |rng| weigh(&hutchinson_diagonal(&a, 12, rng).unwrap().values));
        assert!(z.abs() < 4.5, "hutchinson_diagonal of {name} is off by {z} standard errors");
        let z = z_score(exact, 150, |rng| weigh(&xdiag(&a, 12, rng).unwrap().values));
        assert!(z.abs() < 4.5, "xdiag of {name} is off by {z} standard errors");
    }
}

/// One probe's variance is `2(‖A‖_F² - Σ aᵢᵢ²)` with signs and `2‖A‖_F²` with normals. A variance from `m` draws has relative standard
/// deviation `√((κ - 1)/m)` for kurtosis `κ`, and that of a quadratic form in normals or signs is at most 15 (that of one `χ²₁`).
#[test]
fn one_probe_of_a_net_has_the_variance_of_theory() {
    let probes = 3000;
    let tolerance = 4.5 * (14.0 / probes as f64).sqrt();
    for (name, a) in matrices() {
        let diagonal: f64 = (0..a.dim()).map(|i| a.entry(i, i).powi(2)).sum();
        for (distribution, theory) in
            [(Distribution::Rademacher, 2.0 * (squares(&a) - diagonal)), (Distribution::Gaussian, 2.0 * squares(&a))]
        {
            let e = hutchinson(&a, distribution, &StoppingRule::products(probes), &mut Rng::new(7)).unwrap();
            let variance = e.std_error.unwrap().powi(2) * probes as f64;
            assert!((variance / theory - 1.0).abs() < tolerance, "{distribution:?} on {name}: {variance} against {theory}");
        }
    }
}

/// Student's interval of `n` samples with skewness `γ` and excess kurtosis `κ` misses its confidence by
/// `2 z φ(z) (κ (z² - 3)/12 - γ² (z⁴ + 2z² - 3)/18)/n` (Hall 1992, The Bootstrap and Edgeworth Expansion, 2.6), which for quadratic forms, `γ² ≤ 8` and `κ ≤ 12`, is
/// between `-2/n` and `0.2/n` at 95 %; the first two nets. Four standard deviations of a frequency come on top.
#[test]
fn trace_intervals_of_nets_cover() {
    let (probes, runs) = (100, 150_u64);
    let noise = 4.0 * (0.95 * 0.05 / runs as f64).sqrt();
    for (name, a) in matrices().into_iter().take(6) {
        for distribution in [Distribution::Rademacher, Distribution::Gaussian] {
            let hit = |seed: u64| {
                let e = hutchinson(&a, distribution, &StoppingRule::products(probes), &mut Rng::new(seed)).unwrap();
                e.confidence_interval(0.95).unwrap().contains(trace(&a))
            };
            let covered = (0..runs).filter(|&s| hit(s)).count() as f64 / runs as f64;
            let (low, high) = (0.95 - 2.0 / probes as f64 - noise, 0.95 + 0.2 / probes as f64 + noise);
            assert!((low..=high).contains(&covered), "{distribution:?} on {name}: {covered}, not in {low} to {high}");
        }
    }
}

/// Moments up to degree `2m - 1` are those of the eigenvalues on average. The mean quadrature is then within Jackson's bound `π/(2m)` times half the
/// range of the spectrum in the Wasserstein distance, but for the noise of `P` probes: the weight of the eigenvalues below any point has
/// standard deviation at most `√(1/(2nP))`, of which four over the whole range are allowed.
#[test]
fn densities_of_nets_are_those_of_their_eigenvalues() {
    let (probes, steps) = (200, 4);
    for (name, a) in matrices() {
        let n = a.dim();
        let exact = eigenvalues(&a, 1000).unwrap();
        let density = lanczos_quadrature(&a, probes, steps, &mut Rng::new(3)).unwrap();
        for power in 1..2 * steps as u32 {
            let truth = exact.iter().map(|x| x.powi(power as i32)).sum::<f64>() / n as f64;
            let e = density.moment(power);
            let z = (e.value - truth) / e.std_error.unwrap();
            assert!(z.abs() < 4.5, "moment {power} of {name} is off by {z} standard errors");
        }
        let mut jumps: Vec<(f64, f64)> = exact.iter().map(|&x| (x, 1.0 / n as f64)).collect();
        for q in &density.quadratures {
            jumps.extend(q.nodes.iter().zip(&q.weights).map(|(&x, &w)| (x, -w / probes as f64)));
        }
        jumps.sort_by(|x, y| x.0.total_cmp(&y.0));
        let (mut distance, mut difference) = (0.0, 0.0_f64);
        for pair in jumps.windows(2) {
            difference += pair[0].1;
            distance += difference.abs() * (pair[1].0 - pair[0].0);
        }
        let range = exact[n - 1] - exact[0];
        let bound = range * (std::f64::consts::PI / (4 * steps) as f64 + 4.0 * (0.5 / (n * probes) as f64).sqrt());
        assert!(distance < bound && distance > 0.0, "{name}: {distance}, bound {bound}");
    }
}
