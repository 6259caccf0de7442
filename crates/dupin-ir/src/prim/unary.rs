//! Unary elementwise primitives: a table of rows, each a name, the value and the derivative.
//!
//! C1: the operand is a float tensor.

use super::{Broken, Primitive, Sample, arity, batch_elementwise, require};
use crate::attrs::Attrs;
use crate::builder::Builder;
use crate::graph::Value;
use crate::prim::{Operand, Prim};
use crate::reference::Array;
use crate::stablehlo::{Ssa, Writer};
use crate::types::{DType, TensorType};

/// Which function, by StableHLO's (or CHLO's) name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the rows of the table say what each is")]
pub enum UnaryOp {
    Negate,
    Exponential,
    Log,
    LogPlusOne,
    Sqrt,
    Rsqrt,
    Tanh,
    Logistic,
    Erf,
    Abs,
    Sign,
    Sine,
    Cosine,
}

/// Applies a function to every element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Unary(pub UnaryOp);

/// Derivative as an expression of operand `x` and result `y`; `None` if it is zero wherever it exists.
type Derivative = fn(&mut Builder, Value, Value) -> Option<Value>;

struct Row {
    op: UnaryOp,
    name: &'static str,
    f: fn(f64) -> f64,
    df: Derivative,
    /// Where samples are drawn.
    range: (f64, f64),
}

#[rustfmt::skip]
const ROWS: [Row; 13] = [
    Row { op: UnaryOp::Negate, name: "negate", f: |x| -x, df: |b, x, _| Some(b.splat_like(x, -1.0)), range: (-2.0, 2.0) },
    Row { op: UnaryOp::Exponential, name: "exponential", f: f64::exp, df: |_, _, y| Some(y), range: (-2.0, 2.0) },
    Row { op: UnaryOp::Log, name: "log", f: f64::ln, df: |b, x, _| Some(b.recip(x)), range: (0.5, 3.0) },
    Row { op: UnaryOp::LogPlusOne, name: "log_plus_one", f: f64::ln_1p, df: |b, x, _| { let u = b.shift(x, 1.0); Some(b.recip(u)) }, range: (-0.5, 2.0) },
    Row { op: UnaryOp::Sqrt, name: "sqrt", f: f64::sqrt, df: |b, _, y| { let r = b.recip(y); Some(b.scale(r, 0.5)) }, range: (0.5, 3.0) },
    Row { op: UnaryOp::Rsqrt, name: "rsqrt", f: |x| 1.0 / x.sqrt(), df: |b, x, y| { let r = b.div(y, x); Some(b.scale(r, -0.5)) }, range: (0.5, 3.0) },
    Row { op: UnaryOp::Tanh, name: "tanh", f: f64::tanh, df: |b, _, y| Some(b.one_minus_square(y)), range: (-2.0, 2.0) },
    Row { op: UnaryOp::Logistic, name: "logistic", f: |x| 1.0 / (1.0 + (-x).exp()), df: |b, _, y| { let s = b.square(y); Some(b.sub(y, s)) }, range: (-3.0, 3.0) },
    Row { op: UnaryOp::Erf, name: "erf", f: libm::erf, df: |b, x, _| { let s = b.square(x); let n = b.neg(s); let e = b.exp(n); Some(b.scale(e, std::f64::consts::FRAC_2_SQRT_PI)) }, range: (-2.0, 2.0) },
    Row { op: UnaryOp::Abs, name: "abs", f: f64::abs, df: |b, x, _| Some(b.sign(x)), range: (0.2, 2.0) },
    Row { op: UnaryOp::Sign, name: "sign", f: |x| if x == 0.0 || x.is_nan() { x } else { x.signum() }, df: |_, _, _| None, range: (0.2, 2.0) },
    Row { op: UnaryOp::Sine, name: "sine", f: f64::sin, df: |b, x, _| Some(b.cos(x)), range: (-2.0, 2.0) },
    Row { op: UnaryOp::Cosine, name: "cosine", f: f64::cos, df: |b, x, _| { let s = b.sin(x); Some(b.neg(s)) }, range: (-2.0, 2.0) },
];

impl UnaryOp {
    fn row(self) -> &'static Row {
        &ROWS[self as usize]
    }

    /// The function on one number, in `f64`.
    pub fn apply(self, x: f64) -> f64 {
        (self.row().f)(x)
    }

    /// Every function.
    pub fn all() -> impl Iterator<Item = Self> {
        ROWS.iter().map(|r| r.op)
    }
}

impl Primitive for Unary {
    fn name(&self) -> &'static str {
        self.0.row().name
    }
    fn infer(&self, x: &[&TensorType]) -> Result<TensorType, Broken> {
        let [x] = arity(x)?;
        require(x.dtype.is_float(), "C1")?;
        Ok(x.clone())
    }
    fn eval(&self, x: &[&Array], out: &TensorType) -> Array {
        Array::new(out.clone(), x[0].data.iter().map(|&v| self.0.apply(v)).collect())
    }
    fn jvp(&self, b: &mut Builder, x: &[Value], y: Value, dx: &[Option<Value>]) -> Option<Value> {
        let dx = dx[0]?;
        if self.0 == UnaryOp::Negate {
            return Some(b.neg(dx));
        }
        let df = (self.0.row().df)(b, x[0], y)?;
        Some(b.mul(dx, df))
    }
    fn linear_transpose(&self, b: &mut Builder, ct: Value, _: &[Operand]) -> Vec<Option<Value>> {
        assert_eq!(self.0, UnaryOp::Negate, "{} is not linear", self.name());
        vec![Some(b.neg(ct))]
    }
    fn batch(&self, b: &mut Builder, x: &[(Value, bool)]) -> Value {
        batch_elementwise(b, *self, x)
    }
    fn attrs(&self) -> Attrs {
        Attrs::none()
    }
    fn stablehlo(&self, w: &mut Writer, x: &[Ssa], out: &TensorType) -> Ssa {
        let name = if self.0 == UnaryOp::Erf { "chlo.erf" } else { self.name() };
        w.op(name, &[&x[0]], "", out)
    }
    fn flop(&self, _: &[&TensorType], out: &TensorType) -> u64 {
        out.len() as u64
    }
}

impl Unary {
    pub(crate) fn parse(name: &str, _: &Attrs) -> Option<Self> {
        ROWS.iter().find(|r| r.name == name).map(|r| Self(r.op))
    }
    pub(crate) fn samples() -> Vec<Sample> {
        let mut samples: Vec<Sample> = ROWS.iter().map(|r| Sample::legal(r.name, Self(r.op), &[&[2, 3]]).on(r.range.0, r.range.1)).collect();
        samples.push(Sample::illegal("C1", Prim::from(Self(UnaryOp::Sqrt)), &[&[2]]).typed(0, DType::I32, 2));
        samples
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_in_the_order_of_the_enum() {
        for (i, row) in ROWS.iter().enumerate() {
            assert_eq!(row.op as usize, i, "{}", row.name);
        }
    }
}
