//! Structured trace probes against dense matrices, against Hutchinson's estimator, and at the border of their class.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use dupin_curvature::{
    Curve, Layout, LossRoot, Outside, Split, SplitParams, StructuredOutcome, StructuredParams, StructuredTraces, Traced, dense,
    structured, traces,
};
use dupin_ir::prim::{CompareOp, DotGeneral};
use dupin_ir::{Buffer, Builder, DType, ExecError, Executable, Executor, Program, Reference, Tensor, TensorType, Value};
use dupin_linop::{Ended, Estimate, Rng};
use dupin_nn::{Init, Loss, Mode, Network};

/// A network, its loss and a data set in batches, all in `f64`.
struct Case {
    network: Network,
    loss: Loss,
    batch: usize,
    train: bool,
    params: Vec<Tensor>,
    batches: Vec<Vec<Tensor>>,
}

fn draw(shape: &[usize], rng: &mut Rng) -> Tensor {
    let ty = TensorType::new(DType::F64, shape);
    Tensor::from_f64(&ty, &(0..ty.len()).map(|_| rng.normal()).collect::<Vec<_>>())
}

impl Case {
    /// `count` examples of uneven weights, one of them 0, in batches of `batch`; the last is padded with weight 0.
    fn new(spec: &str, activation: &str, loss: &str, count: usize, batch: usize) -> Self {
        let network = Network::parse(spec, activation.parse().unwrap()).unwrap();
        let mut rng = Rng::new(17);
        let params: Vec<Tensor> = network
            .initialize(Init::Scaled(&Init::Pytorch, 1.5), 4, DType::F64)
            .iter()
            .map(|p| Tensor::from_f64(&p.ty(), &p.to_f64().iter().map(|v| v + 0.1 * rng.normal()).collect::<Vec<_>>()))
            .collect();
        let buffers: Vec<Tensor> = network
            .initial_buffers(DType::F64)
            .iter()
            .map(|s| Tensor::from_f64(&s.ty(), &s.to_f64().iter().map(|v| v + 0.3 * rng.uniform()).collect::<Vec<_>>()))
            .collect();
        let batches = (0..count.div_ceil(batch))
            .map(|i| {
                let shape = [&[batch], network.input_shape()].concat();
                let labels = (0..batch).map(|_| (rng.uniform() * network.outputs() as f64) as i32).collect();
                let weight = |j: usize| if j == 1 || j >= count { 0.0 } else { (1 + j % 3) as f64 / count as f64 };
                let weights = (0..batch).map(|j| weight(i * batch + j)).collect();
                let x = draw(&shape, &mut rng);
                [vec![x, Tensor::i32([batch], labels), Tensor::f64([batch], weights)], buffers.clone()].concat()
            })
            .collect();
        Self { network, loss: loss.parse().unwrap(), batch, train: false, params, batches }
    }

    fn traced(&self) -> (Traced, Value) {
        let mut b = Builder::new();
        let mut float = |name: &str, shape: &[usize]| b.input(name, TensorType::new(DType::F64, shape));
        let params: Vec<Value> = self.network.params().iter().map(|p| float(&p.name, &p.shape)).collect();
        let x = float("x", &[&[self.batch], self.network.input_shape()].concat());
        let w = float("w", &[self.batch]);
        let buffers: Vec<Value> = self.network.buffers().iter().map(|s| float(&s.name, &s.shape)).collect();
        let y = b.input("y", TensorType::new(DType::I32, [self.batch]));
        let mode = if self.train { Mode::Train { mask: None, spread: false } } else { Mode::Eval };
        let logits = self.network.apply(&mut b, &params, &buffers, x, mode).logits;
        let loss = self.loss.weighted(&mut b, logits, y, w);
        let names = self.network.params().iter().map(|p| p.name.clone()).collect();
        let data = [vec![x, y, w], buffers].concat();
        (Traced { builder: b, params, names, data, logits, loss, convex: true }, w)
    }

