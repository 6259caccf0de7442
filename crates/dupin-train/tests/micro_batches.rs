//! Batches in micro-batches: accumulation changes nothing, `m` changes what it says.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use dupin_cpu::Cpu;
use dupin_data::{BatchPlan, Dataset, LastBatch, Split};
use dupin_ir::Tensor;
use dupin_linop::vector::norm;
use dupin_train::{State, TrainConfig, Trainer};

const NETS: [&str; 2] = ["mlp:64-8-10", "net:1x8x8,conv3k3s2,ln,act,res(conv3k3,act),flatten,fc10"];

fn digits(train: usize) -> Split {
    let all = dupin_data::load("digits").unwrap();
    Split { train: all.train.head(train).unwrap(), test: all.test.head(10).unwrap() }
}

fn config(model: &str, objective: &str) -> TrainConfig {
    TrainConfig {
        model: model.into(),
        activation: "tanh".into(),
        data: "digits".into(),
        objective: objective.into(),
        epochs: 2,
        batch: 20,
        learning_rate: 0.05,
        dtype: "f64".into(),
        seed: 3,
        ..TrainConfig::default()
    }
}

fn run(c: &TrainConfig, data: &Split, steps: u64) -> State {
    let cpu = Cpu::new(Some(1)).unwrap();
    let mut t = Trainer::new(&cpu, c.clone(), data).unwrap();
    while t.step() < steps {
        t.train_step().unwrap();
    }
    t.state().unwrap()
}

fn flat(tensors: &[Tensor]) -> Vec<f64> {
    tensors.iter().flat_map(Tensor::to_f64).collect()
}

fn distance(x: &[f64], y: &[f64]) -> f64 {
    assert_eq!(x.len(), y.len());
    x.iter().zip(y).map(|(x, y)| (x - y).abs()).fold(0.0, f64::max)
}

/// Every objective, one batch of 20 against pieces of 7 (the last padded) and of 5, with a last batch of 9: weights, what optimizer and
/// objective keep, and metrics agree to rounding. Its amplification over six steps of these nets stays below 10⁴.
#[test]
fn accumulation_equals_the_whole_batch() {
    let data = digits(49);
    for objective in [
        "plain",
        "sam:rho=0.1",
        "sam:rho=0.1,normalized=no",
        "asam:rho=0.5",
        "functional_sam:rho=0.1",
        "gsam:rho=0.1,alpha=0.4",
        "looksam:rho=0.1,k=2",
        "psam:rho=0.1",
        "psam:rho=0.1,nme=drop",
        "psam:rho=0.1,nme=only,fd=0.05",
        "gp:lambda=0.1",
        "weight_noise:sigma=0.05,points=2,layerwise=yes",
        "hessian_trace:lambda=0.001,probes=2",
        "nme_trace:lambda=0.001",
        "gn_trace:lambda=0.001",
        "gn_trace:lambda=0.001,stop=no",
        "gn_trace:lambda=0.001,per_example=yes",
        "sam:rho=linear(0..0.1)+gp:lambda=cosine(0.1..0)+gn_trace:lambda=0.001",
    ] {
        for (i, model) in NETS.into_iter().enumerate() {
            // Squares of single examples are not for LayerNorm.
            let plain = model.replace(",ln", "");
            let model = if objective.contains("per_example") { plain.as_str() } else { model };
            let clip_norm = (i == 1).then_some(0.05);
            let c = TrainConfig { clip_norm, average: 0.9, weight_decay: 0.01, ..config(model, objective) };
            let whole = run(&c, &data, 6);
            for accumulate in [3, 4] {
                let pieces = run(&TrainConfig { accumulate, ..c.clone() }, &data, 6);
                let parts = |s: &State| s.slots.iter().flat_map(|s| flat(&s.tensors)).chain(flat(&s.params)).collect::<Vec<_>>();
                let error = distance(&parts(&pieces), &parts(&whole));
                assert!(error < 1e4 * f64::EPSILON, "{objective} on {model} in {accumulate} pieces: {error}");
                let error = distance(&pieces.epoch.sums, &whole.epoch.sums);
                assert!(error < 1e4 * f64::EPSILON, "{objective} on {model} in {accumulate} pieces: metrics {error}");
            }
        }
    }
}

/// One step of size 1 without momentum: what the parameters moved by is the direction.
fn direction(objective: &str, data: &Dataset, batch: usize) -> Vec<f64> {
    let split = Split { train: data.clone(), test: data.clone() };
    let c = TrainConfig { momentum: 0.0, learning_rate: 1.0, schedule: "constant".into(), batch, ..config(NETS[1], objective) };
    let (before, after) = (run(&c, &split, 0), run(&c, &split, 1));
    flat(&before.params).iter().zip(flat(&after.params)).map(|(b, a)| b - a).collect()
}

