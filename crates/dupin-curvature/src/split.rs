//! The three operators over a data set, from shared programs.

use std::sync::OnceLock;

use dupin_ir::transform::{Staged, batch_all, stage};
use dupin_ir::{Buffer, Executable, Executor, Program, Tensor, Value};
use dupin_linop::SymmetricOperator;

use crate::error::Error;
use crate::layout::Layout;
use crate::products::{self, vector_inputs};
use crate::traced::Traced;

/// Which matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// `H = G + N`.
    Hessian,
    /// `G = Jᵀ H_z J`.
    GaussNewton,
    /// `N = ∂L/∂z · ∇²_θ z`.
    Nme,
}

impl Part {
    /// All three, the sum first.
    pub const ALL: [Self; 3] = [Self::Hessian, Self::GaussNewton, Self::Nme];

    /// Name in reports: `hessian`, `gauss_newton`, `nme`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hessian => "hessian",
            Self::GaussNewton => "gauss_newton",
            Self::Nme => "nme",
        }
    }
}

/// How products are computed.
#[derive(Clone, Copy, Debug)]
pub struct SplitParams {
    /// Vectors per run of a block program; memory grows with it.
    pub block: usize,
    /// Residuals of the primal pass are kept over all batches while they take at most this many bytes, else recomputed with every product.
    pub residual_bytes: usize,
}

impl Default for SplitParams {
    fn default() -> Self {
        Self { block: 8, residual_bytes: 1 << 30 }
    }
}

/// `H v`, `G v` and `N v` of vectors laid end to end.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Products {
    /// `G v + N v`.
    pub hessian: Vec<f64>,
    /// `G v`.
    pub gauss_newton: Vec<f64>,
    /// `N v`.
    pub nme: Vec<f64>,
}

/// `vᵀAv / vᵀv` for the three matrices.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rayleigh {
    /// Of `H`.
    pub hessian: f64,
    /// Of `G`.
    pub gauss_newton: f64,
    /// Of `N`.
    pub nme: f64,
}

/// `H`, `G` and `N` of one loss at one θ over a whole data set.
///
/// # Cost
/// With kept residuals 8F per vector and batch for all three, 4F for `G` alone, 6F for `N` or `H` alone.
///
/// # Source
/// Schraudolph (2002) for `G v`; Dauphin, Agarwala & Mobahi (2024, arXiv 2401.10809), equation of the decomposition, for `N`.
pub struct Split<'e> {
    executor: &'e dyn Executor,
    layout: Layout,
    convex: bool,
    params: Vec<Buffer>,
    batches: Vec<Vec<Buffer>>,
    block: usize,
    gradient: Program,
    programs: Vec<Family>,
    residual_bytes: usize,
    compiled_gradient: OnceLock<Box<dyn Executable>>,
}

/// The programs of one set of outputs: for one vector and for a block.
struct Family {
    outputs: Outputs,
    single: Prepared,
    block: Option<Prepared>,
}

/// What a family computes per vector.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outputs {
    Both,
    Only(Part),
}

/// A staged program, compiled at its first use.
struct Prepared {
    staged: Staged,
    ready: OnceLock<Ready>,
}

struct Ready {
    first: Box<dyn Executable>,
    rest: Box<dyn Executable>,
    /// Residuals of every batch, if they are kept.
    kept: Option<Vec<Vec<Buffer>>>,
}

impl Prepared {
    fn new(staged: Staged) -> Self {
        Self { staged, ready: OnceLock::new() }
    }
}

