//! The StableHLO text of a program: what compilers outside of Dupin (XLA, IREE) take.
//!
//! Every primitive says its own statement in its own file ([`crate::Primitive::stablehlo`]); those without an operation of their own
//! are compositions. The statements have MLIR's generic form, which every release of StableHLO parses. `chlo.erf` is the one
//! operation from CHLO, as in the programs that JAX writes.
//!
//! ```
//! use dupin_ir::{Builder, DType, TensorType, stablehlo};
//! let mut b = Builder::new();
//! let x = b.input("x", TensorType::new(DType::F32, [3]));
//! let y = b.exp(x);
//! let text = stablehlo::print(&b.program(&[x], &[y])?, &stablehlo::Options::default());
//! assert!(text.contains(r#"%1 = "stablehlo.exponential"(%0) : (tensor<3xf32>) -> tensor<3xf32>"#));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::fmt::{self, Write as _};

use crate::builder::Builder;
use crate::graph::Value;
use crate::program::Program;
use crate::types::{DType, TensorType};

/// How `f32` contractions (products and convolutions) are computed; everything else, and `f64`, is as the types say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Precision {
    /// In `f32`: every product and sum within its rounding, unit 2^-24.
    #[default]
    Exact,
    /// Operands may lose bits to 10 in the mantissa where the device has such units (TF32: relative error up to 2^-11 per
    /// operand); sums in `f32`. Devices without compute in `f32`.
    Tf32,
    /// Operands are rounded to bfloat16 (8 bits, one of them implied: relative error up to 2^-9 per operand); sums in `f32`.
    Bf16,
}

impl Precision {
    /// All of them, the exact one first.
    pub const ALL: [Self; 3] = [Self::Exact, Self::Tf32, Self::Bf16];

    /// The name of it, as options spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Exact => "f32",
            Self::Tf32 => "tf32",
            Self::Bf16 => "bf16",
        }
    }
}

/// What a program is printed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Options {
    /// How `f32` contractions are computed.
    pub precision: Precision,
    /// Devices that run the program side by side, numbered from 0: those that [`AllReduce`](crate::prim::AllReduce) sums over.
    pub replicas: usize,
    /// Whether the input of a convolution may have holes (`lhs_dilation`), as input gradients of strided convolutions do. Compilers
    /// that multiply the zeros in them are given plain convolutions of the same value instead.
    pub holes: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { precision: Precision::default(), replicas: 1, holes: true }
    }
}

/// A type in the text: MLIR's name of the element type, and the shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Type {
    /// Such as `f32`, `i1`, `ui64`: also those that the graph does not have.
    pub element: &'static str,
    /// Extent of each axis.
    pub shape: Vec<usize>,
}

impl Type {
    /// The same shape with another element type.
    pub fn of(&self, element: &'static str) -> Self {
        Self { element, shape: self.shape.clone() }
    }

    /// The type in the graph.
    pub(crate) fn graph(&self) -> TensorType {
        let dtype = DType::ALL
            .into_iter()
            .find(|&d| element(d) == self.element)
            .expect("an operand of a primitive has a type of the graph");
        TensorType::new(dtype, self.shape.clone())
    }
}

impl From<&TensorType> for Type {
    fn from(ty: &TensorType) -> Self {
        Self { element: element(ty.dtype), shape: ty.shape.clone() }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("tensor<")?;
        for n in &self.shape {
            write!(f, "{n}x")?;
        }
        write!(f, "{}>", self.element)
    }
}

fn element(dtype: DType) -> &'static str {
    match dtype {
        DType::F32 => "f32",
        DType::F64 => "f64",
        DType::I32 => "i32",
        DType::U32 => "ui32",
        DType::Bool => "i1",
    }
}

/// A value of the text: prints as `%3`.
#[derive(Clone, Debug)]
pub struct Ssa {
    id: usize,
    /// Its type.
    pub ty: Type,
}

impl fmt::Display for Ssa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "%{}", self.id)
    }
}

/// Writes statements, each with a new number.
#[derive(Debug, Default)]
pub struct Writer {
    body: String,
    next: usize,
    options: Options,
}

impl Writer {
    /// Replicas that the program is for.
    pub(crate) fn replicas(&self) -> usize {
        self.options.replicas
    }

    /// Whether convolutions may have holes in their inputs.
    pub(crate) fn holes(&self) -> bool {
        self.options.holes
    }

    fn fresh(&mut self, ty: Type) -> Ssa {
        self.next += 1;
        Ssa { id: self.next - 1, ty }
    }

    /// `%n = "name"(operands) {attrs} : types -> out`; `name` without a dialect is StableHLO's.
    pub fn op(&mut self, name: &str, operands: &[&Ssa], attrs: &str, out: impl Into<Type>) -> Ssa {
        self.statement(name, operands, "", attrs, out.into())
    }

