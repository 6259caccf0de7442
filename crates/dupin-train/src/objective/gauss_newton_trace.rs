//! The penalty on the trace of the Gauss-Newton matrix, with the loss's curvature held fixed or not.

use dupin_curvature::{products, squared_gradients};
use dupin_ir::prim::rng::Distribution;
use dupin_ir::transform::{jvp, vjp};
use dupin_ir::{Builder, TensorType, Value};
use dupin_nn::Loss;

use super::moved::or_zeros;
use super::options::{Options, YES_NO, word};
use super::{Context, Contribution, Entry, Objective, Point, Strength};
use crate::error::Error;

/// `∇(L + λ ‖Jᵀu‖²)` where `E uuᵀ = H_z`, so that `E‖Jᵀu‖² = tr JᵀH_zJ = tr G`. Cost: 11F.
///
/// - `stop = yes`: `u = Σ_n √w_n ∇_z ℓ(z_n, ŷ_n)` with one label per example drawn from the model and held fixed. With weights `1/B` it
///   is `L + λ B‖∇ mean_n ℓ(z_n, ŷ_n)‖²`. Its expected gradient is `∇(L + λ tr Jᵀ stop(H_z) J)`: the way `H_z` changes with `θ` is left out.
/// - `stop = no`: `u_n = √w_n S_n ε_n` with `S Sᵀ = H_z` and signs `ε`, independent for each example; `S = diag(√p) - p√pᵀ` for softmax
///   cross-entropy. Differentiated through `S` as well, so its expected gradient is `∇(L + λ tr G)`.
///
/// `labels = none` takes the `u` of the second form and holds `S` fixed: the first form's expectation without its sampled labels.
///
/// Terms between two examples vanish in expectation, since `u` of each has mean 0. `per_example = yes` leaves them out:
/// `Σ_n ‖J_nᵀu_n‖²` by [`squared_gradients`], with the same expectation and less noise, for networks of its class. Draws are
/// fresh at each step.
///
/// The model of cross-entropy is the softmax (smoothing of the labels changes neither it nor `H_z`), that of the mean squared error over
/// `K` outputs a normal of variance `K/2` for each.
///
/// # Source
/// Sampled labels: Dauphin, Agarwala & Mobahi (2024, arXiv 2401.10809), after Martens (2020); whether they hold labels fixed is not known.
/// Cost: `∇‖Jᵀu‖² = 2(N_u + Jᵀ(∂u/∂z)ᵀJ) Jᵀu`, one forward tangent and one backward pass.
#[derive(Clone, Copy, Debug)]
pub struct GaussNewtonTrace {
    /// Weight of the penalty.
    pub lambda: Strength,
    /// Whether `H_z` is held fixed.
    pub stop: bool,
    /// Whether its square root is that of sampled labels, which are held fixed.
    pub sampled: bool,
    /// Whether each example has a square of its own.
    pub per_example: bool,
}

fn parse(o: &mut Options) -> Result<Box<dyn Objective>, Error> {
    let labels = o.choice_or("labels", None, &[("sampled", Some(true)), ("none", Some(false))])?;
    let (lambda, stop) = (o.strength("lambda")?, o.choice("stop", &YES_NO)?);
    if labels == Some(true) && !stop {
        return Err(o.fail("labels that are sampled are held fixed: leave out `labels=sampled`, or take `stop=yes`".into()));
    }
    let per_example = o.choice_or("per_example", false, &YES_NO)?;
    Ok(Box::new(GaussNewtonTrace { lambda, stop, sampled: labels.unwrap_or(stop), per_example }))
}

pub(super) const ENTRY: Entry = Entry {
    name: "gn_trace",
    moves: false,
    summary: "gn_trace:lambda=W[,labels=sampled|none][,stop=yes|no][,per_example=yes|no]: gradient of L + W·tr G, with the loss's \
              curvature held fixed or not",
    parse,
};

/// The class of each row of the last axis of `logits` that softmax draws, by the largest of `z - log(-log uniform)` (Gumbel, 1954).
fn sampled_classes(b: &mut Builder, step: &Context, logits: Value) -> Value {
    let ty = b.ty(logits).clone();
    let uniform = step.draw_examples(b, 0, Distribution::Uniform, &ty);
    // A uniform number may be 0; half its smallest step keeps the logarithm finite.
    let least = b.splat_like(uniform, 2f64.powi(-25));
    let uniform = b.max(uniform, least);
    let log = b.log(uniform);
    let exponential = b.neg(log);
    let log = b.log(exponential);
    let noisy = b.sub(logits, log);
    b.argmax(noisy, ty.rank() - 1)
}

/// Labels drawn from the model, constants of every derivative, and the loss that compares with them.
fn sampled_labels(b: &mut Builder, step: &Context, logits: Value) -> (Loss, Value) {
    match step.loss() {
        Loss::CrossEntropy { .. } => (Loss::CrossEntropy { smoothing: 0.0 }, sampled_classes(b, step, logits)),
        Loss::Mse => {
            let ty = b.ty(logits).clone();
            let normal = step.draw_examples(b, 0, Distribution::Normal, &ty);
            let noise = b.scale(normal, (0.5 * outputs(&ty)).sqrt());
            let mean = b.stop_gradient(logits);
            (Loss::Mse, b.add(mean, noise))
        }
    }
}

fn outputs(logits: &TensorType) -> f64 {
    logits.shape[1] as f64
}

