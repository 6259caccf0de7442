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
    /// Text for a model that reads numbers, or numbers for one that reads tokens.
    #[error(
        "the model `{model}` reads {takes}, the data set `{data}` has {has}: text, such as `shakespeare`, is for models such as `char`"
    )]
    Kind {
        /// Model specification.
        model: String,
        /// What it reads.
        takes: &'static str,
        /// Data set.
        data: String,
        /// What it has.
        has: &'static str,
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
        "training diverged: the loss is {loss} at step {step} of epoch {epoch}, after {steps} steps in all; first not finite: {first}; \
         a smaller learning rate or rho may help"
    )]
    Diverged {
        /// Epoch, from 1.
        epoch: usize,
        /// Step within the epoch, from 1.
        step: usize,
        /// Steps that went well.
        steps: u64,
        /// The loss.
        loss: f64,
        /// What is first not finite, by name.
        first: String,
    },
    /// A checkpoint that does not belong to this run.
    #[error("{path}: {problem}")]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// What is wrong and what to do.
        problem: String,
    },
    /// The state of another run.
    #[error(
        "{path}: it belongs to a run with other settings than config.toml beside it has; restore that file, or start a new run"
    )]
    ForeignCheckpoint {
        /// The file.
        path: PathBuf,
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
