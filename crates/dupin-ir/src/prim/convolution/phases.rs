//! A convolution over an input with holes, from plain ones: one for each phase of its results.
//!
//! Results whose positions have one remainder by `lhs_dilation` meet the same kernel elements, those that do not fall into holes. So
//! each remainder is a plain convolution by every `lhs_dilation`-th element of the kernel, and no zero is multiplied. These are
//! the input gradients of strided convolutions.

use super::Convolution;
use crate::builder::Builder;
use crate::graph::Value;
use crate::types::TensorType;

/// Phases along all axes together beyond which the convolution stays whole: many small ones cost more than zeros do.
const MOST: usize = 16;

impl Convolution {
    /// The first spatial axis that can be divided into phases, if any is to be.
    pub(super) fn axis_of_phases(&self, rhs: &TensorType, out: &TensorType) -> Option<usize> {
        let divides = |a: usize| self.lhs_dilation[a] > 1 && self.strides[a] == 1 && self.rhs_dilation[a] == 1;
        let phases = (0..self.spatial_rank()).filter(|&a| divides(a)).map(|a| self.lhs_dilation[a]).product::<usize>();
        let whole = phases > MOST || out.is_empty() || rhs.is_empty();
        (0..self.spatial_rank()).find(|&a| !whole && divides(a))
    }

