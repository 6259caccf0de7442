//! Statements that hold over many seeds or between modules: unbiasedness, variance, coverage, agreement with a dense solver.
//!
//! All seeds are fixed, so a pass is a pass for good; bounds follow from the laws that they name.

mod coverage;
mod reproducible;
mod spectrum;
mod unbiased;
mod variance;

use dupin_linop::{Dense, Rng};
use nalgebra::{DMatrix, DVector};

/// A random rotation of a diagonal matrix.
pub(crate) fn with_spectrum(values: &[f64], seed: u64) -> Dense {
    let (n, mut rng) = (values.len(), Rng::new(seed));
    let q = DMatrix::from_fn(n, n, |_, _| rng.normal()).qr().q();
    let a = &q * DMatrix::from_diagonal(&DVector::from_column_slice(values)) * q.transpose();
    Dense::symmetrized(n, a.as_slice().to_vec()).expect("a rotated diagonal is finite and square")
}

/// A random symmetric matrix with normal entries: indefinite, spectrum a semicircle of radius about `√(2n)`.
pub(crate) fn random_indefinite(n: usize, seed: u64) -> Dense {
    let mut rng = Rng::new(seed);
    Dense::symmetrized(n, (0..n * n).map(|_| rng.normal()).collect()).expect("normal numbers are finite")
}

pub(crate) fn trace(a: &Dense, n: usize) -> f64 {
    (0..n).map(|i| a.entry(i, i)).sum()
}
