//! `dupin train`.

mod events;
mod memory;
mod run;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use dupin::train::TrainConfig;

use super::track::TrackArgs;
use crate::cli::{ModelArgs, OutArgs};
use crate::output::Context;

/// Settings of the run, enough to repeat it.
const CONFIG: &str = "config.toml";
/// One JSON object per measurement of `--track`.
const CURVATURE: &str = "curvature.jsonl";
/// One JSON object per epoch.
const METRICS: &str = "metrics.jsonl";
/// Parameters and running statistics under PyTorch names.
const MODEL: &str = "model.safetensors";
/// Everything else that a resumed run needs.
const STATE: &str = "state.safetensors";
/// The model with averaged parameters, if the run averages them.
const AVERAGE: &str = "average.safetensors";

/// Train a network, with or without a sharpness regularizer.
///
/// Writes into --out: config.toml, metrics.jsonl (one line per epoch), event files of TensorBoard, model.safetensors (PyTorch names
/// and layouts; average.safetensors with --average) and state.safetensors (to resume from; state.previous.safetensors is the one
/// before). Ctrl-C finishes the step, saves and exits with code 130.
#[derive(Args, Debug)]
#[command(after_long_help = OBJECTIVES)]
pub(crate) struct Train {
    #[command(flatten)]
    model: ModelArgs,

    /// Data set by its name, as `dupin data list` has them, or from files: `mnist:DIR`, `cifar10:DIR`, `images:DIR`, `npz:FILE`, `text:FILE`; `@COUNT` takes a part [default: fashion-mini]
    #[arg(long, value_name = "DATA")]
    data: Option<String>,

    /// What is done to training images, anew in each epoch: resized_crop:min=SHARE, crop:pad=N, flip, cutout:size=N,
    /// mixup:alpha=A, joined by `+` [default: none]
    #[arg(long, value_name = "TERMS")]
    augment: Option<String>,

    /// Objective, as in `sam:rho=0.05` or `psam:rho=0.1,nme=drop`; explained below [default: plain]
    #[arg(long, value_name = "OBJECTIVE")]
    objective: Option<String>,

    /// Passes over the training data [default: 10]
    #[arg(long, value_name = "N")]
    epochs: Option<usize>,

    /// Examples per step [default: 128]
    #[arg(long, value_name = "N")]
    batch: Option<usize>,

    /// Pieces that each batch is run in, one after the other: less memory, the same step [default: 1]
    #[arg(long, value_name = "N")]
    accumulate: Option<usize>,

    /// Most memory, as in `2GiB`: batches are run in as many pieces as that takes
    #[arg(long, value_name = "BYTES", value_parser = memory::parse)]
    max_memory: Option<usize>,

    /// Optimizer: `sgd`, `adamw[:beta1=B,beta2=B,eps=E]` or `lion[:beta1=B,beta2=B]` [default: sgd]
    #[arg(long, value_name = "NAME")]
    optimizer: Option<String>,

    /// Peak learning rate [default: 0.1]
    #[arg(long, value_name = "RATE")]
    lr: Option<f64>,

    /// Momentum of sgd, at least 0 and below 1 [default: 0.9]
    #[arg(long, value_name = "M")]
    momentum: Option<f64>,

    /// Nesterov's momentum
    #[arg(long)]
    nesterov: bool,

    /// Weight decay: W·θ is added to the direction, with adamw and lion (or `sgd:decoupled=yes`) to the step instead [default: 0]
    #[arg(long, value_name = "W")]
    weight_decay: Option<f64>,

    /// Parameters that decay: `all`, or `weights` without biases and normalisations [default: all]
    #[arg(long, value_name = "WHICH")]
    decay: Option<String>,

    /// Scale the regularized direction down to this norm if it is longer, before weight decay and optimizer
    #[arg(long, value_name = "NORM")]
    clip_norm: Option<f64>,

    /// Keep an exponential moving average of the parameters with this decay, such as 0.999; evaluated and saved beside them [default: 0]
    #[arg(long, value_name = "DECAY")]
    average: Option<f64>,

