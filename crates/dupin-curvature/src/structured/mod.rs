//! Structured trace probes: traces of every parameter's block of `G` and `N` from one pass over the data.
//!
//! A probe of Hutchinson's estimator is one random direction for all of θ, and its error does not fall with the number of examples.
//! Here the noise lies between the layers, independent in every example, and the sums over a weight's elements are carried out
//! exactly, so that the error falls as `1/√examples`:
//!
//! ```text
//! G   u = S ε at the logits with S Sᵀ = H_z, pulled back;      tr G_l = Σ_n E‖∂/∂W_l of example n‖²
//! N   s_k = φ''(h_k) ⊙ ∂L/∂φ_k at every curved elementwise node; u = √|s_k| ε, w = sign(s_k) u injected at h_k, pulled back;
//!                                                               tr N_l = Σ_n E⟨∂/∂W_l of u, ∂/∂W_l of w⟩
//! ```
//!
//! The second holds where the logits are, as a function of one parameter, linear maps and elementwise functions in any order:
//! the curvature of such a function is that of its elementwise nodes alone. While a diagonal `s_k` stays diagonal on its way back
//! (elementwise nodes, sums, movements of data) no noise stands for it: its term is exact, and so is the trace of a layer whose
//! own activation is the only curved thing behind it.
//!
//! Sources: the estimators are Hutchinson's (1990) with factors in place of a direction; `S` of the softmax is that of
//! Dangel et al. (2020), "BackPACK", arXiv 1912.10985, whose sampled Gauss-Newton diagonal sums to `tr G`.

mod axis;
mod class;
mod curvature;
mod entry;
mod pass;
mod root;
mod samples;
mod squares;
mod walk;

use dupin_ir::{Buffer, Executor, Tensor, Value, upload_spread};

pub use class::Outside;
pub use root::{Curve, LossRoot, Root};
pub use squares::squared_gradients;

use crate::error::Error;
use crate::layout::Layout;
use crate::products;
use crate::traced::Traced;
use crate::traces::{GroupTrace, SplitTraces, TracesChange};
use class::placeholder;
use pass::{Pass, Rows, all_columns, key};
use root::check_root;
use samples::Group;
use walk::{signs, walk};

/// How structured traces are taken.
#[derive(Clone, Copy, Debug)]
pub struct StructuredParams {
    /// Passes over the data, each with fresh noise; two are the least that tell an error.
    pub passes: usize,
    /// Of the noise: the same seed gives the same traces, whatever the executor's threads.
    pub seed: u64,
    /// Take `tr G` without noise, from one backward pass per output.
    pub exact_gauss_newton: bool,
}

impl Default for StructuredParams {
    fn default() -> Self {
        Self { passes: 2, seed: 0, exact_gauss_newton: false }
    }
}

/// Traces by structured probes.
#[derive(Clone, Debug)]
pub struct StructuredTraces {
    /// In all and per module. `H = G + N` holds per example and pass.
    pub split: SplitTraces,
    /// Of every parameter's diagonal block, in the order of the layout.
    pub parameters: Vec<GroupTrace>,
}

/// What structured probes have to say about a network.
#[derive(Clone, Debug)]
pub enum StructuredOutcome {
    /// Its traces.
    Traces(StructuredTraces),
    /// It is not of their class: take [`traces`](crate::traces()) instead.
    Outside(Outside),
}

