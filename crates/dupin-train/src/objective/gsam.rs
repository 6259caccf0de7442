//! SAM that also closes the gap between the loss and the perturbed loss.

use dupin_ir::{Builder, Value};

use super::moved::Moved;
use super::sam::ascent;
use super::{Context, Contribution, Entry, Objective, Point, Strength, normalized};

/// `s - α h_⊥` with `s = ∇L(θ + ρ ∇L/‖∇L‖)` and `h_⊥` the part of `∇L(θ)` that is orthogonal to `s`. Cost: 6F.
///
/// To first order the step lowers the perturbed loss as SAM's does, and raises `L(θ)` back towards it.
///
/// # Source
/// Zhuang et al. (2022), "Surrogate gap minimization improves sharpness-aware training", algorithm 1, where `ρ` follows the learning rate: here it has a schedule of its own.
#[derive(Clone, Copy, Debug)]
pub struct Gsam {
    /// Radius of the perturbation.
    pub rho: Strength,
    /// Weight of the orthogonal part; SAM at 0.
    pub alpha: Strength,
}

pub(super) const ENTRY: Entry = Entry {
    name: "gsam",
    moves: true,
    summary: "gsam:rho=R,alpha=A: SAM's gradient less A times the part of ∇L orthogonal to it",
    parse: |o| Ok(Box::new(Gsam { rho: o.strength("rho")?, alpha: o.strength("alpha")? })),
};

impl Objective for Gsam {
    fn contribution(&self, b: &mut Builder, at: &Point, step: &mut Context) -> Contribution {
        let e = ascent(b, at, step, &self.rho);
        let s = Moved::by(b, at, &e).gradient(b).params;
        let (s, h) = (step.totals(b, &s), step.totals(b, &at.gradient.params));
        let unit = normalized(b, &s);
        let along = b.inner_all(&h, &unit);
        let parallel: Vec<Value> = unit.iter().map(|&u| b.scale_by(u, along)).collect();
        let orthogonal: Vec<Value> = h.iter().zip(parallel).map(|(&h, p)| b.sub(h, p)).collect();
        let less = self.alpha.times(b, step, 1.0, &orthogonal);
        Contribution::Moved(s.iter().zip(less).map(|(&s, l)| b.sub(s, l)).collect())
    }

    fn spec(&self) -> String {
        format!("gsam:rho={},alpha={}", self.rho, self.alpha)
    }
}
