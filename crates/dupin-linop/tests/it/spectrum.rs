//! Lanczos against a dense eigensolver on random indefinite matrices, and the density against the spectrum.

use dupin_linop::{LanczosParams, Projected, Rng, Scaled, Which, eigenvalues, lanczos, lanczos_quadrature, vector};
use nalgebra::{DMatrix, SymmetricEigen};

use crate::random_indefinite;

/// Each claimed pair: value as the dense solver's, residual as claimed, vectors orthonormal.
#[test]
fn both_ends_agree_with_a_dense_solver() {
    for (seed, n) in [(1, 5), (2, 40), (3, 120)] {
        let a = random_indefinite(n, seed);
        let dense = SymmetricEigen::new(DMatrix::from_row_slice(n, n, a.entries()));
        let mut exact = dense.eigenvalues.as_slice().to_vec();
        exact.sort_by(|x, y| y.total_cmp(x));
        let params = LanczosParams { which: Which::Both, count: 2, steps: n, basis: n, tolerance: 1e-9, seed };
        let pairs = lanczos(&a, &params).unwrap();
        assert!(pairs.converged && pairs.matvecs <= n);
        let expected = [exact[0], exact[1], exact[n - 2], exact[n - 1]];
        let norm = exact[0].max(-exact[n - 1]);
        let rounding = 8.0 * n as f64 * f64::EPSILON * norm;
        let measured = pairs.measured_residuals(&a).unwrap();
        for i in 0..4 {
            // Some eigenvalue is within the residual of each value (Weyl); these are the right ones.
            assert!((pairs.values[i] - expected[i]).abs() <= pairs.residual_norms[i] + rounding);
            assert!((pairs.residual_norms[i] - measured[i]).abs() <= rounding);
            for j in 0..4 {
                let product = vector::dot(&pairs.vectors[i], &pairs.vectors[j]);
                assert!((product - f64::from(u8::from(i == j))).abs() < 8.0 * n as f64 * f64::EPSILON);
            }
        }
    }
}

/// Largest and smallest alone are the two halves of both; the negated operator exchanges them.
#[test]
fn the_ends_are_told_apart_by_sign() {
    let a = random_indefinite(60, 7);
    let find = |which| {
        let params = LanczosParams { which, count: 2, steps: 60, basis: 60, tolerance: 1e-9, seed: 3 };
        (lanczos(&a, &params).unwrap().values, lanczos(&Scaled::new(-1.0, &a), &params).unwrap().values)
    };
    let ((largest, minus_smallest), (smallest, minus_largest)) = (find(Which::Largest), find(Which::Smallest));
    let close = |x: f64, y: f64| (x - y).abs() < 1e-7;
    assert!(largest[1] > 5.0 && smallest[0] < -5.0);
    assert!(close(largest[0], -minus_largest[1]) && close(largest[1], -minus_largest[0]));
    assert!(close(smallest[0], -minus_smallest[1]) && close(smallest[1], -minus_smallest[0]));
}

/// Deflating what was found shows the next one at the end.
#[test]
fn projecting_off_the_first_leaves_the_second() {
    let a = random_indefinite(50, 9);
    let exact = eigenvalues(&a, 50).unwrap();
    let params = LanczosParams { steps: 50, tolerance: 1e-12, ..LanczosParams::default() };
    let first = lanczos(&a, &params).unwrap();
    let deflated = Projected::new(&a, &first.vectors).unwrap();
    let second = lanczos(&deflated, &params).unwrap();
    assert!((second.values[0] - exact[48]).abs() < 1e-9, "{} against {}", second.values[0], exact[48]);
}

/// Distribution functions: nodes and weights of many probes against the eigenvalues, at the scale of the node spacing.
#[test]
fn the_density_has_the_mass_of_the_spectrum() {
    let n = 150;
    let a = random_indefinite(n, 4);
    let exact = eigenvalues(&a, n).unwrap();
    let density = lanczos_quadrature(&a, 30, 40, &mut Rng::new(2)).unwrap();
    let radius = exact[n - 1];
    for threshold in [-0.5, 0.0, 0.5].map(|x| x * radius) {
        // A ramp as wide as a node spacing stands for the step, which no quadrature resolves.
        let ramp = |x: f64| (0.5 + (threshold - x) / (0.2 * radius)).clamp(0.0, 1.0);
        let truth = exact.iter().map(|&x| ramp(x)).sum::<f64>() / n as f64;
        let e = density.mean_of(ramp);
        assert!((e.value - truth).abs() < 4.0 * e.std_error.unwrap(), "{e} against {truth}");
    }
    assert!(density.range().lower >= exact[0] - 1e-10 && density.range().upper <= exact[n - 1] + 1e-10);
}

/// Measures on `[a, b]` that agree in their moments up to `s` are within `π/(s + 1) · (b − a)/2` of each other in the Wasserstein
/// distance: that is twice Jackson's bound for how well polynomials of degree `s` approximate a function of slope 1. Gauss quadrature
/// of `m` steps agrees with the spectrum as the probe weights it up to `s = 2m − 1`, so this holds for every probe, without luck.
#[test]
fn each_quadrature_is_within_the_wasserstein_bound_of_the_spectrum() {
    let n = 120;
    let a = random_indefinite(n, 6);
    let dense = SymmetricEigen::new(DMatrix::from_row_slice(n, n, a.entries()));
    for steps in [3, 8, 25] {
        let mut start = vec![0.0; n];
        Rng::new(9).fill_signs(&mut start);
        let q = &lanczos_quadrature(&a, 1, steps, &mut Rng::new(9)).unwrap().quadratures[0];
        let weight = |i: usize| vector::dot(dense.eigenvectors.column(i).as_slice(), &start).powi(2) / n as f64;
        let mut jumps: Vec<(f64, f64)> = (0..n).map(|i| (dense.eigenvalues[i], weight(i))).collect();
        let range = dense.eigenvalues.max() - dense.eigenvalues.min();
        jumps.extend(q.nodes.iter().zip(&q.weights).map(|(&x, &w)| (x, -w)));
        jumps.sort_by(|x, y| x.0.total_cmp(&y.0));
        // ∫ |F − F'|, between one jump and the next.
        let (mut distance, mut difference) = (0.0, 0.0_f64);
        for pair in jumps.windows(2) {
            difference += pair[0].1;
            distance += difference.abs() * (pair[1].0 - pair[0].0);
        }
        let bound = std::f64::consts::PI / (2 * steps) as f64 * range / 2.0;
        assert!(distance < bound && distance > 0.02 * bound, "{steps} steps: {distance}, bound {bound}");
    }
}

/// Moments below twice the steps have the mean of the spectrum's over probes; the first to see the nodes only has not.
#[test]
fn moments_are_right_on_average() {
    let n = 40;
    let a = random_indefinite(n, 8);
    let exact = eigenvalues(&a, n).unwrap();
    let steps = 3;
    let density = lanczos_quadrature(&a, 3000, steps, &mut Rng::new(3)).unwrap();
    for power in 1..=6_u32 {
        let truth = exact.iter().map(|x| x.powi(power as i32)).sum::<f64>() / n as f64;
        let e = density.moment(power);
        let z = (e.value - truth) / e.std_error.unwrap();
        assert_eq!(z.abs() < 4.0, power < 2 * steps as u32, "moment {power} is off by {z} standard errors");
    }
}
