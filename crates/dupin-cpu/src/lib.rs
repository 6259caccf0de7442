//! The native executor of dupin-ir programs: fused, multi-threaded, deterministic.

pub mod kernel;
