//! Scratch memory of runs, allocated once.

use super::isa::Element;
use super::kernel::Square;
use super::plan::Plan;
use crate::kernel::memory::Lines;

/// One thread's scratch.
#[derive(Debug, Default)]
pub struct Local<T> {
    pub(super) data: Lines<T>,
    pub(super) index: Vec<isize>,
    pub(super) squares: Vec<Square>,
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
        let local = || Local { data: Lines::new(0), index: Vec::new(), squares: Vec::new() };
        Self { shared: Lines::new(0), locals: (0..threads.max(1)).map(|_| local()).collect() }
    }

    /// Grows the workspace to what `plan` needs; the only step that allocates.
    pub fn reserve(&mut self, plan: &Plan<T>) {
        let [shared, local_len, index, squares] = plan.scratch();
        self.shared.reserve(shared);
        for local in &mut self.locals {
            local.data.reserve(local_len);
            local.index.resize(local.index.len().max(index), 0);
            local.squares.resize(local.squares.len().max(squares), Square::default());
        }
    }

    /// The shared part and each thread's part, for callers that run tasks themselves.
    pub fn parts(&mut self) -> (&mut [T], &mut [Local<T>]) {
        (self.shared.get(), &mut self.locals)
    }
}

impl<T: Element> Plan<T> {
    /// Whether one thread's scratch is large enough.
    pub fn fits(&self, local: &Local<T>) -> bool {
        local.data.len() >= self.local && local.index.len() >= self.index && local.squares.len() >= self.squares
    }
}
