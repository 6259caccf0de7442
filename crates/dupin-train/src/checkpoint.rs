//! Checkpoints: `model.safetensors` for everyone, `state.safetensors` to go on from. Each is whole or absent, and the state of a run is
//! there twice: a damaged one is known by its checksum and the one before it taken.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use dupin_ir::{DType, Data, Tensor};
use dupin_nn::Network;
use dupin_nn::weights::{self, Metadata};

use crate::config::TrainConfig;
use crate::error::Error;
use crate::objective;
use crate::optimizer::Update;
use crate::state::{AVERAGE, AVERAGE_BUFFERS, EpochSums, Slot, State, slots};

/// Metadata that holds the checksum of everything else.
const CHECKSUM: &str = "checksum";

/// Writes the network, for `dupin split`, PyTorch and everyone.
///
/// # Errors
/// If the file cannot be written; what was there before is then still there.
pub fn save_model(path: &Path, network: &Network, config: &TrainConfig, at: &State, epoch: usize) -> Result<(), Error> {
    save_weights(path, network, config, (&at.params, &at.buffers), epoch)
}

/// Writes the network with the averaged parameters and running statistics; nothing if the run has none.
///
/// # Errors
/// As [`save_model`].
pub fn save_average(path: &Path, network: &Network, config: &TrainConfig, at: &State, epoch: usize) -> Result<(), Error> {
    match (at.slot(AVERAGE), at.slot(AVERAGE_BUFFERS)) {
        (Some(params), Some(buffers)) => save_weights(path, network, config, (params, buffers), epoch),
        _ => Ok(()),
    }
}

fn save_weights(
    path: &Path,
    network: &Network,
    config: &TrainConfig,
    (params, buffers): (&[Tensor], &[Tensor]),
    epoch: usize,
) -> Result<(), Error> {
    let about = [
        ("model", config.model.clone()),
        ("activation", config.activation.clone()),
        ("loss", config.loss.clone()),
        ("objective", config.objective.clone()),
        ("data", config.data.clone()),
        ("epoch", epoch.to_string()),
        ("seed", config.seed.to_string()),
    ];
    let about: Metadata = about.into_iter().map(|(k, v)| (k.to_string(), v)).collect();
    Ok(weights::save(path, &network.to_pytorch(params, buffers), &about)?)
}

/// The file that `path` was before the last save: `state.previous.safetensors` of `state.safetensors`.
pub fn previous(path: &Path) -> PathBuf {
    path.with_extension("previous.safetensors")
}

/// Writes the state of a run and keeps the one before it as [`previous`]. Whenever this is cut off, one of the two is whole.
///
/// # Errors
/// If a file cannot be written; what was there before is then still there.
pub fn save_state(path: &Path, network: &Network, config: &TrainConfig, at: &State) -> Result<(), Error> {
    let mut tensors = network.to_pytorch(&at.params, &at.buffers);
    let count = network.params().len();
    for slot in &at.slots {
        let named = if slot.name == AVERAGE_BUFFERS {
            network.to_pytorch(&at.params, &slot.tensors).split_off(count)
        } else {
            let mut named = network.to_pytorch(&slot.tensors, &at.buffers);
            named.truncate(count);
            named
        };
        tensors.extend(named.into_iter().map(|(name, t)| (format!("{}/{name}", slot.name), t)));
    }
    tensors.push(("epoch_sums".into(), Tensor::f64([at.epoch.sums.len()], at.epoch.sums.to_vec())));
    let mut about: Metadata =
        [("step", at.step.to_string()), ("run", fingerprint(config))].into_iter().map(|(k, v)| (k.to_string(), v)).collect();
    let checksum = checksum(tensors.iter().map(|(n, t)| (n.as_str(), t)).collect(), &about);
    about.insert(CHECKSUM.into(), checksum);
    let next = path.with_extension("next.safetensors");
    weights::save(&next, &tensors, &about)?;
    let renamed = |from: &Path, to: &Path| {
        std::fs::rename(from, to).map_err(|source| dupin_nn::Error::Io { action: "write", path: to.into(), source })
    };
    if path.exists() {
        renamed(path, &previous(path))?;
    }
    Ok(renamed(&next, path)?)
}

/// What must be equal for a state to belong to a run: every setting.
fn fingerprint(config: &TrainConfig) -> String {
    serde_json::to_string(config).expect("settings are texts and numbers")
}

