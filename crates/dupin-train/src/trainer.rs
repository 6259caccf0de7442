//! The training loop.

use dupin_data::{BatchPlan, LastBatch, Split};
use dupin_ir::{Buffer, DType, Executor, Tensor};
use dupin_nn::{Loss, Network};
use serde::{Deserialize, Serialize};

use crate::batch::{prepare, tensors};
use crate::config::TrainConfig;
use crate::error::Error;
use crate::evaluate::{Evaluation, Evaluator};
use crate::objective;
use crate::optimizer::Sgd;
use crate::schedule::Schedule;
use crate::step::{StepMetrics, StepProgram, step_key};

/// Examples per run of an evaluation.
const EVALUATION_BATCH: usize = 500;

/// Where a run stands, on the host.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// Epochs done.
    pub epoch: usize,
    /// Parameters.
    pub params: Vec<Tensor>,
    /// Velocities of momentum.
    pub velocity: Vec<Tensor>,
    /// Running statistics of normalisation layers.
    pub buffers: Vec<Tensor>,
}

/// One epoch, measured.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochMetrics {
    /// Epoch, from 1.
    pub epoch: usize,
    /// Steps since the start.
    pub step: u64,
    /// Learning rate of the last step.
    pub learning_rate: f64,
    /// Mean loss of the batches, each before its step.
    pub train_loss: f64,
    /// Mean accuracy of the batches, each before its step.
    pub train_accuracy: f64,
    /// Mean `‖∇L‖` of the batches.
    pub gradient_norm: f64,
    /// Loss on the test data after the epoch.
    pub test_loss: f64,
    /// Accuracy on the test data after the epoch.
    pub test_accuracy: f64,
    /// Share of units that are positive for no test example.
    pub dead_units: f64,
}

/// A run: data, compiled programs and state.
pub struct Trainer<'a> {
    executor: &'a dyn Executor,
    config: TrainConfig,
    network: Network,
    data: &'a Split,
    dtype: DType,
    schedule: Schedule,
    plan: BatchPlan,
    program: StepProgram,
    evaluator: Evaluator,
    epoch: usize,
    /// Parameters, velocities, buffers.
    state: Vec<Buffer>,
}

impl<'a> Trainer<'a> {
    /// Parses the settings, compiles the programs and initialises the parameters from the seed.
    ///
    /// # Errors
    /// For a setting that cannot be used, data that do not fit the model, or an executor that fails.
    pub fn new(executor: &'a dyn Executor, config: TrainConfig, data: &'a Split) -> Result<Self, Error> {
        config.check()?;
        let dtype = config.dtype()?;
        let activation = config.activation.parse().map_err(|e: dupin_ir::prim::activation::ParseActivationError| {
            Error::setting("activation", &config.activation, e.to_string())
        })?;
        let network = Network::parse(&config.model, activation)?;
        let loss: Loss = config.loss.parse()?;
        let init: dupin_nn::Init = config.init.parse()?;
        let schedule: Schedule = config.schedule.parse()?;
        let objective = objective::parse(&config.objective)?;
        prepare(&network, &data.train)?;
        prepare(&network, &data.test)?;
        let batch = config.batch.min(data.train.len());
        let plan = BatchPlan::shuffled(data.train.len(), batch, config.seed, LastBatch::Keep)?;
        let sgd = Sgd { momentum: config.momentum, nesterov: config.nesterov, weight_decay: config.weight_decay };
        let program = StepProgram::new(executor, &network, &loss, &*objective, &sgd, batch, dtype)?;
        let evaluator = Evaluator::new(executor, &network, &loss, &data.test, EVALUATION_BATCH, dtype)?;
        let params = network.initialize(init, config.seed, dtype);
        let velocity = params.iter().map(|p| Tensor::zeros(&p.ty())).collect();
        let buffers = network.initial_buffers(dtype);
        let mut trainer =
            Self { executor, config, network, data, dtype, schedule, plan, program, evaluator, epoch: 0, state: Vec::new() };
        trainer.restore(State { epoch: 0, params, velocity, buffers })?;
        Ok(trainer)
    }

