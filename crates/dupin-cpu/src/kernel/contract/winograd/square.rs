//! The transforms in two dimensions: from elements in memory to points of the domain and back, for each instruction set.

use std::mem::MaybeUninit;

use super::super::kernel::prefetch;
use super::super::simd::Vector;
use super::transform::{
    A, AA, B, BB, Line, PATCH, POINTS, RESULTS, Subset, TAPS, cotangent, patch, patch_ends, patch_pair, results, window,
    window_cotangent,
};

/// Rows of vectors that a patch's points take for one vector of channels: one more than there are, so that no two evict each other.
pub(super) const STEP: usize = POINTS + 1;

/// How results are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Write {
    Set,
    /// To what is there.
    Add,
    /// Past the caches where the address allows; [`crate::kernel::stream::fence`] must follow.
    Stream,
}

/// One dimension after the other; `x[i][j]` by rows. Elements that `$given` leaves out are 0, points that `$wanted` does are not stored.
macro_rules! both {
    ($f:ident, $from:expr, $to:expr, $given:expr, $wanted:expr, $load:expr, $store:expr) => {{
        let mut half = [[V::zero(); $from]; $to];
        for j in 0..$from {
            if $given(1, j) {
                let column: [V; $from] = std::array::from_fn(|i| if $given(0, i) { $load(i, j) } else { V::zero() });
                let column = $f(column);
                for i in 0..$to {
                    half[i][j] = column[i];
                }
            }
        }
        for i in 0..$to {
            if $wanted(0, i) {
                let row = $f(half[i]);
                for j in 0..$to {
                    if $wanted(1, j) {
                        $store(i, j, row[j]);
                    }
                }
            }
        }
    }};
}

/// A patch's elements from `from`, in the domain: point `p` of the `v`-th vector of channels is row `STEP v + p` of `to`. The patch that lies
/// `ahead` is fetched.
///
/// Two columns of points at a time, which registers hold; the elements are read again, from the first-level cache.
#[inline(always)]
pub(super) unsafe fn patch_body<T: Copy, V: Vector<T>>(
    from: *const T,
    [down, across]: &[Line; 2],
    ahead: isize,
    channels: usize,
    to: *mut T,
    points: [Subset; 2],
) {
    // Outer elements matter at the ends alone.
    let inside = points[0].and(down.inside) == points[0] && points[1].and(across.inside) == points[1];
    // Two columns of the patch beside this one have just been read.
    let unread = if ahead == RESULTS as isize * across.step { TAPS - 1 } else { 0 };
    let mut padded = [const { MaybeUninit::<V>::uninit() }; POINTS];
    for v in 0..channels / V::WIDTH {
        let first = from.wrapping_offset(down.start + across.start).wrapping_add(v * V::WIDTH);
        let to = to.wrapping_add(v * STEP * V::WIDTH);
        for i in 0..PATCH {
            let row = first.wrapping_offset(ahead + i as isize * down.step);
            for j in unread..PATCH {
                prefetch(row.wrapping_offset(j as isize * across.step));
            }
        }
        // SAFETY: the caller vouches for the addresses and the instruction set.
        unsafe {
            let (first, steps) = if inside {
                (first, [down.step, across.step])
            } else {
                for i in 0..PATCH {
                    for j in 0..PATCH {
                        let at = first.wrapping_offset(i as isize * down.step + j as isize * across.step);
                        let given = down.inside.has(i) && across.inside.has(j);
                        padded[PATCH * i + j].write(if given { V::load(at) } else { V::zero() });
                    }
                }
                (padded.as_ptr().cast(), [(PATCH * V::WIDTH) as isize, V::WIDTH as isize])
            };
            let row = |i: usize| first.wrapping_offset(i as isize * steps[0]);
            let load = |row: *const T, j: usize| V::load(row.wrapping_offset(j as isize * steps[1]));
            let zero = V::zero();
            let mut half = [[zero; PATCH]; 2];
            macro_rules! columns {
                ($columns:expr, $f:expr) => {
                    for i in 0..PATCH {
                        if points[0].has_point(i) {
                            [half[0][i], half[1][i]] = $f(row(i));
                        }
                    }
                    for (column, j) in half.into_iter().zip($columns) {
                        if points[1].has_point(j) {
                            let column = patch(column);
                            for i in 0..PATCH {
                                if points[0].has_point(i) {
                                    column[i].store(to.wrapping_add((PATCH * i + j) * V::WIDTH));
                                }
                            }
                        }
                    }
                };
            }
            let inner = |row| [zero, load(row, 1), load(row, 2), load(row, 3), load(row, 4), zero];
            columns!([1, 2], |row| patch_pair(inner(row), A, BB));
            columns!([3, 4], |row| patch_pair(inner(row), B, AA));
            columns!([0, PATCH - 1], |row| {
                let mut d = inner(row);
                for j in [0, PATCH - 1] {
                    if points[1].has(j) {
                        d[j] = load(row, j);
                    }
                }
                patch_ends(d)
            });
        }
    }
}

