//! The executor on a plugin: `DUPIN_PJRT_PLUGIN=/path/to/plugin.so cargo test -p dupin-pjrt`.
//!
//! Without a plugin these tests check nothing, and say so on standard error whatever the harness captures.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod contract;
mod errors;
mod memory;
mod models;
mod precision;
mod replicas;

use std::io::Write as _;
use std::path::PathBuf;

use dupin_pjrt::{Error, Options, Pjrt};

/// The plugin to test, or `None`, said aloud.
fn plugin() -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "how a person tells tests which plugin to check")]
    let path = std::env::var_os("DUPIN_PJRT_PLUGIN");
    if path.is_none() {
        let thread = std::thread::current();
        let _ =
            writeln!(std::io::stderr(), "NOT RUN: {}: DUPIN_PJRT_PLUGIN names no PJRT plugin", thread.name().unwrap_or("a test"));
    }
    path.map(PathBuf::from)
}

fn device() -> Option<Pjrt> {
    devices(1)
}

/// So many devices of the plugin, as replicas. A plugin on processors divides them; another that has too few is not checked.
fn devices(replicas: usize) -> Option<Pjrt> {
    let path = plugin()?;
    match Pjrt::load(&path, &Options { devices: (0..replicas).collect(), ..Options::default() }) {
        Err(Error::NoDevice { count, .. }) => {
            let _ = writeln!(std::io::stderr(), "NOT RUN on {replicas} devices: the plugin has {count}");
            None
        }
        loaded => Some(loaded.unwrap()),
    }
}
