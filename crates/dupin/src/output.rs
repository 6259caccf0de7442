//! The rim: standard output and error, files, the clock. Nothing else in the workspace touches them.

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use dupin::cpu::Cpu;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::hint::hint;

/// What every command is given.
pub(crate) struct Context {
    /// Threads asked for.
    pub(crate) threads: Option<usize>,
    quiet: bool,
    start: Instant,
}

impl Context {
    pub(crate) fn new(threads: Option<u32>, quiet: bool) -> Self {
        Self { threads: threads.map(|t| t as usize), quiet, start: Instant::now() }
    }

    /// The executor that computes.
    pub(crate) fn executor(&self) -> anyhow::Result<Cpu> {
        Ok(Cpu::new(self.threads)?)
    }

    /// Threads that will be used.
    pub(crate) fn thread_count(&self) -> usize {
        self.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from))
    }

    /// Seconds since the command began.
    pub(crate) fn seconds(&self) -> f64 {
        self.start.elapsed().as_secs_f64()
    }

    /// A bar of `steps` on standard error; hidden if that is not a terminal or progress is not wanted.
    pub(crate) fn bar(&self, steps: u64, what: &str) -> ProgressBar {
        let hidden = self.quiet || !std::io::stderr().is_terminal();
        let target = if hidden { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr_with_hz(8) };
        let style =
            ProgressStyle::with_template("{prefix} {wide_bar} {pos}/{len} {msg} eta {eta}").expect("the template is fixed");
        let bar = ProgressBar::with_draw_target(Some(steps), target)
            .with_style(style.progress_chars("=> "))
            .with_prefix(what.to_string());
        bar.enable_steady_tick(Duration::from_millis(500));
        bar
    }

    /// A line on standard error, for who watches without a terminal; nothing if progress is not wanted.
    pub(crate) fn note(&self, bar: &ProgressBar, line: &str) {
        if self.quiet {
            return;
        }
        if bar.is_hidden() {
            let _ = writeln!(std::io::stderr(), "{line}");
        } else {
            bar.println(line);
        }
    }
}

/// Prints a line of results. A closed pipe is an error that `main` takes for success.
pub(crate) fn line(text: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{text}")?;
    Ok(())
}

/// Prints an error with its causes, then what to do.
pub(crate) fn error(e: &anyhow::Error) {
    let mut messages: Vec<String> = Vec::new();
    for cause in e.chain() {
        let text = cause.to_string();
        // An error that shows its source already need not be followed by it.
        if !messages.iter().any(|m| m.contains(&text)) {
            messages.push(text);
        }
    }
    let mut err = std::io::stderr();
    let _ = writeln!(err, "error: {}", messages.join(": "));
    if let Some(hint) = hint(&messages) {
        let _ = writeln!(err, "hint: {hint}");
    }
}

/// Whether somebody closed the pipe that results go to.
pub(crate) fn is_broken_pipe(e: &anyhow::Error) -> bool {
    e.chain().filter_map(|c| c.downcast_ref::<std::io::Error>()).any(|io| io.kind() == std::io::ErrorKind::BrokenPipe)
}

/// Writes a whole file or nothing: a temporary file in the same folder, synced, then renamed.
pub(crate) fn write(path: &Path, contents: &[u8]) -> anyhow::Result<()> {
    let what = || format!("{} cannot be written", path.display());
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = temporary_in(folder).with_context(what)?;
    file.write_all(contents).with_context(what)?;
    file.as_file().sync_all().with_context(what)?;
    file.persist(path).with_context(what)?;
    Ok(())
}

/// A temporary file that others may read as far as the user's mask allows: it is about to be a result.
fn temporary_in(folder: &Path) -> std::io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder)
}

/// Makes a folder and those above it.
pub(crate) fn folder(path: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(path).with_context(|| format!("the folder {} cannot be made", path.display()))
}

/// Seconds as a person says them.
pub(crate) fn duration(seconds: f64) -> String {
    if seconds < 60.0 { format!("{seconds:.1} s") } else { format!("{} min {:.0} s", (seconds / 60.0).floor(), seconds % 60.0) }
}
