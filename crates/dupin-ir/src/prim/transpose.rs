//! `transpose`: axes in another order. Linear.
//!
//! C1: `permutation` permutes the axes.

use super::{Broken, Operand, Primitive, Sample, arity, require, with_leading};
use crate::attrs::Attrs;
use crate::builder::Builder;
use crate::graph::Value;
use crate::reference::Array;
use crate::stablehlo::{Ssa, Writer, ints};
use crate::types::TensorType;

/// Axis `i` of the result is axis `permutation[i]` of the operand.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Transpose {
    /// Operand axis of each result axis.
    pub permutation: Vec<usize>,
}

/// The permutation that undoes `p`.
pub(crate) fn inverse(p: &[usize]) -> Vec<usize> {
    let mut q = vec![0; p.len()];
    for (i, &a) in p.iter().enumerate() {
        q[a] = i;
    }
    q
}

impl Primitive for Transpose {
    fn name(&self) -> &'static str {
        "transpose"
    }
    fn infer(&self, x: &[&TensorType]) -> Result<TensorType, Broken> {
        let [x] = arity(x)?;
        let mut sorted = self.permutation.clone();
        sorted.sort_unstable();
        require(sorted.iter().copied().eq(0..x.rank()), "C1")?;
        Ok(x.with_shape(self.permutation.iter().map(|&a| x.shape[a]).collect::<Vec<_>>()))
    }
    fn eval(&self, x: &[&Array], out: &TensorType) -> Array {
        let back = inverse(&self.permutation);
        Array::from_fn(out, |i| x[0].at(&back.iter().map(|&a| i[a]).collect::<Vec<_>>()))
    }
    fn jvp(&self, b: &mut Builder, _: &[Value], _: Value, dx: &[Option<Value>]) -> Option<Value> {
        dx[0].map(|d| b.push(self.clone(), &[d]))
    }
    fn linear_transpose(&self, b: &mut Builder, ct: Value, x: &[Operand]) -> Vec<Option<Value>> {
        vec![x[0].linear().map(|_| b.transpose(ct, &inverse(&self.permutation)))]
    }
    fn batch(&self, b: &mut Builder, x: &[(Value, bool)]) -> Value {
        b.transpose(x[0].0, &with_leading(&self.permutation))
    }
    fn attrs(&self) -> Attrs {
        Attrs::none().ints("permutation", &self.permutation)
    }
    fn stablehlo(&self, w: &mut Writer, x: &[Ssa], out: &TensorType) -> Ssa {
        w.op("transpose", &[&x[0]], &format!("permutation = {}", ints(&self.permutation)), out)
    }
    fn flop(&self, _: &[&TensorType], _: &TensorType) -> u64 {
        0
    }
}

impl Transpose {
    pub(crate) fn parse(name: &str, a: &Attrs) -> Option<Self> {
        (name == "transpose").then_some(())?;
        Some(Self { permutation: a.get_ints("permutation")? })
    }
    pub(crate) fn samples() -> Vec<Sample> {
        let p = |permutation: &[usize]| Self { permutation: permutation.to_vec() };
        vec![
            Sample::legal("matrix", p(&[1, 0]), &[&[2, 3]]),
            Sample::legal("cycle", p(&[2, 0, 1]), &[&[2, 3, 4]]),
            Sample::illegal("C1", p(&[0, 0]), &[&[2, 3]]),
        ]
    }
}
