//! Extreme eigenpairs by LOBPCG: a block of vectors, few of them held, all products of a step at once.

use nalgebra::{DMatrix, SymmetricEigen};

use super::lanczos::{Eigenpairs, Which, ends, largest_size};
use crate::basis::Basis;
use crate::error::{Error, check_positive};
use crate::vector::{axpy, dot, norm};
use crate::{Products, Rng, SymmetricOperator};

/// What to look for, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LobpcgParams {
    /// The end of the spectrum.
    pub which: Which,
    /// Eigenpairs wanted of each end, at least 1.
    pub count: usize,
    /// Further pairs of each end that are iterated along and not returned: convergence is governed by the gap behind them.
    pub guard: usize,
    /// Products allowed, at least 1.
    pub steps: usize,
    /// A pair has converged when its residual is at most this fraction of the largest `|Ritz value|`, an estimate of `‖A‖₂`.
    pub tolerance: f64,
    /// Seed of the start vectors.
    pub seed: u64,
}

impl Default for LobpcgParams {
    fn default() -> Self {
        Self { which: Which::Largest, count: 1, guard: 2, steps: 1000, tolerance: 1e-6, seed: 0 }
    }
}

/// Orthonormal vectors `S`, their products `A S` and the matrix `Sᵀ A S`: everything that a step needs.
struct Subspace {
    s: Basis,
    a_s: Basis,
    t: DMatrix<f64>,
}

impl Subspace {
    fn new(n: usize) -> Self {
        Self { s: Basis::new(n), a_s: Basis::new(n), t: DMatrix::zeros(0, 0) }
    }

    /// Takes in what is new in `vectors`, one product each; returns how many there were.
    fn widen(&mut self, vectors: impl Iterator<Item = Vec<f64>>, products: &mut Products) -> Result<usize, Error> {
        let before = self.s.len();
        for mut v in vectors {
            // A residual of rounding size is as good a direction as any: it is new, if it is not zero.
            let length = norm(&v);
            self.s.extend(&mut v, length);
        }
        let (n, after) = (products.dim(), self.s.len());
        let mut images = vec![0.0; (after - before) * n];
        if after > before {
            products.apply(&self.s.entries()[before * n..], &mut images)?;
        }
        let mut t = self.t.clone().resize(after, after, 0.0);
        for (j, image) in (before..).zip(images.chunks(n)) {
            self.a_s.push(image);
            for (i, q) in self.s.vectors().enumerate() {
                let entry = dot(q, image);
                // Two new vectors give their entry twice, alike but for rounding.
                let entry = if i >= before && i < j { f64::midpoint(entry, t[(j, i)]) } else { entry };
                (t[(i, j)], t[(j, i)]) = (entry, entry);
            }
        }
        self.t = t;
        Ok(after - before)
    }

    fn rotate(&mut self, columns: &[Vec<f64>]) {
        let k = DMatrix::from_fn(self.t.nrows(), columns.len(), |i, j| columns[j][i]);
        self.t = k.transpose() * &self.t * k;
        self.s.rotate(columns);
        self.a_s.rotate(columns);
    }

    /// `A x − λ x` of vector `j`.
    fn residual(&self, j: usize, value: f64) -> Vec<f64> {
        let mut r = self.a_s.vector(j).to_vec();
        axpy(-value, self.s.vector(j), &mut r);
        r
    }
}

/// Finds the extreme eigenpairs of `A`, at either end of an indefinite spectrum, from a block of vectors.
///
/// Each step adds to the block `X` its residuals and its last moves `P`, and takes the best block out of the sum: a locally optimal
/// block conjugate gradient. All products of a step are of one call, which an operator with batched tangents answers at less
/// cost a vector; repeated eigenvalues are found as often as they occur, up to the block. For well separated ends
/// [`lanczos`](crate::lanczos) takes fewer products, mostly by far: it forgets nothing. This one holds only `6·block` vectors.
///
/// Both ends are iterated as one block, so what serves one end serves the other. No preconditioner. Residuals of a converged run are
/// measured by products of their own.
///
/// # Shapes and units
/// - `a`: `[n, n]`, symmetric. Eigenvalues and residuals have the unit of its entries.
///
/// # Cost
/// At most `steps` products; `b = count + guard` a step at first, for each end, and fewer as pairs converge; `6·n·b` floats and about
/// `40·n·b²` operations a step.
///
/// # Errors
/// [`Error::Parameter`] for parameters out of range or an operator of dimension 0, [`Error::NotFinite`], and what the
/// operator reports.
///
/// # Source
/// Knyazev (2001), "Toward the optimal preconditioned eigensolver"; the choice of a basis that stays orthonormal is that of Hetmaniuk
/// & Lehoucq (2006), "Basis selection in LOBPCG".
///
/// # Examples
/// ```
/// use dupin_linop::{Diagonal, LobpcgParams, Which, lobpcg};
/// let a = Diagonal::new([vec![7.0, 7.0, -3.0], vec![0.0; 50]].concat());
/// let pairs = lobpcg(&a, &LobpcgParams { which: Which::Both, count: 2, ..LobpcgParams::default() })?;
/// assert!(pairs.converged);
/// assert!((pairs.values[0] - 7.0).abs() < 1e-5 && (pairs.values[1] - 7.0).abs() < 1e-5); // both copies
/// assert!((pairs.values[3] + 3.0).abs() < 1e-5);
/// # Ok::<(), dupin_linop::Error>(())
/// ```
pub fn lobpcg(a: &dyn SymmetricOperator, params: &LobpcgParams) -> Result<Eigenpairs, Error> {
    lobpcg_with(a, params, |_| ())
}

