//! Strided copies: transposes that nobody could take as strides, paddings, joined tensors.

use super::memory::{Address, Atom, share};

/// Elements that are worth a task of their own.
const TASK: usize = 32768;

/// A copy of `len` elements along loops that both sides share, slowest first.
#[derive(Clone, Debug)]
pub(crate) struct Loops {
    /// Extent, stride in the source and in the target.
    nest: Vec<(usize, isize, isize)>,
    from: usize,
    to: usize,
}

impl Loops {
    /// Common loops of two views, given axis by axis: `None` where they do not divide each other.
    pub(crate) fn new(from: (usize, &[Vec<Atom>]), to: (usize, &[Vec<Atom>])) -> Option<Self> {
        let mut loops = Vec::new();
        for (a, b) in from.1.iter().zip(to.1) {
            loops.extend(common(a, b)?);
        }
        // Targets in order; what is contiguous in the target runs innermost.
        loops.sort_by_key(|l| std::cmp::Reverse(l.2));
        let mut merged: Vec<(usize, isize, isize)> = Vec::new();
        for l in loops.into_iter().filter(|l| l.0 != 1) {
            match merged.last_mut() {
                Some(m) if m.1 == l.1 * l.0 as isize && m.2 == l.2 * l.0 as isize => *m = (m.0 * l.0, l.1, l.2),
                _ => merged.push(l),
            }
        }
        Some(Self { nest: merged, from: from.0, to: to.0 })
    }

    /// Runs the copy.
    ///
    /// # Safety
    /// Both views lie inside their storages, of elements of `bytes` bytes; nothing else touches the target meanwhile.
    pub(crate) unsafe fn run<S: Send>(&self, bytes: usize, from: Address, to: Address, scratch: &mut [S]) {
        // SAFETY: the caller's.
        unsafe {
            match bytes {
                1 => self.typed::<u8, S>(from, to, scratch),
                4 => self.typed::<u32, S>(from, to, scratch),
                _ => self.typed::<u64, S>(from, to, scratch),
            }
        }
    }

    unsafe fn typed<T: Copy + Send + Sync, S: Send>(&self, from: Address, to: Address, scratch: &mut [S]) {
        let inner = self.nest.len().saturating_sub(2);
        let (outer, inner) = self.nest.split_at(inner);
        let count: usize = outer.iter().map(|l| l.0).product();
        let [rows, columns] = match inner {
            [] => [(1, 0, 0), (1, 0, 0)],
            [one] => [(1, 0, 0), *one],
            [a, b, ..] => [*a, *b],
        };
        // Tasks are stretches of rows over all outer loops.
        let grain = (TASK / columns.0.max(1)).clamp(1, (count * rows.0).max(1));
        share((count * rows.0).div_ceil(grain), scratch, |task, _| {
            let mut at = task * grain;
            let end = (at + grain).min(count * rows.0);
            while at < end {
                let (mut index, row) = (at / rows.0, at % rows.0);
                let stretch = (rows.0 - row).min(end - at);
                let (mut a, mut b) = (self.from as isize, self.to as isize);
                for l in outer.iter().rev() {
                    let i = (index % l.0) as isize;
                    index /= l.0;
                    (a, b) = (a + i * l.1, b + i * l.2);
                }
                (a, b) = (a + row as isize * rows.1, b + row as isize * rows.2);
                // SAFETY: the caller's; each element of the target belongs to one task.
                unsafe { block::<T>(from.at(a), to.at(b), (stretch, rows.1, rows.2), columns) };
                at += stretch;
            }
        });
    }
}

/// Copies rows by columns, in squares that stay in the cache where the two sides run in different orders.
unsafe fn block<T: Copy>(from: *const T, to: *mut T, rows: (usize, isize, isize), columns: (usize, isize, isize)) {
    const SIDE: usize = 32;
    // SAFETY: the caller's.
    unsafe {
        if columns.1 == 1 && columns.2 == 1 {
            for i in 0..rows.0 as isize {
                std::ptr::copy_nonoverlapping(from.offset(i * rows.1), to.offset(i * rows.2), columns.0);
            }
            return;
        }
        for first in (0..rows.0).step_by(SIDE) {
            for start in (0..columns.0).step_by(SIDE) {
                for i in first..(first + SIDE).min(rows.0) {
                    let (a, b) = (from.offset(i as isize * rows.1), to.offset(i as isize * rows.2));
                    for j in start as isize..(start + SIDE).min(columns.0) as isize {
                        *b.offset(j * columns.2) = *a.offset(j * columns.1);
                    }
                }
            }
        }
    }
}

/// Common atoms of one axis.
fn common(a: &[Atom], b: &[Atom]) -> Option<Vec<(usize, isize, isize)>> {
    let reversed = |list: &[Atom]| list.iter().rev().copied().filter(|x| x.size != 1).collect::<Vec<_>>();
    let (mut a, mut b) = (reversed(a), reversed(b));
    let mut out = Vec::new();
    while let (Some(x), Some(y)) = (a.last_mut(), b.last_mut()) {
        let least = x.size.min(y.size);
        if least == 0 {
            return Some(vec![(0, 0, 0)]);
        }
        if x.size % least != 0 || y.size % least != 0 {
            return None;
        }
        (x.size, y.size) = (x.size / least, y.size / least);
        out.push((least, x.stride * x.size as isize, y.stride * y.size as isize));
        if x.size == 1 {
            a.pop();
        }
        if y.size == 1 {
            b.pop();
        }
    }
    (a.is_empty() && b.is_empty()).then_some(out)
}
