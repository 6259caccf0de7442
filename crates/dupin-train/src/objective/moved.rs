//! The loss at other parameters, and gradients there.

use dupin_curvature::products::{self, Gradient};
use dupin_ir::transform::{substitute, vjp};
use dupin_ir::{Builder, Value};

use super::Point;

/// The loss at moved parameters, which are constants of its derivatives.
pub(super) struct Moved {
    params: Vec<Value>,
    pub(super) loss: Value,
    pub(super) logits: Value,
}

impl Moved {
    /// At `θ + by`. Running statistics are no part of it: they come from the unperturbed pass. Cost: F.
    pub(super) fn by(b: &mut Builder, at: &Point, by: &[Value]) -> Self {
        let params: Vec<Value> = at.params.iter().zip(by).map(|(&p, &e)| b.add(p, e)).collect();
        let moved = substitute(b, &[at.loss, at.logits], at.params, &params);
        Self { params, loss: moved[0], logits: moved[1] }
    }

    /// `∇L` there. Cost: 2F.
    pub(super) fn gradient(&self, b: &mut Builder) -> Gradient {
        products::gradient(b, self.loss, self.logits, &self.params)
    }

    /// `∂L/∂z` there, without a pass through the network.
    pub(super) fn residual(&self, b: &mut Builder) -> Value {
        let one = b.splat_like(self.loss, 1.0);
        vjp(b, &[self.loss], &[Some(one)], &[self.logits])[0].unwrap_or_else(|| b.splat_like(self.logits, 0.0))
    }

    /// `Jᵀc` with the Jacobian there. Cost: 2F.
    pub(super) fn pull_back(&self, b: &mut Builder, c: Value) -> Vec<Value> {
        let pulled = vjp(b, &[self.logits], &[Some(c)], &self.params);
        or_zeros(b, &pulled, &self.params)
    }
}

/// Structural zeros as tensors.
pub(super) fn or_zeros(b: &mut Builder, values: &[Option<Value>], like: &[Value]) -> Vec<Value> {
    values.iter().zip(like).map(|(v, &l)| v.unwrap_or_else(|| b.splat_like(l, 0.0))).collect()
}
