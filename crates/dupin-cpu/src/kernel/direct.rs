//! Primitives with a loop of their own: windows, gathers, scatters, positions of maxima, random numbers.

use dupin_ir::prim::window_argmax::Window;
use dupin_ir::{DType, Prim, TensorType};

use super::elementwise::Scalar;
use super::memory::{Address, share};
use super::random;

/// Elements that are worth a task of their own.
const TASK: usize = 4096;

/// Columns of a table that one task scatters into.
const TABLE_COLUMNS: usize = 64;

/// Whether there is a kernel.
pub(crate) fn supports(prim: &Prim) -> bool {
    matches!(
        prim,
        Prim::WindowArgmax(_)
            | Prim::WindowGather(_)
            | Prim::WindowScatterAdd(_)
            | Prim::Argmax(_)
            | Prim::Take(_)
            | Prim::ScatterAdd(_)
            | Prim::Rng(_)
    )
}

/// Runs a primitive on contiguous operands.
///
/// # Safety
/// The addresses are those of contiguous operands and of a result of the given types; nothing else touches the result meanwhile.
pub(crate) unsafe fn run<S: Send>(
    prim: &Prim,
    types: &[TensorType],
    ty: &TensorType,
    x: &[Address],
    out: Address,
    scratch: &mut [S],
) {
    // What carries the values; positions and keys have their own type.
    let dtype = if let Prim::Rng(_) = prim { ty.dtype } else { types[0].dtype };
    // SAFETY: the caller's.
    unsafe {
        match dtype {
            DType::F32 => typed::<f32, S>(prim, types, ty, x, out, scratch),
            DType::F64 => typed::<f64, S>(prim, types, ty, x, out, scratch),
            DType::I32 => typed::<i32, S>(prim, types, ty, x, out, scratch),
            DType::U32 => typed::<u32, S>(prim, types, ty, x, out, scratch),
            DType::Bool => typed::<super::elementwise::Truth, S>(prim, types, ty, x, out, scratch),
        }
    }
}

