//! What an objective is given of a step beside the loss: random numbers, sums over the batch, the place in the run, and what it kept.

use dupin_ir::prim::Rng;
use dupin_ir::prim::rng::Distribution;
use dupin_ir::{Builder, DType, Prim, TensorType, Value};
use dupin_nn::Loss;

use super::Point;

/// A sum over the examples of a batch that is run in micro-batches: the share of one of them, and the input that stands for all.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Total {
    pub(crate) share: Value,
    pub(crate) whole: Value,
}

/// The piece of a batch that a graph is about.
#[derive(Clone, Debug)]
pub(crate) struct Piece {
    /// Examples of the whole batch.
    pub(crate) batch: usize,
    /// Places of this piece's examples in it, `i32 [piece]`.
    pub(crate) rows: Value,
    /// Key of draws that are a micro-batch's own.
    pub(crate) group_key: Value,
    /// Everything that differs between pieces.
    pub(crate) varying: Vec<Value>,
    /// Whether there are micro-batches, which run one after the other.
    pub(crate) in_turn: bool,
    /// Whether a micro-batch is spread over replicas, which run side by side.
    pub(crate) spread: bool,
}

/// How a batch in pieces is cut, and the sums that wait for all micro-batches.
#[derive(Clone, Debug)]
struct Cut {
    piece: Piece,
    totals: Vec<Total>,
}

impl Cut {
    /// Whether `share` is one of a micro-batch.
    fn differs_in_turn(&self, b: &Builder, share: Value) -> bool {
        self.piece.in_turn && self.reaches(&b.graph().ancestors(&[share], &[]))
    }

    /// Whether `share` is one of a replica: what has gone through a sum over replicas is the same on all.
    fn differs_between_replicas(&self, b: &Builder, share: Value) -> bool {
        let graph = b.graph();
        let is_sum = |v: &Value| matches!(graph.node(*v).prim, Prim::AllReduce(_));
        let sums: Vec<Value> = graph.ancestors(&[share], &[]).into_iter().filter(is_sum).collect();
        self.piece.spread && self.reaches(&graph.ancestors(&[share], &sums))
    }

    fn reaches(&self, ancestors: &[Value]) -> bool {
        self.piece.varying.iter().any(|v| ancestors.binary_search(v).is_ok())
    }
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

    /// The same for a piece of a batch.
    pub(crate) fn of_piece(self, piece: Piece) -> Self {
        Self { group_key: piece.group_key, cut: Some(Cut { piece, totals: Vec::new() }), ..self }
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
    /// is a whole already. This is where a batch in micro-batches waits for all of them: what follows runs after it, one after the
    /// other again.
    pub(crate) fn total(&mut self, b: &mut Builder, share: Value) -> Value {
        let Some(cut) = &mut self.cut else { return share };
        let spread = cut.differs_between_replicas(b, share);
        let mut sum = share;
        if let Some(known) = cut.totals.iter().find(|t| t.share == share) {
            sum = known.whole;
        } else if cut.differs_in_turn(b, share) {
            let ty = b.ty(share).clone();
            sum = b.input("total", ty);
            cut.totals.push(Total { share, whole: sum });
        }
        if spread { b.all_reduce(sum) } else { sum }
    }

    /// The sum over the micro-batch that this graph is about, or a replica's part of.
    pub(super) fn group_total(&self, b: &mut Builder, share: Value) -> Value {
        match &self.cut {
            Some(cut) if cut.differs_between_replicas(b, share) => b.all_reduce(share),
            _ => share,
        }
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
        whole.shape[0] = cut.piece.batch;
        let numbers = from_key(b, self.key, stream, distribution, &whole);
        b.take(numbers, cut.piece.rows)
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
