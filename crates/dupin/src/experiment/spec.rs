//! The format of an experiment's file, and its reader.
//!
//! A file says what is asked, which nets are trained to answer it, and how the verdict follows from the numbers, all before anything
//! is run. The `arm`s are the lines of its figures: settings of `dupin train` with places like `{rho}` that the axes fill.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

/// A file of `experiments/`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Experiment {
    /// Name: the file's, without its end.
    #[serde(skip)]
    pub(crate) name: String,
    /// The file itself.
    #[serde(skip)]
    pub(crate) text: String,
    pub(crate) title: String,
    /// Number of the paper's figure that it repeats.
    pub(crate) figure: Option<u32>,
    /// What is asked, where that is not one of the paper's figures.
    pub(crate) question: Option<String>,
    /// What is expected, and why; written before it was run.
    #[serde(default)]
    pub(crate) hypothesis: String,
    /// What a reader must know to judge it: departures from the paper, rules that were changed after a look.
    #[serde(default)]
    pub(crate) notes: Vec<String>,
    /// Settings of every arm, as in `dupin train --config`.
    #[serde(default)]
    pub(crate) train: Table,
    /// What is measured beside accuracy and loss.
    #[serde(default)]
    pub(crate) measure: Table,
    /// Values by name.
    #[serde(default)]
    pub(crate) axes: BTreeMap<String, AxisValues>,
    /// Seeds 0, 1, ... of every arm and point, unless the scale says otherwise.
    pub(crate) seeds: Option<u64>,
    /// Points drawn at random in place of the whole grid.
    pub(crate) search: Option<Search>,
    #[serde(default)]
    pub(crate) scale: BTreeMap<String, Scale>,
    #[serde(default, rename = "arm")]
    pub(crate) arms: Vec<Arm>,
    #[serde(default, rename = "claim")]
    pub(crate) claims: Vec<Claim>,
    #[serde(default, rename = "chart")]
    pub(crate) charts: Vec<Chart>,
}

/// Values of an axis.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum AxisValues {
    /// In order. A table stands for several places at once: that of the axis' own name is what figures show.
    List(Vec<Value>),
    /// For a random search: `log_uniform = [0.001, 1.0]` or `uniform = [0.0, 1.0]`.
    Range(Range),
}

/// An interval to draw from.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub(crate) enum Range {
    LogUniform([f64; 2]),
    Uniform([f64; 2]),
}

/// Random search.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Search {
    /// Points of every arm.
    pub(crate) points: usize,
    /// Seed of the draws.
    #[serde(default)]
    pub(crate) seed: u64,
}

/// What an experiment is at one size.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scale {
    pub(crate) seeds: Option<u64>,
    #[serde(default)]
    pub(crate) train: Table,
    #[serde(default)]
    pub(crate) measure: Table,
    #[serde(default)]
    pub(crate) axes: BTreeMap<String, AxisValues>,
    /// Where its settings come from, if not from us.
    #[serde(default)]
    pub(crate) notes: Vec<String>,
}

/// One line of a figure: nets that differ in the values of axes and in the seed.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Arm {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) train: Table,
    #[serde(default)]
    pub(crate) measure: Table,
    /// Its axes. Their values fill places like `{rho}`; an axis named as a setting sets it.
    #[serde(default)]
    pub(crate) grid: Vec<String>,
    /// The arm that it becomes where its axis is 0.
    pub(crate) zero: Option<String>,
}

/// What is measured of a trained net beside accuracy and loss.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Measure {
    /// Training examples that the Hessian is measured on.
    pub(crate) examples: usize,
    /// Passes (or probes) for traces; 0 leaves them out.
    pub(crate) traces: usize,
    /// Whether traces are taken after every epoch.
    pub(crate) track: bool,
    /// Lanczos steps for the densities of H, G and N, of seed 0 alone; 0 leaves them out.
    pub(crate) spectrum: usize,
    /// Magnitudes from which φ'' counts as nonzero, for the share of units where it is.
    pub(crate) second_derivative: Vec<f64>,
    /// Loss and norms of G and N over two weights, of this many places in each direction; 0 leaves it out.
    pub(crate) landscape: usize,
    /// Half the width of that map.
    pub(crate) landscape_width: f64,
    /// Whether the net is trained at all.
    pub(crate) trained: bool,
}

