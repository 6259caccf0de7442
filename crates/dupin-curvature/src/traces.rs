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
    Ok(run(&[split], probes, rng, &mut progress)?.remove(0))
}

/// Traces at two points and of their difference, from the same draws.
#[derive(Clone, Debug)]
pub struct TracesChange {
    /// At the first.
    pub first: SplitTraces,
    /// At the second.
    pub second: SplitTraces,
    /// Second less first, with standard errors of the differences themselves.
    pub change: SplitTraces,
}

/// [`traces`] at two points with the same probes. Cost: twice that of one.
///
/// # Errors
/// [`Error::Count`] if the two have other parameters; else as for [`traces`].
///
/// # Panics
/// If `probes` is 0.
pub fn traces_change(
    first: &Split,
    second: &Split,
    probes: usize,
    rng: &mut Rng,
    mut progress: impl FnMut(usize),
) -> Result<TracesChange, Error> {
    if first.layout() != second.layout() {
        return Err(Error::Count { what: "parameters at both points", expected: first.dim(), found: second.dim() });
    }
    let mut all = run(&[first, second], probes, rng, &mut progress)?.into_iter();
    let mut next = || all.next().expect("two points give three results");
    Ok(TracesChange { first: next(), second: next(), change: next() })
}

/// Running means of one point: all, and every group.
#[derive(Clone)]
struct Point {
    total: Means,
    groups: Vec<Means>,
}

impl Point {
    fn push(&mut self, of_groups: &[(f64, f64)]) {
        for (means, &(g, n)) in self.groups.iter_mut().zip(of_groups) {
            means.push(g, n);
        }
        self.total.push(of_groups.iter().map(|x| x.0).sum(), of_groups.iter().map(|x| x.1).sum());
    }
}

/// Traces at every point; of two points also the second less the first.
fn run(splits: &[&Split], probes: usize, rng: &mut Rng, progress: &mut dyn FnMut(usize)) -> Result<Vec<SplitTraces>, Error> {
    assert!(probes > 0, "a trace estimate needs at least one probe");
    let Some(first) = splits.first() else { return Ok(Vec::new()) };
    let modules: Vec<(String, Range<usize>)> = first.layout().modules();
    let (dim, block) = (first.dim(), 8);
    let empty = Point { total: Means::default(), groups: vec![Means::default(); modules.len()] };
    let mut points = vec![empty; splits.len() + usize::from(splits.len() == 2)];
    let mut done = 0;
    while done < probes {
        let k = block.min(probes - done);
        let mut v = vec![0.0; k * dim];
        rng.fill_signs(&mut v);
        let products = splits.iter().map(|s| s.products(&v)).collect::<Result<Vec<_>, _>>()?;
        for j in 0..k {
            let at = j * dim..(j + 1) * dim;
            let v = &v[at.clone()];
            let mut forms: Vec<Vec<(f64, f64)>> = Vec::new();
            for p in &products {
                let (gv, nv) = (&p.gauss_newton[at.clone()], &p.nme[at.clone()]);
                if let Some(entry) = gv.iter().zip(nv).position(|(g, n)| !(g + n).is_finite()) {
                    let value = gv[entry] + nv[entry];
                    let product = done + j + 1;
                    return Err(dupin_linop::Error::NotFinite { estimator: "hutchinson", product, entry, value }.into());
                }
                let form = |r: &Range<usize>| (dot(&v[r.clone()], &gv[r.clone()]), dot(&v[r.clone()], &nv[r.clone()]));
                forms.push(modules.iter().map(|(_, r)| form(r)).collect());
            }
            if let [a, b] = &forms[..] {
                forms.push(a.iter().zip(b).map(|(a, b)| (b.0 - a.0, b.1 - a.1)).collect());
            }
            points.iter_mut().zip(&forms).for_each(|(point, forms)| point.push(forms));
        }
        done += k;
        progress(done);
    }
    let estimate = |m: &RunningMean| m.estimate("hutchinson", probes);
    let collect = |p: &Point| SplitTraces {
        hessian: estimate(&p.total.h),
        gauss_newton: estimate(&p.total.g),
        nme: estimate(&p.total.n),
        groups: modules
            .iter()
            .zip(&p.groups)
            .map(|((name, _), m)| GroupTrace {
                name: name.clone(),
                hessian: estimate(&m.h),
                gauss_newton: estimate(&m.g),
                nme: estimate(&m.n),
            })
            .collect(),
    };
    Ok(points.iter().map(collect).collect())
}
