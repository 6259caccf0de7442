//! H, G and N of whole nets, each on its own, against central differences in f64.
//!
//! With `pull(θ, c) = J(θ)ᵀ c` and `c(θ) = ∇_z L` at `z(θ)`, the gradient is `pull(θ, c(θ))`, and its derivative along `v` has two parts, one
//! for each place of θ: `G v` moves the residual and holds the Jacobian, `N v` moves the Jacobian and holds the residual. Only first
//! derivatives are used for that, which the other tests hold.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use dupin_curvature::{Split, SplitParams, products};
use dupin_ir::transform::vjp;
use dupin_ir::{DType, Executor, Program, Reference, Tensor};
use dupin_linop::vector::norm;
use dupin_nn::{Init, Loss, Network};
use dupin_train::trace;

/// Net, activation, loss, and whether normalisation takes the statistics of the batch.
const NETS: [(&str, &str, &str, bool); 15] = [
    ("mlp:6-5-4-3", "gelu", "ce", false),
    ("mlp:6-5-4-3", "relu", "ce", false),
    ("mlp:6-5-4-3", "tanh", "mse", false),
    ("mlp:6-5-3", "beta_gelu:4", "ce", false),
    ("logistic:6-3", "gelu", "ce:0.1", false),
    ("net:2x5x5,conv3s2,act,avgpool2s1,flatten,fc3", "gelu", "ce", false),
    ("net:1x6x6,conv2k3,act,maxpool3s2p1,conv3s2,act,flatten,fc3", "silu", "ce", false),
    ("net:2x4x4,conv4g2,act,conv4g4,act,gap,fc3", "tanh", "mse", false),
    ("net:6,fc5,ln,act,fc3", "gelu", "ce", false),
    ("net:1x4x4,conv2,ln,act,flatten,fc3", "relu", "ce", false),
    ("net:1x4x4,conv2,bn,act,flatten,fc3", "gelu", "ce", false),
    ("net:1x4x4,conv2,bn,act,flatten,fc3", "gelu", "ce", true),
    ("net:6,fc5,bn,act,fc3", "softplus:2", "mse", true),
    ("net:1x4x4,conv2,act,res(conv2,act,conv2),act,flatten,fc3", "elu", "ce", false),
    ("net:1x4x4,conv2,bn,act,res(conv3s2,bn,act|conv3k1s2p0),act,flatten,fc3", "tanh", "ce", true),
];
const BATCH: usize = 5;
const WEIGHTS: [f64; BATCH] = [0.3, 0.25, 0.0, 0.25, 0.2];

fn wave(n: usize, seed: usize) -> Vec<f64> {
    (0..n).map(|i| ((i * 7919 + seed * 104_729 + 13) % 1009) as f64 / 504.5 - 1.0).collect()
}

struct Case {
    gradient: Program,
    /// From parameters, data and a cotangent of the logits.
    pull: Program,
    residual: Program,
    params: Vec<Tensor>,
    data: Vec<Tensor>,
}

impl Case {
    fn run(&self, program: &Program, params: &[Tensor], rest: &[Tensor]) -> Vec<f64> {
        let inputs = [params, &self.data, rest].concat();
        Reference.evaluate(program, &inputs).unwrap().iter().flat_map(Tensor::to_f64).collect()
    }

    fn moved(&self, along: &[f64], step: f64) -> Vec<Tensor> {
        let mut along = along.iter();
        let shift = |p: &Tensor| {
            let values: Vec<f64> = p.to_f64().into_iter().map(|v| v + step * along.next().unwrap()).collect();
            Tensor::from_f64(&p.ty(), &values)
        };
        self.params.iter().map(shift).collect()
    }
}