    fn curve(&self) -> Curve<'static> {
        if self.loss == Loss::Mse { Curve::MeanSquaredError } else { Curve::SoftmaxCrossEntropy }
    }

    fn outcome(&self, settings: StructuredParams) -> StructuredOutcome {
        let (traced, weights) = self.traced();
        let root = LossRoot { curve: self.curve(), weights };
        structured(&Reference, traced, &root, &self.params, &self.batches, settings, |_| {}).unwrap()
    }

    fn structured(&self, settings: StructuredParams) -> StructuredTraces {
        match self.outcome(settings) {
            StructuredOutcome::Traces(traces) => traces,
            StructuredOutcome::Outside(why) => panic!("{}: {why}", self.network.spec()),
        }
    }

    fn outside(&self) -> Outside {
        match self.outcome(StructuredParams::default()) {
            StructuredOutcome::Traces(_) => panic!("{} was taken to be of the class", self.network.spec()),
            StructuredOutcome::Outside(why) => why,
        }
    }

    fn split(&self) -> Split<'static> {
        Split::new(&Reference, self.traced().0, &self.params, self.batches.clone(), SplitParams::default()).unwrap()
    }

    /// Exact traces of G and N of every parameter's block.
    fn exact(&self) -> Exact {
        let split = self.split();
        let d = dense(&split, 1000).unwrap();
        let layout = split.layout().clone();
        let of = |m: &dupin_linop::Dense| -> Vec<f64> {
            (0..layout.len()).map(|p| layout.range(p).map(|i| m.entry(i, i)).sum()).collect()
        };
        Exact { gauss_newton: of(&d.gauss_newton), nme: of(&d.nme), layout }
    }
}

struct Exact {
    gauss_newton: Vec<f64>,
    nme: Vec<f64>,
    layout: Layout,
}

fn passes(passes: usize, seed: u64) -> StructuredParams {
    StructuredParams { passes, seed, exact_gauss_newton: false }
}

/// Within four standard errors, and the rounding of a sum of size `scale`.
#[track_caller]
fn agrees(estimate: Estimate, exact: f64, scale: f64, what: &str) {
    let room = 4.0 * estimate.std_error.unwrap() + 256.0 * f64::EPSILON * scale;
    assert!((estimate.value - exact).abs() <= room, "{what}: {estimate} is not {exact}");
}

/// Every trace of every parameter, module and the whole against dense matrices.
#[track_caller]
fn unbiased(case: &Case, number: usize, tightness: f64) {
    let exact = case.exact();
    let t = case.structured(passes(number, 5));
    let (g, n) = (exact.gauss_newton.iter().sum::<f64>(), exact.nme.iter().sum::<f64>());
    let curved = exact.nme.iter().map(|v| v.abs()).sum::<f64>();
    let scale = g + curved;
    let spec = format!("{} {:?}", case.network.spec(), case.network.activation());
    for (name, estimate, exact, size) in
        [("G", t.split.gauss_newton, g, g), ("N", t.split.nme, n, curved), ("H", t.split.hessian, g + n, scale)]
    {
        agrees(estimate, exact, scale, &format!("{spec}: {name}"));
        // The bars are narrow enough to tell a wrong term.
        assert!(estimate.std_error.unwrap() <= tightness * size, "{spec}: {name} = {estimate} says little at {size}");
    }
    for (i, p) in t.parameters.iter().enumerate() {
        agrees(p.gauss_newton, exact.gauss_newton[i], scale, &format!("{spec}: G of {}", p.name));
        agrees(p.nme, exact.nme[i], scale, &format!("{spec}: N of {}", p.name));
        agrees(p.hessian, exact.gauss_newton[i] + exact.nme[i], scale, &format!("{spec}: H of {}", p.name));
    }
    for (group, (name, range)) in t.split.groups.iter().zip(exact.layout.modules()) {
        let inside = |i: &usize| range.contains(&exact.layout.range(*i).start);
        let sum = |v: &[f64]| (0..v.len()).filter(inside).map(|i| v[i]).sum::<f64>();
        assert_eq!(group.name, name);
        agrees(group.gauss_newton, sum(&exact.gauss_newton), scale, &format!("{spec}: G of module {name}"));
        agrees(group.nme, sum(&exact.nme), scale, &format!("{spec}: N of module {name}"));
    }
}

