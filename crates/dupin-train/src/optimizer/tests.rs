//! Optimizers against trajectories of PyTorch in float64 (`scripts/oracle/optimizers.py`).

use dupin_ir::{Builder, DType, Executor, Reference, Tensor, TensorType, Value};
use dupin_nn::Network;
use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct Fixture {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    optimizer: String,
    clip_norm: Option<f64>,
    weight_decay: f64,
    decay: String,
    #[serde(default)]
    momentum: f64,
    #[serde(default)]
    nesterov: bool,
    params: Vec<Vec<f64>>,
}

/// The fixture's numbers: a weight `[2, 3]`, then a bias `[2]`.
fn given(seed: usize) -> Vec<Tensor> {
    let wave = |n: usize, seed: usize| (0..n).map(|i| ((i * 7919 + seed * 104_729 + 13) % 1009) as f64 / 504.5 - 1.0).collect();
    vec![Tensor::f64([2, 3], wave(6, seed)), Tensor::f64([2], wave(2, seed + 50))]
}

#[test]
fn optimizers_follow_the_trajectories_of_pytorch() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/oracle/optimizers.json");
    let fixture: Fixture = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let network = Network::parse("logistic:3-2", "gelu".parse().unwrap()).unwrap();
    assert_eq!(fixture.cases.len(), 12);
    for case in fixture.cases {
        let config = TrainConfig {
            optimizer: case.optimizer.clone(),
            clip_norm: case.clip_norm,
            weight_decay: case.weight_decay,
            decay: case.decay.clone(),
            momentum: case.momentum,
            nesterov: case.nesterov,
            ..TrainConfig::default()
        };
        let update = Update::new(&config).unwrap();
        let mut params = given(1);
        let mut slots: Vec<Tensor> =
            update.optimizer.slots().iter().flat_map(|_| params.iter().map(|p| Tensor::zeros(&p.ty()))).collect();
        for (step, expected) in case.params.iter().enumerate() {
            let mut b = Builder::new();
            let scalars = update.optimizer.scalars(step as u64);
            let numbers = [&[0.1 / (1 + step) as f64][..], &scalars].concat();
            let numbers: Vec<Tensor> = numbers.iter().map(|&v| Tensor::from_f64(&TensorType::scalar(DType::F64), &[v])).collect();
            let tensors = [numbers.clone(), params.clone(), slots.clone(), given(10 + step)].concat();
            let inputs: Vec<Value> = tensors.iter().map(|t| b.input("x", t.ty())).collect();
            let (rates, rest) = inputs.split_at(numbers.len());
            let (p, rest) = rest.split_at(2);
            let (s, direction) = rest.split_at(slots.len());
            let by_slot: Vec<Vec<Value>> = s.chunks(2).map(<[Value]>::to_vec).collect();
            let at = Inputs { learning_rate: rates[0], scalars: &rates[1..], slots: &by_slot };
            let (new, new_slots) = update.apply(&mut b, &network, &at, p, direction);
            let program = b.program(&inputs, &[new, new_slots.concat()].concat()).unwrap();
            params = Reference.evaluate(&program, &tensors).unwrap();
            slots = params.split_off(2);
            let found = params.iter().flat_map(Tensor::to_f64);
            for (found, expected) in found.zip(expected) {
                // A few roundings a step, of numbers around 1.
                assert!((found - expected).abs() < 1e-14, "{} at step {step}: {found}, not {expected}", case.optimizer);
            }
        }
    }
}

#[test]
fn wrong_optimizers_are_explained() {
    for (text, why) in [
        ("adam", "there is no optimizer `adam`; known are sgd, adamw, lion"),
        ("adamw:beta1=1", "`beta1` must be at least 0 and below 1"),
        ("lion:eps=1", "there is no option `eps` here"),
        ("sgd:decoupled=maybe", "`decoupled` must be yes or no"),
    ] {
        let message = parse(text, &TrainConfig::default()).err().map(|e| e.to_string());
        assert_eq!(message, Some(format!("`optimizer` cannot be `{text}`: {why}")));
    }
}
