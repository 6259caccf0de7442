//! How often φ'' is not zero: the share of units and examples at which `|φ''(h)|` exceeds a threshold.

use dupin::data::Dataset;
use dupin::ir::prim::CompareOp;
use dupin::ir::{DType, Executor};
use dupin::nn::{Loss, Network};
use dupin::train::{State, sequential_batches, trace};

/// One share for each threshold, over all preactivations of `examples`, NaN for a network without activations.
///
/// With a surrogate it is the surrogate's φ'' that counts: what the penalty's update sees.
pub(crate) fn shares(
    executor: &dyn Executor,
    network: &Network,
    state: &State,
    examples: &Dataset,
    thresholds: &[f64],
) -> anyhow::Result<Vec<f64>> {
    let mut model = trace(network, &Loss::Mse, examples.len(), DType::F32, false);
    let b = &mut model.traced.builder;
    let mut outputs = Vec::new();
    let mut units = 0.0;
    for &h in &model.preactivations {
        let second = b.activation(network.activation(), 2, h);
        let second = b.abs(second);
        units += b.ty(h).len() as f64;
        for &threshold in thresholds {
            let least = b.splat_like(second, threshold);
            let above = b.compare(CompareOp::Gt, second, least);
            let counted = b.convert(above, DType::F32);
            outputs.push(b.sum(counted));
        }
    }
    if outputs.is_empty() {
        return Ok(vec![f64::NAN; thresholds.len()]);
    }
    let inputs = [model.traced.params.clone(), model.traced.data.clone()].concat();
    let executable = executor.compile(&b.program(&inputs, &outputs)?)?;
    let batches = sequential_batches(network, examples, examples.len(), &state.buffers, DType::F32)?;
    let upload = |t: &dupin::ir::Tensor| executor.upload(t.clone());
    let buffers = state.params.iter().chain(&batches[0]).map(upload).collect::<Result<Vec<_>, _>>()?;
    let out = executable.run(&buffers.iter().collect::<Vec<_>>())?;
    let mut counts = vec![0.0; thresholds.len()];
    for (i, o) in out.iter().enumerate() {
        counts[i % thresholds.len()] += executor.download(o)?.item();
    }
    Ok(counts.into_iter().map(|c| c / units).collect())
}