/// The definition: the mean over micro-batches of the direction that each would have alone.
#[test]
fn m_sharpness_is_the_mean_of_the_directions_of_micro_batches() {
    let data = digits(18).train;
    // The order in which a run with seed 3 sees the examples.
    let order = BatchPlan::shuffled(18, 18, 3, LastBatch::Keep).unwrap().epoch(0).batch(&data, 0).unwrap().indices;
    for (whole, pieces) in [
        ("sam:rho=0.3", "sam:rho=0.3,m=6"),
        ("sam:rho=0.3,normalized=no", "sam:rho=0.3,normalized=no,m=6"),
        ("asam:rho=0.5", "asam:rho=0.5,m=6"),
    ] {
        let mut mean = vec![0.0; direction(whole, &data, 18).len()];
        for group in order.chunks(6) {
            let of_group = direction(whole, &data.select(group).unwrap(), 6);
            mean.iter_mut().zip(of_group).for_each(|(m, d)| *m += d / 3.0);
        }
        let grouped = direction(pieces, &data, 18);
        assert!(distance(&grouped, &mean) < 1e-13, "{pieces}: {}", distance(&grouped, &mean));
        let all = direction(whole, &data, 18);
        assert!(distance(&grouped, &all) > 1e-3 * norm(&all), "{pieces} does nothing");
        let one = direction(&pieces.replace("m=6", "m=18"), &data, 18);
        assert!(distance(&one, &all) < 1e-13, "{pieces}: m equal to the batch is not `{whole}`");
    }
}

/// Noise is the step's or, with `m`, each micro-batch's own; that of one micro-batch is the step's.
#[test]
fn noise_is_fresh_for_every_micro_batch_that_asks() {
    let data = digits(18).train;
    let whole = direction("weight_noise:sigma=0.3", &data, 18);
    let one = direction("weight_noise:sigma=0.3,m=18", &data, 18);
    assert!(distance(&whole, &one) < 1e-13);
    let order = BatchPlan::shuffled(18, 18, 3, LastBatch::Keep).unwrap().epoch(0).batch(&data, 0).unwrap().indices;
    let alone: Vec<Vec<f64>> =
        order.chunks(6).map(|g| direction("weight_noise:sigma=0.3", &data.select(g).unwrap(), 6)).collect();
    let mean: Vec<f64> = (0..whole.len()).map(|i| alone.iter().map(|d| d[i]).sum::<f64>() / 3.0).collect();
    // Alone, each group has the noise of the first: their mean is the whole batch with that noise.
    assert!(distance(&mean, &whole) < 1e-13);
    let own = direction("weight_noise:sigma=0.3,m=6", &data, 18);
    assert!(distance(&own, &whole) > 1e-3 * norm(&whole));
}

#[test]
fn pieces_take_less_memory_and_no_less_work() {
    let data = digits(60);
    let cpu = Cpu::new(Some(1)).unwrap();
    let c = TrainConfig { batch: 60, ..config("net:1x8x8,conv8k3,act,conv8k3,act,flatten,fc10", "sam:rho=0.1") };
    let whole = Trainer::new(&cpu, c.clone(), &data).unwrap();
    let pieces = Trainer::new(&cpu, TrainConfig { accumulate: 6, ..c }, &data).unwrap();
    assert_eq!((pieces.program().micro_batches(), pieces.program().micro_batch()), (6, 10));
    let (w, p) = (whole.memory(), pieces.memory());
    assert!(3 * p.step < w.step && p.total() < w.total(), "{p:?} against {w:?}");
    // SAM is linear in the examples but for the norm: nothing runs twice.
    assert_eq!(whole.program().flop().contraction, pieces.program().flop().contraction);
}

#[test]
fn groups_and_pieces_that_do_not_go_together_are_explained() {
    let cpu = Cpu::new(Some(1)).unwrap();
    let data = digits(49);
    let message = |accumulate, objective: &str| {
        let c = TrainConfig { accumulate, ..config(NETS[0], objective) };
        Trainer::new(&cpu, c, &data).err().unwrap().to_string()
    };
    assert_eq!(
        message(3, "sam:rho=1,m=5"),
        "`accumulate` cannot be `3`: `m=5` of the objective cuts a batch of 20 into 4: leave it out"
    );
    assert_eq!(message(21, "plain"), "`accumulate` cannot be `21`: a batch of 20 has no more pieces than examples");
}
