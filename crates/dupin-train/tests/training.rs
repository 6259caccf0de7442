//! Runs: they learn, repeat, resume and stop as they should.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use dupin_data::Split;
use dupin_ir::Executor;
use dupin_train::{Error, TrainConfig, Trainer, load_network, load_state, save_model, save_state};

fn config(model: &str, objective: &str) -> TrainConfig {
    TrainConfig {
        model: model.into(),
        data: "digits".into(),
        objective: objective.into(),
        epochs: 3,
        batch: 60,
        learning_rate: 0.1,
        seed: 5,
        ..TrainConfig::default()
    }
}

fn digits() -> Split {
    let all = dupin_data::load("digits").unwrap();
    Split { train: all.train.head(250).unwrap(), test: all.test.head(90).unwrap() }
}

fn train(executor: &dyn Executor, config: &TrainConfig, data: &Split) -> (dupin_train::State, f64) {
    let mut t = Trainer::new(executor, config.clone(), data).unwrap();
    let mut accuracy = 0.0;
    while t.epoch() < config.epochs {
        accuracy = t.run_epoch(|_, _| {}).unwrap().train_accuracy;
    }
    (t.state().unwrap(), accuracy)
}

const BN_NET: &str = "net:1x8x8,conv6k3s2,bn,act,flatten,fc10";

#[test]
fn a_run_learns_repeats_itself_and_does_not_depend_on_threads() {
    let data = digits();
    let one = dupin_cpu::Cpu::new(Some(1)).unwrap();
    let two = dupin_cpu::Cpu::new(Some(2)).unwrap();
    for (model, objective) in [("mlp:64-24-10", "psam:rho=0.1"), (BN_NET, "sam:rho=0.05")] {
        let c = config(model, objective);
        let (state, accuracy) = train(&one, &c, &data);
        assert!(accuracy > 0.4, "{model} with {objective} reaches {accuracy}");
        assert!(train(&two, &c, &data).0 == state, "{model} with {objective}");
        assert!(train(&one, &TrainConfig { seed: 6, ..c }, &data).0 != state);
    }
}

