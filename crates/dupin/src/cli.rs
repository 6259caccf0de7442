//! The command line: what can be typed, and the help that teaches it.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::command::{bench::Bench, data::Data, reproduce::Reproduce, split::Split, train::Train};

/// Split the loss Hessian of a neural network, H = G + N, and train with regularizers on either part.
///
/// G, the Gauss-Newton part, is what the network does with the features it has; N, the nonlinear modeling error, is
/// curvature of the features themselves. `dupin train` trains, `dupin split` measures, `dupin reproduce` runs the experiments.
#[derive(Debug, Parser)]
#[command(name = "dupin", version, max_term_width = 100, after_long_help = EXAMPLES)]
pub(crate) struct Cli {
    /// What to do
    #[command(subcommand)]
    pub(crate) command: Command,

    /// Threads to compute with [default: all cores]. Results do not depend on it
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub(crate) threads: Option<u32>,

    /// No progress on standard error
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
}

const EXAMPLES: &str = "\
Examples:
  dupin reproduce quick
      the paper's main contrasts on built-in data, in minutes: table, verdicts, report.html
  dupin train --model mlp:784-256-256-10 --act gelu --data fashion-mini \\
      --objective psam:rho=0.1,nme=keep --epochs 10 --out runs/psam
      train with a gradient penalty
  dupin split --checkpoint runs/psam/model.safetensors --data fashion-mini
      traces, extreme eigenvalues and per-layer split of its Hessian
  dupin split --model lenet --act relu~beta_gelu:4 --data fashion-mini --json
      the same of a fresh network whose second derivative is another activation's

Exit codes: 0 done, 1 a check failed, 2 could not run.";

/// The commands; each explains itself.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Train(Train),
    Split(Split),
    Reproduce(Reproduce),
    Data(Data),
    Bench(Bench),
}

/// Which network, loss and precision.
#[derive(Args, Clone, Debug)]
pub(crate) struct ModelArgs {
    /// Network: `mlp:784-256-256-10`, `logistic:784-10`, `lenet`, `cnn`, or layers as in `net:1x28x28,conv16s2,act,flatten,fc10`
    ///
    /// Layers: conv<C>[k<K>][s<S>][p<P>][g<G>][nobias] fc<N>[nobias] act avgpool<K>[s<S>][p<P>] maxpool<K>[s<S>][p<P>] gap flatten bn ln
    /// res(LAYERS) res(LAYERS|SHORTCUT).
    #[arg(long, value_name = "SPEC")]
    pub(crate) model: Option<String>,

    /// Activation: relu leaky_relu[:SLOPE] gelu gelu_tanh beta_gelu:BETA silu softplus[:BETA] tanh sigmoid elu[:ALPHA] squared_relu identity [default: gelu]
    ///
    /// A second derivative of your choice follows a `~`: `gelu~none` (dropped), `relu~beta_gelu:4` (another activation's),
    /// `relu~bump:HEIGHT:WIDTH` (a Gaussian bump). The function and its first derivative stay.
    #[arg(long, value_name = "ACT")]
    pub(crate) act: Option<String>,

    /// Initialiser by name: pytorch he_normal he_uniform xavier_normal xavier_uniform lecun_normal, each with an optional `:GAIN` [default: pytorch]
    #[arg(long, value_name = "NAME")]
    pub(crate) init: Option<String>,

    /// Loss: `ce`, `ce:SMOOTHING` or `mse` [default: ce]
    #[arg(long, value_name = "LOSS")]
    pub(crate) loss: Option<String>,

    /// Seed of initialisation, data order and probes [default: 0]
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,

    /// Element type: f32 or f64 [default: f32]
    #[arg(long, value_name = "TYPE")]
    pub(crate) dtype: Option<String>,
}

/// Where results go.
#[derive(Args, Clone, Debug)]
pub(crate) struct OutArgs {
    /// Folder to write into; made if it is missing
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}
