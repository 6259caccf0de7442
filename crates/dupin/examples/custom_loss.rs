//! A loss of your own as an expression: Poisson regression of counts. Its traces by structured probes need one thing more, a square root
//! of its curvature in the logits.
//!
//!     cargo run --release -p dupin --example custom_loss
#![allow(clippy::print_stdout, reason = "an example tells what it found")]

use dupin::cpu::Cpu;
use dupin::curvature::{Curve, LossRoot, Split, SplitParams, StructuredOutcome, StructuredParams, Traced, structured, traces};
use dupin::ir::prim::DotGeneral;
use dupin::ir::{Builder, DType, Tensor, TensorType, Value};
use dupin::linop::Rng;

const INPUTS: usize = 8;
const HIDDEN: usize = 32;

/// `z = v·tanh(W x)`, and `ℓ = exp(z) - y z`, the negative log-likelihood of a count `y` with mean `exp(z)`.
fn model(batch: usize) -> Result<Traced, Box<dyn std::error::Error>> {
    let mut b = Builder::new();
    let mut input = |name: &str, shape: &[usize]| b.input(name, TensorType::new(DType::F64, shape));
    let (w, v) = (input("W", &[HIDDEN, INPUTS]), input("v", &[1, HIDDEN]));
    let (x, y, weights) = (input("x", &[batch, INPUTS]), input("y", &[batch, 1]), input("weights", &[batch]));
    let h = b.dot_general(x, w, DotGeneral::contracting(1, 1));
    let a = b.activation("tanh".parse()?, 0, h);
    let logits = b.dot_general(a, v, DotGeneral::contracting(1, 1));
    let (mean, fit) = (b.exp(logits), b.mul(y, logits));
    let each = b.sub(mean, fit);
    let each = b.reshape(each, &[batch]);
    let loss = b.inner(each, weights);
    let names = vec!["hidden.weight".to_string(), "out.weight".to_string()];
    Ok(Traced { builder: b, params: vec![w, v], names, data: vec![x, y, weights], logits, loss, convex: true })
}

/// `∂²ℓ/∂z² = exp(z)`, so `S = exp(z/2)`. A wrong root is refused: it is checked against the loss.
fn root(b: &mut Builder, logits: Value, eps: Value) -> Value {
    let half = b.scale(logits, 0.5);
    let s = b.exp(half);
    b.mul(s, eps)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (n, mut rng) = (1000, Rng::new(0));
    let mut random = |shape: &[usize], scale: f64| {
        let ty = TensorType::new(DType::F64, shape);
        Tensor::from_f64(&ty, &(0..ty.len()).map(|_| scale * rng.normal()).collect::<Vec<_>>())
    };
    let params = [random(&[HIDDEN, INPUTS], 0.35), random(&[1, HIDDEN], 0.18)];
    let x = random(&[n, INPUTS], 1.0);
    let counts: Vec<f64> = x.to_f64().chunks(INPUTS).map(|x| (0.5 * x[0] - 0.3 * x[1]).exp().round()).collect();
    let batch = vec![x, Tensor::f64([n, 1], counts), Tensor::f64([n], vec![1.0 / n as f64; n])];

    let cpu = Cpu::new(None)?;
    let traced = model(n)?;
    let loss_root = LossRoot { curve: Curve::Custom(&root), weights: traced.data[2] };
    let settings = StructuredParams { passes: 16, ..StructuredParams::default() };
    let outcome = structured(&cpu, traced, &loss_root, &params, std::slice::from_ref(&batch), settings, |_| {})?;
    match outcome {
        StructuredOutcome::Traces(t) => println!("structured: tr G = {}, tr N = {}", t.split.gauss_newton, t.split.nme),
        StructuredOutcome::Outside(why) => println!("structured probes do not apply: {why}"),
    }
    let split = Split::new(&cpu, model(n)?, &params, vec![batch], SplitParams::default())?;
    let t = traces(&split, 16, &mut Rng::new(1), |_| {})?;
    println!("hutchinson: tr G = {}, tr N = {}", t.gauss_newton, t.nme);
    Ok(())
}
