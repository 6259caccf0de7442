//! `stop_gradient`: the operand, a constant to every derivative. Not in StableHLO, where it lowers to nothing.

use super::{Broken, Primitive, Sample, arity, batch_elementwise};
use crate::attrs::Attrs;
use crate::builder::Builder;
use crate::graph::Value;
use crate::reference::Array;
use crate::stablehlo::{Ssa, Writer};
use crate::types::TensorType;

/// Hides its operand from differentiation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StopGradient;

impl Primitive for StopGradient {
    fn name(&self) -> &'static str {
        "stop_gradient"
    }
    fn infer(&self, x: &[&TensorType]) -> Result<TensorType, Broken> {
        let [x] = arity(x)?;
        Ok(x.clone())
    }
    fn eval(&self, x: &[&Array], _: &TensorType) -> Array {
        x[0].clone()
    }
    fn jvp(&self, _: &mut Builder, _: &[Value], _: Value, _: &[Option<Value>]) -> Option<Value> {
        None
    }
    fn batch(&self, b: &mut Builder, x: &[(Value, bool)]) -> Value {
        batch_elementwise(b, *self, x)
    }
    fn attrs(&self) -> Attrs {
        Attrs::none()
    }
    fn stablehlo(&self, _: &mut Writer, x: &[Ssa], _: &TensorType) -> Ssa {
        x[0].clone()
    }
    fn flop(&self, _: &[&TensorType], _: &TensorType) -> u64 {
        0
    }
}

impl StopGradient {
    pub(crate) fn parse(name: &str, _: &Attrs) -> Option<Self> {
        (name == "stop_gradient").then_some(Self)
    }
    pub(crate) fn samples() -> Vec<Sample> {
        Vec::new() // central differences see through it by definition; tested in `transform::jvp`
    }
}
