//! The operators of small nets against central differences, dense matrices and exact cases.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use dupin_curvature::{Part, Split, SplitParams, Traced, dense, traces};
use dupin_ir::prim::DotGeneral;
use dupin_ir::prim::activation::Kind;
use dupin_ir::{Builder, DType, Executor, Reference, Tensor, TensorType, Value};
use dupin_linop::{Rng, SymmetricOperator};

const INPUTS: usize = 3;
const HIDDEN: usize = 4;
const CLASSES: usize = 3;

/// `INPUTS - HIDDEN - CLASSES` with softmax cross-entropy over `n` examples; `hidden = 0` is logistic regression.
fn mlp(n: usize, activation: Option<&str>) -> Traced {
    let mut b = Builder::new();
    let float = |shape: &[usize]| TensorType::new(DType::F64, shape);
    let x = b.input("x", float(&[n, INPUTS]));
    let y = b.input("y", TensorType::new(DType::I32, [n]));
    let w = b.input("weights", float(&[n]));
    let mut params = Vec::new();
    let mut names = Vec::new();
    let mut dense = |b: &mut Builder, x: Value, name: &str, from: usize, to: usize| {
        let (weight, bias) = (b.input("w", float(&[to, from])), b.input("b", float(&[to])));
        params.extend([weight, bias]);
        names.extend([format!("{name}.weight"), format!("{name}.bias")]);
        let h = b.dot_general(x, weight, DotGeneral::contracting(1, 1));
        let spread = b.broadcast(bias, &[n, to], &[1]);
        b.add(h, spread)
    };
    let logits = match activation {
        None => dense(&mut b, x, "0", INPUTS, CLASSES),
        Some(kind) => {
            let h = dense(&mut b, x, "0", INPUTS, HIDDEN);
            let a = b.activation(kind.parse::<Kind>().unwrap(), 0, h);
            dense(&mut b, a, "2", HIDDEN, CLASSES)
        }
    };
    // -w·log softmax(z)_y, by log-sum-exp.
    let max = b.reduce_max(logits, &[1]);
    let max = b.stop_gradient(max);
    let spread = b.broadcast(max, &[n, CLASSES], &[0]);
    let shifted = b.sub(logits, spread);
    let e = b.exp(shifted);
    let sum = b.reduce_sum(e, &[1]);
    let lse = b.log(sum);
    let classes = b.iota(TensorType::new(DType::I32, [n, CLASSES]), 1);
    let label = b.broadcast(y, &[n, CLASSES], &[0]);
    let hit = b.compare(dupin_ir::prim::CompareOp::Eq, classes, label);
    let one_hot = b.convert(hit, DType::F64);
    let picked = b.mul(shifted, one_hot);
    let picked = b.reduce_sum(picked, &[1]);
    let each = b.sub(lse, picked);
    let loss = b.inner(each, w);
    Traced { builder: b, params, names, data: vec![x, y, w], logits, loss, convex: true }
}

fn draw(ty: &TensorType, rng: &mut Rng) -> Tensor {
    Tensor::from_f64(ty, &(0..ty.len()).map(|_| rng.normal()).collect::<Vec<_>>())
}

fn parameters(t: &Traced, seed: u64) -> Vec<Tensor> {
    let mut rng = Rng::new(seed);
    t.params.iter().map(|&p| draw(t.builder.ty(p), &mut rng)).collect()
}

/// `count` examples in batches of `batch`, the last padded with weight 0.
fn data(count: usize, batch: usize) -> Vec<Vec<Tensor>> {
    let mut rng = Rng::new(7);
    let examples: Vec<(Vec<f64>, i32)> =
        (0..count).map(|_| ((0..INPUTS).map(|_| rng.normal()).collect(), (rng.uniform() * CLASSES as f64) as i32)).collect();
    (0..count.div_ceil(batch))
        .map(|i| {
            let at = |j: usize| examples.get(i * batch + j);
            let x = (0..batch).flat_map(|j| at(j).unwrap_or(&examples[0]).0.clone()).collect();
            let y = (0..batch).map(|j| at(j).unwrap_or(&examples[0]).1).collect();
            let w = (0..batch).map(|j| if at(j).is_some() { 1.0 / count as f64 } else { 0.0 }).collect();
            vec![Tensor::f64([batch, INPUTS], x), Tensor::i32([batch], y), Tensor::f64([batch], w)]
        })
        .collect()
}

fn split(count: usize, batch: usize, activation: Option<&str>, settings: SplitParams) -> Split<'static> {
    let t = mlp(batch, activation);
    let params = parameters(&t, 3);
    Split::new(&Reference, t, &params, data(count, batch), settings).unwrap()
}

