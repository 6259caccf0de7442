//! The spread of Hutchinson's samples is the one that theory gives, and the better methods beat it where they should.

use dupin_linop::{Distribution, Rng, RunningMean, StoppingRule, hutchinson, hutchpp, xtrace};

use crate::{random_indefinite, trace, with_spectrum};

const N: usize = 16;

/// A sample variance from `m` draws has relative standard deviation `√((κ − 1)/m)` for kurtosis `κ`. Quadratic forms of normals or
/// signs have `κ ≤ 15` (that of a single `χ²₁`), so four of those bound the deviation.
#[test]
fn one_probe_has_the_variance_of_theory() {
    let probes = 20_000;
    let tolerance = 4.0 * (14.0 / probes as f64).sqrt();
    for seed in 0..3 {
        let a = random_indefinite(N, seed);
        let all: f64 = a.entries().iter().map(|x| x * x).sum();
        let diagonal: f64 = (0..N).map(|i| a.entry(i, i).powi(2)).sum();
        for (distribution, theory) in [(Distribution::Rademacher, 2.0 * (all - diagonal)), (Distribution::Gaussian, 2.0 * all)] {
            let e = hutchinson(&a, distribution, &StoppingRule::products(probes), &mut Rng::new(seed)).unwrap();
            let variance = e.std_error.unwrap().powi(2) * probes as f64;
            assert!((variance / theory - 1.0).abs() < tolerance, "{distribution:?}: {variance} against {theory}");
        }
    }
}

/// On `λᵢ = 0.7ⁱ` with 30 products, errors order as published: XTrace below Hutch++ below Hutchinson. The mean squares over a
/// hundred seeds are known to a small factor; each step is asked to gain ten and four.
#[test]
fn sketches_pay_on_decaying_spectra() {
    let (n, rule) = (60, StoppingRule::products(30));
    let values: Vec<f64> = (0..n).map(|i| 0.7_f64.powi(i)).collect();
    let a = with_spectrum(&values, 1);
    let exact = trace(&a, values.len());
    let mean_square = |estimate: &dyn Fn(&mut Rng) -> f64| {
        let squares: RunningMean = (0..100).map(|seed| (estimate(&mut Rng::new(seed)) - exact).powi(2)).collect();
        squares.mean()
    };
    let plain = mean_square(&|rng| hutchinson(&a, Distribution::Gaussian, &rule, rng).unwrap().value);
    let sketched = mean_square(&|rng| hutchpp(&a, 10, Distribution::Gaussian, &rule, rng).unwrap().value);
    let exchanged = mean_square(&|rng| xtrace(&a, &rule, rng).unwrap().value);
    assert!(10.0 * sketched < plain && 4.0 * exchanged < sketched, "{plain:e}, {sketched:e}, {exchanged:e}");
}
