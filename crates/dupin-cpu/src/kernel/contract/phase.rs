//! Rewrites a contraction as dense pieces: no holes in the left operand, no reversed window, few and ordered axes.
//!
//! Where the left operand is dilated by `d`, result positions of one residue meet always the same window positions.
//! Each residue (phase) becomes a convolution of its own without holes, over every so-many-th window and result position,
//! so that no multiplication by a hole is ever done. This is how the input gradient of a strided convolution costs the same
//! number of multiply-adds as the convolution.

use super::problem::{Axis, Contraction, Spatial};

/// A spatial dimension without holes: result `o` and window `t` read position `o · step + t · dilation + shift`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Space {
    pub(super) input: usize,
    pub(super) a: isize,
    pub(super) window: usize,
    pub(super) b: isize,
    pub(super) output: usize,
    pub(super) out: isize,
    pub(super) step: usize,
    pub(super) dilation: usize,
    pub(super) shift: isize,
}

impl Space {
    const TRIVIAL: Self = Self { input: 1, a: 0, window: 1, b: 0, output: 1, out: 0, step: 1, dilation: 1, shift: 0 };

    /// Whether every result and window position reads inside the operand.
    pub(super) fn inside(&self) -> bool {
        self.shift >= 0 && self.shift + self.span(self.output, self.window) as isize <= self.input as isize
    }

    /// Input positions from the first to the last that `outputs` results and `windows` window positions touch.
    pub(super) fn span(&self, outputs: usize, windows: usize) -> usize {
        if outputs == 0 || windows == 0 { 0 } else { (outputs - 1) * self.step + (windows - 1) * self.dilation + 1 }
    }

    fn is_trivial(&self) -> bool {
        self.window == 1 && self.output == 1
    }
}

/// One dense piece. Reduced index order and row order are the planner's choice.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub(super) groups: Vec<Axis>,
    pub(super) rows: Vec<Axis>,
    pub(super) columns: Vec<Axis>,
    pub(super) reduced: Vec<Axis>,
    /// Height and width.
    pub(super) space: [Space; 2],
    pub(super) base: [isize; 3],
}

/// The dense pieces of a checked contraction, and whether the operands have changed sides in them.
///
/// They write disjoint parts of the result and together all of it.
pub(super) fn pieces(problem: &Contraction) -> (Vec<Piece>, bool) {
    let mut done = vec![(Vec::new(), problem.base.map(|offset| offset as isize))];
    for dimension in &problem.spatial {
        let mut next = Vec::new();
        for (spaces, base) in done {
            for (space, shift) in phases(dimension) {
                let mut spaces: Vec<Space> = spaces.clone();
                spaces.push(space);
                let base = [base[0], base[1] + shift[0], base[2] + shift[1]];
                next.push((spaces, base));
            }
        }
        done = next;
    }
    let groups = ordered(&problem.groups, |x| x.out);
    let mut rows = ordered(&problem.rows, |x| x.out);
    let mut columns = ordered(&problem.columns, |x| x.out);
    let mut reduced = ordered(&problem.reduced, |x| x.a);
    // Columns are the vector index: where the result is contiguous along the rows instead, the operands change sides.
    let unit = |list: &[Axis]| list.last().is_some_and(|x| x.out == 1);
    let swap = problem.spatial.is_empty() && unit(&rows) && !unit(&columns) && !columns.is_empty();
    let sides = |list: Vec<Axis>| -> Vec<Axis> {
        if swap { list.into_iter().map(|x| Axis { a: x.b, b: x.a, ..x }).collect() } else { list }
    };
    let groups = sides(groups);
    if swap {
        (rows, columns) = (sides(columns), sides(rows));
        reduced = ordered(&sides(reduced), |x| x.a);
    }
    let list = done
        .into_iter()
        .map(|(mut spaces, base)| {
            // An empty left operand contributes nothing: no reduced index remains.
            let empty = spaces.iter().any(|s| s.input == 0);
            spaces.resize(2, Space::TRIVIAL);
            // The planner cuts along the height: it must be the dimension that has an extent.
            if spaces[0].is_trivial() && spaces[0].inside() {
                let start = spaces[0].shift * spaces[0].a;
                let mut base = base;
                base[0] += start;
                let reduced = if empty { vec![Axis::reduced(0, 0, 0)] } else { reduced.clone() };
                let space = [spaces[1], Space::TRIVIAL];
                return piece(&groups, &rows, &columns, reduced, space, base, swap);
            }
            let reduced = if empty { vec![Axis::reduced(0, 0, 0)] } else { reduced.clone() };
            piece(&groups, &rows, &columns, reduced, [spaces[0], spaces[1]], base, swap)
        })
        .filter(|p| p.space.iter().all(|s| s.output > 0))
        .collect();
    (list, swap)
}

