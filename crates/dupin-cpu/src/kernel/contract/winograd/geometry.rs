//! One spatial dimension of a convolution as tiles of four positions, phases and at most three taps.

use super::super::problem::Spatial;
use super::transform::{PATCH, RESULTS, TAPS};

/// Most phases of a dimension: with more, nearly all taps of any window are missing, and a stride may be as large as a user types.
const MOST_PHASES: usize = 8;

/// Positions that one phase reads of the left operand: element `i` of its line is `i · step + shift`, 0 outside.
#[derive(Clone, Copy, Debug)]
struct Read {
    step: isize,
    shift: isize,
}

/// Positions of the tiled map that one phase owns: `first + i · step` for `i < count`.
#[derive(Clone, Copy, Debug)]
struct Write {
    first: usize,
    step: usize,
    count: usize,
}

/// A dimension in tiles. The tiled map is the result, or, for weight gradients, the right operand.
#[derive(Clone, Debug)]
pub(super) struct Dim {
    /// Positions of the left operand and their stride.
    input: (usize, isize),
    reads: Vec<Read>,
    writes: Vec<Write>,
    /// Stride of the tiled map.
    stride: isize,
    /// Offset of each tap in the tensor of windows, by read and write phase; `None` where the phase has no such tap.
    taps: Vec<[Option<isize>; TAPS]>,
    /// Tiles of the longest phase.
    pub(super) tiles: usize,
}

impl Dim {
    /// A dimension whose window slides: forward convolutions (`stride` phases of the input) and input gradients (as many phases of the
    /// result as the left operand is dilated).
    pub(super) fn sliding(s: &Spatial) -> Option<Self> {
        if s.rhs_dilation != 1 || s.window.0 == 0 || s.output.0 == 0 || (s.stride > 1 && s.lhs_dilation > 1) {
            return None;
        }
        if s.stride.max(s.lhs_dilation) > MOST_PHASES {
            return None;
        }
        let windows = s.window.0;
        let place = |t: usize| (if s.reversed { windows - 1 - t } else { t }) as isize * s.window.1;
        let (mut reads, mut writes, mut taps) = (Vec::new(), Vec::new(), Vec::new());
        if s.lhs_dilation == 1 {
            writes.push(Write { first: 0, step: 1, count: s.output.0 });
            for r in 0..s.stride {
                reads.push(Read { step: s.stride as isize, shift: r as isize - s.pad_low });
                taps.push(list((r..windows).step_by(s.stride).map(place), 0)?);
            }
        } else {
            // Result d·i + ρ meets the taps t ≡ pad − ρ (mod d), the first of which reads position i + c.
            let d = s.lhs_dilation as isize;
            let phase = |rho: isize| {
                let first = (s.pad_low - rho).rem_euclid(d);
                (first as usize, (rho + first - s.pad_low) / d)
            };
            let phases: Vec<(usize, isize)> = (0..d).map(phase).collect();
            let shift = phases.iter().map(|p| p.1).min()?;
            reads.push(Read { step: 1, shift });
            for (rho, &(first, c)) in phases.iter().enumerate() {
                let count = s.output.0.saturating_sub(rho).div_ceil(s.lhs_dilation);
                writes.push(Write { first: rho, step: s.lhs_dilation, count });
                taps.push(list((first..windows).step_by(s.lhs_dilation).map(place), (c - shift) as usize)?);
            }
        }
        Some(Self::new(s.input, reads, writes, s.output.1, taps))
    }

    /// A dimension whose window is a whole map and whose result is short: weight gradients.
    pub(super) fn summing(s: &Spatial) -> Option<Self> {
        if s.stride != 1 || s.lhs_dilation != 1 || s.reversed || s.window.0 == 0 || s.output.0 == 0 {
            return None;
        }
        if s.rhs_dilation > MOST_PHASES {
            return None;
        }
        let (mut reads, mut taps) = (Vec::new(), Vec::new());
        for r in 0..s.rhs_dilation {
            reads.push(Read { step: s.rhs_dilation as isize, shift: r as isize - s.pad_low });
            taps.push(list((r..s.output.0).step_by(s.rhs_dilation).map(|t| t as isize * s.output.1), 0)?);
        }
        let writes = vec![Write { first: 0, step: 1, count: s.window.0 }];
        Some(Self::new(s.input, reads, writes, s.window.1, taps))
    }

