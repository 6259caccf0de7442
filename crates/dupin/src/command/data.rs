//! `dupin data`: the data sets that can be named.

use clap::{Args, Subcommand};

use crate::output::{Context, line};

/// List the data sets, or describe one.
#[derive(Args, Debug)]
pub(crate) struct Data {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Every data set, one a line
    List,
    /// Size, shape and class balance of one
    Info {
        /// Such as `fashion-mini` or `mnist:DIR`
        name: String,
    },
}

impl Data {
    pub(crate) fn run(&self, _: &Context) -> anyhow::Result<bool> {
        match &self.what {
            What::List => {
                let width = dupin::data::list().iter().map(|e| e.spec.len()).max().unwrap_or(0);
                for e in dupin::data::list() {
                    line(&format!("{:width$}  {}", e.spec, e.description))?;
                }
                line(
                    "\nA part is named with @COUNT: `fashion-mini@2000` has the first 2000 training examples, class-balanced, and all test examples.",
                )?;
            }
            What::Info { name } => line(&dupin::data::load(name)?.describe())?,
        }
        Ok(true)
    }
}
