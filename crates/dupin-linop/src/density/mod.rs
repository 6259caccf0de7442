//! The density of all eigenvalues, and traces of functions of an operator.

mod quadrature;

pub use quadrature::{Density, Quadrature, Smoothed, lanczos_quadrature};
