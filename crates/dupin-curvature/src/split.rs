//! H, G, N and their relatives over a data set, from shared programs.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use dupin_ir::{Executable, Executor, Program, Tensor, Value};
use dupin_linop::SymmetricOperator;
use dupin_linop::vector::{axpy, dot};

use crate::error::Error;
use crate::family::{Data, Family, Vectors};
use crate::layout::Layout;
use crate::matrix::{At, Expression, Matrix, both, express};
use crate::products::{self, Gradient, vector_inputs};
use crate::replicas::Counting;
use crate::select::Selection;
use crate::traced::Traced;

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

/// `H`, `G`, `N` and other matrices of one loss at one θ over a whole data set.
///
/// # Cost
/// With kept residuals 8F per vector and batch for all three, 4F for `G` alone, 6F for `N` or `H` alone; [`Matrix`] says what others cost. A
/// matrix is written and compiled when it is first asked for.
///
/// # Source
/// Schraudolph (2002) for `G v`; Dauphin, Agarwala & Mobahi (2024, arXiv 2401.10809), equation of the decomposition, for `N`.
pub struct Split<'e> {
    data: Data<'e>,
    convex: bool,
    gradient: Program,
    compiled_gradient: OnceLock<Box<dyn Executable>>,
    /// `G v` and `N v` together.
    both: Family,
    graph: Mutex<Graph>,
    families: Mutex<BTreeMap<Matrix, Arc<Family>>>,
    /// Which parameters of the model those of the layout are.
    chosen: Vec<usize>,
}

/// The graph that products are appended to.
struct Graph {
    traced: Traced,
    /// Parameters that derivatives are taken by.
    params: Vec<Value>,
    gradient: Gradient,
    layers: Vec<Range<usize>>,
    fixed: Vec<Value>,
    v: Vectors,
}

impl Graph {
    fn family(
        &mut self,
        data: &Data,
        write: impl FnOnce(&mut dupin_ir::Builder, &At, &[Value]) -> Expression,
    ) -> Result<Family, Error> {
        let at = At { logits: self.traced.logits, params: &self.params, gradient: &self.gradient, layers: &self.layers };
        let e = write(&mut self.traced.builder, &at, &self.v.single);
        Family::new(&mut self.traced.builder, &e, &self.fixed, &self.v, data)
    }
}

impl<'e> Split<'e> {
    /// Prepares the matrices of `traced` at `params` over `batches`, each the tensors of `traced.data`.
    ///
    /// # Errors
    /// [`Error::Type`] if the graph is ill-typed, [`Error::Count`] and [`Error::Parameter`] for lists that do not fit it.
    pub fn new(
        executor: &'e dyn Executor,
        traced: Traced,
        params: &[Tensor],
        batches: Vec<Vec<Tensor>>,
        settings: SplitParams,
    ) -> Result<Self, Error> {
        Self::restricted(executor, traced, params, batches, settings, &Selection::all())
    }

    /// The same with the chosen parameters as variables and the others as constants: `H`, `G` and `N` are then the blocks of the whole
    /// matrices that the chosen rows and columns cut out. Vectors and [`layout`](Self::layout) hold the chosen parameters alone.
    ///
    /// `params` are all parameters of the model. Passes below the first chosen layer are not made.
    ///
    /// # Errors
    /// As for [`new`](Self::new), and [`Error::NoParameter`] for a name that there is not.
    pub fn restricted(
        executor: &'e dyn Executor,
        mut traced: Traced,
        params: &[Tensor],
        batches: Vec<Vec<Tensor>>,
        settings: SplitParams,
        chosen: &Selection,
    ) -> Result<Self, Error> {
        let all = traced.fitting(params, &batches)?;
        let indices = chosen.indices(all.names())?;
        let pick = |i: &usize| (all.names()[*i].clone(), all.types()[*i].clone());
        let (names, types) = indices.iter().map(pick).unzip();
        let layout = Layout::new(names, types);
        let wrt: Vec<Value> = indices.iter().map(|&i| traced.params[i]).collect();

        let gradient = products::gradient(&mut traced.builder, traced.loss, traced.logits, &wrt);
        let dtype = traced.builder.ty(traced.loss).dtype;
        let counting = Counting::input(&mut traced.builder, executor.replicas(), dtype);
        let fixed: Vec<Value> = traced.params.iter().chain(&traced.data).copied().chain(counting.0).collect();
        let sums = counting.sums(&mut traced.builder, &[vec![traced.loss], gradient.params.clone()].concat());
        let program = traced.builder.program(&fixed, &sums)?;
        let inputs = vector_inputs(&mut traced, "v");
        let single = indices.iter().map(|&i| inputs[i]).collect();
        let block = settings.block.max(1);
        let block_inputs = layout.types().iter().map(|ty| traced.builder.input("v", ty.batched(block))).collect();

        let data = Data::new(executor, layout, params, batches, (counting, dtype), (block, settings.residual_bytes))?;
        let layers = data.layout.module_params().into_iter().map(|(_, range)| range).collect();
        let convex = traced.convex;
        let v = Vectors { single, block: block_inputs };
        let mut graph = Graph { traced, params: wrt, gradient, layers, fixed, v };
        let both = graph.family(&data, both)?;
        Ok(Self {
            data,
            convex,
            gradient: program,
            compiled_gradient: OnceLock::new(),
            both,
            graph: Mutex::new(graph),
            families: Mutex::new(BTreeMap::new()),
            chosen: indices,
        })
    }

