//! Square roots of the loss's curvature in the logits, in closed form.

use std::fmt;

use dupin_ir::{Builder, Value};

/// `S_ℓ ε` of a custom loss, from the graph, the logits `[n, outputs]` and `ε` of their type.
pub type Root<'a> = &'a dyn Fn(&mut Builder, Value, Value) -> Value;

/// Which `S_ℓ` with `S_ℓ S_ℓᵀ = ∇²_z ℓ` belongs to the loss of one example.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Curve<'a> {
    /// Softmax cross-entropy in nats, whatever the target's smoothing: `S = diag(√p) - p √pᵀ`.
    SoftmaxCrossEntropy,
    /// Mean over outputs of `(z - y)²`: `S = √(2/outputs)·I`.
    MeanSquaredError,
    /// Any other convex loss: linear in `ε`, each example apart.
    Custom(Root<'a>),
}

impl fmt::Debug for Curve<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SoftmaxCrossEntropy => "SoftmaxCrossEntropy",
            Self::MeanSquaredError => "MeanSquaredError",
            Self::Custom(_) => "Custom",
        })
    }
}

/// A square root of `H_z = ∇²_z L` for `L = Σ_n w_n ℓ(z_n, y_n)`: `H_z = S Sᵀ` with `S = √w S_ℓ` in every example.
#[derive(Clone, Copy, Debug)]
pub struct LossRoot<'a> {
    /// Of the loss of one example.
    pub curve: Curve<'a>,
    /// The weights `w: [n]`, not negative, as they stand in the loss.
    pub weights: Value,
}

impl LossRoot<'_> {
    /// `S ε`, of the type of `logits` and `eps`: `[n, outputs]`.
    pub fn apply(&self, b: &mut Builder, logits: Value, eps: Value) -> Value {
        let shape = b.ty(logits).shape.clone();
        let u = match self.curve {
            Curve::SoftmaxCrossEntropy => softmax_cross_entropy(b, logits, eps),
            Curve::MeanSquaredError => b.scale(eps, (2.0 / shape.get(1).copied().unwrap_or(1) as f64).sqrt()),
            Curve::Custom(root) => root(b, logits, eps),
        };
        let weight = b.sqrt(self.weights);
        let weight = b.broadcast(weight, &shape, &[0]);
        b.mul(u, weight)
    }
}

/// `√p ⊙ ε - p (√pᵀ ε)`; the largest logit is taken off first, so that nothing overflows.
fn softmax_cross_entropy(b: &mut Builder, logits: Value, eps: Value) -> Value {
    let shape = b.ty(logits).shape.clone();
    let largest = b.reduce_max(logits, &[1]);
    let largest = b.broadcast(largest, &shape, &[0]);
    let shifted = b.sub(logits, largest);
    let e = b.exp(shifted);
    let sum = b.reduce_sum(e, &[1]);
    let sum = b.broadcast(sum, &shape, &[0]);
    let p = b.div(e, sum);
    let root = b.sqrt(p);
    let scaled = b.mul(root, eps);
    let along = b.reduce_sum(scaled, &[1]);
    let along = b.broadcast(along, &shape, &[0]);
    let back = b.mul(p, along);
    b.sub(scaled, back)
}
