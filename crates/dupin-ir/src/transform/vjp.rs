//! Reverse mode: linearize, then transpose. No primitive has a reverse-mode rule of its own.

use rustc_hash::FxHashMap;

use super::linearize;
use crate::builder::Builder;
use crate::graph::Value;
use crate::prim::Operand;

/// Cotangents of `wrt` for given cotangents of `outputs`.
///
/// `wrt` may be any values; they are treated as independent. A cotangent of `None` is zero, and so is a result of `None`.
///
/// # Cost
/// For a network's parameters 2 forward passes beyond the forward pass itself.
///
/// # Panics
/// If `outputs` and `cotangents` differ in length, or a cotangent in type from its output.
#[track_caller]
pub fn vjp(b: &mut Builder, outputs: &[Value], cotangents: &[Option<Value>], wrt: &[Value]) -> Vec<Option<Value>> {
    let linear = linearize(b, outputs, wrt);
    let (tangents, cotangents): (Vec<Value>, Vec<Option<Value>>) =
        linear.outputs.iter().zip(cotangents).filter_map(|(t, &c)| t.map(|t| (t, c))).unzip();
    linear_transpose(b, &tangents, &cotangents, &linear.inputs)
}

/// The transpose of a linear map: cotangents of its `inputs` for cotangents of its `outputs`.
///
/// # Panics
/// If `outputs` and `cotangents` differ in length, or a value between them is not linear in `inputs`.
#[track_caller]
pub fn linear_transpose(
    b: &mut Builder,
    outputs: &[Value],
    cotangents: &[Option<Value>],
    inputs: &[Value],
) -> Vec<Option<Value>> {
    assert_eq!(outputs.len(), cotangents.len(), "linear_transpose needs one cotangent (or None) per output");
    let among = b.graph().ancestors(outputs, inputs);
    let linear = b.graph().descendants(inputs, &among);
    let is_linear: rustc_hash::FxHashSet<Value> = linear.iter().copied().collect();
    let mut cotangent: FxHashMap<Value, Value> = FxHashMap::default();
    let accumulate = |b: &mut Builder, map: &mut FxHashMap<Value, Value>, v: Value, ct: Value| {
        assert_eq!(b.ty(ct), b.ty(v), "the cotangent of {v} must have its type");
        let sum = map.get(&v).map_or(ct, |&old| b.add(old, ct));
        map.insert(v, sum);
    };
    for (&v, &ct) in outputs.iter().zip(cotangents) {
        if let Some(ct) = ct.filter(|_| is_linear.contains(&v)) {
            accumulate(b, &mut cotangent, v, ct);
        }
    }
    for &v in linear.iter().rev().filter(|v| !inputs.contains(v)) {
        let Some(ct) = cotangent.get(&v).copied() else { continue };
        let node = b.graph().node(v).clone();
        let operand = |o: &Value| if is_linear.contains(o) { Operand::Linear(b.ty(*o).clone()) } else { Operand::Value(*o) };
        let operands: Vec<Operand> = node.operands.iter().map(operand).collect();
        let cts = node.prim.rules().linear_transpose(b, ct, &operands);
        for (&o, ct) in node.operands.iter().zip(cts) {
            if let Some(ct) = ct.filter(|_| is_linear.contains(&o)) {
                accumulate(b, &mut cotangent, o, ct);
            }
        }
    }
    inputs.iter().map(|v| cotangent.get(v).copied()).collect()
}
