//! Plans a run: the order of steps, and where each storage lies in one arena for as long as it is needed.
//!
//! **Invariant**: two storages overlap in the arena only if one is no longer needed when the other is first written, or if a fused
//! kernel writes its result over an operand that it reads last, element for element.

use std::collections::BinaryHeap;

use crate::kernel::stream::STREAM_BYTES;
use crate::kernel::tape::{Loc, Mode, Redirect, Tape};
use crate::step::{Lowered, Origin, Step, Work};

/// Parts of the arena begin at a cache line.
const LINE: usize = 64;

/// Order and places.
#[derive(Clone, Debug, Default)]
pub(crate) struct Memory {
    /// Byte offset of each storage in the arena, for those that lie there.
    pub(crate) offsets: Vec<Option<usize>>,
    /// Bytes of the arena.
    pub(crate) bytes: usize,
}

/// Puts the steps in order and places their storages.
pub(crate) fn plan(lowered: &mut Lowered) -> Memory {
    let mut in_arena: Vec<bool> = lowered.storages.iter().map(|s| s.origin == Origin::Step).collect();
    lowered.outputs.iter().for_each(|o| in_arena[o.storage] = false);
    let near_program = by_program(lowered);
    let frugal = by_memory(lowered, &in_arena);
    let order = if peak(lowered, &in_arena, &frugal) < peak(lowered, &in_arena, &near_program) { frugal } else { near_program };
    assert_eq!(order.len(), lowered.steps.len(), "no step waits for itself");
    let mut steps: Vec<Option<Step>> = std::mem::take(&mut lowered.steps).into_iter().map(Some).collect();
    lowered.steps = order.iter().filter_map(|&i| steps[i].take()).collect();
    place(lowered, &in_arena)
}

/// For each step, how many steps must come before it; for each storage, the steps that read it.
fn dependencies(lowered: &Lowered) -> (Vec<usize>, Vec<Vec<usize>>) {
    let mut written = vec![false; lowered.storages.len()];
    lowered.steps.iter().flat_map(|s| &s.writes).for_each(|&s| written[s] = true);
    let mut readers = vec![Vec::new(); lowered.storages.len()];
    let mut waits = vec![0; lowered.steps.len()];
    for (i, step) in lowered.steps.iter().enumerate() {
        let mut reads: Vec<usize> = step.reads.iter().copied().filter(|&s| written[s]).collect();
        reads.sort_unstable();
        reads.dedup();
        waits[i] = reads.len();
        for s in reads {
            readers[s].push(i);
        }
    }
    (waits, readers)
}

/// As near the program's order as dependencies allow.
fn by_program(lowered: &Lowered) -> Vec<usize> {
    let (mut waits, readers) = dependencies(lowered);
    let key = |i: usize| std::cmp::Reverse((lowered.steps[i].writes.iter().min().copied(), i));
    let mut ready: BinaryHeap<_> = (0..waits.len()).filter(|&i| waits[i] == 0).map(key).collect();
    let mut order = Vec::with_capacity(waits.len());
    while let Some(std::cmp::Reverse((_, i))) = ready.pop() {
        order.push(i);
        for &r in lowered.steps[i].writes.iter().flat_map(|&s| &readers[s]) {
            waits[r] -= 1;
            if waits[r] == 0 {
                ready.push(key(r));
            }
        }
    }
    order
}

/// Always the step after which least memory is held; of equals the one nearest the program's order.
fn by_memory(lowered: &Lowered, in_arena: &[bool]) -> Vec<usize> {
    let (mut waits, readers) = dependencies(lowered);
    let mut left: Vec<usize> = readers.iter().map(Vec::len).collect();
    let bytes = |s: usize| if in_arena[s] { lowered.storages[s].bytes() as i64 } else { 0 };
    let mut ready: Vec<usize> = (0..waits.len()).filter(|&i| waits[i] == 0).collect();
    let mut order = Vec::with_capacity(waits.len());
    let reads: Vec<Vec<usize>> = lowered
        .steps
        .iter()
        .map(|step| {
            let mut reads = step.reads.clone();
            reads.sort_unstable();
            reads.dedup();
            reads
        })
        .collect();
    while !ready.is_empty() {
        let growth = |i: usize| {
            let made: i64 = lowered.steps[i].writes.iter().map(|&s| bytes(s)).sum();
            let freed: i64 = reads[i].iter().filter(|&&s| left[s] == 1).map(|&s| bytes(s)).sum();
            (made - freed, lowered.steps[i].writes.iter().min().copied(), i)
        };
        let Some(at) = (0..ready.len()).min_by_key(|&k| growth(ready[k])) else { break };
        let i = ready.swap_remove(at);
        order.push(i);
        reads[i].iter().for_each(|&s| left[s] = left[s].saturating_sub(1));
        for &r in lowered.steps[i].writes.iter().flat_map(|&s| &readers[s]) {
            waits[r] -= 1;
            if waits[r] == 0 {
                ready.push(r);
            }
        }
    }
    order
}

