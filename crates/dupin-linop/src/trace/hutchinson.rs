//! Hutchinson's trace estimator: the mean of `vᵀAv` over random probes.

use crate::sampling::sample;
use crate::vector::dot;
use crate::{Distribution, Error, Estimate, Products, Rng, StoppingRule, SymmetricOperator};

/// Estimates `tr A` as the mean of `vᵀAv` over random probes `v`.
///
/// Each probe is an unbiased sample of variance `2(‖A‖²_F − Σ aᵢᵢ²)` for [`Distribution::Rademacher`] and `2‖A‖²_F` for
/// [`Distribution::Gaussian`]. The standard error is the one seen in the samples, not this formula.
///
/// # Shapes and units
/// - `a`: `[n, n]`, symmetric. The estimate has the unit of its entries.
///
/// # Cost
/// One product a probe, at most `rule.max_products`; `2·n·block` floats.
///
/// # Errors
/// [`Error::Parameter`] for a rule out of range or an operator of dimension 0, [`Error::NotFinite`], and what the
/// operator reports.
///
/// # Source
/// Girard (1987); Hutchinson (1990), "A stochastic estimator of the trace of the influence matrix".
///
/// # Examples
/// ```
/// use dupin_linop::{Dense, Distribution, Ended, Rng, StoppingRule, hutchinson};
/// let a = Dense::new(2, vec![5.0, 1.0, 1.0, 3.0])?;
/// let rule = StoppingRule::relative(0.1, 10_000);
/// let trace = hutchinson(&a, Distribution::Rademacher, &rule, &mut Rng::new(0))?;
/// assert_eq!(trace.ended, Ended::Tolerance);
/// assert!(trace.confidence_interval(0.99).is_some_and(|i| i.contains(8.0)));
/// # Ok::<(), dupin_linop::Error>(())
/// ```
pub fn hutchinson(
    a: &dyn SymmetricOperator,
    distribution: Distribution,
    rule: &StoppingRule,
    rng: &mut Rng,
) -> Result<Estimate, Error> {
    rule.check()?;
    let mut products = Products::new("hutchinson", a)?;
    sample(&mut products, distribution, rule, rng, |_| (), dot)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Dense, Diagonal, Ended, FnOperator};

    #[test]
    fn rademacher_on_a_diagonal_has_no_variance() {
        let a = Diagonal::new([1.0, -2.0, 4.0, 0.5]);
        for seed in 0..20 {
            let e = hutchinson(&a, Distribution::Rademacher, &StoppingRule::products(3), &mut Rng::new(seed)).unwrap();
            assert_eq!((e.value, e.std_error, e.matvecs, e.ended), (3.5, Some(0.0), 3, Ended::Budget));
        }
    }

    /// One probe sees either `+2` or `−2` on a swap: the spread shows it, and a rule does not trust the first few.
    #[test]
    fn a_lucky_streak_is_not_taken_for_certainty() {
        let swap = Dense::new(2, vec![0.0, 1.0, 1.0, 0.0]).unwrap();
        let rule = StoppingRule { absolute_error: 0.2, ..StoppingRule::products(100_000) };
        for seed in 0..50 {
            let e = hutchinson(&swap, Distribution::Rademacher, &rule, &mut Rng::new(seed)).unwrap();
            assert_eq!(e.ended, Ended::Tolerance);
            assert!(e.matvecs >= 200, "{e}: the standard deviation is 2, so about 384 probes are needed");
        }
    }

    #[test]
    fn one_probe_cannot_tell_its_error() {
        let e = hutchinson(&Diagonal::new([2.0]), Distribution::Gaussian, &StoppingRule::products(1), &mut Rng::new(1));
        assert_eq!(e.unwrap().std_error, None);
    }

    #[test]
    fn the_block_changes_neither_samples_nor_decision() {
        struct Blocks(Dense, usize);
        impl SymmetricOperator for Blocks {
            fn dim(&self) -> usize {
                self.0.dim()
            }
            fn apply(&self, x: &[f64], y: &mut [f64]) -> Result<(), Error> {
                self.0.apply(x, y)
            }
            fn block(&self) -> usize {
                self.1
            }
        }
        let a = Dense::new(3, vec![4.0, 1.0, 0.5, 1.0, 3.0, -1.0, 0.5, -1.0, 2.0]).unwrap();
        for rule in [StoppingRule::products(29), StoppingRule::relative(0.2, 1000)] {
            let run = |block| hutchinson(&Blocks(a.clone(), block), Distribution::Gaussian, &rule, &mut Rng::new(6)).unwrap();
            let expected = if rule.relative_error > 0.0 { Ended::Tolerance } else { Ended::Budget };
            assert_eq!(run(1).ended, expected);
            assert!([2, 7, 64].iter().all(|&block| run(block) == run(1)));
        }
    }

    #[test]
    fn a_nan_is_an_error_at_its_product() {
        let calls = std::cell::Cell::new(0);
        let a = FnOperator::new(2, |x, y| {
            calls.set(calls.get() + 1);
            y.copy_from_slice(x);
            y[1] = if calls.get() == 4 { f64::NAN } else { 0.0 };
            Ok(())
        });
        let error = hutchinson(&a, Distribution::Rademacher, &StoppingRule::products(9), &mut Rng::new(1)).unwrap_err();
        assert!(matches!(error, Error::NotFinite { estimator: "hutchinson", product: 4, entry: 1, .. }));
        assert_eq!(calls.get(), 4);
    }
}
