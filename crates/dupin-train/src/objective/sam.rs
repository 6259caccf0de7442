//! Sharpness-aware minimization.

use dupin_ir::{Builder, Value};

use super::moved::Moved;
use super::options::{YES_NO, word};
use super::{Contribution, Draws, Entry, Objective, Point, normalized, scaled};

/// `∇L(θ + ρ ∇L/‖∇L‖)`, the norm over all parameters; or `∇L(θ + ρ ∇L)`. Cost: 6F.
///
/// # Source
/// Foret, Kleiner, Mobahi & Neyshabur (2021), equations 2 and 3; without the norm, Andriushchenko & Flammarion (2022).
#[derive(Clone, Copy, Debug)]
pub struct Sam {
    /// Radius of the perturbation.
    pub rho: f64,
    /// Whether the gradient is divided by its norm, as in the original.
    pub normalized: bool,
}

pub(super) const ENTRY: Entry = Entry {
    name: "sam",
    moves: true,
    summary: "sam:rho=R[,normalized=yes|no]: gradient at θ + R·∇L/‖∇L‖, or at θ + R·∇L",
    parse: |o| Ok(Box::new(Sam { rho: o.radius("rho")?, normalized: o.choice("normalized", &YES_NO)? })),
};

/// `ρ ∇L/‖∇L‖`, or `ρ ∇L`.
pub(super) fn ascent(b: &mut Builder, at: &Point, rho: f64, unit: bool) -> Vec<Value> {
    let along = if unit { normalized(b, &at.gradient.params) } else { at.gradient.params.clone() };
    scaled(b, &along, rho)
}

impl Objective for Sam {
    fn contribution(&self, b: &mut Builder, at: &Point, _: &Draws) -> Contribution {
        let e = ascent(b, at, self.rho, self.normalized);
        let moved = Moved::by(b, at, &e);
        Contribution::Moved(moved.gradient(b).params)
    }

    fn spec(&self) -> String {
        format!("sam:rho={},normalized={}", self.rho, word(&YES_NO, self.normalized))
    }
}
