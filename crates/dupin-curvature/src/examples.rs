//! Quantities of single examples: the graph of one example, batched.
//!
//! Gradients of every example at once are one more axis of the program of one. So this serves any network that treats examples
//! apart (also those outside the class of structured probes), at the price of memory: a batch's examples times the parameters.

use dupin_ir::transform::{batch_all, stage, substitute, vjp};
use dupin_ir::{Buffer, Executable, Executor, Tensor, TensorType, Value};

use crate::error::Error;
use crate::layout::Layout;
use crate::products;
use crate::replicas::upload_groups;
use crate::structured::{Curve, LossRoot};
use crate::traced::Traced;

/// Gradients of single examples and what is made of them, over a data set.
///
/// # Examples
/// ```
/// use dupin_curvature::{Curve, Examples, Traced};
/// use dupin_ir::{Builder, DType, Reference, Tensor, TensorType, prim::DotGeneral};
/// // Least squares, one example at a time: ℓ = (θ·x - y)², so ∇ℓ = 2(θ·x - y) x, and diag G = 2 Σ_n w_n x_n².
/// let mut b = Builder::new();
/// let mut input = |name: &str, shape: &[usize]| b.input(name, TensorType::new(DType::F64, shape));
/// let (theta, x, y, w) = (input("theta", &[1, 2]), input("x", &[1, 2]), input("y", &[1, 1]), input("w", &[1]));
/// let logits = b.dot_general(x, theta, DotGeneral::contracting(1, 1));
/// let residual = b.sub(logits, y);
/// let square = b.square(residual);
/// let each = b.reshape(square, &[1]);
/// let loss = b.inner(each, w);
/// let (params, names, data) = (vec![theta], vec!["theta".to_string()], vec![x, y, w]);
/// let one = Traced { builder: b, params, names, data, logits, loss, convex: true };
/// let batch = vec![
///     Tensor::f64([3, 2], vec![3.0, 4.0, 0.0, 2.0, 9.0, 9.0]),
///     Tensor::f64([3, 1], vec![1.0, 0.0, 1.0]),
///     Tensor::f64([3], vec![0.5, 0.5, 0.0]), // the third is padding
/// ];
/// let at = [Tensor::f64([1, 2], vec![0.0, 1.0])];
/// let mut examples = Examples::new(&Reference, one, w, &at, vec![batch])?;
/// assert_eq!(examples.gradient_norms()?, [2.0 * 3.0 * 5.0, 2.0 * 2.0 * 2.0]);
/// let diagonal = examples.gauss_newton_diagonal(Curve::MeanSquaredError)?;
/// assert!((diagonal[0] - 9.0).abs() < 1e-13 && (diagonal[1] - (16.0 + 4.0)).abs() < 1e-13);
/// # Ok::<(), dupin_curvature::Error>(())
/// ```
pub struct Examples<'e> {
    executor: &'e dyn Executor,
    layout: Layout,
    one: Traced,
    weights: Value,
    /// Where they are among the data.
    weights_at: usize,
    params: Vec<Buffer>,
    batches: Vec<Vec<Tensor>>,
}

/// Programs over a batch of examples: what does not depend on the unit vector at the logits, if there is one, and the rest.
struct Programs {
    first: Option<Box<dyn Executable>>,
    rest: Box<dyn Executable>,
}

impl<'e> Examples<'e> {
    /// `one` is the model traced over a single example, `weights: [1]` its weight among `one.data`, and `batches` are as for a model
    /// traced over as many examples as they hold.
    ///
    /// # Errors
    /// [`Error::OneExample`] if it is traced over more; [`Error::NoWeights`], [`Error::Count`] and [`Error::Parameter`] for what does not fit.
    pub fn new(
        executor: &'e dyn Executor,
        one: Traced,
        weights: Value,
        params: &[Tensor],
        batches: Vec<Vec<Tensor>>,
    ) -> Result<Self, Error> {
        let layout = one.fitting(params, &batches)?;
        if one.builder.ty(one.logits).shape.first() != Some(&1) {
            return Err(Error::OneExample { found: one.builder.ty(one.logits).clone() });
        }
        let weights_at = one.data.iter().position(|&d| d == weights).ok_or(Error::NoWeights)?;
        let params = params.iter().map(|t| executor.upload(t.clone())).collect::<Result<_, _>>()?;
        Ok(Self { executor, layout, one, weights, weights_at, params, batches })
    }

    /// How the parameters lie in a flat vector.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// `‖∇ℓ_n‖` of every example whose weight is not 0, in order. The weight is not in it. Cost: 3F.
    ///
    /// # Errors
    /// [`Error::NotFinite`]; errors of the executor.
    pub fn gradient_norms(&mut self) -> Result<Vec<f64>, Error> {
        let gradient = self.unweighted_gradient();
        let square = self.one.builder.inner_all(&gradient, &gradient);
        let weights = self.weights_at;
        let mut norms = Vec::new();
        self.run(&[square], None, false, "the gradient of an example", |batch, out| {
            let of_weight = batch[weights].to_f64();
            norms.extend(out[0].to_f64().iter().zip(of_weight).filter(|(_, w)| *w != 0.0).map(|(s, _)| s.sqrt()));
        })?;
        Ok(norms)
    }

    /// The diagonal of the empirical Fisher matrix, `Σ_n w_n g_n²` entry by entry. Cost: 3F.
    ///
    /// # Errors
    /// [`Error::NotFinite`]; errors of the executor.
    pub fn empirical_fisher_diagonal(&mut self) -> Result<Vec<f64>, Error> {
        let gradient = self.unweighted_gradient();
        let b = &mut self.one.builder;
        let weight = b.reshape(self.weights, &[]);
        let mut weighted_square = |&g: &Value| {
            let square = b.square(g);
            b.scale_by(square, weight)
        };
        let squares: Vec<Value> = gradient.iter().map(&mut weighted_square).collect();
        self.sums(&squares, None)
    }

