//! From traces per example and pass to estimates with standard errors.

use std::ops::Range;

use dupin_linop::{Ended, Estimate, RunningMean};

/// One trace of one group of parameters: sums over examples of means over passes.
///
/// Noise is independent per example and pass, so the variance of the sum is the sum of the variances, each seen from the spread
/// of one example's passes. That takes two passes, whatever the spread between examples, which is no error: the data are given.
/// Deviations of the sum over passes alone would leave one degree of freedom where this leaves about as many as there are examples.
#[derive(Clone, Debug, Default)]
pub(super) struct Sum {
    value: f64,
    /// Variance of `value`, and the sum of squares of its terms.
    variance: f64,
    squares: f64,
    /// Examples of the batch at hand.
    batch: Vec<RunningMean>,
}

impl Sum {
    /// One pass over the batch at hand.
    pub(super) fn push(&mut self, per_example: &[f64]) {
        self.batch.resize(per_example.len(), RunningMean::default());
        for (mean, &x) in self.batch.iter_mut().zip(per_example) {
            mean.push(x);
        }
    }

    /// Closes the batch.
    pub(super) fn close(&mut self) {
        for mean in self.batch.drain(..) {
            self.value += mean.mean();
            let variance = mean.variance().map_or(0.0, |v| v / mean.count() as f64);
            self.variance += variance;
            self.squares += variance * variance;
        }
    }

    /// After `passes` over all batches. Degrees of freedom by Satterthwaite's rule.
    pub(super) fn estimate(&self, passes: usize, exact: bool) -> Estimate {
        if exact {
            let (std_error, ended) = (Some(0.0), Ended::Exact);
            return Estimate { value: self.value, std_error, samples: passes, matvecs: passes, estimator: "exact", ended };
        }
        let freedom = if self.squares > 0.0 {
            (passes - 1) as f64 * self.variance * self.variance / self.squares
        } else {
            (passes - 1) as f64
        };
        Estimate {
            value: self.value,
            std_error: (passes > 1).then(|| self.variance.sqrt()),
            samples: 1 + freedom as usize,
            matvecs: passes,
            estimator: "structured",
            ended: Ended::Budget,
        }
    }
}

/// Traces of H, G and N of a group of parameters.
#[derive(Clone, Debug)]
pub(super) struct Group {
    /// Which parameters.
    pub(super) params: Range<usize>,
    pub(super) hessian: Sum,
    pub(super) gauss_newton: Sum,
    pub(super) nme: Sum,
}

impl Group {
    pub(super) fn new(params: Range<usize>) -> Self {
        Self { params, hessian: Sum::default(), gauss_newton: Sum::default(), nme: Sum::default() }
    }

    /// One pass over the batch at hand: rows of `n` examples, one row per parameter.
    pub(super) fn push(&mut self, gauss_newton: &[f64], nme: &[f64], n: usize) {
        let rows = |all: &[f64]| -> Vec<f64> { (0..n).map(|j| self.params.clone().map(|i| all[i * n + j]).sum()).collect() };
        let (g, t) = (rows(gauss_newton), rows(nme));
        let h: Vec<f64> = g.iter().zip(&t).map(|(g, t)| g + t).collect();
        self.gauss_newton.push(&g);
        self.nme.push(&t);
        self.hessian.push(&h);
    }

    pub(super) fn close(&mut self) {
        for sum in [&mut self.hessian, &mut self.gauss_newton, &mut self.nme] {
            sum.close();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two examples with passes (1, 3) and (10, 10): 2 + 10 with variance (2 + 0)/2.
    #[test]
    fn errors_come_from_passes_and_not_from_the_spread_of_examples() {
        let mut sum = Sum::default();
        sum.push(&[1.0, 10.0]);
        sum.push(&[3.0, 10.0]);
        sum.close();
        let e = sum.estimate(2, false);
        assert_eq!((e.value, e.std_error, e.samples), (12.0, Some(1.0), 2));
        // A second batch with the same variance doubles the variance and the degrees of freedom.
        sum.push(&[0.0]);
        sum.push(&[2.0]);
        sum.close();
        let e = sum.estimate(2, false);
        assert_eq!((e.value, e.std_error, e.samples), (13.0, Some(2_f64.sqrt()), 3));
    }

    #[test]
    fn one_pass_cannot_tell_its_error() {
        let mut sum = Sum::default();
        sum.push(&[1.0]);
        sum.close();
        assert_eq!(sum.estimate(1, false).std_error, None);
        assert_eq!(sum.estimate(1, true).std_error, Some(0.0));
    }
}