/// `S ε` per example, `[batch, outputs]`.
fn root_times_signs(b: &mut Builder, step: &Context, logits: Value) -> Value {
    let ty = b.ty(logits).clone();
    let signs = step.draw_examples(b, 0, Distribution::Rademacher, &ty);
    match step.loss() {
        Loss::Mse => b.scale(signs, (2.0 / outputs(&ty)).sqrt()),
        Loss::CrossEntropy { .. } => {
            let row = |b: &mut Builder, x: Value| b.broadcast(x, &ty.shape, &[0]);
            let largest = b.reduce_max(logits, &[1]);
            let largest = b.stop_gradient(largest);
            let largest = row(b, largest);
            let shifted = b.sub(logits, largest);
            let exponentials = b.exp(shifted);
            let sum = b.reduce_sum(exponentials, &[1]);
            let log_sum = b.log(sum);
            let log_sum = row(b, log_sum);
            let log_p = b.sub(shifted, log_sum);
            // √p through the logarithm: the root's own derivative is infinite where p is rounded to 0.
            let half = b.scale(log_p, 0.5);
            let (p, root) = (b.exp(log_p), b.exp(half));
            let direct = b.mul(root, signs);
            let inner = b.reduce_sum(direct, &[1]);
            let inner = row(b, inner);
            let projected = b.mul(p, inner);
            b.sub(direct, projected)
        }
    }
}

impl GaussNewtonTrace {
    /// `u`, a function of the logits.
    fn pulled(&self, b: &mut Builder, at: &Point, step: &Context) -> Value {
        let root = b.sqrt(step.weights());
        if self.sampled {
            let (loss, labels) = sampled_labels(b, step, at.logits);
            let sampled = loss.weighted(b, at.logits, labels, root);
            let one = b.splat_like(sampled, 1.0);
            vjp(b, &[sampled], &[Some(one)], &[at.logits])[0].unwrap_or_else(|| b.splat_like(at.logits, 0.0))
        } else {
            let shape = b.ty(at.logits).shape.clone();
            let root = b.broadcast(root, &shape, &[0]);
            let u = root_times_signs(b, step, at.logits);
            let u = if self.stop { b.stop_gradient(u) } else { u };
            b.mul(root, u)
        }
    }

    /// `Σ_n ‖J_nᵀu_n‖²`. A step asks [`Objective::check`] first, so that no network outside the class comes here: a penalty of nothing
    /// would go unnoticed.
    fn squares(&self, b: &mut Builder, at: &Point, step: &Context) -> Value {
        let u = self.pulled(b, at, step);
        squared_gradients(b, at.logits, at.params, u).expect("`Objective::check` refuses networks outside the class")
    }
}

impl Objective for GaussNewtonTrace {
    fn check(&self, b: &mut Builder, at: &Point) -> Result<(), Error> {
        if !self.per_example {
            return Ok(());
        }
        let found = squared_gradients(b, at.logits, at.params, at.logits);
        found.map(drop).map_err(|outside| {
            let why = format!("squares of single examples do not serve this network: {outside}; leave `per_example=yes` out");
            Error::setting("objective", &self.spec(), why)
        })
    }

    fn contribution(&self, b: &mut Builder, at: &Point, step: &mut Context) -> Contribution {
        if self.per_example {
            let value = self.squares(b, at, step);
            let one = b.splat_like(value, 1.0);
            let gradient = vjp(b, &[value], &[Some(one)], at.params);
            let gradient = or_zeros(b, &gradient, at.params);
            let gradient = step.totals(b, &gradient);
            return Contribution::Added(self.lambda.times(b, step, 1.0, &gradient));
        }
        let u = self.pulled(b, at, step);
        let v = vjp(b, &[at.logits], &[Some(u)], at.params);
        let v = or_zeros(b, &v, at.params);
        let whole = step.totals(b, &v);
        let dz = products::tangent(b, at.logits, at.params, &whole);
        // The tangent of u is its transposed derivative applied to dz: then one pass gives both terms of the gradient.
        let du = vjp(b, &[u], &[Some(dz)], &[at.logits])[0];
        let held: Vec<Value> = at.params.iter().copied().chain([u]).collect();
        let tangents: Vec<Option<Value>> = whole.iter().copied().map(Some).chain([du]).collect();
        let gradient = jvp(b, &v, &held, &tangents);
        let gradient = or_zeros(b, &gradient, at.params);
        let gradient = step.totals(b, &gradient);
        Contribution::Added(self.lambda.times(b, step, 2.0, &gradient))
    }

    fn regularizer(&self, b: &mut Builder, at: &Point, step: &mut Context) -> Option<Value> {
        if self.per_example {
            let value = self.squares(b, at, step);
            return Some(self.lambda.times(b, step, 1.0, &[value])[0]);
        }
        let u = self.pulled(b, at, step);
        let v = vjp(b, &[at.logits], &[Some(u)], at.params);
        let v = or_zeros(b, &v, at.params);
        let square = b.inner_all(&v, &v);
        Some(self.lambda.times(b, step, 1.0, &[square])[0])
    }

    fn spec(&self) -> String {
        let labels = match (self.sampled, self.stop) {
            (true, _) => ",labels=sampled",
            (false, true) => ",labels=none",
            (false, false) => "",
        };
        let apart = if self.per_example { ",per_example=yes" } else { "" };
        format!("gn_trace:lambda={}{labels},stop={}{apart}", self.lambda, word(&YES_NO, self.stop))
    }
}
