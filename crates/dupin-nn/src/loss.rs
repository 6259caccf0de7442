//! Losses per example, and the weighted sum that is differentiated.

use std::fmt;
use std::str::FromStr;

use dupin_ir::prim::CompareOp;
use dupin_ir::{Builder, DType, TensorType, Value};

use crate::error::Error;

/// A loss `ℓ(z, y)` of logits `z` and target `y`. Prints and parses as `ce`, `ce:0.1`, `mse`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Loss {
    /// Softmax cross-entropy in nats: `-Σ_k q_k log softmax(z)_k`, with `q` the target's one-hot vector, of which `smoothing` is
    /// spread evenly over all classes (PyTorch's `label_smoothing`).
    CrossEntropy {
        /// Share of the target that is spread, in [0, 1).
        smoothing: f64,
    },
    /// Mean over outputs of `(z - y)²`, as `nn.MSELoss` of one example.
    Mse,
}

impl Loss {
    /// The loss of each example, `[n]`: of a sequence the mean over its places.
    ///
    /// # Shapes and units
    /// `logits: [n, outputs]`, or `[n, t, outputs]` for sequences. `target`: classes, `[n]` or `[n, t]` integers in `0..outputs`; or
    /// floats of the shape of `logits`: for cross-entropy the probabilities of the classes, of which each row sums to 1.
    /// A class outside the range is not noticed: it stands for a vector of zeros. Data sets check their labels.
    pub fn per_example(&self, b: &mut Builder, logits: Value, target: Value) -> Value {
        let each = match *self {
            Self::CrossEntropy { smoothing } => cross_entropy(b, logits, target, smoothing),
            Self::Mse => {
                let target = one_hot(b, target, logits);
                let (last, outputs) = classes(b, logits);
                let difference = b.sub(logits, target);
                let square = b.square(difference);
                let sum = b.reduce_sum(square, &[last]);
                b.scale(sum, 1.0 / outputs as f64)
            }
        };
        mean_over_places(b, each)
    }

    /// `Σ_n weights[n]·ℓ(z_n, y_n)`, a scalar: the mean for weights of `1/n`. Examples of weight 0 are as if absent.
    pub fn weighted(&self, b: &mut Builder, logits: Value, target: Value, weights: Value) -> Value {
        let losses = self.per_example(b, logits, target);
        b.inner(losses, weights)
    }

    /// Whether the loss is convex in the logits, so that the Gauss-Newton matrix is positive semi-definite.
    pub fn is_convex(&self) -> bool {
        match self {
            Self::CrossEntropy { .. } | Self::Mse => true,
        }
    }
}

/// `log Σ e^(z - m) - Σ q·(z - m)` with `m` the largest logit, a constant: the loss does not depend on `m`, so that its derivatives of
/// every order are right without it, and no exponential overflows. Since `Σ q = 1` the shifts cancel before anything is rounded
/// against a large logit.
fn cross_entropy(b: &mut Builder, logits: Value, target: Value, smoothing: f64) -> Value {
    let shape = b.ty(logits).shape.clone();
    let (last, classes) = classes(b, logits);
    let rows: Vec<usize> = (0..last).collect();
    let largest = b.reduce_max(logits, &[last]);
    let largest = b.stop_gradient(largest);
    let largest = b.broadcast(largest, &shape, &rows);
    let shifted = b.sub(logits, largest);
    let exponentials = b.exp(shifted);
    let sum = b.reduce_sum(exponentials, &[last]);
    let log_sum = b.log(sum);
    let hot = one_hot(b, target, logits);
    let hot = b.scale(hot, 1.0 - smoothing);
    let q = b.shift(hot, smoothing / classes as f64);
    let weighed = b.mul(q, shifted);
    let expected = b.reduce_sum(weighed, &[last]);
    b.sub(log_sum, expected)
}

/// The axis of the classes, the last one, and how many they are.
fn classes(b: &Builder, logits: Value) -> (usize, usize) {
    let shape = &b.ty(logits).shape;
    let last = shape.len().saturating_sub(1);
    (last, shape.get(last).copied().unwrap_or(1))
}

/// `[n, ...]` to `[n]`.
fn mean_over_places(b: &mut Builder, x: Value) -> Value {
    let shape = &b.ty(x).shape;
    let (axes, count): (Vec<usize>, usize) = ((1..shape.len()).collect(), shape.iter().skip(1).product());
    if axes.is_empty() {
        return x;
    }
    let sum = b.reduce_sum(x, &axes);
    b.scale(sum, 1.0 / count as f64)
}

/// Rows of the identity, of the type of `logits`; a target that is a distribution already stays.
fn one_hot(b: &mut Builder, target: Value, logits: Value) -> Value {
    let ty = b.ty(logits).clone();
    if b.ty(target).dtype.is_float() {
        return target;
    }
    let last = ty.rank().saturating_sub(1);
    let classes = b.iota(TensorType::new(DType::I32, ty.shape.clone()), last);
    let rows: Vec<usize> = (0..last).collect();
    let target = b.broadcast(target, &ty.shape, &rows);
    let hit = b.compare(CompareOp::Eq, classes, target);
    b.convert(hit, ty.dtype)
}

/// 1 for each example whose largest logit (the first of equals) is its target's (of a distribution the largest), else 0; of a sequence the mean over its places:
/// `[n]` floats of the type of `logits`.
pub fn correct(b: &mut Builder, logits: Value, target: Value) -> Value {
    let dtype = b.ty(logits).dtype;
    let (last, _) = classes(b, logits);
    let predicted = b.argmax(logits, last);
    let target = if b.ty(target).dtype.is_float() { b.argmax(target, last) } else { target };
    let hit = b.compare(CompareOp::Eq, predicted, target);
    let hit = b.convert(hit, dtype);
    mean_over_places(b, hit)
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::CrossEntropy { smoothing: 0.0 } => f.write_str("ce"),
            Self::CrossEntropy { smoothing } => write!(f, "ce:{smoothing}"),
            Self::Mse => f.write_str("mse"),
        }
    }
}

impl FromStr for Loss {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text.split_once(':') {
            None if text == "ce" => Ok(Self::CrossEntropy { smoothing: 0.0 }),
            None if text == "mse" => Ok(Self::Mse),
            Some(("ce", smoothing)) => match smoothing.parse() {
                // `+ 0.0` makes a negative zero a plain one.
                Ok(s) if (0.0..1.0).contains(&s) => Ok(Self::CrossEntropy { smoothing: s + 0.0 }),
                _ => Err(Error::Smoothing { text: text.into(), smoothing: smoothing.into() }),
            },
            _ => Err(Error::UnknownLoss { text: text.into() }),
        }
    }
}
