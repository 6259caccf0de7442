//! The rim: standard output and error, files, the clock. Nothing else in the workspace touches them.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use dupin::cpu::Cpu;
use dupin::ir::Executor;
use dupin::ir::stablehlo::Precision;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::device::Device;
use crate::hint::hint;

/// The folder for fetched data sets: `$DUPIN_CACHE`, or `dupin` in the user's cache folder, if the environment names one.
#[expect(clippy::disallowed_methods, reason = "the binary is what may read the environment")]
pub(crate) fn cache() -> Option<PathBuf> {
    let folder = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let user = || folder("XDG_CACHE_HOME").or_else(|| folder("LOCALAPPDATA")).or_else(|| Some(folder("HOME")?.join(".cache")));
    folder("DUPIN_CACHE").or_else(|| Some(user()?.join("dupin")))
}

/// The data set that `spec` asks for; what was fetched is found by its name.
pub(crate) fn data(spec: &str) -> anyhow::Result<dupin::data::Split> {
    Ok(dupin::data::load_from(spec, cache().as_deref())?)
}

/// What every command is given.
pub(crate) struct Context {
    /// Threads asked for.
    pub(crate) threads: Option<usize>,
    /// What computes.
    pub(crate) device: Device,
    precision: Precision,
    quiet: bool,
    start: Instant,
}

impl Context {
    pub(crate) fn new(threads: Option<u32>, device: Device, precision: Precision, quiet: bool) -> Self {
        Self { threads: threads.map(|t| t as usize), device, precision, quiet, start: Instant::now() }
    }

    /// The executor that computes: the one place that makes what `--device` says.
    pub(crate) fn executor(&self) -> anyhow::Result<Box<dyn Executor>> {
        match &self.device {
            Device::Cpu => Ok(Box::new(self.cpu()?)),
            Device::Plugin(plugin) => plugin.load(self.precision),
        }
    }

    /// An executor for each of `workers` that compute side by side: one thread each of the native one, or one plugin for all.
    pub(crate) fn executors(&self, workers: usize) -> anyhow::Result<Vec<Arc<dyn Executor>>> {
        match &self.device {
            Device::Cpu => (0..workers).map(|_| Ok(Arc::new(self.native(Some(1))?) as Arc<dyn Executor>)).collect(),
            Device::Plugin(plugin) => Ok(vec![Arc::from(plugin.load(self.precision)?); workers]),
        }
    }

    /// The native executor, for what it alone can show.
    pub(crate) fn cpu(&self) -> anyhow::Result<Cpu> {
        self.native(self.threads)
    }

    fn native(&self, threads: Option<usize>) -> anyhow::Result<Cpu> {
        if self.precision != Precision::Exact {
            let name = self.precision.name();
            anyhow::bail!("the native executor computes products of f32 in f32: `--precision {name}` goes with `--device pjrt`");
        }
        Ok(Cpu::new(threads)?)
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

/// A run that was asked to stop, and did so at a good place.
#[derive(Debug)]
pub(crate) struct Interrupted(pub(crate) String);

impl Interrupted {
    /// Exit code, as shells give it to a process that was interrupted.
    pub(crate) const CODE: u8 = 130;
}

impl std::fmt::Display for Interrupted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Interrupted {}

/// Says on standard error what is no error.
pub(crate) fn notice(e: &anyhow::Error) {
    let _ = writeln!(std::io::stderr(), "{e}");
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
