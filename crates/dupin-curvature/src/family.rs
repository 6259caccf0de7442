//! Products of one kind, run over all batches: for one vector and for blocks of them.

use std::sync::OnceLock;

use dupin_ir::transform::{Staged, batch_all, stage};
use dupin_ir::{Buffer, Builder, DType, Executable, Executor, Tensor, Value};

use crate::error::Error;
use crate::layout::Layout;
use crate::matrix::Expression;
use crate::replicas::{Counting, upload_groups};

/// What products are run on.
pub(crate) struct Data<'e> {
    pub(crate) executor: &'e dyn Executor,
    pub(crate) layout: Layout,
    pub(crate) params: Vec<Buffer>,
    /// Number of batches.
    pub(crate) batches: usize,
    /// The batches of each run, as many side by side as there are replicas.
    pub(crate) groups: Vec<Vec<Buffer>>,
    /// Which replicas count in a run, if there are several.
    pub(crate) counting: Counting,
    /// What `counting` takes: in all runs but the last, and in that.
    pub(crate) counts: Option<[Buffer; 2]>,
    pub(crate) block: usize,
    pub(crate) residual_bytes: usize,
}

impl<'e> Data<'e> {
    /// Uploads everything. `dtype` is that of `counting`.
    pub(crate) fn new(
        executor: &'e dyn Executor,
        layout: Layout,
        params: &[Tensor],
        batches: Vec<Vec<Tensor>>,
        (counting, dtype): (Counting, DType),
        (block, residual_bytes): (usize, usize),
    ) -> Result<Self, Error> {
        let params = params.iter().map(|t| executor.upload(t.clone())).collect::<Result<_, _>>()?;
        let (count, replicas) = (batches.len(), executor.replicas());
        let groups = upload_groups(executor, batches)?;
        let left = count - groups.len().saturating_sub(1) * replicas;
        let (all, last) = (counting.upload(executor, dtype, replicas)?, counting.upload(executor, dtype, left)?);
        let counts = all.zip(last).map(|(all, last)| [all, last]);
        Ok(Self { executor, layout, params, batches: count, groups, counting, counts, block, residual_bytes })
    }

    /// What programs take besides vectors, in the order of their inputs: parameters, the batches of run `group`, which of them count.
    pub(crate) fn fixed(&self, group: usize) -> Vec<&Buffer> {
        let last = usize::from(group + 1 == self.groups.len());
        self.params.iter().chain(&self.groups[group]).chain(self.counts.as_ref().map(|c| &c[last])).collect()
    }

    /// Batches of run `group`, by their numbers.
    pub(crate) fn of_group(&self, group: usize) -> std::ops::Range<usize> {
        let replicas = self.executor.replicas();
        group * replicas..((group + 1) * replicas).min(self.batches)
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
    /// What was drawn for the batches of each run, if anything.
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
                let draws = noise.draws(&ty, data.batches).iter().map(|d| vec![Tensor::from_f64(&ty, d)]).collect();
                Some(upload_groups(data.executor, draws)?.into_iter().flatten().collect())
            }
        };
        let values = data.counting.sums(b, &e.sets.concat());
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

    fn fixed<'a>(&'a self, data: &'a Data, group: usize) -> Vec<&'a Buffer> {
        let mut fixed = data.fixed(group);
        fixed.extend(self.draws.as_ref().map(|d| &d[group]));
        fixed
    }

    /// Runs one program over all batches; results of runs are summed in the order of the batches, in `f64`.
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
        for group in 0..data.groups.len() {
            let computed;
            let residuals = if let Some(Some(kept)) = ready.kept.get() {
                &kept[group]
            } else {
                computed = ready.first.run(&self.fixed(data, group))?;
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
            let kept = if bytes * data.groups.len() <= data.residual_bytes {
                let run = |group| ready.first.run(&self.fixed(data, group));
                Some((0..data.groups.len()).map(run).collect::<Result<Vec<_>, _>>()?)
            } else {
                None
            };
            let _ = ready.kept.set(kept);
        }
        Ok(ready)
    }
}
