//! `dupin sweep`: a grid or a random search of one's own.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::bail;
use clap::Args;

use crate::experiment::library;
use crate::experiment::pool::Workers;
use crate::experiment::session::{self, Session};
use crate::output::{Context, duration, line};

/// Train a grid or random points of settings, several at once, and keep every record.
///
/// The file has settings of `dupin train` and axes; `dupin reproduce --list` names files of the same format. Trials are claimed in
/// the folder's runs.db, so several processes, on several machines that share the folder, may work on one sweep; a trial of a worker that
/// died is taken over after the lease, and a finished one is never run again.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Sweep {
    /// What to train, see the example below
    file: PathBuf,

    /// Folder to write into [default: runs/NAME of the file]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Trials at once, each on one thread [default: all threads]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    jobs: Option<u32>,

    /// Go on with a folder that has trials already, alone or beside other processes
    #[arg(long)]
    resume: bool,

    /// With --resume: run trials again that could not be run before
    #[arg(long, requires = "resume")]
    retry: bool,

    /// Seconds that a worker may be silent before its trial is taken over
    #[arg(long, value_name = "SECONDS", default_value_t = 20.0, value_parser = lease)]
    lease: f64,

    /// Scale of the file to run at, if it has any
    #[arg(long, value_name = "SCALE")]
    scale: Option<String>,
}

const EXAMPLES: &str = "\
Example of a file:
  title = \"Which learning rate does SAM want?\"
  seeds = 3
  [train]                       # as in `dupin train --config`; the rest are its defaults
  model = \"mlp:784-128-128-10\"
  objective = \"sam:rho={rho}\"   # filled by the axis
  epochs = 5
  [axes]
  rho = [0.05, 0.1]
  learning_rate = [0.03, 0.1, 0.3]

For a random search add `[search]` with `points = 20`; an axis may then be `{ log_uniform = [0.001, 1.0] }`.";

fn lease(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(v) if (0.1..=86_400.0).contains(&v) => Ok(v),
        _ => Err("it must be a number of seconds from 0.1 to 86400".into()),
    }
}

impl Sweep {
    pub(crate) fn run(&self, ctx: &Context) -> anyhow::Result<bool> {
        let experiment = library::read(&self.file)?;
        let out = self.out.clone().unwrap_or_else(|| PathBuf::from("runs").join(&experiment.name));
        if Session::in_use(&out) && !self.resume {
            bail!("{0} holds trials already; go on with them by `--resume`, or choose another folder by `--out`", out.display());
        }
        let session = Session::new(&out)?;
        let scale = self.scale.as_ref().map_or(String::new(), |s| format!(" --scale {s}"));
        let command = format!("dupin sweep {}{scale} --out {}", self.file.display(), out.display());
        let source = session.enter(&experiment, self.scale.as_deref(), &command)?;
        if self.retry {
            session.retry(&source)?;
        }
        let jobs = self.jobs.map_or_else(|| ctx.thread_count(), |j| j as usize);
        session.run(ctx, &source, Workers { jobs, lease: Duration::from_secs_f64(self.lease) })?;
        let report = session::write(&out, &experiment.title, &command)?;
        session::print(&report)?;
        line(&format!("\nwrote {} ({})", out.join("report.html").display(), duration(ctx.seconds())))?;
        let failed = report.chapters.iter().any(|c| !c.failures.is_empty());
        Ok(!failed)
    }
}
