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
        let params = LanczosParams { which: Which::Both, count: 2, steps: n, tolerance: 1e-9, seed };
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
        let params = LanczosParams { which, count: 2, steps: 60, tolerance: 1e-9, seed: 3 };
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
