//! The backward walk: from curvature in the logits to traces of every parameter's block, per example.

use std::collections::{BTreeMap, BTreeSet};

use dupin_ir::prim::rng::Distribution;
use dupin_ir::prim::{Prim, Rng};
use dupin_ir::{Builder, DType, TensorType, Value};

use super::class::{Active, Network, is_elementwise, is_movement};
use super::curvature::{Curvature, Diagonal, Factors, Map};
use super::entry::{Entry, per_example};

/// Traces of one parameter's block, `[n]` over examples; `None` is zero.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Blocks {
    pub(super) gauss_newton: Option<Value>,
    pub(super) nme: Option<Value>,
}

/// What a walk gives.
#[derive(Debug)]
pub(super) struct Walked {
    /// Per parameter.
    pub(super) blocks: Vec<Blocks>,
    /// Inputs for the keys of the random signs, `u32[2]` each.
    pub(super) keys: Vec<Value>,
}

struct Walk<'a> {
    b: &'a mut Builder,
    network: &'a Network,
    pending: BTreeMap<Value, Curvature>,
    out: Walked,
}

/// Random signs of the type of `like`, from a key of their own, which is a new input.
pub(super) fn signs(b: &mut Builder, keys: &mut Vec<Value>, like: Value) -> Value {
    let key = b.input("key", TensorType::new(DType::U32, [2]));
    keys.push(key);
    let ty = b.ty(like).clone();
    b.push(Rng { distribution: Distribution::Rademacher, ty }, &[key])
}

/// Traces per example for `residual = ∂L/∂z` and `gauss` with `E[gauss gaussᵀ] = H_z`, either of which may be left out.
pub(super) fn walk(
    b: &mut Builder,
    network: &Network,
    logits: Value,
    count: usize,
    residual: Option<Value>,
    gauss: Option<Value>,
) -> Walked {
    let start = Curvature { gradient: residual, gauss, ..Curvature::default() };
    let out = Walked { blocks: vec![Blocks::default(); count], keys: Vec::new() };
    let mut walk = Walk { b, network, pending: [(logits, start)].into(), out };
    for (&v, active) in network.iter().rev() {
        if let Some(c) = walk.pending.remove(&v) {
            walk.step(v, active, &c);
        }
    }
    walk.out
}

