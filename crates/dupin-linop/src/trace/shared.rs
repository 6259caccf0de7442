//! Several traces from the same probes, as a run that can be looked at, stored and continued.

use crate::error::{Error, check_positive};
use crate::{Distribution, Ended, Estimate, Rng, RunningMean, StoppingRule};

/// All that a run needs to go on.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct TraceState {
    /// Mean and spread of each quantity.
    pub means: Vec<RunningMean>,
    /// State of the generator of probes.
    pub rng: [u64; 4],
    /// Probes so far.
    pub probes: usize,
}

/// Hutchinson's estimator for several quantities at once: traces of several matrices and of their diagonal blocks, from probes that they
/// share, so that what adds up in every probe adds up in the means.
///
/// # Examples
/// ```
/// use dupin_linop::{Distribution, Ended, Error, StoppingRule, TraceRun, vector::dot};
/// // tr A, tr B and tr(A + B) for A = [2 1; 1 3], B = [0 1; 1 0].
/// let mut run = TraceRun::new(3, 0);
/// let rule = StoppingRule { absolute_error: 0.2, ..StoppingRule::products(100_000) };
/// let ended = run.run(
///     &rule,
///     (Distribution::Rademacher, 2, 1), // probes of two entries, one at a time
///     |v| -> Result<_, Error> {
///         let (a, b) = ([2.0 * v[0] + v[1], v[0] + 3.0 * v[1]], [v[1], v[0]]);
///         let (a, b) = (dot(v, &a), dot(v, &b));
///         Ok(vec![a, b, a + b])
///     },
///     |estimates| estimates.iter().all(|e| rule.is_met(e)),
///     |_| (),
/// )?;
/// assert_eq!(ended, Ended::Tolerance);
/// let e = run.estimates("hutchinson");
/// assert!((e[0].value + e[1].value - e[2].value).abs() < 1e-12);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct TraceRun {
    means: Vec<RunningMean>,
    rng: Rng,
    probes: usize,
}

impl TraceRun {
    /// Starts with no probes.
    pub fn new(quantities: usize, seed: u64) -> Self {
        Self { means: vec![RunningMean::default(); quantities], rng: Rng::new(seed), probes: 0 }
    }

    /// Goes on from a stored state, to the bits as if it had never stopped.
    ///
    /// # Errors
    /// [`Error::Parameter`] if the quantities have not all seen every probe.
    pub fn resume(state: TraceState) -> Result<Self, Error> {
        let TraceState { means, rng, probes } = state;
        if let Some(bad) = means.iter().find(|m| m.count() != probes || !m.mean().is_finite()) {
            let got = format!("{} of {probes} with mean {}", bad.count(), bad.mean());
            return Err(Error::parameter("a quantity of a trace state", "a finite mean of all probes", got));
        }
        Ok(Self { means, rng: Rng::from_state(rng), probes })
    }

    /// The state, to be stored and handed to [`TraceRun::resume`].
    pub fn save(&self) -> TraceState {
        TraceState { means: self.means.clone(), rng: self.rng.state(), probes: self.probes }
    }

    /// Probes so far.
    pub fn probes(&self) -> usize {
        self.probes
    }

    /// The estimates so far, as if a budget ended here.
    pub fn estimates(&self, estimator: &'static str) -> Vec<Estimate> {
        self.means.iter().map(|m| m.estimate(estimator, self.probes)).collect()
    }

