//! Copies into scratch: the part of an image that a task reads, and panels of the right operand.

use super::kernel::ROWS;
use super::kernel::prefetch;
use super::phase::Space;
use super::problem::Axis;

/// Fills `to` with the offsets of consecutive flat indices, from `start`, over `axes` (the last runs fastest).
pub(super) fn offsets(axes: &[Axis], stride: impl Fn(&Axis) -> isize, start: usize, to: &mut [isize]) {
    let Some((last, outer)) = axes.split_last() else {
        to.fill(0);
        return;
    };
    let step = stride(last);
    let mut at = start;
    let mut filled = 0;
    while filled < to.len() {
        let run = (last.size - at % last.size).min(to.len() - filled);
        let base = offset(outer, &stride, at / last.size) + (at % last.size) as isize * step;
        for (i, slot) in to[filled..filled + run].iter_mut().enumerate() {
            *slot = base + i as isize * step;
        }
        filled += run;
        at += run;
    }
}

/// Offset of one flat index over `axes`.
pub(super) fn offset(axes: &[Axis], stride: impl Fn(&Axis) -> isize, mut index: usize) -> isize {
    let mut total = 0;
    for axis in axes.iter().rev() {
        total += (index % axis.size) as isize * stride(axis);
        index /= axis.size;
    }
    total
}

/// Whether the offsets form one run of consecutive elements.
pub(super) fn contiguous(offsets: &[isize]) -> bool {
    offsets.windows(2).all(|w| w[1] == w[0] + 1)
}

/// Strides of an image copied into scratch: `[batch][height][width][feature]`, or, with `panels`,
/// `[panel][feature][height][width % fold][width / fold][lane]`.
///
/// A panel holds the batch indices of one tile, so that a tile reads one dense stretch; `fold` is the distance between the window's
/// columns, whose elements thereby lie side by side too.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Layout {
    pub(super) panels: bool,
    pub(super) batch: usize,
    pub(super) feature: usize,
    pub(super) height: usize,
    /// Distance of columns `fold` apart.
    pub(super) width: usize,
    pub(super) fold: usize,
    /// Distance of neighbouring columns, if `fold > 1`.
    pub(super) residue: usize,
}

impl Layout {
    /// The layout of a box of the given sizes, and the elements it takes.
    pub(super) fn new(panels: bool, batch: usize, feature: usize, [height, width]: [usize; 2], fold: usize) -> (Self, usize) {
        if panels {
            let lane = if aligned(batch) { ROWS } else { batch };
            let residue = width.div_ceil(fold) * lane;
            let row = residue * fold;
            let size = feature * height * row;
            let layout = Self { panels, batch: size, feature: height * row, height: row, width: lane, fold, residue };
            (layout, tiles(batch) * size)
        } else {
            // Rows an odd number of cache lines apart do not evict each other.
            let size = height * width * feature;
            let step = if size >= 64 { size.next_multiple_of(32) + 16 } else { size };
            let layout = Self { panels, batch: step, feature: 1, height: width * feature, width: feature, fold: 1, residue: 0 };
            (layout, batch * step)
        }
    }

    /// Offset of batch index `p` of `batch` within the box.
    pub(super) fn batch_offset(&self, p: usize, batch: usize) -> usize {
        if !self.panels {
            return p * self.batch;
        }
        let count = tiles(batch);
        // Panel i begins at ⌊batch · i / count⌋, so p lies in the last panel that begins at or before it.
        let panel = ((p + 1) * count - 1) / batch;
        panel * self.batch + p - batch * panel / count
    }

    /// Offset of a column within its row.
    pub(super) fn column_offset(&self, column: usize) -> usize {
        column % self.fold * self.residue + column / self.fold * self.width
    }
}

/// Whether tiles of batch-contiguous rows keep to one position each, which needs enough rows to fill them.
fn aligned(batch: usize) -> bool {
    batch >= 8 || batch == ROWS
}

/// Batch indices of one panel.
pub(super) fn panel_range(batch: usize, panel: usize) -> std::ops::Range<usize> {
    let count = tiles(batch);
    batch * panel / count..batch * (panel + 1) / count
}

/// Panels of a block's batch.
pub(super) fn tiles(batch: usize) -> usize {
    if aligned(batch) { batch.div_ceil(ROWS) } else { 1 }
}

/// The part of an image to copy: batch and feature offsets in the source and the window of positions, which may lie outside.
pub(super) struct Region<'a> {
    pub(super) batch: &'a [isize],
    pub(super) feature: &'a [isize],
    pub(super) space: &'a [Space; 2],
    /// First position and number of positions, height then width.
    pub(super) height: (isize, usize),
    pub(super) width: (isize, usize),
}

