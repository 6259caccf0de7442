//! Normalisations, as compositions of primitives.
//!
//! The variance is the mean of squared deviations, never `E[x²] - E[x]²`: that difference cancels to noise, or below zero,
//! once the mean is large against the deviation (in `f32` from a ratio of about 10³). Deviations come first, then the scale.

use dupin_ir::{Builder, Value};

/// Added to variances, as PyTorch does by default.
pub(crate) const EPSILON: f64 = 1e-5;
/// Weight of the batch in running statistics, as PyTorch's default.
pub(crate) const MOMENTUM: f64 = 0.1;

/// What a normalisation of every feature (the last axis) needs.
pub(crate) struct Statistics {
    variance: Value,
    /// `x - mean`.
    deviation: Value,
}

/// Statistics of a batch, and running statistics moved towards them.
pub(crate) struct BatchStatistics {
    pub(crate) of_batch: Statistics,
    pub(crate) running: (Value, Value),
}

/// `x` minus a value per feature.
fn deviation(b: &mut Builder, x: Value, mean: Value) -> Value {
    let shape = b.ty(x).shape.clone();
    let spread = b.broadcast(mean, &shape, &[shape.len() - 1]);
    b.sub(x, spread)
}

impl Statistics {
    /// Of given means and variances.
    pub(crate) fn given(b: &mut Builder, x: Value, mean: Value, variance: Value) -> Self {
        Self { variance, deviation: deviation(b, x, mean) }
    }

    /// `(x - mean)·(weight/√(variance + ε)) + bias`: one multiplication per element, the scale is made per feature.
    pub(crate) fn normalize(&self, b: &mut Builder, weight: Value, bias: Value) -> Value {
        let shape = b.ty(self.deviation).shape.clone();
        let feature = [shape.len() - 1];
        let shifted = b.shift(self.variance, EPSILON);
        let inverse = b.rsqrt(shifted);
        let scale = b.mul(inverse, weight);
        let scale = b.broadcast(scale, &shape, &feature);
        let bias = b.broadcast(bias, &shape, &feature);
        let scaled = b.mul(self.deviation, scale);
        b.add(scaled, bias)
    }
}

/// Statistics over the batch and all positions of the examples that `mask` counts, and the running ones `(mean, variance)` moved
/// towards them, with the unbiased variance, as PyTorch does. A batch that counts no example moves nothing. Of a batch that is `spread`
/// over replicas, this is the part of one.
pub(crate) fn batch_statistics(
    b: &mut Builder,
    x: Value,
    mask: Option<Value>,
    spread: bool,
    running: (Value, Value),
) -> BatchStatistics {
    let ty = b.ty(x).clone();
    let (features, axes): (usize, Vec<usize>) = (ty.shape[ty.rank() - 1], (0..ty.rank() - 1).collect());
    let per_example: usize = ty.shape[1..ty.rank() - 1].iter().product();
    let (examples, mask) = match mask {
        None => (b.scalar(ty.dtype, ty.shape[0] as f64), None),
        Some(mask) => (b.sum(mask), Some(b.broadcast(mask, &ty.shape, &[0]))),
    };
    let of_all = |b: &mut Builder, sum: Value| if spread { b.all_reduce(sum) } else { sum };
    let examples = of_all(b, examples);
    // Counts are at least 1, so that nothing divides by zero: a batch without examples has mean and variance 0.
    let one = b.scalar(ty.dtype, 1.0);
    let total = b.scale(examples, per_example as f64);
    let count = b.max(total, one);
    let others = b.shift(count, -1.0);
    let others = b.max(others, one);
    let mean_over = |b: &mut Builder, v: Value| {
        let v = mask.map_or(v, |m| b.mul(v, m));
        let sum = b.reduce_sum(v, &axes);
        let sum = of_all(b, sum);
        let count = b.broadcast(count, &[features], &[]);
        b.div(sum, count)
    };
    let mean = mean_over(b, x);
    let deviation = deviation(b, x, mean);
    let square = b.square(deviation);
    let variance = mean_over(b, square);

    let correction = b.div(count, others);
    let unbiased = b.scale_by(variance, correction);
    let counted = b.min(examples, one);
    let momentum = b.scale(counted, MOMENTUM);
    let towards = |b: &mut Builder, old: Value, new: Value| {
        let difference = b.sub(new, old);
        let step = b.scale_by(difference, momentum);
        b.add(old, step)
    };
    let running = (towards(b, running.0, mean), towards(b, running.1, unbiased));
    BatchStatistics { of_batch: Statistics { variance, deviation }, running }
}

/// Normalisation over the last `axes` axes, then an affine map of each element of them: over the whole example, or each token.
pub(crate) fn layer_norm(b: &mut Builder, x: Value, weight: Value, bias: Value, axes: usize, epsilon: f64) -> Value {
    let shape = b.ty(x).shape.clone();
    let features: Vec<usize> = (shape.len() - axes..shape.len()).collect();
    let normal = standardized(b, x, &features, epsilon);
    affine(b, normal, weight, bias, &features)
}

/// Normalisation of each example over its positions and each of `groups` sets of neighbouring features, then an affine map of each
/// feature.
pub(crate) fn group_norm(b: &mut Builder, x: Value, groups: usize, weight: Value, bias: Value) -> Value {
    let shape = b.ty(x).shape.clone();
    let rank = shape.len();
    let apart = [&shape[..rank - 1], &[groups, shape[rank - 1] / groups]].concat();
    let grouped = b.reshape(x, &apart);
    // Positions and the features of a group; the examples and the groups stay.
    let summed: Vec<usize> = (1..rank - 1).chain([rank]).collect();
    let normal = standardized(b, grouped, &summed, EPSILON);
    let normal = b.reshape(normal, &shape);
    affine(b, normal, weight, bias, &[rank - 1])
}

/// `x` minus its mean over `axes`, divided by its standard deviation over them.
fn standardized(b: &mut Builder, x: Value, axes: &[usize], epsilon: f64) -> Value {
    let shape = b.ty(x).shape.clone();
    let others: Vec<usize> = (0..shape.len()).filter(|a| !axes.contains(a)).collect();
    let count = axes.iter().map(|&a| shape[a]).product::<usize>() as f64;
    let mean_over = |b: &mut Builder, v: Value| {
        let sum = b.reduce_sum(v, axes);
        b.scale(sum, 1.0 / count)
    };
    let mean = mean_over(b, x);
    let mean = b.broadcast(mean, &shape, &others);
    let deviation = b.sub(x, mean);
    let square = b.square(deviation);
    let variance = mean_over(b, square);
    let shifted = b.shift(variance, epsilon);
    let inverse = b.rsqrt(shifted);
    let inverse = b.broadcast(inverse, &shape, &others);
    b.mul(deviation, inverse)
}

/// `x·weight + bias`, both given along `axes`.
fn affine(b: &mut Builder, x: Value, weight: Value, bias: Value, axes: &[usize]) -> Value {
    let shape = b.ty(x).shape.clone();
    let weight = b.broadcast(weight, &shape, axes);
    let bias = b.broadcast(bias, &shape, axes);
    let scaled = b.mul(x, weight);
    b.add(scaled, bias)
}
