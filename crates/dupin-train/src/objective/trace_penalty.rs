//! Penalties on the trace of the Hessian and of its nonlinear part, by Hutchinson's estimator with their exact gradients.

use dupin_curvature::products;
use dupin_ir::prim::rng::Distribution;
use dupin_ir::transform::vjp;
use dupin_ir::{Builder, Value};

use super::moved::or_zeros;
use super::options::{Options, word};
use super::{Context, Contribution, Entry, Objective, Point, Strength};
use crate::error::Error;

/// The most probes of a step: each is a part of the program, which is to stay of a size that compiles.
const MOST_PROBES: usize = 64;

/// Distributions of probes; both have mean 0 and covariance the identity.
const DISTRIBUTIONS: [(&str, Distribution); 2] = [("gaussian", Distribution::Normal), ("rademacher", Distribution::Rademacher)];

/// Which matrix's trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Traced {
    /// `H`.
    Hessian,
    /// `N`, the nonlinear modeling error.
    Nme,
}

/// `∇(L + λ/m Σ_k v_kᵀ A v_k)` with `A = H` or `A = N`, probes `v` fresh at each step and held fixed: unbiased for `∇(L + λ tr A)`.
///
/// The forms are `vᵀHv = żᵀ H_z ż + c·z̈` and `vᵀNv = c·z̈` with `c = ∂L/∂z` and derivatives of the logits along `v`: two forward
/// passes, differentiated once in reverse. So `vᵀNv` is `vᵀHv - vᵀGv` per probe, without a difference that could cancel.
///
/// Cost: 15F with one probe, 9F for each further one.
///
/// # Source
/// Hutchinson (1990); as a penalty, Dauphin, Agarwala & Mobahi (2024, arXiv 2401.10809), who use one Gaussian probe. `λ = σ²/2` is the
/// second-order term of weight noise of standard deviation `σ`.
#[derive(Clone, Copy, Debug)]
pub struct TracePenalty {
    /// The matrix.
    pub of: Traced,
    /// Weight of the penalty.
    pub lambda: Strength,
    /// Number of probes.
    pub probes: usize,
    /// Their distribution.
    pub distribution: Distribution,
}

fn parse(o: &mut Options, of: Traced) -> Result<Box<dyn Objective>, Error> {
    let (probes, distribution) = (o.count_or("probes", 1, MOST_PROBES)?, o.choice("distribution", &DISTRIBUTIONS)?);
    Ok(Box::new(TracePenalty { of, lambda: o.strength("lambda")?, probes, distribution }))
}

pub(super) const HESSIAN: Entry = Entry {
    name: "hessian_trace",
    moves: false,
    summary: "hessian_trace:lambda=W[,probes=M][,distribution=gaussian|rademacher]: gradient of L + W·tr H, estimated by M probes",
    parse: |o| parse(o, Traced::Hessian),
};

pub(super) const NME: Entry = Entry {
    name: "nme_trace",
    moves: false,
    summary: "nme_trace:lambda=W[,probes=M][,distribution=gaussian|rademacher]: gradient of L + W·tr N, estimated by M probes",
    parse: |o| parse(o, Traced::Nme),
};

impl TracePenalty {
    fn value(&self, b: &mut Builder, at: &Point, step: &Context) -> Value {
        let mut sum = b.splat_like(at.loss, 0.0);
        for k in 0..self.probes {
            let v = step.draw_like(b, k, self.distribution, at.params, false);
            let (vgv, vnv) = products::quadratic_forms(b, at.gradient, at.logits, at.params, &v);
            sum = b.add(sum, vnv);
            if self.of == Traced::Hessian {
                sum = b.add(sum, vgv);
            }
        }
        self.lambda.times(b, step, 1.0 / self.probes as f64, &[sum])[0]
    }
}

impl Objective for TracePenalty {
    fn contribution(&self, b: &mut Builder, at: &Point, step: &mut Context) -> Contribution {
        let value = self.value(b, at, step);
        let one = b.splat_like(value, 1.0);
        let gradient = vjp(b, &[value], &[Some(one)], at.params);
        let gradient = or_zeros(b, &gradient, at.params);
        Contribution::Added(step.totals(b, &gradient))
    }

    fn regularizer(&self, b: &mut Builder, at: &Point, step: &mut Context) -> Option<Value> {
        Some(self.value(b, at, step))
    }

    fn spec(&self) -> String {
        let name = if self.of == Traced::Hessian { HESSIAN.name } else { NME.name };
        let distribution = word(&DISTRIBUTIONS, self.distribution);
        format!("{name}:lambda={},probes={},distribution={distribution}", self.lambda, self.probes)
    }
}