    /// [`Writer::op`] of an operation that combines two elements by `combine`, such as `reduce` by `add`.
    pub fn combining(&mut self, name: &str, combine: &str, operands: &[&Ssa], attrs: &str, out: impl Into<Type>) -> Ssa {
        let out = out.into();
        let scalar = Type { element: out.element, shape: Vec::new() };
        let region = format!(
            "({{\n      ^bb0(%a: {scalar}, %b: {scalar}):\n        %c = \"stablehlo.{combine}\"(%a, %b) : ({scalar}, {scalar}) -> {scalar}\n        \
             \"stablehlo.return\"(%c) : ({scalar}) -> ()\n    }}) "
        );
        self.statement(name, operands, &region, attrs, out)
    }

    fn statement(&mut self, name: &str, operands: &[&Ssa], region: &str, attrs: &str, out: Type) -> Ssa {
        let result = self.fresh(out);
        let names: Vec<String> = operands.iter().map(ToString::to_string).collect();
        let types: Vec<String> = operands.iter().map(|o| o.ty.to_string()).collect();
        let dialect = if name.contains('.') { "" } else { "stablehlo." };
        let attrs = if attrs.is_empty() { String::new() } else { format!("{{{attrs}}} ") };
        let _ = writeln!(
            self.body,
            "    {result} = \"{dialect}{name}\"({}) {region}{attrs}: ({}) -> {}",
            names.join(", "),
            types.join(", "),
            result.ty
        );
        result
    }

    /// A contraction at the chosen precision, summed in the type of the result.
    pub(crate) fn contraction(&mut self, name: &str, operands: [&Ssa; 2], attrs: &str, out: &TensorType) -> Ssa {
        let single = out.dtype == DType::F32;
        let level = if self.options.precision == Precision::Exact || !single { "HIGHEST" } else { "DEFAULT" };
        let attrs = format!("{attrs}, precision_config = [#stablehlo<precision {level}>, #stablehlo<precision {level}>]");
        let [lhs, rhs] = operands;
        if self.options.precision == Precision::Bf16 && single {
            let lhs = self.op("convert", &[lhs], "", lhs.ty.of("bf16"));
            let rhs = self.op("convert", &[rhs], "", rhs.ty.of("bf16"));
            return self.op(name, &[&lhs, &rhs], &attrs, out);
        }
        self.op(name, &[lhs, rhs], &attrs, out)
    }

    /// A constant from the text of its value, such as `1` or `[1, 2]`.
    pub fn constant(&mut self, value: &str, ty: impl Into<Type>) -> Ssa {
        let ty = ty.into();
        self.op("constant", &[], &format!("value = dense<{value}> : {ty}"), ty)
    }

    /// A constant of the graph: one value for all elements, or all of them, row-major.
    pub(crate) fn literal(&mut self, values: &[f64], ty: &TensorType) -> Ssa {
        if let [value] = values {
            return self.constant(&number(*value, ty.dtype), ty);
        }
        let list: Vec<String> = values.iter().map(|&v| number(v, ty.dtype)).collect();
        let flat = self.constant(&format!("[{}]", list.join(", ")), &ty.with_shape([values.len()]));
        if ty.rank() == 1 { flat } else { self.op("reshape", &[&flat], "", ty) }
    }

    /// What `build` makes of the operands in a graph of its own: the statement of a primitive that is a composition of others.
    pub(crate) fn composition(&mut self, x: &[Ssa], build: impl FnOnce(&mut Builder, &[Value]) -> Value) -> Ssa {
        let mut b = Builder::new();
        let inputs: Vec<Value> = x.iter().map(|s| b.input("x", s.ty.graph())).collect();
        let y = build(&mut b, &inputs);
        let program = b.program(&inputs, &[y]).expect("a primitive's composition is well typed where the primitive is");
        self.inline(&program, x).remove(0)
    }

    fn inline(&mut self, program: &Program, inputs: &[Ssa]) -> Vec<Ssa> {
        let mut values: Vec<Option<Ssa>> = vec![None; program.graph().len()];
        for (&v, x) in program.inputs().iter().zip(inputs) {
            values[v.index()] = Some(x.clone());
        }
        let of = |values: &[Option<Ssa>], v: Value| values[v.index()].clone().expect("operands come before what uses them");
        for (i, node) in program.graph().nodes().iter().enumerate() {
            if values[i].is_none() {
                let x: Vec<Ssa> = node.operands.iter().map(|&o| of(&values, o)).collect();
                values[i] = Some(node.prim.rules().stablehlo(self, &x, &node.ty));
            }
        }
        program.outputs().iter().map(|&v| of(&values, v)).collect()
    }
}

