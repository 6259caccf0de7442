//! What transforms will read of memory, fetched while something else is multiplied.
//!
//! A core waits for some two dozen cache lines at a time. Transforms do little beside reading, so that they mostly wait for lines that are
//! asked for a tile ahead; products read hardly anything that is not near. So products ask for what comes after them, a few lines
//! with each tile of the micro-kernel, and transforms find it in the second-level cache.

use std::ops::Range;

use super::super::isa::Element;
use super::super::kernel::{SIDE, Square};
use super::super::run::Call;
use super::plan::Winograd;
use super::transform::{Line, RESULTS};

/// Bytes of a cache line.
const LINE: usize = 64;

// A square is what one tile reads that its neighbours do not.
const _: () = assert!(SIDE == RESULTS);

/// A list of squares, in memory that was reserved for it.
pub(super) struct Squares<'a> {
    all: &'a mut [Square],
    len: usize,
}

/// Squares that are still to be fetched, `each` by a tile of the micro-kernel.
#[derive(Clone, Copy)]
pub(super) struct Ahead<'a> {
    rest: &'a [Square],
    pub(super) each: usize,
}

impl<'a> Squares<'a> {
    pub(super) fn new(all: &'a mut [Square]) -> Self {
        Self { all, len: 0 }
    }

    pub(super) fn clear(&mut self) {
        self.len = 0;
    }

    /// Shares the squares out between so many tiles of the micro-kernel.
    pub(super) fn among(&self, tiles: usize) -> Ahead<'_> {
        Ahead { rest: &self.all[..self.len], each: self.len.div_ceil(tiles.max(1)) }
    }

    fn push<T>(&mut self, first: *const T, [down, across]: [Line; 2]) {
        // What is not listed is read all the same, only later.
        if let Some(square) = self.all.get_mut(self.len) {
            let bytes = |elements: isize| elements * size_of::<T>() as isize;
            *square = Square { first: first.addr(), down: bytes(down.step), across: bytes(across.step) };
            self.len += 1;
        }
    }
}

impl<'a> Ahead<'a> {
    /// Those that the next tiles of the micro-kernel fetch.
    pub(super) fn take(&mut self, tiles: usize) -> &'a [Square] {
        let (now, rest) = self.rest.split_at((tiles * self.each).min(self.rest.len()));
        self.rest = rest;
        now
    }
}

impl Winograd {
    /// Channels or columns of a square of `T`.
    fn breadth<T>(&self) -> usize {
        self.vector.max(LINE / size_of::<T>())
    }
}

impl<T: Element> Call<'_, T> {
    /// Lists what tiles' patches read of channels `rows` and their neighbours' do not.
    pub(super) fn list_patches(&self, w: &Winograd, group: usize, tiles: Range<usize>, rows: &Range<usize>, to: &mut Squares) {
        for tile in tiles.map(|tile| w.place(tile)) {
            let from = self.a.wrapping_offset(w.groups[group][0] + w.images[tile.image][0]);
            let mut at = rows.start;
            while at < rows.end {
                let (phase, channel) = w.row(at);
                let run = (w.run - channel % w.run).min(w.chunk - at % w.chunk).min(rows.end - at);
                let (lines @ [down, across], _) = w.patch([tile; 2], phase);
                let inner = down.start + down.step + across.start + across.step;
                let from = from.wrapping_offset(w.runs[channel / w.run] + (channel % w.run) as isize + inner);
                (0..run).step_by(w.breadth::<T>()).for_each(|c| to.push(from.wrapping_add(c), lines));
                at += run;
            }
        }
    }

    /// Lists the positions of tiles in some columns of the tiled map, which begins at `map`.
    pub(super) fn list_positions(w: &Winograd, map: *const T, tiles: Range<usize>, columns: &Range<usize>, to: &mut Squares) {
        for tile in tiles.map(|tile| w.place(tile)) {
            let map = map.wrapping_offset(w.images[tile.image][1]);
            for v in columns.clone().step_by(w.breadth::<T>()) {
                let (lines @ [down, across], _) = w.positions([tile; 2], v / w.maps.len());
                to.push(map.wrapping_offset(w.maps[v % w.maps.len()] + down.start + across.start), lines);
            }
        }
    }
}
