//! Products and convolutions as contractions of strided operands; movements of data around them become strides.

use dupin_ir::prim::convolution::Axes;
use dupin_ir::prim::{Convolution, DotGeneral};
use dupin_ir::{Prim, TensorType};

use crate::kernel::contract::{Axis, Contraction, Spatial};
use crate::view::{Atom, View, merged, regroup};

/// The common refinement of atom lists of one extent: as many atoms in each, of equal extents; `None` where cuts do not divide.
fn refine<const N: usize>(lists: [&[Atom]; N]) -> Option<Vec<[Atom; N]>> {
    let mut lists = lists.map(|list| merged(list.iter()));
    for list in &mut lists {
        list.reverse();
    }
    let mut out = Vec::new();
    loop {
        let ended = lists.iter().filter(|list| list.is_empty()).count();
        if ended > 0 {
            return (ended == N).then_some(out);
        }
        let least = lists.iter().filter_map(|list| list.last()).map(|a| a.size).min()?;
        if least == 0 {
            return Some(vec![[Atom { size: 0, stride: 0 }; N]]);
        }
        let mut piece = [Atom { size: least, stride: 0 }; N];
        for (piece, list) in piece.iter_mut().zip(&mut lists) {
            let head = list.last_mut()?;
            if head.size % least != 0 {
                return None;
            }
            head.size /= least;
            piece.stride = head.stride * head.size as isize;
            if head.size == 1 {
                list.pop();
            }
        }
        out.push(piece);
    }
}

/// The view that gives the elements of a contraction's own result inside the memory of what `moves` (reshapes and transposes, in
/// order) make of it.
pub(crate) fn through(shape: &[usize], moves: &[&Prim]) -> Option<View> {
    let mut view = View::dense(shape);
    if view.len() == 0 {
        return None;
    }
    for prim in moves {
        view = match prim {
            Prim::Reshape(p) => view.reshape(&p.shape)?,
            Prim::Transpose(p) => view.transpose(&p.permutation),
            _ => return None,
        };
    }
    // Each atom with its place in the moved result's memory; then in the order of the contraction's own elements.
    let mut stride = 1;
    let mut pairs: Vec<(isize, Atom)> = Vec::new();
    for atom in view.axes.iter().flatten().rev().filter(|a| a.size > 1) {
        pairs.push((atom.stride, Atom { size: atom.size, stride }));
        stride *= atom.size as isize;
    }
    pairs.sort_by_key(|p| std::cmp::Reverse(p.0));
    let atoms: Vec<Atom> = pairs.into_iter().map(|p| p.1).collect();
    Some(View { offset: 0, axes: regroup(&atoms, shape)? })
}

/// The contraction of a `dot_general` or `convolution` whose operands and result lie as given; `None` if strides cannot say it.
pub(crate) fn contraction(prim: &Prim, lhs: &View, rhs: &View, out: &View) -> Option<Contraction> {
    let mut c = match prim {
        Prim::DotGeneral(p) => dot_general(p, lhs, rhs, out),
        Prim::Convolution(p) => convolution(p, lhs, rhs, out),
        _ => None,
    }?;
    c.base = [lhs.offset, rhs.offset, out.offset];
    Some(c)
}

fn groups(a: &[Atom], b: &[Atom], out: &[Atom], to: &mut Vec<Axis>) -> Option<()> {
    to.extend(refine([a, b, out])?.iter().map(|[a, b, o]| Axis::group(a.size, a.stride, b.stride, o.stride)));
    Some(())
}

fn rows(a: &[Atom], out: &[Atom], to: &mut Vec<Axis>) -> Option<()> {
    to.extend(refine([a, out])?.iter().map(|[a, o]| Axis::row(a.size, a.stride, o.stride)));
    Some(())
}

fn columns(b: &[Atom], out: &[Atom], to: &mut Vec<Axis>) -> Option<()> {
    to.extend(refine([b, out])?.iter().map(|[b, o]| Axis::column(b.size, b.stride, o.stride)));
    Some(())
}

