//! The graph: primitives applied to earlier values, in order.
//!
//! **Invariant.** Operands come before the node that uses them, so a walk by index is a topological walk.
//! Nodes are only ever appended; a [`Value`] stays valid for the life of its graph.

use std::fmt;

use crate::prim::Prim;
use crate::types::TensorType;

/// The result of a node.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Value(pub(crate) u32);

impl Value {
    /// Position of the node in its graph.
    pub fn index(self) -> usize {
        self.0 as usize
    }

    /// The value at a position.
    ///
    /// # Panics
    /// If `index` is 2^32 or more.
    pub fn from_index(index: usize) -> Self {
        Self(u32::try_from(index).expect("a graph has fewer than 2^32 nodes"))
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "%{}", self.0)
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "%{}", self.0)
    }
}

/// A primitive applied to operands.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// What is computed.
    pub prim: Prim,
    /// From what.
    pub operands: Vec<Value>,
    /// Type of the result.
    pub ty: TensorType,
}

/// Nodes in topological order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Graph {
    pub(crate) nodes: Vec<Node>,
}

impl Graph {
    /// The node that makes `v`.
    pub fn node(&self, v: Value) -> &Node {
        &self.nodes[v.index()]
    }

    /// All nodes, by position.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Type of a value.
    pub fn ty(&self, v: Value) -> &TensorType {
        &self.nodes[v.index()].ty
    }

    /// Number of nodes.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is no node.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Values that `outputs` are computed from, `outputs` among them, in ascending order.
    /// The walk does not go behind the values in `cut`.
    pub fn ancestors(&self, outputs: &[Value], cut: &[Value]) -> Vec<Value> {
        let Some(last) = outputs.iter().max() else { return Vec::new() };
        let mut needed = vec![false; last.index() + 1];
        let mut is_cut = vec![false; last.index() + 1];
        for v in cut.iter().filter(|v| *v <= last) {
            is_cut[v.index()] = true;
        }
        for v in outputs {
            needed[v.index()] = true;
        }
        for i in (0..needed.len()).rev() {
            if needed[i] && !is_cut[i] {
                for o in &self.nodes[i].operands {
                    needed[o.index()] = true;
                }
            }
        }
        (0..needed.len()).filter(|&i| needed[i]).map(Value::from_index).collect()
    }

    /// Of `among` (ascending), the values that are computed from one of `sources`, `sources` themselves among them.
    pub fn descendants(&self, sources: &[Value], among: &[Value]) -> Vec<Value> {
        let mut reached = vec![false; self.nodes.len()];
        for v in sources {
            reached[v.index()] = true;
        }
        for v in among {
            if self.node(*v).operands.iter().any(|o| reached[o.index()]) {
                reached[v.index()] = true;
            }
        }
        among.iter().copied().filter(|v| reached[v.index()]).collect()
    }
}
