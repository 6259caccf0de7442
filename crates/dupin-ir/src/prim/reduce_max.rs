//! `reduce_max`: largest element over axes, which are dropped. StableHLO's `reduce` with `maximum`.
//!
//! C1: `axes` strictly increases and is below the rank. C2: the operand is a float tensor.

use super::reduce_sum::{dropped, without};
use super::{Broken, Primitive, Sample, arity, require, shifted};
use crate::attrs::Attrs;
use crate::builder::Builder;
use crate::graph::Value;
use crate::prim::CompareOp;
use crate::reference::Array;
use crate::stablehlo::{Ssa, Writer, ints};
use crate::types::{DType, TensorType};

/// Largest element over `axes`; minus infinity over nothing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ReduceMax {
    /// The axes that are dropped.
    pub axes: Vec<usize>,
}

impl Primitive for ReduceMax {
    fn name(&self) -> &'static str {
        "reduce_max"
    }
    fn infer(&self, x: &[&TensorType]) -> Result<TensorType, Broken> {
        let [x] = arity(x)?;
        require(x.dtype.is_float(), "C2")?;
        dropped(x, &self.axes)
    }
    fn eval(&self, x: &[&Array], out: &TensorType) -> Array {
        let mut y = Array::new(out.clone(), vec![f64::NEG_INFINITY; out.len()]);
        x[0].ty.for_each_index(|i| {
            let (m, v) = (y.at_mut(&without(i, &self.axes)), x[0].at(i));
            *m = if m.is_nan() || v.is_nan() { f64::NAN } else { m.max(v) };
        });
        y
    }
    fn jvp(&self, b: &mut Builder, x: &[Value], y: Value, dx: &[Option<Value>]) -> Option<Value> {
        // Equal maxima share the derivative, so that the rule is symmetric in the elements.
        let dx = dx[0]?;
        let ty = b.ty(x[0]).clone();
        let kept: Vec<usize> = (0..ty.rank()).filter(|a| !self.axes.contains(a)).collect();
        let spread = b.broadcast(y, &ty.shape, &kept);
        let hit = b.compare(CompareOp::Eq, x[0], spread);
        let mask = b.convert(hit, ty.dtype);
        let count = b.reduce_sum(mask, &self.axes);
        let masked = b.mul(dx, mask);
        let total = b.reduce_sum(masked, &self.axes);
        Some(b.div(total, count))
    }
    fn batch(&self, b: &mut Builder, x: &[(Value, bool)]) -> Value {
        b.reduce_max(x[0].0, &shifted(&self.axes))
    }
    fn attrs(&self) -> Attrs {
        Attrs::none().ints("axes", &self.axes)
    }
    fn stablehlo(&self, w: &mut Writer, x: &[Ssa], out: &TensorType) -> Ssa {
        let lowest = w.literal(&[f64::NEG_INFINITY], &out.with_shape([]));
        w.combining("reduce", "maximum", &[&x[0], &lowest], &format!("dimensions = {}", ints(&self.axes)), out)
    }
    fn flop(&self, x: &[&TensorType], _: &TensorType) -> u64 {
        x[0].len() as u64
    }
}

impl ReduceMax {
    pub(crate) fn parse(name: &str, a: &Attrs) -> Option<Self> {
        (name == "reduce_max").then_some(())?;
        Some(Self { axes: a.get_ints("axes")? })
    }
    pub(crate) fn samples() -> Vec<Sample> {
        let p = |axes: &[usize]| Self { axes: axes.to_vec() };
        vec![
            Sample::legal("all", p(&[0, 1]), &[&[2, 3]]),
            Sample::legal("columns", p(&[1]), &[&[3, 4]]),
            Sample::legal("rows", p(&[0]), &[&[3, 4]]),
            Sample::illegal("C1", p(&[2]), &[&[2, 3]]),
            Sample::illegal("C2", p(&[0]), &[&[2]]).typed(0, DType::I32, 2),
        ]
    }
}
