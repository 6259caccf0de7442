//! Errors: what was expected, what came, what to do.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

use dupin_ir::prim::activation::ParseActivationError;

/// Why a network could not be made, or a weight file not be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A model that cannot be read or whose layers do not fit.
    #[error("cannot use the model: {problem}{}", Pointer(spec, at))]
    Model {
        /// The model.
        spec: String,
        /// The part of it, in bytes.
        at: Range<usize>,
        /// What is wrong with the part.
        problem: ModelProblem,
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

/// What is wrong with a part of a model.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ModelProblem {
    /// No model of that name.
    #[error("there is no model `{name}`{}; write `mlp:784-256-10`, `logistic:784-10`, `lenet`, `cnn` or `net:INPUT,LAYER,...`", did_you_mean(*closest))]
    UnknownModel {
        /// The name.
        name: String,
        /// A model that is spelled nearly so.
        closest: Option<&'static str>,
    },
    /// A space, tab or line break.
    #[error("a model holds no white space: write it without")]
    Whitespace,
    /// A model that takes nothing after its name.
    #[error("`{name}` takes no sizes: write `{name}` alone, or `net:...` for one of your own")]
    NoSizes {
        /// The name.
        name: &'static str,
    },
    /// The number of widths of a dense model.
    #[error("`{name}` takes {expected}, found {found}")]
    Widths {
        /// The model.
        name: &'static str,
        /// How many it takes, in words.
        expected: &'static str,
        /// How many came.
        found: usize,
    },
    /// Not a number, or one out of range.
    #[error("expected {what}, a whole number from {least} to {most}, found {}", quoted(found))]
    Number {
        /// What the number is.
        what: &'static str,
        /// Smallest that is allowed.
        least: usize,
        /// Largest that is allowed.
        most: usize,
        /// What came.
        found: String,
    },
    /// An input that is neither a width nor a map.
    #[error("`{found}` is not an input: write a width, as in `64`, or channels, height and width, as in `1x28x28`")]
    Input {
        /// What came.
        found: String,
    },
    /// Two commas without a layer between them, or no layer at all.
    #[error("a layer is missing here: layers are separated by single commas, as in `net:64,fc32,act,fc10`")]
    MissingLayer,
    /// No layer and no activation of that name.
    #[error("there is no layer `{token}`{}; layers are conv<C>, fc<N>, act, avgpool<K>, maxpool<K>, gap, flatten, bn, ln, res(...) and the activations", did_you_mean(*closest))]
    UnknownLayer {
        /// The token.
        token: String,
        /// A layer that is spelled nearly so.
        closest: Option<&'static str>,
    },
    /// A layer with a part that cannot be read.
    #[error("cannot read `{found}` in `{token}`: expected {form}")]
    Option {
        /// The token.
        token: String,
        /// From where on it cannot be read.
        found: String,
        /// How the layer is written.
        form: &'static str,
    },
    /// An option that is given twice.
    #[error("`{token}` gives the option `{option}` twice")]
    Repeated {
        /// The token.
        token: String,
        /// The option.
        option: char,
    },
    /// An activation with wrong parameters.
    #[error(transparent)]
    Activation(#[from] ParseActivationError),
    /// Parentheses that do not pair.
    #[error("the parentheses do not pair: a residual block is `res(LAYERS)` or `res(LAYERS|LAYERS)`")]
    Parentheses,
    /// A residual block with more than one bar.
    #[error("a residual block has at most two parts, `res(BODY|SHORTCUT)`, this one has {parts}")]
    Parts {
        /// How many it has.
        parts: usize,
    },
    /// Residual blocks within residual blocks beyond any use.
    #[error("residual blocks are nested more than {limit} deep")]
    Depth {
        /// How deep they may be.
        limit: usize,
    },
    /// A layer for maps after a vector.
    #[error(
        "`{token}` works on maps, but a vector of {width} features comes in: start from an input such as `1x28x28` and put it before `flatten` and `gap`"
    )]
    NeedsMap {
        /// The token.
        token: String,
        /// What comes in.
        width: usize,
    },
    /// A layer for vectors after a map.
    #[error("`{token}` works on vectors, but a map of {map} comes in: put `flatten` or `gap` before it")]
    NeedsVector {
        /// The token.
        token: String,
        /// What comes in, `CxHxW`.
        map: String,
    },
    /// A window that fits nowhere.
    #[error(
        "a window of {size}x{size} does not fit into a map of {height}x{width} with padding {padding}: use a smaller window, more padding or less pooling before"
    )]
    Window {
        /// Its extent.
        size: usize,
        /// Rows of the map.
        height: usize,
        /// Columns of the map.
        width: usize,
        /// Padding on each side.
        padding: usize,
    },
    /// A pooling window that could hold nothing but padding.
    #[error("a padding of {padding} is more than half of the pooling window of {size}: at most {} is allowed", size / 2)]
    Padding {
        /// Padding on each side.
        padding: usize,
        /// Extent of the window.
        size: usize,
    },
    /// Groups that do not divide the channels.
    #[error("{groups} groups must divide both the {inputs} channels that come in and the {outputs} that go out")]
    Groups {
        /// Number of groups.
        groups: usize,
        /// Channels that come in.
        inputs: usize,
        /// Channels that go out.
        outputs: usize,
    },
    /// A residual block that adds different shapes.
    #[error(
        "the body gives {body}, the shortcut {shortcut}, which cannot be added: give the shortcut layers of its own, as in `res(conv64s2,act,conv64|conv64k1s2p0)`"
    )]
    Residual {
        /// Shape of the body.
        body: String,
        /// Shape of the shortcut.
        shortcut: String,
    },
    /// A network without scores at its end.
    #[error("the network ends in a map of {map}, expected one score per class: end with `gap,fc10` or `flatten,fc10`")]
    EndsInMap {
        /// Shape at the end, `CxHxW`.
        map: String,
    },
    /// Nothing to train.
    #[error("the network has no parameters: add a layer that has some, such as `fc10`")]
    NoParameters,
    /// Sizes beyond what tensors can hold.
    #[error("{what} would have more than {limit} elements: use smaller sizes")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// Most elements.
        limit: usize,
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

fn written_for(saved: Option<&str>, model: &str) -> String {
    saved.filter(|s| *s != model).map_or_else(String::new, |s| format!(" (it says its model is `{s}`)"))
}

fn did_you_mean(closest: Option<&str>) -> String {
    closest.map_or_else(String::new, |c| format!(" (did you mean `{c}`?)"))
}

fn quoted(found: &str) -> String {
    if found.is_empty() { "nothing".into() } else { format!("`{found}`") }
}

fn list(names: impl Iterator<Item = &'static str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}
