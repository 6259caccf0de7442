//! Softmax attention, as a composition of primitives: its derivatives of every order are theirs.

use dupin_ir::prim::{CompareOp, DotGeneral};
use dupin_ir::{Builder, DType, TensorType, Value};

/// Score of what a place may not see: its exponential is 0 beside any other in `f32` and `f64`, and unlike an infinity it is subtracted
/// and multiplied by 0 without a NaN.
const UNSEEN: f64 = -1e30;

/// `softmax(Q Kᵀ/√d) V` for each of `heads` heads of `d` features; heads side by side in the result.
///
/// `x: [n, t, 3·heads·d]` holds queries, keys and values side by side, each of them head by head (as the rows of PyTorch's
/// `in_proj_weight`, timm's `qkv` and GPT-2's `c_attn`); the result is `[n, t, heads·d]`. With `causal` a place sees itself and those
/// before it. Cost beside the projections: `4·n·t²·heads·d` FLOP.
///
/// # Source
/// Vaswani et al. (2017), arXiv 1706.03762, equation 1.
pub(crate) fn softmax_attention(b: &mut Builder, x: Value, heads: usize, causal: bool) -> Value {
    let shape = b.ty(x).shape.clone();
    let (n, t, width) = (shape[0], shape[1], shape[2] / 3);
    let part = |b: &mut Builder, i: usize| {
        let part = b.slice_axis(x, 2, i * width, (i + 1) * width);
        b.reshape(part, &[n, t, heads, width / heads])
    };
    let [q, k, v] = [0, 1, 2].map(|i| part(b, i));
    // Queries are smaller than scores wherever t > d, and never larger than what they are made of.
    let q = b.scale(q, 1.0 / ((width / heads) as f64).sqrt());
    let pairs = DotGeneral { lhs_batch: vec![0, 2], rhs_batch: vec![0, 2], lhs_contracting: vec![3], rhs_contracting: vec![3] };
    let scores = b.dot_general(q, k, pairs); // [n, heads, t, t]
    let scores = if causal { masked(b, scores) } else { scores };
    let weights = softmax(b, scores);
    let over_keys =
        DotGeneral { lhs_batch: vec![0, 1], rhs_batch: vec![0, 2], lhs_contracting: vec![3], rhs_contracting: vec![1] };
    let mixed = b.dot_general(weights, v, over_keys); // [n, heads, t, d]
    let mixed = b.transpose(mixed, &[0, 2, 1, 3]);
    b.reshape(mixed, &[n, t, width])
}

/// Scores `[.., query, key]` with those of later keys replaced.
fn masked(b: &mut Builder, scores: Value) -> Value {
    let ty = b.ty(scores).clone();
    let rank = ty.rank();
    let places = TensorType::new(DType::I32, ty.shape.clone());
    let (query, key) = (b.iota(places.clone(), rank - 2), b.iota(places, rank - 1));
    let seen = b.compare(CompareOp::Ge, query, key);
    let unseen = b.splat(&ty, UNSEEN);
    b.select(seen, scores, unseen)
}

/// Softmax over the last axis. The largest score is taken off as a constant: the result does not depend on it, so that its derivatives
/// are right without it, and no exponential overflows.
fn softmax(b: &mut Builder, scores: Value) -> Value {
    let shape = b.ty(scores).shape.clone();
    let last = shape.len() - 1;
    let rows: Vec<usize> = (0..last).collect();
    let largest = b.reduce_max(scores, &[last]);
    let largest = b.stop_gradient(largest);
    let largest = b.broadcast(largest, &shape, &rows);
    let shifted = b.sub(scores, largest);
    let exponentials = b.exp(shifted);
    let sum = b.reduce_sum(exponentials, &[last]);
    let inverse = b.recip(sum);
    let inverse = b.broadcast(inverse, &shape, &rows);
    b.mul(exponentials, inverse)
}
