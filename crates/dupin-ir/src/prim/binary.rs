//! Binary elementwise primitives.
//!
//! C1: operands have one type. C2: it is not `bool`.

use super::{Broken, Operand, Primitive, Sample, arity, batch_elementwise, require};
use crate::attrs::Attrs;
use crate::builder::Builder;
use crate::graph::Value;
use crate::prim::CompareOp;
use crate::reference::Array;
use crate::stablehlo::{Ssa, Writer};
use crate::types::{DType, TensorType};

/// Which function, by StableHLO's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum BinaryOp {
    Add,
    Subtract,
    Multiply,
    Divide,
    Maximum,
    Minimum,
    Power,
}

const NAMES: [(BinaryOp, &str); 7] = [
    (BinaryOp::Add, "add"),
    (BinaryOp::Subtract, "subtract"),
    (BinaryOp::Multiply, "multiply"),
    (BinaryOp::Divide, "divide"),
    (BinaryOp::Maximum, "maximum"),
    (BinaryOp::Minimum, "minimum"),
    (BinaryOp::Power, "power"),
];

/// Applies a function to corresponding elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Binary(pub BinaryOp);

impl BinaryOp {
    /// The function on two numbers, in `f64`.
    pub fn apply(self, x: f64, y: f64) -> f64 {
        match self {
            Self::Add => x + y,
            Self::Subtract => x - y,
            Self::Multiply => x * y,
            Self::Divide => x / y,
            // StableHLO: a NaN on either side gives NaN.
            Self::Maximum | Self::Minimum if x.is_nan() || y.is_nan() => f64::NAN,
            Self::Maximum => x.max(y),
            Self::Minimum => x.min(y),
            Self::Power => x.powf(y),
        }
    }

    /// Every function.
    pub fn all() -> impl Iterator<Item = Self> {
        NAMES.iter().map(|r| r.0)
    }
}

fn sum_of(b: &mut Builder, x: Option<Value>, y: Option<Value>) -> Option<Value> {
    match (x, y) {
        (Some(x), Some(y)) => Some(b.add(x, y)),
        (x, y) => x.or(y),
    }
}

impl Primitive for Binary {
    fn name(&self) -> &'static str {
        NAMES[self.0 as usize].1
    }
    fn infer(&self, x: &[&TensorType]) -> Result<TensorType, Broken> {
        let [x, y] = arity(x)?;
        require(x == y, "C1")?;
        require(x.dtype != DType::Bool, "C2")?;
        Ok(x.clone())
    }
    fn eval(&self, x: &[&Array], out: &TensorType) -> Array {
        let wrap = |v: f64| match out.dtype {
            DType::I32 => f64::from(v as i64 as i32),
            DType::U32 => f64::from(v as i64 as u32),
            _ => v,
        };
        Array::new(out.clone(), x[0].data.iter().zip(&x[1].data).map(|(&a, &b)| wrap(self.0.apply(a, b))).collect())
    }
    fn jvp(&self, b: &mut Builder, x: &[Value], y: Value, dx: &[Option<Value>]) -> Option<Value> {
        let (left, right) = (dx[0], dx[1]);
        match self.0 {
            BinaryOp::Add => sum_of(b, left, right),
            BinaryOp::Subtract => match (left, right) {
                (Some(l), Some(r)) => Some(b.sub(l, r)),
                (Some(l), None) => Some(l),
                (None, r) => r.map(|r| b.neg(r)),
            },
            BinaryOp::Multiply => {
                let left = left.map(|d| b.mul(d, x[1]));
                let right = right.map(|d| b.mul(d, x[0]));
                sum_of(b, left, right)
            }
            BinaryOp::Divide => {
                let left = left.map(|d| b.div(d, x[1]));
                let right = right.map(|d| {
                    let slope = b.div(y, x[1]);
                    let slope = b.neg(slope);
                    b.mul(d, slope)
                });
                sum_of(b, left, right)
            }
            BinaryOp::Maximum | BinaryOp::Minimum => {
                // At a tie the left operand takes the whole derivative.
                let op = if self.0 == BinaryOp::Maximum { CompareOp::Ge } else { CompareOp::Le };
                let is_left = b.compare(op, x[0], x[1]);
                let zero = b.splat_like(y, 0.0);
                Some(b.select(is_left, left.unwrap_or(zero), right.unwrap_or(zero)))
            }
            BinaryOp::Power => {
                let left = left.map(|d| {
                    let less = b.shift(x[1], -1.0);
                    let power = b.pow(x[0], less);
                    let slope = b.mul(x[1], power);
                    b.mul(d, slope)
                });
                let right = right.map(|d| {
                    let log = b.log(x[0]);
                    let slope = b.mul(y, log);
                    b.mul(d, slope)
                });
                sum_of(b, left, right)
            }
        }
    }
    fn linear_transpose(&self, b: &mut Builder, ct: Value, x: &[Operand]) -> Vec<Option<Value>> {
        let linear = |i: usize| x[i].linear().is_some();
        match self.0 {
            BinaryOp::Add => vec![linear(0).then_some(ct), linear(1).then_some(ct)],
            BinaryOp::Subtract => vec![linear(0).then_some(ct), linear(1).then(|| b.neg(ct))],
            BinaryOp::Multiply if linear(0) => vec![Some(b.mul(ct, x[1].value())), None],
            BinaryOp::Multiply => vec![None, Some(b.mul(ct, x[0].value()))],
            BinaryOp::Divide => vec![Some(b.div(ct, x[1].value())), None],
            _ => unreachable!("{} is not linear", self.name()),
        }
    }
    fn batch(&self, b: &mut Builder, x: &[(Value, bool)]) -> Value {
        batch_elementwise(b, *self, x)
    }
    fn commutes(&self) -> bool {
        matches!(self.0, BinaryOp::Add | BinaryOp::Multiply)
    }
    fn attrs(&self) -> Attrs {
        Attrs::none()
    }
    fn stablehlo(&self, w: &mut Writer, x: &[Ssa], out: &TensorType) -> Ssa {
        w.op(self.name(), &[&x[0], &x[1]], "", out)
    }
    fn flop(&self, _: &[&TensorType], out: &TensorType) -> u64 {
        out.len() as u64
    }
}

impl Binary {
    pub(crate) fn parse(name: &str, _: &Attrs) -> Option<Self> {
        NAMES.iter().find(|r| r.1 == name).map(|r| Self(r.0))
    }
    pub(crate) fn samples() -> Vec<Sample> {
        let mut samples: Vec<Sample> = NAMES.iter().map(|r| Sample::legal(r.1, Self(r.0), &[&[2, 3], &[2, 3]]).on(0.5, 2.0)).collect();
        samples.push(Sample::legal("integers", Self(BinaryOp::Add), &[&[4], &[4]]).typed(0, DType::I32, 9).typed(1, DType::I32, 9));
        samples.push(Sample::illegal("C1", Self(BinaryOp::Add), &[&[2], &[3]]));
        samples.push(Sample::illegal("C2", Self(BinaryOp::Add), &[&[2], &[2]]).typed(0, DType::Bool, 2).typed(1, DType::Bool, 2));
        samples
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_in_the_order_of_the_enum() {
        for (i, row) in NAMES.iter().enumerate() {
            assert_eq!(row.0 as usize, i, "{}", row.1);
        }
    }
}
