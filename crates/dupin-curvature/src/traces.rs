//! Traces of H, G and N from the same probes, in all and per group of parameters.

use std::ops::Range;

use dupin_linop::vector::dot;
use dupin_linop::{Estimate, Rng, RunningMean};

use crate::error::Error;
use crate::split::Split;

/// Traces of the three matrices with standard errors.
///
/// The same probes serve all: `hessian = gauss_newton + nme` holds per probe, and so for the means.
#[derive(Clone, Debug)]
pub struct SplitTraces {
    /// `tr H`.
    pub hessian: Estimate,
    /// `tr G`.
    pub gauss_newton: Estimate,
    /// `tr N`.
    pub nme: Estimate,
    /// Traces of diagonal blocks, per group in order.
    pub groups: Vec<GroupTrace>,
}

/// Traces of one diagonal block.
#[derive(Clone, Debug)]
pub struct GroupTrace {
    /// Name of the module whose parameters form the block.
    pub name: String,
    /// Trace of the block of `H`.
    pub hessian: Estimate,
    /// Trace of the block of `G`.
    pub gauss_newton: Estimate,
    /// Trace of the block of `N`.
    pub nme: Estimate,
}

#[derive(Clone, Copy, Default)]
struct Means {
    h: RunningMean,
    g: RunningMean,
    n: RunningMean,
}

impl Means {
    fn push(&mut self, g: f64, n: f64) {
        self.h.push(g + n);
        self.g.push(g);
        self.n.push(n);
    }
}

/// Hutchinson's estimator with Rademacher probes: `E vᵀAv = tr A`, and per group `E v_lᵀ(Av)_l = tr A_ll`.
///
/// # Cost
/// 8F per probe and batch, beyond the primal pass.
///
/// # Errors
/// A product that is not finite; errors of the executor.
///
/// # Panics
/// If `probes` is 0.
///
/// # Source
/// Hutchinson (1990); variance of `tr A`: `2·Σ_{i≠j} A_ij²` per probe.
pub fn traces(split: &Split, probes: usize, rng: &mut Rng, mut progress: impl FnMut(usize)) -> Result<SplitTraces, Error> {
    assert!(probes > 0, "a trace estimate needs at least one probe");
    let modules: Vec<(String, Range<usize>)> = split.layout().modules();
    let (dim, block) = (split.dim(), 8);
    let (mut total, mut groups) = (Means::default(), vec![Means::default(); modules.len()]);
    let mut done = 0;
    while done < probes {
        let k = block.min(probes - done);
        let mut v = vec![0.0; k * dim];
        rng.fill_signs(&mut v);
        let p = split.products(&v)?;
        for j in 0..k {
            let at = j * dim..(j + 1) * dim;
            let (v, gv, nv) = (&v[at.clone()], &p.gauss_newton[at.clone()], &p.nme[at]);
            if let Some(entry) = gv.iter().zip(nv).position(|(g, n)| !(g + n).is_finite()) {
                let value = gv[entry] + nv[entry];
                return Err(dupin_linop::Error::NotFinite { estimator: "hutchinson", product: done + j + 1, entry, value }.into());
            }
            let (mut g_sum, mut n_sum) = (0.0, 0.0);
            for ((_, range), means) in modules.iter().zip(&mut groups) {
                let r = range.clone();
                let (g, n) = (dot(&v[r.clone()], &gv[r.clone()]), dot(&v[r.clone()], &nv[r]));
                means.push(g, n);
                g_sum += g;
                n_sum += n;
            }
            total.push(g_sum, n_sum);
        }
        done += k;
        progress(done);
    }
    let estimate = |m: &RunningMean| m.estimate("hutchinson", probes);
    let groups = modules.into_iter().zip(&groups).map(|((name, _), m)| GroupTrace {
        name,
        hessian: estimate(&m.h),
        gauss_newton: estimate(&m.g),
        nme: estimate(&m.n),
    });
    Ok(SplitTraces {
        hessian: estimate(&total.h),
        gauss_newton: estimate(&total.g),
        nme: estimate(&total.n),
        groups: groups.collect(),
    })
}
