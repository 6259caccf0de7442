//! `convolution`: StableHLO's, with strides, padding, dilations, reversal and groups. Bilinear.
//!
//! `out[n, p, o] = Σ_{k, c} lhs[n, p·stride + k·rhs_dilation - low, c] · rhs[k, c, o]` over positions that exist: padding
//! and the holes of a dilated `lhs` count as 0. Both transposes are convolutions of this form (input gradient:
//! `lhs_dilation = stride`, window reversed; weight gradient: batch and feature exchanged, `rhs_dilation = stride`),
//! so the set is closed under differentiation.
//!
//! C1: the axis lists name every axis of each operand once. C2: window lists have one entry per spatial axis, strides and
//! dilations are positive. C3: input features = groups × kernel input features. C4: kernel output features divide by the
//! group counts, and the batch by its group count. C5: at most one group count is above 1. C6: no output extent is negative.
//! C7: both operands have one float type.

mod phases;

use super::{Broken, Operand, Primitive, Sample, arity, require};
use crate::attrs::Attrs;
use crate::builder::Builder;
use crate::graph::Value;
use crate::reference::Array;
use crate::stablehlo::{Ssa, Writer, ints};
use crate::types::{DType, TensorType};

/// Axes of one operand or the result: two named ones and the spatial ones.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Axes {
    /// Batch axis of `lhs` and of the result; input-feature axis of the kernel.
    pub first: usize,
    /// Feature axis of `lhs` and of the result; output-feature axis of the kernel.
    pub second: usize,
    /// Spatial axes, in the order of the window lists.
    pub spatial: Vec<usize>,
}

impl Axes {
    fn new(first: usize, second: usize, spatial: &[usize]) -> Self {
        Self { first, second, spatial: spatial.to_vec() }
    }

    fn exchanged(&self) -> Self {
        Self::new(self.second, self.first, &self.spatial)
    }

    fn names_all(&self, rank: usize) -> bool {
        let mut all = self.spatial.clone();
        all.extend([self.first, self.second]);
        all.sort_unstable();
        all.into_iter().eq(0..rank)
    }

    fn under_leading(&self) -> Self {
        Self::new(self.first + 1, self.second + 1, &self.spatial.iter().map(|a| a + 1).collect::<Vec<_>>())
    }
}

/// Window and axes of a convolution.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Convolution {
    /// Batch, feature and spatial axes of the input.
    pub lhs: Axes,
    /// Input-feature, output-feature and spatial axes of the kernel.
    pub rhs: Axes,
    /// Batch, feature and spatial axes of the result.
    pub out: Axes,
    /// Steps of the window.
    pub strides: Vec<usize>,
    /// Zeros before and after, per spatial axis; negative crops.
    pub padding: Vec<(i64, i64)>,
    /// Distance between neighbouring input elements.
    pub lhs_dilation: Vec<usize>,
    /// Distance between neighbouring kernel elements.
    pub rhs_dilation: Vec<usize>,
    /// Whether the kernel is read backwards, per spatial axis.
    pub reversal: Vec<bool>,
    /// Groups of input features.
    pub feature_group_count: usize,
    /// Groups of the batch.
    pub batch_group_count: usize,
}

/// Extent of `n` elements spread `dilation` apart.
fn dilated(n: usize, dilation: usize) -> i64 {
    if n == 0 { 0 } else { (n as i64 - 1) * dilation as i64 + 1 }
}

impl Convolution {
    /// The usual layout: input `[n, spatial..., c]`, kernel `[spatial..., c, o]`, result `[n, spatial..., o]` (NHWC, HWIO).
    pub fn channels_last(strides: &[usize], padding: &[(i64, i64)]) -> Self {
        let d = strides.len();
        let spatial: Vec<usize> = (1..=d).collect();
        Self {
            lhs: Axes::new(0, d + 1, &spatial),
            rhs: Axes::new(d, d + 1, &(0..d).collect::<Vec<_>>()),
            out: Axes::new(0, d + 1, &spatial),
            strides: strides.to_vec(),
            padding: padding.to_vec(),
            lhs_dilation: vec![1; d],
            rhs_dilation: vec![1; d],
            reversal: vec![false; d],
            feature_group_count: 1,
            batch_group_count: 1,
        }
    }

