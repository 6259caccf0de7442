//! From an experiment and a scale to its trials: a fixed list in a fixed order.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use dupin::linop::Rng;
use dupin::train::TrainConfig;
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use super::spec::{AxisValues, Experiment, Measure, Range, Scale};

/// One net: all that decides its record.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
pub(crate) struct Trial {
    pub(crate) train: TrainConfig,
    pub(crate) measure: Measure,
}

impl Trial {
    /// The text by which a store knows it: equal trials have equal keys, whatever experiment they are of.
    pub(crate) fn key(&self) -> String {
        serde_json::to_string(self).expect("settings are plain data")
    }

    /// Rough cost, for who decides what to start first: forward passes a step, times epochs.
    pub(crate) fn cost(&self) -> f64 {
        let o = &self.train.objective;
        let probes = o.split_once("probes=").and_then(|(_, p)| p.split([',', '+']).next()?.parse::<f64>().ok()).unwrap_or(1.0);
        let passes = match o.split([':', '+']).next().unwrap_or("") {
            "plain" | "weight_noise" => 3.0,
            "psam" | "gp" => 9.0,
            "gn_trace" => 11.0,
            "hessian_trace" | "nme_trace" => 6.0 + 9.0 * probes,
            _ => 6.0,
        };
        let net = if self.train.model.starts_with("mlp") || self.train.model.starts_with("logistic") { 1.0 } else { 6.0 };
        passes * net * self.train.epochs as f64
    }
}

/// A trial's place in its experiment.
#[derive(Clone, Debug)]
pub(crate) struct Planned {
    /// Which arm, from 0.
    pub(crate) arm: usize,
    /// Which point of the arm, from 0.
    pub(crate) point: usize,
    /// Names and values of the axes at this point.
    pub(crate) at: Vec<(String, Value)>,
    pub(crate) seed: u64,
    pub(crate) trial: Trial,
}

/// An experiment at a scale.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) experiment: Experiment,
    pub(crate) scale: String,
    pub(crate) seeds: u64,
    pub(crate) trials: Vec<Planned>,
    /// What the scale adds to the experiment's notes.
    pub(crate) notes: Vec<String>,
}

/// Tables laid over each other: a later one replaces values of an earlier one.
fn overlay(tables: &[&Table]) -> Table {
    tables.iter().flat_map(|t| t.iter()).map(|(k, v)| (k.clone(), v.clone())).collect()
}

/// `text` with places like `{rho}` filled; a text that is one place becomes the value itself.
fn fill(value: &Value, at: &BTreeMap<String, Value>) -> anyhow::Result<Value> {
    let Value::String(text) = value else { return Ok(value.clone()) };
    if let Some(v) = text.strip_prefix('{').and_then(|t| t.strip_suffix('}')).and_then(|name| at.get(name)) {
        return Ok(v.clone());
    }
    let mut out = text.clone();
    for (name, v) in at {
        let v = match v {
            Value::String(s) => s.clone(),
            other => other.to_string(),
        };
        out = out.replace(&format!("{{{name}}}"), &v);
    }
    if let Some(place) = out.split_once('{').and_then(|(_, rest)| rest.split_once('}')) {
        bail!("`{text}` has a place `{{{}}}` that no axis of the arm fills", place.0);
    }
    Ok(Value::String(out))
}

/// The values that `axis` can take at a point, as places and what they are filled with.
fn places(axis: &str, value: &Value) -> Vec<(String, Value)> {
    match value {
        Value::Table(t) => t.iter().map(|(k, v)| (k.clone(), v.clone())).collect(),
        v => vec![(axis.to_string(), v.clone())],
    }
}

fn draw(range: &Range, rng: &mut Rng) -> Value {
    let u = rng.uniform();
    // Four digits are enough for a search, and can be typed again.
    let v = match range {
        Range::Uniform([a, b]) => a + u * (b - a),
        Range::LogUniform([a, b]) => (a.ln() + u * (b.ln() - a.ln())).exp(),
    };
    Value::Float(format!("{v:.3e}").parse().expect("a number that was just printed"))
}

