//! What the measuring commands share: which matrices, and where results go.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use dupin::curvature::{Part, Selection, Split, SplitParams};
use dupin::ir::Executor;
use dupin::linop::Estimate;
use serde::Serialize;

use super::subject::{About, Subject};
use crate::output::{self, Context, line};
use crate::report::chart::Measured;
use crate::report::chart::bar::{Bar, BarChart, Group};
use crate::report::scale::Axis;

/// Which matrices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Matrix {
    /// All three
    All,
    /// H, the Hessian
    #[value(alias = "h")]
    Hessian,
    /// G, the Gauss-Newton part
    #[value(alias = "g")]
    GaussNewton,
    /// N, the nonlinear modeling error
    #[value(alias = "n")]
    Nme,
}

impl Matrix {
    /// The matrices, in the order of reports.
    pub(crate) fn parts(self) -> Vec<Part> {
        match self {
            Self::All => Part::ALL.to_vec(),
            Self::Hessian => vec![Part::Hessian],
            Self::GaussNewton => vec![Part::GaussNewton],
            Self::Nme => vec![Part::Nme],
        }
    }
}

/// The letter of a matrix.
pub(crate) fn letter(part: Part) -> &'static str {
    match part {
        Part::Hessian => "H",
        Part::GaussNewton => "G",
        Part::Nme => "N",
    }
}

/// Its colour in every chart.
pub(crate) fn color(part: Part) -> usize {
    match part {
        Part::Hessian => 0,
        Part::GaussNewton => 1,
        Part::Nme => 2,
    }
}

/// An estimate as charts take it.
pub(crate) fn measured(e: &Estimate) -> Measured {
    Measured { mean: e.value, std_error: e.std_error, samples: Vec::new() }
}

/// Traces of these matrices, in all and of every layer's diagonal block: a name and an estimate for each matrix.
pub(crate) fn trace_chart(about: &About, parts: &[Part], groups: Vec<(&str, Vec<&Estimate>)>) -> String {
    let bar = |&part: &Part| Bar { name: format!("tr {}", letter(part)), color_index: color(part) };
    let group = |(name, estimates): (&str, Vec<&Estimate>)| Group {
        name: name.into(),
        values: estimates.into_iter().map(measured).collect(),
    };
    let chart = BarChart {
        title: format!("Traces, {}", about.model),
        description: "Traces of H, G and N in all and of every layer's diagonal block, with one standard error.".into(),
        value: Axis::linear("trace"),
        bars: parts.iter().map(bar).collect(),
        groups: groups.into_iter().map(group).collect(),
    };
    chart.svg().standalone()
}

/// Which rows and columns.
#[derive(Args, Clone, Debug)]
pub(crate) struct LayerArgs {
    /// Measure the block of these parameters or layers alone: names with commas between, as in `0,2.weight,*.bias`
    #[arg(long, value_name = "NAMES")]
    layer: Option<Selection>,
}

impl LayerArgs {
    /// The curvature of the chosen parameters, the others being constants.
    pub(crate) fn split<'e>(&self, subject: &Subject, executor: &'e dyn Executor) -> anyhow::Result<Split<'e>> {
        let Some(chosen) = &self.layer else { return subject.split(executor, SplitParams::default()) };
        let (traced, batches) = (subject.traced().traced, subject.batches.clone());
        Ok(Split::restricted(executor, traced, &subject.params, batches, SplitParams::default(), chosen)?)
    }

    /// For reports.
    pub(crate) fn name(&self) -> Option<String> {
        self.layer.as_ref().map(ToString::to_string)
    }
}

/// How results are given.
#[derive(Args, Clone, Debug)]
pub(crate) struct ResultArgs {
    /// Print JSON
    #[arg(long)]
    json: bool,

    /// Draw the result into this file
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

impl ResultArgs {
    /// Prints the report as JSON or as text, then writes the picture if one is wanted: a file that cannot be written costs no numbers.
    pub(crate) fn give(
        &self,
        report: &impl Serialize,
        text: impl FnOnce() -> String,
        svg: impl FnOnce() -> String,
    ) -> anyhow::Result<()> {
        line(&if self.json { serde_json::to_string_pretty(report)? } else { text() })?;
        if let Some(path) = &self.svg {
            output::write(path, svg().as_bytes())?;
        }
        Ok(())
    }
}

/// Says when it is time to save a long computation's state: every half minute.
pub(crate) struct SaveClock<'a> {
    ctx: &'a Context,
    next: f64,
}

impl<'a> SaveClock<'a> {
    const INTERVAL: f64 = 30.0;

    pub(crate) fn new(ctx: &'a Context) -> Self {
        Self { ctx, next: ctx.seconds() + Self::INTERVAL }
    }

    /// Whether the interval has passed since the last time this said so.
    pub(crate) fn is_due(&mut self) -> bool {
        let due = self.ctx.seconds() >= self.next;
        if due {
            self.next = self.ctx.seconds() + Self::INTERVAL;
        }
        due
    }
}
