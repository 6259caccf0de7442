//! Trace estimators. Which one:
//!
//! | method | good for | error after `m` products |
//! |---|---|---|
//! | [`hutchinson()`] | flat spectra, rough answers, long runs that stop on their error | `∝ ‖A‖_F / √m` |
//! | [`hutchpp()`] | a few large eigenvalues over a flat rest, many products | that of Hutchinson on what a sketch leaves over |
//! | [`xtrace()`] | decaying spectra at the fewest products | at most about that of Hutch++, much less on fast decay |
//!
//! All are unbiased, and each product counts as one wherever it is spent.

mod hutchinson;
mod hutchpp;
mod shared;
mod xtrace;

pub use hutchinson::hutchinson;
pub use hutchpp::hutchpp;
pub use shared::{TraceRun, TraceState};
pub use xtrace::xtrace;
