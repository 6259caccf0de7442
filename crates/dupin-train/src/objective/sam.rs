//! Sharpness-aware minimization.

use dupin_ir::{Builder, Value};

use super::moved::Moved;
use super::options::{YES_NO, with_group, word};
use super::{Context, Contribution, Entry, Objective, Point, Strength, normalized};

/// `∇L(θ + ρ ∇L/‖∇L‖)`, the norm over all parameters; or `∇L(θ + ρ ∇L)`. Cost: 6F.
///
/// With `m = K` the batch is cut into micro-batches of `K` examples and each is perturbed along its own gradient ("m-sharpness"): the mean of
/// `∇L_j(θ + ρ ∇L_j/‖∇L_j‖)` over micro-batches `j`. With `K` the batch size that is SAM.
///
/// # Source
/// Foret, Kleiner, Mobahi & Neyshabur (2021), equations 2 and 3, section 4.1 for `m`; without the norm, Andriushchenko & Flammarion (2022).
#[derive(Clone, Copy, Debug)]
pub struct Sam {
    /// Radius of the perturbation.
    pub rho: Strength,
    /// Whether the gradient is divided by its norm, as in the original.
    pub normalized: bool,
    /// Examples that share a perturbation; the whole batch if none.
    pub group: Option<usize>,
}

pub(super) const ENTRY: Entry = Entry {
    name: "sam",
    moves: true,
    summary: "sam:rho=R[,normalized=yes|no][,m=K]: gradient at θ + R·∇L/‖∇L‖, or at θ + R·∇L; for micro-batches of K each at its own point",
    parse: |o| {
        let (rho, normalized) = (o.strength("rho")?, o.choice("normalized", &YES_NO)?);
        Ok(Box::new(Sam { rho, normalized, group: o.group()? }))
    },
};

/// The gradient that says where to go: that of the mean loss of the examples that share a perturbation.
pub(super) fn shared_gradient(b: &mut Builder, at: &Point, step: &mut Context, group: Option<usize>) -> Vec<Value> {
    if group.is_none() {
        return step.totals(b, &at.gradient.params);
    }
    // A micro-batch of padding alone has weight 0 and gradient 0.
    let weight = b.sum(step.weights());
    let weight = step.group_total(b, weight);
    let least = b.splat_like(weight, 1e-30);
    let weight = b.max(weight, least);
    let inverse = b.recip(weight);
    let mean = |&g: &Value| {
        let g = step.group_total(b, g);
        b.scale_by(g, inverse)
    };
    at.gradient.params.iter().map(mean).collect()
}

/// `ρ ∇L/‖∇L‖`.
pub(super) fn ascent(b: &mut Builder, at: &Point, step: &mut Context, rho: &Strength) -> Vec<Value> {
    let g = shared_gradient(b, at, step, None);
    let unit = normalized(b, &g);
    rho.times(b, step, 1.0, &unit)
}

impl Objective for Sam {
    fn contribution(&self, b: &mut Builder, at: &Point, step: &mut Context) -> Contribution {
        let g = shared_gradient(b, at, step, self.group);
        let along = if self.normalized { normalized(b, &g) } else { g };
        let e = self.rho.times(b, step, 1.0, &along);
        let gradient = Moved::by(b, at, &e).gradient(b).params;
        Contribution::Moved(step.totals(b, &gradient))
    }

    fn group(&self) -> Option<usize> {
        self.group
    }

    fn spec(&self) -> String {
        format!("sam:rho={},normalized={}{}", self.rho, word(&YES_NO, self.normalized), with_group(self.group))
    }
}
