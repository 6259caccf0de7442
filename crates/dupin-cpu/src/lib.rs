//! The native executor of dupin-ir programs: fused, multi-threaded, deterministic.
//!
//! A program is *lowered* to steps (views resolved, elementwise chains fused, sums of contractions accumulated), *planned* (an order
//! and one arena) and run on a thread pool. [`Cpu`] is the executor, [`Compiled`] a program that prints what it does.
//!
//! **Invariant**: how work is divided and in which order anything is summed depends on the shapes and the instruction set, never on
//! the number of threads.

mod beside;
mod contraction;
mod cpu;
mod defer;
mod fuse;
pub mod kernel;
mod lower;
mod movement;
mod plan;
mod readers;
mod run;
mod step;
mod tape;
mod terms;
mod view;

pub use cpu::Cpu;
pub(crate) use cpu::NAME;
pub use run::{Compiled, KernelTime};
