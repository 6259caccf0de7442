//! A training run and its folder.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context as _, bail};
use dupin::train::{
    EpochMetrics, Error, Loaded, StepMetrics, TrainConfig, Trainer, load_state, previous, save_average, save_model, save_state,
};
use indicatif::ProgressBar;

use super::super::track::{TrackArgs, Tracker};
use super::events::Events;
use super::{AVERAGE, CONFIG, CURVATURE, METRICS, MODEL, STATE, memory};
use crate::output::{self, Context, Interrupted, line};
use crate::report::table::Table;

/// Steps between two records of the event file.
const LOG_EVERY: u64 = 10;

/// The folder of a run and what is open in it.
struct Folder {
    path: PathBuf,
    /// Lines of epochs that are done.
    metrics: String,
    events: Events,
}

impl Folder {
    /// Makes the folder and writes what a run begins with: one that cannot save should not begin.
    fn open(path: &Path, config: &TrainConfig, trainer: &Trainer) -> anyhow::Result<Self> {
        output::folder(path)?;
        sweep(path);
        let metrics = past_metrics(&path.join(METRICS), trainer.epoch())?;
        output::write(&path.join(CONFIG), toml::to_string(config)?.as_bytes())?;
        output::write(&path.join(METRICS), metrics.as_bytes())?;
        let events = Events::create(path, trainer.step()).with_context(|| format!("{} cannot be written", path.display()))?;
        Ok(Self { path: path.into(), metrics, events })
    }

    /// Saves an epoch. The state comes last: after a kill in between, the epoch is run again and its line written again.
    fn save_epoch(&mut self, trainer: &Trainer, m: &EpochMetrics) -> anyhow::Result<()> {
        self.metrics.push_str(&serde_json::to_string(m)?);
        self.metrics.push('\n');
        output::write(&self.path.join(METRICS), self.metrics.as_bytes())?;
        let mut scalars = vec![("loss/test", m.test_loss), ("accuracy/test", m.test_accuracy), ("units/dead", m.dead_units)];
        scalars.extend(m.average_test_loss.map(|v| ("loss/test_average", v)));
        scalars.extend(m.average_test_accuracy.map(|v| ("accuracy/test_average", v)));
        self.record(m.step, &scalars)?;
        let state = trainer.state()?;
        save_model(&self.path.join(MODEL), trainer.network(), trainer.config(), &state, trainer.epoch())?;
        save_average(&self.path.join(AVERAGE), trainer.network(), trainer.config(), &state, trainer.epoch())?;
        self.save_state(trainer)
    }

    fn save_state(&mut self, trainer: &Trainer) -> anyhow::Result<()> {
        self.events.flush().with_context(|| self.cannot())?;
        Ok(save_state(&self.path.join(STATE), trainer.network(), trainer.config(), &trainer.state()?)?)
    }

    fn record(&mut self, step: u64, scalars: &[(&str, f64)]) -> anyhow::Result<()> {
        self.events.scalars(step, scalars).with_context(|| self.cannot())
    }

    fn cannot(&self) -> String {
        format!("the event file in {} cannot be written", self.path.display())
    }
}

/// Temporary files of a process that was killed while it wrote.
fn sweep(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if (name.starts_with(".dupin-") || name.starts_with(".tmp")) && entry.path().is_file() {
            // What cannot be removed does no harm.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// The lines of epochs that the saved state has seen; later ones belong to work that was lost.
fn past_metrics(path: &Path, epochs: usize) -> anyhow::Result<String> {
    if epochs == 0 || !path.exists() {
        return Ok(String::new());
    }
    let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    Ok(text.lines().take(epochs).flat_map(|l| [l, "\n"]).collect())
}

/// Puts a trainer where the run in `folder` stands, and says what there is to say.
fn restore(ctx: &Context, trainer: &mut Trainer, folder: &Path) -> anyhow::Result<()> {
    let path = folder.join(STATE);
    let note = |text: String| ctx.note(&ProgressBar::hidden(), &text);
    if !path.exists() && !previous(&path).exists() {
        note(format!("{} has no saved state yet: the run begins at its start", folder.display()));
        return Ok(());
    }
    let Loaded { state, damaged } = load_state(&path, trainer.network(), trainer.config())?;
    if let Some(why) = damaged {
        note(format!("warning: {why}; going on from the state before it, step {}", state.step));
        if path.exists() {
            // The next save keeps what it finds there as the previous state: that has to be a whole one.
            let aside = folder.join("state.damaged.safetensors");
            std::fs::rename(&path, &aside).with_context(|| format!("{} cannot be written", aside.display()))?;
            std::fs::rename(previous(&path), &path).with_context(|| format!("{} cannot be written", path.display()))?;
        }
    }
    Ok(trainer.restore(state)?)
}

/// Set by the first interrupt; the second ends the process.
fn interrupts() -> anyhow::Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let seen = stop.clone();
    ctrlc::set_handler(move || {
        if seen.swap(true, Ordering::SeqCst) {
            std::process::exit(i32::from(Interrupted::CODE));
        }
    })?;
    Ok(stop)
}

/// What a run is to do beyond its settings.
pub(super) struct Plan<'a> {
    pub(super) config: TrainConfig,
    pub(super) folder: Option<PathBuf>,
    pub(super) resume: bool,
    pub(super) max_memory: Option<usize>,
    /// Steps between two saved states within an epoch.
    pub(super) save_every: Option<u64>,
    /// Curvature beside it.
    pub(super) track: &'a TrackArgs,
}

