//! SAM that also closes the gap between the loss and the perturbed loss.

use dupin_ir::{Builder, Value};

use super::moved::Moved;
use super::sam::ascent;
use super::{Contribution, Draws, Entry, Objective, Point, normalized, scaled};

/// `s - α h_⊥` with `s = ∇L(θ + ρ ∇L/‖∇L‖)` and `h_⊥` the part of `∇L(θ)` that is orthogonal to `s`. Cost: 6F.
///
/// To first order the step lowers the perturbed loss as SAM's does, and raises `L(θ)` back towards it.
///
/// # Source
/// Zhuang et al. (2022), "Surrogate gap minimization improves sharpness-aware training", algorithm 1; `ρ` is constant here.
#[derive(Clone, Copy, Debug)]
pub struct Gsam {
    /// Radius of the perturbation.
    pub rho: f64,
    /// Weight of the orthogonal part; SAM at 0.
    pub alpha: f64,
}

pub(super) const ENTRY: Entry = Entry {
    name: "gsam",
    moves: true,
    summary: "gsam:rho=R,alpha=A: SAM's gradient less A times the part of ∇L orthogonal to it",
    parse: |o| Ok(Box::new(Gsam { rho: o.radius("rho")?, alpha: o.radius("alpha")? })),
};

impl Objective for Gsam {
    fn contribution(&self, b: &mut Builder, at: &Point, _: &Draws) -> Contribution {
        let e = ascent(b, at, self.rho, true);
        let moved = Moved::by(b, at, &e);
        let s = moved.gradient(b).params;
        let (h, unit) = (&at.gradient.params, normalized(b, &s));
        let along = b.inner_all(h, &unit);
        let parallel: Vec<Value> = unit.iter().map(|&u| b.scale_by(u, along)).collect();
        let orthogonal: Vec<Value> = h.iter().zip(parallel).map(|(&h, p)| b.sub(h, p)).collect();
        let less = scaled(b, &orthogonal, self.alpha);
        Contribution::Moved(s.iter().zip(less).map(|(&s, l)| b.sub(s, l)).collect())
    }

    fn spec(&self) -> String {
        format!("gsam:rho={},alpha={}", self.rho, self.alpha)
    }
}
