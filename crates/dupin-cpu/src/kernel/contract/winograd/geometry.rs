//! One spatial dimension of a convolution as tiles of four positions, phases and at most three taps.
//!
//! The last tile may have fewer positions and then has fewer products: the first result of a tile alone takes the value at 0, and the last alone
//! that at ∞. Three positions are the first three of a tile, two or one lie in its middle.

use super::super::problem::Spatial;
use super::transform::{Line, PATCH, RESULTS, Subset, TAPS};

/// Most phases of a dimension: with more, nearly all taps of any window are missing, and a stride may be as large as a user types.
const MOST_PHASES: usize = 8;

/// Offset of each tap in the tensor of windows; `None` where the phase has no such tap.
type Taps = [Option<isize>; TAPS];

/// A dimension in tiles. The tiled map is the result, or, for weight gradients, the right operand.
#[derive(Clone, Debug)]
pub(super) struct Dim {
    /// Phases of the left operand and of the tiled map, one of which is single.
    reads: Vec<Phase>,
    writes: Vec<Phase>,
    /// By read and write phase.
    taps: Vec<Taps>,
    /// Tiles of the longest phase.
    pub(super) tiles: usize,
    /// Points at which the last of them has products.
    pub(super) last: Subset,
}

#[derive(Clone, Debug, PartialEq)]
struct Phase {
    /// Elements in the map.
    count: usize,
    /// Those of each tile.
    lines: Vec<Line>,
    /// Points at which it has products.
    points: Subset,
}

/// Positions `first + i · step` of a map.
#[derive(Clone, Copy, Debug)]
struct Every {
    first: isize,
    step: usize,
}

impl Dim {
    /// A dimension whose window slides: forward convolutions (phases of the left operand) and input gradients (as many phases of the result
    /// as the left operand is dilated).
    pub(super) fn sliding(s: &Spatial) -> Option<Self> {
        let windows = s.window.0;
        if s.rhs_dilation != 1 || windows == 0 || s.output.0 == 0 || (s.stride > 1 && s.lhs_dilation > 1) {
            return None;
        }
        if s.stride.max(s.lhs_dilation) > MOST_PHASES || windows > TAPS * MOST_PHASES {
            return None;
        }
        let place = |t: usize| (if s.reversed { windows - 1 - t } else { t }) as isize * s.window.1;
        if s.lhs_dilation == 1 {
            let places: Vec<isize> = (0..windows).map(place).collect();
            let (reads, taps) = read_phases(s.stride, s.pad_low, &places)?;
            return Some(Self::new(s.input, &reads, s.output, &[Every { first: 0, step: 1 }], taps));
        }
        // Result d·i + ρ meets the taps t ≡ pad − ρ (mod d), the first of which reads position i + c.
        let d = s.lhs_dilation as isize;
        let phase = |rho: isize| {
            let first = (s.pad_low - rho).rem_euclid(d);
            (first as usize, (rho + first - s.pad_low) / d)
        };
        let phases: Vec<(usize, isize)> = (0..d).map(phase).collect();
        let taps_from = |shift: isize| -> Option<Vec<Taps>> {
            let of =
                |&(first, c): &(usize, isize)| list((first..windows).step_by(s.lhs_dilation).map(place), (c - shift) as usize);
            phases.iter().map(of).collect()
        };
        // All phases read one patch, which may begin before its first tap if that leaves fewer products.
        let first = phases.iter().map(|p| p.1).min()?;
        let fitting = (0..TAPS as isize).filter_map(|before| Some((first - before, taps_from(first - before)?)));
        let (shift, taps) = fitting.min_by_key(|(_, taps)| taps.iter().map(|t| points(t).count()).sum::<usize>())?;
        let writes: Vec<Every> = (0..d).map(|rho| Every { first: rho, step: s.lhs_dilation }).collect();
        Some(Self::new(s.input, &[Every { first: shift, step: 1 }], s.output, &writes, taps))
    }

