//! Random numbers of an objective, as a function of the step's key.

use dupin_ir::prim::Rng;
use dupin_ir::prim::rng::Distribution;
use dupin_ir::{Builder, DType, TensorType, Value};
use dupin_nn::Loss;

use super::Point;

/// Where an objective's draws come from: noise from the key, labels from what the loss says of the logits' distribution.
///
/// A key stands for 2³² streams for each term of a sum, none of which meet. Keys of different steps are to be unrelated numbers.
#[derive(Clone, Copy, Debug)]
pub struct Draws<'a> {
    /// The loss of an example, whose model of the labels is sampled.
    pub loss: &'a Loss,
    /// Weight of each example, `[batch]`, as in the loss of the batch.
    pub weights: Value,
    /// Key of the step, `u32[2]`. The same key gives the same draws.
    pub key: Value,
}

impl Draws<'static> {
    /// One fixed draw, for cross-entropy over equally weighted examples: to count or measure what a direction costs.
    pub fn fixed(b: &mut Builder, at: &Point) -> Self {
        let logits = b.ty(at.logits).clone();
        let examples = logits.shape[0];
        let weights = b.splat(&TensorType::new(logits.dtype, [examples]), 1.0 / examples as f64);
        let key = b.splat(&TensorType::new(DType::U32, [2]), 0.0);
        Self { loss: &Loss::CrossEntropy { smoothing: 0.0 }, weights, key }
    }
}

impl Draws<'_> {
    /// The draws of term `i` of a sum, apart from those of all other terms.
    pub(super) fn term(self, b: &mut Builder, i: usize) -> Self {
        Self { key: moved_key(b, self.key, [i, 0]), ..self }
    }

    /// Independent numbers from stream `stream`.
    pub(super) fn draw(&self, b: &mut Builder, stream: usize, distribution: Distribution, ty: &TensorType) -> Value {
        let key = moved_key(b, self.key, [0, stream]);
        b.push(Rng { distribution, ty: ty.clone() }, &[key])
    }

    /// Numbers for each of `xs`, from as many streams: block `block` of that many.
    pub(super) fn draw_like(&self, b: &mut Builder, block: usize, distribution: Distribution, xs: &[Value]) -> Vec<Value> {
        let draw = |(i, &x): (usize, &Value)| {
            let ty = b.ty(x).clone();
            self.draw(b, block * xs.len() + i, distribution, &ty)
        };
        xs.iter().enumerate().map(draw).collect()
    }
}

fn moved_key(b: &mut Builder, key: Value, by: [usize; 2]) -> Value {
    if by == [0, 0] {
        return key;
    }
    let by = b.constant(&TensorType::new(DType::U32, [2]), &by.map(|v| v as f64));
    b.add(key, by)
}
