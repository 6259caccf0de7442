//! Kernels: what the executor's steps run. The only folder with raw memory and instruction sets.

pub mod contract;

#[allow(unsafe_code, reason = "tasks of one step write disjoint parts of shared memory")]
pub(crate) mod memory;
#[allow(unsafe_code, reason = "tiles are slices of raw memory, compiled per instruction set")]
pub(crate) mod tape;

pub(crate) mod activation;
#[allow(unsafe_code, reason = "copies between raw memory")]
pub(crate) mod copy;
#[allow(unsafe_code, reason = "tasks of one kernel write disjoint parts of its result")]
pub(crate) mod direct;
pub(crate) mod elementwise;
#[allow(unsafe_code, reason = "tiles are slices of raw memory")]
mod frame;
#[allow(unsafe_code, reason = "binds addresses to storages, as the plan says")]
pub(crate) mod machine;
mod math;
#[allow(unsafe_code, reason = "calls of functions that are compiled for instruction sets which were found")]
mod random;
#[allow(clippy::excessive_precision, clippy::approx_constant, reason = "coefficients of polynomials, as fitted")]
mod real;
#[allow(unsafe_code, reason = "tasks of one kernel write disjoint parts of its result")]
pub(crate) mod reduce_sum;

#[allow(unsafe_code, reason = "instructions that every processor of the architecture has, on slices")]
pub(crate) mod stream;

#[cfg(test)]
mod accuracy;
