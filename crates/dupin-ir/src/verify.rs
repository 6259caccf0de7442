//! The verifier: what must hold of every graph, checked between stages and after parsing.

use crate::graph::{Graph, Value};
use crate::prim::Broken;
use crate::program::Program;

/// A graph that breaks an invariant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// An operand that is not an earlier node.
    #[error("%{node} uses {operand}, which does not come before it")]
    Order {
        /// The node.
        node: usize,
        /// Its operand.
        operand: Value,
    },
    /// A recorded type that is not the inferred one.
    #[error("%{node} = {primitive} is recorded as {recorded} but infers {inferred}")]
    Type {
        /// The node.
        node: usize,
        /// Its primitive.
        primitive: &'static str,
        /// Type in the graph.
        recorded: String,
        /// Type that the rule gives.
        inferred: String,
    },
    /// Operands that the primitive does not accept.
    #[error("%{node} = {primitive} breaks its constraint {constraint}")]
    Constraint {
        /// The node.
        node: usize,
        /// Its primitive.
        primitive: &'static str,
        /// Number in its documentation.
        constraint: &'static str,
    },
    /// An input or output that is no node.
    #[error("the program lists {value}, but its graph has {nodes} nodes")]
    Missing {
        /// The value.
        value: Value,
        /// Number of nodes.
        nodes: usize,
    },
}

/// Checks order and types of every node.
///
/// # Errors
/// The first invariant that is broken.
pub fn verify(graph: &Graph) -> Result<(), VerifyError> {
    for (i, node) in graph.nodes().iter().enumerate() {
        if let Some(&operand) = node.operands.iter().find(|o| o.index() >= i) {
            return Err(VerifyError::Order { node: i, operand });
        }
        let types: Vec<_> = node.operands.iter().map(|&o| graph.ty(o)).collect();
        let primitive = node.prim.rules().name();
        match node.prim.rules().infer(&types) {
            Err(Broken(constraint)) => return Err(VerifyError::Constraint { node: i, primitive, constraint }),
            Ok(ty) if ty != node.ty => {
                return Err(VerifyError::Type { node: i, primitive, recorded: node.ty.to_string(), inferred: ty.to_string() });
            }
            Ok(_) => {}
        }
    }
    Ok(())
}

/// [`verify`], and that every listed input and output exists.
///
/// # Errors
/// The first invariant that is broken.
pub fn verify_program(program: &Program) -> Result<(), VerifyError> {
    let nodes = program.graph().len();
    for &value in program.inputs().iter().chain(program.outputs()) {
        if value.index() >= nodes {
            return Err(VerifyError::Missing { value, nodes });
        }
    }
    verify(program.graph())
}