    /// A dimension whose window is a whole map and whose result is short: weight gradients.
    pub(super) fn summing(s: &Spatial) -> Option<Self> {
        if s.stride != 1 || s.lhs_dilation != 1 || s.reversed || s.window.0 == 0 || s.output.0 == 0 {
            return None;
        }
        if s.rhs_dilation > MOST_PHASES || s.output.0 > TAPS * MOST_PHASES {
            return None;
        }
        let places: Vec<isize> = (0..s.output.0).map(|t| t as isize * s.output.1).collect();
        let (reads, taps) = read_phases(s.rhs_dilation, s.pad_low, &places)?;
        Some(Self::new(s.input, &reads, s.window, &[Every { first: 0, step: 1 }], taps))
    }

    /// A dimension of a left operand and a tiled map, each given by its length and stride.
    fn new(left: (usize, isize), reads: &[Every], map: (usize, isize), writes: &[Every], taps: Vec<Taps>) -> Self {
        let positions = writes.iter().map(|w| w.count(map.0)).max().unwrap_or(0);
        let tiles = Tiles { count: positions.div_ceil(RESULTS), last: positions % RESULTS };
        let of_read = |r: usize| (0..writes.len()).map(|w| points(&taps[r * writes.len() + w])).fold(Subset::FINITE, Subset::or);
        let of_write = |w: usize| taps.iter().skip(w).step_by(writes.len()).map(points).fold(Subset::FINITE, Subset::or);
        Self {
            reads: reads.iter().enumerate().map(|(r, x)| x.phase::<PATCH>(left, tiles, of_read(r))).collect(),
            writes: writes.iter().enumerate().map(|(w, x)| x.phase::<RESULTS>(map, tiles, of_write(w))).collect(),
            taps,
            tiles: tiles.count,
            last: tiles.points(),
        }
    }

    pub(super) fn reads(&self) -> usize {
        self.reads.len()
    }

    pub(super) fn writes(&self) -> usize {
        self.writes.len()
    }

    pub(super) fn taps(&self, read: usize, write: usize) -> &Taps {
        &self.taps[read * self.writes.len() + write]
    }

    /// Products that the direct convolution does in this dimension for one channel and column.
    pub(super) fn products(&self) -> usize {
        let taps = |w: usize| -> usize { (0..self.reads()).map(|r| self.taps(r, w).iter().flatten().count()).sum() };
        self.writes.iter().enumerate().map(|(w, phase)| phase.count * taps(w)).sum()
    }

    /// Products that all tiles take in this dimension for one channel and column.
    pub(super) fn points(&self) -> usize {
        (0..self.tiles).flat_map(|tile| self.taps.iter().map(move |t| points(t).and(self.tile_points(tile)).count())).sum()
    }

    /// Whether another dimension's patches are the same, tile by tile.
    pub(super) fn same_patches(&self, other: &Self) -> bool {
        (self.tiles, self.last, &self.reads) == (other.tiles, other.last, &other.reads)
    }

    /// Whether another dimension's tiles of the map are the same.
    pub(super) fn same_positions(&self, other: &Self) -> bool {
        (self.tiles, self.last, &self.writes) == (other.tiles, other.last, &other.writes)
    }

    /// Whether a tile has fewer products than the others.
    pub(super) fn is_short(&self, tile: usize) -> bool {
        self.tile_points(tile) != Subset::ALL
    }

    /// Points at which a tile has products.
    pub(super) fn tile_points(&self, tile: usize) -> Subset {
        if tile + 1 == self.tiles { self.last } else { Subset::ALL }
    }

    /// Points that a read phase has products at.
    pub(super) fn read_points(&self, read: usize) -> Subset {
        self.reads[read].points
    }

    /// Points that a write phase has products at.
    pub(super) fn write_points(&self, write: usize) -> Subset {
        self.writes[write].points
    }