#[test]
fn dense_nets() {
    for activation in ["gelu", "tanh", "softplus:2", "gelu~bump:0.5:1"] {
        unbiased(&Case::new("mlp:3-5-4-3", activation, "ce", 7, 4), 256, 0.05);
    }
    unbiased(&Case::new("mlp:3-5-4-3", "silu", "mse", 6, 6), 256, 0.05);
    unbiased(&Case::new("mlp:3-5-4-3", "gelu", "ce:0.1", 6, 3), 256, 0.05);
}

/// A linear path from one curved node to the logits, and weights without a curved node behind them.
#[test]
fn convolution_nets() {
    unbiased(&Case::new("net:2x6x6,conv3k3s2,act,conv2,avgpool3,flatten,fc3", "tanh", "ce", 4, 2), 128, 0.11);
    unbiased(&Case::new("net:1x5x5,conv2nobias,act,maxpool2s1,conv4g2k2p0,act,gap,fc2", "gelu", "ce", 4, 4), 128, 0.11);
    // 1x1 and strided windows that leave rows out; many outputs, so that Gram matrices are taken.
    unbiased(&Case::new("net:2x4x5,conv6k1,act,conv8k3s2p0,act,flatten,fc3", "gelu", "ce", 3, 3), 128, 0.11);
}

#[test]
fn residual_nets() {
    // The skipped value is an activation, then a curved node's operand itself.
    unbiased(&Case::new("net:3,fc4,act,res(fc4,act,fc4),act,fc3", "tanh", "ce", 6, 3), 192, 0.07);
    unbiased(&Case::new("net:3,fc4,res(act,fc4),act,res(fc4,act,fc4|fc4),fc3", "gelu", "ce", 6, 6), 192, 0.07);
    unbiased(&Case::new("net:1x4x4,conv2,res(conv2,act,conv2),act,gap,fc2", "gelu", "ce", 4, 4), 128, 0.14);
}

#[test]
fn normalisation_with_fixed_statistics() {
    unbiased(&Case::new("net:2x4x4,conv3nobias,bn,act,conv3,bn,act,gap,fc2", "gelu", "ce", 4, 2), 128, 0.14);
    unbiased(&Case::new("net:1x4x4,conv2,res(bn,act,conv2),bn,act,flatten,fc2", "tanh", "ce", 4, 4), 128, 0.14);
}

/// A builder with the same graph, node by node.
fn rebuilt(b: &Builder) -> Builder {
    let mut copy = Builder::new();
    for node in b.graph().nodes() {
        match &node.prim {
            dupin_ir::Prim::Input(i) => copy.input(&i.name, i.ty.clone()),
            prim => copy.push(prim.clone(), &node.operands),
        };
    }
    assert_eq!(copy.graph(), b.graph());
    copy
}

