//! A program: the part of a graph that computes given outputs from given inputs. What executors compile.

use std::panic::Location;

use rustc_hash::FxHashMap;

use crate::error::TypeError;
use crate::graph::{Graph, Node, Value};
use crate::prim::{Input, Prim};

/// A pruned graph with ordered inputs and outputs.
#[derive(Clone, Debug, PartialEq)]
pub struct Program {
    graph: Graph,
    inputs: Vec<Value>,
    outputs: Vec<Value>,
}

/// Floating-point operations of one run; a multiply-add counts two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flop {
    /// In `dot_general` and `convolution`. Positions that fall on padding or on holes of a dilated operand are not counted.
    pub contraction: u64,
    /// Everywhere else, one per element and operation.
    pub other: u64,
}

impl Program {
    #[track_caller]
    pub(crate) fn extract(graph: &Graph, inputs: &[Value], outputs: &[Value]) -> Result<Self, TypeError> {
        let mut out = Graph::default();
        let mut map: FxHashMap<Value, Value> = FxHashMap::default();
        let mut new_inputs = Vec::with_capacity(inputs.len());
        for (id, &v) in inputs.iter().enumerate() {
            let ty = graph.ty(v).clone();
            let name = if let Prim::Input(i) = &graph.node(v).prim { i.name.clone() } else { format!("residual{id}") };
            let to = Value::from_index(out.nodes.len());
            let id = u32::try_from(id).expect("a program has fewer than 2^32 inputs");
            out.nodes.push(Node { prim: Input { id, name, ty: ty.clone() }.into(), operands: Vec::new(), ty });
            map.insert(v, to);
            new_inputs.push(to);
        }
        for v in graph.ancestors(outputs, inputs) {
            if map.contains_key(&v) {
                continue;
            }
            let node = graph.node(v);
            if let Prim::Input(_) = node.prim {
                let operands = vec![node.ty.clone()];
                return Err(TypeError { primitive: "input", constraint: "listed", operands, at: Location::caller() });
            }
            let to = Value::from_index(out.nodes.len());
            let operands = node.operands.iter().map(|o| map[o]).collect();
            out.nodes.push(Node { prim: node.prim.clone(), operands, ty: node.ty.clone() });
            map.insert(v, to);
        }
        let outputs = outputs.iter().map(|v| map[v]).collect();
        Ok(Self { graph: out, inputs: new_inputs, outputs })
    }

    pub(crate) fn from_parts(graph: Graph, inputs: Vec<Value>, outputs: Vec<Value>) -> Self {
        Self { graph, inputs, outputs }
    }

    /// The nodes.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// What a run takes, in order.
    pub fn inputs(&self) -> &[Value] {
        &self.inputs
    }

    /// What a run gives, in order.
    pub fn outputs(&self) -> &[Value] {
        &self.outputs
    }

    /// Counts the floating-point operations of one run.
    pub fn flop(&self) -> Flop {
        let mut flop = Flop::default();
        for node in self.graph.nodes() {
            let types: Vec<_> = node.operands.iter().map(|&o| self.graph.ty(o)).collect();
            let n = node.prim.rules().flop(&types, &node.ty);
            match node.prim {
                Prim::DotGeneral(_) | Prim::Convolution(_) => flop.contraction += n,
                _ => flop.other += n,
            }
        }
        flop
    }
}
