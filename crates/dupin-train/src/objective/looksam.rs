//! SAM whose second gradient is taken at some steps only and remembered at the others.

use dupin_ir::{Builder, Value};

use super::moved::Moved;
use super::sam::ascent;
use super::{Context, Contribution, Entry, Objective, Point, Strength, norm, normalized};

/// Every `k` steps SAM's gradient `s`, whose part `v` orthogonal to `g = ∇L` is kept; at the steps in between `g + α ‖g‖/‖v‖ v`.
///
/// Cost: 6F when `v` is made anew, 3F in between. The part along `g` changes fast, `v` slowly: that is why it may be kept.
///
/// # Source
/// Liu, Mai, Chen, Hsieh & You (2022), "Towards efficient and scalable sharpness-aware minimization", algorithm 1; their `k = 5`, `α = 0.7`.
#[derive(Clone, Copy, Debug)]
pub struct LookSam {
    /// Radius of the perturbation.
    pub rho: Strength,
    /// Steps from one second gradient to the next.
    pub every: u64,
    /// Size of the remembered part, as a share of `‖g‖`.
    pub alpha: f64,
}

pub(super) const ENTRY: Entry = Entry {
    name: "looksam",
    moves: true,
    summary: "looksam:rho=R[,k=STEPS][,alpha=A]: SAM every k steps (5), between them ∇L plus A (0.7) times its remembered orthogonal part",
    parse: |o| {
        let (rho, every) = (o.strength("rho")?, o.count_or("k", 5, 1_000_000)? as u64);
        Ok(Box::new(LookSam { rho, every, alpha: o.radius_or("alpha", 0.7)? }))
    },
};

impl Objective for LookSam {
    fn contribution(&self, b: &mut Builder, at: &Point, step: &mut Context) -> Contribution {
        let g = step.totals(b, &at.gradient.params);
        let before = if self.every > 1 { step.recall(g.len()) } else { Vec::new() };
        if step.fresh() {
            let e = ascent(b, at, step, &self.rho);
            let s = Moved::by(b, at, &e).gradient(b).params;
            let s = step.totals(b, &s);
            let unit = normalized(b, &g);
            let along = b.inner_all(&s, &unit);
            let parallel: Vec<Value> = unit.iter().map(|&u| b.scale_by(u, along)).collect();
            let orthogonal: Vec<Value> = s.iter().zip(parallel).map(|(&s, p)| b.sub(s, p)).collect();
            if self.every > 1 {
                step.keep(&orthogonal);
            }
            return Contribution::Moved(s);
        }
        step.keep(&before);
        let unit = normalized(b, &before);
        let size = norm(b, &g);
        let size = b.scale(size, self.alpha);
        let remembered = unit.iter().map(|&u| b.scale_by(u, size)).collect::<Vec<_>>();
        Contribution::Moved(g.iter().zip(remembered).map(|(&g, r)| b.add(g, r)).collect())
    }

    fn memory(&self) -> usize {
        usize::from(self.every > 1)
    }

    fn period(&self) -> u64 {
        self.every
    }

    fn spec(&self) -> String {
        format!("looksam:rho={},k={},alpha={}", self.rho, self.every, self.alpha)
    }
}