/// Traces of H, G and N at `params` over `batches`, each the tensors of `traced.data`.
///
/// Estimates say `structured`, or `exact` for a `tr G` without noise. Their standard errors come from the spread of each example's
/// passes, summed over examples; `samples` is one more than the degrees of freedom by Satterthwaite's rule (on the safe side:
/// noise in the variances makes them look fewer), and `matvecs` counts passes. An estimate in which no noise is left has the
/// standard error 0.
///
/// # Shapes and units
/// `traced.logits: [n, outputs]`, examples along the first axis. A trace has the unit of the loss per squared parameter.
///
/// # Cost
/// Per batch 2F once (primal pass and residuals), then per pass 2F for `G` and 4F for `N`: backward passes and per-example inner products
/// of weight gradients. An exact `tr G` takes 2F per output instead.
/// Memory: per-example gradients of the largest convolution whose output has many positions.
///
/// # Errors
/// [`Error::LossRoot`] if `root` is not a square root of the loss's curvature; [`Error::Count`], [`Error::Parameter`],
/// [`Error::Type`] for what does not fit; [`Error::NotFinite`]; errors of the executor.
///
/// # Panics
/// If `settings.passes` is 0.
///
/// # Source
/// See the module: Hutchinson (1990); Dangel et al. (2020) for `G`; Dauphin, Agarwala & Mobahi (2024, arXiv 2401.10809) for `N`.
///
/// # Examples
/// ```
/// use dupin_curvature::{Curve, LossRoot, StructuredOutcome, StructuredParams, Traced, structured};
/// use dupin_ir::{Builder, DType, Reference, Tensor, TensorType, prim::DotGeneral};
/// // Least squares: L = Σ_n w_n (θ·x_n - y_n)², so tr G = 2 Σ_n w_n ‖x_n‖² and N = 0.
/// let mut b = Builder::new();
/// let mut input = |name: &str, shape: &[usize]| b.input(name, TensorType::new(DType::F64, shape));
/// let (theta, x, y, w) = (input("theta", &[1, 2]), input("x", &[3, 2]), input("y", &[3, 1]), input("w", &[3]));
/// let logits = b.dot_general(x, theta, DotGeneral::contracting(1, 1));
/// let residual = b.sub(logits, y);
/// let square = b.square(residual);
/// let each = b.reshape(square, &[3]);
/// let loss = b.inner(each, w);
/// let (params, names, data) = (vec![theta], vec!["theta".to_string()], vec![x, y, w]);
/// let traced = Traced { builder: b, params, names, data, logits, loss, convex: true };
/// let root = LossRoot { curve: Curve::MeanSquaredError, weights: w };
/// let batch = vec![
///     Tensor::f64([3, 2], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
///     Tensor::f64([3, 1], vec![1.0, 0.0, 1.0]),
///     Tensor::f64([3], vec![0.5, 0.5, 0.0]),
/// ];
/// let at = [Tensor::f64([1, 2], vec![0.1, 0.2])];
/// let settings = StructuredParams::default();
/// let outcome = structured(&Reference, traced, &root, &at, &[batch], settings, |_| {})?;
/// let StructuredOutcome::Traces(traces) = outcome else { unreachable!("a linear model is of the class") };
/// assert!((traces.split.gauss_newton.value - 30.0).abs() < 1e-12); // (1 + 4) + (9 + 16)
/// assert_eq!(traces.split.nme.value, 0.0);
/// # Ok::<(), dupin_curvature::Error>(())
/// ```
pub fn structured(
    executor: &dyn Executor,
    traced: Traced,
    root: &LossRoot<'_>,
    params: &[Tensor],
    batches: &[Vec<Tensor>],
    settings: StructuredParams,
    progress: impl FnMut(usize),
) -> Result<StructuredOutcome, Error> {
    let point = StructuredPoint { params, batches };
    Ok(match run(executor, traced, root, &[point], settings, progress)? {
        Ok(mut traces) => StructuredOutcome::Traces(traces.remove(0)),
        Err(outside) => StructuredOutcome::Outside(outside),
    })
}

/// Where traces are taken.
#[derive(Clone, Copy, Debug)]
pub struct StructuredPoint<'a> {
    /// Parameters, as `traced` has them.
    pub params: &'a [Tensor],
    /// Batches, each the tensors of `traced.data`. Between points only what belongs to the parameters may differ (running statistics).
    pub batches: &'a [Vec<Tensor>],
}

