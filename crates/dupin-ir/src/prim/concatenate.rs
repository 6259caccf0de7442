//! `concatenate`: operands one after another along an axis. Linear.
//!
//! C1: there is at least one operand. C2: `axis` is below the rank. C3: types agree but for that axis.

use super::{Broken, Operand, Primitive, Sample, batch_operands, require};
use crate::attrs::Attrs;
use crate::builder::Builder;
use crate::graph::Value;
use crate::reference::Array;
use crate::stablehlo::{Ssa, Writer};
use crate::types::TensorType;

/// Joins along `axis`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Concatenate {
    /// The axis.
    pub axis: usize,
}

impl Primitive for Concatenate {
    fn name(&self) -> &'static str {
        "concatenate"
    }
    fn infer(&self, x: &[&TensorType]) -> Result<TensorType, Broken> {
        let first = *x.first().ok_or(Broken("C1"))?;
        require(self.axis < first.rank(), "C2")?;
        let mut out = first.clone();
        for ty in &x[1..] {
            let same = ty.dtype == out.dtype && ty.rank() == out.rank();
            require(same && (0..out.rank()).all(|a| a == self.axis || ty.shape[a] == out.shape[a]), "C3")?;
            out.shape[self.axis] += ty.shape[self.axis];
        }
        Ok(out)
    }
    fn eval(&self, x: &[&Array], out: &TensorType) -> Array {
        Array::from_fn(out, |i| {
            let mut i = i.to_vec();
            for part in x {
                let extent = part.ty.shape[self.axis];
                if i[self.axis] < extent {
                    return part.at(&i);
                }
                i[self.axis] -= extent;
            }
            unreachable!("the result is as long as its parts")
        })
    }
    fn jvp(&self, b: &mut Builder, x: &[Value], _: Value, dx: &[Option<Value>]) -> Option<Value> {
        let parts: Vec<Value> = x.iter().zip(dx).map(|(&x, &d)| d.unwrap_or_else(|| b.splat_like(x, 0.0))).collect();
        Some(b.concatenate(&parts, self.axis))
    }
    fn linear_transpose(&self, b: &mut Builder, ct: Value, x: &[Operand]) -> Vec<Option<Value>> {
        let mut start = 0;
        x.iter()
            .map(|operand| {
                let extent = match operand {
                    Operand::Linear(ty) => ty.shape[self.axis],
                    Operand::Value(v) => b.ty(*v).shape[self.axis],
                };
                start += extent;
                operand.linear().is_some().then(|| b.slice_axis(ct, self.axis, start - extent, start))
            })
            .collect()
    }
    fn batch(&self, b: &mut Builder, x: &[(Value, bool)]) -> Value {
        let operands = batch_operands(b, x);
        b.concatenate(&operands, self.axis + 1)
    }
    fn attrs(&self) -> Attrs {
        Attrs::none().int("axis", self.axis as i64)
    }
    fn stablehlo(&self, w: &mut Writer, x: &[Ssa], out: &TensorType) -> Ssa {
        w.op("concatenate", &x.iter().collect::<Vec<_>>(), &format!("dimension = {} : i64", self.axis), out)
    }
    fn flop(&self, _: &[&TensorType], _: &TensorType) -> u64 {
        0
    }
}

impl Concatenate {
    pub(crate) fn parse(name: &str, a: &Attrs) -> Option<Self> {
        (name == "concatenate").then_some(())?;
        Some(Self { axis: a.get_int("axis")? })
    }
    pub(crate) fn samples() -> Vec<Sample> {
        vec![
            Sample::legal("rows", Self { axis: 0 }, &[&[1, 3], &[2, 3]]),
            Sample::legal("columns", Self { axis: 1 }, &[&[2, 1], &[2, 3], &[2, 2]]),
            Sample::illegal("C1", Self { axis: 0 }, &[]),
            Sample::illegal("C2", Self { axis: 1 }, &[&[2], &[2]]),
            Sample::illegal("C3", Self { axis: 0 }, &[&[2, 3], &[2, 2]]),
        ]
    }
}
