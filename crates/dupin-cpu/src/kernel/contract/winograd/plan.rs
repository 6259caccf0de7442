//! Which convolutions go by patches, and in which blocks.

use super::super::copy::{contiguous, offsets};
use super::super::isa::Element;
use super::super::kernel::{Kernels, ROWS};
use super::super::plan::even;
use super::super::problem::{Axis, Contraction};
use super::geometry::Dim;
use super::square::{STEP, Write};
use super::transform::{PATCH, POINTS, Subset, TAPS};
use crate::kernel::stream::STREAM_BYTES;

/// Bytes of a block's transformed patches, which stay in the second-level cache beside results or accumulators.
pub(super) const BLOCK_BYTES: usize = 400 << 10;
/// The same of patches and cotangents of a weight gradient. They may be more than the cache holds beside the accumulators: each is read once.
const GRADIENT_BLOCK_BYTES: usize = 800 << 10;
/// Fewest tiles of a block: so many times each transformed window is used once it is there.
const LEAST_BLOCK: usize = 4 * ROWS;
/// Products of rows of 36 points and columns of one accumulator of a weight gradient; 36 times as many elements stay in the second-level
/// cache.
const ACCUMULATOR: usize = 4096;
/// Bytes of all accumulators of a weight gradient.
const PARTIAL_BYTES: usize = 8 << 20;
/// Parts that a weight gradient is cut into at most.
const SPLITS: usize = 16;
/// Elements between the points of a block beyond what they hold, so that points do not evict each other.
const GAP: usize = 16;
/// Channels of windows that one packing task transforms.
pub(super) const PACK_DEPTH: usize = 32;

/// How a convolution is computed by patches.
#[derive(Clone, Debug)]
pub(in super::super) struct Winograd {
    /// Whether the windows are the result (a weight gradient) rather than the right operand.
    pub(in super::super) gradient: bool,
    /// Offsets of each group in the three buffers.
    pub(super) groups: Vec<[isize; 3]>,
    /// Offsets of each image in the left operand and in the tiled map.
    pub(super) images: Vec<[isize; 2]>,
    pub(super) space: [Dim; 2],
    /// Starts of stretches of `run` channels that are neighbours in the left operand.
    pub(super) runs: Vec<isize>,
    pub(super) run: usize,
    /// Channels of one phase that are neighbours in a transformed window; the same channels of the next phase follow.
    pub(super) chunk: usize,
    /// Offset of each channel in the tensor of windows.
    pub(super) channels: Vec<isize>,
    /// Offsets of the columns in the tensor of windows and in the tiled map.
    pub(super) windows: Vec<isize>,
    pub(super) maps: Vec<isize>,
    /// Columns of one phase that are neighbours in the tiled map; the same columns of the next phase follow.
    pub(super) stretch: usize,
    /// Rows of a transformed window (phases times channels) and its columns (phases times columns).
    pub(super) depth: usize,
    pub(super) width: usize,
    /// Columns of a panel, and elements of a vector.
    pub(super) panel: usize,
    pub(super) vector: usize,
    /// Tiles of a block.
    pub(super) block: usize,
    /// Rows of an accumulator, and parts of the sum, of a weight gradient.
    pub(super) rows: usize,
    pub(super) splits: usize,
    /// Offsets of the rows that have products, by [`Winograd::class`] of the point.
    pub(super) reduced: [Vec<isize>; 9],
    /// Offsets of a transformed patch's rows, then those of patches and of products (or of accumulators) of consecutive tiles (or rows).
    pub(super) row_steps: Vec<isize>,
    pub(super) left_steps: Vec<isize>,
    pub(super) right_steps: Vec<isize>,
    /// Elements of a tile's patches.
    pub(super) left_tile: usize,
    /// Elements from point to point of products or cotangents.
    pub(super) right_plane: usize,
    pub(super) write: Write,
}