/// [`lobpcg`] that tells the products spent after every step.
///
/// # Errors
/// As for [`lobpcg`].
pub fn lobpcg_with(
    a: &dyn SymmetricOperator,
    params: &LobpcgParams,
    mut progress: impl FnMut(usize),
) -> Result<Eigenpairs, Error> {
    check_positive("count", params.count)?;
    check_positive("steps", params.steps)?;
    if !(params.tolerance >= 0.0 && params.tolerance.is_finite()) {
        return Err(Error::parameter("tolerance", "a number not below 0", params.tolerance));
    }
    let mut products = Products::new("lobpcg", a)?;
    let n = a.dim();
    let each = params.count.saturating_add(params.guard);
    let sides = if params.which == Which::Both { 2 } else { 1 };
    let (pairs, block) = (params.count.saturating_mul(sides), each.saturating_mul(sides).min(n).min(params.steps));
    let mut rng = Rng::new(params.seed);
    let random = (0..block).map(|_| {
        let mut v = vec![0.0; n];
        rng.fill_normal(&mut v);
        v
    });
    let mut space = Subspace::new(n);
    space.widen(random, &mut products)?;
    let mut width = space.s.len(); // vectors of X, at the start of S
    let mut measured = true; // whether the products of X are products and not combinations of products
    loop {
        let (values, limit) = choose_block(&mut space, &mut width, params, each);
        let residuals: Vec<Vec<f64>> = values.iter().enumerate().map(|(j, &v)| space.residual(j, v)).collect();
        let norms: Vec<f64> = residuals.iter().map(|r| norm(r)).collect();
        let wanted: Vec<usize> = ends(params.which, params.count, width).iter().map(|i| width - 1 - i).collect();
        let converged = wanted.iter().all(|&j| norms[j] <= limit);
        progress(products.count());
        let left = params.steps.saturating_sub(products.count());
        let result = |space: &Subspace, matvecs, converged| Eigenpairs {
            values: wanted.iter().map(|&j| values[j]).collect(),
            vectors: wanted.iter().map(|&j| space.s.vector(j).to_vec()).collect(),
            residual_norms: wanted.iter().map(|&j| norms[j]).collect(),
            converged,
            matvecs,
        };
        if converged && (measured || left < width) || left == 0 {
            return Ok(result(&space, products.count(), converged && wanted.len() >= pairs.min(n)));
        }
        if converged {
            // Combinations of combinations gather rounding: begin anew from X, by products.
            let x: Vec<Vec<f64>> = space.s.vectors().take(width).map(<[f64]>::to_vec).collect();
            space = Subspace::new(n);
            space.widen(x.into_iter(), &mut products)?;
            (width, measured) = (space.s.len(), true);
            continue;
        }
        let active = residuals.into_iter().zip(&norms).filter(|(_, norm)| **norm > limit).map(|(r, _)| r).take(left);
        if space.widen(active, &mut products)? == 0 {
            return Ok(result(&space, products.count(), false)); // what is above the limit is rounding
        }
        measured = false;
    }
}