/// CRC-32C over names, shapes and values in the order of the names, then over the metadata.
fn checksum(mut tensors: Vec<(&str, &Tensor)>, about: &Metadata) -> String {
    tensors.sort_by_key(|t| t.0);
    let mut crc = 0;
    let mut add = |bytes: &[u8]| crc = crc32c::crc32c_append(crc, bytes);
    for (name, t) in tensors {
        add(format!("{name} {:?} {:?}\n", t.dtype(), t.shape()).as_bytes());
        match t.data() {
            Data::F32(v) => v.iter().for_each(|x| add(&x.to_le_bytes())),
            Data::F64(v) => v.iter().for_each(|x| add(&x.to_le_bytes())),
            other => add(format!("{other:?}").as_bytes()),
        }
    }
    for (k, v) in about.iter().filter(|(k, _)| *k != CHECKSUM) {
        add(format!("{k}={v}\n").as_bytes());
    }
    format!("crc32c:{crc:08x}")
}

/// The state of a run, and what was wrong with the newest file if it is from the one before.
#[derive(Debug)]
pub struct Loaded {
    /// Where the run stands.
    pub state: State,
    /// Why it is not the newest.
    pub damaged: Option<Error>,
}

/// Reads the state of a run: the newest, or the one before it if the newest is damaged or missing.
///
/// # Errors
/// [`Error::Checkpoint`] if it belongs to a run with other settings, or is no state; errors of the file.
pub fn load_state(path: &Path, network: &Network, config: &TrainConfig) -> Result<Loaded, Error> {
    match load_one(path, network, config) {
        Ok(state) => Ok(Loaded { state, damaged: None }),
        // A whole file that belongs elsewhere is a mistake to be told of, not damage.
        Err(e @ Error::ForeignCheckpoint { .. }) => Err(e),
        Err(e) => match load_one(&previous(path), network, config) {
            Ok(state) => Ok(Loaded { state, damaged: Some(e) }),
            Err(_) => Err(e),
        },
    }
}

fn load_one(path: &Path, network: &Network, config: &TrainConfig) -> Result<State, Error> {
    let problem = |problem: String| Error::Checkpoint { path: path.into(), problem };
    let file = weights::read(path)?;
    let Some(run) = file.metadata.get("run") else {
        return Err(problem("it is no state of a run, which `--resume` needs; a model alone does not say how to go on".into()));
    };
    let expected = checksum(file.tensors.iter().map(|(n, t)| (n.as_str(), t)).collect(), &file.metadata);
    if file.metadata.get(CHECKSUM) != Some(&expected) {
        return Err(problem("its contents do not match its checksum: the file is damaged".into()));
    }
    if *run != fingerprint(config) {
        return Err(Error::ForeignCheckpoint { path: path.into() });
    }
    let step = file.metadata.get("step").and_then(|e| e.parse().ok());
    let step = step.ok_or_else(|| problem("it does not say how many steps were done; start a new run".into()))?;
    let mut groups: BTreeMap<String, BTreeMap<String, Tensor>> = BTreeMap::new();
    let mut epoch = EpochSums::default();
    for (name, tensor) in file.tensors {
        if name == "epoch_sums" {
            epoch.sums.iter_mut().zip(tensor.to_f64()).for_each(|(sum, v)| *sum = v);
            continue;
        }
        let (group, name) = name.split_once('/').unwrap_or(("", &name));
        groups.entry(group.into()).or_default().insert(name.into(), tensor);
    }
    let dtype = config.dtype()?;
    let named = groups.remove("").unwrap_or_default();
    let take = |tensors: &BTreeMap<String, Tensor>| {
        network.from_pytorch(tensors, dtype).map_err(|p| {
            let list: Vec<String> = p.iter().map(ToString::to_string).collect();
            problem(format!("it does not hold the state of `{}`: {}", network.spec(), list.join("; ")))
        })
    };
    let (params, buffers) = take(&named)?;
    let slot = |name: &str| -> Result<Slot, Error> {
        // What the slot has no tensors for is filled with the network's own, and left out again.
        let mut all = named.clone();
        all.extend(groups.get(name).cloned().unwrap_or_default());
        let (of_params, of_buffers) = take(&all)?;
        let tensors = if name == AVERAGE_BUFFERS { of_buffers } else { of_params };
        Ok(Slot { name: name.into(), tensors })
    };
    let names = slots(&*objective::parse(&config.objective)?, &Update::new(config)?);
    let slots = names.iter().map(|(name, _)| slot(name)).collect::<Result<_, _>>()?;
    Ok(State { step, epoch, params, buffers, slots })
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
