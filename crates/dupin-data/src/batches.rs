//! Batches of one fixed size, in an order that depends on arguments alone.
//!
//! Compiled programs have static shapes, so every batch of a plan has the same number of rows. A batch that runs out of
//! examples is filled up with copies of example 0 whose weight is 0, so that they count nothing.

use crate::augment::Augmentation;
use crate::dataset::Dataset;
use crate::error::Error;
use crate::rng::Rng;
use crate::values::Rows;

/// The largest batch size accepted: 2^20. A larger one is a slip, and would only be padding.
pub const MAX_BATCH: usize = 1 << 20;

/// What to do with the last batch of an epoch when the examples do not fill it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastBatch {
    /// Leave it out; the examples in it differ from epoch to epoch.
    Drop,
    /// Pad it with weight 0.
    Keep,
}

/// How a data set of a given size is cut into batches. Plain numbers: it can be rebuilt by a resumed run.
///
/// - [`sequential`](Self::sequential), for curvature: file order, every example once, each of weight `1/n`, so that the
///   weighted sums of all batches add up to the mean over the data set, whatever the batch size.
/// - [`shuffled`](Self::shuffled), for training: epoch `e` goes through the permutation that `(seed, e)` gives, and
///   each real row has weight `1/batch_size`.
///
/// Step `s` of epoch `e` is addressed directly, so a resumed run sees the same batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchPlan {
    examples: usize,
    batch_size: usize,
    order: Order,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Sequential,
    Shuffled { seed: u64, last: LastBatch },
}

/// The rows that a program runs on at once.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// `[batch, ...shape]`, row-major.
    pub inputs: Rows,
    /// `[batch]`, class numbers; of a text `[batch, length]`, the tokens that follow.
    pub labels: Vec<i32>,
    /// `[batch]`, dimensionless: how much each row counts, 0 for padding.
    pub weights: Vec<f32>,
    /// `[batch]`, which example of the data set each row is; 0 for padding.
    pub indices: Vec<usize>,
    /// How many rows are examples. They come first, padding follows.
    pub real: usize,
    /// What the rows were mixed with, if they were.
    pub mixed: Option<Mixed>,
}

/// The other half of rows that are mixtures of two examples: row `r` is `shares[r]` of the example `indices[r]`, and the rest of another.
#[derive(Clone, Debug, PartialEq)]
pub struct Mixed {
    /// `[batch]`, the class of the other example.
    pub labels: Vec<i32>,
    /// `[batch]`, in [0, 1]; 1 for padding.
    pub shares: Vec<f32>,
}

impl Batch {
    /// The target of each row as a distribution over `classes` classes: `[batch, classes]`, rows that sum to 1. A loss that is linear in
    /// its target, as cross-entropy is, is then the mixture of the losses of both labels.
    ///
    /// # Panics
    /// If a label is not below `classes`.
    pub fn target_rows(&self, classes: usize) -> Vec<f32> {
        let mut rows = vec![0.0; self.labels.len() * classes];
        for (row, target) in rows.chunks_exact_mut(classes).enumerate() {
            let share = self.mixed.as_ref().map_or(1.0, |mixed| mixed.shares[row]);
            target[self.labels[row] as usize] += share;
            if let Some(mixed) = &self.mixed {
                target[mixed.labels[row] as usize] += 1.0 - share;
            }
        }
        rows
    }
}

/// The order of one epoch. Making it costs a permutation, its batches then cost a copy each.
#[derive(Clone, Debug)]
pub struct Epoch {
    plan: BatchPlan,
    number: u64,
    augmentation: Augmentation,
    /// `None`: in the order of the data set.
    permutation: Option<Vec<usize>>,
}

