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
use crate::prim::CompareOp;
use crate::reference::Array;
use crate::stablehlo::{Ssa, Writer};
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

    /// Calls `f` with every position, its row-major number first.
    fn for_each_position(&self, mut f: impl FnMut(usize, &[usize])) {
        let mut number = 0;
        TensorType::new(DType::I32, self.size.clone()).for_each_index(|k| {
            f(number, k);
            number += 1;
        });
    }

    /// Every window's element at offsets `k`; `outside` for those on padding.
    fn element_expression(&self, b: &mut Builder, padded: Value, k: &[usize], grid: &[usize]) -> Value {
        let limit: Vec<usize> = (0..k.len()).map(|a| k[a] + (grid[a] - 1) * self.strides[a] + 1).collect();
        b.slice(padded, k, &limit, &self.strides)
    }

    fn padded(&self, b: &mut Builder, x: Value, outside: f64) -> Value {
        let (low, high): (Vec<i64>, Vec<i64>) = self.padding.iter().map(|&(l, h)| (l as i64, h as i64)).unzip();
        b.pad(x, outside, &low, &high, &vec![0; low.len()])
    }

    /// `window_argmax` by slices, comparisons and selections.
    pub(super) fn argmax_expression(&self, b: &mut Builder, x: Value) -> Value {
        let grid = self.infer(&b.ty(x).shape).expect("the primitive's type rule held");
        let ty = TensorType::new(DType::I32, grid.clone());
        // The first position that is not padding, per window: it starts as the best, whatever it holds.
        let mut first = b.splat(&ty, 0.0);
        let mut stride = 1;
        for a in (0..grid.len()).rev() {
            let low = self.padding[a].0;
            if low > 0 {
                let along: Vec<f64> = (0..grid[a]).map(|o| (low.saturating_sub(o * self.strides[a]) * stride) as f64).collect();
                let along = b.constant(&TensorType::new(DType::I32, [grid[a]]), &along);
                let along = b.broadcast(along, &grid, &[a]);
                first = b.add(first, along);
            }
            stride *= self.size[a];
        }
        let padded = self.padded(b, x, f64::NEG_INFINITY);
        let mut best: Option<(Value, Value)> = None;
        self.for_each_position(|p, k| {
            let value = self.element_expression(b, padded, k, &grid);
            let position = b.splat(&ty, p as f64);
            best = Some(match best {
                None => (value, first),
                Some((best, at)) => {
                    let larger = b.compare(CompareOp::Gt, value, best);
                    let starts = k.iter().zip(&self.padding).any(|(&k, p)| k > 0 && p.0 > 0) && k.iter().zip(&self.padding).all(|(&k, p)| k <= p.0);
                    let wins = if starts {
                        let is_first = b.compare(CompareOp::Eq, first, position);
                        let always = b.splat_like(is_first, 1.0);
                        b.select(is_first, always, larger)
                    } else {
                        larger
                    };
                    (b.select(wins, value, best), b.select(wins, position, at))
                }
            });
        });
        best.expect("a window has at least one position").1
    }

    /// `window_gather` by slices and selections.
    pub(super) fn gather_expression(&self, b: &mut Builder, x: Value, positions: Value) -> Value {
        let grid = b.ty(positions).shape.clone();
        let padded = self.padded(b, x, 0.0);
        let mut out: Option<Value> = None;
        self.for_each_position(|p, k| {
            let value = self.element_expression(b, padded, k, &grid);
            let position = b.splat_like(positions, p as f64);
            let here = b.compare(CompareOp::Eq, positions, position);
            let rest = out.unwrap_or_else(|| b.splat_like(value, 0.0));
            out = Some(b.select(here, value, rest));
        });
        out.expect("a window has at least one position")
    }

    /// `window_scatter_add` by selections and paddings, whose negative edges drop what falls on the windows' padding.
    pub(super) fn scatter_expression(&self, b: &mut Builder, x: Value, positions: Value, shape: &[usize]) -> Value {
        let grid = b.ty(positions).shape.clone();
        let zero = b.splat_like(x, 0.0);
        let interior: Vec<usize> = self.strides.iter().map(|s| s - 1).collect();
        let mut out: Option<Value> = None;
        self.for_each_position(|p, k| {
            let position = b.splat_like(positions, p as f64);
            let here = b.compare(CompareOp::Eq, positions, position);
            let values = b.select(here, x, zero);
            let low: Vec<i64> = (0..k.len()).map(|a| k[a] as i64 - self.padding[a].0 as i64).collect();
            let high: Vec<i64> = (0..k.len()).map(|a| shape[a] as i64 - low[a] - ((grid[a] - 1) * self.strides[a] + 1) as i64).collect();
            let placed = b.pad(values, 0.0, &low, &high, &interior);
            out = Some(out.map_or(placed, |sum| b.add(sum, placed)));
        });
        out.expect("a window has at least one position")
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
    fn stablehlo(&self, w: &mut Writer, x: &[Ssa], _: &TensorType) -> Ssa {
        w.composition(x, |b, x| self.window.argmax_expression(b, x[0]))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prim::{Prim, WindowGather, WindowScatterAdd};
    use crate::reference::evaluate;

    /// The compositions against `eval`: paddings on either side, overlaps, gaps, ties, infinities, positions on padding.
    #[test]
    fn compositions_are_the_primitives() {
        let windows = [
            (Window::sample(&[2, 2], &[2, 2], &[(0, 0); 2]), vec![4, 6]),
            (Window::sample(&[3, 3], &[2, 2], &[(1, 1), (1, 0)]), vec![5, 4]),
            (Window::sample(&[3, 2], &[1, 3], &[(2, 2), (1, 1)]), vec![3, 7]),
            (Window::sample(&[1, 3], &[2, 1], &[(0, 0), (2, 1)]), vec![5, 3]),
        ];
        for (window, shape) in windows {
            let ty = TensorType::new(DType::F64, shape.clone());
            let grid = window.infer(&shape).unwrap();
            let values = |ty: &TensorType, seed: usize| {
                let data = (0..ty.len()).map(|i| if i % 7 == 3 { f64::NEG_INFINITY } else { ((i * 37 + seed) % 5) as f64 - 2.0 });
                Array::new(ty.clone(), data.collect())
            };
            let finite = |a: &Array| Array::new(a.ty.clone(), a.data.iter().map(|v| v.max(-9.0)).collect());
            let at = TensorType::new(DType::I32, grid.clone());
            let places = window.size.iter().product::<usize>();
            let positions = Array::new(at.clone(), (0..at.len()).map(|i| (i * 11 % places) as f64).collect());
            let grid_ty = TensorType::new(DType::F64, grid);
            let low = Array::new(ty.clone(), vec![f64::NEG_INFINITY; ty.len()]);

            let mut b = Builder::new();
            let (x, p, g) = (b.input("x", ty.clone()), b.input("p", at), b.input("g", grid_ty.clone()));
            let found = [
                window.argmax_expression(&mut b, x),
                window.gather_expression(&mut b, x, p),
                window.scatter_expression(&mut b, g, p, &shape),
            ];
            let expected = [
                b.push(WindowArgmax { window: window.clone() }, &[x]),
                b.push(Prim::from(WindowGather { window: window.clone() }), &[x, p]),
                b.push(Prim::from(WindowScatterAdd { window: window.clone(), shape }), &[g, p]),
            ];
            let program = b.program(&[x, p, g], &[found, expected].concat()).unwrap();
            for x in [values(&ty, 0), values(&ty, 3), low] {
                let out = evaluate(&program, &[x.clone(), positions.clone(), finite(&values(&grid_ty, 1))]);
                assert_eq!(out[..3], out[3..], "{window:?} of {x:?}");
            }
        }
    }
}
