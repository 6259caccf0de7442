//! Fused elementwise kernels: a tape of operations run tile by tile over one linear index space, with sums as by-products.
//!
//! A tile's intermediate values live in slots that stay in the first-level cache; contiguous operands are read and results written
//! where they are. What repeats along the index space with a period that divides a tile (a bias, a scalar) is expanded once per task.
//!
//! **Invariant**: tasks, tiles and the order of every sum depend on the shapes alone.

use dupin_ir::DType;
use dupin_ir::prim::activation::Base;
use dupin_ir::prim::{BinaryOp, CompareOp, UnaryOp};

use super::activation::ORDERS;
use super::frame::{Frame, combine, identity, store};
use super::memory::{Address, Atom, Lines, gather, offset, share};
use super::real::Features;
use super::stream;

/// Most elements of a tile.
pub(crate) const TILE: usize = 1024;

/// Operations and sums of a kernel that computes long enough to fetch its next tile meanwhile; the processor's own prefetching stops at the end of
/// a page, which a tile of `f32` is.
const BUSY: usize = 3;

/// Where a tile's values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loc {
    /// In a slot.
    Slot(u16),
    /// In the memory of an operand.
    Load(u16),
    /// In the memory of a result.
    Out(u16),
}

/// How an operand is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Contiguous, in place.
    Direct,
    /// Contiguous within every task, in place.
    Run,
    /// Expanded into a slot once per task.
    Resident(u16),
    /// Collected into a slot for every tile.
    Gather(u16),
}

/// An operand in memory.
#[derive(Clone, Debug)]
pub(crate) struct Load {
    pub(crate) dtype: DType,
    /// First element.
    pub(crate) offset: usize,
    /// Dimensions, slowest first.
    pub(crate) atoms: Vec<Atom>,
    pub(crate) mode: Mode,
}

/// What an operation computes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Code {
    Unary(UnaryOp),
    Binary(BinaryOp),
    Compare(CompareOp),
    Select,
    Convert(DType),
    /// Orders 0 to 3 of one function; `Op::out` is not used.
    Activation(Base, [Option<Loc>; ORDERS]),
    /// A higher order, element by element.
    Derivative(Base, u8),
}

/// An operation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Op {
    pub(crate) code: Code,
    /// Element type of the operands (of `Select`: of the choices).
    pub(crate) dtype: DType,
    pub(crate) args: [Loc; 3],
    pub(crate) out: Loc,
}

/// A reduction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reduce {
    Sum,
    Max,
}

/// A reduced result: the index space is `[outer, reduced, inner]`, the result `[outer, inner]`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sink {
    pub(crate) source: Loc,
    pub(crate) dtype: DType,
    pub(crate) reduce: Reduce,
    pub(crate) outer: usize,
    pub(crate) reduced: usize,
    pub(crate) inner: usize,
    /// First `f64` of the tasks' partial results; `None` where tasks hold whole blocks of `reduced · inner`.
    pub(crate) partial: Option<usize>,
}

/// A slot that is copied to a result at the end of a tile.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Redirect {
    pub(crate) from: Loc,
    pub(crate) to: u16,
    /// Past the caches.
    pub(crate) stream: bool,
}

/// A fused kernel.
#[derive(Clone, Debug)]
pub(crate) struct Tape {
    /// Elements of the index space.
    pub(crate) len: usize,
    /// Elements of a tile, of a task.
    pub(crate) tile: usize,
    pub(crate) task: usize,
    /// How often operands repeat along the slowest dimension: tasks that read the same elements run one after another.
    pub(crate) repeats: usize,
    pub(crate) slots: usize,
    /// Bytes of a slot.
    pub(crate) slot_bytes: usize,
    pub(crate) loads: Vec<Load>,
    pub(crate) ops: Vec<Op>,
    /// Element types of the results.
    pub(crate) outs: Vec<DType>,
    /// Results that are computed in a slot: those that take the place of an operand, and large ones.
    pub(crate) copies: Vec<Redirect>,
    pub(crate) sinks: Vec<Sink>,
    /// `f64` numbers of all partial results.
    pub(crate) partials: usize,
}

/// One thread's slots and accumulators.
#[derive(Debug, Default)]
pub(crate) struct Registers(Lines<u64>);

impl Registers {
    /// Grows to what `tape` needs.
    pub(crate) fn reserve(&mut self, tape: &Tape) {
        self.0.reserve(tape.scratch_bytes().div_ceil(size_of::<u64>()));
    }
}