/// Runs it.
pub(super) fn run(ctx: &Context, plan: Plan) -> anyhow::Result<bool> {
    let Plan { config, folder, resume, max_memory, save_every, track } = plan;
    if let Some(folder) = folder.as_ref().filter(|f| !resume && f.join(CONFIG).exists()) {
        bail!("{0} holds a run already; go on with it by `--resume {0}`, or choose another folder", folder.display());
    }
    let data = output::data(&config.data)?;
    let executor = ctx.executor()?;
    let mut trainer = memory::fit(&*executor, &config, &data, max_memory)?;
    if resume && let Some(folder) = &folder {
        restore(ctx, &mut trainer, folder)?;
    }
    // The pieces that fit are part of the run: a resumed one takes the same.
    let config = trainer.config().clone();
    let mut folder = folder.map(|f| Folder::open(&f, &config, &trainer)).transpose()?;
    if trainer.is_done() {
        line(&format!("the run is complete: {} epochs are done", trainer.epoch()))?;
        return Ok(true);
    }
    let past = folder.as_ref().and_then(|f| std::fs::read_to_string(f.path.join(CURVATURE)).ok()).unwrap_or_default();
    let mut tracker = Tracker::new(&*executor, track, &trainer, &data.test, &past)?;
    if tracker.is_some() && folder.is_none() {
        bail!("`--track` writes into the folder of the run: give one by `--out DIR`");
    }
    announce(ctx, &config, &trainer)?;
    look(tracker.as_mut(), folder.as_ref(), &trainer)?;
    let stop = interrupts()?;
    let mut shown = Shown::new(ctx, &config, &trainer)?;
    while !trainer.is_done() {
        let m = match trainer.train_step() {
            Ok(m) => m,
            Err(e) => {
                shown.bar.finish_and_clear();
                return Err(diverged(e, folder.as_ref()));
            }
        };
        shown.step(ctx, &trainer, &m);
        look(tracker.as_mut(), folder.as_ref(), &trainer)?;
        if let Some(folder) = &mut folder
            && trainer.step().is_multiple_of(LOG_EVERY)
        {
            folder.record(
                trainer.step(),
                &[
                    ("loss/train", m.loss),
                    ("accuracy/train", m.accuracy),
                    ("norm/gradient", m.gradient_norm),
                    ("norm/direction", m.direction_norm),
                ],
            )?;
        }
        if trainer.step().is_multiple_of(trainer.steps_per_epoch() as u64) {
            let m = trainer.finish_epoch()?;
            shown.epoch(ctx, &m)?;
            if let Some(folder) = &mut folder {
                folder.save_epoch(&trainer, &m)?;
            }
        } else if let Some(folder) = &mut folder
            && save_every.is_some_and(|n| trainer.step().is_multiple_of(n))
        {
            folder.save_state(&trainer)?;
        }
        if stop.load(Ordering::SeqCst) && !trainer.is_done() {
            shown.bar.finish_and_clear();
            let step = trainer.step();
            let Some(folder) = &mut folder else {
                bail!(Interrupted(format!("interrupted after step {step}; nothing is kept without `--out DIR`")));
            };
            folder.save_state(&trainer)?;
            bail!(Interrupted(format!(
                "interrupted after step {step}; go on with `dupin train --resume {}`",
                folder.path.display()
            )));
        }
    }
    shown.bar.finish_and_clear();
    shown.summary(ctx, &trainer)?;
    if let Some(folder) = &mut folder {
        folder.events.flush().with_context(|| folder.cannot())?;
        let model = folder.path.join(MODEL);
        line(&format!("wrote {}", model.display()))?;
        line(&format!("measure it: dupin split --checkpoint {} --data {}", model.display(), config.data))?;
    }
    Ok(true)
}

/// Measures curvature if it is time to.
fn look(tracker: Option<&mut Tracker>, folder: Option<&Folder>, trainer: &Trainer) -> anyhow::Result<()> {
    let (Some(tracker), Some(folder)) = (tracker, folder) else { return Ok(()) };
    if tracker.look(trainer)? { output::write(&folder.path.join(CURVATURE), tracker.lines.as_bytes()) } else { Ok(()) }
}

/// A run that diverged says which state is left.
fn diverged(e: Error, folder: Option<&Folder>) -> anyhow::Error {
    let kept = folder.map(|f| f.path.join(STATE)).filter(|p| p.exists());
    match (&e, kept) {
        (Error::Diverged { .. }, Some(path)) => anyhow::anyhow!("{e}; the last good state is {}", path.display()),
        _ => e.into(),
    }
}