    /// The diagonal of `G = Jᵀ H_z J` without noise: `Σ_n Σ_c (Jᵀ S e_c)²` with `S Sᵀ = H_z`. Cost: F once, then 2F per output of the network.
    ///
    /// # Errors
    /// [`Error::NotFinite`]; errors of the executor.
    pub fn gauss_newton_diagonal(&mut self, curve: Curve<'_>) -> Result<Vec<f64>, Error> {
        let (b, logits) = (&mut self.one.builder, self.one.logits);
        let ty = b.ty(logits).clone();
        let eps = b.input("eps", ty);
        let u = LossRoot { curve, weights: self.weights }.apply(b, logits, eps);
        let columns = vjp(b, &[logits], &[Some(u)], &self.one.params);
        let square = |(v, &p): (Option<Value>, &Value)| match v {
            Some(v) => b.square(v),
            None => b.splat_like(p, 0.0),
        };
        let squares: Vec<Value> = columns.into_iter().zip(&self.one.params).map(square).collect();
        self.sums(&squares, Some(eps))
    }

    fn unweighted_gradient(&mut self) -> Vec<Value> {
        let b = &mut self.one.builder;
        let one = b.splat_like(self.weights, 1.0);
        let loss = substitute(b, &[self.one.loss], &[self.weights], &[one])[0];
        products::gradient(b, loss, self.one.logits, &self.one.params).params
    }

    /// Sums over all examples of one value per parameter, over all unit vectors as `eps` if there is one.
    fn sums(&mut self, values: &[Value], eps: Option<Value>) -> Result<Vec<f64>, Error> {
        let (layout, mut flat) = (self.layout.clone(), vec![0.0; self.layout.dim()]);
        self.run(values, eps, true, "a square of an example's derivatives", |_, out| layout.accumulate(out, &mut flat))?;
        Ok(flat)
    }

    /// `outputs` of one example for every example of a batch, along a leading axis or summed over it.
    fn programs(&mut self, batch: &[Tensor], outputs: &[Value], eps: Option<Value>, summed: bool) -> Result<Programs, Error> {
        let one = &mut self.one;
        let b = &mut one.builder;
        let k = batch[self.weights_at].len();
        let (mut from, mut to, mut inputs) = (Vec::new(), Vec::new(), one.params.clone());
        for (&d, tensor) in one.data.iter().zip(batch) {
            let ty = b.ty(d).clone();
            if ty.shape.first() != Some(&1) || tensor.shape().first() != Some(&k) {
                inputs.push(d); // what all examples share, such as running statistics
                continue;
            }
            let rest = &ty.shape[1..];
            let whole = b.input("examples", ty.with_shape([&[k], rest].concat()));
            inputs.push(whole);
            from.push(d);
            to.push(b.reshape(whole, &[&[k, 1], rest].concat()));
        }
        let mut outputs = batch_all(b, outputs, &from, &to);
        if summed {
            outputs = outputs.into_iter().map(|v| b.reduce_sum(v, &[0])).collect();
        }
        Ok(if let Some(eps) = eps {
            let staged = stage(b, &outputs, &inputs, &[eps])?;
            Programs { first: Some(self.executor.compile(&staged.first)?), rest: self.executor.compile(&staged.rest)? }
        } else {
            Programs { first: None, rest: self.executor.compile(&b.program(&inputs, &outputs)?)? }
        })
    }

    /// Runs them over all batches and unit vectors.
    fn run(
        &mut self,
        outputs: &[Value],
        eps: Option<Value>,
        summed: bool,
        what: &'static str,
        mut each: impl FnMut(&[Tensor], &[Tensor]),
    ) -> Result<(), Error> {
        let Some(first) = self.batches.first().cloned() else { return Ok(()) };
        let programs = self.programs(&first, outputs, eps, summed)?;
        let upload = |t: &Tensor| self.executor.upload(t.clone());
        let unit = eps.map(|e| self.one.builder.ty(e).clone());
        let replicas = self.executor.replicas();
        for (index, batches) in self.batches.chunks(replicas).enumerate() {
            let data = upload_groups(self.executor, batches.to_vec())?.concat();
            let fixed: Vec<&Buffer> = self.params.iter().chain(&data).collect();
            let computed = programs.first.as_ref().map(|p| p.run(&fixed)).transpose()?;
            let known: Vec<&Buffer> = computed.as_ref().map_or(fixed, |c| c.iter().collect());
            for c in 0..unit.as_ref().map_or(1, TensorType::len) {
                let column = unit.as_ref().map(|ty| {
                    let entries: Vec<f64> = (0..ty.len()).map(|i| f64::from(u8::from(i == c))).collect();
                    upload(&Tensor::from_f64(ty, &entries))
                });
                let column = column.transpose()?;
                let out = programs.rest.run(&column.iter().chain(known.iter().copied()).collect::<Vec<_>>())?;
                let out: Vec<Vec<Tensor>> = out.iter().map(|x| self.executor.download_each(x)).collect::<Result<_, _>>()?;
                for (replica, batch) in batches.iter().enumerate() {
                    let own: Vec<Tensor> = out.iter().map(|each| each[replica].clone()).collect();
                    if let Some(bad) = own.iter().find(|t| !t.is_finite()) {
                        let value = bad.to_f64().into_iter().find(|v| !v.is_finite()).unwrap_or(f64::NAN);
                        return Err(Error::NotFinite { what, batch: index * replicas + replica, value });
                    }
                    each(batch, &own);
                }
            }
        }
        Ok(())
    }
}
