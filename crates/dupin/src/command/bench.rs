//! `dupin bench`: times of the programs that everything else is made of.

use anyhow::bail;
use clap::{Args, ValueEnum};
use dupin::cpu::Cpu;
use dupin::curvature::products;
use dupin::ir::transform::batch_all;
use dupin::ir::{Buffer, DType, Executor, Program, Tensor, Value};
use dupin::linop::Rng;
use dupin::nn::{Loss, Network};
use dupin::train::objective::{self, Point};
use dupin::train::trace;
use serde::Serialize;

use crate::device::Device;
use crate::output::{Context, line};
use crate::report::table::{Table, bytes, seconds};

/// Vectors of a block.
const PROBES: usize = 8;

/// The nets of the side-by-side benchmarks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Workload {
    /// 784-1024-1024-10, batch 1024
    Mlp,
    /// Six 3x3 convolutions on 32x32x3, batch 128
    Cnn,
    /// Three 5x5 convolutions on 28x28x1, batch 256
    Lenet,
}

impl Workload {
    fn model(self) -> (&'static str, usize) {
        match self {
            Self::Mlp => ("mlp:784-1024-1024-10", 1024),
            Self::Cnn => ("cnn", 128),
            Self::Lenet => ("lenet", 256),
        }
    }
}

/// What is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Op {
    /// The gradient
    Grad,
    /// Hv, Gv and Nv of one vector, with the gradient's passes
    Split,
    /// The same of 8 vectors
    #[value(name = "split_block8")]
    SplitBlock8,
    /// The direction of SAM
    Sam,
    /// The direction of the gradient penalty
    Psam,
    /// The direction of the Gauss-Newton trace penalty, with sampled labels
    #[value(name = "gn_trace")]
    GnTrace,
    /// The direction of the Hessian trace penalty, with one probe
    #[value(name = "hessian_trace")]
    HessianTrace,
    /// The gradient at parameters with noise
    #[value(name = "weight_noise")]
    WeightNoise,
    /// vᵀHv, vᵀGv and vᵀNv of 8 vectors
    #[value(name = "quadratic8")]
    Quadratic8,
}

/// Time gradients, curvature products and regularized steps.
///
/// GELU nets with cross-entropy in f32 on random data. One line per operation: median and fastest time, operations counted in the
/// program (a multiply-add is two, padding is not counted), rate, peak of the memory plan and time to compile.
#[derive(Args, Debug)]
pub(crate) struct Bench {
    /// Which net [default: all]
    #[arg(long, value_enum)]
    workload: Vec<Workload>,

    /// Which operation [default: all]
    #[arg(long, value_enum)]
    op: Vec<Op>,

    /// Examples a batch [default: the net's]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1 << 20))]
    batch: Option<u32>,

    /// Timed runs of each, after one that is not
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..))]
    reps: u32,

    /// One JSON object per line
    #[arg(long)]
    json: bool,

    /// Time every kernel of each program instead: seconds, FLOP/s and bytes/s, the slowest first
    #[arg(long, conflicts_with = "json")]
    profile: bool,
}

#[derive(Debug, Serialize)]
struct Timing {
    peer: &'static str,
    workload: String,
    op: String,
    batch: usize,
    median_s: f64,
    min_s: f64,
    flop: u64,
    gflops: f64,
    peak_bytes: usize,
    /// Resident set before the first run, with code, parameters and data; where the system tells it.
    base_bytes: Option<u64>,
    compile_s: f64,
    threads: usize,
}

fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let kilobytes = status.lines().find_map(|l| l.strip_prefix("VmRSS:"))?.trim().strip_suffix(" kB")?;
    Some(kilobytes.parse::<u64>().ok()? << 10)
}

fn name(v: &impl ValueEnum) -> String {
    v.to_possible_value().map_or_else(String::new, |p| p.get_name().to_string())
}

