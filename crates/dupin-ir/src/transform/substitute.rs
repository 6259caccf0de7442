//! Substitution: the same function at other values.

use rustc_hash::FxHashMap;

use crate::builder::Builder;
use crate::graph::Value;

/// `outputs` recomputed with the values `from` replaced by `to`: the loss at perturbed parameters, say.
///
/// # Panics
/// If the lists differ in length, or a replacement in type from what it replaces.
#[track_caller]
pub fn substitute(b: &mut Builder, outputs: &[Value], from: &[Value], to: &[Value]) -> Vec<Value> {
    assert_eq!(from.len(), to.len(), "substitute needs one replacement per value");
    let mut map: FxHashMap<Value, Value> = FxHashMap::default();
    for (&v, &w) in from.iter().zip(to) {
        assert_eq!(b.ty(v), b.ty(w), "the replacement of {v} must have its type");
        map.insert(v, w);
    }
    for v in b.graph().ancestors(outputs, from) {
        if map.contains_key(&v) {
            continue;
        }
        let node = b.graph().node(v);
        let operands: Vec<Value> = node.operands.iter().map(|o| map[o]).collect();
        let to = if operands == node.operands {
            v
        } else {
            let prim = node.prim.clone();
            b.push(prim, &operands)
        };
        map.insert(v, to);
    }
    outputs.iter().map(|v| map[v]).collect()
}
