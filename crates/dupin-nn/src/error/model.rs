//! What can be wrong with a model.

use dupin_ir::prim::activation::ParseActivationError;

use super::list;
use crate::models::models;

/// What is wrong with a part of a model.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ModelProblem {
    /// No model of that name.
    #[error("there is no model `{name}`{}; write `net:INPUT,LAYER,...` for one of your own, or {}", did_you_mean(*closest), list(models().map(|m| m.names[0])))]
    UnknownModel {
        /// The name.
        name: String,
        /// A model that is spelled nearly so.
        closest: Option<&'static str>,
    },
    /// A space, tab or line break.
    #[error("a model holds no white space: write it without")]
    Whitespace,
    /// A word that is no option of a model.
    #[error("`{model}` has no option `{option}`{}; write {form}", did_you_mean(*closest))]
    UnknownOption {
        /// The model.
        model: String,
        /// The word.
        option: String,
        /// An option that is spelled nearly so.
        closest: Option<&'static str>,
        /// How the model is written.
        form: &'static str,
    },
    /// An option that is given twice.
    #[error("`{model}` is given the option `{option}` twice")]
    RepeatedOption {
        /// The model.
        model: String,
        /// The option.
        option: String,
    },
    /// An option with a value that it does not take.
    #[error("`{option}` takes {}, found {}", list(choices.iter().copied()), quoted(found))]
    Choice {
        /// The option.
        option: &'static str,
        /// What it takes.
        choices: &'static [&'static str],
        /// What came.
        found: String,
    },
    /// A model of a depth that its kind cannot have.
    #[error("`{found}` is not a wide residual network: write `wrn-D-K` with depth D = 6n+4 and width K, as in `wrn-28-10`")]
    WideResNet {
        /// What came.
        found: String,
    },
    /// Patches that do not tile an image.
    #[error("patches of {patch}x{patch} do not tile an image of {height}x{width}: `patch` must divide both")]
    Patch {
        /// Rows and columns of a patch.
        patch: usize,
        /// Rows of the image.
        height: usize,
        /// Columns of the image.
        width: usize,
    },
    /// Heads that do not share the features.
    #[error("{heads} heads cannot share {dim} features: `dim` must be a multiple of `heads`")]
    DimHeads {
        /// Number of heads.
        heads: usize,
        /// Features of a token.
        dim: usize,
    },
    /// A head for images of one size.
    #[error("`head=mlp` takes images of 224x224, found {height}x{width}: write `head=linear`")]
    Head {
        /// Rows of the image.
        height: usize,
        /// Columns of the image.
        width: usize,
    },
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
    #[error("there is no layer `{token}`{}; layers are conv<C>, fc<N>, act, avgpool<K>, maxpool<K>, gap, flatten, bn, gn<G>, ln, embed<D>, unembed, tokens, cls, pos, wpe, attn<H>, swap, first, res(...), seq(...) and the activations", did_you_mean(*closest))]
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
    #[error("the parentheses do not pair: a block is `res(LAYERS)`, `res(LAYERS|LAYERS)` or `seq(LAYERS)`")]
    Parentheses,
    /// A residual block with more than one bar.
    #[error("a residual block has at most two parts, `res(BODY|SHORTCUT)`, this one has {parts}")]
    Parts {
        /// How many it has.
        parts: usize,
    },
    /// Blocks within blocks beyond any use.
    #[error("blocks are nested more than {limit} deep")]
    Depth {
        /// How deep they may be.
        limit: usize,
    },
    /// A layer for maps after a vector.
    #[error(
        "`{token}` works on maps, but {found} comes in: start from an input such as `1x28x28` and put it before `flatten` and `gap`"
    )]
    NeedsMap {
        /// The token.
        token: String,
        /// What comes in.
        found: String,
    },
    /// A layer for sequences after a map or a vector.
    #[error("`{token}` works on sequences, but {found} comes in: put `tokens` after a map, or start from `tokens64v128,embed32`")]
    NeedsSequence {
        /// The token.
        token: String,
        /// What comes in.
        found: String,
    },
    /// A layer that is not for sequences.
    #[error("`{token}` works on vectors and maps, but a sequence comes in: use `ln`")]
    NoSequence {
        /// The token.
        token: String,
    },
    /// A layer that needs numbers after an input of tokens.
    #[error("`{token}` works on numbers, but tokens come in: put `embed<D>` before it, as in `net:tokens64v128,embed32,...`")]
    NeedsEmbedding {
        /// The token.
        token: String,
    },
    /// An embedding of what are no tokens.
    #[error("`{token}` works on tokens and must come first, after an input such as `tokens64v128`")]
    NeedsTokens {
        /// The token.
        token: String,
    },
    /// A tied head without what it is tied to.
    #[error("`unembed` scores tokens by the table of an `embed`, and there is none: use `fc<N>`")]
    NoEmbedding,
    /// A tied head of another width than its table.
    #[error("`unembed` takes the {features} features of `embed`, but {width} come in")]
    Unembedding {
        /// What comes in.
        width: usize,
        /// Features of a row of the table.
        features: usize,
    },
    /// Features that are not queries, keys and values.
    #[error(
        "{features} features are no queries, keys and values of {heads} heads: `attn<H>` takes a multiple of 3·H; put `fc<3D>` before it"
    )]
    Heads {
        /// Number of heads.
        heads: usize,
        /// What comes in.
        features: usize,
    },
    /// Groups of a normalisation that do not divide the features.
    #[error("{groups} groups must divide the {features} features that come in")]
    NormGroups {
        /// Number of groups.
        groups: usize,
        /// What comes in.
        features: usize,
    },
    /// A name that PyTorch could not have.
    #[error("`{name}` is not a name of a layer: write letters, digits and `_`, with dots between parts")]
    Name {
        /// The name.
        name: String,
    },
    /// Two parameters of one name.
    #[error("there is a parameter `{name}` already: give this layer another name")]
    DuplicateName {
        /// The name.
        name: String,
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
    #[error("the network ends in {map}, expected one score per class: end with `gap,fc10` or `flatten,fc10`")]
    EndsInMap {
        /// Shape at the end.
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

fn did_you_mean(closest: Option<&str>) -> String {
    closest.map_or_else(String::new, |c| format!(" (did you mean `{c}`?)"))
}

fn quoted(found: &str) -> String {
    if found.is_empty() { "nothing".into() } else { format!("`{found}`") }
}
