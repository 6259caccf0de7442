//! Runs a plan: packs the right operand, computes blocks of the result, sums accumulators.

use std::marker::PhantomData;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use super::ContractError;
use super::copy::{Region, contiguous, copy_region, offset, offsets, pack_panel, panel_range, tiles};
use super::isa::Element;
use super::kernel::{MAX_COLUMNS, ROWS, Tile};
use super::plan::{Plan, Schedule};

/// What to do with finished parts of the result while they are in the cache: a bias, an activation.
pub trait Epilogue<T>: Sync {
    /// Gets each finished element exactly once, in runs `result[at .. at + run.len()]`, from any thread, in any order.
    ///
    /// A run never crosses a block of the plan; where the result's columns are contiguous it holds whole stretches of columns, often
    /// many rows of them. What depends on the column (a bias) is found from `at`.
    fn apply(&self, at: usize, run: &mut [T]);
}

/// The stages of a run, in order. Tasks of one stage may run in parallel; a stage begins when the one before has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Pack the right operand.
    Pack,
    /// Compute blocks of the result or of the accumulators.
    Compute,
    /// Sum the accumulators into the result.
    Finish,
}

impl Stage {
    /// All stages in order.
    pub const ALL: [Self; 3] = [Self::Pack, Self::Compute, Self::Finish];
}

/// Memory that starts at a cache line, so that no vector of a panel straddles two.
#[derive(Debug, Default)]
struct Lines<T>(Vec<T>);

impl<T: Element> Lines<T> {
    /// Elements of a cache line.
    const LINE: usize = 64 / size_of::<T>();

    fn grow(&mut self, len: usize) {
        grow(&mut self.0, len + Self::LINE);
    }

    fn get(&mut self) -> &mut [T] {
        let skip = self.0.as_ptr().align_offset(64).min(self.0.len());
        &mut self.0[skip..]
    }
}

/// One thread's scratch.
#[derive(Debug, Default)]
pub struct Local<T> {
    data: Lines<T>,
    index: Vec<isize>,
}

/// Scratch for any number of plans, one at a time.
#[derive(Debug, Default)]
pub struct Workspace<T> {
    shared: Lines<T>,
    locals: Vec<Local<T>>,
}

impl<T: Element> Workspace<T> {
    /// An empty workspace for `threads` threads.
    pub fn new(threads: usize) -> Self {
        let local = || Local { data: Lines(Vec::new()), index: Vec::new() };
        Self { shared: Lines(Vec::new()), locals: (0..threads.max(1)).map(|_| local()).collect() }
    }

    /// Grows the workspace to what `plan` needs; the only step that allocates.
    pub fn reserve(&mut self, plan: &Plan<T>) {
        self.shared.grow(plan.shared);
        for local in &mut self.locals {
            local.data.grow(plan.local);
            grow(&mut local.index, plan.index);
        }
    }

    /// The shared part and each thread's part, for callers that run tasks themselves.
    pub fn parts(&mut self) -> (&mut [T], &mut [Local<T>]) {
        (self.shared.get(), &mut self.locals)
    }
}

fn grow<V: Copy + Default>(buffer: &mut Vec<V>, len: usize) {
    if buffer.len() < len {
        buffer.resize(len, V::default());
    }
}

/// A plan bound to its buffers.
pub struct Call<'a, T: Element> {
    plan: &'a Plan<T>,
    a: *const T,
    b: *const T,
    out: *mut T,
    shared: *mut T,
    epilogue: Option<&'a dyn Epilogue<T>>,
    buffers: PhantomData<(&'a [T], &'a mut [T])>,
}

// SAFETY: the pointers come from slices that live for 'a; tasks of a stage read only what the stages before wrote and write
// disjoint elements, and `Call::task` requires that each runs once.
unsafe impl<T: Element> Sync for Call<'_, T> {}

