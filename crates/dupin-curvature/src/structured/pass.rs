//! One pass as a compiled program: random keys in, traces per example and parameter out.

use dupin_ir::prim::rng::threefry2x32;
use dupin_ir::transform::{Staged, stage};
use dupin_ir::{Buffer, Builder, Executable, Executor, Tensor, TensorType, Value};

use super::walk::Blocks;
use crate::error::Error;

/// Traces per example and parameter, `[parameters, n]` flat.
pub(super) struct Rows {
    pub(super) gauss_newton: Vec<f64>,
    pub(super) nme: Vec<f64>,
}

/// A compiled pass.
pub(super) struct Pass {
    /// What does not depend on the noise, and the rest; `None` if all traces are zero.
    programs: Option<(Box<dyn Executable>, Box<dyn Executable>)>,
    /// Which parameters each of the two outputs has rows for; the others' are zero.
    gauss_newton: Vec<usize>,
    nme: Vec<usize>,
}

impl Pass {
    pub(super) fn new(
        executor: &dyn Executor,
        b: &mut Builder,
        blocks: &[Blocks],
        fixed: &[Value],
        varying: &[Value],
    ) -> Result<Self, Error> {
        let (mut outputs, mut present) = (Vec::new(), Vec::new());
        for part in [|b: &Blocks| b.gauss_newton, |b: &Blocks| b.nme] {
            let rows: Vec<(usize, Value)> = blocks.iter().enumerate().filter_map(|(i, b)| Some((i, part(b)?))).collect();
            if !rows.is_empty() {
                let values: Vec<Value> = rows.iter().map(|&(_, v)| b.broadcast_leading(v, 1)).collect();
                outputs.push(b.concatenate(&values, 0));
            }
            present.push(rows.into_iter().map(|(i, _)| i).collect::<Vec<_>>());
        }
        let programs = if outputs.is_empty() {
            None
        } else {
            let Staged { first, rest } = stage(b, &outputs, fixed, varying)?;
            Some((executor.compile(&first)?, executor.compile(&rest)?))
        };
        let (nme, gauss_newton) = (present.pop().unwrap_or_default(), present.pop().unwrap_or_default());
        Ok(Self { programs, gauss_newton, nme })
    }

    pub(super) fn residuals(&self, fixed: &[&Buffer]) -> Result<Vec<Buffer>, Error> {
        Ok(self.programs.as_ref().map(|(first, _)| first.run(fixed)).transpose()?.unwrap_or_default())
    }

    /// One pass: the traces of the batch of each replica.
    pub(super) fn run(
        &self,
        executor: &dyn Executor,
        varying: &[Buffer],
        residuals: &[Buffer],
        len: usize,
    ) -> Result<Vec<Rows>, Error> {
        let inputs: Vec<&Buffer> = varying.iter().chain(residuals).collect();
        let out = self.programs.as_ref().map(|(_, rest)| rest.run(&inputs)).transpose()?.unwrap_or_default();
        let mut out = out.iter();
        let mut rows = |present: &[usize]| -> Result<Vec<Vec<f64>>, Error> {
            let mut all = vec![vec![0.0; len]; executor.replicas()];
            if let (false, Some(buffer)) = (present.is_empty(), out.next()) {
                for (all, values) in all.iter_mut().zip(executor.download_each(buffer)?) {
                    let values = values.to_f64();
                    let n = values.len() / present.len();
                    for (row, &i) in values.chunks(n.max(1)).zip(present) {
                        all[i * n..(i + 1) * n].copy_from_slice(row);
                    }
                }
            }
            Ok(all)
        };
        let (gauss_newton, nme) = (rows(&self.gauss_newton)?, rows(&self.nme)?);
        Ok(gauss_newton.into_iter().zip(nme).map(|(gauss_newton, nme)| Rows { gauss_newton, nme }).collect())
    }
}

/// `tr G` of the batch of each replica without noise: `Σ_c ‖∂/∂W of S e_c‖²` over outputs `c`.
pub(super) fn all_columns(
    executor: &dyn Executor,
    pass: &Pass,
    fixed: &[&Buffer],
    logits: &TensorType,
    len: usize,
) -> Result<Vec<Vec<f64>>, Error> {
    let residuals = pass.residuals(fixed)?;
    let outputs = logits.len() / logits.shape.first().copied().unwrap_or(1).max(1);
    let mut sums = vec![vec![0.0; len]; executor.replicas()];
    for c in 0..outputs {
        let column: Vec<f64> = (0..logits.len()).map(|i| if i % outputs == c { 1.0 } else { 0.0 }).collect();
        let eps = executor.upload(Tensor::from_f64(logits, &column))?;
        for (sum, rows) in sums.iter_mut().zip(pass.run(executor, &[eps], &residuals, len)?) {
            sum.iter_mut().zip(rows.gauss_newton).for_each(|(s, x)| *s += x);
        }
    }
    Ok(sums)
}

/// The key of one place's noise: a function of seed, batch, pass and place.
pub(super) fn key(seed: u64, batch: usize, pass: usize, site: usize) -> Tensor {
    let run = threefry2x32([seed as u32, (seed >> 32) as u32], [batch as u32, pass as u32]);
    Tensor::u32([2], threefry2x32(run, [site as u32, 0]).to_vec())
}
