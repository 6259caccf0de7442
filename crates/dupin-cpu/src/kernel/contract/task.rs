//! The work of one task: packing panels, computing a block of the result, summing accumulators.
//!
//! Every function here relies on the contract of [`Call::task`]: stages in order, each task once, buffers and scratch as long as the
//! plan says.

use std::ops::Range;

use super::copy::{Layout, Region, contiguous, copy_region, offsets, pack_panel, panel_range, tiles};
use super::isa::Element;
use super::kernel::{MAX_COLUMNS, ROWS, Tile};
use super::plan::Schedule;
use super::run::Call;
use super::tables::{Block, Chunk, Tables};
use super::workspace::Local;

/// Where tiles are written.
struct Sink<T> {
    out: *mut T,
    /// Whether the target is an accumulator, whose rows are contiguous and padded.
    direct: bool,
    add: bool,
    /// Position in the packed right operand's reduced index.
    packed_start: usize,
}

/// The right operand of a stretch of the reduced index.
enum Right<T> {
    Packed(*const T),
    /// Where its first row begins, the elements from one row to the next, and whether vectors of a panel lie apart.
    InPlace(*const T, usize, bool),
}

/// The distance of the right operand's rows, if they can be read where they are, and whether vectors of a panel lie apart: full panels of
/// neighbouring elements, evenly spaced and so near, or so seldom read, that packing them costs more than it saves.
pub(super) fn readable_in_place(s: &Schedule, block: &Block, depth: &[isize]) -> Option<(usize, bool)> {
    let columns = &s.column_b[block.columns.clone()];
    let step = usize::try_from(depth.get(1)? - depth[0]).ok()?;
    let seldom = s.block_rows() <= 64;
    let spread = !columns.chunks(s.panel).all(contiguous);
    let near = if spread { seldom && step <= s.panel } else { step == s.panel || (seldom && step <= 4 * s.panel) };
    let full = columns.len().is_multiple_of(s.panel) && columns.chunks(s.vector).all(contiguous);
    (near && full && depth.windows(2).all(|w| w[1] - w[0] == step as isize)).then_some((step, spread))
}

/// Runs of tiles of equal height over a block's rows: first row, height and number of tiles.
fn runs(s: &Schedule, block: &Block, rows: usize) -> impl Iterator<Item = (usize, usize, usize)> {
    let batch = block.batch.len();
    let panels = if s.batch_inner { tiles(batch) } else { 1 };
    let positions = rows / batch;
    let of_panel = move |i| {
        let panel = panel_range(batch, i);
        (panel.start * positions, panel.len(), positions)
    };
    let whole = if panels > 1 { 0 } else { rows };
    (0..if panels > 1 { panels } else { 0 }).map(of_panel).chain(even_runs(whole))
}

/// The same over rows of which any may share a tile. Heights differ by at most one: no sliver at the end that runs at a fraction of
/// the speed.
pub(super) fn even_runs(rows: usize) -> impl Iterator<Item = (usize, usize, usize)> {
    let count = rows.div_ceil(ROWS).max(1);
    let (low, high) = (rows / count, rows % count);
    [(0, low + 1, high), (high * (low + 1), low, count - high)].into_iter().filter(|run| run.1 * run.2 > 0)
}

