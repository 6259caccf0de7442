//! `reshape`: the same elements in row-major order under another shape. Linear.
//!
//! C1: the number of elements stays.

use super::{Broken, Operand, Primitive, Sample, arity, require};
use crate::attrs::Attrs;
use crate::builder::Builder;
use crate::graph::Value;
use crate::reference::Array;
use crate::stablehlo::{Ssa, Writer};
use crate::types::TensorType;

/// Another shape for the same elements.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reshape {
    /// Shape of the result.
    pub shape: Vec<usize>,
}

impl Primitive for Reshape {
    fn name(&self) -> &'static str {
        "reshape"
    }
    fn infer(&self, x: &[&TensorType]) -> Result<TensorType, Broken> {
        let [x] = arity(x)?;
        require(x.len() == self.shape.iter().product::<usize>(), "C1")?;
        Ok(x.with_shape(self.shape.clone()))
    }
    fn eval(&self, x: &[&Array], out: &TensorType) -> Array {
        Array::new(out.clone(), x[0].data.clone())
    }
    fn jvp(&self, b: &mut Builder, _: &[Value], _: Value, dx: &[Option<Value>]) -> Option<Value> {
        dx[0].map(|d| b.push(self.clone(), &[d]))
    }
    fn linear_transpose(&self, b: &mut Builder, ct: Value, x: &[Operand]) -> Vec<Option<Value>> {
        vec![x[0].linear().map(|ty| b.reshape(ct, &ty.shape))]
    }
    fn batch(&self, b: &mut Builder, x: &[(Value, bool)]) -> Value {
        let mut shape = vec![b.ty(x[0].0).shape[0]];
        shape.extend(&self.shape);
        b.reshape(x[0].0, &shape)
    }
    fn attrs(&self) -> Attrs {
        Attrs::none().ints("shape", &self.shape)
    }
    fn stablehlo(&self, w: &mut Writer, x: &[Ssa], out: &TensorType) -> Ssa {
        w.op("reshape", &[&x[0]], "", out)
    }
    fn flop(&self, _: &[&TensorType], _: &TensorType) -> u64 {
        0
    }
}

impl Reshape {
    pub(crate) fn parse(name: &str, a: &Attrs) -> Option<Self> {
        (name == "reshape").then_some(())?;
        Some(Self { shape: a.get_ints("shape")? })
    }
    pub(crate) fn samples() -> Vec<Sample> {
        let p = |shape: &[usize]| Self { shape: shape.to_vec() };
        vec![
            Sample::legal("merge", p(&[6]), &[&[2, 3]]),
            Sample::legal("split", p(&[3, 2, 2]), &[&[6, 2]]),
            Sample::illegal("C1", p(&[5]), &[&[2, 3]]),
        ]
    }
}