impl<'e> Split<'e> {
    /// Prepares the operators of `traced` at `params` over `batches`, each the tensors of `traced.data`.
    ///
    /// # Errors
    /// [`Error::Type`] if the graph is ill-typed, [`Error::Count`] and [`Error::Parameter`] for lists that do not fit it.
    pub fn new(
        executor: &'e dyn Executor,
        mut traced: Traced,
        params: &[Tensor],
        batches: Vec<Vec<Tensor>>,
        settings: SplitParams,
    ) -> Result<Self, Error> {
        let layout = traced.fitting(params, &batches)?;
        let g = products::gradient(&mut traced.builder, traced.loss, traced.logits, &traced.params);
        let fixed: Vec<Value> = traced.params.iter().chain(&traced.data).copied().collect();
        let gradient = traced.builder.program(&fixed, &[vec![traced.loss], g.params.clone()].concat())?;

        let v = vector_inputs(&mut traced, "v");
        let b = &mut traced.builder;
        let both = products::split(b, &g, traced.logits, &traced.params, &v);
        let hv = products::hessian(b, &g, &traced.params, &v);
        let families = [
            (Outputs::Both, [both.gauss_newton.clone(), both.nme.clone()].concat()),
            (Outputs::Only(Part::Hessian), hv),
            (Outputs::Only(Part::GaussNewton), both.gauss_newton),
            (Outputs::Only(Part::Nme), both.nme),
        ];
        let block = settings.block.max(1);
        let vk: Vec<Value> = layout.types().iter().map(|ty| b.input("v", ty.batched(block))).collect();
        let mut programs = Vec::new();
        for (outputs, values) in families {
            let single = Prepared::new(stage(b, &values, &fixed, &v)?);
            let block = if block > 1 {
                let batched = batch_all(b, &values, &v, &vk);
                Some(Prepared::new(stage(b, &batched, &fixed, &vk)?))
            } else {
                None
            };
            programs.push(Family { outputs, single, block });
        }
        let upload = |t: Tensor| executor.upload(t);
        Ok(Self {
            executor,
            layout,
            convex: traced.convex,
            params: params.iter().cloned().map(upload).collect::<Result<_, _>>()?,
            batches: batches.into_iter().map(|b| b.into_iter().map(upload).collect()).collect::<Result<_, _>>()?,
            block,
            gradient,
            programs,
            residual_bytes: settings.residual_bytes,
            compiled_gradient: OnceLock::new(),
        })
    }

    /// How the parameters lie in a flat vector.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Number of parameters.
    pub fn dim(&self) -> usize {
        self.layout.dim()
    }

    /// Number of batches.
    pub fn batches(&self) -> usize {
        self.batches.len()
    }

    fn fixed(&self, batch: usize) -> Vec<&Buffer> {
        self.params.iter().chain(&self.batches[batch]).collect()
    }

    /// Loss and gradient over the data set. Cost: 3F per batch.
    ///
    /// # Errors
    /// [`Error::NotFinite`] if either is not finite; errors of the executor.
    pub fn gradient(&self) -> Result<(f64, Vec<f64>), Error> {
        let program = if let Some(p) = self.compiled_gradient.get() {
            p
        } else {
            let compiled = self.executor.compile(&self.gradient)?;
            self.compiled_gradient.get_or_init(|| compiled)
        };
        let (mut loss, mut flat) = (0.0, vec![0.0; self.dim()]);
        for batch in 0..self.batches.len() {
            let out = program.run(&self.fixed(batch))?;
            let out: Vec<Tensor> = out.iter().map(|b| self.executor.download(b)).collect::<Result<_, _>>()?;
            let value = out[0].item();
            if !value.is_finite() {
                return Err(Error::NotFinite { what: "the loss", batch, value });
            }
            if let Some(bad) = out[1..].iter().find(|t| !t.is_finite()) {
                let value = bad.to_f64().into_iter().find(|v| !v.is_finite()).unwrap_or(f64::NAN);
                return Err(Error::NotFinite { what: "the gradient", batch, value });
            }
            loss += value;
            self.layout.accumulate(&out[1..], &mut flat);
        }
        Ok((loss, flat))
    }

    /// `H v`, `G v`, `N v` of one or more vectors laid end to end, all from one program.
    ///
    /// # Errors
    /// Errors of the executor.
    ///
    /// # Panics
    /// If `vectors` is not a whole number of vectors.
    pub fn products(&self, vectors: &[f64]) -> Result<Products, Error> {
        let mut out = [vec![0.0; vectors.len()], vec![0.0; vectors.len()]];
        self.run(Outputs::Both, vectors, &mut out)?;
        let [gauss_newton, nme] = out;
        let hessian = gauss_newton.iter().zip(&nme).map(|(g, n)| g + n).collect();
        Ok(Products { hessian, gauss_newton, nme })
    }

    /// `vᵀAv / vᵀv` for the three matrices.
    ///
    /// # Errors
    /// Errors of the executor.
    pub fn rayleigh(&self, v: &[f64]) -> Result<Rayleigh, Error> {
        let p = self.products(v)?;
        let vv = dupin_linop::vector::dot(v, v);
        let quotient = |av: &[f64]| dupin_linop::vector::dot(v, av) / vv;
        let (gauss_newton, nme) = (quotient(&p.gauss_newton), quotient(&p.nme));
        Ok(Rayleigh { hessian: gauss_newton + nme, gauss_newton, nme })
    }