impl Default for Measure {
    fn default() -> Self {
        Self {
            examples: 500,
            traces: 0,
            track: false,
            spectrum: 0,
            second_derivative: Vec::new(),
            landscape: 0,
            landscape_width: 2.0,
            trained: true,
        }
    }
}

/// A claim and the rule that decides it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Claim {
    /// As `C2`; the list is in docs/RESULTS.md.
    pub(crate) id: String,
    /// What is claimed, in a sentence that a stranger understands.
    pub(crate) text: String,
    /// What the effect is, in words.
    pub(crate) effect_is: String,
    /// Which number of a net.
    pub(crate) metric: String,
    /// Arms and their factors: the effect of a seed is the sum over them.
    pub(crate) effect: Vec<(String, f64)>,
    /// Which points of an arm.
    #[serde(default)]
    pub(crate) over: Over,
    /// Points that count: those where some arms still train.
    pub(crate) trains: Option<Trains>,
    pub(crate) rule: Rule,
    /// The smallest effect that is called one.
    pub(crate) least: f64,
    #[serde(default)]
    pub(crate) unit: Unit,
}

/// What an arm's points become.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Over {
    /// Their mean.
    #[default]
    Mean,
    /// The last alone.
    Last,
    /// The first alone.
    First,
    /// The one at which the arm does best on average over seeds.
    Best,
    /// The slope of the least-squares line against the number of the point, per point.
    Slope,
}

/// Points count where each of `arms`, averaged over seeds, is at most `within` below its partner in `against`, in test accuracy.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Trains {
    pub(crate) arms: Vec<String>,
    pub(crate) against: Vec<String>,
    pub(crate) within: f64,
}

/// How the verdict follows from the 95 % interval of the effect.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Rule {
    /// Supported if the interval lies above 0 and the mean is at least `least`; refuted if the interval lies below `least`.
    Positive,
    /// Supported if the interval lies above `least`; refuted if it lies below.
    Above,
    /// Supported if the interval lies within ± `least`; refuted if it lies outside.
    Equal,
}

/// How an effect is written.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Unit {
    #[default]
    Points,
    Percent,
    Plain,
}

/// A figure.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Chart {
    pub(crate) kind: ChartKind,
    pub(crate) title: String,
    pub(crate) caption: String,
    /// The arms in it, in the order of their colours.
    #[serde(default)]
    pub(crate) arms: Vec<String>,
    /// The axis it is drawn against.
    #[serde(default)]
    pub(crate) x: String,
    /// What the horizontal axis says.
    #[serde(default)]
    pub(crate) x_label: String,
    /// Which number of a net is drawn; of `curves` those over the epochs, of `bars` several.
    #[serde(default)]
    pub(crate) metrics: Vec<String>,
    /// What the vertical axis says.
    #[serde(default)]
    pub(crate) y_label: String,
    /// Which points of the arms, of charts that cannot show all: the value of the axis, by its place from 0.
    pub(crate) point: Option<usize>,
    /// Symmetric logarithmic axis that is linear within this magnitude.
    pub(crate) symlog: Option<f64>,
}

/// Kinds of figures.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ChartKind {
    /// A number against an axis, means over seeds with errors and single values.
    Line,
    /// A number along training.
    Curves,
    /// Numbers of each arm.
    Bars,
    /// Traces of G and N of each layer.
    Layers,
    /// Densities of H, G and N.
    Spectrum,
    /// A map over two weights.
    Landscape,
}

