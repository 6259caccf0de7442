//! Everything between a direction and new parameters: clipping, weight decay, the optimizer, averages of the parameters.

use std::fmt;
use std::str::FromStr;

use dupin_ir::{Builder, Value};
use dupin_nn::{Network, Role};

use super::Optimizer;
use crate::config::TrainConfig;
use crate::error::Error;
use crate::objective::norm;

/// Which parameters decay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decay {
    /// All of them, as PyTorch does.
    All,
    /// Weights alone: neither biases nor parameters of normalisations.
    Weights,
}

impl FromStr for Decay {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "all" => Ok(Self::All),
            "weights" => Ok(Self::Weights),
            _ => Err(Error::setting("decay", text, "it must be `all` or `weights`")),
        }
    }
}

impl fmt::Display for Decay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if *self == Self::All { "all" } else { "weights" })
    }
}

/// What a step makes of a direction `d`, the regularized one:
///
/// 1. clipping: `d ← d · min(1, clip/‖d‖)`, the norm over all parameters;
/// 2. weight decay `w`, coupled: `d ← d + wθ`;
/// 3. the optimizer: a step `s` from `d`;
/// 4. weight decay, decoupled: `s ← s + wθ`;
/// 5. `θ ← θ - ηs`;
/// 6. average: `θ̄ ← a θ̄ + (1 - a)θ` with `a = min(average, (1 + t)/(10 + t))` at step `t` from 0, so that it soon forgets where it began.
#[derive(Debug)]
pub struct Update {
    /// Turns a direction into a step.
    pub optimizer: Box<dyn Optimizer>,
    /// Largest norm of the regularized direction, if it is clipped.
    pub clip_norm: Option<f64>,
    /// Weight decay.
    pub weight_decay: f64,
    /// Which parameters decay.
    pub decay: Decay,
    /// Whether decay acts on the step instead of the direction.
    pub decoupled: bool,
    /// Decay of the exponential moving average of parameters and running statistics, if there is one.
    pub average: Option<f64>,
}

/// A step's inputs beside parameters and direction.
pub(crate) struct Inputs<'a> {
    pub(crate) learning_rate: Value,
    pub(crate) scalars: &'a [Value],
    /// Slot by slot, one value per parameter.
    pub(crate) slots: &'a [Vec<Value>],
}

impl Update {
    /// As the settings say.
    ///
    /// # Errors
    /// [`Error::Setting`] for the first that cannot be used.
    pub fn new(c: &TrainConfig) -> Result<Self, Error> {
        let (optimizer, decoupled) = super::parse(&c.optimizer, c)?;
        let average = (c.average > 0.0).then_some(c.average);
        let (clip_norm, weight_decay, decay) = (c.clip_norm, c.weight_decay, c.decay.parse()?);
        Ok(Self { optimizer, clip_norm, weight_decay, decay, decoupled, average })
    }

    /// Weight of the old average at step `step`.
    pub(crate) fn average_at(&self, step: u64) -> Option<f64> {
        let t = step as f64;
        self.average.map(|a| a.min((1.0 + t) / (10.0 + t)))
    }

    /// New parameters and slots. `learning_rate` and what depends on the step are scalars of the graph: a schedule needs no new program.
    pub(crate) fn apply(
        &self,
        b: &mut Builder,
        network: &Network,
        inputs: &Inputs,
        params: &[Value],
        direction: &[Value],
    ) -> (Vec<Value>, Vec<Vec<Value>>) {
        let direction = self.clipped(b, direction);
        let mut moved = Vec::new();
        let mut slots: Vec<Vec<Value>> = vec![Vec::new(); inputs.slots.len()];
        for (i, (&p, &d)) in params.iter().zip(&direction).enumerate() {
            let role = network.params()[i].role;
            let decays = self.decay == Decay::All || role == Role::Weight;
            let decay = b.scale(p, if decays { self.weight_decay } else { 0.0 });
            let d = if self.decoupled { d } else { b.add(d, decay) };
            let own: Vec<Value> = inputs.slots.iter().map(|s| s[i]).collect();
            let done = self.optimizer.step(b, &own, inputs.scalars, d);
            let step = if self.decoupled { b.add(done.step, decay) } else { done.step };
            let step = b.scale_by(step, inputs.learning_rate);
            moved.push(b.sub(p, step));
            for (all, new) in slots.iter_mut().zip(done.slots) {
                all.push(new);
            }
        }
        (moved, slots)
    }

    fn clipped(&self, b: &mut Builder, direction: &[Value]) -> Vec<Value> {
        let Some(clip) = self.clip_norm else { return direction.to_vec() };
        let norm = norm(b, direction);
        let (limit, one) = (b.splat_like(norm, clip), b.splat_like(norm, 1.0));
        // Where the norm is 0 the quotient is infinite and the minimum 1.
        let factor = b.div(limit, norm);
        let factor = b.min(factor, one);
        direction.iter().map(|&d| b.scale_by(d, factor)).collect()
    }
}
