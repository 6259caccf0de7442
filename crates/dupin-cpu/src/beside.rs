//! Contractions that share work become one step, or one contraction.
//!
//! A second derivative needs `W ẋ` and `Ẇ ẋ` of each convolution: its engine transforms the patches of `ẋ` once for both.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::fuse::Clusters;
use crate::readers::{Reader, Readers};
use crate::step::{Step, Work};

/// Puts single contractions beside the first of other steps, where neither needs what the other makes.
pub(crate) fn beside(steps: &mut Vec<Step>, clusters: &Clusters, storages: usize) {
    let mut by_left: FxHashMap<usize, Vec<usize>> = FxHashMap::default();
    for (i, step) in steps.iter().enumerate().filter(|(_, step)| matches!(step.work, Work::Contract(_))) {
        by_left.entry(step.reads[0]).or_default().push(i);
    }
    let mut same: Vec<Vec<usize>> = by_left.into_values().filter(|steps| steps.len() > 1).collect();
    same.sort_unstable();
    let mut gone = FxHashSet::default();
    for group in &same {
        for (&i, &j) in group.iter().flat_map(|i| group.iter().map(move |j| (i, j))) {
            if i == j || gone.contains(&i) || gone.contains(&j) {
                continue;
            }
            let Some(both) = joined(&steps[i], &steps[j]) else { continue };
            let readers = Readers::new(clusters, storages, steps);
            if [(i, j), (j, i)].iter().all(|&(from, to)| !leads(steps, clusters, &readers, from, to)) {
                steps[i] = both;
                // Nothing reads or writes through it until it is removed.
                (steps[j].reads, steps[j].writes) = (Vec::new(), Vec::new());
                gone.insert(j);
            }
        }
    }
    let mut index = 0..;
    steps.retain(|_| !index.next().is_some_and(|i| gone.contains(&i)));
}

/// Sums the first two terms of steps at once, where they have tiles of the result in common.
pub(crate) fn sums(steps: &mut [Step]) {
    for step in steps {
        let Work::Contract(terms) = &mut step.work else { continue };
        let [first, second, ..] = terms.as_slice() else { continue };
        if let Some(sum) = second.with_addend(first) {
            step.reads[..4].rotate_left(2);
            terms.splice(..2, [sum]);
        } else if let Some(sum) = first.with_addend(second) {
            terms.splice(..2, [sum]);
        }
    }
}

/// A step with the contraction of another beside its first.
fn joined(step: &Step, other: &Step) -> Option<Step> {
    let (Work::Contract(terms), Work::Contract(others)) = (&step.work, &other.work) else { return None };
    let [alone] = others.as_slice() else { return None };
    let both = terms[0].with_beside(alone)?;
    let terms = [both].into_iter().chain(terms[1..].iter().cloned()).collect();
    let reads = step.reads.iter().copied().chain([other.reads[1]]).collect();
    Some(Step { work: Work::Contract(terms), reads, writes: vec![step.writes[0], other.writes[0]] })
}

/// Whether a step needs what another makes, or what is made of it.
fn leads(steps: &[Step], clusters: &Clusters, readers: &Readers, from: usize, to: usize) -> bool {
    let mut seen = FxHashSet::default();
    let mut open = steps[from].writes.clone();
    while let Some(storage) = open.pop() {
        for &reader in &readers.of[storage] {
            match reader {
                Reader::Step(i) if i == to => return true,
                Reader::Step(i) if seen.insert(reader) => open.extend(&steps[i].writes),
                Reader::Entry(entry) if seen.insert(Reader::Entry(clusters.root(entry))) => {
                    open.extend(readers.members[clusters.root(entry)].iter().map(|&e| clusters.entries[e].storage));
                }
                _ => {}
            }
        }
    }
    false
}
