//! Errors: data that can speak.

use std::panic::Location;

use crate::types::TensorType;

/// A graph that cannot be built: a primitive applied to operands that it does not accept, or a missing input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeError {
    /// The primitive.
    pub primitive: &'static str,
    /// Number in the primitive's documentation, such as `"C2"`; `"arity"` for the number of operands.
    pub constraint: &'static str,
    /// What it was applied to.
    pub operands: Vec<TensorType>,
    /// The call in user code.
    pub at: &'static Location<'static>,
}

impl std::fmt::Display for TypeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.primitive == "input" {
            return write!(
                f,
                "{}: the outputs depend on an input of type {} that is not listed among the program's inputs",
                self.at, self.operands[0]
            );
        }
        write!(f, "{}: `{}` breaks its constraint {} on operands {:?}", self.at, self.primitive, self.constraint, self.operands)
    }
}

impl std::error::Error for TypeError {}

/// What an executor can fail with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExecError {
    /// A program is given another number of inputs than it takes.
    #[error("the program takes {expected} inputs, {found} were given")]
    InputCount {
        /// Inputs of the program.
        expected: usize,
        /// Inputs given.
        found: usize,
    },
    /// An input has another type than the program declares.
    #[error("input {index} (`{name}`) must be {expected}, {found} was given")]
    InputType {
        /// Position.
        index: usize,
        /// Name in the graph.
        name: String,
        /// Declared type.
        expected: TensorType,
        /// Type given.
        found: TensorType,
    },
    /// A buffer that another executor made.
    #[error("a buffer of type {ty} does not belong to the executor `{executor}`; upload the tensor there first")]
    ForeignBuffer {
        /// The executor asked.
        executor: String,
        /// Type of the buffer.
        ty: TensorType,
    },
    /// The memory plan is over the limit.
    #[error(
        "the program needs {needed} bytes, over the limit of {limit}; a smaller batch needs less (about {fitting_percent} % of this one would fit)"
    )]
    OutOfMemory {
        /// Peak of the plan.
        needed: usize,
        /// Limit set.
        limit: usize,
        /// Share of the batch that would fit, in percent.
        fitting_percent: usize,
    },
    /// Whatever a device reports.
    #[error("the executor `{executor}` failed: {message}")]
    Device {
        /// The executor.
        executor: String,
        /// Its words.
        message: String,
    },
}
