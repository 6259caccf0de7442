//! Where the axis of examples lies: followed from a result back to its operands.

use dupin_ir::prim::window_argmax::Window;
use dupin_ir::prim::{DotGeneral, Prim};
use dupin_ir::{Builder, Value};

/// The axis of examples of a value; `None` if all examples share the value.
pub(super) type Axis = Option<usize>;

/// The axis of examples of operand `i` of `v`, whose own is `axis`. `None` if the primitive moves elements between examples, or is
/// not known here.
pub(super) fn operand_axis(b: &Builder, v: Value, i: usize, axis: Axis) -> Option<Axis> {
    // What is shared is made of what is shared.
    let Some(at) = axis else { return Some(None) };
    let node = b.graph().node(v);
    let operand = &b.ty(node.operands[i]).shape;
    let same = Some(Some(at));
    match &node.prim {
        Prim::Unary(_) | Prim::Activation(_) | Prim::Binary(_) | Prim::Select(_) | Prim::Convert(_) => same,
        Prim::BroadcastInDim(p) => {
            let n = node.ty.shape[at];
            Some(p.dims.iter().position(|&d| d == at).filter(|&a| operand[a] == n))
        }
        Prim::Reshape(_) => {
            // The axis survives where as many elements lie before it and it has the same extent.
            let (before, n) = (node.ty.shape[..at].iter().product::<usize>(), node.ty.shape[at]);
            let found = (0..operand.len()).find(|&a| operand[..a].iter().product::<usize>() == before && operand[a] == n);
            found.map(Some)
        }
        Prim::Transpose(p) => Some(Some(p.permutation[at])),
        Prim::Slice(p) => (p.start[at] == 0 && p.limit[at] == operand[at] && p.strides[at] == 1).then_some(Some(at)),
        Prim::Pad(p) => (p.low[at] == 0 && p.high[at] == 0 && p.interior[at] == 0).then_some(Some(at)),
        Prim::Concatenate(p) => (p.axis != at).then_some(Some(at)),
        Prim::Reverse(p) => (!p.axes.contains(&at)).then_some(Some(at)),
        Prim::ReduceSum(p) => kept(&p.axes, operand.len(), at),
        Prim::ReduceMax(p) => kept(&p.axes, operand.len(), at),
        Prim::DotGeneral(p) => Some(product(b, p, &node.operands, i, at)),
        // Groups of the batch turn examples into features.
        Prim::Convolution(p) => (at == p.out.first && p.batch_group_count == 1).then_some((i == 0).then_some(p.lhs.first)),
        // The places of the indices come first, then what a row of the table has.
        Prim::Take(_) => Some(match (i, at.checked_sub(b.ty(node.operands[1]).rank())) {
            (0, None) => None,
            (0, Some(within)) => Some(within + 1),
            _ => Some(at),
        }),
        Prim::WindowGather(p) => alone(&p.window, at),
        Prim::WindowScatterAdd(p) => alone(&p.window, at),
        _ => None,
    }
}

/// The operand's axis that becomes axis `at` when `axes` are dropped.
fn kept(axes: &[usize], rank: usize, at: usize) -> Option<Axis> {
    (0..rank).filter(|a| !axes.contains(a)).nth(at).map(Some)
}

/// Windows hold one example each.
fn alone(window: &Window, at: usize) -> Option<Axis> {
    (window.size[at] == 1 && window.strides[at] == 1 && window.padding[at] == (0, 0)).then_some(Some(at))
}

/// Axes of the result are batching, free of the left, free of the right operand.
fn product(b: &Builder, p: &DotGeneral, operands: &[Value], i: usize, at: usize) -> Axis {
    let batch = if i == 0 { &p.lhs_batch } else { &p.rhs_batch };
    let (left, right) = (p.lhs_free(b.ty(operands[0]).rank()), p.rhs_free(b.ty(operands[1]).rank()));
    let free = at.checked_sub(batch.len());
    match (free, i) {
        (None, _) => Some(batch[at]),
        (Some(f), 0) => left.get(f).copied(),
        (Some(f), _) => f.checked_sub(left.len()).map(|f| right[f]),
    }
}
