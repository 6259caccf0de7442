//! Where a run stopped being finite.

use dupin_curvature::products;
use dupin_ir::{Buffer, Tensor};

use crate::error::Error;
use crate::model::trace_targets;
use crate::trainer::Trainer;

/// What is first not finite at a step that diverged: a parameter before it, the inputs of an activation, the loss, or a gradient (from
/// the last layer, where derivatives come from). `before` is the state before the step, `batch` its micro-batches.
pub(crate) fn diagnose(t: &Trainer, before: &[Buffer], batch: &[Vec<Tensor>]) -> Result<String, Error> {
    let network = t.network();
    let (params, buffers, _) = t.program().sections().cut(before);
    let finite = |b: &Buffer| t.executor().download(b).map(|x| x.to_f64().iter().all(|v| v.is_finite()));
    for (p, b) in network.params().iter().zip(params) {
        if !finite(b)? {
            return Ok(format!("the parameter `{}`, before the step", p.name));
        }
    }
    let mut model = trace_targets(network, t.loss(), t.program().micro_batch(), t.dtype(), true, t.program().mixed());
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
        let data = piece.iter().map(|x| t.executor().upload(x.clone())).collect::<Result<Vec<_>, _>>()?;
        let inputs: Vec<&Buffer> = params.iter().chain(&data).chain(buffers).collect();
        for ((name, _), b) in named.iter().zip(executable.run(&inputs)?) {
            if !finite(&b)? {
                return Ok(name.clone());
            }
        }
    }
    Ok(format!("the direction of `{}`; the gradient itself is finite", t.objective().spec()))
}
