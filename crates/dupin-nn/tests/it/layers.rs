//! Layers against loops and formulas written out, and what holds between modes and batches.

use dupin_ir::transform::{jvp, vjp};
use dupin_ir::{Builder, DType, Executor, Reference, Tensor, TensorType, Value};
use dupin_nn::{Activation, Init, Loss, Mode, Network};

use crate::{close, evaluate, net, normal};

/// Means or maxima over windows, written as loops; `x: [n, h, w, c]`.
fn pooled(x: &Tensor, size: usize, stride: usize, padding: usize, is_max: bool) -> Vec<f64> {
    let [n, h, w, c] = x.shape()[..] else { panic!("a map is needed") };
    let data = x.to_f64();
    let positions = |extent: usize| (extent + 2 * padding - size) / stride + 1;
    let mut out = Vec::new();
    for (e, i, j, f) in itertools(n, positions(h), positions(w), c) {
        let mut elements = Vec::new();
        for (a, b) in (0..size * size).map(|p| (p / size, p % size)) {
            let (row, column) = ((i * stride + a).checked_sub(padding), (j * stride + b).checked_sub(padding));
            if let (Some(row), Some(column)) = (row.filter(|&r| r < h), column.filter(|&q| q < w)) {
                elements.push(data[((e * h + row) * w + column) * c + f]);
            }
        }
        let sum: f64 = elements.iter().sum();
        out.push(if is_max { elements.into_iter().fold(f64::NEG_INFINITY, f64::max) } else { sum / (size * size) as f64 });
    }
    out
}

fn itertools(n: usize, h: usize, w: usize, c: usize) -> impl Iterator<Item = (usize, usize, usize, usize)> {
    (0..n * h * w * c).map(move |i| (i / (h * w * c), i / (w * c) % h, i / c % w, i % c))
}

/// Tiles, overlaps, gaps, padding, and rows that no window covers. A layer's output is read through a dense layer that is the identity.
#[test]
fn pooling_is_what_the_loops_say() {
    let x = normal(5, &[2, 7, 6, 2]);
    let below = x.to_f64().iter().map(|v| v - 10.0).collect();
    let negative = Tensor::f64([2, 7, 6, 2], below); // padding must not win a maximum
    for (size, stride, padding) in
        [(1, 1, 0), (2, 2, 0), (2, 2, 1), (3, 3, 1), (3, 1, 1), (3, 2, 1), (3, 2, 0), (2, 3, 0), (6, 1, 3), (6, 6, 0)]
    {
        for (x, name) in [(&x, "avgpool"), (&x, "maxpool"), (&negative, "maxpool")] {
            let expected = pooled(x, size, stride, padding, name == "maxpool");
            let width = expected.len() / 2;
            let spec = format!("net:2x7x6,{name}{size}s{stride}p{padding},flatten,fc{width}nobias");
            let identity =
                Tensor::f64([width, width], (0..width * width).map(|i| f64::from(u8::from(i / width == i % width))).collect());
            let net = net(&spec);
            let out = evaluate(&[identity, x.clone()], |b, v| vec![net.apply(b, &v[..1], &[], v[1], Mode::Eval).logits]);
            // Flattening puts features first: back to positions first.
            let positions = width / 2;
            let found: Vec<f64> =
                (0..2 * width).map(|i| out[0].to_f64()[i / width * width + i % 2 * positions + i % width / 2]).collect();
            close(&found, &expected, 40.0 * f64::EPSILON, &spec);
        }
    }
}

#[test]
fn global_pooling_is_pooling_over_everything() {
    let x = normal(6, &[3, 4, 4, 5]);
    let w = normal(7, &[2, 5]);
    let [a, b] = ["net:5x4x4,gap,fc2nobias", "net:5x4x4,avgpool4,flatten,fc2nobias"].map(|spec| {
        evaluate(&[w.clone(), x.clone()], |b, v| vec![net(spec).apply(b, &v[..1], &[], v[1], Mode::Eval).logits])[0].to_f64()
    });
    close(&a, &b, 16.0 * f64::EPSILON, "gap");
}

