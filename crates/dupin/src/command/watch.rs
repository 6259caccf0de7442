//! `dupin watch`: how far a running training or sweep is, in the terminal.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;

use crate::experiment::store::{Counts, Store};
use crate::output::{Context, duration, line};
use crate::report::table::Table;

/// Follow a running training or sweep from another terminal.
///
/// Shows how far it is and how long the rest will take, anew every few seconds, until it is done or you press Ctrl-C. It only reads.
#[derive(Args, Debug)]
pub(crate) struct Watch {
    /// Folder of `dupin train --out`, `dupin sweep` or `dupin reproduce`
    dir: PathBuf,

    /// Seconds between looks
    #[arg(long, value_name = "SECONDS", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=3600))]
    every: u64,

    /// Look once
    #[arg(long)]
    once: bool,
}

/// What was seen.
struct View {
    text: String,
    finished: bool,
}

impl Watch {
    pub(crate) fn run(&self, ctx: &Context) -> anyhow::Result<bool> {
        let mut first: Option<(f64, Counts)> = None;
        let mut shown = String::new();
        let screen = std::io::stdout().is_terminal() && !self.once;
        loop {
            let view = if self.dir.join(crate::experiment::store::FILE).is_file() {
                sweep(ctx, &self.dir, &mut first)?
            } else if self.dir.join("metrics.jsonl").is_file() {
                training(&self.dir)?
            } else {
                bail!(
                    "{} is the folder of no training and no sweep: it has neither runs.db nor metrics.jsonl",
                    self.dir.display()
                );
            };
            if screen {
                // Upper left corner, the new text, and nothing of the old one below it.
                write!(std::io::stdout(), "\x1b[H{}\x1b[J", view.text.replace('\n', "\x1b[K\n"))?;
                std::io::stdout().flush()?;
            } else if view.text != shown {
                line(view.text.trim_end())?;
                shown.clone_from(&view.text);
            }
            if view.finished || self.once {
                return Ok(true);
            }
            std::thread::sleep(Duration::from_secs(self.every));
        }
    }
}

/// `████░░░░`, of 24 places.
fn bar(share: f64) -> String {
    let full = (24.0 * share.clamp(0.0, 1.0)).round() as usize;
    format!("{}{}", "█".repeat(full), "░".repeat(24 - full))
}

fn sweep(ctx: &Context, dir: &Path, first: &mut Option<(f64, Counts)>) -> anyhow::Result<View> {
    let store = Store::existing(dir)?;
    let mut table = Table::new(&["experiment", "", "done", "running", "waiting", "failed"]);
    for s in store.sources()? {
        let c = store.counts(Some(&s.experiment))?;
        table.add(vec![
            s.experiment,
            bar(c.done as f64 / c.total().max(1) as f64),
            format!("{} of {}", c.done, c.total()),
            c.running.to_string(),
            c.waiting.to_string(),
            c.failed.to_string(),
        ]);
    }
    let all = store.counts(None)?;
    let left = all.waiting + all.running;
    let (since, begun) = first.get_or_insert((ctx.seconds(), all));
    let (elapsed, done) = (ctx.seconds() - *since, all.done.saturating_sub(begun.done));
    let rest = match done {
        _ if left == 0 => "nothing left to do".to_string(),
        0 => format!("{left} left"),
        n => format!("{left} left, about {}", duration(elapsed / n as f64 * left as f64)),
    };
    Ok(View { text: format!("{}\n\n{table}\n\n{rest}\n", dir.display()), finished: left == 0 })
}

fn training(dir: &Path) -> anyhow::Result<View> {
    let path = dir.join("metrics.jsonl");
    let text = std::fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
    let rows: Vec<serde_json::Map<String, serde_json::Value>> =
        text.lines().filter_map(|l| serde_json::from_str(l).ok()).collect();
    let epochs = std::fs::read_to_string(dir.join("config.toml"))
        .ok()
        .and_then(|c| c.parse::<toml::Table>().ok())
        .and_then(|t| t.get("epochs")?.as_integer());
    let columns = ["epoch", "train_loss", "train_accuracy", "test_loss", "test_accuracy", "gradient_norm", "dead_units"];
    let mut table = Table::new(&columns.map(|c| c.replace('_', " ")).each_ref().map(String::as_str));
    let is_epoch = |r: &&serde_json::Map<String, serde_json::Value>| r.contains_key("test_accuracy");
    let of_epochs: Vec<_> = rows.iter().filter(is_epoch).collect();
    for row in of_epochs.iter().rev().take(12).rev() {
        let cell = |c: &str| match row.get(c).and_then(serde_json::Value::as_f64) {
            Some(v) if c == "epoch" => format!("{v:.0}"),
            Some(v) => format!("{v:.4}"),
            None => String::new(),
        };
        table.add(columns.map(cell).to_vec());
    }
    let done = of_epochs.last().and_then(|r| r.get("epoch")?.as_i64()).unwrap_or(0);
    let of = epochs.map_or(String::new(), |e| format!("{} {done} of {e} epochs\n", bar(done as f64 / e.max(1) as f64)));
    Ok(View { text: format!("{}\n\n{of}{table}\n", dir.display()), finished: epochs.is_some_and(|e| done >= e) })
}
