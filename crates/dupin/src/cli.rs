//! The command line: what can be typed, and the help that teaches it.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use dupin::ir::stablehlo::Precision;

use crate::command::{
    bench::Bench, compare::Compare, data::Data, devices::Devices, diag::Diag, eigs::Eigs, landscape::Landscape, report::Report,
    reproduce::Reproduce, runs::Runs, spectrum::Spectrum, split::Split, sweep::Sweep, trace::Trace, train::Train, watch::Watch,
};
use crate::device::Device;

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

    /// What computes: `cpu`, this machine's processors; `pjrt`, a GPU, TPU or whatever a PJRT plugin offers
    ///
    /// `pjrt:NAME` takes a plugin by name (cuda, rocm, tpu, oneapi, cpu), `pjrt:FILE` one by its file, as the variable DUPIN_PJRT_PLUGIN
    /// does for `pjrt`. `:N` at the end takes device N of it; `:0-3` or `:0,2` several, which share every batch: results are those of one
    /// device, to rounding. `dupin devices` lists what is there and what to install.
    #[arg(long, global = true, value_name = "DEVICE", default_value = "cpu")]
    pub(crate) device: Device,

    /// How a plugin computes products of f32: f32, tf32, or bf16 with sums in f32
    ///
    /// tf32 lets the device drop operands to 10 bits of mantissa (NVIDIA tensor cores; a TPU takes bfloat16, processors stay at f32):
    /// relative error up to 2^-11 per operand. bf16 rounds operands to 8 bits: 2^-9 per operand, and 0.2 to 0.8 % of gradients
    /// and products with H, G and N of small networks, measured against f64. Products of f64 and everything else are as their types say.
    #[arg(long, global = true, value_name = "TYPE", default_value = "f32", value_parser = crate::device::precision)]
    pub(crate) precision: Precision,

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
  dupin trace --checkpoint runs/psam/model.safetensors --rel-error 0.01 --per-layer --svg traces.svg
      the traces alone, until their 95 % intervals are within 1 %
  dupin spectrum --model lenet --svg spectrum.svg
      densities of all eigenvalues, effective ranks, the negative share of N
  dupin eigs --model mlp:784-120-60-10 --data fashion-mnist --examples 8000 --matrix nme --top 10
      eigenpairs at both ends, with residuals and their share of the gradient

Exit codes: 0 done, 1 a check failed, 2 could not run, 130 interrupted.";

/// The commands; each explains itself.
#[allow(clippy::large_enum_variant, reason = "there is one")]
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Train(Train),
    Split(Split),
    Trace(Trace),
    Spectrum(Spectrum),
    Eigs(Eigs),
    Diag(Diag),
    Landscape(Landscape),
    Compare(Compare),
    Reproduce(Reproduce),
    Sweep(Sweep),
    Runs(Runs),
    Report(Report),
    Watch(Watch),
    Data(Data),
    Bench(Bench),
    Devices(Devices),
}

/// Models by name, then the layers of one's own.
fn model_help() -> String {
    let mut help = "Network by name, with options behind a colon:\n".to_owned();
    for model in dupin::nn::models() {
        help.extend(["  ", model.form, "\n      ", model.summary, "\n"]);
    }
    help + LAYERS
}

const LAYERS: &str = "\
or layers, as in net:1x28x28,conv16s2,act,flatten,fc10:
  net:INPUT,LAYER,... with INPUT = CxHxW, a width, or tokens<T>v<V> (T integers below V)
      conv<C>[k<K>][s<S>][p<P>][g<G>][nobias] fc<N>[nobias] act avgpool<K>[s<S>][p<P>] maxpool<K>[s<S>][p<P>] gap flatten
      bn gn<G> ln[EPS] res(LAYERS) res(LAYERS|SHORTCUT) seq(LAYERS), any activation by its name;
      of sequences embed<D> unembed tokens cls pos wpe attn<H>[causal] swap first; NAME=LAYER gives parameters a name";

/// Which network, loss and precision.
#[derive(Args, Clone, Debug)]
pub(crate) struct ModelArgs {
    /// Network by name, such as `mlp:784-256-10`, `lenet`, `wrn-16-4`, `resnet18:10,input=3x32x32`, `vit:10`, `char`, or layers as in
    /// `net:1x28x28,conv16s2,act,flatten,fc10` (`--help` has them all)
    #[arg(long, value_name = "SPEC", long_help = model_help())]
    pub(crate) model: Option<String>,

    /// Activation: relu leaky_relu[:SLOPE] gelu gelu_tanh beta_gelu:BETA silu softplus[:BETA] tanh sigmoid elu[:ALPHA] squared_relu identity [default: gelu]
    ///
    /// A second derivative of your choice follows a `~`: `gelu~none` (dropped), `relu~beta_gelu:4` (another activation's),
    /// `relu~bump:HEIGHT:WIDTH` (a Gaussian bump). The function and its first derivative stay.
    #[arg(long, value_name = "ACT")]
    pub(crate) act: Option<String>,

    /// Initialiser: pytorch he_normal he_uniform he_fan_out xavier_normal xavier_uniform lecun_normal lecun_uniform zeros, or as the
    /// reference code of a network has it: resnet resnet_zero vgg vit gpt2; each with an optional `:GAIN` [default: pytorch]
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
