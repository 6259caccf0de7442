//! Square roots of the loss's curvature in the logits, in closed form.

use std::fmt;

use dupin_ir::transform::{substitute, vjp};
use dupin_ir::{Buffer, Builder, Executor, Tensor, Value};
use dupin_linop::Rng;

use super::class::placeholder;
use crate::error::Error;
use crate::products;
use crate::traced::Traced;

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

/// Compares `S Sᵀ v` with `H_z v` for a random `v` on one batch.
///
/// They agree to rounding: `√ε` of the largest entry, and a few `ε` of `w·v` where the classes of all examples are certain and the
/// entries themselves are differences of near numbers.
pub(super) fn check_root(
    executor: &dyn Executor,
    traced: &mut Traced,
    root: &LossRoot<'_>,
    params: &[Buffer],
    batch: &[Buffer],
) -> Result<(), Error> {
    let (b, logits) = (&mut traced.builder, traced.logits);
    let ty = b.ty(logits).clone();
    let g = products::gradient(b, traced.loss, logits, &[]);
    let (v, eps) = (placeholder(b, logits), placeholder(b, logits));
    let expected = products::loss_curvature(b, &g, logits, v);
    let u = root.apply(b, logits, eps);
    let transposed = vjp(b, &[u], &[Some(v)], &[eps])[0].unwrap_or_else(|| b.splat_like(logits, 0.0));
    let found = substitute(b, &[u], &[eps], &[transposed])[0];
    let inputs: Vec<Value> = traced.params.iter().chain(&traced.data).copied().chain([v]).collect();
    let program = executor.compile(&b.program(&inputs, &[expected, found, root.weights])?)?;
    let mut along = vec![0.0; ty.len()];
    Rng::new(0).fill_signs(&mut along);
    let v = executor.upload(Tensor::from_f64(&ty, &along))?;
    let out = program.run(&params.iter().chain(batch).chain([&v]).collect::<Vec<_>>())?;
    let out: Vec<Vec<f64>> = out.iter().map(|x| Ok(executor.download(x)?.to_f64())).collect::<Result<_, Error>>()?;
    let largest = |x: &[f64]| x.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
    let difference = out[0].iter().zip(&out[1]).fold(0.0, |m: f64, (x, y)| if m >= (x - y).abs() { m } else { (x - y).abs() });
    let (epsilon, outputs) = (ty.dtype.epsilon(), ty.len() / ty.shape.first().copied().unwrap_or(1).max(1));
    let tolerance = epsilon.sqrt() * largest(&out[0]) + 64.0 * epsilon * outputs as f64 * largest(&out[2]);
    // A NaN is not within any tolerance; it is the loss's own if the model diverged.
    if let Some(&value) = out[0].iter().find(|x| !x.is_finite()) {
        return Err(Error::NotFinite { what: "the loss's curvature in the logits", batch: 0, value });
    }
    if difference <= tolerance { Ok(()) } else { Err(Error::LossRoot { difference, largest: largest(&out[0]) }) }
}