impl BatchPlan {
    /// Every example once, in the order of the data set, the last batch padded.
    ///
    /// # Shapes and units
    /// Weights are `1/n` for `n = examples`, rounded to `f32`: all are equal, so their sum is 1 with a relative error of
    /// at most 2^-24, and each example counts exactly as much as any other.
    ///
    /// # Errors
    /// [`Error::BatchSize`] if `batch_size` is 0 or larger than [`MAX_BATCH`].
    ///
    /// # Panics
    /// If `examples` is 0, which no [`Dataset`] has.
    pub fn sequential(examples: usize, batch_size: usize) -> Result<Self, Error> {
        let plan = Self { examples, batch_size, order: Order::Sequential };
        plan.checked()
    }

    /// Each epoch in an order of its own, drawn from `(seed, epoch)` by Fisher-Yates over SplitMix64.
    ///
    /// # Shapes and units
    /// Weights are `1/batch_size` for every real row, also in a last batch that is kept: an example counts the same
    /// wherever it falls, and a weighted sum over that batch is smaller than its mean by `real / batch_size`.
    ///
    /// # Errors
    /// [`Error::BatchSize`] if `batch_size` is 0 or larger than [`MAX_BATCH`], or larger than `examples` when the last
    /// batch is dropped, which would leave none.
    ///
    /// # Panics
    /// If `examples` is 0, which no [`Dataset`] has.
    pub fn shuffled(examples: usize, batch_size: usize, seed: u64, last: LastBatch) -> Result<Self, Error> {
        let plan = Self { examples, batch_size, order: Order::Shuffled { seed, last } };
        plan.checked()
    }

    fn checked(self) -> Result<Self, Error> {
        assert!(self.examples > 0, "a plan needs at least one example");
        let drops = matches!(self.order, Order::Shuffled { last: LastBatch::Drop, .. });
        let (limit, why) = if drops && self.examples < MAX_BATCH {
            (self.examples, "the training examples do not fill one batch; take smaller batches or keep the last one")
        } else {
            (MAX_BATCH, "that is the most rows a batch may have")
        };
        if self.batch_size == 0 || self.batch_size > limit {
            let why = if self.batch_size == 0 { "a batch needs at least one row" } else { why };
            return Err(Error::BatchSize { batch_size: self.batch_size, limit, why });
        }
        Ok(self)
    }

    /// The number of examples of the data set that the plan is for.
    pub fn examples(&self) -> usize {
        self.examples
    }

    /// The number of rows of every batch.
    pub fn batch_size(&self) -> usize {
        self.batch_size
    }

    /// The number of batches in an epoch, at least 1.
    pub fn steps(&self) -> usize {
        match self.order {
            Order::Shuffled { last: LastBatch::Drop, .. } => self.examples / self.batch_size,
            _ => self.examples.div_ceil(self.batch_size),
        }
    }

    /// The epoch and the step in it that step `step` of a whole run is, both counted from 0.
    pub fn locate(&self, step: u64) -> (u64, usize) {
        let steps = self.steps() as u64;
        (step / steps, (step % steps) as usize)
    }

    /// The order of epoch `epoch`. A sequential plan has the same order in each.
    ///
    /// # Cost
    /// `O(examples)` if shuffled, nothing otherwise.
    pub fn epoch(&self, epoch: u64) -> Epoch {
        let permutation = match self.order {
            Order::Sequential => None,
            Order::Shuffled { seed, .. } => Some(Rng::new(seed, epoch).permutation(self.examples)),
        };
        Epoch { plan: *self, number: epoch, augmentation: Augmentation::default(), permutation }
    }
}

impl Epoch {
    /// The number of batches.
    pub fn steps(&self) -> usize {
        self.plan.steps()
    }

    /// The same order, with examples changed by `augmentation`, anew in each epoch: what happens to an example depends on the plan's
    /// seed (0 of a sequential one), the epoch and the example alone. [`Augmentation::check`] says whether it can be done.
    pub fn augmented(self, augmentation: Augmentation) -> Self {
        Self { augmentation, ..self }
    }

