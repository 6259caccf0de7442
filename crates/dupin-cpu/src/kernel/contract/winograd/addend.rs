//! Which convolutions of one result share its tiles, and which tiles of one belong to which of the other.

use std::ops::Range;

use super::plan::{BLOCK_BYTES, Winograd};

impl Winograd {
    /// This plan for its sum with another, and that one in this one's blocks, if each stretch of columns has the tiles of some images of the
    /// other.
    pub(in super::super) fn with_addend(&self, addend: &Self, bytes: usize) -> Option<(Self, Self)> {
        let layout = |w: &Self| (w.gradient, w.vector, w.stretch, w.groups.len());
        let all = self.columns_at_once();
        let fits = all.is_multiple_of(self.panel) || self.panel.is_multiple_of(all);
        let same = layout(self) == (false, self.vector, addend.maps.len(), 1) && layout(self) == layout(addend);
        if !same || !fits || !self.space.iter().zip(&addend.space).all(|(x, y)| x.same_positions(y)) {
            return None;
        }
        let first = |w: &Self, stretch: usize, image: usize| w.groups[0][2] + w.images[image][1] + w.maps[stretch * w.stretch];
        let stretches = self.maps.len() / self.stretch;
        let own = (0..stretches).flat_map(|s| (0..self.images.len()).map(move |image| first(self, s, image)));
        if !own.eq((0..addend.images.len()).map(|image| first(addend, 0, image))) {
            return None;
        }
        let (mut own, mut its) = (self.clone(), addend.clone());
        own.set_block(BLOCK_BYTES, bytes * (own.patch_values() + its.patch_values()));
        own.write = its.write;
        its.block = own.block;
        its.left_steps = (0..its.block).map(|i| (i * its.left_tile) as isize).collect();
        Some((own, its))
    }

    /// Columns of all phases of neighbours.
    pub(super) fn columns_at_once(&self) -> usize {
        self.width / self.maps.len() * self.stretch
    }

    /// Stretches of all phases of neighbours that begin among some columns.
    pub(super) fn begun(&self, columns: &Range<usize>) -> Range<usize> {
        let all = self.columns_at_once();
        columns.start.div_ceil(all)..columns.end.div_ceil(all)
    }

    /// The tiles of an addend that belong to tiles of a stretch of columns.
    pub(super) fn tiles_in(&self, stretch: usize, tiles: &Range<usize>) -> Range<usize> {
        let first = stretch * self.tiles();
        first + tiles.start..first + tiles.end
    }
}
