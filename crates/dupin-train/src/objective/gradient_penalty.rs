//! The squared gradient penalty.

use dupin_ir::{Builder, Value};

use super::nme_part::{NmePart, PARTS};
use super::{Context, Contribution, Entry, Objective, Point, Strength};

/// `∇L + λ A ∇L` with `A = H`, the gradient of `L + λ/2 ‖∇L‖²`; or with `A = G` or `A = N`.
///
/// Cost: 9F with `H` or `N`, 7F with `G`.
///
/// # Source
/// Barrett & Dherin (2021); Smith, Dherin, Barrett & De (2021). The parts of `H`: Dauphin, Agarwala & Mobahi (2024, arXiv 2401.10809).
#[derive(Clone, Copy, Debug)]
pub struct GradientPenalty {
    /// Weight of the penalty.
    pub lambda: Strength,
    /// Which part of the Hessian.
    pub nme: NmePart,
}

pub(super) const ENTRY: Entry = Entry {
    name: "gp",
    moves: false,
    summary: "gp:lambda=W[,nme=keep|drop|only]: gradient of L + W/2·‖∇L‖², with its nonlinear modeling error kept, dropped or alone",
    parse: |o| Ok(Box::new(GradientPenalty { lambda: o.strength("lambda")?, nme: o.choice("nme", &PARTS)? })),
};

impl Objective for GradientPenalty {
    fn contribution(&self, b: &mut Builder, at: &Point, step: &mut Context) -> Contribution {
        let g = step.totals(b, &at.gradient.params);
        let product = self.nme.product(b, at, &g);
        let product = step.totals(b, &product);
        Contribution::Added(self.lambda.times(b, step, 1.0, &product))
    }

    fn regularizer(&self, b: &mut Builder, at: &Point, step: &mut Context) -> Option<Value> {
        let g = &at.gradient.params;
        let square = b.inner_all(g, g);
        (self.nme == NmePart::Keep).then(|| self.lambda.times(b, step, 0.5, &[square])[0])
    }

    fn spec(&self) -> String {
        format!("gp:lambda={},nme={}", self.lambda, self.nme.word())
    }
}
