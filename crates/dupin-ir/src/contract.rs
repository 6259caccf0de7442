//! Contract checks: what must hold of every primitive and of every executor, looped over the table of samples.
//!
//! A new primitive gets all of them for its samples; a new executor calls [`check_executor`].

use crate::builder::Builder;
use crate::executor::Executor;
use crate::graph::Value;
use crate::prim::{Prim, Sample};
use crate::program::Program;
use crate::reference::{Array, evaluate};
use crate::tensor::Tensor;
use crate::types::{DType, TensorType};

/// Deterministic operands for a sample: floats from its range, integers below its limit.
pub fn operands(sample: &Sample, seed: u64) -> Vec<Array> {
    let mut draw = Draws(seed);
    sample.operands.iter().map(|ty| draw.array(ty, sample.range, sample.limit)).collect()
}

struct Draws(u64);

impl Draws {
    /// SplitMix64, as a number in [0, 1).
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) as f64 / 2f64.powi(64)
    }

    fn array(&mut self, ty: &TensorType, range: (f64, f64), limit: usize) -> Array {
        let mut element = || match ty.dtype {
            DType::F32 | DType::F64 => range.0 + (range.1 - range.0) * self.next(),
            DType::I32 | DType::U32 => (self.next() * limit as f64).floor(),
            DType::Bool => f64::from(u8::from(self.next() < 0.5)),
        };
        let data = (0..ty.len()).map(|_| element()).collect();
        Array::new(ty.clone(), data)
    }
}

/// The sample as a program with its operands as inputs.
///
/// # Panics
/// If the sample is not legal.
pub fn program(sample: &Sample) -> Program {
    let mut b = Builder::new();
    let inputs: Vec<Value> = sample.operands.iter().map(|ty| b.input("x", ty.clone())).collect();
    let y = b.push(sample.prim.clone(), &inputs);
    b.program(&inputs, &[y]).unwrap_or_else(|e| panic!("the legal sample `{}` is refused: {e}", sample.name))
}

/// Samples that are legal applications.
pub fn legal() -> impl Iterator<Item = Sample> {
    Prim::samples().into_iter().filter(|s| s.breaks.is_none())
}

/// Checks that an executor computes what the reference evaluator computes, on every legal sample, in `f64` and in `f32`. Replicas are
/// all given the same, so that a sum over them is a multiple.
///
/// The tolerance is `32·ε·(1 + Σ|terms|)` elementwise, with the number of terms bounded by the size of the operands: the
/// samples are small, so rounding alone stays far below and an error of meaning far above.
///
/// # Errors
/// The first disagreement, in words.
pub fn check_executor(executor: &dyn Executor) -> Result<usize, String> {
    let mut checked = 0;
    for (seed, sample) in legal().enumerate() {
        for dtype in [DType::F64, DType::F32] {
            let sample = at_precision(&sample, dtype);
            let program = program(&sample);
            let inputs: Vec<Tensor> = operands(&sample, seed as u64).iter().map(|a| Tensor::from_f64(&a.ty, &a.data)).collect();
            let arrays: Vec<Array> = inputs.iter().map(|t| Array::new(t.ty(), t.to_f64())).collect();
            let mut expected = evaluate(&program, &arrays).remove(0);
            if let Prim::AllReduce(_) = sample.prim {
                expected.data.iter_mut().for_each(|v| *v *= executor.replicas() as f64);
            }
            let what = || format!("{} `{}` in {dtype}", sample.prim.rules().name(), sample.name);
            let found = executor.evaluate(&program, &inputs).map_err(|e| format!("{}: {e}", what()))?.remove(0);
            if found.ty() != expected.ty {
                return Err(format!("{}: type {} instead of {}", what(), found.ty(), expected.ty));
            }
            let terms: f64 = 1.0 + arrays.iter().map(|a| a.data.len() as f64).sum::<f64>();
            for (i, (f, e)) in found.to_f64().iter().zip(&expected.data).enumerate() {
                let tolerance = 32.0 * dtype.epsilon() * (1.0 + e.abs()) * terms;
                if (f - e).abs() > tolerance || f.is_nan() != e.is_nan() {
                    return Err(format!("{}: element {i} is {f}, the reference gives {e}", what()));
                }
            }
            checked += 1;
        }
    }
    Ok(checked)
}

/// Checks that replicas compute on what each was given, and that sums over them are right and the same on all.
///
/// # Errors
/// The first disagreement, in words; what the executor reports.
pub fn check_replicas(executor: &dyn Executor) -> Result<(), String> {
    let words = |e: crate::ExecError| e.to_string();
    let replicas = executor.replicas();
    for dtype in [DType::F64, DType::F32] {
        let mut b = Builder::new();
        let ty = TensorType::new(dtype, [2, 3]);
        let [x, y] = ["x", "y"].map(|name| b.input(name, ty.clone()));
        let product = b.mul(x, y);
        let sum = b.all_reduce(product);
        let total = b.sum(x);
        let total = b.all_reduce(total);
        let again = b.all_reduce(total);
        let program = b.program(&[x, y], &[product, sum, again]).map_err(|e| e.to_string())?;
        // Whole numbers: sums of them are exact in any order.
        let given = |r: usize| Tensor::from_f64(&ty, &(0..6).map(|i| (7 * r + i) as f64).collect::<Vec<_>>());
        let each = executor.upload_each((0..replicas).map(given).collect()).map_err(words)?;
        let all = executor.upload(given(1)).map_err(words)?;
        let out = executor.compile(&program).and_then(|p| p.run(&[&each, &all])).map_err(words)?;
        let products: Vec<Vec<f64>> =
            (0..replicas).map(|r| given(r).to_f64().iter().zip(given(1).to_f64()).map(|(x, y)| x * y).collect()).collect();
        let sum: Vec<f64> = (0..6).map(|i| products.iter().map(|p| p[i]).sum()).collect();
        let twice = replicas as f64 * (0..replicas).flat_map(|r| given(r).to_f64()).sum::<f64>();
        let expected = [products, vec![sum; replicas], vec![vec![twice]; replicas]];
        for ((buffer, expected), what) in out.iter().zip(expected).zip(["a product", "a sum", "a sum of a sum"]) {
            let found = executor.download_each(buffer).map_err(words)?;
            let found: Vec<Vec<f64>> = found.iter().map(Tensor::to_f64).collect();
            if found != expected {
                return Err(format!("{what} in {dtype} over {replicas} replicas is {found:?} instead of {expected:?}"));
            }
        }
    }
    Ok(())
}

/// The sample with its `f64` operands and types replaced by `dtype`.
fn at_precision(sample: &Sample, dtype: DType) -> Sample {
    let mut out = sample.clone();
    let retype = |ty: &mut TensorType| {
        if ty.dtype == DType::F64 {
            ty.dtype = dtype;
        }
    };
    out.operands.iter_mut().for_each(retype);
    match &mut out.prim {
        Prim::Rng(p) => retype(&mut p.ty),
        Prim::Constant(c) => {
            let values = c.values();
            let mut ty = c.ty.clone();
            retype(&mut ty);
            *c = crate::prim::Constant::dense(ty, &values);
        }
        Prim::Iota(p) => retype(&mut p.ty),
        _ => {}
    }
    out
}
