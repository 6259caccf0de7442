//! What reads each storage: steps, and operations that will share kernels.

use crate::fuse::Clusters;
use crate::step::Step;

/// What reads a storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Reader {
    Step(usize),
    Entry(usize),
}

pub(crate) struct Readers {
    /// By storage.
    pub(crate) of: Vec<Vec<Reader>>,
    /// Entries of each cluster, by its root.
    pub(crate) members: Vec<Vec<usize>>,
}

impl Readers {
    pub(crate) fn new(clusters: &Clusters, storages: usize, steps: &[Step]) -> Self {
        let mut of = vec![Vec::new(); storages];
        for (i, step) in steps.iter().enumerate() {
            step.reads.iter().for_each(|&s| of[s].push(Reader::Step(i)));
        }
        let mut members = vec![Vec::new(); clusters.entries.len()];
        for (i, entry) in clusters.entries.iter().enumerate() {
            entry.args.iter().for_each(|p| of[p.storage].push(Reader::Entry(i)));
            members[clusters.root(i)].push(i);
        }
        Self { of, members }
    }

    /// Follows two clusters that became one.
    pub(crate) fn join(&mut self, a: usize, b: usize) {
        let moved = std::mem::take(&mut self.members[a.max(b)]);
        self.members[a.min(b)].extend(moved);
    }
}