    /// The settings.
    pub fn config(&self) -> &TrainConfig {
        &self.config
    }

    /// The network.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The compiled step.
    pub fn program(&self) -> &StepProgram {
        &self.program
    }

    /// Steps per epoch.
    pub fn steps_per_epoch(&self) -> usize {
        self.plan.steps()
    }

    /// Epochs done.
    pub fn epoch(&self) -> usize {
        self.epoch
    }

    /// Puts the run where `state` stands. What follows equals, bit for bit, a run that was never interrupted.
    ///
    /// # Errors
    /// If the executor fails.
    pub fn restore(&mut self, state: State) -> Result<(), Error> {
        self.epoch = state.epoch;
        let tensors = state.params.into_iter().chain(state.velocity).chain(state.buffers);
        self.state = tensors.map(|t| self.executor.upload(t)).collect::<Result<_, _>>()?;
        Ok(())
    }

    /// Where the run stands.
    ///
    /// # Errors
    /// If the executor fails.
    pub fn state(&self) -> Result<State, Error> {
        let mut tensors = self.state.iter().map(|b| self.executor.download(b)).collect::<Result<Vec<_>, _>>()?;
        let n = self.network.params().len();
        let buffers = tensors.split_off(2 * n);
        let velocity = tensors.split_off(n);
        Ok(State { epoch: self.epoch, params: tensors, velocity, buffers })
    }

    /// Trains one epoch and measures on the test data. `on_step` sees every step, from 1.
    ///
    /// # Errors
    /// [`Error::Diverged`] at the first loss that is not finite: the state is then that before the epoch.
    pub fn run_epoch(&mut self, mut on_step: impl FnMut(usize, &StepMetrics)) -> Result<EpochMetrics, Error> {
        let steps = self.plan.steps();
        let total = steps * self.config.epochs;
        let warmup = (self.config.warmup_epochs * steps as f64).round() as usize;
        let epoch = self.plan.epoch(self.epoch as u64);
        let before = self.state.clone();
        let (mut loss, mut accuracy, mut gradient_norm, mut learning_rate) = (0.0, 0.0, 0.0, 0.0);
        for step in 0..steps {
            let done = self.epoch * steps + step;
            learning_rate = self.config.learning_rate * self.schedule.factor(done, total, warmup);
            let key = step_key(self.config.seed, done as u64);
            let batch = epoch.batch(&self.data.train, step);
            let batch = tensors(&self.network, &self.data.train, &batch, 1.0 / batch.real as f64, self.dtype);
            let m = self.program.run(self.executor, learning_rate, key, &mut self.state, batch)?;
            if !m.loss.is_finite() || !m.gradient_norm.is_finite() {
                self.state = before;
                let loss = if m.loss.is_finite() { m.gradient_norm } else { m.loss };
                return Err(Error::Diverged { epoch: self.epoch + 1, step: step + 1, loss });
            }
            loss += m.loss / steps as f64;
            accuracy += m.accuracy / steps as f64;
            gradient_norm += m.gradient_norm / steps as f64;
            on_step(step + 1, &m);
        }
        self.epoch += 1;
        let test = self.evaluate()?;
        Ok(EpochMetrics {
            epoch: self.epoch,
            step: (self.epoch * steps) as u64,
            learning_rate,
            train_loss: loss,
            train_accuracy: accuracy,
            gradient_norm,
            test_loss: test.loss,
            test_accuracy: test.accuracy,
            dead_units: test.dead_units,
        })
    }

    /// Loss and accuracy on the test data.
    ///
    /// # Errors
    /// If the executor fails.
    pub fn evaluate(&self) -> Result<Evaluation, Error> {
        let n = self.network.params().len();
        self.evaluator.run(self.executor, &self.state[..n], &self.state[2 * n..])
    }
}
