//! The training loop.

use dupin_data::{Augmentation, BatchPlan, Epoch, LastBatch, Split};
use dupin_ir::{Buffer, DType, Executor, upload_spread};
use dupin_nn::{Loss, Network};
use serde::{Deserialize, Serialize};

use crate::batch::{pieces, prepare};
use crate::config::TrainConfig;
use crate::diverged;
use crate::error::Error;
use crate::evaluate::{Evaluation, Evaluator};
use crate::objective::{self, Objective};
use crate::optimizer::Update;
use crate::schedule::{Schedule, Span};
use crate::state::{AVERAGE, AVERAGE_BUFFERS, EpochSums, Slot, State};
use crate::step::{Place, StepBatch, StepMetrics, StepParams, StepProgram, step_key};

/// Examples per run of an evaluation.
const EVALUATION_BATCH: usize = 500;

/// One epoch, measured.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochMetrics {
    /// Epoch, from 1.
    pub epoch: usize,
    /// Steps since the start.
    pub step: u64,
    /// Learning rate of the last step.
    pub learning_rate: f64,
    /// Mean loss of the batches, each before its step. See [`StepMetrics`] for where it is measured.
    pub train_loss: f64,
    /// Mean accuracy of the batches, each before its step.
    pub train_accuracy: f64,
    /// Mean `‖∇L‖` of the batches.
    pub gradient_norm: f64,
    /// Mean norm of the regularized directions.
    #[serde(default)]
    pub direction_norm: f64,
    /// Loss on the test data after the epoch.
    pub test_loss: f64,
    /// Accuracy on the test data after the epoch.
    pub test_accuracy: f64,
    /// Share of units that are positive for no test example.
    pub dead_units: f64,
    /// Loss on the test data of the averaged parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub average_test_loss: Option<f64>,
    /// Accuracy on the test data of the averaged parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub average_test_accuracy: Option<f64>,
}

/// What a run needs of memory on each device, in bytes, known before it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Parameters, optimizer, averages and running statistics, before and after a step: once, where an executor replaces the one by the
    /// other.
    pub state: usize,
    /// Examples of a step and of the next, which is made meanwhile.
    pub batch: usize,
    /// Sums over micro-batches.
    pub sums: usize,
    /// Peak of the memory plans of a step and of an evaluation, which take turns.
    pub step: usize,
    /// Test data, which stay where they are measured.
    pub test: usize,
}

impl Memory {
    /// All of it.
    pub fn total(&self) -> usize {
        self.state + self.batch + self.sums + self.step + self.test
    }
}

