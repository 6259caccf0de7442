//! `convert`: elements in another type. Linear between float types; no tangent otherwise.
//!
//! Float to integer rounds towards zero, anything to `bool` is `!= 0`, as in StableHLO.

use super::{Broken, Operand, Primitive, Sample, arity, batch_elementwise};
use crate::attrs::Attrs;
use crate::builder::Builder;
use crate::graph::Value;
use crate::reference::Array;
use crate::stablehlo::{Ssa, Writer};
use crate::types::{DType, TensorType};

/// Converts every element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Convert {
    /// Element type of the result.
    pub dtype: DType,
}

impl Primitive for Convert {
    fn name(&self) -> &'static str {
        "convert"
    }
    fn infer(&self, x: &[&TensorType]) -> Result<TensorType, Broken> {
        let [x] = arity(x)?;
        Ok(x.with_dtype(self.dtype))
    }
    fn eval(&self, x: &[&Array], out: &TensorType) -> Array {
        let convert = |v: f64| match self.dtype {
            DType::F32 | DType::F64 => v,
            DType::I32 => f64::from(v as i32),
            DType::U32 => f64::from(v as u32),
            DType::Bool => f64::from(u8::from(v != 0.0)),
        };
        Array::new(out.clone(), x[0].data.iter().map(|&v| convert(v)).collect())
    }
    fn jvp(&self, b: &mut Builder, x: &[Value], _: Value, dx: &[Option<Value>]) -> Option<Value> {
        let smooth = self.dtype.is_float() && b.ty(x[0]).dtype.is_float();
        let dx = dx[0].filter(|_| smooth)?;
        Some(b.convert(dx, self.dtype))
    }
    fn linear_transpose(&self, b: &mut Builder, ct: Value, x: &[Operand]) -> Vec<Option<Value>> {
        vec![x[0].linear().map(|ty| b.convert(ct, ty.dtype))]
    }
    fn batch(&self, b: &mut Builder, x: &[(Value, bool)]) -> Value {
        batch_elementwise(b, *self, x)
    }
    fn attrs(&self) -> Attrs {
        Attrs::none().text("dtype", self.dtype.name())
    }
    fn stablehlo(&self, w: &mut Writer, x: &[Ssa], out: &TensorType) -> Ssa {
        w.op("convert", &[&x[0]], "", out)
    }
    fn flop(&self, _: &[&TensorType], _: &TensorType) -> u64 {
        0
    }
}

impl Convert {
    pub(crate) fn parse(name: &str, a: &Attrs) -> Option<Self> {
        (name == "convert").then_some(())?;
        Some(Self { dtype: DType::parse(a.get_text("dtype")?)? })
    }
    pub(crate) fn samples() -> Vec<Sample> {
        vec![
            Sample::legal("from bool", Self { dtype: DType::F64 }, &[&[6]]).typed(0, DType::Bool, 2),
            Sample::legal("from integer", Self { dtype: DType::F64 }, &[&[6]]).typed(0, DType::I32, 5),
            Sample::legal("to integer", Self { dtype: DType::I32 }, &[&[6]]).on(-3.0, 3.0),
            Sample::legal("identity", Self { dtype: DType::F64 }, &[&[2, 3]]),
        ]
    }
}
