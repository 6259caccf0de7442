//! Every matrix of a [`Split`] against the same matrix entry by entry, on small nets of every kind.
//!
//! The oracle uses first derivatives alone: the Jacobian of the logits row by row, the softmax's residual and curvature in closed form, and
//! for `N` central differences of `Jᵀ r` with `r` held. Outer products are then written out.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use dupin_cpu::Cpu;
use dupin_curvature::{
    Axis, Curve, Examples, Fisher, Labels, Likelihood, LossRoot, Matrix, Norms, Part, Selection, Split, SplitParams,
    StructuredParams, StructuredPoint, Traced, check_agreement, landscape, structured_change, traces_change,
};
use dupin_ir::prim::DotGeneral;
use dupin_ir::prim::activation::Kind;
use dupin_ir::transform::vjp;
use dupin_ir::{Builder, DType, Executor, Program, Tensor, TensorType};
use dupin_linop::vector::dot;
use dupin_linop::{Dense, Rng, Scaled, Sum, SymmetricOperator, eigenvalues};
use dupin_nn::{Loss, Network};
use dupin_train::trace;

const BATCH: usize = 5;
const WEIGHTS: [f64; BATCH] = [0.3, 0.25, 0.0, 0.25, 0.2];
const CLASSES: usize = 3;

/// Model (or `tied`), activation, and whether normalisation takes the statistics of the batch.
const NETS: [(&str, &str, bool); 9] = [
    ("mlp:4-5-3", "gelu", false),
    ("mlp:4-4-4-3", "relu", false),
    ("logistic:4-3", "gelu", false),
    ("net:4,fc5,ln,act,fc3", "tanh", false),
    ("net:4,fc5,bn,act,fc3", "gelu", true),
    ("net:1x6x6,conv2,act,maxpool2,flatten,fc3", "silu", false),
    ("net:1x4x4,conv2,act,res(conv2,act,conv2),act,gap,fc3", "gelu", false),
    ("net:2x4x4,conv4g2,act,gap,fc3", "tanh", false),
    ("tied", "gelu", false),
];

fn wave(n: usize, seed: usize) -> Vec<f64> {
    (0..n).map(|i| ((i * 7919 + seed * 104_729 + 13) % 1009) as f64 / 504.5 - 1.0).collect()
}

/// `z = V φ(W φ(W x))`: one matrix in two layers, which the model language has no word for.
fn tied(batch: usize, activation: &str) -> Traced {
    let mut b = Builder::new();
    let mut input = |name: &str, ty: TensorType| b.input(name, ty);
    let float = |shape: &[usize]| TensorType::new(DType::F64, shape);
    let (w, v) = (input("w", float(&[4, 4])), input("v", float(&[CLASSES, 4])));
    let (x, y) = (input("x", float(&[batch, 4])), input("y", TensorType::new(DType::I32, [batch])));
    let weights = input("weights", float(&[batch]));
    let kind: Kind = activation.parse().unwrap();
    let mut a = x;
    for _ in 0..2 {
        let h = b.dot_general(a, w, DotGeneral::contracting(1, 1));
        a = b.activation(kind, 0, h);
    }
    let logits = b.dot_general(a, v, DotGeneral::contracting(1, 1));
    let loss = "ce".parse::<Loss>().unwrap().weighted(&mut b, logits, y, weights);
    let names = vec!["0.weight".to_string(), "1.weight".to_string()];
    Traced { builder: b, params: vec![w, v], names, data: vec![x, y, weights], logits, loss, convex: true }
}

struct Net {
    name: &'static str,
    activation: &'static str,
    train: bool,
    params: Vec<Tensor>,
    data: Vec<Tensor>,
}

impl Net {
    fn new((name, activation, train): (&'static str, &'static str, bool)) -> Self {
        let mut net = Self { name, activation, train, params: Vec::new(), data: Vec::new() };
        let traced = net.traced(BATCH);
        let of = |i: usize, v: &dupin_ir::Value| {
            let ty = traced.builder.ty(*v);
            // Around the size of usual initial values, and of a scale of normalisation for vectors.
            let centre = if traced.names[i].ends_with("weight") && ty.rank() == 1 { 1.0 } else { 0.0 };
            let values: Vec<f64> = wave(ty.len(), i + 5).iter().map(|w| centre + 0.7 * w).collect();
            Tensor::from_f64(ty, &values)
        };
        net.params = traced.params.iter().enumerate().map(|(i, v)| of(i, v)).collect();
        let shape = traced.builder.ty(traced.data[0]).shape.clone();
        let count = shape.iter().product();
        let mut data = vec![Tensor::f64(shape, wave(count, 1)), Tensor::i32([BATCH], vec![0, 2, 1, 2, 0])];
        data.push(Tensor::f64([BATCH], WEIGHTS.to_vec()));
        if name != "tied" {
            data.extend(net.network().initial_buffers(DType::F64));
        }
        net.data = data;
        net
    }