fn reduced(a: &[Atom], b: &[Atom], to: &mut Vec<Axis>) -> Option<()> {
    to.extend(refine([a, b])?.iter().map(|[a, b]| Axis::reduced(a.size, a.stride, b.stride)));
    Some(())
}

fn dot_general(p: &DotGeneral, lhs: &View, rhs: &View, out: &View) -> Option<Contraction> {
    let mut c = Contraction::default();
    let mut axes = out.axes.iter();
    for (&l, &r) in p.lhs_batch.iter().zip(&p.rhs_batch) {
        groups(&lhs.axes[l], &rhs.axes[r], axes.next()?, &mut c.groups)?;
    }
    for l in p.lhs_free(lhs.axes.len()) {
        rows(&lhs.axes[l], axes.next()?, &mut c.rows)?;
    }
    for r in p.rhs_free(rhs.axes.len()) {
        columns(&rhs.axes[r], axes.next()?, &mut c.columns)?;
    }
    for (&l, &r) in p.lhs_contracting.iter().zip(&p.rhs_contracting) {
        reduced(&lhs.axes[l], &rhs.axes[r], &mut c.reduced)?;
    }
    Some(c)
}

/// Extent and stride of an axis that is one run.
fn single(atoms: &[Atom]) -> Option<(usize, isize)> {
    match merged(atoms.iter())[..] {
        [] => Some((1, 0)),
        [atom] => Some((atom.size, atom.stride)),
        _ => None,
    }
}

/// An axis cut into `count` groups and the rest.
fn cut(atoms: &[Atom], size: usize, count: usize) -> Option<[Vec<Atom>; 2]> {
    if size == 0 {
        let zero = |size| vec![Atom { size, stride: 0 }];
        return Some([zero(count), zero(0)]);
    }
    regroup(&merged(atoms.iter()), &[count, size / count])?.try_into().ok()
}

fn convolution(p: &Convolution, lhs: &View, rhs: &View, out: &View) -> Option<Contraction> {
    let mut c = Contraction::default();
    let axis = |view: &View, a: usize| (view.axes[a].clone(), crate::view::extent(&view.axes[a]));
    let ((batch, batch_len), (features, features_len)) = (axis(lhs, p.lhs.first), axis(lhs, p.lhs.second));
    let (output, output_len) = axis(rhs, p.rhs.second);
    let count = p.feature_group_count.max(p.batch_group_count);
    let [group_b, output] = cut(&output, output_len, count)?;
    let [group_out, out_features] = cut(&out.axes[p.out.second], output_len, count)?;
    let [batch_group, batch] = cut(&batch, batch_len, p.batch_group_count)?;
    let [feature_group, features] = cut(&features, features_len, p.feature_group_count)?;
    let group_a = if p.batch_group_count > 1 { batch_group } else { feature_group };
    if count > 1 {
        groups(&group_a, &group_b, &group_out, &mut c.groups)?;
    }
    rows(&batch, &out.axes[p.out.first], &mut c.rows)?;
    columns(&output, &out_features, &mut c.columns)?;
    reduced(&features, &rhs.axes[p.rhs.first], &mut c.reduced)?;
    for a in 0..p.strides.len() {
        let at = |view: &View, axes: &Axes| single(&view.axes[axes.spatial[a]]);
        c.spatial.push(Spatial {
            input: at(lhs, &p.lhs)?,
            window: at(rhs, &p.rhs)?,
            output: at(out, &p.out)?,
            stride: p.strides[a],
            pad_low: p.padding[a].0 as isize,
            lhs_dilation: p.lhs_dilation[a],
            rhs_dilation: p.rhs_dilation[a],
            reversed: p.reversal[a],
        });
    }
    Some(c)
}

/// Whether the engine takes this primitive.
pub(crate) fn is_contraction(prim: &Prim, out: &TensorType) -> bool {
    match prim {
        Prim::DotGeneral(_) => !out.is_empty(),
        Prim::Convolution(p) => p.strides.len() <= 2 && !out.is_empty(),
        _ => false,
    }
}