    /// Batch number `step`, counted from 0.
    ///
    /// # Cost
    /// One copy of the rows, and what the augmentation takes.
    ///
    /// # Errors
    /// If a file that holds an example cannot be read or decoded.
    ///
    /// # Panics
    /// If `step` is not below [`steps`](Self::steps), or `data` has another number of examples than the plan.
    pub fn batch(&self, data: &Dataset, step: usize) -> Result<Batch, Error> {
        let BatchPlan { examples, batch_size, order } = self.plan;
        assert!(step < self.steps(), "step {step} is not below the {} of an epoch", self.steps());
        assert_eq!(data.len(), examples, "the plan is for another data set");
        let start = step * batch_size;
        let real = batch_size.min(examples - start);
        let (weight, seed) = match order {
            Order::Sequential => (1.0 / examples as f64, 0),
            Order::Shuffled { seed, .. } => (1.0 / batch_size as f64, seed),
        };

        let mut indices: Vec<usize> = match &self.permutation {
            None => (start..start + real).collect(),
            Some(permutation) => permutation[start..start + real].to_vec(),
        };
        indices.resize(batch_size, 0);
        let mut weights = vec![weight as f32; real];
        weights.resize(batch_size, 0.0);
        let (inputs, labels) = (self.augmentation.rows(data, &indices, seed, self.number)?, data.targets(&indices));
        let mut batch = Batch { inputs, labels, weights, indices, real, mixed: None };
        self.augmentation.apply(data, &mut batch, seed, self.number);
        Ok(batch)
    }

