//! Gradients at randomly perturbed parameters.

use dupin_ir::prim::CompareOp;
use dupin_ir::prim::rng::Distribution;
use dupin_ir::{Builder, TensorType, Value};

use super::moved::{Moved, or_zeros};
use super::options::{NO_YES, word};
use super::{Contribution, Draws, Entry, Objective, Point, scaled};

/// `∇L(θ + ε)` with `ε ~ N(0, σ²)`, or the mean of the gradients at `θ + ε` and `θ - ε`.
///
/// To second order the expected loss is `L + σ²/2 tr H`. Two points cancel the first-order noise `H ε` of the gradient.
///
/// Layer-wise, one parameter tensor of the `M`, chosen uniformly at each step, moves by `√M ε`, the others stay: the expected loss is
/// the same to second order, without the terms of higher order that grow with the number of tensors that move together. (For noise of
/// `σ` itself on the chosen tensor, give `σ/√M`.)
///
/// Cost: 3F per point. A step costs 3F more, for the loss, its norm and running statistics at θ.
///
/// # Source
/// Graves (2011); two points, Zhang, Li, Sen, Roy & Ré (2023, arXiv 2306.08553); layer-wise, Orvieto et al. (2023, arXiv 2206.04613).
#[derive(Clone, Copy, Debug)]
pub struct WeightNoise {
    /// Standard deviation of the noise on each parameter.
    pub sigma: f64,
    /// Whether the mean is taken with the gradient at the opposite point.
    pub two_points: bool,
    /// Whether one parameter tensor moves at a time.
    pub layerwise: bool,
}

const POINTS: [(&str, bool); 2] = [("1", false), ("2", true)];

pub(super) const ENTRY: Entry = Entry {
    name: "weight_noise",
    moves: true,
    summary: "weight_noise:sigma=S[,points=1|2][,layerwise=yes|no]: gradient at θ + ε, or the mean of those at θ ± ε, with ε ~ N(0, S²)",
    parse: |o| {
        let (two_points, layerwise) = (o.choice("points", &POINTS)?, o.choice("layerwise", &NO_YES)?);
        Ok(Box::new(WeightNoise { sigma: o.radius("sigma")?, two_points, layerwise }))
    },
};

impl WeightNoise {
    fn noise(&self, b: &mut Builder, at: &Point, draws: &Draws) -> Vec<Value> {
        let normal = draws.draw_like(b, 0, Distribution::Normal, at.params);
        let noise = scaled(b, &normal, self.sigma);
        if !self.layerwise {
            return noise;
        }
        let (m, scalar) = (noise.len() as f64, TensorType::scalar(b.ty(at.loss).dtype));
        let uniform = draws.draw(b, noise.len(), Distribution::Uniform, &scalar);
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

    fn points(&self, b: &mut Builder, at: &Point, draws: &Draws) -> Vec<Moved> {
        let e = self.noise(b, at, draws);
        let mut points = vec![Moved::by(b, at, &e)];
        if self.two_points {
            let opposite = scaled(b, &e, -1.0);
            points.push(Moved::by(b, at, &opposite));
        }
        points
    }
}

impl Objective for WeightNoise {
    fn contribution(&self, b: &mut Builder, at: &Point, draws: &Draws) -> Contribution {
        let points = self.points(b, at, draws);
        let mut sum = vec![None; at.params.len()];
        for p in &points {
            for (s, g) in sum.iter_mut().zip(p.gradient(b).params) {
                *s = Some(s.map_or(g, |s| b.add(s, g)));
            }
        }
        let sum = or_zeros(b, &sum, at.params);
        Contribution::Moved(scaled(b, &sum, 1.0 / points.len() as f64))
    }

    fn regularizer(&self, b: &mut Builder, at: &Point, draws: &Draws) -> Option<Value> {
        let points = self.points(b, at, draws);
        let sum = points.iter().map(|p| p.loss).reduce(|s, l| b.add(s, l))?;
        let mean = b.scale(sum, 1.0 / points.len() as f64);
        Some(b.sub(mean, at.loss))
    }

    fn spec(&self) -> String {
        let (points, layerwise) = (word(&POINTS, self.two_points), word(&NO_YES, self.layerwise));
        format!("weight_noise:sigma={},points={points},layerwise={layerwise}", self.sigma)
    }
}
