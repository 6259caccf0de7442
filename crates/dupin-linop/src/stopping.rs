//! When to stop drawing samples.

use crate::error::{Error, check_positive};
use crate::{Ended, Estimate};

/// Stop at an error that is small enough, or at a budget of products, whichever comes first.
///
/// The error is small enough when the half-width of the confidence interval is at most
/// `max(absolute_error, relative_error · |value|)`. A quantity near zero, such as the trace of an indefinite operator, needs an
/// `absolute_error`. With both 0 only the budget counts, and the interval covers what it says; a run that may stop early
/// looks at its error only when its samples have grown by a quarter, to keep the bias towards lucky streaks small.
///
/// # Examples
/// ```
/// use dupin_linop::StoppingRule;
/// let rule = StoppingRule { absolute_error: 0.5, ..StoppingRule::relative(0.05, 1000) };
/// assert_eq!((rule.confidence, rule.max_products), (0.95, 1000));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoppingRule {
    /// Half-width allowed, as a fraction of the estimate. 0: never by this.
    pub relative_error: f64,
    /// Half-width allowed, in the unit of the estimate. 0: never by this.
    pub absolute_error: f64,
    /// Probability that the interval covers the truth; above 0 and below 1.
    pub confidence: f64,
    /// Samples to draw before the error is looked at, at least 2: a spread seen from very few samples may be 0 by chance.
    pub min_samples: usize,
    /// Products with the operator that may be spent, at least 1. Never exceeded.
    pub max_products: usize,
}

impl StoppingRule {
    /// Exactly this many products, as far as the method can use them.
    pub fn products(max_products: usize) -> Self {
        Self { relative_error: 0.0, absolute_error: 0.0, confidence: 0.95, min_samples: 10, max_products }
    }

    /// To this relative error at 95 % confidence, or until the products are spent.
    pub fn relative(relative_error: f64, max_products: usize) -> Self {
        Self { relative_error, ..Self::products(max_products) }
    }

    /// Whether the estimate's error is small enough.
    pub fn is_met(&self, estimate: &Estimate) -> bool {
        let target = self.absolute_error.max(self.relative_error * estimate.value.abs());
        self.may_stop_early() && estimate.samples >= self.min_samples.max(2) && estimate.half_width(self.confidence) <= target
    }

    fn may_stop_early(&self) -> bool {
        self.relative_error > 0.0 || self.absolute_error > 0.0
    }

    /// Refuses values outside their range.
    ///
    /// # Errors
    /// [`Error::Parameter`].
    pub fn check(&self) -> Result<(), Error> {
        for (name, value) in [("relative_error", self.relative_error), ("absolute_error", self.absolute_error)] {
            if !(value >= 0.0 && value.is_finite()) {
                return Err(Error::parameter(name, "a number not below 0", value));
            }
        }
        if !(self.confidence > 0.0 && self.confidence < 1.0) {
            return Err(Error::parameter("confidence", "above 0 and below 1", self.confidence));
        }
        check_positive("max_products", self.max_products)
    }

    /// Number of samples at which to look next, having looked at `samples`. 0 asks for the first look.
    pub(crate) fn next_look(&self, samples: usize) -> usize {
        match samples {
            _ if !self.may_stop_early() => usize::MAX,
            0 => self.min_samples.max(2),
            _ => samples + samples.div_ceil(4),
        }
    }

    /// The estimate, marked if it ended by its error.
    pub(crate) fn judge(&self, estimate: Estimate) -> Estimate {
        if self.is_met(&estimate) { Estimate { ended: Ended::Tolerance, ..estimate } } else { estimate }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn estimate(value: f64, std_error: f64, samples: usize) -> Estimate {
        let ended = Ended::Budget;
        Estimate { value, std_error: Some(std_error), samples, matvecs: samples, estimator: "test", ended }
    }

    #[test]
    fn either_error_suffices_but_not_before_the_least_samples() {
        let rule = StoppingRule::relative(0.1, 100);
        assert!(rule.is_met(&estimate(-100.0, 1.0, 10)));
        assert!(!rule.is_met(&estimate(-100.0, 1.0, 9)));
        assert!(!rule.is_met(&estimate(0.0, 1.0, 50)));
        assert!(StoppingRule { absolute_error: 3.0, ..rule }.is_met(&estimate(0.0, 1.0, 50)));
        assert!(!StoppingRule::products(100).is_met(&estimate(1.0, 0.0, 50)));
        // 95 % of Student's t with 9 degrees of freedom is 2.262, of the normal 1.960.
        assert!(!rule.is_met(&estimate(21.0, 1.0, 10)) && rule.is_met(&estimate(23.0, 1.0, 10)));
    }

    #[test]
    fn looks_are_few() {
        let rule = StoppingRule::relative(0.1, 100);
        let looks: Vec<usize> = std::iter::successors(Some(rule.next_look(0)), |&n| Some(rule.next_look(n))).take(5).collect();
        assert_eq!(looks, [10, 13, 17, 22, 28]);
        assert_eq!(StoppingRule::products(100).next_look(0), usize::MAX);
    }

    #[test]
    fn values_outside_their_range_are_named() {
        let good = StoppingRule::products(1);
        assert!(good.check().is_ok());
        let bad = [
            (StoppingRule { relative_error: -0.1, ..good }, "`relative_error` must be a number not below 0, but is -0.1."),
            (StoppingRule { absolute_error: f64::NAN, ..good }, "`absolute_error` must be a number not below 0, but is NaN."),
            (StoppingRule { confidence: 1.0, ..good }, "`confidence` must be above 0 and below 1, but is 1."),
            (StoppingRule { max_products: 0, ..good }, "`max_products` must be at least 1, but is 0."),
        ];
        for (rule, text) in bad {
            assert_eq!(rule.check().unwrap_err().to_string(), text);
        }
    }
}
