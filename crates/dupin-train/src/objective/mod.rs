//! Objectives: how an update direction is made from the loss. One file each, one row in the table.
//!
//! Costs are in `F`, one forward pass; the plain gradient, which every direction starts from, costs 3F and is counted.
//!
//! A specification is a name with options, `psam:rho=0.1,nme=drop`, or several joined by `+` ([`Sum`] says what that means).
//! Running statistics of normalisation layers always come from the unperturbed pass.

mod asam;
mod context;
mod functional_sam;
mod gauss_newton_trace;
mod gradient_penalty;
mod gsam;
mod looksam;
mod moved;
mod nme_part;
mod options;
mod plain;
mod psam;
mod sam;
mod strength;
mod sum;
#[cfg(test)]
mod tests;
mod trace_penalty;
mod weight_noise;

use std::fmt;

use dupin_curvature::products::Gradient;
use dupin_ir::{Builder, Value};

use crate::error::Error;

pub use asam::Asam;
pub use context::Context;
pub(crate) use context::{Piece, Total};
pub use functional_sam::FunctionalSam;
pub use gauss_newton_trace::GaussNewtonTrace;
pub use gradient_penalty::GradientPenalty;
pub use gsam::Gsam;
pub use looksam::LookSam;
pub use nme_part::NmePart;
pub use options::Options;
pub use plain::Plain;
pub use psam::Psam;
pub use sam::Sam;
pub use strength::Strength;
pub use sum::Sum;
pub use trace_penalty::{TracePenalty, Traced};
pub use weight_noise::WeightNoise;

/// The loss of a batch, traced, with its gradient. Of a batch that is run in micro-batches, one of them: its examples' share of both.
///
/// An objective takes what is nonlinear in these shares from `Context::totals`, so that it means the same however the batch is cut.
#[derive(Clone, Debug)]
pub struct Point<'a> {
    /// The loss, a scalar.
    pub loss: Value,
    /// Outputs of the network.
    pub logits: Value,
    /// Parameters θ.
    pub params: &'a [Value],
    /// `∇L` at θ.
    pub gradient: &'a Gradient,
}

/// What an objective makes of the gradient, one value per parameter, summed over the whole batch.
#[derive(Clone, Debug)]
pub enum Contribution {
    /// This in place of `∇L(θ)`: a gradient taken at another point.
    Moved(Vec<Value>),
    /// The same where `θ` itself is not visited.
    Elsewhere {
        /// In place of `∇L(θ)`.
        gradient: Vec<Value>,
        /// Loss and logits of these examples at each point that is.
        passes: Vec<(Value, Value)>,
    },
    /// `∇L(θ)` plus this: the gradient of a penalty.
    Added(Vec<Value>),
}

/// Writes an update direction.
pub trait Objective: fmt::Debug + Send + Sync {
    /// What it makes of the gradient. All that is random comes from `step`.
    fn contribution(&self, b: &mut Builder, at: &Point, step: &mut Context) -> Contribution;

    /// The scalar `R` for which the update direction is `∇(L + R)` with all draws held fixed; none if it is no gradient.
    fn regularizer(&self, _: &mut Builder, _: &Point, _: &mut Context) -> Option<Value> {
        None
    }

    /// Whether it serves this network.
    ///
    /// # Errors
    /// [`Error::Setting`] that says why not.
    fn check(&self, _: &mut Builder, _: &Point) -> Result<(), Error> {
        Ok(())
    }

    /// Examples of a micro-batch, if it asks for micro-batches of its own.
    fn group(&self) -> Option<usize> {
        None
    }

    /// Number of tensors per parameter that it keeps from step to step.
    fn memory(&self) -> usize {
        0
    }

    /// It makes what it keeps anew at every so many steps.
    fn period(&self) -> u64 {
        1
    }

    /// As typed on the command line, with every option.
    fn spec(&self) -> String;

    /// The direction that replaces the gradient.
    fn step_direction(&self, b: &mut Builder, at: &Point, step: &mut Context) -> Direction {
        match self.contribution(b, at, step) {
            Contribution::Moved(values) => Direction { values, passes: Vec::new() },
            Contribution::Elsewhere { gradient, passes } => Direction { values: gradient, passes },
            Contribution::Added(penalty) => {
                let gradient = step.totals(b, &at.gradient.params);
                Direction { values: sum::plus(b, &gradient, &penalty), passes: Vec::new() }
            }
        }
    }

    /// The direction with [`Context::fixed`], one value per parameter: for objectives that draw nothing, and to measure any.
    fn direction(&self, b: &mut Builder, at: &Point) -> Vec<Value> {
        let mut step = Context::fixed(b, at);
        self.step_direction(b, at, &mut step).values
    }
}

