//! Times of gradients and curvature products of whole networks, and what the compiled programs consist of.
//!
//! usage: `cpu_speed [THREADS] [SUBSTRING OF A NAME] [list]` (`list` prints the kernels)
#![allow(clippy::print_stdout, reason = "a measuring program")]

#[path = "../tests/nets/mod.rs"]
mod nets;

use std::time::Instant;

use dupin_cpu::Cpu;
use dupin_ir::{DType, Executable, Executor};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let threads: usize = arguments.next().and_then(|x| x.parse().ok()).unwrap_or(2);
    let filter = arguments.next().unwrap_or_default();
    let list = arguments.next().is_some_and(|a| a == "list");
    let cpu = Cpu::new(Some(threads))?;
    println!(
        "{:24} {:>8} {:>8} {:>7} {:>9} {:>9} {:>9} {:>9} {:>9}",
        "f32, median", "ms", "compile", "kernels", "MB moved", "peak MB", "GFLOP", "GFLOP/s", "best ms"
    );
    let nets = [("mlp", nets::mlp()), ("cnn", nets::cnn()), ("lenet", nets::lenet())];
    for (name, (input, layers)) in nets {
        let net = || nets::Net::new(&input, &layers, "gelu", DType::F32);
        for what in ["grad", "split", "split_block8"] {
            let label = format!("{name} {what}");
            if !label.contains(&filter) {
                continue;
            }
            let program = match what {
                "grad" => net().gradient(),
                "split" => net().split(),
                _ => net().split_block(8),
            };
            let start = Instant::now();
            let compiled = cpu.compile_plan(&program)?;
            let compile = start.elapsed().as_secs_f64();
            if list {
                println!("{compiled}");
            }
            let inputs = nets::inputs(&program, 1).into_iter().map(|t| cpu.upload(t)).collect::<Result<Vec<_>, _>>()?;
            let inputs: Vec<_> = inputs.iter().collect();
            let mut times = Vec::new();
            let begin = Instant::now();
            while times.len() < 3 || (begin.elapsed().as_secs_f64() < 2.0 && times.len() < 50) {
                let start = Instant::now();
                compiled.run(&inputs)?;
                times.push(start.elapsed().as_secs_f64());
            }
            times.sort_by(f64::total_cmp);
            let seconds = times[times.len() / 2];
            let gflop = program.flop().contraction as f64 / 1e9;
            println!(
                "{label:24} {:8.2} {:8.2} {:7} {:9.1} {:9.1} {gflop:9.2} {:9.1} {:9.2}",
                seconds * 1e3,
                compile * 1e3,
                compiled.kernels(),
                compiled.bytes_moved() as f64 / 1e6,
                compiled.peak_bytes() as f64 / 1e6,
                gflop / seconds,
                times[0] * 1e3,
            );
        }
    }
    Ok(())
}
