//! `select`: the second operand where the first holds, else the third. Linear in the last two.
//!
//! C1: the first operand is `bool`. C2: the others have one type. C3: all have one shape.

use super::{Broken, Operand, Primitive, Sample, arity, batch_elementwise, require};
use crate::attrs::Attrs;
use crate::builder::Builder;
use crate::graph::Value;
use crate::reference::Array;
use crate::stablehlo::{Ssa, Writer};
use crate::types::{DType, TensorType};

/// Chooses between corresponding elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Select;

impl Primitive for Select {
    fn name(&self) -> &'static str {
        "select"
    }
    fn infer(&self, x: &[&TensorType]) -> Result<TensorType, Broken> {
        let [condition, yes, no] = arity(x)?;
        require(condition.dtype == DType::Bool, "C1")?;
        require(yes == no, "C2")?;
        require(condition.shape == yes.shape, "C3")?;
        Ok(yes.clone())
    }
    fn eval(&self, x: &[&Array], out: &TensorType) -> Array {
        let data = x[0].data.iter().zip(x[1].data.iter().zip(&x[2].data)).map(|(&c, (&y, &n))| if c == 0.0 { n } else { y });
        Array::new(out.clone(), data.collect())
    }
    fn jvp(&self, b: &mut Builder, x: &[Value], y: Value, dx: &[Option<Value>]) -> Option<Value> {
        if dx[1].is_none() && dx[2].is_none() {
            return None;
        }
        let zero = b.splat_like(y, 0.0);
        Some(b.select(x[0], dx[1].unwrap_or(zero), dx[2].unwrap_or(zero)))
    }
    fn linear_transpose(&self, b: &mut Builder, ct: Value, x: &[Operand]) -> Vec<Option<Value>> {
        let zero = b.splat_like(ct, 0.0);
        let condition = x[0].value();
        let yes = x[1].linear().map(|_| b.select(condition, ct, zero));
        let no = x[2].linear().map(|_| b.select(condition, zero, ct));
        vec![None, yes, no]
    }
    fn batch(&self, b: &mut Builder, x: &[(Value, bool)]) -> Value {
        batch_elementwise(b, *self, x)
    }
    fn attrs(&self) -> Attrs {
        Attrs::none()
    }
    fn stablehlo(&self, w: &mut Writer, x: &[Ssa], out: &TensorType) -> Ssa {
        w.op("select", &[&x[0], &x[1], &x[2]], "", out)
    }
    fn flop(&self, _: &[&TensorType], out: &TensorType) -> u64 {
        out.len() as u64
    }
}

impl Select {
    pub(crate) fn parse(name: &str, _: &Attrs) -> Option<Self> {
        (name == "select").then_some(Self)
    }
    pub(crate) fn samples() -> Vec<Sample> {
        vec![
            Sample::legal("pick", Self, &[&[2, 4], &[2, 4], &[2, 4]]).typed(0, DType::Bool, 2),
            Sample::illegal("C1", Self, &[&[2], &[2], &[2]]),
            Sample::illegal("C2", Self, &[&[2], &[2], &[3]]).typed(0, DType::Bool, 2),
            Sample::illegal("C3", Self, &[&[3], &[2], &[2]]).typed(0, DType::Bool, 2),
        ]
    }
}
