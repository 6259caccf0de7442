//! What an objective is given of a step beside the loss: random numbers, sums over the batch, the place in the run, and what it kept.

use dupin_ir::prim::Rng;
use dupin_ir::prim::rng::Distribution;
use dupin_ir::{Builder, DType, TensorType, Value};
use dupin_nn::Loss;

use super::Point;

/// A sum over the examples of a batch that is run in micro-batches: the share of one of them, and the input that stands for the whole.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Total {
    pub(crate) share: Value,
    pub(crate) whole: Value,
}

/// How a batch that is run in micro-batches is cut.
#[derive(Clone, Debug)]
struct Cut {
    /// Examples of the whole batch.
    batch: usize,
    /// Places of this micro-batch's examples in it, `i32 [micro-batch]`.
    rows: Value,
    /// Everything that differs between micro-batches.
    varying: Vec<Value>,
    totals: Vec<Total>,
}

/// A step, as an objective sees it.
///
/// A key stands for 2³² streams for each term of a sum, none of which meet. Keys of different steps are to be unrelated numbers.
#[derive(Clone, Debug)]
pub struct Context<'a> {
    loss: &'a Loss,
    weights: Value,
    key: Value,
    group_key: Value,
    progress: Value,
    cut: Option<Cut>,
    fresh: bool,
    memory: Vec<Value>,
    recalled: usize,
    kept: Vec<Value>,
}

impl<'a> Context<'a> {
    /// A step over a batch in one piece, at the start of a run. `weights: [batch]` are those of the examples in the loss, `key: u32[2]` decides
    /// every draw.
    pub fn new(b: &mut Builder, loss: &'a Loss, weights: Value, key: Value) -> Self {
        let progress = b.scalar(b.ty(weights).dtype, 0.0);
        let (cut, memory, kept) = (None, Vec::new(), Vec::new());
        Self { loss, weights, key, group_key: key, progress, cut, fresh: true, memory, recalled: 0, kept }
    }

    /// The same at another time of the run: `progress` is the share of its steps that are done, a scalar.
    #[must_use]
    pub fn at_progress(self, progress: Value) -> Self {
        Self { progress, ..self }
    }

    /// The same with what the objective kept from the step before; `fresh` says whether it makes that anew.
    pub(crate) fn with_memory(self, memory: Vec<Value>, fresh: bool) -> Self {
        Self { fresh, memory, ..self }
    }

    /// The same for one micro-batch of a batch of `batch` examples: its `data`, the places `rows` of its examples and a key of its own.
    pub(crate) fn in_micro_batches(self, batch: usize, rows: Value, group_key: Value, data: &[Value]) -> Self {
        let varying = [data, &[rows, group_key]].concat();
        Self { group_key, cut: Some(Cut { batch, rows, varying, totals: Vec::new() }), ..self }
    }

    /// What the objective keeps for the next step, and the sums over the batch it asked for.
    pub(crate) fn finish(self) -> (Vec<Value>, Vec<Total>) {
        (self.kept, self.cut.map_or_else(Vec::new, |c| c.totals))
    }

