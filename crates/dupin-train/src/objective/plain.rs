//! The loss as it is.

use dupin_ir::{Builder, Value};

use super::{Context, Contribution, Entry, Objective, Point};

/// `∇L`. Cost: 3F.
#[derive(Clone, Copy, Debug)]
pub struct Plain;

pub(super) const ENTRY: Entry =
    Entry { name: "plain", moves: false, summary: "the gradient, no regularizer", parse: |_| Ok(Box::new(Plain)) };

impl Objective for Plain {
    fn contribution(&self, b: &mut Builder, at: &Point, step: &mut Context) -> Contribution {
        Contribution::Moved(step.totals(b, &at.gradient.params))
    }

    fn regularizer(&self, b: &mut Builder, at: &Point, _: &mut Context) -> Option<Value> {
        Some(b.splat_like(at.loss, 0.0))
    }

    fn spec(&self) -> String {
        "plain".into()
    }
}
