//! Directions of the objectives against their definitions, in f64.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use dupin_curvature::products::{self, Gradient};
use dupin_curvature::{Part, Split, SplitParams};
use dupin_ir::{DType, Executor, Program, Reference, Tensor, Value};
use dupin_linop::{SymmetricOperator, vector::norm};
use dupin_nn::{Init, Loss, Network};
use dupin_train::objective::{self, Point};
use dupin_train::{TracedModel, trace};

const NETS: [(&str, &str); 3] = [
    ("mlp:6-5-3", "gelu"),
    ("net:2x4x4,conv3k3s2,bn,act,flatten,fc3", "tanh"),
    ("net:1x4x4,conv2k3,ln,act,res(conv2k3,act),maxpool2,flatten,fc3", "softplus:2"),
];
const BATCH: usize = 4;

struct Problem {
    network: Network,
    params: Vec<Tensor>,
    data: Vec<Tensor>,
}

impl Problem {
    fn new(spec: &str, activation: &str) -> Self {
        let network = Network::parse(spec, activation.parse().unwrap()).unwrap();
        let params = network.initialize("he_normal".parse::<Init>().unwrap(), 1, DType::F64);
        let shape = [&[BATCH], network.input_shape()].concat();
        let n: usize = shape.iter().product();
        let x = (0..n).map(|i| ((i * 7919 + 13) % 101) as f64 / 50.0 - 1.0).collect();
        let y = Tensor::i32([BATCH], vec![0, 2, 1, 2]);
        let w = Tensor::f64([BATCH], vec![0.4, 0.3, 0.2, 0.1]);
        let data = [vec![Tensor::f64(shape, x), y, w], network.initial_buffers(DType::F64)].concat();
        Self { network, params, data }
    }

    fn trace(&self) -> (TracedModel, Gradient) {
        let loss: Loss = "ce".parse().unwrap();
        let mut m = trace(&self.network, &loss, BATCH, DType::F64, true);
        let t = &mut m.traced;
        let g = products::gradient(&mut t.builder, t.loss, t.logits, &t.params);
        (m, g)
    }

    fn program(m: &TracedModel, outputs: &[Value]) -> Program {
        let inputs = [m.traced.params.clone(), m.traced.data.clone()].concat();
        m.traced.builder.program(&inputs, outputs).unwrap()
    }

    fn run(&self, program: &Program, params: &[Tensor]) -> Vec<f64> {
        let inputs = [params.to_vec(), self.data.clone()].concat();
        Reference.evaluate(program, &inputs).unwrap().iter().flat_map(Tensor::to_f64).collect()
    }

    fn direction(&self, spec: &str) -> Vec<f64> {
        let (mut m, g) = self.trace();
        let t = &mut m.traced;
        let objective = objective::parse(spec).unwrap();
        let at = Point { loss: t.loss, logits: t.logits, params: &t.params, gradient: &g };
        let direction = objective.direction(&mut t.builder, &at);
        self.run(&Self::program(&m, &direction), &self.params)
    }

    fn gradient_at(&self, params: &[Tensor]) -> Vec<f64> {
        let (m, g) = self.trace();
        self.run(&Self::program(&m, &g.params), params)
    }

    fn loss_at(&self, params: &[Tensor]) -> f64 {
        let (m, _) = self.trace();
        self.run(&Self::program(&m, &[m.traced.loss]), params)[0]
    }

    fn moved(&self, along: &[f64], step: f64) -> Vec<Tensor> {
        let mut along = along.iter();
        let shift = |p: &Tensor| {
            let values =
                p.to_f64().into_iter().map(|v| v + step * along.next().expect("one entry per parameter")).collect::<Vec<_>>();
            Tensor::from_f64(&p.ty(), &values)
        };
        self.params.iter().map(shift).collect()
    }
}

fn close(a: &[f64], b: &[f64], tolerance: f64, what: &str) {
    assert_eq!(a.len(), b.len(), "{what}");
    let scale = b.iter().fold(1e-3, |m: f64, v| m.max(v.abs()));
    for (i, (x, y)) in a.iter().zip(b).enumerate() {
        assert!((x - y).abs() <= tolerance * scale, "{what}: entry {i} is {x}, not {y}");
    }
}

#[test]
fn sam_is_the_gradient_at_the_perturbed_point() {
    for (spec, activation) in NETS {
        let p = Problem::new(spec, activation);
        let g = p.gradient_at(&p.params);
        let expected = p.gradient_at(&p.moved(&g, 0.3 / norm(&g)));
        // Two ways to one expression: rounding alone, some hundred operations deep.
        close(&p.direction("sam:rho=0.3"), &expected, 1e-11, spec);
        close(&p.direction("sam:rho=0"), &g, 1e-12, spec);
    }
}

