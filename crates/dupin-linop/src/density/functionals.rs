//! Numbers read off a density: moments, the share of negative mass, effective ranks, each with its error over the probes.

use crate::{Density, Ended, Estimate};

/// How many directions an operator acts on, by the names in use. They differ; say which.
///
/// Each is `n` for the identity and `k` for a projection on `k` directions.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct EffectiveRank {
    /// `(Σ|λ|)² / Σλ²`, the participation ratio; `(tr A)²/‖A‖²_F` for `A ⪰ 0`.
    pub participation: Estimate,
    /// `Σ|λ| / max|λ|`, the intrinsic dimension (Koltchinskii & Lounici 2017).
    pub intrinsic: Estimate,
    /// `Σλ² / max λ²`, the stable rank.
    pub stable: Estimate,
    /// `exp(−Σ p ln p)` with `p = |λ|/Σ|λ|`, the entropic rank (Roy & Vetterli 2007).
    pub entropic: Estimate,
}

impl Density {
    /// A function of the means of several functions over the eigenvalues, with its error by the jackknife over the probes.
    ///
    /// Leaves out each probe in turn: to first order the error of `combine` under the joint spread of the means, correlations included.
    /// `None` after one probe, which cannot tell.
    pub fn functional<const K: usize>(&self, f: impl Fn(f64) -> [f64; K], combine: impl Fn([f64; K]) -> f64) -> Estimate {
        let m = self.quadratures.len();
        let means: Vec<[f64; K]> = self
            .quadratures
            .iter()
            .map(|q| {
                let mut sums = [0.0; K];
                for (&x, w) in q.nodes.iter().zip(&q.weights) {
                    sums.iter_mut().zip(f(x)).for_each(|(s, y)| *s += w * y);
                }
                sums
            })
            .collect();
        let average = |left_out: Option<usize>| {
            let kept = (m - usize::from(left_out.is_some())) as f64;
            let mut sums = [0.0; K];
            for (_, mean) in means.iter().enumerate().filter(|(i, _)| Some(*i) != left_out) {
                sums.iter_mut().zip(mean).for_each(|(s, y)| *s += y / kept);
            }
            combine(sums)
        };
        let value = average(None);
        let reduced: crate::RunningMean = (0..if m > 1 { m } else { 0 }).map(|i| average(Some(i))).collect();
        // (m − 1)/m · Σ(xᵢ − x̄)²
        let std_error = reduced.variance().map(|v| v.sqrt() * (m - 1) as f64 / (m as f64).sqrt());
        let ended = Ended::Budget;
        Estimate { value, std_error, samples: m, matvecs: self.matvecs, estimator: "lanczos_quadrature", ended }
    }

    /// `Σ_{λ<0}|λ| / Σ|λ|`: 0 for a positive operator, one half for a spectrum that balances. 0 if every eigenvalue is.
    ///
    /// `|λ|` is no polynomial: what a node spacing around 0 hides is a bias that the standard error does not know. It is at most that
    /// spacing, relative to the mean of `|λ|`.
    pub fn negative_share(&self) -> Estimate {
        self.functional(|x| [(-x).max(0.0), x.abs()], |[negative, all]| if all > 0.0 { negative / all } else { 0.0 })
    }