#[test]
fn each_part_agrees_with_central_differences() {
    let h = f64::EPSILON.cbrt();
    for (number, (spec, activation, loss, train)) in NETS.into_iter().enumerate() {
        let network = Network::parse(spec, activation.parse().unwrap()).unwrap();
        let loss: Loss = loss.parse().unwrap();
        let params = network.initialize("he_normal".parse::<Init>().unwrap(), 3 + number as u64, DType::F64);
        // Biases of 0 put units of a ReLU net on their kinks where an input vanishes; all parameters are moved off their start.
        let params: Vec<Tensor> = params
            .iter()
            .enumerate()
            .map(|(i, p)| {
                let values: Vec<f64> = p.to_f64().iter().zip(wave(p.len(), i + 5)).map(|(v, w)| v + 0.2 * w).collect();
                Tensor::from_f64(&p.ty(), &values)
            })
            .collect();
        let shape = [&[BATCH], network.input_shape()].concat();
        let n = shape.iter().product();
        let data = [
            vec![
                Tensor::f64(shape, wave(n, 1)),
                Tensor::i32([BATCH], vec![0, 2, 1, 2, 0]),
                Tensor::f64([BATCH], WEIGHTS.to_vec()),
            ],
            network.initial_buffers(DType::F64),
        ]
        .concat();

        let mut m = trace(&network, &loss, BATCH, DType::F64, train);
        let t = &mut m.traced;
        let g = products::gradient(&mut t.builder, t.loss, t.logits, &t.params);
        let ty = t.builder.ty(t.logits).clone();
        let c = t.builder.input("c", ty.clone());
        let pulled: Vec<_> = vjp(&mut t.builder, &[t.logits], &[Some(c)], &t.params).into_iter().map(Option::unwrap).collect();
        let inputs = [t.params.clone(), t.data.clone()].concat();
        let case = Case {
            gradient: t.builder.program(&inputs, &g.params).unwrap(),
            pull: t.builder.program(&[&inputs[..], &[c]].concat(), &pulled).unwrap(),
            residual: t.builder.program(&inputs, &[g.residual]).unwrap(),
            params,
            data,
        };
        let m = trace(&network, &loss, BATCH, DType::F64, train);
        let settings = SplitParams { block: 1, ..SplitParams::default() };
        let split = Split::new(&Reference, m.traced, &case.params, vec![case.data.clone()], settings).unwrap();
        let mut v = wave(split.dim(), 99);
        let length = norm(&v);
        for x in &mut v {
            *x /= length;
        }
        let exact = split.products(&v).unwrap();

        let (plus, minus) = (case.moved(&v, h), case.moved(&v, -h));
        let difference = |a: Vec<f64>, b: Vec<f64>| -> Vec<f64> { a.iter().zip(&b).map(|(a, b)| (a - b) / (2.0 * h)).collect() };
        let residual = |at: &[Tensor]| Tensor::from_f64(&ty, &case.run(&case.residual, at, &[]));
        let pull = |at: &[Tensor], c: Tensor| case.run(&case.pull, at, &[c]);
        let numeric = [
            ("H", &exact.hessian, difference(case.run(&case.gradient, &plus, &[]), case.run(&case.gradient, &minus, &[]))),
            ("G", &exact.gauss_newton, difference(pull(&case.params, residual(&plus)), pull(&case.params, residual(&minus)))),
            ("N", &exact.nme, difference(pull(&plus, residual(&case.params)), pull(&minus, residual(&case.params)))),
        ];
        let largest = exact.hessian.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
        for (name, exact, numeric) in numeric {
            for (i, (e, d)) in exact.iter().zip(&numeric).enumerate() {
                // Truncation h²/6·|third derivative along v| and rounding ε/h meet at h = ε^(1/3); 256 covers third derivatives of
                // about a thousand times the entries of H, which normalisation over a batch of five reaches.
                let tolerance = 256.0 * h * h * (1.0 + largest);
                assert!((e - d).abs() <= tolerance, "{spec} with {activation}: {name} v at {i} is {e}, differences give {d}");
            }
        }
    }
}
