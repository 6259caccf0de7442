//! One training step as one graph.
//!
//! Loss, direction, optimizer, running statistics and metrics are appended to one graph. A batch in one piece is one program. A batch in
//! micro-batches is the same graph cut at its sums over the batch ([`Context::totals`]): everything that a sum needs of the examples runs
//! once per micro-batch, sums that need other sums (SAM's second gradient, the product of a penalty with the gradient of the whole batch)
//! run after those, over all micro-batches again, and the update comes last. So accumulation means the same for every objective,
//! linear in the gradient or not, and the result differs from that of one piece by rounding alone. (A network that normalises over
//! the batch does so over micro-batches instead: there the two differ, as in every framework.)
//!
//! An executor of several replicas spreads every micro-batch over them. The same sums, and those of the statistics of normalisation
//! layers, are then sums over replicas inside the program: all that is state is the same on every replica, and what a step does, also
//! to a network that normalises over the batch, is what it does on one device, to rounding.

use std::collections::HashMap;

use dupin_curvature::products;
use dupin_ir::prim::CompareOp;
use dupin_ir::prim::rng::threefry2x32;
use dupin_ir::transform::substitute;
use dupin_ir::{Buffer, Builder, DType, Executable, Executor, Flop, Tensor, TensorType, Value, upload_spread};
use dupin_nn::{Loss, Network};

use crate::batch::Pieces;
use crate::error::Error;
use crate::model::trace_step;
use crate::objective::{Context, Objective, Piece, Point, Total, norm};
use crate::optimizer::{Inputs, Update};
use crate::state::{AVERAGE, AVERAGE_BUFFERS, Each, Sections};

/// What a step measured, before it moved the parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepMetrics {
    /// Loss of the batch at `θ`, without regularizer. Where an objective does not visit `θ` (weight noise), at the points it visits.
    pub loss: f64,
    /// Share of the batch predicted right, at the same points.
    pub accuracy: f64,
    /// `‖∇L‖` of the batch at `θ`, or of the mean gradient at the points visited instead.
    pub gradient_norm: f64,
    /// Norm of the regularized direction, before clipping and weight decay.
    pub direction_norm: f64,
}

impl StepMetrics {
    /// Whether all of them are finite.
    pub fn is_finite(&self) -> bool {
        [self.loss, self.accuracy, self.gradient_norm, self.direction_norm].iter().all(|v| v.is_finite())
    }
}

fn words(v: u64) -> [u32; 2] {
    [v as u32, (v >> 32) as u32]
}

/// Key of the random numbers of a step: a function of the run's seed and the steps done before, so that a resumed run draws the same.
pub(crate) fn step_key(seed: u64, step: u64) -> [u32; 2] {
    threefry2x32(words(seed), words(step))
}

/// Key of a micro-batch's own numbers; that of the first is the step's.
fn group_key(key: [u32; 2], group: usize) -> [u32; 2] {
    if group == 0 { key } else { threefry2x32(key, words(group as u64)) }
}

/// What a step is made of.
#[derive(Clone, Copy, Debug)]
pub struct StepParams<'a> {
    /// The network.
    pub network: &'a Network,
    /// Its loss.
    pub loss: &'a Loss,
    /// How the direction is made.
    pub objective: &'a dyn Objective,
    /// How it moves the parameters.
    pub update: &'a Update,
    /// Examples of a step.
    pub batch: usize,
    /// Examples that are run at once, at most `batch`.
    pub micro_batch: usize,
    /// Element type.
    pub dtype: DType,
    /// Whether targets are distributions over the outputs, as of mixed examples.
    pub mixed: bool,
}

/// Where in its run a step is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) step: u64,
    pub(crate) learning_rate: f64,
    pub(crate) progress: f64,
    pub(crate) key: [u32; 2],
}

/// A part of a step, with the values that it takes and those that it replaces.
struct Phase {
    executable: Box<dyn Executable>,
    flop: Flop,
    inputs: Vec<Value>,
    outputs: Vec<Value>,
    /// What the results may take the memory of: nothing but they may be read after it.
    consumed: Vec<Value>,
}

/// Everything that is an input of some phase.
struct Values {
    learning_rate: Value,
    progress: Value,
    key: Value,
    /// Of the optimizer, then of the average.
    scalars: Vec<Value>,
    state: Vec<Value>,
    data: Vec<Value>,
    group_key: Value,
    rows: Value,
}

