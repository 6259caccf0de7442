//! A model and its loss, traced into a graph.

use dupin_ir::{Builder, Tensor, TensorType, Value};

use crate::error::Error;
use crate::layout::Layout;

/// The graph of `L(θ) = Σ_n w_n ℓ(z_n(θ), y_n)`, with the values that curvature is about.
///
/// Weights `w_n` are inputs like any other data: `1/N` each makes `L` the mean over `N` examples, and a ragged last batch is
/// padded with examples of weight 0, so that sums over batches are exact.
#[derive(Debug)]
pub struct Traced {
    /// The graph; transforms append to it.
    pub builder: Builder,
    /// Parameters θ.
    pub params: Vec<Value>,
    /// Their names, for layouts and reports.
    pub names: Vec<String>,
    /// Inputs that a batch gives: examples, targets, weights, and whatever else the model takes.
    pub data: Vec<Value>,
    /// Outputs `z` of the network, through which alone the loss depends on θ.
    pub logits: Value,
    /// The loss, a scalar.
    pub loss: Value,
    /// Whether ℓ is convex in `z`, so that `G ⪰ 0`.
    pub convex: bool,
}

impl Traced {
    /// The layout of `params`, if they and the batches fit the traced model.
    pub(crate) fn fitting(&self, params: &[Tensor], batches: &[Vec<Tensor>]) -> Result<Layout, Error> {
        let count = |what, expected, found| if expected == found { Ok(()) } else { Err(Error::Count { what, expected, found }) };
        count("parameters", self.params.len(), params.len())?;
        for batch in batches {
            count("tensors per batch", self.data.len(), batch.len())?;
        }
        let types: Vec<TensorType> = self.params.iter().map(|&p| self.builder.ty(p).clone()).collect();
        for ((name, expected), tensor) in self.names.iter().zip(&types).zip(params) {
            if tensor.ty() != *expected {
                return Err(Error::Parameter { name: name.clone(), expected: expected.clone(), found: tensor.ty() });
            }
        }
        Ok(Layout::new(self.names.clone(), types))
    }
}
