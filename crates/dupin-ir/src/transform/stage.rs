//! Staging: what can be computed before the varying inputs are known, and the rest.

use crate::builder::Builder;
use crate::error::TypeError;
use crate::graph::Value;
use crate::program::Program;

/// A program in two parts. Run `first` once, keep its outputs, and give them to every run of `rest`.
#[derive(Clone, Debug)]
pub struct Staged {
    /// Computes the residuals from the fixed inputs.
    pub first: Program,
    /// Computes the outputs from the varying inputs, then the residuals.
    pub rest: Program,
}

/// Splits the computation of `outputs` by what does not depend on `varying`: Lanczos at fixed parameters pays the primal
/// pass once per batch of data.
///
/// `first` takes `fixed`; `rest` takes `varying` followed by the residuals that `first` gives, in that order.
///
/// # Errors
/// As [`Builder::program`].
pub fn stage(b: &Builder, outputs: &[Value], fixed: &[Value], varying: &[Value]) -> Result<Staged, TypeError> {
    let graph = b.graph();
    let among = graph.ancestors(outputs, varying);
    let moving = graph.descendants(varying, &among);
    let is_moving: rustc_hash::FxHashSet<Value> = moving.iter().copied().collect();
    // The frontier: fixed values that moving ones (or the outputs) use. What needs no input at all is recomputed instead of kept.
    let mut residuals: Vec<Value> = moving
        .iter()
        .filter(|v| !varying.contains(v))
        .flat_map(|&v| graph.node(v).operands.iter().copied())
        .chain(outputs.iter().copied())
        .filter(|v| !is_moving.contains(v) && depends_on_input(b, *v))
        .map(|v| before_repetition(b, v))
        .collect();
    residuals.sort_unstable();
    residuals.dedup();
    let first = b.program(fixed, &residuals)?;
    let inputs: Vec<Value> = varying.iter().chain(&residuals).copied().collect();
    let rest = b.program(&inputs, outputs)?;
    Ok(Staged { first, rest })
}

fn depends_on_input(b: &Builder, v: Value) -> bool {
    b.graph().ancestors(&[v], &[]).iter().any(|&a| matches!(b.graph().node(a).prim, crate::prim::Prim::Input(_)))
}

/// Behind movements of data that only make a value larger: those are cheaper to repeat than to keep.
fn before_repetition(b: &Builder, mut v: Value) -> Value {
    while let node = b.graph().node(v)
        && let [operand] = node.operands[..]
        && b.ty(operand).len() < node.ty.len()
    {
        v = operand;
    }
    v
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DType, Executor, Reference, Tensor, TensorType, transform::jvp};

    #[test]
    fn the_fixed_part_runs_once() {
        let mut b = Builder::new();
        let ty = TensorType::new(DType::F64, [2]);
        let (x, v) = (b.input("x", ty.clone()), b.input("v", ty));
        let e = b.exp(x);
        let y = b.mul(e, x);
        let dy = jvp(&mut b, &[y], &[x], &[Some(v)])[0].unwrap();
        let staged = stage(&b, &[dy], &[x], &[v]).unwrap();
        let has_exp = |p: &Program| p.graph().nodes().iter().any(|n| n.prim.rules().name() == "exponential");
        assert!(has_exp(&staged.first) && !has_exp(&staged.rest));
        let point = Tensor::f64([2], vec![0.5, -1.0]);
        let residuals = Reference.evaluate(&staged.first, std::slice::from_ref(&point)).unwrap();
        let along = Tensor::f64([2], vec![2.0, 3.0]);
        let whole = Reference.evaluate(&b.program(&[x, v], &[dy]).unwrap(), &[point, along.clone()]).unwrap();
        let parts = Reference.evaluate(&staged.rest, &[vec![along], residuals].concat()).unwrap();
        assert_eq!(whole, parts);
    }
}