    fn network(&self) -> Network {
        Network::parse(self.name, self.activation.parse().unwrap()).unwrap()
    }

    fn traced(&self, batch: usize) -> Traced {
        if self.name == "tied" {
            return tied(batch, self.activation);
        }
        trace(&self.network(), &"ce".parse().unwrap(), batch, DType::F64, self.train).traced
    }

    /// The data in batches of `batch`, the last padded with weight 0.
    fn batches(&self, batch: usize) -> Vec<Vec<Tensor>> {
        let cut = |t: &Tensor, at: usize, weights: bool| {
            let width = t.len() / BATCH;
            let values = t.to_f64();
            let row = |i: usize| if i < BATCH { values[i * width..(i + 1) * width].to_vec() } else { values[..width].to_vec() };
            let mut rows: Vec<f64> = (at..at + batch).flat_map(row).collect();
            if weights {
                (at..at + batch).zip(&mut rows).filter(|(i, _)| *i >= BATCH).for_each(|(_, w)| *w = 0.0);
            }
            Tensor::from_f64(&t.ty().with_shape([&[batch], &t.shape()[1..]].concat()), &rows)
        };
        let one = |at: usize| {
            let mut tensors: Vec<Tensor> = (0..3).map(|i| cut(&self.data[i], at, i == 2)).collect();
            tensors.extend(self.data[3..].to_vec());
            tensors
        };
        (0..BATCH).step_by(batch).map(one).collect()
    }

    fn split<'e>(&self, cpu: &'e Cpu, batch: usize, chosen: &Selection) -> Split<'e> {
        let settings = SplitParams { block: 4, ..SplitParams::default() };
        Split::restricted(cpu, self.traced(batch), &self.params, self.batches(batch), settings, chosen).unwrap()
    }
}

type Rows = Vec<Vec<f64>>;

/// What the matrices are made of.
struct Oracle {
    /// `∂z_nc/∂θ`, per example and class.
    jacobian: Vec<Rows>,
    p: Rows,
    nme: Rows,
}

fn oracle(net: &Net, cpu: &Cpu) -> Oracle {
    let mut t = net.traced(BATCH);
    let ty = t.builder.ty(t.logits).clone();
    let c = t.builder.input("c", ty.clone());
    let pulled: Vec<_> = vjp(&mut t.builder, &[t.logits], &[Some(c)], &t.params).into_iter().map(Option::unwrap).collect();
    let inputs = [t.params.clone(), t.data.clone()].concat();
    let pull = cpu.compile(&t.builder.program(&[&inputs[..], &[c]].concat(), &pulled).unwrap()).unwrap();
    let forward: Program = t.builder.program(&inputs, &[t.logits]).unwrap();
    let run = |params: &[Tensor], ct: &[f64]| -> Vec<f64> {
        let all = [params, &net.data, &[Tensor::from_f64(&ty, ct)]].concat();
        let buffers: Vec<_> = all.into_iter().map(|t| cpu.upload(t).unwrap()).collect();
        let out = pull.run(&buffers.iter().collect::<Vec<_>>()).unwrap();
        out.iter().flat_map(|b| cpu.download(b).unwrap().to_f64()).collect()
    };
    let z = cpu.evaluate(&forward, &[net.params.clone(), net.data.clone()].concat()).unwrap()[0].to_f64();
    let p: Rows = z
        .chunks(CLASSES)
        .map(|z| {
            let sum: f64 = z.iter().map(|v| v.exp()).sum();
            z.iter().map(|v| v.exp() / sum).collect()
        })
        .collect();
    let unit = |i: usize| (0..ty.len()).map(|j| f64::from(u8::from(i == j))).collect::<Vec<_>>();
    let jacobian = (0..BATCH).map(|n| (0..CLASSES).map(|c| run(&net.params, &unit(n * CLASSES + c))).collect()).collect();
    let labels = net.data[1].to_f64();
    let residual: Vec<f64> = (0..ty.len())
        .map(|i| {
            WEIGHTS[i / CLASSES]
                * (p[i / CLASSES][i % CLASSES] - f64::from(u8::from(labels[i / CLASSES] == (i % CLASSES) as f64)))
        })
        .collect();
    let h = f64::EPSILON.cbrt();
    let moved = |j: usize, step: f64| -> Vec<Tensor> {
        let mut at = 0;
        let shift = |p: &Tensor| {
            let mut values = p.to_f64();
            if j >= at && j < at + values.len() {
                values[j - at] += step;
            }
            at += values.len();
            Tensor::from_f64(&p.ty(), &values)
        };
        net.params.iter().map(shift).collect()
    };
    let dim = net.params.iter().map(Tensor::len).sum();
    let column = |j: usize| -> Vec<f64> {
        let (plus, minus) = (run(&moved(j, h), &residual), run(&moved(j, -h), &residual));
        plus.iter().zip(minus).map(|(a, b)| (a - b) / (2.0 * h)).collect()
    };
    Oracle { jacobian, p, nme: (0..dim).map(column).collect() }
}

