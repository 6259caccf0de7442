//! The Lanczos process: an orthonormal basis of a Krylov space in which the operator is tridiagonal.
//!
//! Invariant after `k` steps, to rounding: `A Q = Q T + β_k q_{k+1} e_kᵀ` with `QᵀQ = I`. In exact arithmetic orthogonality to all
//! but two vectors is automatic; in floating point it is lost as soon as a Ritz value converges, and copies of that value
//! appear (Paige 1971). So every product is orthogonalized against the whole basis, twice.
//!
//! A basis that has grown enough is *thickly restarted* (Wu & Simon 2000): it is rotated to some of its Ritz vectors, which with the
//! next vector satisfy the same invariant for a `T` that is diagonal but for one row of couplings, and grows on from there. What
//! was learnt about the kept end of the spectrum stays, memory is bounded, and so is the cost of orthogonalization.

use nalgebra::{DMatrix, DVector, SymmetricEigen};

use crate::basis::Basis;
use crate::error::{Error, check_len};
use crate::tridiagonal::{self, Eigen};
use crate::vector::{norm, scale};
use crate::{Products, Rng};

/// All that a Lanczos run needs to go on: its basis, its tridiagonal matrix, its next vector and its generator.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct LanczosState {
    /// Dimension of the operator, `n`.
    pub dim: usize,
    /// Orthonormal vectors laid end to end: `[k, n]`.
    pub basis: Vec<f64>,
    /// Diagonal of `T`: `[k]`.
    pub alpha: Vec<f64>,
    /// Off-diagonal of `T`, then the length of what is not in the basis yet: `[k]`. 0 where an invariant subspace was complete.
    /// The first `kept` couple each kept vector to the first one after them.
    pub beta: Vec<f64>,
    /// Ritz vectors that the last thick restart kept, at the start of the basis; 0 before the first.
    pub kept: usize,
    /// Products so far.
    pub matvecs: usize,
    /// Unit vector to multiply next: `[n]`, or `[0]` if the subspace is invariant.
    pub next: Vec<f64>,
    /// Largest length of a product so far: a lower bound of `‖A‖₂`.
    pub magnitude: f64,
    /// State of the generator of start vectors.
    pub rng: [u64; 4],
}

/// A Lanczos process at some step.
#[derive(Clone, Debug)]
pub(crate) struct Krylov {
    basis: Basis,
    dim: usize,
    alpha: Vec<f64>,
    beta: Vec<f64>,
    kept: usize,
    matvecs: usize,
    /// `None`: the basis spans an invariant subspace.
    next: Option<Vec<f64>>,
    magnitude: f64,
    rng: Rng,
}

impl Krylov {
    /// Starts from a vector that is not zero; `rng` serves restarts.
    pub(crate) fn new(mut start: Vec<f64>, rng: Rng) -> Self {
        let dim = start.len();
        scale(1.0 / norm(&start), &mut start);
        let (alpha, beta) = (Vec::new(), Vec::new());
        Self { basis: Basis::new(dim), dim, alpha, beta, kept: 0, matvecs: 0, next: Some(start), magnitude: 0.0, rng }
    }

    pub(crate) fn dim(&self) -> usize {
        self.dim
    }

    /// Vectors in the basis: products so far, until the first thick restart.
    pub(crate) fn steps(&self) -> usize {
        self.alpha.len()
    }

    /// Products since the start.
    pub(crate) fn matvecs(&self) -> usize {
        self.matvecs
    }

    /// Whether there was a thick restart, after which `T` is no longer tridiagonal.
    pub(crate) fn is_thick(&self) -> bool {
        self.kept > 0
    }

    pub(crate) fn basis(&self) -> &Basis {
        &self.basis
    }

    /// Whether the basis spans an invariant subspace, so that its Ritz pairs are eigenpairs.
    pub(crate) fn is_invariant(&self) -> bool {
        self.next.is_none()
    }

    /// One product, one more basis vector.
    ///
    /// # Panics
    /// If the subspace is invariant.
    pub(crate) fn step(&mut self, products: &mut Products) -> Result<(), Error> {
        let q = self.next.as_ref().expect("an invariant subspace has no next vector");
        let mut w = vec![0.0; self.dim];
        products.apply(q, &mut w)?;
        // Only now does the state change: an error leaves a process that can go on.
        self.matvecs += 1;
        self.magnitude = self.magnitude.max(norm(&w));
        self.basis.push(q);
        let coefficients = self.basis.remove_from(&mut w);
        self.alpha.push(coefficients[self.basis.len() - 1]);
        let length = norm(&w);
        let full = self.basis.len() == self.dim;
        if full || length <= self.basis.negligible(self.magnitude) {
            self.beta.push(0.0);
            self.next = None;
        } else {
            self.beta.push(length);
            scale(1.0 / length, &mut w);
            self.next = Some(w);
        }
        Ok(())
    }

    /// Leaves an invariant subspace in a random direction orthogonal to it; `false` if it is the whole space.
    pub(crate) fn restart(&mut self) -> bool {
        self.next = self.basis.random_complement(&mut self.rng);
        self.next.is_some()
    }

