//! The Lanczos process: an orthonormal basis of a Krylov space in which the operator is tridiagonal.
//!
//! Invariant after `k` steps, to rounding: `A Q = Q T + β_k q_{k+1} e_kᵀ` with `QᵀQ = I`. In exact arithmetic orthogonality to all
//! but two vectors is automatic; in floating point it is lost as soon as a Ritz value converges, and copies of that value
//! appear (Paige 1971). So every product is orthogonalized against the whole basis, twice.

use crate::basis::Basis;
use crate::error::{Error, check_len};
use crate::vector::{norm, scale};
use crate::{Products, Rng, tridiagonal};

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
    pub beta: Vec<f64>,
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
        Self { basis: Basis::new(dim), dim, alpha, beta, next: Some(start), magnitude: 0.0, rng }
    }

    pub(crate) fn dim(&self) -> usize {
        self.dim
    }

    pub(crate) fn steps(&self) -> usize {
        self.alpha.len()
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
    pub(crate) fn ritz(&self, rows: impl IntoIterator<Item = usize>) -> tridiagonal::Eigen {
        tridiagonal::eigen(&self.alpha, &self.beta[..self.steps() - 1], rows)
    }

    /// Length of the part of the last product that is not in the basis: `|β_k|`.
    pub(crate) fn remainder(&self) -> f64 {
        self.beta.last().copied().unwrap_or(0.0)
    }

    pub(crate) fn save(&self) -> LanczosState {
        LanczosState {
            dim: self.dim,
            basis: self.basis.entries().to_vec(),
            alpha: self.alpha.clone(),
            beta: self.beta.clone(),
            next: self.next.clone().unwrap_or_default(),
            magnitude: self.magnitude,
            rng: self.rng.state(),
        }
    }

    pub(crate) fn resume(state: LanczosState) -> Result<Self, Error> {
        let LanczosState { dim, basis, alpha, beta, next, magnitude, rng } = state;
        crate::error::check_positive("dim", dim)?;
        check_len("the basis of a Lanczos state", dim * alpha.len(), basis.len())?;
        check_len("`beta` of a Lanczos state", alpha.len(), beta.len())?;
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
        Ok(Self { basis: Basis::from_entries(dim, basis), dim, alpha, beta, next, magnitude, rng: Rng::from_state(rng) })
    }
}
