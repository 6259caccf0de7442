//! `dupin train`.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use dupin::train::{EpochMetrics, TrainConfig, Trainer, load_state, save_state};

use crate::cli::{ModelArgs, OutArgs};
use crate::output::{self, Context, line};
use crate::report::table::Table;

/// Settings of the run, enough to repeat it.
const CONFIG: &str = "config.toml";
/// One JSON object per epoch.
const METRICS: &str = "metrics.jsonl";
/// Parameters and running statistics under PyTorch names.
const MODEL: &str = "model.safetensors";
/// Everything else that a resumed run needs.
const STATE: &str = "state.safetensors";

/// Train a network, with or without a sharpness regularizer.
///
/// Writes config.toml, metrics.jsonl (one line per epoch), model.safetensors (PyTorch names and layouts) and
/// state.safetensors (to resume from) into --out.
#[derive(Args, Debug)]
#[command(after_long_help = OBJECTIVES)]
pub(crate) struct Train {
    #[command(flatten)]
    model: ModelArgs,

    /// Data set: `digits`, `fashion-mini`, `fashion-mnist[:DIR]` or `mnist:DIR`; `@COUNT` takes a part [default: fashion-mini]
    #[arg(long, value_name = "DATA")]
    data: Option<String>,

    /// Objective, as in `sam:rho=0.05` or `psam:rho=0.1,nme=drop`; explained below [default: plain]
    #[arg(long, value_name = "OBJECTIVE")]
    objective: Option<String>,

    /// Passes over the training data [default: 10]
    #[arg(long, value_name = "N")]
    epochs: Option<usize>,

    /// Examples per step [default: 128]
    #[arg(long, value_name = "N")]
    batch: Option<usize>,

    /// Peak learning rate [default: 0.1]
    #[arg(long, value_name = "RATE")]
    lr: Option<f64>,

    /// Momentum, at least 0 and below 1 [default: 0.9]
    #[arg(long, value_name = "M")]
    momentum: Option<f64>,

    /// Nesterov's momentum
    #[arg(long)]
    nesterov: bool,

    /// Weight decay, added to the direction as W·θ [default: 0]
    #[arg(long, value_name = "W")]
    weight_decay: Option<f64>,

    /// Learning rate after warm-up: `cosine` or `constant` [default: cosine]
    #[arg(long, value_name = "SHAPE")]
    schedule: Option<String>,

    /// Epochs of linear warm-up [default: 0]
    #[arg(long, value_name = "N")]
    warmup: Option<f64>,

    /// Settings from a TOML file as `config.toml` of a run; flags go before it
    #[arg(long, value_name = "FILE", conflicts_with = "resume")]
    config: Option<PathBuf>,

    #[command(flatten)]
    out: OutArgs,

    /// Go on with the run in this folder; its weights will equal those of an unbroken run
    #[arg(long, value_name = "DIR", conflicts_with_all = ["out", "model", "act", "init", "loss", "seed", "dtype", "data", "objective", "epochs", "batch", "lr", "momentum", "nesterov", "weight_decay", "schedule", "warmup"])]
    resume: Option<PathBuf>,
}

const OBJECTIVES: &str = "\
Objectives (F is the cost of a forward pass; the plain gradient costs 3F):
  plain                     gradient of the loss L                                          3F
  sam:rho=R                 gradient at θ + R·∇L/‖∇L‖; normalized=no: at θ + R·∇L           6F
  asam:rho=R[,eta=E]        gradient at θ + R·T²∇L/‖T∇L‖ with T = |θ| + E                   6F
  functional_sam:rho=R      SAM with the derivative by the logits taken at θ                6F
  gsam:rho=R,alpha=A        SAM less A times the part of ∇L orthogonal to it                6F
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
    ...,stop=no             gradient of L + W·tr G, H_z differentiated too                 11F

