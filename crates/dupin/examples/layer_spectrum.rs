//! The spectrum of one layer: the blocks of G and N that belong to its weights, everything else held.
//!
//!     cargo run --release -p dupin --example layer_spectrum
#![allow(clippy::print_stdout, reason = "an example tells what it found")]

use dupin::cpu::Cpu;
use dupin::curvature::{Part, Selection, Split, SplitParams};
use dupin::data;
use dupin::ir::DType;
use dupin::linop::eigenvalues;
use dupin::nn::{Loss, Network};
use dupin::train::{TrainConfig, Trainer, sequential_batches, trace};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let cpu = Cpu::new(None)?;
    let digits = data::load("digits")?;
    let config = TrainConfig { model: "mlp:64-24-16-10".into(), data: "digits".into(), epochs: 3, ..TrainConfig::default() };
    let mut trainer = Trainer::new(&cpu, config, &digits)?;
    while !trainer.is_done() {
        let m = trainer.run_epoch(|_, _| {})?;
        println!("epoch {}: test accuracy {:.3}", m.epoch, m.test_accuracy);
    }
    let network = Network::parse("mlp:64-24-16-10", "gelu".parse()?)?;
    let (loss, params) = ("ce".parse::<Loss>()?, trainer.state()?.params);
    let some = digits.train.balanced_head(300)?;
    let batches = sequential_batches(&network, &some, 100, &[], DType::F32)?;

    // The second layer, weights and bias: 16·24 + 16 parameters. A name, `2.weight`, or a pattern, `*.bias`, would do as well.
    let layer: Selection = "2".parse()?;
    let traced = trace(&network, &loss, 100, DType::F32, false).traced;
    let split = Split::restricted(&cpu, traced, &params, batches, SplitParams::default(), &layer)?;
    println!("layer {layer}: {} parameters", split.dim());
    for part in Part::ALL {
        let all = eigenvalues(&split.operator(part), 1000)?;
        let (low, high) = (all[0], all[all.len() - 1]);
        println!("\n{}: {} eigenvalues from {low:.2e} to {high:.2e}", part.name(), all.len());
        let largest = low.abs().max(high.abs());
        for edges in [-1.0, -0.1, -0.01, -0.001, 0.001, 0.01, 0.1, 1.0_f64].windows(2) {
            let count = all.iter().filter(|&&v| v > edges[0] * largest && v <= edges[1] * largest).count();
            println!("{:>8.0e} to {:>6.0e} of the largest  {:>4}  {}", edges[0], edges[1], count, "#".repeat(count.div_ceil(8)));
        }
    }
    Ok(())
}
