//! Fused elementwise kernels: a tape of operations run tile by tile over one linear index space, with sums as by-products.
//!
//! A tile's intermediate values live in slots that stay in the first-level cache; contiguous operands are read and results written
//! where they are. What repeats along the index space with a period that divides a tile (a bias, a scalar) is expanded once per task.
//!
//! **Invariant**: tasks, tiles and the order of every sum depend on the shapes alone.

use dupin_ir::DType;
use dupin_ir::prim::activation::Base;
use dupin_ir::prim::{BinaryOp, CompareOp, UnaryOp};

use super::activation::{self, ORDERS};
use super::elementwise::{self as each, Scalar, Truth, larger};
use super::memory::{Address, Atom, Lines, gather, share};
use super::real::{Features, Real};

/// Most elements of a tile.
pub(crate) const TILE: usize = 1024;

/// Where a tile's values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loc {
    /// In a slot.
    Slot(u16),
    /// In the memory of a contiguous operand.
    Load(u16),
    /// In the memory of a result.
    Out(u16),
}

/// How an operand is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Contiguous, in place.
    Direct,
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

/// A fused kernel.
#[derive(Clone, Debug)]
pub(crate) struct Tape {
    /// Elements of the index space.
    pub(crate) len: usize,
    /// Elements of a tile, of a task.
    pub(crate) tile: usize,
    pub(crate) task: usize,
    pub(crate) slots: usize,
    /// Bytes of a slot.
    pub(crate) slot_bytes: usize,
    pub(crate) loads: Vec<Load>,
    pub(crate) ops: Vec<Op>,
    /// Element types of the results.
    pub(crate) outs: Vec<DType>,
    /// Slots copied to results at the end of a tile: results that take the place of an operand.
    pub(crate) copies: Vec<(Loc, u16)>,
    pub(crate) sinks: Vec<Sink>,
    /// `f64` numbers of all partial results.
    pub(crate) partials: usize,
}

/// One thread's slots and accumulators.
#[derive(Debug, Default)]
pub(crate) struct Registers(Lines);

impl Registers {
    /// Grows to what `tape` needs.
    pub(crate) fn reserve(&mut self, tape: &Tape) {
        self.0.reserve(tape.scratch_bytes());
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
        self.slots * self.slot_bytes + self.sinks.iter().map(|s| s.inner * 8).sum::<usize>()
    }

