//! Networks and their derivatives, built by hand: what tests compare and what the speed example measures.

#![allow(dead_code, clippy::unwrap_used, reason = "shared by several binaries, each of which uses a part")]

use dupin_ir::prim::activation::Kind;
use dupin_ir::prim::convolution::Axes;
use dupin_ir::prim::window_argmax::Window;
use dupin_ir::prim::{CompareOp, Convolution, DotGeneral, WindowArgmax, WindowGather};
use dupin_ir::transform::{batch_all, jvp, vjp};
use dupin_ir::{Builder, DType, Program, Tensor, TensorType, Value};

/// A layer. Convolutions pad by half their kernel; data are NHWC, kernels OIHW, dense weights `[out, in]`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Layer {
    /// In, out, kernel, stride.
    Conv(usize, usize, usize, usize),
    /// In, out.
    Dense(usize, usize),
    Act,
    /// Global average.
    Pool,
    /// Largest of 2 by 2.
    MaxPool,
    Flat,
}

/// A net with softmax cross-entropy.
pub(crate) struct Net {
    pub(crate) builder: Builder,
    pub(crate) params: Vec<Value>,
    pub(crate) data: [Value; 2],
    pub(crate) logits: Value,
    pub(crate) loss: Value,
    dtype: DType,
}

use Layer::{Act, Conv, Dense, Flat, MaxPool, Pool};

pub(crate) fn mlp() -> (Vec<usize>, Vec<Layer>) {
    (vec![1024, 784], vec![Dense(784, 1024), Act, Dense(1024, 1024), Act, Dense(1024, 10)])
}

pub(crate) fn cnn() -> (Vec<usize>, Vec<Layer>) {
    let c = |i, o, s| [Conv(i, o, 3, s), Act];
    let convs = [c(3, 32, 1), c(32, 32, 1), c(32, 64, 2), c(64, 64, 1), c(64, 128, 2), c(128, 128, 1)].concat();
    (vec![128, 32, 32, 3], [convs, vec![Pool, Dense(128, 10)]].concat())
}

pub(crate) fn lenet() -> (Vec<usize>, Vec<Layer>) {
    let convs = [Conv(1, 16, 5, 1), Act, Conv(16, 32, 5, 2), Act, Conv(32, 32, 5, 2), Act, Flat];
    (vec![256, 28, 28, 1], [convs.to_vec(), vec![Dense(32 * 7 * 7, 120), Act, Dense(120, 10)]].concat())
}

/// Small ones for tests: every layer kind, odd sizes.
pub(crate) fn small_mlp() -> (Vec<usize>, Vec<Layer>) {
    (vec![37, 21], vec![Dense(21, 33), Act, Dense(33, 17), Act, Dense(17, 5)])
}

pub(crate) fn small_cnn() -> (Vec<usize>, Vec<Layer>) {
    let layers = vec![Conv(2, 6, 3, 1), Act, MaxPool, Conv(6, 8, 5, 2), Act, Conv(8, 4, 3, 1), Act, Pool, Dense(4, 3)];
    (vec![5, 12, 12, 2], layers)
}

impl Net {
    pub(crate) fn new(input: &[usize], layers: &[Layer], activation: &str, dtype: DType) -> Self {
        let mut b = Builder::new();
        let kind: Kind = activation.parse().unwrap();
        let ty = |shape: &[usize]| TensorType::new(dtype, shape);
        let n = input[0];
        let (x, y) = (b.input("x", ty(input)), b.input("y", TensorType::new(DType::I32, [n])));
        let (mut params, mut h) = (Vec::new(), x);
        for layer in layers {
            let shape = b.ty(h).shape.clone();
            h = match *layer {
                Conv(from, to, k, stride) => {
                    let (w, bias) = (b.input("w", ty(&[to, from, k, k])), b.input("b", ty(&[to])));
                    params.extend([w, bias]);
                    let pad = (k as i64 / 2, k as i64 / 2);
                    let rhs = Axes { first: 1, second: 0, spatial: vec![2, 3] };
                    let conv = Convolution { rhs, ..Convolution::channels_last(&[stride; 2], &[pad; 2]) };
                    let h = b.push(conv, &[h, w]);
                    let shape = b.ty(h).shape.clone();
                    let spread = b.broadcast(bias, &shape, &[3]);
                    b.add(h, spread)
                }
                Dense(from, to) => {
                    let (w, bias) = (b.input("w", ty(&[to, from])), b.input("b", ty(&[to])));
                    params.extend([w, bias]);
                    let h = b.dot_general(h, w, DotGeneral::contracting(1, 1));
                    let spread = b.broadcast(bias, &[n, to], &[1]);
                    b.add(h, spread)
                }
                Act => b.activation(kind, 0, h),
                Pool => {
                    let sum = b.reduce_sum(h, &[1, 2]);
                    b.scale(sum, 1.0 / (shape[1] * shape[2]) as f64)
                }
                MaxPool => {
                    let window = Window { size: vec![1, 2, 2, 1], strides: vec![1, 2, 2, 1], padding: vec![(0, 0); 4] };
                    let at = b.push(WindowArgmax { window: window.clone() }, &[h]);
                    b.push(WindowGather { window }, &[h, at])
                }
                Flat => b.reshape(h, &[n, shape[1..].iter().product()]),
            };
        }
        let loss = cross_entropy(&mut b, h, y, dtype);
        Self { builder: b, params, data: [x, y], logits: h, loss, dtype }
    }

