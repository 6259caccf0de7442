//! Sharpness-aware minimization.

use dupin_curvature::products;
use dupin_ir::transform::substitute;
use dupin_ir::{Builder, Value};

use super::{Entry, Objective, Point, normalized};

/// `∇L(θ + ρ ∇L/‖∇L‖)`, the norm over all parameters. Cost: 6F.
///
/// Running statistics of normalisation layers come from the unperturbed pass.
///
/// # Source
/// Foret, Kleiner, Mobahi & Neyshabur (2021), equations 2 and 3.
#[derive(Clone, Copy, Debug)]
pub struct Sam {
    /// Radius of the perturbation.
    pub rho: f64,
}

pub(super) const ENTRY: Entry = Entry {
    name: "sam",
    summary: "sam:rho=R                          gradient at θ + R·∇L/‖∇L‖",
    parse: |o| Ok(Box::new(Sam { rho: o.radius("rho")? })),
};

impl Objective for Sam {
    fn direction(&self, b: &mut Builder, at: &Point) -> Vec<Value> {
        let unit = normalized(b, &at.gradient.params);
        let moved: Vec<Value> = at
            .params
            .iter()
            .zip(unit)
            .map(|(&p, u)| {
                let e = b.scale(u, self.rho);
                b.add(p, e)
            })
            .collect();
        // The loss at the moved point first, then its gradient there: the moved parameters are constants of this derivative.
        let perturbed = substitute(b, &[at.loss, at.logits], at.params, &moved);
        products::gradient(b, perturbed[0], perturbed[1], &moved).params
    }

    fn spec(&self) -> String {
        format!("sam:rho={}", self.rho)
    }
}
