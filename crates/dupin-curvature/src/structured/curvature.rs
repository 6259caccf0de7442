//! Curvature of the loss in an inner value, example by example, known by random factors and a diagonal.

use std::collections::BTreeSet;

use dupin_ir::{Builder, Value};

/// A random factorisation `E[left rightᵀ]`, and which draws it holds.
#[derive(Clone, Debug)]
pub(super) struct Factors {
    pub(super) left: Value,
    pub(super) right: Value,
    /// Places whose noise is in it.
    pub(super) sources: BTreeSet<usize>,
}

impl Factors {
    fn plus(self, b: &mut Builder, other: Self) -> Self {
        let (left, right) = (b.add(self.left, other.left), b.add(self.right, other.right));
        Self { left, right, sources: self.sources.into_iter().chain(other.sources).collect() }
    }

    fn map(&self, b: &mut Builder, f: &mut impl FnMut(&mut Builder, Value) -> Value) -> Self {
        Self { left: f(b, self.left), right: f(b, self.right), sources: self.sources.clone() }
    }

    fn meets(&self, other: &Self) -> bool {
        !self.sources.is_disjoint(&other.sources)
    }
}

/// A diagonal matrix and the noise that stands for it once it is not diagonal any more.
#[derive(Clone, Debug)]
pub(super) struct Diagonal {
    pub(super) entries: Value,
    pub(super) factors: Factors,
}

/// How a map moves a diagonal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Map {
    /// It scales each element: the diagonal by the square.
    Elementwise,
    /// Each result is one operand's element: the diagonal moves along.
    Movement,
    /// The diagonal does not stay one.
    Dense,
}

/// What is known at a value `v`: the gradient, and the Gauss-Newton part and the nonlinear part of the Hessian in `v`.
///
/// The nonlinear part is `E[left rightᵀ]` of `dense` plus `diag(entries)` of `diagonal`. The two never share a draw, so that
/// their products vanish in expectation and need not be taken.
#[derive(Clone, Debug, Default)]
pub(super) struct Curvature {
    /// `∂L/∂v`.
    pub(super) gradient: Option<Value>,
    /// `g` with `E[g gᵀ] = (∂z/∂v)ᵀ H_z (∂z/∂v)`.
    pub(super) gauss: Option<Value>,
    pub(super) dense: Option<Factors>,
    pub(super) diagonal: Option<Diagonal>,
}

fn sum(b: &mut Builder, x: Option<Value>, y: Option<Value>) -> Option<Value> {
    match (x, y) {
        (Some(x), Some(y)) => Some(b.add(x, y)),
        (x, y) => x.or(y),
    }
}

impl Curvature {
    /// Contributions of two users of one value.
    pub(super) fn plus(mut self, b: &mut Builder, mut other: Self) -> Self {
        if let (Some(x), Some(y)) = (&self.diagonal, &other.diagonal)
            && x.factors.meets(&y.factors)
        {
            // Two paths from one place: their cross term is in the product of the sums alone.
            (self, other) = (self.without_diagonal(b), other.without_diagonal(b));
        }
        let diagonal = match (self.diagonal, other.diagonal) {
            (Some(x), Some(y)) => Some(Diagonal { entries: b.add(x.entries, y.entries), factors: x.factors.plus(b, y.factors) }),
            (x, y) => x.or(y),
        };
        let dense = match (self.dense, other.dense) {
            (Some(x), Some(y)) => Some(x.plus(b, y)),
            (x, y) => x.or(y),
        };
        let (gradient, gauss) = (sum(b, self.gradient, other.gradient), sum(b, self.gauss, other.gauss));
        Self { gradient, gauss, dense, diagonal }.settled(b)
    }

    /// The invariant restored: a diagonal that shares a draw with the dense part joins it.
    fn settled(self, b: &mut Builder) -> Self {
        match (&self.dense, &self.diagonal) {
            (Some(x), Some(y)) if x.meets(&y.factors) => self.without_diagonal(b),
            _ => self,
        }
    }

    /// The diagonal given up for its noise.
    pub(super) fn without_diagonal(mut self, b: &mut Builder) -> Self {
        if let Some(diagonal) = self.diagonal.take() {
            self.dense = Some(match self.dense {
                Some(dense) => dense.plus(b, diagonal.factors),
                None => diagonal.factors,
            });
        }
        self
    }

    /// Through the transpose `f` of a linear map.
    pub(super) fn map(self, b: &mut Builder, kind: Map, mut f: impl FnMut(&mut Builder, Value) -> Value) -> Self {
        let c = if kind == Map::Dense { self.without_diagonal(b) } else { self };
        let diagonal = c.diagonal.map(|d| {
            let mut entries = f(b, d.entries);
            if kind == Map::Elementwise {
                entries = f(b, entries);
            }
            Diagonal { entries, factors: d.factors.map(b, &mut f) }
        });
        Self {
            gradient: c.gradient.map(|v| f(b, v)),
            gauss: c.gauss.map(|v| f(b, v)),
            dense: c.dense.map(|d| d.map(b, &mut f)),
            diagonal,
        }
    }
}
