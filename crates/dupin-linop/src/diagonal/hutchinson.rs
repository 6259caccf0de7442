//! Hutchinson's estimator of the diagonal: the mean of `v ⊙ Av` over random signs `v`.

use crate::error::{Error, check_positive};
use crate::{DiagonalEstimate, Products, Rng, SymmetricOperator};

/// Estimates the diagonal of `A` as the mean of `v ⊙ Av` over Rademacher probes.
///
/// Entry `i` is unbiased with variance `Σ_{j≠i} aᵢⱼ²` a probe, so a diagonal matrix is exact. Errors of different entries are
/// correlated; the standard errors are for each alone.
///
/// # Shapes and units
/// - `a`: `[n, n]`, symmetric. The estimates have the unit of its entries.
///
/// # Cost
/// `probes` products; `(2·block + 2)·n` floats.
///
/// # Errors
/// [`Error::Parameter`] for no probes or an operator of dimension 0, [`Error::NotFinite`], and what the operator reports.
///
/// # Source
/// Bekas, Kokiopoulou & Saad (2007), "An estimator for the diagonal of a matrix".
///
/// # Examples
/// ```
/// use dupin_linop::{Dense, Rng, hutchinson_diagonal};
/// let a = Dense::new(2, vec![5.0, 1.0, 1.0, 3.0])?;
/// let d = hutchinson_diagonal(&a, 100, &mut Rng::new(0))?;
/// let errors = d.std_errors.expect("a hundred probes can tell");
/// assert!((d.values[0] - 5.0).abs() < 4.0 * errors[0]);
/// # Ok::<(), dupin_linop::Error>(())
/// ```
pub fn hutchinson_diagonal(a: &dyn SymmetricOperator, probes: usize, rng: &mut Rng) -> Result<DiagonalEstimate, Error> {
    check_positive("probes", probes)?;
    let mut products = Products::new("hutchinson_diagonal", a)?;
    let n = a.dim();
    let block = products.block().min(probes);
    let (mut v, mut av) = (vec![0.0; block * n], vec![0.0; block * n]);
    let (mut mean, mut squares) = (vec![0.0; n], vec![0.0; n]);
    while products.count() < probes {
        let before = products.count();
        let k = block.min(probes - before);
        let (v, av) = (&mut v[..k * n], &mut av[..k * n]);
        v.chunks_mut(n).for_each(|v| rng.fill_signs(v));
        products.apply(v, av)?;
        for (i, (v, av)) in v.chunks(n).zip(av.chunks(n)).enumerate() {
            let count = (before + i + 1) as f64;
            for (((v, av), mean), squares) in v.iter().zip(av).zip(&mut mean).zip(&mut squares) {
                let delta = v * av - *mean; // Welford, one for each entry
                *mean += delta / count;
                *squares += delta * (v * av - *mean);
            }
        }
    }
    let std_errors = (probes > 1).then(|| {
        let pairs = probes as f64 * (probes - 1) as f64;
        squares.iter().map(|s| (s / pairs).sqrt()).collect()
    });
    Ok(DiagonalEstimate { values: mean, std_errors, matvecs: products.count() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Dense, Diagonal};

    #[test]
    fn a_diagonal_is_exact() {
        let d = hutchinson_diagonal(&Diagonal::new([1.0, -2.0, 3.5]), 2, &mut Rng::new(1)).unwrap();
        assert_eq!(d, DiagonalEstimate { values: vec![1.0, -2.0, 3.5], std_errors: Some(vec![0.0; 3]), matvecs: 2 });
        assert_eq!(hutchinson_diagonal(&Diagonal::new([1.0]), 1, &mut Rng::new(1)).unwrap().std_errors, None);
        assert!(hutchinson_diagonal(&Diagonal::new([1.0]), 0, &mut Rng::new(1)).is_err());
    }

    /// Each entry within four standard errors, and the standard errors against theory: `√(Σ_{j≠i} aᵢⱼ² / probes)`.
    #[test]
    fn entries_and_errors_agree_with_theory() {
        let (n, probes, mut rng) = (12, 4000, Rng::new(8));
        let draws: Vec<f64> = (0..n * n).map(|_| rng.normal()).collect();
        let a = Dense::symmetrized(n, draws).unwrap();
        let d = hutchinson_diagonal(&a, probes, &mut rng).unwrap();
        let errors = d.std_errors.unwrap();
        for i in 0..n {
            assert!((d.values[i] - a.entry(i, i)).abs() < 4.0 * errors[i]);
            let theory: f64 = (0..n).filter(|&j| j != i).map(|j| a.entry(i, j).powi(2)).sum::<f64>() / probes as f64;
            // A sample variance of a form of kurtosis at most 9 is known to √(8/probes): 4 of those are 18 %.
            assert!((errors[i].powi(2) / theory - 1.0).abs() < 4.0 * (8.0 / probes as f64).sqrt());
        }
    }
}
