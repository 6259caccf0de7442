//! The work of one task of a weight gradient by patches: sums over tiles inside the domain, and windows made of them.
//!
//! Every function here relies on the contract of [`Call::task`], as those of the direct engine.

use super::super::copy::contiguous;
use super::super::isa::Element;
use super::super::kernel::{ROWS, Tile};
use super::super::run::Call;
use super::super::tables::part;
use super::super::workspace::Local;
use super::plan::Winograd;
use super::task::Scratch;
use super::transform::{POINTS, TAPS};

impl<T: Element> Call<'_, T> {
    /// A part of the tiles summed into an accumulator of a weight gradient.
    pub(in super::super) unsafe fn sum(&self, w: &Winograd, index: usize, local: &mut Local<T>) {
        let (split, accumulator) = (index % w.splits, index / w.splits);
        let (group, rows, columns) = w.parts(accumulator);
        let blocks = split * w.blocks() / w.splits..(split + 1) * w.blocks() / w.splits;
        let map = self.b.wrapping_offset(w.groups[group][1]);
        // Neighbouring columns go at once.
        let width = if contiguous(&w.maps[columns.clone()]) { columns.len() } else { w.vector };
        // SAFETY: see `task`; each task has its accumulator.
        unsafe {
            let (mut s, slots) = Scratch::new(w, local);
            let to = self.shared.add(index * w.accumulator());
            for block in blocks.clone() {
                let add = block > blocks.start;
                let next = block + 1;
                let block = w.places(part(block, w.block, w.tiles()), slots);
                for (t, places) in w.tiles_of(&block) {
                    self.patches(w, group, places, &rows, s.left.add(t * w.left_tile));
                    let (lines, ahead) = w.positions(places, 0);
                    let points = w.points(places[0], w.write_points(0));
                    let from = map.wrapping_offset(w.images[places[0].image][1]);
                    for v in columns.clone().step_by(width) {
                        let from = from.wrapping_offset(w.maps[v]);
                        let to = s.right.add(t * w.panel + v - columns.start);
                        (self.plan.kernels.transforms.cotangent)(from, &lines, ahead, width, to, w.right_plane, points);
                    }
                }
                s.squares.clear();
                if next < blocks.end {
                    let tiles = part(next, w.block, w.tiles());
                    self.list_patches(w, group, tiles.clone(), &rows, &mut s.squares);
                    Self::list_positions(w, map, tiles, &columns, &mut s.squares);
                }
                let mut ahead = s.squares.among(POINTS * rows.len() / ROWS);
                for p in 0..POINTS {
                    let tiles = block.with(w, p);
                    for some in Winograd::stretches(rows.clone(), w.chunk, |chunk| w.reads_at(w.row(chunk * w.chunk).0, p)) {
                        let from = some.start - rows.start;
                        let args = Tile {
                            tiles: 0,
                            depth: tiles.len(),
                            a: s.left.add(p * w.vector).cast_const(),
                            rows: w.row_steps[from..].as_ptr(),
                            reduced: w.left_steps[tiles.start..].as_ptr(),
                            b: s.right.add(p * w.right_plane + tiles.start * w.panel).cast_const(),
                            b_step: w.panel,
                            b_vectors: self.plan.kernels.neighbours(),
                            out: to.add(p * w.accumulator_plane() + from * w.panel),
                            out_rows: w.right_steps.as_ptr(),
                            out_vectors: self.plan.kernels.neighbours(),
                            add,
                            ahead: &[],
                            each: 0,
                        };
                        self.product(args, some.len(), columns.len(), &mut ahead);
                    }
                }
            }
        }
    }

    /// Sums the accumulators of some rows in the order of the parts, and transforms them to windows.
    pub(in super::super) unsafe fn windows(&self, w: &Winograd, index: usize, local: &mut Local<T>) {
        let (accumulator, of) = (index / w.finish_parts(), index % w.finish_parts());
        let (group, rows, columns) = w.parts(accumulator);
        let own = rows.start + rows.len() * of / w.finish_parts()..rows.start + rows.len() * (of + 1) / w.finish_parts();
        // SAFETY: see `task`; the rows of the accumulators and their windows are this task's alone.
        unsafe {
            let (s, _) = Scratch::new(w, local);
            let first = self.shared.add(accumulator * w.splits * w.accumulator());
            for k in own {
                let row = first.add((k - rows.start) * w.panel);
                let (phase, channel) = w.row(k);
                for p in (0..POINTS).filter(|&p| w.reads_at(phase, p)) {
                    let sum = std::slice::from_raw_parts_mut(row.add(p * w.accumulator_plane()), columns.len());
                    for split in 1..w.splits {
                        let other = row.add(split * w.accumulator() + p * w.accumulator_plane()).cast_const();
                        for (x, y) in sum.iter_mut().zip(std::slice::from_raw_parts(other, columns.len())) {
                            *x = *x + *y;
                        }
                    }
                }
                let [rh, rw] = Winograd::phases(phase, w.space[1].reads());
                let (down, across) = (w.space[0].taps(rh, 0), w.space[1].taps(rw, 0));
                let base = w.groups[group][2] + w.channels[channel];
                for v in columns.clone().step_by(w.vector) {
                    let from = row.add(v - columns.start).cast_const();
                    (self.plan.kernels.transforms.window_cotangent)(from, w.accumulator_plane(), w.read_points(phase), s.taps);
                    let columns_out = &w.windows[v..][..w.vector];
                    let run = if contiguous(columns_out) { w.vector } else { 1 };
                    for i in 0..TAPS * TAPS {
                        let (Some(y), Some(x)) = (down[i / TAPS], across[i % TAPS]) else { continue };
                        let values = std::slice::from_raw_parts(s.taps.add(i * w.vector), w.vector);
                        for (values, column) in values.chunks_exact(run).zip(columns_out.iter().step_by(run)) {
                            let first = self.out.wrapping_offset(base + y + x + column);
                            let to = std::slice::from_raw_parts_mut(first, run);
                            if self.plan.accumulate {
                                to.iter_mut().zip(values).for_each(|(x, y)| *x = *x + *y);
                            } else {
                                to.copy_from_slice(values);
                            }
                        }
                    }
                }
            }
        }
    }
}