/// A tile of cotangents from `from`, in the domain: value `p` of channel `c` goes to `to[p · plane + c]`. The tile that lies `ahead` is fetched.
#[inline(always)]
pub(super) unsafe fn cotangent_body<T: Copy, V: Vector<T>>(
    from: *const T,
    [down, across]: &[Line; 2],
    ahead: isize,
    channels: usize,
    to: *mut T,
    plane: usize,
    points: [Subset; 2],
) {
    let inside = [down.inside, across.inside];
    // SAFETY: the caller vouches for the addresses and the instruction set.
    unsafe {
        for c in (0..channels).step_by(V::WIDTH) {
            let first = from.wrapping_offset(down.start + across.start).wrapping_add(c);
            let load = |i: usize, j: usize| {
                let from = first.wrapping_offset(i as isize * down.step + j as isize * across.step);
                prefetch(from.wrapping_offset(ahead));
                V::load(from)
            };
            let store = |i: usize, j: usize, v: V| v.store(to.add((PATCH * i + j) * plane + c));
            both!(
                cotangent,
                RESULTS,
                PATCH,
                |dim: usize, i| inside[dim].has(i),
                |dim: usize, i| points[dim].has_point(i),
                load,
                store
            );
        }
    }
}

/// Results of a tile for one vector of columns, from `from[p · plane]`, to those positions from `to` that are inside.
#[inline(always)]
pub(super) unsafe fn results_body<T: Copy, V: Vector<T>>(
    from: *const T,
    plane: usize,
    points: [Subset; 2],
    to: *mut T,
    [down, across]: &[Line; 2],
    ahead: isize,
    write: Write,
) {
    let inside = [down.inside, across.inside];
    // SAFETY: the caller vouches for the addresses and the instruction set.
    unsafe {
        let first = to.wrapping_offset(down.start + across.start);
        let load = |i: usize, j: usize| V::load(from.add((PATCH * i + j) * plane));
        let store = |i: usize, j: usize, v: V| {
            let to = first.wrapping_offset(i as isize * down.step + j as isize * across.step);
            if write == Write::Stream && to.addr().is_multiple_of(size_of::<V>()) {
                return v.stream(to);
            }
            prefetch(to.wrapping_offset(ahead));
            if write == Write::Add { V::load(to).add(v).store(to) } else { v.store(to) }
        };
        both!(results, PATCH, RESULTS, |dim: usize, i| points[dim].has_point(i), |dim: usize, i| inside[dim].has(i), load, store);
    }
}

/// Transforms of a vector of windows: taps at `taps[(3 i + j) · WIDTH]`, value `p` to `to[p]` unless that is null.
#[inline(always)]
pub(super) unsafe fn window_body<T: Copy, V: Vector<T>>(taps: *const T, to: &[*mut T; POINTS]) {
    // SAFETY: the caller vouches for the addresses and the instruction set.
    unsafe {
        let load = |i: usize, j: usize| V::load(taps.add((TAPS * i + j) * V::WIDTH));
        let store = |i: usize, j: usize, v: V| {
            let to = to[PATCH * i + j];
            if !to.is_null() {
                v.store(to);
            }
        };
        both!(window, TAPS, PATCH, |_, _| true, |_, _| true, load, store);
    }
}

/// Windows' cotangents of a vector of columns: values at `from[p · plane]`, taps to `taps[(3 i + j) · WIDTH]`.
#[inline(always)]
pub(super) unsafe fn window_cotangent_body<T: Copy, V: Vector<T>>(
    from: *const T,
    plane: usize,
    points: [Subset; 2],
    taps: *mut T,
) {
    // SAFETY: the caller vouches for the addresses and the instruction set.
    unsafe {
        let load = |i: usize, j: usize| V::load(from.add((PATCH * i + j) * plane));
        let store = |i: usize, j: usize, v: V| v.store(taps.add((TAPS * i + j) * V::WIDTH));
        both!(window_cotangent, PATCH, TAPS, |dim: usize, i| points[dim].has_point(i), |_, _| true, load, store);
    }
}