impl Oracle {
    fn dim(&self) -> usize {
        self.nme.len()
    }

    /// `Σ_n w_n Σ_ab r_nab j_na j_nbᵀ`.
    fn outer(&self, r: impl Fn(usize, usize, usize) -> f64) -> Rows {
        let mut m = vec![vec![0.0; self.dim()]; self.dim()];
        for (n, j) in self.jacobian.iter().enumerate() {
            for a in 0..CLASSES {
                for b in 0..CLASSES {
                    let s = WEIGHTS[n] * r(n, a, b);
                    for (row, x) in m.iter_mut().zip(&j[a]) {
                        row.iter_mut().zip(&j[b]).for_each(|(m, y)| *m += s * x * y);
                    }
                }
            }
        }
        m
    }

    fn gauss_newton(&self) -> Rows {
        self.outer(|n, a, b| f64::from(u8::from(a == b)) * self.p[n][a] - self.p[n][a] * self.p[n][b])
    }

    /// `E[(p - e_y)(p - e_y)ᵀ]` over labels `y` of these probabilities.
    fn fisher(&self, probability: impl Fn(usize, usize) -> f64) -> Rows {
        let r = |n: usize, y: usize, a: usize| self.p[n][a] - f64::from(u8::from(a == y));
        self.outer(|n, a, b| (0..CLASSES).map(|y| probability(n, y) * r(n, y, a) * r(n, y, b)).sum())
    }

    fn gradient(&self, labels: &[f64]) -> Vec<f64> {
        let mut g = vec![0.0; self.dim()];
        for (n, j) in self.jacobian.iter().enumerate() {
            for (a, row) in j.iter().enumerate() {
                let r = WEIGHTS[n] * (self.p[n][a] - f64::from(u8::from(labels[n] == a as f64)));
                g.iter_mut().zip(row).for_each(|(g, x)| *g += r * x);
            }
        }
        g
    }
}

fn plus(a: &Rows, b: &Rows, factor: f64) -> Rows {
    a.iter().zip(b).map(|(a, b)| a.iter().zip(b).map(|(a, b)| a + factor * b).collect()).collect()
}

fn entries(a: &dyn SymmetricOperator) -> Rows {
    let n = a.dim();
    let mut identity = vec![0.0; n * n];
    (0..n).for_each(|i| identity[i * n + i] = 1.0);
    let mut out = vec![0.0; n * n];
    a.apply_many(&identity, &mut out).unwrap();
    out.chunks(n).map(<[f64]>::to_vec).collect()
}

/// What is exact differs by rounding; what holds a central difference by `h²` times third derivatives (below 30 here) and `ε/h`.
fn assert_close(found: &Rows, expected: &Rows, differences: bool, what: &str) {
    let scale = expected.iter().flatten().fold(1.0, |m: f64, v| m.max(v.abs()));
    let tolerance = if differences { 64.0 * f64::EPSILON.powf(2.0 / 3.0) } else { 1024.0 * f64::EPSILON } * scale;
    for (i, (f, e)) in found.iter().zip(expected).enumerate() {
        for (j, (f, e)) in f.iter().zip(e).enumerate() {
            assert!((f - e).abs() <= tolerance, "{what}: entry ({i}, {j}) is {f}, not {e}");
        }
    }
}

