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
//!
//! | question | item |
//! |---|---|
//! | `Hv`, `Gv`, `Nv`, the gradient, over a data set | [`Split`] |
//! | any matrix as an operator: parts, within and between layers, Fisher matrices, covariance of gradients | [`Split::operator`], [`Matrix`] |
//! | the same of some layers alone | [`Split::restricted`], [`Selection`] |
//! | traces, of all and of every layer | [`structured`], or [`traces()`] where a network is not of its class |
//! | what changed between two points | [`structured_change`], [`traces_change`] |
//! | loss and norms over a plane | [`landscape()`] |
//! | diagonal of `G` exactly, gradient norms of single examples | [`Examples`] |
//! | all entries of small matrices | [`dense`] |
//! | whether passes over the data agree | [`check_agreement`] |

mod agreement;
mod dense;
mod error;
mod examples;
mod family;
mod fisher;
mod landscape;
mod layout;
mod matrix;
pub mod products;
mod replicas;
mod select;
mod split;
mod structured;
mod traced;
mod traces;

pub use agreement::{Agreement, check_agreement};
pub use dense::{DenseSplit, dense};
pub use error::Error;
pub use examples::Examples;
pub use fisher::{Fisher, Labels, Likelihood};
pub use landscape::{Axis, Landscape, LandscapePoint, Norm, Norms, filter_normalized, landscape};
pub use layout::Layout;
pub use matrix::{Matrix, Part};
pub use select::Selection;
pub use split::{MatrixOperator, Products, Rayleigh, Split, SplitParams};
pub use structured::{
    Curve, LossRoot, Outside, Root, StructuredOutcome, StructuredParams, StructuredPoint, StructuredTraces, squared_gradients,
    structured, structured_change,
};
pub use traced::Traced;
pub use traces::{GroupTrace, SplitTraces, TracesChange, traces, traces_change};
