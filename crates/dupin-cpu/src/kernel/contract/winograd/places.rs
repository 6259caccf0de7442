//! Where the tiles of a block lie: in the image, in the operands, and among one another.

use std::ops::Range;

use super::super::tables::part;
use super::plan::{Winograd, has};
use super::transform::{Line, Subset};

/// Where a tile lies.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) image: usize,
    rows: usize,
    columns: usize,
}

/// Rows of one phase that are neighbours in the left operand, and where its first channel lies there.
pub(super) struct Run {
    pub(super) rows: Range<usize>,
    pub(super) phase: usize,
    pub(super) start: isize,
}

/// Where each tile of a block goes, so that those with products at a point are neighbours: first the tiles short of points across, then whole
/// ones, those short of points down, and those short both ways.
pub(super) struct Places<'a> {
    pub(super) tiles: Range<usize>,
    slots: &'a [isize],
    /// Where the last three kinds begin.
    from: [usize; 3],
}

impl Places<'_> {
    /// The same places for as many other tiles.
    pub(super) fn of(&self, tiles: Range<usize>) -> Self {
        Self { tiles, ..*self }
    }

    /// The places of those with products at a point.
    pub(super) fn with(&self, w: &Winograd, point: usize) -> Range<usize> {
        let [whole, down, both] = self.from;
        match has(w.space.each_ref().map(|dim| dim.last), point) {
            [true, true] => 0..self.slots.len(),
            [true, false] => whole..both,
            [false, true] => 0..down,
            [false, false] => whole..down,
        }
    }
}

impl Winograd {
    pub(super) fn place(&self, tile: usize) -> Place {
        let [h, w] = [self.space[0].tiles, self.space[1].tiles];
        Place { image: tile / (h * w), rows: tile / w % h, columns: tile % w }
    }

    /// Places for the tiles of a block, in `slots`.
    pub(super) fn places<'a>(&self, tiles: Range<usize>, slots: &'a mut [isize]) -> Places<'a> {
        let kind = |tile: usize| {
            let at = self.place(tile);
            let short = [self.space[0].is_short(at.rows), self.space[1].is_short(at.columns)];
            match short {
                [false, true] => 0,
                [false, false] => 1,
                [true, false] => 2,
                [true, true] => 3,
            }
        };
        let mut counts = [0; 4];
        tiles.clone().for_each(|tile| counts[kind(tile)] += 1);
        let from = [counts[0], counts[0] + counts[1], counts[0] + counts[1] + counts[2]];
        let mut next = [0, from[0], from[1], from[2]];
        let slots = &mut slots[..tiles.len()];
        for (slot, tile) in slots.iter_mut().zip(tiles.clone()) {
            let kind = kind(tile);
            *slot = next[kind] as isize;
            next[kind] += 1;
        }
        Places { tiles, slots, from }
    }

    /// Each tile of a block with the next one, of which patches and positions are fetched ahead, and its place.
    pub(super) fn tiles_of<'a>(&self, block: &'a Places) -> impl Iterator<Item = (usize, [Place; 2])> + use<'_, 'a> {
        let mut here = self.place(block.tiles.start);
        let last = self.tiles() - 1;
        block.tiles.clone().zip(block.slots).map(move |(tile, slot)| {
            let next = self.place((tile + 1).min(last));
            (*slot as usize, [std::mem::replace(&mut here, next), next])
        })
    }

    /// Points at which both a tile and a phase have products.
    pub(super) fn points(&self, tile: Place, [down, across]: [Subset; 2]) -> [Subset; 2] {
        let [h, w] = &self.space;
        [down.and(h.tile_points(tile.rows)), across.and(w.tile_points(tile.columns))]
    }

    /// A tile's patch of a phase in the left operand, and how far ahead the next tile's is.
    pub(super) fn patch(&self, tiles: [Place; 2], phase: usize) -> ([Line; 2], isize) {
        let [h, w] = Self::phases(phase, self.space[1].reads());
        self.square(tiles, 0, |t| [self.space[0].patch(h, t.rows), self.space[1].patch(w, t.columns)])
    }

    /// A tile's positions of a phase in the tiled map, and how far ahead the next tile's are.
    pub(super) fn positions(&self, tiles: [Place; 2], phase: usize) -> ([Line; 2], isize) {
        let [h, w] = Self::phases(phase, self.space[1].writes());
        self.square(tiles, 1, |t| [self.space[0].positions(h, t.rows), self.space[1].positions(w, t.columns)])
    }

    /// What `of` gives of a tile in one of the two buffers, and how far ahead that of the next tile is.
    fn square(&self, [here, next]: [Place; 2], buffer: usize, of: impl Fn(Place) -> [Line; 2]) -> ([Line; 2], isize) {
        let at = |t: Place| self.images[t.image][buffer] + start(&of(t));
        (of(here), at(next) - at(here))
    }

    /// Some rows in runs.
    pub(super) fn runs_of(&self, rows: &Range<usize>) -> impl Iterator<Item = Run> {
        let mut rest = rows.clone();
        std::iter::from_fn(move || {
            let first = rest.start;
            let (phase, channel) = self.row(first);
            let len = (self.run - channel % self.run).min(self.chunk - first % self.chunk).min(rest.len());
            rest.start += len;
            let start = || self.runs[channel / self.run] + (channel % self.run) as isize;
            (len > 0).then(|| Run { rows: first..first + len, phase, start: start() })
        })
    }

    /// Group, rows and columns of an accumulator.
    pub(super) fn parts(&self, accumulator: usize) -> (usize, Range<usize>, Range<usize>) {
        let of_group = accumulator % self.accumulators();
        let rows = part(of_group / self.panels(), self.rows, self.depth);
        (accumulator / self.accumulators(), rows, part(of_group % self.panels(), self.panel, self.width))
    }

    /// Stretches of a range of rows or columns of which the parts, `len` long each, have products.
    pub(super) fn stretches(range: Range<usize>, len: usize, has: impl Fn(usize) -> bool) -> impl Iterator<Item = Range<usize>> {
        let mut rest = range;
        std::iter::from_fn(move || {
            let end_of = |at: usize, end: usize| ((at / len + 1) * len).min(end);
            while !rest.is_empty() && !has(rest.start / len) {
                rest.start = end_of(rest.start, rest.end);
            }
            let first = rest.start;
            while !rest.is_empty() && has(rest.start / len) {
                rest.start = end_of(rest.start, rest.end);
            }
            (first < rest.start).then_some(first..rest.start)
        })
    }
}

/// Offset of the first element of a square.
fn start([down, across]: &[Line; 2]) -> isize {
    down.start + across.start
}