    /// Learning rate after warm-up: `cosine[:floor=F]`, `linear[:floor=F]`, `step:at=EPOCH/EPOCH[,factor=F]` or `constant` [default: cosine]
    #[arg(long, value_name = "SHAPE")]
    schedule: Option<String>,

    /// Epochs of linear warm-up [default: 0]
    #[arg(long, value_name = "N")]
    warmup: Option<f64>,

    /// Settings from a TOML file as `config.toml` of a run; flags go before it
    #[arg(long, value_name = "FILE", conflicts_with = "resume")]
    config: Option<PathBuf>,

    /// Save the state every N steps, not only after each epoch
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    save_every: Option<u64>,

    #[command(flatten)]
    track: TrackArgs,

    #[command(flatten)]
    out: OutArgs,

    /// Go on with the run in this folder; its weights will equal those of an unbroken run
    #[arg(long, value_name = "DIR", conflicts_with_all = ["out", "model", "act", "init", "loss", "seed", "dtype", "data", "augment", "objective", "epochs", "batch", "accumulate", "max_memory", "optimizer", "lr", "momentum", "nesterov", "weight_decay", "decay", "clip_norm", "average", "schedule", "warmup"])]
    resume: Option<PathBuf>,
}

const OBJECTIVES: &str = "\
Objectives (F is the cost of a forward pass; the plain gradient costs 3F):
  plain                     gradient of the loss L                                          3F
  sam:rho=R                 gradient at θ + R·∇L/‖∇L‖; normalized=no: at θ + R·∇L           6F
  asam:rho=R[,eta=E]        gradient at θ + R·T²∇L/‖T∇L‖ with T = |θ| + E                   6F
  functional_sam:rho=R      SAM with the derivative by the logits taken at θ                6F
  gsam:rho=R,alpha=A        SAM less A times the part of ∇L orthogonal to it                6F
  looksam:rho=R[,k=STEPS]   SAM every k steps (5); between, ∇L and its remembered part   3F-6F
  weight_noise:sigma=S      gradient at θ + ε, ε ~ N(0, S²)                                 3F
    ...,points=2            mean of the gradients at θ ± ε                                  6F
    ...,layerwise=yes       one parameter tensor moves at a time                            3F
  psam:rho=R                gradient of L + R·‖∇L‖, which is ∇L + R·H∇L/‖∇L‖                9F
  psam:rho=R,nme=drop       ∇L + R·G∇L/‖∇L‖, without nonlinear modeling error               7F
  psam:rho=R,nme=only       ∇L + R·N∇L/‖∇L‖                                                 9F
  psam:rho=R,fd=RADIUS      any of the three by a forward difference                        6F
  gp:lambda=W[,nme=...]     gradient of L + W/2·‖∇L‖², or its parts as of psam              9F
  hessian_trace:lambda=W    gradient of L + W·tr H, one probe                              15F
    ...,probes=M            more probes; distribution=gaussian|rademacher                  +9F
  nme_trace:lambda=W        gradient of L + W·tr N; options of hessian_trace               15F
  gn_trace:lambda=W         gradient of L + W·tr G with sampled labels and H_z held fixed  11F
    ...,labels=none         H_z by its square root and random signs, held fixed            11F
    ...,stop=no             gradient of L + W·tr G, H_z differentiated too                 11F
    ...,per_example=yes     any of the three from each example's own gradient: less noise, 11F
                            for networks without attention, LayerNorm or BatchNorm in training

Terms are added by `+`, as in psam:rho=0.1,nme=drop+weight_noise:sigma=0.01: penalties to one
another and to at most one term that says where the gradient is taken (the first rows up to
weight_noise). Each term is evaluated at θ, with draws of its own.

With m=K, sam, asam and weight_noise perturb each micro-batch of K examples on its own.
A strength (rho, lambda, sigma, alpha of gsam) may change over the run: linear(0..0.1) and
cosine(0..0.1) go from one value to the other, with @0.1..0.5 between these shares of the run.

Example:
  dupin train --model mlp:784-256-256-10 --act gelu --data fashion-mini \\
      --objective psam:rho=0.1,nme=keep --epochs 10 --batch 128 --lr 0.1 --seed 0 --out runs/psam";