/// The step, compiled: phases that run once per micro-batch, then one that runs once.
struct Compiled {
    phases: Vec<Phase>,
    last: Phase,
    values: Values,
    /// Loss, accuracy and the two norms, `[4]`.
    metrics: Value,
    /// Sums over micro-batches, with what they start from.
    zeros: Vec<(Value, Buffer)>,
}

/// Loss, direction, optimizer and running statistics, compiled once.
pub struct StepProgram {
    /// For steps at which the objective makes what it keeps anew, and for the others.
    variants: Vec<Compiled>,
    period: u64,
    sections: Sections,
    batch: usize,
    pieces: Pieces,
    dtype: DType,
    mixed: bool,
}

/// A batch on the executor: examples, labels and weights of each micro-batch, which replicas have their parts of.
pub(crate) type StepBatch = Vec<Vec<Buffer>>;

impl StepProgram {
    /// Compiles a step.
    ///
    /// # Errors
    /// If the graph is ill-typed or the executor cannot compile it.
    pub fn new(executor: &dyn Executor, p: &StepParams) -> Result<Self, Error> {
        let sections = Sections::new(p.network, p.objective, p.update);
        let period = p.objective.period();
        let kinds: &[bool] = if period > 1 { &[true, false] } else { &[true] };
        let variants = kinds.iter().map(|&fresh| compile(executor, p, &sections, fresh)).collect::<Result<_, _>>()?;
        let pieces = Pieces { micro_batch: p.micro_batch, replicas: executor.replicas() };
        Ok(Self { variants, period, sections, batch: p.batch, pieces, dtype: p.dtype, mixed: p.mixed })
    }

    /// Floating-point operations of a step, on each replica; of one with the second gradient, if only some have it.
    pub fn flop(&self) -> Flop {
        let c = &self.variants[0];
        let mut sum = c.last.flop;
        for p in &c.phases {
            sum.contraction += self.micro_batches() as u64 * p.flop.contraction;
            sum.other += self.micro_batches() as u64 * p.flop.other;
        }
        sum
    }

    /// Peak of the memory plans in bytes, parameters and batch not counted.
    pub fn peak_bytes(&self) -> usize {
        let phases = self.variants.iter().flat_map(|c| c.phases.iter().chain([&c.last]));
        phases.map(|p| p.executable.peak_bytes()).max().unwrap_or(0)
    }

    /// Bytes of the sums that a batch in micro-batches adds up.
    pub(crate) fn total_bytes(&self) -> usize {
        let of = |c: &Compiled| c.zeros.iter().map(|z| z.1.ty().len() * z.1.ty().dtype.size()).sum();
        self.variants.iter().map(of).max().unwrap_or(0)
    }

    /// Pieces that a batch is run in, one after the other.
    pub fn micro_batches(&self) -> usize {
        self.batch.div_ceil(self.pieces.micro_batch)
    }

    /// Examples of a piece.
    pub fn micro_batch(&self) -> usize {
        self.pieces.micro_batch
    }

    /// How a batch is cut.
    pub(crate) fn pieces(&self) -> Pieces {
        self.pieces
    }

    /// Whether targets are distributions.
    pub(crate) fn mixed(&self) -> bool {
        self.mixed
    }

    pub(crate) fn sections(&self) -> &Sections {
        &self.sections
    }