fn masked(a: &Rows, keep: impl Fn(usize, usize) -> bool) -> Rows {
    let entry = |i: usize, j: usize, v: f64| if keep(i, j) { v } else { 0.0 };
    a.iter().enumerate().map(|(i, row)| row.iter().enumerate().map(|(j, &v)| entry(i, j, v)).collect()).collect()
}

#[test]
fn every_matrix_is_the_one_written_out() {
    let cpu = Cpu::new(Some(1)).unwrap();
    for row in NETS {
        let (net, name) = (Net::new(row), row.0);
        let o = oracle(&net, &cpu);
        let split = net.split(&cpu, BATCH, &Selection::all());
        assert!(split.dim() < 2000 && split.dim() == o.dim());
        let weights = net.traced(BATCH).data[2];
        let labels = net.data[1].to_f64();
        let (g, empirical) = (o.gauss_newton(), o.fisher(|n, y| f64::from(u8::from(labels[n] == y as f64))));
        let gradient = o.gradient(&labels);
        let rank_one: Rows = gradient.iter().map(|a| gradient.iter().map(|b| a * b).collect()).collect();
        let layers = split.layout().modules();
        let layer = |i: usize| layers.iter().position(|(_, r)| r.contains(&i));
        let same = |i: usize, j: usize| layer(i) == layer(j);
        let (h, total) = (plus(&g, &o.nme, 1.0), WEIGHTS.iter().sum::<f64>());
        let expected: [(&str, Matrix, Rows, bool); 11] = [
            ("H", Part::Hessian.into(), h.clone(), true),
            ("G", Part::GaussNewton.into(), g.clone(), false),
            ("N", Part::Nme.into(), o.nme.clone(), true),
            ("H within layers", Matrix::WithinLayers(Part::Hessian), masked(&h, same), true),
            ("G within layers", Matrix::WithinLayers(Part::GaussNewton), masked(&g, same), false),
            ("N within layers", Matrix::WithinLayers(Part::Nme), masked(&o.nme, same), true),
            ("G between layers", Matrix::CrossLayers(Part::GaussNewton), masked(&g, |i, j| !same(i, j)), false),
            ("N between layers", Matrix::CrossLayers(Part::Nme), masked(&o.nme, |i, j| !same(i, j)), true),
            (
                "Fisher",
                Fisher { labels: Labels::Expected(Likelihood::Categorical), weights }.into(),
                o.fisher(|n, y| o.p[n][y]),
                false,
            ),
            ("empirical Fisher", Fisher { labels: Labels::Observed, weights }.into(), empirical.clone(), false),
            ("covariance of gradients", Matrix::GradientCovariance { weights }, plus(&empirical, &rank_one, -1.0 / total), false),
        ];
        for (what, matrix, rows, differences) in expected {
            let operator = split.operator(matrix);
            let found = entries(&operator);
            assert_close(&found, &rows, differences, &format!("{what} of {name}"));
            if operator.is_psd() {
                let least = eigenvalues(&Dense::symmetrized(o.dim(), found.concat()).unwrap(), 2000).unwrap()[0];
                assert!(least > -1e-12, "{what} of {name} has the eigenvalue {least}");
            }
        }
        // They compose: N = H - G, to rounding.
        let (hessian, gauss_newton) = (split.operator(Part::Hessian), split.operator(Part::GaussNewton));
        let minus = Scaled::new(-1.0, &gauss_newton);
        let difference = Sum::new(&hessian, &minus).unwrap();
        assert_close(&entries(&difference), &entries(&split.operator(Part::Nme)), false, name);
    }
}