/// `value`, if given, replaces `slot`.
fn set<T: Clone>(slot: &mut T, value: Option<&T>) {
    if let Some(v) = value {
        *slot = v.clone();
    }
}

impl Train {
    fn settings(&self) -> anyhow::Result<TrainConfig> {
        let mut c = match &self.config {
            Some(path) => read_config(path)?,
            None => TrainConfig::default(),
        };
        set(&mut c.model, self.model.model.as_ref());
        set(&mut c.activation, self.model.act.as_ref());
        set(&mut c.init, self.model.init.as_ref());
        set(&mut c.loss, self.model.loss.as_ref());
        set(&mut c.seed, self.model.seed.as_ref());
        set(&mut c.dtype, self.model.dtype.as_ref());
        set(&mut c.data, self.data.as_ref());
        set(&mut c.augment, self.augment.as_ref());
        set(&mut c.objective, self.objective.as_ref());
        set(&mut c.epochs, self.epochs.as_ref());
        set(&mut c.batch, self.batch.as_ref());
        set(&mut c.accumulate, self.accumulate.as_ref());
        set(&mut c.optimizer, self.optimizer.as_ref());
        set(&mut c.learning_rate, self.lr.as_ref());
        set(&mut c.momentum, self.momentum.as_ref());
        set(&mut c.weight_decay, self.weight_decay.as_ref());
        set(&mut c.decay, self.decay.as_ref());
        set(&mut c.average, self.average.as_ref());
        c.clip_norm = self.clip_norm.or(c.clip_norm);
        set(&mut c.schedule, self.schedule.as_ref());
        set(&mut c.warmup_epochs, self.warmup.as_ref());
        c.nesterov |= self.nesterov;
        if (self.momentum.is_some() || self.nesterov) && !c.optimizer.starts_with("sgd") {
            bail!("`--momentum` and `--nesterov` are those of sgd; `{}` has its own betas, as in `adamw:beta1=0.9`", c.optimizer);
        }
        Ok(c)
    }

    pub(crate) fn run(&self, ctx: &Context) -> anyhow::Result<bool> {
        let (config, folder) = match &self.resume {
            Some(folder) => (read_config(&folder.join(CONFIG))?, Some(folder.clone())),
            None => (self.settings()?, self.out.out.clone()),
        };
        let (resume, max_memory, save_every) = (self.resume.is_some(), self.max_memory, self.save_every);
        run::run(ctx, run::Plan { config, folder, resume, max_memory, save_every, track: &self.track })
    }
}

fn read_config(path: &Path) -> anyhow::Result<TrainConfig> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    toml::from_str(&text).with_context(|| format!("{} is not a run's configuration", path.display()))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;
    use dupin::train::TrainConfig;

    /// The defaults that help states by hand are those of the library.
    #[test]
    fn help_states_the_defaults() {
        let mut cli = crate::cli::Cli::command();
        let train = cli.find_subcommand_mut("train").expect("there is such a command");
        let c = TrainConfig::default();
        let defaults = [
            ("act", c.activation),
            ("init", c.init),
            ("loss", c.loss),
            ("seed", c.seed.to_string()),
            ("dtype", c.dtype),
            ("data", c.data),
            ("augment", c.augment),
            ("objective", c.objective),
            ("epochs", c.epochs.to_string()),
            ("batch", c.batch.to_string()),
            ("lr", c.learning_rate.to_string()),
            ("accumulate", c.accumulate.to_string()),
            ("optimizer", c.optimizer),
            ("momentum", c.momentum.to_string()),
            ("decay", c.decay),
            ("average", c.average.to_string()),
            ("weight_decay", c.weight_decay.to_string()),
            ("schedule", c.schedule),
            ("warmup", c.warmup_epochs.to_string()),
        ];
        for (name, value) in defaults {
            let arg = train.get_arguments().find(|a| a.get_id() == name).expect("every setting has a flag");
            let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.contains(&format!("[default: {value}]")), "--{name}: {help}");
        }
    }
}
