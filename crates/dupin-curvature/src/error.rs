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
    /// A name that chooses no parameter.
    #[error("{}", no_parameter(pattern, names))]
    NoParameter {
        /// What was asked for.
        pattern: String,
        /// What there is.
        names: Vec<String>,
    },
    /// The weights named are no input of the batches.
    #[error("the weights of the examples must be one of the inputs that a batch gives (`Traced::data`)")]
    NoWeights,
    /// Two passes over the data differ.
    #[error(
        "the {what} of two passes over the data differs by {difference:.1e} of its size, where rounding makes at most {tolerance:.1e}: each pass must \
         see the same examples with the same weights, without dropout or random augmentation, and normalisation must not take \
         the statistics of a batch (use its running statistics, or one batch with all examples)"
    )]
    Disagree {
        /// Which quantity.
        what: &'static str,
        /// Relative difference.
        difference: f64,
        /// What rounding makes of it.
        tolerance: f64,
    },
    /// A graph over more than one example where one is needed.
    #[error("a model traced over one example is needed here, but its logits are {found}: trace it with a batch of 1")]
    OneExample {
        /// Type of the logits.
        found: TensorType,
    },
}

fn no_parameter(pattern: &str, names: &[String]) -> String {
    if names.is_empty() {
        return format!("`{pattern}` is not a list of names: write them with commas between, as in `0,2.weight,*.bias`");
    }
    let list = names.join(", ");
    format!("`{pattern}` fits no parameter; the network has {list} (`*` and `?` are wildcards, a layer's name chooses all of it)")
}
