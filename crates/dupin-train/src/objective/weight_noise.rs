//! Gradients at randomly perturbed parameters.

use dupin_ir::prim::CompareOp;
use dupin_ir::prim::rng::Distribution;
use dupin_ir::{Builder, TensorType, Value};

use super::moved::{Moved, or_zeros};
use super::options::{NO_YES, with_group, word};
use super::{Context, Contribution, Entry, Objective, Point, Strength, scaled};

/// `∇L(θ + ε)` with `ε ~ N(0, σ²)`, or the mean of the gradients at `θ + ε` and `θ - ε`.
///
/// To second order the expected loss is `L + σ²/2 tr H`. Two points cancel the first-order noise `H ε` of the gradient.
///
/// Layer-wise, one parameter tensor of the `M`, chosen uniformly at each step, moves by `√M ε`, the others stay: the expected loss is
/// the same to second order, without the terms of higher order that grow with the number of tensors that move together. (For noise of
/// `σ` itself on the chosen tensor, give `σ/√M`.)
///
/// With `m = K` the batch is cut into micro-batches of `K` examples with noise of their own; without, a step has one.
///
/// Cost: 3F per point; F more where running statistics of normalisation layers need the pass at θ. Without, θ is not visited: a step
/// then measures loss and accuracy where it takes the gradient.
///
/// # Source
/// Graves (2011); two points, Zhang, Li, Sen, Roy & Ré (2023, arXiv 2306.08553); layer-wise, Orvieto et al. (2023, arXiv 2206.04613).
#[derive(Clone, Copy, Debug)]
pub struct WeightNoise {
    /// Standard deviation of the noise on each parameter.
    pub sigma: Strength,
    /// Whether the mean is taken with the gradient at the opposite point.
    pub two_points: bool,
    /// Whether one parameter tensor moves at a time.
    pub layerwise: bool,
    /// Examples that share their noise; the whole batch if none.
    pub group: Option<usize>,
}

const POINTS: [(&str, bool); 2] = [("1", false), ("2", true)];

pub(super) const ENTRY: Entry = Entry {
    name: "weight_noise",
    moves: true,
    summary: "weight_noise:sigma=S[,points=1|2][,layerwise=yes|no][,m=K]: gradient at θ + ε, or the mean of those at θ ± ε, with ε ~ N(0, S²)",
    parse: |o| {
        let (two_points, layerwise) = (o.choice("points", &POINTS)?, o.choice("layerwise", &NO_YES)?);
        Ok(Box::new(WeightNoise { sigma: o.strength("sigma")?, two_points, layerwise, group: o.group()? }))
    },
};

impl WeightNoise {
    fn noise(&self, b: &mut Builder, at: &Point, step: &Context) -> Vec<Value> {
        let normal = step.draw_like(b, 0, Distribution::Normal, at.params, self.group.is_some());
        let noise = self.sigma.times(b, step, 1.0, &normal);
        if !self.layerwise {
            return noise;
        }
        let (m, scalar) = (noise.len() as f64, TensorType::scalar(b.ty(at.loss).dtype));
        let uniform = step.draw_shared(b, noise.len(), Distribution::Uniform, &scalar, self.group.is_some());
        let place = b.scale(uniform, m);
        let chosen = |b: &mut Builder, i: usize| {
            let (low, high) = (b.splat(&scalar, i as f64), b.splat(&scalar, (i + 1) as f64));
            let (above, below) = (b.compare(CompareOp::Ge, place, low), b.compare(CompareOp::Lt, place, high));
            // The last takes what rounding puts at the end.
            let below = if i + 1 == noise.len() { above } else { below };
            let (above, below) = (b.convert(above, scalar.dtype), b.convert(below, scalar.dtype));
            let both = b.mul(above, below);
            b.scale(both, m.sqrt())
        };
        let factors: Vec<Value> = (0..noise.len()).map(|i| chosen(b, i)).collect();
        noise.iter().zip(factors).map(|(&e, f)| b.scale_by(e, f)).collect()
    }

    fn points(&self, b: &mut Builder, at: &Point, step: &Context) -> Vec<Moved> {
        let e = self.noise(b, at, step);
        let mut points = vec![Moved::by(b, at, &e)];
        if self.two_points {
            let opposite = scaled(b, &e, -1.0);
            points.push(Moved::by(b, at, &opposite));
        }
        points
    }
}

impl Objective for WeightNoise {
    fn contribution(&self, b: &mut Builder, at: &Point, step: &mut Context) -> Contribution {
        let points = self.points(b, at, step);
        let mut sum = vec![None; at.params.len()];
        for p in &points {
            for (s, g) in sum.iter_mut().zip(p.gradient(b).params) {
                *s = Some(s.map_or(g, |s| b.add(s, g)));
            }
        }
        let sum = or_zeros(b, &sum, at.params);
        let sum = step.totals(b, &sum);
        let gradient = scaled(b, &sum, 1.0 / points.len() as f64);
        Contribution::Elsewhere { gradient, passes: points.iter().map(|p| (p.loss, p.logits)).collect() }
    }

    fn regularizer(&self, b: &mut Builder, at: &Point, step: &mut Context) -> Option<Value> {
        let points = self.points(b, at, step);
        let sum = points.iter().map(|p| p.loss).reduce(|s, l| b.add(s, l))?;
        let mean = b.scale(sum, 1.0 / points.len() as f64);
        Some(b.sub(mean, at.loss))
    }

    fn group(&self) -> Option<usize> {
        self.group
    }

    fn spec(&self) -> String {
        let (points, layerwise) = (word(&POINTS, self.two_points), word(&NO_YES, self.layerwise));
        format!("weight_noise:sigma={},points={points},layerwise={layerwise}{}", self.sigma, with_group(self.group))
    }
}