    fn spatial_rank(&self) -> usize {
        self.strides.len()
    }

    /// Input position along spatial axis `a` that output `o` reads with kernel element `k`, if it exists.
    pub fn source(&self, a: usize, o: usize, k: usize, n_in: usize, n_kernel: usize) -> Option<usize> {
        let k = if self.reversal[a] { n_kernel - 1 - k } else { k };
        let at = (o * self.strides[a] + k * self.rhs_dilation[a]) as i64 - self.padding[a].0;
        let step = self.lhs_dilation[a] as i64;
        (at >= 0 && at % step == 0 && at / step < n_in as i64).then(|| (at / step) as usize)
    }

    /// Cotangent of the input.
    fn transpose_lhs(&self, b: &mut Builder, ct: Value, rhs: Value, lhs: &TensorType) -> Value {
        let (rhs_ty, out) = (b.ty(rhs).clone(), b.ty(ct).clone());
        // The groups of the kernel's output features become groups of its input features.
        let groups = self.feature_group_count.max(self.batch_group_count);
        let kernel = split_merge(b, rhs, self.rhs.second, groups, self.rhs.first);
        let padding = (0..self.spatial_rank())
            .map(|a| {
                let (l, r, o) = (self.lhs.spatial[a], self.rhs.spatial[a], self.out.spatial[a]);
                let input = dilated(lhs.shape[l], self.lhs_dilation[a]);
                let window = dilated(rhs_ty.shape[r], self.rhs_dilation[a]);
                let output = dilated(out.shape[o], self.strides[a]);
                let before = window - self.padding[a].0 - 1;
                (before, input + window - 1 - output - before)
            })
            .collect();
        let conv = Self {
            lhs: self.out.clone(),
            rhs: self.rhs.exchanged(),
            out: self.lhs.clone(),
            strides: self.lhs_dilation.clone(),
            padding,
            lhs_dilation: self.strides.clone(),
            rhs_dilation: self.rhs_dilation.clone(),
            reversal: self.reversal.iter().map(|r| !r).collect(),
            feature_group_count: groups,
            batch_group_count: 1,
        };
        let product = b.push(conv, &[ct, kernel]);
        // Groups of the batch came out as groups of features.
        split_merge(b, product, self.lhs.second, self.batch_group_count, self.lhs.first)
    }

    /// Cotangent of the kernel.
    fn transpose_rhs(&self, b: &mut Builder, ct: Value, lhs: Value, rhs: &TensorType) -> Value {
        let (lhs_ty, out) = (b.ty(lhs).clone(), b.ty(ct).clone());
        let padding = (0..self.spatial_rank())
            .map(|a| {
                let (l, r, o) = (self.lhs.spatial[a], self.rhs.spatial[a], self.out.spatial[a]);
                let input = dilated(lhs_ty.shape[l], self.lhs_dilation[a]);
                let window = dilated(rhs.shape[r], self.rhs_dilation[a]);
                let output = dilated(out.shape[o], self.strides[a]);
                let low = self.padding[a].0;
                (low, output - input + window - low - 1)
            })
            .collect();
        let conv = Self {
            lhs: self.lhs.exchanged(),
            rhs: self.out.clone(),
            out: self.rhs.clone(),
            strides: self.rhs_dilation.clone(),
            padding,
            lhs_dilation: self.lhs_dilation.clone(),
            rhs_dilation: self.strides.clone(),
            reversal: vec![false; self.spatial_rank()],
            feature_group_count: self.batch_group_count,
            batch_group_count: self.feature_group_count,
        };
        let product = b.push(conv, &[lhs, ct]);
        let reversed: Vec<usize> = (0..self.spatial_rank()).filter(|&a| self.reversal[a]).map(|a| self.rhs.spatial[a]).collect();
        let mut reversed = reversed;
        reversed.sort_unstable();
        b.reverse(product, &reversed)
    }
}

