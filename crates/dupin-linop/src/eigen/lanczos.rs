//! Extreme eigenpairs by the Lanczos method with full reorthogonalization and thick restarts.

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
    /// Steps allowed, at least 1: products.
    pub steps: usize,
    /// Vectors held, beyond which the run restarts from the best of them; raised to twice the wanted pairs and 8 if it is less.
    pub basis: usize,
    /// A pair has converged when its residual is at most this fraction of the largest `|Ritz value|`, an estimate of `‖A‖₂`.
    /// An operator that works in `f32` cannot honour less than about 1e-6.
    pub tolerance: f64,
    /// Seed of the start vector.
    pub seed: u64,
}

impl Default for LanczosParams {
    fn default() -> Self {
        Self { which: Which::Largest, count: 1, steps: 100, basis: 100, tolerance: 1e-6, seed: 0 }
    }
}

impl LanczosParams {
    /// Pairs wanted in all.
    pub fn pairs(&self) -> usize {
        self.count.saturating_mul(if self.which == Which::Both { 2 } else { 1 })
    }

    /// Vectors that the basis may hold.
    fn capacity(&self, dim: usize) -> usize {
        self.basis.max(self.pairs().saturating_mul(2).saturating_add(8)).min(dim)
    }

    /// Indices into `k` ascending Ritz values that are wanted, by descending value.
    fn wanted(&self, k: usize) -> Vec<usize> {
        ends(self.which, self.count, k)
    }

    /// Those that a thick restart keeps: the wanted and, of the rest of the basis, half of it on the same sides. Fewer forget what the next
    /// pairs would soon need, more leave little room to learn.
    fn kept(&self, k: usize) -> Vec<usize> {
        let sides = self.pairs() / self.count;
        ends(self.which, self.count + k.saturating_sub(self.pairs()) / (2 * sides), k)
    }
}

/// Indices of `count` at the chosen ends of `k` ascending values, by descending value.
pub(crate) fn ends(which: Which, count: usize, k: usize) -> Vec<usize> {
    let (upper, lower) = match which {
        Which::Largest => (count, 0),
        Which::Smallest => (0, count),
        Which::Both => (count, count),
    };
    (0..k).rev().filter(|&i| i < lower || k - i <= upper).collect()
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
/// At most `steps` products (`n` if that is not above `basis`), `n·(b + 2)` floats for the `b = min(basis, steps)` vectors held, and
/// `8·n·b` operations a product for reorthogonalization. A restart, after every half of `b` products or so, costs `n·b²` operations.
///
/// # Errors
/// [`Error::Parameter`] for parameters out of range or an operator of dimension 0, [`Error::NotFinite`], and what the
/// operator reports.
///
/// # Source
/// Lanczos (1950); Parlett (1998), "The symmetric eigenvalue problem", chapter 13; Wu & Simon (2000), "Thick-restart Lanczos method
/// for large symmetric eigenvalue problems".
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

    /// Products since the start.
    pub fn matvecs(&self) -> usize {
        self.krylov.matvecs()
    }

    /// Goes on until the pairs have converged, or until `params.steps` in all. `params.seed` is of no effect here.
    ///
    /// # Errors
    /// As for [`lanczos`], and [`Error::Dimension`] if the operator is not of the dimension this run started with. The
    /// run can go on after an error.
    pub fn run(&mut self, a: &dyn SymmetricOperator, params: &LanczosParams) -> Result<Eigenpairs, Error> {
        self.run_with(a, params, |_| ())
    }

    /// [`Lanczos::run`] that shows itself after every product: to report progress, or to save the state.
    ///
    /// # Errors
    /// As for [`Lanczos::run`].
    pub fn run_with(
        &mut self,
        a: &dyn SymmetricOperator,
        params: &LanczosParams,
        mut progress: impl FnMut(&Self),
    ) -> Result<Eigenpairs, Error> {
        check_positive("count", params.count)?;
        check_positive("steps", params.steps)?;
        if !(params.tolerance >= 0.0 && params.tolerance.is_finite()) {
            return Err(Error::parameter("tolerance", "a number not below 0", params.tolerance));
        }
        check_len("a vector of the operator of a resumed run", self.krylov.dim(), a.dim())?;
        let mut products = Products::new("lanczos", a)?;
        while self.matvecs() < params.steps && !self.has_converged(params) {
            if self.krylov.steps() >= params.capacity(self.krylov.dim()) {
                self.krylov.compress(&params.kept(self.krylov.steps()));
            }
            if self.krylov.is_invariant() && !self.krylov.restart() {
                break;
            }
            self.krylov.step(&mut products)?;
            progress(self);
        }
        Ok(self.pairs(params))
    }

    /// The share of the wanted pairs whose residual is within the tolerance.
    pub fn converged_pairs(&self, params: &LanczosParams) -> usize {
        if self.krylov.steps() == 0 {
            return 0;
        }
        let (values, residuals) = self.krylov.residuals();
        let limit = params.tolerance * largest_size(&values);
        params.wanted(values.len()).iter().filter(|&&i| residuals[i] <= limit).count()
    }

    fn is_complete(&self, params: &LanczosParams) -> bool {
        self.krylov.steps() >= params.pairs().min(self.krylov.dim())
    }

    fn has_converged(&self, params: &LanczosParams) -> bool {
        // After a restart a look costs a dense decomposition of `T`: the looks are fewer, and at products that do not depend on
        // where a run was interrupted.
        let looks = !self.krylov.is_thick() || self.krylov.is_invariant() || self.matvecs().is_multiple_of(4);
        looks && self.is_complete(params) && self.converged_pairs(params) >= params.pairs().min(self.krylov.dim())
    }

    fn pairs(&self, params: &LanczosParams) -> Eigenpairs {
        let k = self.krylov.steps();
        let ritz = self.krylov.ritz(0..k);
        let (wanted, (_, residuals)) = (params.wanted(k), self.krylov.residuals());
        let residual_norms: Vec<f64> = wanted.iter().map(|&i| residuals[i]).collect();
        let limit = params.tolerance * largest_size(&ritz.values);
        Eigenpairs {
            values: wanted.iter().map(|&i| ritz.values[i]).collect(),
            vectors: wanted.iter().map(|&i| self.krylov.basis().combine(ritz.rows.iter().map(|row| row[i]))).collect(),
            converged: self.is_complete(params) && residual_norms.iter().all(|&r| r <= limit),
            residual_norms,
            matvecs: self.matvecs(),
        }
    }
}