impl Plan {
    /// Expands `experiment` at `scale`, whose settings lie over the `defaults` of that scale and under none.
    pub(crate) fn new(experiment: &Experiment, scale: &str, defaults: &Scale) -> anyhow::Result<Self> {
        let none = Scale::default();
        let own = experiment.scale.get(scale).unwrap_or(&none);
        let seeds = own.seeds.or(experiment.seeds).or(defaults.seeds).unwrap_or(1);
        let mut axes = defaults.axes.clone();
        axes.extend(experiment.axes.clone());
        axes.extend(own.axes.clone());
        let mut trials = Vec::new();
        let mut base = Table::try_from(TrainConfig::default())?;
        base.insert("objective".into(), "plain".into());
        for (arm, a) in experiment.arms.iter().enumerate() {
            for (point, at) in points(experiment, &a.grid, &axes, arm)?.into_iter().enumerate() {
                for seed in 0..seeds {
                    let what = || format!("the arm `{}` of {} cannot be run", a.name, experiment.name);
                    let filled: BTreeMap<String, Value> = at.iter().cloned().collect();
                    let mut train = overlay(&[&base, &defaults.train, &experiment.train, &own.train, &a.train]);
                    for (name, v) in &at {
                        if train.contains_key(name) {
                            train.insert(name.clone(), v.clone());
                        }
                    }
                    for v in train.iter_mut().map(|e| e.1) {
                        *v = fill(v, &filled).with_context(what)?;
                    }
                    if !at.iter().any(|(name, _)| name == "seed") {
                        train.insert("seed".into(), Value::Integer(seed as i64));
                    }
                    let train: TrainConfig = Value::Table(whole(train)).try_into().with_context(what)?;
                    train.check().with_context(what)?;
                    let measure = overlay(&[&defaults.measure, &experiment.measure, &own.measure, &a.measure]);
                    let measure: Measure = Value::Table(measure).try_into().with_context(what)?;
                    trials.push(Planned { arm, point, at: at.clone(), seed, trial: Trial { train, measure } });
                }
            }
        }
        let notes = defaults.notes.iter().chain(&own.notes).cloned().collect();
        Ok(Self { experiment: experiment.clone(), scale: scale.to_string(), seeds, trials, notes })
    }

    /// The value of `axis` at each point of an arm, in order.
    pub(crate) fn values(&self, arm: usize, axis: &str) -> Vec<Option<f64>> {
        let mut out = Vec::new();
        for p in self.trials.iter().filter(|p| p.arm == arm && p.seed == 0) {
            let v = p.at.iter().find(|(n, _)| n == axis).map(|(_, v)| v);
            out.push(v.and_then(|v| v.as_float().or_else(|| v.as_integer().map(|i| i as f64))));
        }
        out
    }

    /// Number of an arm by its name, which the reader has checked.
    pub(crate) fn arm(&self, name: &str) -> usize {
        self.experiment.arms.iter().position(|a| a.name == name).expect("the reader checked names of arms")
    }

    /// What a person calls a trial.
    pub(crate) fn label(&self, p: &Planned) -> String {
        let arm = &self.experiment.arms[p.arm];
        let at: Vec<String> =
            p.at.iter().filter(|(n, _)| arm.grid.contains(n)).map(|(n, v)| format!("{n}={}", shown(v))).collect();
        format!("{}{}{}", arm.name, if at.is_empty() { "" } else { " " }, at.join(" "))
    }
}

/// A value as a person types it.
pub(crate) fn shown(v: &Value) -> String {
    v.as_str().map_or_else(|| v.to_string(), str::to_string)
}

/// Integers where settings are floats: `learning_rate = 1` is meant as 1.0.
fn whole(mut train: Table) -> Table {
    let floats: Vec<String> = Table::try_from(TrainConfig::default())
        .map(|t| t.iter().filter(|(_, v)| v.is_float()).map(|(k, _)| k.clone()).collect())
        .unwrap_or_default();
    for key in floats {
        if let Some(Value::Integer(i)) = train.get(&key) {
            let v = *i as f64;
            train.insert(key, Value::Float(v));
        }
    }
    train
}

