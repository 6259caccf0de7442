//! Objectives that draw: what their draws are on average, and that runs repeat them.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod problem;

use dupin_curvature::{Split, SplitParams, dense};
use dupin_ir::{Buffer, DType, Executor, Program, Reference, Tensor};
use dupin_linop::{Dense, RunningMean, SymmetricOperator as _, vector::norm};
use dupin_train::{State, TrainConfig, Trainer, load_state, save_state};
use problem::{APART, BATCH, CLASSES, NETS, Problem, WEIGHTS, dot};

/// What `of` makes of the outputs of `program` at many keys, with the same parameters and data.
fn over_keys(p: &Problem, program: &Program, keys: u32, of: impl Fn(Vec<f64>) -> f64) -> Vec<f64> {
    let cpu = dupin_cpu::Cpu::new(Some(1)).unwrap();
    let executable = cpu.compile(program).unwrap();
    let mut inputs: Vec<Buffer> = p.inputs(&p.params).into_iter().map(|t| cpu.upload(t).unwrap()).collect();
    let sample = |i: u32| {
        let key = Tensor::u32([2], vec![i.wrapping_mul(0x9e37_79b9), 17 * i + 1]);
        *inputs.last_mut().unwrap() = cpu.upload(key).unwrap();
        let out = executable.run(&inputs.iter().collect::<Vec<_>>()).unwrap();
        of(out.iter().flat_map(|b| cpu.download(b).unwrap().to_f64()).collect())
    };
    (0..keys).map(sample).collect()
}

/// The mean lies within four of its own standard errors, and these are small enough for that to say something.
fn unbiased(samples: &[f64], exact: f64, precision: f64, what: &str) {
    let mut mean = RunningMean::default();
    for &s in samples {
        mean.push(s);
    }
    let estimate = mean.estimate("objective", samples.len());
    let error = estimate.std_error.unwrap();
    assert!((estimate.value - exact).abs() <= 4.0 * error, "{what}: {} ± {error}, not {exact}", estimate.value);
    assert!(error <= precision, "{what}: {} ± {error} tells nothing about {exact}", estimate.value);
}

fn trace(m: &Dense) -> f64 {
    (0..m.dim()).map(|i| m.entry(i, i)).sum()
}

#[test]
fn traces_are_unbiased() {
    for (spec, activation) in NETS {
        for loss in ["ce", "ce:0.2", "mse"] {
            let p = Problem { loss: loss.parse().unwrap(), ..Problem::new(spec, activation) };
            let split =
                Split::new(&Reference, p.trace().0.traced, &p.params, vec![p.data.clone()], SplitParams::default()).unwrap();
            let exact = dense(&split, 500).unwrap();
            let (h, g, n) = (trace(&exact.hessian), trace(&exact.gauss_newton), trace(&exact.nme));
            let check = |objective: &str, keys: u32, exact: f64, scale: f64| {
                let samples = over_keys(&p, &p.regularizer(objective).unwrap(), keys, |out| out[0]);
                unbiased(&samples, exact * scale, 0.2 * scale * (g + n.abs()), &format!("{objective} of {loss} on {spec}"));
            };
            check("gn_trace:lambda=1", 1000, g, 1.0);
            check("gn_trace:lambda=1,stop=no", 1000, g, 1.0);
            check("gn_trace:lambda=1,labels=none", 1000, g, 1.0);
            if loss == "ce" {
                check("hessian_trace:lambda=1", 2000, h, 1.0);
                check("hessian_trace:lambda=1,probes=2,distribution=rademacher", 1000, h, 1.0);
                check("nme_trace:lambda=1", 2000, n, 1.0);
                check("nme_trace:lambda=1,probes=2,distribution=rademacher", 1000, n, 1.0);
                // Half the variance of the noise times tr H, to an error of fourth order.
                check("weight_noise:sigma=1e-3,points=2", 2000, h, 0.5e-6);
                check("weight_noise:sigma=1e-3,points=2,layerwise=yes", 8000, h, 0.5e-6);
            }
        }
    }
}

