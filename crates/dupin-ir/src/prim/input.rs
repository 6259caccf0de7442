//! `input`: a value given from outside. Takes no operands.

use super::{Broken, Primitive, Sample, arity};
use crate::attrs::Attrs;
use crate::builder::Builder;
use crate::graph::Value;
use crate::reference::Array;
use crate::stablehlo::{Ssa, Writer};
use crate::types::TensorType;

/// A value given from outside, told apart by `id`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Input {
    /// Position among the inputs of its builder.
    pub id: u32,
    /// Name for messages and the text form.
    pub name: String,
    /// Its type.
    pub ty: TensorType,
}

impl Primitive for Input {
    fn name(&self) -> &'static str {
        "input"
    }
    fn infer(&self, x: &[&TensorType]) -> Result<TensorType, Broken> {
        let [] = arity(x)?;
        Ok(self.ty.clone())
    }
    fn eval(&self, _: &[&Array], _: &TensorType) -> Array {
        unreachable!("inputs are given, not computed")
    }
    fn jvp(&self, _: &mut Builder, _: &[Value], _: Value, _: &[Option<Value>]) -> Option<Value> {
        None
    }
    fn batch(&self, _: &mut Builder, _: &[(Value, bool)]) -> Value {
        unreachable!("an input has no operands that could be batched")
    }
    fn attrs(&self) -> Attrs {
        Attrs::none().int("id", self.id).text("name", self.name.clone()).ty(&self.ty)
    }
    fn stablehlo(&self, _: &mut Writer, _: &[Ssa], _: &TensorType) -> Ssa {
        unreachable!("inputs are given, not computed")
    }
    fn flop(&self, _: &[&TensorType], _: &TensorType) -> u64 {
        0
    }
}

impl Input {
    pub(crate) fn parse(name: &str, a: &Attrs) -> Option<Self> {
        (name == "input").then_some(())?;
        Some(Self { id: a.get_int("id")?, name: a.get_text("name")?.into(), ty: a.get_ty()? })
    }
    pub(crate) fn samples() -> Vec<Sample> {
        Vec::new() // every other sample's operands are inputs
    }
}
