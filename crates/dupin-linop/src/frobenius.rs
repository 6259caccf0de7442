//! The Frobenius norm of an operator, from the lengths of its products.

use crate::sampling::sample;
use crate::vector::dot;
use crate::{Distribution, Error, Estimate, Products, Rng, StoppingRule, SymmetricOperator};

/// Estimates `‖A‖²_F = tr A²`, the sum of the squared eigenvalues, as the mean of `‖Av‖²` over random probes.
///
/// Each probe is an unbiased sample of variance at most `2‖A²‖²_F`. The root of the estimate is the norm, a little too small on
/// average.
///
/// # Shapes and units
/// - `a`: `[n, n]`, symmetric. The estimate has the unit of its entries squared.
///
/// # Cost
/// One product a probe, at most `rule.max_products`; `2·n·block` floats.
///
/// # Errors
/// [`Error::Parameter`] for a rule out of range or an operator of dimension 0, [`Error::NotFinite`], and what the
/// operator reports.
///
/// # Examples
/// ```
/// use dupin_linop::{Diagonal, Distribution, Rng, StoppingRule, frobenius_squared};
/// let e = frobenius_squared(&Diagonal::new([3.0, -4.0]), Distribution::Rademacher, &StoppingRule::products(2), &mut Rng::new(0))?;
/// assert_eq!((e.value, e.std_error), (25.0, Some(0.0)));
/// # Ok::<(), dupin_linop::Error>(())
/// ```
pub fn frobenius_squared(
    a: &dyn SymmetricOperator,
    distribution: Distribution,
    rule: &StoppingRule,
    rng: &mut Rng,
) -> Result<Estimate, Error> {
    rule.check()?;
    let mut products = Products::new("frobenius", a)?;
    sample(&mut products, distribution, rule, rng, |_| (), |_, av| dot(av, av))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Dense;

    #[test]
    fn agrees_with_the_entries() {
        let (n, mut rng) = (15, Rng::new(8));
        let draws: Vec<f64> = (0..n * n).map(|_| rng.normal()).collect();
        let a = Dense::symmetrized(n, draws).unwrap();
        let exact = dot(a.entries(), a.entries());
        for distribution in [Distribution::Rademacher, Distribution::Gaussian] {
            let e = frobenius_squared(&a, distribution, &StoppingRule::products(500), &mut rng).unwrap();
            assert!((e.value - exact).abs() < 4.0 * e.std_error.unwrap(), "{e} against {exact}");
            assert!(e.std_error.unwrap() < 0.1 * exact, "the test would accept anything");
        }
    }
}