impl<T: Element> Call<'_, T> {
    pub(super) unsafe fn pack(&self, s: &Schedule, index: usize, local: &mut Local<T>) {
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

    pub(super) unsafe fn compute(&self, s: &Schedule, index: usize, local: &mut Local<T>) {
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
                self.tiles(s, &block, &sink, &t, rows, (a, Right::Packed(panels), 0..0));
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
                        Right::Packed(self.shared.add(packed + group).cast_const())
                    } else if let Some((step, spread)) = readable_in_place(s, &block, &t.depth_b[depth.clone()]) {
                        let first = block.group[1] + t.depth_b[depth.start];
                        Right::InPlace(self.b.wrapping_offset(first), step, spread)
                    } else {
                        self.pack_local(s, &block, &t.depth_b[depth.clone()], panels);
                        Right::Packed(panels)
                    };
                    sink.packed_start = chunk.start + depth.start;
                    self.tiles(s, &block, &sink, &t, rows, (a, b, depth));
                    sink.add = true;
                }
            }
        }
    }

    /// Copies what the block and the chunk read of the left operand.
    unsafe fn copy_box(&self, s: &Schedule, block: &Block, chunk: &Chunk, layout: &Layout, t: &mut Tables<'_>, to: *mut T) {
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
        (a, b, depth): (*const T, Right<T>, Range<usize>),
    ) {
        let (b, step, in_place_b, spread) = match b {
            Right::Packed(b) => (b, 0, false, false),
            Right::InPlace(b, step, spread) => (b, step, true, spread),
        };
        let mut buffer = [T::default(); ROWS * MAX_COLUMNS];
        for j in block.columns.clone().step_by(s.panel) {
            let columns = j..(j + s.panel).min(block.columns.end);
            let width = s.padded(columns.len());
            // SAFETY: see `task`. Shared panels hold the whole reduced index, local ones this stretch.
            let b = unsafe {
                if in_place_b {
                    b.wrapping_offset(s.column_b[j])
                } else if s.packed.is_some() {
                    b.add(j * s.reduction() + sink.packed_start * width)
                } else {
                    b.add((j - block.columns.start) * depth.len())
                }
            };
            let column_out = &s.column_out[columns.clone()];
            let whole = |vector: &[isize]| vector.len() == s.vector && contiguous(vector);
            let in_place = sink.direct || column_out.chunks(s.vector).all(whole);
            let mut out_vectors = self.plan.kernels.neighbours();
            if !sink.direct && in_place {
                for (to, vector) in out_vectors.iter_mut().zip(column_out.chunks(s.vector)) {
                    *to = vector[0] - column_out[0];
                }
            }
            let b_vectors = std::array::from_fn(|v| s.column_b.get(j + v * s.vector).map_or(0, |at| at - s.column_b[j]));
            let shift = if sink.direct { (j - block.columns.start) as isize } else { column_out[0] };
            for (first, height, count) in runs(s, block, rows) {
                let mut args = Tile {
                    tiles: count,
                    depth: depth.len(),
                    a,
                    rows: t.rows[first..].as_ptr(),
                    reduced: t.depth[depth.start..].as_ptr(),
                    b,
                    b_step: if in_place_b { step } else { width },
                    b_vectors,
                    out: sink.out.wrapping_offset(shift),
                    out_rows: t.out_rows[first..].as_ptr(),
                    out_vectors,
                    add: sink.add,
                    ahead: &[],
                    each: 0,
                };
                let kernel = if spread { self.plan.kernels.spread(height) } else { self.plan.kernels.get(height, width) };
                // SAFETY: the plan's instruction set is available; see `task` for the addresses. A tile whose columns are not
                // full vectors of neighbours in the result goes through the buffer.
                unsafe {
                    if in_place {
                        kernel(&args);
                        continue;
                    }
                    let places: [isize; ROWS] = std::array::from_fn(|i| (i * width) as isize);
                    (args.tiles, args.add) = (1, false);
                    (args.out, args.out_rows) = (buffer.as_mut_ptr(), places.as_ptr());
                    args.out_vectors = self.plan.kernels.neighbours();
                    for tile in 0..count {
                        let tile_rows = first + tile * height..first + (tile + 1) * height;
                        args.rows = t.rows[tile_rows.clone()].as_ptr();
                        kernel(&args);
                        for (i, row) in t.out_rows[tile_rows].iter().enumerate() {
                            for (x, &column) in buffer[i * width..].iter().zip(column_out) {
                                let p = sink.out.wrapping_offset(row + column);
                                *p = if sink.add { *p + *x } else { *x };
                            }
                        }
                    }
                }
            }
        }
    }

    /// Sums the accumulators of a part of a block in the order of the chunks.
    pub(super) unsafe fn finish(&self, s: &Schedule, index: usize, local: &mut Local<T>) {
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
            for (r, values) in range.zip(sum.chunks_exact(width.max(1))) {
                for (x, &column) in values.iter().zip(&s.column_out[block.columns.clone()]) {
                    let p = out.wrapping_offset(t.out_rows[r] + column);
                    *p = if self.plan.accumulate { *p + *x } else { *x };
                }
            }
        }
    }
}