    /// Runs all tasks, then combines their partial results.
    ///
    /// # Safety
    /// `bound` holds the addresses of storages as long as the plan says, which nothing else touches meanwhile (operands may be read);
    /// a result overlaps an operand only where `copies` says so, element for element.
    pub(crate) unsafe fn run(&self, bound: &Bound<'_>, registers: &mut [Registers]) {
        share(self.tasks(), registers, |i, r| {
            // SAFETY: the caller's; each task writes its own stretch of every result and its own partial results.
            unsafe { self.task(i, bound, r.0.address()) };
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
            let mut position = start;
            while position < end {
                let n = self.tile.min(end - position);
                self.fill(bound, slots, position, n, false);
                let frame = Frame { tape: self, bound, slots, position, n };
                for op in &self.ops {
                    frame.op::<F>(op);
                }
                let mut accumulators = Address(slots.0.add(self.slots * self.slot_bytes));
                for (i, sink) in self.sinks.iter().enumerate() {
                    let out = bound.0[self.loads.len() + self.outs.len() + i];
                    frame.sink(sink, accumulators, out);
                    accumulators = Address(accumulators.0.add(sink.inner * 8));
                }
                for &(from, out) in &self.copies {
                    let bytes = self.outs[out as usize].size();
                    let from = frame.address(from, bytes).slice::<u8>(0, n * bytes);
                    frame.address(Loc::Out(out), bytes).slice_mut::<u8>(0, n * bytes).copy_from_slice(from);
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

fn identity(reduce: Reduce) -> f64 {
    match reduce {
        Reduce::Sum => 0.0,
        Reduce::Max => f64::NEG_INFINITY,
    }
}

#[inline(always)]
fn combine(reduce: Reduce, a: f64, b: f64) -> f64 {
    match reduce {
        Reduce::Sum => a + b,
        Reduce::Max => larger(a, b),
    }
}

#[inline(always)]
unsafe fn store(dtype: DType, out: Address, i: usize, v: f64) {
    // SAFETY: the caller's.
    unsafe {
        match dtype {
            DType::F32 => out.slice_mut::<f32>(i, 1)[0] = f32::from_f64(v),
            DType::F64 => out.slice_mut::<f64>(i, 1)[0] = v,
            DType::I32 => out.slice_mut::<i32>(i, 1)[0] = i32::from_f64(v),
            DType::U32 => out.slice_mut::<u32>(i, 1)[0] = u32::from_f64(v),
            DType::Bool => out.slice_mut::<Truth>(i, 1)[0] = Truth::from_f64(v),
        }
    }
}

/// A tile being computed.
struct Frame<'a> {
    tape: &'a Tape,
    bound: &'a Bound<'a>,
    slots: Address,
    position: usize,
    n: usize,
}

impl Frame<'_> {
    #[inline(always)]
    fn address(&self, loc: Loc, bytes: usize) -> Address {
        let (base, offset) = match loc {
            Loc::Slot(i) => (self.slots, i as usize * self.tape.slot_bytes),
            Loc::Load(i) => (self.bound.0[i as usize], (self.tape.loads[i as usize].offset + self.position) * bytes),
            Loc::Out(i) => (self.bound.0[self.tape.loads.len() + i as usize], self.position * bytes),
        };
        Address(base.0.wrapping_add(offset))
    }

    #[inline(always)]
    unsafe fn read<T>(&self, loc: Loc) -> &[T] {
        // SAFETY: see `Tape::body`.
        unsafe { self.address(loc, size_of::<T>()).slice(0, self.n) }
    }

    #[inline(always)]
    #[expect(clippy::mut_from_ref, reason = "the builder of the tape gives an operation a result apart from its operands")]
    unsafe fn write<T>(&self, loc: Loc) -> &mut [T] {
        // SAFETY: see `Tape::body`.
        unsafe { self.address(loc, size_of::<T>()).slice_mut(0, self.n) }
    }

    #[inline(always)]
    unsafe fn op<F: Features>(&self, op: &Op) {
        // SAFETY: see `Tape::body`; the element types were checked when the program was built.
        unsafe {
            match op.dtype {
                DType::F32 => self.float::<f32, F>(op),
                DType::F64 => self.float::<f64, F>(op),
                DType::I32 => self.integer::<i32>(op, |v| v as i32),
                DType::U32 => self.integer::<u32>(op, |v| v as u32),
                DType::Bool => self.common::<Truth>(op),
            }
        }
    }

    #[inline(always)]
    unsafe fn float<T: Real + Scalar, F: Features>(&self, op: &Op) {
        // SAFETY: see `Tape::body`.
        unsafe {
            match op.code {
                Code::Unary(f) => each::unary::<T, F>(f, self.read(op.args[0]), self.write(op.out)),
                Code::Binary(f) => each::binary::<T>(f, self.read(op.args[0]), self.read(op.args[1]), self.write(op.out)),
                Code::Activation(base, outs) => {
                    let mut results = outs.map(|loc| loc.map(|loc| self.write::<T>(loc)));
                    activation::activation::<T, F>(base, self.read(op.args[0]), &mut results);
                }
                Code::Derivative(base, order) => {
                    activation::by_element::<T>(base, order, self.read(op.args[0]), self.write(op.out));
                }
                _ => self.common::<T>(op),
            }
        }
    }

    #[inline(always)]
    unsafe fn integer<T: Scalar>(&self, op: &Op, wrap: impl Fn(i64) -> T) {
        // SAFETY: see `Tape::body`.
        unsafe {
            match op.code {
                Code::Binary(f) => {
                    each::integer_binary::<T>(f, self.read(op.args[0]), self.read(op.args[1]), self.write(op.out), wrap);
                }
                _ => self.common::<T>(op),
            }
        }
    }

    /// What every element type has.
    #[inline(always)]
    unsafe fn common<T: Scalar>(&self, op: &Op) {
        // SAFETY: see `Tape::body`.
        unsafe {
            match op.code {
                Code::Compare(f) => each::compare::<T>(f, self.read(op.args[0]), self.read(op.args[1]), self.write(op.out)),
                Code::Select => {
                    each::select::<T>(self.read(op.args[0]), self.read(op.args[1]), self.read(op.args[2]), self.write(op.out));
                }
                Code::Convert(DType::F32) => each::convert::<T, f32>(self.read(op.args[0]), self.write(op.out)),
                Code::Convert(DType::F64) => each::convert::<T, f64>(self.read(op.args[0]), self.write(op.out)),
                Code::Convert(DType::I32) => each::convert::<T, i32>(self.read(op.args[0]), self.write(op.out)),
                Code::Convert(DType::U32) => each::convert::<T, u32>(self.read(op.args[0]), self.write(op.out)),
                Code::Convert(DType::Bool) => each::convert::<T, Truth>(self.read(op.args[0]), self.write(op.out)),
                _ => unreachable!("{:?} is not defined on this element type: the type rules refuse it", op.code),
            }
        }
    }

    #[inline(always)]
    unsafe fn sink(&self, sink: &Sink, accumulator: Address, out: Address) {
        // SAFETY: see `Tape::body`.
        unsafe {
            match sink.dtype {
                DType::F32 => self.reduce::<f32>(sink, accumulator, out, each::sum::<f32>),
                DType::F64 => self.reduce::<f64>(sink, accumulator, out, each::sum::<f64>),
                DType::I32 => self.reduce::<i32>(sink, accumulator, out, |x| x.iter().map(|x| x.to_f64()).sum()),
                DType::U32 => self.reduce::<u32>(sink, accumulator, out, |x| x.iter().map(|x| x.to_f64()).sum()),
                DType::Bool => unreachable!("sums of truth values are refused by the type rule"),
            }
        }
    }

    /// Adds the tile to the accumulators (in `f64`: a task's tiles add no error worth speaking of in `f32`).
    #[inline(always)]
    unsafe fn reduce<T: Scalar>(&self, sink: &Sink, accumulator: Address, out: Address, sum: impl Fn(&[T]) -> f64) {
        let (block, inner) = (sink.reduced * sink.inner, sink.inner);
        // SAFETY: see `Tape::body`.
        let (values, accumulator) = unsafe { (self.read::<T>(sink.source), accumulator.slice_mut::<f64>(0, inner)) };
        let mut done = 0;
        while done < self.n {
            let position = self.position + done;
            let within = position % block;
            let run = (block - within).min(self.n - done);
            if within == 0 && sink.partial.is_none() {
                accumulator.fill(identity(sink.reduce));
            }
            let part = &values[done..done + run];
            match (inner, sink.reduce) {
                (1, Reduce::Sum) => accumulator[0] += sum(part),
                (1, Reduce::Max) => {
                    accumulator[0] = part.iter().fold(accumulator[0], |m, x| larger(m, x.to_f64()));
                }
                (_, reduce) => columns(part, within % inner, accumulator, reduce),
            }
            done += run;
            if within + run == block && sink.partial.is_none() {
                let o = position / block;
                for (i, &v) in accumulator.iter().enumerate() {
                    // SAFETY: this task holds the whole block, so these elements are its own.
                    unsafe { store(sink.dtype, out, o * inner + i, v) };
                }
            }
        }
    }
}

/// Adds a stretch of rows, which begins at `column`, to one accumulator per column.
#[inline(always)]
fn columns<T: Scalar>(mut part: &[T], mut column: usize, accumulator: &mut [f64], reduce: Reduce) {
    while !part.is_empty() {
        let run = part.len().min(accumulator.len() - column);
        let to = &mut accumulator[column..column + run];
        match reduce {
            Reduce::Sum => to.iter_mut().zip(part).for_each(|(a, x)| *a += x.to_f64()),
            Reduce::Max => to.iter_mut().zip(part).for_each(|(a, x)| *a = larger(*a, x.to_f64())),
        }
        (part, column) = (&part[run..], 0);
    }
}
