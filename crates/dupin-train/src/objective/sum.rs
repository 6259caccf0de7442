//! Sums of objectives.

use dupin_ir::{Builder, Value};

use super::{Context, Contribution, Objective, Point};
use crate::error::Error;

/// Several terms, each at the same θ with the same `∇L` and with its own draws: `∇L`, moved by the one term that moves it if there is one,
/// plus what each penalty adds. No term sees another: a penalty next to `sam` is at θ, not at SAM's point.
///
/// Two terms that each say where `∇L` is to be taken have no sum with a clear meaning; reading a specification refuses them.
#[derive(Debug)]
pub struct Sum {
    terms: Vec<Box<dyn Objective>>,
}

impl Sum {
    /// Terms of which at most one moves the point of the gradient.
    pub(super) fn new(terms: Vec<Box<dyn Objective>>) -> Self {
        Self { terms }
    }
}

impl Objective for Sum {
    fn contribution(&self, b: &mut Builder, at: &Point, step: &mut Context) -> Contribution {
        let (mut base, mut added) = (None, None::<Vec<Value>>);
        for (i, term) in self.terms.iter().enumerate() {
            match step.term(b, i, |b, step| term.contribution(b, at, step)) {
                Contribution::Moved(gradient) | Contribution::Elsewhere { gradient, .. } => base = Some(gradient),
                Contribution::Added(x) => added = Some(added.map_or(x.clone(), |sum| plus(b, &sum, &x))),
            }
        }
        match (base, added) {
            (Some(base), Some(added)) => Contribution::Moved(plus(b, &base, &added)),
            (Some(base), None) => Contribution::Moved(base),
            (None, added) => Contribution::Added(added.unwrap_or_default()),
        }
    }

    fn regularizer(&self, b: &mut Builder, at: &Point, step: &mut Context) -> Option<Value> {
        let mut sum = b.splat_like(at.loss, 0.0);
        for (i, term) in self.terms.iter().enumerate() {
            let value = step.term(b, i, |b, step| term.regularizer(b, at, step))?;
            sum = b.add(sum, value);
        }
        Some(sum)
    }

    fn check(&self, b: &mut Builder, at: &Point) -> Result<(), Error> {
        self.terms.iter().try_for_each(|t| t.check(b, at))
    }

    fn group(&self) -> Option<usize> {
        self.terms.iter().find_map(|t| t.group())
    }

    fn memory(&self) -> usize {
        self.terms.iter().map(|t| t.memory()).sum()
    }

    fn period(&self) -> u64 {
        self.terms.iter().map(|t| t.period()).max().unwrap_or(1)
    }

    fn spec(&self) -> String {
        self.terms.iter().map(|t| t.spec()).collect::<Vec<_>>().join("+")
    }
}

/// Tensor by tensor.
pub(super) fn plus(b: &mut Builder, x: &[Value], y: &[Value]) -> Vec<Value> {
    x.iter().zip(y).map(|(&x, &y)| b.add(x, y)).collect()
}
