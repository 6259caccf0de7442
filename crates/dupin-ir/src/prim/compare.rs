//! `compare`: truth of a relation between corresponding elements. Piecewise constant: no tangent.
//!
//! C1: operands have one type.

use super::{Broken, Primitive, Sample, arity, batch_elementwise, require};
use crate::attrs::Attrs;
use crate::builder::Builder;
use crate::graph::Value;
use crate::reference::Array;
use crate::stablehlo::{Ssa, Writer};
use crate::types::{DType, TensorType};

/// Which relation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum CompareOp {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

const NAMES: [(CompareOp, &str); 6] =
    [(CompareOp::Eq, "EQ"), (CompareOp::Ne, "NE"), (CompareOp::Lt, "LT"), (CompareOp::Le, "LE"), (CompareOp::Gt, "GT"), (CompareOp::Ge, "GE")];

impl CompareOp {
    /// The relation on two numbers.
    pub fn apply<T: PartialOrd + Copy>(self, x: T, y: T) -> bool {
        match self {
            Self::Eq => x == y,
            Self::Ne => x != y,
            Self::Lt => x < y,
            Self::Le => x <= y,
            Self::Gt => x > y,
            Self::Ge => x >= y,
        }
    }
}

/// Compares corresponding elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Compare(pub CompareOp);

impl Primitive for Compare {
    fn name(&self) -> &'static str {
        "compare"
    }
    fn infer(&self, x: &[&TensorType]) -> Result<TensorType, Broken> {
        let [x, y] = arity(x)?;
        require(x == y, "C1")?;
        Ok(x.with_dtype(DType::Bool))
    }
    fn eval(&self, x: &[&Array], out: &TensorType) -> Array {
        Array::new(out.clone(), x[0].data.iter().zip(&x[1].data).map(|(a, b)| f64::from(u8::from(self.0.apply(a, b)))).collect())
    }
    fn jvp(&self, _: &mut Builder, _: &[Value], _: Value, _: &[Option<Value>]) -> Option<Value> {
        None
    }
    fn batch(&self, b: &mut Builder, x: &[(Value, bool)]) -> Value {
        batch_elementwise(b, *self, x)
    }
    fn attrs(&self) -> Attrs {
        Attrs::none().text("direction", NAMES[self.0 as usize].1)
    }
    fn stablehlo(&self, w: &mut Writer, x: &[Ssa], out: &TensorType) -> Ssa {
        let direction = NAMES[self.0 as usize].1;
        w.op("compare", &[&x[0], &x[1]], &format!("comparison_direction = #stablehlo<comparison_direction {direction}>"), out)
    }
    fn flop(&self, _: &[&TensorType], out: &TensorType) -> u64 {
        out.len() as u64
    }
}

impl Compare {
    pub(crate) fn parse(name: &str, a: &Attrs) -> Option<Self> {
        (name == "compare").then_some(())?;
        let direction = a.get_text("direction")?;
        NAMES.iter().find(|r| r.1 == direction).map(|r| Self(r.0))
    }
    pub(crate) fn samples() -> Vec<Sample> {
        let mut samples: Vec<Sample> = NAMES.iter().map(|r| Sample::legal(r.1, Self(r.0), &[&[5], &[5]])).collect();
        samples.push(Sample::legal("integers", Self(CompareOp::Eq), &[&[8], &[8]]).typed(0, DType::I32, 3).typed(1, DType::I32, 3));
        samples.push(Sample::illegal("C1", Self(CompareOp::Eq), &[&[2], &[3]]));
        samples
    }
}
