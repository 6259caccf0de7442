//! Extreme eigenpairs by the Lanczos method with full reorthogonalization.

use super::krylov::{Krylov, LanczosState};
use crate::error::{Error, check_len, check_positive};
use crate::vector::{axpy, norm};
use crate::{Products, Rng, SymmetricOperator};

/// The end of the spectrum that is wanted. By sign, not by size: the smallest is the most negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    /// The largest eigenvalues.
    #[default]
    Largest,
    /// The smallest (most negative) eigenvalues.
    Smallest,
    /// `count` of each.
    Both,
}

/// What to look for, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LanczosParams {
    /// The end of the spectrum.
    pub which: Which,
    /// Eigenpairs wanted of each end, at least 1.
    pub count: usize,
    /// Steps allowed, at least 1: products, and vectors held.
    pub steps: usize,
    /// A pair has converged when its residual is at most this fraction of the largest `|Ritz value|`, an estimate of `‖A‖₂`.
    /// An operator that works in `f32` cannot honour less than about 1e-6.
    pub tolerance: f64,
    /// Seed of the start vector.
    pub seed: u64,
}

impl Default for LanczosParams {
    fn default() -> Self {
        Self { which: Which::Largest, count: 1, steps: 100, tolerance: 1e-6, seed: 0 }
    }
}

/// Approximate eigenpairs, each with a bound of its error.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Eigenpairs {
    /// Eigenvalues in descending order: `[k]`, in the unit of the operator. For [`Which::Both`], first those of the upper end.
    pub values: Vec<f64>,
    /// Unit eigenvectors: `[k][n]`, orthogonal to each other.
    pub vectors: Vec<Vec<f64>>,
    /// `‖Av − λv‖ = |β s_last|` of each: `[k]`, to the rounding of the operator. Some eigenvalue lies within this of `λ`.
    pub residual_norms: Vec<f64>,
    /// Whether every pair that was asked for is here with a residual within the tolerance.
    pub converged: bool,
    /// Products with the operator since the start, those before a resumption included.
    pub matvecs: usize,
}

impl Eigenpairs {
    /// Computes `‖Av − λv‖` anew, at one product a pair: a check of `residual_norms` that trusts nothing.
    ///
    /// # Errors
    /// [`Error::Dimension`] if `a` is not of the vectors' dimension, [`Error::NotFinite`], and what the operator reports.
    pub fn measured_residuals(&self, a: &dyn SymmetricOperator) -> Result<Vec<f64>, Error> {
        let mut products = Products::new("residual", a)?;
        let mut residual = vec![0.0; a.dim()];
        self.values
            .iter()
            .zip(&self.vectors)
            .map(|(&value, vector)| {
                products.apply(vector, &mut residual)?;
                axpy(-value, vector, &mut residual);
                Ok(norm(&residual))
            })
            .collect()
    }
}

/// Finds the extreme eigenpairs of `A`, at either end of an indefinite spectrum.
///
/// From one random vector, `k` products build the best approximations in a `k`-dimensional space; the ends of the spectrum come
/// first, the faster the better they are separated. The residual bounds the distance to *some* eigenvalue. That it is the
/// extreme one is as good as certain for a random start, but not proven; a close second may be seen before the first.
///
/// A space grown from one vector holds one eigenvector for each distinct eigenvalue. Once it is invariant, the search goes on
/// from a random vector orthogonal to it until the wanted number is found: repeated eigenvalues show up then, and only
/// then, one more copy with each restart. So the values are right, but a repeated one may stand there once too seldom.
///
/// Running out of steps is not an error: the best pairs come back with their residuals, and `converged` is false.
///
/// # Shapes and units
/// - `a`: `[n, n]`, symmetric. Eigenvalues and residuals have the unit of its entries.
///
/// # Cost
/// At most `min(steps, n)` products; `n·(steps + 2)` floats and `8·n·steps²` operations for reorthogonalization.
///
/// # Errors
/// [`Error::Parameter`] for parameters out of range or an operator of dimension 0, [`Error::NotFinite`], and what the
/// operator reports.
///
/// # Source
/// Lanczos (1950); Parlett (1998), "The symmetric eigenvalue problem", chapter 13.
///
/// # Examples
/// ```
/// use dupin_linop::{Diagonal, LanczosParams, Which, lanczos};
/// let a = Diagonal::new([-0.5, 0.0, 0.1, 0.2, 100.0]);
/// let pairs = lanczos(&a, &LanczosParams { which: Which::Both, ..LanczosParams::default() })?;
/// assert!(pairs.converged);
/// assert!((pairs.values[0] - 100.0).abs() <= 1e-4); // within tolerance · ‖A‖
/// assert!((pairs.values[1] + 0.5).abs() <= 1e-4); // though smaller in size than the other end by far
/// # Ok::<(), dupin_linop::Error>(())
/// ```
pub fn lanczos(a: &dyn SymmetricOperator, params: &LanczosParams) -> Result<Eigenpairs, Error> {
    Lanczos::new(a.dim(), params.seed)?.run(a, params)
}

