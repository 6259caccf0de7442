//! Scratch memory of runs, allocated once.

use super::isa::Element;
use super::plan::Plan;

/// Memory that starts at a cache line, so that no vector of a panel straddles two.
#[derive(Debug, Default)]
pub(super) struct Lines<T>(Vec<T>);

impl<T: Element> Lines<T> {
    /// Elements of a cache line.
    const LINE: usize = 64 / size_of::<T>();

    fn grow(&mut self, len: usize) {
        grow(&mut self.0, len + Self::LINE);
    }

    pub(super) fn get(&mut self) -> &mut [T] {
        let skip = self.0.as_ptr().align_offset(64).min(self.0.len());
        &mut self.0[skip..]
    }
}

/// One thread's scratch.
#[derive(Debug, Default)]
pub struct Local<T> {
    pub(super) data: Lines<T>,
    pub(super) index: Vec<isize>,
}

/// Scratch for any number of plans, one at a time.
#[derive(Debug, Default)]
pub struct Workspace<T> {
    shared: Lines<T>,
    locals: Vec<Local<T>>,
}

impl<T: Element> Workspace<T> {
    /// An empty workspace for `threads` threads.
    pub fn new(threads: usize) -> Self {
        let local = || Local { data: Lines(Vec::new()), index: Vec::new() };
        Self { shared: Lines(Vec::new()), locals: (0..threads.max(1)).map(|_| local()).collect() }
    }

    /// Grows the workspace to what `plan` needs; the only step that allocates.
    pub fn reserve(&mut self, plan: &Plan<T>) {
        self.shared.grow(plan.shared);
        for local in &mut self.locals {
            local.data.grow(plan.local);
            grow(&mut local.index, plan.index);
        }
    }

    /// The shared part and each thread's part, for callers that run tasks themselves.
    pub fn parts(&mut self) -> (&mut [T], &mut [Local<T>]) {
        (self.shared.get(), &mut self.locals)
    }
}

fn grow<V: Copy + Default>(buffer: &mut Vec<V>, len: usize) {
    if buffer.len() < len {
        buffer.resize(len, V::default());
    }
}

impl<T: Element> Plan<T> {
    /// Whether one thread's scratch is large enough.
    pub fn fits(&self, local: &Local<T>) -> bool {
        local.data.0.len() >= self.local + Lines::<T>::LINE && local.index.len() >= self.index
    }
}