impl Walk<'_> {
    fn step(&mut self, v: Value, active: &Active, c: &Curvature) {
        if let (true, Some(&i)) = (active.edges.is_empty(), active.params.first()) {
            return self.arrive(i, c);
        }
        let prim = self.b.graph().node(v).prim.clone();
        let kind = match &prim {
            p if is_elementwise(p) => Map::Elementwise,
            p if is_movement(p) => Map::Movement,
            _ => Map::Dense,
        };
        for edge in &active.edges {
            let to = &self.network[&edge.operand];
            let mut pulled = match (active.axis, to.axis) {
                // Within the activations.
                (Some(_), Some(_)) => c.clone().map(self.b, kind, |b, ct| edge.pull(b, ct)),
                // Within what leads from a parameter to the activations: one curvature per example.
                (None, _) => c.clone().map(self.b, kind, |b, ct| edge.pull_each(b, ct)),
                // From the activations to a parameter.
                (Some(axis), None) => match self.enter(v, &prim, edge.operand, axis, c) {
                    Some(pulled) => pulled,
                    None => continue,
                },
            };
            if let Some(curvature) = c.gradient.and_then(|g| edge.curvature(self.b, g)) {
                let own = self.inject(curvature);
                pulled = pulled.plus(self.b, own);
            }
            let sum = match self.pending.remove(&edge.operand) {
                Some(other) => other.plus(self.b, pulled),
                None => pulled,
            };
            self.pending.insert(edge.operand, sum);
        }
    }

    /// The curvature `φ'' ⊙ ∂L/∂φ` that an elementwise function adds in its operand.
    fn inject(&mut self, entries: Value) -> Curvature {
        let b = &mut *self.b;
        let source = self.out.keys.len();
        let eps = signs(b, &mut self.out.keys, entries);
        let (size, sign) = (b.abs(entries), b.sign(entries));
        let root = b.sqrt(size);
        let left = b.mul(root, eps);
        let right = b.mul(sign, left);
        let factors = Factors { left, right, sources: BTreeSet::from([source]) };
        Curvature { diagonal: Some(Diagonal { entries, factors }), ..Curvature::default() }
    }

    /// From node `v` to a shared operand. A parameter's own product or convolution is settled here (`None`); else what is left has
    /// one curvature per example, along a leading axis.
    fn enter(&mut self, v: Value, prim: &Prim, operand: Value, axis: usize, c: &Curvature) -> Option<Curvature> {
        let b = &mut *self.b;
        let c = Curvature { gradient: None, ..c.clone() };
        if let Prim::BroadcastInDim(p) = prim {
            let (to, shape) = (b.ty(operand).clone(), b.ty(v).shape.clone());
            let kept: Vec<usize> = p.dims.iter().zip(&to.shape).filter(|&(&d, &n)| n == shape[d]).map(|(&d, _)| d).collect();
            let dropped: Vec<usize> = (0..shape.len()).filter(|a| *a != axis && !kept.contains(a)).collect();
            let before = kept.iter().filter(|&&a| a < axis).count();
            return Some(c.map(b, Map::Movement, |b, ct| {
                let sums = b.reduce_sum(ct, &dropped);
                let order: Vec<usize> = std::iter::once(before).chain((0..=kept.len()).filter(|&a| a != before)).collect();
                let moved = b.transpose(sums, &order);
                let ty = to.batched(shape[axis]);
                b.reshape(moved, &ty.shape)
            }));
        }
        let with_nme = c.dense.is_some();
        let node = b.graph().node(v);
        let other = node.operands.iter().copied().find(|&o| o != operand).expect("a weight meets another value");
        let other_axis = self.example_axis(v, other, axis);
        let entry = Entry::new(self.b, v, operand, other_axis, with_nme).expect("the class admits products and convolutions");
        let b = &mut *self.b;
        let to = &self.network[&operand];
        if let (true, Some(&i)) = (to.edges.is_empty(), to.params.first()) {
            let mut nme = c.diagonal.as_ref().map(|d| entry.of_diagonal(b, d.entries));
            if let Some(d) = &c.dense {
                let cross = entry.of_factors(b, d.left, d.right);
                nme = Some(nme.map_or(cross, |own| b.add(own, cross)));
            }
            let gauss_newton = c.gauss.map(|g| entry.of_factors(b, g, g));
            self.out.blocks[i] = Blocks { gauss_newton, nme };
            return None;
        }
        Some(c.map(b, Map::Dense, |b, ct| entry.gradients(b, ct)))
    }

    /// Where the examples of `operand` lie, for those of node `v` along `axis`.
    fn example_axis(&self, v: Value, operand: Value, axis: usize) -> usize {
        let position = self.b.graph().node(v).operands.iter().position(|&o| o == operand).unwrap_or_default();
        let found = super::axis::operand_axis(self.b, v, position, Some(axis)).flatten();
        found.expect("one operand of a node with examples has them")
    }

    /// At a parameter: `[n, ..parameter]` of everything.
    fn arrive(&mut self, i: usize, c: &Curvature) {
        let b = &mut *self.b;
        let mut nme = c.diagonal.as_ref().map(|d| {
            let axes: Vec<usize> = (1..b.ty(d.entries).rank()).collect();
            b.reduce_sum(d.entries, &axes)
        });
        if let Some(d) = &c.dense {
            let cross = per_example(b, d.left, d.right);
            nme = Some(nme.map_or(cross, |own| b.add(own, cross)));
        }
        let gauss_newton = c.gauss.map(|g| per_example(b, g, g));
        self.out.blocks[i] = Blocks { gauss_newton, nme };
    }
}
