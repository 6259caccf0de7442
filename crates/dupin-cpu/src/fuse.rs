//! Fusion: elementwise operations and sums of one level and one index space become one kernel.

use dupin_ir::prim::activation::Base;
use dupin_ir::{DType, Prim};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::kernel::activation::ORDERS;
use crate::kernel::tape::{Code, Load, Loc, Mode, Op, Reduce, Sink, TILE, Tape};
use crate::step::{Origin, Place, Step, Storage, Work};
use crate::view::Atom;

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
struct Entry {
    member: Member,
    args: Vec<Place>,
    storage: usize,
    level: usize,
    len: usize,
}

/// Elementwise operations and sums, and which of them share a kernel.
#[derive(Debug, Default)]
pub(crate) struct Clusters {
    entries: Vec<Entry>,
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

    fn root(&self, mut i: usize) -> usize {
        while self.parents[i] != i {
            i = self.parents[i];
        }
        i
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.parents[a.max(b)] = a.min(b);
    }

    /// The entry of the same cluster that a place is the result of.
    fn inner(&self, root: usize, place: &Place) -> Option<usize> {
        let e = *self.elements.get(&place.storage)?;
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

fn lcm(a: usize, b: usize) -> usize {
    a / gcd(a, b) * b
}

/// Elements of a task such that each reduction's blocks and tasks nest, one way or the other; `None` if there is no such number.
fn task(len: usize, tile: usize, sinks: &[[usize; 3]]) -> Option<usize> {
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
fn direct(len: usize, task: usize, &[_, reduced, inner]: &[usize; 3]) -> bool {
    task.is_multiple_of(reduced * inner) || len <= task
}

/// Whether blocks hold whole tasks.
fn partial(task: usize, &[outer, reduced, inner]: &[usize; 3]) -> bool {
    task.is_multiple_of(inner) && (outer == 1 || (reduced * inner).is_multiple_of(task))
}

/// A value inside a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Val {
    Load(usize),
    Entry(usize),
}

struct Pending {
    code: Code,
    dtype: DType,
    args: Vec<Val>,
    /// Results by order for activations, else one.
    outs: [Option<usize>; ORDERS],
}

struct Build<'a> {
    clusters: &'a Clusters,
    storages: &'a mut Vec<Storage>,
    loads: Vec<(Load, usize)>,
    pending: Vec<Pending>,
    activations: FxHashMap<(Base, Val), usize>,
}

impl<'a> Build<'a> {
    fn new(clusters: &'a Clusters, storages: &'a mut Vec<Storage>) -> Self {
        Self { clusters, storages, loads: Vec::new(), pending: Vec::new(), activations: FxHashMap::default() }
    }

    fn step(mut self, members: &[usize], read: &FxHashSet<usize>) -> Step {
        let len = self.clusters.entries[members[0]].len;
        let mut sources = Vec::new();
        for &i in members {
            let entry = &self.clusters.entries[i];
            let args: Vec<Val> = entry.args.iter().map(|p| self.value(p, members)).collect();
            match &entry.member {
                Member::Element { prim, operand } => self.element(i, prim, *operand, args),
                Member::Sink { reduce, extents } => sources.push((i, args[0], *reduce, *extents)),
            }
        }
        let extents: Vec<[usize; 3]> = sources.iter().map(|s| s.3).collect();
        let tile = self.tile();
        let task =
            task(len, tile, &extents).or_else(|| task(len, TILE, &extents)).expect("sums whose tasks conflict were separated");
        let mut tape = self.tape(members, &sources, read, len, tile, task);
        let mut writes: Vec<usize> = Vec::new();
        for &i in members {
            let entry = &self.clusters.entries[i];
            if matches!(entry.member, Member::Element { .. }) && read.contains(&entry.storage) {
                writes.push(entry.storage);
            }
        }
        for &(i, _, reduce, [outer, reduced, inner]) in &sources {
            writes.push(self.clusters.entries[i].storage);
            let sink = &mut tape.sinks[writes.len() - 1 - tape.outs.len()];
            (sink.reduce, sink.outer, sink.reduced, sink.inner) = (reduce, outer, reduced, inner);
            if !direct(len, task, &[outer, reduced, inner]) {
                sink.partial = Some(tape.partials);
                tape.partials += len.div_ceil(task) * inner;
            }
        }
        if tape.partials > 0 {
            self.storages.push(Storage { dtype: DType::F64, len: tape.partials, origin: Origin::Step });
            writes.push(self.storages.len() - 1);
        }
        let reads = self.loads.iter().map(|l| l.1).collect();
        Step { work: Work::Fused(Box::new(tape)), reads, writes }
    }

    /// The value at a place: another member's, or an operand in memory.
    fn value(&mut self, place: &Place, members: &[usize]) -> Val {
        if let Some(e) = self.clusters.inner(self.clusters.root(members[0]), place).filter(|e| members.binary_search(e).is_ok()) {
            return Val::Entry(e);
        }
        let (atoms, offset) = (place.view.flat(), place.view.offset);
        let known = self.loads.iter().position(|(l, s)| *s == place.storage && l.atoms == atoms && l.offset == offset);
        Val::Load(known.unwrap_or_else(|| {
            let dtype = self.storages[place.storage].dtype;
            self.loads.push((Load { dtype, offset, atoms, mode: Mode::Direct }, place.storage));
            self.loads.len() - 1
        }))
    }

