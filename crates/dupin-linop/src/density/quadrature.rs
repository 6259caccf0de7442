//! Stochastic Lanczos quadrature.

use crate::eigen::krylov::Krylov;
use crate::error::{Error, check_positive};
use crate::{Estimate, Products, Rng, RunningMean, SymmetricOperator};

/// A discrete measure on the line: what one probe sees of the spectrum.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Quadrature {
    /// Ritz values in ascending order: `[k]`, in the unit of the operator.
    pub nodes: Vec<f64>,
    /// Their weights: `[k]`, dimensionless, not negative, summing to 1.
    pub weights: Vec<f64>,
}

impl Quadrature {
    /// `Σ wᵢ f(λᵢ)`, an approximation of `vᵀ f(A) v` for the unit probe `v`; exact for polynomials of degree below `2k`.
    pub fn integrate(&self, f: impl Fn(f64) -> f64) -> f64 {
        self.nodes.iter().zip(&self.weights).map(|(&x, w)| w * f(x)).sum()
    }

    /// First moment, `vᵀAv`.
    pub fn mean(&self) -> f64 {
        self.integrate(|x| x)
    }
}

/// Approximates `(1/n) Σᵢ δ(λ − λᵢ)` by the mean of several probes' quadratures.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Density {
    /// Dimension of the operator.
    pub dim: usize,
    /// One for each probe.
    pub quadratures: Vec<Quadrature>,
    /// Products with the operator.
    pub matvecs: usize,
}

/// A density smoothed onto a grid, each point with its error.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Smoothed {
    /// Eigenvalues (or their coordinate) at which the density is given: `[points]`, in the unit of the operator.
    pub grid: Vec<f64>,
    /// Mean over the probes: `[points]`, in the inverse of that unit. Integrates to 1.
    pub values: Vec<f64>,
    /// Standard error of each from the spread over the probes: `[points]`. `None` after one probe, which cannot tell.
    pub std_errors: Option<Vec<f64>>,
    /// Standard deviation of the Gaussian kernel, in the unit of the operator.
    pub sigma: f64,
}

/// Estimates the eigenvalue density of a symmetric operator by stochastic Lanczos quadrature.
///
/// A random unit vector `v` weights each eigenvalue `λᵢ` of `A` by `(qᵢᵀ v)²`. Lanczos turns that measure into a quadrature exact
/// for polynomials of degree `2·steps − 1` (Gauss; nodes are Ritz values, weights the squared first components of the
/// eigenvectors of `T`: Golub & Welsch 1969). Averaging over `probes` vectors approximates `(1/n) Σᵢ δ(λ − λᵢ)`.
///
/// # Shapes and units
/// - `a`: `[n, n]`, symmetric. `λ` has the unit of `A`: for the Hessian of a mean cross-entropy, nats per squared parameter.
/// - Result: one quadrature per probe of `k` nodes; `k = steps`, or less if the Krylov space is exhausted first (the
///   quadrature is then exact).
///
/// # Cost
/// At most `probes · min(steps, n)` products; `n · (steps + 2)` floats, for full reorthogonalization.
///
/// # Errors
/// [`Error::Parameter`] if `probes`, `steps` or the operator's dimension is 0. [`Error::NotFinite`], and what the operator reports.
///
/// # Source
/// Ubaru, Chen & Saad (2017), "Fast estimation of tr(f(A)) via stochastic Lanczos quadrature".
///
/// # Examples
/// ```
/// # use dupin_linop::{lanczos_quadrature, Diagonal, Rng};
/// let density = lanczos_quadrature(&Diagonal::new([1.0, 2.0, 5.0]), 1, 3, &mut Rng::new(0))?;
/// assert!((density.quadratures[0].mean() - 8.0 / 3.0).abs() < 1e-12); // first moment = trace / n, exact on a diagonal
/// # Ok::<(), dupin_linop::Error>(())
/// ```
pub fn lanczos_quadrature(a: &dyn SymmetricOperator, probes: usize, steps: usize, rng: &mut Rng) -> Result<Density, Error> {
    lanczos_quadrature_with(a, probes, steps, rng, |_| ())
}

/// [`lanczos_quadrature`] that tells the products spent after each.
///
/// # Errors
/// As for [`lanczos_quadrature`].
pub fn lanczos_quadrature_with(
    a: &dyn SymmetricOperator,
    probes: usize,
    steps: usize,
    rng: &mut Rng,
    mut progress: impl FnMut(usize),
) -> Result<Density, Error> {
    check_positive("probes", probes)?;
    check_positive("steps", steps)?;
    let mut products = Products::new("lanczos_quadrature", a)?;
    let mut quadratures = Vec::with_capacity(probes);
    for _ in 0..probes {
        let mut start = vec![0.0; a.dim()];
        rng.fill_signs(&mut start); // of length √n exactly, so that every probe has weight 1/n in the mean
        let mut krylov = Krylov::new(start, rng.clone());
        while krylov.steps() < steps && !krylov.is_invariant() {
            krylov.step(&mut products)?;
            progress(products.count());
        }
        let ritz = krylov.ritz([0]);
        quadratures.push(Quadrature { nodes: ritz.values, weights: ritz.rows[0].iter().map(|s| s * s).collect() });
    }
    Ok(Density { dim: a.dim(), quadratures, matvecs: products.count() })
}