impl<T: Element> Plan<T> {
    /// Computes the contraction, on the current rayon pool if the workspace is for more than one thread.
    ///
    /// Fastest where the result starts at a multiple of 64 bytes.
    ///
    /// # Errors
    /// [`ContractError::TooShort`] if a slice is shorter than the strides reach, [`ContractError::Workspace`] if the workspace was
    /// not reserved for this plan.
    pub fn run(
        &self,
        a: &[T],
        b: &[T],
        out: &mut [T],
        workspace: &mut Workspace<T>,
        epilogue: Option<&dyn Epilogue<T>>,
    ) -> Result<(), ContractError> {
        let (shared, locals) = workspace.parts();
        if locals.iter().any(|local| !self.fits(local)) {
            return Err(ContractError::Workspace);
        }
        let call = self.bind(a, b, out, shared, epilogue)?;
        for stage in Stage::ALL {
            let tasks = call.tasks(stage);
            if tasks <= 1 || locals.len() == 1 {
                for i in 0..tasks {
                    // SAFETY: stages run in order and each task once; the local scratch was checked.
                    unsafe { call.task(stage, i, &mut locals[0]) };
                }
                continue;
            }
            let next = AtomicUsize::new(0);
            // Many small tasks are taken several at a time.
            let grain = (tasks / (16 * locals.len())).max(1);
            locals.par_iter_mut().with_max_len(1).for_each(|local| {
                loop {
                    let first = next.fetch_add(grain, Ordering::Relaxed);
                    if first >= tasks {
                        break;
                    }
                    for i in first..(first + grain).min(tasks) {
                        // SAFETY: as above; the counter hands out each task once.
                        unsafe { call.task(stage, i, local) };
                    }
                }
            });
        }
        Ok(())
    }

    /// Binds the plan to its buffers, for callers that schedule the tasks themselves.
    ///
    /// # Errors
    /// As [`Plan::run`].
    pub fn bind<'a>(
        &'a self,
        a: &'a [T],
        b: &'a [T],
        out: &'a mut [T],
        shared: &'a mut [T],
        epilogue: Option<&'a dyn Epilogue<T>>,
    ) -> Result<Call<'a, T>, ContractError> {
        for (operand, got) in [a.len(), b.len(), out.len()].into_iter().enumerate() {
            let expected = self.extents[operand];
            if got < expected {
                return Err(ContractError::TooShort { operand, expected, got });
            }
        }
        if shared.len() < self.shared {
            return Err(ContractError::Workspace);
        }
        let (mut left, mut right) = (a.as_ptr(), b.as_ptr());
        if self.swapped {
            std::mem::swap(&mut left, &mut right);
        }
        Ok(Call {
            plan: self,
            a: left,
            b: right,
            out: out.as_mut_ptr(),
            shared: shared.as_mut_ptr(),
            epilogue,
            buffers: PhantomData,
        })
    }

    /// Whether one thread's scratch is large enough.
    pub fn fits(&self, local: &Local<T>) -> bool {
        local.data.0.len() >= self.local + Lines::<T>::LINE && local.index.len() >= self.index
    }
}

/// Index tables of a task, carved from the local scratch.
struct Tables<'s> {
    rows: &'s mut [isize],
    out_rows: &'s mut [isize],
    batch: &'s mut [isize],
    batch_out: &'s mut [isize],
    batch_copy: &'s mut [isize],
    columns: &'s mut [isize],
    feature: &'s mut [isize],
    feature_b: &'s mut [isize],
    depth: &'s mut [isize],
    depth_b: &'s mut [isize],
}

