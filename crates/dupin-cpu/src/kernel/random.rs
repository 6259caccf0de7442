//! Random numbers: many counters of Threefry side by side, compiled for each instruction set. Bits are those of [`Distribution::draw`].

use dupin_ir::DType;
use dupin_ir::prim::rng::{Distribution, threefry2x32_lanes};

use super::elementwise::Scalar;

/// Counters of a block: one vector register of AVX-512 for each of the two words, two of AVX2.
const LANES: usize = 16;

/// Elements `first..` of the stream of `key`.
pub(super) fn fill<T: Scalar>(distribution: Distribution, key: [u32; 2], first: usize, dtype: DType, out: &mut [T]) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::is_x86_feature_detected as has;
        if has!("avx512f") && has!("avx512vl") && has!("avx512dq") && has!("avx512bw") {
            // SAFETY: the features are there.
            return unsafe { avx512(distribution, key, first, dtype, out) };
        }
        if has!("avx2") {
            // SAFETY: the feature is there.
            return unsafe { avx2(distribution, key, first, dtype, out) };
        }
    }
    body(distribution, key, first, dtype, out);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn avx2<T: Scalar>(distribution: Distribution, key: [u32; 2], first: usize, dtype: DType, out: &mut [T]) {
    body(distribution, key, first, dtype, out);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw")]
fn avx512<T: Scalar>(distribution: Distribution, key: [u32; 2], first: usize, dtype: DType, out: &mut [T]) {
    body(distribution, key, first, dtype, out);
}

/// The distribution is known in each loop, so that nothing is decided for single elements.
#[inline(always)]
fn body<T: Scalar>(distribution: Distribution, key: [u32; 2], first: usize, dtype: DType, out: &mut [T]) {
    match distribution {
        Distribution::Uniform if dtype == DType::F32 => {
            blocks(key, first, out, |bits| Distribution::Uniform.number(bits, DType::F32));
        }
        Distribution::Uniform => blocks(key, first, out, |bits| Distribution::Uniform.number(bits, DType::F64)),
        Distribution::Rademacher => blocks(key, first, out, |bits| Distribution::Rademacher.number(bits, DType::F64)),
        Distribution::Normal => blocks(key, first, out, |bits| Distribution::Normal.number(bits, DType::F64)),
    }
}

#[inline(always)]
fn blocks<T: Scalar>(key: [u32; 2], first: usize, out: &mut [T], number: impl Fn([u32; 2]) -> f64) {
    for (block, out) in out.chunks_mut(LANES).enumerate() {
        let start = (first + block * LANES) as u64;
        let (mut low, mut high) = ([0; LANES], [0; LANES]);
        for i in 0..LANES {
            let counter = start + i as u64;
            (low[i], high[i]) = (counter as u32, (counter >> 32) as u32);
        }
        let [a, b] = threefry2x32_lanes(key, [low, high]);
        for (i, y) in out.iter_mut().enumerate() {
            *y = T::from_f64(number([a[i], b[i]]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bit for bit the elements that the primitive defines, from any start, across the counter's second word, of any length.
    #[test]
    fn numbers_are_those_of_the_primitive() {
        for distribution in [Distribution::Uniform, Distribution::Normal, Distribution::Rademacher] {
            for first in [0, 5, (1 << 32) - 7] {
                let (mut single, mut double) = ([0_f32; 37], [0_f64; 37]);
                fill(distribution, [7, 1 << 31], first, DType::F32, &mut single);
                fill(distribution, [7, 1 << 31], first, DType::F64, &mut double);
                for i in 0..37 {
                    let index = (first + i) as u64;
                    assert_eq!(single[i], distribution.draw([7, 1 << 31], index, DType::F32) as f32, "{distribution:?} {index}");
                    assert_eq!(double[i], distribution.draw([7, 1 << 31], index, DType::F64), "{distribution:?} {index}");
                }
            }
        }
    }
}
