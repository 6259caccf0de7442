//! A parsed model as plain data: layers, parameters and buffers.

use dupin_ir::DType;

use crate::Activation;
use crate::error::Error;
use crate::layer::Layer;
use crate::layout::Layout;
use crate::parse;

/// What a parameter does, which says how it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Weight of a dense or convolution layer.
    Weight,
    /// Bias of a dense or convolution layer.
    Bias,
    /// Scale of a normalisation; starts at 1.
    NormWeight,
    /// Shift of a normalisation; starts at 0.
    NormBias,
    /// Table of tokens or places, or a token of its own.
    Embedding,
}

/// A parameter: one tensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Param {
    /// PyTorch's name, such as `0.weight` or `3.body.1.bias`.
    pub name: String,
    /// Shape in the graph.
    pub shape: Vec<usize>,
    /// How PyTorch lays it out.
    pub layout: Layout,
    /// Inputs that one output of the layer sums over; 1 for normalisations.
    pub fan_in: usize,
    /// Outputs (times kernel positions) that the layer has, as PyTorch counts them; 1 for normalisations.
    pub fan_out: usize,
    /// What it does.
    pub role: Role,
    /// Path of its module: the name without `.weight` or `.bias`.
    pub layer: String,
    /// Whether its layer is a convolution.
    pub of_convolution: bool,
    /// Whether it is the weight that the body of a residual block ends with: 0 makes the block its shortcut.
    pub ends_branch: bool,
}

impl Param {
    /// Number of elements.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether it holds no element; it always holds some.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A buffer: state that is not differentiated.
#[derive(Clone, Debug, PartialEq)]
pub struct BufferSpec {
    /// PyTorch's name, such as `1.running_mean`.
    pub name: String,
    /// Shape, the same in the graph and on disk.
    pub shape: Vec<usize>,
    /// What every element starts with.
    pub initial: f64,
}

/// A parsed model.
///
/// # Model language
/// Models by name, each with its form, stand in [`models`](crate::models()); every one is an abbreviation of a `net:`, which
/// [`Network::expanded`] shows.
/// ```text
/// net:INPUT,LAYER,... with INPUT = CxHxW, a width, or tokens<T>v<V> (T integers below V), and layers
///   conv<C>[k<K>][s<S>][p<P>][g<G>][nobias]   convolution, default k3 s1 p=K/2 g1
///   fc<N>[nobias]                             dense, on each token of a sequence
///   act                                       the activation; or one by its own name: relu, gelu, softplus:2, ...
///   avgpool<K>[s<S>][p<P>]  maxpool<K>[s<S>][p<P>]    default s=K p=0
///   gap                                       mean over the map, then flatten; over the tokens of a sequence
///   flatten                                   in the order features, rows, columns
///   bn  gn<G>                                 BatchNorm (eps 1e-5, momentum 0.1), GroupNorm with G groups
///   ln[EPS]                                   LayerNorm over the whole example, of a sequence over each token (eps 1e-5)
///   res(LAYERS)  res(LAYERS|LAYERS)           x + body(x), or shortcut(x) + body(x)
///   seq(LAYERS)                               layers under one name
///   embed<D>                                  rows of a table for the tokens of the input; must come first
///   unembed                                   scores of all tokens by the same table: a tied head
///   tokens                                    a map as a sequence, row by row
///   cls  pos  wpe                             a learned first token; learned positions [1, t, d]; the same as an nn.Embedding
///   attn<H>[causal]                           softmax attention of H heads: 3D features (queries, keys, values) to D
///   swap  first                               places and features exchanged; the first token alone
/// NAME=LAYER                                  a layer with a name instead of a number; =LAYER goes by the name of its parent
/// ```
/// Names are those of PyTorch's `nn.Sequential` of the same modules, those within a residual block `body.0`, `body.1`, ...,
/// `shortcut.0`, ...; where a name is given it stands in place of the number (and of `body` and `shortcut`).
///
/// ```
/// let net = dupin_nn::Network::parse("net:1x8x8,conv4,bn,act,maxpool2,flatten,fc10", "gelu".parse()?)?;
/// let names: Vec<&str> = net.params().iter().map(|p| p.name.as_str()).collect();
/// assert_eq!(names, ["0.weight", "0.bias", "1.weight", "1.bias", "5.weight", "5.bias"]);
/// assert_eq!((net.input_shape(), net.outputs()), ([8, 8, 1].as_slice(), 10));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Network {
    pub(crate) spec: String,
    pub(crate) expanded: String,
    pub(crate) activation: Activation,
    pub(crate) input_shape: Vec<usize>,
    pub(crate) vocabulary: Option<usize>,
    pub(crate) target_shape: Vec<usize>,
    pub(crate) outputs: usize,
    pub(crate) params: Vec<Param>,
    pub(crate) buffers: Vec<BufferSpec>,
    pub(crate) layers: Vec<Layer>,
}

impl Network {
    /// Parses a model; `activation` stands wherever the model says `act`.
    ///
    /// # Errors
    /// [`Error::Model`] points at the part that cannot be read or does not fit and says what would.
    pub fn parse(spec: &str, activation: Activation) -> Result<Self, Error> {
        parse::network(spec, activation)
    }

    /// The text it was parsed from.
    pub fn spec(&self) -> &str {
        &self.spec
    }

    /// The `net:` that the text stands for.
    pub fn expanded(&self) -> &str {
        &self.expanded
    }

    /// What stands for `act`.
    pub fn activation(&self) -> Activation {
        self.activation
    }

    /// Shape of one example in the graph: `[width]`, `[h, w, c]`, or `[t]` tokens.
    pub fn input_shape(&self) -> &[usize] {
        &self.input_shape
    }

    /// Number of different tokens, if the input is tokens: integers from 0.
    pub fn vocabulary(&self) -> Option<usize> {
        self.vocabulary
    }

    /// Element type of the input of a network whose parameters are `float`.
    pub fn input_dtype(&self, float: DType) -> DType {
        if self.vocabulary.is_some() { DType::I32 } else { float }
    }

    /// Shape of the labels of one example: `[]` for one class, `[t]` for one at each place of a sequence.
    pub fn target_shape(&self) -> &[usize] {
        &self.target_shape
    }

    /// Layout of a batch of inputs: maps are [`Layout::Images`].
    pub fn input_layout(&self) -> Layout {
        if self.input_shape.len() == 3 { Layout::Images } else { Layout::Same }
    }

    /// Number of logits of an example, or of each of its places: one per class.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Parameters in the order of the modules, weights before biases.
    pub fn params(&self) -> &[Param] {
        &self.params
    }

    /// Running statistics in the order of the modules, means before variances.
    pub fn buffers(&self) -> &[BufferSpec] {
        &self.buffers
    }

    /// Number of parameters, each element counted.
    pub fn param_count(&self) -> usize {
        self.params.iter().map(Param::len).sum()
    }

    /// Whether examples of a batch see each other in training mode.
    pub fn has_batch_norm(&self) -> bool {
        !self.buffers.is_empty()
    }

    pub(crate) fn layers(&self) -> &[Layer] {
        &self.layers
    }
}