Terms are added by `+`, as in psam:rho=0.1,nme=drop+weight_noise:sigma=0.01: penalties to one
another and to at most one term that says where the gradient is taken (the first rows up to
weight_noise). Each term is evaluated at θ, with draws of its own.

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
        set(&mut c.objective, self.objective.as_ref());
        set(&mut c.epochs, self.epochs.as_ref());
        set(&mut c.batch, self.batch.as_ref());
        set(&mut c.learning_rate, self.lr.as_ref());
        set(&mut c.momentum, self.momentum.as_ref());
        set(&mut c.weight_decay, self.weight_decay.as_ref());
        set(&mut c.schedule, self.schedule.as_ref());
        set(&mut c.warmup_epochs, self.warmup.as_ref());
        c.nesterov |= self.nesterov;
        Ok(c)
    }

    pub(crate) fn run(&self, ctx: &Context) -> anyhow::Result<bool> {
        let (config, folder, state) = match &self.resume {
            Some(folder) => {
                let config = read_config(&folder.join(CONFIG))?;
                (config, Some(folder.clone()), Some(folder.join(STATE)))
            }
            None => (self.settings()?, self.out.out.clone(), None),
        };
        if let Some(folder) = folder.as_ref().filter(|f| self.resume.is_none() && f.join(CONFIG).exists()) {
            bail!("{0} holds a run already; go on with it by `--resume {0}`, or choose another folder", folder.display());
        }
        let data = dupin::data::load(&config.data)?;
        let executor = ctx.executor()?;
        let mut trainer = Trainer::new(&executor, config.clone(), &data)?;
        if let Some(path) = state {
            trainer.restore(load_state(&path, trainer.network(), &config)?)?;
        }
        // The folder is made and written first: a run that cannot save should not begin.
        let mut metrics = String::new();
        if let Some(folder) = &folder {
            output::folder(folder)?;
            metrics = past_metrics(&folder.join(METRICS), trainer.epoch())?;
            output::write(&folder.join(CONFIG), toml::to_string(&config)?.as_bytes())?;
            output::write(&folder.join(METRICS), metrics.as_bytes())?;
        }
        if trainer.epoch() >= config.epochs {
            line(&format!("the run is complete: {} epochs are done", trainer.epoch()))?;
            return Ok(true);
        }
        Self::announce(ctx, &config, &trainer)?;
        let table = Table::new(&["epoch", "lr", "train loss", "train acc", "‖∇L‖", "test loss", "test acc", "dead", "seconds"]);
        line(&table.head())?;
        while trainer.epoch() < config.epochs {
            let (steps, epoch, began) = (trainer.steps_per_epoch(), trainer.epoch() + 1, ctx.seconds());
            let bar = ctx.bar(steps as u64, &format!("epoch {epoch}/{}", config.epochs));
            let done = trainer.run_epoch(|_, m| {
                bar.set_message(format!("loss {:.4}", m.loss));
                bar.inc(1);
            });
            bar.finish_and_clear();
            let m = done?;
            let seconds = ctx.seconds() - began;
            line(&table.row(&cells(&m, seconds)))?;
            if let Some(folder) = &folder {
                metrics.push_str(&serde_json::to_string(&m)?);
                metrics.push('\n');
                // The state comes last: after a kill in between, the epoch is run again and its line written again.
                output::write(&folder.join(METRICS), metrics.as_bytes())?;
                save_state(&folder.join(MODEL), &folder.join(STATE), trainer.network(), &config, &trainer.state()?)?;
            }
        }
        if let Some(folder) = &folder {
            line(&format!("\nwrote {}", folder.join(MODEL).display()))?;
            line(&format!("measure it: dupin split --checkpoint {} --data {}", folder.join(MODEL).display(), config.data))?;
        }
        Ok(true)
    }

    fn announce(ctx: &Context, config: &TrainConfig, trainer: &Trainer) -> anyhow::Result<()> {
        let program = trainer.program();
        line(&format!(
            "{} with {} on {}: {} parameters, {} steps an epoch of {:.2} GFLOP, {} of memory, {} threads",
            config.model,
            config.activation,
            config.data,
            trainer.network().param_count(),
            trainer.steps_per_epoch(),
            program.flop().contraction as f64 / 1e9,
            crate::report::table::bytes(program.peak_bytes()),
            ctx.thread_count(),
        ))?;
        line(&format!("objective {}, seed {}\n", config.objective, config.seed))
    }
}

fn cells(m: &EpochMetrics, seconds: f64) -> Vec<String> {
    vec![
        m.epoch.to_string(),
        format!("{:.5}", m.learning_rate),
        format!("{:.4}", m.train_loss),
        format!("{:.4}", m.train_accuracy),
        format!("{:.4}", m.gradient_norm),
        format!("{:.4}", m.test_loss),
        format!("{:.4}", m.test_accuracy),
        format!("{:.3}", m.dead_units),
        format!("{seconds:.1}"),
    ]
}

fn read_config(path: &Path) -> anyhow::Result<TrainConfig> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    toml::from_str(&text).with_context(|| format!("{} is not a run's configuration", path.display()))
}

/// The lines of epochs that the saved state has seen; later ones belong to work that was lost.
fn past_metrics(path: &Path, epochs: usize) -> anyhow::Result<String> {
    if epochs == 0 || !path.exists() {
        return Ok(String::new());
    }
    let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    Ok(text.lines().take(epochs).flat_map(|l| [l, "\n"]).collect())
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
            ("objective", c.objective),
            ("epochs", c.epochs.to_string()),
            ("batch", c.batch.to_string()),
            ("lr", c.learning_rate.to_string()),
            ("momentum", c.momentum.to_string()),
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
