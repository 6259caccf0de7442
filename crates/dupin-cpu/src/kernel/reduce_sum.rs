//! Sums over the middle of `[outer, reduced, inner]` where rows of `inner` elements are too long to accumulate whole: each task sums a
//! stretch of columns over all rows, in `f64`.

use super::elementwise::Scalar;
use super::memory::{Address, share};

/// Columns of a task.
const STRETCH: usize = 512;

/// Sums `from` into `to`.
///
/// # Safety
/// The addresses are those of storages of these sizes; nothing else touches the target meanwhile.
pub(crate) unsafe fn columns<T: Scalar, S: Send>(extents: [usize; 3], from: Address, to: Address, scratch: &mut [S]) {
    let [outer, reduced, inner] = extents;
    let stretches = inner.div_ceil(STRETCH);
    share(outer * stretches, scratch, |task, _| {
        let (o, first) = (task / stretches, task % stretches * STRETCH);
        let n = STRETCH.min(inner - first);
        let mut sums = [0.0; STRETCH];
        for r in 0..reduced {
            // SAFETY: the caller's.
            let row = unsafe { from.slice::<T>((o * reduced + r) * inner + first, n) };
            sums.iter_mut().zip(row).for_each(|(s, x)| *s += x.to_f64());
        }
        // SAFETY: the caller's; each stretch belongs to one task.
        let out = unsafe { to.slice_mut::<T>(o * inner + first, n) };
        out.iter_mut().zip(&sums).for_each(|(y, &s)| *y = T::from_f64(s));
    });
}
