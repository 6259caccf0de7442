//! Several devices: what they compute together is what one device computes, to rounding.

use dupin_cpu::Cpu;
use dupin_curvature::{
    Curve, Examples, Fisher, Labels, Likelihood, LossRoot, Part, Split, SplitParams, StructuredOutcome, StructuredParams,
    structured, traces,
};
use dupin_ir::contract::check_replicas;
use dupin_ir::{DType, Executor, Reference, Tensor};
use dupin_linop::{Rng, SymmetricOperator};
use dupin_nn::{Init, Loss, Network};
use dupin_train::{Error, State, TrainConfig, Trainer, sequential_batches, trace};

use super::devices;

fn largest(v: &[f64]) -> f64 {
    v.iter().fold(0.0, |m, x| m.max(x.abs()))
}

/// `found` within `tolerance` of the largest entry of `expected`.
#[track_caller]
fn close(found: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let difference = largest(&found.iter().zip(expected).map(|(f, e)| f - e).collect::<Vec<_>>());
    assert!(difference <= tolerance * largest(expected), "{what}: off by {difference} of {}", largest(expected));
}

#[test]
fn replicas_share_their_sums_and_nothing_else() {
    check_replicas(&Reference).unwrap();
    check_replicas(&Cpu::new(Some(1)).unwrap()).unwrap();
    // A plugin on processors may have fewer than 5 by itself.
    for replicas in [1, 2, 3, 5] {
        let Some(device) = devices(replicas) else { return };
        check_replicas(&device).unwrap();
    }
}

/// Digits in 7 batches, the last ragged: on 2 and on 3 replicas the last run has one batch, and others stand in.
const EXAMPLES: usize = 50;
const BATCH: usize = 8;

struct Measured {
    gradient: Vec<f64>,
    /// `G v`, `N v`, `H v` and `F v` of one vector and of a block.
    products: Vec<Vec<f64>>,
    hutchinson: Vec<f64>,
    /// Values and standard errors.
    structured: Vec<f64>,
    examples: Vec<f64>,
}

fn measure(executor: &dyn Executor, dtype: DType) -> Measured {
    let network = Network::parse("mlp:64-12-10", "gelu".parse().unwrap()).unwrap();
    let loss: Loss = "ce".parse().unwrap();
    let data = dupin_data::load("digits").unwrap().train.head(EXAMPLES).unwrap();
    let params = network.initialize("he_normal".parse::<Init>().unwrap(), 3, dtype);
    let batches = sequential_batches(&network, &data, BATCH, &[], dtype).unwrap();
    let traced = || trace(&network, &loss, BATCH, dtype, false).traced;
    let model = traced();
    let weights = model.data[2];
    let settings = SplitParams { block: 3, ..SplitParams::default() };
    let split = Split::new(executor, model, &params, batches.clone(), settings).unwrap();
    assert_eq!(split.batches(), 7);
    let (value, mut gradient) = split.gradient().unwrap();
    gradient.push(value);
    let mut products = Vec::new();
    let mut rng = Rng::new(1);
    for vectors in [1, 3] {
        let mut v = vec![0.0; vectors * split.dim()];
        rng.fill_signs(&mut v);
        let p = split.products(&v).unwrap();
        products.extend([p.hessian, p.gauss_newton, p.nme]);
        let fisher = Fisher { labels: Labels::Sampled(Likelihood::Categorical, 5), weights };
        for operator in [split.operator(Part::Hessian), split.operator(fisher)] {
            let mut y = vec![0.0; v.len()];
            operator.apply_many(&v, &mut y).unwrap();
            products.push(y);
        }
    }
    let t = traces(&split, 4, &mut Rng::new(2), |_| {}).unwrap();
    let hutchinson = [&t.hessian, &t.gauss_newton, &t.nme].map(|e| e.value).to_vec();

    let root = LossRoot { curve: Curve::SoftmaxCrossEntropy, weights };
    let of = |exact_gauss_newton| {
        let settings = StructuredParams { passes: 3, seed: 4, exact_gauss_newton };
        let outcome = structured(executor, traced(), &root, &params, &batches, settings, |_| {}).unwrap();
        let StructuredOutcome::Traces(t) = outcome else { panic!("{outcome:?}") };
        [&t.split.gauss_newton, &t.split.nme].map(|e| [e.value, e.std_error.unwrap()]).concat()
    };
    let structured = [of(false), of(true)].concat();

    let one = trace(&network, &loss, 1, dtype, false).traced;
    let weight = one.data[2];
    let mut examples = Examples::new(executor, one, weight, &params, batches).unwrap();
    let norms = examples.gradient_norms().unwrap();
    assert_eq!(norms.len(), EXAMPLES);
    let diagonal = examples.empirical_fisher_diagonal().unwrap();
    Measured { gradient, products, hutchinson, structured, examples: [norms, diagonal].concat() }
}