    /// Effective ranks under several names. `max|λ|` is that of the nodes, which lie within the spectrum: good when the steps have
    /// found the ends.
    pub fn effective_rank(&self) -> EffectiveRank {
        let range = self.range();
        let (n, largest) = (self.dim as f64, range.upper.abs().max(range.lower.abs()));
        let over = |x: f64, y: f64| if y > 0.0 { x / y } else { 0.0 };
        EffectiveRank {
            participation: self.functional(|x| [x.abs(), x * x], |[a, b]| n * over(a * a, b)),
            intrinsic: self.functional(|x| [x.abs()], |[a]| n * over(a, largest)),
            stable: self.functional(|x| [x * x], |[b]| n * over(b, largest * largest)),
            entropic: self.functional(
                |x| [x.abs(), if x == 0.0 { 0.0 } else { x.abs() * libm::log(x.abs()) }],
                // −Σ p ln p = ln S − Σ|λ|ln|λ|/S with S = Σ|λ| = n·a.
                |[a, b]| if a > 0.0 { libm::exp(libm::log(n * a) - b / a) } else { 0.0 },
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Dense, Diagonal, Rng, eigenvalues, lanczos_quadrature};

    /// On a diagonal, sign probes weight all eigenvalues equally and a few steps resolve a few of them: closed forms.
    #[test]
    fn closed_forms_of_a_few_eigenvalues() {
        let entries = [vec![4.0; 3], vec![-2.0; 6], vec![0.0; 11]].concat();
        let d = lanczos_quadrature(&Diagonal::new(entries), 3, 8, &mut Rng::new(1)).unwrap();
        let (all, squares) = (24.0, 72.0);
        let close = |e: crate::Estimate, exact: f64| {
            assert!((e.value - exact).abs() < 1e-12 * exact, "{e} against {exact}");
            assert!(e.std_error.unwrap() < 1e-12 * exact);
        };
        close(d.negative_share(), 0.5);
        let rank = d.effective_rank();
        close(rank.participation, all * all / squares);
        close(rank.intrinsic, all / 4.0);
        close(rank.stable, squares / 16.0);
        let entropy: f64 = [(3.0, 4.0 / all), (6.0, 2.0 / all)].iter().map(|(k, p): &(f64, f64)| -k * p * p.ln()).sum();
        close(rank.entropic, entropy.exp());
        close(d.moment(2), squares / 20.0);
        let identity = lanczos_quadrature(&Diagonal::new([1.0; 7]), 2, 5, &mut Rng::new(1)).unwrap();
        let rank = identity.effective_rank();
        for e in [rank.participation, rank.intrinsic, rank.stable, rank.entropic] {
            close(e, 7.0);
        }
        let zero = lanczos_quadrature(&Diagonal::new([0.0; 7]), 2, 5, &mut Rng::new(1)).unwrap();
        assert_eq!((zero.negative_share().value, zero.effective_rank().entropic.value), (0.0, 0.0));
        let one = lanczos_quadrature(&Diagonal::new([1.0, -1.0]), 1, 5, &mut Rng::new(1)).unwrap();
        assert_eq!(one.negative_share().std_error, None);
    }

    /// Two hundred runs of ten probes: means within four of their errors and the nodes' bias, spreads as reported to a fifth.
    #[test]
    fn errors_are_those_of_repeated_runs() {
        let (n, mut rng) = (60, Rng::new(5));
        let a =
            Dense::symmetrized(n, (0..n * n).map(|i| rng.normal() + if i % (n + 1) == 0 { 4.0 } else { 0.0 }).collect()).unwrap();
        let exact = eigenvalues(&a, n).unwrap();
        let all: f64 = exact.iter().map(|x| x.abs()).sum();
        let share = exact.iter().map(|x| (-x).max(0.0)).sum::<f64>() / all;
        let participation = all * all / exact.iter().map(|x| x * x).sum::<f64>();
        let runs: Vec<_> = (0..200).map(|s| lanczos_quadrature(&a, 10, 20, &mut Rng::new(s)).unwrap()).collect();
        let check = |name: &str, exact: f64, pick: &dyn Fn(&crate::Density) -> crate::Estimate| {
            let (mut means, mut variances) = (crate::RunningMean::default(), crate::RunningMean::default());
            for e in runs.iter().map(pick) {
                means.push(e.value);
                variances.push(e.std_error.unwrap().powi(2));
            }
            // |λ| is not smooth: 20 nodes over a range of 20 see it to about 0.01 of its mean.
            let off = (means.mean() - exact).abs();
            assert!(off < 4.0 * means.std_error().unwrap() + 0.01 * exact, "{name}: {} against {exact}", means.mean());
            let ratio = (means.variance().unwrap() / variances.mean()).sqrt();
            assert!((0.8..1.25).contains(&ratio), "{name}: true spread is {ratio} of the reported one");
        };
        check("negative share", share, &|d| d.negative_share());
        check("participation", participation, &|d| d.effective_rank().participation);
    }
}
