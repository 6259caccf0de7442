//! SAM through the network's function alone.

use dupin_ir::Builder;

use super::moved::Moved;
use super::sam::ascent;
use super::{Context, Contribution, Entry, Objective, Point, Strength};

/// `∇_θ z(θ + e)ᵀ ∂L/∂z(θ)` with `e = ρ ∇L/‖∇L‖`: the Jacobian is the perturbed one, the loss's derivative is not. Cost: 6F.
///
/// To first order in `ρ` it is `∇L + N e`, where SAM is `∇L + H e`.
///
/// # Source
/// Singh, Mobahi, Agarwala & Dauphin (2025, arXiv 2502.02407), without their preconditioner.
#[derive(Clone, Copy, Debug)]
pub struct FunctionalSam {
    /// Radius of the perturbation.
    pub rho: Strength,
}

pub(super) const ENTRY: Entry = Entry {
    name: "functional_sam",
    moves: true,
    summary: "functional_sam:rho=R: Jacobian at θ + R·∇L/‖∇L‖, derivative by the logits at θ",
    parse: |o| Ok(Box::new(FunctionalSam { rho: o.strength("rho")? })),
};

impl Objective for FunctionalSam {
    fn contribution(&self, b: &mut Builder, at: &Point, step: &mut Context) -> Contribution {
        let e = ascent(b, at, step, &self.rho);
        let moved = Moved::by(b, at, &e);
        let pulled = moved.pull_back(b, at.gradient.residual);
        Contribution::Moved(step.totals(b, &pulled))
    }

    fn spec(&self) -> String {
        format!("functional_sam:rho={}", self.rho)
    }
}
