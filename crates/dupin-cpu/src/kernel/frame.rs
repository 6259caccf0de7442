//! One tile of a fused kernel: where its values are, its operations, its contributions to sums.

use dupin_ir::DType;

use super::activation;
use super::elementwise::{self as each, Scalar, Truth, larger};
use super::memory::Address;
use super::real::{Features, Real};
use super::stream;
use super::tape::{Bound, Code, Loc, Mode, Op, Reduce, Sink, Tape};

/// Where a reduction begins.
pub(super) fn identity(reduce: Reduce) -> f64 {
    match reduce {
        Reduce::Sum => 0.0,
        Reduce::Max => f64::NEG_INFINITY,
    }
}

/// One more term of a reduction.
#[inline(always)]
pub(super) fn combine(reduce: Reduce, a: f64, b: f64) -> f64 {
    match reduce {
        Reduce::Sum => a + b,
        Reduce::Max => larger(a, b),
    }
}

/// Writes a number, rounded to the element type.
///
/// # Safety
/// Element `i` lies inside the storage and is this thread's own.
#[inline(always)]
pub(super) unsafe fn store(dtype: DType, out: Address, i: usize, v: f64) {
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
pub(super) struct Frame<'a> {
    pub(super) tape: &'a Tape,
    pub(super) bound: &'a Bound<'a>,
    /// Each operand's element at the start of the task, of those read in place.
    pub(super) operands: &'a [Address],
    pub(super) slots: Address,
    /// First element of the task.
    pub(super) start: usize,
    /// First element and number of elements.
    pub(super) position: usize,
    pub(super) n: usize,
}

impl Frame<'_> {
    #[inline(always)]
    pub(super) fn address(&self, loc: Loc, bytes: usize) -> Address {
        let (base, offset) = match loc {
            Loc::Slot(i) => (self.slots, i as usize * self.tape.slot_bytes),
            Loc::Load(i) => (self.operands[i as usize], (self.position - self.start) * bytes),
            Loc::Out(i) => (self.bound.0[self.tape.loads.len() + i as usize], self.position * bytes),
        };
        Address(base.0.wrapping_add(offset))
    }

    /// Fetches an operation's share of what the next tile reads in place.
    #[inline(always)]
    pub(super) fn ahead(&self, op: usize) {
        let loads = self.tape.loads.iter().zip(self.operands);
        for (load, first) in loads.filter(|(load, _)| load.mode == Mode::Direct) {
            let (bytes, share) = (load.dtype.size(), self.tape.tile.div_ceil(self.tape.ops.len()));
            let next = self.position + self.n - self.start + op * share;
            stream::ahead(first.0.wrapping_add(next * bytes), share * bytes);
        }
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
    pub(super) unsafe fn op<F: Features>(&self, op: &Op) {
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
    pub(super) unsafe fn sink(&self, sink: &Sink, accumulator: Address, out: Address) {
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

/// Columns whose accumulators stay in registers from row to row.
const WIDTH: usize = 16;

/// Adds a stretch of rows, which begins at `column`, to one accumulator per column, row after row.
#[inline(always)]
fn columns<T: Scalar>(part: &[T], column: usize, accumulator: &mut [f64], reduce: Reduce) {
    let inner = accumulator.len();
    let (head, rows) = part.split_at(part.len().min((inner - column) % inner));
    row(head, &mut accumulator[column..], reduce);
    let whole = rows.len() / inner * inner;
    let mut done = 0;
    if reduce == Reduce::Sum {
        while done + WIDTH <= inner && whole > inner {
            let to = &mut accumulator[done..done + WIDTH];
            let mut sums: [f64; WIDTH] = std::array::from_fn(|i| to[i]);
            for row in rows.chunks_exact(inner) {
                let x = &row[done..done + WIDTH];
                for i in 0..WIDTH {
                    sums[i] += x[i].to_f64();
                }
            }
            to.copy_from_slice(&sums);
            done += WIDTH;
        }
    }
    if done < inner {
        rows.chunks_exact(inner).for_each(|r| row(&r[done..], &mut accumulator[done..], reduce));
    }
    row(&rows[whole..], accumulator, reduce);
}

/// Adds the beginning of a row.
#[inline(always)]
fn row<T: Scalar>(x: &[T], accumulator: &mut [f64], reduce: Reduce) {
    match reduce {
        Reduce::Sum => accumulator.iter_mut().zip(x).for_each(|(a, x)| *a += x.to_f64()),
        Reduce::Max => accumulator.iter_mut().zip(x).for_each(|(a, x)| *a = larger(*a, x.to_f64())),
    }
}
