//! Where the parts of padded and joined tensors go.

use dupin_ir::prim::Pad;

use crate::step::Part;
use crate::view::{Atom, View};

/// What of `from` a padding to `shape` keeps, and where it goes; `None` where `from` cannot be cut there.
pub(crate) fn pad(p: &Pad, from: &View, shape: &[usize]) -> Option<Part> {
    let extents = from.shape();
    let (mut start, mut limit) = (vec![0; shape.len()], extents.clone());
    let dense = View::dense(shape);
    let mut to = View { offset: 0, axes: Vec::new() };
    for a in 0..shape.len() {
        let step = p.interior[a] as i64 + 1;
        // Elements i with 0 <= low + i·step < extent.
        let first = (-p.low[a]).max(0).div_euclid(step) + i64::from((-p.low[a]).max(0).rem_euclid(step) != 0);
        let end = (shape[a] as i64 - p.low[a] + step - 1).div_euclid(step).clamp(first, (extents[a] as i64).max(first));
        (start[a], limit[a]) = (first as usize, end as usize);
        if first >= extents[a] as i64 {
            (start[a], limit[a]) = (0, 0);
        }
        let stride = dense.axes[a][0].stride;
        if limit[a] > start[a] {
            to.offset += (p.low[a] + start[a] as i64 * step) as usize * stride as usize;
        }
        to.axes.push(vec![Atom { size: limit[a] - start[a], stride: stride * step as isize }]);
    }
    let from = from.slice(&start, &limit, &vec![1; shape.len()])?;
    Some(Part { from, to })
}

/// The part of a dense tensor of `shape` that begins at `start` along `axis` and has the extents of `part`.
pub(crate) fn stretch(shape: &[usize], axis: usize, start: usize, part: &[usize]) -> View {
    let mut to = View::dense(shape);
    if part.iter().product::<usize>() > 0 {
        to.offset = start * to.axes[axis][0].stride as usize;
    }
    to.axes[axis][0].size = part[axis];
    to
}