/// Squares of single examples have the mean of the square of their sum, and less spread.
#[test]
fn squares_of_examples_are_unbiased_and_scatter_less() {
    for (spec, activation) in [APART[0], APART[2]] {
        let p = Problem::new(spec, activation);
        let split = Split::new(&Reference, p.trace().0.traced, &p.params, vec![p.data.clone()], SplitParams::default()).unwrap();
        let g = trace(&dense(&split, 500).unwrap().gauss_newton);
        for form in ["", ",labels=none", ",stop=no"] {
            let spread = |more: &str| {
                let objective = format!("gn_trace:lambda=1{form}{more}");
                let samples = over_keys(&p, &p.regularizer(&objective).unwrap(), 500, |out| out[0]);
                unbiased(&samples, g, 0.4 * g, &format!("{objective} on {spec}"));
                samples.iter().map(|s| (s - g) * (s - g)).sum::<f64>() / samples.len() as f64
            };
            let (joint, apart) = (spread(""), spread(",per_example=yes"));
            // Of 4 examples there are 6 products of two, which are noise, beside 4 squares.
            assert!(apart < 0.75 * joint, "{form} on {spec}: {apart} is not much less than {joint}");
        }
    }
}

/// Where examples see each other, or a layer is no product, squares of single examples are refused with the reason.
#[test]
fn squares_of_examples_say_what_they_do_not_serve() {
    for (model, why) in [("net:64,fc4,bn,act,fc10", "mixes the examples"), ("net:64,fc4,ln,act,fc10", "both depend on")] {
        let c = config(model, "gn_trace:lambda=0.1,per_example=yes", 20);
        let error = Trainer::new(&Reference, c, &digits(40)).map(drop).unwrap_err().to_string();
        assert!(error.contains(why) && error.contains("leave `per_example=yes` out"), "{error}");
    }
}

/// `tr JᵀAJ` with `A = Σ_n w_n (diag p_n - p_n p_nᵀ)` of logits `z`.
fn gauss_newton_trace(jacobian: &[Vec<f64>], z: &[f64]) -> f64 {
    let mut sum = 0.0;
    for (n, w) in WEIGHTS.iter().enumerate() {
        let row = n * CLASSES..(n + 1) * CLASSES;
        let (z, j) = (&z[row.clone()], &jacobian[row]);
        let total: f64 = z.iter().map(|z| z.exp()).sum();
        let probability: Vec<f64> = z.iter().map(|z| z.exp() / total).collect();
        for a in 0..CLASSES {
            for b in 0..CLASSES {
                let diagonal = if a == b { probability[a] } else { 0.0 };
                sum += w * (diagonal - probability[a] * probability[b]) * dot(&j[a], &j[b]);
            }
        }
    }
    sum
}

/// The two forms of the Gauss-Newton trace penalty are, on average, the gradients of two different functions: with the loss's curvature
/// held where it is, and not. Both are differentiated here numerically, from Jacobians row by row.
#[test]
fn the_loss_curvature_is_held_fixed_or_not_as_asked() {
    let h = f64::EPSILON.cbrt();
    for ((spec, activation), keys) in [(NETS[0], 1000), (NETS[1], 8000)] {
        let mut p = Problem::new(spec, activation);
        // At twice the weights the two differ more than their estimates scatter.
        p.params = p.moved(&p.flat(), 1.0);
        let length = norm(&p.flat());
        // Along the weights themselves: scaling them is what changes the loss's curvature most.
        let a: Vec<f64> = p.flat().iter().map(|w| w / length).collect();
        let (g, z) = (p.gradient_at(&p.params), p.logits_at(&p.params));
        assert_eq!(z.len(), BATCH * CLASSES);
        let slope = |held: bool| {
            let value = |t: f64| {
                let at = p.moved(&a, t);
                let z = if held { z.clone() } else { p.logits_at(&at) };
                gauss_newton_trace(&p.jacobian_at(&at), &z)
            };
            (value(h) - value(-h)) / (2.0 * h)
        };
        let (held, moving) = (slope(true), slope(false));
        for (objective, exact) in
            [("gn_trace:lambda=1", held), ("gn_trace:lambda=1,labels=none", held), ("gn_trace:lambda=1,stop=no", moving)]
        {
            let (program, _) = p.direction_program(objective);
            let samples = over_keys(&p, &program, keys, |d| dot(&d, &a) - dot(&g, &a));
            unbiased(&samples, exact, (held - moving).abs() / 8.0, &format!("{objective} on {spec}, {held} or {moving}"));
        }
    }
}

fn config(model: &str, objective: &str, batch: usize) -> TrainConfig {
    TrainConfig {
        model: model.into(),
        data: "digits".into(),
        objective: objective.into(),
        epochs: 2,
        batch,
        learning_rate: 0.1,
        dtype: "f64".into(),
        ..TrainConfig::default()
    }
}

