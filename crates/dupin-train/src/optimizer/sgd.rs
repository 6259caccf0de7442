//! Stochastic gradient descent with momentum, as PyTorch defines it.

use dupin_ir::{Builder, Value};

use super::{Moved, Optimizer};

/// `v ← momentum·v + d`, step `v`, or `d + momentum·v` with Nesterov's momentum.
///
/// # Source
/// Sutskever et al. (2013), in the form of `torch.optim.SGD` (dampening 0).
#[derive(Clone, Copy, Debug)]
pub struct Sgd {
    /// Momentum, in `[0, 1)`.
    pub momentum: f64,
    /// Whether momentum is Nesterov's.
    pub nesterov: bool,
}

impl Optimizer for Sgd {
    fn slots(&self) -> &'static [&'static str] {
        &["momentum"]
    }

    fn step(&self, b: &mut Builder, slots: &[Value], _: &[Value], direction: Value) -> Moved {
        let kept = b.scale(slots[0], self.momentum);
        let v = b.add(kept, direction);
        let step = if self.nesterov {
            let ahead = b.scale(v, self.momentum);
            b.add(direction, ahead)
        } else {
            v
        };
        Moved { step, slots: vec![v] }
    }
}
