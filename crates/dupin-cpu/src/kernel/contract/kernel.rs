//! The micro-kernel: a small tile of the result, kept in registers while the reduced index runs.
//!
//! It reads the left operand through two offset tables, `row[i] + reduced[k]`, one scalar at a time, and the right operand from a
//! packed panel, a full vector at a time. Scalars may come from anywhere at no extra cost, which is why a convolution needs no
//! im2col copy: the table of the reduced index walks the window.

use super::simd::Vector;
use super::winograd::Transforms;

/// Rows of the largest tile.
pub(super) const ROWS: usize = 6;
/// Vectors per row of the widest tile of any instruction set.
pub(super) const VECTORS: usize = 4;
/// Columns of the widest tile of any instruction set.
pub(super) const MAX_COLUMNS: usize = 64;

/// Rows and columns of a [`Square`].
pub(super) const SIDE: usize = 4;

/// Addresses that are read later: a square of cache lines, `down` and `across` bytes apart.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Square {
    pub(super) first: usize,
    pub(super) down: isize,
    pub(super) across: isize,
}

/// Operands of a run of tiles of equal size, one below the other.
pub(super) struct Tile<'a, T> {
    /// Number of tiles.
    pub(super) tiles: usize,
    /// Length of the reduced index.
    pub(super) depth: usize,
    /// Left operand's base.
    pub(super) a: *const T,
    /// Offsets of the tiles' rows from `a`.
    pub(super) rows: *const isize,
    /// Offsets of the reduced index from each row.
    pub(super) reduced: *const isize,
    /// Panel of the right operand: `depth` rows of the tile's columns.
    pub(super) b: *const T,
    /// Elements from one row of the panel to the next.
    pub(super) b_step: usize,
    /// Offsets of the vectors of columns from the first in a row of the panel, for a kernel whose vectors are [spread](Kernels::spread).
    pub(super) b_vectors: [isize; VECTORS],
    /// Result's base.
    pub(super) out: *mut T,
    /// Offsets of the tiles' rows from `out`.
    pub(super) out_rows: *const isize,
    /// Offsets of the vectors of columns from each row of the result.
    pub(super) out_vectors: [isize; VECTORS],
    /// Whether to add to the result.
    pub(super) add: bool,
    /// Squares that are fetched meanwhile, so many a tile.
    pub(super) ahead: &'a [Square],
    pub(super) each: usize,
}

/// A micro-kernel of a given tile size.
///
/// # Safety
/// The processor has the kernel's instruction set. With `R` rows and `C` columns: `rows` and `out_rows` hold `tiles · R` offsets and
/// `reduced` holds `depth`; `a + rows[i] + reduced[k]` is readable for each; `b + k · b_step` points to `C` readable elements, or, of a spread kernel, with each of
/// `b_vectors` added to those of a vector; each
/// `out + out_rows[i] + out_vectors[v]` to a vector's elements that are writable and, with `add`, initialised.
pub(super) type Kernel<T> = unsafe fn(&Tile<T>);

/// The micro-kernels of one instruction set: `[vectors per row − 1][rows − 1]`.
pub(super) struct Kernels<T: 'static> {
    /// Elements in a vector.
    pub(super) width: usize,
    /// Vectors per row in the widest tile.
    pub(super) vectors: usize,
    table: [[Kernel<T>; ROWS]; VECTORS],
    /// Those of the widest tile for a right operand whose vectors of columns lie apart.
    spread: [Kernel<T>; ROWS],
    /// Transforms of convolutions by patches.
    pub(super) transforms: Transforms<T>,
}

impl<T> Kernels<T> {
    /// Columns of the widest tile.
    pub(super) fn columns(&self) -> usize {
        self.width * self.vectors
    }

    /// [`Tile::out_vectors`] of columns that are neighbours.
    pub(super) fn neighbours(&self) -> [isize; VECTORS] {
        std::array::from_fn(|v| (v * self.width) as isize)
    }

    /// The kernel for `rows` by all columns of a panel whose vectors lie apart.
    pub(super) fn spread(&self, rows: usize) -> Kernel<T> {
        self.spread[rows - 1]
    }

    /// The kernel for `rows` by `columns`, which is a multiple of the width.
    pub(super) fn get(&self, rows: usize, columns: usize) -> Kernel<T> {
        self.table[columns / self.width - 1][rows - 1]
    }
}

