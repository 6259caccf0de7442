//! The network that a command measures, where it stands, and the examples it is measured on.

use std::path::PathBuf;

use anyhow::bail;
use clap::{Args, ValueEnum};
use dupin::curvature::{Curve, LossRoot, Split, SplitParams};
use dupin::data::Dataset;
use dupin::ir::{DType, Executor, Tensor, Value};
use dupin::nn::{Init, Loss, Network};
use dupin::train::{TracedModel, load_network, sequential_batches, trace};
use serde::Serialize;

use super::traces;
use crate::cli::ModelArgs;

/// Which examples.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Examples {
    /// The training examples
    Train,
    /// The test examples
    Test,
}

/// How normalisation layers behave.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum NormMode {
    /// With their running statistics
    Eval,
    /// With the statistics of each batch, which then couples its examples
    Train,
}

/// Which examples, and how they are run.
#[derive(Args, Clone, Debug)]
pub(crate) struct ExampleArgs {
    /// Data set by its name, as `dupin data list` has them, or from files: `mnist:DIR`, `cifar10:DIR`, `images:DIR`, `npz:FILE`, `text:FILE`; `@COUNT` takes a part
    #[arg(long, value_name = "DATA", default_value = "fashion-mini")]
    pub(crate) data: String,

    /// Which part of it
    #[arg(long, value_enum, default_value = "train")]
    pub(crate) part: Examples,

    /// Measure on the first N examples, class-balanced [default: 1000, or all if there are fewer]
    #[arg(long, value_name = "N")]
    pub(crate) examples: Option<usize>,

    /// Examples per run of a program; changes memory and speed, not results
    #[arg(long, value_name = "B", default_value_t = 250)]
    pub(crate) batch: usize,

    /// How BatchNorm behaves
    #[arg(long, value_enum, default_value = "eval")]
    pub(crate) mode: NormMode,
}

/// Which network, on which examples.
#[derive(Args, Clone, Debug)]
pub(crate) struct SubjectArgs {
    /// Trained network: model.safetensors of `dupin train`, or any safetensors file with PyTorch names (then give --model and --act)
    #[arg(long, value_name = "FILE")]
    pub(crate) checkpoint: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) model: ModelArgs,

    #[command(flatten)]
    pub(crate) examples: ExampleArgs,
}

/// The network to measure, with its data.
pub(crate) struct Subject {
    pub(crate) network: Network,
    pub(crate) params: Vec<Tensor>,
    pub(crate) buffers: Vec<Tensor>,
    pub(crate) loss: Loss,
    pub(crate) dtype: DType,
    /// Whether normalisation takes the statistics of the batch.
    pub(crate) train: bool,
    pub(crate) seed: u64,
    pub(crate) data: Dataset,
    /// Examples of a batch.
    pub(crate) batch: usize,
    /// The data, in order.
    pub(crate) batches: Vec<Vec<Tensor>>,
    pub(crate) about: About,
}

/// What every report says of its subject.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct About {
    pub(crate) model: String,
    pub(crate) activation: String,
    pub(crate) loss_function: String,
    pub(crate) checkpoint: Option<PathBuf>,
    pub(crate) data: String,
    pub(crate) part: &'static str,
    pub(crate) examples: usize,
    pub(crate) mode: &'static str,
    pub(crate) dtype: &'static str,
    pub(crate) seed: u64,
    pub(crate) parameters: usize,
}

impl About {
    /// Two lines for people.
    pub(crate) fn text(&self) -> String {
        let Self { model, activation, parameters, loss_function, dtype, examples, part, data, mode, seed, .. } = self;
        format!(
            "{model} with {activation}, {parameters} parameters, {loss_function} {dtype}\n\
             {examples} {part} examples of {data}, normalisation in {mode} mode, seed {seed}"
        )
    }
}

/// The element type that `--dtype` names.
pub(crate) fn dtype(given: Option<&str>) -> anyhow::Result<DType> {
    let name = given.unwrap_or("f32");
    match DType::parse(name).filter(|d| d.is_float()) {
        Some(dtype) => Ok(dtype),
        None => bail!("`--dtype {name}` is not an element type; it must be f32 or f64"),
    }
}

