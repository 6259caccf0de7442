//! SAM through the network's function alone.

use dupin_ir::Builder;

use super::moved::Moved;
use super::sam::ascent;
use super::{Contribution, Draws, Entry, Objective, Point};

/// `∇_θ z(θ + e)ᵀ ∂L/∂z(θ)` with `e = ρ ∇L/‖∇L‖`: the Jacobian is the perturbed one, the loss's derivative is not. Cost: 6F.
///
/// To first order in `ρ` it is `∇L + N e`, where SAM is `∇L + H e`.
///
/// # Source
/// Singh, Mobahi, Agarwala & Dauphin (2025, arXiv 2502.02407), without their preconditioner.
#[derive(Clone, Copy, Debug)]
pub struct FunctionalSam {
    /// Radius of the perturbation.
    pub rho: f64,
}

pub(super) const ENTRY: Entry = Entry {
    name: "functional_sam",
    moves: true,
    summary: "functional_sam:rho=R: Jacobian at θ + R·∇L/‖∇L‖, derivative by the logits at θ",
    parse: |o| Ok(Box::new(FunctionalSam { rho: o.radius("rho")? })),
};

impl Objective for FunctionalSam {
    fn contribution(&self, b: &mut Builder, at: &Point, _: &Draws) -> Contribution {
        let e = ascent(b, at, self.rho, true);
        let moved = Moved::by(b, at, &e);
        Contribution::Moved(moved.pull_back(b, at.gradient.residual))
    }

    fn spec(&self) -> String {
        format!("functional_sam:rho={}", self.rho)
    }
}