/// Addresses of the operands, the results, the reductions' results and the partial results, in this order.
pub(crate) struct Bound<'a>(pub(crate) &'a [Address]);

struct Baseline;
impl Features for Baseline {
    const FMA: bool = cfg!(target_arch = "aarch64");
}

#[cfg(target_arch = "x86_64")]
mod wide {
    use super::{Address, Bound, Features, Tape};

    struct Avx2;
    impl Features for Avx2 {
        const FMA: bool = true;
    }
    struct Avx512;
    impl Features for Avx512 {
        const FMA: bool = true;
    }

    /// # Safety
    /// As [`Tape::body`], on a processor with these features.
    #[target_feature(enable = "avx2,fma")]
    pub(super) unsafe fn avx2(tape: &Tape, task: usize, bound: &Bound<'_>, slots: Address) {
        // SAFETY: the caller's.
        unsafe { tape.body::<Avx2>(task, bound, slots) }
    }

    /// # Safety
    /// As [`Tape::body`], on a processor with these features.
    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")]
    pub(super) unsafe fn avx512(tape: &Tape, task: usize, bound: &Bound<'_>, slots: Address) {
        // SAFETY: the caller's.
        unsafe { tape.body::<Avx512>(task, bound, slots) }
    }
}

impl Tape {
    /// Number of tasks.
    pub(crate) fn tasks(&self) -> usize {
        self.len.div_ceil(self.task)
    }

    /// Bytes of one thread's slots and accumulators.
    pub(crate) fn scratch_bytes(&self) -> usize {
        let accumulators: usize = self.sinks.iter().map(|s| s.inner).sum();
        self.slots * self.slot_bytes + accumulators * size_of::<f64>() + self.loads.len() * size_of::<Address>()
    }

    /// Runs all tasks, then combines their partial results.
    ///
    /// # Safety
    /// `bound` holds the addresses of storages as long as the plan says, which nothing else touches meanwhile (operands may be read);
    /// a result overlaps an operand only where `copies` says so, element for element.
    pub(crate) unsafe fn run(&self, bound: &Bound<'_>, registers: &mut [Registers]) {
        share(self.tasks(), registers, |i, r| {
            // SAFETY: the caller's; each task writes its own stretch of every result and its own partial results.
            unsafe { self.task(self.nth(i), bound, r.0.address()) };
        });
        for (i, sink) in self.sinks.iter().enumerate() {
            if sink.partial.is_some() || self.len == 0 {
                let out = bound.0[self.loads.len() + self.outs.len() + i];
                let partial = bound.0[bound.0.len() - 1];
                let blocks = (sink.outer * sink.inner).div_ceil(Self::FINISH);
                share(blocks, registers, |b, _| {
                    // SAFETY: all tasks have ended; each block writes its own stretch of the result.
                    unsafe { self.finish(sink, b, partial, out) };
                });
            }
        }
    }

    /// The task that is handed out as number `i`.
    fn nth(&self, i: usize) -> usize {
        let each = self.tasks() / self.repeats;
        if each * self.repeats == self.tasks() { i % self.repeats * each + i / self.repeats } else { i }
    }

    /// Elements of a reduction's result that are combined by one task.
    const FINISH: usize = 2048;

    unsafe fn task(&self, task: usize, bound: &Bound<'_>, slots: Address) {
        #[cfg(target_arch = "x86_64")]
        {
            use std::arch::is_x86_feature_detected as has;
            if has!("avx512f") && has!("avx512vl") && has!("avx512dq") && has!("avx512bw") {
                // SAFETY: the caller's, and the features are there.
                return unsafe { wide::avx512(self, task, bound, slots) };
            }
            if has!("avx2") && has!("fma") {
                // SAFETY: the caller's, and the features are there.
                return unsafe { wide::avx2(self, task, bound, slots) };
            }
        }
        // SAFETY: the caller's.
        unsafe { self.body::<Baseline>(task, bound, slots) }
    }