fn close(a: &[f64], b: &[f64], tolerance: f64, what: &str) {
    let scale = b.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
    for (i, (x, y)) in a.iter().zip(b).enumerate() {
        assert!((x - y).abs() <= tolerance * (1.0 + scale), "{what}: entry {i} is {x}, not {y}");
    }
}

#[test]
fn hessian_columns_agree_with_differences_of_the_gradient() {
    let h = f64::EPSILON.cbrt();
    for activation in ["gelu", "tanh", "softplus:2"] {
        let s = split(5, 5, Some(activation), SplitParams::default());
        let t = mlp(5, Some(activation));
        let theta = s.layout().flatten(&parameters(&t, 3));
        let gradient_at = |theta: &[f64]| {
            let params = s.layout().unflatten(theta);
            Split::new(&Reference, mlp(5, Some(activation)), &params, data(5, 5), SplitParams::default())
                .unwrap()
                .gradient()
                .unwrap()
                .1
        };
        let mut rng = Rng::new(11);
        let v: Vec<f64> = theta.iter().map(|_| rng.normal()).collect();
        let moved = |step: f64| gradient_at(&theta.iter().zip(&v).map(|(t, v)| t + step * v).collect::<Vec<_>>());
        let (plus, minus) = (moved(h), moved(-h));
        let numeric: Vec<f64> = plus.iter().zip(&minus).map(|(p, m)| (p - m) / (2.0 * h)).collect();
        // Truncation h²/6·|third derivatives along v| and rounding ε/h: 64 ε^(2/3) covers |v|³ of about 100.
        let norm: f64 = v.iter().map(|x| x * x).sum::<f64>().sqrt();
        close(&s.products(&v).unwrap().hessian, &numeric, 8.0 * h * h * norm.powi(3), activation);
    }
}

#[test]
fn the_hessian_of_its_own_program_is_the_sum_of_the_other_two() {
    let s = split(6, 6, Some("gelu"), SplitParams::default());
    let mut rng = Rng::new(5);
    let mut v = vec![0.0; s.dim()];
    rng.fill_normal(&mut v);
    let p = s.products(&v).unwrap();
    let mut hv = vec![0.0; s.dim()];
    s.operator(Part::Hessian).apply(&v, &mut hv).unwrap();
    close(&hv, &p.hessian, 64.0 * f64::EPSILON, "H = G + N");
    let (mut gv, mut nv) = (hv.clone(), hv.clone());
    s.operator(Part::GaussNewton).apply(&v, &mut gv).unwrap();
    s.operator(Part::Nme).apply(&v, &mut nv).unwrap();
    assert_eq!((gv, nv), (p.gauss_newton, p.nme));
}

#[test]
fn ragged_batches_blocks_and_recomputation_change_nothing_but_rounding() {
    let whole = dense(&split(7, 7, Some("gelu"), SplitParams { block: 1, residual_bytes: usize::MAX }), 100).unwrap();
    for (batch, block, residual_bytes) in [(7, 4, usize::MAX), (3, 5, 0), (2, 1, 0), (4, 8, usize::MAX)] {
        let parts = dense(&split(7, batch, Some("gelu"), SplitParams { block, residual_bytes }), 100).unwrap();
        close(parts.hessian.entries(), whole.hessian.entries(), 64.0 * f64::EPSILON, "H");
        close(parts.gauss_newton.entries(), whole.gauss_newton.entries(), 64.0 * f64::EPSILON, "G");
        close(parts.nme.entries(), whole.nme.entries(), 64.0 * f64::EPSILON, "N");
    }
}

#[test]
fn gauss_newton_is_positive_and_the_nme_of_a_linear_model_is_zero() {
    let s = split(6, 3, Some("tanh"), SplitParams::default());
    let d = dense(&s, 100).unwrap();
    let lowest = dupin_linop::eigenvalues(&d.gauss_newton, 100).unwrap()[0];
    assert!(lowest >= -64.0 * f64::EPSILON, "lowest eigenvalue of G is {lowest}");
    assert!(s.operator(Part::GaussNewton).is_psd() && !s.operator(Part::Hessian).is_psd());
    let linear = dense(&split(6, 3, None, SplitParams::default()), 100).unwrap();
    assert!(linear.nme.entries().iter().all(|&x| x == 0.0));
    assert!(linear.gauss_newton.entries().iter().any(|&x| x != 0.0));
}