/// A Lanczos run that can be looked at, stored and continued.
///
/// # Examples
/// ```
/// use dupin_linop::{Diagonal, Lanczos, LanczosParams};
/// let a = Diagonal::new((0..50).map(f64::from).collect::<Vec<_>>());
/// let mut run = Lanczos::new(50, 0)?;
/// let params = LanczosParams { steps: 10, ..LanczosParams::default() };
/// assert!(!run.run(&a, &params)?.converged);
/// let mut resumed = Lanczos::resume(run.save())?;
/// assert!(resumed.run(&a, &LanczosParams { steps: 50, ..params })?.converged);
/// # Ok::<(), dupin_linop::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Lanczos {
    krylov: Krylov,
}

impl Lanczos {
    /// Starts from a random normal vector.
    ///
    /// # Errors
    /// [`Error::Parameter`] for dimension 0.
    pub fn new(dim: usize, seed: u64) -> Result<Self, Error> {
        check_positive("dim", dim)?;
        let mut rng = Rng::new(seed);
        let mut start = vec![0.0; dim];
        rng.fill_normal(&mut start);
        Ok(Self { krylov: Krylov::new(start, rng) })
    }

    /// Goes on from a stored state, to the bits as if it had never stopped.
    ///
    /// # Errors
    /// [`Error::Dimension`] or [`Error::Parameter`] if the parts of the state do not fit together.
    pub fn resume(state: LanczosState) -> Result<Self, Error> {
        Krylov::resume(state).map(|krylov| Self { krylov })
    }

    /// The state, to be stored and handed to [`Lanczos::resume`].
    pub fn save(&self) -> LanczosState {
        self.krylov.save()
    }

    /// Steps done since the start.
    pub fn steps(&self) -> usize {
        self.krylov.steps()
    }

    /// Goes on until the pairs have converged, or until `params.steps` in all. `params.seed` is of no effect here.
    ///
    /// # Errors
    /// As for [`lanczos`], and [`Error::Dimension`] if the operator is not of the dimension this run started with. The
    /// run can go on after an error.
    pub fn run(&mut self, a: &dyn SymmetricOperator, params: &LanczosParams) -> Result<Eigenpairs, Error> {
        check_positive("count", params.count)?;
        check_positive("steps", params.steps)?;
        if !(params.tolerance >= 0.0 && params.tolerance.is_finite()) {
            return Err(Error::parameter("tolerance", "a number not below 0", params.tolerance));
        }
        check_len("a vector of the operator of a resumed run", self.krylov.dim(), a.dim())?;
        let mut products = Products::new("lanczos", a)?;
        while self.steps() < params.steps && !self.has_converged(params) {
            if self.krylov.is_invariant() && !self.krylov.restart() {
                break;
            }
            self.krylov.step(&mut products)?;
        }
        Ok(self.pairs(params))
    }

    /// Indices into the ascending Ritz values that are wanted, by descending value.
    fn wanted(&self, params: &LanczosParams) -> Vec<usize> {
        let k = self.steps();
        let (upper, lower) = match params.which {
            Which::Largest => (params.count, 0),
            Which::Smallest => (0, params.count),
            Which::Both => (params.count, params.count),
        };
        (0..k).rev().filter(|&i| i < lower || k - i <= upper).collect()
    }

