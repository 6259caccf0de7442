//! Raw memory of a run: typed slices of byte addresses, strided copies, and work shared among threads.

use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

/// One dimension of a strided view: extent and distance between neighbours, in elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Atom {
    /// Extent.
    pub(crate) size: usize,
    /// Distance; 0 repeats, negative runs backwards.
    pub(crate) stride: isize,
}

/// Addresses that tasks of one step share.
///
/// The plan gives every storage its own part of memory for as long as it is needed, and tasks of a step write disjoint elements.
#[derive(Clone, Copy)]
pub(crate) struct Address(pub(crate) *mut u8);

// SAFETY: an address is only a number; whoever reads or writes through it argues why no other thread does.
unsafe impl Send for Address {}
// SAFETY: as above.
unsafe impl Sync for Address {}

impl Address {
    /// Address of element `i`.
    ///
    /// # Safety
    /// It lies inside the storage.
    #[inline(always)]
    pub(crate) unsafe fn at<T>(self, i: isize) -> *mut T {
        // SAFETY: the caller's.
        unsafe { self.0.cast::<T>().offset(i) }
    }

    /// Elements `start..start + len`, to read.
    ///
    /// # Safety
    /// They lie inside one storage of `T`, which no thread writes meanwhile.
    #[inline(always)]
    pub(crate) unsafe fn slice<'a, T>(self, start: usize, len: usize) -> &'a [T] {
        // SAFETY: the caller's.
        unsafe { std::slice::from_raw_parts(self.0.cast::<T>().add(start), len) }
    }

    /// Elements `start..start + len`, to write.
    ///
    /// # Safety
    /// They lie inside one storage of `T`, which no other thread reads or writes meanwhile.
    #[inline(always)]
    pub(crate) unsafe fn slice_mut<'a, T>(self, start: usize, len: usize) -> &'a mut [T] {
        // SAFETY: the caller's.
        unsafe { std::slice::from_raw_parts_mut(self.0.cast::<T>().add(start), len) }
    }
}

/// Where element `position` (row-major) of a strided view lies.
#[inline(always)]
pub(crate) fn offset(atoms: &[Atom], position: usize) -> isize {
    let (mut rest, mut offset) = (position, 0);
    for atom in atoms.iter().rev() {
        offset += (rest % atom.size) as isize * atom.stride;
        rest /= atom.size;
    }
    offset
}

/// Copies elements `start..start + out.len()` (row-major) of a strided view.
///
/// # Safety
/// Every element of the view lies inside the storage at `base`, which no thread writes meanwhile.
#[inline(always)]
pub(crate) unsafe fn gather<T: Copy>(base: *const T, atoms: &[Atom], start: usize, out: &mut [T]) {
    let Some((inner, outer)) = atoms.split_last() else {
        // SAFETY: a view without dimensions has one element.
        out.fill(unsafe { *base });
        return;
    };
    let mut done = 0;
    while done < out.len() {
        let position = start + done;
        let (row, at) = (position / inner.size, position % inner.size);
        let run = (inner.size - at).min(out.len() - done);
        let to = &mut out[done..done + run];
        // SAFETY: `position..position + run` stays in one run of the innermost dimension, inside the view.
        unsafe {
            let from = base.offset(offset(outer, row) + at as isize * inner.stride);
            match inner.stride {
                1 => to.copy_from_slice(std::slice::from_raw_parts(from, run)),
                0 => to.fill(*from),
                s => {
                    for (i, t) in to.iter_mut().enumerate() {
                        *t = *from.offset(i as isize * s);
                    }
                }
            }
        }
        done += run;
    }
}

/// Runs tasks `0..tasks`, each with the scratch of the thread it lands on; which thread that is does not matter to the result.
pub(crate) fn share<S: Send>(tasks: usize, scratch: &mut [S], run: impl Fn(usize, &mut S) + Sync) {
    share_parts(tasks, tasks, scratch, run);
}

/// [`share`], but threads take a part of what is left at a time, one of so many: tasks beside one another, and fewer towards the end, when
/// threads wait for each other.
pub(crate) fn share_parts<S: Send>(tasks: usize, parts: usize, scratch: &mut [S], run: impl Fn(usize, &mut S) + Sync) {
    if tasks <= 1 || scratch.len() == 1 {
        for i in 0..tasks {
            run(i, &mut scratch[0]);
        }
        return;
    }
    let next = AtomicUsize::new(0);
    let after = |first: usize| first + ((tasks - first) / parts).max(1);
    let take = |first: usize| (first < tasks).then(|| after(first));
    scratch.par_iter_mut().with_max_len(1).for_each(|s| {
        while let Ok(first) = next.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take) {
            (first..after(first)).for_each(|i| run(i, s));
        }
    });
}

/// Bytes of a large page.
const LARGE_PAGE: usize = 2 << 20;

/// Zeroed memory that starts at a cache line, so that no vector straddles two.
///
/// A buffer that fills a good part of a large page starts at one and asks for such pages: a block that is meant to stay in the second-level
/// cache does so only if its parts do not fall on the same cache sets, and small pages lie wherever the system had some left. Nothing is touched
/// before it is used.
#[derive(Debug, Default)]
pub(crate) struct Lines<T> {
    elements: Vec<T>,
    first: usize,
    len: usize,
}

impl<T: Copy + Default> Lines<T> {
    pub(crate) fn new(len: usize) -> Self {
        let bytes = len * size_of::<T>();
        let large = bytes >= LARGE_PAGE / 4;
        let (align, bytes) = if large { (LARGE_PAGE, bytes.next_multiple_of(LARGE_PAGE)) } else { (64, bytes) };
        let elements = vec![T::default(); (bytes + align).div_ceil(size_of::<T>())];
        let first = elements.as_ptr().align_offset(align);
        if large {
            ask_for_large_pages(elements[first..].as_ptr().cast(), bytes);
        }
        Self { elements, first, len }
    }

    /// Grows to at least `len` elements; what it held is gone.
    pub(crate) fn reserve(&mut self, len: usize) {
        if self.len < len {
            *self = Self::new(len);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn get(&mut self) -> &mut [T] {
        &mut self.elements[self.first..][..self.len]
    }

    /// Start.
    pub(crate) fn address(&mut self) -> Address {
        Address(self.get().as_mut_ptr().cast())
    }
}

/// A hint; a system without large pages leaves it.
#[cfg(target_os = "linux")]
fn ask_for_large_pages(start: *const u8, bytes: usize) {
    // SAFETY: `MADV_HUGEPAGE` changes no contents and no addresses, whatever the range.
    unsafe {
        libc::madvise(start.cast_mut().cast(), bytes, libc::MADV_HUGEPAGE);
    }
}

#[cfg(not(target_os = "linux"))]
fn ask_for_large_pages(_: *const u8, _: usize) {}