impl Experiment {
    /// Reads and checks `text`; `source` is named in errors.
    pub(crate) fn parse(name: &str, text: &str, source: &str) -> anyhow::Result<Self> {
        let mut e: Self = toml::from_str(text).with_context(|| format!("{source} is not an experiment"))?;
        e.name = name.to_string();
        e.text = text.to_string();
        e.check().with_context(|| format!("{source} is not an experiment"))?;
        Ok(e)
    }

    /// Names that refer to something must find it.
    fn check(&mut self) -> anyhow::Result<()> {
        if self.arms.is_empty() {
            // The whole grid is one arm.
            let grid = self.axes.keys().cloned().collect();
            self.arms.push(Arm { name: "all".into(), train: Table::new(), measure: Table::new(), grid, zero: None });
        }
        let names: Vec<&str> = self.arms.iter().map(|a| a.name.as_str()).collect();
        for (i, name) in names.iter().enumerate() {
            if names[..i].contains(name) {
                bail!("two arms are named `{name}`; each needs a name of its own");
            }
        }
        let known = |name: &String, by: &str| -> anyhow::Result<()> {
            if names.contains(&name.as_str()) {
                return Ok(());
            }
            bail!("{by} names the arm `{name}`, which there is not; there are: {}", names.join(", "))
        };
        for a in &self.arms {
            for axis in &a.grid {
                if !self.axes.contains_key(axis) && !self.scale.values().any(|s| s.axes.contains_key(axis)) {
                    let axes = self.axes.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
                    bail!("the arm `{}` has the axis `{axis}`, which [axes] does not list; there are: {axes}", a.name);
                }
            }
            if let Some(zero) = &a.zero {
                known(zero, &format!("`zero` of the arm `{}`", a.name))?;
            }
        }
        for c in &self.claims {
            let arms = c.effect.iter().map(|e| &e.0);
            let trains = c.trains.iter().flat_map(|t| t.arms.iter().chain(&t.against));
            for arm in arms.chain(trains) {
                known(arm, &format!("the claim {}", c.id))?;
            }
            if c.trains.as_ref().is_some_and(|t| t.arms.len() != t.against.len()) {
                bail!("`trains` of the claim {} needs one partner in `against` for each of its arms", c.id);
            }
            if c.effect.is_empty() {
                bail!("the claim {} compares nothing: list arms with factors, as in `effect = [[\"SAM\", 1.0]]`", c.id);
            }
        }
        for c in &self.charts {
            for arm in &c.arms {
                known(arm, &format!("the chart `{}`", c.title))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        format!("{:#}", Experiment::parse("x", text, "x.toml").unwrap_err())
    }

    #[test]
    fn errors_name_the_line_and_what_was_expected() {
        let e = error("title = \"t\"\n[[arm]]\nname = \"a\"\ngird = []\n");
        assert!(e.contains("x.toml is not an experiment") && e.contains("line 4") && e.contains("expected one of"), "{e}");
        let e = error("title = \"t\"\nseeds = \"three\"\n");
        assert!(e.contains("line 2") && e.contains("expected u64"), "{e}");
        let e = error("title = \"t\"\n[[arm]]\nname = \"a\"\ngrid = [\"rho\"]\n");
        assert!(e.contains("`rho`, which [axes] does not list"), "{e}");
        let e = error("title = \"t\"\n[[arm]]\nname = \"a\"\n[[arm]]\nname = \"a\"\n");
        assert!(e.contains("two arms are named `a`"), "{e}");
        let e = error(
            "title = \"t\"\n[[arm]]\nname = \"a\"\n[[chart]]\nkind = \"line\"\ntitle = \"c\"\ncaption = \"\"\narms = [\"b\"]\n",
        );
        assert!(e.contains("names the arm `b`, which there is not; there are: a"), "{e}");
    }

    #[test]
    fn a_file_without_arms_is_a_grid() {
        let e = Experiment::parse("x", "title = \"t\"\n[axes]\nlearning_rate = [0.1]\n", "x").unwrap();
        assert_eq!(e.arms[0].grid, ["learning_rate"]);
    }
}
