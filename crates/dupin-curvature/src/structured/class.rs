//! Which networks structured probes are for: found out by differentiating every node twice.

use std::collections::{BTreeMap, BTreeSet};

use dupin_ir::prim::Prim;
use dupin_ir::transform::{batch_all, jvp, linear_transpose, substitute};
use dupin_ir::{Builder, TensorType, Value};

use super::axis::{Axis, operand_axis};

/// Why structured probes do not serve a network, so that a general estimator must.
///
/// They need every node between a parameter and the logits to be linear in what depends on that parameter, or a function of
/// each of its elements alone; and examples that do not see each other.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Outside {
    /// Examples of a batch see each other.
    #[error("{node} (`{primitive}`) mixes the examples of a batch, as normalisation with a batch's own statistics does")]
    MixesExamples {
        /// The node.
        node: Value,
        /// Its primitive.
        primitive: &'static str,
    },
    /// A product of two values that move together.
    #[error("{node} (`{primitive}`) combines two values that both depend on `{parameter}`, as LayerNorm and attention do")]
    Product {
        /// The node.
        node: Value,
        /// Its primitive.
        primitive: &'static str,
        /// The first parameter that reaches both.
        parameter: String,
    },
    /// A curved function that is not elementwise, or of a parameter alone.
    #[error(
        "{node} (`{primitive}`) is curved in what depends on `{parameter}` and is not an elementwise function of activations"
    )]
    Curved {
        /// The node.
        node: Value,
        /// Its primitive.
        primitive: &'static str,
        /// The first parameter that reaches it.
        parameter: String,
    },
    /// A parameter with several uses: tied weights.
    #[error("`{parameter}` is used twice, in {first} and {second}: tied weights")]
    UsedTwice {
        /// The parameter.
        parameter: String,
        /// The first node that combines it with activations.
        first: Value,
        /// The second.
        second: Value,
    },
    /// A parameter meets activations in a way whose per-example gradients are not known.
    #[error("`{parameter}` meets activations in {node} (`{primitive}`), which is not a product, a convolution or a broadcast")]
    Entry {
        /// The parameter.
        parameter: String,
        /// The node.
        node: Value,
        /// Its primitive.
        primitive: &'static str,
    },
}

/// What a node does with one operand that depends on parameters.
#[derive(Clone, Debug)]
pub(super) struct Edge {
    /// The operand, and its position among the node's operands.
    pub(super) operand: Value,
    position: usize,
    /// A placeholder for the node's cotangent.
    cotangent: Value,
    /// The operand's cotangent as an expression of it.
    pulled: Value,
    /// Elementwise second derivative in the operand, times the placeholder; `None` if linear.
    pub(super) second: Option<Value>,
}

impl Edge {
    fn new(b: &mut Builder, v: Value, operands: &[Value], operand: Value, position: usize) -> Option<Self> {
        let tangent = placeholder(b, operand);
        let along: Vec<Option<Value>> = operands.iter().map(|&o| (o == operand).then_some(tangent)).collect();
        let out = jvp(b, &[v], operands, &along)[0]?;
        let cotangent = placeholder(b, v);
        let pulled = linear_transpose(b, &[out], &[Some(cotangent)], &[tangent])[0]?;
        let second = derivative(b, pulled, operands, operand);
        Some(Self { operand, position, cotangent, pulled, second })
    }

    /// The operand's cotangent for the node's cotangent `ct`.
    pub(super) fn pull(&self, b: &mut Builder, ct: Value) -> Value {
        substitute(b, &[self.pulled], &[self.cotangent], &[ct])[0]
    }

    /// The same for one cotangent per example, along a leading axis.
    pub(super) fn pull_each(&self, b: &mut Builder, ct: Value) -> Value {
        batch_all(b, &[self.pulled], &[self.cotangent], &[ct])[0]
    }

    /// `φ''(operand) ⊙ ct` of an elementwise node.
    pub(super) fn curvature(&self, b: &mut Builder, ct: Value) -> Option<Value> {
        self.second.map(|second| substitute(b, &[second], &[self.cotangent], &[ct])[0])
    }
}

/// A new input of the type of `like`, to be replaced or given.
pub(super) fn placeholder(b: &mut Builder, like: Value) -> Value {
    let ty: TensorType = b.ty(like).clone();
    b.input("placeholder", ty)
}

/// Derivative of `value` along all elements of `operand`, with the other operands held; `None` if it does not depend on it.
fn derivative(b: &mut Builder, value: Value, operands: &[Value], operand: Value) -> Option<Value> {
    let ones = b.splat_like(operand, 1.0);
    let along: Vec<Option<Value>> = operands.iter().map(|&o| (o == operand).then_some(ones)).collect();
    jvp(b, &[value], operands, &along)[0]
}

/// A value between parameters and logits.
#[derive(Clone, Debug)]
pub(super) struct Active {
    /// Which parameters it depends on.
    pub(super) params: BTreeSet<usize>,
    /// Its operands that depend on parameters, each once.
    pub(super) edges: Vec<Edge>,
    /// Where its examples lie.
    pub(super) axis: Axis,
}