/// Copies a region into scratch, zeros where it lies outside the image.
///
/// # Safety
/// `from` plus any batch, feature and inside position's offset is readable; `to` has the layout's size.
pub(super) unsafe fn copy_region<T: Copy + Default>(from: *const T, region: &Region<'_>, layout: &Layout, to: *mut T) {
    let [h, w] = region.space;
    let (left, cols) = region.width;
    // Columns inside the image, relative to the region.
    let inside = |start: isize, size: usize, input: usize| {
        let low = (-start).clamp(0, size as isize) as usize;
        let high = (input as isize - start).clamp(low as isize, size as isize) as usize;
        low..high
    };
    let cols_in = inside(left, cols, w.input);
    let rows_in = inside(region.height.0, region.height.1, h.input);
    let first = (left + cols_in.start as isize) * w.a;
    // SAFETY: every source offset is one of batch + feature + inside position, every target one of the layout's; the caller vouches
    // for both.
    unsafe {
        for row in 0..region.height.1 {
            let target = to.add(row * layout.height);
            let source = if rows_in.contains(&row) {
                Some(from.wrapping_offset((region.height.0 + row as isize) * h.a + first))
            } else {
                None
            };
            if layout.panels {
                copy_row_panels(source, region, layout, (cols, &cols_in), target);
            } else {
                copy_row(source, region, layout, (cols, &cols_in), target);
            }
        }
    }
}

/// One image row, features innermost.
unsafe fn copy_row<T: Copy + Default>(
    source: Option<*const T>,
    region: &Region<'_>,
    layout: &Layout,
    (cols, inside): (usize, &std::ops::Range<usize>),
    target: *mut T,
) {
    let features = region.feature.len();
    let step = region.space[1].a;
    let runs = contiguous(region.feature);
    let joined = runs && layout.width == features && (step == features as isize || inside.len() == 1);
    // SAFETY: see `copy_region`; zero runs lie between the row's first and last column.
    unsafe {
        for (p, &batch) in region.batch.iter().enumerate() {
            let target = target.add(p * layout.batch);
            let Some(source) = source.filter(|_| !inside.is_empty()) else {
                zero(target, cols * layout.width);
                continue;
            };
            let source = source.wrapping_offset(batch);
            zero(target, inside.start * layout.width);
            zero(target.add(inside.end * layout.width), (cols - inside.end) * layout.width);
            let target = target.add(inside.start * layout.width);
            if joined {
                let source = source.wrapping_offset(region.feature.first().copied().unwrap_or(0));
                std::ptr::copy_nonoverlapping(source, target, inside.len() * features);
            } else if runs && features > 1 {
                let source = source.wrapping_offset(region.feature[0]);
                for col in 0..inside.len() {
                    let source = source.wrapping_offset(col as isize * step);
                    std::ptr::copy_nonoverlapping(source, target.add(col * layout.width), features);
                }
            } else {
                for (q, &feature) in region.feature.iter().enumerate() {
                    let source = source.wrapping_offset(feature);
                    for col in 0..inside.len() {
                        *target.add(col * layout.width + q) = *source.wrapping_offset(col as isize * step);
                    }
                }
            }
        }
    }
}

/// Rows of a matrix that are copied to panels at a time.
const MATRIX_ROWS: usize = 8;

/// One image row, in batch panels.
unsafe fn copy_row_panels<T: Copy + Default>(
    source: Option<*const T>,
    region: &Region<'_>,
    layout: &Layout,
    (cols, inside): (usize, &std::ops::Range<usize>),
    target: *mut T,
) {
    let step = region.space[1].a;
    let size = region.batch.len();
    let count = tiles(size);
    let whole = inside.len() == cols;
    // SAFETY: see `copy_region`; a panel holds `layout.width >= batch.len()` elements per position.
    unsafe {
        if let (1, false, Some(source)) = (cols, inside.is_empty(), source) {
            // A matrix: the features are the only run. Some at a time, so that the panels that share a cache line find it.
            for (first, features) in (0..).step_by(MATRIX_ROWS).zip(region.feature.chunks(MATRIX_ROWS)) {
                for panel in 0..count {
                    let batch = &region.batch[panel_range(size, panel)];
                    let places = features.iter().enumerate().map(|(q, &x)| (x, (first + q) * layout.feature));
                    copy_lanes(batch, places, source, target.add(panel * layout.batch));
                }
            }
            return;
        }
        for panel in 0..count {
            let batch = &region.batch[panel_range(size, panel)];
            let target = target.add(panel * layout.batch);
            let Some(source) = source.filter(|_| !inside.is_empty()) else {
                for q in 0..region.feature.len() {
                    zero(target.add(q * layout.feature), layout.height);
                }
                continue;
            };
            for (q, &feature) in region.feature.iter().enumerate() {
                let target = target.add(q * layout.feature);
                if !whole {
                    zero(target, layout.height);
                }
                for residue in 0..layout.fold {
                    // Columns of this residue: c = residue + i · fold.
                    let first = inside.start.saturating_sub(residue).div_ceil(layout.fold);
                    let last = (inside.end + layout.fold - 1 - residue) / layout.fold;
                    let target = target.add(residue * layout.residue);
                    let start = (residue + first * layout.fold) as isize - inside.start as isize;
                    let source = source.wrapping_offset(feature + start * step);
                    let stride = step * layout.fold as isize;
                    let places = (first..last.max(first)).map(|i| ((i - first) as isize * stride, i * layout.width));
                    copy_lanes(batch, places, source, target);
                }
            }
        }
    }
}

