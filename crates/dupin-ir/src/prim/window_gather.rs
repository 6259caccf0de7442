//! `window_gather`: from every window the element at a given position. Linear in the first operand.
//!
//! Operands: the tensor, and positions within windows as [`super::WindowArgmax`] gives them. A position that falls on padding gives 0.
//!
//! C1: window lists have one entry per axis, entries are positive. C2: every window holds at least one element.
//! C3: positions are `i32` and have the shape of the windows' grid.

use super::window_argmax::Window;
use super::{Broken, Operand, Primitive, Sample, WindowScatterAdd, arity, batch_operands, require};
use crate::attrs::Attrs;
use crate::builder::Builder;
use crate::graph::Value;
use crate::reference::Array;
use crate::stablehlo::{Ssa, Writer};
use crate::types::{DType, TensorType};

/// One element of each window.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct WindowGather {
    /// The windows.
    pub window: Window,
}

impl Primitive for WindowGather {
    fn name(&self) -> &'static str {
        "window_gather"
    }
    fn infer(&self, x: &[&TensorType]) -> Result<TensorType, Broken> {
        let [x, positions] = arity(x)?;
        let shape = self.window.infer(&x.shape)?;
        require(positions.dtype == DType::I32 && positions.shape == shape, "C3")?;
        Ok(x.with_shape(shape))
    }
    fn eval(&self, x: &[&Array], out: &TensorType) -> Array {
        Array::from_fn(out, |o| {
            let element = self.window.element(o, x[1].at(o) as usize, &x[0].ty.shape);
            element.map_or(0.0, |e| x[0].at(&e))
        })
    }
    fn jvp(&self, b: &mut Builder, x: &[Value], _: Value, dx: &[Option<Value>]) -> Option<Value> {
        dx[0].map(|d| b.push(self.clone(), &[d, x[1]]))
    }
    fn linear_transpose(&self, b: &mut Builder, ct: Value, x: &[Operand]) -> Vec<Option<Value>> {
        let scatter = |ty: &TensorType| WindowScatterAdd { window: self.window.clone(), shape: ty.shape.clone() };
        vec![x[0].linear().map(|ty| b.push(scatter(ty), &[ct, x[1].value()])), None]
    }
    fn batch(&self, b: &mut Builder, x: &[(Value, bool)]) -> Value {
        let operands = batch_operands(b, x);
        b.push(Self { window: self.window.batched() }, &operands)
    }
    fn attrs(&self) -> Attrs {
        self.window.attrs()
    }
    fn stablehlo(&self, w: &mut Writer, x: &[Ssa], _: &TensorType) -> Ssa {
        w.composition(x, |b, x| self.window.gather_expression(b, x[0], x[1]))
    }
    fn flop(&self, _: &[&TensorType], _: &TensorType) -> u64 {
        0
    }
}

impl WindowGather {
    pub(crate) fn parse(name: &str, a: &Attrs) -> Option<Self> {
        (name == "window_gather").then_some(())?;
        Some(Self { window: Window::parse(a)? })
    }
    pub(crate) fn samples() -> Vec<Sample> {
        let p = |size: &[usize], strides: &[usize], padding: &[(usize, usize)]| Self { window: Window::sample(size, strides, padding) };
        vec![
            Sample::legal("tiles", p(&[1, 2, 2, 1], &[1, 2, 2, 1], &[(0, 0); 4]), &[&[2, 4, 4, 2], &[2, 2, 2, 2]]).typed(1, DType::I32, 4),
            Sample::legal("overlap and padding", p(&[3, 3], &[2, 2], &[(1, 1), (1, 0)]), &[&[5, 4], &[3, 2]]).typed(1, DType::I32, 9),
            Sample::illegal("C1", p(&[0], &[1], &[(0, 0)]), &[&[4], &[4]]).typed(1, DType::I32, 1),
            Sample::illegal("C2", p(&[5], &[1], &[(0, 0)]), &[&[4], &[1]]).typed(1, DType::I32, 1),
            Sample::illegal("C3", p(&[2], &[2], &[(0, 0)]), &[&[4], &[2]]),
        ]
    }
}
