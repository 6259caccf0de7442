//! Primitives: one file each, holding everything that is true of it, and the table of all of them.
//!
//! A primitive means what the StableHLO operation of the same name means. Nonlinear ones write a `jvp`, linear
//! ones also a `linear_transpose`; nobody writes a reverse-mode rule, it is derived (see [`crate::transform::vjp`]).
//! Elementwise families share a file and a table of rows.

use std::fmt;

use crate::attrs::Attrs;
use crate::builder::Builder;
use crate::graph::Value;
use crate::reference::Array;
use crate::stablehlo::{Ssa, Writer};
use crate::types::TensorType;

pub use binary::BinaryOp;
pub use compare::CompareOp;
pub use sample::Sample;
pub use unary::UnaryOp;

pub(crate) mod jet;
mod sample;

macro_rules! primitives {
    ($($file:ident :: $Prim:ident),* $(,)?) => {
        $(pub mod $file; pub use $file::$Prim;)*

        /// A primitive with its parameters. Plain data: it compares, hashes and prints.
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub enum Prim {
            $(#[doc = concat!("See [`", stringify!($Prim), "`].")] $Prim($Prim)),*
        }

        impl Prim {
            /// The rules of this primitive.
            pub fn rules(&self) -> &dyn Primitive {
                match self { $(Self::$Prim(p) => p),* }
            }

            /// Applications that the contract tests check, of every primitive.
            pub fn samples() -> Vec<Sample> {
                [$($Prim::samples()),*].concat()
            }

            /// The primitive that prints as `name` with these attributes.
            pub fn parse(name: &str, attrs: &Attrs) -> Option<Self> {
                $(if let Some(p) = $Prim::parse(name, attrs) { return Some(Self::$Prim(p)); })*
                None
            }
        }

        $(impl From<$Prim> for Prim { fn from(p: $Prim) -> Self { Self::$Prim(p) } })*
    };
}

primitives! {
    input::Input,
    constant::Constant,
    iota::Iota,
    unary::Unary,
    activation::Activation,
    binary::Binary,
    compare::Compare,
    select::Select,
    convert::Convert,
    stop_gradient::StopGradient,
    broadcast_in_dim::BroadcastInDim,
    reshape::Reshape,
    transpose::Transpose,
    slice::Slice,
    pad::Pad,
    concatenate::Concatenate,
    reverse::Reverse,
    reduce_sum::ReduceSum,
    reduce_max::ReduceMax,
    argmax::Argmax,
    dot_general::DotGeneral,
    convolution::Convolution,
    window_argmax::WindowArgmax,
    window_gather::WindowGather,
    window_scatter_add::WindowScatterAdd,
    take::Take,
    scatter_add::ScatterAdd,
    rng::Rng,
    all_reduce::AllReduce,
}

/// The constraint that operands break: its number in the primitive's module documentation, such as `"C2"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken(pub &'static str);

/// `Err` with the constraint's number unless it holds.
pub(crate) fn require(holds: bool, constraint: &'static str) -> Result<(), Broken> {
    if holds { Ok(()) } else { Err(Broken(constraint)) }
}

/// The operand types as an array, or the constraint "takes N operands" broken.
pub(crate) fn arity<'a, const N: usize>(x: &[&'a TensorType]) -> Result<[&'a TensorType; N], Broken> {
    x.try_into().map_err(|_| Broken("arity"))
}

/// An operand of a primitive that is being transposed.
#[derive(Clone, Debug)]
pub enum Operand {
    /// The linear one, of which only the type is known.
    Linear(TensorType),
    /// A coefficient.
    Value(Value),
}

impl Operand {
    /// The coefficient.
    ///
    /// # Panics
    /// If the operand is linear: the primitive was then applied to two tangents, a bug in a `jvp` rule.
    pub fn value(&self) -> Value {
        match self {
            Self::Value(v) => *v,
            Self::Linear(ty) => panic!("an operand of type {ty} is linear where a coefficient is needed"),
        }
    }

    /// The type, if the operand is linear.
    pub fn linear(&self) -> Option<&TensorType> {
        match self {
            Self::Linear(ty) => Some(ty),
            Self::Value(_) => None,
        }
    }
}

/// The rules of a primitive.
pub trait Primitive: fmt::Debug {
    /// StableHLO's mnemonic where there is one.
    fn name(&self) -> &'static str;

    /// Type of the result, or the constraint that the operands break. Total: never panics.
    ///
    /// # Errors
    /// The number of the broken constraint.
    fn infer(&self, x: &[&TensorType]) -> Result<TensorType, Broken>;

    /// The meaning, as obvious loops in `f64`. Executors are checked against it.
    fn eval(&self, x: &[&Array], out: &TensorType) -> Array;

    /// Tangent of the result `y` at operands `x`. `None` is a structural zero; at least one of `dx` is `Some`.
    fn jvp(&self, b: &mut Builder, x: &[Value], y: Value, dx: &[Option<Value>]) -> Option<Value>;

    /// Cotangent of each linear operand. Asked only of what `jvp` rules apply to tangents.
    fn linear_transpose(&self, _b: &mut Builder, _ct: Value, _x: &[Operand]) -> Vec<Option<Value>> {
        unreachable!("{} is not linear: no jvp rule may apply it to a tangent", self.name())
    }

    /// The same under a new leading axis, which flagged operands and the result carry. At least one is flagged.
    fn batch(&self, b: &mut Builder, x: &[(Value, bool)]) -> Value;

    /// Whether the order of the two operands does not matter.
    fn commutes(&self) -> bool {
        false
    }

    /// Its statement in StableHLO, or those of a composition, and the result.
    fn stablehlo(&self, w: &mut Writer, x: &[Ssa], out: &TensorType) -> Ssa;

    /// Parameters for the text form.
    fn attrs(&self) -> Attrs;

    /// Floating-point operations of one application: a multiply-add is two. Zero for data movement.
    fn flop(&self, x: &[&TensorType], out: &TensorType) -> u64;
}

/// Puts the leading batch axis on every operand of an elementwise primitive and applies it.
pub(crate) fn batch_elementwise(b: &mut Builder, prim: impl Into<Prim>, x: &[(Value, bool)]) -> Value {
    let operands = batch_operands(b, x);
    b.push(prim, &operands)
}

/// Operands with the leading batch axis; those that lack it are broadcast.
pub(crate) fn batch_operands(b: &mut Builder, x: &[(Value, bool)]) -> Vec<Value> {
    let k = batch_size(b, x);
    x.iter().map(|&(v, batched)| if batched { v } else { b.broadcast_leading(v, k) }).collect()
}

/// Extent of the batch axis.
pub(crate) fn batch_size(b: &Builder, x: &[(Value, bool)]) -> usize {
    let (v, _) = x.iter().find(|(_, batched)| *batched).expect("batch rules are called with at least one batched operand");
    b.ty(*v).shape[0]
}

/// `axes` moved behind a new leading axis.
pub(crate) fn shifted(axes: &[usize]) -> Vec<usize> {
    axes.iter().map(|a| a + 1).collect()
}

/// `[0]` followed by `axes` moved behind a new leading axis.
pub(crate) fn with_leading(axes: &[usize]) -> Vec<usize> {
    std::iter::once(0).chain(axes.iter().map(|a| a + 1)).collect()
}
