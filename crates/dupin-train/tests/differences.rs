//! H, G and N of whole nets, each on its own, against central differences in f64.
//!
//! With `pull(θ, c) = J(θ)ᵀ c` and `c(θ) = ∇_z L` at `z(θ)`, the gradient is `pull(θ, c(θ))`, and its derivative along `v` has two parts, one
//! for each place of θ: `G v` moves the residual and holds the Jacobian, `N v` moves the Jacobian and holds the residual. Only first
//! derivatives are used for that, which the other tests hold.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use dupin_curvature::{Products, Split, SplitParams, products};
use dupin_ir::transform::vjp;
use dupin_ir::{DType, Executor, Program, Reference, Tensor};
use dupin_linop::vector::norm;
use dupin_nn::{Init, Loss, Network};
use dupin_train::trace;

/// Net, activation, loss, and whether normalisation takes the statistics of the batch.
const NETS: [(&str, &str, &str, bool); 23] = [
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
    ("net:4x3x3,conv4,gn2,act,flatten,fc3", "gelu", "ce", false),
    ("vit:3,input=1x4x4,patch=2,dim=4,depth=1,heads=2,mlp=5", "gelu", "ce", false),
    ("vit:3,input=1x4x4,patch=2,dim=4,depth=1,heads=1,mlp=5,pool=mean", "relu", "mse", false),
    ("mixer:3,input=1x4x4,patch=2,dim=4,depth=1,tokens=3,channels=5", "gelu", "ce", false),
    ("char:3,context=4,dim=4,depth=1,heads=2,mlp=5", "gelu", "ce", false),
    ("char:3,context=3,dim=4,depth=1,heads=2,mlp=5,head=untied", "tanh", "ce:0.1", false),
    (
        "net:1x4x4,conv2nobias,seq(bn1=bn,act,=res(conv1=conv3s2nobias,bn2=bn,act,conv2=conv3nobias|convShortcut=conv3k1s2p0nobias)),\
      bn,act,gap,fc3",
        "softplus",
        "ce",
        true,
    ),
    (
        "net:1x4x4,conv2nobias,bn,act,res(conv2k1p0nobias,bn,act,conv2s2nobias,bn,act,conv4k1p0nobias,bn|conv4k1s2p0nobias,bn),act,gap,fc3",
        "silu",
        "mse",
        true,
    ),
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

/// One row of the table, at parameters where nothing sits on a kink.
fn case(number: usize, (spec, activation, loss, train): (&str, &str, &str, bool)) -> Case {
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
    let inputs = match network.vocabulary() {
        None => Tensor::f64(shape, wave(n, 1)),
        Some(v) => Tensor::i32(shape, (0..n).map(|i| (i * 7 % 5 % v) as i32).collect()),
    };
    let places = [&[BATCH], network.target_shape()].concat();
    let classes = (0..places.iter().product()).map(|i| [0, 2, 1, 2, 0][i % BATCH]).collect();
    let data =
        [vec![inputs, Tensor::i32(places, classes), Tensor::f64([BATCH], WEIGHTS.to_vec())], network.initial_buffers(DType::F64)]
            .concat();
    let mut m = trace(&network, &loss, BATCH, DType::F64, train);
    let t = &mut m.traced;
    let g = products::gradient(&mut t.builder, t.loss, t.logits, &t.params);
    let ty = t.builder.ty(t.logits).clone();
    let c = t.builder.input("c", ty);
    let pulled: Vec<_> = vjp(&mut t.builder, &[t.logits], &[Some(c)], &t.params).into_iter().map(Option::unwrap).collect();
    let inputs = [t.params.clone(), t.data.clone()].concat();
    Case {
        gradient: t.builder.program(&inputs, &g.params).unwrap(),
        pull: t.builder.program(&[&inputs[..], &[c]].concat(), &pulled).unwrap(),
        residual: t.builder.program(&inputs, &[g.residual]).unwrap(),
        params,
        data,
    }
}

/// Products of a net with a vector of length 1, at the parameters of a case.
fn products_of(
    (spec, activation, loss, train): (&str, &str, &str, bool),
    case: &Case,
    data: Vec<Tensor>,
) -> (Vec<f64>, Products) {
    let network = Network::parse(spec, activation.parse().unwrap()).unwrap();
    let m = trace(&network, &loss.parse::<Loss>().unwrap(), BATCH, DType::F64, train);
    let settings = SplitParams { block: 1, ..SplitParams::default() };
    let split = Split::new(&Reference, m.traced, &case.params, vec![data], settings).unwrap();
    let mut v = wave(split.dim(), 99);
    let length = norm(&v);
    for x in &mut v {
        *x /= length;
    }
    let products = split.products(&v).unwrap();
    (v, products)
}

/// Whether products are those of the case's network; else which is not.
fn check(case: &Case, v: &[f64], exact: &Products) -> Result<(), String> {
    let h = f64::EPSILON.cbrt();
    let (plus, minus) = (case.moved(v, h), case.moved(v, -h));
    let difference = |a: Vec<f64>, b: Vec<f64>| -> Vec<f64> { a.iter().zip(&b).map(|(a, b)| (a - b) / (2.0 * h)).collect() };
    let ty = case.residual.graph().ty(case.residual.outputs()[0]).clone();
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
            if (e - d).abs() > tolerance {
                return Err(format!("{name} v at {i} is {e}, differences give {d}"));
            }
        }
    }
    Ok(())
}

