//! The gradient penalty that is the first-order expansion of SAM, with its nonlinear modeling error kept, dropped or alone.

use dupin_curvature::products;
use dupin_ir::{Builder, Value};

use super::{Entry, Objective, Point, normalized};

/// Which part of the Hessian the penalty's gradient uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NmePart {
    /// All of it, `H`: the true gradient of the penalty.
    Keep,
    /// `G` only.
    Drop,
    /// `N` only.
    Only,
}

const PARTS: [(&str, NmePart); 3] = [("keep", NmePart::Keep), ("drop", NmePart::Drop), ("only", NmePart::Only)];

/// `∇L + ρ A ∇L/‖∇L‖` with `A = H`, the gradient of `L + ρ‖∇L‖` (PSAM); or with `A = G` or `A = N`.
///
/// Cost: 9F with `H` or `N`, 7F with `G`.
///
/// # Source
/// Dauphin, Agarwala & Mobahi (2024, arXiv 2401.10809); the penalty with its exact gradient, Barrett & Dherin (2021).
#[derive(Clone, Copy, Debug)]
pub struct GradientPenalty {
    /// Weight of the penalty, in the role of SAM's radius.
    pub rho: f64,
    /// Which part of the Hessian.
    pub nme: NmePart,
}

pub(super) const ENTRY: Entry = Entry {
    name: "psam",
    summary: "psam:rho=R[,nme=keep|drop|only]    gradient of L + R·‖∇L‖, with its nonlinear modeling error kept, dropped or alone",
    parse: |o| Ok(Box::new(GradientPenalty { rho: o.radius("rho")?, nme: o.choice("nme", &PARTS)? })),
};

impl Objective for GradientPenalty {
    fn direction(&self, b: &mut Builder, at: &Point) -> Vec<Value> {
        let g = at.gradient;
        let unit = normalized(b, &g.params);
        let product = match self.nme {
            NmePart::Keep => products::hessian(b, g, at.params, &unit),
            NmePart::Drop => products::gauss_newton(b, g, at.logits, at.params, &unit),
            NmePart::Only => products::nme(b, g, at.params, &unit),
        };
        let scaled: Vec<Value> = product.iter().map(|&p| b.scale(p, self.rho)).collect();
        g.params.iter().zip(scaled).map(|(&g, p)| b.add(g, p)).collect()
    }

    fn spec(&self) -> String {
        let part = PARTS.iter().find(|p| p.1 == self.nme).expect("every part has a word").0;
        format!("psam:rho={},nme={part}", self.rho)
    }
}
