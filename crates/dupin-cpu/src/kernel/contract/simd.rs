//! Vectors of each instruction set behind one trait, so that the micro-kernel is written once.

/// A vector of `WIDTH` elements.
pub(super) trait Vector<T>: Copy {
    const WIDTH: usize;
    /// All zeros.
    ///
    /// # Safety
    /// The processor has the instruction set.
    unsafe fn zero() -> Self;
    /// All equal to `x`.
    ///
    /// # Safety
    /// The processor has the instruction set.
    unsafe fn splat(x: T) -> Self;
    /// All equal to `x`, rounded to the element type.
    ///
    /// # Safety
    /// The processor has the instruction set.
    unsafe fn constant(x: f64) -> Self;
    /// # Safety
    /// The processor has the instruction set; `p` points to `WIDTH` readable elements.
    unsafe fn load(p: *const T) -> Self;
    /// # Safety
    /// The processor has the instruction set; `p` points to `WIDTH` writable elements.
    unsafe fn store(self, p: *mut T);
    /// [`Vector::store`] past the caches, where the instruction set can; [`crate::kernel::stream::fence`] must follow.
    ///
    /// # Safety
    /// As [`Vector::store`], and `p` is a multiple of the vector's size.
    #[inline(always)]
    unsafe fn stream(self, p: *mut T) {
        // SAFETY: the caller's.
        unsafe { self.store(p) }
    }
    /// `x · y + self`, fused where the instruction set can.
    ///
    /// # Safety
    /// The processor has the instruction set.
    unsafe fn mul_add(self, x: Self, y: Self) -> Self;
    /// # Safety
    /// The processor has the instruction set.
    unsafe fn add(self, x: Self) -> Self;
}

/// The portable vector: 16 bytes, which every 64-bit target has registers for.
#[derive(Clone, Copy)]
pub(super) struct Portable<T, const W: usize>([T; W]);

macro_rules! portable {
    ($t:ty, $w:literal) => {
        impl Vector<$t> for Portable<$t, $w> {
            const WIDTH: usize = $w;
            #[inline(always)]
            unsafe fn zero() -> Self {
                Self([0.0; $w])
            }
            #[inline(always)]
            unsafe fn splat(x: $t) -> Self {
                Self([x; $w])
            }
            #[inline(always)]
            unsafe fn constant(x: f64) -> Self {
                Self([x as $t; $w])
            }
            #[inline(always)]
            unsafe fn load(p: *const $t) -> Self {
                // SAFETY: the caller vouches for WIDTH elements; an array has the alignment of its element.
                Self(unsafe { p.cast::<[$t; $w]>().read() })
            }
            #[inline(always)]
            unsafe fn store(self, p: *mut $t) {
                // SAFETY: as in `load`.
                unsafe { p.cast::<[$t; $w]>().write(self.0) }
            }
            #[inline(always)]
            unsafe fn mul_add(mut self, x: Self, y: Self) -> Self {
                for i in 0..$w {
                    self.0[i] += x.0[i] * y.0[i];
                }
                self
            }
            #[inline(always)]
            unsafe fn add(mut self, x: Self) -> Self {
                for i in 0..$w {
                    self.0[i] += x.0[i];
                }
                self
            }
        }
    };
}
portable!(f32, 4);
portable!(f64, 2);

/// Implements [`Vector`] for a type of `std::arch` from its intrinsics; the fused multiply-add is `|acc, x, y|`.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
macro_rules! intrinsic {
    ($v:ty, $t:ty, $w:literal, $zero:expr, $splat:ident, $load:ident, $store:ident, $fma:expr, $add:ident $(, $stream:ident)?) => {
        impl Vector<$t> for $v {
            const WIDTH: usize = $w;
            #[inline(always)]
            unsafe fn zero() -> Self {
                // SAFETY: the caller vouches for the instruction set.
                unsafe { $zero }
            }
            #[inline(always)]
            unsafe fn splat(x: $t) -> Self {
                // SAFETY: the caller vouches for the instruction set.
                unsafe { $splat(x) }
            }
            #[inline(always)]
            unsafe fn constant(x: f64) -> Self {
                // SAFETY: the caller vouches for the instruction set.
                unsafe { $splat(x as $t) }
            }
            #[inline(always)]
            unsafe fn load(p: *const $t) -> Self {
                // SAFETY: the caller vouches for the instruction set and for WIDTH elements; unaligned loads are used.
                unsafe { $load(p) }
            }
            #[inline(always)]
            unsafe fn store(self, p: *mut $t) {
                // SAFETY: as in `load`.
                unsafe { $store(p, self) }
            }
            $(#[inline(always)]
            unsafe fn stream(self, p: *mut $t) {
                // SAFETY: as in `load`; the caller vouches for the alignment.
                unsafe { $stream(p, self) }
            })?
            #[inline(always)]
            unsafe fn mul_add(self, x: Self, y: Self) -> Self {
                // SAFETY: the caller vouches for the instruction set.
                unsafe { $fma(self, x, y) }
            }
            #[inline(always)]
            unsafe fn add(self, x: Self) -> Self {
                // SAFETY: the caller vouches for the instruction set.
                unsafe { $add(self, x) }
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::Vector;
    #[allow(clippy::wildcard_imports, reason = "one name per vector type and operation")]
    use std::arch::x86_64::*;
    intrinsic!(
        __m256,
        f32,
        8,
        _mm256_setzero_ps(),
        _mm256_set1_ps,
        _mm256_loadu_ps,
        _mm256_storeu_ps,
        |acc, x, y| _mm256_fmadd_ps(x, y, acc),
        _mm256_add_ps,
        _mm256_stream_ps
    );
    intrinsic!(
        __m256d,
        f64,
        4,
        _mm256_setzero_pd(),
        _mm256_set1_pd,
        _mm256_loadu_pd,
        _mm256_storeu_pd,
        |acc, x, y| _mm256_fmadd_pd(x, y, acc),
        _mm256_add_pd,
        _mm256_stream_pd
    );
    intrinsic!(
        __m512,
        f32,
        16,
        _mm512_setzero_ps(),
        _mm512_set1_ps,
        _mm512_loadu_ps,
        _mm512_storeu_ps,
        |acc, x, y| _mm512_fmadd_ps(x, y, acc),
        _mm512_add_ps,
        _mm512_stream_ps
    );
    intrinsic!(
        __m512d,
        f64,
        8,
        _mm512_setzero_pd(),
        _mm512_set1_pd,
        _mm512_loadu_pd,
        _mm512_storeu_pd,
        |acc, x, y| _mm512_fmadd_pd(x, y, acc),
        _mm512_add_pd,
        _mm512_stream_pd
    );
}

#[cfg(target_arch = "aarch64")]
mod arm {
    use super::Vector;
    #[allow(clippy::wildcard_imports, reason = "one name per vector type and operation")]
    use std::arch::aarch64::*;
    intrinsic!(
        float32x4_t,
        f32,
        4,
        vdupq_n_f32(0.0),
        vdupq_n_f32,
        vld1q_f32,
        vst1q_f32,
        |acc, x, y| vfmaq_f32(acc, x, y),
        vaddq_f32
    );
    intrinsic!(
        float64x2_t,
        f64,
        2,
        vdupq_n_f64(0.0),
        vdupq_n_f64,
        vld1q_f64,
        vst1q_f64,
        |acc, x, y| vfmaq_f64(acc, x, y),
        vaddq_f64
    );
}
