//! A number with its error bar, its cost and what ended it.

use std::fmt;

use crate::student_t_quantile;

/// What ended an estimate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// The error asked for was reached.
    Tolerance,
    /// The products allowed were spent.
    Budget,
    /// The vectors seen span the whole space: what is left is rounding.
    Exact,
}

/// The mean of independent samples, with its standard error.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Estimate {
    /// The estimate, in the unit of what is estimated.
    pub value: f64,
    /// Standard deviation of `value`, as seen from the spread of the samples. `None` after one sample, which cannot tell.
    pub std_error: Option<f64>,
    /// Independent samples behind `std_error`: one less is its degrees of freedom.
    pub samples: usize,
    /// Products with the operator.
    pub matvecs: usize,
    /// The method that ran.
    pub estimator: &'static str,
    /// What ended it.
    pub ended: Ended,
}

/// An interval of real numbers with both ends.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Interval {
    /// Lower end.
    pub lower: f64,
    /// Upper end.
    pub upper: f64,
}

impl Interval {
    /// Whether `x` lies between the ends.
    pub fn contains(&self, x: f64) -> bool {
        self.lower <= x && x <= self.upper
    }
}

impl Estimate {
    /// Half the width of [`confidence_interval`](Self::confidence_interval); infinite if there is no standard error.
    pub fn half_width(&self, confidence: f64) -> f64 {
        match (self.ended, self.std_error) {
            (Ended::Exact, _) | (_, Some(0.0)) => 0.0, // not 0·∞
            (_, Some(e)) => e * student_t_quantile(confidence, self.samples.saturating_sub(1)),
            (_, None) => f64::INFINITY,
        }
    }

    /// The interval that holds the true value with probability `confidence`, if the samples are near normal.
    ///
    /// Student's t widens it when samples are few. `None` if one sample cannot tell. An estimate that was stopped by
    /// looking at its own error covers a little less than it says, since it stops more readily on a lucky streak.
    pub fn confidence_interval(&self, confidence: f64) -> Option<Interval> {
        let half = self.half_width(confidence);
        half.is_finite().then_some(Interval { lower: self.value - half, upper: self.value + half })
    }

    /// The estimate of `c` times the quantity: a trace from a mean eigenvalue, say.
    pub fn scaled(self, c: f64) -> Self {
        Self { value: c * self.value, std_error: self.std_error.map(|e| c.abs() * e), ..self }
    }
}

/// `1.234 ± 0.056 (hutchinson, 32 products)`: the standard error to two digits, the value to the same place.
impl fmt::Display for Estimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let error = self.std_error.filter(|e| e.is_finite());
        // Numbers too large or too small to read as decimals share a power of ten.
        let exponent = leading_exponent(self.value.abs().max(error.unwrap_or(0.0)));
        let power = if (-4..6).contains(&exponent) { 0 } else { exponent };
        let unit = 10_f64.powi(power);
        let (value, error) = (self.value / unit, error.map(|e| e / unit));
        let number = match error {
            None => format!("{}", Significant(value)),
            Some(0.0) => format!("{} ± 0", Significant(value)),
            Some(e) => {
                let places = (1 - leading_exponent(e)).clamp(0, 15) as usize;
                format!("{value:.places$} ± {e:.places$}")
            }
        };
        match (power, error) {
            (0, _) => write!(f, "{number}")?,
            (_, None) => write!(f, "{number}e{power}")?,
            _ => write!(f, "({number})e{power}")?,
        }
        let plural = if self.matvecs == 1 { "" } else { "s" };
        write!(f, " ({}, {} product{plural}", self.estimator, self.matvecs)?;
        f.write_str(if error.is_none() { ", error unknown)" } else { ")" })
    }
}

/// Six significant digits without trailing zeros.
struct Significant(f64);

impl fmt::Display for Significant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places = (5 - leading_exponent(self.0)).clamp(0, 15) as usize;
        let text = format!("{:.places$}", self.0);
        f.write_str(if places > 0 { text.trim_end_matches('0').trim_end_matches('.') } else { &text })
    }
}

/// Power of ten of the leading digit; 0 for zero.
fn leading_exponent(x: f64) -> i32 {
    if x == 0.0 || !x.is_finite() { 0 } else { x.abs().log10().floor() as i32 }
}

/// Mean and variance of numbers that come one by one (Welford 1962): one pass, no cancellation.
///
/// Several of these fed from the same probes give several traces whose sums agree sample by sample.
///
/// # Examples
/// ```
/// use dupin_linop::RunningMean;
/// let mut mean = RunningMean::default();
/// [1.0, 2.0, 4.0, 5.0].map(|x| mean.push(x));
/// assert_eq!((mean.mean(), mean.count()), (3.0, 4));
/// assert_eq!(mean.variance(), Some(10.0 / 3.0));
/// assert_eq!(mean.estimate("example", 4).to_string(), "3.00 ± 0.91 (example, 4 products)");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct RunningMean {
    count: usize,
    mean: f64,
    /// Sum of squared deviations from the mean.
    squares: f64,
}