/// Asks for a cache line; any address is allowed.
#[inline(always)]
pub(super) fn prefetch<T>(p: *const T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch is a hint that never faults, and every x86-64 processor has it.
    unsafe {
        std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(p.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = p;
}

/// Asks for the lines of a square, to be near in the second-level cache; any address is allowed.
#[inline(always)]
fn fetch(square: &Square) {
    for i in 0..SIDE as isize {
        for j in 0..SIDE as isize {
            let at = square.first.wrapping_add_signed(i * square.down + j * square.across);
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as in `prefetch`.
            unsafe {
                std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T1 }>(std::ptr::without_provenance(at));
            }
            #[cfg(not(target_arch = "x86_64"))]
            let _ = at;
        }
    }
}

#[inline(always)]
unsafe fn body<T: Copy, V: Vector<T>, const R: usize, const N: usize, const SPREAD: bool>(t: &Tile<T>) {
    // SAFETY: this is `Kernel`'s contract, with R rows of N vectors. Row pointers are formed by wrapping arithmetic because
    // only `row + reduced`, not each part, has to lie inside the buffer.
    unsafe {
        for tile in 0..t.tiles {
            let (rows, out_rows) = (t.rows.add(tile * R), t.out_rows.add(tile * R));
            let mut acc = [[V::zero(); N]; R];
            let mut row = [t.a; R];
            for i in 0..R {
                row[i] = t.a.wrapping_offset(*rows.add(i));
            }
            // The result's lines are needed last and are rarely near: fetch them while the sum runs.
            for i in 0..R {
                let out = t.out.wrapping_offset(*out_rows.add(i));
                prefetch(out);
                prefetch(out.wrapping_offset(t.out_vectors[N - 1]).wrapping_add(V::WIDTH - 1));
            }
            t.ahead.iter().skip(tile * t.each).take(t.each).for_each(fetch);
            let mut b = t.b;
            let vectors: [*const T; N] = std::array::from_fn(|v| b.wrapping_offset(t.b_vectors[v]));
            let mut at = 0;
            for k in 0..t.depth {
                let offset = *t.reduced.add(k);
                let mut panel = [V::zero(); N];
                for v in 0..N {
                    panel[v] = V::load(if SPREAD { vectors[v].wrapping_add(at) } else { b.add(v * V::WIDTH) });
                }
                for i in 0..R {
                    let x = V::splat(*row[i].wrapping_offset(offset));
                    for v in 0..N {
                        acc[i][v] = acc[i][v].mul_add(x, panel[v]);
                    }
                }
                if SPREAD {
                    at += t.b_step;
                } else {
                    b = b.wrapping_add(t.b_step);
                }
            }
            for i in 0..R {
                let out = t.out.wrapping_offset(*out_rows.add(i));
                for v in 0..N {
                    let p = out.wrapping_offset(t.out_vectors[v]);
                    let sum = if t.add { V::load(p).add(acc[i][v]) } else { acc[i][v] };
                    sum.store(p);
                }
            }
        }
    }
}

/// Instantiates [`body`] under a set of target features and names the table of the kernels.
macro_rules! kernels {
    ($module:ident, $t:ty, $v:ty, $vectors:literal, [$a:literal, $b:literal, $c:literal, $d:literal] $(, $feature:literal)?) => {
        pub(super) mod $module {
            use super::{Kernels, ROWS, Tile, VECTORS, Vector, body};
            $(#[target_feature(enable = $feature)])?
            unsafe fn tile<const R: usize, const N: usize, const SPREAD: bool>(t: &Tile<$t>) {
                // SAFETY: the contract is the same as `body`'s, and this function's features are those of its vectors.
                unsafe { body::<$t, $v, R, N, SPREAD>(t) }
            }
            const fn row<const N: usize, const S: bool>() -> [super::Kernel<$t>; ROWS] {
                [tile::<1, N, S>, tile::<2, N, S>, tile::<3, N, S>, tile::<4, N, S>, tile::<5, N, S>, tile::<6, N, S>]
            }
            const TABLE: [[super::Kernel<$t>; ROWS]; VECTORS] =
                [row::<$a, false>(), row::<$b, false>(), row::<$c, false>(), row::<$d, false>()];
            pub(in super::super) static KERNELS: Kernels<$t> =
                Kernels { width: <$v as Vector<$t>>::WIDTH, vectors: $vectors, table: TABLE, spread: row::<$d, true>(), transforms: crate::kernel::contract::winograd::$module::TRANSFORMS };
        }
    };
}

kernels!(portable_f32, f32, crate::kernel::contract::simd::Portable<f32, 4>, 2, [1, 2, 2, 2]);
kernels!(portable_f64, f64, crate::kernel::contract::simd::Portable<f64, 2>, 2, [1, 2, 2, 2]);
#[cfg(target_arch = "x86_64")]
kernels!(avx2_f32, f32, std::arch::x86_64::__m256, 2, [1, 2, 2, 2], "avx2,fma");
#[cfg(target_arch = "x86_64")]
kernels!(avx2_f64, f64, std::arch::x86_64::__m256d, 2, [1, 2, 2, 2], "avx2,fma");
#[cfg(target_arch = "x86_64")]
kernels!(avx512_f32, f32, std::arch::x86_64::__m512, 4, [1, 2, 3, 4], "avx512f");
#[cfg(target_arch = "x86_64")]
kernels!(avx512_f64, f64, std::arch::x86_64::__m512d, 4, [1, 2, 3, 4], "avx512f");
#[cfg(target_arch = "aarch64")]
kernels!(neon_f32, f32, std::arch::aarch64::float32x4_t, 4, [1, 2, 3, 4], "neon");
#[cfg(target_arch = "aarch64")]
kernels!(neon_f64, f64, std::arch::aarch64::float64x2_t, 4, [1, 2, 3, 4], "neon");
