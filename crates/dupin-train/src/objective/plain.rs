//! The loss as it is.

use dupin_ir::{Builder, Value};

use super::{Contribution, Draws, Entry, Objective, Point};

/// `∇L`. Cost: 3F.
#[derive(Clone, Copy, Debug)]
pub struct Plain;

pub(super) const ENTRY: Entry =
    Entry { name: "plain", moves: false, summary: "the gradient, no regularizer", parse: |_| Ok(Box::new(Plain)) };

impl Objective for Plain {
    fn contribution(&self, _: &mut Builder, at: &Point, _: &Draws) -> Contribution {
        Contribution::Moved(at.gradient.params.clone())
    }

    fn regularizer(&self, b: &mut Builder, at: &Point, _: &Draws) -> Option<Value> {
        Some(b.splat_like(at.loss, 0.0))
    }

    fn spec(&self) -> String {
        "plain".into()
    }
}