    /// All batches in order.
    ///
    /// # Panics
    /// As [`batch`](Self::batch), when the iterator is advanced.
    pub fn batches<'a>(&'a self, data: &'a Dataset) -> impl Iterator<Item = Result<Batch, Error>> + 'a {
        (0..self.steps()).map(|step| self.batch(data, step))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::{ExampleShape, Inputs};

    /// Example `i` has the values `i, -i` and the label `i % 3`.
    fn data(n: usize) -> Dataset {
        let inputs = Inputs {
            values: (0..n).flat_map(|i| [i as f32, -(i as f32)]).collect(),
            shape: ExampleShape::Vector { features: 2 },
        };
        let names = ["a", "b", "c"].map(String::from).to_vec();
        Dataset::new("toy", inputs, (0..n as u32).map(|i| i % 3).collect(), names).unwrap()
    }

    /// Weighted sums of all batches add up to the mean, for every batch size. The tolerance: each of the two sums of n
    /// products in f64 errs far less than the rounding of the weight to f32, 2^-24 of the sum of magnitudes.
    #[test]
    fn sequential_sums_are_the_mean_for_every_batch_size() {
        for n in [1, 2, 7, 10, 33] {
            let data = data(n);
            let mean = (n as f64 - 1.0) / 2.0;
            for batch_size in 1..=n + 3 {
                let plan = BatchPlan::sequential(n, batch_size).unwrap();
                let (mut sum, mut total, mut seen) = (0.0, 0.0, Vec::new());
                for batch in plan.epoch(0).batches(&data).map(Result::unwrap) {
                    assert_eq!(batch.weights.len(), batch_size);
                    assert_eq!(batch.inputs.len(), batch_size * 2);
                    for row in 0..batch_size {
                        sum += f64::from(batch.weights[row]) * f64::from(batch.inputs.floats()[2 * row]);
                        total += f64::from(batch.weights[row]);
                        assert_eq!(batch.weights[row] == 0.0, row >= batch.real);
                    }
                    seen.extend_from_slice(&batch.indices[..batch.real]);
                }
                assert_eq!(seen, (0..n).collect::<Vec<_>>());
                let tolerance = 0.5 * f64::from(f32::EPSILON) * (1.0 + 1e-6);
                assert!((total - 1.0).abs() <= tolerance, "{n} examples by {batch_size}: weights sum to {total}");
                assert!((sum - mean).abs() <= tolerance * mean, "{n} examples by {batch_size}: {sum}, not {mean}");
            }
        }
    }

    #[test]
    fn last_batch_is_padded_with_example_0() {
        let batch = BatchPlan::sequential(5, 3).unwrap().epoch(9).batch(&data(5), 1).unwrap();
        let expected = Batch {
            inputs: Rows::Floats(vec![3.0, -3.0, 4.0, -4.0, 0.0, 0.0]),
            labels: vec![0, 1, 0],
            weights: vec![0.2, 0.2, 0.0],
            indices: vec![3, 4, 0],
            real: 2,
            mixed: None,
        };
        assert_eq!(batch, expected);
    }

    #[test]
    fn shuffled_epochs_visit_each_example_once() {
        let data = data(10);
        for (last, steps, visited) in [(LastBatch::Keep, 4, 10), (LastBatch::Drop, 3, 9)] {
            let plan = BatchPlan::shuffled(10, 3, 1, last).unwrap();
            assert_eq!(plan.steps(), steps);
            let mut orders = Vec::new();
            for epoch in 0..5 {
                let batches: Vec<_> = plan.epoch(epoch).batches(&data).map(Result::unwrap).collect();
                let order: Vec<usize> = batches.iter().flat_map(|b| b.indices[..b.real].to_vec()).collect();
                let mut sorted = order.clone();
                sorted.sort_unstable();
                sorted.dedup();
                assert_eq!(sorted.len(), visited);
                for batch in &batches {
                    assert!(batch.weights[..batch.real].iter().all(|&w| w == 1.0 / 3.0));
                    assert!(batch.weights[batch.real..].iter().all(|&w| w == 0.0));
                    for row in 0..3 {
                        assert_eq!(batch.inputs.floats()[2 * row], batch.indices[row] as f32);
                        assert_eq!(batch.labels[row], (batch.indices[row] % 3) as i32);
                    }
                }
                orders.push(order);
            }
            orders.sort_unstable();
            orders.dedup();
            assert_eq!(orders.len(), 5, "two epochs have the same order");
        }
    }

    /// A run that stops after any step and goes on from the step's number alone sees what an unbroken run sees.
    #[test]
    fn steps_are_addressable() {
        let data = data(11);
        let plan = BatchPlan::shuffled(11, 4, 3, LastBatch::Keep).unwrap();
        let unbroken: Vec<Batch> =
            (0..3).flat_map(|e| plan.epoch(e).batches(&data).collect::<Result<Vec<_>, _>>().unwrap()).collect();
        for (step, expected) in unbroken.iter().enumerate() {
            let again = BatchPlan::shuffled(11, 4, 3, LastBatch::Keep).unwrap();
            let (epoch, step) = again.locate(step as u64);
            assert_eq!(again.epoch(epoch).batch(&data, step).unwrap(), *expected);
        }
    }

    /// Recorded so that it never changes: old runs could not be resumed or repeated. A transcription of the generator
    /// into Python gave the same order.
    #[test]
    fn order_is_fixed_for_good() {
        let batch = BatchPlan::shuffled(10, 4, 9, LastBatch::Drop).unwrap().epoch(2).batch(&data(10), 1).unwrap();
        assert_eq!(batch.indices, [0, 3, 7, 8]);
    }

    #[test]
    fn refuses_bad_batch_sizes() {
        let text = |plan: Result<BatchPlan, Error>| plan.unwrap_err().to_string();
        assert_eq!(
            text(BatchPlan::sequential(10, 0)),
            "the batch size 0 is not between 1 and 1048576: a batch needs at least one row"
        );
        assert_eq!(
            text(BatchPlan::sequential(10, MAX_BATCH + 1)),
            "the batch size 1048577 is not between 1 and 1048576: that is the most rows a batch may have"
        );
        assert_eq!(
            text(BatchPlan::shuffled(10, 11, 0, LastBatch::Drop)),
            "the batch size 11 is not between 1 and 10: the training examples do not fill one batch; take smaller batches or keep the last one"
        );
        assert_eq!(
            text(BatchPlan::shuffled(10, 0, 0, LastBatch::Drop)),
            "the batch size 0 is not between 1 and 10: a batch needs at least one row"
        );
        assert!(BatchPlan::shuffled(10, 10, 0, LastBatch::Drop).is_ok());
        assert!(BatchPlan::shuffled(10, 11, 0, LastBatch::Keep).is_ok());
    }
}