/// The direction of `psam` is the gradient of L + ρ‖∇L‖: along a direction, its central difference in f64.
#[test]
fn the_gradient_penalty_is_the_gradient_of_its_value() {
    let (rho, h) = (0.7, f64::EPSILON.cbrt());
    for (spec, activation) in NETS {
        let p = Problem::new(spec, activation);
        let direction = p.direction(&format!("psam:rho={rho}"));
        let mut along: Vec<f64> = (0..direction.len()).map(|i| ((i * 31 + 7) % 17) as f64 - 8.0).collect();
        let length = norm(&along);
        along.iter_mut().for_each(|v| *v /= length);
        let value = |step: f64| {
            let at = p.moved(&along, step);
            p.loss_at(&at) + rho * norm(&p.gradient_at(&at))
        };
        let numeric = (value(h) - value(-h)) / (2.0 * h);
        let exact: f64 = direction.iter().zip(&along).map(|(d, a)| d * a).sum();
        // Truncation and rounding balance at h = ε^(1/3); unit direction, third derivatives of order 100 at most.
        assert!((numeric - exact).abs() <= 64.0 * h * h * (1.0 + exact.abs()), "{spec}: {exact} against {numeric}");
    }
}

#[test]
fn dropping_the_nme_leaves_the_gauss_newton_part_and_they_add_up() {
    for (spec, activation) in NETS {
        let p = Problem::new(spec, activation);
        let (m, _) = p.trace();
        let split =
            Split::new(&Reference, m.traced, &p.params, vec![p.data.clone()], SplitParams { block: 1, ..Default::default() })
                .unwrap();
        let g = p.gradient_at(&p.params);
        let unit: Vec<f64> = g.iter().map(|v| v / norm(&g)).collect();
        for (word, part) in [("keep", Part::Hessian), ("drop", Part::GaussNewton), ("only", Part::Nme)] {
            let mut product = vec![0.0; g.len()];
            split.operator(part).apply(&unit, &mut product).unwrap();
            let expected: Vec<f64> = g.iter().zip(&product).map(|(g, a)| g + 0.5 * a).collect();
            close(&p.direction(&format!("psam:rho=0.5,nme={word}")), &expected, 1e-11, spec);
        }
    }
}

/// Costs of the `cnn` workload in forward passes, counted in the programs that would be compiled.
#[test]
fn steps_and_products_cost_what_they_should() {
    let network = Network::parse("cnn", "gelu".parse().unwrap()).unwrap();
    let loss: Loss = "ce".parse().unwrap();
    let build = || {
        let mut m = trace(&network, &loss, 8, DType::F32, false);
        let t = &mut m.traced;
        let g = products::gradient(&mut t.builder, t.loss, t.logits, &t.params);
        (m, g)
    };
    let cost = |m: &TracedModel, outputs: &[Value]| {
        let inputs = [m.traced.params.clone(), m.traced.data.clone()].concat();
        m.traced.builder.program(&inputs, outputs).unwrap().flop().contraction as f64
    };
    let (m, g) = build();
    let forward = cost(&m, &[m.traced.loss]);
    let gradient = cost(&m, &g.params) / forward;
    assert!(gradient > 2.5 && gradient <= 3.0, "gradient: {gradient} F");
    for (spec, limit) in
        [("sam:rho=0.1", 6.1), ("psam:rho=0.1", 9.2), ("psam:rho=0.1,nme=drop", 7.1), ("psam:rho=0.1,nme=only", 9.2)]
    {
        let (mut m, g) = build();
        let t = &mut m.traced;
        let at = Point { loss: t.loss, logits: t.logits, params: &t.params, gradient: &g };
        let d = objective::parse(spec).unwrap().direction(&mut t.builder, &at);
        let c = cost(&m, &d) / forward;
        assert!(c <= limit && c > 0.9 * limit - 0.5, "{spec}: {c} F");
    }
    let (mut m, g) = build();
    let v = products::vector_inputs(&mut m.traced, "v");
    let t = &mut m.traced;
    let s = products::split(&mut t.builder, &g, t.logits, &t.params, &v);
    let inputs = [t.params.clone(), t.data.clone(), v].concat();
    let program = t.builder.program(&inputs, &[s.gauss_newton, s.nme].concat()).unwrap();
    let c = program.flop().contraction as f64 / forward;
    assert!(c <= 11.5 && c > 9.0, "split: {c} F");
}
