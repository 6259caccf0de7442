//! `slice`: elements from `start` to below `limit` in steps of `strides`, per axis. Linear.
//!
//! C1: there is one entry per axis. C2: `start <= limit <= extent`. C3: strides are positive.

use super::{Broken, Operand, Primitive, Sample, arity, require};
use crate::attrs::Attrs;
use crate::builder::Builder;
use crate::graph::Value;
use crate::reference::Array;
use crate::stablehlo::{Ssa, Writer, ints};
use crate::types::TensorType;

/// A strided box.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Slice {
    /// First element per axis.
    pub start: Vec<usize>,
    /// One past the last element per axis.
    pub limit: Vec<usize>,
    /// Step per axis.
    pub strides: Vec<usize>,
}

impl Primitive for Slice {
    fn name(&self) -> &'static str {
        "slice"
    }
    fn infer(&self, x: &[&TensorType]) -> Result<TensorType, Broken> {
        let [x] = arity(x)?;
        let rank = x.rank();
        require(self.start.len() == rank && self.limit.len() == rank && self.strides.len() == rank, "C1")?;
        require((0..rank).all(|a| self.start[a] <= self.limit[a] && self.limit[a] <= x.shape[a]), "C2")?;
        require(self.strides.iter().all(|&s| s > 0), "C3")?;
        Ok(x.with_shape((0..rank).map(|a| (self.limit[a] - self.start[a]).div_ceil(self.strides[a])).collect::<Vec<_>>()))
    }
    fn eval(&self, x: &[&Array], out: &TensorType) -> Array {
        Array::from_fn(out, |i| x[0].at(&(0..i.len()).map(|a| self.start[a] + i[a] * self.strides[a]).collect::<Vec<_>>()))
    }
    fn jvp(&self, b: &mut Builder, _: &[Value], _: Value, dx: &[Option<Value>]) -> Option<Value> {
        dx[0].map(|d| b.push(self.clone(), &[d]))
    }
    fn linear_transpose(&self, b: &mut Builder, ct: Value, x: &[Operand]) -> Vec<Option<Value>> {
        let Some(ty) = x[0].linear() else { return vec![None] };
        let out = b.ty(ct).shape.clone();
        let low: Vec<i64> = self.start.iter().map(|&s| s as i64).collect();
        let interior: Vec<usize> = self.strides.iter().map(|s| s - 1).collect();
        let high: Vec<i64> = (0..out.len())
            .map(|a| {
                let covered = if out[a] == 0 { 0 } else { (out[a] - 1) * self.strides[a] + 1 };
                ty.shape[a] as i64 - self.start[a] as i64 - covered as i64
            })
            .collect();
        vec![Some(b.pad(ct, 0.0, &low, &high, &interior))]
    }
    fn batch(&self, b: &mut Builder, x: &[(Value, bool)]) -> Value {
        let k = b.ty(x[0].0).shape[0];
        let under = |first: usize, rest: &[usize]| std::iter::once(first).chain(rest.iter().copied()).collect::<Vec<_>>();
        b.slice(x[0].0, &under(0, &self.start), &under(k, &self.limit), &under(1, &self.strides))
    }
    fn attrs(&self) -> Attrs {
        Attrs::none().ints("start", &self.start).ints("limit", &self.limit).ints("strides", &self.strides)
    }
    fn stablehlo(&self, w: &mut Writer, x: &[Ssa], out: &TensorType) -> Ssa {
        let (start, limit, strides) = (ints(&self.start), ints(&self.limit), ints(&self.strides));
        w.op("slice", &[&x[0]], &format!("start_indices = {start}, limit_indices = {limit}, strides = {strides}"), out)
    }
    fn flop(&self, _: &[&TensorType], _: &TensorType) -> u64 {
        0
    }
}

impl Slice {
    pub(crate) fn parse(name: &str, a: &Attrs) -> Option<Self> {
        (name == "slice").then_some(())?;
        Some(Self { start: a.get_ints("start")?, limit: a.get_ints("limit")?, strides: a.get_ints("strides")? })
    }
    pub(crate) fn samples() -> Vec<Sample> {
        let p = |start: &[usize], limit: &[usize], strides: &[usize]| Self { start: start.to_vec(), limit: limit.to_vec(), strides: strides.to_vec() };
        vec![
            Sample::legal("box", p(&[1, 0], &[3, 2], &[1, 1]), &[&[4, 3]]),
            Sample::legal("steps", p(&[0, 1], &[5, 6], &[2, 3]), &[&[5, 7]]),
            Sample::legal("nothing", p(&[1], &[1], &[1]), &[&[3]]),
            Sample::illegal("C1", p(&[0], &[2], &[1]), &[&[2, 2]]),
            Sample::illegal("C2", p(&[0], &[3], &[1]), &[&[2]]),
            Sample::illegal("C3", p(&[0], &[2], &[0]), &[&[2]]),
        ]
    }
}