impl Bench {
    pub(crate) fn run(&self, ctx: &Context) -> anyhow::Result<bool> {
        let or_all = |given: &[Workload]| if given.is_empty() { Workload::value_variants().to_vec() } else { given.to_vec() };
        let ops = if self.op.is_empty() { Op::value_variants().to_vec() } else { self.op.clone() };
        let executor = ctx.executor()?;
        let mut table = Table::new(&["workload", "op", "median", "fastest", "GFLOP", "GFLOP/s", "memory", "compile"]);
        for workload in or_all(&self.workload) {
            for &op in &ops {
                if self.profile {
                    if !matches!(ctx.device, Device::Cpu) {
                        bail!("--profile shows the kernels of the native executor, not those of a plugin: leave out --device");
                    }
                    self.profile(ctx, &ctx.cpu()?, workload, op)?;
                    continue;
                }
                let t = self.time(ctx, &executor, workload, op)?;
                if self.json {
                    line(&serde_json::to_string(&t)?)?;
                    continue;
                }
                table.add(vec![
                    t.workload,
                    t.op,
                    seconds(t.median_s),
                    seconds(t.min_s),
                    format!("{:.2}", t.flop as f64 / 1e9),
                    format!("{:.1}", t.gflops),
                    bytes(t.peak_bytes),
                    seconds(t.compile_s),
                ]);
            }
        }
        if !self.json && !self.profile {
            line(&table.to_string())?;
        }
        Ok(true)
    }

    fn examples(&self, workload: Workload) -> usize {
        self.batch.map_or(workload.model().1, |n| n as usize)
    }

    /// Kernels of one program, each with its fastest time over the repetitions.
    fn profile(&self, ctx: &Context, executor: &Cpu, workload: Workload, op: Op) -> anyhow::Result<()> {
        let (program, inputs) = build(workload, op, self.examples(workload))?;
        let compiled = executor.compile_plan(&program)?;
        let inputs: Vec<Buffer> = inputs.into_iter().map(|t| executor.upload(t)).collect::<Result<_, _>>()?;
        let inputs: Vec<&Buffer> = inputs.iter().collect();
        let clock = || ctx.seconds();
        let mut kernels = compiled.profile(&inputs, &clock)?;
        for _ in 0..self.reps {
            for (k, again) in kernels.iter_mut().zip(compiled.profile(&inputs, &clock)?) {
                k.seconds = k.seconds.min(again.seconds);
            }
        }
        let total: f64 = kernels.iter().map(|k| k.seconds).sum();
        kernels.sort_by(|a, b| b.seconds.total_cmp(&a.seconds));
        let mut table = Table::new(&["kernel", "time", "share", "GFLOP/s", "GB/s"]);
        for k in &kernels {
            let share = format!("{:.1} %", 100.0 * k.seconds / total);
            let rate = |amount: f64| format!("{:.1}", amount / k.seconds / 1e9);
            table.add(vec![k.kernel.clone(), seconds(k.seconds), share, rate(k.flop), rate(k.bytes as f64)]);
        }
        line(&format!("{} {}: {} kernels, {}\n{table}", name(&workload), name(&op), kernels.len(), seconds(total)))
    }

    fn time(&self, ctx: &Context, executor: &dyn Executor, workload: Workload, op: Op) -> anyhow::Result<Timing> {
        let (program, inputs) = build(workload, op, self.examples(workload))?;
        let began = ctx.seconds();
        let executable = executor.compile(&program)?;
        let compile_s = ctx.seconds() - began;
        let inputs: Vec<Buffer> = inputs.into_iter().map(|t| executor.upload(t)).collect::<Result<_, _>>()?;
        let inputs: Vec<&Buffer> = inputs.iter().collect();
        let run = || executor.wait(&executable.run(&inputs)?);
        let base_bytes = resident_bytes();
        run()?;
        let mut times = Vec::new();
        for _ in 0..self.reps {
            let began = ctx.seconds();
            run()?;
            times.push(ctx.seconds() - began);
        }
        times.sort_by(f64::total_cmp);
        let flop = program.flop().contraction;
        let median_s = times[times.len() / 2];
        Ok(Timing {
            peer: "dupin",
            workload: name(&workload),
            op: name(&op),
            batch: self.examples(workload),
            median_s,
            min_s: times[0],
            flop,
            gflops: flop as f64 / median_s / 1e9,
            peak_bytes: executable.peak_bytes(),
            base_bytes,
            compile_s,
            threads: ctx.thread_count(),
        })
    }
}

