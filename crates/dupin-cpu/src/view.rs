//! Strided views: how a value lies in the memory of another.
//!
//! Reshapes, transposes, broadcasts, slices and reversals are views; nothing moves until somebody needs it moved. An axis is a list
//! of *atoms*, slowest first, so that merging axes that are not neighbours in memory (a probe axis folded into features) is a view, too.

pub(crate) use crate::kernel::memory::Atom;

/// A view of dense memory.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct View {
    /// First element.
    pub(crate) offset: usize,
    /// Atoms of each axis.
    pub(crate) axes: Vec<Vec<Atom>>,
}

impl View {
    /// The whole of a row-major tensor.
    pub(crate) fn dense(shape: &[usize]) -> Self {
        let mut stride = 1;
        let mut axes: Vec<Vec<Atom>> = shape
            .iter()
            .rev()
            .map(|&size| {
                let atom = Atom { size, stride };
                stride *= size.max(1) as isize;
                vec![atom]
            })
            .collect();
        axes.reverse();
        Self { offset: 0, axes }
    }

    /// One element, repeated.
    pub(crate) fn splat(shape: &[usize]) -> Self {
        Self { offset: 0, axes: shape.iter().map(|&size| vec![Atom { size, stride: 0 }]).collect() }
    }

    /// Extent of each axis.
    pub(crate) fn shape(&self) -> Vec<usize> {
        self.axes.iter().map(|atoms| extent(atoms)).collect()
    }

    /// Number of elements.
    pub(crate) fn len(&self) -> usize {
        self.axes.iter().map(|atoms| extent(atoms)).product()
    }

    /// Atoms of all axes, neighbours merged, extents of 1 left out.
    pub(crate) fn flat(&self) -> Vec<Atom> {
        merged(self.axes.iter().flatten())
    }

    /// Whether the elements lie as in a dense row-major tensor that begins at the offset.
    pub(crate) fn is_contiguous(&self) -> bool {
        let flat = self.flat();
        self.len() == 0 || flat.is_empty() || (flat.len() == 1 && flat[0].stride == 1)
    }

    /// Whether this is the whole of a dense tensor of `len` elements, in order.
    pub(crate) fn is_identity(&self, len: usize) -> bool {
        self.offset == 0 && self.len() == len && self.is_contiguous()
    }

    /// The same elements in row-major order under another shape, if atoms divide along it.
    pub(crate) fn reshape(&self, shape: &[usize]) -> Option<Self> {
        if self.len() == 0 {
            return Some(Self::dense(shape));
        }
        let axes = regroup(&self.flat(), shape)?;
        Some(Self { offset: self.offset, axes })
    }

    /// Axis `i` is axis `permutation[i]` of `self`.
    pub(crate) fn transpose(&self, permutation: &[usize]) -> Self {
        Self { offset: self.offset, axes: permutation.iter().map(|&a| self.axes[a].clone()).collect() }
    }

    /// Axis `i` of `self` becomes axis `dims[i]` of `shape`; other axes, and axes of extent 1, repeat.
    pub(crate) fn broadcast(&self, shape: &[usize], dims: &[usize]) -> Self {
        let mut out = Self { offset: self.offset, ..Self::splat(shape) };
        for (atoms, &d) in self.axes.iter().zip(dims) {
            if extent(atoms) == shape[d] {
                out.axes[d].clone_from(atoms);
            }
        }
        out
    }

    /// Elements `start[i]..limit[i]` in steps of `strides[i]`; `None` where an axis of several atoms is cut.
    pub(crate) fn slice(&self, start: &[usize], limit: &[usize], strides: &[usize]) -> Option<Self> {
        let mut out = self.clone();
        for (a, atoms) in out.axes.iter_mut().enumerate() {
            let size = limit[a].saturating_sub(start[a]).div_ceil(strides[a]);
            if start[a] == 0 && size == extent(atoms) {
                continue;
            }
            let kept = merged(atoms.iter());
            let &[atom] = &kept[..] else { return None };
            if size > 0 {
                out.offset = (out.offset as isize + start[a] as isize * atom.stride) as usize;
            }
            *atoms = vec![Atom { size, stride: atom.stride * strides[a] as isize }];
        }
        Some(out)
    }

    /// Order of elements reversed along `axes`.
    pub(crate) fn reverse(&self, axes: &[usize]) -> Self {
        let mut out = self.clone();
        if out.len() == 0 {
            return out;
        }
        for &a in axes {
            for atom in &mut out.axes[a] {
                out.offset = (out.offset as isize + (atom.size as isize - 1) * atom.stride) as usize;
                atom.stride = -atom.stride;
            }
        }
        out
    }
}

/// Product of the atoms' extents.
pub(crate) fn extent(atoms: &[Atom]) -> usize {
    atoms.iter().map(|a| a.size).product()
}

/// Neighbours that form one run merged, extents of 1 left out.
pub(crate) fn merged<'a>(atoms: impl Iterator<Item = &'a Atom>) -> Vec<Atom> {
    let mut out: Vec<Atom> = Vec::new();
    for &atom in atoms.filter(|a| a.size != 1) {
        match out.last_mut() {
            Some(last) if last.stride == atom.stride * atom.size as isize => {
                *last = Atom { size: last.size * atom.size, stride: atom.stride };
            }
            _ => out.push(atom),
        }
    }
    out
}

/// Atoms (slowest first) cut and grouped into axes of the given extents; `None` where an extent cuts an atom unevenly.
pub(crate) fn regroup(atoms: &[Atom], shape: &[usize]) -> Option<Vec<Vec<Atom>>> {
    let mut rest = atoms.iter().copied();
    let mut current = Atom { size: 1, stride: 0 };
    let mut axes = Vec::with_capacity(shape.len());
    for &size in shape {
        let (mut wanted, mut axis) = (size, Vec::new());
        while wanted > 1 {
            if current.size == 1 {
                current = rest.next()?;
            }
            if wanted.is_multiple_of(current.size) {
                axis.push(current);
                wanted /= current.size;
                current.size = 1;
            } else if current.size.is_multiple_of(wanted) {
                current.size /= wanted;
                axis.push(Atom { size: wanted, stride: current.stride * current.size as isize });
                wanted = 1;
            } else {
                return None;
            }
        }
        axes.push(axis);
    }
    (current.size == 1 && rest.all(|a| a.size == 1)).then_some(axes)
}
