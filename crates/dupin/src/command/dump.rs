//! `dupin split --dump`: everything that is needed to check the products elsewhere.

use std::path::Path;

use dupin::curvature::Split;
use dupin::data::{Dataset, ExampleShape};
use dupin::ir::{DType, Executor, Tensor};
use dupin::linop::Rng;
use dupin::nn::{Loss, Network};

/// What is dumped beside the products.
pub(crate) struct Contents<'a> {
    pub(crate) network: &'a Network,
    pub(crate) loss: &'a Loss,
    pub(crate) params: &'a [Tensor],
    pub(crate) buffers: &'a [Tensor],
    pub(crate) data: &'a Dataset,
    pub(crate) dtype: DType,
    pub(crate) train: bool,
    pub(crate) probes: usize,
    pub(crate) seed: u64,
}

/// Writes the file.
pub(crate) fn write(path: &Path, executor: &dyn Executor, split: &Split, c: &Contents) -> anyhow::Result<()> {
    if c.train && split.batches() > 1 {
        let n = c.data.len();
        anyhow::bail!(
            "with `--mode train` a dump must be one batch, since normalisation couples the examples of each: add `--batch {n}`"
        );
    }
    let named = |prefix: &str, tensors: &[Tensor]| {
        let all = c.network.to_pytorch(tensors, c.buffers);
        all.into_iter().take(tensors.len()).map(move |(name, t)| (format!("{prefix}/{name}"), t)).collect::<Vec<_>>()
    };
    let mut tensors = named("param", c.params);
    for (s, t) in c.network.buffers().iter().zip(c.buffers) {
        tensors.push((format!("buffer/{}", s.name), t.clone()));
    }

    // The whole data set as one batch: what is dumped does not show how it was cut.
    let n = c.data.len();
    let batch = dupin::train::sequential_batches(c.network, c.data, n, c.buffers, c.dtype)?.remove(0);
    let model = dupin::train::trace(c.network, c.loss, n, c.dtype, c.train);
    let t = &model.traced;
    let program = t.builder.program(&[t.params.clone(), t.data.clone()].concat(), &[t.logits, t.loss])?;
    let out = executor.evaluate(&program, &[c.params.to_vec(), batch.clone()].concat())?;
    let input = match (c.data.shape(), batch[0].shape().len()) {
        (ExampleShape::Image { .. }, 4) => batch[0].permute(&[0, 3, 1, 2]),
        _ => batch[0].clone(),
    };
    tensors.push(("input".into(), input));
    tensors.push(("target".into(), batch[1].clone()));
    tensors.push(("weights".into(), batch[2].clone()));
    tensors.push(("logits".into(), out[0].clone()));
    tensors.push(("loss".into(), out[1].clone()));

    let (_, gradient) = split.gradient()?;
    tensors.extend(named("grad", &split.layout().unflatten(&gradient)));
    let mut rng = Rng::new(c.seed);
    for k in 0..c.probes {
        let mut v = vec![0.0; split.dim()];
        rng.fill_signs(&mut v);
        let p = split.products(&v)?;
        for (prefix, flat) in [("probe", &v), ("hv", &p.hessian), ("gv", &p.gauss_newton), ("nv", &p.nme)] {
            tensors.extend(named(&format!("{prefix}{k}"), &split.layout().unflatten(flat)));
        }
    }
    let dtype = if c.dtype == DType::F64 { "F64" } else { "F32" };
    let about = [
        ("model", c.network.spec().to_string()),
        ("net", c.network.expanded().to_string()),
        ("activation", c.network.activation().to_string()),
        ("loss", c.loss.to_string()),
        ("dtype", dtype.to_string()),
        ("mode", if c.train { "train" } else { "eval" }.to_string()),
    ];
    let metadata = about.into_iter().map(|(k, v)| (k.to_string(), v)).collect();
    dupin::nn::weights::save(path, &tensors, &metadata)?;
    Ok(())
}
