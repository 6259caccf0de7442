//! Lion: the sign of an interpolation between momentum and direction.

use dupin_ir::{Builder, Value};

use super::{Moved, Optimizer};

/// Step `sign(β₁m + (1-β₁)d)`, then `m ← β₂m + (1-β₂)d`.
///
/// # Source
/// Chen et al. (2023), "Symbolic discovery of optimization algorithms", algorithm 2. Its learning rate is 3 to 10 times below AdamW's, its
/// weight decay as many times above.
#[derive(Clone, Copy, Debug)]
pub struct Lion {
    /// Share of momentum in the step.
    pub beta1: f64,
    /// Decay of momentum.
    pub beta2: f64,
}

impl Optimizer for Lion {
    fn slots(&self) -> &'static [&'static str] {
        &["momentum"]
    }

    fn step(&self, b: &mut Builder, slots: &[Value], _: &[Value], direction: Value) -> Moved {
        let between = |b: &mut Builder, beta: f64| {
            let (old, new) = (b.scale(slots[0], beta), b.scale(direction, 1.0 - beta));
            b.add(old, new)
        };
        let ahead = between(b, self.beta1);
        Moved { step: b.sign(ahead), slots: vec![between(b, self.beta2)] }
    }
}
