//! `dupin runs`: what a folder of trials holds.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};

use crate::experiment::export;
use crate::experiment::session::row;
use crate::experiment::store::{Row, Store};
use crate::output::{self, Context, line};
use crate::report::number::{seconds, significant};
use crate::report::table::Table;

/// Look at the trials of a sweep or a reproduction.
#[derive(Args, Debug)]
pub(crate) struct Runs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Every trial with its state and accuracy
    List {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        from: From,
    },
    /// Everything about one trial
    Show {
        /// Its number in the list
        id: i64,
        #[command(flatten)]
        from: From,
    },
    /// Settings and numbers in which trials differ
    Compare {
        /// Their numbers in the list
        #[arg(num_args = 2.., required = true)]
        ids: Vec<i64>,
        #[command(flatten)]
        from: From,
    },
    /// All trials as a table or as JSON
    Export {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        from: From,
        /// CSV has settings and numbers; JSON has curves, layers and densities as well
        #[arg(long, value_enum, default_value = "csv")]
        format: Format,
        /// File to write [default: standard output]
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
    },
}

/// The folder without its option, where nothing else can be meant.
#[derive(Args, Debug)]
struct Place {
    /// The same as --dir DIR
    #[arg(value_name = "DIR", conflicts_with = "dir")]
    folder: Option<PathBuf>,
}

#[derive(Args, Debug)]
struct From {
    /// Folder that `dupin sweep` or `dupin reproduce` wrote into
    #[arg(long, value_name = "DIR", default_value = "runs/quick")]
    dir: PathBuf,

    /// One experiment of it, as `figure-1@quick`
    #[arg(long, value_name = "NAME")]
    experiment: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Csv,
    Json,
}

impl From {
    fn rows(&self) -> anyhow::Result<Vec<Row>> {
        self.rows_at(&self.dir)
    }

    fn rows_at(&self, dir: &Path) -> anyhow::Result<Vec<Row>> {
        let store = Store::existing(dir)?;
        let rows = store.rows(self.experiment.as_deref())?;
        if let (true, Some(name)) = (rows.is_empty(), &self.experiment) {
            let names: Vec<String> = store.sources()?.into_iter().map(|s| s.experiment).collect();
            anyhow::bail!("{} has no experiment `{name}`; there are: {}", dir.display(), names.join(", "));
        }
        Ok(rows)
    }
}

impl Runs {
    pub(crate) fn run(&self, _: &Context) -> anyhow::Result<bool> {
        match &self.what {
            What::List { place, from } => {
                let mut table = Table::new(&["trial", "experiment", "what", "seed", "state", "begun", "test accuracy", "time"]);
                for r in from.rows_at(place.folder.as_deref().unwrap_or(&from.dir))? {
                    let accuracy = r.record.as_ref().and_then(|m| m.metrics.get("test_accuracy"));
                    table.add(vec![
                        r.id.to_string(),
                        r.experiment,
                        r.label,
                        r.seed.to_string(),
                        r.state,
                        if r.claims > 1 { format!("{} times", r.claims) } else { String::new() },
                        accuracy.map_or(String::new(), |v| format!("{v:.4}")),
                        r.seconds.map_or(String::new(), seconds),
                    ]);
                }
                line(&table.to_string())?;
            }
            What::Show { id, from } => {
                let rows = from.rows()?;
                line(&export::json(std::slice::from_ref(row(&rows, *id)?))?)?;
            }
            What::Compare { ids, from } => {
                let rows = from.rows()?;
                let chosen = ids.iter().map(|&id| row(&rows, id)).collect::<anyhow::Result<Vec<_>>>()?;
                line(&compare(&chosen)?.to_string())?;
            }
            What::Export { place, from, format, to } => {
                let rows = from.rows_at(place.folder.as_deref().unwrap_or(&from.dir))?;
                let text = match format {
                    Format::Csv => export::csv(&rows)?,
                    Format::Json => export::json(&rows)?,
                };
                match to {
                    Some(path) => output::write(path, text.as_bytes())?,
                    None => line(text.trim_end())?,
                }
            }
        }
        Ok(true)
    }
}

/// One row for each setting and number that is not the same in all.
fn compare(rows: &[&Row]) -> anyhow::Result<Table> {
    let mut header = vec![String::new()];
    header.extend(rows.iter().map(|r| format!("trial {}", r.id)));
    let mut table = Table::new(&header.iter().map(String::as_str).collect::<Vec<_>>());
    let settings: Vec<_> = rows.iter().map(|r| export::settings(r)).collect::<anyhow::Result<_>>()?;
    let mut add = |name: &str, cells: Vec<String>| {
        if cells.iter().any(|c| *c != cells[0]) {
            table.add([vec![name.to_string()], cells].concat());
        }
    };
    let keys: std::collections::BTreeSet<&String> = settings.iter().flat_map(|s| s.keys()).collect();
    for key in keys {
        add(key, settings.iter().map(|s| s.get(key).map_or(String::new(), |v| v.to_string().replace('"', ""))).collect());
    }
    let metrics = |r: &&Row| r.record.as_ref().map(|m| m.metrics.clone()).unwrap_or_default();
    let records: Vec<_> = rows.iter().map(metrics).collect();
    let keys: std::collections::BTreeSet<&String> = records.iter().flat_map(|m| m.keys()).collect();
    for key in keys {
        add(key, records.iter().map(|m| m.get(key).map_or(String::new(), |v| significant(*v, 4))).collect());
    }
    Ok(table)
}
