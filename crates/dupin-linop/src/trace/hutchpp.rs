//! Hutch++: take the trace on a sketch of the range exactly, and sample only the rest.

use crate::basis::Basis;
use crate::sampling::sample;
use crate::vector::{dot, norm};
use crate::{Distribution, Ended, Error, Estimate, Products, Rng, StoppingRule, SymmetricOperator};

/// Estimates `tr A` as `tr(QᵀAQ)` plus Hutchinson's estimate of `tr(PAP)`, `P = I − QQᵀ`, where `Q` spans `A S` for a random `S`.
///
/// Where few eigenvalues carry most of `‖A‖_F` the sketch catches them and the rest varies little: the error falls as
/// `1/m` instead of `1/√m` on the worst spectra, and `rank A ≤ sketch` is exact. Given `Q` the first term is exact, so the
/// standard error of the second is that of the whole.
///
/// # Shapes and units
/// - `a`: `[n, n]`, symmetric. The estimate has the unit of its entries.
/// - `sketch`: columns of `S`, at least 1, of which `n` are enough. A third of the budget is the authors' choice.
///
/// # Cost
/// `2·sketch` products before the first sample (fewer if `A` has low rank), then one a sample, within `rule.max_products`;
/// `n·(sketch + 2·block)` floats. `rule.min_samples` counts samples of the second term.
///
/// # Errors
/// [`Error::Parameter`] for a rule out of range, an operator of dimension 0, no sketch, or a budget that leaves no sample
/// after it (below `2·sketch + 1`). [`Error::NotFinite`], and what the operator reports.
///
/// # Source
/// Meyer, Musco, Musco & Woodruff (2021), "Hutch++: optimal stochastic trace estimation". Differs: the number of samples of
/// the second term is left to the rule.
///
/// # Examples
/// ```
/// use dupin_linop::{Distribution, FnOperator, Rng, StoppingRule, hutchpp, vector};
/// let rank_one = FnOperator::new(3, |x, y| {
///     let u = [1.0, 2.0, 2.0]; // A = u uᵀ, trace 9
///     y.copy_from_slice(&u.map(|ui| ui * vector::dot(&u, x)));
///     Ok(())
/// });
/// let trace = hutchpp(&rank_one, 1, Distribution::Rademacher, &StoppingRule::products(4), &mut Rng::new(0))?;
/// assert!((trace.value - 9.0).abs() < 1e-12);
/// # Ok::<(), dupin_linop::Error>(())
/// ```
pub fn hutchpp(
    a: &dyn SymmetricOperator,
    sketch: usize,
    distribution: Distribution,
    rule: &StoppingRule,
    rng: &mut Rng,
) -> Result<Estimate, Error> {
    rule.check()?;
    let mut products = Products::new("hutchpp", a)?;
    let sketch = sketch.min(a.dim());
    if sketch == 0 || 2 * sketch >= rule.max_products {
        let expected = "at least 1, and below half of `max_products`";
        return Err(Error::parameter("sketch", expected, format!("{sketch} of {}", rule.max_products)));
    }
    let basis = sketch_range(&mut products, sketch, distribution, rng)?;
    let known = trace_on(&mut products, &basis)?;
    if basis.len() == a.dim() {
        let (estimator, matvecs) = (products.estimator(), products.count());
        return Ok(Estimate { value: known, std_error: Some(0.0), samples: 0, matvecs, estimator, ended: Ended::Exact });
    }
    let prepare = |v: &mut [f64]| drop(basis.remove_from(v));
    sample(&mut products, distribution, rule, rng, prepare, |v, av| known + dot(v, av))
}

