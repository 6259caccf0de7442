//! Hessian, Gauss-Newton and nonlinear modeling error of a network as operators over any executor.
//!
//! For a loss `L(θ) = Σ_n w_n ℓ(z_n(θ), y_n)` with logits `z`, Jacobian `J = ∇_θ z` and `H_z = ∇²_z L`:
//!
//! ```text
//! H = ∇²_θ L = Jᵀ H_z J + ∇_z L · ∇²_θ z = G + N
//! ```
//!
//! `G`, the Gauss-Newton part, is positive semi-definite for convex losses; `N`, the nonlinear modeling error, is indefinite
//! and vanishes where the residuals `∇_z L` do. [`products`] writes the three as expressions of one graph that share the
//! primal pass, the tangent pass and the cotangents; [`Split`] runs them over a whole data set.

mod dense;
mod error;
mod layout;
pub mod products;
mod split;
mod structured;
mod traced;
mod traces;

pub use dense::{DenseSplit, dense};
pub use error::Error;
pub use layout::Layout;
pub use split::{Part, PartOperator, Products, Rayleigh, Split, SplitParams};
pub use structured::{Curve, LossRoot, Outside, Root, StructuredOutcome, StructuredParams, StructuredTraces, structured};
pub use traced::Traced;
pub use traces::{GroupTrace, SplitTraces, traces};