impl<'s> Tables<'s> {
    fn carve(s: &Schedule, index: &'s mut [isize]) -> Self {
        let (rows, rest) = index.split_at_mut(s.block_rows());
        let (out_rows, rest) = rest.split_at_mut(s.block_rows());
        let (batch, rest) = rest.split_at_mut(s.batch_block);
        let (batch_out, rest) = rest.split_at_mut(s.batch_block);
        let (batch_copy, rest) = rest.split_at_mut(s.batch_block);
        let (columns, rest) = rest.split_at_mut(s.piece.space[1].output);
        let (feature, rest) = rest.split_at_mut(s.feature_chunk);
        let (feature_b, rest) = rest.split_at_mut(s.feature_chunk);
        let (depth, rest) = rest.split_at_mut(s.chunk_depth());
        let (depth_b, _) = rest.split_at_mut(s.chunk_depth());
        Self { rows, out_rows, batch, batch_out, batch_copy, columns, feature, feature_b, depth, depth_b }
    }
}

/// Offsets of consecutive rows: evenly spaced, or in a table.
enum Stride<'s> {
    Even(isize),
    Listed(&'s [isize]),
}

/// A stretch of the reduced index: features by window rows, all window columns.
struct Chunk {
    features: Range<usize>,
    window: Range<usize>,
    /// Position of the chunk's first element in the packed order.
    start: usize,
    len: usize,
}

fn part(index: usize, block: usize, total: usize) -> Range<usize> {
    index * block..((index + 1) * block).min(total)
}

impl Schedule {
    fn chunk(&self, index: usize) -> Chunk {
        let [h, w] = &self.piece.space;
        let features = part(index / self.window_chunks(), self.feature_chunk, self.features);
        let window = part(index % self.window_chunks(), self.window_chunk, h.window);
        let start = w.window * (features.start * h.window + features.len() * window.start);
        let len = features.len() * window.len() * w.window;
        Chunk { features, window, start, len }
    }

