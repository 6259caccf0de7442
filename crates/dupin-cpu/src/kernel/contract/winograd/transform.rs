//! The transforms of F(4x4, 3x3): patches, windows and cotangents to the domain where a convolution is a product, and back.
//!
//! A window of three taps over a patch of six gives four results: the coefficients of a product of polynomials, which is found from
//! its values at six points (Toom and Cook). With `p` the points 0, ±a, ±b and ∞ and `∘` the product value by value
//!
//! ```text
//! results   y  = Aᵀ (G w ∘ Bᵀ d)     4 of a window w over a patch d
//! cotangent of w: Gᵀ (A ȳ ∘ Bᵀ d)    3, with the same patch
//! ```
//!
//! where `A` and `G` take values of polynomials at the points and `Bᵀ` interpolates; two dimensions do so one after the other.
//!
//! # Accuracy
//! `a = 3/4`, `b = 3/2`: the squares and products that `Bᵀ` and `A` hold are exact in binary and near one another in size. With 64
//! channels of normal values in `f32` the root-mean-square error is 2.0 times the direct sum's forward and 1.5 times for weight
//! gradients; the points 1 and 2 that are usual give 4.5 and 2.7. The points are compared in Barabasz, Anderson, Soodhalter & Gregg
//! (2020), "Error analysis and improving the accuracy of Winograd convolution for deep neural networks".

use std::mem::MaybeUninit;

use super::super::kernel::prefetch;
use super::super::simd::Vector;

/// Results of a tile in one dimension.
pub(crate) const RESULTS: usize = 4;
/// Taps of a window in one dimension.
pub(crate) const TAPS: usize = 3;
/// Elements of a patch in one dimension.
pub(crate) const PATCH: usize = RESULTS + TAPS - 1;
/// Products of a tile.
pub(crate) const POINTS: usize = PATCH * PATCH;

/// Rows of vectors that a patch's points take for one vector of channels: one more than there are, so that no two evict each other.
pub(super) const STEP: usize = POINTS + 1;

/// Some of a dimension's points or elements, a bit each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Subset(pub(super) u8);

impl Subset {
    /// The points that every window has values at; one without its first tap is 0 at 0, one without its last at ∞.
    pub(super) const FINITE: Self = Self(0b011110);

    /// All below `end` from `start` on.
    pub(super) fn range(start: usize, end: usize) -> Self {
        Self((start..end).fold(0, |bits, i| bits | 1 << i))
    }

    #[inline(always)]
    pub(super) fn has(self, i: usize) -> bool {
        self.0 >> i & 1 == 1
    }

    /// The same where it is known to hold all finite points.
    #[inline(always)]
    fn has_point(self, i: usize) -> bool {
        Self::FINITE.has(i) || self.has(i)
    }

    #[inline(always)]
    fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(super) fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) fn count(self) -> usize {
        self.0.count_ones() as usize
    }
}

/// Evenly spaced elements of a dimension: where the first lies, how far apart they are, and which are inside the map.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line {
    pub(super) start: isize,
    pub(super) step: isize,
    pub(super) inside: Subset,
}

/// The finite points beside 0: ±`A` and ±`B`, by their squares.
const A: f64 = 0.75;
const B: f64 = 1.5;
const AA: f64 = A * A;
const BB: f64 = B * B;
/// What the interpolating polynomials take at their own points.
const AT_ZERO: f64 = AA * BB;
const AT_A: f64 = 2.0 * AA * (AA - BB);
const AT_B: f64 = 2.0 * BB * (BB - AA);

/// `Bᵀ d` at 0 and ∞.
#[inline(always)]
unsafe fn patch_ends<T, V: Vector<T>>(d: [V; PATCH]) -> [V; 2] {
    // SAFETY: the caller vouches for the instruction set.
    unsafe {
        let (minus_sum, product) = (V::constant(-(AA + BB)), V::constant(AT_ZERO));
        [d[4].mul_add(d[2], minus_sum).mul_add(d[0], product), d[5].mul_add(d[3], minus_sum).mul_add(d[1], product)]
    }
}

/// `Bᵀ d` at ±`p`, of which the other pair has the square `other`.
#[inline(always)]
unsafe fn patch_pair<T, V: Vector<T>>(d: [V; PATCH], p: f64, other: f64) -> [V; 2] {
    // SAFETY: the caller vouches for the instruction set.
    unsafe {
        let minus = V::constant(-other);
        let (even, odd) = (d[4].mul_add(d[2], minus), d[3].mul_add(d[1], minus));
        [even.mul_add(odd, V::constant(p)), even.mul_add(odd, V::constant(-p))]
    }
}

/// `Bᵀ d`.
#[inline(always)]
unsafe fn patch<T, V: Vector<T>>(d: [V; PATCH]) -> [V; PATCH] {
    // SAFETY: the caller vouches for the instruction set.
    unsafe {
        let ([zero, infinity], [a0, a1], [b0, b1]) = (patch_ends(d), patch_pair(d, A, BB), patch_pair(d, B, AA));
        [zero, a0, a1, b0, b1, infinity]
    }
}

