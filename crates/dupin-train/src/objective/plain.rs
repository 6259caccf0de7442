//! The loss as it is.

use dupin_ir::{Builder, Value};

use super::{Entry, Objective, Point};

/// `∇L`. Cost: 3F.
#[derive(Clone, Copy, Debug)]
pub struct Plain;

pub(super) const ENTRY: Entry = Entry { name: "plain", summary: "the gradient, no regularizer", parse: |_| Ok(Box::new(Plain)) };

impl Objective for Plain {
    fn direction(&self, _: &mut Builder, at: &Point) -> Vec<Value> {
        at.gradient.params.clone()
    }

    fn spec(&self) -> String {
        "plain".into()
    }
}