    /// One task.
    ///
    /// # Safety
    /// As [`Tape::run`]; `slots` is this thread's own scratch of [`Tape::scratch_bytes`].
    #[inline(always)]
    unsafe fn body<F: Features>(&self, task: usize, bound: &Bound<'_>, slots: Address) {
        let start = task * self.task;
        let end = (start + self.task).min(self.len);
        // SAFETY: slots and accumulators lie one after another in the scratch; locations were assigned within bounds by the
        // builder of the tape, results and partial results are this task's own.
        unsafe {
            let tile = self.tile.min(end - start);
            self.fill(bound, slots, start, tile, true);
            let mut accumulators = Address(slots.0.add(self.slots * self.slot_bytes));
            for sink in &self.sinks {
                accumulators.slice_mut::<f64>(0, sink.inner).fill(identity(sink.reduce));
                accumulators = Address(accumulators.0.add(sink.inner * 8));
            }
            let operands = accumulators.slice_mut::<Address>(0, self.loads.len());
            for ((to, load), base) in operands.iter_mut().zip(&self.loads).zip(bound.0) {
                let first = load.offset as isize + offset(&load.atoms, start);
                *to = Address(base.0.wrapping_offset(first * load.dtype.size() as isize));
            }
            let mut position = start;
            while position < end {
                let n = self.tile.min(end - position);
                self.fill(bound, slots, position, n, false);
                let frame = Frame { tape: self, bound, operands, slots, start, position, n };
                for (k, op) in self.ops.iter().enumerate() {
                    if self.ops.len() + self.sinks.len() >= BUSY {
                        frame.ahead(k);
                    }
                    frame.op::<F>(op);
                }
                let mut accumulators = Address(slots.0.add(self.slots * self.slot_bytes));
                for (i, sink) in self.sinks.iter().enumerate() {
                    let out = bound.0[self.loads.len() + self.outs.len() + i];
                    frame.sink(sink, accumulators, out);
                    accumulators = Address(accumulators.0.add(sink.inner * 8));
                }
                for copy in &self.copies {
                    let bytes = self.outs[copy.to as usize].size();
                    let from = frame.address(copy.from, bytes).slice::<u8>(0, n * bytes);
                    let to = frame.address(Loc::Out(copy.to), bytes).slice_mut::<u8>(0, n * bytes);
                    if copy.stream { stream::copy(from, to) } else { to.copy_from_slice(from) }
                }
                position += n;
            }
            let mut accumulators = Address(slots.0.add(self.slots * self.slot_bytes));
            for sink in &self.sinks {
                if let Some(first) = sink.partial {
                    let partial = bound.0[bound.0.len() - 1];
                    let from = accumulators.slice::<f64>(0, sink.inner);
                    partial.slice_mut::<f64>(first + task * sink.inner, sink.inner).copy_from_slice(from);
                }
                accumulators = Address(accumulators.0.add(sink.inner * 8));
            }
        }
        if self.copies.iter().any(|c| c.stream) {
            stream::fence();
        }
    }

    /// Fills the slots of operands that are expanded per task, or of those collected per tile.
    #[inline(always)]
    unsafe fn fill(&self, bound: &Bound<'_>, slots: Address, start: usize, n: usize, per_task: bool) {
        for (load, base) in self.loads.iter().zip(bound.0) {
            let slot = match load.mode {
                Mode::Resident(slot) if per_task => slot,
                Mode::Gather(slot) if !per_task => slot,
                _ => continue,
            };
            // SAFETY: see `body`; the view lies inside its storage.
            unsafe {
                let to = Address(slots.0.add(slot as usize * self.slot_bytes));
                let bytes = load.dtype.size();
                let from = base.0.add(load.offset * bytes);
                match bytes {
                    1 => gather::<u8>(from, &load.atoms, start, to.slice_mut(0, n)),
                    4 => gather::<u32>(from.cast(), &load.atoms, start, to.slice_mut(0, n)),
                    _ => gather::<u64>(from.cast(), &load.atoms, start, to.slice_mut(0, n)),
                }
            }
        }
    }

    /// Combines partial results in the order of the tasks.
    unsafe fn finish(&self, sink: &Sink, block: usize, partial: Address, out: Address) {
        let range = block * Self::FINISH..((block + 1) * Self::FINISH).min(sink.outer * sink.inner);
        let per = if sink.outer <= 1 { self.tasks() } else { (sink.reduced * sink.inner) / self.task };
        let first = sink.partial.unwrap_or(0);
        for i in range {
            let (o, column) = (i / sink.inner, i % sink.inner);
            let mut total = identity(sink.reduce);
            if self.len > 0 {
                for c in 0..per {
                    // SAFETY: all partial results were written; this one is read only.
                    let v = unsafe { partial.slice::<f64>(first + (o * per + c) * sink.inner + column, 1)[0] };
                    total = combine(sink.reduce, total, v);
                }
            }
            // SAFETY: this element is this block's own.
            unsafe { store(sink.dtype, out, i, total) };
        }
    }
}
