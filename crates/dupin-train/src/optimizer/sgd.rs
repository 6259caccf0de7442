//! Stochastic gradient descent with momentum, as PyTorch defines it.

use dupin_ir::{Builder, Value};

/// `d ← d + weight_decay·θ; v ← momentum·v + d; θ ← θ - η·v`, or `θ - η·(d + momentum·v)` with Nesterov's momentum.
///
/// # Source
/// Sutskever et al. (2013), in the form of `torch.optim.SGD` (dampening 0).
#[derive(Clone, Copy, Debug)]
pub struct Sgd {
    /// Momentum, in `[0, 1)`.
    pub momentum: f64,
    /// Whether momentum is Nesterov's.
    pub nesterov: bool,
    /// Weight decay, on every parameter.
    pub weight_decay: f64,
}

impl Sgd {
    /// New parameters and velocities. `learning_rate` is a scalar of the graph, so that a schedule needs no new program.
    pub fn update(
        &self,
        b: &mut Builder,
        learning_rate: Value,
        params: &[Value],
        velocity: &[Value],
        direction: &[Value],
    ) -> (Vec<Value>, Vec<Value>) {
        let mut out = (Vec::new(), Vec::new());
        for ((&p, &v), &d) in params.iter().zip(velocity).zip(direction) {
            let decay = b.scale(p, self.weight_decay);
            let d = b.add(d, decay);
            let kept = b.scale(v, self.momentum);
            let v = b.add(kept, d);
            let step = if self.nesterov {
                let ahead = b.scale(v, self.momentum);
                b.add(d, ahead)
            } else {
                v
            };
            let step = b.scale_by(step, learning_rate);
            out.0.push(b.sub(p, step));
            out.1.push(v);
        }
        out
    }
}