    fn element(&mut self, i: usize, prim: &Prim, dtype: DType, args: Vec<Val>) {
        let mut outs = [None; ORDERS];
        outs[0] = Some(i);
        let code = match prim {
            Prim::Unary(p) => Code::Unary(p.0),
            Prim::Binary(p) => Code::Binary(p.0),
            Prim::Compare(p) => Code::Compare(p.0),
            Prim::Select(_) => Code::Select,
            Prim::Convert(p) => Code::Convert(p.dtype),
            Prim::Activation(p) => match p.kind.resolve(p.order) {
                Some((base, order)) if usize::from(order) < ORDERS => {
                    // All orders of one function at one place come from one operation.
                    let at = *self.activations.entry((base, args[0])).or_insert(self.pending.len());
                    if let Some(known) = self.pending.get_mut(at)
                        && known.outs[usize::from(order)].is_none()
                    {
                        known.outs[usize::from(order)] = Some(i);
                        return;
                    }
                    (outs[0], outs[usize::from(order)]) = (None, Some(i));
                    Code::Activation(base, [None; ORDERS])
                }
                Some((base, order)) => Code::Derivative(base, order),
                None => Code::Derivative(Base::Identity, 2),
            },
            other => unreachable!("{} is not elementwise", other.rules().name()),
        };
        self.pending.push(Pending { code, dtype, args, outs });
    }

    /// A tile that what repeats with a short period divides.
    fn tile(&self) -> usize {
        let periods = self.loads.iter().filter_map(|l| period(&l.0.atoms));
        let common = periods.fold(1, |t, p| if lcm(t, p) <= TILE { lcm(t, p) } else { t });
        TILE / common * common
    }

    fn tape(
        &mut self,
        members: &[usize],
        sources: &[(usize, Val, Reduce, [usize; 3])],
        read: &FxHashSet<usize>,
        len: usize,
        tile: usize,
        task: usize,
    ) -> Tape {
        let mut slots = Slots::default();
        for (load, _) in &mut self.loads {
            load.mode = match period(&load.atoms) {
                _ if matches!(load.atoms[..], [Atom { stride: 1, .. }]) => Mode::Direct,
                Some(p) if tile.is_multiple_of(p) => Mode::Resident(slots.take()),
                _ => Mode::Gather(slots.take()),
            };
        }
        let mut locs: FxHashMap<Val, Loc> = FxHashMap::default();
        for (k, (load, _)) in self.loads.iter().enumerate() {
            let loc = match load.mode {
                Mode::Direct => Loc::Load(k as u16),
                Mode::Resident(s) | Mode::Gather(s) => Loc::Slot(s),
            };
            locs.insert(Val::Load(k), loc);
        }
        let mut outs = Vec::new();
        let mut widest = self.loads.iter().map(|l| l.0.dtype.size()).max().unwrap_or(1);
        for &i in members {
            let entry = &self.clusters.entries[i];
            if let Member::Element { .. } = entry.member {
                let dtype = self.storages[entry.storage].dtype;
                widest = widest.max(dtype.size());
                if read.contains(&entry.storage) {
                    locs.insert(Val::Entry(i), Loc::Out(outs.len() as u16));
                    outs.push(dtype);
                }
            }
        }
        let mut last: FxHashMap<Val, usize> = FxHashMap::default();
        for (at, op) in self.pending.iter().enumerate() {
            for v in op.outs.iter().flatten().map(|&i| Val::Entry(i)).chain(op.args.iter().copied()) {
                last.insert(v, at);
            }
        }
        for source in sources {
            last.insert(source.1, usize::MAX);
        }
        let mut ops = Vec::with_capacity(self.pending.len());
        for (at, op) in self.pending.iter().enumerate() {
            let mut place = |i: usize| *locs.entry(Val::Entry(i)).or_insert_with(|| Loc::Slot(slots.take()));
            let results = op.outs.map(|o| o.map(&mut place));
            let out = results.iter().flatten().next().copied().unwrap_or(Loc::Slot(0));
            let mut args = [out; 3];
            op.args.iter().zip(&mut args).for_each(|(v, a)| *a = locs[v]);
            let code = if let Code::Activation(base, _) = op.code { Code::Activation(base, results) } else { op.code };
            ops.push(Op { code, dtype: op.dtype, args, out });
            let entry = |v: &Val| if let Val::Entry(i) = v { Some(*i) } else { None };
            let mut done: Vec<usize> = op.args.iter().filter_map(entry).chain(op.outs.iter().flatten().copied()).collect();
            done.sort_unstable();
            done.dedup();
            for v in done.into_iter().map(Val::Entry).filter(|v| last[v] == at) {
                if let Loc::Slot(s) = locs[&v] {
                    slots.free.push(s);
                }
            }
        }
        let sink = |s: &(usize, Val, Reduce, [usize; 3])| Sink {
            source: locs[&s.1],
            dtype: self.storages[self.clusters.entries[s.0].storage].dtype,
            reduce: s.2,
            outer: 0,
            reduced: 0,
            inner: 0,
            partial: None,
        };
        Tape {
            len,
            tile,
            task,
            slots: slots.count as usize,
            slot_bytes: (tile * widest).next_multiple_of(64),
            loads: self.loads.iter().map(|l| l.0.clone()).collect(),
            ops,
            outs,
            copies: Vec::new(),
            sinks: sources.iter().map(sink).collect(),
            partials: 0,
        }
    }
}

/// Period with which a view repeats along the index space, if it does.
fn period(atoms: &[Atom]) -> Option<usize> {
    match atoms {
        [] => Some(1),
        [first, rest @ ..] if first.stride == 0 => Some(rest.iter().map(|a| a.size).product()),
        _ => None,
    }
}

#[derive(Default)]
struct Slots {
    count: u16,
    free: Vec<u16>,
}

impl Slots {
    fn take(&mut self) -> u16 {
        self.free.pop().unwrap_or_else(|| {
            self.count += 1;
            self.count - 1
        })
    }
}
