//! From data sets to the tensors that a traced network takes.

use dupin_data::{Batch, BatchPlan, Dataset, ExampleShape, Rows};
use dupin_ir::{DType, Tensor};
use dupin_nn::Network;

use crate::error::Error;

/// Checks that the data fit the network.
///
/// # Errors
/// [`Error::Kind`], [`Error::Shape`] or [`Error::Classes`].
pub fn prepare(network: &Network, data: &Dataset) -> Result<(), Error> {
    let is_text = matches!(data.shape(), ExampleShape::Text { .. });
    if is_text != network.vocabulary().is_some() {
        let (model, data) = (network.spec().to_string(), data.name().to_string());
        let (takes, has) = if is_text { ("numbers", "tokens") } else { ("tokens", "numbers") };
        return Err(Error::Kind { model, takes, data, has });
    }
    let (takes, has) = (network.input_shape(), data.shape().dims());
    let flat = takes.len() == 1 && takes[0] == data.shape().size();
    if takes != has && !flat {
        let (model, data) = (network.spec().to_string(), data.name().to_string());
        return Err(Error::Shape { model, takes: takes.to_vec(), data, has });
    }
    let outputs = network.vocabulary().map_or(network.outputs(), |v| v.min(network.outputs()));
    if data.classes() > outputs {
        let model = network.spec().to_string();
        return Err(Error::Classes { model, outputs, data: data.name().to_string(), classes: data.classes() });
    }
    Ok(())
}

/// The examples of a batch as the network takes them: tokens as `i32 [n, length]`, numbers as `dtype`. An image for a network on
/// vectors is flattened in PyTorch's order (C, H, W).
pub fn example_tensor(network: &Network, shape: ExampleShape, rows: &Rows, dtype: DType) -> Tensor {
    let n = rows.len() / shape.size().max(1);
    let dims = [&[n], &shape.dims()[..]].concat();
    let images = match rows {
        Rows::Tokens(tokens) => return Tensor::i32(dims, tokens.clone()),
        Rows::Floats(values) => Tensor::f32(dims, values.clone()),
    };
    let takes = [&[n], network.input_shape()].concat();
    let examples = match (network.input_shape().len(), shape) {
        (1, ExampleShape::Image { channels: 2.., .. }) => images.permute(&[0, 3, 1, 2]),
        _ => images,
    };
    examples.reshape(takes).convert(dtype)
}

/// Examples, labels and weights of a batch; `weight` is that of each real example.
pub(crate) fn tensors(network: &Network, data: &Dataset, batch: &Batch, weight: f64, dtype: DType) -> Vec<Tensor> {
    let whole = Pieces { micro_batch: batch.weights.len(), replicas: 1 };
    pieces(network, data, batch, weight, whole, dtype).swap_remove(0).swap_remove(0)
}

/// How a batch is cut: into micro-batches, which run one after the other, and those into what each replica has of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pieces {
    /// Examples of a micro-batch.
    pub(crate) micro_batch: usize,
    /// Devices that share it.
    pub(crate) replicas: usize,
}

impl Pieces {
    /// Examples of a micro-batch that one replica has.
    pub(crate) fn share(self) -> usize {
        self.micro_batch.div_ceil(self.replicas)
    }

    /// Places in the batch of what replica `replica` has of micro-batch `j`. The last may have fewer than its share, or nothing: what it
    /// takes instead are examples of weight 0.
    pub(crate) fn places(self, j: usize, replica: usize) -> std::ops::Range<usize> {
        let end = (j + 1) * self.micro_batch;
        let start = (j * self.micro_batch + replica * self.share()).min(end);
        start..(start + self.share()).min(end)
    }
}

/// The same for each micro-batch and replica, every one of [`Pieces::share`] examples, some of weight 0; micro-batches of padding alone
/// are left out.
pub(crate) fn pieces(
    network: &Network,
    data: &Dataset,
    batch: &Batch,
    weight: f64,
    cut: Pieces,
    dtype: DType,
) -> Vec<Vec<Vec<Tensor>>> {
    let size = cut.share();
    // An example has one label, a text one for each place.
    let (width, of_label) = (data.shape().size(), batch.labels.len() / batch.weights.len());
    let shape = match data.shape() {
        ExampleShape::Text { length } => vec![size, length],
        _ => vec![size],
    };
    // Of mixed examples the targets are rows of probabilities; a padded row counts nothing.
    let outputs = network.outputs();
    let mixed = batch.mixed.as_ref().map(|_| batch.target_rows(outputs));
    let piece = |places: std::ops::Range<usize>| {
        let last = batch.weights.len();
        let (start, end) = (places.start.min(last), places.end.min(last));
        let mut examples = rows(&batch.inputs, start * width..end * width);
        let mut labels = batch.labels[start * of_label..end * of_label].to_vec();
        match &mut examples {
            Rows::Floats(v) => v.resize(size * width, 0.0),
            Rows::Tokens(v) => v.resize(size * width, 0),
        }
        labels.resize(size * of_label, 0);
        let mut weights: Vec<f64> = (start..end).map(|i| if i < batch.real { weight } else { 0.0 }).collect();
        weights.resize(size, 0.0);
        vec![
            example_tensor(network, data.shape(), &examples, dtype),
            match &mixed {
                Some(rows) => {
                    let mut rows = rows[start * outputs..end * outputs].to_vec();
                    rows.resize(size * outputs, 0.0);
                    Tensor::f32([size, outputs], rows).convert(dtype)
                }
                None => Tensor::i32(shape.clone(), labels),
            },
            Tensor::f64([size], weights).convert(dtype),
        ]
    };
    let micro_batch = |j: usize| (0..cut.replicas).map(|r| piece(cut.places(j, r))).collect();
    (0..batch.real.max(1).div_ceil(cut.micro_batch)).map(micro_batch).collect()
}

fn rows(all: &Rows, range: std::ops::Range<usize>) -> Rows {
    match all {
        Rows::Floats(v) => Rows::Floats(v[range].to_vec()),
        Rows::Tokens(v) => Rows::Tokens(v[range].to_vec()),
    }
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
    plan.epoch(0).batches(data).map(|batch| Ok(with_buffers(batch?))).collect()
}
