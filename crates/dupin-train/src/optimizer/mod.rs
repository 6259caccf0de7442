//! Optimizers: how a direction moves the parameters.

mod sgd;

pub use sgd::Sgd;
