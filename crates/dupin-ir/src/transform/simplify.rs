//! Local simplification while building: what is known to equal an existing or a cheaper value is never appended.
//!
//! Only rewrites that keep every bit of a finite result (up to the sign of a zero) are made, so that a program means what
//! was written: `x·1`, `x+0`, `0·x` (a structural zero: an infinite or NaN `x` does not poison it), moves of data that undo each
//! other. This is the one transform that may name primitives.

use crate::builder::Builder;
use crate::graph::Value;
use crate::prim::{Binary, BinaryOp, BroadcastInDim, DotGeneral, Prim, Transpose, Unary, UnaryOp};
use crate::types::{DType, TensorType};

/// The value that `prim(operands)`, of type `ty`, can be replaced by.
pub(crate) fn simplify(b: &mut Builder, prim: &Prim, operands: &[Value], ty: &TensorType) -> Option<Value> {
    match prim {
        Prim::Unary(Unary(op)) => unary(b, *op, operands[0], ty),
        Prim::Binary(Binary(op)) => binary(b, *op, operands[0], operands[1], ty),
        Prim::Activation(a) => {
            let Some((base, order)) = a.kind.resolve(a.order) else { return Some(b.splat(ty, 0.0)) };
            match (base, order) {
                (crate::prim::activation::Base::Identity, 0) => Some(operands[0]),
                (crate::prim::activation::Base::Identity, 1) => Some(b.splat(ty, 1.0)),
                _ => None,
            }
        }
        Prim::Select(_) => (operands[1] == operands[2]).then_some(operands[1]),
        Prim::Convert(c) => {
            if b.ty(operands[0]).dtype == c.dtype {
                return Some(operands[0]);
            }
            splat(b, operands[0]).map(|v| b.splat(ty, v))
        }
        Prim::BroadcastInDim(p) => broadcast(b, p, operands[0], ty),
        Prim::Reshape(_) => {
            if b.ty(operands[0]) == ty {
                return Some(operands[0]);
            }
            if let Some(v) = splat(b, operands[0]) {
                return Some(b.splat(ty, v));
            }
            let node = b.graph().node(operands[0]);
            let inner = *node.operands.first()?;
            matches!(node.prim, Prim::Reshape(_)).then(|| b.reshape(inner, &ty.shape))
        }
        Prim::Transpose(p) => transpose(b, p, operands[0], ty),
        Prim::Slice(p) => {
            let whole = b.ty(operands[0]) == ty && p.strides.iter().all(|&s| s == 1);
            if whole {
                return Some(operands[0]);
            }
            splat(b, operands[0]).map(|v| b.splat(ty, v))
        }
        Prim::Pad(p) => {
            let nothing = p.low.iter().chain(&p.high).all(|&e| e == 0) && p.interior.iter().all(|&i| i == 0);
            if nothing {
                return Some(operands[0]);
            }
            splat(b, operands[0]).filter(|&v| v == p.value()).map(|v| b.splat(ty, v))
        }
        Prim::Concatenate(_) => (operands.len() == 1).then(|| operands[0]),
        Prim::Reverse(p) => {
            if p.axes.iter().all(|&a| ty.shape[a] == 1) {
                return Some(operands[0]);
            }
            let node = b.graph().node(operands[0]);
            (node.prim == *prim).then(|| node.operands[0])
        }
        Prim::ReduceSum(p) => {
            if p.axes.is_empty() {
                return Some(operands[0]);
            }
            if p.axes.iter().all(|&a| b.ty(operands[0]).shape[a] == 1) {
                return Some(b.reshape(operands[0], &ty.shape));
            }
            (splat(b, operands[0]) == Some(0.0)).then(|| b.splat(ty, 0.0))
        }
        Prim::DotGeneral(p) => dot(b, p, operands[0], operands[1], ty),
        Prim::Convolution(_) => operands.iter().any(|&x| splat(b, x) == Some(0.0)).then(|| b.splat(ty, 0.0)),
        _ => None,
    }
}

/// The value that every element of `x` is known to have.
fn splat(b: &Builder, x: Value) -> Option<f64> {
    match &b.graph().node(x).prim {
        Prim::Constant(c) => c.as_splat(),
        _ => None,
    }
}