    /// One of the matrices, for estimators.
    pub fn operator(&self, part: Part) -> PartOperator<'_> {
        PartOperator { split: self, part }
    }

    fn run(&self, outputs: Outputs, vectors: &[f64], out: &mut [Vec<f64>]) -> Result<(), Error> {
        let dim = self.dim();
        if dim == 0 {
            return Ok(());
        }
        assert_eq!(vectors.len() % dim, 0, "vectors of {dim} entries must be laid end to end");
        let family = self.programs.iter().find(|f| f.outputs == outputs).expect("every set of outputs has a family");
        let mut done = 0;
        while done < vectors.len() {
            let left = (vectors.len() - done) / dim;
            // A block program costs as much for an empty slot as for a full one: the rest below half a block goes one by one.
            let (prepared, k, real) = match &family.block {
                Some(p) if 2 * left >= self.block => (p, Some(self.block), left.min(self.block)),
                _ => (&family.single, None, 1),
            };
            let range = done..done + real * dim;
            let mut slot = vectors[range.clone()].to_vec();
            slot.resize(k.unwrap_or(1) * dim, 0.0);
            let results = self.run_slot(prepared, &slot, k, out.len())?;
            for (to, from) in out.iter_mut().zip(results) {
                to[range.clone()].copy_from_slice(&from[..real * dim]);
            }
            done += real * dim;
        }
        Ok(())
    }

    /// Runs one program over all batches; results are summed in the order of the batches, in `f64`.
    fn run_slot(&self, prepared: &Prepared, vectors: &[f64], k: Option<usize>, sets: usize) -> Result<Vec<Vec<f64>>, Error> {
        let ready = self.ready(prepared)?;
        let v = self
            .layout
            .unflatten_block(vectors, k)
            .into_iter()
            .map(|t| self.executor.upload(t))
            .collect::<Result<Vec<_>, _>>()?;
        let mut sums = vec![vec![0.0; vectors.len()]; sets];
        for batch in 0..self.batches.len() {
            let computed;
            let residuals = if let Some(kept) = &ready.kept {
                &kept[batch]
            } else {
                computed = ready.first.run(&self.fixed(batch))?;
                &computed
            };
            let out = ready.rest.run(&v.iter().chain(residuals).collect::<Vec<_>>())?;
            for (set, sum) in out.chunks(self.layout.len()).zip(&mut sums) {
                let tensors = set.iter().map(|b| self.executor.download(b)).collect::<Result<Vec<_>, _>>()?;
                self.layout.accumulate(&tensors, sum);
            }
        }
        Ok(sums)
    }

    fn ready<'a>(&self, prepared: &'a Prepared) -> Result<&'a Ready, Error> {
        if let Some(ready) = prepared.ready.get() {
            return Ok(ready);
        }
        let first = self.executor.compile(&prepared.staged.first)?;
        let rest = self.executor.compile(&prepared.staged.rest)?;
        let program = &prepared.staged.first;
        let bytes: usize = program.outputs().iter().map(|&v| program.graph().ty(v).bytes()).sum();
        let kept = if bytes * self.batches.len() <= self.residual_bytes {
            Some((0..self.batches.len()).map(|batch| first.run(&self.fixed(batch))).collect::<Result<Vec<_>, _>>()?)
        } else {
            None
        };
        Ok(prepared.ready.get_or_init(|| Ready { first, rest, kept }))
    }
}

/// One of the three matrices of a [`Split`].
#[derive(Clone, Copy)]
pub struct PartOperator<'a> {
    split: &'a Split<'a>,
    part: Part,
}

impl SymmetricOperator for PartOperator<'_> {
    fn dim(&self) -> usize {
        self.split.dim()
    }

    fn apply(&self, x: &[f64], y: &mut [f64]) -> Result<(), dupin_linop::Error> {
        self.apply_many(x, y)
    }

    fn apply_many(&self, x: &[f64], y: &mut [f64]) -> Result<(), dupin_linop::Error> {
        let mut out = [vec![0.0; x.len()]];
        self.split.run(Outputs::Only(self.part), x, &mut out).map_err(dupin_linop::Error::apply)?;
        y.copy_from_slice(&out[0]);
        Ok(())
    }

    fn block(&self) -> usize {
        self.split.block
    }

    fn is_psd(&self) -> bool {
        self.part == Part::GaussNewton && self.split.convex
    }
}
