//! Fisher matrices and the covariance of gradients: outer products of the gradients of single examples.
//!
//! With `g_n = Jᵀ r_n` the gradient of one example's loss, all of them are `Σ_n w_n J_nᵀ R_n J_n` with another `R_n` at the logits, so a product
//! costs what `G v` costs: `R_n = E r_n r_nᵀ` over the model's own labels, `r_n r_nᵀ` at one label drawn from it, or at the label of the data.

use dupin_ir::transform::vjp;
use dupin_ir::{Builder, TensorType, Value};
use dupin_linop::Rng;

use crate::products::{self, Gradient};
use crate::structured::{Curve, LossRoot};

/// The probabilistic model whose negative log-likelihood the loss is, up to a constant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Likelihood {
    /// Softmax over the logits: cross-entropy, whatever the smoothing of its targets.
    Categorical,
    /// A normal of variance `K/2` for each of `K` outputs: mean squared error over the outputs.
    Gaussian,
}

/// Which labels the gradients of single examples are taken at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Labels {
    /// The expectation over the model's own labels. For these likelihoods it equals `G`.
    Expected(Likelihood),
    /// One label per example, drawn from the model: an unbiased estimate of the expectation, positive semi-definite like it. The draws
    /// depend on the seed and the place of the example in the data alone, not on the batches.
    Sampled(Likelihood, u64),
    /// Those of the data: the empirical Fisher matrix, which is no Fisher matrix, and at an optimum not `H` (Kunstner et al., 2019).
    Observed,
}

/// `F = Σ_n w_n E[g_n g_nᵀ]`: a mean over examples where the weights are `1/N`, never over a batch.
///
/// # Source
/// Martens (2020), "New insights and perspectives on the natural gradient method"; Kunstner, Balles & Hennig (2019), arXiv 1905.12558.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fisher {
    /// At which labels.
    pub labels: Labels,
    /// The weights `w: [n]` of the examples, as they stand in the loss.
    pub weights: Value,
}

/// What is drawn for every logit, before anything else is computed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Noise {
    normal: bool,
    seed: u64,
}

impl Noise {
    /// One draw per element of `ty`, for batch after batch.
    pub(crate) fn draws(self, ty: &TensorType, batches: usize) -> Vec<Vec<f64>> {
        let mut rng = Rng::new(self.seed);
        let mut draw = || if self.normal { rng.normal() } else { rng.uniform() };
        (0..batches).map(|_| (0..ty.len()).map(|_| draw()).collect()).collect()
    }
}

/// A product with a vector, and the input that must be given draws.
pub(crate) struct FisherProduct {
    pub(crate) values: Vec<Value>,
    pub(crate) noise: Option<(Value, Noise)>,
}

/// `x: [n]` along the outputs.
fn along(b: &mut Builder, x: Value, logits: Value) -> Value {
    let shape = b.ty(logits).shape.clone();
    b.broadcast(x, &shape, &[0])
}

/// `R u = r (rᵀ u)` in every example.
fn outer(b: &mut Builder, r: Value, u: Value) -> Value {
    let axes: Vec<usize> = (1..b.ty(r).rank()).collect();
    let product = b.mul(r, u);
    let inner = b.reduce_sum(product, &axes);
    let inner = along(b, inner, r);
    b.mul(r, inner)
}

/// `F v`. Cost: 4F beyond the forward pass.
pub(crate) fn product(
    b: &mut Builder,
    fisher: Fisher,
    gradient: &Gradient,
    logits: Value,
    params: &[Value],
    v: &[Value],
) -> FisherProduct {
    let dz = products::tangent(b, logits, params, v);
    let weights = along(b, fisher.weights, logits);
    let mut noise = None;
    let u = match fisher.labels {
        Labels::Expected(likelihood) => {
            let curve = match likelihood {
                Likelihood::Categorical => Curve::SoftmaxCrossEntropy,
                Likelihood::Gaussian => Curve::MeanSquaredError,
            };
            let root = LossRoot { curve, weights: fisher.weights };
            let ty = b.ty(logits).clone();
            let eps = b.input("eps", ty);
            let s = root.apply(b, logits, eps);
            let transposed = vjp(b, &[s], &[Some(dz)], &[eps])[0].expect("a root depends on what it is applied to");
            dupin_ir::transform::substitute(b, &[s], &[eps], &[transposed])[0]
        }
        Labels::Sampled(likelihood, seed) => {
            let ty = b.ty(logits).clone();
            let drawn = b.input("draws", ty.clone());
            noise = Some((drawn, Noise { normal: likelihood == Likelihood::Gaussian, seed }));
            let r = match likelihood {
                Likelihood::Categorical => categorical_residual(b, logits, drawn),
                // y = z + √(K/2) ε, and ∇_z of |z - y|²/K is -√(2/K) ε; the sign does not matter.
                Likelihood::Gaussian => b.scale(drawn, (2.0 / ty.shape.get(1).copied().unwrap_or(1) as f64).sqrt()),
            };
            let ru = outer(b, r, dz);
            b.mul(ru, weights)
        }
        Labels::Observed => {
            // ∂L/∂z holds the weight once; r rᵀ w is (w r)(w r)ᵀ / w, and nothing where w = 0.
            let (zero, one) = (b.splat_like(weights, 0.0), b.splat_like(weights, 1.0));
            let absent = b.compare(dupin_ir::prim::CompareOp::Eq, weights, zero);
            let divisor = b.select(absent, one, weights);
            let ru = outer(b, gradient.residual, dz);
            b.div(ru, divisor)
        }
    };
    let values = vjp(b, &[logits], &[Some(u)], params);
    let values = values.into_iter().zip(params).map(|(v, &p)| v.unwrap_or_else(|| b.splat_like(p, 0.0))).collect();
    FisherProduct { values, noise }
}

/// `softmax(z) - e_ŷ` for one `ŷ` drawn from softmax by the largest of `z - log(-log uniform)` (Gumbel, 1954).
fn categorical_residual(b: &mut Builder, logits: Value, uniform: Value) -> Value {
    let ty = b.ty(logits).clone();
    // A uniform number may be 0; a number below its smallest step keeps the logarithms finite.
    let least = b.splat_like(uniform, 2f64.powi(-60));
    let most = b.splat_like(uniform, 1.0 - 2f64.powi(-24));
    let uniform = b.max(uniform, least);
    let uniform = b.min(uniform, most);
    let log = b.log(uniform);
    let exponential = b.neg(log);
    let log = b.log(exponential);
    let noisy = b.sub(logits, log);
    let label = b.argmax(noisy, 1);
    let classes = b.iota(ty.with_dtype(dupin_ir::DType::I32), 1);
    let label = b.broadcast(label, &ty.shape, &[0]);
    let hit = b.compare(dupin_ir::prim::CompareOp::Eq, classes, label);
    let hit = b.convert(hit, ty.dtype);
    let largest = b.reduce_max(logits, &[1]);
    let largest = along(b, largest, logits);
    let shifted = b.sub(logits, largest);
    let e = b.exp(shifted);
    let sum = b.reduce_sum(e, &[1]);
    let sum = along(b, sum, logits);
    let p = b.div(e, sum);
    b.sub(p, hit)
}
