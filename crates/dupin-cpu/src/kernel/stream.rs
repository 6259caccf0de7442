//! Writes past the caches, and reads ahead of use.
//!
//! A store to memory that no cache holds first reads the line that it overwrites. A result larger than the last-level cache is gone from it
//! before anybody reads it: written past the caches, it costs one trip to memory instead of two. Where a processor has no such
//! stores, ordinary ones are used; the values are the same.

/// Bytes from which a result is written past the caches: more than most last-level caches keep.
pub(crate) const STREAM_BYTES: usize = 32 << 20;

/// Makes earlier streamed writes of this thread visible before its later writes, which hand the result to other threads.
pub(crate) fn fence() {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: every x86-64 processor has the instruction, and it touches no memory.
    unsafe {
        std::arch::x86_64::_mm_sfence();
    }
}

/// Asks the second-level cache for the lines of `bytes` from an address, which may be any.
#[inline(always)]
pub(crate) fn ahead(from: *const u8, bytes: usize) {
    #[cfg(target_arch = "x86_64")]
    for at in (0..bytes).step_by(64) {
        // SAFETY: a prefetch is a hint that never faults, and every x86-64 processor has it.
        unsafe {
            std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T1 }>(from.wrapping_add(at).cast());
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (from, bytes);
}

/// Copies past the caches; [`fence`] must follow.
#[inline(always)]
pub(crate) fn copy(from: &[u8], to: &mut [u8]) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{__m128i, _mm_loadu_si128, _mm_stream_si128};
        const LINE: usize = 64;
        let head = to.as_ptr().align_offset(LINE).min(to.len());
        let lines = (to.len() - head) / LINE * LINE;
        to[..head].copy_from_slice(&from[..head]);
        for at in (head..head + lines).step_by(size_of::<__m128i>()) {
            // SAFETY: the 16 bytes lie inside both slices, and `head` makes the target's address a multiple of 16; every x86-64
            // processor has the instructions.
            unsafe {
                let v = _mm_loadu_si128(from[at..].as_ptr().cast());
                _mm_stream_si128(to[at..].as_mut_ptr().cast(), v);
            }
        }
        to[head + lines..].copy_from_slice(&from[head + lines..]);
    }
    #[cfg(not(target_arch = "x86_64"))]
    to.copy_from_slice(from);
}

#[cfg(test)]
mod tests {
    use super::{copy, fence};

    #[test]
    fn copies_of_any_length_at_any_address() {
        let from: Vec<u8> = (0..=255).cycle().take(600).collect();
        for start in 0..70 {
            for len in [0, 1, 15, 16, 63, 64, 65, 127, 128, 500] {
                let mut to = vec![7; 600];
                copy(&from[start / 2..][..len], &mut to[start..start + len]);
                fence();
                assert_eq!(to[start..start + len], from[start / 2..][..len]);
                assert!(to[..start].iter().chain(&to[start + len..]).all(|&x| x == 7), "wrote outside: {start}, {len}");
            }
        }
    }
}
