//! `argmax`: position of the largest element along an axis, as `i32`; the first of equals. No tangent.
//!
//! C1: `axis` is below the rank and has a positive extent. C2: the operand is a float tensor.

use super::{Broken, Primitive, Sample, arity, require};
use crate::attrs::Attrs;
use crate::builder::Builder;
use crate::graph::Value;
use crate::reference::Array;
use crate::stablehlo::{Ssa, Type, Writer, ints};
use crate::types::{DType, TensorType};

/// Position of the maximum along `axis`, which is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Argmax {
    /// The axis.
    pub axis: usize,
}

impl Primitive for Argmax {
    fn name(&self) -> &'static str {
        "argmax"
    }
    fn infer(&self, x: &[&TensorType]) -> Result<TensorType, Broken> {
        let [x] = arity(x)?;
        require(self.axis < x.rank() && x.shape[self.axis] > 0, "C1")?;
        require(x.dtype.is_float(), "C2")?;
        let mut out = x.with_dtype(DType::I32);
        out.shape.remove(self.axis);
        Ok(out)
    }
    fn eval(&self, x: &[&Array], out: &TensorType) -> Array {
        Array::from_fn(out, |i| {
            let mut i = i.to_vec();
            i.insert(self.axis, 0);
            let (mut best, mut at) = (f64::NEG_INFINITY, 0);
            for j in 0..x[0].ty.shape[self.axis] {
                i[self.axis] = j;
                let v = x[0].at(&i);
                if v > best {
                    (best, at) = (v, j);
                }
            }
            at as f64
        })
    }
    fn jvp(&self, _: &mut Builder, _: &[Value], _: Value, _: &[Option<Value>]) -> Option<Value> {
        None
    }
    fn batch(&self, b: &mut Builder, x: &[(Value, bool)]) -> Value {
        b.argmax(x[0].0, self.axis + 1)
    }
    fn attrs(&self) -> Attrs {
        Attrs::none().int("axis", self.axis as i64)
    }
    fn stablehlo(&self, w: &mut Writer, x: &[Ssa], out: &TensorType) -> Ssa {
        // Of the positions that hold the maximum the smallest. NaNs never win: they count as minus infinity.
        let lowest = |w: &mut Writer, ty: Type| w.literal(&[f64::NEG_INFINITY], &TensorType::new(ty.graph().dtype, ty.shape));
        let nothing = lowest(w, x[0].ty.clone());
        let is_nan = w.op("compare", &[&x[0], &x[0]], "comparison_direction = #stablehlo<comparison_direction NE>", x[0].ty.of("i1"));
        let values = w.op("select", &[&is_nan, &nothing, &x[0]], "", x[0].ty.clone());
        let (axes, kept) = ([self.axis], (0..x[0].ty.shape.len()).filter(|&a| a != self.axis).collect::<Vec<_>>());
        let dropped = Type { element: x[0].ty.element, shape: out.shape.clone() };
        let first = lowest(w, Type { element: x[0].ty.element, shape: Vec::new() });
        let largest = w.combining("reduce", "maximum", &[&values, &first], &format!("dimensions = {}", ints(&axes)), dropped);
        let spread = w.op("broadcast_in_dim", &[&largest], &format!("broadcast_dimensions = {}", ints(&kept)), x[0].ty.clone());
        let hit = w.op("compare", &[&values, &spread], "comparison_direction = #stablehlo<comparison_direction EQ>", x[0].ty.of("i1"));
        let position = w.op("iota", &[], &format!("iota_dimension = {} : i64", self.axis), x[0].ty.of("i32"));
        let behind = w.constant(&x[0].ty.shape[self.axis].to_string(), x[0].ty.of("i32"));
        let candidates = w.op("select", &[&hit, &position, &behind], "", x[0].ty.of("i32"));
        let last = w.constant(&x[0].ty.shape[self.axis].to_string(), &out.with_shape([]));
        w.combining("reduce", "minimum", &[&candidates, &last], &format!("dimensions = {}", ints(&axes)), out)
    }
    fn flop(&self, x: &[&TensorType], _: &TensorType) -> u64 {
        x[0].len() as u64
    }
}

impl Argmax {
    pub(crate) fn parse(name: &str, a: &Attrs) -> Option<Self> {
        (name == "argmax").then_some(())?;
        Some(Self { axis: a.get_int("axis")? })
    }
    pub(crate) fn samples() -> Vec<Sample> {
        vec![
            Sample::legal("columns", Self { axis: 1 }, &[&[3, 4]]),
            Sample::legal("rows", Self { axis: 0 }, &[&[3, 4]]),
            Sample::illegal("C1", Self { axis: 2 }, &[&[3, 4]]),
            Sample::illegal("C2", Self { axis: 0 }, &[&[3]]).typed(0, DType::I32, 2),
        ]
    }
}
