//! Batching: the same computation under a new leading axis.

use rustc_hash::FxHashMap;

use crate::builder::Builder;
use crate::graph::Value;

/// `outputs` when `wrt` are replaced by `batched`, which carry a new leading axis. The flag says whether an output carries it, too.
///
/// What does not depend on `wrt` stays as it is and is shared by all. A product or convolution with one batched side becomes
/// one bigger product.
///
/// # Panics
/// If the lists differ in length, or a batched value is not its original's type under one leading axis.
#[track_caller]
pub fn batch(b: &mut Builder, outputs: &[Value], wrt: &[Value], batched: &[Value]) -> Vec<(Value, bool)> {
    assert_eq!(wrt.len(), batched.len(), "batch needs one batched value per value");
    let mut map: FxHashMap<Value, (Value, bool)> = FxHashMap::default();
    for (&v, &w) in wrt.iter().zip(batched) {
        let k = b.ty(w).shape.first().copied().unwrap_or_default();
        assert_eq!(*b.ty(w), b.ty(v).batched(k), "the batched form of {v} must be its type under a leading axis");
        map.insert(v, (w, true));
    }
    for v in b.graph().ancestors(outputs, wrt) {
        if map.contains_key(&v) {
            continue;
        }
        let node = b.graph().node(v);
        let operands: Vec<(Value, bool)> = node.operands.iter().map(|o| map[o]).collect();
        let to = if operands.iter().any(|o| o.1) {
            let prim = node.prim.clone();
            (prim.rules().batch(b, &operands), true)
        } else {
            (v, false)
        };
        map.insert(v, to);
    }
    outputs.iter().map(|v| map[v]).collect()
}

/// [`batch`], with outputs that lack the axis repeated along it.
#[track_caller]
pub fn batch_all(b: &mut Builder, outputs: &[Value], wrt: &[Value], batched: &[Value]) -> Vec<Value> {
    let k = batched.first().map_or(0, |&v| b.ty(v).shape[0]);
    batch(b, outputs, wrt, batched).into_iter().map(|(v, is)| if is { v } else { b.broadcast_leading(v, k) }).collect()
}
