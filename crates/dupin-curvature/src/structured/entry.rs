//! Where a weight meets activations: inner products of per-example weight gradients.
//!
//! Products and convolutions are one thing here: in example `n` and group `b`, result `[p, o] = Σ_k patch[p, k]·weight[k, o]` over
//! positions `p`, with `weight` shared by all positions. The gradient of one example is `patchᵀ ct`, and the inner product of two
//! such gradients is either formed as it stands, in `positions·k·o` operations for each, or through Gram matrices of positions,
//! `Σ_{pp'} (patch patchᵀ)_{pp'} (left rightᵀ)_{pp'}`: whichever is cheaper.

use dupin_ir::prim::{Convolution, DotGeneral, Prim};
use dupin_ir::transform::{batch_all, jvp, linear_transpose};
use dupin_ir::{Builder, TensorType, Value};

/// Extents of the canonical form.
#[derive(Clone, Copy, Debug)]
struct Extents {
    examples: usize,
    groups: usize,
    positions: usize,
    summed: usize,
    outputs: usize,
}

/// A product or convolution of activations and a weight.
#[derive(Debug)]
pub(super) struct Entry {
    prim: Prim,
    activations: Value,
    /// Where their examples lie.
    axis: usize,
    weight: Value,
    weight_first: bool,
    extents: Extents,
    /// Axes of the result: example, groups, positions, outputs. Of a convolution, features hold groups and outputs.
    order: Vec<usize>,
    /// Whether Gram matrices are cheaper.
    gram: bool,
}

fn extent(shape: &[usize], axes: &[usize]) -> usize {
    axes.iter().map(|&a| shape[a]).product()
}

impl Entry {
    /// The entry of `weight` in node `v`, whose other operand has its examples along `axis`. `None` for another primitive.
    /// `with_nme` says whether a pair of factors comes along besides the Gauss-Newton ones.
    pub(super) fn new(b: &Builder, v: Value, weight: Value, axis: usize, with_nme: bool) -> Option<Self> {
        let node = b.graph().node(v);
        let weight_first = node.operands.first() == Some(&weight);
        let activations = *node.operands.get(usize::from(weight_first))?;
        let (shape, kernel) = (&b.ty(activations).shape, &b.ty(weight).shape);
        let (extents, order) = match &node.prim {
            Prim::DotGeneral(p) => {
                let (batch, contracting) =
                    if weight_first { (&p.rhs_batch, &p.rhs_contracting) } else { (&p.lhs_batch, &p.lhs_contracting) };
                let (left, right) = (p.lhs_free(b.ty(node.operands[0]).rank()), p.rhs_free(b.ty(node.operands[1]).rank()));
                let first = batch.len()..batch.len() + left.len();
                let second = first.end..first.end + right.len();
                let (mine, mine_at, theirs, theirs_at) =
                    if weight_first { (right, second, left, first) } else { (left, first, right, second) };
                let example = mine_at.start + mine.iter().position(|&a| a == axis)?;
                let mut order = vec![example];
                order.extend(0..batch.len());
                order.extend(mine_at.filter(|&a| a != example));
                order.extend(theirs_at);
                let positions: Vec<usize> = mine.into_iter().filter(|&a| a != axis).collect();
                let extents = Extents {
                    examples: shape[axis],
                    groups: extent(shape, batch),
                    positions: extent(shape, &positions),
                    summed: extent(shape, contracting),
                    outputs: extent(kernel, &theirs),
                };
                (extents, order)
            }
            Prim::Convolution(p) if !weight_first && p.batch_group_count == 1 => {
                let groups = p.feature_group_count;
                let extents = Extents {
                    examples: shape[axis],
                    groups,
                    positions: extent(&node.ty.shape, &p.out.spatial),
                    summed: extent(kernel, &p.rhs.spatial) * kernel[p.rhs.first],
                    outputs: kernel[p.rhs.second] / groups,
                };
                let mut order = vec![p.out.first];
                order.extend(&p.out.spatial);
                order.push(p.out.second);
                (extents, order)
            }
            _ => return None,
        };
        let Extents { positions, summed, outputs, .. } = extents;
        let (pairs, gradients) = if with_nme { (2, 3) } else { (1, 1) };
        let gram = positions * (summed + pairs * outputs) < gradients * summed * outputs;
        Some(Self { prim: node.prim.clone(), activations, axis, weight, weight_first, extents, order, gram })
    }

    /// A value laid out as the node's result, but with `outputs` of them per group, as `[examples, groups, positions, outputs]`.
    fn canonical(&self, b: &mut Builder, ct: Value, outputs: usize) -> Value {
        let Extents { examples, groups, positions, .. } = self.extents;
        let moved = b.transpose(ct, &self.order);
        if let Prim::Convolution(_) = self.prim {
            let split = b.reshape(moved, &[examples, positions, groups, outputs]);
            return b.transpose(split, &[0, 2, 1, 3]);
        }
        b.reshape(moved, &[examples, groups, positions, outputs])
    }

