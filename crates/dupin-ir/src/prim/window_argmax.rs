//! `window_argmax`: position, within its window, of the largest element of every window, as `i32`. No tangent.
//!
//! The position is row-major in the window; the first of equals wins; padding never does. With [`super::WindowGather`] it makes
//! max-pooling, whose derivatives of every order keep the positions fixed.
//!
//! C1: window lists have one entry per axis, entries are positive. C2: every window holds at least one element.
//! C3: the operand is a float tensor.

use super::{Broken, Primitive, Sample, arity, require};
use crate::attrs::Attrs;
use crate::builder::Builder;
use crate::graph::Value;
use crate::reference::Array;
use crate::types::{DType, TensorType};

/// Sliding windows over all axes (extent and stride 1 for axes that have none).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Window {
    /// Extent per axis.
    pub size: Vec<usize>,
    /// Step per axis.
    pub strides: Vec<usize>,
    /// Positions before and after that hold no element, per axis.
    pub padding: Vec<(usize, usize)>,
}

impl Window {
    /// Shape of the windows' grid over `shape`, or the constraint broken.
    pub(super) fn infer(&self, shape: &[usize]) -> Result<Vec<usize>, Broken> {
        let rank = shape.len();
        let lists = self.size.len() == rank && self.strides.len() == rank && self.padding.len() == rank;
        require(lists && self.size.iter().chain(&self.strides).all(|&v| v > 0), "C1")?;
        // A window that starts in the low padding must reach an element; one that starts behind the last would hold none.
        let grid: Option<Vec<usize>> = (0..rank)
            .map(|a| {
                let (low, high) = self.padding[a];
                let out = (shape[a] + low + high).checked_sub(self.size[a])? / self.strides[a] + 1;
                let holds = low < self.size[a] && shape[a] > 0 && (out - 1) * self.strides[a] < low + shape[a];
                holds.then_some(out)
            })
            .collect();
        grid.ok_or(Broken("C2"))
    }

    /// The element that window `o` has at row-major `position`, if it is not padding.
    pub fn element(&self, o: &[usize], position: usize, shape: &[usize]) -> Option<Vec<usize>> {
        let mut rest = position;
        let mut element = vec![0; o.len()];
        for a in (0..o.len()).rev() {
            let at = o[a] * self.strides[a] + rest % self.size[a];
            rest /= self.size[a];
            element[a] = at.checked_sub(self.padding[a].0).filter(|&e| e < shape[a])?;
        }
        Some(element)
    }

    /// The same under a new leading axis.
    pub(super) fn batched(&self) -> Self {
        let under = |list: &[usize]| std::iter::once(1).chain(list.iter().copied()).collect();
        let padding = std::iter::once((0, 0)).chain(self.padding.iter().copied()).collect();
        Self { size: under(&self.size), strides: under(&self.strides), padding }
    }

    pub(super) fn attrs(&self) -> Attrs {
        let (low, high): (Vec<usize>, Vec<usize>) = self.padding.iter().copied().unzip();
        Attrs::none().ints("size", &self.size).ints("strides", &self.strides).ints("low", &low).ints("high", &high)
    }

    pub(super) fn parse(a: &Attrs) -> Option<Self> {
        let (low, high): (Vec<usize>, Vec<usize>) = (a.get_ints("low")?, a.get_ints("high")?);
        Some(Self { size: a.get_ints("size")?, strides: a.get_ints("strides")?, padding: low.into_iter().zip(high).collect() })
    }

    pub(super) fn sample(size: &[usize], strides: &[usize], padding: &[(usize, usize)]) -> Self {
        Self { size: size.to_vec(), strides: strides.to_vec(), padding: padding.to_vec() }
    }
}

/// Position of each window's maximum.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct WindowArgmax {
    /// The windows.
    pub window: Window,
}

impl Primitive for WindowArgmax {
    fn name(&self) -> &'static str {
        "window_argmax"
    }
    fn infer(&self, x: &[&TensorType]) -> Result<TensorType, Broken> {
        let [x] = arity(x)?;
        let shape = self.window.infer(&x.shape)?;
        require(x.dtype.is_float(), "C3")?;
        Ok(TensorType::new(DType::I32, shape))
    }
    fn eval(&self, x: &[&Array], out: &TensorType) -> Array {
        let positions: usize = self.window.size.iter().product();
        Array::from_fn(out, |o| {
            let mut best: Option<(f64, usize)> = None;
            for p in 0..positions {
                if let Some(e) = self.window.element(o, p, &x[0].ty.shape) {
                    let v = x[0].at(&e);
                    if best.is_none_or(|(b, _)| v > b) {
                        best = Some((v, p));
                    }
                }
            }
            best.map_or(0.0, |(_, p)| p as f64)
        })
    }
    fn jvp(&self, _: &mut Builder, _: &[Value], _: Value, _: &[Option<Value>]) -> Option<Value> {
        None
    }
    fn batch(&self, b: &mut Builder, x: &[(Value, bool)]) -> Value {
        b.push(Self { window: self.window.batched() }, &[x[0].0])
    }
    fn attrs(&self) -> Attrs {
        self.window.attrs()
    }
    fn flop(&self, _: &[&TensorType], out: &TensorType) -> u64 {
        (out.len() * self.window.size.iter().product::<usize>()) as u64
    }
}

impl WindowArgmax {
    pub(crate) fn parse(name: &str, a: &Attrs) -> Option<Self> {
        (name == "window_argmax").then_some(())?;
        Some(Self { window: Window::parse(a)? })
    }
    pub(crate) fn samples() -> Vec<Sample> {
        let p = |size: &[usize], strides: &[usize], padding: &[(usize, usize)]| Self { window: Window::sample(size, strides, padding) };
        vec![
            Sample::legal("tiles", p(&[1, 2, 2, 1], &[1, 2, 2, 1], &[(0, 0); 4]), &[&[2, 4, 4, 2]]),
            Sample::legal("overlap and padding", p(&[3, 3], &[2, 2], &[(1, 1), (1, 0)]), &[&[5, 4]]),
            Sample::illegal("C1", p(&[2], &[1, 1], &[(0, 0); 2]), &[&[4, 4]]),
            Sample::illegal("C2", p(&[2], &[1], &[(2, 0)]), &[&[4]]),
            Sample::illegal("C3", p(&[2], &[2], &[(0, 0)]), &[&[4]]).typed(0, DType::I32, 3),
        ]
    }
}