    /// Fills the offsets of the chunk's reduced index in the (copied) left operand and in the right operand.
    fn fill_depth(&self, chunk: &Chunk, t: &mut Tables<'_>) {
        let [h, w] = self.piece.space;
        let features = chunk.features.len();
        offsets(&self.piece.reduced, |x| x.a, chunk.features.start, &mut t.feature[..features]);
        offsets(&self.piece.reduced, |x| x.b, chunk.features.start, &mut t.feature_b[..features]);
        let mut k = 0;
        let mut push = |q: usize, y: usize, x: usize, t: &mut Tables<'_>| {
            t.depth[k] = if let Some(l) = &self.layout {
                let rows = (y - chunk.window.start) * h.dilation * l.height;
                // `fold` divides the distance of the window's columns.
                (q * l.feature + rows + x * (w.dilation / l.fold) * l.width) as isize
            } else {
                let row = (y * h.dilation) as isize + h.shift;
                let col = (x * w.dilation) as isize + w.shift;
                t.feature[q] + row * h.a + col * w.a
            };
            t.depth_b[k] = t.feature_b[q] + y as isize * h.b + x as isize * w.b;
            k += 1;
        };
        if self.batch_inner {
            for q in 0..features {
                for y in chunk.window.clone() {
                    for x in 0..w.window {
                        push(q, y, x, t);
                    }
                }
            }
        } else {
            for y in chunk.window.clone() {
                for x in 0..w.window {
                    for q in 0..features {
                        push(q, y, x, t);
                    }
                }
            }
        }
    }

    /// Fills the offsets of a block's rows in the (copied) left operand and in the result; returns their number.
    fn fill_rows(&self, batch: &Range<usize>, height: &Range<usize>, t: &mut Tables<'_>) -> usize {
        let [h, w] = self.piece.space;
        offsets(&self.piece.rows, |x| x.a, batch.start, &mut t.batch[..batch.len()]);
        offsets(&self.piece.rows, |x| x.out, batch.start, &mut t.batch_out[..batch.len()]);
        // Offsets of the batch, of a step down and of each column, in the copy or in place.
        let (top, down) = if let Some(l) = &self.layout {
            for p in 0..batch.len() {
                t.batch_copy[p] = l.batch_offset(p, batch.len()) as isize;
            }
            for x in 0..w.output {
                t.columns[x] = l.column_offset(x * w.step) as isize;
            }
            (height.start as isize, (h.step * l.height) as isize)
        } else {
            t.batch_copy[..batch.len()].copy_from_slice(&t.batch[..batch.len()]);
            for x in 0..w.output {
                t.columns[x] = (x * w.step) as isize * w.a;
            }
            (0, h.step as isize * h.a)
        };
        let (batch_a, batch_out) = (&t.batch_copy[..batch.len()], &t.batch_out[..batch.len()]);
        let columns = &t.columns[..w.output];
        let row = |y: usize| ((y as isize - top) * down, y as isize * h.out);
        let mut m = 0;
        let mut line = |a: isize, out: isize, list: &[isize], step: Stride<'_>| {
            let (rows, outs) = (&mut t.rows[m..m + list.len()], &mut t.out_rows[m..m + list.len()]);
            for (slot, x) in rows.iter_mut().zip(list) {
                *slot = a + x;
            }
            match step {
                Stride::Even(step) => {
                    for (i, slot) in outs.iter_mut().enumerate() {
                        *slot = out + i as isize * step;
                    }
                }
                Stride::Listed(list) => {
                    for (slot, x) in outs.iter_mut().zip(list) {
                        *slot = out + x;
                    }
                }
            }
            m += list.len();
        };
        if self.batch_inner {
            // One panel's positions after another: what a panel's tiles read overlaps and stays in the first cache.
            for panel in 0..tiles(batch.len()) {
                let panel = panel_range(batch.len(), panel);
                for y in height.clone() {
                    let (a, out) = row(y);
                    for (x, column) in columns.iter().enumerate() {
                        let (batch_a, batch_out) = (&batch_a[panel.clone()], &batch_out[panel.clone()]);
                        line(a + column, out + x as isize * w.out, batch_a, Stride::Listed(batch_out));
                    }
                }
            }
        } else {
            for (p, p_out) in batch_a.iter().zip(batch_out) {
                for y in height.clone() {
                    let (a, out) = row(y);
                    line(a + p, out + p_out, columns, Stride::Even(w.out));
                }
            }
        }
        batch.len() * height.len() * w.output
    }

    /// Offsets of a group in the three buffers.
    fn group(&self, index: usize) -> [isize; 3] {
        let axes = &self.piece.groups;
        let base = self.piece.base;
        [base[0] + offset(axes, |x| x.a, index), base[1] + offset(axes, |x| x.b, index), base[2] + offset(axes, |x| x.out, index)]
    }
}

/// A block of the result: group, rows and columns.
struct Block {
    index: usize,
    group: [isize; 3],
    group_index: usize,
    batch: Range<usize>,
    height: Range<usize>,
    columns: Range<usize>,
}

impl Block {
    fn new(s: &Schedule, index: usize) -> Self {
        let column = index % s.column_blocks();
        let row = index / s.column_blocks() % s.row_blocks();
        let group_index = index / s.column_blocks() / s.row_blocks();
        Self {
            index,
            group: s.group(group_index),
            group_index,
            batch: part(row / s.height_blocks(), s.batch_block, s.batch),
            height: part(row % s.height_blocks(), s.height_block, s.piece.space[0].output),
            columns: part(column, s.column_block, s.columns),
        }
    }
}

