//! Errors of curvature measurements.

use dupin_ir::{ExecError, TensorType, TypeError};

/// Why a curvature measurement failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The traced model is ill-typed.
    #[error("the model's graph is ill-typed: {0}")]
    Type(#[from] TypeError),
    /// The executor failed.
    #[error(transparent)]
    Exec(#[from] ExecError),
    /// An estimator failed.
    #[error(transparent)]
    Linop(#[from] dupin_linop::Error),
    /// A list of parameters or of a batch's tensors has another length than the traced model.
    #[error("the traced model takes {expected} {what}, {found} were given")]
    Count {
        /// Of what.
        what: &'static str,
        /// How many it takes.
        expected: usize,
        /// How many came.
        found: usize,
    },
    /// A parameter has another type than the traced model.
    #[error("parameter `{name}` must be {expected}, {found} was given")]
    Parameter {
        /// Its name.
        name: String,
        /// Its type in the graph.
        expected: TensorType,
        /// The type that came.
        found: TensorType,
    },
    /// A loss or gradient that is not finite.
    #[error(
        "{what} is {value} in batch {batch}: the network or its data hold values that are not finite; look for a diverged checkpoint or too large inputs"
    )]
    NotFinite {
        /// Which quantity.
        what: &'static str,
        /// Which batch, from 0.
        batch: usize,
        /// Its value.
        value: f64,
    },
    /// The square root given for the loss's curvature in the logits is not one.
    #[error(
        "`S Sᵀ v` differs by {difference} from `H_z v`, whose largest entry is {largest}: give the root of the very loss, with the weights that stand in it"
    )]
    LossRoot {
        /// Largest difference.
        difference: f64,
        /// Largest entry of what it should be.
        largest: f64,
    },
    /// Exact matrices are asked of a net too large for them.
    #[error(
        "dense matrices of {params} parameters would take {bytes} bytes; they are limited to {limit} parameters: estimate traces and eigenvalues instead"
    )]
    TooLarge {
        /// Number of parameters.
        params: usize,
        /// Bytes of one matrix.
        bytes: usize,
        /// Most parameters.
        limit: usize,
    },
}
