//! From a network to a graph.

use dupin_ir::prim::{Convolution, DotGeneral};
use dupin_ir::{Builder, Value};

use crate::layer::Layer;
use crate::network::Network;
use crate::norm::{self, Statistics};
use crate::{attention, pool, tokens};

/// Where normalisations over the batch take their statistics from.
#[derive(Clone, Copy, Debug)]
pub enum Mode {
    /// From the batch; running statistics move.
    Train {
        /// Which examples count: `[n]` floats, 1 or 0. `None` counts all. Padding that fills up a last batch must not count.
        mask: Option<Value>,
        /// Whether the batch is spread over the replicas that run the program: its statistics are then sums over all of them, so that
        /// they, and the running ones, are the same everywhere and those of the batch on one device.
        spread: bool,
    },
    /// From the running statistics, which stay.
    Eval,
}

/// A network in a graph.
#[derive(Clone, Debug)]
pub struct Applied {
    /// Scores of the classes, `[n, outputs]`, or `[n, t, outputs]` for a class at each place of a sequence.
    pub logits: Value,
    /// Running statistics after this batch, in the order of [`Network::buffers`].
    pub buffers: Vec<Value>,
    /// The input of every activation, in order: `[n, width]`, `[n, t, width]` or `[n, h, w, c]`.
    pub preactivations: Vec<Value>,
}

impl Network {
    /// Writes the network into a graph.
    ///
    /// # Shapes and units
    /// `params` and `buffers` as [`Network::params`] and [`Network::buffers`] list them, `x: [n, ..input_shape]`, all of one float
    /// type but for tokens, which are `i32`. An ill-typed value is reported by [`Builder::program`].
    ///
    /// # Panics
    /// If there are not as many parameters and buffers as the network lists, or `x` is not a batch of its inputs.
    pub fn apply(&self, b: &mut Builder, params: &[Value], buffers: &[Value], x: Value, mode: Mode) -> Applied {
        assert_eq!(params.len(), self.params().len(), "`{}` takes one value per parameter", self.spec());
        assert_eq!(buffers.len(), self.buffers().len(), "`{}` takes one value per buffer", self.spec());
        assert_eq!(b.ty(x).shape.get(1..), Some(self.input_shape()), "`{}` takes a batch of its inputs", self.spec());
        let mut run = Run { b, params, buffers: buffers.to_vec(), preactivations: Vec::new(), mode };
        let logits = run.sequence(self.layers(), x);
        Applied { logits, buffers: run.buffers, preactivations: run.preactivations }
    }
}

struct Run<'a> {
    b: &'a mut Builder,
    params: &'a [Value],
    buffers: Vec<Value>,
    preactivations: Vec<Value>,
    mode: Mode,
}

impl Run<'_> {
    fn sequence(&mut self, layers: &[Layer], x: Value) -> Value {
        layers.iter().fold(x, |x, layer| self.layer(layer, x))
    }

    fn layer(&mut self, layer: &Layer, x: Value) -> Value {
        match *layer {
            Layer::Dense { weight, bias } => {
                let last = self.b.ty(x).rank() - 1;
                let y = self.b.dot_general(x, self.params[weight], DotGeneral::contracting(last, 1));
                self.biased(y, bias)
            }
            Layer::Convolution { window, groups, weight, bias } => {
                let edge = (window.padding as i64, window.padding as i64);
                let convolution =
                    Convolution { feature_group_count: groups, ..Convolution::channels_last(&[window.stride; 2], &[edge; 2]) };
                let y = self.b.push(convolution, &[x, self.params[weight]]);
                self.biased(y, bias)
            }
            Layer::Activation(kind) => {
                self.preactivations.push(x);
                self.b.activation(kind, 0, x)
            }
            Layer::AvgPool(window) => pool::average(self.b, x, window),
            Layer::MaxPool(window) => pool::max(self.b, x, window),
            Layer::GlobalAvgPool => pool::global_average(self.b, x),
            Layer::Flatten => self.flatten(x),
            Layer::BatchNorm { weight, bias, mean, variance } => {
                let (weight, bias) = (self.params[weight], self.params[bias]);
                let running = (self.buffers[mean], self.buffers[variance]);
                match self.mode {
                    Mode::Eval => Statistics::given(self.b, x, running.0, running.1).normalize(self.b, weight, bias),
                    Mode::Train { mask, spread } => {
                        let batch = norm::batch_statistics(self.b, x, mask, spread, running);
                        (self.buffers[mean], self.buffers[variance]) = batch.running;
                        batch.of_batch.normalize(self.b, weight, bias)
                    }
                }
            }
            Layer::LayerNorm { weight, bias, axes, epsilon } => {
                norm::layer_norm(self.b, x, self.params[weight], self.params[bias], axes, epsilon)
            }
            Layer::GroupNorm { groups, weight, bias } => {
                norm::group_norm(self.b, x, groups, self.params[weight], self.params[bias])
            }
            Layer::Residual { ref body, ref shortcut } => {
                let y = self.sequence(body, x);
                let x = shortcut.as_ref().map_or(x, |layers| self.sequence(layers, x));
                self.b.add(x, y)
            }
            Layer::Sequence(ref layers) => self.sequence(layers, x),
            Layer::Embedding { table } => self.b.take(self.params[table], x),
            Layer::Tokens => tokens::of_map(self.b, x),
            Layer::ClassToken { token } => tokens::prepend(self.b, self.params[token], x),
            Layer::Positions { table } => tokens::add_positions(self.b, self.params[table], x),
            Layer::Attention { heads, causal } => attention::softmax_attention(self.b, x, heads, causal),
            Layer::Swap => self.b.transpose(x, &[0, 2, 1]),
            Layer::First => tokens::first(self.b, x),
            Layer::TokenMean => tokens::mean(self.b, x),
        }
    }

    /// Adds a value per feature (the last axis).
    fn biased(&mut self, y: Value, bias: Option<usize>) -> Value {
        let Some(bias) = bias else { return y };
        let shape = self.b.ty(y).shape.clone();
        let spread = self.b.broadcast(self.params[bias], &shape, &[shape.len() - 1]);
        self.b.add(y, spread)
    }

    /// Maps to vectors in PyTorch's order, features before positions, so that its dense weights fit.
    fn flatten(&mut self, x: Value) -> Value {
        let shape = self.b.ty(x).shape.clone();
        let [n, h, w, c] = shape[..] else { return self.b.reshape(x, &[shape[0], shape[1..].iter().product()]) };
        let channels_first = self.b.transpose(x, &[0, 3, 1, 2]);
        self.b.reshape(channels_first, &[n, c * h * w])
    }
}