    /// Runs a step: `state` is replaced by what comes after; it stays if a metric is not finite, or the executor fails.
    pub(crate) fn run(
        &self,
        executor: &dyn Executor,
        update: &Update,
        at: &Place,
        state: &mut Vec<Buffer>,
        batch: &StepBatch,
    ) -> Result<StepMetrics, Error> {
        let fresh = at.step.is_multiple_of(self.period);
        let c = &self.variants[usize::from(!fresh)];
        let v = &c.values;
        let scalar = |x: f64| executor.upload(Tensor::from_f64(&TensorType::scalar(self.dtype), &[x]));
        let mut known: HashMap<Value, Buffer> = HashMap::new();
        known.insert(v.learning_rate, scalar(at.learning_rate)?);
        known.insert(v.progress, scalar(at.progress)?);
        known.insert(v.key, executor.upload(Tensor::u32([2], at.key.to_vec()))?);
        let scalars = update.optimizer.scalars(at.step).into_iter().chain(update.average_at(at.step));
        for (&value, x) in v.scalars.iter().zip(scalars) {
            known.insert(value, scalar(x)?);
        }
        known.extend(c.zeros.iter().cloned());
        // What a program consumes has no second holder; a step that is not finite gives back what it consumed.
        let before = |(&value, b): (&Value, &Buffer)| (!c.last.consumed.contains(&value)).then(|| b.clone());
        let before: Vec<Option<Buffer>> = v.state.iter().zip(&*state).map(before).collect();
        known.extend(v.state.iter().copied().zip(state.drain(..)));
        let measured = self.phases(executor, c, at.key, batch, &mut known);
        let goes_on = measured.as_ref().is_ok_and(StepMetrics::is_finite);
        let after = v.state.iter().zip(before).map(|(s, before)| before.filter(|_| !goes_on).unwrap_or_else(|| known[s].clone()));
        state.extend(after);
        measured
    }

    fn phases(
        &self,
        executor: &dyn Executor,
        c: &Compiled,
        key: [u32; 2],
        batch: &StepBatch,
        known: &mut HashMap<Value, Buffer>,
    ) -> Result<StepMetrics, Error> {
        let v = &c.values;
        for phase in &c.phases {
            for (j, piece) in batch.iter().enumerate() {
                known.extend(v.data.iter().copied().zip(piece.iter().cloned()));
                known.insert(v.group_key, executor.upload(Tensor::u32([2], group_key(key, j).to_vec()))?);
                known.insert(v.rows, self.rows(executor, j)?);
                phase.run(known)?;
            }
        }
        if let [whole] = &batch[..] {
            known.extend(v.data.iter().copied().zip(whole.iter().cloned()));
            if self.pieces.replicas > 1 {
                known.insert(v.rows, self.rows(executor, 0)?);
            }
        }
        c.last.run(known)?;
        let measured = executor.download(&known[&c.metrics])?.to_f64();
        Ok(StepMetrics { loss: measured[0], accuracy: measured[1], gradient_norm: measured[2], direction_norm: measured[3] })
    }

    /// Places in the batch of the examples of micro-batch `j`; those of padding have any.
    fn rows(&self, executor: &dyn Executor, j: usize) -> Result<Buffer, Error> {
        let of = |r: usize| {
            let start = self.pieces.places(j, r).start;
            let rows: Vec<i32> = (start..start + self.pieces.share()).map(|i| i as i32).collect();
            vec![Tensor::i32([rows.len()], rows)]
        };
        Ok(upload_spread(executor, (0..self.pieces.replicas).map(of).collect())?.remove(0))
    }
}

impl Phase {
    /// A program of `known` that makes each second value of `outputs`, which takes the place of the first. Of those first ones, `last_use`
    /// are read by nobody after it.
    fn compile(
        executor: &dyn Executor,
        b: &Builder,
        known: &[Value],
        outputs: &[(Value, Value)],
        last_use: &[Value],
    ) -> Result<Self, Error> {
        let made: Vec<Value> = outputs.iter().map(|o| o.1).collect();
        let needed = b.graph().ancestors(&made, known);
        let inputs: Vec<Value> = known.iter().copied().filter(|k| needed.contains(k) || made.contains(k)).collect();
        let program = b.program(&inputs, &made)?;
        let place = |(output, (old, _)): (usize, &(Value, Value))| {
            let input = inputs.iter().position(|i| i == old).filter(|_| executor.replaces() && last_use.contains(old))?;
            Some((input, output))
        };
        let replaced: Vec<(usize, usize)> = outputs.iter().enumerate().filter_map(place).collect();
        let (flop, executable) = (program.flop(), executor.compile_replacing(&program, &replaced)?);
        let consumed = replaced.iter().map(|r| inputs[r.0]).collect();
        Ok(Self { executable, flop, inputs, outputs: outputs.iter().map(|o| o.0).collect(), consumed })
    }

    fn run(&self, known: &mut HashMap<Value, Buffer>) -> Result<(), Error> {
        let inputs: Vec<&Buffer> = self.inputs.iter().map(|v| &known[v]).collect();
        let out = self.executable.run(&inputs)?;
        known.extend(self.outputs.iter().copied().zip(out));
        Ok(())
    }
}

