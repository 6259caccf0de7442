//! Hessians that are known by hand.

use dupin_ir::transform::{jvp, vjp};
use dupin_ir::{Builder, DType, Executor, Reference, Tensor, TensorType, Value};
use dupin_nn::{Activation, Loss, Mode, Network};

use crate::{close, normal};

/// Rows of `H`, `G` and `N` over all parameters laid end to end, by products with unit vectors.
fn matrices(net: &Network, loss: Loss, params: &[Tensor], x: &Tensor, target: &Tensor) -> [Vec<Vec<f64>>; 3] {
    let mut b = Builder::new();
    let inputs = |b: &mut Builder, tensors: &[Tensor]| tensors.iter().map(|t| b.input("p", t.ty())).collect::<Vec<Value>>();
    let (p, v) = (inputs(&mut b, params), inputs(&mut b, params));
    let (xs, ys) = (b.input("x", x.ty()), b.input("y", target.ty()));
    let logits = net.apply(&mut b, &p, &[], xs, Mode::Eval).logits;
    let weights = b.splat(&TensorType::new(DType::F64, [x.shape()[0]]), 1.0);
    let total = loss.weighted(&mut b, logits, ys, weights);
    let one = b.scalar(DType::F64, 1.0);
    let along: Vec<Option<Value>> = v.iter().copied().map(Some).collect();
    let c = vjp(&mut b, &[total], &[Some(one)], &[logits])[0].unwrap();
    let g: Vec<Value> = vjp(&mut b, &[logits], &[Some(c)], &p).into_iter().map(Option::unwrap).collect();
    let dz = jvp(&mut b, &[logits], &p, &along)[0].unwrap();
    let u = jvp(&mut b, &[c], &[logits], &[Some(dz)])[0].unwrap();
    let hv = jvp(&mut b, &g, &p, &along);
    let gv = vjp(&mut b, &[logits], &[Some(u)], &p);
    let nv = jvp(&mut b, &g, &[p.clone(), vec![c]].concat(), &[along, vec![None]].concat());
    let outputs: Vec<Value> = [hv, gv, nv]
        .concat()
        .into_iter()
        .zip(p.iter().cycle())
        .map(|(o, &like)| o.unwrap_or_else(|| b.splat_like(like, 0.0)))
        .collect();
    let program = b.program(&[p.clone(), v, vec![xs, ys]].concat(), &outputs).unwrap();
    let size = params.iter().map(Tensor::len).sum::<usize>();
    let mut rows = [vec![], vec![], vec![]];
    for unit in 0..size {
        let mut start = 0;
        let vector: Vec<Tensor> = params
            .iter()
            .map(|t| {
                let entries: Vec<f64> = (0..t.len()).map(|i| f64::from(u8::from(start + i == unit))).collect();
                start += t.len();
                Tensor::from_f64(&t.ty(), &entries)
            })
            .collect();
        let out = Reference.evaluate(&program, &[params.to_vec(), vector, vec![x.clone(), target.clone()]].concat()).unwrap();
        for (rows, part) in rows.iter_mut().zip(out.chunks(params.len())) {
            rows.push(part.iter().flat_map(Tensor::to_f64).collect());
        }
    }
    rows
}

