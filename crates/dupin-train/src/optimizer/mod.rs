//! Optimizers: how a direction moves the parameters. One file each, one row in the table.

mod adamw;
mod lion;
mod sgd;
#[cfg(test)]
mod tests;
mod update;

use std::fmt;

use dupin_ir::{Builder, Value};

use crate::config::TrainConfig;
use crate::error::Error;
use crate::objective::Options;

pub use adamw::AdamW;
pub use lion::Lion;
pub use sgd::Sgd;
pub(crate) use update::Inputs;
pub use update::{Decay, Update};

/// What becomes of one parameter: it moves by `-learning_rate · step`.
#[derive(Clone, Debug)]
pub struct Moved {
    /// Its step.
    pub step: Value,
    /// Its slots after the step.
    pub slots: Vec<Value>,
}

/// Turns a direction into a step.
pub trait Optimizer: fmt::Debug + Send + Sync {
    /// Names of the tensors that it keeps for each parameter. They start at 0.
    fn slots(&self) -> &'static [&'static str];

    /// Numbers that depend on the steps done before, as inputs of the step.
    fn scalars(&self, _step: u64) -> Vec<f64> {
        Vec::new()
    }

    /// The step of one parameter.
    fn step(&self, b: &mut Builder, slots: &[Value], scalars: &[Value], direction: Value) -> Moved;
}

/// Reads an optimizer's options.
type Parse = fn(&mut Options, &TrainConfig) -> Result<Box<dyn Optimizer>, Error>;

/// A row of the table.
pub struct Entry {
    /// Name before the colon.
    pub name: &'static str,
    /// One line for help.
    pub summary: &'static str,
    /// Whether its weight decay is decoupled unless told otherwise.
    decoupled: bool,
    parse: Parse,
}

/// Every optimizer.
pub const OPTIMIZERS: [Entry; 3] = [
    Entry {
        name: "sgd",
        summary: "sgd: --momentum and --nesterov; weight decay is added to the direction",
        decoupled: false,
        parse: |_, c| Ok(Box::new(Sgd { momentum: c.momentum, nesterov: c.nesterov })),
    },
    Entry {
        name: "adamw",
        summary: "adamw[:beta1=B,beta2=B,eps=E]: 0.9, 0.999, 1e-8; weight decay is decoupled",
        decoupled: true,
        parse: |o, _| {
            let (beta1, beta2) = (o.share_or("beta1", 0.9)?, o.share_or("beta2", 0.999)?);
            Ok(Box::new(AdamW { beta1, beta2, epsilon: o.positive_if_given("eps")?.unwrap_or(1e-8) }))
        },
    },
    Entry {
        name: "lion",
        summary: "lion[:beta1=B,beta2=B]: 0.9, 0.99; weight decay is decoupled",
        decoupled: true,
        parse: |o, _| Ok(Box::new(Lion { beta1: o.share_or("beta1", 0.9)?, beta2: o.share_or("beta2", 0.99)? })),
    },
];

/// The optimizer that `text` names, such as `adamw:beta2=0.95`, and whether its weight decay is decoupled.
///
/// # Errors
/// [`Error::Setting`] with the names or options that are known.
pub(crate) fn parse(text: &str, config: &TrainConfig) -> Result<(Box<dyn Optimizer>, bool), Error> {
    let (name, options) = text.split_once(':').unwrap_or((text, ""));
    let entry = OPTIMIZERS.iter().find(|e| e.name == name).ok_or_else(|| {
        let names: Vec<&str> = OPTIMIZERS.iter().map(|e| e.name).collect();
        Error::setting("optimizer", text, format!("there is no optimizer `{name}`; known are {}", names.join(", ")))
    })?;
    let mut options = Options::read("optimizer", text, options)?;
    let optimizer = (entry.parse)(&mut options, config)?;
    let decoupled = options.choice_or("decoupled", entry.decoupled, &[("yes", true), ("no", false)])?;
    options.finish()?;
    Ok((optimizer, decoupled))
}
