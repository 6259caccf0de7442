//! `dupin data`: the data sets that can be named.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use dupin::data::{Presence, list};

use crate::output::{Context, cache, data, line};
use crate::report::number;

const PARTS: &str = "
Options follow a comma, as in `text:FILE,length=32`. Every data set with classes takes label_noise=P, which makes the share P of
the training labels wrong, drawn by noise_seed. @COUNT at the end takes a part: `fashion-mini@2000` has the first 2000 training
examples, class-balanced, and all test examples.";

/// List the data sets, describe one, or fetch one.
#[derive(Args, Debug)]
pub(crate) struct Data {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Every data set: what it is, its licence, whether it is here
    List,
    /// Size, shape, scaling, moments and class balance of one
    Info {
        /// Such as `fashion-mini`, `mnist:DIR` or `images:DIR,size=64`
        name: String,
    },
    /// Fetch a published data set, checked by SHA-256; goes on where an earlier fetch broke off
    Fetch {
        /// `mnist`, `fashion-mnist`, `cifar10` or `cifar100`
        name: String,
        /// Folder for fetched data sets [default: $DUPIN_CACHE, or dupin in the user's cache folder]
        #[arg(long, value_name = "DIR")]
        cache: Option<PathBuf>,
    },
}

impl Data {
    pub(crate) fn run(&self, ctx: &Context) -> anyhow::Result<bool> {
        match &self.what {
            What::List => {
                let here = cache();
                for e in list() {
                    let presence = match e.presence(here.as_deref()) {
                        Presence::BuiltIn => "built in".to_string(),
                        Presence::Here(folder) => format!("in {}", folder.display()),
                        Presence::Fetchable => format!("not here; `dupin data fetch {}` gets it", e.name),
                        Presence::Yours => "where you say".to_string(),
                    };
                    line(&format!("{}\n    {}\n    licence: {}; {presence}", e.spec, e.description, e.licence))?;
                }
                line(PARTS)?;
            }
            What::Info { name } => line(&data(name)?.describe())?,
            What::Fetch { name, cache: folder } => fetch(ctx, name, folder.as_deref())?,
        }
        Ok(true)
    }
}

fn fetch(ctx: &Context, name: &str, folder: Option<&Path>) -> anyhow::Result<()> {
    let Some(remote) = dupin::data::remote(name) else {
        let known: Vec<&str> = list().iter().map(|e| e.name).filter(|name| dupin::data::remote(name).is_some()).collect();
        bail!("`{name}` cannot be fetched; what can is {}", known.join(", "));
    };
    let cache = folder
        .map(Path::to_path_buf)
        .or_else(cache)
        .context("there is no cache folder: the environment names no home; give one by --cache DIR")?;
    if remote.is_present(&cache) {
        return line(&format!("{name} is in {} already", remote.folder(&cache).display()));
    }
    let bar = ctx.bar(0, name);
    let folder = dupin::data::fetch(remote, &cache, &mut |p| {
        bar.set_length(p.total.unwrap_or(p.bytes));
        bar.set_position(p.bytes);
        bar.set_message(format!("{} {}", p.file, number::bytes(p.bytes as usize)));
    });
    bar.finish_and_clear();
    let folder = folder?;
    line(&format!("{name} is in {}\nlook at it: dupin data info {name}", folder.display()))
}
