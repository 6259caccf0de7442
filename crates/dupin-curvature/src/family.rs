//! Products of one kind, run over all batches: for one vector and for blocks of them.

use std::sync::OnceLock;

use dupin_ir::transform::{Staged, batch_all, stage};
use dupin_ir::{Buffer, Builder, Executable, Executor, Tensor, Value};

use crate::error::Error;
use crate::layout::Layout;
use crate::matrix::Expression;

/// What products are run on.
pub(crate) struct Data<'e> {
    pub(crate) executor: &'e dyn Executor,
    pub(crate) layout: Layout,
    pub(crate) params: Vec<Buffer>,
    pub(crate) batches: Vec<Vec<Buffer>>,
    pub(crate) block: usize,
    pub(crate) residual_bytes: usize,
}

impl Data<'_> {
    pub(crate) fn fixed(&self, batch: usize) -> Vec<&Buffer> {
        self.params.iter().chain(&self.batches[batch]).collect()
    }
}

/// The vector of a product as inputs of the graph, alone and in blocks.
pub(crate) struct Vectors {
    pub(crate) single: Vec<Value>,
    pub(crate) block: Vec<Value>,
}

/// The programs of some products that share their passes.
pub(crate) struct Family {
    single: Prepared,
    block: Option<Prepared>,
    /// What was drawn for each batch, if anything.
    draws: Option<Vec<Buffer>>,
}

/// A staged program, compiled at its first use.
struct Prepared {
    staged: Staged,
    ready: OnceLock<Ready>,
}

struct Ready {
    first: Box<dyn Executable>,
    rest: Box<dyn Executable>,
    /// Residuals of every batch, if they are kept, where the parameters are.
    kept: OnceLock<Option<Vec<Vec<Buffer>>>>,
}

impl Prepared {
    fn new(staged: Staged) -> Self {
        Self { staged, ready: OnceLock::new() }
    }
}

impl Family {
    pub(crate) fn new(b: &mut Builder, e: &Expression, fixed: &[Value], v: &Vectors, data: &Data) -> Result<Self, Error> {
        let mut fixed = fixed.to_vec();
        let draws = match e.noise {
            None => None,
            Some((value, noise)) => {
                fixed.push(value);
                let ty = b.ty(value).clone();
                let draws = noise.draws(&ty, data.batches.len());
                Some(draws.iter().map(|d| data.executor.upload(Tensor::from_f64(&ty, d))).collect::<Result<Vec<_>, _>>()?)
            }
        };
        let values = e.sets.concat();
        let single = Prepared::new(stage(b, &values, &fixed, &v.single)?);
        let block = if data.block > 1 {
            let batched = batch_all(b, &values, &v.single, &v.block);
            Some(Prepared::new(stage(b, &batched, &fixed, &v.block)?))
        } else {
            None
        };
        Ok(Self { single, block, draws })
    }

    /// Products with vectors laid end to end, one list for every set.
    pub(crate) fn run(&self, data: &Data, vectors: &[f64], out: &mut [Vec<f64>]) -> Result<(), Error> {
        let dim = data.layout.dim();
        if dim == 0 {
            return Ok(());
        }
        assert_eq!(vectors.len() % dim, 0, "vectors of {dim} entries must be laid end to end");
        let mut done = 0;
        while done < vectors.len() {
            let left = (vectors.len() - done) / dim;
            // A block program costs as much for an empty slot as for a full one: the rest below half a block goes one by one.
            let (prepared, k, real) = match &self.block {
                Some(p) if 2 * left >= data.block => (p, Some(data.block), left.min(data.block)),
                _ => (&self.single, None, 1),
            };
            let range = done..done + real * dim;
            let mut slot = vectors[range.clone()].to_vec();
            slot.resize(k.unwrap_or(1) * dim, 0.0);
            let results = self.run_slot(data, prepared, &slot, k, out.len())?;
            for (to, from) in out.iter_mut().zip(results) {
                to[range.clone()].copy_from_slice(&from[..real * dim]);
            }
            done += real * dim;
        }
        Ok(())
    }

    fn fixed<'a>(&'a self, data: &'a Data, batch: usize) -> Vec<&'a Buffer> {
        let mut fixed = data.fixed(batch);
        fixed.extend(self.draws.as_ref().map(|d| &d[batch]));
        fixed
    }

    /// Runs one program over all batches; results are summed in the order of the batches, in `f64`.
    fn run_slot(
        &self,
        data: &Data,
        prepared: &Prepared,
        vectors: &[f64],
        k: Option<usize>,
        sets: usize,
    ) -> Result<Vec<Vec<f64>>, Error> {
        let ready = self.ready(data, prepared)?;
        let v = data
            .layout
            .unflatten_block(vectors, k)
            .into_iter()
            .map(|t| data.executor.upload(t))
            .collect::<Result<Vec<_>, _>>()?;
        let mut sums = vec![vec![0.0; vectors.len()]; sets];
        for batch in 0..data.batches.len() {
            let computed;
            let residuals = if let Some(Some(kept)) = ready.kept.get() {
                &kept[batch]
            } else {
                computed = ready.first.run(&self.fixed(data, batch))?;
                &computed
            };
            let out = ready.rest.run(&v.iter().chain(residuals).collect::<Vec<_>>())?;
            for (set, sum) in out.chunks(data.layout.len()).zip(&mut sums) {
                let tensors = set.iter().map(|b| data.executor.download(b)).collect::<Result<Vec<_>, _>>()?;
                data.layout.accumulate(&tensors, sum);
            }
        }
        Ok(sums)
    }

    /// Drops what was kept: parameters or data are others now. Programs stay compiled.
    pub(crate) fn forget(&mut self) {
        for prepared in std::iter::once(&mut self.single).chain(&mut self.block) {
            if let Some(ready) = prepared.ready.get_mut() {
                ready.kept = OnceLock::new();
            }
        }
    }

    fn ready<'a>(&self, data: &Data, prepared: &'a Prepared) -> Result<&'a Ready, Error> {
        let ready = if let Some(ready) = prepared.ready.get() {
            ready
        } else {
            let first = data.executor.compile(&prepared.staged.first)?;
            let rest = data.executor.compile(&prepared.staged.rest)?;
            prepared.ready.get_or_init(|| Ready { first, rest, kept: OnceLock::new() })
        };
        if ready.kept.get().is_none() {
            let program = &prepared.staged.first;
            let bytes: usize = program.outputs().iter().map(|&v| program.graph().ty(v).bytes()).sum();
            let kept = if bytes * data.batches.len() <= data.residual_bytes {
                let run = |batch| ready.first.run(&self.fixed(data, batch));
                Some((0..data.batches.len()).map(run).collect::<Result<Vec<_>, _>>()?)
            } else {
                None
            };
            let _ = ready.kept.set(kept);
        }
        Ok(ready)
    }
}
