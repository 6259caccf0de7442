//! Means over seeds, and intervals for their differences.

use std::fmt;

use dupin::linop::{RunningMean, student_t_quantile};
use serde::Serialize;

/// Mean and standard error over seeds, with the values.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Summary {
    pub(crate) mean: f64,
    pub(crate) std_error: Option<f64>,
    pub(crate) count: usize,
    pub(crate) values: Vec<f64>,
}

impl Summary {
    /// Values that are not finite (a diverged net has no trace) are kept in the list but not in the mean.
    pub(crate) fn of(values: &[f64]) -> Self {
        let m: RunningMean = values.iter().copied().filter(|v| v.is_finite()).collect();
        let mean = if m.count() == 0 { f64::NAN } else { m.mean() };
        Self { mean, std_error: m.std_error(), count: m.count(), values: values.to_vec() }
    }

    /// The 95 % interval of the mean by Student's t; `None` with fewer than two values.
    pub(crate) fn interval(&self) -> Option<(f64, f64)> {
        let half = self.std_error? * student_t_quantile(0.95, self.count - 1);
        Some((self.mean - half, self.mean + half))
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::report::table::with_error(self.mean, self.std_error))
    }
}
