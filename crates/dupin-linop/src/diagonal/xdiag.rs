//! XDiag: every probe is used both to sketch the range and to sample the diagonal of what is left, without bias.

use crate::basis::Basis;
use crate::sketch::{CORRELATION, Grown, Sketch};
use crate::{DiagonalEstimate, Distribution, Error, Products, Rng, SymmetricOperator};

/// Estimates the diagonal of `A` from sign probes that each take a turn at being the sample while the others are the sketch.
///
/// With `Q₍ᵢ₎` spanning the products of all probes but `ωᵢ`, sample `i` is `diag(Q₍ᵢ₎Q₍ᵢ₎ᵀA) + ωᵢ ⊙ (I − Q₍ᵢ₎Q₍ᵢ₎ᵀ)Aωᵢ`: unbiased, and
/// exact when `rank A < k`. Better than [`hutchinson_diagonal`](crate::hutchinson_diagonal) with as many products where
/// eigenvalues decay, worse where they do not.
///
/// Standard errors are from the spread over `i`, times `√2` for what correlation of the samples adds at most, as for
/// [`xtrace`](crate::xtrace). They are 0 once `Q` spans the range of `A`.
///
/// # Shapes and units
/// - `a`: `[n, n]`, symmetric. The estimates have the unit of its entries.
///
/// # Cost
/// Two products a probe, `matvecs` at most, fewer if `A` has low rank; `3·n·k` floats for `k = matvecs/2`, `O(n k²)` operations.
///
/// # Errors
/// [`Error::Parameter`] for a budget below 4 products or an operator of dimension 0, [`Error::NotFinite`], and what the
/// operator reports.
///
/// # Source
/// Epperly, Tropp & Webber (2024), "XTrace: making the most of every sample in stochastic trace estimation", section 4.
///
/// # Examples
/// ```
/// use dupin_linop::{FnOperator, Rng, vector, xdiag};
/// let rank_one = FnOperator::new(3, |x, y| {
///     let u = [1.0, 2.0, 2.0]; // A = u uᵀ
///     y.copy_from_slice(&u.map(|ui| ui * vector::dot(&u, x)));
///     Ok(())
/// });
/// let d = xdiag(&rank_one, 4, &mut Rng::new(0))?;
/// assert!((d.values[1] - 4.0).abs() < 1e-12);
/// # Ok::<(), dupin_linop::Error>(())
/// ```
pub fn xdiag(a: &dyn SymmetricOperator, matvecs: usize, rng: &mut Rng) -> Result<DiagonalEstimate, Error> {
    let mut products = Products::new("xdiag", a)?;
    let n = a.dim();
    if matvecs < 4 && n > 1 {
        return Err(Error::parameter("matvecs", "at least 4 for two probes of `xdiag`", matvecs));
    }
    let (mut sketch, mut images) = (Sketch::new(n, Distribution::Rademacher), Basis::new(n));
    let mut complete = false;
    while !complete && products.count() + 2 <= matvecs.max(2) {
        complete = sketch.grow(&mut products, rng, |aq| images.push(aq))? == Grown::Complete;
    }
    // diag(Q QᵀA): what every sample begins from.
    let mut on_sketch = vec![0.0; n];
    for (q, aq) in sketch.basis.vectors().zip(images.vectors()) {
        on_sketch.iter_mut().zip(q.iter().zip(aq)).for_each(|(d, (q, aq))| *d += q * aq);
    }
    if complete {
        return Ok(DiagonalEstimate { values: on_sketch, std_errors: Some(vec![0.0; n]), matvecs: products.count() });
    }
    let (r, alone, k) = (sketch.upper(), sketch.directions_of_one_probe(), sketch.r.len());
    let (mut mean, mut squares) = (vec![0.0; n], vec![0.0; n]);
    for (i, probe) in sketch.probes.vectors().enumerate() {
        // Q₍ᵢ₎Q₍ᵢ₎ᵀ = Q(I − s sᵀ)Qᵀ and Aω = Q r, so the rest of Aω is Q s (sᵀr).
        let s = alone.column(i);
        let (qs, aqs) = (sketch.basis.combine(s.iter().copied()), images.combine(s.iter().copied()));
        let sr = s.dot(&r.column(i));
        for j in 0..n {
            let sample = qs[j] * (sr * probe[j] - aqs[j]);
            let delta = sample - mean[j]; // Welford, one for each entry
            mean[j] += delta / (i + 1) as f64;
            squares[j] += delta * (sample - mean[j]);
        }
    }
    mean.iter_mut().zip(&on_sketch).for_each(|(m, d)| *m += d);
    let pairs = (k * (k - 1)) as f64 / CORRELATION;
    let std_errors = squares.iter().map(|s| (s / pairs).sqrt()).collect();
    Ok(DiagonalEstimate { values: mean, std_errors: Some(std_errors), matvecs: products.count() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Dense, Diagonal};
    use nalgebra::{DMatrix, DVector};

    fn random_symmetric(n: usize, seed: u64, spectrum: impl Fn(usize) -> f64) -> Dense {
        let mut rng = Rng::new(seed);
        let q = DMatrix::from_fn(n, n, |_, _| rng.normal()).qr().q();
        let values = DVector::from_fn(n, |i, _| spectrum(i));
        Dense::symmetrized(n, (&q * DMatrix::from_diagonal(&values) * q.transpose()).as_slice().to_vec()).unwrap()
    }

    /// The definition, with a QR factorization for every probe left out.
    #[test]
    fn agrees_with_the_definition() {
        let (n, k) = (30, 6);
        let a = random_symmetric(n, 2, |i| 0.7_f64.powi(i as i32) * if i % 2 == 0 { 1.0 } else { -1.0 });
        let m = DMatrix::from_row_slice(n, n, a.entries());
        let mut entries = vec![0.0; n * k];
        let mut rng = Rng::new(5);
        entries.chunks_mut(n).for_each(|v| rng.fill_signs(v));
        let omega = DMatrix::from_vec(n, k, entries);
        let mut mean = vec![0.0; n];
        for i in 0..k {
            let q = (&m * omega.clone().remove_column(i)).qr().q();
            let projection = &q * q.transpose();
            let w = omega.column(i);
            let rest = &m * w - &projection * (&m * w);
            let on_sketch = (&projection * &m).diagonal();
            (0..n).for_each(|j| mean[j] += (on_sketch[j] + w[j] * rest[j]) / k as f64);
        }
        let fast = xdiag(&a, 2 * k, &mut Rng::new(5)).unwrap();
        assert_eq!(fast.matvecs, 2 * k);
        // R is as ill-conditioned as 0.7⁻⁶ and a random matrix of signs: rounding grows by less than 1e4.
        assert!(fast.values.iter().zip(&mean).all(|(x, y)| (x - y).abs() < 1e4 * 30.0 * f64::EPSILON));
    }

    #[test]
    fn exact_on_low_rank_and_on_the_whole_space() {
        let a = random_symmetric(40, 5, |i| [3.0, -2.0, 0.5, 4.0].get(i).copied().unwrap_or(0.0));
        let d = xdiag(&a, 10, &mut Rng::new(1)).unwrap();
        assert!((0..40).all(|i| (d.values[i] - a.entry(i, i)).abs() < 1e-11));
        let d = xdiag(&Diagonal::new([0.0, 2.0, 0.0, -3.0]), 100, &mut Rng::new(1)).unwrap();
        assert!(d.matvecs <= 8 && (d.values[1] - 2.0).abs() < 1e-13 && (d.values[3] + 3.0).abs() < 1e-13);
        assert_eq!(d.std_errors, Some(vec![0.0; 4]));
        let zero = xdiag(&Diagonal::new([0.0; 9]), 100, &mut Rng::new(1)).unwrap();
        assert_eq!((zero.values, zero.matvecs), (vec![0.0; 9], 1));
        assert!(xdiag(&a, 3, &mut Rng::new(1)).is_err());
        assert!((xdiag(&Diagonal::new([3.0]), 2, &mut Rng::new(1)).unwrap().values[0] - 3.0).abs() < 1e-14);
    }

    /// Unbiased entry by entry over seeds (the largest of 25 scores is below 4.5 with probability 0.9998), with errors that are
    /// the reported ones to a factor, and below Hutchinson's on a decaying spectrum.
    #[test]
    fn unbiased_with_its_error_and_better_than_plain_probes_on_decay() {
        let (n, runs) = (25, 400);
        let a = random_symmetric(n, 7, |i| 0.6_f64.powi(i as i32));
        let (mut sum, mut sum2, mut reported, mut plain) = (vec![0.0; n], vec![0.0; n], 0.0, 0.0);
        for seed in 0..runs {
            let d = xdiag(&a, 12, &mut Rng::new(seed)).unwrap();
            let h = crate::hutchinson_diagonal(&a, 12, &mut Rng::new(seed)).unwrap();
            for j in 0..n {
                let error = d.values[j] - a.entry(j, j);
                sum[j] += error;
                sum2[j] += error * error;
                plain += (h.values[j] - a.entry(j, j)).powi(2);
            }
            reported += d.std_errors.unwrap().iter().map(|e| e * e).sum::<f64>();
        }
        for j in 0..n {
            let z = sum[j] / sum2[j].sqrt();
            assert!(z.abs() < 4.5, "entry {j} is off by {z} standard errors");
        }
        let actual: f64 = sum2.iter().sum();
        let ratio = (actual / reported).sqrt();
        assert!((0.6..1.1).contains(&ratio), "the true error is {ratio} of the reported one");
        assert!(4.0 * actual < plain, "{actual} against {plain}");
    }
}