/// Splits `groups` (the slower part) off axis `from` and merges them, as the slower part, into axis `into`.
fn split_merge(b: &mut Builder, x: Value, from: usize, groups: usize, into: usize) -> Value {
    if groups == 1 {
        return x;
    }
    let split = split_axis(b, x, from, groups);
    let into = if into >= from { into + 1 } else { into };
    merge_axis(b, split, from, into)
}

/// Axis `axis` becomes two: `groups`, then the rest.
fn split_axis(b: &mut Builder, x: Value, axis: usize, groups: usize) -> Value {
    let mut shape = b.ty(x).shape.clone();
    shape[axis] /= groups;
    shape.insert(axis, groups);
    b.reshape(x, &shape)
}

/// Moves axis `from` before axis `into` (both positions in `x`) and merges the two.
fn merge_axis(b: &mut Builder, x: Value, from: usize, into: usize) -> Value {
    let shape = b.ty(x).shape.clone();
    let mut order: Vec<usize> = (0..shape.len()).filter(|&a| a != from).collect();
    let at = order.iter().position(|&a| a == into).expect("the target axis is another axis");
    order.insert(at, from);
    let moved = b.transpose(x, &order);
    let mut merged: Vec<usize> = order.iter().map(|&a| shape[a]).collect();
    let k = merged.remove(at);
    merged[at] *= k;
    b.reshape(moved, &merged)
}

/// Splits `k` off the front of axis `axis` and moves it to the front of all.
fn split_to_front(b: &mut Builder, x: Value, axis: usize, k: usize) -> Value {
    let split = split_axis(b, x, axis, k);
    let rank = b.ty(split).rank();
    let order: Vec<usize> = std::iter::once(axis).chain((0..rank).filter(|&a| a != axis)).collect();
    b.transpose(split, &order)
}