    fn is_complete(&self, params: &LanczosParams) -> bool {
        let ends = if params.which == Which::Both { 2 } else { 1 };
        self.steps() >= params.count.saturating_mul(ends).min(self.krylov.dim())
    }

    fn has_converged(&self, params: &LanczosParams) -> bool {
        if self.steps() == 0 || !self.is_complete(params) {
            return false;
        }
        let ritz = self.krylov.ritz([self.steps() - 1]);
        let limit = params.tolerance * largest_size(&ritz.values);
        self.wanted(params).iter().all(|&i| self.krylov.remainder() * ritz.rows[0][i].abs() <= limit)
    }

    fn pairs(&self, params: &LanczosParams) -> Eigenpairs {
        let k = self.steps();
        let ritz = self.krylov.ritz(0..k);
        let wanted = self.wanted(params);
        let residual = |&i: &usize| self.krylov.remainder() * ritz.rows[k - 1][i].abs();
        let residual_norms: Vec<f64> = wanted.iter().map(residual).collect();
        let limit = params.tolerance * largest_size(&ritz.values);
        Eigenpairs {
            values: wanted.iter().map(|&i| ritz.values[i]).collect(),
            vectors: wanted.iter().map(|&i| self.krylov.basis().combine(ritz.rows.iter().map(|row| row[i]))).collect(),
            converged: self.is_complete(params) && residual_norms.iter().all(|&r| r <= limit),
            residual_norms,
            matvecs: k,
        }
    }
}

