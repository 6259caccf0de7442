//! What transforms will read of memory, fetched while something else is multiplied.
//!
//! A core waits for some two dozen cache lines at a time. Transforms do little beside reading, so that they mostly wait for lines that are
//! asked for a tile ahead; products read hardly anything that is not near. So products ask for what comes after them, a few lines
//! with each tile of the micro-kernel, and transforms find it in the second-level cache.

use std::ops::Range;

use super::super::copy::LINE;
use super::super::isa::Element;
use super::super::kernel::{SIDE, Square};
use super::super::run::Call;
use super::plan::Winograd;
use super::transform::{Line, RESULTS};

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
            for run in w.runs_of(rows) {
                let (lines @ [down, across], _) = w.patch([tile; 2], run.phase);
                let from = from.wrapping_offset(run.start + down.start + down.step + across.start + across.step);
                (0..run.rows.len()).step_by(w.breadth::<T>()).for_each(|c| to.push(from.wrapping_add(c), lines));
            }
        }
    }

    /// Lists the positions of tiles in some columns of the tiled map, which begins at `map`.
    pub(super) fn list_positions(w: &Winograd, map: *const T, tiles: Range<usize>, columns: &Range<usize>, to: &mut Squares) {
        for tile in tiles.map(|tile| w.place(tile)) {
            let map = map.wrapping_offset(w.images[tile.image][1]);
            for v in columns.clone().step_by(w.breadth::<T>()) {
                let (phase, column) = w.column(v);
                let (lines @ [down, across], _) = w.positions([tile; 2], phase);
                to.push(map.wrapping_offset(w.maps[column] + down.start + across.start), lines);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::plan::Method;
    use super::super::super::tests::{forward, weight_gradient};
    use super::super::super::{Contraction, Isa, Plan};
    use super::*;

    /// Elements from `from` that the lines of squares begin with, in order.
    fn elements(squares: &Squares, from: *const f32) -> Vec<usize> {
        let square = |s: &Square| {
            let line = |i: usize, j: usize| s.first.wrapping_add_signed(i as isize * s.down + j as isize * s.across);
            let lines: Vec<usize> = (0..SIDE * SIDE).map(|x| line(x / SIDE, x % SIDE)).collect();
            lines
        };
        let mut all: Vec<usize> = squares.all[..squares.len].iter().flat_map(square).map(|at| (at - from.addr()) / 4).collect();
        all.sort_unstable();
        all
    }

    /// Maps of whole tiles: every cache line of an operand lies in one square, and the plan's memory holds a block's squares.
    #[test]
    fn squares_cover_what_is_read() {
        for (size, k, stride, o) in [(8, 3, 1, 32), (16, 5, 2, 16), (16, 3, 2, 32)] {
            let f = forward(2, size, 32, o, k, stride);
            for c in [weight_gradient(&f), f] {
                let plan = Plan::<f32>::with_method(&c, Isa::Portable, Method::Patches).unwrap();
                let w = plan.winograd.as_ref().unwrap();
                let [a, b, out] = plan.lengths();
                let (left, right, mut result, mut shared) =
                    (vec![0.0; a], vec![0.0; b], vec![0.0; out], vec![0.0; plan.scratch()[0]]);
                let call = plan.bind(&left, &right, &mut result, &mut shared).unwrap();
                let mut memory = vec![Square::default(); 4096];
                let mut squares = Squares::new(&mut memory);
                call.list_patches(w, 0, 0..w.tiles(), &(0..w.depth), &mut squares);
                assert_eq!(elements(&squares, left.as_ptr()), (0..a).step_by(16).collect::<Vec<_>>(), "{c:?}");
                if w.gradient {
                    squares.clear();
                    Call::list_positions(w, right.as_ptr(), 0..w.tiles(), &(0..w.width), &mut squares);
                    assert_eq!(elements(&squares, right.as_ptr()), (0..b).step_by(16).collect::<Vec<_>>(), "{c:?}");
                }
                squares.clear();
                let rows = 0..if w.gradient { w.rows } else { w.depth };
                call.list_patches(w, 0, 0..w.block.min(w.tiles()), &rows, &mut squares);
                Call::list_positions(w, right.as_ptr(), 0..w.block.min(w.tiles()), &(0..w.panel), &mut squares);
                assert!(squares.len > 0 && squares.len <= w.squares(None) && plan.scratch()[3] == w.squares(None), "{c:?}");
                check_shares(&squares, &c);
            }
        }
    }

    /// However many tiles share them, all squares are taken, each once.
    fn check_shares(squares: &Squares, c: &Contraction) {
        for tiles in [1, 7, squares.len, 3 * squares.len] {
            let mut ahead = squares.among(tiles);
            let taken: usize = (0..tiles).map(|_| ahead.take(1).len()).sum();
            assert_eq!(taken, squares.len, "{tiles} {c:?}");
        }
    }
}
