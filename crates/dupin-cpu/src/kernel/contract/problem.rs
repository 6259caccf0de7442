//! What a contraction computes: strided axes, spatial sweeps, and the checks that make every address safe.

use super::ContractError;

/// One index of a contraction: its size and its stride, in elements, in each of the three buffers.
///
/// A buffer that does not carry the index has stride 0 there; a stride of 0 in an operand also broadcasts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Axis {
    /// Number of values of the index.
    pub size: usize,
    /// Stride in the left operand.
    pub a: isize,
    /// Stride in the right operand.
    pub b: isize,
    /// Stride in the result.
    pub out: isize,
}

impl Axis {
    /// An index that all three buffers carry (a batch of products).
    pub fn group(size: usize, a: isize, b: isize, out: isize) -> Self {
        Self { size, a, b, out }
    }

    /// An index of the left operand and the result.
    pub fn row(size: usize, a: isize, out: isize) -> Self {
        Self { size, a, b: 0, out }
    }

    /// An index of the right operand and the result.
    pub fn column(size: usize, b: isize, out: isize) -> Self {
        Self { size, a: 0, b, out }
    }

    /// An index that is summed over.
    pub fn reduced(size: usize, a: isize, b: isize) -> Self {
        Self { size, a, b, out: 0 }
    }

    /// Splits the index into `count` consecutive parts: the part's number, then the index within it.
    fn split(self, count: usize) -> (Self, Self) {
        let inner = self.size / count;
        let step = inner as isize;
        let outer = Self { size: count, a: self.a * step, b: self.b * step, out: self.out * step };
        (outer, Self { size: inner, ..self })
    }
}

/// One spatial dimension of a convolution.
///
/// Result position `o` and window position `t` read the left operand at `p / lhs_dilation` where
/// `p = o · stride + t · rhs_dilation − pad_low`. The term is 0 if `p` is negative, not a multiple of
/// `lhs_dilation`, or past the end. StableHLO's high padding is implied by `output`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spatial {
    /// Positions of the left operand, before dilation, and their stride in it.
    pub input: (usize, isize),
    /// Positions of the window and their stride in the right operand.
    pub window: (usize, isize),
    /// Positions of the result and their stride in it.
    pub output: (usize, isize),
    /// Window stride, at least 1.
    pub stride: usize,
    /// Zero positions in front of the left operand; negative crops it.
    pub pad_low: isize,
    /// Distance between the left operand's elements, at least 1.
    pub lhs_dilation: usize,
    /// Distance between the window's elements, at least 1.
    pub rhs_dilation: usize,
    /// Whether the window is read backwards.
    pub reversed: bool,
}

/// A contraction of two strided operands: a batched matrix product, or a convolution if it has spatial dimensions.
///
/// `out[g, m, o, n] (+)= Σ_{k, t} a[g, m, o·stride + t·dilation − pad, k] · b[g, k, t, n]`, where each of `g`, `m`, `n`, `k` is
/// a list of axes (in any order) and `o`, `t` run over at most two spatial dimensions. Transposes, reshapes and broadcasts of the
/// operands are strides and cost nothing to express. The weight gradient of a convolution is this form too: its rows are the
/// channels, its reduced axis the examples, and its window is the map of the cotangent.
///
/// # Examples
/// A `[2, 3]` by `[3, 4]` product, row-major:
/// ```
/// use dupin_cpu::kernel::contract::{Axis, Contraction, Plan, Workspace};
/// let product = Contraction {
///     rows: vec![Axis::row(2, 3, 4)],
///     columns: vec![Axis::column(4, 1, 1)],
///     reduced: vec![Axis::reduced(3, 1, 4)],
///     ..Contraction::default()
/// };
/// let plan = Plan::<f32>::new(&product)?;
/// let mut workspace = Workspace::new(1);
/// workspace.reserve(&plan);
/// let mut out = [0.0; 8];
/// plan.run(&[1.0; 6], &[2.0; 12], &mut out, &mut workspace)?;
/// assert_eq!(out, [6.0; 8]);
/// # Ok::<(), dupin_cpu::kernel::contract::ContractError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contraction {
    /// Indices of all three buffers.
    pub groups: Vec<Axis>,
    /// Indices of the left operand and the result.
    pub rows: Vec<Axis>,
    /// Indices of the right operand and the result.
    pub columns: Vec<Axis>,
    /// Indices summed over.
    pub reduced: Vec<Axis>,
    /// Up to two spatial dimensions.
    pub spatial: Vec<Spatial>,
    /// Offsets, in elements, of index 0 of the left operand, the right operand and the result.
    pub base: [usize; 3],
    /// Whether to add to the result rather than to replace it.
    pub accumulate: bool,
}

impl Contraction {
    /// Splits input and output features into `count` groups, as StableHLO's `feature_group_count`.
    ///
    /// The last reduced axis must be declared with the size of *one* group (the kernel's input features); the last
    /// column axis with all output features, which divide into `count` consecutive parts.
    ///
    /// # Errors
    /// [`ContractError::Groups`] if the last column axis is missing or not a multiple of `count`.
    pub fn split_features(&mut self, count: usize) -> Result<(), ContractError> {
        let per_group = self.reduced.last().map_or(0, |k| k.size as isize * k.a);
        self.split_columns(count, per_group)
    }

    /// Splits the batch and the output features into `count` groups, as StableHLO's `batch_group_count`.
    ///
    /// The last row axis must be declared with the size of *one* group (the result's batch), the last column axis with all
    /// output features.
    ///
    /// # Errors
    /// [`ContractError::Groups`] if the last column axis is missing or not a multiple of `count`.
    pub fn split_batch(&mut self, count: usize) -> Result<(), ContractError> {
        let per_group = self.rows.last().map_or(0, |m| m.size as isize * m.a);
        self.split_columns(count, per_group)
    }

