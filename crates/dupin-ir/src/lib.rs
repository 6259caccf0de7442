//! Typed tensor graph: primitives with all their rules, transforms, reference evaluator and the [`Executor`] trait.
//!
//! Everything in Dupin is a derivative of one graph. A model is traced once through a [`Builder`]; [`transform`]s
//! append derivatives to the same graph, where equal expressions exist once; a [`Program`] is cut out and compiled.
//!
//! ```
//! use dupin_ir::{Builder, DType, TensorType, transform::{jvp, vjp}, Reference, Executor, Tensor};
//! // f(x) = sum x^3; H v = 6 x v, forward over reverse.
//! let mut b = Builder::new();
//! let ty = TensorType::new(DType::F64, [2]);
//! let (x, v) = (b.input("x", ty.clone()), b.input("v", ty));
//! let cube = { let square = b.mul(x, x); b.mul(square, x) };
//! let f = b.sum(cube);
//! let one = b.scalar(DType::F64, 1.0);
//! let gradient = vjp(&mut b, &[f], &[Some(one)], &[x])[0].unwrap();
//! let hv = jvp(&mut b, &[gradient], &[x], &[Some(v)])[0].unwrap();
//! let program = b.program(&[x, v], &[hv])?;
//! let out = Reference.evaluate(&program, &[Tensor::f64([2], vec![1.0, 2.0]), Tensor::f64([2], vec![1.0, 10.0])])?;
//! assert_eq!(out[0].to_f64(), [6.0, 120.0]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod attrs;
mod builder;
pub mod contract;
mod error;
mod executor;
mod graph;
mod ops;
pub mod prim;
mod program;
pub mod reference;
pub mod stablehlo;
mod tensor;
pub mod text;
pub mod transform;
mod types;
pub mod verify;

pub use attrs::{Attr, Attrs};
pub use builder::Builder;
pub use error::{ExecError, TypeError};
pub use executor::{Buffer, Executable, Executor, Reference, check_inputs, upload_spread};
pub use graph::{Graph, Node, Value};
pub use prim::{Prim, Primitive};
pub use program::{Flop, Program};
pub use tensor::{Data, Tensor};
pub use types::{DType, TensorType};
