//! Networks: gradient, `G v`, `N v` and `H v` of every fixture on the plugin and on the native executor, and a training run.

use std::path::{Path, PathBuf};

use dupin_cpu::Cpu;
use dupin_curvature::products;
use dupin_ir::{DType, Executor, Program, Tensor, Value};
use dupin_nn::{Loss, Network, from_pytorch, weights};
use dupin_train::{TrainConfig, Trainer, trace_targets};

use super::device;

/// The program of a fixture's gradient, `Gv`, `Nv`, `Hv` and their inputs.
pub(super) fn build(path: &Path, dtype: DType) -> (Program, Vec<Tensor>) {
    let weights::File { tensors, metadata } = weights::read(path).unwrap();
    let network = Network::parse(&metadata["model"], metadata["activation"].parse().unwrap()).unwrap();
    let loss: Loss = metadata["loss"].parse().unwrap();
    let group =
        |prefix: &'static str| tensors.iter().filter_map(move |(n, t)| Some((n.strip_prefix(prefix)?.to_owned(), t.clone())));
    let state =
        |prefix: &'static str| network.from_pytorch(&group(prefix).chain(group("buffer/")).collect(), DType::F64).unwrap();
    let ((params, buffers), (v, _)) = (state("param/"), state("probe0/"));

    let batch = tensors["weights"].len();
    let values_to_reach = tensors["target"].dtype().is_float();
    let mut model = trace_targets(&network, &loss, batch, dtype, metadata["mode"] == "train", values_to_reach);
    let along = products::vector_inputs(&mut model.traced, "v");
    let t = &mut model.traced;
    let b = &mut t.builder;
    let gradient = products::gradient(b, t.loss, t.logits, &t.params);
    let parts = products::split(b, &gradient, t.logits, &t.params, &along);
    let hv = products::hessian(b, &gradient, &t.params, &along);
    let inputs: Vec<Value> = [t.params.clone(), t.data.clone(), along].concat();
    let program = b.program(&inputs, &[gradient.params, parts.gauss_newton, parts.nme, hv].concat()).unwrap();
    let data = [from_pytorch(&tensors["input"], network.input_layout()), tensors["target"].clone(), tensors["weights"].clone()];
    let values = params.into_iter().chain(data).chain(buffers).chain(v);
    let types = program.inputs().iter().map(|&v| program.graph().ty(v).dtype);
    let values = values.zip(types).map(|(t, dtype)| t.convert(dtype)).collect();
    (program, values)
}

/// Types with the difference that is allowed: relative to the largest entry of each product, or of `H v` where the product vanishes.
const TYPES: [(DType, f64); 2] = [(DType::F64, 1e-11), (DType::F32, 1e-5)];

/// Every fixture whose name starts so.
fn compare(prefix: &str, types: &[(DType, f64)]) {
    let Some(device) = device() else { return };
    let cpu = Cpu::new(Some(2)).unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/oracle");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    files.retain(|p| {
        p.file_name().unwrap().to_str().unwrap().starts_with(prefix) && p.extension().is_some_and(|e| e == "safetensors")
    });
    assert!(!files.is_empty(), "fixtures of {prefix}");
    for path in files {
        for &(dtype, tolerance) in types {
            let (program, inputs) = build(&path, dtype);
            let found = device.evaluate(&program, &inputs).unwrap();
            let expected = cpu.evaluate(&program, &inputs).unwrap();
            let n = found.len() / 4;
            let largest = |list: &[Tensor]| list.iter().flat_map(Tensor::to_f64).fold(0.0_f64, |m, v| m.max(v.abs()));
            let hessian = largest(&expected[3 * n..]);
            for (part, name) in ["gradient", "Gv", "Nv", "Hv"].iter().enumerate() {
                let range = part * n..(part + 1) * n;
                let own = largest(&expected[range.clone()]);
                let scale = if own > 1e-4 * hessian { own } else { hessian };
                for (f, e) in found[range.clone()].iter().zip(&expected[range]) {
                    for (f, e) in f.to_f64().iter().zip(e.to_f64()) {
                        assert!((f - e).abs() <= tolerance * scale, "{name} of {} in {dtype}: {f} against {e}", path.display());
                    }
                }
            }
        }
    }
}

#[test]
fn products_of_dense_networks_agree_with_the_native_executor() {
    compare("mlp_", &TYPES);
}

#[test]
fn products_of_convolution_networks_agree_with_the_native_executor() {
    compare("cnn_", &TYPES);
}

#[test]
fn products_of_residual_and_linear_networks_agree_with_the_native_executor() {
    compare("residual_", &TYPES);
    compare("logistic_", &TYPES);
}

/// Their programs take the plugin ten seconds each to compile: all of them with DUPIN_SLOW_TESTS=1, one without.
#[test]
fn products_of_transformers_and_mixers_agree_with_the_native_executor() {
    #[expect(clippy::disallowed_methods, reason = "how a person asks for the long tests")]
    if std::env::var_os("DUPIN_SLOW_TESTS").is_none() {
        return compare("char_untied", &TYPES[..1]);
    }
    for prefix in ["vit_", "char_", "mixer_"] {
        compare(prefix, &TYPES);
    }
}

/// A run in f64, with batches, regularizer, draws and momentum: rounding alone tells it from the native executor's, and grows by at most
/// a small factor in each of its 15 steps.
#[test]
fn a_training_run_goes_as_on_the_native_executor() {
    let Some(device) = device() else { return };
    let all = dupin_data::load("digits").unwrap();
    let data = dupin_data::Split { train: all.train.head(250).unwrap(), test: all.test.head(90).unwrap() };
    for objective in ["psam:rho=0.1", "hessian_trace:lambda=0.01"] {
        let config = TrainConfig {
            model: "mlp:64-24-10".into(),
            data: "digits".into(),
            objective: objective.into(),
            dtype: "f64".into(),
            epochs: 3,
            batch: 60,
            learning_rate: 0.1,
            seed: 5,
            ..TrainConfig::default()
        };
        let run = |executor: &dyn Executor| {
            let mut trainer = Trainer::new(executor, config.clone(), &data).unwrap();
            let mut last = None;
            while trainer.epoch() < config.epochs {
                last = Some(trainer.run_epoch(|_, _| {}).unwrap());
            }
            (trainer.state().unwrap(), last.unwrap())
        };
        let ((found, metrics), (expected, _)) = (run(&device), run(&Cpu::new(Some(2)).unwrap()));
        assert!(metrics.train_accuracy > 0.3, "{objective}: {}", metrics.train_accuracy);
        for (f, e) in found.params.iter().zip(&expected.params) {
            for (f, e) in f.to_f64().iter().zip(e.to_f64()) {
                assert!((f - e).abs() <= 1e-9 * (1.0 + e.abs()), "{objective}: {f} against {e}");
            }
        }
        assert!(run(&device).0 == found, "{objective}: a second run has the same bits");
    }
}