fn unary(b: &mut Builder, op: UnaryOp, x: Value, ty: &TensorType) -> Option<Value> {
    if op == UnaryOp::Negate {
        let node = b.graph().node(x);
        if node.prim == Prim::Unary(Unary(UnaryOp::Negate)) {
            return Some(node.operands[0]);
        }
    }
    // Folding in f64 and rounding once could differ from the executor's own f32 function by an ulp: only negation is exact.
    let v = splat(b, x).filter(|_| op == UnaryOp::Negate || ty.dtype == DType::F64)?;
    Some(b.splat(ty, op.apply(v)))
}

fn binary(b: &mut Builder, op: BinaryOp, x: Value, y: Value, ty: &TensorType) -> Option<Value> {
    let (sx, sy) = (splat(b, x), splat(b, y));
    if let (Some(u), Some(v)) = (sx, sy)
        && ty.dtype.is_float()
        && op != BinaryOp::Power
    {
        // Sums, products and quotients of two f32 numbers are exact enough in f64 that rounding twice equals rounding once.
        return Some(b.splat(ty, op.apply(u, v)));
    }
    match op {
        BinaryOp::Add if sx == Some(0.0) => Some(y),
        BinaryOp::Add | BinaryOp::Subtract if sy == Some(0.0) => Some(x),
        BinaryOp::Add => negated(b, y).map(|n| b.sub(x, n)).or_else(|| negated(b, x).map(|n| b.sub(y, n))),
        BinaryOp::Subtract if sx == Some(0.0) => Some(b.neg(y)),
        BinaryOp::Subtract => negated(b, y).map(|n| b.add(x, n)),
        BinaryOp::Multiply if sx == Some(0.0) || sy == Some(0.0) => Some(b.splat(ty, 0.0)),
        BinaryOp::Multiply if sx == Some(1.0) => Some(y),
        BinaryOp::Multiply | BinaryOp::Divide | BinaryOp::Power if sy == Some(1.0) => Some(x),
        BinaryOp::Multiply if sx == Some(-1.0) => Some(b.neg(y)),
        BinaryOp::Multiply | BinaryOp::Divide if sy == Some(-1.0) => Some(b.neg(x)),
        BinaryOp::Divide if sx == Some(0.0) => Some(b.splat(ty, 0.0)),
        BinaryOp::Power if sy == Some(0.0) => Some(b.splat(ty, 1.0)),
        BinaryOp::Power if sy == Some(2.0) => Some(b.square(x)),
        BinaryOp::Maximum | BinaryOp::Minimum if x == y => Some(x),
        _ => None,
    }
}

/// `x`, if `v` is `-x` for a float `x`.
fn negated(b: &Builder, v: Value) -> Option<Value> {
    let node = b.graph().node(v);
    (node.prim == Prim::Unary(Unary(UnaryOp::Negate))).then(|| node.operands[0])
}

fn broadcast(b: &mut Builder, p: &BroadcastInDim, x: Value, ty: &TensorType) -> Option<Value> {
    if b.ty(x) == ty {
        return Some(x);
    }
    if let Some(v) = splat(b, x) {
        return Some(b.splat(ty, v));
    }
    let node = b.graph().node(x);
    if let Prim::BroadcastInDim(inner) = &node.prim {
        let dims: Vec<usize> = inner.dims.iter().map(|&d| p.dims[d]).collect();
        let source = node.operands[0];
        return Some(b.broadcast(source, &ty.shape, &dims));
    }
    // A reshape that only drops or adds axes of extent 1 before a broadcast is part of the broadcast.
    if let Prim::Reshape(_) = &node.prim {
        let source = node.operands[0];
        let from = b.ty(source).shape.clone();
        let to = b.ty(x).shape.clone();
        if from.len() < to.len() && from.iter().eq(to.iter().filter(|&&n| n != 1)) && from.iter().all(|&n| n != 1) {
            let dims: Vec<usize> = (0..to.len()).filter(|&a| to[a] != 1).map(|a| p.dims[a]).collect();
            return Some(b.broadcast(source, &ty.shape, &dims));
        }
    }
    None
}

