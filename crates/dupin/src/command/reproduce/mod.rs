//! `dupin reproduce`: experiments of the paper, from a fixed grid to a page of verdicts.

mod claims;
mod grid;
mod page;
mod statistics;
mod trial;

use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use clap::{Args, ValueEnum};
use dupin::cpu::Cpu;
use serde::Serialize;

use crate::output::{self, Context, duration, line};
use crate::report::table::Table;
use claims::Claim;
use grid::Trial;
use statistics::Summary;
use trial::Outcome;

/// Which experiment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Name {
    /// ReLU and GELU nets under SGD, SAM and the gradient penalty with its NME kept and dropped, on built-in data
    Quick,
}

/// Run the paper's experiments and write a report.
///
/// Trains every net of a fixed grid (seeds included), splits the Hessian of each, decides each claim by a rule that stands in
/// the code, and writes summary.json, trials.csv, the figures and a self-contained report.html.
#[derive(Args, Debug)]
pub(crate) struct Reproduce {
    /// Which experiment
    #[arg(value_enum)]
    name: Name,

    /// Folder to write into
    #[arg(long, value_name = "DIR", default_value = "runs/quick")]
    out: PathBuf,
}

/// Everything in `summary.json`. Times stand apart: the rest is the same in every run.
#[derive(Debug, Serialize)]
pub(crate) struct Results {
    pub(crate) command: String,
    pub(crate) version: &'static str,
    pub(crate) settings: grid::Settings,
    pub(crate) claims: Vec<Claim>,
    pub(crate) groups: Vec<Group>,
    pub(crate) trials: Vec<Outcome>,
    pub(crate) seconds: f64,
    pub(crate) threads: usize,
}

/// Trials that differ in their seed alone.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Group {
    pub(crate) net: &'static str,
    pub(crate) activation: &'static str,
    pub(crate) method: grid::Method,
    pub(crate) rho: f64,
    pub(crate) objective: String,
    pub(crate) test_accuracy: Summary,
    pub(crate) train_loss: Summary,
    pub(crate) trace_gauss_newton: Summary,
    pub(crate) trace_nme: Summary,
    pub(crate) dead_units: Summary,
    pub(crate) diverged: usize,
}

impl Reproduce {
    pub(crate) fn run(&self, ctx: &Context) -> anyhow::Result<bool> {
        let Name::Quick = self.name;
        let settings = grid::Settings::quick();
        output::folder(&self.out)?;
        // A report that cannot be written should not cost minutes first.
        output::write(&self.out.join("settings.json"), serde_json::to_string_pretty(&settings)?.as_bytes())?;
        let trials = settings.trials();
        let workers = ctx.thread_count().min(trials.len()).max(1);
        line(&format!("{} nets to train on {} with {workers} workers of one thread each\n", trials.len(), settings.data))?;
        let outcomes = run_all(ctx, &settings, &trials, workers)?;
        let groups = group(&outcomes);
        let results = Results {
            command: format!("dupin reproduce quick --out {}", self.out.display()),
            version: env!("CARGO_PKG_VERSION"),
            claims: claims::decide(&outcomes),
            groups,
            settings,
            trials: outcomes,
            seconds: ctx.seconds(),
            threads: workers,
        };
        self.write(&results)?;
        print(&results)?;
        line(&format!("\nwrote {} ({})", self.out.join("report.html").display(), duration(results.seconds)))?;
        Ok(true)
    }

    fn write(&self, results: &Results) -> anyhow::Result<()> {
        output::write(&self.out.join("summary.json"), serde_json::to_string_pretty(results)?.as_bytes())?;
        output::write(&self.out.join("trials.csv"), trial::csv(&results.trials).as_bytes())?;
        let (page, figures) = page::build(results);
        for (name, svg) in figures {
            output::write(&self.out.join(name), svg.as_bytes())?;
        }
        output::write(&self.out.join("report.html"), page.as_bytes())
    }
}