fn digits(train: usize) -> dupin_data::Split {
    let all = dupin_data::load("digits").unwrap();
    dupin_data::Split { train: all.train.head(train).unwrap(), test: all.test.head(10).unwrap() }
}

fn train(executor: &dyn Executor, config: &TrainConfig, data: &dupin_data::Split, epochs: usize) -> State {
    let mut t = Trainer::new(executor, config.clone(), data).unwrap();
    while t.epoch() < epochs {
        t.run_epoch(|_, _| {}).unwrap();
    }
    t.state().unwrap()
}

/// One step over all data from equal parameters: running statistics are the same whatever the objective did beside, its direction is not.
#[test]
fn running_statistics_come_from_the_unperturbed_pass() {
    let data = digits(24);
    let run = |objective: &str| train(&Reference, &config("net:1x8x8,conv2k3s2,bn,act,flatten,fc10", objective, 24), &data, 1);
    let plain = run("plain");
    assert!(!plain.buffers.is_empty());
    for objective in [
        "sam:rho=0.5",
        "asam:rho=2",
        "functional_sam:rho=0.5",
        "gsam:rho=0.5,alpha=0.4",
        "psam:rho=0.5,fd=0.5",
        "weight_noise:sigma=0.5,points=2",
        "weight_noise:sigma=0.5,layerwise=yes",
        "hessian_trace:lambda=0.1+gn_trace:lambda=0.1",
    ] {
        let moved = run(objective);
        assert_eq!(moved.buffers, plain.buffers, "{objective}");
        assert_ne!(moved.params, plain.params, "{objective}");
    }
}

const DRAWN: &str = "weight_noise:sigma=0.05,points=2,layerwise=yes+hessian_trace:lambda=0.001+gn_trace:lambda=0.001";

#[test]
fn a_run_with_draws_repeats_itself_and_another_seed_draws_others() {
    let data = digits(60);
    let cpu = dupin_cpu::Cpu::new(Some(2)).unwrap();
    let c = config("mlp:64-8-10", DRAWN, 20);
    let state = train(&cpu, &c, &data, 2);
    assert!(train(&cpu, &c, &data, 2) == state);
    // One step over all data in one batch, from parameters that the test makes equal: what differs is the draws.
    let whole = TrainConfig { batch: 60, momentum: 0.0, ..c };
    let start = Trainer::new(&cpu, whole.clone(), &data).unwrap().state().unwrap();
    let step = |objective: &str, seed: u64, step: u64| {
        let c = TrainConfig { objective: objective.into(), seed, epochs: 3, schedule: "constant".into(), ..whole.clone() };
        let mut t = Trainer::new(&cpu, c, &data).unwrap();
        t.restore(State { step, ..start.clone() }).unwrap();
        t.run_epoch(|_, _| {}).unwrap();
        t.state().unwrap().params
    };
    let distance = |x: &[Tensor], y: &[Tensor]| {
        let pairs = x.iter().flat_map(Tensor::to_f64).zip(y.iter().flat_map(Tensor::to_f64));
        pairs.map(|(x, y)| (x - y).abs()).fold(0.0, f64::max)
    };
    // The order of examples differs as well, but to rounding alone.
    assert!(distance(&step("plain", 0, 0), &step("plain", 1, 0)) < 1e-12);
    assert!(distance(&step("plain", 0, 0), &step("plain", 0, 1)) < 1e-12);
    assert!(distance(&step(DRAWN, 0, 0), &step(DRAWN, 1, 0)) > 1e-6);
    assert!(distance(&step(DRAWN, 0, 0), &step(DRAWN, 0, 1)) > 1e-6);
}

#[test]
fn a_resumed_run_draws_what_the_unbroken_one_draws() {
    let data = digits(60);
    let cpu = dupin_cpu::Cpu::new(Some(1)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state.safetensors");
    let c = TrainConfig { dtype: DType::F32.name().into(), ..config("mlp:64-8-10", DRAWN, 20) };
    let unbroken = train(&cpu, &c, &data, 2);
    let mut first = Trainer::new(&cpu, c.clone(), &data).unwrap();
    first.run_epoch(|_, _| {}).unwrap();
    save_state(&state, first.network(), &c, &first.state().unwrap()).unwrap();
    let mut second = Trainer::new(&cpu, c.clone(), &data).unwrap();
    second.restore(load_state(&state, second.network(), &c).unwrap().state).unwrap();
    second.run_epoch(|_, _| {}).unwrap();
    assert!(second.state().unwrap() == unbroken);
}