/// `Aᵀ m`.
#[inline(always)]
unsafe fn results<T, V: Vector<T>>(m: [V; PATCH]) -> [V; RESULTS] {
    // SAFETY: the caller vouches for the instruction set.
    unsafe {
        let c = |x: f64| V::constant(x);
        let (sum_a, sum_b) = (m[1].add(m[2]), m[3].add(m[4]));
        let (difference_a, difference_b) = (m[1].mul_add(m[2], c(-1.0)), m[3].mul_add(m[4], c(-1.0)));
        let weigh = |x: V, a: f64, y: V, b: f64| V::zero().mul_add(x, c(a)).mul_add(y, c(b));
        [
            m[0].add(sum_a).add(sum_b),
            weigh(difference_a, A, difference_b, B),
            weigh(sum_a, AA, sum_b, BB),
            m[5].mul_add(difference_a, c(A * AA)).mul_add(difference_b, c(B * BB)),
        ]
    }
}

/// `A ȳ`.
#[inline(always)]
unsafe fn cotangent<T, V: Vector<T>>(y: [V; RESULTS]) -> [V; PATCH] {
    // SAFETY: the caller vouches for the instruction set.
    unsafe {
        let c = |x: f64| V::constant(x);
        let pair = |p: f64| (y[0].mul_add(y[2], c(p * p)), y[1].mul_add(y[3], c(p * p)));
        let ((even_a, odd_a), (even_b, odd_b)) = (pair(A), pair(B));
        [
            y[0],
            even_a.mul_add(odd_a, c(A)),
            even_a.mul_add(odd_a, c(-A)),
            even_b.mul_add(odd_b, c(B)),
            even_b.mul_add(odd_b, c(-B)),
            y[3],
        ]
    }
}

/// `G w`.
#[inline(always)]
unsafe fn window<T, V: Vector<T>>(w: [V; TAPS]) -> [V; PATCH] {
    // SAFETY: the caller vouches for the instruction set.
    unsafe {
        let scaled = |x: V, s: f64| V::zero().mul_add(x, V::constant(s));
        let pair = |p: f64, at: f64| {
            let even = scaled(w[0], 1.0 / at).mul_add(w[2], V::constant(p * p / at));
            [even.mul_add(w[1], V::constant(p / at)), even.mul_add(w[1], V::constant(-p / at))]
        };
        let ([a0, a1], [b0, b1]) = (pair(A, AT_A), pair(B, AT_B));
        [scaled(w[0], 1.0 / AT_ZERO), a0, a1, b0, b1, w[2]]
    }
}

/// `Gᵀ m`.
#[inline(always)]
unsafe fn window_cotangent<T, V: Vector<T>>(m: [V; PATCH]) -> [V; TAPS] {
    // SAFETY: the caller vouches for the instruction set.
    unsafe {
        let c = |x: f64| V::constant(x);
        let (sum_a, sum_b) = (m[1].add(m[2]), m[3].add(m[4]));
        let (difference_a, difference_b) = (m[1].mul_add(m[2], c(-1.0)), m[3].mul_add(m[4], c(-1.0)));
        [
            V::zero().mul_add(m[0], c(1.0 / AT_ZERO)).mul_add(sum_a, c(1.0 / AT_A)).mul_add(sum_b, c(1.0 / AT_B)),
            V::zero().mul_add(difference_a, c(A / AT_A)).mul_add(difference_b, c(B / AT_B)),
            m[5].mul_add(sum_a, c(AA / AT_A)).mul_add(sum_b, c(BB / AT_B)),
        ]
    }
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
    let mut padded = [const { MaybeUninit::<V>::uninit() }; POINTS];
    for v in 0..channels / V::WIDTH {
        let first = from.wrapping_offset(down.start + across.start).wrapping_add(v * V::WIDTH);
        let to = to.wrapping_add(v * STEP * V::WIDTH);
        for i in 0..PATCH {
            let row = first.wrapping_offset(ahead + i as isize * down.step);
            // The others of the next patch are mostly this one's.
            for j in TAPS - 1..PATCH {
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
    add: bool,
) {
    let inside = [down.inside, across.inside];
    // SAFETY: the caller vouches for the addresses and the instruction set.
    unsafe {
        let first = to.wrapping_offset(down.start + across.start);
        let load = |i: usize, j: usize| V::load(from.add((PATCH * i + j) * plane));
        let store = |i: usize, j: usize, v: V| {
            let to = first.wrapping_offset(i as isize * down.step + j as isize * across.step);
            prefetch(to.wrapping_offset(ahead));
            if add { V::load(to).add(v).store(to) } else { v.store(to) }
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
type Results<T> = unsafe fn(*const T, usize, [Subset; 2], *mut T, &[Line; 2], isize, bool);
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
            use super::{Line, POINTS, Subset, Transforms};
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
                add: bool,
            ) {
                // SAFETY: as above.
                unsafe { super::results_body::<$t, $v>(from, plane, points, to, lines, ahead, add) }
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