/// `N` is 0 where the model is linear in θ, where the residuals vanish, and within the layers of a ReLU net without normalisation.
#[test]
fn the_nme_vanishes_where_it_should() {
    let cpu = Cpu::new(Some(1)).unwrap();
    let largest = |rows: &Rows| rows.iter().flatten().fold(0.0, |m: f64, v| m.max(v.abs()));
    let of = |net: &Net, matrix: Matrix| largest(&entries(&net.split(&cpu, BATCH, &Selection::all()).operator(matrix)));
    let net = |name: &str| Net::new(NETS.into_iter().find(|n| n.0 == name).unwrap());
    assert_eq!(of(&net("logistic:4-3"), Part::Nme.into()), 0.0);
    let relu = net("mlp:4-4-4-3");
    assert_eq!(of(&relu, Matrix::WithinLayers(Part::Nme)), 0.0);
    assert!(of(&relu, Matrix::CrossLayers(Part::Nme)) > 1e-3);
    // Certain and right: p = e_y to rounding, so the residual, and with it N, is 0 to rounding while the net is curved.
    let mut sure = net("mlp:4-5-3");
    sure.data[1] = Tensor::i32([BATCH], vec![1; BATCH]);
    let last = sure.params.len() - 1;
    sure.params[last] = Tensor::f64([3], vec![0.0, 60.0, 0.0]);
    assert!(of(&sure, Part::Nme.into()) < 1e-15);
    assert!(of(&net("mlp:4-5-3"), Part::Nme.into()) > 1e-2);
}

/// Rows and columns of some parameters, cut out by name.
#[test]
fn restricted_matrices_are_blocks_of_the_whole() {
    let cpu = Cpu::new(Some(1)).unwrap();
    for (row, chosen) in [(NETS[0], "0"), (NETS[0], "*.bias"), (NETS[3], "0.weight,1"), (NETS[6], "2.body.*")] {
        let net = Net::new(row);
        let chosen: Selection = chosen.parse().unwrap();
        let (whole, part) = (net.split(&cpu, BATCH, &Selection::all()), net.split(&cpu, 2, &chosen));
        let indices = chosen.indices(whole.layout().names()).unwrap();
        let places: Vec<usize> = indices.iter().flat_map(|&i| whole.layout().range(i)).collect();
        assert!(!places.is_empty() && places.len() < whole.dim() && places.len() == part.dim());
        for matrix in Part::ALL {
            let all = entries(&whole.operator(matrix));
            let block: Rows = places.iter().map(|&i| places.iter().map(|&j| all[i][j]).collect()).collect();
            assert_close(&entries(&part.operator(matrix)), &block, false, &format!("{} of {chosen} in {}", matrix.name(), row.0));
        }
        let (all, some) = (whole.gradient().unwrap().1, part.gradient().unwrap().1);
        let expected: Vec<f64> = places.iter().map(|&i| all[i]).collect();
        assert_close(&vec![some], &vec![expected], false, "gradient");
    }
}

/// One sampled label per example: unbiased, positive semi-definite, and the same however the data are cut.
#[test]
fn sampled_fisher_matrices_scatter_around_the_exact_one() {
    let cpu = Cpu::new(Some(1)).unwrap();
    let net = Net::new(NETS[0]);
    let weights = net.traced(BATCH).data[2];
    let fisher = |likelihood, seed| Fisher { labels: Labels::Sampled(likelihood, seed), weights };
    let (whole, parts) = (net.split(&cpu, BATCH, &Selection::all()), net.split(&cpu, 2, &Selection::all()));
    let mut rng = Rng::new(4);
    let mut v = vec![0.0; whole.dim()];
    rng.fill_normal(&mut v);
    let product = |split: &Split, matrix: Matrix| {
        let mut y = vec![0.0; v.len()];
        split.operator(matrix).apply(&v, &mut y).unwrap();
        y
    };
    for likelihood in [Likelihood::Categorical, Likelihood::Gaussian] {
        let once = product(&whole, fisher(likelihood, 7).into());
        assert_close(&vec![product(&parts, fisher(likelihood, 7).into())], &vec![once.clone()], false, "batches");
        assert_ne!(once, product(&whole, fisher(likelihood, 8).into()));
        let exact = dot(&v, &product(&whole, Fisher { labels: Labels::Expected(likelihood), weights }.into()));
        let draws: Vec<f64> = (0..200).map(|seed| dot(&v, &product(&whole, fisher(likelihood, seed).into()))).collect();
        assert!(draws.iter().all(|&d| d >= 0.0));
        let mean = draws.iter().sum::<f64>() / 200.0;
        let error = (draws.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / (199.0 * 200.0)).sqrt();
        assert!((mean - exact).abs() < 4.0 * error, "{mean} ± {error}, not {exact}");
        assert!(error < 0.15 * exact, "the test would accept anything");
    }
}

