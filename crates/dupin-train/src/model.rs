//! A network and its loss as a graph over one batch.

use dupin_curvature::Traced;
use dupin_ir::prim::CompareOp;
use dupin_ir::{Builder, DType, TensorType, Value};
use dupin_nn::{Loss, Mode, Network};

/// What training and measuring need of a traced network.
///
/// `traced.data` is examples `[batch, ...]` (tokens are `i32`), labels `i32 [batch]` (of sequences `[batch, t]`), weights `[batch]`,
/// then the buffers of normalisation layers.
#[derive(Debug)]
pub struct TracedModel {
    /// Graph, parameters, data, logits and loss.
    pub traced: Traced,
    /// Buffers of normalisation layers, before.
    pub buffers: Vec<Value>,
    /// And after a training pass.
    pub new_buffers: Vec<Value>,
    /// `Σ weights·(prediction is right)`, a scalar.
    pub accuracy: Value,
    /// Inputs of the activations.
    pub preactivations: Vec<Value>,
}

/// Traces `network` and `loss` over `batch` examples. With `train`, normalisation uses the statistics of the batch, of examples with a
/// weight other than 0 alone.
pub fn trace(network: &Network, loss: &Loss, batch: usize, dtype: DType, train: bool) -> TracedModel {
    trace_targets(network, loss, batch, dtype, train, false)
}

/// The same; with `mixed`, targets are distributions over the outputs (or values to reach, with a squared loss), `[batch, outputs]`,
/// instead of labels.
pub fn trace_targets(network: &Network, loss: &Loss, batch: usize, dtype: DType, train: bool, mixed: bool) -> TracedModel {
    write(network, loss, batch, dtype, if train { Statistics::OfBatch } else { Statistics::Running }, mixed)
}

/// The examples of a training step that one of `replicas` has, `batch` of them. The loss is their share of it; normalisation uses the
/// statistics of the examples of all.
pub(crate) fn trace_step(
    network: &Network,
    loss: &Loss,
    batch: usize,
    dtype: DType,
    mixed: bool,
    replicas: usize,
) -> TracedModel {
    let statistics = if replicas > 1 { Statistics::OfSpreadBatch } else { Statistics::OfBatch };
    write(network, loss, batch, dtype, statistics, mixed)
}

/// Which statistics normalisation uses.
#[derive(Clone, Copy, PartialEq)]
enum Statistics {
    Running,
    OfBatch,
    /// Of a batch of which each replica has a part.
    OfSpreadBatch,
}

fn write(network: &Network, loss: &Loss, batch: usize, dtype: DType, statistics: Statistics, mixed: bool) -> TracedModel {
    let mut b = Builder::new();
    let params: Vec<Value> = network.params().iter().map(|p| b.input(&p.name, TensorType::new(dtype, p.shape.clone()))).collect();
    let shape = [&[batch], network.input_shape()].concat();
    let x = b.input("input", TensorType::new(network.input_dtype(dtype), shape));
    let y = b.input(
        "target",
        if mixed {
            TensorType::new(dtype, [batch, network.outputs()])
        } else {
            TensorType::new(DType::I32, [&[batch], network.target_shape()].concat())
        },
    );
    let w = b.input("weights", TensorType::new(dtype, [batch]));
    let buffers: Vec<Value> =
        network.buffers().iter().map(|s| b.input(&s.name, TensorType::new(dtype, s.shape.clone()))).collect();
    let mode = if statistics == Statistics::Running {
        Mode::Eval
    } else {
        let zero = b.splat_like(w, 0.0);
        let counts = b.compare(CompareOp::Ne, w, zero);
        Mode::Train { mask: Some(b.convert(counts, dtype)), spread: statistics == Statistics::OfSpreadBatch }
    };
    let applied = network.apply(&mut b, &params, &buffers, x, mode);
    let value = loss.weighted(&mut b, applied.logits, y, w);
    let right = dupin_nn::correct(&mut b, applied.logits, y);
    let accuracy = b.inner(right, w);
    let traced = Traced {
        builder: b,
        names: network.params().iter().map(|p| p.name.clone()).collect(),
        data: [vec![x, y, w], buffers.clone()].concat(),
        logits: applied.logits,
        loss: value,
        convex: loss.is_convex(),
        params,
    };
    TracedModel { traced, buffers, new_buffers: applied.buffers, accuracy, preactivations: applied.preactivations }
}
