//! The density of all eigenvalues, and traces of functions of an operator.

mod functionals;
mod quadrature;

pub use functionals::EffectiveRank;
pub use quadrature::{Density, Quadrature, Smoothed, lanczos_quadrature, lanczos_quadrature_with};