impl Winograd {
    /// The plan of a checked contraction; `None` where it has another form, or where patches would not pay.
    pub(in super::super) fn new<T: Element>(c: &Contraction, kernels: &Kernels<T>, always: bool) -> Option<Self> {
        let [h, w] = <&[_; 2]>::try_from(c.spatial.as_slice()).ok()?;
        let sliding = Dim::sliding(h).zip(Dim::sliding(w)).map(|(h, w)| Self::of(c, kernels, [h, w], false));
        let summing = Dim::summing(h).zip(Dim::summing(w)).map(|(h, w)| Self::of(c, kernels, [h, w], true));
        let candidates = [sliding.flatten(), summing.flatten()].into_iter().flatten();
        let best = candidates.min_by(|x, y| x.cost().total_cmp(&y.cost()))?;
        (always || best.pays()).then_some(best)
    }

    fn of<T: Element>(c: &Contraction, kernels: &Kernels<T>, space: [Dim; 2], gradient: bool) -> Option<Self> {
        let list = |axes: &[Axis], stride: fn(&Axis) -> isize| {
            let mut to = vec![0; axes.iter().map(|x| x.size).product()];
            offsets(axes, stride, 0, &mut to);
            to
        };
        let base = c.base.map(|x| x as isize);
        let [a, b, out] = [list(&c.groups, |x| x.a), list(&c.groups, |x| x.b), list(&c.groups, |x| x.out)];
        let groups: Vec<_> = (0..a.len()).map(|g| [base[0] + a[g], base[1] + b[g], base[2] + out[g]]).collect();
        // Rows and reduced axes change roles between a convolution and its weight gradient, and so do the other two buffers.
        let (images, channels) = if gradient { (&c.reduced, &c.rows) } else { (&c.rows, &c.reduced) };
        let of_window: fn(&Axis) -> isize = if gradient { |x| x.out } else { |x| x.b };
        let of_map: fn(&Axis) -> isize = if gradient { |x| x.b } else { |x| x.out };
        let (left, map) = (list(images, |x| x.a), list(images, of_map));
        let vector = kernels.width;
        let (starts, run) = runs(&list(channels, |x| x.a), vector)?;
        let maps = list(&c.columns, of_map);
        if maps.is_empty() || !maps.chunks(vector).all(|v| v.len() == vector && contiguous(v)) || left.is_empty() {
            return None;
        }
        let channels = list(channels, of_window);
        let depth = space[0].reads() * space[1].reads() * channels.len();
        let width = space[0].writes() * space[1].writes() * maps.len();
        let stretch = runs(&maps, vector).map_or(maps.len(), |runs| runs.1);
        let panel = kernels.columns().min(width);
        let positions: usize = c.spatial.iter().map(|s| s.output.0).product();
        let write = match groups.len() * left.len() * maps.len() * positions * size_of::<T>() {
            _ if c.accumulate => Write::Add,
            bytes if bytes >= STREAM_BYTES => Write::Stream,
            _ => Write::Set,
        };
        let mut plan = Self {
            gradient,
            groups,
            images: left.into_iter().zip(map).map(|(a, m)| [a, m]).collect(),
            runs: starts,
            run,
            // A weight gradient takes few rows at a time, which should be all phases of the same elements.
            chunk: if gradient { run } else { channels.len() },
            channels,
            windows: list(&c.columns, of_window),
            maps,
            stretch,
            depth,
            width,
            panel,
            vector,
            block: 0,
            rows: 0,
            splits: 1,
            reduced: std::array::from_fn(|_| Vec::new()),
            row_steps: Vec::new(),
            left_steps: Vec::new(),
            right_steps: Vec::new(),
            left_tile: 0,
            right_plane: 0,
            write,
            space,
        };
        plan.divide(size_of::<T>());
        Some(plan)
    }

