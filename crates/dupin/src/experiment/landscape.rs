//! Loss and the sizes of N and G over a square of two weights of a hidden layer, at one example.
//!
//! What is drawn is the Frobenius norm of the 2×2 block of N (and G) that belongs to the two weights. Of a network whose activations
//! are piecewise linear that block of N is zero: what N has there lies on the lines where a unit switches, which have no area.

use anyhow::bail;
use dupin::curvature::products;
use dupin::data;
use dupin::ir::{DType, Executor, Tensor, TensorType};
use dupin::nn::{Init, Loss, Network};
use dupin::train::{sequential_batches, trace};

use super::plan::Trial;
use super::record::{Map, Record};

/// Draws the maps `loss`, `nme` and `gauss_newton` of the net at its initial values.
pub(crate) fn measure(executor: &dyn Executor, trial: &Trial, data: &data::Split, record: &mut Record) -> anyhow::Result<()> {
    let t = &trial.train;
    let network = Network::parse(&t.model, t.activation.parse()?)?;
    let loss: Loss = t.loss.parse()?;
    let init: Init = t.init.parse()?;
    let params = network.initialize(init, t.seed, DType::F64);
    // The second weight matrix is that of a hidden layer whose inputs are activations.
    let matrices: Vec<usize> = (0..params.len()).filter(|&i| network.params()[i].shape.len() == 2).collect();
    let Some(&which) = matrices.get(1).filter(|_| matrices.len() > 2) else {
        bail!("`{}` has no hidden layer after the first; a map over two weights needs one, as in mlp:64-8-8-10", t.model);
    };
    let shape = network.params()[which].shape.clone();
    let example = data.train.head(1)?;
    let batch = sequential_batches(&network, &example, 1, &network.initial_buffers(DType::F64), DType::F64)?.remove(0);
    let mut model = trace(&network, &loss, 1, DType::F64, false);
    // Weights of two units on their strongest input: each decides for itself whether its unit is on.
    let strongest = {
        let inputs = [model.traced.params.clone(), model.traced.data.clone()].concat();
        let hidden = model.traced.builder.program(&inputs, &model.preactivations[..1])?;
        let given = params.iter().chain(&batch).map(|t| executor.upload(t.clone())).collect::<Result<Vec<_>, _>>()?;
        let out = executor.compile(&hidden)?.run(&given.iter().collect::<Vec<_>>())?;
        let h = executor.download(&out[0])?.to_f64();
        (0..h.len()).max_by(|&a, &b| h[a].total_cmp(&h[b])).unwrap_or(0)
    };
    let cells = [strongest, shape[1] + strongest];
    let vectors = [products::vector_inputs(&mut model.traced, "u"), products::vector_inputs(&mut model.traced, "v")];
    let traced = &mut model.traced;
    let b = &mut traced.builder;
    let g = products::gradient(b, traced.loss, traced.logits, &traced.params);
    let mut outputs = vec![traced.loss];
    for v in &vectors {
        let nme = products::nme(b, &g, &traced.params, v)[which];
        let gauss_newton = products::gauss_newton(b, &g, traced.logits, &traced.params, v)[which];
        outputs.extend([nme, gauss_newton]);
    }
    let inputs = [traced.params.clone(), traced.data.clone(), vectors.concat()].concat();
    let executable = executor.compile(&b.program(&inputs, &outputs)?)?;

    let unit = |cell: Option<usize>| -> Vec<Tensor> {
        let tensor = |i: usize| {
            let mut values = vec![0.0; params[i].len()];
            if let Some(c) = cell.filter(|_| i == which) {
                values[c] = 1.0;
            }
            Tensor::from_f64(&params[i].ty(), &values)
        };
        (0..params.len()).map(tensor).collect()
    };
    let fixed: Vec<Tensor> = batch.into_iter().chain(unit(Some(cells[0]))).chain(unit(Some(cells[1]))).collect();
    let fixed = fixed.into_iter().map(|t| executor.upload(t)).collect::<Result<Vec<_>, _>>()?;
    let mut moving = params.iter().map(|p| executor.upload(p.clone())).collect::<Result<Vec<_>, _>>()?;
    let start = params[which].to_f64();

    let n = trial.measure.landscape;
    let width = trial.measure.landscape_width;
    let at = |i: usize| if n == 1 { 0.0 } else { width * (2.0 * i as f64 / (n - 1) as f64 - 1.0) };
    let axis: Vec<f64> = (0..n).map(at).collect();
    let mut values: [Vec<f64>; 3] = Default::default();
    for y in &axis {
        for x in &axis {
            let mut w = start.clone();
            (w[cells[0]], w[cells[1]]) = (*x, *y);
            moving[which] = executor.upload(Tensor::from_f64(&TensorType::new(DType::F64, shape.clone()), &w))?;
            let out = executable.run(&moving.iter().chain(&fixed).collect::<Vec<_>>())?;
            let out = out.iter().map(|b| executor.download(b)).collect::<Result<Vec<_>, _>>()?;
            let block = |a: usize, b: usize| {
                let columns = [out[a].to_f64(), out[b].to_f64()];
                columns.iter().flat_map(|c| cells.map(|i| c[i] * c[i])).sum::<f64>().sqrt()
            };
            values[0].push(out[0].item());
            values[1].push(block(1, 3));
            values[2].push(block(2, 4));
        }
    }
    let layer = &network.params()[which].name;
    let (x_label, y_label) = (format!("{layer}[0, {strongest}]"), format!("{layer}[1, {strongest}]"));
    for (name, values) in ["loss", "nme", "gauss_newton"].into_iter().zip(values) {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        record.set(&format!("map_{name}_mean"), mean);
        let map = Map { x_label: x_label.clone(), y_label: y_label.clone(), x: axis.clone(), y: axis.clone(), values };
        if name == "nme" {
            let highest = map.values.iter().copied().fold(0.0, f64::max);
            // Where N is within a tenth of its highest value: of the whole square, the share in which it matters.
            let above = map.values.iter().filter(|&&v| v > 0.1 * highest).count();
            record.set("map_nme_share", if highest > 0.0 { above as f64 / map.values.len() as f64 } else { 0.0 });
            record.set("map_nme_highest", highest);
        }
        record.maps.insert(name.into(), map);
    }
    Ok(())
}