unsafe fn typed<T: Scalar, S: Send>(
    prim: &Prim,
    types: &[TensorType],
    ty: &TensorType,
    x: &[Address],
    out: Address,
    scratch: &mut [S],
) {
    let len = ty.len();
    // Row-major stretches of the result, each written by one task.
    let stretches = |unit: usize| (len / unit.max(1)).div_ceil((TASK / unit.max(1)).max(1));
    let stretch = |task: usize, unit: usize| {
        let units = (TASK / unit.max(1)).max(1);
        task * units * unit..((task + 1) * units * unit).min(len)
    };
    // SAFETY: the caller's; tasks write disjoint stretches.
    unsafe {
        match prim {
            Prim::WindowArgmax(p) => {
                let from = x[0].slice::<T>(0, types[0].len());
                share(stretches(1), scratch, |task, _| {
                    let range = stretch(task, 1);
                    let to = out.slice_mut::<i32>(range.start, range.len());
                    let mut grid = Grid::new(&p.window, &types[0].shape, &ty.shape, range.start);
                    for y in to {
                        *y = grid.argmax(from);
                        grid.advance();
                    }
                });
            }
            Prim::WindowGather(p) => {
                let (from, at) = (x[0].slice::<T>(0, types[0].len()), x[1].slice::<i32>(0, len));
                share(stretches(1), scratch, |task, _| {
                    let range = stretch(task, 1);
                    let to = out.slice_mut::<T>(range.start, range.len());
                    let mut grid = Grid::new(&p.window, &types[0].shape, &ty.shape, range.start);
                    for (y, &position) in to.iter_mut().zip(&at[range]) {
                        *y = grid.element(position as usize).map_or(T::default(), |e| from[e]);
                        grid.advance();
                    }
                });
            }
            Prim::WindowScatterAdd(p) => {
                let (from, at) = (x[0].slice::<T>(0, types[0].len()), x[1].slice::<i32>(0, types[1].len()));
                // Windows may overlap along any axis on which they have an extent: only leading axes without windows part the work.
                let parts = p.window.size.iter().zip(&p.window.strides).zip(&p.window.padding);
                let free =
                    parts.take_while(|((size, stride), padding)| **size == 1 && **stride == 1 && **padding == (0, 0)).count();
                let slabs: usize = ty.shape[..free].iter().product();
                let (to_len, from_len) = (len / slabs.max(1), types[0].len() / slabs.max(1));
                share(slabs, scratch, |slab, _| {
                    let to = out.slice_mut::<T>(slab * to_len, to_len);
                    to.fill(T::default());
                    let mut grid = Grid::new(&p.window, &ty.shape, &types[0].shape, slab * from_len);
                    for i in slab * from_len..(slab + 1) * from_len {
                        if let Some(e) = grid.element(at[i] as usize) {
                            let y = &mut to[e - slab * to_len];
                            *y = T::from_f64(y.to_f64() + from[i].to_f64());
                        }
                        grid.advance();
                    }
                });
            }
            Prim::Argmax(p) => {
                let from = x[0].slice::<T>(0, types[0].len());
                let (n, inner) = (types[0].shape[p.axis], types[0].shape[p.axis + 1..].iter().product::<usize>());
                share(stretches(1), scratch, |task, _| {
                    let range = stretch(task, 1);
                    let to = out.slice_mut::<i32>(range.start, range.len());
                    for (y, i) in to.iter_mut().zip(range) {
                        let first = i / inner * n * inner + i % inner;
                        // As the reference rule: from minus infinity, so that NaN never wins.
                        let (mut best, mut largest) = (0, f64::NEG_INFINITY);
                        for j in 0..n {
                            let v = from[first + j * inner].to_f64();
                            if v > largest {
                                (best, largest) = (j as i32, v);
                            }
                        }
                        *y = best;
                    }
                });
            }
            Prim::Take(_) => {
                let at = x[1].slice::<i32>(0, types[1].len());
                let row = types[0].len() / types[0].shape[0];
                let from = x[0].slice::<T>(0, types[0].len());
                share(stretches(row), scratch, |task, _| {
                    let range = stretch(task, row);
                    let to = out.slice_mut::<T>(range.start, range.len());
                    for (i, to) in (range.start / row.max(1)..).zip(to.chunks_exact_mut(row.max(1))) {
                        let source = (at[i] as isize).clamp(0, types[0].shape[0] as isize - 1) as usize;
                        to.copy_from_slice(&from[source * row..(source + 1) * row]);
                    }
                });
            }
            Prim::ScatterAdd(p) => {
                // Tasks own columns of the table, so that rows add up in the order of the indices.
                let at = x[1].slice::<i32>(0, types[1].len());
                let row = len / p.rows;
                let from = x[0].slice::<T>(0, types[0].len());
                share(row.div_ceil(TABLE_COLUMNS), scratch, |task, _| {
                    let columns = task * TABLE_COLUMNS..((task + 1) * TABLE_COLUMNS).min(row);
                    for r in 0..p.rows {
                        out.slice_mut::<T>(r * row + columns.start, columns.len()).fill(T::default());
                    }
                    for (i, &r) in at.iter().enumerate() {
                        let r = (r as isize).clamp(0, p.rows as isize - 1) as usize;
                        let to = out.slice_mut::<T>(r * row + columns.start, columns.len());
                        for (y, &v) in to.iter_mut().zip(&from[i * row + columns.start..]) {
                            *y = T::from_f64(y.to_f64() + v.to_f64());
                        }
                    }
                });
            }
            Prim::Rng(p) => {
                let key = x[0].slice::<u32>(0, 2);
                share(stretches(1), scratch, |task, _| {
                    let range = stretch(task, 1);
                    let to = out.slice_mut::<T>(range.start, range.len());
                    random::fill(p.distribution, [key[0], key[1]], range.start, ty.dtype, to);
                });
            }
            other => unreachable!("{} has no kernel of its own", other.rules().name()),
        }
    }
}

/// Steps through the windows of a grid in row-major order.
struct Grid<'a> {
    window: &'a Window,
    shape: &'a [usize],
    strides: Vec<usize>,
    counts: &'a [usize],
    at: Vec<usize>,
}

impl<'a> Grid<'a> {
    fn new(window: &'a Window, shape: &'a [usize], grid: &'a [usize], first: usize) -> Self {
        let mut at = vec![0; grid.len()];
        let mut rest = first;
        for a in (0..grid.len()).rev() {
            at[a] = rest % grid[a].max(1);
            rest /= grid[a].max(1);
        }
        let strides = TensorType::new(DType::F32, shape).strides();
        Self { window, shape, strides, counts: grid, at }
    }

    fn advance(&mut self) {
        for a in (0..self.at.len()).rev() {
            self.at[a] += 1;
            if self.at[a] < self.counts[a] {
                return;
            }
            self.at[a] = 0;
        }
    }

    /// Element of the tensor at a row-major position of the current window.
    fn element(&self, mut position: usize) -> Option<usize> {
        let mut element = 0;
        for a in (0..self.at.len()).rev() {
            let at = self.at[a] * self.window.strides[a] + position % self.window.size[a];
            position /= self.window.size[a];
            element += at.checked_sub(self.window.padding[a].0).filter(|&e| e < self.shape[a])? * self.strides[a];
        }
        // A position beyond the window (from a wrong operand) must not reach another window's row.
        (position == 0).then_some(element)
    }

    /// Position of the largest element of the current window, the first of equals.
    fn argmax<T: Scalar>(&self, from: &[T]) -> i32 {
        let count: usize = self.window.size.iter().product();
        let mut best: Option<(i32, T)> = None;
        for p in 0..count {
            if let Some(e) = self.element(p)
                && best.is_none_or(|(_, b)| from[e] > b)
            {
                best = Some((p as i32, from[e]));
            }
        }
        best.map_or(0, |b| b.0)
    }
}
