//! `pad`: a value around and between the elements; negative edges crop. Linear if the value is 0.
//!
//! C1: there is one entry per axis. C2: no extent of the result is negative. C3: the operand is a float tensor, or the value is 0.

use super::{Broken, Operand, Primitive, Sample, arity, require};
use crate::attrs::Attrs;
use crate::builder::Builder;
use crate::graph::Value;
use crate::reference::Array;
use crate::stablehlo::{Ssa, Writer, ints};
use crate::types::{DType, TensorType};

/// Padding of each axis.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pad {
    /// Bits of the value.
    value: u64,
    /// Elements before the first; negative crops.
    pub low: Vec<i64>,
    /// Elements after the last; negative crops.
    pub high: Vec<i64>,
    /// Elements between neighbours.
    pub interior: Vec<usize>,
}

impl Pad {
    /// Padding with `value`.
    pub fn new(value: f64, low: &[i64], high: &[i64], interior: &[usize]) -> Self {
        Self { value: (value + 0.0).to_bits(), low: low.to_vec(), high: high.to_vec(), interior: interior.to_vec() }
    }

    /// What is padded with.
    pub fn value(&self) -> f64 {
        f64::from_bits(self.value)
    }

    fn extent(&self, axis: usize, n: usize) -> i64 {
        let inner = if n == 0 { 0 } else { n as i64 + (n as i64 - 1) * self.interior[axis] as i64 };
        inner + self.low[axis] + self.high[axis]
    }
}

impl Primitive for Pad {
    fn name(&self) -> &'static str {
        "pad"
    }
    fn infer(&self, x: &[&TensorType]) -> Result<TensorType, Broken> {
        let [x] = arity(x)?;
        let rank = x.rank();
        require(self.low.len() == rank && self.high.len() == rank && self.interior.len() == rank, "C1")?;
        let shape: Option<Vec<usize>> = (0..rank).map(|a| usize::try_from(self.extent(a, x.shape[a])).ok()).collect();
        let shape = shape.ok_or(Broken("C2"))?;
        require(x.dtype.is_float() || self.value() == 0.0, "C3")?;
        Ok(x.with_shape(shape))
    }
    fn eval(&self, x: &[&Array], out: &TensorType) -> Array {
        let source = |i: &[usize]| -> Option<Vec<usize>> {
            (0..i.len())
                .map(|a| {
                    let at = i[a] as i64 - self.low[a];
                    let step = self.interior[a] as i64 + 1;
                    (at >= 0 && at % step == 0 && at / step < x[0].ty.shape[a] as i64).then(|| (at / step) as usize)
                })
                .collect()
        };
        Array::from_fn(out, |i| source(i).map_or(self.value(), |s| x[0].at(&s)))
    }
    fn jvp(&self, b: &mut Builder, _: &[Value], _: Value, dx: &[Option<Value>]) -> Option<Value> {
        dx[0].map(|d| b.pad(d, 0.0, &self.low, &self.high, &self.interior))
    }
    fn linear_transpose(&self, b: &mut Builder, ct: Value, x: &[Operand]) -> Vec<Option<Value>> {
        let Some(ty) = x[0].linear() else { return vec![None] };
        // Undo the edges (a negative edge becomes zeros), then take the elements that were spread.
        let rank = ty.rank();
        let low: Vec<i64> = self.low.iter().map(|l| -l).collect();
        let high: Vec<i64> = self.high.iter().map(|h| -h).collect();
        let whole = b.pad(ct, 0.0, &low, &high, &vec![0; rank]);
        let limit = b.ty(whole).shape.clone();
        let steps: Vec<usize> = self.interior.iter().map(|i| i + 1).collect();
        vec![Some(b.slice(whole, &vec![0; rank], &limit, &steps))]
    }
    fn batch(&self, b: &mut Builder, x: &[(Value, bool)]) -> Value {
        let under = |rest: &[i64]| std::iter::once(0).chain(rest.iter().copied()).collect::<Vec<_>>();
        let interior: Vec<usize> = std::iter::once(0).chain(self.interior.iter().copied()).collect();
        b.pad(x[0].0, self.value(), &under(&self.low), &under(&self.high), &interior)
    }
    fn attrs(&self) -> Attrs {
        Attrs::none().floats("value", &[self.value()]).ints("low", &self.low).ints("high", &self.high).ints("interior", &self.interior)
    }
    fn stablehlo(&self, w: &mut Writer, x: &[Ssa], out: &TensorType) -> Ssa {
        let value = w.literal(&[self.value()], &out.with_shape([]));
        let (low, high, interior) = (ints(&self.low), ints(&self.high), ints(&self.interior));
        let attrs = format!("edge_padding_low = {low}, edge_padding_high = {high}, interior_padding = {interior}");
        w.op("pad", &[&x[0], &value], &attrs, out)
    }
    fn flop(&self, _: &[&TensorType], _: &TensorType) -> u64 {
        0
    }
}

impl Pad {
    pub(crate) fn parse(name: &str, a: &Attrs) -> Option<Self> {
        (name == "pad").then_some(())?;
        let value = a.get_floats("value")?;
        let interior: Vec<usize> = a.get_ints("interior")?;
        (value.len() == 1).then(|| Some(Self::new(value[0], &a.get_ints("low")?, &a.get_ints("high")?, &interior)))?
    }
    pub(crate) fn samples() -> Vec<Sample> {
        vec![
            Sample::legal("edges", Self::new(0.0, &[1, 0], &[2, 1], &[0, 0]), &[&[2, 3]]),
            Sample::legal("interior", Self::new(0.0, &[0, 1], &[0, 0], &[2, 1]), &[&[3, 2]]),
            Sample::legal("crop", Self::new(0.0, &[-1, 1], &[1, -2], &[1, 0]), &[&[3, 4]]),
            Sample::legal("value", Self::new(-2.5, &[1], &[1], &[1]), &[&[3]]),
            Sample::illegal("C1", Self::new(0.0, &[1], &[1], &[0]), &[&[2, 2]]),
            Sample::illegal("C2", Self::new(0.0, &[-3], &[0], &[0]), &[&[2]]),
            Sample::illegal("C3", Self::new(1.0, &[1], &[0], &[0]), &[&[2]]).typed(0, DType::I32, 2),
        ]
    }
}
