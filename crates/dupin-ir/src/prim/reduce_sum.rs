//! `reduce_sum`: sums over axes and drops them. Linear. StableHLO's `reduce` with `add`.
//!
//! C1: `axes` strictly increases and is below the rank. C2: the operand is not `bool`.

use super::{Broken, Operand, Primitive, Sample, arity, require, shifted};
use crate::attrs::Attrs;
use crate::builder::Builder;
use crate::graph::Value;
use crate::reference::Array;
use crate::stablehlo::{Ssa, Writer, ints};
use crate::types::{DType, TensorType};

/// Sums over `axes`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ReduceSum {
    /// The axes that are dropped.
    pub axes: Vec<usize>,
}

/// The type without `axes`, if they strictly increase and exist.
pub(super) fn dropped(x: &TensorType, axes: &[usize]) -> Result<TensorType, Broken> {
    require(axes.is_sorted_by(|a, b| a < b) && axes.iter().all(|&a| a < x.rank()), "C1")?;
    Ok(x.with_shape(without(&x.shape, axes)))
}

/// The entries of `list` whose position is not in `axes`.
pub(crate) fn without(list: &[usize], axes: &[usize]) -> Vec<usize> {
    list.iter().enumerate().filter(|(a, _)| !axes.contains(a)).map(|(_, &n)| n).collect()
}

impl Primitive for ReduceSum {
    fn name(&self) -> &'static str {
        "reduce_sum"
    }
    fn infer(&self, x: &[&TensorType]) -> Result<TensorType, Broken> {
        let [x] = arity(x)?;
        require(x.dtype != DType::Bool, "C2")?;
        dropped(x, &self.axes)
    }
    fn eval(&self, x: &[&Array], out: &TensorType) -> Array {
        let mut y = Array::zeros(out);
        x[0].ty.for_each_index(|i| *y.at_mut(&without(i, &self.axes)) += x[0].at(i));
        y
    }
    fn jvp(&self, b: &mut Builder, _: &[Value], _: Value, dx: &[Option<Value>]) -> Option<Value> {
        dx[0].map(|d| b.push(self.clone(), &[d]))
    }
    fn linear_transpose(&self, b: &mut Builder, ct: Value, x: &[Operand]) -> Vec<Option<Value>> {
        let Some(ty) = x[0].linear() else { return vec![None] };
        let kept: Vec<usize> = (0..ty.rank()).filter(|a| !self.axes.contains(a)).collect();
        vec![Some(b.broadcast(ct, &ty.shape, &kept))]
    }
    fn batch(&self, b: &mut Builder, x: &[(Value, bool)]) -> Value {
        b.reduce_sum(x[0].0, &shifted(&self.axes))
    }
    fn attrs(&self) -> Attrs {
        Attrs::none().ints("axes", &self.axes)
    }
    fn stablehlo(&self, w: &mut Writer, x: &[Ssa], out: &TensorType) -> Ssa {
        let zero = w.literal(&[0.0], &out.with_shape([]));
        w.combining("reduce", "add", &[&x[0], &zero], &format!("dimensions = {}", ints(&self.axes)), out)
    }
    fn flop(&self, x: &[&TensorType], _: &TensorType) -> u64 {
        x[0].len() as u64
    }
}

impl ReduceSum {
    pub(crate) fn parse(name: &str, a: &Attrs) -> Option<Self> {
        (name == "reduce_sum").then_some(())?;
        Some(Self { axes: a.get_ints("axes")? })
    }
    pub(crate) fn samples() -> Vec<Sample> {
        let p = |axes: &[usize]| Self { axes: axes.to_vec() };
        vec![
            Sample::legal("all", p(&[0, 1]), &[&[2, 3]]),
            Sample::legal("rows", p(&[0]), &[&[3, 5]]),
            Sample::legal("columns", p(&[1]), &[&[3, 5]]),
            Sample::legal("outer and inner", p(&[0, 2]), &[&[2, 3, 4]]),
            Sample::legal("nothing to sum", p(&[0]), &[&[0, 2]]),
            Sample::illegal("C1", p(&[1, 0]), &[&[2, 3]]),
            Sample::illegal("C2", p(&[0]), &[&[2]]).typed(0, DType::Bool, 2),
        ]
    }
}