fn transpose(b: &mut Builder, p: &Transpose, x: Value, ty: &TensorType) -> Option<Value> {
    if p.permutation.iter().copied().eq(0..ty.rank()) {
        return Some(x);
    }
    if let Some(v) = splat(b, x) {
        return Some(b.splat(ty, v));
    }
    // Moving only axes of extent 1 leaves the order of elements: a reshape, which costs nothing.
    let kept: Vec<usize> = p.permutation.iter().copied().filter(|&a| b.ty(x).shape[a] != 1).collect();
    if kept.is_sorted() {
        return Some(b.reshape(x, &ty.shape));
    }
    let node = b.graph().node(x);
    if let Prim::Transpose(inner) = &node.prim {
        let permutation: Vec<usize> = p.permutation.iter().map(|&a| inner.permutation[a]).collect();
        let source = node.operands[0];
        return Some(b.transpose(source, &permutation));
    }
    None
}

/// A product takes the transposes of its operands into its axis lists, where that keeps the order of free axes.
fn dot(b: &mut Builder, p: &DotGeneral, lhs: Value, rhs: Value, ty: &TensorType) -> Option<Value> {
    if splat(b, lhs) == Some(0.0) || splat(b, rhs) == Some(0.0) {
        return Some(b.splat(ty, 0.0));
    }
    let source = |b: &Builder, x: Value, batch: &[usize], contracting: &[usize], free: &[usize]| {
        let node = b.graph().node(x);
        let Prim::Transpose(t) = &node.prim else { return None };
        let through = |axes: &[usize]| axes.iter().map(|&a| t.permutation[a]).collect::<Vec<_>>();
        through(free).is_sorted().then(|| (node.operands[0], through(batch), through(contracting)))
    };
    let mut dims = p.clone();
    if let Some((x, batch, contracting)) = source(b, lhs, &p.lhs_batch, &p.lhs_contracting, &p.lhs_free(b.ty(lhs).rank())) {
        (dims.lhs_batch, dims.lhs_contracting) = (batch, contracting);
        return Some(b.dot_general(x, rhs, dims));
    }
    if let Some((y, batch, contracting)) = source(b, rhs, &p.rhs_batch, &p.rhs_contracting, &p.rhs_free(b.ty(rhs).rank())) {
        (dims.rhs_batch, dims.rhs_contracting) = (batch, contracting);
        return Some(b.dot_general(lhs, y, dims));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setup() -> (Builder, Value, Value) {
        let mut b = Builder::new();
        let ty = TensorType::new(DType::F32, [2, 3]);
        let (x, y) = (b.input("x", ty.clone()), b.input("y", ty));
        (b, x, y)
    }

    #[test]
    fn neutral_elements_vanish() {
        let (mut b, x, _) = setup();
        let (zero, one) = (b.splat_like(x, 0.0), b.splat_like(x, 1.0));
        assert_eq!(b.add(x, zero), x);
        assert_eq!(b.mul(one, x), x);
        assert_eq!(b.mul(x, zero), zero);
        let negative = b.neg(x);
        assert_eq!(b.neg(negative), x);
        assert_eq!(b.sub(zero, x), negative);
    }

    #[test]
    fn movements_that_undo_each_other_vanish() {
        let (mut b, x, _) = setup();
        let t = b.transpose(x, &[1, 0]);
        assert_eq!(b.transpose(t, &[1, 0]), x);
        let r = b.reshape(x, &[6]);
        assert_eq!(b.reshape(r, &[2, 3]), x);
        let v = b.reverse(x, &[1]);
        assert_eq!(b.reverse(v, &[1]), x);
    }

    #[test]
    fn a_product_takes_in_the_transposes_of_its_operands() {
        let (mut b, x, y) = setup();
        let t = b.transpose(y, &[1, 0]);
        let through_transpose = b.matmul(x, t);
        assert_eq!(through_transpose, b.dot_general(x, y, DotGeneral::contracting(1, 1)));
    }

    #[test]
    fn equal_expressions_are_one_node() {
        let (mut b, x, y) = setup();
        assert_eq!(b.add(x, y), b.add(y, x));
        assert_ne!(b.sub(x, y), b.sub(y, x));
    }
}
