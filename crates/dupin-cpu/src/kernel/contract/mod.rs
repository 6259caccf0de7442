//! Every matrix product and convolution of a program: one packed, register-tiled engine over strided buffers.
//!
//! [`Contraction`] says what to compute, [`Plan`] decides once how (blocks, chunks, copies, scratch sizes) and
//! [`Plan::run`] computes without allocating.
//!
//! - The reduced index and the rows address the left operand through offset tables, so that a convolution is a matrix product
//!   whose rows overlap in memory: no im2col matrix is ever built. Zero padding, or an order of elements that would thrash the
//!   cache, is resolved by copying the part of the image that a task needs into the task's scratch, once.
//! - The right operand (weights, as a rule) is packed into panels once per run, or per task where only one task reads it.
//! - A dilated left operand is split into phases without holes, so that nothing is multiplied by a hole.
//! - Convolutions with small windows go by patches where that takes fewer multiplications (module `winograd`).
//! - Where the result is small and the reduction long (weight gradients), the reduction is cut into chunks with an accumulator
//!   each, summed in a fixed order.
//!
//! **Invariant**: blocks, chunks and the order of every sum depend on the shapes and the instruction set alone, never on the number
//! of threads. Each task writes elements that no other task touches.
//!
//! # Source
//! Blocking after Goto & van de Geijn (2008), "Anatomy of high-performance matrix multiplication", and Van Zee & van de Geijn (2015),
//! "BLIS"; offset tables in the place of im2col after Dukhan (2019), "The indirect convolution algorithm".

// The one folder with raw pointers: tasks of one buffer run in parallel, and the micro-kernels are intrinsics.
#![allow(unsafe_code)]

mod addend;
mod beside;
mod copy;
mod isa;
mod kernel;
mod phase;
mod plan;
mod problem;
mod run;
mod simd;
mod tables;
mod task;
mod winograd;
mod workspace;

#[cfg(test)]
mod tests;

pub use isa::{Element, Isa};
pub use plan::Plan;
pub use problem::{Axis, Contraction, Spatial};
pub use run::{Call, Stage};
pub use workspace::{Local, Workspace};

/// Why a contraction cannot be planned or run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContractError {
    /// More than two spatial dimensions.
    #[error("a contraction has at most 2 spatial dimensions, but {spatial} were given; express the others as axes")]
    Rank {
        /// Spatial dimensions given.
        spatial: usize,
    },
    /// A stride or dilation of 0.
    #[error("window strides and dilations are at least 1, but one is 0")]
    ZeroStep,
    /// More than 2⁶⁰ multiply-adds, or a padded and dilated dimension of more than 2³⁰ positions.
    #[error(
        "the contraction has more than 2^60 multiply-adds or more than 2^30 positions in a padded, dilated dimension; split it"
    )]
    TooLarge,
    /// An axis with a stride in a buffer that does not carry it.
    #[error(
        "a row has no stride in the right operand, a column none in the left and a reduced axis none in the result, but one has"
    )]
    StrayStride,
    /// Two indices of the result share an element.
    #[error(
        "the result's strides let two indices share an element; give the result strides that each jump over all smaller ones"
    )]
    Overlap,
    /// Some index lies below the buffer's start or beyond the address space.
    #[error(
        "operand {operand} (0 left, 1 right, 2 result) is addressed below its start or beyond the address space; correct its base or strides"
    )]
    Address {
        /// 0: left, 1: right, 2: result.
        operand: usize,
    },
    /// A feature or batch group count that does not divide the output features.
    #[error("{count} groups do not divide {features} output features; use a group count that divides them")]
    Groups {
        /// Groups asked for.
        count: usize,
        /// Size of the last column axis.
        features: usize,
    },
    /// A buffer shorter than the strides reach.
    #[error("operand {operand} (0 left, 1 right, 2 result) needs {expected} elements, but {got} were given")]
    TooShort {
        /// 0: left, 1: right, 2: result.
        operand: usize,
        /// Elements that the strides reach.
        expected: usize,
        /// Elements of the slice.
        got: usize,
    },
    /// A workspace that was not reserved for the plan.
    #[error("the workspace is too small for this plan; call `Workspace::reserve` with the plan before running it")]
    Workspace,
    /// An instruction set that this processor lacks.
    #[error("this processor does not run {isa:?}; use `Isa::detect`")]
    Isa {
        /// The instruction set asked for.
        isa: Isa,
    },
}
