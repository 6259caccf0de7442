//! `window_scatter_add`: adds each window's value to its element at a given position. Linear in the first operand, the
//! transpose of [`super::WindowGather`]. Values whose position falls on padding are dropped.
//!
//! C1: window lists have one entry per axis, entries are positive. C2: every window holds at least one element.
//! C3: positions are `i32` and have the shape of the windows' grid. C4: values have that shape, too.

use super::window_argmax::Window;
use super::{Broken, Operand, Primitive, Sample, WindowGather, arity, batch_operands, require};
use crate::attrs::Attrs;
use crate::builder::Builder;
use crate::graph::Value;
use crate::reference::Array;
use crate::stablehlo::{Ssa, Writer};
use crate::types::{DType, TensorType};

/// One value into each window.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct WindowScatterAdd {
    /// The windows.
    pub window: Window,
    /// Shape of the result.
    pub shape: Vec<usize>,
}

impl Primitive for WindowScatterAdd {
    fn name(&self) -> &'static str {
        "window_scatter_add"
    }
    fn infer(&self, x: &[&TensorType]) -> Result<TensorType, Broken> {
        let [x, positions] = arity(x)?;
        let grid = self.window.infer(&self.shape)?;
        require(positions.dtype == DType::I32 && positions.shape == grid, "C3")?;
        require(x.shape == grid, "C4")?;
        Ok(x.with_shape(self.shape.clone()))
    }
    fn eval(&self, x: &[&Array], out: &TensorType) -> Array {
        let mut y = Array::zeros(out);
        x[0].ty.for_each_index(|o| {
            if let Some(e) = self.window.element(o, x[1].at(o) as usize, &out.shape) {
                *y.at_mut(&e) += x[0].at(o);
            }
        });
        y
    }
    fn jvp(&self, b: &mut Builder, x: &[Value], _: Value, dx: &[Option<Value>]) -> Option<Value> {
        dx[0].map(|d| b.push(self.clone(), &[d, x[1]]))
    }
    fn linear_transpose(&self, b: &mut Builder, ct: Value, x: &[Operand]) -> Vec<Option<Value>> {
        vec![x[0].linear().map(|_| b.push(WindowGather { window: self.window.clone() }, &[ct, x[1].value()])), None]
    }
    fn batch(&self, b: &mut Builder, x: &[(Value, bool)]) -> Value {
        let operands = batch_operands(b, x);
        let mut shape = vec![b.ty(operands[0]).shape[0]];
        shape.extend(&self.shape);
        b.push(Self { window: self.window.batched(), shape }, &operands)
    }
    fn attrs(&self) -> Attrs {
        self.window.attrs().ints("shape", &self.shape)
    }
    fn stablehlo(&self, w: &mut Writer, x: &[Ssa], _: &TensorType) -> Ssa {
        w.composition(x, |b, x| self.window.scatter_expression(b, x[0], x[1], &self.shape))
    }
    fn flop(&self, x: &[&TensorType], _: &TensorType) -> u64 {
        x[0].len() as u64
    }
}

impl WindowScatterAdd {
    pub(crate) fn parse(name: &str, a: &Attrs) -> Option<Self> {
        (name == "window_scatter_add").then_some(())?;
        Some(Self { window: Window::parse(a)?, shape: a.get_ints("shape")? })
    }
    pub(crate) fn samples() -> Vec<Sample> {
        let p = |size: &[usize], strides: &[usize], padding: &[(usize, usize)], shape: &[usize]| Self {
            window: Window::sample(size, strides, padding),
            shape: shape.to_vec(),
        };
        vec![
            Sample::legal("tiles", p(&[2, 2], &[2, 2], &[(0, 0); 2], &[4, 4]), &[&[2, 2], &[2, 2]]).typed(1, DType::I32, 4),
            Sample::legal("overlap and padding", p(&[3, 3], &[2, 2], &[(1, 1), (1, 0)], &[5, 4]), &[&[3, 2], &[3, 2]]).typed(1, DType::I32, 9),
            Sample::illegal("C1", p(&[2], &[0], &[(0, 0)], &[4]), &[&[2], &[2]]).typed(1, DType::I32, 1),
            Sample::illegal("C2", p(&[5], &[1], &[(0, 0)], &[4]), &[&[1], &[1]]).typed(1, DType::I32, 1),
            Sample::illegal("C3", p(&[2], &[2], &[(0, 0)], &[4]), &[&[2], &[2]]),
            Sample::illegal("C4", p(&[2], &[2], &[(0, 0)], &[4]), &[&[3], &[2]]).typed(1, DType::I32, 1),
        ]
    }
}