/// A run: data, compiled programs and state.
pub struct Trainer<'a> {
    executor: &'a dyn Executor,
    config: TrainConfig,
    network: Network,
    loss: Loss,
    data: &'a Split,
    dtype: DType,
    schedule: Schedule,
    objective: Box<dyn Objective>,
    update: Update,
    plan: BatchPlan,
    augmentation: Augmentation,
    program: StepProgram,
    evaluator: Evaluator,
    step: u64,
    sums: EpochSums,
    state: Vec<Buffer>,
    /// The order of the epoch under way, and the batch of the next step, if they are made already.
    order: Option<(u64, Epoch)>,
    ready: Option<(u64, StepBatch)>,
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
        let update = Update::new(&config)?;
        prepare(&network, &data.train)?;
        prepare(&network, &data.test)?;
        let augmentation: Augmentation = config.augment.parse()?;
        augmentation.check(&data.train)?;
        let batch = config.batch.min(data.train.len());
        let plan = BatchPlan::shuffled(data.train.len(), batch, config.seed, LastBatch::Keep)?;
        let micro_batch = micro_batch(&config, &*objective, batch)?;
        let params = StepParams {
            network: &network,
            loss: &loss,
            objective: &*objective,
            update: &update,
            batch,
            micro_batch,
            dtype,
            mixed: augmentation.mixup.is_some(),
        };
        let program = StepProgram::new(executor, &params)?;
        // A batch in pieces is one that does not fit: evaluation keeps to the pieces.
        let evaluation =
            if program.micro_batches() > 1 { program.pieces().share().min(EVALUATION_BATCH) } else { EVALUATION_BATCH };
        let evaluator = Evaluator::new(executor, &network, &loss, &data.test, evaluation, dtype)?;
        let start = program.sections().start(&network, network.initialize(init, config.seed, dtype), dtype);
        let (step, sums, state, order, ready) = (0, EpochSums::default(), Vec::new(), None, None);
        let mut trainer = Self {
            executor,
            config,
            network,
            loss,
            data,
            dtype,
            schedule,
            objective,
            update,
            plan,
            augmentation,
            program,
            evaluator,
            step,
            sums,
            state,
            order,
            ready,
        };
        trainer.restore(start)?;
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

    /// What the run needs of memory.
    pub fn memory(&self) -> Memory {
        let state: usize = self.state.iter().map(|b| b.ty().bytes()).sum();
        let example = self.data.train.shape().size() * self.dtype.size();
        let examples = self.program.pieces().share() * self.program.micro_batches();
        let step = self.program.peak_bytes().max(self.evaluator.peak_bytes());
        let (sums, test) = (2 * self.program.total_bytes(), self.evaluator.data_bytes());
        let copies = if self.executor.replaces() { 1 } else { 2 };
        Memory { state: copies * state, batch: 2 * examples * example, sums, step, test }
    }

    /// Steps per epoch.
    pub fn steps_per_epoch(&self) -> usize {
        self.plan.steps()
    }

    /// Epochs done.
    pub fn epoch(&self) -> usize {
        (self.step / self.plan.steps() as u64) as usize
    }

    /// Steps done.
    pub fn step(&self) -> u64 {
        self.step
    }

    /// Whether all epochs are done.
    pub fn is_done(&self) -> bool {
        self.epoch() >= self.config.epochs
    }

    /// Parameters, where the executor keeps them.
    pub fn params(&self) -> &[Buffer] {
        self.program.sections().cut(&self.state).0
    }

    /// Running statistics, where the executor keeps them.
    pub fn buffers(&self) -> &[Buffer] {
        self.program.sections().cut(&self.state).1
    }

    /// Puts the run where `state` stands, in the midst of an epoch or not. What follows equals, bit for bit, a run that was never interrupted.
    ///
    /// # Errors
    /// If the executor fails.
    ///
    /// # Panics
    /// If `state` is not of a run with these settings: [`load_state`](crate::load_state) checks that.
    pub fn restore(&mut self, state: State) -> Result<(), Error> {
        (self.step, self.sums) = (state.step, state.epoch);
        let slots: Vec<&str> = state.slots.iter().map(|s| s.name.as_str()).collect();
        let expected: Vec<&str> = self.program.sections().slots.iter().map(|s| s.0.as_str()).collect();
        assert_eq!(slots, expected, "the state has the slots of this run");
        let slots = state.slots.into_iter().flat_map(|s| s.tensors);
        let tensors = state.params.into_iter().chain(state.buffers).chain(slots);
        self.state = tensors.map(|t| self.executor.upload(t)).collect::<Result<_, _>>()?;
        self.ready = None;
        Ok(())
    }

    /// Where the run stands.
    ///
    /// # Errors
    /// If the executor fails.
    pub fn state(&self) -> Result<State, Error> {
        let sections = self.program.sections();
        let (params, buffers, slots) = sections.cut(&self.state);
        let download = |b: &[Buffer]| b.iter().map(|b| self.executor.download(b)).collect::<Result<Vec<_>, _>>();
        let slot = |((name, _), b): (&(String, _), &[Buffer])| download(b).map(|tensors| Slot { name: name.clone(), tensors });
        let slots = sections.slots.iter().zip(slots).map(slot).collect::<Result<_, _>>()?;
        Ok(State { step: self.step, epoch: self.sums, params: download(params)?, buffers: download(buffers)?, slots })
    }

    /// The learning rate of a step.
    fn learning_rate(&self, step: u64) -> f64 {
        let per_epoch = self.plan.steps();
        let warmup = (self.config.warmup_epochs * per_epoch as f64).round() as usize;
        let run = Span { steps: per_epoch * self.config.epochs, per_epoch, warmup };
        self.config.learning_rate * self.schedule.factor(step as usize, run)
    }

    /// The batch of a step, in micro-batches, where the executor takes it. Nothing but the step's number and the seed decides it.
    fn batch(&self, order: &Epoch, step: u64) -> Result<StepBatch, Error> {
        let batch = order.batch(&self.data.train, self.plan.locate(step).1)?;
        let weight = 1.0 / batch.real as f64;
        let pieces = pieces(&self.network, &self.data.train, &batch, weight, self.program.pieces(), self.dtype);
        Ok(pieces.into_iter().map(|replicas| upload_spread(self.executor, replicas)).collect::<Result<_, _>>()?)
    }

    /// Trains one step. The batch of the next is made and brought to the device meanwhile, on a thread of its own.
    ///
    /// The step's metrics are read before it returns, in one read: what comes next depends on whether they are finite, and a step that was
    /// queued on one that diverged could not be taken back where it has replaced the state. So a device waits for the host between two
    /// steps, for as long as that read and queueing a program take.
    ///
    /// # Errors
    /// [`Error::Diverged`] if loss or direction are not finite: the state is then that before the step.
    pub fn train_step(&mut self) -> Result<StepMetrics, Error> {
        let (epoch, in_epoch) = self.plan.locate(self.step);
        let order = match self.order.take() {
            Some((known, order)) if known == epoch => order,
            _ => self.plan.epoch(epoch).augmented(self.augmentation),
        };
        let batch = match self.ready.take() {
            Some((step, batch)) if step == self.step => batch,
            _ => self.batch(&order, self.step)?,
        };
        let total = (self.plan.steps() * self.config.epochs) as f64;
        let place = Place {
            step: self.step,
            learning_rate: self.learning_rate(self.step),
            progress: self.step as f64 / total,
            key: step_key(self.config.seed, self.step),
        };
        // Taken, not shared: a step may give its results the memory of the state before.
        let mut state = std::mem::take(&mut self.state);
        let more = in_epoch + 1 < self.plan.steps();
        let (done, next) = std::thread::scope(|s| {
            let next = more.then(|| s.spawn(|| self.batch(&order, self.step + 1)));
            let done = self.program.run(self.executor, &self.update, &place, &mut state, &batch);
            (done, next.map(|n| n.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))))
        });
        self.state = state;
        let m = done?;
        if !m.is_finite() {
            let names = diverged::diagnose(self, &self.state, &batch)?;
            let (epoch, step) = (epoch as usize + 1, in_epoch + 1);
            return Err(Error::Diverged { epoch, step, steps: self.step, loss: m.loss, first: names });
        }
        self.step += 1;
        // A batch that cannot be made is an error of its own step.
        self.ready = next.and_then(Result::ok).map(|b| (self.step, b));
        self.order = Some((epoch, order));
        let measured = [m.loss, m.accuracy, m.gradient_norm, m.direction_norm];
        self.sums.sums.iter_mut().zip(measured).for_each(|(sum, x)| *sum += x / self.plan.steps() as f64);
        Ok(m)
    }

    /// Measures an epoch whose steps are all done, and begins the next.
    ///
    /// # Errors
    /// If the executor fails.
    ///
    /// # Panics
    /// If the last step was not the last of an epoch.
    pub fn finish_epoch(&mut self) -> Result<EpochMetrics, Error> {
        assert!(self.step > 0 && self.step.is_multiple_of(self.plan.steps() as u64), "an epoch ends after its last step");
        let (test, average) = (self.evaluate()?, self.evaluate_average()?);
        let [train_loss, train_accuracy, gradient_norm, direction_norm] = std::mem::take(&mut self.sums).sums;
        Ok(EpochMetrics {
            epoch: self.epoch(),
            step: self.step,
            learning_rate: self.learning_rate(self.step - 1),
            train_loss,
            train_accuracy,
            gradient_norm,
            direction_norm,
            test_loss: test.loss,
            test_accuracy: test.accuracy,
            dead_units: test.dead_units,
            average_test_loss: average.map(|e| e.loss),
            average_test_accuracy: average.map(|e| e.accuracy),
        })
    }

    /// Trains to the end of the epoch and measures on the test data. `on_step` sees every step, from 1.
    ///
    /// # Errors
    /// As [`Trainer::train_step`]; the state is then that before this call, which is kept for it: a second copy on the device.
    pub fn run_epoch(&mut self, mut on_step: impl FnMut(usize, &StepMetrics)) -> Result<EpochMetrics, Error> {
        let before = (self.step, self.sums, self.state.clone());
        loop {
            let m = match self.train_step() {
                Ok(m) => m,
                Err(e) => {
                    (self.step, self.sums, self.state) = before;
                    self.ready = None;
                    return Err(e);
                }
            };
            let (_, next) = self.plan.locate(self.step);
            on_step(if next == 0 { self.plan.steps() } else { next }, &m);
            if next == 0 {
                return self.finish_epoch();
            }
        }
    }

    /// Loss and accuracy on the test data.
    ///
    /// # Errors
    /// If the executor fails.
    pub fn evaluate(&self) -> Result<Evaluation, Error> {
        self.evaluator.run(self.executor, self.params(), self.buffers())
    }

    /// Loss and accuracy of the averaged parameters with the averaged running statistics, if there are.
    ///
    /// # Errors
    /// If the executor fails.
    pub fn evaluate_average(&self) -> Result<Option<Evaluation>, Error> {
        let find = |name: &str| self.program.sections().find(&self.state, name);
        let (Some(params), Some(buffers)) = (find(AVERAGE), find(AVERAGE_BUFFERS)) else { return Ok(None) };
        self.evaluator.run(self.executor, params, buffers).map(Some)
    }

    pub(crate) fn executor(&self) -> &dyn Executor {
        self.executor
    }

    pub(crate) fn loss(&self) -> &Loss {
        &self.loss
    }

    pub(crate) fn dtype(&self) -> DType {
        self.dtype
    }

    /// The objective.
    pub fn objective(&self) -> &dyn Objective {
        &*self.objective
    }
}

/// Examples that are run at once.
fn micro_batch(config: &TrainConfig, objective: &dyn Objective, batch: usize) -> Result<usize, Error> {
    let Some(m) = objective.group() else { return Ok(batch.div_ceil(config.accumulate)) };
    let pieces = batch.div_ceil(m);
    if config.accumulate != 1 && config.accumulate != pieces {
        let expected = format!("`m={m}` of the objective cuts a batch of {batch} into {pieces}: leave it out");
        return Err(Error::setting("accumulate", &config.accumulate, expected));
    }
    Ok(m.min(batch))
}
