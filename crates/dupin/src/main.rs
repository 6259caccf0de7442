//! The `dupin` command: parse, run, and print what went wrong as `error:` and `hint:`.

mod cli;
mod command;
mod device;
mod experiment;
mod hint;
mod output;
mod report;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command};

/// Exit code of a computation that ran and found that a check does not hold.
const CHECK_FAILED: u8 = 1;
/// Exit code of a command that could not run.
const COULD_NOT_RUN: u8 = 2;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(e) => {
            // Help and version are results, not errors. A closed pipe is the reader's choice.
            let _ = e.print();
            return if e.use_stderr() { ExitCode::from(COULD_NOT_RUN) } else { ExitCode::SUCCESS };
        }
    };
    let context = output::Context::new(cli.threads, cli.device, cli.precision, cli.quiet);
    let done = match &cli.command {
        Command::Train(c) => c.run(&context),
        Command::Split(c) => c.run(&context),
        Command::Trace(c) => c.run(&context),
        Command::Spectrum(c) => c.run(&context),
        Command::Eigs(c) => c.run(&context),
        Command::Diag(c) => c.run(&context),
        Command::Landscape(c) => c.run(&context),
        Command::Compare(c) => c.run(&context),
        Command::Reproduce(c) => c.run(&context),
        Command::Sweep(c) => c.run(&context),
        Command::Runs(c) => c.run(&context),
        Command::Report(c) => c.run(&context),
        Command::Watch(c) => c.run(&context),
        Command::Data(c) => c.run(&context),
        Command::Bench(c) => c.run(&context),
        Command::Devices(c) => c.run(&context),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(CHECK_FAILED),
        Err(e) if output::is_broken_pipe(&e) => ExitCode::SUCCESS,
        Err(e) if e.is::<output::Interrupted>() => {
            output::notice(&e);
            ExitCode::from(output::Interrupted::CODE)
        }
        Err(e) => {
            output::error(&e);
            ExitCode::from(COULD_NOT_RUN)
        }
    }
}