/// Parameters, then buffers, then the input, as `apply` takes them.
fn applied(net: &Network, state: &[Tensor], x: &Tensor, mask: Option<&Tensor>, train: bool) -> Vec<Tensor> {
    let (p, s) = (net.params().len(), net.buffers().len());
    let inputs: Vec<Tensor> = state.iter().chain([x]).chain(mask).cloned().collect();
    evaluate(&inputs, |b, v| {
        let mode = if train { Mode::Train { mask: v.get(p + s + 1).copied(), spread: false } } else { Mode::Eval };
        let applied = net.apply(b, &v[..p], &v[p..p + s], v[p + s], mode);
        [vec![applied.logits], applied.buffers].concat()
    })
}

fn rows(t: &Tensor, count: usize) -> Vec<f64> {
    t.to_f64()[..t.len() / t.shape()[0] * count].to_vec()
}

/// Padding examples that the mask leaves out are as if absent: for the logits of the others and for the running statistics.
#[test]
fn masked_examples_are_absent_from_batch_statistics() {
    for (spec, per_example) in [("net:5,fc6,bn,act,fc3", vec![5]), ("net:2x5x4,conv3,bn,act,gap,fc3", vec![5, 4, 2])] {
        let net = net(spec);
        let state = [net.initialize(Init::HeNormal, 1, DType::F64), net.initial_buffers(DType::F64)].concat();
        let four = normal(1, &[vec![4], per_example.clone()].concat());
        let width: usize = per_example.iter().product();
        let six = Tensor::f64([vec![6], per_example].concat(), [four.to_f64(), vec![1e3; 2 * width]].concat());
        let mask = Tensor::f64([6], vec![1.0, 1.0, 1.0, 1.0, 0.0, 0.0]);
        let alone = applied(&net, &state, &four, None, true);
        let padded = applied(&net, &state, &six, Some(&mask), true);
        close(&rows(&padded[0], 4), &alone[0].to_f64(), 64.0 * f64::EPSILON, spec);
        for (p, a) in padded[1..].iter().zip(&alone[1..]) {
            close(&p.to_f64(), &a.to_f64(), 64.0 * f64::EPSILON, spec);
        }
        // A batch of padding alone: finite, and the running statistics stay.
        let none = applied(&net, &state, &six, Some(&Tensor::f64([6], vec![0.0; 6])), true);
        assert!(none.iter().all(Tensor::is_finite));
        assert_eq!(none[1..], state[net.params().len()..]);
    }
}

/// Momentum 0.1 towards the batch's mean and unbiased variance, as PyTorch; used in evaluation, and left alone by it.
#[test]
fn running_statistics_follow_pytorchs_rule() {
    let net = net("net:2,bn,fc1nobias");
    let x = Tensor::f64([3, 2], vec![1.0, -2.0, 4.0, 0.0, 7.0, 5.0]);
    let read = Tensor::f64([1, 2], vec![1.0, 10.0]);
    let (gamma, beta) = (Tensor::f64([2], vec![2.0, 3.0]), Tensor::f64([2], vec![0.5, -0.5]));
    let running = [Tensor::f64([2], vec![0.5, 1.5]), Tensor::f64([2], vec![2.0, 4.0])];
    let state = [vec![gamma, beta, read], running.to_vec()].concat();
    let trained = applied(&net, &state, &x, None, true);
    // Means 4 and 1; unbiased variances 9 and 13.
    close(&trained[1].to_f64(), &[0.9 * 0.5 + 0.4, 0.9 * 1.5 + 0.1], 4.0 * f64::EPSILON, "means");
    close(&trained[2].to_f64(), &[0.9 * 2.0 + 0.9, 0.9 * 4.0 + 1.3], 4.0 * f64::EPSILON, "variances");
    let logit = |x: [f64; 2], mean: [f64; 2], variance: [f64; 2]| {
        let y = |k: usize| (x[k] - mean[k]) / (variance[k] + 1e-5).sqrt() * [2.0, 3.0][k] + [0.5, -0.5][k];
        y(0) + 10.0 * y(1)
    };
    let points = [[1.0, -2.0], [4.0, 0.0], [7.0, 5.0]];
    close(&trained[0].to_f64(), &points.map(|x| logit(x, [4.0, 1.0], [6.0, 26.0 / 3.0])), 16.0 * f64::EPSILON, "training");
    let evaluated = applied(&net, &state, &x, None, false);
    close(&evaluated[0].to_f64(), &points.map(|x| logit(x, [0.5, 1.5], [2.0, 4.0])), 16.0 * f64::EPSILON, "evaluation");
    assert_eq!(evaluated[1..], running);
}