#[test]
fn examples_apart_give_diagonals_and_norms() {
    let cpu = Cpu::new(Some(1)).unwrap();
    for row in NETS.into_iter().filter(|n| !n.2) {
        let net = Net::new(row);
        let o = oracle(&net, &cpu);
        let one = net.traced(1);
        let weights = one.data[2];
        let mut examples = Examples::new(&cpu, one, weights, &net.params, net.batches(2)).unwrap();
        let labels = net.data[1].to_f64();
        let diagonal = |rows: &Rows| vec![(0..rows.len()).map(|i| rows[i][i]).collect::<Vec<f64>>()];
        let found = vec![examples.gauss_newton_diagonal(Curve::SoftmaxCrossEntropy).unwrap()];
        assert_close(&found, &diagonal(&o.gauss_newton()), false, row.0);
        let observed = o.fisher(|n, y| f64::from(u8::from(labels[n] == y as f64)));
        assert_close(&vec![examples.empirical_fisher_diagonal().unwrap()], &diagonal(&observed), false, row.0);
        let norm = |n: usize| {
            let r = |a: usize| o.p[n][a] - f64::from(u8::from(labels[n] == a as f64));
            let entry = |i: usize| (0..CLASSES).map(|a| r(a) * o.jacobian[n][a][i]).sum::<f64>();
            (0..o.dim()).map(|i| entry(i).powi(2)).sum::<f64>().sqrt()
        };
        let expected: Vec<f64> = (0..BATCH).filter(|&n| WEIGHTS[n] != 0.0).map(norm).collect();
        assert_close(&vec![examples.gradient_norms().unwrap()], &vec![expected], false, row.0);
    }
    let net = Net::new(NETS[0]);
    let whole = net.traced(BATCH);
    let weights = whole.data[2];
    let message = Examples::new(&cpu, whole, weights, &net.params, net.batches(BATCH)).err().unwrap().to_string();
    assert_eq!(
        message,
        "a model traced over one example is needed here, but its logits are f64[5,3]: trace it with a batch of 1"
    );
}

/// Other batches are nothing to a net in eval mode, and another loss to one whose normalisation looks at the batch.
#[test]
fn passes_that_differ_are_told() {
    let cpu = Cpu::new(Some(1)).unwrap();
    let all = Selection::all();
    for row in NETS {
        let net = Net::new(row);
        let agree = check_agreement(&net.split(&cpu, BATCH, &all), &net.split(&cpu, 2, &all), 3);
        if row.2 {
            let message = agree.unwrap_err().to_string();
            assert!(
                message.starts_with("the loss of two passes over the data differs by") && message.contains("batch"),
                "{message}"
            );
        } else {
            let a = agree.unwrap();
            assert!(a.loss < 1e-14 && a.gradient < 1e-14 && a.gauss_newton < 1e-13 && a.nme < 1e-13, "{a:?}");
        }
    }
    let (net, mut dropped) = (Net::new(NETS[0]), Net::new(NETS[0]));
    dropped.data[2] = Tensor::f64([BATCH], vec![0.3, 0.25, 0.0, 0.25, 0.0]);
    let told = check_agreement(&net.split(&cpu, BATCH, &all), &dropped.split(&cpu, BATCH, &all), 3);
    assert!(told.unwrap_err().to_string().starts_with("the loss of two passes"));
    let mut diverged = Net::new(NETS[0]);
    diverged.params[0] = Tensor::from_f64(&diverged.params[0].ty(), &[f64::NAN; 20]);
    let told = check_agreement(&diverged.split(&cpu, BATCH, &all), &net.split(&cpu, BATCH, &all), 3);
    assert!(told.unwrap_err().to_string().starts_with("the loss is NaN in batch 0"));
}

#[test]
fn a_misspelt_layer_is_no_empty_one() {
    let cpu = Cpu::new(Some(1)).unwrap();
    let net = Net::new(NETS[0]);
    let chosen: Selection = "7".parse().unwrap();
    let made = Split::restricted(&cpu, net.traced(2), &net.params, net.batches(2), SplitParams::default(), &chosen);
    assert!(made.err().unwrap().to_string().starts_with("`7` fits no parameter; the network has 0.weight, 0.bias, "));
}