    /// Goes to other parameters, `theta: [dim]` as the layout has them; nothing is compiled anew.
    ///
    /// # Errors
    /// [`Error::Count`] for another length; errors of the executor.
    pub fn move_to(&mut self, theta: &[f64]) -> Result<(), Error> {
        if theta.len() != self.dim() {
            return Err(Error::Count { what: "entries of a point", expected: self.dim(), found: theta.len() });
        }
        for (&i, tensor) in self.chosen.iter().zip(self.data.layout.unflatten(theta)) {
            self.data.params[i] = self.data.executor.upload(tensor)?;
        }
        self.forget();
        Ok(())
    }

    /// Goes to other parameters of the whole model, and gives every batch other tensors in the place of its last ones: the running
    /// statistics that belong to the parameters.
    ///
    /// # Errors
    /// [`Error::Count`] for lists of another length; errors of the executor.
    ///
    /// # Panics
    /// If a batch has fewer tensors than `shared`.
    pub fn move_all(&mut self, params: &[Tensor], shared: &[Tensor]) -> Result<(), Error> {
        let data = &mut self.data;
        if params.len() != data.params.len() {
            return Err(Error::Count { what: "parameters", expected: data.params.len(), found: params.len() });
        }
        for (to, tensor) in data.params.iter_mut().zip(params) {
            *to = data.executor.upload(tensor.clone())?;
        }
        for group in &mut data.groups {
            let at = group.len() - shared.len();
            for (to, tensor) in group[at..].iter_mut().zip(shared) {
                *to = data.executor.upload(tensor.clone())?;
            }
        }
        self.forget();
        Ok(())
    }

    fn forget(&mut self) {
        self.both.forget();
        for family in self.families.get_mut().unwrap_or_else(PoisonError::into_inner).values_mut() {
            // Operators borrow the split, so nobody else holds a family now.
            if let Some(family) = Arc::get_mut(family) {
                family.forget();
            }
        }
    }

    /// How the parameters lie in a flat vector.
    pub fn layout(&self) -> &Layout {
        &self.data.layout
    }

    /// Number of parameters.
    pub fn dim(&self) -> usize {
        self.data.layout.dim()
    }

    /// Number of batches.
    pub fn batches(&self) -> usize {
        self.data.batches
    }

    /// Loss and gradient over the data set. Cost: 3F per batch.
    ///
    /// # Errors
    /// [`Error::NotFinite`] if either is not finite, with the batch, or the first of those that ran side by side; errors of the executor.
    pub fn gradient(&self) -> Result<(f64, Vec<f64>), Error> {
        let (data, program) = (&self.data, self.compiled_gradient()?);
        let (mut loss, mut flat) = (0.0, vec![0.0; self.dim()]);
        for group in 0..data.groups.len() {
            let batch = data.of_group(group).start;
            let out = program.run(&data.fixed(group))?;
            let out: Vec<Tensor> = out.iter().map(|b| data.executor.download(b)).collect::<Result<_, _>>()?;
            let value = out[0].item();
            if !value.is_finite() {
                return Err(Error::NotFinite { what: "the loss", batch, value });
            }
            if let Some(bad) = out[1..].iter().find(|t| !t.is_finite()) {
                let value = bad.to_f64().into_iter().find(|v| !v.is_finite()).unwrap_or(f64::NAN);
                return Err(Error::NotFinite { what: "the gradient", batch, value });
            }
            loss += value;
            data.layout.accumulate(&out[1..], &mut flat);
        }
        Ok((loss, flat))
    }