/// Traces at two points and of their difference, from the same draws: noise that both share is not in the difference. Its standard
/// errors come from the differences of each example's passes.
///
/// # Cost
/// Twice that of [`structured`].
///
/// # Errors
/// As for [`structured`]; a network outside the class is the inner `Err`.
///
/// # Panics
/// If `settings.passes` is 0.
pub fn structured_change(
    executor: &dyn Executor,
    traced: Traced,
    root: &LossRoot<'_>,
    first: StructuredPoint<'_>,
    second: StructuredPoint<'_>,
    settings: StructuredParams,
    progress: impl FnMut(usize),
) -> Result<Result<TracesChange, Outside>, Error> {
    let traces = run(executor, traced, root, &[first, second], settings, progress)?;
    Ok(traces.map(|traces| {
        let mut traces = traces.into_iter().map(|t| t.split);
        let mut next = || traces.next().expect("two points give three results");
        TracesChange { first: next(), second: next(), change: next() }
    }))
}

/// Traces at every point; of two points also the second less the first.
fn run(
    executor: &dyn Executor,
    mut traced: Traced,
    root: &LossRoot<'_>,
    points: &[StructuredPoint<'_>],
    settings: StructuredParams,
    mut progress: impl FnMut(usize),
) -> Result<Result<Vec<StructuredTraces>, Outside>, Error> {
    assert!(settings.passes > 0, "a trace estimate needs at least one pass");
    let mut layout = Layout::new(Vec::new(), Vec::new());
    for point in points {
        layout = traced.fitting(point.params, point.batches)?;
    }
    let network = match class::analyse(&mut traced.builder, traced.logits, &traced.params, &traced.names) {
        Ok(network) => network,
        Err(outside) => return Ok(Err(outside)),
    };
    let upload = |t: &Tensor| executor.upload(t.clone());
    let mut params: Vec<Vec<Buffer>> = Vec::new();
    for point in points {
        params.push(point.params.iter().map(upload).collect::<Result<_, _>>()?);
        if let (Some(batch), Some(params)) = (point.batches.first(), params.last()) {
            let batch: Vec<Buffer> = batch.iter().map(upload).collect::<Result<_, _>>()?;
            check_root(executor, &mut traced, root, params, &batch)?;
        }
    }

    let (logits, count) = (traced.logits, layout.len());
    let b = &mut traced.builder;
    let residual = products::gradient(b, traced.loss, logits, &[]).residual;
    let mut keys = Vec::new();
    let eps = if settings.exact_gauss_newton { placeholder(b, logits) } else { signs(b, &mut keys, logits) };
    let u = root.apply(b, logits, eps);
    let fixed: Vec<Value> = traced.params.iter().chain(&traced.data).copied().collect();
    let (sampled, exact) = if settings.exact_gauss_newton {
        let exact = walk(b, &network, logits, count, None, Some(u));
        let columns = Pass::new(executor, b, &exact.blocks, &fixed, &[eps])?;
        (walk(b, &network, logits, count, Some(residual), None), Some(columns))
    } else {
        (walk(b, &network, logits, count, Some(residual), Some(u)), None)
    };
    keys.extend(sampled.keys);
    let sites = keys.len();
    let pass = Pass::new(executor, b, &sampled.blocks, &fixed, &keys)?;
    if let Some(error) = b.error() {
        return Err(error.clone().into());
    }

    let ty = b.ty(logits).clone();
    let n = ty.shape.first().copied().unwrap_or(1);
    let mut of_points: Vec<Vec<Group>> = points.iter().map(|_| groups(&layout)).collect();
    let mut of_change = (points.len() == 2).then(|| groups(&layout));
    let batches = points.first().map_or(0, |p| p.batches.len());
    let replicas = executor.replicas();
    // Traces are of single examples: nothing is summed over replicas, each takes the keys of its own batch.
    for start in (0..batches).step_by(replicas) {
        let group = start..(start + replicas).min(batches);
        // For each batch one list of passes per point.
        let mut passes: Vec<Vec<Vec<Rows>>> = group.clone().map(|_| Vec::new()).collect();
        for (point, params) in points.iter().zip(&params) {
            let data = upload_spread(executor, point.batches[group.clone()].to_vec())?;
            let fixed: Vec<&Buffer> = params.iter().chain(&data).collect();
            let exact = match &exact {
                Some(columns) => Some(all_columns(executor, columns, &fixed, &ty, count * n)?),
                None => None,
            };
            let residuals = pass.residuals(&fixed)?;
            for of_batch in &mut passes {
                of_batch.push(Vec::new());
            }
            for k in 0..settings.passes {
                let keys = |index| (0..sites).map(|site| key(settings.seed, index, k, site)).collect();
                let keys = upload_spread(executor, group.clone().map(keys).collect())?;
                let rows = pass.run(executor, &keys, &residuals, count * n)?;
                for (replica, (mut rows, of_batch)) in rows.into_iter().zip(&mut passes).enumerate() {
                    if let Some(exact) = &exact {
                        rows.gauss_newton.clone_from(&exact[replica]);
                    }
                    for (what, values) in [("a trace of G", &rows.gauss_newton), ("a trace of N", &rows.nme)] {
                        if let Some(&value) = values.iter().find(|v| !v.is_finite()) {
                            return Err(Error::NotFinite { what, batch: start + replica, value });
                        }
                    }
                    of_batch.last_mut().expect("a point's list was just begun").push(rows);
                }
            }
        }
        for (index, passes) in group.zip(&passes) {
            add(passes, n, &mut of_points, of_change.as_deref_mut());
            progress(index + 1);
        }
    }
    Ok(Ok(of_points.iter().chain(&of_change).map(|groups| collect(&layout, groups, settings)).collect()))
}

/// Adds the passes over one batch, a list for each point, to the sums of the points and of the second less the first.
fn add(passes: &[Vec<Rows>], n: usize, of_points: &mut [Vec<Group>], mut of_change: Option<&mut [Group]>) {
    if let (Some(change), [first, second]) = (&mut of_change, passes) {
        for (first, second) in first.iter().zip(second) {
            let less = |a: &[f64], b: &[f64]| -> Vec<f64> { a.iter().zip(b).map(|(a, b)| b - a).collect() };
            let (g, t) = (less(&first.gauss_newton, &second.gauss_newton), less(&first.nme, &second.nme));
            for group in change.iter_mut() {
                group.push(&g, &t, n);
            }
        }
    }
    for (groups, passes) in of_points.iter_mut().zip(passes) {
        for rows in passes {
            for group in groups.iter_mut() {
                group.push(&rows.gauss_newton, &rows.nme, n);
            }
        }
    }
    of_points.iter_mut().flatten().chain(of_change.into_iter().flatten()).for_each(Group::close);
}

/// The whole, then modules, then parameters.
fn groups(layout: &Layout) -> Vec<Group> {
    let mut groups = vec![Group::new(0..layout.len())];
    groups.extend(layout.module_params().into_iter().map(|(_, params)| Group::new(params)));
    groups.extend((0..layout.len()).map(|i| Group::new(i..i + 1)));
    groups
}

fn collect(layout: &Layout, groups: &[Group], settings: StructuredParams) -> StructuredTraces {
    let passes = settings.passes;
    let gauss_newton = |g: &Group| g.gauss_newton.estimate(passes, settings.exact_gauss_newton);
    let named = |(name, g): (String, &Group)| GroupTrace {
        name,
        hessian: g.hessian.estimate(passes, false),
        gauss_newton: gauss_newton(g),
        nme: g.nme.estimate(passes, false),
    };
    let (whole, rest) = (&groups[0], &groups[1..]);
    let modules = layout.modules();
    let (of_modules, of_params) = rest.split_at(modules.len());
    StructuredTraces {
        split: SplitTraces {
            hessian: whole.hessian.estimate(passes, false),
            gauss_newton: gauss_newton(whole),
            nme: whole.nme.estimate(passes, false),
            groups: modules.into_iter().map(|(name, _)| name).zip(of_modules).map(named).collect(),
        },
        parameters: layout.names().iter().cloned().zip(of_params).map(named).collect(),
    }
}
