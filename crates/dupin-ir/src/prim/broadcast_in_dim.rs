//! `broadcast_in_dim`: repeats along new axes and axes of extent 1. Linear.
//!
//! C1: there is one entry of `dims` per operand axis. C2: `dims` strictly increases and is below the result's rank.
//! C3: each operand axis has extent 1 or that of its result axis.

use super::{Broken, Operand, Primitive, Sample, arity, require, with_leading};
use crate::attrs::Attrs;
use crate::builder::Builder;
use crate::graph::Value;
use crate::reference::Array;
use crate::stablehlo::{Ssa, Writer, ints};
use crate::types::TensorType;

/// Operand axis `i` becomes result axis `dims[i]`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BroadcastInDim {
    /// Shape of the result.
    pub shape: Vec<usize>,
    /// Result axis of each operand axis.
    pub dims: Vec<usize>,
}

impl Primitive for BroadcastInDim {
    fn name(&self) -> &'static str {
        "broadcast_in_dim"
    }
    fn infer(&self, x: &[&TensorType]) -> Result<TensorType, Broken> {
        let [x] = arity(x)?;
        require(self.dims.len() == x.rank(), "C1")?;
        require(self.dims.is_sorted_by(|a, b| a < b) && self.dims.iter().all(|&d| d < self.shape.len()), "C2")?;
        require(self.dims.iter().zip(&x.shape).all(|(&d, &n)| n == 1 || n == self.shape[d]), "C3")?;
        Ok(x.with_shape(self.shape.clone()))
    }
    fn eval(&self, x: &[&Array], out: &TensorType) -> Array {
        Array::from_fn(out, |i| {
            let source: Vec<usize> = self.dims.iter().zip(&x[0].ty.shape).map(|(&d, &n)| if n == 1 { 0 } else { i[d] }).collect();
            x[0].at(&source)
        })
    }
    fn jvp(&self, b: &mut Builder, _: &[Value], _: Value, dx: &[Option<Value>]) -> Option<Value> {
        dx[0].map(|d| b.push(self.clone(), &[d]))
    }
    fn linear_transpose(&self, b: &mut Builder, ct: Value, x: &[Operand]) -> Vec<Option<Value>> {
        let Some(ty) = x[0].linear() else { return vec![None] };
        let kept: Vec<usize> = self.dims.iter().zip(&ty.shape).filter(|&(&d, &n)| n == self.shape[d]).map(|(&d, _)| d).collect();
        let axes: Vec<usize> = (0..self.shape.len()).filter(|a| !kept.contains(a)).collect();
        let sum = b.reduce_sum(ct, &axes);
        vec![Some(b.reshape(sum, &ty.shape))]
    }
    fn batch(&self, b: &mut Builder, x: &[(Value, bool)]) -> Value {
        let k = b.ty(x[0].0).shape[0];
        let mut shape = self.shape.clone();
        shape.insert(0, k);
        b.broadcast(x[0].0, &shape, &with_leading(&self.dims))
    }
    fn attrs(&self) -> Attrs {
        Attrs::none().ints("shape", &self.shape).ints("dims", &self.dims)
    }
    fn stablehlo(&self, w: &mut Writer, x: &[Ssa], out: &TensorType) -> Ssa {
        w.op("broadcast_in_dim", &[&x[0]], &format!("broadcast_dimensions = {}", ints(&self.dims)), out)
    }
    fn flop(&self, _: &[&TensorType], _: &TensorType) -> u64 {
        0
    }
}

impl BroadcastInDim {
    pub(crate) fn parse(name: &str, a: &Attrs) -> Option<Self> {
        (name == "broadcast_in_dim").then_some(())?;
        Some(Self { shape: a.get_ints("shape")?, dims: a.get_ints("dims")? })
    }
    pub(crate) fn samples() -> Vec<Sample> {
        let p = |shape: &[usize], dims: &[usize]| Self { shape: shape.to_vec(), dims: dims.to_vec() };
        vec![
            Sample::legal("scalar", p(&[2, 3], &[]), &[&[]]),
            Sample::legal("rows", p(&[2, 3], &[0]), &[&[2]]),
            Sample::legal("columns", p(&[2, 3], &[1]), &[&[3]]),
            Sample::legal("extent one", p(&[2, 3, 4], &[0, 2]), &[&[2, 1]]),
            Sample::illegal("C1", p(&[2, 3], &[0]), &[&[2, 3]]),
            Sample::illegal("C2", p(&[2, 3], &[1, 0]), &[&[3, 2]]),
            Sample::illegal("C3", p(&[2, 3], &[1]), &[&[2]]),
        ]
    }
}