    fn compiled_gradient(&self) -> Result<&dyn Executable, Error> {
        if let Some(p) = self.compiled_gradient.get() {
            return Ok(p.as_ref());
        }
        let compiled = self.data.executor.compile(&self.gradient)?;
        Ok(self.compiled_gradient.get_or_init(|| compiled).as_ref())
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
        self.both.run(&self.data, vectors, &mut out)?;
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
        let vv = dot(v, v);
        let quotient = |av: &[f64]| dot(v, av) / vv;
        let (gauss_newton, nme) = (quotient(&p.gauss_newton), quotient(&p.nme));
        Ok(Rayleigh { hessian: gauss_newton + nme, gauss_newton, nme })
    }

    /// A matrix, for estimators: a [`Part`](crate::Part), a [`Fisher`](crate::Fisher) or any other [`Matrix`].
    pub fn operator(&self, matrix: impl Into<Matrix>) -> MatrixOperator<'_> {
        MatrixOperator { split: self, matrix: matrix.into(), mean: OnceLock::new() }
    }

    fn family(&self, matrix: Matrix) -> Result<Arc<Family>, Error> {
        let mut families = self.families.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(family) = families.get(&matrix) {
            return Ok(family.clone());
        }
        let mut graph = self.graph.lock().unwrap_or_else(PoisonError::into_inner);
        let family = Arc::new(graph.family(&self.data, |b, at, v| express(b, matrix, at, v))?);
        families.insert(matrix, family.clone());
        Ok(family)
    }

    /// `Σ_n w_n`, of the data's input `weights`.
    fn total_weight(&self, weights: Value) -> Result<f64, Error> {
        let position = {
            let graph = self.graph.lock().unwrap_or_else(PoisonError::into_inner);
            graph.traced.data.iter().position(|&d| d == weights).ok_or(Error::NoWeights)?
        };
        let mut total = 0.0;
        for (group, batches) in self.data.groups.iter().enumerate() {
            let weights = self.data.executor.download_each(&batches[position])?;
            total += weights[..self.data.of_group(group).len()].iter().flat_map(Tensor::to_f64).sum::<f64>();
        }
        Ok(total)
    }

    fn apply(&self, matrix: Matrix, x: &[f64]) -> Result<Vec<f64>, Error> {
        let mut out = [vec![0.0; x.len()]];
        self.family(matrix)?.run(&self.data, x, &mut out)?;
        let [y] = out;
        Ok(y)
    }
}

/// A matrix of a [`Split`], known by its products.
pub struct MatrixOperator<'a> {
    split: &'a Split<'a>,
    matrix: Matrix,
    /// Of a covariance: the sum of the weighted gradients and of the weights.
    mean: OnceLock<(Vec<f64>, f64)>,
}

impl MatrixOperator<'_> {
    /// Takes `g gᵀ / W` off the second moments, with `g = Σ w_n g_n` and `W = Σ w_n`.
    fn centre(&self, weights: Value, x: &[f64], y: &mut [f64]) -> Result<(), Error> {
        if self.mean.get().is_none() {
            let mean = (self.split.gradient()?.1, self.split.total_weight(weights)?);
            let _ = self.mean.set(mean);
        }
        let (g, total) = self.mean.get().expect("it was just set");
        let dim = g.len().max(1);
        for (x, y) in x.chunks(dim).zip(y.chunks_mut(dim)) {
            axpy(-dot(g, x) / total, g, y);
        }
        Ok(())
    }
}

impl SymmetricOperator for MatrixOperator<'_> {
    fn dim(&self) -> usize {
        self.split.dim()
    }

    fn apply(&self, x: &[f64], y: &mut [f64]) -> Result<(), dupin_linop::Error> {
        self.apply_many(x, y)
    }

    fn apply_many(&self, x: &[f64], y: &mut [f64]) -> Result<(), dupin_linop::Error> {
        let product = self.split.apply(self.matrix, x).map_err(dupin_linop::Error::apply)?;
        y.copy_from_slice(&product);
        if let Matrix::GradientCovariance { weights } = self.matrix {
            self.centre(weights, x, y).map_err(dupin_linop::Error::apply)?;
        }
        Ok(())
    }

    fn block(&self) -> usize {
        self.split.data.block
    }

    fn is_psd(&self) -> bool {
        self.matrix.is_psd(self.split.convex)
    }
}
