//! A folder of trials: enter an experiment, run what is missing, collect what is there, write it all down.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::Serialize;

use super::export;
use super::library;
use super::page::{self, Chapter, Report};
use super::plan::Plan;
use super::pool::{self, DataSets, Workers};
use super::record::Record;
use super::spec::{Experiment, Scale};
use super::store::{Entry, FILE, Row, Source, Store};
use super::verdict::{Decision, Results};
use crate::output::{self, Context, duration, line};

/// A folder that trials are kept in.
pub(crate) struct Session {
    folder: PathBuf,
    data: DataSets,
}

/// Everything in `summary.json`. Times stand apart: the rest is the same in every run.
#[derive(Serialize)]
struct Summary<'a> {
    command: &'a str,
    version: &'static str,
    scale: &'a str,
    claims: Vec<&'a Decision>,
    trainings: usize,
    planned: usize,
    computing_seconds: f64,
}

impl Session {
    /// Uses `folder`, making it if it is missing.
    pub(crate) fn new(folder: &Path) -> anyhow::Result<Self> {
        output::folder(folder)?;
        // A store that cannot be written should not cost minutes first.
        Store::open(folder)?;
        Ok(Self { folder: folder.to_path_buf(), data: DataSets::default() })
    }

    /// Whether the folder has trials already.
    pub(crate) fn in_use(folder: &Path) -> bool {
        folder.join(FILE).exists()
    }

    /// Plans an experiment and enters its trials.
    pub(crate) fn enter(&self, experiment: &Experiment, scale: Option<&str>, command: &str) -> anyhow::Result<Source> {
        let source = Source {
            experiment: scale.map_or_else(|| experiment.name.clone(), |s| format!("{}@{s}", experiment.name)),
            name: experiment.name.clone(),
            scale: scale.unwrap_or("").to_string(),
            text: experiment.text.clone(),
            defaults: if scale.is_some() { library::SCALES.into() } else { String::new() },
            command: command.to_string(),
        };
        let plan = plan(&source)?;
        let entry = |p: &super::plan::Planned| Entry {
            key: p.trial.key(),
            cost: p.trial.cost(),
            label: plan.label(p),
            seed: p.trial.train.seed,
        };
        let entries: Vec<Entry> = plan.trials.iter().map(entry).collect();
        let mut store = Store::open(&self.folder)?;
        store.enter(&source, &entries)?;
        Ok(source)
    }

    /// Trials that could not be run get another chance.
    pub(crate) fn retry(&self, source: &Source) -> anyhow::Result<()> {
        Store::existing(&self.folder)?.retry(&source.experiment).map(|_| ())
    }

    /// Runs what is missing of an experiment that was entered.
    pub(crate) fn run(&self, ctx: &Context, source: &Source, workers: Workers) -> anyhow::Result<()> {
        pool::run(ctx, &self.folder, &source.experiment, &self.data, workers)
    }
}

fn plan(source: &Source) -> anyhow::Result<Plan> {
    let experiment = Experiment::parse(&source.name, &source.text, &source.name)?;
    let defaults =
        if source.defaults.is_empty() { Scale::default() } else { library::scale_in(&source.defaults, &source.scale)? };
    Plan::new(&experiment, &source.scale, &defaults)
}

/// What the store holds of an experiment.
pub(crate) fn collect(store: &Store, source: &Source) -> anyhow::Result<Chapter> {
    let plan = plan(source)?;
    let rows = store.rows(Some(&source.experiment))?;
    let seconds = rows.iter().filter_map(|r| r.seconds).sum();
    let failures = rows.iter().filter_map(|r| Some(format!("{} seed {}: {}", r.label, r.seed, r.error.as_ref()?))).collect();
    let by_key: BTreeMap<&str, &Option<Record>> = rows.iter().map(|r| (r.key.as_str(), &r.record)).collect();
    let of = |p: &super::plan::Planned| by_key.get(p.trial.key().as_str()).and_then(|r| (*r).clone());
    let records: Vec<Option<Record>> = plan.trials.iter().map(of).collect();
    let results = Results { plan: &plan, records: &records };
    let decisions = plan.experiment.claims.iter().map(|c| results.decide(c)).collect();
    Ok(Chapter { plan, records, decisions, failures, command: source.command.clone(), seconds })
}

/// Draws, decides and writes: report.html, figures, trials.csv, summary.json. Returns the report that was written.
pub(crate) fn write(folder: &Path, title: &str, command: &str) -> anyhow::Result<Report> {
    let store = Store::existing(folder)?;
    let sources = store.sources()?;
    let chapters = sources.iter().map(|s| collect(&store, s)).collect::<anyhow::Result<Vec<_>>>()?;
    let seconds: f64 = store.counts(None)?.seconds;
    let trainings = store.counts(None)?.done;
    let facts = vec![
        ("dupin".to_string(), env!("CARGO_PKG_VERSION").to_string()),
        ("trainings".to_string(), trainings.to_string()),
        ("computing time".to_string(), format!("{} on one core each", duration(seconds))),
    ];
    let scale = sources.first().map_or(String::new(), |s| s.scale.clone());
    let report = Report { title: title.into(), scale, chapters, command: command.into(), facts };
    let rows = store.rows(None)?;
    output::write(&folder.join("trials.csv"), export::csv(&rows)?.as_bytes())?;
    let summary = Summary {
        command,
        version: env!("CARGO_PKG_VERSION"),
        scale: &report.scale,
        claims: report.chapters.iter().flat_map(|c| &c.decisions).collect(),
        trainings: rows.iter().filter(|r| r.record.is_some()).count(),
        planned: rows.len(),
        computing_seconds: seconds,
    };
    output::write(&folder.join("summary.json"), serde_json::to_string_pretty(&summary)?.as_bytes())?;
    let (page, files) = page::build(&report);
    let figures = folder.join("figures");
    output::folder(&figures)?;
    for (name, svg) in files {
        output::write(&figures.join(format!("{name}.svg")), svg.as_bytes())?;
    }
    output::write(&folder.join("report.html"), page.as_bytes())?;
    Ok(report)
}

/// Prints the tables and verdicts.
pub(crate) fn print(report: &Report) -> anyhow::Result<()> {
    for c in &report.chapters {
        let results = Results { plan: &c.plan, records: &c.records };
        let scale = if c.plan.scale.is_empty() { String::new() } else { format!(" ({})", c.plan.scale) };
        line(&format!("{}{scale}: {}\n{}\n", c.plan.experiment.name, c.plan.experiment.title, page::table(&results)))?;
        for f in &c.failures {
            line(&format!("could not run: {f}"))?;
        }
    }
    for c in &report.chapters {
        for d in &c.decisions {
            line(&format!("{:9}  {} ({}): {}", d.verdict.word(), d.id, d.experiment, d.numbers))?;
        }
    }
    Ok(())
}

/// A row by its number.
pub(crate) fn row(rows: &[Row], id: i64) -> anyhow::Result<&Row> {
    rows.iter().find(|r| r.id == id).with_context(|| format!("there is no trial {id}; `dupin runs list` shows their numbers"))
}