    /// Points of all read phases.
    pub(super) fn read_values(&self) -> usize {
        self.reads.iter().map(|phase| phase.points.count()).sum()
    }

    /// Points of all write phases.
    pub(super) fn write_values(&self) -> usize {
        self.writes.iter().map(|phase| phase.points.count()).sum()
    }

    /// A tile's patch in the left operand.
    pub(super) fn patch(&self, read: usize, tile: usize) -> Line {
        self.reads[read].lines[tile]
    }

    /// A tile's positions in the tiled map.
    pub(super) fn positions(&self, write: usize, tile: usize) -> Line {
        self.writes[write].lines[tile]
    }
}

/// Tiles of a map, and how many positions the last of them has; 0 if it is as long as the others.
#[derive(Clone, Copy)]
struct Tiles {
    count: usize,
    last: usize,
}

impl Tiles {
    /// Points at which the last tile has products.
    fn points(self) -> Subset {
        match self.last {
            0 => Subset::ALL,
            3 => Subset::range(0, PATCH - 1),
            _ => Subset::FINITE,
        }
    }

    /// First position of a tile, and how many of its results belong to the tile before.
    fn first(self, tile: usize) -> (isize, usize) {
        let before = usize::from(tile + 1 == self.count && matches!(self.last, 1 | 2));
        ((RESULTS * tile) as isize - before as isize, before)
    }
}

impl Every {
    /// How many there are before `end`.
    fn count(self, end: usize) -> usize {
        (end as isize - self.first).max(0).cast_unsigned().div_ceil(self.step)
    }

    /// `N` elements of each tile: of a patch, or those results of it that no other tile has.
    fn phase<const N: usize>(self, (end, stride): (usize, isize), tiles: Tiles, points: Subset) -> Phase {
        let step = self.step as isize;
        let line = |tile: usize| {
            let (at, taken) = tiles.first(tile);
            let first = self.first + at * step;
            let before = |limit: isize| ((limit - first + step - 1).div_euclid(step)).clamp(0, N as isize) as usize;
            let from = before(0).max(if N == RESULTS { taken } else { 0 });
            Line { start: first * stride, step: step * stride, inside: Subset::range(from, before(end as isize)) }
        };
        Phase { count: self.count(end), lines: (0..tiles.count).map(line).collect(), points }
    }
}

/// Where a window with these taps has values.
fn points(taps: &Taps) -> Subset {
    let ends = u8::from(taps[0].is_some()) | u8::from(taps[TAPS - 1].is_some()) << (PATCH - 1);
    Subset::FINITE.or(Subset(ends))
}

/// Phases of a left operand that windows step over by `step`: every `step`-th tap, at most three at a time. A single tap is the middle one,
/// which has no products at either end. `None` if they are too many.
fn read_phases(step: usize, pad_low: isize, places: &[isize]) -> Option<(Vec<Every>, Vec<Taps>)> {
    let (mut reads, mut taps) = (Vec::new(), Vec::new());
    for r in 0..step {
        let of_phase: Vec<isize> = places.iter().skip(r).step_by(step).copied().collect();
        // A phase without taps still has products, with zeros.
        for q in 0..of_phase.len().div_ceil(TAPS).max(1) {
            let chunk = of_phase.iter().skip(TAPS * q).take(TAPS).copied();
            let from = usize::from(chunk.len() == 1);
            let first = (r + TAPS * q * step) as isize - (from * step) as isize - pad_low;
            reads.push(Every { first, step });
            taps.push(list(chunk, from)?);
        }
    }
    (reads.len() <= MOST_PHASES).then_some((reads, taps))
}

/// The taps of a phase, the first at `from`; `None` if they are too many.
fn list(taps: impl Iterator<Item = isize>, from: usize) -> Option<Taps> {
    let mut all = [None; TAPS];
    for (i, tap) in taps.enumerate() {
        *all.get_mut(from + i)? = Some(tap);
    }
    Some(all)
}
