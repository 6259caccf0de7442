//! Counted floating-point operations of a forward pass against sums over the layers written out.

use dupin_ir::{Builder, DType, TensorType, Value};
use dupin_nn::{Mode, Network};

use crate::net;

/// Products and sums of the contractions of one example's forward pass.
fn counted(net: &Network) -> u64 {
    let mut b = Builder::new();
    let float = |shape: &[usize]| TensorType::new(DType::F32, shape.to_vec());
    let params: Vec<Value> = net.params().iter().map(|p| b.input(&p.name, float(&p.shape))).collect();
    let buffers: Vec<Value> = net.buffers().iter().map(|s| b.input(&s.name, float(&s.shape))).collect();
    let shape = [&[1], net.input_shape()].concat();
    let x = b.input("x", TensorType::new(net.input_dtype(DType::F32), shape));
    let applied = net.apply(&mut b, &params, &buffers, x, Mode::Eval);
    b.program(&[params, buffers, vec![x]].concat(), &[applied.logits]).unwrap().flop().contraction
}

/// How many elements of a side of `n` the windows along it meet, at half the kernel as padding.
type Pairs = fn(n: u64, kernel: u64, stride: u64) -> u64;

/// Padding is not computed with.
fn met(n: u64, kernel: u64, stride: u64) -> u64 {
    let inside = |place: u64| (0..kernel).filter(|k| (kernel / 2..n + kernel / 2).contains(&(place * stride + k))).count() as u64;
    (0..n.div_ceil(stride)).map(inside).sum()
}

/// As it is commonly counted, padding and all.
fn padded(n: u64, kernel: u64, stride: u64) -> u64 {
    n.div_ceil(stride) * kernel
}

/// Twice the multiplications of a convolution over a map of `n` squared.
fn convolution(pairs: Pairs, n: u64, kernel: u64, stride: u64, inputs: u64, outputs: u64) -> u64 {
    2 * pairs(n, kernel, stride).pow(2) * inputs * outputs
}

/// A ResNet for 224x224: the stem, four stages of half the side and twice the width each, one dense layer.
fn resnet(pairs: Pairs, blocks: [u64; 4], bottleneck: bool) -> u64 {
    let (mut total, mut channels) = (convolution(pairs, 224, 7, 2, 3, 64), 64);
    for (stage, count) in (0..).zip(blocks) {
        let (side, width) = (56 >> stage, 64 << stage);
        for block in 0..count {
            let stride = if block == 0 && stage > 0 { 2 } else { 1 };
            let (before, out) = (stride * side, if bottleneck { 4 * width } else { width });
            total += if bottleneck {
                convolution(pairs, before, 1, 1, channels, width)
                    + convolution(pairs, before, 3, stride, width, width)
                    + convolution(pairs, side, 1, 1, width, out)
            } else {
                convolution(pairs, before, 3, stride, channels, width) + convolution(pairs, side, 3, 1, width, width)
            };
            if channels != out {
                total += convolution(pairs, before, 1, stride, channels, out);
            }
            channels = out;
        }
    }
    total + 2 * channels * 1000
}

/// A wide residual network for 32x32.
fn wide_resnet(depth: u64, factor: u64) -> u64 {
    let (mut total, mut channels) = (convolution(met, 32, 3, 1, 3, 16), 16);
    for stage in 0..3 {
        let (side, width) = (32 >> stage, (16 << stage) * factor);
        for block in 0..(depth - 4) / 6 {
            let stride = if block == 0 && stage > 0 { 2 } else { 1 };
            total += convolution(met, stride * side, 3, stride, channels, width) + convolution(met, side, 3, 1, width, width);
            if channels != width {
                total += convolution(met, stride * side, 1, stride, channels, width);
            }
            channels = width;
        }
    }
    total + 2 * channels * 10
}

/// Of `t` tokens: four projections, scores and mixtures, two layers of four times the width.
fn transformer(t: u64, dim: u64, depth: u64) -> u64 {
    depth * (2 * t * 4 * dim * dim + 2 * 2 * t * t * dim + 2 * t * 8 * dim * dim)
}

#[test]
fn forward_passes_cost_what_their_layers_say() {
    assert_eq!(counted(&net("resnet18")), resnet(met, [2, 2, 2, 2], false));
    assert_eq!(counted(&net("resnet50")), resnet(met, [3, 4, 6, 3], true));
    // The 1.8 and 4.1 billion multiplications that are reported for them.
    assert_eq!(resnet(padded, [2, 2, 2, 2], false) / 2, 1_814_073_344);
    assert_eq!(resnet(padded, [3, 4, 6, 3], true) / 2, 4_089_184_256);
    assert_eq!(counted(&net("wrn-16-4")), wide_resnet(16, 4));
    assert_eq!(counted(&net("wrn-28-10")), wide_resnet(28, 10));
    // 14x14 patches of 16x16 pixels and the class token; the head sees that alone.
    assert_eq!(counted(&net("vit-tiny")), 2 * 196 * 768 * 192 + transformer(197, 192, 12) + 2 * 192 * 1000);
    assert_eq!(counted(&net("char:65,context=32,dim=48,depth=3")), transformer(32, 48, 3) + 2 * 32 * 48 * 65);
}