/// Elementwise functions of other shapes than activations: quotients, powers, sums of branches, and a scaled weight that comes
/// through a chain of its own.
#[test]
fn other_graphs_of_the_class() {
    let n = 16;
    let mut b = Builder::new();
    let mut float = |name: &str, shape: &[usize]| b.input(name, TensorType::new(DType::F64, shape));
    let params = vec![float("u", &[3, 2]), float("v", &[2, 3]), float("gain", &[3])];
    let (x, y, w) = (float("x", &[n, 3]), float("y", &[n, 2]), float("w", &[n]));
    let scaled = b.scale(params[0], 1.5);
    let turned = b.transpose(scaled, &[1, 0]);
    let h = b.dot_general(turned, x, DotGeneral::contracting(1, 1)); // [2, n]: examples last
    let h = b.transpose(h, &[1, 0]);
    let (square, sine, wave) = (b.square(h), b.sin(h), b.exp(h));
    let below = b.shift(wave, 2.0);
    let quotient = b.recip(below);
    let sum = b.add(square, sine);
    let sum = b.add(sum, quotient);
    let larger = b.max(sum, h);
    let z = b.dot_general(larger, params[1], DotGeneral::contracting(1, 0)); // [n, 3]
    let gain = b.broadcast(params[2], &[n, 3], &[1]);
    let z = b.mul(z, gain);
    let z = b.slice_axis(z, 1, 0, 2);
    let difference = b.sub(z, y);
    let square = b.square(difference);
    let each = b.reduce_sum(square, &[1]);
    let each = b.scale(each, 0.5);
    let loss = b.inner(each, w);
    let names = ["u", "v", "gain"].map(String::from).to_vec();
    let data = vec![x, y, w];
    let mut rng = Rng::new(3);
    let at: Vec<Tensor> = [vec![3, 2], vec![2, 3], vec![3]].iter().map(|s| draw(s, &mut rng)).collect();
    let batch =
        vec![draw(&[n, 3], &mut rng), draw(&[n, 2], &mut rng), Tensor::f64([n], (0..n).map(|i| (i % 4) as f64 / 24.0).collect())];
    let traced = || {
        let builder = rebuilt(&b);
        Traced { builder, params: params.clone(), names: names.clone(), data: data.clone(), logits: z, loss, convex: true }
    };
    let split = Split::new(&Reference, traced(), &at, vec![batch.clone()], SplitParams::default()).unwrap();
    let d = dense(&split, 100).unwrap();
    let root = LossRoot { curve: Curve::Custom(&|_, _, eps| eps), weights: w };
    let outcome = structured(&Reference, traced(), &root, &at, &[batch], passes(512, 1), |_| {}).unwrap();
    let StructuredOutcome::Traces(t) = outcome else { panic!("{outcome:?}") };
    let scale: f64 = (0..split.dim()).map(|i| d.gauss_newton.entry(i, i)).sum();
    for (i, p) in t.parameters.iter().enumerate() {
        let exact = |m: &dupin_linop::Dense| split.layout().range(i).map(|i| m.entry(i, i)).sum::<f64>();
        agrees(p.gauss_newton, exact(&d.gauss_newton), scale, &format!("G of {}", p.name));
        agrees(p.nme, exact(&d.nme), scale, &format!("N of {}", p.name));
    }
    let first = t.parameters[0].nme;
    assert!(first.value.abs() > 12.0 * first.std_error.unwrap(), "{first} says little");
}

/// `φ(2h + h)`: the diagonal comes back to `h` on two paths, whose cross term counts. With `f = cos 3h` its curvature is that of
/// three times `h` in one step, `-9 cos 3h`, and not the sum of the paths' own, `-(4 + 1) cos 3h`.
#[test]
fn paths_of_one_diagonal_that_meet_again() {
    let n = 8;
    let mut b = Builder::new();
    let mut float = |name: &str, shape: &[usize]| b.input(name, TensorType::new(DType::F64, shape));
    let (theta, x, w) = (float("theta", &[2, 2]), float("x", &[n, 2]), float("w", &[n]));
    let h = b.matmul(x, theta);
    let twice = b.scale(h, 2.0);
    let sum = b.add(twice, h);
    let z = b.cos(sum);
    let square = b.square(z);
    let each = b.reduce_sum(square, &[1]);
    let each = b.scale(each, 0.5);
    let loss = b.inner(each, w);
    let traced = || {
        let builder = rebuilt(&b);
        let (params, names, data) = (vec![theta], vec!["theta".into()], vec![x, w]);
        Traced { builder, params, names, data, logits: z, loss, convex: true }
    };
    let mut rng = Rng::new(9);
    let (at, batch) = (vec![draw(&[2, 2], &mut rng)], vec![draw(&[n, 2], &mut rng), Tensor::f64([n], vec![0.125; n])]);
    let d = dense(&Split::new(&Reference, traced(), &at, vec![batch.clone()], SplitParams::default()).unwrap(), 10).unwrap();
    let root = LossRoot { curve: Curve::Custom(&|_, _, eps| eps), weights: w };
    let outcome = structured(&Reference, traced(), &root, &at, &[batch], passes(512, 1), |_| {}).unwrap();
    let StructuredOutcome::Traces(t) = outcome else { panic!("{outcome:?}") };
    let exact: f64 = (0..4).map(|i| d.nme.entry(i, i)).sum();
    agrees(t.split.nme, exact, 1.0, "N");
    assert!(exact.abs() > 12.0 * t.split.nme.std_error.unwrap(), "{} says little", t.split.nme);
}