/// In f32 a mean of 3000 under a deviation of 1 leaves `E[x²] - E[x]²` no digit; deviations from the mean keep them.
/// The reference evaluator works in f64, where the same happens at 1e8.
#[test]
fn variances_do_not_cancel() {
    let offset = 1e8;
    let x = Tensor::f64([4, 4], (0..16).map(|i| offset + f64::from((7 * i) % 16)).collect());
    let centred = Tensor::f64([4, 4], x.to_f64().iter().map(|v| v - offset).collect());
    for spec in ["net:4,ln,fc2", "net:4,bn,fc2"] {
        let net = net(spec);
        let state = [net.initialize(Init::HeNormal, 1, DType::F64), net.initial_buffers(DType::F64)].concat();
        let (far, near) = (applied(&net, &state, &x, None, true), applied(&net, &state, &centred, None, true));
        // The mean is rounded to ε·1e8 = 2e-8 of a deviation of 5.
        close(&far[0].to_f64(), &near[0].to_f64(), 1e-7, spec);
    }
}

#[test]
fn preactivations_are_the_inputs_of_the_activations() {
    let relu: Activation = "relu".parse().unwrap();
    let net = Network::parse("net:3,fc4,act,res(fc4,tanh,fc4),act,fc2", relu).unwrap();
    let params = net.initialize(Init::Pytorch, 1, DType::F64);
    let x = normal(1, &[2, 3]);
    let out = evaluate(&[params.clone(), vec![x.clone()]].concat(), |b, v| {
        let (x, params) = v.split_last().unwrap();
        let applied = net.apply(b, params, &[], *x, Mode::Eval);
        [applied.preactivations, vec![applied.logits]].concat()
    });
    assert_eq!(out.iter().map(|t| t.shape().to_vec()).collect::<Vec<_>>(), [[2, 4], [2, 4], [2, 4], [2, 2]]);
    let (w, bias, x) = (params[0].to_f64(), params[1].to_f64(), x.to_f64());
    let first: Vec<f64> =
        (0..8).map(|i| bias[i % 4] + (0..3).map(|k| w[i % 4 * 3 + k] * x[i / 4 * 3 + k]).sum::<f64>()).collect();
    close(&out[0].to_f64(), &first, 16.0 * f64::EPSILON, "the first layer's output");
}

