//! Second derivatives along a direction, weighted by a cotangent, without second tangents.

use rustc_hash::FxHashMap;

use super::jvp::tangents_of;
use super::{jvp, linear_transpose, substitute};
use crate::builder::Builder;
use crate::graph::Value;

/// `⟨c, d²y/dt²⟩` of the outputs `y` when the values `wrt` move along `x + t·v`: a scalar, or `None` where it is a structural zero.
///
/// Second tangents obey the same linear map as first ones, driven by what each node adds: `ÿ = Df·ẍ + D²f[ẋ, ẋ]`. Its transpose
/// carries `c` back to every node once, whatever the number of directions, so that only the added terms are left per direction:
/// the result is `Σ ⟨δ, D²f[ẋ, ẋ]⟩` over the nodes, with `δ` the cotangent of the node.
///
/// `wrt` may be any values and are treated as independent; cotangents are held constant. A cotangent or a tangent of `None` is zero.
///
/// # Cost
/// For a network's logits, in forward passes: 1 for `δ`, shared by all directions and with a gradient; per direction 2 for `ẋ`,
/// which it shares with [`jvp`], and 1 for `Ẇ·ȧ`. `jvp` of `jvp` costs 4 per direction.
///
/// # Panics
/// If lists differ in length, or a cotangent or tangent in type from its value.
///
/// # Examples
/// ```
/// use dupin_ir::transform::second_order;
/// use dupin_ir::{Builder, DType, Executor, Reference, Tensor, TensorType};
/// let mut b = Builder::new();
/// let ty = TensorType::new(DType::F64, [2]);
/// let [x, v, c] = ["x", "v", "c"].map(|name| b.input(name, ty.clone()));
/// let y = b.exp(x);
/// let form = second_order(&mut b, &[y], &[Some(c)], &[x], &[Some(v)]).unwrap();
/// // Σ c·eˣ·v² at x = 0
/// let program = b.program(&[x, v, c], &[form])?;
/// let vectors = [[0.0, 0.0], [1.0, 2.0], [3.0, 4.0]].map(|v| Tensor::f64([2], v.to_vec()));
/// assert_eq!(Reference.evaluate(&program, &vectors)?[0].item(), 3.0 * 1.0 + 4.0 * 4.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[track_caller]
pub fn second_order(
    b: &mut Builder,
    outputs: &[Value],
    cotangents: &[Option<Value>],
    wrt: &[Value],
    tangents: &[Option<Value>],
) -> Option<Value> {
    assert_eq!(outputs.len(), cotangents.len(), "second_order needs one cotangent (or None) per output");
    let nodes = b.graph().ancestors(outputs, wrt);
    let tangent = tangents_of(b, outputs, wrt, tangents);
    let mut cotangent: FxHashMap<Value, Value> = FxHashMap::default();
    for (&v, &ct) in outputs.iter().zip(cotangents) {
        if let Some(ct) = ct {
            assert_eq!(b.ty(ct), b.ty(v), "the cotangent of {v} must have its type");
            accumulate(b, &mut cotangent, v, ct);
        }
    }
    let mut form = None;
    for &v in nodes.iter().rev().filter(|v| !wrt.contains(v)) {
        let (Some(&ct), Some(dy)) = (cotangent.get(&v), tangent[&v]) else { continue };
        let node = b.graph().node(v).clone();
        let mut moving: Vec<(Value, Value)> = node.operands.iter().filter_map(|o| Some((*o, tangent[o]?))).collect();
        moving.sort_unstable();
        moving.dedup();
        let (at, along): (Vec<Value>, Vec<Value>) = moving.into_iter().unzip();
        // The node's tangent map, its tangents left open: linear in them, and a function of operands and result.
        let open: Vec<Value> =
            along.iter().map(|&t| b.ty(t).clone()).collect::<Vec<_>>().into_iter().map(|ty| b.input("t", ty)).collect();
        let opened: Vec<Option<Value>> = node.operands.iter().map(|o| at.iter().position(|a| a == o).map(|i| open[i])).collect();
        let Some(map) = node.prim.rules().jvp(b, &node.operands, v, &opened) else { continue };
        let around: Vec<Value> = node.operands.iter().copied().chain([v]).collect();
        let moved: Vec<Option<Value>> = node.operands.iter().map(|o| tangent[o]).chain([Some(dy)]).collect();
        if let Some(added) = jvp(b, &[map], &around, &moved)[0] {
            let added = substitute(b, &[added], &open, &along)[0];
            let term = b.inner(ct, added);
            form = Some(form.map_or(term, |sum| b.add(sum, term)));
        }
        for (&o, ct) in at.iter().zip(linear_transpose(b, &[map], &[Some(ct)], &open)) {
            if let Some(ct) = ct {
                accumulate(b, &mut cotangent, o, ct);
            }
        }
    }
    form
}

fn accumulate(b: &mut Builder, cotangent: &mut FxHashMap<Value, Value>, v: Value, ct: Value) {
    let sum = cotangent.get(&v).map_or(ct, |&old| b.add(old, ct));
    cotangent.insert(v, sum);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DType, TensorType};

    #[test]
    fn a_linear_map_has_none() {
        let mut b = Builder::new();
        let ty = TensorType::new(DType::F64, [2]);
        let [x, v, c] = ["x", "v", "c"].map(|name| b.input(name, ty.clone()));
        let y = b.scale(x, 3.0);
        assert_eq!(second_order(&mut b, &[y], &[Some(c)], &[x], &[Some(v)]), None);
        assert_eq!(second_order(&mut b, &[y], &[None], &[x], &[Some(v)]), None);
        let square = b.mul(x, x);
        assert_eq!(second_order(&mut b, &[square], &[Some(c)], &[x], &[None]), None);
        assert!(second_order(&mut b, &[square], &[Some(c)], &[x], &[Some(v)]).is_some());
    }
}