/// The first layer's N of a net with one hidden layer is exact; a ReLU net's has no diagonal blocks.
#[test]
fn what_needs_no_noise_has_none() {
    let case = Case::new("mlp:3-5-3", "gelu", "ce", 6, 3);
    let (t, exact) = (case.structured(passes(2, 0)), case.exact());
    for (p, nme) in t.parameters.iter().zip(&exact.nme) {
        assert_eq!(p.nme.std_error, Some(0.0), "{}", p.name);
        agrees(p.nme, *nme, 1.0, &p.name);
    }
    assert!(exact.nme[0].abs() > 1e-3, "nothing was tested");
    let t = Case::new("net:1x5x5,conv2,act,maxpool2,flatten,fc4,act,fc3", "relu", "ce", 6, 3).structured(passes(2, 0));
    for p in &t.parameters {
        assert_eq!((p.nme.value, p.nme.std_error), (0.0, Some(0.0)), "{}", p.name);
        assert!(p.gauss_newton.value > 0.0);
    }
}

#[test]
fn the_exact_gauss_newton_trace_is_exact() {
    for (spec, activation, loss) in
        [("mlp:3-5-4-3", "gelu", "ce"), ("mlp:3-4-2", "relu", "mse"), ("net:1x5x5,conv2,act,maxpool2,flatten,fc3", "tanh", "ce")]
    {
        let case = Case::new(spec, activation, loss, 5, 2);
        let exact = case.exact();
        let t = case.structured(StructuredParams { passes: 2, seed: 1, exact_gauss_newton: true });
        let scale: f64 = exact.gauss_newton.iter().sum();
        for (p, g) in t.parameters.iter().zip(&exact.gauss_newton) {
            assert!((p.gauss_newton.value - g).abs() <= 256.0 * f64::EPSILON * scale, "{spec}: {} is not {g}", p.gauss_newton);
            assert_eq!((p.gauss_newton.estimator, p.gauss_newton.ended), ("exact", Ended::Exact));
        }
        let (h, n) = (t.split.hessian, t.split.nme);
        assert!((h.value - n.value - scale).abs() <= 256.0 * f64::EPSILON * scale);
        assert!((h.std_error.unwrap() - n.std_error.unwrap()).abs() < 1e-12 * scale);
    }
}

/// Over many seeds the errors have the size that is reported: the mean of `z²` over 100 seeds is 1.
#[test]
fn reported_errors_are_the_true_ones() {
    let case = Case::new("mlp:3-5-4-3", "gelu", "ce", 24, 24);
    let exact = case.exact();
    let (g, n) = (exact.gauss_newton.iter().sum::<f64>(), exact.nme.iter().sum::<f64>());
    let mut squares = [0.0; 3];
    for seed in 0..100 {
        let t = case.structured(passes(8, 1000 + seed)).split;
        for (sum, (e, truth)) in squares.iter_mut().zip([(t.gauss_newton, g), (t.nme, n), (t.hessian, g + n)]) {
            *sum += ((e.value - truth) / e.std_error.unwrap()).powi(2) / 100.0;
        }
    }
    for ratio in squares {
        // A squared standard normal has variance 2, the mean of 100 of them the standard deviation √2/10.
        assert!((ratio - 1.0).abs() < 4.0 * 2_f64.sqrt() / 10.0, "mean squared deviations over reported variances: {squares:?}");
    }
}

/// One pass against one probe of Hutchinson's, on four dense layers.
#[test]
fn the_spread_is_far_below_hutchinsons() {
    let case = Case::new("mlp:6-8-8-8-4", "gelu", "ce", 32, 32);
    let number = 24;
    let t = case.structured(passes(number, 2)).split;
    let h = traces(&case.split(), number, &mut Rng::new(6), |_| {}).unwrap();
    for (ours, theirs) in [(t.nme, h.nme), (t.gauss_newton, h.gauss_newton)] {
        assert!(5.0 * ours.std_error.unwrap() < theirs.std_error.unwrap(), "{ours} against {theirs}");
    }
}

/// The reference evaluator, keeping count of the products in every program.
#[derive(Default)]
struct Counting(std::sync::Mutex<Vec<u64>>);

