//! Errors: what was expected, what came, what to do.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

mod model;

pub use model::ModelProblem;

/// Why a network could not be made, or a weight file not be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A model that cannot be read or whose layers do not fit.
    #[error("cannot use the model{}: {problem}{}", named(spec, expanded.as_deref()), Pointer(expanded.as_deref().unwrap_or(spec), at))]
    Model {
        /// The model.
        spec: String,
        /// What it stands for, if that has the problem.
        expanded: Option<String>,
        /// The part of it (or of what it stands for), in bytes.
        at: Range<usize>,
        /// What is wrong with the part.
        problem: Box<ModelProblem>,
    },
    /// A text that names no loss.
    #[error("`{text}` is not a loss: write `ce`, `ce:SMOOTHING` (such as `ce:0.1`) or `mse`")]
    UnknownLoss {
        /// What was given.
        text: String,
    },
    /// A smoothing outside its range.
    #[error("`{smoothing}` in `{text}` is not a label smoothing: it must be a number from 0 to below 1, such as `ce:0.1`")]
    Smoothing {
        /// What was given.
        text: String,
        /// The part after the colon.
        smoothing: String,
    },
    /// A text that names no initial values.
    #[error(
        "`{text}` is not an initialisation: known are {}; a gain follows a colon, as in `he_normal:0.5`",
        list(crate::Init::names())
    )]
    UnknownInit {
        /// What was given.
        text: String,
    },
    /// A gain that is no finite number of at least 0.
    #[error("`{gain}` in `{text}` is not a gain: it must be a finite number of at least 0, as in `he_normal:0.5`")]
    Gain {
        /// What was given.
        text: String,
        /// The part after the colon.
        gain: String,
    },
    /// The operating system refused.
    #[error("cannot {action} {}: {source}; check that the folder exists and that the file may be {}", path.display(), if *action == "read" { "read" } else { "written" })]
    Io {
        /// `read` or `write`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What it says.
        source: std::io::Error,
    },
    /// A file of another format, or a damaged one.
    #[error("{} is not a safetensors file: {reason}", path.display())]
    NotSafetensors {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A file that ends too early.
    #[error("{} is truncated: its header announces {expected} bytes, the file has {found}; copy or save it again", path.display())]
    Truncated {
        /// The file.
        path: PathBuf,
        /// Bytes that it should have.
        expected: u64,
        /// Bytes that it has.
        found: u64,
    },
    /// An element of a file that has no place in Dupin's types.
    #[error("{}: tensor `{name}` has elements of type {dtype}{}, which cannot be read; save it as F32 or F64, class labels as I32 or I64 below 2^31", path.display(), if *dtype == "I64" { " beyond 32 bits" } else { "" })]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// Its element type, in the format's words.
        dtype: String,
    },
    /// The tensors of a file are not those of the network.
    #[error("{} does not hold the weights of `{model}`{}:{}", path.display(), written_for(saved.as_deref(), model), Problems(problems))]
    Mismatch {
        /// The file.
        path: PathBuf,
        /// The network.
        model: String,
        /// The model that the file says it is of.
        saved: Option<String>,
        /// Everything that does not fit.
        problems: Vec<TensorProblem>,
    },
}

/// How one tensor of a file differs from what a network needs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TensorProblem {
    /// Not in the file.
    #[error("`{name}` {expected:?} is missing")]
    Missing {
        /// Its name.
        name: String,
        /// Its shape on disk.
        expected: Vec<usize>,
    },
    /// Not in the network.
    #[error("`{name}` {found:?} is not part of the model")]
    Unexpected {
        /// Its name.
        name: String,
        /// Its shape.
        found: Vec<usize>,
    },
    /// Another shape.
    #[error("`{name}` must have shape {expected:?}, the file has {found:?}")]
    Shape {
        /// Its name.
        name: String,
        /// Shape of the network.
        expected: Vec<usize>,
        /// Shape in the file.
        found: Vec<usize>,
    },
    /// Not floats.
    #[error("`{name}` must hold floats, the file has {found}")]
    DType {
        /// Its name.
        name: String,
        /// Element type in the file.
        found: dupin_ir::DType,
    },
}

/// The model with a part of it underlined, on lines of their own; of a long model the neighbourhood.
struct Pointer<'a>(&'a str, &'a Range<usize>);

impl fmt::Display for Pointer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const BEFORE: usize = 40;
        const SHOWN: usize = 100;
        let Self(spec, at) = self;
        let columns = |range: Range<usize>| spec.get(range).map_or(0, |part| part.chars().count());
        let (before, within) = (columns(0..at.start), columns((*at).clone()).max(1));
        let from = if columns(0..spec.len()) > SHOWN { before.saturating_sub(BEFORE) } else { 0 };
        // A control character would break the columns, or the terminal.
        let printable = |c: char| if c.is_control() { '\u{fffd}' } else { c };
        let shown: String = spec.chars().skip(from).take(SHOWN).map(printable).collect();
        let left = if from > 0 { "..." } else { "" };
        let right = if columns(0..spec.len()) > from + SHOWN { "..." } else { "" };
        let blanks = " ".repeat(left.len() + before - from);
        let carets = "^".repeat(within.min((from + SHOWN).saturating_sub(before).max(1)));
        write!(f, "\n  {left}{shown}{right}\n  {blanks}{carets}")
    }
}

/// The first problems, one per line, and how many more there are.
struct Problems<'a>(&'a [TensorProblem]);

impl fmt::Display for Problems<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 8;
        for problem in self.0.iter().take(SHOWN) {
            write!(f, "\n  {problem}")?;
        }
        if self.0.len() > SHOWN {
            write!(f, "\n  and {} more", self.0.len() - SHOWN)?;
        }
        f.write_str("\nload it with the model it was saved from, or save weights with PyTorch's names and shapes of this one")
    }
}

/// Of a model that is an abbreviation, its own text: what is underlined is another.
fn named(spec: &str, expanded: Option<&str>) -> String {
    expanded.map_or_else(String::new, |_| format!(" `{spec}`"))
}

fn written_for(saved: Option<&str>, model: &str) -> String {
    saved.filter(|s| *s != model).map_or_else(String::new, |s| format!(" (it says its model is `{s}`)"))
}

fn list(names: impl Iterator<Item = &'static str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}
