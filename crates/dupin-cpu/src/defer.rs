//! Kernels that wait for the only reader of a result.
//!
//! Operations are grouped by the earliest level that they can run at. A result of which the only reader comes later (the square of a
//! tangent, until the cotangent that weighs it is there) would go to memory and back. Its kernel joins the reader's instead, where
//! nothing in between needs either, and where it waits with a single tensor in memory: what was written is never made.

use rustc_hash::FxHashSet;

use crate::fuse::{Clusters, Member};
use crate::readers::{Reader, Readers};
use crate::step::{Output, Step, Storage};

struct Defer<'a> {
    clusters: &'a mut Clusters,
    storages: &'a [Storage],
    steps: &'a [Step],
    readers: Readers,
}

/// Joins clusters; `steps` are all other steps.
pub(crate) fn defer(clusters: &mut Clusters, storages: &[Storage], steps: &[Step], outputs: &[Output]) {
    let readers = Readers::new(clusters, storages.len(), steps);
    let kept: FxHashSet<usize> = outputs.iter().map(|o| o.storage).collect();
    let mut all = Defer { clusters, storages, steps, readers };
    for i in 0..all.clusters.entries.len() {
        if !kept.contains(&all.clusters.entries[i].storage)
            && let Some(later) = all.only_reader(i)
        {
            let own = all.clusters.root(i);
            if all.waits_with_one_tensor(own) && !all.needed_between(own, later) {
                all.clusters.join(own, later);
                all.readers.join(own, later);
            }
        }
    }
}

impl Defer<'_> {
    /// Whether an entry reads this storage, a result of another entry, element for element wherever it reads it.
    fn by_element(&self, reader: usize, storage: usize) -> bool {
        let entry = &self.clusters.entries[reader];
        let mut places = entry.args.iter().filter(|p| p.storage == storage);
        self.storages[storage].len == entry.len && places.all(|p| p.view.is_identity(entry.len))
    }

    /// The root of the cluster that alone reads an operation's result, if it is another one.
    fn only_reader(&self, i: usize) -> Option<usize> {
        let entry = &self.clusters.entries[i];
        let root_of = |reader: &Reader| match *reader {
            Reader::Entry(e) if self.by_element(e, entry.storage) => Some(self.clusters.root(e)),
            _ => None,
        };
        let (first, rest) = self.readers.of[entry.storage].split_first()?;
        let root = root_of(first)?;
        let alone = matches!(entry.member, Member::Element { .. }) && rest.iter().all(|r| root_of(r) == Some(root));
        (alone && root != self.clusters.root(i)).then_some(root)
    }

    /// Whether a cluster reads at most one storage as large as its index space.
    fn waits_with_one_tensor(&self, root: usize) -> bool {
        let mut large = FxHashSet::default();
        for &i in &self.readers.members[root] {
            let entry = &self.clusters.entries[i];
            let read = entry.args.iter().filter(|p| self.clusters.inner(root, p).is_none());
            large.extend(read.map(|p| p.storage).filter(|&s| self.storages[s].len >= entry.len));
        }
        large.len() <= 1
    }

    /// Whether the cluster `later` needs something of `own` that is not there element for element while both run: a sum, another view, or
    /// what a step in between makes of it.
    fn needed_between(&self, own: usize, later: usize) -> bool {
        let written = |root: usize| self.readers.members[root].iter().map(|&i| self.clusters.entries[i].storage);
        let mut seen = FxHashSet::default();
        let mut open: Vec<(usize, bool)> = written(own).map(|s| (s, true)).collect();
        while let Some((storage, direct)) = open.pop() {
            for &reader in &self.readers.of[storage] {
                let entry = match reader {
                    Reader::Entry(entry) => entry,
                    Reader::Step(i) => {
                        if seen.insert(reader) {
                            open.extend(self.steps[i].writes.iter().map(|&s| (s, false)));
                        }
                        continue;
                    }
                };
                let root = self.clusters.root(entry);
                if root == later {
                    if !direct || self.clusters.element(storage).is_none() || !self.by_element(entry, storage) {
                        return true;
                    }
                } else if root != own && seen.insert(Reader::Entry(root)) {
                    open.extend(written(root).map(|s| (s, false)));
                }
            }
        }
        false
    }
}
