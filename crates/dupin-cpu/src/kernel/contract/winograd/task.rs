//! The work of one task of a convolution by patches.
//!
//! Every function here relies on the contract of [`Call::task`], as those of the direct engine.

use std::ops::Range;

use super::super::copy::contiguous;
use super::super::isa::Element;
use super::super::kernel::{ROWS, Tile};
use super::super::run::Call;
use super::super::tables::part;
use super::super::task::even_runs;
use super::super::workspace::Local;
use super::ahead::{Ahead, Squares};
use super::places::{Place, Places};
use super::plan::{PACK_DEPTH, Winograd};
use super::square::Write;
use super::transform::{POINTS, TAPS};
use crate::kernel::stream;

/// One thread's scratch in parts.
pub(super) struct Scratch<'a, T> {
    pub(super) left: *mut T,
    pub(super) right: *mut T,
    pub(super) taps: *mut T,
    /// Patches of an addend.
    addend: *mut T,
    pub(super) squares: Squares<'a>,
}

impl<'a, T: Element> Scratch<'a, T> {
    /// The parts, and memory for a block's places.
    pub(super) unsafe fn new(w: &Winograd, local: &'a mut Local<T>) -> (Self, &'a mut [isize]) {
        let left = local.data.get().as_mut_ptr();
        // SAFETY: the parts are what `Winograd::local` counts.
        let (right, taps, addend) = unsafe {
            let right = left.add(w.block * w.left_tile);
            let taps = right.add(POINTS * w.right_plane);
            (right, taps, taps.add(TAPS * TAPS * w.vector))
        };
        (Self { left, right, taps, addend, squares: Squares::new(&mut local.squares) }, &mut local.index)
    }
}

/// Transformed patches, and where their products go.
struct Factors<'w, T> {
    left: *const T,
    right: *mut T,
    /// The convolution whose blocks these are.
    lead: &'w Winograd,
    /// Whether to add to what is there.
    add: bool,
}