    fn new(input: (usize, isize), reads: Vec<Read>, writes: Vec<Write>, stride: isize, taps: Vec<[Option<isize>; TAPS]>) -> Self {
        let tiles = writes.iter().map(|w| w.count).max().unwrap_or(0).div_ceil(RESULTS);
        Self { input, reads, writes, stride, taps, tiles }
    }

    pub(super) fn reads(&self) -> usize {
        self.reads.len()
    }

    pub(super) fn writes(&self) -> usize {
        self.writes.len()
    }

    /// Products that the direct convolution does in this dimension for one channel and column.
    pub(super) fn products(&self) -> usize {
        let taps = |w: usize| -> usize { (0..self.reads()).map(|r| self.taps(r, w).iter().flatten().count()).sum() };
        self.writes.iter().enumerate().map(|(i, w)| w.count * taps(i)).sum()
    }

    pub(super) fn taps(&self, read: usize, write: usize) -> &[Option<isize>; TAPS] {
        &self.taps[read * self.writes.len() + write]
    }

    /// Offsets of a tile's patch in the left operand.
    pub(super) fn patch(&self, read: usize, tile: usize) -> Line<PATCH> {
        Line::new(self.first_read(read, tile), self.reads[read].step, self.input.0, self.input.1)
    }

    /// Where a tile's patch begins, inside the left operand or not.
    pub(super) fn patch_start(&self, read: usize, tile: usize) -> isize {
        self.first_read(read, tile) * self.input.1
    }

    /// Where a tile's positions begin.
    pub(super) fn position_start(&self, write: usize, tile: usize) -> isize {
        self.first_written(write, tile) * self.stride
    }

    /// Offsets of a tile's positions in the tiled map.
    pub(super) fn positions(&self, write: usize, tile: usize) -> Line<RESULTS> {
        let Write { first, step, count } = self.writes[write];
        Line::new(self.first_written(write, tile), step as isize, first + count * step, self.stride)
    }

    /// The first position of a tile's patch.
    fn first_read(&self, read: usize, tile: usize) -> isize {
        let Read { step, shift } = self.reads[read];
        (RESULTS * tile) as isize * step + shift
    }

    /// The first of a tile's positions.
    fn first_written(&self, write: usize, tile: usize) -> isize {
        let Write { first, step, .. } = self.writes[write];
        (first + RESULTS * tile * step) as isize
    }
}

/// Evenly spaced positions of a dimension.
pub(super) struct Line<const N: usize> {
    /// Their offsets, also of those outside.
    offsets: [isize; N],
    /// Those inside.
    inside: std::ops::Range<usize>,
}

impl<const N: usize> Line<N> {
    /// Positions `first + i · step` of `0..end`, whose neighbours are `stride` elements apart.
    fn new(first: isize, step: isize, end: usize, stride: isize) -> Self {
        let before = |limit: isize| ((limit - first + step - 1).div_euclid(step)).clamp(0, N as isize) as usize;
        let from = before(0);
        Self {
            offsets: std::array::from_fn(|i| (first + i as isize * step) * stride),
            inside: from..before(end as isize).max(from),
        }
    }
}

/// Addresses of a tile's elements from `base`; `outside` for those beyond the map.
pub(super) fn addresses<P: Copy, const N: usize, const M: usize>(
    [down, across]: [&Line<N>; 2],
    outside: P,
    address: impl Fn(isize) -> P,
) -> [P; M] {
    if down.inside.len() + across.inside.len() == 2 * N {
        return std::array::from_fn(|i| address(down.offsets[i / N] + across.offsets[i % N]));
    }
    let mut at = [outside; M];
    for i in down.inside.clone() {
        for j in across.inside.clone() {
            at[N * i + j] = address(down.offsets[i] + across.offsets[j]);
        }
    }
    at
}

/// The taps of a phase, the first at `from`; `None` if they are too many.
fn list(taps: impl Iterator<Item = isize>, from: usize) -> Option<[Option<isize>; TAPS]> {
    let mut all = [None; TAPS];
    for (i, tap) in taps.enumerate() {
        *all.get_mut(from + i)? = Some(tap);
    }
    Some(all)
}
