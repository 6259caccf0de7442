//! Kernels: what the executor's instructions run.

pub mod contract;
