//! What a step keeps and schedules: LookSAM's memory, strengths over the run, averages, learning rates.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use dupin_cpu::Cpu;
use dupin_data::Split;
use dupin_ir::Tensor;
use dupin_linop::vector::{dot, norm};
use dupin_train::{Error, State, TrainConfig, Trainer};

fn digits() -> Split {
    let all = dupin_data::load("digits").unwrap();
    Split { train: all.train.head(40).unwrap(), test: all.test.head(20).unwrap() }
}

/// Steps of size 1 along the direction itself.
fn config(objective: &str) -> TrainConfig {
    TrainConfig {
        model: "mlp:64-6-10".into(),
        data: "digits".into(),
        objective: objective.into(),
        epochs: 2,
        batch: 8,
        learning_rate: 1.0,
        momentum: 0.0,
        schedule: "constant".into(),
        dtype: "f64".into(),
        ..TrainConfig::default()
    }
}

fn flat(tensors: &[Tensor]) -> Vec<f64> {
    tensors.iter().flat_map(Tensor::to_f64).collect()
}

fn minus(x: &[f64], y: &[f64]) -> Vec<f64> {
    x.iter().zip(y).map(|(x, y)| x - y).collect()
}

/// States before the first step, after it, and so on.
fn states(c: &TrainConfig, steps: u64) -> Vec<State> {
    let (cpu, data) = (Cpu::new(Some(1)).unwrap(), digits());
    let mut t = Trainer::new(&cpu, c.clone(), &data).unwrap();
    let mut out = vec![t.state().unwrap()];
    for _ in 0..steps {
        t.train_step().unwrap();
        out.push(t.state().unwrap());
    }
    out
}

/// The direction of `objective` at the place and parameters of `state`.
fn direction(objective: &str, state: &State) -> Vec<f64> {
    let (cpu, data) = (Cpu::new(Some(1)).unwrap(), digits());
    let mut t = Trainer::new(&cpu, config(objective), &data).unwrap();
    let start = t.state().unwrap();
    t.restore(State { step: state.step, params: state.params.clone(), ..start }).unwrap();
    t.train_step().unwrap();
    minus(&flat(&state.params), &flat(&t.state().unwrap().params))
}

/// At every third step SAM's direction, in between `g + α ‖g‖/‖v‖ v` with the `v` of the last such step: not SAM, and not the plain gradient.
#[test]
fn looksam_remembers_the_orthogonal_part_between_its_second_gradients() {
    let states = states(&config("looksam:rho=0.2,k=3,alpha=0.7"), 7);
    let mut v = Vec::new();
    for (step, pair) in states.windows(2).enumerate() {
        let moved = minus(&flat(&pair[0].params), &flat(&pair[1].params));
        let g = direction("plain", &pair[0]);
        let expected = if step % 3 == 0 {
            let s = direction("sam:rho=0.2", &pair[0]);
            let along = dot(&s, &g) / dot(&g, &g);
            v = s.iter().zip(&g).map(|(s, g)| s - along * g).collect();
            s
        } else {
            let factor = 0.7 * norm(&g) / norm(&v);
            g.iter().zip(&v).map(|(g, v)| g + factor * v).collect::<Vec<f64>>()
        };
        let error = norm(&minus(&moved, &expected));
        // Norms are divided by with 1e-12 added to them, twice in making v (by ‖g‖) and once in using it (by ‖v‖); 2 for rounding.
        let tolerance = 2e-12 * (1.0 + 3.0 * norm(&g) / norm(&v));
        assert!(error < tolerance, "step {step}: {error} above {tolerance}");
        assert!(norm(&minus(&moved, &g)) > 1e-2 * norm(&g), "step {step} is a plain one");
        assert_eq!(flat(pair[1].slot("objective0").unwrap()).len(), v.len());
    }
    // With a second gradient at every step it is SAM.
    let first = &states[0];
    assert!(norm(&minus(&direction("looksam:rho=0.2,k=1", first), &direction("sam:rho=0.2", first))) < 1e-14);
}

/// At each step the direction is that of the strength the schedule gives there.
#[test]
fn strengths_follow_their_schedules() {
    for (scheduled, at) in [
        ("sam:rho=linear(0..0.4)", (|t| format!("sam:rho={}", 0.4 * t)) as fn(f64) -> String),
        ("psam:rho=cosine(0.3..0.1)", |t| format!("psam:rho={}", 0.3 - 0.2 * 0.5 * (1.0 - (std::f64::consts::PI * t).cos()))),
        ("hessian_trace:lambda=linear(0..0.01)@0.2..0.5", |t| {
            format!("hessian_trace:lambda={}", 0.01 * ((t - 0.2) / 0.3).clamp(0.0, 1.0))
        }),
        ("gp:lambda=linear(0..0.1)@0.3..0.3+sam:rho=0.1", |t| {
            format!("gp:lambda={}+sam:rho=0.1", if t >= 0.3 { 0.1 } else { 0.0 })
        }),
    ] {
        // Ten steps in all: progress is a tenth for each.
        for (step, pair) in states(&config(scheduled), 7).windows(2).enumerate() {
            let moved = minus(&flat(&pair[0].params), &flat(&pair[1].params));
            let constant = at(step as f64 / 10.0);
            let expected = direction(&constant, &pair[0]);
            let error = norm(&minus(&moved, &expected));
            assert!(error < 1e-12 * norm(&expected), "{scheduled} at step {step} is not {constant}: {error}");
        }
    }
}

