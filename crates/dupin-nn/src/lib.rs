//! Networks as graph builders: the model language, layers, losses, initial values and weight files.
//!
//! A [`Network`] is parsed from one line of text and is plain data: its parameters, their names (PyTorch's) and shapes.
//! [`Network::apply`] writes it into a graph, where every derivative is taken; a [`Loss`] closes it.
//!
//! ```
//! use dupin_ir::{Builder, DType, Executor, Reference, Tensor, TensorType};
//! use dupin_nn::{Init, Loss, Mode, Network};
//!
//! let net = Network::parse("mlp:2-4-3", "gelu".parse()?)?;
//! let mut b = Builder::new();
//! let params: Vec<_> = net.params().iter().map(|p| b.input(&p.name, TensorType::new(DType::F64, p.shape.clone()))).collect();
//! let x = b.input("x", TensorType::new(DType::F64, [5, 2]));
//! let y = b.input("y", TensorType::new(DType::I32, [5]));
//! let applied = net.apply(&mut b, &params, &[], x, Mode::Eval);
//! let losses = "ce".parse::<Loss>()?.per_example(&mut b, applied.logits, y);
//!
//! let program = b.program(&[params, vec![x, y]].concat(), &[losses])?;
//! let mut inputs = net.initialize(Init::Zeros, 0, DType::F64);
//! inputs.extend([Tensor::f64([5, 2], vec![0.5; 10]), Tensor::i32([5], vec![0, 1, 2, 0, 1])]);
//! let out = Reference.evaluate(&program, &inputs)?;
//! assert!(out[0].to_f64().iter().all(|l| (l - 3f64.ln()).abs() < 1e-15)); // no opinion: the logarithm of the classes
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod apply;
mod attention;
mod error;
mod init;
mod layer;
mod layout;
mod loss;
mod models;
mod network;
mod norm;
mod parse;
mod pool;
mod tokens;
pub mod weights;

pub use apply::{Applied, Mode};
pub use dupin_ir::prim::activation::Kind as Activation;
pub use error::{Error, ModelProblem, TensorProblem};
pub use init::Init;
pub use layout::{Layout, from_pytorch, to_pytorch};
pub use loss::{Loss, correct};
pub use models::{Model, models};
pub use network::{BufferSpec, Network, Param, Role};