fn compile(executor: &dyn Executor, p: &StepParams, sections: &Sections, fresh: bool) -> Result<Compiled, Error> {
    let (cut, spread) = (p.micro_batch < p.batch, executor.replicas() > 1);
    let examples = Pieces { micro_batch: p.micro_batch, replicas: executor.replicas() }.share();
    let mut model = trace_step(p.network, p.loss, examples, p.dtype, p.mixed, executor.replicas());
    let traced = &mut model.traced;
    let b = &mut traced.builder;
    let scalar = TensorType::scalar(p.dtype);
    let values = {
        let mut slots = Vec::new();
        for (name, each) in &sections.slots {
            let like = if *each == Each::Param { &traced.params } else { &model.buffers };
            let types: Vec<TensorType> = like.iter().map(|&v| b.ty(v).clone()).collect();
            slots.extend(types.into_iter().map(|ty| b.input(name, ty)));
        }
        let count = p.update.optimizer.scalars(0).len() + usize::from(p.update.average.is_some());
        let key = b.input("key", TensorType::new(DType::U32, [2]));
        Values {
            learning_rate: b.input("learning_rate", scalar.clone()),
            progress: b.input("progress", scalar.clone()),
            key,
            scalars: (0..count).map(|_| b.input("optimizer", scalar.clone())).collect(),
            state: [&traced.params[..], &model.buffers, &slots].concat(),
            data: traced.data[..3].to_vec(),
            group_key: if cut { b.input("group_key", TensorType::new(DType::U32, [2])) } else { key },
            rows: b.input("rows", TensorType::new(DType::I32, [examples])),
        }
    };
    let (_, _, slots) = sections.cut(&values.state);
    let slots: Vec<Vec<Value>> = slots.into_iter().map(<[Value]>::to_vec).collect();
    let (optimizer_slots, rest) = slots.split_at(p.update.optimizer.slots().len());
    let memory = rest[..p.objective.memory()].concat();

    let gradient = products::gradient(b, traced.loss, traced.logits, &traced.params);
    let at = Point { loss: traced.loss, logits: traced.logits, params: &traced.params, gradient: &gradient };
    p.objective.check(b, &at)?;
    let mut step = Context::new(b, p.loss, traced.data[2], values.key).at_progress(values.progress).with_memory(memory, fresh);
    if cut || spread {
        let own = if cut { vec![values.rows, values.group_key] } else { vec![values.rows] };
        let (rows, group_key, varying) = (values.rows, values.group_key, [values.data.clone(), own].concat());
        step = step.of_piece(Piece { batch: p.batch, rows, group_key, varying, in_turn: cut, spread });
    }
    let direction = p.objective.step_direction(b, &at, &mut step);
    let direction_norm = norm(b, &direction.values);
    // Running statistics need the pass at θ: what it gives besides is then free.
    let elsewhere = !direction.passes.is_empty() && model.buffers.is_empty();
    let (loss, accuracy) = if elsewhere {
        let share = 1.0 / direction.passes.len() as f64;
        let (mut loss, mut accuracy) = (None, None);
        for &(l, logits) in &direction.passes {
            let a = substitute(b, &[model.accuracy], &[traced.logits], &[logits])[0];
            loss = Some(loss.map_or(l, |sum| b.add(sum, l)));
            accuracy = Some(accuracy.map_or(a, |sum| b.add(sum, a)));
        }
        let mean = |b: &mut Builder, sum: Option<Value>| b.scale(sum.expect("there is a pass"), share);
        (mean(b, loss), mean(b, accuracy))
    } else {
        (traced.loss, model.accuracy)
    };
    let (loss, accuracy) = (step.total(b, loss), step.total(b, accuracy));
    let gradient_norm = if direction.passes.is_empty() {
        let g = step.totals(b, &gradient.params);
        norm(b, &g)
    } else {
        direction_norm
    };
    let inputs = Inputs { learning_rate: values.learning_rate, scalars: &values.scalars, slots: optimizer_slots };
    let (params, new_slots) = p.update.apply(b, p.network, &inputs, &traced.params, &direction.values);
    let (kept, totals) = step.finish();
    // Micro-batches move the running statistics one after the other; the update finds them moved.
    let buffers = if cut { model.buffers.clone() } else { model.new_buffers.clone() };
    let mut state = [&params[..], &buffers, &new_slots.concat(), &kept].concat();
    if p.update.average.is_some() {
        let weight = values.scalars[values.scalars.len() - 1];
        for (name, new) in [(AVERAGE, &params), (AVERAGE_BUFFERS, &buffers)] {
            let old = sections.find(&values.state, name).unwrap_or_default().to_vec();
            state.extend(old.iter().zip(new).map(|(&old, &new)| averaged(b, weight, old, new)));
        }
    }
    // One tensor: who reads metrics waits for the device once.
    let measured = [loss, accuracy, gradient_norm, direction_norm].map(|v| b.reshape(v, &[1]));
    let measured = b.concatenate(&measured, 0);
    let metrics = b.input("metrics", TensorType::new(p.dtype, [4]));
    let mut last: Vec<(Value, Value)> = values.state.iter().copied().zip(state).filter(|(old, new)| old != new).collect();
    if executor.replaces() {
        // The state before is gone after the step, so that the step must not lose it.
        let finite = all_finite(b, measured);
        for (old, new) in &mut last {
            let shape = b.ty(*old).shape.clone();
            let goes_on = b.broadcast(finite, &shape, &[]);
            *new = b.select(goes_on, *new, *old);
        }
    }
    last.push((metrics, measured));

    let fixed = [&[values.learning_rate, values.progress, values.key], &values.scalars[..], &values.state].concat();
    let piece = [&values.data[..], &[values.group_key, values.rows]].concat();
    let mut phases = Vec::new();
    let mut wholes: Vec<Value> = Vec::new();
    for (i, sums) in by_phase(b, &totals).into_iter().enumerate() {
        let mut outputs = Vec::new();
        for t in sums {
            outputs.push((t.whole, b.add(t.whole, t.share)));
        }
        if i == 0 {
            outputs.extend(model.buffers.iter().copied().zip(model.new_buffers.iter().copied()));
        }
        wholes.extend(outputs.iter().map(|o| o.0).filter(|w| !fixed.contains(w)));
        let sums: Vec<Value> = totals.iter().map(|t| t.whole).collect();
        phases.push(Phase::compile(executor, b, &[&fixed[..], &piece, &wholes].concat(), &outputs, &sums)?);
    }
    let known = if cut { [&fixed[..], &wholes].concat() } else { [&fixed[..], &values.data, &[values.rows]].concat() };
    let last = Phase::compile(executor, b, &known, &last, &values.state)?;
    let zero = |t: &Total| executor.upload(Tensor::zeros(b.ty(t.whole))).map(|z| (t.whole, z));
    let zeros = totals.iter().map(zero).collect::<Result<_, _>>()?;
    Ok(Compiled { phases, last, values, metrics, zeros })
}