#[test]
fn a_resumed_run_equals_an_unbroken_one() {
    let data = digits();
    let cpu = dupin_cpu::Cpu::new(Some(2)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (model, state) = (folder.path().join("model.safetensors"), folder.path().join("state.safetensors"));
    let c = config(BN_NET, "psam:rho=0.1,nme=drop");
    let (unbroken, _) = train(&cpu, &c, &data);
    let mut first = Trainer::new(&cpu, c.clone(), &data).unwrap();
    first.run_epoch(|_, _| {}).unwrap();
    save_model(&model, first.network(), &c, &first.state().unwrap(), 1).unwrap();
    save_state(&state, first.network(), &c, &first.state().unwrap()).unwrap();
    let mut second = Trainer::new(&cpu, c.clone(), &data).unwrap();
    let saved = load_state(&state, second.network(), &c).unwrap().state;
    assert!(saved == first.state().unwrap());
    second.restore(saved).unwrap();
    while second.epoch() < c.epochs {
        second.run_epoch(|_, _| {}).unwrap();
    }
    assert!(second.state().unwrap() == unbroken);
    // The model file alone names its network.
    let saved = load_network(&model, None, None, dupin_ir::DType::F32).unwrap();
    assert_eq!((saved.network.spec(), saved.loss.as_deref()), (BN_NET, Some("ce")));
    let at_one = first.state().unwrap();
    assert_eq!((saved.params, saved.buffers), (at_one.params, at_one.buffers));
}

#[test]
fn divergence_keeps_the_state_before_the_epoch() {
    let data = digits();
    let cpu = dupin_cpu::Cpu::new(Some(1)).unwrap();
    let c = TrainConfig { learning_rate: 1e30, ..config("mlp:64-24-10", "plain") };
    let mut t = Trainer::new(&cpu, c, &data).unwrap();
    let before = t.state().unwrap();
    assert!(matches!(t.run_epoch(|_, _| {}), Err(Error::Diverged { epoch: 1, .. })));
    assert!(t.state().unwrap() == before);
    assert!(t.evaluate().unwrap().loss.is_finite());
}

#[test]
fn settings_and_data_that_do_not_fit_are_explained() {
    let data = digits();
    let cpu = dupin_cpu::Cpu::new(Some(1)).unwrap();
    let message = |c: TrainConfig| Trainer::new(&cpu, c, &data).err().unwrap().to_string();
    let c = config("mlp:64-24-10", "plain");
    assert_eq!(
        message(TrainConfig { momentum: 1.0, ..c.clone() }),
        "`momentum` cannot be `1`: it must be at least 0 and below 1"
    );
    assert_eq!(
        message(TrainConfig { schedule: "stairs".into(), ..c.clone() }),
        "`schedule` cannot be `stairs`: it must be `constant`, `cosine[:floor=F]`, `linear[:floor=F]` or `step:at=EPOCH/EPOCH...[,factor=F]`"
    );
    assert_eq!(message(TrainConfig { dtype: "i32".into(), ..c.clone() }), "`dtype` cannot be `i32`: it must be `f32` or `f64`");
    assert_eq!(
        message(TrainConfig { model: "lenet".into(), ..c.clone() }),
        "the model `lenet` takes examples of shape [28, 28, 1] (height, width, channels, or a length), the data set `digits/train` has [8, 8, 1]"
    );
    let few = message(TrainConfig { model: "mlp:64-24-4".into(), ..c });
    assert!(few.starts_with("the model `mlp:64-24-4` has 4 outputs, the data set `digits/train` has 10 classes"), "{few}");
}

/// Cross-entropy is linear in its target: with mixed examples a step is that of the two labels in their shares, and runs with
/// augmentation repeat themselves, in micro-batches or not, and are resumed bit for bit.
#[test]
fn augmented_runs_repeat_and_resume() {
    let data = digits();
    let (one, two) = (dupin_cpu::Cpu::new(Some(1)).unwrap(), dupin_cpu::Cpu::new(Some(2)).unwrap());
    let plain = config("net:1x8x8,conv4,act,flatten,fc10", "sam:rho=0.05");
    let c =
        TrainConfig { augment: "crop:pad=1+flip+cutout:size=2+mixup:alpha=0.4".into(), loss: "ce:0.1".into(), ..plain.clone() };
    let (unbroken, _) = train(&one, &c, &data);
    assert!(train(&two, &c, &data).0 == unbroken);
    assert!(train(&one, &plain, &data).0 != unbroken);

    let mut first = Trainer::new(&one, c.clone(), &data).unwrap();
    for _ in 0..7 {
        first.train_step().unwrap();
    }
    let state = first.state().unwrap();
    let mut second = Trainer::new(&two, c.clone(), &data).unwrap();
    second.restore(state).unwrap();
    while !second.is_done() {
        second.train_step().unwrap();
        if second.step().is_multiple_of(second.steps_per_epoch() as u64) {
            second.finish_epoch().unwrap();
        }
    }
    assert!(second.state().unwrap() == unbroken);

    let pieces = train(&one, &TrainConfig { accumulate: 3, epochs: 1, ..c.clone() }, &data).0;
    let whole = train(&one, &TrainConfig { epochs: 1, ..c.clone() }, &data).0;
    for (a, b) in pieces.params.iter().zip(&whole.params) {
        // Sums in another order, over some ten steps in f32.
        assert!(a.to_f64().iter().zip(b.to_f64()).all(|(a, b)| (a - b).abs() < 1e-3 * b.abs().max(1.0)));
    }

    let refused = Trainer::new(&one, TrainConfig { augment: "spin".into(), ..c }, &data).map(|_| ()).unwrap_err().to_string();
    assert!(refused.contains("the augmentation `spin` cannot be used: `spin` is none of its terms"), "{refused}");
}