impl Executor for Counting {
    #[expect(clippy::unnecessary_literal_bound, reason = "the trait's signature")]
    fn name(&self) -> &str {
        "counting"
    }
    fn compile(&self, program: &Program) -> Result<Box<dyn Executable>, ExecError> {
        self.0.lock().unwrap().push(program.flop().contraction);
        Reference.compile(program)
    }
    fn upload(&self, tensor: Tensor) -> Result<Buffer, ExecError> {
        Reference.upload(tensor)
    }
    fn download(&self, buffer: &Buffer) -> Result<Tensor, ExecError> {
        Reference.download(buffer)
    }
}

/// In products of one layer, for `layers` equal ones. Once: all forward, and the gradient back through all but the first. Per pass:
/// one stream of G back through all but the first, and two of N through those that have a curved node behind them and one before.
/// Inner products of per-example gradients of dense layers take no product.
#[test]
fn a_pass_costs_three_backward_passes() {
    let (layers, d, n) = (4, 5, 6);
    let case = Case::new("mlp:5-5-5-5-5", "gelu", "ce", n, n);
    let (traced, weights) = case.traced();
    let root = LossRoot { curve: Curve::SoftmaxCrossEntropy, weights };
    let executor = Counting::default();
    structured(&executor, traced, &root, &case.params, &case.batches, passes(1, 0), |_| {}).unwrap();
    let one = 2 * (n * d * d) as u64;
    // The first program compares the root with the loss's curvature: a forward pass.
    let expected = [layers, layers + (layers - 1), (layers - 1) + 2 * (layers - 2)].map(|c| c * one);
    assert_eq!(*executor.0.lock().unwrap(), expected);
}

/// The draws are functions of keys: executors differ by rounding alone.
#[test]
fn every_executor_draws_the_same_noise() {
    let cpu = dupin_cpu::Cpu::new(Some(2)).unwrap();
    for spec in ["mlp:3-5-4-3", "net:1x6x6,conv4,act,maxpool2,conv4k2g2p0,bn,act,flatten,fc3"] {
        let case = Case::new(spec, "gelu", "ce", 6, 3);
        let (traced, weights) = case.traced();
        let root = LossRoot { curve: Curve::SoftmaxCrossEntropy, weights };
        let outcome = structured(&cpu, traced, &root, &case.params, &case.batches, passes(3, 7), |_| {}).unwrap();
        let StructuredOutcome::Traces(there) = outcome else { panic!("{outcome:?}") };
        let here = case.structured(passes(3, 7));
        for (a, b) in there.parameters.iter().zip(&here.parameters) {
            let scale = here.split.gauss_newton.value + here.split.nme.value.abs();
            assert!((a.gauss_newton.value - b.gauss_newton.value).abs() < 1e-11 * scale, "{spec}: G of {}", a.name);
            assert!((a.nme.value - b.nme.value).abs() < 1e-11 * scale, "{spec}: N of {}", a.name);
        }
    }
}

#[test]
fn seeds_decide_and_batches_do_not_repeat_noise() {
    let case = Case::new("mlp:3-5-4-3", "gelu", "ce", 6, 3);
    let value = |case: &Case, seed| case.structured(passes(2, seed)).split.hessian.value;
    assert_eq!(value(&case, 7).to_bits(), value(&case, 7).to_bits());
    assert_ne!(value(&case, 7), value(&case, 8));
    // The same examples twice: equal noise in both batches would double the sum exactly.
    let mut twice = Case::new("mlp:3-5-4-3", "gelu", "ce", 3, 3);
    let once = value(&twice, 7);
    twice.batches.push(twice.batches[0].clone());
    assert_ne!(value(&twice, 7), 2.0 * once);
    let two = case.structured(passes(4, 1)).split;
    assert!((two.hessian.value - two.gauss_newton.value - two.nme.value).abs() < 1e-12);
    assert_eq!((two.nme.estimator, two.nme.matvecs, two.nme.ended), ("structured", 4, Ended::Budget));
    assert!(two.nme.samples > 4, "{} samples", two.nme.samples);
}

