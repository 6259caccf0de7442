//! What a network is made of, with everything that a graph needs to know resolved.

use crate::Activation;

/// A square window that slides over both axes of a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) size: usize,
    pub(crate) stride: usize,
    pub(crate) padding: usize,
}

impl Window {
    /// Positions along an axis of `extent`, if there is one.
    pub(crate) fn positions(self, extent: usize) -> Option<usize> {
        Some((extent + 2 * self.padding).checked_sub(self.size)? / self.stride + 1)
    }
}

/// A layer. Numbers are positions in the network's lists of parameters and buffers.
#[derive(Clone, Debug)]
#[expect(clippy::enum_variant_names, reason = "LayerNorm is the field's name for it")]
pub(crate) enum Layer {
    Convolution {
        window: Window,
        groups: usize,
        weight: usize,
        bias: Option<usize>,
    },
    Dense {
        weight: usize,
        bias: Option<usize>,
    },
    Activation(Activation),
    AvgPool(Window),
    MaxPool(Window),
    GlobalAvgPool,
    Flatten,
    BatchNorm {
        weight: usize,
        bias: usize,
        mean: usize,
        variance: usize,
    },
    /// Over the last `axes` axes.
    LayerNorm {
        weight: usize,
        bias: usize,
        axes: usize,
        epsilon: f64,
    },
    GroupNorm {
        groups: usize,
        weight: usize,
        bias: usize,
    },
    Residual {
        body: Vec<Layer>,
        shortcut: Option<Vec<Layer>>,
    },
    /// Layers with a name in common.
    Sequence(Vec<Layer>),
    /// Integers `[n, t]` to rows of a table.
    Embedding {
        table: usize,
    },
    /// A map as a sequence of its positions.
    Tokens,
    /// A learned token before the others.
    ClassToken {
        token: usize,
    },
    /// A learned vector added at each place.
    Positions {
        table: usize,
    },
    /// Softmax attention among queries, keys and values that lie side by side.
    Attention {
        heads: usize,
        causal: bool,
    },
    /// Places and features exchanged.
    Swap,
    /// The first token alone.
    First,
    /// Mean over tokens.
    TokenMean,
}