/// The program as a StableHLO module whose function `main` takes and gives what the program does.
pub fn print(program: &Program, options: &Options) -> String {
    print_replacing(program, options, &[])
}

/// The same where results may take the memory of inputs: pairs of an input's and a result's position, of one type.
pub fn print_replacing(program: &Program, options: &Options, replaced: &[(usize, usize)]) -> String {
    let mut w = Writer { options: *options, ..Writer::default() };
    let inputs: Vec<Ssa> = program.inputs().iter().map(|&v| w.fresh(program.graph().ty(v).into())).collect();
    let outputs = w.inline(program, &inputs);
    let argument = |(i, s): (usize, &Ssa)| match replaced.iter().find(|r| r.0 == i) {
        // The name by which XLA knows it, whoever writes the program.
        Some((_, output)) => format!("{s}: {} {{tf.aliasing_output = {output} : i32}}", s.ty),
        None => format!("{s}: {}", s.ty),
    };
    let arguments: Vec<String> = inputs.iter().enumerate().map(argument).collect();
    let types: Vec<String> = outputs.iter().map(|s| s.ty.to_string()).collect();
    let names: Vec<String> = outputs.iter().map(ToString::to_string).collect();
    let (arguments, types, names) = (arguments.join(", "), types.join(", "), names.join(", "));
    format!(
        "module @dupin {{\n  func.func public @main({arguments}) -> ({types}) {{\n{}    \"func.return\"({names}) : ({types}) -> ()\n  }}\n}}\n",
        w.body
    )
}

/// `array<i64: 1, 2>`.
pub(crate) fn ints<T: fmt::Display>(list: &[T]) -> String {
    if list.is_empty() { "array<i64>".into() } else { format!("array<i64: {}>", join(list)) }
}

/// `1, 2`.
pub(crate) fn join<T: fmt::Display>(list: &[T]) -> String {
    list.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// A number as MLIR writes it, exactly: the shortest decimal that gives the same `f64`, or the bits of what is not finite.
fn number(value: f64, dtype: DType) -> String {
    match dtype {
        DType::Bool => if value == 0.0 { "false" } else { "true" }.into(),
        DType::I32 | DType::U32 => format!("{}", value as i64),
        DType::F64 if !value.is_finite() => format!("0x{:016X}", value.to_bits()),
        DType::F32 if !value.is_finite() => format!("0x{:08X}", (value as f32).to_bits()),
        DType::F32 | DType::F64 => {
            let text = format!("{value:e}");
            let (mantissa, exponent) = text.split_once('e').expect("`{:e}` prints an exponent");
            // MLIR demands a point.
            let point = if mantissa.contains('.') { "" } else { ".0" };
            format!("{mantissa}{point}e{exponent}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_exact() {
        assert_eq!(number(1.0, DType::F32), "1.0e0");
        assert_eq!(number(-0.1, DType::F64), "-1.0e-1");
        assert_eq!(number(f64::from(0.1_f32), DType::F32), "1.0000000149011612e-1");
        assert_eq!(number(f64::NEG_INFINITY, DType::F32), "0xFF800000");
        assert_eq!(number(f64::INFINITY, DType::F64), "0x7FF0000000000000");
        assert_eq!(number(4294967295.0, DType::U32), "4294967295");
        assert_eq!(number(1.0, DType::Bool), "true");
    }

    #[test]
    fn results_that_replace_inputs_are_marked() {
        let mut b = Builder::new();
        let [x, y] = ["x", "y"].map(|name| b.input(name, TensorType::new(DType::F32, [2])));
        let (sum, product) = (b.add(x, y), b.mul(x, y));
        let text = print_replacing(&b.program(&[x, y], &[sum, product]).unwrap(), &Options::default(), &[(1, 0)]);
        assert!(text.contains("main(%0: tensor<2xf32>, %1: tensor<2xf32> {tf.aliasing_output = 0 : i32}) ->"), "{text}");
    }

    #[test]
    fn only_single_precision_contractions_lose_bits_and_only_when_asked() {
        let text = |dtype, precision| {
            let mut b = Builder::new();
            let x = b.input("x", TensorType::new(dtype, [2, 2]));
            let y = b.matmul(x, x);
            print(&b.program(&[x], &[y]).unwrap(), &Options { precision, ..Options::default() })
        };
        for precision in Precision::ALL {
            assert_eq!(text(DType::F64, precision), text(DType::F64, Precision::Exact), "{}", precision.name());
            let single = text(DType::F32, precision);
            assert_eq!(single.contains("precision HIGHEST"), precision == Precision::Exact);
            assert_eq!(single.contains("(tensor<2x2xbf16>, tensor<2x2xbf16>) -> tensor<2x2xf32>"), precision == Precision::Bf16);
        }
    }
}