/// Where a step goes.
#[derive(Clone, Debug)]
pub struct Direction {
    /// One value per parameter, of the whole batch.
    pub values: Vec<Value>,
    /// Loss and logits at the points that it visits instead of `θ`; empty if `θ` is one.
    pub passes: Vec<(Value, Value)>,
}

/// A row of the table: how to name, explain and read an objective.
pub struct Entry {
    /// Name before the colon.
    pub name: &'static str,
    /// Whether it says where the gradient is taken, so that a sum can have one such term at most.
    pub moves: bool,
    /// One line for help: its specification and meaning.
    pub summary: &'static str,
    /// Reads the options.
    pub parse: fn(&mut Options) -> Result<Box<dyn Objective>, Error>,
}

/// Every objective.
pub const OBJECTIVES: [Entry; 12] = [
    plain::ENTRY,
    sam::ENTRY,
    psam::ENTRY,
    asam::ENTRY,
    functional_sam::ENTRY,
    gsam::ENTRY,
    looksam::ENTRY,
    gradient_penalty::ENTRY,
    weight_noise::ENTRY,
    trace_penalty::HESSIAN,
    gauss_newton_trace::ENTRY,
    trace_penalty::NME,
];

/// The objective that `text` names, such as `psam:rho=0.1,nme=drop` or a sum, `sam:rho=0.05+gp:lambda=0.01`.
///
/// ```
/// let both = dupin_train::objective::parse("psam:rho=0.1+weight_noise:sigma=0.01")?;
/// assert_eq!(both.spec(), "psam:rho=0.1,nme=keep+weight_noise:sigma=0.01,points=1,layerwise=no");
/// # Ok::<(), dupin_train::Error>(())
/// ```
///
/// # Errors
/// [`Error::Setting`] with the names, options or values that are known, or why the terms have no sum.
pub fn parse(text: &str) -> Result<Box<dyn Objective>, Error> {
    let mut terms = Vec::new();
    let mut entries: Vec<&Entry> = Vec::new();
    for term in split(text) {
        let (name, options) = term.split_once(':').unwrap_or((term, ""));
        let entry = OBJECTIVES.iter().find(|e| e.name == name).ok_or_else(|| {
            let names: Vec<&str> = OBJECTIVES.iter().map(|e| e.name).collect();
            Error::setting("objective", text, format!("there is no objective `{name}`; known are {}", names.join(", ")))
        })?;
        let mut options = Options::read("objective", text, options)?;
        terms.push((entry.parse)(&mut options)?);
        options.finish()?;
        entries.push(entry);
    }
    if terms.len() > 1 && entries.iter().any(|e| e.name == plain::ENTRY.name) {
        return Err(Error::setting("objective", text, "`plain` adds nothing to a sum; leave it out"));
    }
    let movers: Vec<&str> = entries.iter().filter(|e| e.moves).map(|e| e.name).collect();
    if let [first, second, ..] = movers[..] {
        let why = format!(
            "`{first}` and `{second}` both say where the gradient is taken; a sum can have one such term and any penalties"
        );
        return Err(Error::setting("objective", text, why));
    }
    let mut groups: Vec<usize> = terms.iter().filter_map(|t| t.group()).collect();
    groups.dedup();
    if let [first, second, ..] = groups[..] {
        let why = format!("its terms want micro-batches of {first} and of {second} examples; give them the same `m`");
        return Err(Error::setting("objective", text, why));
    }
    Ok(if terms.len() == 1 { terms.swap_remove(0) } else { Box::new(Sum::new(terms)) })
}

/// Terms of a sum. A plus before a digit belongs to an exponent, as in `1e+2`.
fn split(text: &str) -> Vec<&str> {
    let (mut terms, mut start) = (Vec::new(), 0);
    for (i, _) in text.match_indices('+') {
        if !text[i + 1..].starts_with(|c: char| c.is_ascii_digit()) {
            terms.push(text[start..i].trim());
            start = i + 1;
        }
    }
    terms.push(text[start..].trim());
    terms
}

/// `‖x‖` over all tensors, as a scalar.
pub(crate) fn norm(b: &mut Builder, x: &[Value]) -> Value {
    let square = b.inner_all(x, x);
    b.sqrt(square)
}

/// `x/‖x‖` over all tensors. A norm of 0 gives a zero direction: `1/(‖x‖ + tiny)` with a `tiny` below rounding of any norm that matters.
fn normalized(b: &mut Builder, x: &[Value]) -> Vec<Value> {
    let n = norm(b, x);
    let n = b.shift(n, 1e-12);
    let inverse = b.recip(n);
    x.iter().map(|&v| b.scale_by(v, inverse)).collect()
}

/// `factor · x`, tensor by tensor.
fn scaled(b: &mut Builder, x: &[Value], factor: f64) -> Vec<Value> {
    x.iter().map(|&v| b.scale(v, factor)).collect()
}
