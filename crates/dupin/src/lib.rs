//! Splits the loss Hessian of a neural network into its Gauss-Newton part and its nonlinear modeling error, and trains networks
//! with regularizers that act on either.
//!
//! This crate is the `dupin` command and the front door of the library: each part under one name.
//!
//! | module | what |
//! |---|---|
//! | [`ir`] | typed graph, primitives, `jvp`, `vjp`, `batch`, `stage`, reference evaluator |
//! | [`cpu`] | the native executor |
//! | `pjrt` | GPU, TPU and other devices by PJRT plugins (feature `pjrt`, on by default) |
//! | [`nn`] | models, layers, activations, losses, safetensors |
//! | [`data`] | data sets and batches |
//! | [`linop`] | operators, traces, eigenvalues, densities |
//! | [`curvature`] | H, G and N of a network |
//! | [`train`] | objectives, optimizers, the training loop |
//!
//! ```
//! use dupin::{cpu::Cpu, curvature::{Split, SplitParams, traces}, data, linop::Rng, nn::{Init, Loss, Network}, train};
//!
//! // The split of the Hessian of an untrained net on 60 handwritten digits.
//! let cpu = Cpu::new(None)?;
//! let digits = data::load("digits")?.train.head(60)?;
//! let network = Network::parse("mlp:64-16-10", "gelu".parse()?)?;
//! let params = network.initialize("he_normal".parse::<Init>()?, 0, dupin::ir::DType::F64);
//! let loss: Loss = "ce".parse()?;
//!
//! let batch = 25; // the last batch is ragged: it is padded with weight 0
//! let model = train::trace(&network, &loss, batch, dupin::ir::DType::F64, false);
//! let batches = train::sequential_batches(&network, &digits, batch, &[], dupin::ir::DType::F64)?;
//! let split = Split::new(&cpu, model.traced, &params, batches, SplitParams::default())?;
//!
//! let t = traces(&split, 20, &mut Rng::new(0), |_| {})?;
//! println!("tr H = {}, of which tr G = {} and tr N = {}", t.hessian, t.gauss_newton, t.nme);
//! assert!((t.hessian.value - t.gauss_newton.value - t.nme.value).abs() < 1e-9);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub use dupin_cpu as cpu;
pub use dupin_curvature as curvature;
pub use dupin_data as data;
pub use dupin_ir as ir;
pub use dupin_linop as linop;
pub use dupin_nn as nn;
#[cfg(feature = "pjrt")]
pub use dupin_pjrt as pjrt;
pub use dupin_train as train;
