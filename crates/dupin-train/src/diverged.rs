//! Where a run stopped being finite.

use dupin_curvature::products;
use dupin_ir::Buffer;

use crate::error::Error;
use crate::model::trace_step;
use crate::step::StepBatch;
use crate::trainer::Trainer;

/// What is first not finite at a step that diverged: a parameter before it, the inputs of an activation, the loss, or a gradient (from
/// the last layer, where derivatives come from). `before` is the state before the step, `batch` its micro-batches.
pub(crate) fn diagnose(t: &Trainer, before: &[Buffer], batch: &StepBatch) -> Result<String, Error> {
    let network = t.network();
    let (params, buffers, _) = t.program().sections().cut(before);
    let finite = |b: &Buffer| t.executor().download_each(b).map(|each| each.iter().all(dupin_ir::Tensor::is_finite));
    for (p, b) in network.params().iter().zip(params) {
        if !finite(b)? {
            return Ok(format!("the parameter `{}`, before the step", p.name));
        }
    }
    let pieces = t.program().pieces();
    let mut model = trace_step(network, t.loss(), pieces.share(), t.dtype(), t.program().mixed(), pieces.replicas);
    let traced = &mut model.traced;
    let g = products::gradient(&mut traced.builder, traced.loss, traced.logits, &traced.params);
    let inputs = [&traced.params[..], &traced.data].concat();
    let named: Vec<(String, dupin_ir::Value)> = (model.preactivations.iter().enumerate())
        .map(|(i, &h)| (format!("the input of activation {}, forwards", i + 1), h))
        .chain([("the logits".into(), traced.logits), ("the loss".into(), traced.loss)])
        .chain(network.params().iter().zip(&g.params).rev().map(|(p, &g)| (format!("the gradient of `{}`", p.name), g)))
        .collect();
    let outputs: Vec<dupin_ir::Value> = named.iter().map(|n| n.1).collect();
    let executable = t.executor().compile(&traced.builder.program(&inputs, &outputs)?)?;
    for piece in batch {
        let inputs: Vec<&Buffer> = params.iter().chain(piece).chain(buffers).collect();
        for ((name, _), b) in named.iter().zip(executable.run(&inputs)?) {
            if !finite(&b)? {
                return Ok(name.clone());
            }
        }
    }
    Ok(format!("the direction of `{}`; the gradient itself is finite", t.objective().spec()))
}