    /// What each position multiplies with the weight: `[examples, groups, positions, summed]`. Moves data only.
    fn patches(&self, b: &mut Builder) -> Value {
        let Extents { examples, groups, positions, summed, .. } = self.extents;
        let shape = b.ty(self.activations).shape.clone();
        match &self.prim {
            Prim::DotGeneral(p) => {
                let (batch, contracting) =
                    if self.weight_first { (&p.rhs_batch, &p.rhs_contracting) } else { (&p.lhs_batch, &p.lhs_contracting) };
                let mut order = vec![self.axis];
                order.extend(batch);
                order.extend((0..shape.len()).filter(|a| *a != self.axis && !batch.contains(a) && !contracting.contains(a)));
                order.extend(contracting);
                let moved = b.transpose(self.activations, &order);
                b.reshape(moved, &[examples, groups, positions, summed])
            }
            Prim::Convolution(p) => {
                let windows = self.windows(b, p);
                let features = shape[p.lhs.second] / groups;
                let parts: Vec<Value> =
                    windows.into_iter().map(|w| b.reshape(w, &[examples, positions, groups, features])).collect();
                let patches = b.concatenate(&parts, 3);
                b.transpose(patches, &[0, 2, 1, 3])
            }
            _ => unreachable!("an entry is a product or a convolution"),
        }
    }

    /// For every element of a kernel the input elements it meets: `[examples, positions..., features]` each.
    fn windows(&self, b: &mut Builder, p: &Convolution) -> Vec<Value> {
        let spatial = p.strides.len();
        let mut order = vec![p.lhs.first];
        order.extend(&p.lhs.spatial);
        order.push(p.lhs.second);
        let x = b.transpose(self.activations, &order);
        let edges = |pick: fn(&(i64, i64)) -> i64| {
            let inner = p.padding.iter().map(pick);
            std::iter::once(0).chain(inner).chain([0]).collect::<Vec<i64>>()
        };
        let interior: Vec<usize> = std::iter::once(0).chain(p.lhs_dilation.iter().map(|d| d - 1)).chain([0]).collect();
        let x = b.pad(x, 0.0, &edges(|e| e.0), &edges(|e| e.1), &interior);
        let shape = b.ty(x).shape.clone();
        let kernel = b.ty(self.weight).clone();
        let out: Vec<usize> = {
            let window = |a: usize| (kernel.shape[p.rhs.spatial[a]] - 1) * p.rhs_dilation[a] + 1;
            (0..spatial).map(|a| (shape[a + 1] - window(a)) / p.strides[a] + 1).collect()
        };
        let offsets = kernel.with_shape(p.rhs.spatial.iter().map(|&a| kernel.shape[a]).collect::<Vec<_>>());
        let mut windows = Vec::new();
        offsets.for_each_index(|k| {
            let (mut start, mut limit, mut strides) = (vec![0; spatial + 2], shape.clone(), vec![1; spatial + 2]);
            for a in 0..spatial {
                start[a + 1] = k[a] * p.rhs_dilation[a];
                limit[a + 1] = start[a + 1] + (out[a] - 1) * p.strides[a] + 1;
                strides[a + 1] = p.strides[a];
            }
            windows.push(b.slice(x, &start, &limit, &strides));
        });
        windows
    }

    /// `Σ_k patch²` per position: `[examples, groups, positions]`.
    fn norms(&self, b: &mut Builder) -> Value {
        let Extents { examples, groups, positions, .. } = self.extents;
        if let Prim::Convolution(p) = &self.prim {
            // A kernel of ones with one output per group adds up the squares.
            let square = b.square(self.activations);
            let kernel = b.ty(self.weight).clone();
            let mut shape = kernel.shape.clone();
            shape[p.rhs.second] = groups;
            let ones = b.splat(&kernel.with_shape(shape), 1.0);
            let sums = b.push(p.clone(), &[square, ones]);
            let norms = self.canonical(b, sums, 1);
            return b.reshape(norms, &[examples, groups, positions]);
        }
        let patches = self.patches(b);
        let square = b.square(patches);
        b.reduce_sum(square, &[3])
    }

    /// `tr` per example of the weight's block for a diagonal curvature of the result: `Σ_p ‖patch_p‖² Σ_o entries_po`, exact. `[n]`.
    pub(super) fn of_diagonal(&self, b: &mut Builder, entries: Value) -> Value {
        let entries = self.canonical(b, entries, self.extents.outputs);
        let (per_position, norms) = (b.reduce_sum(entries, &[3]), self.norms(b));
        let product = b.mul(per_position, norms);
        b.reduce_sum(product, &[1, 2])
    }

