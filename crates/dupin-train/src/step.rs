//! One training step as one program.

use dupin_curvature::products;
use dupin_ir::{Buffer, DType, Executable, Executor, Flop, Tensor, TensorType, Value};
use dupin_nn::{Loss, Network};

use crate::error::Error;
use crate::model::trace;
use crate::objective::{Objective, Point, norm};
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
        let direction = objective.direction(b, &at);
        let learning_rate = b.input("learning_rate", TensorType::scalar(dtype));
        let types: Vec<TensorType> = traced.params.iter().map(|&p| b.ty(p).clone()).collect();
        let velocity: Vec<Value> = types.into_iter().map(|ty| b.input("velocity", ty)).collect();
        let (params, new_velocity) = optimizer.update(b, learning_rate, &traced.params, &velocity, &direction);
        let gradient_norm = norm(b, &gradient.params);
        let inputs = [vec![learning_rate], traced.params.clone(), velocity, traced.data.clone()].concat();
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

    /// Runs a step: `state` is parameters, velocities and buffers, replaced by their new values; `batch` is examples, labels, weights.
    pub(crate) fn run(
        &self,
        executor: &dyn Executor,
        learning_rate: f64,
        state: &mut Vec<Buffer>,
        batch: Vec<Tensor>,
    ) -> Result<StepMetrics, Error> {
        let rate = executor.upload(Tensor::from_f64(&TensorType::scalar(self.dtype), &[learning_rate]))?;
        let batch = batch.into_iter().map(|t| executor.upload(t)).collect::<Result<Vec<_>, _>>()?;
        let (moving, buffers) = state.split_at(2 * self.params);
        let inputs: Vec<&Buffer> = std::iter::once(&rate).chain(moving).chain(&batch).chain(buffers).collect();
        let mut out = self.executable.run(&inputs)?;
        let scalars = out.split_off(2 * self.params + self.buffers);
        let scalar = |i: usize| executor.download(&scalars[i]).map(|t| t.item());
        let metrics = StepMetrics { loss: scalar(0)?, accuracy: scalar(1)?, gradient_norm: scalar(2)? };
        *state = out;
        Ok(metrics)
    }
}