    /// Ritz values in ascending order, with these rows of the eigenvectors of `T`.
    pub(crate) fn ritz(&self, rows: impl IntoIterator<Item = usize>) -> Eigen {
        if !self.is_thick() {
            return tridiagonal::eigen(&self.alpha, &self.beta[..self.steps() - 1], rows);
        }
        let (k, kept) = (self.steps(), self.kept);
        let mut t = DMatrix::from_diagonal(&DVector::from_column_slice(&self.alpha));
        for i in 0..k {
            let j = if i < kept { kept } else { i + 1 };
            if j < k {
                (t[(i, j)], t[(j, i)]) = (self.beta[i], self.beta[i]);
            }
        }
        let eigen = SymmetricEigen::new(t);
        let mut order: Vec<usize> = (0..k).collect();
        order.sort_by(|&i, &j| eigen.eigenvalues[i].total_cmp(&eigen.eigenvalues[j]));
        let row = |r: usize| order.iter().map(|&i| eigen.eigenvectors[(r, i)]).collect();
        Eigen { values: order.iter().map(|&i| eigen.eigenvalues[i]).collect(), rows: rows.into_iter().map(row).collect() }
    }

    /// Ritz values in ascending order with the norms of their residuals, `|β_k s_last|`.
    pub(crate) fn residuals(&self) -> (Vec<f64>, Vec<f64>) {
        let ritz = self.ritz([self.steps() - 1]);
        let norms = if self.steps() == self.kept { self.sorted_couplings() } else { self.remainders(&ritz.rows[0]) };
        (ritz.values, norms)
    }

    /// Residual norms of Ritz pairs whose vectors have this last row.
    pub(crate) fn remainders(&self, last: &[f64]) -> Vec<f64> {
        let remainder = self.beta.last().copied().unwrap_or(0.0);
        last.iter().map(|s| remainder * s.abs()).collect()
    }

    /// Straight after a thick restart `T` is diagonal, and each vector's residual is its coupling.
    fn sorted_couplings(&self) -> Vec<f64> {
        let mut order: Vec<usize> = (0..self.kept).collect();
        order.sort_by(|&i, &j| self.alpha[i].total_cmp(&self.alpha[j]));
        order.iter().map(|&i| self.beta[i].abs()).collect()
    }

    /// Thick restart: keeps the Ritz vectors of these indices into the ascending Ritz values.
    pub(crate) fn compress(&mut self, keep: &[usize]) {
        let k = self.steps();
        let ritz = self.ritz(0..k);
        let columns: Vec<Vec<f64>> = keep.iter().map(|&i| ritz.rows.iter().map(|row| row[i]).collect()).collect();
        let remainder = self.beta[k - 1];
        self.basis.rotate(&columns);
        self.alpha = keep.iter().map(|&i| ritz.values[i]).collect();
        self.beta = columns.iter().map(|c| remainder * c[k - 1]).collect();
        self.kept = keep.len();
    }

    pub(crate) fn save(&self) -> LanczosState {
        LanczosState {
            dim: self.dim,
            basis: self.basis.entries().to_vec(),
            alpha: self.alpha.clone(),
            beta: self.beta.clone(),
            kept: self.kept,
            matvecs: self.matvecs,
            next: self.next.clone().unwrap_or_default(),
            magnitude: self.magnitude,
            rng: self.rng.state(),
        }
    }

    pub(crate) fn resume(state: LanczosState) -> Result<Self, Error> {
        let LanczosState { dim, basis, alpha, beta, kept, matvecs, next, magnitude, rng } = state;
        crate::error::check_positive("dim", dim)?;
        check_len("the basis of a Lanczos state", dim * alpha.len(), basis.len())?;
        check_len("`beta` of a Lanczos state", alpha.len(), beta.len())?;
        if kept > alpha.len() || matvecs < alpha.len() {
            let expected = "at most the vectors of the basis, which no fewer products made";
            return Err(Error::parameter(
                "`kept` of a Lanczos state",
                expected,
                format!("{kept} of {} and {matvecs}", alpha.len()),
            ));
        }
        // A state without steps has a start vector, a complete one none, and between them both occur.
        if next.len() != dim || alpha.len() >= dim {
            let complete = !alpha.is_empty() && alpha.len() <= dim;
            check_len("`next` of a Lanczos state", if complete { 0 } else { dim }, next.len())?;
        }
        let numbers = [&basis, &alpha, &beta, &next].into_iter().flatten().chain([&magnitude]);
        if let Some(bad) = numbers.into_iter().find(|x| !x.is_finite()) {
            return Err(Error::parameter("a number of a Lanczos state", "finite", bad));
        }
        let next = (!next.is_empty()).then_some(next);
        Ok(Self {
            basis: Basis::from_entries(dim, basis),
            dim,
            alpha,
            beta,
            kept,
            matvecs,
            next,
            magnitude,
            rng: Rng::from_state(rng),
        })
    }
}
