//! The gradient penalty that is the first-order expansion of SAM, with its nonlinear modeling error kept, dropped or alone.

use dupin_ir::{Builder, Value};

use super::moved::Moved;
use super::nme_part::{NmePart, PARTS};
use super::{Context, Contribution, Entry, Objective, Point, Strength, norm, normalized, scaled};

/// `∇L + ρ A u` with `u = ∇L/‖∇L‖` and `A = H`, the gradient of `L + ρ‖∇L‖` (PSAM); or with `A = G` or `A = N`.
///
/// Cost: 9F with `H` or `N`, 7F with `G`; 6F by finite difference.
///
/// # Finite difference
/// With `fd = r`, `θ' = θ + r u` and `c = ∂L/∂z`, primes marking values at `θ'`:
///
/// ```text
/// H u ≈ (∇L' - ∇L)/r    G u ≈ J'ᵀ(c' - c)/r    N u ≈ (J'ᵀc - Jᵀc)/r
/// ```
///
/// The error is of order `r`, that of `f32` of order `10⁻⁷/r`. The last two add up to the first; at `r = ρ` the first is SAM.
///
/// # Source
/// Dauphin, Agarwala & Mobahi (2024, arXiv 2401.10809); the penalty by forward difference, Zhao, Zhang & Hu (2022), Karakida et al.
/// (2023, arXiv 2210.02720).
#[derive(Clone, Copy, Debug)]
pub struct Psam {
    /// Weight of the penalty, in the role of SAM's radius.
    pub rho: Strength,
    /// Which part of the Hessian.
    pub nme: NmePart,
    /// Radius of the finite difference; exact without.
    pub fd: Option<f64>,
}

pub(super) const ENTRY: Entry = Entry {
    name: "psam",
    moves: false,
    summary: "psam:rho=R[,nme=keep|drop|only][,fd=RADIUS]: gradient of L + R·‖∇L‖, with its nonlinear modeling error kept, dropped or \
              alone, exact or by finite difference",
    parse: |o| Ok(Box::new(Psam { rho: o.strength("rho")?, nme: o.choice("nme", &PARTS)?, fd: o.positive_if_given("fd")? })),
};

/// `A u` by forward difference with radius `r`.
fn difference(b: &mut Builder, at: &Point, part: NmePart, u: &[Value], r: f64) -> Vec<Value> {
    let e = scaled(b, u, r);
    let moved = Moved::by(b, at, &e);
    let g = at.gradient;
    let minus_gradient =
        |b: &mut Builder, x: Vec<Value>| -> Vec<Value> { x.iter().zip(&g.params).map(|(&x, &g)| b.sub(x, g)).collect() };
    let change = match part {
        NmePart::Keep => {
            let gradient = moved.gradient(b).params;
            minus_gradient(b, gradient)
        }
        NmePart::Drop => {
            let residual = moved.residual(b);
            let change = b.sub(residual, g.residual);
            moved.pull_back(b, change)
        }
        NmePart::Only => {
            let pulled = moved.pull_back(b, g.residual);
            minus_gradient(b, pulled)
        }
    };
    scaled(b, &change, 1.0 / r)
}

impl Objective for Psam {
    fn contribution(&self, b: &mut Builder, at: &Point, step: &mut Context) -> Contribution {
        let g = step.totals(b, &at.gradient.params);
        let unit = normalized(b, &g);
        let product = match self.fd {
            None => self.nme.product(b, at, &unit),
            Some(r) => difference(b, at, self.nme, &unit, r),
        };
        let product = step.totals(b, &product);
        Contribution::Added(self.rho.times(b, step, 1.0, &product))
    }

    fn regularizer(&self, b: &mut Builder, at: &Point, step: &mut Context) -> Option<Value> {
        let norm = norm(b, &at.gradient.params);
        (self.nme == NmePart::Keep && self.fd.is_none()).then(|| self.rho.times(b, step, 1.0, &[norm])[0])
    }

    fn spec(&self) -> String {
        let fd = self.fd.map_or(String::new(), |r| format!(",fd={r}"));
        format!("psam:rho={},nme={}{fd}", self.rho, self.nme.word())
    }
}