fn piece(
    groups: &[Axis],
    rows: &[Axis],
    columns: &[Axis],
    reduced: Vec<Axis>,
    space: [Space; 2],
    base: [isize; 3],
    swap: bool,
) -> Piece {
    let base = if swap { [base[1], base[0], base[2]] } else { base };
    Piece { groups: groups.to_vec(), rows: rows.to_vec(), columns: columns.to_vec(), reduced, space, base }
}

/// Drops axes of size 1, orders the rest from the largest to the smallest stride and merges neighbours that form one run.
fn ordered(axes: &[Axis], key: impl Fn(&Axis) -> isize) -> Vec<Axis> {
    if axes.iter().any(|x| x.size == 0) {
        return vec![Axis::reduced(0, 0, 0)];
    }
    let mut list: Vec<Axis> = axes.iter().copied().filter(|x| x.size > 1).collect();
    list.sort_by_key(|x| std::cmp::Reverse(key(x).unsigned_abs()));
    let mut merged: Vec<Axis> = Vec::new();
    for axis in list {
        match merged.last_mut() {
            Some(last) if continues(last, &axis) => *last = Axis { size: last.size * axis.size, ..axis },
            _ => merged.push(axis),
        }
    }
    merged
}

fn continues(outer: &Axis, inner: &Axis) -> bool {
    let n = inner.size as isize;
    outer.a == inner.a * n && outer.b == inner.b * n && outer.out == inner.out * n
}

/// The phases of one dimension, each with the shift of the right operand's and the result's base.
fn phases(s: &Spatial) -> Vec<(Space, [isize; 2])> {
    let (windows, b) = s.window;
    // Reading backwards is a negative stride from the last window position.
    let (b, start) = if s.reversed && windows > 0 { (-b, b * (windows as isize - 1)) } else { (b, 0) };
    let hole = s.lhs_dilation;
    let phases = hole / gcd(s.stride, hole);
    let stretch = hole / gcd(s.rhs_dilation, hole);
    (0..phases)
        .filter_map(|phase| {
            let output = s.output.0.saturating_sub(phase).div_ceil(phases);
            // Window positions that meet data: those with phase·stride + t·rhs_dilation − pad ≡ 0 (mod hole).
            let at = |t: usize| phase as isize * s.stride as isize + (t * s.rhs_dilation) as isize - s.pad_low;
            let first = (0..stretch.min(windows)).find(|&t| at(t).rem_euclid(hole as isize) == 0);
            if output == 0 {
                return None;
            }
            let window = first.map_or(0, |t| (windows - t).div_ceil(stretch));
            let first = first.unwrap_or(0);
            let space = Space {
                input: s.input.0,
                a: s.input.1,
                window,
                b: b * stretch as isize,
                output,
                out: s.output.1 * phases as isize,
                step: phases * s.stride / hole,
                dilation: stretch * s.rhs_dilation / hole,
                shift: at(first).div_euclid(hole as isize),
            };
            Some((space, [start + b * first as isize, s.output.1 * phase as isize]))
        })
        .collect()
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}
