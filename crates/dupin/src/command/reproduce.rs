//! `dupin reproduce`: experiments of the paper, from their files to a page of verdicts.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::experiment::pool::Workers;
use crate::experiment::session::{self, Session};
use crate::experiment::{library, plan::Plan};
use crate::output::{Context, duration, line};
use crate::report::table::Table;

/// Run the paper's experiments and write a report.
///
/// Trains what an experiment asks for (seeds included) as far as the folder does not have it yet, decides each claim by the rule in
/// the experiment's file, and writes report.html, the figures, trials.csv, summary.json and runs.db, from which an interrupted run goes on.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Reproduce {
    /// Experiments: names (see --list), files that end in .toml, `all`, or `quick` for the main contrasts
    #[arg(value_name = "NAME", required_unless_present = "list")]
    names: Vec<String>,

    /// Size: `quick` (minutes, built-in data), `small` (hours, Fashion-MNIST), `paper` (needs accelerators)
    #[arg(long, value_name = "SCALE", default_value = "quick")]
    scale: String,

    /// Folder to write into [default: runs/SCALE]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Trials at once, each on one thread [default: all threads]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    jobs: Option<u32>,

    /// Run trials again that could not be run before
    #[arg(long)]
    retry: bool,

    /// Show the experiments and what they would train, and run nothing
    #[arg(long)]
    list: bool,
}

const EXAMPLES: &str = "\
Examples:
  dupin reproduce quick                     the main contrasts, in minutes
  dupin reproduce all                       every figure and control on built-in data
  dupin reproduce figure-1 --scale small    one figure on Fashion-MNIST
  dupin reproduce my-question.toml          an experiment of your own";

/// How long a worker of `reproduce` may be silent.
const LEASE: Duration = Duration::from_secs(20);

impl Reproduce {
    pub(crate) fn run(&self, ctx: &Context) -> anyhow::Result<bool> {
        let defaults = library::scale(&self.scale)?;
        let names = if self.names.is_empty() { vec!["all".to_string()] } else { self.names.clone() };
        let mut experiments = Vec::new();
        for name in &names {
            experiments.extend(library::find(name)?);
        }
        if self.list {
            let mut table = Table::new(&["experiment", "trainings", "what"]);
            for e in &experiments {
                let plan = Plan::new(e, &self.scale, &defaults)?;
                table.add(vec![e.name.clone(), plan.trials.len().to_string(), e.title.clone()]);
            }
            line(&table.to_string())?;
            return Ok(true);
        }
        let out = self.out.clone().unwrap_or_else(|| PathBuf::from("runs").join(&self.scale));
        let command = format!("dupin reproduce {} --scale {} --out {}", names.join(" "), self.scale, out.display());
        let session = Session::new(&out)?;
        let jobs = self.jobs.map_or_else(|| ctx.thread_count(), |j| j as usize);
        let workers = Workers { jobs, lease: LEASE };
        let mut entered = Vec::new();
        for e in &experiments {
            let own = format!("dupin reproduce {} --scale {} --out {}", e.name, self.scale, out.display());
            entered.push(session.enter(e, Some(&self.scale), &own)?);
        }
        for source in &entered {
            if self.retry {
                session.retry(source)?;
            }
            session.run(ctx, source, workers)?;
        }
        let report = session::write(&out, &format!("The neglected part of the Hessian, at scale {}", self.scale), &command)?;
        session::print(&report)?;
        line(&format!("\nwrote {} ({})", out.join("report.html").display(), duration(ctx.seconds())))?;
        Ok(true)
    }
}