    fn split_columns(&mut self, count: usize, a: isize) -> Result<(), ContractError> {
        let Some(last) = self.columns.last_mut() else {
            return Err(ContractError::Groups { count, features: 0 });
        };
        if count == 0 || !last.size.is_multiple_of(count) {
            return Err(ContractError::Groups { count, features: last.size });
        }
        let (outer, inner) = last.split(count);
        *last = inner;
        self.groups.push(Axis { a, ..outer });
        Ok(())
    }

    /// Multiply-adds that the contraction needs at most (padding and holes count as if they were data), times two.
    ///
    /// For a convolution over a dilated operand, the holes are not computed and [`Plan::flop`](super::Plan::flop) is smaller.
    pub fn flop(&self) -> f64 {
        let axes = [&self.groups, &self.rows, &self.columns, &self.reduced];
        let sizes = axes.iter().flat_map(|list| list.iter()).map(|axis| axis.size as f64);
        let space = self.spatial.iter().map(|s| s.window.0 as f64 * s.output.0 as f64);
        2.0 * sizes.product::<f64>() * space.product::<f64>()
    }

    /// Whether the number of multiply-adds and the extent of each padded dimension are far from overflowing.
    fn countable(&self) -> bool {
        let axes = [&self.groups, &self.rows, &self.columns, &self.reduced].into_iter().flatten().map(|axis| axis.size);
        let space = self.spatial.iter().flat_map(|s| [s.window.0, s.output.0]);
        let work = axes.chain(space).try_fold(1usize, |product, size| product.checked_mul(size.max(1)));
        let fits = |s: &Spatial| {
            let reach = |(size, step): (usize, usize)| size as u128 * step as u128;
            let total = reach((s.output.0, s.stride)) + reach((s.window.0, s.rhs_dilation)) + reach((s.input.0, s.lhs_dilation));
            total + s.pad_low.unsigned_abs() as u128 <= 1 << 30
        };
        work.is_some_and(|work| work <= 1 << 60) && self.spatial.iter().all(fits)
    }

    /// Checks geometry and result strides; returns how many elements each buffer must have.
    pub(super) fn extents(&self) -> Result<[usize; 3], ContractError> {
        if self.spatial.len() > 2 {
            return Err(ContractError::Rank { spatial: self.spatial.len() });
        }
        if self.spatial.iter().any(|s| s.stride == 0 || s.lhs_dilation == 0 || s.rhs_dilation == 0) {
            return Err(ContractError::ZeroStep);
        }
        if !self.countable() {
            return Err(ContractError::TooLarge);
        }
        let mut spans: [Vec<(usize, isize)>; 3] = Default::default();
        for axis in [&self.groups, &self.rows, &self.columns, &self.reduced].into_iter().flatten() {
            spans[0].push((axis.size, axis.a));
            spans[1].push((axis.size, axis.b));
        }
        for s in &self.spatial {
            spans[0].push(s.input);
            spans[1].push(s.window);
        }
        // Reduced axes have no business in the result, nor rows in `b`, nor columns in `a`.
        let stray = self.reduced.iter().any(|k| k.out != 0)
            || self.rows.iter().any(|m| m.b != 0)
            || self.columns.iter().any(|n| n.a != 0);
        if stray {
            return Err(ContractError::StrayStride);
        }
        let written: Vec<_> = [&self.groups, &self.rows, &self.columns]
            .into_iter()
            .flatten()
            .map(|axis| (axis.size, axis.out))
            .chain(self.spatial.iter().map(|s| s.output))
            .collect();
        if !injective(&written) {
            return Err(ContractError::Overlap);
        }
        spans[2] = written;
        let mut extents = [0; 3];
        for (operand, list) in spans.iter().enumerate() {
            extents[operand] = extent(self.base[operand], list).ok_or(ContractError::Address { operand })?;
        }
        // An operand whose axes are empty is never read, but the result may still have to be filled with zeros.
        Ok(extents)
    }
}

/// Elements a buffer needs so that every index of `axes` lies inside; `None` below zero or beyond the address space.
fn extent(base: usize, axes: &[(usize, isize)]) -> Option<usize> {
    if axes.iter().any(|axis| axis.0 == 0) {
        return Some(0);
    }
    let base = isize::try_from(base).ok()?;
    let (mut low, mut high) = (base, base);
    for &(size, stride) in axes {
        let reach = isize::try_from(size - 1).ok()?.checked_mul(stride)?;
        if reach < 0 {
            low = low.checked_add(reach)?;
        } else {
            high = high.checked_add(reach)?;
        }
    }
    // Half of the address space, so that sums of two offsets cannot overflow.
    (low >= 0 && high < isize::MAX / 64).then_some(high as usize + 1)
}

/// Whether different indices reach different elements: every stride jumps over all that the smaller ones reach.
///
/// Sufficient, not necessary; every slice, transpose or reshape of a dense buffer passes.
fn injective(axes: &[(usize, isize)]) -> bool {
    if axes.iter().any(|axis| axis.0 == 0) {
        return true;
    }
    let mut sorted: Vec<_> = axes.iter().filter(|axis| axis.0 > 1).map(|axis| (axis.1.unsigned_abs(), axis.0)).collect();
    sorted.sort_unstable();
    let mut reach = 0usize;
    for (stride, size) in sorted {
        if stride <= reach {
            return false;
        }
        reach = reach.saturating_add(stride.saturating_mul(size - 1));
    }
    true
}