/// Runs the trials, each on one thread, `workers` at a time. Outcomes come back in the order of the grid: who ran what cannot be seen.
fn run_all(ctx: &Context, settings: &grid::Settings, trials: &[Trial], workers: usize) -> anyhow::Result<Vec<Outcome>> {
    let data = dupin::data::load(settings.data)?;
    let executors = (0..workers).map(|_| Cpu::new(Some(1))).collect::<Result<Vec<_>, _>>()?;
    let bar = ctx.bar(trials.len() as u64, "training");
    // The costly ones first, so that no worker is left alone with one at the end.
    let mut order: Vec<usize> = (0..trials.len()).collect();
    order.sort_by_key(|&i| (std::cmp::Reverse(trials[i].cost()), i));
    let next = AtomicUsize::new(0);
    let slots: Vec<OnceLock<anyhow::Result<Outcome>>> = (0..trials.len()).map(|_| OnceLock::new()).collect();
    std::thread::scope(|scope| {
        for executor in &executors {
            scope.spawn(|| {
                while let Some(&i) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let outcome = trial::run(executor, settings, &trials[i], &data);
                    match &outcome {
                        Ok(o) => bar.set_message(o.label()),
                        // The rest would be for nothing.
                        Err(_) => next.store(order.len(), Ordering::Relaxed),
                    }
                    let _ = slots[i].set(outcome);
                    let done = slots.iter().filter(|s| s.get().is_some()).count();
                    bar.set_position(done as u64);
                    if bar.is_hidden() && done % 10 == 0 {
                        ctx.note(&bar, &format!("{done} of {} trained after {}", trials.len(), duration(ctx.seconds())));
                    }
                }
            });
        }
    });
    bar.finish_and_clear();
    slots.into_iter().filter_map(OnceLock::into_inner).collect()
}

fn group(outcomes: &[Outcome]) -> Vec<Group> {
    let mut groups: Vec<(Trial, Vec<&Outcome>)> = Vec::new();
    for o in outcomes {
        match groups.iter_mut().find(|(t, _)| t.same_but_seed(&o.trial)) {
            Some((_, members)) => members.push(o),
            None => groups.push((o.trial.clone(), vec![o])),
        }
    }
    let summary = |m: &[&Outcome], f: fn(&Outcome) -> f64| Summary::of(&m.iter().map(|o| f(o)).collect::<Vec<_>>());
    let build = |(t, m): (Trial, Vec<&Outcome>)| Group {
        net: t.net,
        activation: t.activation,
        method: t.method,
        rho: t.rho,
        objective: t.objective(),
        test_accuracy: summary(&m, |o| o.test_accuracy),
        train_loss: summary(&m, |o| o.train_loss),
        trace_gauss_newton: summary(&m, |o| o.trace_gauss_newton.value),
        trace_nme: summary(&m, |o| o.trace_nme.value),
        dead_units: summary(&m, |o| o.dead_units),
        diverged: m.iter().filter(|o| o.diverged).count(),
    };
    groups.into_iter().map(build).collect()
}

fn print(r: &Results) -> anyhow::Result<()> {
    for net in r.settings.nets() {
        let mut table = Table::new(&["activation", "method", "rho", "test accuracy", "tr G", "tr N", "dead", "diverged"]);
        for g in r.groups.iter().filter(|g| g.net == net.name) {
            table.add(vec![
                g.activation.into(),
                g.method.label().into(),
                if g.method.has_rho() { g.rho.to_string() } else { String::new() },
                g.test_accuracy.to_string(),
                g.trace_gauss_newton.to_string(),
                g.trace_nme.to_string(),
                format!("{:.2}", g.dead_units.mean),
                if g.diverged > 0 { format!("{} of {}", g.diverged, g.test_accuracy.count) } else { String::new() },
            ]);
        }
        line(&format!("{}: {} ({} parameters)\n{table}", net.name, net.model, net.parameters))?;
    }
    line(&format!("± is one standard error over {} seeds\n", r.settings.seeds))?;
    for c in &r.claims {
        line(&format!("{:9}  {} ({}): {}", c.verdict.word(), c.id, c.net, c.numbers))?;
    }
    Ok(())
}
