//! The diagonal of an operator, entry by entry with its error. [`hutchinson_diagonal`] for flat spectra, [`xdiag`] where eigenvalues decay.

mod hutchinson;
mod xdiag;

pub use hutchinson::hutchinson_diagonal;
pub use xdiag::xdiag;

/// Estimated diagonal of an operator.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct DiagonalEstimate {
    /// Estimates of `aᵢᵢ`: `[n]`.
    pub values: Vec<f64>,
    /// Standard error of each: `[n]`. `None` after one probe, which cannot tell.
    pub std_errors: Option<Vec<f64>>,
    /// Products with the operator.
    pub matvecs: usize,
}
