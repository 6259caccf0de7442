//! Adam, whose weight decay is decoupled unless told otherwise.

use dupin_ir::{Builder, Value};

use super::{Moved, Optimizer};

/// `m ← β₁m + (1-β₁)d; v ← β₂v + (1-β₂)d²`, step `m̂/(√v̂ + ε)` with `m̂ = m/(1-β₁ᵗ)`, `v̂ = v/(1-β₂ᵗ)` at step `t` from 1.
///
/// # Source
/// Kingma & Ba (2015), algorithm 1; decoupled decay, Loshchilov & Hutter (2019). `ε` outside the root, as `torch.optim.AdamW` has it.
#[derive(Clone, Copy, Debug)]
pub struct AdamW {
    /// Decay of the mean of directions.
    pub beta1: f64,
    /// Decay of the mean of their squares.
    pub beta2: f64,
    /// Added to the root.
    pub epsilon: f64,
}

impl Optimizer for AdamW {
    fn slots(&self) -> &'static [&'static str] {
        &["mean", "square"]
    }

    /// `1/(1-β₁ᵗ)` and `1/√(1-β₂ᵗ)`, made in f64: in f32 the difference from 1 would lose four digits at the first steps.
    fn scalars(&self, step: u64) -> Vec<f64> {
        let t = (step + 1) as f64;
        // 1 - β^t without cancellation.
        let left = |beta: f64| if beta == 0.0 { 1.0 } else { -(t * beta.ln()).exp_m1() };
        vec![1.0 / left(self.beta1), 1.0 / left(self.beta2).sqrt()]
    }

    fn step(&self, b: &mut Builder, slots: &[Value], scalars: &[Value], direction: Value) -> Moved {
        let towards = |b: &mut Builder, old: Value, new: Value, beta: f64| {
            let (old, new) = (b.scale(old, beta), b.scale(new, 1.0 - beta));
            b.add(old, new)
        };
        let mean = towards(b, slots[0], direction, self.beta1);
        let square = b.square(direction);
        let square = towards(b, slots[1], square, self.beta2);
        let root = b.sqrt(square);
        let root = b.scale_by(root, scalars[1]);
        let root = b.shift(root, self.epsilon);
        let corrected = b.scale_by(mean, scalars[0]);
        Moved { step: b.div(corrected, root), slots: vec![mean, square] }
    }
}
