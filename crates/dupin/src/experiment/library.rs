//! The experiments that come with the command, and how one is found by name or by file.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, bail};

use super::spec::{Experiment, Scale};

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../../../experiments/", $name, ".toml")))),*]
    };
}

/// In the order in which a report shows them.
const FILES: &[(&str, &str)] = files![
    "the-split",
    "figure-1",
    "figure-2",
    "figure-3",
    "figure-4",
    "figure-5",
    "figure-6",
    "figure-7",
    "figure-8",
    "figure-9",
    "figure-10",
    "leaky-relu",
    "small-learning-rate",
    "finite-difference",
    "dense-nets",
    "transformer",
    "functional-sam",
    "many-samples",
    "matched-radius",
    "noise-forms",
    "gn-trace-forms",
];
/// What every experiment has at each scale.
pub(crate) const SCALES: &str = include_str!("../../../../experiments/scales.toml");

/// The main contrasts, for `dupin reproduce quick`.
const QUICK: [&str; 5] = ["the-split", "figure-1", "figure-2", "figure-3", "figure-10"];

/// Names of all experiments.
pub(crate) fn names() -> Vec<&'static str> {
    FILES.iter().map(|f| f.0).collect()
}

/// The settings of the scale `name` in `text`, which has [`SCALES`]' format.
///
/// # Errors
/// For a scale that there is not.
pub(crate) fn scale_in(text: &str, name: &str) -> anyhow::Result<Scale> {
    let scales: BTreeMap<String, Scale> = toml::from_str(text).context("the settings of scales are damaged")?;
    let known = scales.keys().cloned().collect::<Vec<_>>().join(", ");
    scales.get(name).cloned().with_context(|| format!("there is no scale `{name}`; there are: {known}"))
}

/// The settings of a scale.
///
/// # Errors
/// For a scale that there is not.
pub(crate) fn scale(name: &str) -> anyhow::Result<Scale> {
    scale_in(SCALES, name)
}

/// The experiments that `name` stands for: one, a file's, `quick` (the main contrasts) or `all`.
///
/// # Errors
/// For a name that there is not, or a file that is no experiment.
pub(crate) fn find(name: &str) -> anyhow::Result<Vec<Experiment>> {
    let embedded = |(n, text): &(&str, &str)| Experiment::parse(n, text, &format!("experiments/{n}.toml"));
    match name {
        "all" => return FILES.iter().map(embedded).collect(),
        "quick" => return FILES.iter().filter(|f| QUICK.contains(&f.0)).map(embedded).collect(),
        _ => {}
    }
    if let Some(file) = FILES.iter().find(|f| f.0 == name) {
        return Ok(vec![embedded(file)?]);
    }
    if Path::new(name).extension().is_some_and(|e| e == "toml") {
        return Ok(vec![read(Path::new(name))?]);
    }
    bail!("there is no experiment `{name}`; give `all`, `quick`, a file that ends in .toml, or one of: {}", names().join(", "))
}

/// An experiment from a file.
///
/// # Errors
/// For a file that cannot be read or is no experiment.
pub(crate) fn read(path: &Path) -> anyhow::Result<Experiment> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let name = path.file_stem().and_then(|s| s.to_str()).unwrap_or("sweep");
    Experiment::parse(name, &text, &path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::plan::Plan;

    /// Every experiment can be planned at every scale, each of its trials is one that can be trained, and it says what it must.
    #[test]
    fn experiments_are_whole() {
        for e in find("all").unwrap() {
            assert!(!e.hypothesis.is_empty() && !e.charts.is_empty(), "{} needs a hypothesis and a chart", e.name);
            assert!(e.figure.is_some() != e.question.is_some(), "{} repeats a figure or asks a question", e.name);
            for name in ["quick", "small", "paper"] {
                let plan = Plan::new(&e, name, &scale(name).unwrap()).unwrap_or_else(|m| panic!("{} at {name}: {m:#}", e.name));
                assert!(!plan.trials.is_empty());
                for p in &plan.trials {
                    let t = &p.trial.train;
                    let activation = t.activation.parse().unwrap_or_else(|m| panic!("{}: {m}", e.name));
                    dupin::nn::Network::parse(&t.model, activation).unwrap_or_else(|m| panic!("{} at {name}: {m}", e.name));
                    dupin::train::objective::parse(&t.objective).unwrap_or_else(|m| panic!("{} at {name}: {m}", e.name));
                }
            }
        }
    }

    /// Figures 1 to 10 are there once each, and every claim is decided somewhere.
    #[test]
    fn every_figure_and_claim_is_covered() {
        let all = find("all").unwrap();
        let mut figures: Vec<u32> = all.iter().filter_map(|e| e.figure).collect();
        figures.sort_unstable();
        assert_eq!(figures, (1..=10).collect::<Vec<_>>());
        for id in 1..=9 {
            let id = format!("C{id}");
            assert!(all.iter().any(|e| e.claims.iter().any(|c| c.id == id)), "no experiment decides {id}");
        }
    }

    #[test]
    fn a_name_that_there_is_not_gets_the_list() {
        let e = find("figure-11").unwrap_err().to_string();
        assert!(e.contains("no experiment `figure-11`") && e.contains("figure-10"), "{e}");
        assert!(scale("huge").unwrap_err().to_string().contains("paper, quick, small"));
    }
}
