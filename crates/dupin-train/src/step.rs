//! One training step as one program.

use dupin_curvature::products;
use dupin_ir::prim::rng::threefry2x32;
use dupin_ir::{Buffer, DType, Executable, Executor, Flop, Tensor, TensorType, Value};
use dupin_nn::{Loss, Network};

use crate::error::Error;
use crate::model::trace;
use crate::objective::{Draws, Objective, Point, norm};
use crate::optimizer::Sgd;

/// What a step measured, before it moved the parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepMetrics {
    /// Loss of the batch, without regularizer.
    pub loss: f64,
    /// Share of the batch predicted right.
    pub accuracy: f64,
    /// `‖∇L‖` of the batch.
    pub gradient_norm: f64,
}

/// Key of the random numbers of a step: a function of the run's seed and the steps done before, so that a resumed run draws the same.
pub(crate) fn step_key(seed: u64, step: u64) -> [u32; 2] {
    let words = |v: u64| [v as u32, (v >> 32) as u32];
    threefry2x32(words(seed), words(step))
}

/// Loss, direction, optimizer and running statistics, compiled once.
pub struct StepProgram {
    executable: Box<dyn Executable>,
    flop: Flop,
    params: usize,
    buffers: usize,
    dtype: DType,
}

impl StepProgram {
    /// Compiles the step of `objective` and `optimizer` over batches of `batch` examples.
    ///
    /// # Errors
    /// If the graph is ill-typed or the executor cannot compile it.
    pub fn new(
        executor: &dyn Executor,
        network: &Network,
        loss: &Loss,
        objective: &dyn Objective,
        optimizer: &Sgd,
        batch: usize,
        dtype: DType,
    ) -> Result<Self, Error> {
        let mut model = trace(network, loss, batch, dtype, true);
        let traced = &mut model.traced;
        let b = &mut traced.builder;
        let gradient = products::gradient(b, traced.loss, traced.logits, &traced.params);
        let at = Point { loss: traced.loss, logits: traced.logits, params: &traced.params, gradient: &gradient };
        let key = b.input("key", TensorType::new(DType::U32, [2]));
        let draws = Draws { loss, weights: traced.data[2], key };
        let direction = objective.drawn_direction(b, &at, &draws);
        let learning_rate = b.input("learning_rate", TensorType::scalar(dtype));
        let types: Vec<TensorType> = traced.params.iter().map(|&p| b.ty(p).clone()).collect();
        let velocity: Vec<Value> = types.into_iter().map(|ty| b.input("velocity", ty)).collect();
        let (params, new_velocity) = optimizer.update(b, learning_rate, &traced.params, &velocity, &direction);
        let gradient_norm = norm(b, &gradient.params);
        let inputs = [vec![learning_rate, key], traced.params.clone(), velocity, traced.data.clone()].concat();
        let outputs = [params, new_velocity, model.new_buffers, vec![traced.loss, model.accuracy, gradient_norm]].concat();
        let program = b.program(&inputs, &outputs)?;
        let flop = program.flop();
        let executable = executor.compile(&program)?;
        Ok(Self { executable, flop, params: traced.params.len(), buffers: model.buffers.len(), dtype })
    }

    /// Floating-point operations of a step.
    pub fn flop(&self) -> Flop {
        self.flop
    }

    /// Peak memory of a step in bytes, parameters and batch not counted.
    pub fn peak_bytes(&self) -> usize {
        self.executable.peak_bytes()
    }

    /// Runs a step with the draws of `key`: `state` is parameters, velocities and buffers, replaced by their new values; `batch` is examples, labels, weights.
    pub(crate) fn run(
        &self,
        executor: &dyn Executor,
        learning_rate: f64,
        key: [u32; 2],
        state: &mut Vec<Buffer>,
        batch: Vec<Tensor>,
    ) -> Result<StepMetrics, Error> {
        let rate = executor.upload(Tensor::from_f64(&TensorType::scalar(self.dtype), &[learning_rate]))?;
        let key = executor.upload(Tensor::u32([2], key.to_vec()))?;
        let batch = batch.into_iter().map(|t| executor.upload(t)).collect::<Result<Vec<_>, _>>()?;
        let (moving, buffers) = state.split_at(2 * self.params);
        let inputs: Vec<&Buffer> = [&rate, &key].into_iter().chain(moving).chain(&batch).chain(buffers).collect();
        let mut out = self.executable.run(&inputs)?;
        let scalars = out.split_off(2 * self.params + self.buffers);
        let scalar = |i: usize| executor.download(&scalars[i]).map(|t| t.item());
        let metrics = StepMetrics { loss: scalar(0)?, accuracy: scalar(1)?, gradient_norm: scalar(2)? };
        *state = out;
        Ok(metrics)
    }
}
