//! Adaptive sharpness-aware minimization: a perturbation that does not change when weights are rescaled.

use dupin_ir::{Builder, Value};

use super::moved::Moved;
use super::{Contribution, Draws, Entry, Objective, Point, normalized, scaled};

/// `∇L(θ + ρ T²∇L/‖T∇L‖)` with `T = |θ| + η`, element by element. Cost: 6F.
///
/// # Source
/// Kwon, Kim, Park & Choi (2021), equation 5 with p = 2 and the element-wise operator, `η` as in their section 4.2. Differs from their
/// published code, which leaves biases unscaled (`T = 1`): here, as in the paper, `T` acts on every parameter.
#[derive(Clone, Copy, Debug)]
pub struct Asam {
    /// Radius in the scaled parameters; about ten times that of SAM.
    pub rho: f64,
    /// Added to `|θ|`, so that parameters near 0 move, too.
    pub eta: f64,
}

pub(super) const ENTRY: Entry = Entry {
    name: "asam",
    moves: true,
    summary: "asam:rho=R[,eta=E]: gradient at θ + R·T²∇L/‖T∇L‖ with T = |θ| + E (0.01)",
    parse: |o| Ok(Box::new(Asam { rho: o.radius("rho")?, eta: o.radius_or("eta", 0.01)? })),
};

impl Objective for Asam {
    fn contribution(&self, b: &mut Builder, at: &Point, _: &Draws) -> Contribution {
        let scale = |b: &mut Builder, p: Value| {
            let size = b.abs(p);
            b.shift(size, self.eta)
        };
        let t: Vec<Value> = at.params.iter().map(|&p| scale(b, p)).collect();
        let tg: Vec<Value> = t.iter().zip(&at.gradient.params).map(|(&t, &g)| b.mul(t, g)).collect();
        let unit = normalized(b, &tg);
        let along: Vec<Value> = t.iter().zip(unit).map(|(&t, u)| b.mul(t, u)).collect();
        let e = scaled(b, &along, self.rho);
        let moved = Moved::by(b, at, &e);
        Contribution::Moved(moved.gradient(b).params)
    }

    fn spec(&self) -> String {
        format!("asam:rho={},eta={}", self.rho, self.eta)
    }
}