impl Density {
    /// Mean of `f` over the eigenvalues, `(1/n) Σᵢ f(λᵢ)`, with its error over the probes.
    ///
    /// The standard error does not know the bias of the quadrature, which is 0 for polynomials of degree below twice the
    /// steps and small for functions that such polynomials approximate well on the spectrum.
    pub fn mean_of(&self, f: impl Fn(f64) -> f64) -> Estimate {
        let samples: RunningMean = self.quadratures.iter().map(|q| q.integrate(&f)).collect();
        samples.estimate("lanczos_quadrature", self.matvecs)
    }

    /// `tr f(A)`, with its error over the probes; see [`Density::mean_of`].
    pub fn trace_of(&self, f: impl Fn(f64) -> f64) -> Estimate {
        self.mean_of(f).scaled(self.dim as f64)
    }

    /// The moment `(1/n) Σᵢ λᵢᵖ`, free of bias while `power` is below twice the steps.
    pub fn moment(&self, power: u32) -> Estimate {
        self.mean_of(|x| x.powi(power.cast_signed()))
    }

    /// Smallest and largest node of any probe. Both lie within the spectrum.
    pub fn range(&self) -> crate::Interval {
        let nodes = || self.quadratures.iter().flat_map(|q| q.nodes.iter().copied());
        crate::Interval { lower: nodes().fold(f64::INFINITY, f64::min), upper: nodes().fold(f64::NEG_INFINITY, f64::max) }
    }

    /// The density convolved with a Gaussian of standard deviation `sigma`, at `points` values evenly over the range of the
    /// nodes and `5·sigma` beyond (which holds all but 6e-7 of the mass).
    ///
    /// Below the distance of neighbouring nodes, `sigma` shows the nodes and not the spectrum.
    ///
    /// # Errors
    /// [`Error::Parameter`] unless `points` is at least 2 and `sigma` above 0.
    pub fn smoothed(&self, points: usize, sigma: f64) -> Result<Smoothed, Error> {
        if points < 2 {
            return Err(Error::parameter("points", "at least 2", points));
        }
        let range = self.range();
        let (lower, upper) = (range.lower - 5.0 * sigma, range.upper + 5.0 * sigma);
        let grid = (0..points).map(|i| lower + (upper - lower) * i as f64 / (points - 1) as f64).collect();
        self.smoothed_along(|x| x, grid, sigma)
    }