    /// Inner products per example of the weight's gradients for two cotangents of the result: `[n]`.
    pub(super) fn of_factors(&self, b: &mut Builder, left: Value, right: Value) -> Value {
        let Extents { positions, outputs, .. } = self.extents;
        if positions != 1 && !self.gram {
            let l = self.gradients(b, left);
            let r = if left == right { l } else { self.gradients(b, right) };
            return per_example(b, l, r);
        }
        let (l, r) = (self.canonical(b, left, outputs), self.canonical(b, right, outputs));
        if positions == 1 {
            let product = b.mul(l, r);
            let (along, norms) = (b.reduce_sum(product, &[3]), self.norms(b));
            let product = b.mul(along, norms);
            return b.reduce_sum(product, &[1, 2]);
        }
        let gram = DotGeneral { lhs_batch: vec![0, 1], rhs_batch: vec![0, 1], ..DotGeneral::contracting(3, 3) };
        let patches = self.patches(b);
        let inputs = b.dot_general(patches, patches, gram.clone());
        let outputs = b.dot_general(l, r, gram);
        per_example(b, inputs, outputs)
    }

    /// The weight's gradient of each example: `[n, ..weight]`. The node with one example, transposed, then batched over examples.
    pub(super) fn gradients(&self, b: &mut Builder, ct: Value) -> Value {
        let ty = b.ty(self.activations).clone();
        let mut shape = ty.shape.clone();
        shape[self.axis] = 1;
        let one = b.input("example", ty.with_shape(shape));
        let operands = if self.weight_first { [self.weight, one] } else { [one, self.weight] };
        let result = b.push(self.prim.clone(), &operands);
        let weight_ty: TensorType = b.ty(self.weight).clone();
        let tangent = b.input("tangent", weight_ty);
        let along = jvp(b, &[result], &[one, self.weight], &[None, Some(tangent)])[0].expect("the node is linear in its weight");
        let one_ty = b.ty(result).clone();
        let one_ct = b.input("cotangent", one_ty);
        let gradient = linear_transpose(b, &[along], &[Some(one_ct)], &[tangent])[0].expect("the node depends on its weight");
        let example = self.order[0];
        let (inputs, cts) = (each(b, self.activations, self.axis), each(b, ct, example));
        batch_all(b, &[gradient], &[one, one_ct], &[inputs, cts])[0]
    }
}

/// Examples along a new leading axis, with extent 1 left where they were.
fn each(b: &mut Builder, x: Value, axis: usize) -> Value {
    let rank = b.ty(x).rank();
    let order: Vec<usize> = std::iter::once(axis).chain((0..rank).filter(|&a| a != axis)).collect();
    let moved = b.transpose(x, &order);
    let mut shape = b.ty(moved).shape.clone();
    shape.insert(axis + 1, 1);
    b.reshape(moved, &shape)
}