/// Whether all elements of a vector are finite, a scalar.
fn all_finite(b: &mut Builder, x: Value) -> Value {
    let (size, most) = (b.abs(x), b.splat_like(x, f64::INFINITY));
    let finite = b.compare(CompareOp::Lt, size, most);
    let ty = b.ty(x).clone();
    let finite = b.convert(finite, ty.dtype);
    let (count, all) = (b.sum(finite), b.scalar(ty.dtype, ty.len() as f64));
    b.compare(CompareOp::Eq, count, all)
}

/// `a·old + (1 - a)·new`.
fn averaged(b: &mut Builder, weight: Value, old: Value, new: Value) -> Value {
    let difference = b.sub(old, new);
    let kept = b.scale_by(difference, weight);
    b.add(new, kept)
}

/// Sums in the order in which they can be made: those of the first phase need no other sum, those of the next only sums of earlier ones.
fn by_phase(b: &Builder, totals: &[Total]) -> Vec<Vec<Total>> {
    let mut levels: Vec<usize> = Vec::new();
    for t in totals {
        let needs = b.graph().ancestors(&[t.share], &[]);
        let earlier = totals[..levels.len()].iter().zip(&levels).filter(|(t, _)| needs.contains(&t.whole));
        let level = earlier.map(|(_, level)| level + 1).max().unwrap_or(0);
        levels.push(level);
    }
    let count = levels.iter().max().map_or(0, |l| l + 1);
    let of = |phase: usize| totals.iter().zip(&levels).filter(|(_, l)| **l == phase).map(|(t, _)| *t).collect();
    (0..count).map(of).collect()
}
