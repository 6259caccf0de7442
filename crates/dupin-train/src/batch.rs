//! From data sets to the tensors that a traced network takes.

use dupin_data::{Batch, BatchPlan, Dataset, ExampleShape};
use dupin_ir::{DType, Tensor};
use dupin_nn::Network;

use crate::error::Error;

/// Checks that the data fit the network.
///
/// # Errors
/// [`Error::Shape`] or [`Error::Classes`].
pub fn prepare(network: &Network, data: &Dataset) -> Result<(), Error> {
    let (takes, has) = (network.input_shape(), data.shape().dims());
    let flat = takes.len() == 1 && takes[0] == data.shape().size();
    if takes != has && !flat {
        let (model, data) = (network.spec().to_string(), data.name().to_string());
        return Err(Error::Shape { model, takes: takes.to_vec(), data, has });
    }
    if data.classes() > network.outputs() {
        let (model, outputs) = (network.spec().to_string(), network.outputs());
        return Err(Error::Classes { model, outputs, data: data.name().to_string(), classes: data.classes() });
    }
    Ok(())
}

/// The examples of a batch as the network takes them. An image for a network on vectors is flattened in PyTorch's order (C, H, W).
pub fn example_tensor(network: &Network, shape: ExampleShape, values: &[f32], dtype: DType) -> Tensor {
    let n = values.len() / shape.size().max(1);
    let images = Tensor::f32([&[n], &shape.dims()[..]].concat(), values.to_vec());
    let takes = [&[n], network.input_shape()].concat();
    let examples = match (network.input_shape().len(), shape) {
        (1, ExampleShape::Image { channels: 2.., .. }) => images.permute(&[0, 3, 1, 2]),
        _ => images,
    };
    examples.reshape(takes).convert(dtype)
}

/// Examples, labels and weights of a batch; `weight` is that of each real example.
pub(crate) fn tensors(network: &Network, data: &Dataset, batch: &Batch, weight: f64, dtype: DType) -> Vec<Tensor> {
    let n = batch.labels.len();
    let weights: Vec<f64> = (0..n).map(|i| if i < batch.real { weight } else { 0.0 }).collect();
    vec![
        example_tensor(network, data.shape(), &batch.inputs, dtype),
        Tensor::i32([n], batch.labels.clone()),
        Tensor::f64([n], weights).convert(dtype),
    ]
}

/// A whole data set in order, in batches whose weighted losses sum to the mean; the last is padded with weight 0. Each
/// batch ends with `buffers`, as `TracedModel::traced.data` wants them.
///
/// # Errors
/// If the data do not fit the network or `batch` is 0.
pub fn sequential_batches(
    network: &Network,
    data: &Dataset,
    batch: usize,
    buffers: &[Tensor],
    dtype: DType,
) -> Result<Vec<Vec<Tensor>>, Error> {
    prepare(network, data)?;
    let plan = BatchPlan::sequential(data.len(), batch)?;
    let weight = 1.0 / data.len() as f64;
    let with_buffers = |b: Batch| [tensors(network, data, &b, weight, dtype), buffers.to_vec()].concat();
    Ok(plan.epoch(0).batches(data).map(with_buffers).collect())
}