/// An orthonormal basis of the range of `A S`, for `S` with `sketch` random columns.
fn sketch_range(products: &mut Products, sketch: usize, distribution: Distribution, rng: &mut Rng) -> Result<Basis, Error> {
    let n = products.dim();
    let block = products.block().min(sketch);
    let (mut s, mut y) = (vec![0.0; block * n], vec![0.0; block * n]);
    let (mut basis, mut magnitude) = (Basis::new(n), 0.0_f64);
    let mut left = sketch;
    while left > 0 {
        let k = block.min(left);
        left -= k;
        let (s, y) = (&mut s[..k * n], &mut y[..k * n]);
        s.chunks_mut(n).for_each(|s| distribution.fill(rng, s));
        products.apply(s, y)?;
        for y in y.chunks_mut(n) {
            magnitude = magnitude.max(norm(y));
            basis.extend(y, magnitude);
        }
    }
    Ok(basis)
}

/// `tr(QᵀAQ)`.
fn trace_on(products: &mut Products, basis: &Basis) -> Result<f64, Error> {
    let (n, block) = (products.dim(), products.block());
    let mut aq = vec![0.0; block.min(basis.len()) * n];
    let mut trace = 0.0;
    for q in basis.entries().chunks(block * n) {
        let aq = &mut aq[..q.len()];
        products.apply(q, aq)?;
        trace += q.chunks(n).zip(aq.chunks(n)).map(|(q, aq)| dot(q, aq)).sum::<f64>();
    }
    Ok(trace)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Diagonal, FnOperator};

    /// Indefinite, of rank 3 in 30 dimensions. What is left is rounding of the products: `n·ε·‖A‖` a sample.
    #[test]
    fn exact_on_low_rank_whatever_the_sketch_beyond_it() {
        let mut entries = vec![0.0; 30];
        (entries[3], entries[17], entries[29]) = (5.0, -7.0, 0.25);
        for sketch in [3, 4, 12] {
            for distribution in [Distribution::Rademacher, Distribution::Gaussian] {
                let rule = StoppingRule::products(2 * sketch + 4);
                let e = hutchpp(&Diagonal::new(entries.clone()), sketch, distribution, &rule, &mut Rng::new(9)).unwrap();
                assert!((e.value + 1.75).abs() < 30.0 * 8.0 * f64::EPSILON * 7.0, "{e}");
                assert!(e.std_error.is_some_and(|s| s < 30.0 * 8.0 * f64::EPSILON * 7.0));
                assert_eq!(e.matvecs, rule.max_products);
            }
        }
    }

    #[test]
    fn a_sketch_of_everything_is_exact_and_says_so() {
        let a = Diagonal::new([1.0, -3.0, 2.5]);
        let e = hutchpp(&a, 50, Distribution::Gaussian, &StoppingRule::products(100), &mut Rng::new(1)).unwrap();
        assert_eq!((e.ended, e.matvecs), (Ended::Exact, 6));
        assert!((e.value - 0.5).abs() < 1e-13);
    }

    #[test]
    fn counts_every_product() {
        let calls = std::cell::Cell::new(0);
        let a = FnOperator::new(20, |x, y| {
            calls.set(calls.get() + 1);
            (0..20).for_each(|i| y[i] = x[19 - i] + 0.1 * i as f64 * x[i]);
            Ok(())
        });
        let e = hutchpp(&a, 4, Distribution::Rademacher, &StoppingRule::products(15), &mut Rng::new(1)).unwrap();
        assert_eq!((e.matvecs, calls.get(), e.samples), (15, 15, 7));
        let zero = FnOperator::new(20, |_, y| {
            y.fill(0.0);
            Ok(())
        });
        let e = hutchpp(&zero, 4, Distribution::Rademacher, &StoppingRule::products(9), &mut Rng::new(1)).unwrap();
        assert_eq!((e.value, e.matvecs, e.samples), (0.0, 9, 5)); // no direction to take the trace on: 4 + 0 + 5
    }

    #[test]
    fn a_budget_without_samples_is_refused() {
        let a = Diagonal::new([1.0; 10]);
        let error = hutchpp(&a, 3, Distribution::Gaussian, &StoppingRule::products(6), &mut Rng::new(1)).unwrap_err();
        assert_eq!(error.to_string(), "`sketch` must be at least 1, and below half of `max_products`, but is 3 of 6.");
    }
}
