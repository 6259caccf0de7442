//! H, G and N of a model written by hand: one weight matrix used in two layers, for which the model language has no word.
//!
//!     cargo run --release -p dupin --example split_own_model
#![allow(clippy::print_stdout, reason = "an example tells what it found")]

use dupin::cpu::Cpu;
use dupin::curvature::{Matrix, Part, Split, SplitParams, Traced, traces};
use dupin::ir::prim::DotGeneral;
use dupin::ir::{Builder, DType, Tensor, TensorType};
use dupin::linop::{Distribution, LanczosParams, Rng, StoppingRule, Which, frobenius_squared, lanczos};
use dupin::nn::Loss;

const WIDTH: usize = 64;
const CLASSES: usize = 10;

/// `z = V φ(W φ(W x))` over a batch, with cross-entropy.
fn model(batch: usize) -> Result<Traced, Box<dyn std::error::Error>> {
    let mut b = Builder::new();
    let mut input = |name: &str, dtype, shape: &[usize]| b.input(name, TensorType::new(dtype, shape));
    let (w, v) = (input("W", DType::F32, &[WIDTH, WIDTH]), input("V", DType::F32, &[CLASSES, WIDTH]));
    let (x, y) = (input("x", DType::F32, &[batch, WIDTH]), input("y", DType::I32, &[batch]));
    let weights = input("weights", DType::F32, &[batch]);
    let mut a = x;
    for _ in 0..2 {
        let h = b.dot_general(a, w, DotGeneral::contracting(1, 1));
        a = b.activation("gelu".parse()?, 0, h);
    }
    let logits = b.dot_general(a, v, DotGeneral::contracting(1, 1));
    // Any scalar expression of the logits would do; `w_n` are the weights of the examples.
    let loss = "ce".parse::<Loss>()?.weighted(&mut b, logits, y, weights);
    let names = vec!["hidden.weight".to_string(), "out.weight".to_string()];
    Ok(Traced { builder: b, params: vec![w, v], names, data: vec![x, y, weights], logits, loss, convex: true })
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let digits = dupin::data::load("digits")?.train.head(500)?;
    let network = dupin::nn::Network::parse("logistic:64-10", "gelu".parse()?)?; // only to cut the data into batches
    let batches = dupin::train::sequential_batches(&network, &digits, 250, &[], DType::F32)?;

    let mut rng = Rng::new(0);
    let mut random = |shape: &[usize]| {
        let ty = TensorType::new(DType::F32, shape);
        let scale = (2.0 / shape[1] as f64).sqrt();
        Tensor::from_f64(&ty, &(0..ty.len()).map(|_| scale * rng.normal()).collect::<Vec<_>>())
    };
    let params = [random(&[WIDTH, WIDTH]), random(&[CLASSES, WIDTH])];

    let cpu = Cpu::new(None)?;
    let split = Split::new(&cpu, model(250)?, &params, batches, SplitParams::default())?;
    println!("loss {:.4}", split.gradient()?.0);
    let t = traces(&split, 64, &mut Rng::new(1), |_| {})?;
    println!("tr H = {}\ntr G = {}\ntr N = {}", t.hessian, t.gauss_newton, t.nme);
    for part in Part::ALL {
        let pairs = lanczos(&split.operator(part), &LanczosParams { which: Which::Both, steps: 60, ..LanczosParams::default() })?;
        println!("{}: eigenvalues from {:.4} to {:.4}", part.name(), pairs.values[1], pairs.values[0]);
    }
    // How much of N lies between the layers?
    let norm = |matrix: Matrix| {
        frobenius_squared(&split.operator(matrix), Distribution::Rademacher, &StoppingRule::products(32), &mut Rng::new(2))
    };
    let (within, across) = (norm(Matrix::WithinLayers(Part::Nme))?, norm(Matrix::CrossLayers(Part::Nme))?);
    println!("‖N‖² within layers {within}, between them {across}");
    Ok(())
}