/// Points of a plane are what a split made there says, and the way back is found.
#[test]
fn a_landscape_is_made_of_its_points() {
    let cpu = Cpu::new(Some(1)).unwrap();
    let net = Net::new(NETS[0]);
    let mut split = net.split(&cpu, 2, &Selection::all());
    let center = split.layout().flatten(&net.params);
    let before = (split.gradient().unwrap(), split.products(&center).unwrap());
    let axis = |seed| Axis { direction: wave(center.len(), seed), places: vec![-0.5, 0.0, 1.0] };
    let (x, y) = (axis(3), axis(4));
    let exact = landscape(&mut split, &center, &x, Some(&y), Norms::Exact, 0, |_| {}).unwrap();
    let sampled = landscape(&mut split, &center, &x, Some(&y), Norms::Probes(200), 0, |_| {}).unwrap();
    assert_eq!((split.gradient().unwrap(), split.products(&center).unwrap()), before);
    assert_eq!((exact.columns, exact.points.len()), (3, 9));
    for (i, (point, sample)) in exact.points.iter().zip(&sampled.points).enumerate() {
        let mut there = Net::new(NETS[0]);
        let theta: Vec<f64> =
            (0..center.len()).map(|j| center[j] + x.places[i % 3] * x.direction[j] + y.places[i / 3] * y.direction[j]).collect();
        there.params = split.layout().unflatten(&theta);
        let fresh = there.split(&cpu, 2, &Selection::all());
        assert_eq!(point.loss, fresh.gradient().unwrap().0);
        for (part, found, estimate) in
            [(Part::GaussNewton, point.gauss_newton, sample.gauss_newton), (Part::Nme, point.nme, sample.nme)]
        {
            let squares: f64 = entries(&fresh.operator(part)).iter().flatten().map(|v| v * v).sum();
            let (found, estimate) = (found.unwrap(), estimate.unwrap());
            assert!((found.value - squares.sqrt()).abs() <= 1e-12 * found.value && found.std_error == Some(0.0));
            assert!((estimate.value - found.value).abs() < 4.0 * estimate.std_error.unwrap(), "{estimate:?} for {found:?}");
        }
    }
    // Where the loss overflows there is a hole, no end.
    let far = Axis { direction: vec![1e300; center.len()], places: vec![0.0, 1e9] };
    let holes = landscape(&mut split, &center, &far, None, Norms::Probes(1), 0, |_| {}).unwrap();
    assert!(holes.points[0].loss.is_finite() && holes.points[1].loss.is_nan());
}

/// Differences of traces agree with the exact ones, and with shared draws are far sharper than two estimates apart.
#[test]
fn changes_are_told_by_shared_draws() {
    let cpu = Cpu::new(Some(1)).unwrap();
    let (a, mut b) = (Net::new(NETS[0]), Net::new(NETS[0]));
    let theta: Vec<Tensor> =
        a.params.iter().map(|p| Tensor::from_f64(&p.ty(), &p.to_f64().iter().map(|v| v * 1.01).collect::<Vec<_>>())).collect();
    b.params = theta;
    let (one, two) = (a.split(&cpu, 2, &Selection::all()), b.split(&cpu, 2, &Selection::all()));
    let trace = |s: &Split, part: Part| entries(&s.operator(part)).iter().enumerate().map(|(i, r)| r[i]).sum::<f64>();
    let exact = [Part::GaussNewton, Part::Nme].map(|p| trace(&two, p) - trace(&one, p));
    let traced = a.traced(2);
    let root = LossRoot { curve: Curve::SoftmaxCrossEntropy, weights: traced.data[2] };
    let (first, second) = (a.batches(2), b.batches(2));
    let points = [(&a, &first), (&b, &second)].map(|(n, batches)| StructuredPoint { params: &n.params, batches });
    let settings = StructuredParams { passes: 100, ..StructuredParams::default() };
    let structured = structured_change(&cpu, traced, &root, points[0], points[1], settings, |_| {}).unwrap().unwrap();
    let hutchinson = traces_change(&one, &two, 400, &mut Rng::new(1), |_| {}).unwrap();
    for t in [structured, hutchinson] {
        for (change, first, exact) in
            [(t.change.gauss_newton, t.first.gauss_newton, exact[0]), (t.change.nme, t.first.nme, exact[1])]
        {
            let (error, apart) = (change.std_error.unwrap(), first.std_error.unwrap() * 2_f64.sqrt());
            assert!((change.value - exact).abs() <= 4.0 * error + 1e-12, "{change} for {exact}");
            assert!(error <= 0.2 * apart, "{error} is no better than {apart}");
        }
    }
}