/// A ReLU net is linear in each layer's weights: N has no diagonal blocks, but couples layers.
#[test]
fn the_nme_of_a_relu_net_lies_between_layers() {
    let s = split(6, 6, Some("relu"), SplitParams::default());
    let d = dense(&s, 100).unwrap();
    let modules = s.layout().modules();
    let (mut within, mut across) = (0.0_f64, 0.0_f64);
    for i in 0..s.dim() {
        for j in 0..s.dim() {
            let same = modules.iter().any(|(_, r)| r.contains(&i) && r.contains(&j));
            let entry = d.nme.entry(i, j).abs();
            if same { within = within.max(entry) } else { across = across.max(entry) }
        }
    }
    assert_eq!(within, 0.0);
    assert!(across > 1e-3, "largest cross-layer entry is {across}");
}

#[test]
fn traces_agree_with_dense_matrices_and_add_up() {
    let s = split(6, 3, Some("gelu"), SplitParams::default());
    let d = dense(&s, 100).unwrap();
    let trace = |m: &dupin_linop::Dense| (0..s.dim()).map(|i| m.entry(i, i)).sum::<f64>();
    let t = traces(&s, 400, &mut Rng::new(1), |_| {}).unwrap();
    for (estimate, exact) in [(t.hessian, trace(&d.hessian)), (t.gauss_newton, trace(&d.gauss_newton)), (t.nme, trace(&d.nme))] {
        let error = estimate.std_error.unwrap();
        assert!((estimate.value - exact).abs() < 4.0 * error, "{estimate} against {exact}");
    }
    assert!((t.hessian.value - t.gauss_newton.value - t.nme.value).abs() < 1e-12);
    let by_group: f64 = t.groups.iter().map(|g| g.nme.value).sum();
    assert!((by_group - t.nme.value).abs() < 1e-12);
    for (group, (_, range)) in t.groups.iter().zip(s.layout().modules()) {
        let exact: f64 = range.map(|i| d.gauss_newton.entry(i, i)).sum();
        assert!((group.gauss_newton.value - exact).abs() < 4.0 * group.gauss_newton.std_error.unwrap(), "{}", group.name);
    }
}

/// `vᵀGv` and `vᵀNv` without a backward pass, against the products.
#[test]
fn quadratic_forms_agree_with_products() {
    use dupin_curvature::products;
    let mut t = mlp(5, Some("gelu"));
    let params = parameters(&t, 3);
    let v = products::vector_inputs(&mut t, "v");
    let g = products::gradient(&mut t.builder, t.loss, t.logits, &t.params);
    let (vgv, vnv) = products::quadratic_forms(&mut t.builder, &g, t.logits, &t.params, &v);
    let inputs = [t.params.clone(), t.data.clone(), v].concat();
    let program = t.builder.program(&inputs, &[vgv, vnv]).unwrap();
    let mut rng = Rng::new(2);
    let along: Vec<Tensor> = params.iter().map(|p| draw(&p.ty(), &mut rng)).collect();
    let out = Reference.evaluate(&program, &[params, data(5, 5).remove(0), along.clone()].concat()).unwrap();
    let s = split(5, 5, Some("gelu"), SplitParams::default());
    let flat = s.layout().flatten(&along);
    let p = s.products(&flat).unwrap();
    let dot = |a: &[f64]| dupin_linop::vector::dot(&flat, a);
    close(&[out[0].item(), out[1].item()], &[dot(&p.gauss_newton), dot(&p.nme)], 64.0 * f64::EPSILON, "quadratic forms");
}

#[test]
fn wrong_parameters_and_diverged_ones_are_explained() {
    let t = mlp(2, Some("gelu"));
    let mut params = parameters(&t, 3);
    params[0] = Tensor::f64([2], vec![0.0, 0.0]);
    let message = Split::new(&Reference, t, &params, data(2, 2), SplitParams::default()).err().unwrap().to_string();
    assert_eq!(message, "parameter `0.weight` must be f64[4,3], f64[2] was given");
    let t = mlp(2, Some("gelu"));
    let mut params = parameters(&t, 3);
    params[0] = Tensor::f64([4, 3], vec![f64::NAN; 12]);
    let s = Split::new(&Reference, t, &params, data(2, 2), SplitParams::default()).unwrap();
    assert!(s.gradient().unwrap_err().to_string().starts_with("the loss is NaN in batch 0: "));
    let message = dense(&s, 10).unwrap_err().to_string();
    assert!(message.starts_with("dense matrices of 31 parameters would take 7688 bytes; they are limited to 10 parameters"));
}
