//! Small nets in f64 with everything about their loss that tests of objectives compare.

#![allow(dead_code, reason = "each test takes what it needs")]

use dupin_curvature::products::{self, Gradient};
use dupin_ir::transform::vjp;
use dupin_ir::{DType, Executor, Program, Reference, Tensor, TensorType, Value};
use dupin_linop::vector::norm;
use dupin_nn::{Init, Loss, Network};
use dupin_train::objective::{self, Context, Point};
use dupin_train::{TracedModel, trace};

pub(crate) const NETS: [(&str, &str); 4] = [
    ("mlp:6-5-3", "gelu"),
    ("net:2x4x4,conv3k3s2,bn,act,flatten,fc3", "tanh"),
    ("net:1x4x4,conv2k3,ln,act,res(conv2k3,act),maxpool2,flatten,fc3", "softplus:2"),
    ("vit:3,input=1x4x4,patch=2,dim=4,depth=1,heads=2,pool=mean", "gelu"),
];
/// Networks whose examples do not see each other, with weights that meet activations once: per-example squares are for them.
pub(crate) const APART: [(&str, &str); 3] = [
    ("mlp:6-5-3", "gelu"),
    ("net:2x4x4,conv3k3s2,act,flatten,fc3", "tanh"),
    ("net:1x4x4,conv2k3,act,res(conv2k3,act),maxpool2,flatten,fc3", "softplus:2"),
];
pub(crate) const BATCH: usize = 4;
pub(crate) const CLASSES: usize = 3;
pub(crate) const WEIGHTS: [f64; BATCH] = [0.4, 0.3, 0.2, 0.1];

pub(crate) struct Problem {
    pub(crate) network: Network,
    pub(crate) loss: Loss,
    pub(crate) params: Vec<Tensor>,
    pub(crate) data: Vec<Tensor>,
    pub(crate) key: [u32; 2],
}

/// A network with its loss, gradient and a key.
pub(crate) struct Graph {
    pub(crate) model: TracedModel,
    pub(crate) gradient: Gradient,
    pub(crate) key: Value,
}

impl Graph {
    /// `outputs` from parameters, data and key.
    pub(crate) fn program(&self, outputs: &[Value]) -> Program {
        let t = &self.model.traced;
        let inputs = [&t.params[..], &t.data, &[self.key]].concat();
        t.builder.program(&inputs, outputs).unwrap()
    }
}

impl Problem {
    pub(crate) fn new(spec: &str, activation: &str) -> Self {
        let network = Network::parse(spec, activation.parse().unwrap()).unwrap();
        let params = network.initialize("he_normal".parse::<Init>().unwrap(), 1, DType::F64);
        let shape = [&[BATCH], network.input_shape()].concat();
        let n: usize = shape.iter().product();
        let x = (0..n).map(|i| ((i * 7919 + 13) % 101) as f64 / 50.0 - 1.0).collect();
        let y = Tensor::i32([BATCH], vec![0, 2, 1, 2]);
        let w = Tensor::f64([BATCH], WEIGHTS.to_vec());
        let data = [vec![Tensor::f64(shape, x), y, w], network.initial_buffers(DType::F64)].concat();
        Self { network, loss: "ce".parse().unwrap(), params, data, key: [3, 5] }
    }

    pub(crate) fn trace(&self) -> (TracedModel, Gradient) {
        let mut m = trace(&self.network, &self.loss, BATCH, DType::F64, true);
        let t = &mut m.traced;
        let g = products::gradient(&mut t.builder, t.loss, t.logits, &t.params);
        (m, g)
    }

    pub(crate) fn graph(&self) -> Graph {
        let (mut model, gradient) = self.trace();
        let key = model.traced.builder.input("key", TensorType::new(DType::U32, [2]));
        Graph { model, gradient, key }
    }

    pub(crate) fn inputs(&self, params: &[Tensor]) -> Vec<Tensor> {
        [params, &self.data, &[Tensor::u32([2], self.key.to_vec())]].concat()
    }

    pub(crate) fn run(&self, program: &Program, params: &[Tensor]) -> Vec<f64> {
        Reference.evaluate(program, &self.inputs(params)).unwrap().iter().flat_map(Tensor::to_f64).collect()
    }