fn largest_size(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |m: f64, x| m.max(x.abs()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Diagonal, FnOperator};

    fn both(count: usize, steps: usize) -> LanczosParams {
        LanczosParams { which: Which::Both, count, steps, tolerance: 1e-10, seed: 1 }
    }

    #[test]
    fn exact_after_as_many_steps_as_distinct_eigenvalues() {
        let a = Diagonal::new([3.0, -7.0, 3.0, 1.0, -7.0, 3.0, 1.0]);
        let pairs = lanczos(&a, &LanczosParams { which: Which::Both, count: 1, tolerance: 1e-12, ..LanczosParams::default() });
        let pairs = pairs.unwrap();
        assert_eq!((pairs.matvecs, pairs.converged), (3, true));
        assert!((pairs.values[0] - 3.0).abs() < 1e-13 && (pairs.values[1] + 7.0).abs() < 1e-13);
    }

    #[test]
    fn restarts_find_repeated_eigenvalues() {
        let a = Diagonal::new([3.0, -7.0, 3.0, 1.0, -7.0, 3.0, 1.0]);
        let pairs = lanczos(&a, &both(4, 100)).unwrap(); // four of each end: all seven
        assert!(pairs.converged && pairs.matvecs == 7);
        let expected = [3.0, 3.0, 3.0, 1.0, 1.0, -7.0, -7.0];
        assert!(pairs.values.iter().zip(expected).all(|(x, y)| (x - y).abs() < 1e-12), "{:?}", pairs.values);
        assert!(pairs.measured_residuals(&a).unwrap().iter().all(|&r| r < 1e-12));
    }

    #[test]
    fn an_operator_of_zeros_has_zero_eigenvalues() {
        let pairs = lanczos(&Diagonal::new([0.0; 4]), &both(1, 10)).unwrap();
        assert_eq!((pairs.values, pairs.converged), (vec![0.0, 0.0], true));
    }

    /// Asking for more pairs than there are gives each once.
    #[test]
    fn ends_that_meet_are_not_counted_twice() {
        let pairs = lanczos(&Diagonal::new([2.0, -1.0, 0.5]), &both(2, 10)).unwrap();
        assert!(pairs.converged && pairs.values.len() == 3 && pairs.values.is_sorted_by(|a, b| a > b));
        let one = lanczos(&Diagonal::new([2.0]), &both(5, 10)).unwrap();
        assert_eq!((one.values, one.vectors.len(), one.converged), (vec![2.0], 1, true));
    }

    /// By size the other end wins by far; the sign of an indefinite operator's end is what was asked for.
    #[test]
    fn the_most_negative_is_found_under_a_dominant_positive_end() {
        let mut entries: Vec<f64> = (0..200).map(|i| (f64::from(i) * 0.37).sin()).collect();
        (entries[7], entries[8], entries[150]) = (1000.0, 1001.0, -1.5);
        let least = entries.iter().copied().fold(0.0, f64::min);
        let params = LanczosParams { which: Which::Smallest, steps: 150, tolerance: 1e-9, ..LanczosParams::default() };
        let pairs = lanczos(&Diagonal::new(entries), &params).unwrap();
        assert!(pairs.converged && (pairs.values[0] - least).abs() < 1e-6, "{:?} against {least}", pairs.values);
    }

    #[test]
    fn too_few_steps_are_a_result() {
        let a = Diagonal::new((0..500).map(f64::from).collect::<Vec<_>>());
        let pairs = lanczos(&a, &both(2, 3)).unwrap();
        assert!(!pairs.converged && pairs.values.len() == 3 && pairs.matvecs == 3);
        let measured = pairs.measured_residuals(&a).unwrap();
        for (claimed, measured) in pairs.residual_norms.iter().zip(measured) {
            assert!((claimed - measured).abs() < 500.0 * 500.0 * f64::EPSILON, "{claimed} against {measured}");
        }
    }

    #[test]
    fn a_resumed_run_has_the_bits_of_one_that_never_stopped() {
        let a = Diagonal::new((0..40).map(|i| f64::from(i % 7) - 2.0).collect::<Vec<_>>());
        let whole = lanczos(&a, &both(4, 30)).unwrap(); // seven distinct values: restarts happen on both sides of the cut
        for cut in [1, 6, 7, 10] {
            let mut first = Lanczos::new(40, 1).unwrap();
            first.run(&a, &both(4, cut)).unwrap();
            assert_eq!(first.steps(), cut);
            let resumed = Lanczos::resume(first.save()).unwrap().run(&a, &both(4, 30)).unwrap();
            assert_eq!(resumed, whole, "cut at {cut}");
        }
    }

    #[test]
    fn a_run_survives_an_operator_that_fails_once() {
        let calls = std::cell::Cell::new(0);
        let flaky = FnOperator::new(5, |x, y| {
            calls.set(calls.get() + 1);
            (0..5).for_each(|i| y[i] = i as f64 * x[i]);
            if calls.get() == 3 {
                y[4] = f64::NAN;
            }
            Ok(())
        });
        let mut run = Lanczos::new(5, 2).unwrap();
        let error = run.run(&flaky, &both(1, 5)).unwrap_err();
        assert!(matches!(error, Error::NotFinite { estimator: "lanczos", product: 3, entry: 4, .. }));
        assert!((run.run(&flaky, &both(1, 5)).unwrap().values[0] - 4.0).abs() < 1e-13);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let a = Diagonal::new([1.0, 2.0]);
        for bad in [
            LanczosParams { count: 0, ..both(1, 5) },
            LanczosParams { steps: 0, ..both(1, 5) },
            LanczosParams { tolerance: f64::NAN, ..both(1, 5) },
        ] {
            assert!(matches!(lanczos(&a, &bad), Err(Error::Parameter { .. })));
        }
        let mut run = Lanczos::new(2, 0).unwrap();
        run.run(&a, &both(1, 1)).unwrap();
        assert!(matches!(run.run(&Diagonal::new([1.0; 3]), &both(1, 5)), Err(Error::Dimension { .. })));
        let good = run.save();
        assert!(Lanczos::resume(good.clone()).is_ok());
        for spoil in [
            |s: &mut LanczosState| s.dim = 0,
            |s: &mut LanczosState| s.dim = 3,
            |s: &mut LanczosState| s.beta.push(1.0),
            |s: &mut LanczosState| s.next.push(1.0),
            |s: &mut LanczosState| s.alpha[0] = f64::NAN,
        ] {
            let mut state = good.clone();
            spoil(&mut state);
            assert!(Lanczos::resume(state).is_err());
        }
    }
}
