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

/// The finite points beside 0: ±`A` and ±`B`, by their squares.
const A: f64 = 0.75;
const B: f64 = 1.5;
const AA: f64 = A * A;
const BB: f64 = B * B;
/// What the interpolating polynomials take at their own points.
const AT_ZERO: f64 = AA * BB;
const AT_A: f64 = 2.0 * AA * (AA - BB);
const AT_B: f64 = 2.0 * BB * (BB - AA);

/// `Bᵀ d`.
#[inline(always)]
unsafe fn patch<T, V: Vector<T>>(d: [V; PATCH]) -> [V; PATCH] {
    // SAFETY: the caller vouches for the instruction set.
    unsafe {
        let c = |x: f64| V::constant(x);
        let (minus_aa, minus_bb, minus_sum, product) = (c(-AA), c(-BB), c(-(AA + BB)), c(AT_ZERO));
        let (even_a, odd_a) = (d[4].mul_add(d[2], minus_bb), d[3].mul_add(d[1], minus_bb));
        let (even_b, odd_b) = (d[4].mul_add(d[2], minus_aa), d[3].mul_add(d[1], minus_aa));
        [
            d[4].mul_add(d[2], minus_sum).mul_add(d[0], product),
            even_a.mul_add(odd_a, c(A)),
            even_a.mul_add(odd_a, c(-A)),
            even_b.mul_add(odd_b, c(B)),
            even_b.mul_add(odd_b, c(-B)),
            d[5].mul_add(d[3], minus_sum).mul_add(d[1], product),
        ]
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

/// One dimension after the other; `x[i][j]` by rows.
macro_rules! both {
    ($f:ident, $from:expr, $to:expr, $load:expr, $store:expr) => {{
        let mut half = [[V::zero(); $from]; $to];
        for j in 0..$from {
            let column: [V; $from] = std::array::from_fn(|i| $load(i, j));
            let column = $f(column);
            for i in 0..$to {
                half[i][j] = column[i];
            }
        }
        for i in 0..$to {
            let row = $f(half[i]);
            for j in 0..$to {
                $store(i, j, row[j]);
            }
        }
    }};
}

/// Transforms the channels of a square of elements: `at[N i + j]` points to those of element (i, j), `ahead` further are those of the next
/// square; value `p` of channel `c` goes to `to[p · plane + c]`.
macro_rules! channels {
    ($f:ident, $from:expr, $at:ident, $ahead:ident, $channels:ident, $to:ident, $plane:ident) => {
        for c in (0..$channels).step_by(V::WIDTH) {
            let load = |i: usize, j: usize| {
                let from = $at[$from * i + j].add(c);
                prefetch(from.wrapping_offset($ahead));
                V::load(from)
            };
            let store = |i: usize, j: usize, v: V| v.store($to.add((PATCH * i + j) * $plane + c));
            both!($f, $from, PATCH, load, store);
        }
    };
}

/// A patch in the domain, as `channels` lays it out.
#[inline(always)]
pub(super) unsafe fn patch_body<T: Copy, V: Vector<T>>(
    at: &[*const T; POINTS],
    ahead: isize,
    channels: usize,
    to: *mut T,
    plane: usize,
) {
    // SAFETY: the caller vouches for the addresses and the instruction set.
    unsafe { channels!(patch, PATCH, at, ahead, channels, to, plane) }
}

/// A tile of cotangents in the domain, as `channels` lays it out.
#[inline(always)]
pub(super) unsafe fn cotangent_body<T: Copy, V: Vector<T>>(
    at: &[*const T; RESULTS * RESULTS],
    ahead: isize,
    channels: usize,
    to: *mut T,
    plane: usize,
) {
    // SAFETY: the caller vouches for the addresses and the instruction set.
    unsafe { channels!(cotangent, RESULTS, at, ahead, channels, to, plane) }
}

/// Results of a tile for one vector of columns, from `from[p · plane]`; those whose address is null are left out.
#[inline(always)]
pub(super) unsafe fn results_body<T: Copy, V: Vector<T>>(
    from: *const T,
    plane: usize,
    at: &[*mut T; RESULTS * RESULTS],
    ahead: isize,
    shift: isize,
    add: bool,
) {
    // SAFETY: the caller vouches for the addresses and the instruction set.
    unsafe {
        let load = |i: usize, j: usize| V::load(from.add((PATCH * i + j) * plane));
        let store = |i: usize, j: usize, v: V| {
            let to = at[RESULTS * i + j];
            if !to.is_null() {
                let to = to.wrapping_offset(shift);
                prefetch(to.wrapping_offset(ahead));
                if add { V::load(to).add(v).store(to) } else { v.store(to) }
            }
        };
        both!(results, PATCH, RESULTS, load, store);
    }
}

/// Transforms of a vector of windows: taps at `taps[(3 i + j) · WIDTH]`, value `p` to `to[p · plane]`.
#[inline(always)]
pub(super) unsafe fn window_body<T: Copy, V: Vector<T>>(taps: *const T, to: *mut T, plane: usize) {
    // SAFETY: the caller vouches for the addresses and the instruction set.
    unsafe {
        let load = |i: usize, j: usize| V::load(taps.add((TAPS * i + j) * V::WIDTH));
        let store = |i: usize, j: usize, v: V| v.store(to.add((PATCH * i + j) * plane));
        both!(window, TAPS, PATCH, load, store);
    }
}

/// Windows' cotangents of a vector of columns: values at `from[p · plane]`, taps to `taps[(3 i + j) · WIDTH]`.
#[inline(always)]
pub(super) unsafe fn window_cotangent_body<T: Copy, V: Vector<T>>(from: *const T, plane: usize, taps: *mut T) {
    // SAFETY: the caller vouches for the addresses and the instruction set.
    unsafe {
        let load = |i: usize, j: usize| V::load(from.add((PATCH * i + j) * plane));
        let store = |i: usize, j: usize, v: V| v.store(taps.add((TAPS * i + j) * V::WIDTH));
        both!(window_cotangent, PATCH, TAPS, load, store);
    }
}

/// The transforms of one instruction set; each as the body of its name, and only on a processor that has the set.
pub(crate) struct Transforms<T> {
    pub(super) patch: unsafe fn(&[*const T; POINTS], isize, usize, *mut T, usize),
    pub(super) results: unsafe fn(*const T, usize, &[*mut T; RESULTS * RESULTS], isize, isize, bool),
    pub(super) cotangent: unsafe fn(&[*const T; RESULTS * RESULTS], isize, usize, *mut T, usize),
    pub(super) window: unsafe fn(*const T, *mut T, usize),
    pub(super) window_cotangent: unsafe fn(*const T, usize, *mut T),
}

/// Instantiates the bodies under a set of target features.
macro_rules! transforms {
    ($module:ident, $t:ty, $v:ty $(, $feature:literal)?) => {
        pub(crate) mod $module {
            use super::{POINTS, RESULTS, Transforms};
            // SAFETY, for all: the contract is the body's, and these features are those of its vectors.
            $(#[target_feature(enable = $feature)])?
            unsafe fn patch(at: &[*const $t; POINTS], ahead: isize, channels: usize, to: *mut $t, plane: usize) {
                // SAFETY: as above.
                unsafe { super::patch_body::<$t, $v>(at, ahead, channels, to, plane) }
            }
            $(#[target_feature(enable = $feature)])?
            unsafe fn results(from: *const $t, plane: usize, at: &[*mut $t; RESULTS * RESULTS], ahead: isize, shift: isize, add: bool) {
                // SAFETY: as above.
                unsafe { super::results_body::<$t, $v>(from, plane, at, ahead, shift, add) }
            }
            $(#[target_feature(enable = $feature)])?
            unsafe fn cotangent(at: &[*const $t; RESULTS * RESULTS], ahead: isize, channels: usize, to: *mut $t, plane: usize) {
                // SAFETY: as above.
                unsafe { super::cotangent_body::<$t, $v>(at, ahead, channels, to, plane) }
            }
            $(#[target_feature(enable = $feature)])?
            unsafe fn window(taps: *const $t, to: *mut $t, plane: usize) {
                // SAFETY: as above.
                unsafe { super::window_body::<$t, $v>(taps, to, plane) }
            }
            $(#[target_feature(enable = $feature)])?
            unsafe fn window_cotangent(from: *const $t, plane: usize, taps: *mut $t) {
                // SAFETY: as above.
                unsafe { super::window_cotangent_body::<$t, $v>(from, plane, taps) }
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
