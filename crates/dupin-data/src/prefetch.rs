//! Batches made ahead by threads, so that a program never waits for its data.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::Scope;

use crate::batches::{Batch, Epoch};
use crate::dataset::Dataset;
use crate::error::Error;

/// Batches kept ready beyond those that threads are working on.
const SPARE: usize = 2;

/// The batches of an epoch in their order, made ahead by threads of a scope. Dropping it stops them.
///
/// At most `threads + 2` batches are in the making or ready at a time.
#[derive(Debug)]
pub struct Prefetch<'env> {
    epoch: &'env Epoch,
    data: &'env Dataset,
    steps: Range<usize>,
    /// `None`: made when asked for.
    queue: Option<Arc<Queue>>,
}

#[derive(Debug)]
struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    /// Steps that no thread works on yet.
    open: Range<usize>,
    /// The step that is asked for next.
    next: usize,
    ready: BTreeMap<usize, Result<Batch, Error>>,
    /// Nobody waits any more, or a thread panicked.
    closed: bool,
}

impl Queue {
    /// A panic of another thread leaves the state whole: every change of it is one statement.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A step to work on, once there is room for it.
    fn claim(&self, ahead: usize) -> Option<usize> {
        let mut state = self.lock();
        while !state.closed && state.open.start < state.open.end && state.open.start >= state.next + ahead {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.closed { None } else { state.open.next() }
    }

    fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }
}

/// Closes the queue if its thread panics, so that nobody waits for what will never come.
struct CloseOnPanic<'a>(&'a Queue);

impl Drop for CloseOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.close();
        }
    }
}

impl Epoch {
    /// The batches `steps` of `data`, made ahead by `threads` threads of `scope`; with 0 threads each is made when it is
    /// asked for. Their number changes no bit of any batch.
    ///
    /// # Panics
    /// As [`batch`](Self::batch), in the thread that makes the batch; the scope then panics too.
    ///
    /// # Examples
    /// ```
    /// let data = dupin_data::load("digits")?.train;
    /// let epoch = dupin_data::BatchPlan::shuffled(data.len(), 64, 7, dupin_data::LastBatch::Drop)?.epoch(0);
    /// std::thread::scope(|scope| {
    ///     for batch in epoch.prefetch(scope, &data, 0..epoch.steps(), 2) {
    ///         assert_eq!(batch?.labels.len(), 64);
    ///     }
    ///     Ok::<(), dupin_data::Error>(())
    /// })?;
    /// # Ok::<(), dupin_data::Error>(())
    /// ```
    pub fn prefetch<'scope, 'env>(
        &'env self,
        scope: &'scope Scope<'scope, 'env>,
        data: &'env Dataset,
        steps: Range<usize>,
        threads: usize,
    ) -> Prefetch<'env> {
        if threads == 0 {
            return Prefetch { epoch: self, data, steps, queue: None };
        }
        let state = State { open: steps.clone(), next: steps.start, ready: BTreeMap::new(), closed: false };
        let queue = Arc::new(Queue { state: Mutex::new(state), changed: Condvar::new() });
        for _ in 0..threads {
            let queue = queue.clone();
            scope.spawn(move || {
                let guard = CloseOnPanic(&queue);
                while let Some(step) = queue.claim(threads + SPARE) {
                    let batch = self.batch(data, step);
                    queue.lock().ready.insert(step, batch);
                    queue.changed.notify_all();
                }
                drop(guard);
            });
        }
        Prefetch { epoch: self, data, steps, queue: Some(queue) }
    }
}

impl Iterator for Prefetch<'_> {
    type Item = Result<Batch, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let step = self.steps.next()?;
        let Some(queue) = &self.queue else { return Some(self.epoch.batch(self.data, step)) };
        let mut state = queue.lock();
        loop {
            if let Some(batch) = state.ready.remove(&step) {
                state.next = step + 1;
                queue.changed.notify_all();
                return Some(batch);
            }
            if state.closed {
                return None; // a thread panicked, and so will the scope
            }
            state = queue.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Drop for Prefetch<'_> {
    fn drop(&mut self) {
        if let Some(queue) = &self.queue {
            queue.close();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::augment::Augmentation;
    use crate::batches::{BatchPlan, LastBatch};

    fn epoch(data: &Dataset) -> Epoch {
        let augmentation: Augmentation = "crop:pad=2+flip+cutout:size=3+mixup:alpha=0.4".parse().unwrap();
        BatchPlan::shuffled(data.len(), 16, 3, LastBatch::Keep).unwrap().epoch(1).augmented(augmentation)
    }

    #[test]
    fn threads_change_neither_order_nor_bits() {
        let data = crate::load("digits@100").unwrap().train;
        let epoch = epoch(&data);
        let expected: Vec<Batch> = (0..epoch.steps()).map(|step| epoch.batch(&data, step).unwrap()).collect();
        assert_eq!(expected.len(), 7);
        for threads in [0, 1, 2, 5] {
            let found: Vec<Batch> = std::thread::scope(|scope| {
                epoch.prefetch(scope, &data, 0..epoch.steps(), threads).collect::<Result<_, _>>().unwrap()
            });
            assert_eq!(found, expected, "{threads} threads");
            // A run that goes on in the middle.
            let rest: Vec<Batch> =
                std::thread::scope(|scope| epoch.prefetch(scope, &data, 3..7, threads).map(Result::unwrap).collect());
            assert_eq!(rest, expected[3..], "{threads} threads");
        }
    }

    #[test]
    fn dropping_it_stops_the_threads() {
        let data = crate::load("digits").unwrap().train;
        let epoch = epoch(&data);
        let seen = std::thread::scope(|scope| epoch.prefetch(scope, &data, 0..epoch.steps(), 2).take(2).count());
        assert_eq!(seen, 2); // and the scope ended, though 90 batches were left
    }

    #[test]
    fn a_panic_of_a_thread_is_one_of_the_scope() {
        let data = crate::load("digits@100").unwrap().train;
        let other = crate::load("digits@50").unwrap().train; // the plan is for another data set
        let epoch = epoch(&data);
        let seen = AtomicUsize::new(0);
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            std::thread::scope(|scope| seen.store(epoch.prefetch(scope, &other, 0..7, 2).count(), Ordering::Relaxed));
        }));
        assert!(outcome.is_err());
        assert_eq!(seen.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn only_so_many_batches_wait() {
        let data = crate::load("digits").unwrap().train;
        let epoch = epoch(&data);
        std::thread::scope(|scope| {
            let mut batches = epoch.prefetch(scope, &data, 0..epoch.steps(), 2);
            for taken in 1..=5 {
                batches.next().unwrap().unwrap();
                let queue = batches.queue.as_ref().unwrap();
                // Wait until the threads wait: all room is used.
                let mut state = queue.lock();
                while state.ready.len() < 2 + SPARE {
                    state = queue.changed.wait(state).unwrap();
                }
                assert_eq!((state.open.start, state.ready.len()), (taken + 2 + SPARE, 2 + SPARE));
            }
        });
    }
}
