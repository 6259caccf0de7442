//! The offset tables of a task: which elements its rows, its reduced index and its block are.

use std::ops::Range;

use super::copy::{offset, offsets, panel_range, tiles};
use super::plan::Schedule;

/// Index tables of a task, carved from the local scratch.
pub(super) struct Tables<'s> {
    pub(super) rows: &'s mut [isize],
    pub(super) out_rows: &'s mut [isize],
    pub(super) batch: &'s mut [isize],
    pub(super) batch_out: &'s mut [isize],
    pub(super) batch_copy: &'s mut [isize],
    pub(super) columns: &'s mut [isize],
    pub(super) feature: &'s mut [isize],
    pub(super) feature_b: &'s mut [isize],
    pub(super) depth: &'s mut [isize],
    pub(super) depth_b: &'s mut [isize],
}

impl<'s> Tables<'s> {
    pub(super) fn carve(s: &Schedule, index: &'s mut [isize]) -> Self {
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
pub(super) struct Chunk {
    pub(super) features: Range<usize>,
    pub(super) window: Range<usize>,
    /// Position of the chunk's first element in the packed order.
    pub(super) start: usize,
    pub(super) len: usize,
}

pub(super) fn part(index: usize, block: usize, total: usize) -> Range<usize> {
    index * block..((index + 1) * block).min(total)
}

impl Schedule {
    pub(super) fn chunk(&self, index: usize) -> Chunk {
        let [h, w] = &self.piece.space;
        let features = part(index / self.window_chunks(), self.feature_chunk, self.features);
        let window = part(index % self.window_chunks(), self.window_chunk, h.window);
        let start = w.window * (features.start * h.window + features.len() * window.start);
        let len = features.len() * window.len() * w.window;
        Chunk { features, window, start, len }
    }

    /// Fills the offsets of the chunk's reduced index in the (copied) left operand and in the right operand.
    pub(super) fn fill_depth(&self, chunk: &Chunk, t: &mut Tables<'_>) {
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
    pub(super) fn fill_rows(&self, batch: &Range<usize>, height: &Range<usize>, t: &mut Tables<'_>) -> usize {
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
    pub(super) fn group(&self, index: usize) -> [isize; 3] {
        let axes = &self.piece.groups;
        let base = self.piece.base;
        [base[0] + offset(axes, |x| x.a, index), base[1] + offset(axes, |x| x.b, index), base[2] + offset(axes, |x| x.out, index)]
    }
}

/// A block of the result: group, rows and columns.
pub(super) struct Block {
    pub(super) index: usize,
    pub(super) group: [isize; 3],
    pub(super) group_index: usize,
    pub(super) batch: Range<usize>,
    pub(super) height: Range<usize>,
    pub(super) columns: Range<usize>,
}

impl Block {
    pub(super) fn new(s: &Schedule, index: usize) -> Self {
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