impl Primitive for Convolution {
    fn name(&self) -> &'static str {
        "convolution"
    }
    fn infer(&self, x: &[&TensorType]) -> Result<TensorType, Broken> {
        let [lhs, rhs] = arity(x)?;
        let d = self.spatial_rank();
        let out_rank = d + 2;
        require(self.lhs.names_all(lhs.rank()) && self.rhs.names_all(rhs.rank()) && self.out.names_all(out_rank), "C1")?;
        require(lhs.rank() == out_rank && rhs.rank() == out_rank, "C1")?;
        let lists = self.padding.len() == d && self.lhs_dilation.len() == d && self.rhs_dilation.len() == d && self.reversal.len() == d;
        let positive = self.strides.iter().chain(&self.lhs_dilation).chain(&self.rhs_dilation).all(|&v| v > 0);
        require(lists && positive && self.feature_group_count > 0 && self.batch_group_count > 0, "C2")?;
        require(lhs.shape[self.lhs.second] == self.feature_group_count * rhs.shape[self.rhs.first], "C3")?;
        let (batch, features) = (lhs.shape[self.lhs.first], rhs.shape[self.rhs.second]);
        let divides = features % self.feature_group_count == 0 && features % self.batch_group_count == 0 && batch % self.batch_group_count == 0;
        require(divides, "C4")?;
        require(self.feature_group_count == 1 || self.batch_group_count == 1, "C5")?;
        let mut shape = vec![0; out_rank];
        shape[self.out.first] = batch / self.batch_group_count;
        shape[self.out.second] = features;
        for a in 0..d {
            let input = dilated(lhs.shape[self.lhs.spatial[a]], self.lhs_dilation[a]) + self.padding[a].0 + self.padding[a].1;
            let window = dilated(rhs.shape[self.rhs.spatial[a]], self.rhs_dilation[a]);
            require(input >= 0, "C6")?;
            shape[self.out.spatial[a]] = if window > input { 0 } else { ((input - window) as usize) / self.strides[a] + 1 };
        }
        require(lhs.dtype == rhs.dtype && lhs.dtype.is_float(), "C7")?;
        Ok(lhs.with_shape(shape))
    }
    fn eval(&self, x: &[&Array], out: &TensorType) -> Array {
        let (lhs, rhs) = (x[0], x[1]);
        let d = self.spatial_rank();
        let (n_out, o_out) = (out.shape[self.out.first], out.shape[self.out.second]);
        let c_in = rhs.ty.shape[self.rhs.first];
        let window = rhs.ty.with_shape(self.rhs.spatial.iter().map(|&a| rhs.ty.shape[a]).collect::<Vec<_>>());
        Array::from_fn(out, |i| {
            let (n, o) = (i[self.out.first], i[self.out.second]);
            let feature_group = o / (o_out / self.feature_group_count).max(1);
            let batch_group = o / (o_out / self.batch_group_count).max(1);
            let (mut l, mut r) = (vec![0; d + 2], vec![0; d + 2]);
            l[self.lhs.first] = batch_group * n_out + n;
            r[self.rhs.second] = o;
            let mut sum = 0.0;
            window.for_each_index(|k| {
                for a in 0..d {
                    let (at, n_in) = (self.lhs.spatial[a], lhs.ty.shape[self.lhs.spatial[a]]);
                    let Some(s) = self.source(a, i[self.out.spatial[a]], k[a], n_in, window.shape[a]) else { return };
                    l[at] = s;
                    r[self.rhs.spatial[a]] = k[a];
                }
                for c in 0..c_in {
                    l[self.lhs.second] = feature_group * c_in + c;
                    r[self.rhs.first] = c;
                    sum += lhs.at(&l) * rhs.at(&r);
                }
            });
            sum
        })
    }
    fn jvp(&self, b: &mut Builder, x: &[Value], _: Value, dx: &[Option<Value>]) -> Option<Value> {
        let left = dx[0].map(|d| b.push(self.clone(), &[d, x[1]]));
        let right = dx[1].map(|d| b.push(self.clone(), &[x[0], d]));
        match (left, right) {
            (Some(l), Some(r)) => Some(b.add(l, r)),
            (l, r) => l.or(r),
        }
    }
    fn linear_transpose(&self, b: &mut Builder, ct: Value, x: &[Operand]) -> Vec<Option<Value>> {
        match (&x[0], &x[1]) {
            (Operand::Linear(lhs), Operand::Value(rhs)) => vec![Some(self.transpose_lhs(b, ct, *rhs, lhs)), None],
            (Operand::Value(lhs), Operand::Linear(rhs)) => vec![None, Some(self.transpose_rhs(b, ct, *lhs, rhs))],
            _ => unreachable!("a convolution is linear in one operand at a time"),
        }
    }
    fn batch(&self, b: &mut Builder, x: &[(Value, bool)]) -> Value {
        let ((lhs, left), (rhs, right)) = (x[0], x[1]);
        let k = super::batch_size(b, x);
        let grouped = self.feature_group_count > 1 || self.batch_group_count > 1;
        let (lhs_axes, rhs_axes) = (self.lhs.under_leading(), self.rhs.under_leading());
        let mut conv = self.clone();
        if left && !right && !grouped {
            // One probe after another along the batch.
            let folded = merge_axis(b, lhs, 0, lhs_axes.first);
            let out = b.push(conv, &[folded, rhs]);
            return split_to_front(b, out, self.out.first, k);
        }
        if right && !left && !grouped {
            // One kernel after another along the output features: the probes share the input windows.
            let folded = merge_axis(b, rhs, 0, rhs_axes.second);
            let out = b.push(conv, &[lhs, folded]);
            return split_to_front(b, out, self.out.second, k);
        }
        // Each probe is a group of its own. What lacks the axis is repeated (only for convolutions that have groups already).
        let operands = super::batch_operands(b, x);
        let kernel = merge_axis(b, operands[1], 0, rhs_axes.second);
        let input = if self.batch_group_count > 1 {
            conv.batch_group_count *= k;
            merge_axis(b, operands[0], 0, lhs_axes.first)
        } else {
            conv.feature_group_count *= k;
            merge_axis(b, operands[0], 0, lhs_axes.second)
        };
        let out = b.push(conv, &[input, kernel]);
        split_to_front(b, out, self.out.second, k)
    }
    fn attrs(&self) -> Attrs {
        let axes = |a: &Axes| [vec![a.first, a.second], a.spatial.clone()].concat();
        let (low, high): (Vec<i64>, Vec<i64>) = self.padding.iter().copied().unzip();
        Attrs::none()
            .ints("lhs", &axes(&self.lhs))
            .ints("rhs", &axes(&self.rhs))
            .ints("out", &axes(&self.out))
            .ints("strides", &self.strides)
            .ints("low", &low)
            .ints("high", &high)
            .ints("lhs_dilation", &self.lhs_dilation)
            .ints("rhs_dilation", &self.rhs_dilation)
            .ints("reversal", &self.reversal.iter().map(|&r| i64::from(r)).collect::<Vec<_>>())
            .int("feature_group_count", self.feature_group_count as i64)
            .int("batch_group_count", self.batch_group_count as i64)
    }
    fn stablehlo(&self, w: &mut Writer, x: &[Ssa], out: &TensorType) -> Ssa {
        if !w.holes()
            && let Some(axis) = self.axis_of_phases(&x[1].ty.graph(), out)
        {
            return w.composition(x, |b, v| self.by_phases(axis, b, v[0], v[1], out));
        }
        let axes = |a: &Axes, first: &str, second: &str| {
            let mut names = vec![String::new(); a.spatial.len() + 2];
            (names[a.first], names[a.second]) = (first.into(), second.into());
            a.spatial.iter().enumerate().for_each(|(i, &s)| names[s] = i.to_string());
            format!("[{}]", names.join(", "))
        };
        let numbers = format!("{}x{}->{}", axes(&self.lhs, "b", "f"), axes(&self.rhs, "i", "o"), axes(&self.out, "b", "f"));
        let d = self.spatial_rank();
        let edges: Vec<String> = self.padding.iter().map(|(low, high)| format!("[{low}, {high}]")).collect();
        let edges = if d == 0 { String::new() } else { format!("[{}]", edges.join(", ")) };
        // Reading a kernel backwards is turning it first. That form alone has XLA's fast convolutions: on CPUs any other reversal is a
        // plain loop, on GPUs cuDNN's input gradient is recognised by it.
        let reversed: Vec<usize> = (0..d).filter(|&a| self.reversal[a]).map(|a| self.rhs.spatial[a]).collect();
        let kernel = match reversed.as_slice() {
            [] => x[1].clone(),
            axes => w.op("reverse", &[&x[1]], &format!("dimensions = {}", ints(axes)), x[1].ty.clone()),
        };
        let (strides, lhs, rhs) = (ints(&self.strides), ints(&self.lhs_dilation), ints(&self.rhs_dilation));
        let window = format!(
            "window_strides = {strides}, padding = dense<{edges}> : tensor<{d}x2xi64>, lhs_dilation = {lhs}, rhs_dilation = {rhs}"
        );
        let groups = format!("feature_group_count = {} : i64, batch_group_count = {} : i64", self.feature_group_count, self.batch_group_count);
        w.contraction("convolution", [&x[0], &kernel], &format!("dimension_numbers = #stablehlo.conv<{numbers}>, {window}, {groups}"), out)
    }
    fn flop(&self, x: &[&TensorType], out: &TensorType) -> u64 {
        let mut pairs = 1;
        for a in 0..self.spatial_rank() {
            let (n_in, n_kernel) = (x[0].shape[self.lhs.spatial[a]], x[1].shape[self.rhs.spatial[a]]);
            let outputs = 0..out.shape[self.out.spatial[a]];
            pairs *= outputs.map(|o| (0..n_kernel).filter(|&k| self.source(a, o, k, n_in, n_kernel).is_some()).count()).sum::<usize>();
        }
        2 * (pairs * out.shape[self.out.first] * out.shape[self.out.second] * x[1].shape[self.rhs.first]) as u64
    }
}