/// Every product, trace and per-example quantity, against the native executor on one device. Sums have some thousand terms: rounding is far
/// below the tolerances, a batch that is lost or counted twice far above.
#[test]
fn curvature_on_replicas_is_that_of_one_device() {
    let cpu = Cpu::new(Some(1)).unwrap();
    for (dtype, replicas, tolerance) in [(DType::F64, 3, 1e-11), (DType::F32, 2, 1e-5)] {
        let Some(device) = devices(replicas) else { return };
        let (found, expected) = (measure(&device, dtype), measure(&cpu, dtype));
        let what = |name: &str| format!("{name} in {dtype} on {replicas} replicas");
        close(&found.gradient, &expected.gradient, tolerance, &what("loss and gradient"));
        for (i, (f, e)) in found.products.iter().zip(&expected.products).enumerate() {
            close(f, e, tolerance, &what(&format!("product {i}")));
        }
        close(&found.hutchinson, &expected.hutchinson, tolerance, &what("traces"));
        close(&found.structured, &expected.structured, tolerance, &what("structured traces"));
        close(&found.examples, &expected.examples, tolerance, &what("examples"));
    }
}

fn config(model: &str, objective: &str, accumulate: usize) -> TrainConfig {
    TrainConfig {
        model: model.into(),
        data: "digits".into(),
        objective: objective.into(),
        dtype: "f64".into(),
        epochs: 2,
        batch: 20,
        accumulate,
        learning_rate: 0.05,
        average: 0.9,
        seed: 3,
        ..TrainConfig::default()
    }
}

/// State and metrics after two epochs of three steps, the last of 9 examples.
fn train(executor: &dyn Executor, config: &TrainConfig) -> (State, Vec<f64>) {
    let all = dupin_data::load("digits").unwrap();
    let data = dupin_data::Split { train: all.train.head(49).unwrap(), test: all.test.head(90).unwrap() };
    let mut trainer = Trainer::new(executor, config.clone(), &data).unwrap();
    let mut metrics = Vec::new();
    while !trainer.is_done() {
        let m = trainer.run_epoch(|_, _| {}).unwrap();
        metrics.extend([m.train_loss, m.gradient_norm, m.direction_norm, m.test_loss, m.test_accuracy, m.dead_units]);
    }
    (trainer.state().unwrap(), metrics)
}

fn flat(s: &State) -> Vec<f64> {
    let slots = s.slots.iter().flat_map(|s| &s.tensors);
    s.params.iter().chain(&s.buffers).chain(slots).flat_map(Tensor::to_f64).collect()
}

/// Whole runs on replicas against the native executor: parameters, running statistics, averages, momentum and metrics. Batches of 20 and 9 do
/// not divide by 3, nor do micro-batches of 7 by 2. With normalisation over the batch the statistics are those of all replicas, so that
/// it too is the run on one device. Six steps amplify rounding by less than 10⁴, as when a batch is cut into micro-batches.
#[test]
fn training_on_replicas_is_that_on_one_device() {
    let cpu = Cpu::new(Some(1)).unwrap();
    let normalised = "net:1x8x8,conv4k3s2,bn,act,flatten,fc10";
    for (replicas, model, objective, accumulate) in [
        (2, "mlp:64-12-10", "sam:rho=0.1", 3),
        (3, "mlp:64-12-10", "gn_trace:lambda=0.01+gp:lambda=0.1", 1),
        (3, "mlp:64-12-10", "sam:rho=0.1,m=7", 1),
        (2, "mlp:64-12-10", "weight_noise:sigma=0.05", 1),
        (3, normalised, "sam:rho=0.1", 1),
        (2, normalised, "hessian_trace:lambda=0.001", 3),
    ] {
        let Some(device) = devices(replicas) else { return };
        let config = config(model, objective, accumulate);
        let ((found, metrics), (expected, reference)) = (train(&device, &config), train(&cpu, &config));
        let what = format!("{objective} on {model}, {replicas} replicas, {accumulate} micro-batches");
        close(&flat(&found), &flat(&expected), 1e4 * f64::EPSILON, &what);
        close(&metrics, &reference, 1e4 * f64::EPSILON, &what);
        for tensors in [&found.params, &found.buffers] {
            assert!(tensors.iter().all(Tensor::is_finite), "{what}");
        }
    }
}

/// A step that diverges is told, and leaves the state before it: on one device and on several, whose steps give results the memory of
/// the state, with running statistics that micro-batches moved.
#[test]
fn a_run_that_diverges_is_explained_and_keeps_its_state() {
    let all = dupin_data::load("digits").unwrap();
    let data = dupin_data::Split { train: all.train.head(40).unwrap(), test: all.test.head(20).unwrap() };
    for (replicas, model, accumulate) in [(1, "mlp:64-12-10", 1), (2, "net:1x8x8,conv4k3s2,bn,act,flatten,fc10", 2)] {
        let Some(device) = devices(replicas) else { return };
        let config = TrainConfig { learning_rate: 1e200, ..config(model, "plain", accumulate) };
        let mut trainer = Trainer::new(&device, config, &data).unwrap();
        let (error, before) = loop {
            let before = trainer.state().unwrap();
            if let Err(e) = trainer.train_step() {
                break (e, before);
            }
        };
        assert!(matches!(&error, Error::Diverged { first, .. } if !first.is_empty()), "{error}");
        assert!(trainer.state().unwrap() == before, "{model}");
    }
}
