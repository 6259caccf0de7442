//! `iota`: position along one axis. Takes no operands.
//!
//! C1: `axis` is below the rank.

use super::{Broken, Primitive, Sample, arity, require};
use crate::attrs::Attrs;
use crate::builder::Builder;
use crate::graph::Value;
use crate::reference::Array;
use crate::stablehlo::{Ssa, Writer};
use crate::types::{DType, TensorType};

/// Position along `axis`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Iota {
    /// Type of the result.
    pub ty: TensorType,
    /// The axis.
    pub axis: usize,
}

impl Primitive for Iota {
    fn name(&self) -> &'static str {
        "iota"
    }
    fn infer(&self, x: &[&TensorType]) -> Result<TensorType, Broken> {
        let [] = arity(x)?;
        require(self.axis < self.ty.rank(), "C1")?;
        Ok(self.ty.clone())
    }
    fn eval(&self, _: &[&Array], out: &TensorType) -> Array {
        Array::from_fn(out, |i| i[self.axis] as f64)
    }
    fn jvp(&self, _: &mut Builder, _: &[Value], _: Value, _: &[Option<Value>]) -> Option<Value> {
        None
    }
    fn batch(&self, _: &mut Builder, _: &[(Value, bool)]) -> Value {
        unreachable!("an iota has no operands that could be batched")
    }
    fn attrs(&self) -> Attrs {
        Attrs::none().int("axis", self.axis as i64).ty(&self.ty)
    }
    fn stablehlo(&self, w: &mut Writer, _: &[Ssa], out: &TensorType) -> Ssa {
        w.op("iota", &[], &format!("iota_dimension = {} : i64", self.axis), out)
    }
    fn flop(&self, _: &[&TensorType], _: &TensorType) -> u64 {
        0
    }
}

impl Iota {
    pub(crate) fn parse(name: &str, a: &Attrs) -> Option<Self> {
        (name == "iota").then_some(())?;
        Some(Self { ty: a.get_ty()?, axis: a.get_int("axis")? })
    }
    pub(crate) fn samples() -> Vec<Sample> {
        let iota = |axis| Self { ty: TensorType::new(DType::I32, [2, 3]), axis };
        vec![Sample::legal("rows", iota(0), &[]), Sample::legal("columns", iota(1), &[]), Sample::illegal("C1", iota(2), &[])]
    }
}