impl Convolution {
    pub(crate) fn parse(name: &str, a: &Attrs) -> Option<Self> {
        (name == "convolution").then_some(())?;
        let axes = |name: &str| {
            let list: Vec<usize> = a.get_ints(name)?;
            (list.len() >= 2).then(|| Axes::new(list[0], list[1], &list[2..]))
        };
        let (low, high): (Vec<i64>, Vec<i64>) = (a.get_ints("low")?, a.get_ints("high")?);
        Some(Self {
            lhs: axes("lhs")?,
            rhs: axes("rhs")?,
            out: axes("out")?,
            strides: a.get_ints("strides")?,
            padding: low.into_iter().zip(high).collect(),
            lhs_dilation: a.get_ints("lhs_dilation")?,
            rhs_dilation: a.get_ints("rhs_dilation")?,
            reversal: a.get_ints::<i64>("reversal")?.into_iter().map(|r| r != 0).collect(),
            feature_group_count: a.get_int("feature_group_count")?,
            batch_group_count: a.get_int("batch_group_count")?,
        })
    }
    pub(crate) fn samples() -> Vec<Sample> {
        let plain = |s: usize, p: (i64, i64)| Self::channels_last(&[s, s], &[p, p]);
        let line = Self::channels_last(&[2], &[(1, 0)]);
        let grouped = Self { feature_group_count: 2, ..plain(1, (1, 1)) };
        let batch_grouped = Self { batch_group_count: 2, ..plain(1, (0, 0)) };
        let dilated = Self { lhs_dilation: vec![2, 1], rhs_dilation: vec![1, 2], reversal: vec![true, false], ..plain(1, (1, 2)) };
        let permuted = Self { lhs: Axes::new(1, 0, &[3, 2]), rhs: Axes::new(3, 1, &[0, 2]), out: Axes::new(2, 3, &[1, 0]), ..plain(1, (1, 0)) };
        let small: &[usize] = &[2, 4, 4, 3];
        vec![
            Sample::legal("same", plain(1, (1, 1)), &[&[2, 4, 5, 3], &[3, 3, 3, 2]]),
            Sample::legal("stride", plain(2, (1, 1)), &[&[2, 5, 4, 2], &[3, 3, 2, 3]]),
            Sample::legal("last rows not covered", plain(3, (0, 0)), &[&[1, 6, 7, 2], &[2, 2, 2, 2]]),
            Sample::legal("one axis", line.clone(), &[&[2, 5, 2], &[3, 2, 3]]),
            Sample::legal("crop", plain(1, (-1, 0)), &[&[1, 4, 4, 2], &[2, 2, 2, 2]]),
            Sample::legal("dilations and reversal", dilated, &[&[1, 3, 5, 2], &[2, 2, 2, 2]]),
            Sample::legal("feature groups", grouped, &[&[2, 3, 3, 4], &[3, 3, 2, 4]]),
            Sample::legal("batch groups", batch_grouped, &[&[4, 3, 3, 2], &[2, 2, 2, 4]]),
            Sample::legal("permuted axes", permuted, &[&[3, 2, 4, 3], &[2, 2, 3, 3]]),
            Sample::legal("window larger than input", plain(1, (0, 0)), &[&[1, 2, 2, 1], &[3, 3, 1, 1]]),
            Sample::illegal("C1", Self { lhs: Axes::new(0, 0, &[1, 2]), ..plain(1, (0, 0)) }, &[small, &[3, 3, 3, 2]]),
            Sample::illegal("C2", plain(0, (0, 0)), &[small, &[3, 3, 3, 2]]),
            Sample::illegal("C3", plain(1, (0, 0)), &[small, &[3, 3, 2, 2]]),
            Sample::illegal("C4", Self { feature_group_count: 3, ..plain(1, (0, 0)) }, &[small, &[3, 3, 1, 2]]),
            Sample::illegal("C5", Self { feature_group_count: 3, batch_group_count: 2, ..plain(1, (0, 0)) }, &[small, &[3, 3, 1, 6]]),
            Sample::illegal("C6", plain(1, (-5, 0)), &[small, &[3, 3, 3, 2]]),
            Sample::illegal("C7", plain(1, (0, 0)), &[small, &[3, 3, 3, 2]]).typed(1, DType::I32, 2),
        ]
    }
}