/// First and last step of each storage's life, in an order of steps.
fn lives<'a>(storages: usize, steps: impl Iterator<Item = &'a Step>) -> Vec<Option<(usize, usize)>> {
    let mut lives: Vec<Option<(usize, usize)>> = vec![None; storages];
    for (t, step) in steps.enumerate() {
        for &s in step.writes.iter().chain(&step.reads) {
            let life = lives[s].get_or_insert((t, t));
            life.1 = t;
        }
    }
    lives
}

fn peak(lowered: &Lowered, in_arena: &[bool], order: &[usize]) -> usize {
    let lives = lives(lowered.storages.len(), order.iter().map(|&i| &lowered.steps[i]));
    let mut change = vec![0_i64; order.len() + 1];
    for (s, life) in lives.iter().enumerate().filter(|(s, _)| in_arena[*s]) {
        if let Some((from, to)) = life {
            change[*from] += lowered.storages[s].bytes() as i64;
            change[to + 1] -= lowered.storages[s].bytes() as i64;
        }
    }
    let (mut now, mut most) = (0, 0);
    for c in change {
        now += c;
        most = most.max(now);
    }
    most as usize
}

/// Places storages: results over operands where a kernel allows, then the largest first at the lowest free offset.
fn place(lowered: &mut Lowered, in_arena: &[bool]) -> Memory {
    let n = lowered.storages.len();
    let mut lives = lives(n, lowered.steps.iter());
    let mut owner: Vec<usize> = (0..n).collect();
    for t in 0..lowered.steps.len() {
        let storages = &lowered.storages;
        let step = &mut lowered.steps[t];
        let Work::Fused(tape) = &mut step.work else { continue };
        let mut taken: Vec<usize> = Vec::new();
        for (j, &to) in step.writes.iter().enumerate().take(tape.outs.len()).filter(|(_, s)| in_arena[**s]) {
            let fits = |&&from: &&usize| {
                let dies = in_arena[from] && lives[owner[from]].is_some_and(|l| l.1 == t);
                dies && storages[from].bytes() == storages[to].bytes() && !taken.contains(&from)
            };
            let in_place = |from: usize| {
                let loads = tape.loads.iter().zip(&step.reads).filter(|(_, s)| **s == from);
                loads.into_iter().all(|(load, _)| load.mode == Mode::Direct && load.offset == 0)
            };
            let Some(from) = step.reads.iter().find(|s| fits(s) && in_place(**s)).copied() else { continue };
            taken.push(from);
            let root = owner[from];
            owner[to] = root;
            let end = lives[to].map_or(t, |l| l.1);
            lives[root] = lives[root].map(|l| (l.0, end));
            redirect(tape, j as u16, false);
        }
        for (j, &to) in step.writes.iter().enumerate().take(tape.outs.len()) {
            let over_operand = tape.copies.iter().any(|c| usize::from(c.to) == j);
            if !over_operand && storages[to].bytes() >= STREAM_BYTES {
                redirect(tape, j as u16, true);
            }
        }
    }
    let mut roots: Vec<usize> = (0..n).filter(|&s| in_arena[s] && owner[s] == s && lives[s].is_some()).collect();
    roots.sort_by_key(|&s| (std::cmp::Reverse(lowered.storages[s].bytes()), s));
    let mut memory = Memory { offsets: vec![None; n], bytes: 0 };
    let mut placed: Vec<(usize, usize, usize, usize)> = Vec::new();
    for s in roots {
        let Some((from, to)) = lives[s] else { continue };
        let bytes = lowered.storages[s].bytes().next_multiple_of(LINE);
        let mut offset = 0;
        // `placed` is sorted by offset: the first gap that is wide enough.
        for &(start, end, first, last) in &placed {
            if first <= to && from <= last && start < offset + bytes && offset < end {
                offset = end;
            }
        }
        memory.offsets[s] = Some(offset);
        memory.bytes = memory.bytes.max(offset + bytes);
        let at = placed.partition_point(|p| p.0 <= offset);
        placed.insert(at, (offset, offset + bytes, from, to));
    }
    for s in (0..n).filter(|&s| in_arena[s]) {
        memory.offsets[s] = memory.offsets[owner[s]];
    }
    memory
}

/// Sends a result through a slot, to be copied when the tile has been read: over the operand, or past the caches.
fn redirect(tape: &mut Tape, out: u16, stream: bool) {
    let slot = Loc::Slot(tape.slots as u16);
    tape.slots += 1;
    let change = |loc: &mut Loc| {
        if *loc == Loc::Out(out) {
            *loc = slot;
        }
    };
    for op in &mut tape.ops {
        op.args.iter_mut().for_each(change);
        change(&mut op.out);
        if let crate::kernel::tape::Code::Activation(_, outs) = &mut op.code {
            outs.iter_mut().flatten().for_each(change);
        }
    }
    tape.sinks.iter_mut().for_each(|s| change(&mut s.source));
    tape.copies.push(Redirect { from: slot, to: out, stream });
}
