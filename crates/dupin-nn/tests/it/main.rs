//! Models, layers, losses, initial values and files, each against what is known of it from elsewhere.

#![expect(clippy::unwrap_used, reason = "in the helpers of tests a failed unwrap is a failed test")]

mod closed_form;
mod cost;
mod files;
mod initial;
mod layers;
mod losses;
mod models;

use dupin_ir::{Builder, DType, Executor, Reference, Tensor, Value};
use dupin_nn::Network;

/// A network whose activation is GELU.
fn net(spec: &str) -> Network {
    Network::parse(spec, "gelu".parse().unwrap()).unwrap_or_else(|e| panic!("{e}"))
}

/// Evaluates what `f` builds from inputs of the tensors' types, in f64.
fn evaluate(tensors: &[Tensor], f: impl FnOnce(&mut Builder, &[Value]) -> Vec<Value>) -> Vec<Tensor> {
    let mut b = Builder::new();
    let inputs: Vec<Value> = tensors.iter().map(|t| b.input("input", t.ty())).collect();
    let outputs = f(&mut b, &inputs);
    Reference.evaluate(&b.program(&inputs, &outputs).unwrap(), tensors).unwrap()
}

/// Standard normal numbers: a function of seed and shape.
fn normal(seed: u32, shape: &[usize]) -> Tensor {
    let n: usize = shape.iter().product();
    let draw = |i| dupin_ir::prim::rng::Distribution::Normal.draw([seed, 77], i as u64, DType::F64);
    Tensor::f64(shape, (0..n).map(draw).collect())
}

/// Every entry within `tolerance` of the expected one, relative to the largest.
fn close(found: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let scale = expected.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
    for (i, (f, e)) in found.iter().zip(expected).enumerate() {
        assert!((f - e).abs() <= tolerance * scale, "{what}: entry {i} is {f}, not {e}");
    }
}
