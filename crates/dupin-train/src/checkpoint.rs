//! Checkpoints: `model.safetensors` for everyone, `state.safetensors` to go on from. Each is whole or absent.

use std::collections::BTreeMap;
use std::path::Path;

use dupin_ir::{DType, Tensor};
use dupin_nn::Network;
use dupin_nn::weights::{self, Metadata};

use crate::config::TrainConfig;
use crate::error::Error;
use crate::trainer::State;

/// Prefix of the names of velocities.
const VELOCITY: &str = "velocity/";

/// Writes the network and the state of a run, the state last: a run that is cut off in between goes on from the state before.
///
/// # Errors
/// If a file cannot be written; what was there before is then still there.
pub fn save_state(model: &Path, state: &Path, network: &Network, config: &TrainConfig, at: &State) -> Result<(), Error> {
    let text = |pairs: &[(&str, String)]| -> Metadata { pairs.iter().map(|(k, v)| ((*k).into(), v.clone())).collect() };
    let named = network.to_pytorch(&at.params, &at.buffers);
    let about = text(&[
        ("model", config.model.clone()),
        ("activation", config.activation.clone()),
        ("loss", config.loss.clone()),
        ("objective", config.objective.clone()),
        ("data", config.data.clone()),
        ("epoch", at.epoch.to_string()),
        ("seed", config.seed.to_string()),
    ]);
    weights::save(model, &named, &about)?;
    let velocity = network.to_pytorch(&at.velocity, &at.buffers);
    let velocity = velocity.into_iter().take(network.params().len()).map(|(name, t)| (format!("{VELOCITY}{name}"), t));
    let all: Vec<(String, Tensor)> = named.into_iter().chain(velocity).collect();
    weights::save(state, &all, &text(&[("epoch", at.epoch.to_string()), ("run", fingerprint(config))]))?;
    Ok(())
}

/// What must be equal for a state to belong to a run: every setting.
fn fingerprint(config: &TrainConfig) -> String {
    serde_json::to_string(config).expect("settings are texts and numbers")
}

/// Reads the state of a run.
///
/// # Errors
/// [`Error::Checkpoint`] if it belongs to a run with other settings, or is no state; errors of the file.
pub fn load_state(path: &Path, network: &Network, config: &TrainConfig) -> Result<State, Error> {
    let problem = |problem: String| Error::Checkpoint { path: path.into(), problem };
    let file = weights::read(path)?;
    if file.metadata.get("run") != Some(&fingerprint(config)) {
        return Err(problem(
            "it belongs to a run with other settings than config.toml beside it has; restore that file, or start a new run"
                .into(),
        ));
    }
    let epoch = file.metadata.get("epoch").and_then(|e| e.parse().ok());
    let epoch = epoch.ok_or_else(|| problem("it does not say how many epochs were done; start a new run".into()))?;
    let (mut velocity, mut named) = (BTreeMap::new(), BTreeMap::new());
    for (name, tensor) in file.tensors {
        match name.strip_prefix(VELOCITY) {
            Some(name) => velocity.insert(name.to_string(), tensor),
            None => named.insert(name, tensor),
        };
    }
    let dtype = config.dtype()?;
    for s in network.buffers() {
        velocity.extend(named.get(&s.name).map(|t| (s.name.clone(), t.clone())));
    }
    let take = |tensors: &BTreeMap<String, Tensor>| {
        network.from_pytorch(tensors, dtype).map_err(|p| {
            let list: Vec<String> = p.iter().map(ToString::to_string).collect();
            problem(format!("it does not hold the state of `{}`: {}", network.spec(), list.join("; ")))
        })
    };
    let (params, buffers) = take(&named)?;
    let (velocity, _) = take(&velocity)?;
    Ok(State { epoch, params, velocity, buffers })
}

/// A network from a file of weights.
#[derive(Clone, Debug)]
pub struct SavedNetwork {
    /// The network.
    pub network: Network,
    /// The loss it was trained with, if the file says so.
    pub loss: Option<String>,
    /// Its parameters.
    pub params: Vec<Tensor>,
    /// Its running statistics.
    pub buffers: Vec<Tensor>,
}

/// A network from a file of weights.
///
/// Files of `dupin train` name their model, activation and loss; for others `model` and `activation` must be given. Given ones win.
///
/// # Errors
/// [`Error::Checkpoint`] if the model is neither given nor named; errors of the file and of what does not fit the network.
pub fn load_network(path: &Path, model: Option<&str>, activation: Option<&str>, dtype: DType) -> Result<SavedNetwork, Error> {
    let named = weights::read(path)?.metadata;
    let pick = |given: Option<&str>, key: &str, flag: &str| {
        given.map(String::from).or_else(|| named.get(key).cloned()).ok_or_else(|| Error::Checkpoint {
            path: path.into(),
            problem: format!("the file does not name its {key}; give it by `{flag}`"),
        })
    };
    let spec = pick(model, "model", "--model")?;
    let activation = pick(activation, "activation", "--act")?;
    let kind = activation.parse().map_err(|e: dupin_ir::prim::activation::ParseActivationError| {
        Error::setting("activation", &activation, e.to_string())
    })?;
    let network = Network::parse(&spec, kind)?;
    let w = weights::load(path, &network, dtype)?;
    Ok(SavedNetwork { network, loss: named.get("loss").cloned(), params: w.params, buffers: w.buffers })
}
