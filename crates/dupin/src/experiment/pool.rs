//! Workers: each claims a trial, runs it on an executor of its own, keeps the record, and claims the next.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use dupin::data;
use dupin::ir::Executor;

use super::plan::Trial;
use super::store::{Claimed, Next, Store};
use super::trial;
use crate::output::{Context, duration};

/// How trials are run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Workers {
    /// Trials at once. With more than one, each computes on one thread.
    pub(crate) jobs: usize,
    /// How long a worker may be silent before another takes its trial.
    pub(crate) lease: Duration,
}

/// Data sets, loaded once for all workers of the process.
#[derive(Default)]
pub(crate) struct DataSets(Mutex<BTreeMap<String, Arc<data::Split>>>);

impl DataSets {
    fn get(&self, spec: &str) -> anyhow::Result<Arc<data::Split>> {
        let mut sets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(s) = sets.get(spec) {
            return Ok(Arc::clone(s));
        }
        let split = Arc::new(data::load(spec)?);
        sets.insert(spec.to_string(), Arc::clone(&split));
        Ok(split)
    }
}

/// Renews a claim from a thread of its own until it is dropped.
struct Heartbeat {
    stop: Arc<(Mutex<bool>, Condvar)>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Heartbeat {
    fn start(folder: &Path, id: i64, worker: &str, lease: Duration) -> Self {
        let stop = Arc::new((Mutex::new(false), Condvar::new()));
        let (shared, folder, worker) = (Arc::clone(&stop), folder.to_path_buf(), worker.to_string());
        let thread = std::thread::spawn(move || {
            let (flag, wake) = &*shared;
            let mut store = None;
            let mut stopped = flag.lock().unwrap_or_else(PoisonError::into_inner);
            while !*stopped {
                let (guard, wait) = wake.wait_timeout(stopped, lease / 3).unwrap_or_else(PoisonError::into_inner);
                stopped = guard;
                if *stopped || !wait.timed_out() {
                    continue;
                }
                // A renewal that fails costs at most the claim: whoever takes over computes the same record.
                if store.is_none() {
                    store = Store::existing(&folder).ok();
                }
                if let Some(s) = &mut store {
                    let _ = s.renew(id, &worker, lease);
                }
            }
        });
        Self { stop, thread: Some(thread) }
    }
}

impl Drop for Heartbeat {
    fn drop(&mut self) {
        *self.stop.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.stop.1.notify_all();
        if let Some(t) = self.thread.take() {
            let _ = t.join();
        }
    }
}

/// Runs what is left of `experiment` in the store of `folder`, until nothing is or an error of the machine (not of a trial) ends it.
///
/// A trial that cannot be run (a model that does not fit its data, say) is noted as failed and the others go on.
pub(crate) fn run(ctx: &Context, folder: &Path, experiment: &str, data: &DataSets, workers: Workers) -> anyhow::Result<()> {
    let before = Store::existing(folder)?.counts(Some(experiment))?;
    if before.waiting + before.running == 0 {
        return Ok(());
    }
    let bar = ctx.bar(before.total(), experiment);
    bar.set_position(before.done + before.failed);
    let jobs = workers.jobs.clamp(1, (before.waiting + before.running) as usize);
    let executors = if workers.jobs == 1 { vec![ctx.executor()?.into()] } else { ctx.executors(jobs)? };
    let broken = AtomicBool::new(false);
    let began = ctx.seconds();
    let noted = Mutex::new(began);
    let work = |job: usize, executor: &dyn Executor| -> anyhow::Result<()> {
        let mut store = Store::existing(folder)?;
        let name = format!("{}-{job}", std::process::id());
        while !broken.load(Ordering::Relaxed) {
            let claimed = match store.claim(experiment, &name, workers.lease)? {
                Next::Finished => break,
                Next::Wait => {
                    std::thread::sleep((workers.lease / 10).min(Duration::from_millis(500)));
                    continue;
                }
                Next::Trial(c) => c,
            };
            let start = ctx.seconds();
            let beat = Heartbeat::start(folder, claimed.id, &name, workers.lease);
            let outcome = run_one(executor, &claimed, data);
            drop(beat);
            match outcome {
                Ok(record) => {
                    store.finish(claimed.id, &name, &record, ctx.seconds() - start)?;
                }
                Err(e) => store.fail(claimed.id, &name, &format!("{e:#}"))?,
            }
            let c = store.counts(Some(experiment))?;
            bar.set_position(c.done + c.failed);
            let mut last = noted.lock().unwrap_or_else(PoisonError::into_inner);
            if bar.is_hidden() && ctx.seconds() - *last > 15.0 {
                *last = ctx.seconds();
                let text = format!("{experiment}: {} of {} after {}", c.done + c.failed, c.total(), duration(ctx.seconds()));
                ctx.note(&bar, &text);
            }
        }
        Ok(())
    };
    let results: Vec<anyhow::Result<()>> = std::thread::scope(|scope| {
        let (work, broken) = (&work, &broken);
        let spawn = |(job, executor): (usize, &Arc<dyn Executor>)| {
            let executor = Arc::clone(executor);
            scope.spawn(move || {
                let result = work(job, executor.as_ref());
                broken.fetch_or(result.is_err(), Ordering::Relaxed);
                result
            })
        };
        let handles: Vec<_> = executors.iter().enumerate().map(spawn).collect();
        handles.into_iter().map(|h| h.join().unwrap_or_else(|_| Err(anyhow::anyhow!("a worker stopped by a bug")))).collect()
    });
    bar.finish_and_clear();
    results.into_iter().collect()
}

fn run_one(executor: &dyn Executor, claimed: &Claimed, data: &DataSets) -> anyhow::Result<super::record::Record> {
    let trial: Trial = serde_json::from_str(&claimed.key).context("the store holds a trial of another version of dupin")?;
    let data = data.get(&trial.train.data)?;
    trial::run(executor, &trial, &data)
}
