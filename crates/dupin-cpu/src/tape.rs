//! Builds the tape of a cluster: which operands are read how, which values share a slot, what is written where.

use dupin_ir::prim::activation::Base;
use dupin_ir::{DType, Prim};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::fuse::{Clusters, Member, direct, lcm, task};
use crate::kernel::activation::ORDERS;
use crate::kernel::tape::{Code, Load, Loc, Mode, Op, Reduce, Sink, TILE, Tape};
use crate::step::{Origin, Place, Step, Storage, Work};
use crate::view::Atom;

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

/// A tape being built.
pub(crate) struct Build<'a> {
    clusters: &'a Clusters,
    storages: &'a mut Vec<Storage>,
    loads: Vec<(Load, usize)>,
    pending: Vec<Pending>,
    activations: FxHashMap<(Base, Val), usize>,
}

impl<'a> Build<'a> {
    pub(crate) fn new(clusters: &'a Clusters, storages: &'a mut Vec<Storage>) -> Self {
        Self { clusters, storages, loads: Vec::new(), pending: Vec::new(), activations: FxHashMap::default() }
    }

    /// The kernel of these members (ascending); `read` says which results others read.
    pub(crate) fn step(mut self, members: &[usize], read: &FxHashSet<usize>) -> Step {
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
        // Without sums to obey, tasks that do not cross what an operand repeats: it is read in place.
        let repeated = self.loads.iter().filter_map(|(l, _)| repeats(&l.atoms)).map(|n| [n, len / n, 1]).filter(|e| e[1] > TILE);
        let wanted = if extents.is_empty() { repeated.collect() } else { extents.clone() };
        let task =
            task(len, tile, &wanted).or_else(|| task(len, TILE, &extents)).expect("sums whose tasks conflict were separated");
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
            let within = within(&load.atoms, task);
            load.mode = match period(within) {
                _ if matches!(load.atoms[..], [Atom { stride: 1, .. }]) => Mode::Direct,
                _ if matches!(within, [Atom { stride: 1, .. }]) => Mode::Run,
                Some(p) if tile.is_multiple_of(p) => Mode::Resident(slots.take()),
                _ => Mode::Gather(slots.take()),
            };
        }
        let mut locs: FxHashMap<Val, Loc> = FxHashMap::default();
        for (k, (load, _)) in self.loads.iter().enumerate() {
            let loc = match load.mode {
                Mode::Direct | Mode::Run => Loc::Load(k as u16),
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
            repeats: self.loads.iter().filter(|l| l.0.mode == Mode::Run).filter_map(|l| repeats(&l.0.atoms)).max().unwrap_or(1),
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

/// The dimensions that a task sees more than one index of, and some that it may.
fn within(atoms: &[Atom], task: usize) -> &[Atom] {
    let inner = |i: usize| atoms[i..].iter().map(|a| a.size).product::<usize>();
    let first = (1..=atoms.len()).take_while(|&i| inner(i).is_multiple_of(task)).last();
    &atoms[first.unwrap_or(0)..]
}

/// How often a view repeats along the slowest dimension, if it does.
fn repeats(atoms: &[Atom]) -> Option<usize> {
    match atoms {
        [Atom { size, stride: 0 }, rest @ ..] if !rest.is_empty() => Some(*size),
        _ => None,
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