/// The part of a graph between parameters and logits, in topological order.
pub(super) type Network = BTreeMap<Value, Active>;

/// Whether a node acts on each element alone.
pub(super) fn is_elementwise(prim: &Prim) -> bool {
    matches!(prim, Prim::Unary(_) | Prim::Activation(_) | Prim::Binary(_) | Prim::Select(_))
}

/// Whether every element of the result is an element of an operand or a constant.
pub(super) fn is_movement(prim: &Prim) -> bool {
    matches!(
        prim,
        Prim::BroadcastInDim(_)
            | Prim::Reshape(_)
            | Prim::Transpose(_)
            | Prim::Slice(_)
            | Prim::Pad(_)
            | Prim::Concatenate(_)
            | Prim::Reverse(_)
            | Prim::WindowGather(_)
            | Prim::Convert(_)
    )
}

/// The network between the parameters and the logits, if structured probes serve it. `names` are those of the parameters.
pub(super) fn analyse(b: &mut Builder, logits: Value, params: &[Value], names: &[String]) -> Result<Network, Outside> {
    let mut network = activity(b, logits, params);
    place_examples(b, &mut network, logits)?;
    check(b, names, &network)?;
    Ok(network)
}

/// Nodes whose value moves with a parameter and moves the logits. Axes are not known yet.
fn activity(b: &mut Builder, logits: Value, params: &[Value]) -> Network {
    let mut network = Network::new();
    for v in b.graph().ancestors(&[logits], params) {
        if let Some(i) = params.iter().position(|&p| p == v) {
            network.insert(v, Active { params: [i].into(), edges: Vec::new(), axis: None });
            continue;
        }
        let operands = b.graph().node(v).operands.clone();
        let mut distinct = operands.clone();
        distinct.sort_unstable();
        distinct.dedup();
        let moving: Vec<Value> = distinct.iter().copied().filter(|o| network.contains_key(o)).collect();
        let position = |o: Value| operands.iter().position(|&x| x == o).unwrap_or_default();
        let edges: Vec<Edge> = moving.iter().filter_map(|&o| Edge::new(b, v, &distinct, o, position(o))).collect();
        if !edges.is_empty() {
            let params = edges.iter().flat_map(|e| network[&e.operand].params.iter().copied()).collect();
            network.insert(v, Active { params, edges, axis: None });
        }
    }
    network
}

/// Follows the examples from the first axis of the logits back to the parameters, which have none.
fn place_examples(b: &Builder, network: &mut Network, logits: Value) -> Result<(), Outside> {
    let mut placed: BTreeMap<Value, Axis> = [(logits, Some(0))].into();
    for (&v, active) in network.iter().rev() {
        let mixes = |v: Value| Outside::MixesExamples { node: v, primitive: b.graph().node(v).prim.rules().name() };
        let Some(&axis) = placed.get(&v) else { continue };
        if active.edges.is_empty() && axis.is_some() {
            return Err(mixes(v));
        }
        for edge in &active.edges {
            let operand = operand_axis(b, v, edge.position, axis).ok_or_else(|| mixes(v))?;
            if *placed.entry(edge.operand).or_insert(operand) != operand {
                return Err(mixes(v));
            }
        }
    }
    // What only constants of differentiation look at (positions of maxima, say) has no place.
    network.retain(|v, _| placed.contains_key(v));
    for (v, active) in network.iter_mut() {
        active.axis = placed[v];
    }
    Ok(())
}

/// Every node is linear or elementwise, and every parameter meets activations once.
fn check(b: &mut Builder, names: &[String], network: &Network) -> Result<(), Outside> {
    let mut uses: BTreeMap<usize, Value> = BTreeMap::new();
    for (&v, active) in network {
        let node = b.graph().node(v).clone();
        let primitive = node.prim.rules().name();
        let mut operands = node.operands.clone();
        operands.sort_unstable();
        operands.dedup();
        for edge in &active.edges {
            let of = &network[&edge.operand].params;
            let parameter = |i: Option<&usize>| i.map_or_else(String::new, |&i| names[i].clone());
            if edge.second.is_some() && (active.axis.is_none() || !is_elementwise(&node.prim)) {
                return Err(Outside::Curved { node: v, primitive, parameter: parameter(of.first()) });
            }
            for other in active.edges.iter().filter(|e| e.operand != edge.operand) {
                let both = of.intersection(&network[&other.operand].params).next();
                if both.is_some() && derivative(b, edge.pulled, &operands, other.operand).is_some() {
                    return Err(Outside::Product { node: v, primitive, parameter: parameter(both) });
                }
            }
            if active.axis.is_some() && network[&edge.operand].axis.is_none() {
                if !matches!(node.prim, Prim::DotGeneral(_) | Prim::Convolution(_) | Prim::BroadcastInDim(_)) {
                    return Err(Outside::Entry { parameter: parameter(of.first()), node: v, primitive });
                }
                for i in of {
                    if let Some(first) = uses.insert(*i, v) {
                        return Err(Outside::UsedTwice { parameter: names[*i].clone(), first, second: v });
                    }
                }
            }
        }
    }
    Ok(())
}