fn announce(ctx: &Context, config: &TrainConfig, trainer: &Trainer) -> anyhow::Result<()> {
    let program = trainer.program();
    line(&format!(
        "{} with {} on {}: {} parameters, {} steps an epoch of {:.2} GFLOP, {} threads",
        config.model,
        config.activation,
        config.data,
        trainer.network().param_count(),
        trainer.steps_per_epoch(),
        program.flop().contraction as f64 / 1e9,
        ctx.thread_count(),
    ))?;
    line(&memory::describe(&trainer.memory()))?;
    if program.micro_batches() > 1 {
        let norm = if trainer.network().has_batch_norm() { "; BatchNorm takes the statistics of each piece" } else { "" };
        line(&format!("batches of {} in {} pieces of {}{norm}", config.batch, program.micro_batches(), program.micro_batch()))?;
    }
    line(&format!("objective {}, optimizer {}, seed {}\n", config.objective, config.optimizer, config.seed))
}

/// What is shown of a run while it goes on, and at its end.
struct Shown {
    bar: ProgressBar,
    table: Table,
    epochs: usize,
    per_epoch: u64,
    batch: usize,
    /// When this process began to train, and at which step.
    began: (f64, u64),
    epoch_began: f64,
    best: Option<(usize, f64)>,
    last: Option<EpochMetrics>,
    /// Loss and accuracy of the last steps, decaying.
    recent: Option<(f64, f64)>,
}

impl Shown {
    fn new(ctx: &Context, config: &TrainConfig, trainer: &Trainer) -> anyhow::Result<Self> {
        let mut columns = vec!["epoch", "lr", "train loss", "train acc", "‖∇L‖", "test loss", "test acc", "dead", "seconds"];
        if config.average > 0.0 {
            columns.insert(7, "avg acc");
        }
        let table = Table::new(&columns);
        line(&table.head())?;
        let (per_epoch, now) = (trainer.steps_per_epoch() as u64, ctx.seconds());
        let bar = ctx.bar(per_epoch * config.epochs as u64, "");
        bar.set_position(trainer.step());
        bar.reset_eta();
        let (best, last, recent) = (None, None, None);
        let (epochs, batch, began) = (config.epochs, config.batch, (now, trainer.step()));
        Ok(Self { bar, table, epochs, per_epoch, batch, began, epoch_began: now, best, last, recent })
    }

    fn step(&mut self, ctx: &Context, trainer: &Trainer, m: &StepMetrics) {
        let towards = |old: f64, new: f64| 0.95 * old + 0.05 * new;
        let (loss, accuracy) = self.recent.map_or((m.loss, m.accuracy), |(l, a)| (towards(l, m.loss), towards(a, m.accuracy)));
        self.recent = Some((loss, accuracy));
        if self.bar.is_hidden() {
            return;
        }
        let done = trainer.step() - self.began.1;
        let rate = (done as f64 * self.batch as f64) / (ctx.seconds() - self.began.0).max(1e-9);
        self.bar.set_prefix(format!("epoch {}/{}", (trainer.step() - 1) / self.per_epoch + 1, self.epochs));
        self.bar.set_message(format!("loss {loss:.4} acc {accuracy:.3} {rate:.0} examples/s"));
        self.bar.set_position(trainer.step());
    }

    fn epoch(&mut self, ctx: &Context, m: &EpochMetrics) -> anyhow::Result<()> {
        let seconds = ctx.seconds() - self.epoch_began;
        self.epoch_began = ctx.seconds();
        if self.best.is_none_or(|(_, accuracy)| m.test_accuracy > accuracy) {
            self.best = Some((m.epoch, m.test_accuracy));
        }
        self.last = Some(*m);
        let row = self.table.row(&cells(m, seconds));
        self.bar.suspend(|| line(&row))
    }

    fn summary(&self, ctx: &Context, trainer: &Trainer) -> anyhow::Result<()> {
        let (Some(last), Some((epoch, best))) = (self.last, self.best) else { return Ok(()) };
        let seconds = ctx.seconds() - self.began.0;
        let examples = (trainer.step() - self.began.1) as f64 * self.batch as f64;
        let average = last.average_test_accuracy.map_or(String::new(), |a| format!(" (of the average {a:.4})"));
        line(&format!(
            "\ntest accuracy {:.4}{average}, best {best:.4} after epoch {epoch}; {} steps in {}, {:.0} examples/s",
            last.test_accuracy,
            trainer.step() - self.began.1,
            output::duration(seconds),
            examples / seconds.max(1e-9),
        ))
    }
}

fn cells(m: &EpochMetrics, seconds: f64) -> Vec<String> {
    let mut cells = vec![
        m.epoch.to_string(),
        format!("{:.5}", m.learning_rate),
        format!("{:.4}", m.train_loss),
        format!("{:.4}", m.train_accuracy),
        format!("{:.4}", m.gradient_norm),
        format!("{:.4}", m.test_loss),
        format!("{:.4}", m.test_accuracy),
        format!("{:.3}", m.dead_units),
        format!("{seconds:.1}"),
    ];
    if let Some(accuracy) = m.average_test_accuracy {
        cells.insert(7, format!("{accuracy:.4}"));
    }
    cells
}