/// Rotates `S` to `[X, P]`: the wanted Ritz vectors and, orthogonal to them, their parts outside the old `X`. Returns the Ritz values of
/// `X` by descending value, and the residual that is small enough.
fn choose_block(space: &mut Subspace, width: &mut usize, params: &LobpcgParams, each: usize) -> (Vec<f64>, f64) {
    let m = space.s.len();
    let eigen = SymmetricEigen::new(space.t.clone());
    let mut order: Vec<usize> = (0..m).collect();
    order.sort_by(|&i, &j| eigen.eigenvalues[i].total_cmp(&eigen.eigenvalues[j]));
    let limit = params.tolerance * largest_size(eigen.eigenvalues.as_slice());
    let chosen: Vec<usize> = ends(params.which, each, m).into_iter().map(|i| order[i]).collect();
    let mut columns = Basis::new(m);
    for &i in &chosen {
        columns.push(eigen.eigenvectors.column(i).as_slice());
    }
    for &i in &chosen {
        let mut step = eigen.eigenvectors.column(i).as_slice().to_vec();
        step[..*width].fill(0.0);
        // In `m` dimensions: exact to rounding, and no long vector is touched.
        columns.extend(&mut step, 1.0);
    }
    let columns: Vec<Vec<f64>> = columns.vectors().map(<[f64]>::to_vec).collect();
    space.rotate(&columns);
    *width = chosen.len();
    (chosen.iter().map(|&i| eigen.eigenvalues[i]).collect(), limit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Dense, Diagonal, FnOperator, LanczosParams, Scaled, lanczos};

    fn both(count: usize) -> LobpcgParams {
        LobpcgParams { which: Which::Both, count, tolerance: 1e-9, ..LobpcgParams::default() }
    }

    fn random(n: usize) -> Dense {
        let mut rng = Rng::new(3);
        Dense::symmetrized(n, (0..n * n).map(|_| rng.normal()).collect()).unwrap()
    }

    #[test]
    fn agrees_with_all_eigenvalues_at_both_ends() {
        for (n, count) in [(1, 1), (3, 2), (12, 3), (120, 4)] {
            let a = random(n);
            let exact = crate::eigenvalues(&a, n).unwrap();
            let pairs = lobpcg(&a, &both(count)).unwrap();
            assert!(pairs.converged, "{n}: {:?}", pairs.residual_norms);
            let rounding = 64.0 * n as f64 * f64::EPSILON * exact[n - 1].abs().max(1.0);
            let mut expected: Vec<f64> = exact.iter().copied().rev().take(count).collect();
            expected.extend(exact[..count.min(n - expected.len())].iter().rev());
            assert_eq!(pairs.values.len(), expected.len());
            let measured = pairs.measured_residuals(&a).unwrap();
            for (i, expected) in expected.iter().enumerate() {
                assert!((pairs.values[i] - expected).abs() <= pairs.residual_norms[i] + rounding);
                assert!((pairs.residual_norms[i] - measured[i]).abs() <= rounding);
                for j in 0..=i {
                    let product = dot(&pairs.vectors[i], &pairs.vectors[j]);
                    assert!((product - f64::from(u8::from(i == j))).abs() < 64.0 * n as f64 * f64::EPSILON);
                }
            }
        }
    }

    /// What a space grown from one vector cannot see: every copy of a repeated eigenvalue.
    #[test]
    fn repeated_eigenvalues_are_found_as_often_as_they_occur() {
        let entries: Vec<f64> = (0..60).map(|i| if i < 4 { -9.0 } else { f64::from(i % 10) }).collect();
        let params = LobpcgParams { which: Which::Smallest, ..both(5) };
        let pairs = lobpcg(&Diagonal::new(entries), &params).unwrap();
        assert!(
            pairs.converged && pairs.values.iter().rev().zip([-9.0, -9.0, -9.0, -9.0, 0.0]).all(|(x, y)| (x - y).abs() < 1e-7)
        );
    }

    #[test]
    fn the_ends_are_those_that_lanczos_finds() {
        let a = random(80);
        for which in [Which::Largest, Which::Smallest, Which::Both] {
            let params = LanczosParams { which, count: 3, tolerance: 1e-9, ..LanczosParams::default() };
            let (one, other) = (lanczos(&a, &params).unwrap(), lobpcg(&a, &LobpcgParams { which, ..both(3) }).unwrap());
            assert!(
                one.values.iter().zip(&other.values).all(|(x, y)| (x - y).abs() < 1e-6),
                "{:?}\n{:?}",
                one.values,
                other.values
            );
            let minus = match which {
                Which::Largest => Which::Smallest,
                Which::Smallest => Which::Largest,
                Which::Both => Which::Both,
            };
            let negated = lobpcg(&Scaled::new(-1.0, &a), &LobpcgParams { which: minus, ..both(3) }).unwrap();
            assert!(other.values.iter().rev().zip(&negated.values).all(|(x, y)| (x + y).abs() < 1e-6));
        }
    }

    #[test]
    fn the_budget_is_kept_and_a_miss_is_a_result() {
        let n = 300;
        let calls = std::cell::Cell::new(0);
        let a = FnOperator::new(n, |x, y| {
            calls.set(calls.get() + 1);
            (0..n).for_each(|i| y[i] = i as f64 * x[i]);
            Ok(())
        });
        for steps in [1, 3, 10, 11, 25] {
            calls.set(0);
            let pairs = lobpcg(&a, &LobpcgParams { steps, ..both(2) }).unwrap();
            assert!(!pairs.converged && pairs.matvecs <= steps && calls.get() == pairs.matvecs);
            assert!(pairs.values.len() <= 4 && !pairs.values.is_empty());
        }
        for bad in [
            LobpcgParams { count: 0, ..both(1) },
            LobpcgParams { steps: 0, ..both(1) },
            LobpcgParams { tolerance: f64::NAN, ..both(1) },
        ] {
            assert!(matches!(lobpcg(&a, &bad), Err(Error::Parameter { .. })));
        }
        let nan = FnOperator::new(3, |_, y| {
            y.fill(f64::NAN);
            Ok(())
        });
        assert!(matches!(lobpcg(&nan, &both(1)), Err(Error::NotFinite { estimator: "lobpcg", product: 1, .. })));
        assert_eq!(lobpcg(&Diagonal::new([0.0; 4]), &both(1)).unwrap().values, [0.0, 0.0]);
    }
}