/// Points of an arm: the product of its axes, the first the slowest; or as many random ones as are asked for.
fn points(
    experiment: &Experiment,
    grid: &[String],
    axes: &BTreeMap<String, AxisValues>,
    arm: usize,
) -> anyhow::Result<Vec<Vec<(String, Value)>>> {
    let lists: Vec<(&String, &AxisValues)> = grid
        .iter()
        .map(|name| axes.get(name).map(|v| (name, v)).with_context(|| format!("there is no axis `{name}` at this scale")))
        .collect::<Result<_, _>>()?;
    if let Some(search) = &experiment.search {
        let mut rng = Rng::new(search.seed.wrapping_add(arm as u64));
        let mut point = || {
            let mut at = Vec::new();
            for (name, values) in &lists {
                let v = match values {
                    AxisValues::Range(r) => draw(r, &mut rng),
                    AxisValues::List(list) => list[((rng.uniform() * list.len() as f64) as usize).min(list.len() - 1)].clone(),
                };
                at.extend(places(name, &v));
            }
            at
        };
        return Ok((0..search.points).map(|_| point()).collect());
    }
    let mut out = vec![Vec::new()];
    for (name, values) in lists {
        let AxisValues::List(list) = values else {
            bail!("the axis `{name}` is a range, which a grid cannot walk; list values, or add `[search]` with `points = N`");
        };
        let longer = |at: &Vec<(String, Value)>| list.iter().map(|v| [at.clone(), places(name, v)].concat()).collect::<Vec<_>>();
        out = out.iter().flat_map(longer).collect();
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRID: &str = "\
title = \"t\"
seeds = 2
[train]
model = \"mlp:64-8-10\"
learning_rate = 1
[axes]
rho = [0.1, 0.2]
width = [{ width = 1e-4, sigma = 0.01 }]
[[arm]]
name = \"plain\"
[[arm]]
name = \"sam\"
grid = [\"rho\"]
train = { objective = \"sam:rho={rho}\" }
[[arm]]
name = \"noise\"
grid = [\"width\"]
train = { objective = \"weight_noise:sigma={sigma}\" }
";

    fn plan(text: &str, scale: &str) -> anyhow::Result<Plan> {
        Plan::new(&Experiment::parse("x", text, "x")?, scale, &Scale::default())
    }

    #[test]
    fn axes_fill_places_and_seeds_repeat() {
        let p = plan(GRID, "quick").unwrap();
        let objectives: Vec<&str> = p.trials.iter().map(|t| t.trial.train.objective.as_str()).collect();
        let expected = [
            "plain",
            "plain",
            "sam:rho=0.1",
            "sam:rho=0.1",
            "sam:rho=0.2",
            "sam:rho=0.2",
            "weight_noise:sigma=0.01",
            "weight_noise:sigma=0.01",
        ];
        assert_eq!(objectives, expected);
        assert_eq!(p.trials.iter().map(|t| t.trial.train.seed).collect::<Vec<_>>(), [0, 1, 0, 1, 0, 1, 0, 1]);
        assert_eq!(p.trials[0].trial.train.learning_rate, 1.0);
        assert_eq!(p.values(1, "rho"), [Some(0.1), Some(0.2)]);
        assert_eq!(p.values(2, "width"), [Some(1e-4)]);
    }

    #[test]
    fn a_scale_lies_over_the_rest_and_an_axis_can_be_a_setting() {
        let text = "title=\"t\"\n[axes]\nlearning_rate=[0.1,0.2]\n[train]\nepochs=3\n[scale.small]\nseeds=1\ntrain={epochs=5}\naxes={learning_rate=[0.3]}\n";
        let p = plan(text, "small").unwrap();
        assert_eq!((p.trials.len(), p.trials[0].trial.train.epochs, p.trials[0].trial.train.learning_rate), (1, 5, 0.3));
        assert_eq!(plan(text, "quick").unwrap().trials.len(), 2);
    }

    #[test]
    fn mistakes_are_named() {
        let error = |text: &str| format!("{:#}", plan(text, "quick").unwrap_err());
        let e = error("title=\"t\"\n[train]\nobjective=\"sam:rho={rho}\"\n");
        assert!(e.contains("`{rho}` that no axis"), "{e}");
        let e = error("title=\"t\"\n[axes]\nlearning_rate={log_uniform=[0.001,1.0]}\n");
        assert!(e.contains("is a range"), "{e}");
        let e = error("title=\"t\"\n[train]\nepoch=3\n");
        assert!(e.contains("unknown field `epoch`"), "{e}");
    }

    #[test]
    fn a_search_draws_the_same_points_every_time() {
        let text = "title=\"t\"\n[search]\npoints=20\n[axes]\nlearning_rate={log_uniform=[0.001,1.0]}\nbatch=[32,64]\n";
        let (a, b) = (plan(text, "quick").unwrap(), plan(text, "quick").unwrap());
        let keys = |p: &Plan| p.trials.iter().map(|t| t.trial.key()).collect::<Vec<_>>();
        assert_eq!(keys(&a), keys(&b));
        let rates: Vec<f64> = a.trials.iter().map(|t| t.trial.train.learning_rate).collect();
        assert!(
            rates.iter().all(|r| (0.001..=1.0).contains(r)) && rates.iter().any(|&r| r < 0.03) && rates.iter().any(|&r| r > 0.03),
            "{rates:?}"
        );
    }
}