    /// The loss of an example, whose model of the labels may be sampled.
    pub(super) fn loss(&self) -> &'a Loss {
        self.loss
    }

    /// Weight of each example, `[examples]`, as in the loss.
    pub(super) fn weights(&self) -> Value {
        self.weights
    }

    /// Share of the run's steps that are done, a scalar.
    pub(super) fn progress(&self) -> Value {
        self.progress
    }

    /// Whether what the objective keeps is made anew at this step.
    pub(super) fn fresh(&self) -> bool {
        self.fresh
    }

    /// The sum over the whole batch of `share`, of which this graph has that of its own examples. What is the same for all examples
    /// is a whole already. This is where a batch in pieces waits for all of them: what follows runs after it, piece by piece again.
    pub(crate) fn total(&mut self, b: &mut Builder, share: Value) -> Value {
        let Some(cut) = &mut self.cut else { return share };
        if let Some(known) = cut.totals.iter().find(|t| t.share == share) {
            return known.whole;
        }
        let needs = b.graph().ancestors(&[share], &[]);
        if !cut.varying.iter().any(|v| needs.binary_search(v).is_ok()) {
            return share;
        }
        let ty = b.ty(share).clone();
        let whole = b.input("total", ty);
        cut.totals.push(Total { share, whole });
        whole
    }

    /// [`Context::total`] of each.
    pub(crate) fn totals(&mut self, b: &mut Builder, shares: &[Value]) -> Vec<Value> {
        shares.iter().map(|&s| self.total(b, s)).collect()
    }

    /// `count` tensors of the last step that made them.
    pub(super) fn recall(&mut self, count: usize) -> Vec<Value> {
        self.recalled += count;
        self.memory[self.recalled - count..self.recalled].to_vec()
    }

    /// Keeps tensors for the steps to come.
    pub(super) fn keep(&mut self, values: &[Value]) {
        self.kept.extend(values);
    }

    /// What `write` makes of term `i` of a sum, whose draws are apart from those of all other terms.
    pub(super) fn term<R>(&mut self, b: &mut Builder, i: usize, write: impl FnOnce(&mut Builder, &mut Self) -> R) -> R {
        let keys = (self.key, self.group_key);
        self.key = moved_key(b, self.key, [i, 0]);
        self.group_key = moved_key(b, self.group_key, [i, 0]);
        let out = write(b, self);
        (self.key, self.group_key) = keys;
        out
    }

    /// Numbers from stream `stream`. With `by_group`, each micro-batch has its own.
    pub(super) fn draw_shared(
        &self,
        b: &mut Builder,
        stream: usize,
        distribution: Distribution,
        ty: &TensorType,
        by_group: bool,
    ) -> Value {
        from_key(b, if by_group { self.group_key } else { self.key }, stream, distribution, ty)
    }

    /// Numbers for each of `xs`, from as many streams: block `block` of that many. With `by_group`, each micro-batch has its own.
    pub(super) fn draw_like(
        &self,
        b: &mut Builder,
        block: usize,
        distribution: Distribution,
        xs: &[Value],
        by_group: bool,
    ) -> Vec<Value> {
        let key = if by_group { self.group_key } else { self.key };
        let draw = |(i, &x): (usize, &Value)| {
            let ty = b.ty(x).clone();
            from_key(b, key, block * xs.len() + i, distribution, &ty)
        };
        xs.iter().enumerate().map(draw).collect()
    }

    /// Numbers for each example, along the first axis of `ty`: an example's do not depend on how the batch is cut.
    pub(super) fn draw_examples(&self, b: &mut Builder, stream: usize, distribution: Distribution, ty: &TensorType) -> Value {
        let Some(cut) = &self.cut else { return from_key(b, self.key, stream, distribution, ty) };
        let mut whole = ty.clone();
        whole.shape[0] = cut.batch;
        let numbers = from_key(b, self.key, stream, distribution, &whole);
        b.take(numbers, cut.rows)
    }
}

impl Context<'static> {
    /// One fixed draw, for cross-entropy over equally weighted examples: to count or measure what a direction costs.
    pub fn fixed(b: &mut Builder, at: &Point) -> Self {
        let logits = b.ty(at.logits).clone();
        let examples = logits.shape[0];
        let weights = b.splat(&TensorType::new(logits.dtype, [examples]), 1.0 / examples as f64);
        let key = b.splat(&TensorType::new(DType::U32, [2]), 0.0);
        Self::new(b, &Loss::CrossEntropy { smoothing: 0.0 }, weights, key)
    }
}

fn from_key(b: &mut Builder, key: Value, stream: usize, distribution: Distribution, ty: &TensorType) -> Value {
    let key = moved_key(b, key, [0, stream]);
    b.push(Rng { distribution, ty: ty.clone() }, &[key])
}

fn moved_key(b: &mut Builder, key: Value, by: [usize; 2]) -> Value {
    if by == [0, 0] {
        return key;
    }
    let by = b.constant(&TensorType::new(DType::U32, [2]), &by.map(|v| v as f64));
    b.add(key, by)
}