impl SubjectArgs {
    /// The network, trained or fresh, and its examples.
    pub(crate) fn load(&self) -> anyhow::Result<Subject> {
        let given = &self.model;
        let (dtype, seed) = (dtype(given.dtype.as_deref())?, given.seed.unwrap_or(0));
        let loss = |text: Option<&str>| -> anyhow::Result<Loss> { Ok(given.loss.as_deref().or(text).unwrap_or("ce").parse()?) };
        let (network, params, buffers, loss) = if let Some(path) = &self.checkpoint {
            let s = load_network(path, given.model.as_deref(), given.act.as_deref(), dtype)?;
            let loss = loss(s.loss.as_deref())?;
            (s.network, s.params, s.buffers, loss)
        } else {
            let Some(model) = &given.model else {
                bail!("give a trained network by `--checkpoint FILE` or a fresh one by `--model SPEC`");
            };
            let network = Network::parse(model, given.act.as_deref().unwrap_or("gelu").parse()?)?;
            let init: Init = given.init.as_deref().unwrap_or("pytorch").parse()?;
            let (params, buffers) = (network.initialize(init, seed, dtype), network.initial_buffers(dtype));
            (network, params, buffers, loss(None)?)
        };
        self.examples.subject(network, params, buffers, loss, dtype, seed, self.checkpoint.clone())
    }
}

impl ExampleArgs {
    /// A network on these examples.
    #[expect(clippy::too_many_arguments, reason = "all that a subject is made of")]
    pub(crate) fn subject(
        &self,
        network: Network,
        params: Vec<Tensor>,
        buffers: Vec<Tensor>,
        loss: Loss,
        dtype: DType,
        seed: u64,
        checkpoint: Option<PathBuf>,
    ) -> anyhow::Result<Subject> {
        let data = crate::output::data(&self.data)?;
        let (whole, part) = match self.part {
            Examples::Train => (data.train, "train"),
            Examples::Test => (data.test, "test"),
        };
        let count = self.examples.unwrap_or(1000.min(whole.len()));
        let data = if count == whole.len() { whole } else { whole.balanced_head(count)? };
        let (batch, train) = (self.batch.min(data.len()), matches!(self.mode, NormMode::Train));
        let batches = sequential_batches(&network, &data, batch, &buffers, dtype)?;
        let about = About {
            model: network.spec().to_string(),
            activation: network.activation().to_string(),
            loss_function: loss.to_string(),
            checkpoint,
            data: self.data.clone(),
            part,
            examples: data.len(),
            mode: if train { "train" } else { "eval" },
            dtype: if dtype == DType::F64 { "f64" } else { "f32" },
            seed,
            parameters: network.param_count(),
        };
        Ok(Subject { network, params, buffers, loss, dtype, train, seed, data, batch, batches, about })
    }
}

impl Subject {
    /// The graph of the loss over one batch.
    pub(crate) fn traced(&self) -> TracedModel {
        trace(&self.network, &self.loss, self.batch, self.dtype, self.train)
    }

    /// What its traces are taken of.
    pub(crate) fn measured(&self) -> traces::Subject<'_> {
        let Self { network, loss, params, batches, dtype, train, .. } = self;
        traces::Subject { network, loss, params, batches, dtype: *dtype, train: *train }
    }

    /// Its curvature over all examples.
    pub(crate) fn split<'e>(&self, executor: &'e dyn Executor, settings: SplitParams) -> anyhow::Result<Split<'e>> {
        Ok(Split::new(executor, self.traced().traced, &self.params, self.batches.clone(), settings)?)
    }
}

/// The square root of a loss's curvature in the logits, with the weights of the examples.
pub(crate) fn loss_root(loss: &Loss, weights: Value) -> LossRoot<'static> {
    let curve = match loss {
        Loss::CrossEntropy { .. } => Curve::SoftmaxCrossEntropy,
        Loss::Mse => Curve::MeanSquaredError,
    };
    LossRoot { curve, weights }
}