pub(crate) fn largest_size(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |m: f64, x| m.max(x.abs()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Diagonal, FnOperator};

    fn both(count: usize, steps: usize) -> LanczosParams {
        LanczosParams { which: Which::Both, count, steps, basis: 100, tolerance: 1e-10, seed: 1 }
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

    /// Twenty pairs of a spectrum without gaps at its ends, in a basis of 48 vectors and in one that never restarts.
    #[test]
    fn thick_restarts_find_the_same_pairs_in_bounded_memory() {
        let n = 400;
        let entries: Vec<f64> = (0..n).map(|i| (f64::from(i) / 40.0 - 5.0).powi(3)).collect();
        let a = Diagonal::new(entries.clone());
        let params = LanczosParams { basis: 1, steps: 2000, tolerance: 1e-9, ..both(10, 0) };
        let mut run = Lanczos::new(n as usize, 5).unwrap();
        let mut widest = 0;
        let pairs = run.run_with(&a, &params, |run| widest = widest.max(run.save().basis.len() / n as usize)).unwrap();
        assert!(pairs.converged && pairs.matvecs > 100 && widest == 48, "{} products, {widest} vectors", pairs.matvecs);
        let exact: Vec<f64> = entries[390..].iter().rev().chain(entries[..10].iter().rev()).copied().collect();
        let measured = pairs.measured_residuals(&a).unwrap();
        for i in 0..20 {
            // Weyl: some eigenvalue lies within the residual; neighbours are 0.15 or more apart here.
            assert!((pairs.values[i] - exact[i]).abs() <= 1e-9 * 125.0, "{} against {}", pairs.values[i], exact[i]);
            assert!((pairs.residual_norms[i] - measured[i]).abs() < 1e-11, "claimed residuals are true ones");
            for j in 0..i {
                assert!(crate::vector::dot(&pairs.vectors[i], &pairs.vectors[j]).abs() < 1e-12);
            }
        }
        let whole = lanczos(&a, &LanczosParams { basis: 400, ..params }).unwrap();
        assert!(pairs.matvecs < 2 * whole.matvecs, "{} products, {} without restarts", pairs.matvecs, whole.matvecs);
    }

    #[test]
    fn a_thick_run_resumes_and_survives_to_the_bit() {
        let a = Diagonal::new((0..90).map(|i| f64::from(i % 45) - 20.0).collect::<Vec<_>>()); // every value twice
        let params = LanczosParams { basis: 1, steps: 70, ..both(2, 0) };
        let whole = lanczos(&a, &params).unwrap();
        for cut in [15, 16, 17, 24, 43] {
            let mut first = Lanczos::new(90, 1).unwrap();
            first.run(&a, &LanczosParams { steps: cut, ..params }).unwrap();
            assert_eq!(Lanczos::resume(first.save()).unwrap().run(&a, &params).unwrap(), whole, "cut at {cut}");
        }
        // An operator that fails right after a restart leaves a state from which the pairs can still be read.
        let calls = std::cell::Cell::new(0);
        let flaky = FnOperator::new(90, |x, y| {
            calls.set(calls.get() + 1);
            a.apply(x, y)?;
            if calls.get() == 17 { Err(Error::apply("device lost")) } else { Ok(()) }
        });
        let mut run = Lanczos::new(90, 1).unwrap();
        assert!(run.run(&flaky, &params).is_err());
        assert_eq!(run.save().kept, run.save().alpha.len(), "stopped between restart and product");
        assert_eq!(run.run(&flaky, &params).unwrap(), whole);
    }

    #[test]
    fn a_resumed_run_has_the_bits_of_one_that_never_stopped() {
        let a = Diagonal::new((0..40).map(|i| f64::from(i % 7) - 2.0).collect::<Vec<_>>());
        let whole = lanczos(&a, &both(4, 30)).unwrap(); // seven distinct values: restarts happen on both sides of the cut
        for cut in [1, 6, 7, 10] {
            let mut first = Lanczos::new(40, 1).unwrap();
            first.run(&a, &both(4, cut)).unwrap();
            assert_eq!(first.matvecs(), cut);
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
            |s: &mut LanczosState| s.kept = 2,
            |s: &mut LanczosState| s.matvecs = 0,
        ] {
            let mut state = good.clone();
            spoil(&mut state);
            assert!(Lanczos::resume(state).is_err());
        }
    }
}