impl<T: Element> Call<'_, T> {
    /// Number of tasks of a stage.
    pub fn tasks(&self, stage: Stage) -> usize {
        self.plan.tasks[stage as usize]
    }

    /// Runs one task of a stage.
    ///
    /// # Panics
    /// If `local` was not reserved for the plan.
    ///
    /// # Safety
    /// `index < self.tasks(stage)`; all tasks of earlier stages have ended, no task of a later one has begun, and each index is run
    /// once.
    pub unsafe fn task(&self, stage: Stage, index: usize, local: &mut Local<T>) {
        assert!(self.plan.fits(local), "the local scratch must be reserved for the plan");
        let after = self.plan.schedules.partition_point(|s| s.first[stage as usize] <= index);
        // Pieces without tasks in this stage start where the next one does: the last start not beyond `index` owns it.
        let s = &self.plan.schedules[after - 1];
        let index = index - s.first[stage as usize];
        // SAFETY: `bind` checked that every index of the plan lies inside its slice, and the scratch sizes; the caller vouches for the
        // order of the stages and that each task is run once.
        unsafe {
            match stage {
                Stage::Pack => self.pack(s, index, local),
                Stage::Compute => self.compute(s, index, local),
                Stage::Finish => self.finish(s, index, local),
            }
        }
    }

    unsafe fn pack(&self, s: &Schedule, index: usize, local: &mut Local<T>) {
        let mut t = Tables::carve(s, &mut local.index);
        let part_index = index % s.pack_groups();
        let chunk = s.chunk(index / s.pack_groups() % s.chunks());
        let group = index / s.pack_groups() / s.chunks();
        s.fill_depth(&chunk, &mut t);
        let start = s.packed.expect("only pieces with a shared right operand have packing tasks");
        let columns = s.columns;
        let first = part_index * s.pack_group() * s.panel;
        let last = (first + s.pack_group() * s.panel).min(columns);
        // SAFETY: see `task`; the panel lies inside the packed operand of its group.
        unsafe {
            let from = self.b.wrapping_offset(s.group(group)[1]);
            let to = self.shared.add(start + group * s.reduction() * s.padded(columns));
            for j in (first..last).step_by(s.panel) {
                let end = (j + s.panel).min(columns);
                let width = s.padded(end - j);
                let to = to.add(j * s.reduction() + chunk.start * width);
                pack_panel(from, &t.depth_b[..chunk.len], &s.column_b[j..end], width, to);
            }
        }
    }

    unsafe fn compute(&self, s: &Schedule, index: usize, local: &mut Local<T>) {
        let mut t = Tables::carve(s, &mut local.index);
        let split = index % s.splits;
        let block = Block::new(s, index / s.splits);
        let rows = s.fill_rows(&block.batch, &block.height, &mut t);
        let chunks = s.chunks();
        let range = split * chunks / s.splits..(split + 1) * chunks / s.splits;
        let data = local.data.get().as_mut_ptr();
        // SAFETY: see `task`; the copied box and the local panels were sized by the plan.
        unsafe {
            let panels = data.add(s.box_len);
            let a = if s.layout.is_some() { data.cast_const() } else { self.a.wrapping_offset(block.group[0]) };
            let mut sink = self.sink(s, &block, split, &mut t, rows);
            if s.reduction() == 0 {
                self.tiles(s, &block, &sink, &t, rows, (a, panels, 0..0));
            }
            for chunk in range {
                let chunk = s.chunk(chunk);
                if let Some(layout) = &s.layout {
                    self.copy_box(s, &block, &chunk, layout, &mut t, data);
                }
                s.fill_depth(&chunk, &mut t);
                for start in (0..chunk.len).step_by(s.depth) {
                    let depth = start..(start + s.depth).min(chunk.len);
                    let b = if let Some(packed) = s.packed {
                        let group = block.group_index * s.reduction() * s.padded(s.columns);
                        self.shared.add(packed + group).cast_const()
                    } else {
                        self.pack_local(s, &block, &t.depth_b[depth.clone()], panels);
                        panels
                    };
                    sink.packed_start = chunk.start + depth.start;
                    self.tiles(s, &block, &sink, &t, rows, (a, b, depth));
                    sink.add = true;
                }
            }
            if s.splits == 1 {
                self.epilogue(s, &block, &t.out_rows[..rows]);
            }
        }
    }

    /// Copies what the block and the chunk read of the left operand.
    unsafe fn copy_box(
        &self,
        s: &Schedule,
        block: &Block,
        chunk: &Chunk,
        layout: &super::copy::Layout,
        t: &mut Tables<'_>,
        to: *mut T,
    ) {
        let [h, w] = &s.piece.space;
        let features = &mut t.feature[..chunk.features.len()];
        offsets(&s.piece.reduced, |x| x.a, chunk.features.start, features);
        let top = (block.height.start * h.step + chunk.window.start * h.dilation) as isize + h.shift;
        let region = Region {
            batch: &t.batch[..block.batch.len()],
            feature: features,
            space: &s.piece.space,
            height: (top, h.span(block.height.len(), chunk.window.len())),
            width: (w.shift, w.span(w.output, w.window)),
        };
        // SAFETY: see `task`.
        unsafe { copy_region(self.a.wrapping_offset(block.group[0]), &region, layout, to) };
    }

    /// Packs the block's columns for a stretch of the reduced index.
    unsafe fn pack_local(&self, s: &Schedule, block: &Block, depth: &[isize], to: *mut T) {
        for j in block.columns.clone().step_by(s.panel) {
            let end = (j + s.panel).min(block.columns.end);
            // SAFETY: see `task`; the local panels hold `depth` rows of the block's padded columns.
            unsafe {
                let to = to.add((j - block.columns.start) * depth.len());
                let from = self.b.wrapping_offset(block.group[1]);
                pack_panel(from, depth, &s.column_b[j..end], s.padded(end - j), to);
            }
        }
    }

    /// Where the block's tiles go: the result, or an accumulator of its own.
    unsafe fn sink(&self, s: &Schedule, block: &Block, split: usize, t: &mut Tables<'_>, rows: usize) -> Sink<T> {
        if s.splits > 1 {
            let width = s.padded(block.columns.len());
            for (r, row) in t.out_rows[..rows].iter_mut().enumerate() {
                *row = (r * width) as isize;
            }
            let start = s.partial + (split * s.blocks() + block.index) * s.partial_block();
            // SAFETY: the plan placed the accumulators inside the shared scratch.
            Sink { out: unsafe { self.shared.add(start) }, direct: true, add: false, packed_start: 0 }
        } else {
            let out = self.out.wrapping_offset(block.group[2]);
            Sink { out, direct: false, add: self.plan.accumulate, packed_start: 0 }
        }
    }

    /// Adds one stretch of the reduced index to all tiles of the block.
    unsafe fn tiles(
        &self,
        s: &Schedule,
        block: &Block,
        sink: &Sink<T>,
        t: &Tables<'_>,
        rows: usize,
        (a, b, depth): (*const T, *const T, Range<usize>),
    ) {
        let mut buffer = [T::default(); ROWS * MAX_COLUMNS];
        // Tiles of nearly equal height: no sliver at the end that runs at a fraction of the speed.
        let panels = if s.batch_inner { tiles(block.batch.len()) } else { 1 };
        let positions = rows / block.batch.len();
        let count = if panels > 1 { panels * positions } else { rows.div_ceil(ROWS) };
        for j in block.columns.clone().step_by(s.panel) {
            let columns = j..(j + s.panel).min(block.columns.end);
            let width = s.padded(columns.len());
            // SAFETY: see `task`. Shared panels hold the whole reduced index, local ones this stretch.
            let b = unsafe {
                if s.packed.is_some() {
                    b.add(j * s.reduction() + sink.packed_start * width)
                } else {
                    b.add((j - block.columns.start) * depth.len())
                }
            };
            let column_out = &s.column_out[columns.clone()];
            let in_place = sink.direct || (width == columns.len() && contiguous(column_out));
            let shift = if sink.direct { (j - block.columns.start) as isize } else { column_out[0] };
            let mut first = 0;
            for tile in 0..count {
                let end = if panels > 1 {
                    first + panel_range(block.batch.len(), tile / positions).len()
                } else {
                    rows * (tile + 1) / count
                };
                let mut args = Tile {
                    depth: depth.len(),
                    a,
                    rows: t.rows[first..].as_ptr(),
                    reduced: t.depth[depth.start..].as_ptr(),
                    b,
                    out: sink.out.wrapping_offset(shift),
                    out_rows: t.out_rows[first..].as_ptr(),
                    add: sink.add,
                };
                let kernel = self.plan.kernels.get(end - first, width);
                // SAFETY: the plan's instruction set is available; see `task` for the addresses. A tile whose columns are not a run
                // of full vectors in the result goes through the buffer.
                unsafe {
                    if in_place {
                        kernel(&args);
                    } else {
                        let places: [isize; ROWS] = std::array::from_fn(|i| (i * width) as isize);
                        args.out = buffer.as_mut_ptr();
                        args.out_rows = places.as_ptr();
                        args.add = false;
                        kernel(&args);
                        for (i, row) in t.out_rows[first..end].iter().enumerate() {
                            for (x, &column) in buffer[i * width..].iter().zip(column_out) {
                                let p = sink.out.wrapping_offset(row + column);
                                *p = if sink.add { *p + *x } else { *x };
                            }
                        }
                    }
                }
                first = end;
            }
        }
    }

    /// Sums the accumulators of a part of a block in the order of the chunks.
    unsafe fn finish(&self, s: &Schedule, index: usize, local: &mut Local<T>) {
        let mut t = Tables::carve(s, &mut local.index);
        let parts = s.finish_parts();
        let block = Block::new(s, index / parts);
        let rows = s.fill_rows(&block.batch, &block.height, &mut t);
        let range = rows * (index % parts) / parts..rows * (index % parts + 1) / parts;
        let columns = block.columns.len();
        let width = s.padded(columns);
        // SAFETY: see `task`; this part's rows of the accumulators and of the result belong to this task alone.
        unsafe {
            let first = self.shared.add(s.partial + block.index * s.partial_block());
            let sum = std::slice::from_raw_parts_mut(first.add(range.start * width), range.len() * width);
            for split in 1..s.splits {
                let other = first.add(split * s.blocks() * s.partial_block() + range.start * width);
                let other = std::slice::from_raw_parts(other.cast_const(), sum.len());
                for (x, y) in sum.iter_mut().zip(other) {
                    *x = *x + *y;
                }
            }
            let out = self.out.wrapping_offset(block.group[2]);
            for (r, values) in range.clone().zip(sum.chunks_exact(width.max(1))) {
                for (x, &column) in values.iter().zip(&s.column_out[block.columns.clone()]) {
                    let p = out.wrapping_offset(t.out_rows[r] + column);
                    *p = if self.plan.accumulate { *p + *x } else { *x };
                }
            }
            self.epilogue(s, &block, &t.out_rows[range]);
        }
    }

    /// Hands the rows of a block to the epilogue, in the longest runs.
    unsafe fn epilogue(&self, s: &Schedule, block: &Block, rows: &[isize]) {
        let Some(epilogue) = self.epilogue else { return };
        let columns = &s.column_out[block.columns.clone()];
        let base = block.group[2];
        let run = |at: isize, len: usize| {
            // SAFETY: see `task`; these elements were written by this task and are touched by no other.
            let run = unsafe { std::slice::from_raw_parts_mut(self.out.offset(at), len) };
            epilogue.apply(at as usize, run);
        };
        if contiguous(columns) {
            let width = columns.len();
            let mut first = 0;
            while first < rows.len() {
                let mut last = first + 1;
                while last < rows.len() && rows[last] == rows[last - 1] + width as isize {
                    last += 1;
                }
                run(base + rows[first] + columns[0], (last - first) * width);
                first = last;
            }
        } else {
            for row in rows {
                for column in columns {
                    run(base + row + column, 1);
                }
            }
        }
    }
}

/// Where tiles are written.
struct Sink<T> {
    out: *mut T,
    /// Whether the target is an accumulator, whose rows are contiguous and padded.
    direct: bool,
    add: bool,
    /// Position in the packed right operand's reduced index.
    packed_start: usize,
}
