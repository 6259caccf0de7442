//! `reverse`: order of elements reversed along axes. Linear, its own transpose.
//!
//! C1: `axes` strictly increases and is below the rank.

use super::{Broken, Operand, Primitive, Sample, arity, require, shifted};
use crate::attrs::Attrs;
use crate::builder::Builder;
use crate::graph::Value;
use crate::reference::Array;
use crate::stablehlo::{Ssa, Writer, ints};
use crate::types::TensorType;

/// Reverses `axes`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reverse {
    /// The axes.
    pub axes: Vec<usize>,
}

impl Primitive for Reverse {
    fn name(&self) -> &'static str {
        "reverse"
    }
    fn infer(&self, x: &[&TensorType]) -> Result<TensorType, Broken> {
        let [x] = arity(x)?;
        require(self.axes.is_sorted_by(|a, b| a < b) && self.axes.iter().all(|&a| a < x.rank()), "C1")?;
        Ok(x.clone())
    }
    fn eval(&self, x: &[&Array], out: &TensorType) -> Array {
        Array::from_fn(out, |i| {
            let flip = |(a, &at): (usize, &usize)| if self.axes.contains(&a) { out.shape[a] - 1 - at } else { at };
            x[0].at(&i.iter().enumerate().map(flip).collect::<Vec<_>>())
        })
    }
    fn jvp(&self, b: &mut Builder, _: &[Value], _: Value, dx: &[Option<Value>]) -> Option<Value> {
        dx[0].map(|d| b.push(self.clone(), &[d]))
    }
    fn linear_transpose(&self, b: &mut Builder, ct: Value, x: &[Operand]) -> Vec<Option<Value>> {
        vec![x[0].linear().map(|_| b.push(self.clone(), &[ct]))]
    }
    fn batch(&self, b: &mut Builder, x: &[(Value, bool)]) -> Value {
        b.reverse(x[0].0, &shifted(&self.axes))
    }
    fn attrs(&self) -> Attrs {
        Attrs::none().ints("axes", &self.axes)
    }
    fn stablehlo(&self, w: &mut Writer, x: &[Ssa], out: &TensorType) -> Ssa {
        w.op("reverse", &[&x[0]], &format!("dimensions = {}", ints(&self.axes)), out)
    }
    fn flop(&self, _: &[&TensorType], _: &TensorType) -> u64 {
        0
    }
}

impl Reverse {
    pub(crate) fn parse(name: &str, a: &Attrs) -> Option<Self> {
        (name == "reverse").then_some(())?;
        Some(Self { axes: a.get_ints("axes")? })
    }
    pub(crate) fn samples() -> Vec<Sample> {
        let p = |axes: &[usize]| Self { axes: axes.to_vec() };
        vec![
            Sample::legal("one", p(&[1]), &[&[2, 3]]),
            Sample::legal("both", p(&[0, 1]), &[&[2, 3]]),
            Sample::illegal("C1", p(&[2]), &[&[2, 3]]),
        ]
    }
}
