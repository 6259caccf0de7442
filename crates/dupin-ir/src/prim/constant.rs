//! `constant`: fixed elements, or one element repeated. Takes no operands.
//!
//! C1: there is one value, or one per element.

use super::{Broken, Primitive, Sample, arity, require};
use crate::attrs::Attrs;
use crate::builder::Builder;
use crate::graph::Value;
use crate::reference::Array;
use crate::stablehlo::{Ssa, Writer};
use crate::types::{DType, TensorType};

/// Fixed elements.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Constant {
    /// Its type.
    pub ty: TensorType,
    /// Bits of the elements as `f64`: one for a splat, else all, row-major.
    bits: Vec<u64>,
}

impl Constant {
    /// One value for every element, rounded to the element type.
    pub fn splat(ty: TensorType, value: f64) -> Self {
        let bits = vec![round(value, ty.dtype).to_bits()];
        Self { ty, bits }
    }

    /// The elements, rounded to the element type.
    pub fn dense(ty: TensorType, values: &[f64]) -> Self {
        let bits: Vec<u64> = values.iter().map(|&v| round(v, ty.dtype).to_bits()).collect();
        let uniform = bits.len() == ty.len() && bits.windows(2).all(|w| w[0] == w[1]) && !bits.is_empty();
        Self { ty, bits: if uniform { vec![bits[0]] } else { bits } }
    }

    /// The value, if all elements are equal.
    pub fn as_splat(&self) -> Option<f64> {
        (self.bits.len() == 1).then(|| f64::from_bits(self.bits[0]))
    }

    /// All elements, row-major.
    pub fn values(&self) -> Vec<f64> {
        match self.as_splat() {
            Some(v) => vec![v; self.ty.len()],
            None => self.bits.iter().map(|&b| f64::from_bits(b)).collect(),
        }
    }
}

/// Nearest value of the element type; -0 becomes 0 so that equal constants are equal nodes.
fn round(value: f64, dtype: DType) -> f64 {
    let v = match dtype {
        DType::F32 => f64::from(value as f32),
        DType::F64 => value,
        DType::I32 => f64::from(value as i32),
        DType::U32 => f64::from(value as u32),
        DType::Bool => f64::from(u8::from(value != 0.0)),
    };
    v + 0.0
}

impl Primitive for Constant {
    fn name(&self) -> &'static str {
        "constant"
    }
    fn infer(&self, x: &[&TensorType]) -> Result<TensorType, Broken> {
        let [] = arity(x)?;
        require(self.bits.len() == 1 || self.bits.len() == self.ty.len(), "C1")?;
        Ok(self.ty.clone())
    }
    fn eval(&self, _: &[&Array], out: &TensorType) -> Array {
        Array::new(out.clone(), self.values())
    }
    fn jvp(&self, _: &mut Builder, _: &[Value], _: Value, _: &[Option<Value>]) -> Option<Value> {
        None
    }
    fn batch(&self, _: &mut Builder, _: &[(Value, bool)]) -> Value {
        unreachable!("a constant has no operands that could be batched")
    }
    fn attrs(&self) -> Attrs {
        let values: Vec<f64> = self.bits.iter().map(|&b| f64::from_bits(b)).collect();
        Attrs::none().floats("value", &values).ty(&self.ty)
    }
    fn stablehlo(&self, w: &mut Writer, _: &[Ssa], out: &TensorType) -> Ssa {
        let values: Vec<f64> = self.bits.iter().map(|&b| f64::from_bits(b)).collect();
        w.literal(&values, out)
    }
    fn flop(&self, _: &[&TensorType], _: &TensorType) -> u64 {
        0
    }
}

impl Constant {
    pub(crate) fn parse(name: &str, a: &Attrs) -> Option<Self> {
        (name == "constant").then_some(())?;
        let bits = a.get_floats("value")?.iter().map(|v| v.to_bits()).collect();
        Some(Self { ty: a.get_ty()?, bits })
    }
    pub(crate) fn samples() -> Vec<Sample> {
        let ty = TensorType::new(DType::F64, [2, 2]);
        vec![
            Sample::legal("splat", Self::splat(ty.clone(), 0.5), &[]),
            Sample::legal("dense", Self::dense(ty.clone(), &[1.0, -2.0, 0.25, 1e-300]), &[]),
            Sample::illegal("C1", Self::dense(ty, &[1.0, 2.0, 3.0]), &[]),
        ]
    }
}
