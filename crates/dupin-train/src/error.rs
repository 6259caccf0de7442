//! Errors of training.

use std::path::PathBuf;

/// Why training failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting that cannot be used.
    #[error("`{setting}` cannot be `{value}`: {expected}")]
    Setting {
        /// Which setting.
        setting: &'static str,
        /// What was given.
        value: String,
        /// What it must be.
        expected: String,
    },
    /// The data do not fit the model.
    #[error(
        "the model `{model}` takes examples of shape {takes:?} (height, width, channels, or a length), the data set `{data}` has {has:?}"
    )]
    Shape {
        /// Model specification.
        model: String,
        /// Shape it takes.
        takes: Vec<usize>,
        /// Data set.
        data: String,
        /// Shape it has.
        has: Vec<usize>,
    },
    /// The data have more classes than the model has outputs.
    #[error(
        "the model `{model}` has {outputs} outputs, the data set `{data}` has {classes} classes: the last layer needs one output per class"
    )]
    Classes {
        /// Model specification.
        model: String,
        /// Its outputs.
        outputs: usize,
        /// Data set.
        data: String,
        /// Its classes.
        classes: usize,
    },
    /// The loss is no longer finite.
    #[error(
        "training diverged: the loss is {loss} at step {step} of epoch {epoch}; a smaller learning rate or rho may help, the state before this epoch is kept"
    )]
    Diverged {
        /// Epoch, from 1.
        epoch: usize,
        /// Step within the epoch, from 1.
        step: usize,
        /// The loss.
        loss: f64,
    },
    /// A checkpoint that does not belong to this run.
    #[error("{path}: {problem}")]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// What is wrong and what to do.
        problem: String,
    },
    /// The model.
    #[error(transparent)]
    Nn(#[from] dupin_nn::Error),
    /// The data.
    #[error(transparent)]
    Data(#[from] dupin_data::Error),
    /// The graph.
    #[error(transparent)]
    Type(#[from] dupin_ir::TypeError),
    /// The executor.
    #[error(transparent)]
    Exec(#[from] dupin_ir::ExecError),
}

impl Error {
    pub(crate) fn setting(setting: &'static str, value: &(impl ToString + ?Sized), expected: impl Into<String>) -> Self {
        Self::Setting { setting, value: value.to_string(), expected: expected.into() }
    }
}