    fn divide(&mut self, bytes: usize) {
        let left = if self.gradient {
            // A row has as many points as its phase.
            let rows = ACCUMULATOR * POINTS * self.depth / (self.panel * self.patch_values());
            let rows = rows.next_multiple_of(self.vector);
            self.rows = even(self.depth, rows).next_multiple_of(self.vector).min(rows);
            self.rows
        } else {
            self.depth
        };
        self.row_steps = (0..self.depth).map(|k| self.row_step(k) as isize).collect();
        for first in [0, 1, PATCH - 1] {
            for second in [0, 1, PATCH - 1] {
                let point = PATCH * first + second;
                let rows = self.row_steps.iter().enumerate().filter(|&(k, _)| self.reads_at(self.row(k).0, point));
                self.reduced[Self::class(point)] = rows.map(|(_, &at)| at).collect();
            }
        }
        self.left_tile = self.row_step(left);
        if self.gradient {
            self.set_block(GRADIENT_BLOCK_BYTES, bytes * POINTS * (self.rows + self.panel));
            let accumulator = self.groups.len() * self.accumulators() * self.accumulator() * bytes;
            let wanted = (2 * SPLITS).div_ceil(self.groups.len() * self.accumulators()).min(SPLITS);
            self.splits = wanted.min(PARTIAL_BYTES / accumulator).min(self.blocks()).max(1);
        } else {
            self.set_block(BLOCK_BYTES, bytes * self.patch_values());
        }
    }

    /// Takes as many tiles at a time as have `most` bytes.
    pub(super) fn set_block(&mut self, most: usize, bytes_of_tile: usize) {
        let tiles = (most / bytes_of_tile).max(LEAST_BLOCK) / ROWS * ROWS;
        self.block = even(self.tiles(), tiles).next_multiple_of(ROWS).min(tiles);
        let steps = |count: usize, by: usize| (0..count).map(|i| (i * by) as isize).collect();
        self.left_steps = steps(self.block, self.left_tile);
        self.right_steps = steps(if self.gradient { self.rows } else { self.block }, self.panel);
        self.right_plane = self.block * self.panel + GAP;
    }

    /// Phase and channel of a row.
    pub(super) fn row(&self, row: usize) -> (usize, usize) {
        let phases = self.depth / self.channels.len();
        let (stretch, channel) = (row / self.chunk, row % self.chunk);
        (stretch % phases, stretch / phases * self.chunk + channel)
    }

    /// Phase and map of a column.
    pub(super) fn column(&self, column: usize) -> (usize, usize) {
        let phases = self.width / self.maps.len();
        let (stretch, map) = (column / self.stretch, column % self.stretch);
        (stretch % phases, stretch / phases * self.stretch + map)
    }

    /// Offset of a row in a transformed patch: all points of a vector of channels are neighbours.
    pub(super) fn row_step(&self, row: usize) -> usize {
        row / self.vector * self.vector * STEP + row % self.vector
    }

    /// Points of one class lie at the same ends: the first, none or the last, in two dimensions.
    pub(super) fn class(point: usize) -> usize {
        let end = |i: usize| usize::from(i > 0) + usize::from(i == PATCH - 1);
        3 * end(point / PATCH) + end(point % PATCH)
    }

    /// Whether each block of this convolution's tiles is, patch for patch, a part of a group of another's.
    pub(in super::super) fn is_part_of(&self, other: &Self) -> bool {
        let left = |w: &Self| -> Vec<isize> {
            w.groups.iter().flat_map(|group| w.images.iter().map(|image| group[0] + image[0])).collect()
        };
        let layout = |w: &Self| (w.gradient, w.vector, w.depth, w.run);
        layout(self) == layout(other)
            && !self.gradient
            && self.block <= other.block
            && other.images.len().is_multiple_of(self.images.len())
            && self.space.iter().zip(&other.space).all(|(x, y)| x.same_patches(y))
            && self.runs == other.runs
            && left(self) == left(other)
    }

    /// Both dimensions' phases of one number.
    pub(super) fn phases(index: usize, columns: usize) -> [usize; 2] {
        [index / columns, index % columns]
    }

    /// Points that a phase of the left operand has products at.
    pub(super) fn read_points(&self, phase: usize) -> [Subset; 2] {
        let [h, w] = Self::phases(phase, self.space[1].reads());
        [self.space[0].read_points(h), self.space[1].read_points(w)]
    }

    /// Points that a phase of the tiled map has products at.
    pub(super) fn write_points(&self, phase: usize) -> [Subset; 2] {
        let [h, w] = Self::phases(phase, self.space[1].writes());
        [self.space[0].write_points(h), self.space[1].write_points(w)]
    }