/// `Σ x·y` over all axes but the first.
pub(super) fn per_example(b: &mut Builder, x: Value, y: Value) -> Value {
    let product = b.mul(x, y);
    let axes: Vec<usize> = (1..b.ty(product).rank()).collect();
    b.reduce_sum(product, &axes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dupin_ir::prim::convolution::Axes;
    use dupin_ir::{DType, Executor, Reference, Tensor};
    use dupin_linop::Rng;

    /// Name, primitive, shapes of activations and weight, where the examples lie in the activations, whether the weight comes first.
    type Sample = (&'static str, Prim, Vec<usize>, Vec<usize>, usize, bool);

    fn samples() -> Vec<Sample> {
        let plain = |stride: usize, edge: (i64, i64)| Convolution::channels_last(&[stride; 2], &[edge; 2]);
        let dilated =
            Convolution { lhs_dilation: vec![2, 1], rhs_dilation: vec![1, 2], reversal: vec![true, false], ..plain(1, (1, 2)) };
        let axes = |first, second, spatial: &[usize]| Axes { first, second, spatial: spatial.to_vec() };
        let permuted =
            Convolution { lhs: axes(1, 0, &[3, 2]), rhs: axes(3, 1, &[0, 2]), out: axes(2, 3, &[1, 0]), ..plain(1, (1, 0)) };
        let grouped = Convolution { feature_group_count: 2, ..plain(2, (1, 0)) };
        let batched =
            DotGeneral { lhs_batch: vec![1], rhs_batch: vec![2], lhs_contracting: vec![3, 0], rhs_contracting: vec![0, 3] };
        vec![
            ("dense", DotGeneral::contracting(1, 1).into(), vec![3, 4], vec![2, 4], 0, false),
            ("weight first", DotGeneral::contracting(0, 1).into(), vec![3, 4], vec![4, 2], 0, true),
            ("positions", DotGeneral::contracting(2, 0).into(), vec![5, 3, 4], vec![4, 2], 1, false),
            ("groups", batched.into(), vec![4, 2, 3, 2], vec![2, 5, 2, 4], 2, false),
            ("same", plain(1, (1, 1)).into(), vec![3, 4, 5, 2], vec![3, 3, 2, 3], 0, false),
            ("stride", plain(2, (1, -1)).into(), vec![2, 5, 5, 2], vec![3, 2, 2, 3], 0, false),
            ("dilations", dilated.into(), vec![2, 3, 5, 2], vec![2, 2, 2, 3], 0, false),
            ("feature groups", grouped.into(), vec![2, 4, 5, 4], vec![3, 2, 2, 6], 0, false),
            ("permuted", permuted.into(), vec![3, 2, 4, 3], vec![2, 2, 3, 3], 1, false),
        ]
    }

    /// Both forms of the inner product, and the diagonal's trace, against gradients of one example at a time.
    #[test]
    fn forms_agree_with_gradients_of_single_examples() {
        for (name, prim, activations, kernel, axis, weight_first) in samples() {
            let mut b = Builder::new();
            let ty = |shape: &[usize]| TensorType::new(DType::F64, shape);
            let (x, weight) = (b.input("x", ty(&activations)), b.input("w", ty(&kernel)));
            let operands = if weight_first { [weight, x] } else { [x, weight] };
            let v = b.push(prim, &operands);
            let out = b.ty(v).clone();
            let (left, right) = (b.input("left", out.clone()), b.input("right", out.clone()));
            let mut entry = Entry::new(&b, v, weight, axis, true).unwrap();
            let mut outputs = vec![entry.of_diagonal(&mut b, left)];
            for gram in [false, true] {
                entry.gram = gram;
                outputs.push(entry.of_factors(&mut b, left, right));
            }
            // The oracle: the weight's gradient for one element of the result at a time.
            let ct = b.input("ct", out.clone());
            let gradient = dupin_ir::transform::vjp(&mut b, &[v], &[Some(ct)], &[weight])[0].unwrap();
            let mut rng = Rng::new(3);
            let mut draw = |ty: &TensorType| Tensor::from_f64(ty, &(0..ty.len()).map(|_| rng.normal()).collect::<Vec<_>>());
            let values = [draw(&ty(&activations)), draw(&ty(&kernel)), draw(&out), draw(&out)];
            let got = Reference.evaluate(&b.program(&[x, weight, left, right], &outputs).unwrap(), &values).unwrap();
            let oracle = b.program(&[x, weight, ct], &[gradient]).unwrap();
            let gradient = |ct: &[f64]| {
                let inputs = [values[0].clone(), values[1].clone(), Tensor::from_f64(&out, ct)];
                Reference.evaluate(&oracle, &inputs).unwrap()[0].to_f64()
            };
            let (l, r) = (values[2].to_f64(), values[3].to_f64());
            let strides = out.strides();
            let at = entry.order[0];
            let of = |i: usize| i / strides[at] % out.shape[at];
            let only = |ct: &[f64], n: usize| -> Vec<f64> {
                ct.iter().enumerate().map(|(i, &c)| if of(i) == n { c } else { 0.0 }).collect()
            };
            for n in 0..out.shape[at] {
                let inner: f64 = gradient(&only(&l, n)).iter().zip(gradient(&only(&r, n))).map(|(a, b)| a * b).sum();
                let mut diagonal = 0.0;
                for i in (0..out.len()).filter(|&i| of(i) == n) {
                    let mut unit = vec![0.0; out.len()];
                    unit[i] = 1.0;
                    diagonal += l[i] * gradient(&unit).iter().map(|g| g * g).sum::<f64>();
                }
                // Sums of at most some hundred products of numbers of size 1 to 10.
                for (form, (output, expected)) in got.iter().zip([diagonal, inner, inner]).enumerate() {
                    let found = output.to_f64()[n];
                    assert!((found - expected).abs() < 1e-11, "{name}, form {form}, example {n}: {found} is not {expected}");
                }
            }
        }
    }

    #[test]
    fn the_cheaper_form_is_taken() {
        let mut b = Builder::new();
        let mut gram = |shape: [usize; 4], outputs: usize| {
            let x = b.input("x", TensorType::new(DType::F64, shape));
            let w = b.input("w", TensorType::new(DType::F64, [3, 3, shape[3], outputs]));
            let v = b.push(Convolution::channels_last(&[1; 2], &[(1, 1); 2]), &[x, w]);
            Entry::new(&b, v, w, 0, false).unwrap().gram
        };
        // 4·(144 + 16) against 144·16; 1024·(27 + 8) against 27·8.
        assert!(gram([1, 2, 2, 16], 16));
        assert!(!gram([1, 32, 32, 3], 8));
    }
}
