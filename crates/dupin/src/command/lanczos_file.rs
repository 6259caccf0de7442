//! The state of a Lanczos run as a file: safetensors with `basis`, `alpha`, `beta` and `next`, the rest in its metadata.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context as _, bail};
use dupin::linop::LanczosState;
use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};
use serde::{Deserialize, Serialize};

use crate::output;

#[derive(Serialize, Deserialize)]
struct Rest {
    dim: usize,
    kept: usize,
    matvecs: usize,
    magnitude: u64,
    rng: [u64; 4],
    /// What was measured: a state goes on with the same alone.
    about: serde_json::Value,
}

/// Writes it, whole or not at all.
pub(crate) fn write(path: &Path, state: &LanczosState, about: &serde_json::Value) -> anyhow::Result<()> {
    let LanczosState { dim, basis, alpha, beta, kept, matvecs, next, magnitude, rng } = state;
    let rest =
        Rest { dim: *dim, kept: *kept, matvecs: *matvecs, magnitude: magnitude.to_bits(), rng: *rng, about: about.clone() };
    let bytes = |values: &[f64]| values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>();
    let data = [("basis", basis), ("alpha", alpha), ("beta", beta), ("next", next)].map(|(name, v)| (name, v.len(), bytes(v)));
    let views = data.iter().map(|(name, len, bytes)| Ok((*name, TensorView::new(Dtype::F64, vec![*len], bytes)?)));
    let views = views.collect::<Result<Vec<_>, safetensors::SafeTensorError>>()?;
    let metadata = HashMap::from([("lanczos".to_string(), serde_json::to_string(&rest)?)]);
    output::write(path, &serialize(views, Some(metadata))?)
}

/// Reads it, if it is of the same network and examples.
pub(crate) fn read(path: &Path, about: &serde_json::Value) -> anyhow::Result<LanczosState> {
    let what = || format!("{} cannot be read as the state of a Lanczos run", path.display());
    let bytes = std::fs::read(path).with_context(what)?;
    let tensors = SafeTensors::deserialize(&bytes).with_context(what)?;
    let (_, header) = SafeTensors::read_metadata(&bytes).with_context(what)?;
    let rest = header.metadata().as_ref().and_then(|m| m.get("lanczos")).context("there is no entry `lanczos` in its metadata");
    let rest: Rest = serde_json::from_str(rest.with_context(what)?).with_context(what)?;
    if rest.about != *about {
        bail!(
            "{} is the state of another measurement: {}. Give another folder by `--state`, or the arguments of that run",
            path.display(),
            rest.about
        );
    }
    let values = |name: &str| -> anyhow::Result<Vec<f64>> {
        let view = tensors.tensor(name).with_context(what)?;
        if view.dtype() != Dtype::F64 {
            bail!("{}: `{name}` is {:?} and not F64", what(), view.dtype());
        }
        Ok(view.data().as_chunks::<8>().0.iter().map(|&b| f64::from_le_bytes(b)).collect())
    };
    Ok(LanczosState {
        dim: rest.dim,
        basis: values("basis")?,
        alpha: values("alpha")?,
        beta: values("beta")?,
        kept: rest.kept,
        matvecs: rest.matvecs,
        next: values("next")?,
        magnitude: f64::from_bits(rest.magnitude),
        rng: rest.rng,
    })
}
