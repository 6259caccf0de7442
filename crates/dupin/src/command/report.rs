//! `dupin report`: a page from a folder, be it of one training or of many.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;

use crate::experiment::session;
use crate::output::{self, Context, line};
use crate::report::chart::Measured;
use crate::report::chart::line::{ErrorStyle, LineChart, Point, Series};
use crate::report::html::{Block, Figure, Page, Section};
use crate::report::scale::Axis;
use crate::report::table::Table;

/// Write report.html for a training, a sweep or a reproduction.
///
/// A training's page has its curves and settings; that of a sweep or a reproduction is drawn anew from what its runs.db holds, also while
/// it still runs.
#[derive(Args, Debug)]
pub(crate) struct Report {
    /// Folder of `dupin train --out`, `dupin sweep` or `dupin reproduce`
    dir: PathBuf,
}

impl Report {
    pub(crate) fn run(&self, _: &Context) -> anyhow::Result<bool> {
        if session::Session::in_use(&self.dir) {
            let command = format!("dupin report {}", self.dir.display());
            session::write(&self.dir, &title(&self.dir), &command)?;
        } else if self.dir.join("metrics.jsonl").is_file() {
            output::write(&self.dir.join("report.html"), training(&self.dir)?.html().as_bytes())?;
        } else {
            bail!("{} is the folder of no training and no sweep: it has neither runs.db nor metrics.jsonl", self.dir.display());
        }
        line(&format!("wrote {}", self.dir.join("report.html").display()))?;
        Ok(true)
    }
}

fn title(dir: &Path) -> String {
    format!("Trials in {}", dir.display())
}

type Row = serde_json::Map<String, serde_json::Value>;

/// Curves of one training, and its settings.
fn training(dir: &Path) -> anyhow::Result<Page> {
    let read = |name: &str| {
        let path = dir.join(name);
        std::fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))
    };
    let settings: toml::Table =
        read("config.toml")?.parse().with_context(|| format!("{} is damaged", dir.join("config.toml").display()))?;
    let mut rows: Vec<Row> = Vec::new();
    for (i, text) in read("metrics.jsonl")?.lines().enumerate() {
        let row = serde_json::from_str(text);
        rows.push(row.with_context(|| format!("line {} of {} is no record", i + 1, dir.join("metrics.jsonl").display()))?);
    }
    let mut curves: BTreeMap<&str, Vec<(f64, f64)>> = BTreeMap::new();
    for row in &rows {
        // Records of steps, as of tracked curvature, say at which step; those of epochs say both.
        let Some(x) = row.get("step").or_else(|| row.get("epoch")).and_then(serde_json::Value::as_f64) else { continue };
        for (name, v) in row.iter().filter(|(n, _)| !["step", "epoch"].contains(&n.as_str())) {
            if let Some(y) = v.as_f64() {
                curves.entry(name).or_default().push((x, y));
            }
        }
    }
    let series = |name: &str, label: &str, color_index: usize| {
        let points =
            curves.get(name)?.iter().map(|&(x, y)| Point { x, y: Measured { mean: y, std_error: None, samples: Vec::new() } });
        Some(Series { name: label.into(), points: points.collect(), dashed: false, color_index })
    };
    let mut shown: Vec<&str> = Vec::new();
    let mut charts = Vec::new();
    for (quantity, pair) in [("loss", ["train_loss", "test_loss"]), ("accuracy", ["train_accuracy", "test_accuracy"])] {
        shown.extend(pair);
        let lines = pair.iter().enumerate().filter_map(|(i, n)| series(n, ["training", "test"][i], i)).collect();
        charts.push((quantity.to_string(), lines));
    }
    for name in curves.keys().filter(|n| !shown.contains(n)) {
        charts.push((name.replace('_', " "), series(name, "", 0).into_iter().collect()));
    }
    let figure = |(quantity, series): (String, Vec<Series>)| {
        let chart = LineChart {
            title: format!("{quantity} along training"),
            description: format!("{quantity} against steps"),
            x: Axis::linear("steps"),
            y: Axis::linear(&quantity),
            series,
            errors: ErrorStyle::Band,
        };
        let numbers = Some(chart.numbers());
        Figure {
            label: String::new(),
            svg: chart.svg(),
            caption: format!("{quantity}, each point one record of the run."),
            command: String::new(),
            numbers,
        }
    };
    let text = |v: &toml::Value| v.as_str().map_or_else(|| v.to_string(), str::to_string);
    let name = |key: &str| settings.get(key).map(text).unwrap_or_default();
    let mut last = Table::new(&["", "at the end"]).caption("Last record of each number");
    for (n, c) in &curves {
        if let Some(p) = c.last() {
            last.add(vec![n.replace('_', " "), crate::report::number::significant(p.1, 4)]);
        }
    }
    Ok(Page {
        title: format!("{} with {}", name("model"), name("objective")),
        lead: format!("{} epochs of {} on {}, seed {}.", name("epochs"), name("activation"), name("data"), name("seed")),
        sections: vec![
            Section { heading: "Along training".into(), blocks: vec![Block::Figures(charts.into_iter().map(figure).collect())] },
            Section { heading: "At the end".into(), blocks: vec![Block::Table(last)] },
            Section {
                heading: "Settings".into(),
                blocks: vec![Block::Settings(settings.iter().map(|(k, v)| (k.clone(), text(v))).collect())],
            },
        ],
        footer: vec![("dupin".into(), env!("CARGO_PKG_VERSION").into())],
    })
}