    /// Goes on until `met` says that the estimates are good enough, or the rule's products are spent, those before a resumption included.
    ///
    /// `probes` are the distribution, the length of a probe and how many to draw at once; `forms` gives the samples of all quantities for
    /// each of the probes laid end to end: `[k, quantities]`. Of the rule, `max_products` and `min_samples` count here, and `met` is asked
    /// when samples have grown by a quarter, at counts that do not depend on interruptions. With no errors allowed it is never asked.
    ///
    /// # Errors
    /// What `forms` reports, and [`Error::Parameter`] for a rule out of range; the run can go on after an error of `forms`.
    ///
    /// # Panics
    /// If `forms` gives another number of samples.
    pub fn run<E: From<Error>>(
        &mut self,
        rule: &StoppingRule,
        (distribution, dim, block): (Distribution, usize, usize),
        mut forms: impl FnMut(&[f64]) -> Result<Vec<f64>, E>,
        met: impl Fn(&[Estimate]) -> bool,
        mut progress: impl FnMut(&Self),
    ) -> Result<Ended, E> {
        rule.check()?;
        check_positive("dim", dim)?;
        let quantities = self.means.len();
        let mut look = rule.next_look(0);
        while look <= self.probes {
            look = rule.next_look(look);
        }
        while self.probes < rule.max_products {
            let k = block.max(1).min(rule.max_products - self.probes).min(look - self.probes);
            let (mut v, mut rng) = (vec![0.0; k * dim], self.rng.clone());
            v.chunks_mut(dim).for_each(|v| distribution.fill(&mut rng, v));
            let samples = forms(&v)?;
            assert_eq!(samples.len(), k * quantities, "every probe gives a sample of every quantity");
            // Only now does the state change: an error leaves a run that can go on.
            self.rng = rng;
            self.probes += k;
            for of_probe in samples.chunks(quantities.max(1)) {
                self.means.iter_mut().zip(of_probe).for_each(|(m, &x)| m.push(x));
            }
            progress(self);
            if self.probes == look {
                look = rule.next_look(look);
                if met(&self.estimates("hutchinson")) {
                    return Ok(Ended::Tolerance);
                }
            }
        }
        Ok(Ended::Budget)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vector::dot;
    use crate::{Dense, SymmetricOperator, hutchinson};

    fn matrix() -> Dense {
        Dense::new(3, vec![4.0, 1.0, 0.5, 1.0, 3.0, -1.0, 0.5, -1.0, 2.0]).unwrap()
    }

    fn go(run: &mut TraceRun, rule: &StoppingRule, block: usize) -> Ended {
        let a = matrix();
        let forms = |v: &[f64]| -> Result<Vec<f64>, Error> {
            let mut y = vec![0.0; v.len()];
            a.apply_many(v, &mut y)?;
            Ok(v.chunks(3).zip(y.chunks(3)).flat_map(|(v, y)| [dot(v, y), v[0] * y[0]]).collect())
        };
        run.run(rule, (Distribution::Gaussian, 3, block), forms, |e| rule.is_met(&e[0]), |_| ()).unwrap()
    }

    #[test]
    fn one_quantity_of_it_is_hutchinsons_estimate() {
        for rule in [StoppingRule::products(29), StoppingRule::relative(0.2, 1000)] {
            let mut run = TraceRun::new(2, 6);
            let ended = go(&mut run, &rule, 4);
            let alone = hutchinson(&matrix(), Distribution::Gaussian, &rule, &mut Rng::new(6)).unwrap();
            assert_eq!(Estimate { ended, ..run.estimates("hutchinson")[0] }, alone);
        }
    }

    #[test]
    fn a_resumed_run_has_the_bits_of_one_that_never_stopped() {
        let rule = StoppingRule::relative(0.1, 1000);
        let mut whole = TraceRun::new(2, 3);
        assert_eq!(go(&mut whole, &rule, 4), Ended::Tolerance);
        for cut in [1, 9, 10, 13, 40] {
            let mut first = TraceRun::new(2, 3);
            go(&mut first, &StoppingRule { max_products: cut, ..rule }, 4);
            assert_eq!(first.probes(), cut);
            let mut resumed = TraceRun::resume(first.save()).unwrap();
            go(&mut resumed, &rule, 4);
            assert_eq!(resumed.save(), whole.save(), "cut at {cut}");
        }
        let mut bad = whole.save();
        bad.probes += 1;
        assert!(matches!(TraceRun::resume(bad), Err(Error::Parameter { .. })));
    }

    #[test]
    fn an_error_leaves_a_run_that_goes_on() {
        let mut run = TraceRun::new(1, 0);
        let calls = std::cell::Cell::new(0);
        let mut attempt = || {
            let forms = |v: &[f64]| {
                calls.set(calls.get() + 1);
                if calls.get() == 3 { Err(Error::apply("device lost")) } else { Ok(vec![v[0]]) }
            };
            run.run(&StoppingRule::products(5), (Distribution::Gaussian, 1, 1), forms, |_| false, |_| ()).map(|_| run.save())
        };
        assert!(attempt().is_err());
        let after = attempt().unwrap();
        let mut whole = TraceRun::new(1, 0);
        let forms = |v: &[f64]| -> Result<Vec<f64>, Error> { Ok(vec![v[0]]) };
        whole.run(&StoppingRule::products(5), (Distribution::Gaussian, 1, 1), forms, |_| false, |_| ()).unwrap();
        assert_eq!(after, whole.save());
    }
}