#[test]
fn nets_outside_the_class_are_told_why() {
    let why = Case::new("net:4,fc4,ln,act,fc3", "gelu", "ce", 4, 4).outside();
    assert!(matches!(&why, Outside::Product { parameter, .. } if parameter == "0.weight"), "{why:?}");
    assert!(
        why.to_string().ends_with("combines two values that both depend on `0.weight`, as LayerNorm and attention do"),
        "{why}"
    );
    for (spec, parameter) in [
        ("vit:3,input=1x4x4,patch=2,dim=4,depth=1,heads=2", "patch_embed.proj.weight"),
        ("mixer:3,input=1x4x4,patch=2,dim=4,depth=1", "stem.proj.weight"),
        ("net:1x4x4,conv4,gn2,act,gap,fc3", "0.weight"),
    ] {
        let why = Case::new(spec, "gelu", "ce", 2, 2).outside();
        assert!(matches!(&why, Outside::Product { parameter: p, .. } if p == parameter), "{spec}: {why:?}");
    }
    let mut case = Case::new("net:1x4x4,conv2,bn,act,gap,fc3", "gelu", "ce", 4, 4);
    case.train = true;
    let why = case.outside();
    assert!(matches!(why, Outside::MixesExamples { .. }), "{why:?}");
    let text = why.to_string();
    assert!(text.ends_with("mixes the examples of a batch, as normalisation with a batch's own statistics does"), "{text}");
}

/// The block of a wide residual network that changes the width: its first activation feeds both branches. In evaluation its
/// normalisation is linear.
#[test]
fn wide_residual_networks_are_inside_the_class() {
    let wide = "net:1x4x4,conv2nobias,seq(bn1=bn,act,=res(conv1=conv3s2nobias,bn2=bn,act,conv2=conv3nobias|\
                convShortcut=conv3k1s2p0nobias)),bn,act,gap,fc2";
    let t = Case::new(wide, "gelu", "ce", 4, 4).structured(passes(2, 0));
    assert!(t.parameters.iter().all(|p| p.gauss_newton.value > 0.0));
}

/// `z = φ(x W) W` and `z = φ(x W) + x W` share `W`.
#[test]
fn tied_weights_are_outside() {
    let n = 3;
    for deep in [true, false] {
        let mut b = Builder::new();
        let mut float = |name: &str, shape: &[usize]| b.input(name, TensorType::new(DType::F64, shape));
        let (theta, x, w) = (float("tied", &[2, 2]), float("x", &[n, 2]), float("w", &[n]));
        let h = b.matmul(x, theta);
        let a = b.tanh(h);
        let other = if deep { b.matmul(a, theta) } else { b.dot_general(x, theta, DotGeneral::contracting(1, 1)) };
        let z = b.add(a, other);
        let square = b.square(z);
        let each = b.reduce_sum(square, &[1]);
        let each = b.scale(each, 0.5);
        let loss = b.inner(each, w);
        let traced = Traced {
            builder: b,
            params: vec![theta],
            names: vec!["tied".into()],
            data: vec![x, w],
            logits: z,
            loss,
            convex: true,
        };
        let root = LossRoot { curve: Curve::MeanSquaredError, weights: w };
        let mut rng = Rng::new(1);
        let batch = vec![draw(&[n, 2], &mut rng), Tensor::f64([n], vec![1.0; n])];
        let outcome = structured(&Reference, traced, &root, &[draw(&[2, 2], &mut rng)], &[batch], passes(2, 0), |_| {}).unwrap();
        let StructuredOutcome::Outside(why) = outcome else { panic!("tied weights were taken to be of the class") };
        let named = match &why {
            Outside::Product { parameter, .. } => deep.then_some(parameter),
            Outside::UsedTwice { parameter, .. } => (!deep).then_some(parameter),
            _ => None,
        };
        assert_eq!(named.map(String::as_str), Some("tied"), "{why}");
    }
}