impl<T: Element> Call<'_, T> {
    /// Transforms the windows of some channels for one panel of columns.
    pub(in super::super) unsafe fn pack_windows(&self, w: &Winograd, index: usize, local: &mut Local<T>) {
        let depth = part(index % w.pack_parts(), PACK_DEPTH, w.depth);
        let panel = index / w.pack_parts() % w.panels();
        let group = index / w.pack_parts() / w.panels();
        let columns = part(panel, w.panel, w.width);
        // SAFETY: see `task`. Taps are the contraction's own elements of the right operand.
        unsafe {
            let (s, _) = Scratch::new(w, local);
            let from = self.b.wrapping_offset(w.groups[group][1]);
            let to = self.shared.add(POINTS * w.depth * (group * w.width + columns.start));
            for k in depth {
                let (phase, channel) = w.row(k);
                let [rh, rw] = Winograd::phases(phase, w.space[1].reads());
                let channel = w.channels[channel];
                // Where the row lies among those that have products at a point.
                let rows_of: [_; 9] = std::array::from_fn(|class| w.reduced[class].binary_search(&w.row_steps[k]).ok());
                for v in columns.clone().step_by(w.vector) {
                    let (phase, map) = w.column(v);
                    let [wh, ww] = Winograd::phases(phase, w.space[1].writes());
                    let (rows, cols) = (w.space[0].taps(rh, wh), w.space[1].taps(rw, ww));
                    let columns_b = &w.windows[map..][..w.vector];
                    let run = contiguous(columns_b);
                    for i in 0..TAPS * TAPS {
                        let tap = std::slice::from_raw_parts_mut(s.taps.add(i * w.vector), w.vector);
                        match (rows[i / TAPS], cols[i % TAPS]) {
                            (Some(y), Some(x)) => {
                                let from = from.wrapping_offset(channel + y + x);
                                if run {
                                    let first = from.wrapping_offset(columns_b[0]);
                                    tap.copy_from_slice(std::slice::from_raw_parts(first, w.vector));
                                } else {
                                    tap.iter_mut().zip(columns_b).for_each(|(t, column)| *t = *from.wrapping_offset(*column));
                                }
                            }
                            _ => tap.fill(T::default()),
                        }
                    }
                    let to: [*mut T; POINTS] = std::array::from_fn(|p| match rows_of[Winograd::class(p)] {
                        Some(row) => to.add((p * w.depth + row) * columns.len() + v - columns.start),
                        None => std::ptr::null_mut(),
                    });
                    (self.plan.kernels.transforms.window)(s.taps, &to);
                }
            }
        }
    }

    /// Transforms the patches of a tile for channels `rows`, counted through all phases.
    pub(super) unsafe fn patches(&self, w: &Winograd, group: usize, tiles: [Place; 2], rows: &Range<usize>, to: *mut T) {
        // SAFETY: see `task`. Only elements inside the operand are read.
        unsafe {
            let from = self.a.wrapping_offset(w.groups[group][0] + w.images[tiles[0].image][0]);
            for run in w.runs_of(rows) {
                let (lines, ahead) = w.patch(tiles, run.phase);
                let points = w.points(tiles[0], w.read_points(run.phase));
                let to = to.add(w.row_step(run.rows.start - rows.start));
                (self.plan.kernels.transforms.patch)(from.wrapping_offset(run.start), &lines, ahead, run.rows.len(), to, points);
            }
        }
    }

    /// A block of tiles: patches, then products and results, of this convolution and of another that has the same patches.
    pub(in super::super) unsafe fn sweep(&self, w: &Winograd, index: usize, local: &mut Local<T>) {
        let (group, tiles) = (index / w.blocks(), part(index % w.blocks(), w.block, w.tiles()));
        // SAFETY: see `task`. Blocks hold disjoint tiles, and these disjoint results.
        unsafe {
            let (mut s, slots) = Scratch::new(w, local);
            let block = w.places(tiles, slots);
            for (t, places) in w.tiles_of(&block) {
                self.patches(w, group, places, &(0..w.depth), s.left.add(t * w.left_tile));
            }
            // A thread takes several blocks in a row.
            let next = Some(index + 1).filter(|&next| next < w.groups.len() * w.blocks());
            self.products(w, group, &block, next, &mut s);
            if let Some((call, other)) = Self::with_plan(self.beside) {
                let first = group * w.tiles() + block.tiles.start;
                let start = first % other.tiles();
                let its = block.of(start..start + block.tiles.len());
                call.products(other, first / other.tiles(), &its, None, &mut s);
            }
        }
    }

    /// A call and its plan.
    fn with_plan(call: Option<&Self>) -> Option<(&Self, &Winograd)> {
        call.and_then(|call| Some((call, call.plan.winograd.as_ref()?)))
    }

    /// Products and results of a block's transformed patches, panel by panel, while what is added to and the next block are fetched.
    unsafe fn products(&self, w: &Winograd, group: usize, block: &Places, next: Option<usize>, s: &mut Scratch<T>) {
        let addend = Self::with_plan(self.addend);
        // SAFETY: see `sweep`.
        unsafe {
            for panel in 0..w.panels() {
                let columns = part(panel, w.panel, w.width);
                self.list_ahead(w, group, block, panel, next, &mut s.squares);
                let mut ahead = s.squares.among((1 + usize::from(addend.is_some())) * POINTS * block.tiles.len() / ROWS);
                if let Some((call, other)) = addend {
                    let all = w.columns_at_once();
                    for stretch in columns.start / all..columns.end.div_ceil(all) {
                        let some = columns.start.max(stretch * all)..columns.end.min((stretch + 1) * all);
                        if some.start == stretch * all {
                            let its = block.of(w.tiles_in(stretch, &block.tiles));
                            for (t, places) in other.tiles_of(&its) {
                                call.patches(other, 0, places, &(0..other.depth), s.addend.add(t * other.left_tile));
                            }
                        }
                        let right = s.right.add(some.start - columns.start);
                        let factors = Factors { left: s.addend.cast_const(), right, lead: w, add: false };
                        let some = some.start - stretch * all..some.end - stretch * all;
                        call.multiply(other, 0, block, some, &factors, &mut ahead);
                    }
                }
                let factors = Factors { left: s.left.cast_const(), right: s.right, lead: w, add: addend.is_some() };
                self.multiply(w, group, block, columns.clone(), &factors, &mut ahead);
                for (t, places) in w.tiles_of(block) {
                    self.results(w, group, places, &columns, s.right.add(t * w.panel));
                }
            }
            if w.write == Write::Stream {
                stream::fence();
            }
        }
    }

    /// Lists what is read after the products of a panel: results that are added to, a share of the next block's patches, and those of the addend that
    /// belong to the next panel.
    fn list_ahead(&self, w: &Winograd, group: usize, block: &Places, panel: usize, next: Option<usize>, squares: &mut Squares) {
        let columns = part(panel, w.panel, w.width);
        squares.clear();
        if w.write == Write::Add {
            let map = self.out.wrapping_offset(w.groups[group][2]);
            Self::list_positions(w, map, block.tiles.clone(), &columns, squares);
        }
        if let Some(next) = next {
            let tiles = part(next % w.blocks(), w.block, w.tiles());
            let [first, end] = [panel, panel + 1].map(|i| tiles.start + tiles.len() * i / w.panels());
            self.list_patches(w, next / w.blocks(), first..end, &(0..w.depth), squares);
        }
        if let Some((call, other)) = Self::with_plan(self.addend) {
            let after = part(panel + 1, w.panel, w.width);
            let (after, tiles) = match next {
                Some(next) if after.is_empty() => (part(0, w.panel, w.width), part(next % w.blocks(), w.block, w.tiles())),
                _ => (after, block.tiles.clone()),
            };
            for stretch in w.begun(&after) {
                call.list_patches(other, 0, w.tiles_in(stretch, &tiles), &(0..other.depth), squares);
            }
        }
    }

    /// Products of a block's transformed patches and the windows of some columns of one panel.
    unsafe fn multiply(
        &self,
        w: &Winograd,
        group: usize,
        block: &Places,
        columns: Range<usize>,
        to: &Factors<'_, T>,
        ahead: &mut Ahead<'_>,
    ) {
        let panel = part(columns.start / w.panel, w.panel, w.width);
        // SAFETY: see `sweep`.
        unsafe {
            let windows = self.shared.add(POINTS * w.depth * (group * w.width + panel.start));
            for p in 0..POINTS {
                let reduced = &w.reduced[Winograd::class(p)];
                let tiles = block.with(to.lead, p);
                for some in Winograd::stretches(columns.clone(), w.stretch, |i| w.writes_at(w.column(i * w.stretch).0, p)) {
                    let args = Tile {
                        tiles: 0,
                        depth: reduced.len(),
                        a: to.left.add(p * w.vector),
                        rows: w.left_steps[tiles.start..].as_ptr(),
                        reduced: reduced.as_ptr(),
                        b: windows.add(p * w.depth * panel.len() + some.start - panel.start).cast_const(),
                        b_step: panel.len(),
                        b_vectors: self.plan.kernels.neighbours(),
                        out: to.right.add(p * to.lead.right_plane + some.start - columns.start),
                        out_rows: to.lead.right_steps[tiles.start..].as_ptr(),
                        out_vectors: self.plan.kernels.neighbours(),
                        add: to.add,
                        ahead: &[],
                        each: 0,
                    };
                    self.product(args, tiles.len(), some.len(), ahead);
                }
            }
        }
    }

    /// One product of `rows` rows by `columns` columns.
    pub(super) unsafe fn product<'a>(&self, mut args: Tile<'a, T>, rows: usize, columns: usize, ahead: &mut Ahead<'a>) {
        for (first, height, count) in even_runs(rows) {
            let (rows, out_rows) = (args.rows, args.out_rows);
            // SAFETY: the caller's.
            unsafe {
                (args.tiles, args.rows, args.out_rows) = (count, rows.add(first), out_rows.add(first));
                (args.ahead, args.each) = (ahead.take(count), ahead.each);
                self.plan.kernels.get(height, columns)(&args);
            }
            (args.rows, args.out_rows) = (rows, out_rows);
        }
    }

    /// Writes a tile's results of one panel.
    unsafe fn results(&self, w: &Winograd, group: usize, tiles: [Place; 2], columns: &Range<usize>, from: *const T) {
        let to = self.out.wrapping_offset(w.groups[group][2] + w.images[tiles[0].image][1]);
        let (mut lines, mut ahead) = w.positions(tiles, w.column(columns.start).0);
        for v in columns.clone().step_by(w.vector) {
            let (phase, map) = w.column(v);
            if v.is_multiple_of(w.stretch) {
                (lines, ahead) = w.positions(tiles, phase);
            }
            let to = to.wrapping_offset(w.maps[map]);
            // SAFETY: see `task`.
            unsafe {
                let from = from.add(v - columns.start);
                let points = w.points(tiles[0], w.write_points(phase));
                (self.plan.kernels.transforms.results)(from, w.right_plane, points, to, &lines, ahead, w.write);
            }
        }
    }
}