/// Copies one panel's lanes at each place, given by its offsets in the source and in the target.
#[inline(always)]
unsafe fn copy_lanes<T: Copy>(batch: &[isize], places: impl Iterator<Item = (isize, usize)>, source: *const T, target: *mut T) {
    let run = contiguous(batch);
    // SAFETY: see `copy_row_panels`.
    unsafe {
        match batch.len() {
            6 if run => copy_fixed::<T, 6>(places, source.wrapping_offset(batch[0]), target),
            5 if run => copy_fixed::<T, 5>(places, source.wrapping_offset(batch[0]), target),
            4 if run => copy_fixed::<T, 4>(places, source.wrapping_offset(batch[0]), target),
            3 if run => copy_fixed::<T, 3>(places, source.wrapping_offset(batch[0]), target),
            1 => copy_fixed::<T, 1>(places, source.wrapping_offset(batch[0]), target),
            _ => {
                for (from, to) in places {
                    for (i, &offset) in batch.iter().enumerate() {
                        *target.add(to + i) = *source.wrapping_offset(from + offset);
                    }
                }
            }
        }
    }
}

/// Copies `N` consecutive elements per place: a size known to the compiler is a pair of moves, not a call.
#[inline(always)]
unsafe fn copy_fixed<T: Copy, const N: usize>(places: impl Iterator<Item = (isize, usize)>, source: *const T, target: *mut T) {
    for (from, to) in places {
        // SAFETY: see `copy_row_panels`.
        unsafe { target.add(to).cast::<[T; N]>().write(source.wrapping_offset(from).cast::<[T; N]>().read()) };
    }
}

/// # Safety
/// `to` points to `len` writable elements.
unsafe fn zero<T: Copy + Default>(to: *mut T, len: usize) {
    for i in 0..len {
        // SAFETY: i < len.
        unsafe { to.add(i).write(T::default()) };
    }
}

/// Packs a panel of the right operand: `[depth][width]`, zeros beyond the last column.
///
/// # Safety
/// `from + depth[k] + columns[j]` is readable for all; `to` has `depth.len() · width` elements; `columns.len() <= width`.
pub(super) unsafe fn pack_panel<T: Copy + Default>(from: *const T, depth: &[isize], columns: &[isize], width: usize, to: *mut T) {
    let lines = columns.chunks(LINE / size_of::<T>()).all(contiguous);
    // Blocks of rows keep the strided side of a transpose in the first cache.
    let block = if lines { depth.len().max(1) } else { 64 };
    // Columns that lie apart are streams, which the processor loses in between: each is asked for as much as it gave, which most likely is what
    // the next stretch of the reduced index reads.
    let ahead = match depth {
        [first, second, .., last] if lines && !contiguous(columns) => last - first + second - first,
        _ => 0,
    };
    for (i, depth) in depth.chunks(block).enumerate() {
        // SAFETY: the caller vouches for every pair of offsets; k < depth.len() and j < width index the target.
        unsafe { pack_rows(from, depth, ahead, columns, width, to.add(i * block * width)) };
    }
}

/// The same for some rows.
unsafe fn pack_rows<T: Copy + Default>(
    from: *const T,
    depth: &[isize],
    ahead: isize,
    columns: &[isize],
    width: usize,
    to: *mut T,
) {
    // SAFETY: see `pack_panel`.
    unsafe {
        let mut done = 0;
        while done < columns.len() {
            let rest = &columns[done..];
            let run = rest.windows(2).position(|w| w[1] != w[0] + 1).map_or(rest.len(), |last| last + 1);
            let (from_run, to_run) = (from.wrapping_offset(rest[0]), to.add(done));
            done += match run {
                64.. => copy_rows::<T, 64>(from_run, depth, ahead, to_run, width),
                32.. => copy_rows::<T, 32>(from_run, depth, ahead, to_run, width),
                16.. => copy_rows::<T, 16>(from_run, depth, ahead, to_run, width),
                8.. => copy_rows::<T, 8>(from_run, depth, ahead, to_run, width),
                4.. => copy_rows::<T, 4>(from_run, depth, ahead, to_run, width),
                _ if rest.len() >= SQUARE => transpose(from, depth, rest, to_run, width),
                _ => copy_rows::<T, 1>(from_run, depth, ahead, to_run, width),
            };
        }
        for k in 0..depth.len() {
            zero(to.add(k * width + done), width - done);
        }
    }
}

