//! Fusion: elementwise operations and sums of one level and one index space become one kernel.

use dupin_ir::{DType, Prim};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::kernel::tape::{Reduce, TILE};
use crate::step::{Place, Step, Storage};
use crate::tape::Build;

/// Fewest and most elements of a task: enough to be worth handing out, few enough to balance.
const TASK: (usize, usize) = (8192, 65536);
/// Tasks that are enough for balance.
const TASKS: usize = 64;

/// What a member of a cluster computes.
#[derive(Clone, Debug)]
pub(crate) enum Member {
    /// An elementwise primitive; `operand` is the element type of its last operand.
    Element { prim: Box<Prim>, operand: DType },
    /// A reduction of `[outer, reduced, inner]` to `[outer, inner]`.
    Sink { reduce: Reduce, extents: [usize; 3] },
}

#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) member: Member,
    pub(crate) args: Vec<Place>,
    pub(crate) storage: usize,
    level: usize,
    pub(crate) len: usize,
}

/// Elementwise operations and sums, and which of them share a kernel.
#[derive(Debug, Default)]
pub(crate) struct Clusters {
    pub(crate) entries: Vec<Entry>,
    /// A forest: the root of each entry's tree names its cluster.
    parents: Vec<usize>,
    /// Entry that fills a storage element for element.
    elements: FxHashMap<usize, usize>,
    /// An entry of this level that reads this whole storage.
    readers: FxHashMap<(usize, usize), usize>,
}

/// `[outer, reduced, inner]` of a reduction over `axes`; `None` if the reduced axes are not neighbours.
pub(crate) fn segments(shape: &[usize], axes: &[usize]) -> Option<[usize; 3]> {
    let mut extents = [1; 3];
    let mut at = 0;
    for (a, &n) in shape.iter().enumerate().filter(|(_, n)| **n != 1) {
        let reduced = axes.contains(&a);
        at = match (at, reduced) {
            (0, true) => 1,
            (1, false) => 2,
            (2, true) => return None,
            (at, _) => at,
        };
        extents[at] *= n;
    }
    Some(extents)
}

impl Clusters {
    /// Adds a member; the caller has found its level. Returns its index.
    pub(crate) fn add(
        &mut self,
        member: Member,
        args: Vec<Place>,
        storage: usize,
        level: usize,
        len: usize,
        storages: &[Storage],
    ) -> usize {
        let index = self.entries.len();
        self.parents.push(index);
        for place in args.iter().filter(|p| storages[p.storage].len == len && p.view.is_identity(len)) {
            match self.elements.get(&place.storage) {
                Some(&e) if self.entries[e].level == level => self.join(e, index),
                _ => {
                    let reader = *self.readers.entry((level, place.storage)).or_insert(index);
                    self.join(reader, index);
                }
            }
        }
        if matches!(member, Member::Element { .. }) {
            self.elements.insert(storage, index);
        }
        self.entries.push(Entry { member, args, storage, level, len });
        index
    }

    /// What names the cluster of an entry.
    pub(crate) fn root(&self, mut i: usize) -> usize {
        while self.parents[i] != i {
            i = self.parents[i];
        }
        i
    }

    /// The entry that fills a storage element for element.
    pub(crate) fn element(&self, storage: usize) -> Option<usize> {
        self.elements.get(&storage).copied()
    }

    /// Makes the clusters of two entries one, which keeps the smaller root.
    pub(crate) fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.parents[a.max(b)] = a.min(b);
    }

    /// The entry of the same cluster that a place is the result of.
    pub(crate) fn inner(&self, root: usize, place: &Place) -> Option<usize> {
        let e = self.element(place.storage)?;
        (self.root(e) == root && place.view.is_identity(self.entries[e].len)).then_some(e)
    }
}

/// The kernels of all clusters. `read` says which storages others read.
pub(crate) fn kernels(clusters: &Clusters, storages: &mut Vec<Storage>, read: &[bool]) -> Vec<Step> {
    let mut groups: Vec<Vec<usize>> = vec![Vec::new(); clusters.entries.len()];
    let mut read: FxHashSet<usize> = read.iter().enumerate().filter(|r| *r.1).map(|r| r.0).collect();
    for (i, entry) in clusters.entries.iter().enumerate() {
        let root = clusters.root(i);
        groups[root].push(i);
        read.extend(entry.args.iter().filter(|p| clusters.inner(root, p).is_none()).map(|p| p.storage));
    }
    let mut steps = Vec::new();
    for group in groups.iter().filter(|g| !g.is_empty()) {
        let is_sink = |i: usize| matches!(clusters.entries[i].member, Member::Sink { .. });
        let len = clusters.entries[group[0]].len;
        // Sums that ask for incompatible tasks get kernels of their own.
        let (mut members, mut alone): (Vec<usize>, Vec<usize>) =
            (group.iter().copied().filter(|&i| !is_sink(i)).collect(), Vec::new());
        let mut extents = Vec::new();
        for i in group.iter().copied().filter(|&i| is_sink(i)) {
            let Member::Sink { extents: e, .. } = clusters.entries[i].member else { continue };
            extents.push(e);
            if task(len, TILE, &extents).is_some() {
                members.push(i);
            } else {
                extents.pop();
                read.extend(clusters.entries[i].args.iter().map(|p| p.storage));
                alone.push(i);
            }
        }
        members.sort_unstable();
        if !members.is_empty() {
            steps.push(Build::new(clusters, storages).step(&members, &read));
        }
        for i in alone {
            steps.push(Build::new(clusters, storages).step(&[i], &read));
        }
    }
    steps
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Least common multiple.
pub(crate) fn lcm(a: usize, b: usize) -> usize {
    a / gcd(a, b) * b
}

/// Elements of a task such that each reduction's blocks and tasks nest, one way or the other; `None` if there is no such number.
pub(crate) fn task(len: usize, tile: usize, sinks: &[[usize; 3]]) -> Option<usize> {
    let target = (len / TASKS).clamp(TASK.0, TASK.1).next_multiple_of(tile);
    if len <= target {
        return Some(len.max(1));
    }
    let unit = sinks.iter().fold(1, |u, s| lcm(u, s[2]));
    let blocks = || sinks.iter().filter(|s| s[0] > 1).map(|s| s[1] * s[2]);
    let whole = blocks().fold(unit, lcm);
    let task = if whole <= target {
        // Whole blocks, and whole tiles where that costs little.
        let step = if lcm(whole, tile) <= target { lcm(whole, tile) } else { whole };
        target / step * step
    } else {
        let block = blocks().max().unwrap_or(unit);
        let parts = (block / target).max(1)..=block.min(4096);
        parts.into_iter().find(|k| block % k == 0 && (block / k) % unit == 0).map_or(block, |k| block / k)
    };
    sinks.iter().all(|s| direct(len, task, s) || partial(task, s)).then_some(task)
}

/// Whether tasks hold whole blocks.
pub(crate) fn direct(len: usize, task: usize, &[_, reduced, inner]: &[usize; 3]) -> bool {
    task.is_multiple_of(reduced * inner) || len <= task
}

/// Whether blocks hold whole tasks.
fn partial(task: usize, &[outer, reduced, inner]: &[usize; 3]) -> bool {
    task.is_multiple_of(inner) && (outer == 1 || (reduced * inner).is_multiple_of(task))
}