    fn vectors(&mut self, k: Option<usize>) -> Vec<Value> {
        let types: Vec<TensorType> = self.params.iter().map(|&p| self.builder.ty(p).clone()).collect();
        types.into_iter().map(|ty| self.builder.input("v", k.map_or(ty.clone(), |k| ty.batched(k)))).collect()
    }

    fn or_zero(&mut self, values: Vec<Option<Value>>) -> Vec<Value> {
        let like = self.params.clone();
        values.into_iter().zip(like).map(|(v, l)| v.unwrap_or_else(|| self.builder.splat_like(l, 0.0))).collect()
    }

    /// The derivative of the loss in the logits, and of the parameters.
    fn gradients(&mut self) -> (Value, Vec<Value>) {
        let b = &mut self.builder;
        let one = b.scalar(self.dtype, 1.0);
        let residual = vjp(b, &[self.loss], &[Some(one)], &[self.logits])[0].unwrap();
        let cts = vjp(b, &[self.logits], &[Some(residual)], &self.params);
        (residual, self.or_zero(cts))
    }

    fn split_outputs(&mut self, v: &[Value]) -> Vec<Value> {
        let (residual, gradient) = self.gradients();
        let tangents: Vec<Option<Value>> = v.iter().copied().map(Some).collect();
        let b = &mut self.builder;
        let dz = jvp(b, &[self.logits], &self.params, &tangents)[0].unwrap();
        let u = jvp(b, &[residual], &[self.logits], &[Some(dz)])[0].unwrap();
        let g = vjp(b, &[self.logits], &[Some(u)], &self.params);
        let held: Vec<Value> = self.params.iter().copied().chain([residual]).collect();
        let held_tangents: Vec<Option<Value>> = tangents.iter().copied().chain([None]).collect();
        let n = jvp(b, &gradient, &held, &held_tangents);
        let (g, n) = (self.or_zero(g), self.or_zero(n));
        let h: Vec<Value> = g.iter().zip(&n).map(|(&g, &n)| self.builder.add(g, n)).collect();
        [h, g, n].concat()
    }

    /// Loss and gradient.
    pub(crate) fn gradient(mut self) -> Program {
        let (_, gradient) = self.gradients();
        self.program(&[], &[vec![self.loss], gradient].concat())
    }

    /// `{Hv, Gv, Nv}`.
    pub(crate) fn split(mut self) -> Program {
        let v = self.vectors(None);
        let out = self.split_outputs(&v);
        self.program(&v, &out)
    }

    /// `{Hv, Gv, Nv}` of `k` vectors at once.
    pub(crate) fn split_block(mut self, k: usize) -> Program {
        let v = self.vectors(None);
        let out = self.split_outputs(&v);
        let many = self.vectors(Some(k));
        let out = batch_all(&mut self.builder, &out, &v, &many);
        self.program(&many, &out)
    }

    fn program(&self, more: &[Value], outputs: &[Value]) -> Program {
        let inputs = [self.data.to_vec(), self.params.clone(), more.to_vec()].concat();
        self.builder.program(&inputs, outputs).unwrap()
    }
}

/// Mean of `-log softmax(z)_y`.
fn cross_entropy(b: &mut Builder, z: Value, y: Value, dtype: DType) -> Value {
    let shape = b.ty(z).shape.clone();
    let max = b.reduce_max(z, &[1]);
    let max = b.stop_gradient(max);
    let spread = b.broadcast(max, &shape, &[0]);
    let shifted = b.sub(z, spread);
    let e = b.exp(shifted);
    let sum = b.reduce_sum(e, &[1]);
    let lse = b.log(sum);
    let classes = b.iota(TensorType::new(DType::I32, shape.clone()), 1);
    let label = b.broadcast(y, &shape, &[0]);
    let hit = b.compare(CompareOp::Eq, classes, label);
    let one_hot = b.convert(hit, dtype);
    let picked = b.mul(shifted, one_hot);
    let picked = b.reduce_sum(picked, &[1]);
    let each = b.sub(lse, picked);
    let sum = b.sum(each);
    b.scale(sum, 1.0 / shape[0] as f64)
}

/// SplitMix64, as numbers in [0, 1).
pub(crate) struct Draws(pub(crate) u64);

impl Draws {
    pub(crate) fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / 2f64.powi(53)
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.next() * n as f64) as usize
    }
}

/// Inputs of a program: weights scaled so that activations stay of order 1, labels below 3.
pub(crate) fn inputs(program: &Program, seed: u64) -> Vec<Tensor> {
    let mut draw = Draws(seed);
    let types = program.inputs().iter().map(|&v| program.graph().ty(v));
    types
        .map(|ty| {
            let fan_in: usize = ty.shape.iter().skip(1).product::<usize>().clamp(1, 2048);
            let scale = if ty.rank() == 4 && ty.shape[3] < 8 || ty.rank() == 2 { (6.0 / fan_in as f64).sqrt() } else { 1.0 };
            let values: Vec<f64> = (0..ty.len())
                .map(|_| if ty.dtype.is_float() { scale * (2.0 * draw.next() - 1.0) } else { (3.0 * draw.next()).floor() })
                .collect();
            Tensor::from_f64(ty, &values)
        })
        .collect()
}
