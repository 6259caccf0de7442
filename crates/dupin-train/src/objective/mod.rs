//! Objectives: how an update direction is made from the loss. One file each, one row in the table.
//!
//! Costs are in `F`, one forward pass; the plain gradient costs 3F.

mod gradient_penalty;
mod options;
mod plain;
mod sam;

use std::fmt;

use dupin_curvature::products::Gradient;
use dupin_ir::{Builder, Value};

use crate::error::Error;

pub use gradient_penalty::{GradientPenalty, NmePart};
pub use options::Options;
pub use plain::Plain;
pub use sam::Sam;

/// The loss of a batch, traced, with its gradient.
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

/// Writes an update direction.
pub trait Objective: fmt::Debug + Send + Sync {
    /// The direction that replaces the gradient, one value per parameter.
    fn direction(&self, b: &mut Builder, at: &Point) -> Vec<Value>;

    /// As typed on the command line, with every option.
    fn spec(&self) -> String;
}

/// A row of the table: how to name, explain and read an objective.
pub struct Entry {
    /// Name before the colon.
    pub name: &'static str,
    /// One line for help.
    pub summary: &'static str,
    /// Reads the options.
    pub parse: fn(&mut Options) -> Result<Box<dyn Objective>, Error>,
}

/// Every objective.
pub const OBJECTIVES: [Entry; 3] = [plain::ENTRY, sam::ENTRY, gradient_penalty::ENTRY];

/// The objective that `text` names, such as `psam:rho=0.1,nme=drop`.
///
/// # Errors
/// [`Error::Setting`] with the names, options or values that are known.
pub fn parse(text: &str) -> Result<Box<dyn Objective>, Error> {
    let (name, options) = text.split_once(':').unwrap_or((text, ""));
    let entry = OBJECTIVES.iter().find(|e| e.name == name).ok_or_else(|| {
        let names: Vec<&str> = OBJECTIVES.iter().map(|e| e.name).collect();
        Error::setting("objective", text, format!("there is no objective `{name}`; known are {}", names.join(", ")))
    })?;
    let mut options = Options::read(text, options)?;
    let objective = (entry.parse)(&mut options)?;
    options.finish()?;
    Ok(objective)
}

/// `‖x‖` over all tensors, as a scalar.
pub(crate) fn norm(b: &mut Builder, x: &[Value]) -> Value {
    let square = b.inner_all(x, x);
    b.sqrt(square)
}

/// `x/‖x‖` over all tensors. A norm of 0 gives a zero direction: `1/(‖x‖ + tiny)` with a `tiny` below rounding of any norm that matters.
pub(crate) fn normalized(b: &mut Builder, x: &[Value]) -> Vec<Value> {
    let n = norm(b, x);
    let n = b.shift(n, 1e-12);
    let inverse = b.recip(n);
    x.iter().map(|&v| b.scale_by(v, inverse)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn specifications_round_trip() {
        for text in ["plain", "sam:rho=0.05", "psam:rho=0.1,nme=keep", "psam:rho=0.1,nme=drop", "psam:rho=2,nme=only"] {
            assert_eq!(parse(text).unwrap().spec(), text);
        }
        assert_eq!(parse("psam:rho=0.1").unwrap().spec(), "psam:rho=0.1,nme=keep");
    }

    #[test]
    fn wrong_specifications_are_explained() {
        let message = |t: &str| parse(t).unwrap_err().to_string();
        assert_eq!(message("sma"), "`objective` cannot be `sma`: there is no objective `sma`; known are plain, sam, psam");
        assert_eq!(message("sam:r=1"), "`objective` cannot be `sam:r=1`: the option `rho` is missing, as in `rho=0.1`");
        assert_eq!(message("sam:rho=1,nme=drop"), "`objective` cannot be `sam:rho=1,nme=drop`: there is no option `nme` here");
        assert_eq!(message("psam:rho=x"), "`objective` cannot be `psam:rho=x`: `rho` must be a number that is 0 or positive");
        assert_eq!(message("psam:rho=1,nme=no"), "`objective` cannot be `psam:rho=1,nme=no`: `nme` must be keep, drop or only");
        assert_eq!(
            message("psam:rho"),
            "`objective` cannot be `psam:rho`: options are written `name=value`, separated by commas"
        );
    }
}