/// The program of an operation, with inputs drawn from a fixed seed.
fn build(workload: Workload, op: Op, batch: usize) -> anyhow::Result<(Program, Vec<Tensor>)> {
    let (spec, _) = workload.model();
    let network = Network::parse(spec, "gelu".parse()?)?;
    let loss: Loss = "ce".parse()?;
    let mut model = trace(&network, &loss, batch, DType::F32, false);
    let t = &mut model.traced;
    let g = products::gradient(&mut t.builder, t.loss, t.logits, &t.params);
    let block = matches!(op, Op::SplitBlock8 | Op::Quadratic8);
    let v = if matches!(op, Op::Split) || block { products::vector_inputs(t, "v") } else { Vec::new() };
    let b = &mut t.builder;
    let mut direction = |spec: &str| -> anyhow::Result<Vec<Value>> {
        let at = Point { loss: t.loss, logits: t.logits, params: &t.params, gradient: &g };
        Ok(objective::parse(spec)?.direction(b, &at))
    };
    let (mut outputs, mut vectors) = match op {
        Op::Grad => (g.params.clone(), v),
        Op::Sam => (direction("sam:rho=0.05")?, v),
        Op::Psam => (direction("psam:rho=0.1")?, v),
        Op::GnTrace => (direction("gn_trace:lambda=0.1")?, v),
        Op::HessianTrace => (direction("hessian_trace:lambda=0.1")?, v),
        Op::WeightNoise => (direction("weight_noise:sigma=0.01")?, v),
        Op::Split | Op::SplitBlock8 => {
            let s = products::split(b, &g, t.logits, &t.params, &v);
            ([s.gauss_newton, s.nme].concat(), v)
        }
        Op::Quadratic8 => {
            let (vgv, vnv) = products::quadratic_forms(b, &g, t.logits, &t.params, &v);
            (vec![vgv, vnv], v)
        }
    };
    if block {
        let types: Vec<_> = vectors.iter().map(|&v| b.ty(v).batched(PROBES)).collect();
        let vk: Vec<Value> = types.into_iter().map(|ty| b.input("v", ty)).collect();
        outputs = batch_all(b, &outputs, &vectors, &vk);
        vectors = vk;
    }
    if matches!(op, Op::Split | Op::SplitBlock8 | Op::Quadratic8) {
        // H = G + N, as the peers give it.
        let (gs, ns) = outputs.split_at(outputs.len() / 2);
        let hs: Vec<Value> = gs.iter().zip(ns).map(|(&g, &n)| b.add(g, n)).collect();
        outputs = [hs, outputs.clone()].concat();
    }
    let inputs = [t.params.clone(), t.data.clone(), vectors].concat();
    let program = b.program(&inputs, &outputs)?;
    let mut rng = Rng::new(0);
    let params = network.initialize("he_normal".parse()?, 0, DType::F32);
    let mut tensors = params;
    for &input in &inputs[t.params.len()..] {
        let ty = b.ty(input).clone();
        let uniform = vec![1.0 / batch as f64; ty.len()];
        tensors.push(match (ty.dtype, ty.rank()) {
            (DType::I32, _) => {
                Tensor::i32(ty.shape.clone(), (0..ty.len()).map(|_| (rng.uniform() * network.outputs() as f64) as i32).collect())
            }
            (_, 1) if ty.shape == [batch] => Tensor::from_f64(&ty, &uniform),
            _ => Tensor::from_f64(&ty, &(0..ty.len()).map(|_| rng.normal()).collect::<Vec<_>>()),
        });
    }
    Ok((program, tensors))
}