/// Bytes of a cache line.
pub(super) const LINE: usize = 64;
/// Rows that are fetched ahead of a copy.
const AHEAD: usize = 8;

/// Rows of a width known to the compiler, which is returned.
#[inline(always)]
unsafe fn copy_rows<T: Copy, const N: usize>(from: *const T, depth: &[isize], ahead: isize, to: *mut T, width: usize) -> usize {
    for (k, &row) in depth.iter().enumerate() {
        // Rows wider than a line are too far apart for the processor to foresee.
        if ahead != 0 || N * size_of::<T>() > LINE {
            let next = if ahead != 0 { row + ahead } else { depth[(k + AHEAD).min(depth.len() - 1)] };
            for line in (0..N).step_by(LINE / size_of::<T>()) {
                prefetch(from.wrapping_offset(next).wrapping_add(line));
            }
        }
        // SAFETY: see `pack_panel`.
        unsafe { to.add(k * width).cast::<[T; N]>().write(from.wrapping_offset(row).cast::<[T; N]>().read()) };
    }
    N
}

/// Side of the squares that a transpose goes by.
const SQUARE: usize = 4;

/// A square of columns that begin at `from` to rows that are `width` apart.
#[inline(always)]
unsafe fn transpose_square<T: Copy>(from: [*const T; SQUARE], to: *mut T, width: usize) {
    // The compiler moves squares element by element.
    #[cfg(target_arch = "x86_64")]
    if size_of::<T>() == size_of::<f32>() {
        use std::arch::x86_64::{_mm_loadu_ps, _mm_movehl_ps, _mm_movelh_ps, _mm_storeu_ps, _mm_unpackhi_ps, _mm_unpacklo_ps};
        // SAFETY: four elements of four bytes at each address; every x86-64 processor has the instructions, which move bits.
        unsafe {
            let [a, b, c, d] = from.map(|from| _mm_loadu_ps(from.cast()));
            let (ab, cd) = (_mm_unpacklo_ps(a, b), _mm_unpacklo_ps(c, d));
            let (ab_high, cd_high) = (_mm_unpackhi_ps(a, b), _mm_unpackhi_ps(c, d));
            let rows =
                [_mm_movelh_ps(ab, cd), _mm_movehl_ps(cd, ab), _mm_movelh_ps(ab_high, cd_high), _mm_movehl_ps(cd_high, ab_high)];
            for (k, row) in rows.into_iter().enumerate() {
                _mm_storeu_ps(to.add(k * width).cast(), row);
            }
        }
        return;
    }
    // SAFETY: see `pack_panel`.
    unsafe {
        let square = from.map(|from| from.cast::<[T; SQUARE]>().read());
        for k in 0..SQUARE {
            to.add(k * width).cast::<[T; SQUARE]>().write(std::array::from_fn(|j| square[j][k]));
        }
    }
}

/// The first `SQUARE` columns, from anywhere; their number is returned. Those after them are fetched.
#[inline(always)]
unsafe fn transpose<T: Copy>(from: *const T, depth: &[isize], columns: &[isize], to: *mut T, width: usize) -> usize {
    let (squares, rest) = depth.as_chunks::<SQUARE>();
    // SAFETY: see `pack_panel`.
    unsafe {
        let element = |row: isize, j: usize| from.wrapping_offset(row + columns[j]);
        for (i, rows) in squares.iter().enumerate() {
            let to = to.add(SQUARE * i * width);
            if i.is_multiple_of(LINE / (SQUARE * size_of::<T>())) {
                columns.iter().skip(SQUARE).take(SQUARE).for_each(|column| prefetch(from.wrapping_offset(rows[0] + column)));
            }
            if contiguous(rows) {
                transpose_square(std::array::from_fn(|j| element(rows[0], j)), to, width);
            } else {
                for (k, row) in rows.iter().enumerate() {
                    to.add(k * width).cast::<[T; SQUARE]>().write(std::array::from_fn(|j| *element(*row, j)));
                }
            }
        }
        for (k, &row) in rest.iter().enumerate() {
            for j in 0..SQUARE {
                *to.add((SQUARE * squares.len() + k) * width + j) = *element(row, j);
            }
        }
    }
    SQUARE
}