    /// The program of a direction, from parameters, data and key.
    pub(crate) fn direction_program(&self, spec: &str) -> (Program, Vec<Tensor>) {
        let mut g = self.graph();
        let t = &mut g.model.traced;
        let at = Point { loss: t.loss, logits: t.logits, params: &t.params, gradient: &g.gradient };
        let mut step = Context::new(&mut t.builder, &self.loss, t.data[2], g.key);
        let direction = objective::parse(spec).unwrap().step_direction(&mut t.builder, &at, &mut step).values;
        (g.program(&direction), self.inputs(&self.params))
    }

    pub(crate) fn direction(&self, spec: &str) -> Vec<f64> {
        self.run(&self.direction_program(spec).0, &self.params)
    }

    /// The program of a regularizer, if the objective has one.
    pub(crate) fn regularizer(&self, spec: &str) -> Option<Program> {
        let mut g = self.graph();
        let t = &mut g.model.traced;
        let at = Point { loss: t.loss, logits: t.logits, params: &t.params, gradient: &g.gradient };
        let mut step = Context::new(&mut t.builder, &self.loss, t.data[2], g.key);
        let value = objective::parse(spec).unwrap().regularizer(&mut t.builder, &at, &mut step)?;
        Some(g.program(&[value]))
    }

    pub(crate) fn regularizer_at(&self, spec: &str, params: &[Tensor]) -> f64 {
        self.run(&self.regularizer(spec).expect("the objective has a regularizer"), params)[0]
    }

    pub(crate) fn gradient_at(&self, params: &[Tensor]) -> Vec<f64> {
        let g = self.graph();
        self.run(&g.program(&g.gradient.params), params)
    }

    pub(crate) fn residual(&self) -> Vec<f64> {
        let g = self.graph();
        self.run(&g.program(&[g.gradient.residual]), &self.params)
    }

    pub(crate) fn loss_at(&self, params: &[Tensor]) -> f64 {
        let g = self.graph();
        self.run(&g.program(&[g.model.traced.loss]), params)[0]
    }

    pub(crate) fn logits_at(&self, params: &[Tensor]) -> Vec<f64> {
        let g = self.graph();
        self.run(&g.program(&[g.model.traced.logits]), params)
    }

    /// Rows of `∂z/∂θ`, one per example and output.
    pub(crate) fn jacobian_at(&self, params: &[Tensor]) -> Vec<Vec<f64>> {
        let mut g = self.graph();
        let t = &mut g.model.traced;
        let ty = t.builder.ty(t.logits).clone();
        (0..ty.len())
            .map(|i| {
                let t = &mut g.model.traced;
                let unit: Vec<f64> = (0..ty.len()).map(|j| f64::from(u8::from(i == j))).collect();
                let ct = t.builder.constant(&ty, &unit);
                let row = vjp(&mut t.builder, &[t.logits], &[Some(ct)], &t.params);
                let zeros: Vec<Value> = t.params.iter().map(|&p| t.builder.splat_like(p, 0.0)).collect();
                let row: Vec<Value> = row.into_iter().zip(zeros).map(|(r, z)| r.unwrap_or(z)).collect();
                self.run(&g.program(&row), params)
            })
            .collect()
    }

    pub(crate) fn flat(&self) -> Vec<f64> {
        self.params.iter().flat_map(Tensor::to_f64).collect()
    }

    /// A direction of length 1 that favours no parameter.
    pub(crate) fn along(&self) -> Vec<f64> {
        let n = self.flat().len();
        let v: Vec<f64> = (0..n).map(|i| ((i * 31 + 7) % 17) as f64 - 8.0).collect();
        let length = norm(&v);
        v.iter().map(|x| x / length).collect()
    }

    pub(crate) fn moved(&self, along: &[f64], step: f64) -> Vec<Tensor> {
        let mut along = along.iter();
        let shift = |p: &Tensor| {
            let values =
                p.to_f64().into_iter().map(|v| v + step * along.next().expect("one entry per parameter")).collect::<Vec<_>>();
            Tensor::from_f64(&p.ty(), &values)
        };
        self.params.iter().map(shift).collect()
    }
}

pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

pub(crate) fn close(a: &[f64], b: &[f64], tolerance: f64, what: &str) {
    assert_eq!(a.len(), b.len(), "{what}");
    let scale = b.iter().fold(1e-3, |m: f64, v| m.max(v.abs()));
    for (i, (x, y)) in a.iter().zip(b).enumerate() {
        assert!((x - y).abs() <= tolerance * scale, "{what}: entry {i} is {x}, not {y}");
    }
}
