//! Symmetric operators known by their products: trace, eigenvalue and density estimators with error bars.
//!
//! A curvature matrix of a network with `n` parameters has `n²` entries and is never formed; it can only be multiplied
//! with vectors. [`SymmetricOperator`] is that ability, and everything here is computed from it:
//!
//! | question | function |
//! |---|---|
//! | trace | [`hutchinson`], [`hutchpp`], [`xtrace`]; several from the same probes, resumable, [`TraceRun`] |
//! | diagonal, Frobenius norm | [`hutchinson_diagonal`], [`xdiag`], [`frobenius_squared`] |
//! | eigenpairs at either end of the spectrum | [`lanczos`]; from a block, [`lobpcg`] |
//! | density of all eigenvalues, traces of functions | [`lanczos_quadrature`] |
//! | moments, share of negative mass, effective ranks | [`Density`] |
//! | what directions have in common | [`cosine`], [`alignment`], [`subspace_overlap`] |
//! | all eigenvalues of a small operator | [`eigenvalues`] |
//!
//! Three invariants hold throughout:
//! - An estimate carries its standard error (or residual), the number of products it took, and what ended it.
//! - The same operator and seed give the same bits. Randomness is an argument ([`Rng`]), never ambient.
//! - The first product that holds a NaN or an infinity ends the computation as [`Error::NotFinite`].
//!
//! # Examples
//! ```
//! use dupin_linop::{Diagonal, Distribution, Rng, StoppingRule, hutchinson};
//! let a = Diagonal::new([1.0, 2.0, 5.0]);
//! let trace = hutchinson(&a, Distribution::Rademacher, &StoppingRule::products(4), &mut Rng::new(0))?;
//! assert_eq!(trace.to_string(), "8 ± 0 (hutchinson, 4 products)");
//! # Ok::<(), dupin_linop::Error>(())
//! ```

mod algebra;
mod basis;
mod diagonal;
mod error;
mod estimate;
mod frobenius;
mod operator;
mod overlap;
mod products;
mod rng;
mod sampling;
mod sketch;
mod stopping;
mod student;
mod tridiagonal;

pub mod density;
pub mod eigen;
pub mod trace;
pub mod vector;

pub use algebra::{Projected, Scaled, Shifted, Sum};
pub use density::{Density, EffectiveRank, Quadrature, Smoothed, lanczos_quadrature, lanczos_quadrature_with};
pub use diagonal::{DiagonalEstimate, hutchinson_diagonal, xdiag};
pub use eigen::{
    Eigenpairs, Lanczos, LanczosParams, LanczosState, LobpcgParams, Which, eigenvalues, lanczos, lobpcg, lobpcg_with,
};
pub use error::Error;
pub use estimate::{Ended, Estimate, Interval, RunningMean};
pub use frobenius::frobenius_squared;
pub use operator::{Dense, Diagonal, FnOperator, SymmetricOperator};
pub use overlap::{SubspaceOverlap, alignment, cosine, subspace_overlap};
pub use products::Products;
pub use rng::{Distribution, Rng};
pub use stopping::StoppingRule;
pub use student::student_t_quantile;
pub use trace::{TraceRun, TraceState, hutchinson, hutchpp, xtrace};