impl RunningMean {
    /// Takes in one sample.
    pub fn push(&mut self, x: f64) {
        self.count += 1;
        let delta = x - self.mean;
        self.mean += delta / self.count as f64;
        self.squares += delta * (x - self.mean);
    }

    /// Samples so far.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Mean of the samples; 0 before the first.
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// Unbiased variance of one sample; `None` before the second.
    pub fn variance(&self) -> Option<f64> {
        (self.count > 1).then(|| self.squares / (self.count - 1) as f64)
    }

    /// Standard deviation of the mean; `None` before the second sample.
    pub fn std_error(&self) -> Option<f64> {
        self.variance().map(|v| (v / self.count as f64).sqrt())
    }

    /// The estimate at this point, as if a budget ended here.
    pub fn estimate(&self, estimator: &'static str, matvecs: usize) -> Estimate {
        let (value, std_error) = (self.mean, self.std_error());
        Estimate { value, std_error, samples: self.count, matvecs, estimator, ended: Ended::Budget }
    }
}

impl Extend<f64> for RunningMean {
    fn extend<T: IntoIterator<Item = f64>>(&mut self, samples: T) {
        samples.into_iter().for_each(|x| self.push(x));
    }
}

impl FromIterator<f64> for RunningMean {
    fn from_iter<T: IntoIterator<Item = f64>>(samples: T) -> Self {
        let mut mean = Self::default();
        mean.extend(samples);
        mean
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn estimate(value: f64, std_error: Option<f64>) -> Estimate {
        Estimate { value, std_error, samples: 32, matvecs: 32, estimator: "hutchinson", ended: Ended::Budget }
    }

    #[test]
    fn prints_the_digits_that_mean_something() {
        let golden = [
            (1.23437, Some(0.05551), "1.234 ± 0.056"),
            (-1234.5, Some(67.8), "-1234 ± 68"),
            (0.0012344, Some(0.000056), "0.001234 ± 0.000056"),
            (1.2344e-9, Some(5.6e-11), "(1.234 ± 0.056)e-9"),
            (3.2e7, Some(4.56e6), "(3.20 ± 0.46)e7"),
            (0.0, Some(0.5), "0.00 ± 0.50"),
            (8.0, Some(0.0), "8 ± 0"),
        ];
        for (value, error, text) in golden {
            assert_eq!(estimate(value, error).to_string(), format!("{text} (hutchinson, 32 products)"));
        }
        let one = Estimate { samples: 1, matvecs: 1, ..estimate(1.0 / 3.0, None) };
        assert_eq!(one.to_string(), "0.333333 (hutchinson, 1 product, error unknown)");
        assert_eq!(Estimate { value: 2e10, ..one }.to_string(), "2e10 (hutchinson, 1 product, error unknown)");
    }

    #[test]
    fn intervals_are_students() {
        let e = Estimate { samples: 2, ..estimate(10.0, Some(1.0)) };
        let interval = e.confidence_interval(0.5).unwrap();
        assert!((interval.lower - 9.0).abs() < 1e-12 && (interval.upper - 11.0).abs() < 1e-12); // Cauchy quartiles: ±1
        assert!(interval.contains(10.9) && !interval.contains(11.1));
        assert_eq!(Estimate { samples: 1, ..estimate(1.0, None) }.confidence_interval(0.95), None);
        assert_eq!(estimate(1.0, Some(0.0)).confidence_interval(0.95), Some(Interval { lower: 1.0, upper: 1.0 }));
        let exact = Estimate { ended: Ended::Exact, samples: 0, ..estimate(1.0, None) };
        assert_eq!(exact.confidence_interval(0.95), Some(Interval { lower: 1.0, upper: 1.0 }));
    }

    #[test]
    fn scaling_keeps_the_error_positive() {
        let e = estimate(2.0, Some(0.5)).scaled(-2.0);
        assert_eq!((e.value, e.std_error), (-4.0, Some(1.0)));
    }

    /// Naive sums of squares lose everything at a mean of 10⁹ (ε·10¹⁸ ≫ 1); Welford's do not.
    #[test]
    fn a_large_mean_does_not_swallow_the_variance() {
        let mean: RunningMean = [4.0, 7.0, 13.0, 16.0].map(|x| x + 1e9).into_iter().collect();
        assert_eq!((mean.mean(), mean.variance()), (1e9 + 10.0, Some(30.0)));
        assert_eq!(mean.std_error(), Some(7.5_f64.sqrt()));
        assert_eq!(RunningMean::default().std_error(), None);
    }
}