    pub(super) fn reads_at(&self, phase: usize, point: usize) -> bool {
        has(self.read_points(phase), point) == [true; 2]
    }

    pub(super) fn writes_at(&self, phase: usize, point: usize) -> bool {
        has(self.write_points(phase), point) == [true; 2]
    }

    /// Tiles of all images.
    pub(super) fn tiles(&self) -> usize {
        self.images.len() * self.space[0].tiles * self.space[1].tiles
    }

    pub(super) fn blocks(&self) -> usize {
        self.tiles().div_ceil(self.block)
    }

    pub(super) fn panels(&self) -> usize {
        self.width.div_ceil(self.panel)
    }

    /// Accumulators of a group of a weight gradient, by rows, then panels.
    pub(super) fn accumulators(&self) -> usize {
        self.depth.div_ceil(self.rows.max(1)) * self.panels()
    }

    /// Elements of an accumulator.
    pub(super) fn accumulator(&self) -> usize {
        POINTS * self.accumulator_plane()
    }

    pub(super) fn accumulator_plane(&self) -> usize {
        self.rows * self.panel + GAP
    }

    /// Tasks of packing, computing and finishing.
    pub(in super::super) fn tasks(&self) -> [usize; 3] {
        let groups = self.groups.len();
        if self.gradient {
            [0, groups * self.accumulators() * self.splits, groups * self.accumulators() * self.finish_parts()]
        } else {
            [groups * self.panels() * self.pack_parts(), groups * self.blocks(), 0]
        }
    }

    pub(super) fn pack_parts(&self) -> usize {
        self.depth.div_ceil(PACK_DEPTH)
    }

    pub(super) fn finish_parts(&self) -> usize {
        self.rows.div_ceil(16)
    }

    /// Elements of scratch that tasks share: transformed windows, or accumulators.
    pub(in super::super) fn shared(&self) -> usize {
        let each =
            if self.gradient { self.accumulators() * self.splits * self.accumulator() } else { POINTS * self.depth * self.width };
        self.groups.len() * each
    }

    /// Elements of scratch of one thread.
    pub(in super::super) fn local(&self, addend: Option<&Self>) -> usize {
        let left = self.left_tile + addend.map_or(0, |w| w.left_tile);
        self.block * left + POINTS * self.right_plane + TAPS * TAPS * self.vector
    }

    /// Squares that are fetched ahead, at most: those of a block's patches, and of positions of one panel.
    pub(in super::super) fn squares(&self, addend: Option<&Self>) -> usize {
        let rows = if self.gradient { self.rows } else { self.depth };
        let rows = rows + addend.map_or(0, |w| w.depth * self.panel.div_ceil(self.columns_at_once()));
        self.block * (rows + self.panel).div_ceil(self.vector)
    }

    /// Tiles that one thread sorts.
    pub(in super::super) fn index(&self) -> usize {
        self.block
    }
}

/// Whether a point is among some down, and among some across.
pub(super) fn has([down, across]: [Subset; 2], point: usize) -> [bool; 2] {
    [down.has(point / PATCH), across.has(point % PATCH)]
}

/// Channels as stretches of neighbours of one length, a multiple of `vector`.
fn runs(channels: &[isize], vector: usize) -> Option<(Vec<isize>, usize)> {
    let mut stretches = channels.chunk_by(|x, y| *y == x + 1);
    let run = stretches.next()?.len();
    let equal = run % vector == 0 && stretches.all(|s| s.len() == run);
    equal.then(|| (channels.iter().copied().step_by(run).collect(), run))
}

/// As of a plan without patches.
impl std::fmt::Display for Winograd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("contract ")?;
        if self.groups.len() > 1 {
            write!(f, "[{}] ", self.groups.len())?;
        }
        if self.gradient {
            write!(f, "{}x{}x{}, patches to windows", self.depth, self.tiles(), self.width)?;
        } else {
            write!(f, "{}x{}x{}, patches", self.tiles(), self.depth, self.width)?;
        }
        if self.splits > 1 {
            write!(f, ", {} parts", self.splits)?;
        }
        Ok(())
    }
}