#[test]
fn each_part_agrees_with_central_differences() {
    for (number, net) in NETS.into_iter().enumerate() {
        let case = case(number, net);
        let (v, exact) = products_of(net, &case, case.data.clone());
        if let Err(why) = check(&case, &v, &exact) {
            panic!("{} with {}: {why}", net.0, net.1);
        }
    }
}

/// Data made of a case's own.
type Data<'a> = &'a dyn Fn(&Case) -> Vec<Tensor>;

/// The check above is not one that anything passes: each of these mistakes fails it, and in the parts that it touches.
#[test]
fn mistakes_are_caught() {
    let whole = |case: &Case| case.data.clone();
    let unweighted = |case: &Case| {
        let mut data = case.data.clone();
        data[2] = Tensor::f64([BATCH], vec![1.0 / BATCH as f64; BATCH]);
        data
    };
    let residual = "net:1x4x4,conv2,act,res(conv2,act,conv2),act,flatten,fc3";
    let plain = "net:1x4x4,conv2,act,conv2,act,conv2,act,flatten,fc3";
    let mlp = "mlp:6-5-4-3";
    let mistakes: [(&str, &str, &str, &str, Data, &str); 5] = [
        ("a second derivative that is left out", mlp, mlp, "gelu~none", &whole, "H"),
        ("another function's second derivative", mlp, mlp, "gelu~beta_gelu:1.05", &whole, "H"),
        ("another function's, where it is small", mlp, mlp, "gelu~gelu_tanh", &whole, "H"),
        ("a residual edge that is dropped", residual, plain, "gelu", &whole, "H"),
        ("a ragged batch without its weights", mlp, mlp, "gelu", &unweighted, "H"),
    ];
    for (what, right, wrong, activation, data, part) in mistakes {
        let case = case(0, (right, "gelu", "ce", false));
        let (v, good) = products_of((right, "gelu", "ce", false), &case, case.data.clone());
        check(&case, &v, &good).unwrap();
        let (v, bad) = products_of((wrong, activation, "ce", false), &case, data(&case));
        let why = check(&case, &v, &bad).expect_err(what);
        assert!(why.starts_with(part), "{what}: {why}");
        // G does not see a second derivative; N does.
        let patched = Products { gauss_newton: good.gauss_newton.clone(), hessian: good.hessian.clone(), nme: bad.nme.clone() };
        let why = check(&case, &v, &patched).expect_err(what);
        assert!(why.starts_with('N'), "{what}: {why}");
        let patched = Products { nme: good.nme.clone(), hessian: good.hessian.clone(), gauss_newton: bad.gauss_newton.clone() };
        assert_eq!(check(&case, &v, &patched).is_ok(), activation != "gelu", "{what}");
    }
}
