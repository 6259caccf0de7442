//! Runs [`dupin_ir`] programs on any PJRT plugin: XLA on GPU, TPU and CPU, and what other vendors build.
//!
//! A plugin is a shared library with the function `GetPjrtApi`; Python packages such as `jax-cuda13-pjrt` carry one. [`Pjrt`] loads it,
//! hands it programs as StableHLO text ([`dupin_ir::stablehlo`]) and keeps buffers on the device: no kernel is ours, and nothing is
//! linked when this crate is built.
//!
//! ```no_run
//! use dupin_ir::{Builder, DType, Executor, Tensor, TensorType};
//! use dupin_pjrt::{Options, Pjrt};
//! let mut b = Builder::new();
//! let x = b.input("x", TensorType::new(DType::F32, [3]));
//! let y = b.exp(x);
//! let program = b.program(&[x], &[y])?;
//! let device = Pjrt::load("/path/to/pjrt_c_api_gpu_plugin.so".as_ref(), &Options::default())?;
//! let out = device.evaluate(&program, &[Tensor::f32([3], vec![0.0, 1.0, 2.0])])?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod cache;
mod error;
mod executor;
mod ffi;
pub mod locate;
mod options;

pub use error::Error;
pub use executor::{Description, Pjrt};
pub use options::Options;