/// Softmax regression: `H = G = Σ_n x̃x̃ᵀ ⊗ (diag p - ppᵀ)` with `x̃ = (x, 1)`, and `N = 0`.
#[test]
fn one_dense_layer_under_cross_entropy() {
    let (n, d, c) = (3, 4, 3);
    let net = crate::net("logistic:4-3");
    let (w, bias, x) = (normal(1, &[c, d]), normal(2, &[c]), normal(3, &[n, d]));
    let target = Tensor::i32([n], vec![2, 0, 1]);
    let [hessian, gauss_newton, nme] = matrices(&net, "ce".parse().unwrap(), &[w.clone(), bias.clone()], &x, &target);
    let (w, bias, x) = (w.to_f64(), bias.to_f64(), x.to_f64());
    // Parameter i belongs to output `class(i)` and multiplies `factor(i)`: weights first, then biases.
    let class = |i: usize| if i < c * d { i / d } else { i - c * d };
    let size = c * d + c;
    let mut expected = vec![vec![0.0; size]; size];
    for e in 0..n {
        let x = &x[e * d..(e + 1) * d];
        let factor = |i: usize| if i < c * d { x[i % d] } else { 1.0 };
        let z: Vec<f64> = (0..c).map(|k| bias[k] + (0..d).map(|j| w[k * d + j] * x[j]).sum::<f64>()).collect();
        let sum: f64 = z.iter().map(|z| z.exp()).sum();
        let p: Vec<f64> = z.iter().map(|z| z.exp() / sum).collect();
        for i in 0..size {
            for j in 0..size {
                let (k, l) = (class(i), class(j));
                let curvature = if k == l { p[k] - p[k] * p[l] } else { -p[k] * p[l] };
                expected[i][j] += curvature * factor(i) * factor(j);
            }
        }
    }
    // A dozen operations stand behind an entry.
    close(&hessian.concat(), &expected.concat(), 64.0 * f64::EPSILON, "H");
    close(&gauss_newton.concat(), &expected.concat(), 64.0 * f64::EPSILON, "G");
    assert!(nme.concat().iter().all(|&v| v == 0.0));
}

/// `L = (w₂φ(w₁x + b₁) + b₂ - t)²` with one hidden unit: with `r = 2(z - t)` and `∇z = (w₂φ'x, w₂φ', φ, 1)` in the order
/// `(w₁, b₁, w₂, b₂)`, `G = 2∇z∇zᵀ` and `N = r∇²z`. A surrogate changes φ'' in it and nothing else.
#[test]
fn one_hidden_unit_under_squared_error() {
    for kind in ["gelu", "tanh", "softplus:2", "relu", "relu~bump:0.7:1.5", "gelu~none", "relu~beta_gelu:3"] {
        let kind: Activation = kind.parse().unwrap();
        let net = Network::parse("mlp:1-1-1", kind).unwrap();
        let [w1, b1, w2, b2, x, t] = [0.8, 0.3, -1.2, 0.1, 0.9, -0.4];
        let params = [
            Tensor::f64([1, 1], vec![w1]),
            Tensor::f64([1], vec![b1]),
            Tensor::f64([1, 1], vec![w2]),
            Tensor::f64([1], vec![b2]),
        ];
        let (xs, ts) = (Tensor::f64([1, 1], vec![x]), Tensor::f64([1, 1], vec![t]));
        let [hessian, gauss_newton, nme] = matrices(&net, Loss::Mse, &params, &xs, &ts);
        let [p0, p1, p2] = [0, 1, 2].map(|order| kind.derivative(order, w1 * x + b1));
        let r = 2.0 * (w2 * p0 + b2 - t);
        let dz = [w2 * p1 * x, w2 * p1, p0, 1.0];
        let ddz =
            [[w2 * p2 * x * x, w2 * p2 * x, p1 * x, 0.0], [w2 * p2 * x, w2 * p2, p1, 0.0], [p1 * x, p1, 0.0, 0.0], [0.0; 4]];
        let g: Vec<f64> = (0..16).map(|i| 2.0 * dz[i / 4] * dz[i % 4]).collect();
        let n: Vec<f64> = (0..16).map(|i| r * ddz[i / 4][i % 4]).collect();
        let h: Vec<f64> = g.iter().zip(&n).map(|(g, n)| g + n).collect();
        let what = kind.to_string();
        close(&gauss_newton.concat(), &g, 64.0 * f64::EPSILON, &what);
        close(&nme.concat(), &n, 64.0 * f64::EPSILON, &what);
        close(&hessian.concat(), &h, 64.0 * f64::EPSILON, &what);
    }
}