/// A root of another loss, or with other weights, is caught before anything is estimated.
#[test]
fn wrong_roots_are_refused() {
    let case = Case::new("mlp:3-4-3", "gelu", "ce", 4, 4);
    let run = |curve: Curve<'_>, power: f64| {
        let (mut traced, weights) = case.traced();
        let exponent = traced.builder.splat_like(weights, power);
        let root = LossRoot { curve, weights: traced.builder.pow(weights, exponent) };
        structured(&Reference, traced, &root, &case.params, &case.batches, passes(1, 0), |_| {}).map(|_| ())
    };
    run(Curve::SoftmaxCrossEntropy, 1.0).unwrap();
    for (curve, power) in [(Curve::MeanSquaredError, 1.0), (Curve::SoftmaxCrossEntropy, 0.5)] {
        let message = run(curve, power).unwrap_err().to_string();
        assert!(message.starts_with("`S Sᵀ v` differs by "), "{message}");
        assert!(message.ends_with("give the root of the very loss, with the weights that stand in it"), "{message}");
    }
}

#[test]
fn wrong_inputs_and_diverged_nets_are_explained() {
    let mut case = Case::new("mlp:3-4-3", "gelu", "ce", 4, 4);
    let failure = |case: &Case| {
        let (traced, weights) = case.traced();
        let root = LossRoot { curve: Curve::SoftmaxCrossEntropy, weights };
        structured(&Reference, traced, &root, &case.params, &case.batches, passes(1, 0), |_| {}).unwrap_err().to_string()
    };
    case.params[0] = Tensor::f64([4, 3], vec![f64::NAN; 12]);
    let message = failure(&case);
    assert!(message.starts_with("the loss's curvature in the logits is NaN in batch 0: "), "{message}");
    case.params[0] = Tensor::f64([2], vec![0.0; 2]);
    assert_eq!(failure(&case), "parameter `0.weight` must be f64[4,3], f64[2] was given");
    case.params.pop();
    assert_eq!(failure(&case), "the traced model takes 4 parameters, 3 were given");
    case.batches[0].pop();
    case.params.push(Tensor::f64([3], vec![0.0; 3]));
    assert_eq!(failure(&case), "the traced model takes 3 tensors per batch, 2 were given");
}

/// Positions where an integer or a comparison stands between parameters and logits are constants, not curvature.
#[test]
fn constants_of_differentiation_are_not_in_the_way() {
    let n = 4;
    let mut b = Builder::new();
    let mut float = |name: &str, shape: &[usize]| b.input(name, TensorType::new(DType::F64, shape));
    let (theta, x, w) = (float("theta", &[2, 2]), float("x", &[n, 2]), float("w", &[n]));
    let h = b.matmul(x, theta);
    let zero = b.splat_like(h, 0.0);
    let positive = b.compare(CompareOp::Gt, h, zero);
    let (a, negative) = (b.exp(h), b.scale(h, 0.5));
    let z = b.select(positive, a, negative);
    let held = b.stop_gradient(z);
    let z = b.add(z, held);
    let square = b.square(z);
    let each = b.reduce_sum(square, &[1]);
    let each = b.scale(each, 0.5);
    let loss = b.inner(each, w);
    let build = || {
        let builder = rebuilt(&b);
        Traced { builder, params: vec![theta], names: vec!["theta".into()], data: vec![x, w], logits: z, loss, convex: true }
    };
    let mut rng = Rng::new(1);
    let (at, batch) = (vec![draw(&[2, 2], &mut rng)], vec![draw(&[n, 2], &mut rng), Tensor::f64([n], vec![0.25; n])]);
    let root = LossRoot { curve: Curve::Custom(&|_, _, eps| eps), weights: w };
    let d = dense(&Split::new(&Reference, build(), &at, vec![batch.clone()], SplitParams::default()).unwrap(), 10).unwrap();
    let outcome = structured(&Reference, build(), &root, &at, &[batch], passes(64, 1), |_| {}).unwrap();
    let StructuredOutcome::Traces(t) = outcome else { panic!("{outcome:?}") };
    let trace = |m: &dupin_linop::Dense| (0..4).map(|i| m.entry(i, i)).sum::<f64>();
    agrees(t.split.gauss_newton, trace(&d.gauss_newton), 1.0, "G");
    agrees(t.split.nme, trace(&d.nme), 1.0, "N");
    assert_eq!(t.split.nme.std_error, Some(0.0));
}