    /// The density of a coordinate `t(λ)`, such as a symmetric logarithm, convolved with a Gaussian of standard deviation `sigma` in `t`:
    /// per unit of `t`, at the values `grid` of `t`.
    ///
    /// # Errors
    /// [`Error::Parameter`] unless `sigma` is above 0.
    pub fn smoothed_along(&self, coordinate: impl Fn(f64) -> f64, grid: Vec<f64>, sigma: f64) -> Result<Smoothed, Error> {
        if !(sigma > 0.0 && sigma.is_finite()) {
            return Err(Error::parameter("sigma", "a number above 0", sigma));
        }
        let height = 1.0 / (sigma * (2.0 * std::f64::consts::PI).sqrt());
        let kernel = |t: f64, node: f64| height * libm::exp(-0.5 * ((t - coordinate(node)) / sigma).powi(2));
        let estimates: Vec<Estimate> = grid.iter().map(|&t| self.mean_of(|node| kernel(t, node))).collect();
        Ok(Smoothed {
            values: estimates.iter().map(|e| e.value).collect(),
            std_errors: estimates.iter().map(|e| e.std_error).collect(),
            grid,
            sigma,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Dense, Diagonal, FnOperator};

    /// On a diagonal, Rademacher probes weight all eigenvalues equally: with as many steps as there are distinct eigenvalues,
    /// each probe's quadrature *is* the spectrum. (An implementation that took squares of other components failed here.)
    #[test]
    fn weights_are_squared_first_components() {
        let a = Diagonal::new([-1.0, -1.0, 2.0, 5.0, 5.0, 5.0]);
        let density = lanczos_quadrature(&a, 3, 6, &mut Rng::new(4)).unwrap();
        assert_eq!(density.matvecs, 9); // three distinct eigenvalues: exhausted after three steps
        for q in &density.quadratures {
            for (i, (node, weight)) in [(-1.0, 2.0 / 6.0), (2.0, 1.0 / 6.0), (5.0, 3.0 / 6.0)].into_iter().enumerate() {
                assert!((q.nodes[i] - node).abs() < 1e-13 && (q.weights[i] - weight).abs() < 1e-13);
            }
        }
    }

    /// Gauss: with `k` steps the moments `0 … 2k−1` equal `vᵀAᵖv`, here taken by plain multiplication. The next does not.
    #[test]
    fn moments_below_twice_the_steps_are_exact() {
        let (n, mut rng) = (20, Rng::new(5));
        let a = Dense::symmetrized(n, (0..n * n).map(|_| 0.2 * rng.normal()).collect()).unwrap();
        let steps = 4;
        let (seed, mut v) = (6, vec![0.0; n]);
        Rng::new(seed).fill_signs(&mut v);
        let density = lanczos_quadrature(&a, 1, steps, &mut Rng::new(seed)).unwrap();
        let mut power = v.clone();
        for p in 0..=2 * steps as u32 {
            let exact = crate::vector::dot(&v, &power) / n as f64;
            let got = density.moment(p).value;
            // ‖A‖ is below 2 here, so the moment of order p and its rounding are below 2^p.
            let agrees = (got - exact).abs() < 64.0 * n as f64 * f64::EPSILON * 2_f64.powi(p as i32);
            assert_eq!(agrees, p < 2 * steps as u32, "moment {p}: {got} against {exact}");
            let mut next = vec![0.0; n];
            a.apply(&power, &mut next).unwrap();
            power = next;
        }
    }

    #[test]
    fn weights_are_a_probability() {
        let (n, mut rng) = (40, Rng::new(5));
        let a = Dense::symmetrized(n, (0..n * n).map(|_| rng.normal()).collect()).unwrap();
        for q in lanczos_quadrature(&a, 4, 25, &mut rng).unwrap().quadratures {
            assert!((q.weights.iter().sum::<f64>() - 1.0).abs() < 1e-13);
            assert!(q.weights.iter().all(|&w| w >= 0.0) && q.nodes.is_sorted());
        }
    }

    #[test]
    fn the_smoothed_density_has_mass_one_and_the_mean_of_the_spectrum() {
        let a = Diagonal::new([-2.0, 0.0, 0.0, 1.0, 4.0]);
        let density = lanczos_quadrature(&a, 3, 5, &mut Rng::new(1)).unwrap();
        let smooth = density.smoothed(2001, 0.1).unwrap();
        let step = smooth.grid[1] - smooth.grid[0];
        let mass: f64 = smooth.values.iter().sum::<f64>() * step;
        let mean: f64 = smooth.values.iter().zip(&smooth.grid).map(|(v, x)| v * x).sum::<f64>() * step;
        assert!((mass - 1.0).abs() < 1e-6 && (mean - 0.6).abs() < 1e-5); // 6e-7 of each peak is off the grid at most
        let (lowest, highest) = (smooth.grid[0], smooth.grid[2000]);
        assert!((lowest + 2.5).abs() < 1e-9 && (highest - 4.5).abs() < 1e-9);
        assert!(smooth.std_errors.is_some_and(|e| e.len() == 2001 && e.iter().all(|&e| e < 1e-10)));
        assert!(density.smoothed(1, 0.1).is_err() && density.smoothed(9, 0.0).is_err());
    }

    #[test]
    fn traces_of_functions_come_with_errors() {
        let (n, mut rng) = (30, Rng::new(5));
        let a = Dense::symmetrized(n, (0..n * n).map(|_| 0.3 * rng.normal()).collect()).unwrap();
        let exact: f64 = crate::eigenvalues(&a, n).unwrap().iter().map(|x| x.exp()).sum();
        let e = lanczos_quadrature(&a, 60, 12, &mut rng).unwrap().trace_of(f64::exp);
        assert!((e.value - exact).abs() < 4.0 * e.std_error.unwrap(), "{e} against {exact}");
        assert!(e.std_error.unwrap() < 0.1 * exact);
    }

    #[test]
    fn nan_and_zero_counts_are_refused() {
        let nan = FnOperator::new(3, |_, y| {
            y.fill(f64::NAN);
            Ok(())
        });
        assert!(matches!(lanczos_quadrature(&nan, 1, 2, &mut Rng::new(0)), Err(Error::NotFinite { product: 1, .. })));
        let a = Diagonal::new([1.0]);
        assert!(lanczos_quadrature(&a, 0, 1, &mut Rng::new(0)).is_err());
        assert!(lanczos_quadrature(&a, 1, 0, &mut Rng::new(0)).is_err());
        assert_eq!(lanczos_quadrature(&a, 1, 9, &mut Rng::new(0)).unwrap().quadratures[0].nodes, [1.0]);
    }
}
