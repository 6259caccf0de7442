//! Forward mode.

use rustc_hash::FxHashMap;

use crate::builder::Builder;
use crate::graph::Value;

/// Tangents of `outputs` when the values `wrt` move along `tangents`.
///
/// `wrt` may be any values: they are treated as independent, whatever they are computed from. A tangent of `None` says that
/// the value stays fixed: to hold an inner value constant, list it with `None`. A result of `None` is a structural zero.
///
/// # Cost
/// For a network's outputs 2 forward passes: `W·ȧ` and `Ẇ·a` in every layer.
///
/// # Panics
/// If `wrt` and `tangents` differ in length, or a tangent in type from its value.
#[track_caller]
pub fn jvp(b: &mut Builder, outputs: &[Value], wrt: &[Value], tangents: &[Option<Value>]) -> Vec<Option<Value>> {
    let tangent = tangents_of(b, outputs, wrt, tangents);
    outputs.iter().map(|v| tangent[v]).collect()
}

/// Tangents of `outputs` and of all values between them and `wrt`.
#[track_caller]
pub(super) fn tangents_of(
    b: &mut Builder,
    outputs: &[Value],
    wrt: &[Value],
    tangents: &[Option<Value>],
) -> FxHashMap<Value, Option<Value>> {
    assert_eq!(wrt.len(), tangents.len(), "jvp needs one tangent (or None) per value");
    let mut tangent: FxHashMap<Value, Option<Value>> = FxHashMap::default();
    for (&v, &t) in wrt.iter().zip(tangents) {
        assert!(t.is_none_or(|t| b.ty(t) == b.ty(v)), "the tangent of {v} must have its type {}", b.ty(v));
        tangent.insert(v, t);
    }
    let between = b.graph().ancestors(outputs, wrt);
    for v in between {
        if tangent.contains_key(&v) {
            continue;
        }
        let node = b.graph().node(v);
        let dx: Vec<Option<Value>> = node.operands.iter().map(|o| tangent[o]).collect();
        let dy = if dx.iter().any(Option::is_some) {
            let (prim, operands) = (node.prim.clone(), node.operands.clone());
            prim.rules().jvp(b, &operands, v, &dx)
        } else {
            None
        };
        tangent.insert(v, dy);
    }
    tangent
}

/// The tangent map of some outputs: linear from `inputs` to `outputs`.
#[derive(Clone, Debug)]
pub struct Linear {
    /// Placeholders of the tangents, one per value that was linearized at.
    pub inputs: Vec<Value>,
    /// Tangents of the outputs; `None` is a structural zero.
    pub outputs: Vec<Option<Value>>,
}

/// [`jvp`] along tangents that are left open.
#[track_caller]
pub fn linearize(b: &mut Builder, outputs: &[Value], wrt: &[Value]) -> Linear {
    let inputs: Vec<Value> = wrt
        .iter()
        .map(|&v| {
            let ty = b.ty(v).clone();
            b.input("tangent", ty)
        })
        .collect();
    let tangents: Vec<Option<Value>> = inputs.iter().copied().map(Some).collect();
    let outputs = jvp(b, outputs, wrt, &tangents);
    Linear { inputs, outputs }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DType, TensorType};

    #[test]
    fn a_stopped_value_has_no_tangent() {
        let mut b = Builder::new();
        let ty = TensorType::new(DType::F64, [2]);
        let (x, dx) = (b.input("x", ty.clone()), b.input("dx", ty));
        let stopped = b.stop_gradient(x);
        let y = b.mul(x, stopped);
        // d(x · stop(x)) = dx · stop(x), not 2x·dx.
        let dy = jvp(&mut b, &[y, stopped], &[x], &[Some(dx)]);
        assert_eq!(dy, [Some(b.mul(dx, stopped)), None]);
    }

    #[test]
    fn an_inner_value_is_held_constant_by_listing_it() {
        let mut b = Builder::new();
        let ty = TensorType::new(DType::F64, [2]);
        let (x, dx) = (b.input("x", ty.clone()), b.input("dx", ty));
        let inner = b.exp(x);
        let y = b.mul(x, inner);
        let dy = jvp(&mut b, &[y], &[x, inner], &[Some(dx), None]);
        assert_eq!(dy, [Some(b.mul(dx, inner))]);
    }
}