type Patch<T> = unsafe fn(*const T, &[Line; 2], isize, usize, *mut T, [Subset; 2]);
type Results<T> = unsafe fn(*const T, usize, [Subset; 2], *mut T, &[Line; 2], isize, Write);
type Cotangent<T> = unsafe fn(*const T, &[Line; 2], isize, usize, *mut T, usize, [Subset; 2]);

/// The transforms of one instruction set; each as the body of its name, and only on a processor that has the set.
pub(crate) struct Transforms<T> {
    pub(super) patch: Patch<T>,
    pub(super) results: Results<T>,
    pub(super) cotangent: Cotangent<T>,
    pub(super) window: unsafe fn(*const T, &[*mut T; POINTS]),
    pub(super) window_cotangent: unsafe fn(*const T, usize, [Subset; 2], *mut T),
}

/// Instantiates the bodies under a set of target features.
macro_rules! transforms {
    ($module:ident, $t:ty, $v:ty $(, $feature:literal)?) => {
        pub(crate) mod $module {
            use super::{Line, POINTS, Subset, Transforms, Write};
            // SAFETY, for all: the contract is the body's, and these features are those of its vectors.
            $(#[target_feature(enable = $feature)])?
            unsafe fn patch(from: *const $t, lines: &[Line; 2], ahead: isize, channels: usize, to: *mut $t, points: [Subset; 2]) {
                // SAFETY: as above.
                unsafe { super::patch_body::<$t, $v>(from, lines, ahead, channels, to, points) }
            }
            $(#[target_feature(enable = $feature)])?
            unsafe fn results(
                from: *const $t,
                plane: usize,
                points: [Subset; 2],
                to: *mut $t,
                lines: &[Line; 2],
                ahead: isize,
                write: Write,
            ) {
                // SAFETY: as above.
                unsafe { super::results_body::<$t, $v>(from, plane, points, to, lines, ahead, write) }
            }
            $(#[target_feature(enable = $feature)])?
            unsafe fn cotangent(
                from: *const $t,
                lines: &[Line; 2],
                ahead: isize,
                channels: usize,
                to: *mut $t,
                plane: usize,
                points: [Subset; 2],
            ) {
                // SAFETY: as above.
                unsafe { super::cotangent_body::<$t, $v>(from, lines, ahead, channels, to, plane, points) }
            }
            $(#[target_feature(enable = $feature)])?
            unsafe fn window(taps: *const $t, to: &[*mut $t; POINTS]) {
                // SAFETY: as above.
                unsafe { super::window_body::<$t, $v>(taps, to) }
            }
            $(#[target_feature(enable = $feature)])?
            unsafe fn window_cotangent(from: *const $t, plane: usize, points: [Subset; 2], taps: *mut $t) {
                // SAFETY: as above.
                unsafe { super::window_cotangent_body::<$t, $v>(from, plane, points, taps) }
            }
            pub(crate) const TRANSFORMS: Transforms<$t> = Transforms { patch, results, cotangent, window, window_cotangent };
        }
    };
}

transforms!(portable_f32, f32, crate::kernel::contract::simd::Portable<f32, 4>);
transforms!(portable_f64, f64, crate::kernel::contract::simd::Portable<f64, 2>);
#[cfg(target_arch = "x86_64")]
transforms!(avx2_f32, f32, std::arch::x86_64::__m256, "avx2,fma");
#[cfg(target_arch = "x86_64")]
transforms!(avx2_f64, f64, std::arch::x86_64::__m256d, "avx2,fma");
#[cfg(target_arch = "x86_64")]
transforms!(avx512_f32, f32, std::arch::x86_64::__m512, "avx512f");
#[cfg(target_arch = "x86_64")]
transforms!(avx512_f64, f64, std::arch::x86_64::__m512d, "avx512f");
#[cfg(target_arch = "aarch64")]
transforms!(neon_f32, f32, std::arch::aarch64::float32x4_t, "neon");
#[cfg(target_arch = "aarch64")]
transforms!(neon_f64, f64, std::arch::aarch64::float64x2_t, "neon");