#[test]
fn averages_are_those_of_their_formula() {
    let c = TrainConfig { average: 0.3, learning_rate: 0.1, ..config("plain") };
    let states = states(&c, 8);
    let mut average = flat(&states[0].params);
    assert_eq!(flat(states[0].slot("average").unwrap()), average);
    for (step, state) in states[1..].iter().enumerate() {
        let keep = 0.3f64.min((1.0 + step as f64) / (10.0 + step as f64));
        average = average.iter().zip(flat(&state.params)).map(|(a, p)| keep * a + (1.0 - keep) * p).collect();
        assert!(norm(&minus(&flat(state.slot("average").unwrap()), &average)) < 1e-13);
    }
    let (cpu, data) = (Cpu::new(Some(1)).unwrap(), digits());
    let mut t = Trainer::new(&cpu, c, &data).unwrap();
    let m = t.run_epoch(|_, _| {}).unwrap();
    assert!(m.average_test_loss.unwrap().is_finite() && m.average_test_loss != Some(m.test_loss));
}

#[test]
fn a_run_resumed_in_the_midst_of_an_epoch_equals_an_unbroken_one() {
    let (cpu, data) = (Cpu::new(Some(2)).unwrap(), digits());
    let c = TrainConfig {
        average: 0.9,
        optimizer: "adamw".into(),
        learning_rate: 0.01,
        ..config("looksam:rho=0.1,k=3+gn_trace:lambda=0.01")
    };
    let mut unbroken = Trainer::new(&cpu, c.clone(), &data).unwrap();
    let metrics = unbroken.run_epoch(|_, _| {}).unwrap();
    let mut first = Trainer::new(&cpu, c.clone(), &data).unwrap();
    for _ in 0..2 {
        first.train_step().unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.safetensors");
    dupin_train::save_state(&path, first.network(), &c, &first.state().unwrap()).unwrap();
    let mut second = Trainer::new(&cpu, c.clone(), &data).unwrap();
    second.restore(dupin_train::load_state(&path, second.network(), &c).unwrap().state).unwrap();
    assert_eq!(second.step(), 2);
    assert_eq!(second.run_epoch(|_, _| {}).unwrap(), metrics);
    assert!(second.state().unwrap() == unbroken.state().unwrap());
}

#[test]
fn divergence_names_what_is_first_not_finite() {
    let (cpu, data) = (Cpu::new(Some(1)).unwrap(), digits());
    let run = |learning_rate: f64| {
        let c = TrainConfig { learning_rate, dtype: "f32".into(), ..config("plain") };
        let mut t = Trainer::new(&cpu, c, &data).unwrap();
        loop {
            match t.train_step() {
                Ok(_) => assert!(t.step() < 9, "it never diverged"),
                Err(Error::Diverged { first, steps, .. }) => return (first, steps, t.step()),
                Err(e) => panic!("{e}"),
            }
        }
    };
    // Parameters of 1e30 overflow in the first product of two of them, those of 1e39 have overflowed themselves.
    let (first, steps, step) = run(1e30);
    assert_eq!(steps, step);
    assert!(first.starts_with("the logits") || first.starts_with("the input of activation"), "{first}");
    let (first, _, _) = run(1e39);
    assert!(first.starts_with("the parameter `0.weight`"), "{first}");
}

/// Augmentation is a part of the run: it changes what is trained on, and a resumed run sees the same.
#[test]
fn augmented_runs_resume_to_the_same_bits() {
    let (cpu, data) = (Cpu::new(Some(2)).unwrap(), digits());
    let c = |augment: &str| TrainConfig { augment: augment.into(), learning_rate: 0.1, ..config("plain") };
    let run = |augment: &str, broken: bool| {
        let mut t = Trainer::new(&cpu, c(augment), &data).unwrap();
        for step in 0..7 {
            if broken && step == 3 {
                let state = t.state().unwrap();
                t = Trainer::new(&cpu, c(augment), &data).unwrap();
                t.restore(state).unwrap();
            }
            t.train_step().unwrap();
        }
        t.state().unwrap()
    };
    let changed = run("crop:pad=1+flip+mixup:alpha=0.5", false);
    assert!(run("crop:pad=1+flip+mixup:alpha=0.5", true) == changed);
    assert!(run("none", false).params != changed.params);
}
