//! Products that are counted and checked: the only way by which estimators here touch an operator.

use crate::SymmetricOperator;
use crate::error::{Error, check_len, check_positive};
use crate::vector::dot;

/// An operator under measurement. Counts every product and refuses the first that is not finite, or too long to
/// have a squared length: what follows works with those.
///
/// Estimators outside this crate get the same honesty by asking through it.
///
/// # Examples
/// ```
/// use dupin_linop::{Diagonal, Products};
/// let a = Diagonal::new([1.0, f64::NAN]);
/// let mut products = Products::new("example", &a)?;
/// let error = products.apply(&[1.0, 0.0], &mut [0.0; 2]).unwrap_err();
/// assert!(error.to_string().starts_with("product number 1 of `example` is NaN at entry 1"));
/// # Ok::<(), dupin_linop::Error>(())
/// ```
pub struct Products<'a> {
    estimator: &'static str,
    a: &'a dyn SymmetricOperator,
    count: usize,
}

impl<'a> Products<'a> {
    /// Starts to count. `estimator` is named in errors.
    ///
    /// # Errors
    /// [`Error::Parameter`] for an operator of dimension 0, of which there is nothing to estimate.
    pub fn new(estimator: &'static str, a: &'a dyn SymmetricOperator) -> Result<Self, Error> {
        check_positive("dim", a.dim())?;
        Ok(Self { estimator, a, count: 0 })
    }

    /// Name given to [`Products::new`].
    pub fn estimator(&self) -> &'static str {
        self.estimator
    }

    /// Products so far.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Dimension of the operator.
    pub fn dim(&self) -> usize {
        self.a.dim()
    }

    /// Vectors to hand to one [`Products::apply`].
    pub fn block(&self) -> usize {
        self.a.block().max(1)
    }

    /// `Y ← A X` for one vector, or several laid end to end.
    ///
    /// # Errors
    /// [`Error::Dimension`] if the lengths do not fit, [`Error::NotFinite`], and what the operator reports.
    pub fn apply(&mut self, x: &[f64], y: &mut [f64]) -> Result<(), Error> {
        let n = self.dim();
        check_len("the vector to multiply", x.len().next_multiple_of(n), x.len())?;
        check_len("the vector to receive a product", x.len(), y.len())?;
        if x.len() == n {
            self.a.apply(x, y)?;
        } else {
            self.a.apply_many(x, y)?;
        }
        for y in y.chunks(n) {
            self.count += 1;
            if !dot(y, y).is_finite() {
                let (entry, value) = culprit(y);
                return Err(Error::NotFinite { estimator: self.estimator, product: self.count, entry, value });
            }
        }
        Ok(())
    }
}

/// The first entry that is not finite, or the largest if only their squares are not.
fn culprit(y: &[f64]) -> (usize, f64) {
    let mut worst = (0, 0.0_f64);
    for (i, &value) in y.iter().enumerate() {
        if !value.is_finite() {
            return (i, value);
        }
        if value.abs() > worst.1.abs() {
            worst = (i, value);
        }
    }
    worst
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Diagonal, FnOperator};

    #[test]
    fn counts_products_and_names_the_first_bad_one() {
        let a = Diagonal::new([1.0, f64::INFINITY]);
        let mut p = Products::new("test", &a).unwrap();
        let mut y = [0.0; 6];
        p.apply(&[1.0, 1e-300], &mut y[..2]).unwrap_err(); // even inf·tiny
        let b = Diagonal::new([1.0, f64::MAX / 1e160]);
        let mut p = Products::new("test", &b).unwrap();
        p.apply(&[1.0, 1.0], &mut y[..2]).unwrap();
        let error = p.apply(&[1.0, 1.0, 1.0, 1e200, 1.0, 1.0], &mut y).unwrap_err();
        assert!(matches!(error, Error::NotFinite { estimator: "test", product: 3, entry: 1, value: f64::INFINITY }));
        let error = p.apply(&[1.0, 1e10], &mut y[..2]).unwrap_err(); // finite, but of infinite length
        assert!(matches!(error, Error::NotFinite { product: 4, entry: 1, value, .. } if value.is_finite()));
    }

    #[test]
    fn what_the_operator_reports_passes_through() {
        let a = FnOperator::new(1, |_, _| Err(Error::apply("device lost")));
        let error = Products::new("test", &a).unwrap().apply(&[1.0], &mut [0.0]).unwrap_err();
        assert_eq!(error.to_string(), "the operator could not compute a product: device lost");
    }

    #[test]
    fn lengths_are_checked() {
        let a = Diagonal::new([1.0, 2.0]);
        let mut p = Products::new("test", &a).unwrap();
        assert!(matches!(p.apply(&[1.0; 3], &mut [0.0; 3]), Err(Error::Dimension { expected: 4, got: 3, .. })));
        assert!(matches!(p.apply(&[1.0; 2], &mut [0.0; 4]), Err(Error::Dimension { expected: 2, got: 4, .. })));
        assert!(Products::new("test", &Diagonal::new([])).is_err());
    }
}