    /// The same along axis `a` by convolutions whose input has no holes there.
    pub(super) fn by_phases(&self, a: usize, b: &mut Builder, lhs: Value, rhs: Value, out: &TensorType) -> Value {
        let (step, low) = (self.lhs_dilation[a] as i64, self.padding[a].0);
        let (k, at) = (self.rhs.spatial[a], self.out.spatial[a]);
        let (inputs, taps, results) = (b.ty(lhs).shape[self.lhs.spatial[a]] as i64, b.ty(rhs).shape[k], out.shape[at]);
        let rhs = if self.reversal[a] { b.reverse(rhs, &[k]) } else { rhs };
        let rows = results.div_ceil(step as usize);
        let mut shape = out.shape.clone();
        shape[at] = rows;
        let mut each = shape.clone();
        each.insert(at + 1, 1);
        let phases: Vec<Value> = (0..step)
            .map(|phase| {
                // Result `row·step + phase` reads element `(row·step + phase + tap - low) / step` where that is whole.
                let first = (low - phase).rem_euclid(step);
                let start = (phase + first - low) / step;
                let taken = taps.saturating_sub(first as usize).div_ceil(step as usize);
                let end = start + (rows + taken) as i64 - 1;
                let values = if taken == 0 || start >= inputs || end <= 0 {
                    b.splat(&out.with_shape(shape.clone()), 0.0)
                } else {
                    let kernel = b.ty(rhs).shape.clone();
                    let (mut from, mut steps) = (vec![0; kernel.len()], vec![1; kernel.len()]);
                    (from[k], steps[k]) = (first as usize, step as usize);
                    let kernel = b.slice(rhs, &from, &kernel, &steps);
                    let mut conv = self.clone();
                    (conv.lhs_dilation[a], conv.padding[a], conv.reversal[a]) = (1, (-start, end - inputs), false);
                    b.push(conv, &[lhs, kernel])
                };
                b.reshape(values, &each)
            })
            .collect();
        let beside = b.concatenate(&phases, at + 1);
        shape[at] = rows * step as usize;
        let woven = b.reshape(beside, &shape);
        b.slice_axis(woven, at, 0, results)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use super::super::{Axes, Primitive as _};
    use crate::{DType, Executor as _, Reference, Tensor, stablehlo};

    fn cases() -> Vec<(Convolution, [Vec<usize>; 2])> {
        let holes = |steps: [usize; 2], low: i64, high: i64, reversal: bool| Convolution {
            lhs_dilation: steps.to_vec(),
            reversal: vec![reversal, false],
            ..Convolution::channels_last(&[1, 1], &[(low, high), (high, low)])
        };
        let grouped = Convolution { feature_group_count: 2, ..holes([2, 2], 1, 2, true) };
        let batches = Convolution { batch_group_count: 2, ..holes([2, 2], 1, 2, true) };
        let moved = Convolution { lhs: Axes::new(3, 0, &[2, 1]), out: Axes::new(1, 0, &[2, 3]), ..holes([3, 2], 1, 1, false) };
        let partly = Convolution { strides: vec![2, 1], ..holes([2, 3], 1, 1, false) };
        let shapes = |lhs: [usize; 4], rhs: [usize; 4]| [lhs.to_vec(), rhs.to_vec()];
        vec![
            (holes([2, 2], 1, 2, true), shapes([2, 3, 4, 2], [3, 3, 2, 3])),
            (holes([2, 2], 2, 3, true), shapes([1, 4, 3, 2], [5, 5, 2, 1])),
            // Phases that no element of the kernel meets, and such as see nothing of the input.
            (holes([3, 2], 0, 2, false), shapes([1, 3, 3, 2], [1, 1, 2, 2])),
            (holes([2, 3], -3, 6, true), shapes([1, 3, 2, 1], [2, 3, 1, 2])),
            (holes([4, 1], 7, -2, false), shapes([1, 2, 5, 1], [3, 2, 1, 1])),
            (grouped, shapes([2, 3, 3, 4], [3, 3, 2, 4])),
            (batches, shapes([4, 3, 3, 2], [3, 3, 2, 4])),
            (moved, shapes([2, 4, 3, 2], [2, 3, 2, 3])),
            (partly, shapes([1, 3, 3, 2], [3, 2, 2, 1])),
        ]
    }

    #[test]
    fn phases_are_the_convolution() {
        for (conv, shapes) in cases() {
            let [lhs, rhs] = shapes.map(|s| TensorType::new(DType::F64, s));
            let out = conv.infer(&[&lhs, &rhs]).unwrap();
            let axis = conv.axis_of_phases(&rhs, &out).unwrap_or_else(|| panic!("{conv:?} has no phases"));
            let values = |ty: &TensorType, by: usize| {
                Tensor::f64(ty.shape.clone(), (0..ty.len()).map(|i| ((i * by) % 11) as f64 - 5.0).collect::<Vec<_>>())
            };
            let mut b = Builder::new();
            let (x, k) = (b.input("x", lhs.clone()), b.input("k", rhs.clone()));
            let (whole, phases) = (b.push(conv.clone(), &[x, k]), conv.by_phases(axis, &mut b, x, k, &out));
            let program = b.program(&[x, k], &[whole, phases]).unwrap();
            let found = Reference.compile(&program).unwrap();
            let inputs = [values(&lhs, 7), values(&rhs, 3)].map(|t| Reference.upload(t).unwrap());
            let found = found.run(&[&inputs[0], &inputs[1]]).unwrap();
            assert_eq!(Reference.download(&found[0]).unwrap(), Reference.download(&found[1]).unwrap(), "{conv:?}");
        }
    }

    #[test]
    fn texts_have_no_holes_where_they_are_not_wanted() {
        let (conv, shapes) = cases().remove(0);
        let mut b = Builder::new();
        let inputs = shapes.map(|s| b.input("x", TensorType::new(DType::F64, s)));
        let y = b.push(conv, &inputs);
        let program = b.program(&inputs, &[y]).unwrap();
        let text = |holes| stablehlo::print(&program, &stablehlo::Options { holes, ..stablehlo::Options::default() });
        assert_eq!(text(true).matches("\"stablehlo.convolution\"").count(), 1);
        assert!(text(true).contains("lhs_dilation = array<i64: 2, 2>"));
        assert_eq!(text(false).matches("\"stablehlo.convolution\"").count(), 4);
        assert_eq!(text(false).matches("lhs_dilation = array<i64: 1, 1>").count(), 4);
    }

    #[test]
    fn many_phases_stay_one_convolution() {
        let conv = Convolution { lhs_dilation: vec![5, 5], ..Convolution::channels_last(&[1, 1], &[(0, 0), (0, 0)]) };
        let [lhs, rhs] = [[1, 3, 3, 1], [5, 5, 1, 1]].map(|s| TensorType::new(DType::F64, s));
        let out = conv.infer(&[&lhs, &rhs]).unwrap();
        assert_eq!(conv.axis_of_phases(&rhs, &out), None);
    }
}