/// Every layer and loss in `f32`, in both modes, through a gradient and its derivative: well typed, and the values of `f64` (the
/// reference evaluator rounds inputs and outputs only).
#[test]
fn single_precision_is_the_same_network() {
    let spec =
        "net:2x8x8,conv4g2,bn,act,maxpool3s2p1,avgpool2s1p1,res(conv4,tanh|conv4k1p0),ln,avgpool2,flatten,fc6,bn,act,ln,fc3";
    let net = net(spec);
    let run = |dtype: DType, train: bool, loss: Loss| {
        let mut b = Builder::new();
        let float = |shape: &[usize]| TensorType::new(dtype, shape);
        let params: Vec<Value> = net.params().iter().map(|p| b.input(&p.name, float(&p.shape))).collect();
        let buffers: Vec<Value> = net.buffers().iter().map(|s| b.input(&s.name, float(&s.shape))).collect();
        let (x, y) = (b.input("x", float(&[3, 8, 8, 2])), b.input("y", TensorType::new(DType::I32, [3])));
        let weights = b.input("weights", float(&[3]));
        let mode = if train { Mode::Train { mask: None, spread: false } } else { Mode::Eval };
        let applied = net.apply(&mut b, &params, &buffers, x, mode);
        let total = loss.weighted(&mut b, applied.logits, y, weights);
        let one = b.scalar(dtype, 1.0);
        let g: Vec<Value> = vjp(&mut b, &[total], &[Some(one)], &params).into_iter().map(Option::unwrap).collect();
        let along: Vec<Option<Value>> = params.iter().copied().map(Some).collect();
        let h: Vec<Value> = jvp(&mut b, &g, &params, &along).into_iter().map(Option::unwrap).collect();
        let hits = dupin_nn::correct(&mut b, applied.logits, y);
        let outputs = [vec![total, applied.logits, hits], applied.buffers, g, h].concat();
        let program = b.program(&[params, buffers, vec![x, y, weights]].concat(), &outputs).unwrap();
        // Both runs start from numbers that f32 has.
        let narrow = |t: Tensor| t.convert(DType::F32).convert(dtype);
        let mut inputs = [net.initialize(Init::Pytorch, 2, DType::F32), net.initial_buffers(DType::F32)].concat();
        inputs.extend([normal(3, &[3, 8, 8, 2]), Tensor::f64([3], vec![0.25, 0.5, 0.25])]);
        let mut inputs: Vec<Tensor> = inputs.into_iter().map(narrow).collect();
        inputs.insert(inputs.len() - 1, Tensor::i32([3], vec![0, 2, 1]));
        Reference.evaluate(&program, &inputs).unwrap()
    };
    for (train, loss) in [(true, "ce:0.1"), (false, "ce"), (true, "mse")] {
        let (narrow, wide) = (run(DType::F32, train, loss.parse().unwrap()), run(DType::F64, train, loss.parse().unwrap()));
        let largest = wide.iter().flat_map(Tensor::to_f64).fold(0.0, |m: f64, v| m.max(v.abs()));
        for (n, w) in narrow.iter().zip(&wide) {
            assert_eq!((n.dtype(), n.shape()), (DType::F32, w.shape()));
            let error = n.to_f64().iter().zip(w.to_f64()).fold(0.0, |m: f64, (a, b)| m.max((a - b).abs()));
            // Constants (1/count, momentum, epsilon) are rounded to f32, each about once per layer.
            assert!(error <= 64.0 * f64::from(f32::EPSILON) * largest, "{loss}: {error}");
        }
    }
}

/// What a place of a causal transformer says depends on the tokens up to it, bit for bit, and on each of them.
#[test]
fn later_tokens_are_not_seen() {
    let net = net("char:7,context=6,dim=8,depth=2,heads=2");
    let params = net.initialize(Init::Scaled(&Init::Gpt2, 20.0), 1, DType::F64);
    let logits = |tokens: [i32; 6]| applied(&net, &params, &Tensor::i32([1, 6], tokens.to_vec()), None, false)[0].to_f64();
    let before = logits([0, 1, 2, 3, 4, 5]);
    for changed in 0..6 {
        let mut tokens = [0, 1, 2, 3, 4, 5];
        tokens[changed] = 6;
        let after = logits(tokens);
        for place in 0..6 {
            let row = |l: &[f64]| l[7 * place..7 * (place + 1)].to_vec();
            assert_eq!(row(&before) == row(&after), place < changed, "token {changed}, place {place}");
        }
    }
}

/// The mean over places, then over examples: a sequence counts as one example.
#[test]
fn losses_of_sequences_are_means_over_places() {
    let (z, y) = (normal(3, &[2, 3, 4]), Tensor::i32([2, 3], vec![0, 3, 1, 2, 2, 0]));
    let flat = |t: &Tensor, shape: &[usize]| t.clone().reshape(shape.to_vec());
    for loss in ["ce", "ce:0.1", "mse"].map(|l| l.parse::<Loss>().unwrap()) {
        let whole =
            evaluate(&[z.clone(), y.clone()], |b, v| vec![loss.per_example(b, v[0], v[1]), dupin_nn::correct(b, v[0], v[1])]);
        let each = evaluate(&[flat(&z, &[6, 4]), flat(&y, &[6])], |b, v| {
            vec![loss.per_example(b, v[0], v[1]), dupin_nn::correct(b, v[0], v[1])]
        });
        for (whole, each) in whole.iter().zip(&each) {
            assert_eq!(whole.shape(), [2]);
            let means: Vec<f64> = each.to_f64().chunks(3).map(|c| c.iter().sum::<f64>() / 3.0).collect();
            close(&whole.to_f64(), &means, 8.0 * f64::EPSILON, &loss.to_string());
        }
    }
}
