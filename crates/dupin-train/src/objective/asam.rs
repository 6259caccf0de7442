//! Adaptive sharpness-aware minimization: a perturbation that does not change when weights are rescaled.

use dupin_ir::{Builder, Value};

use super::moved::Moved;
use super::options::with_group;
use super::sam::shared_gradient;
use super::{Context, Contribution, Entry, Objective, Point, Strength, normalized};

/// `∇L(θ + ρ T²∇L/‖T∇L‖)` with `T = |θ| + η`, element by element. Cost: 6F. `m` as of SAM.
///
/// # Source
/// Kwon, Kim, Park & Choi (2021), equation 5 with p = 2 and the element-wise operator, `η` as in their section 4.2. Differs from their
/// published code, which leaves biases unscaled (`T = 1`): here, as in the paper, `T` acts on every parameter.
#[derive(Clone, Copy, Debug)]
pub struct Asam {
    /// Radius in the scaled parameters; about ten times that of SAM.
    pub rho: Strength,
    /// Added to `|θ|`, so that parameters near 0 move, too.
    pub eta: f64,
    /// Examples that share a perturbation; the whole batch if none.
    pub group: Option<usize>,
}

pub(super) const ENTRY: Entry = Entry {
    name: "asam",
    moves: true,
    summary: "asam:rho=R[,eta=E][,m=K]: gradient at θ + R·T²∇L/‖T∇L‖ with T = |θ| + E (0.01)",
    parse: |o| Ok(Box::new(Asam { rho: o.strength("rho")?, eta: o.radius_or("eta", 0.01)?, group: o.group()? })),
};

impl Objective for Asam {
    fn contribution(&self, b: &mut Builder, at: &Point, step: &mut Context) -> Contribution {
        let scale = |b: &mut Builder, p: Value| {
            let size = b.abs(p);
            b.shift(size, self.eta)
        };
        let t: Vec<Value> = at.params.iter().map(|&p| scale(b, p)).collect();
        let g = shared_gradient(b, at, step, self.group);
        let tg: Vec<Value> = t.iter().zip(&g).map(|(&t, &g)| b.mul(t, g)).collect();
        let unit = normalized(b, &tg);
        let along: Vec<Value> = t.iter().zip(unit).map(|(&t, u)| b.mul(t, u)).collect();
        let e = self.rho.times(b, step, 1.0, &along);
        let gradient = Moved::by(b, at, &e).gradient(b).params;
        Contribution::Moved(step.totals(b, &gradient))
    }

    fn group(&self) -> Option<usize> {
        self.group
    }

    fn spec(&self) -> String {
        format!("asam:rho={},eta={}{}", self.rho, self.eta, with_group(self.group))
    }
}
