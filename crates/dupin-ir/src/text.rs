//! The text form of a program: one line a node, to read, to diff and to parse back.
//!
//! ```text
//! %0 = input{id=[0], name="x", dtype="f64", shape=[3]} : f64[3]
//! %1 = multiply %0 %0 : f64[3]
//! return %1
//! ```

use std::fmt::Write as _;

use crate::attrs::Attrs;
use crate::graph::{Graph, Node, Value};
use crate::prim::Prim;
use crate::program::Program;
use crate::types::{DType, TensorType};
use crate::verify::{VerifyError, verify_program};

/// Why a text is not a program.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// A line that does not have the form `%n = name{attributes} operands : type`.
    #[error("line {line}: `{text}` is not `%n = name{{attributes}} operands : type`")]
    Line {
        /// Line number, from 1.
        line: usize,
        /// The line.
        text: String,
    },
    /// No `return` line at the end.
    #[error("the program has no `return` line")]
    NoReturn,
    /// It parses but breaks an invariant.
    #[error(transparent)]
    Invalid(#[from] VerifyError),
}

/// Prints a program.
pub fn print(program: &Program) -> String {
    let mut out = String::new();
    for (i, node) in program.graph().nodes().iter().enumerate() {
        let _ = write!(out, "%{i} = {}", node.prim.rules().name());
        node.prim.rules().attrs().print(&mut out);
        for o in &node.operands {
            let _ = write!(out, " {o}");
        }
        let _ = writeln!(out, " : {}", node.ty);
    }
    out.push_str("return");
    for o in program.outputs() {
        let _ = write!(out, " {o}");
    }
    out.push('\n');
    out
}

/// Parses what [`print()`] printed. Inputs are those of the graph, in order.
///
/// # Errors
/// The first line that is malformed, or the first invariant that the program breaks.
pub fn parse(text: &str) -> Result<Program, ParseError> {
    let mut graph = Graph::default();
    let mut outputs = None;
    for (i, line) in text.lines().enumerate() {
        let malformed = || ParseError::Line { line: i + 1, text: line.into() };
        if line.trim().is_empty() {
            continue;
        }
        if let Some(list) = line.strip_prefix("return") {
            outputs = Some(values(list).ok_or_else(malformed)?);
            continue;
        }
        let node = parse_node(line, graph.len()).ok_or_else(malformed)?;
        graph.nodes.push(node);
    }
    let inputs = (0..graph.len()).map(Value::from_index).filter(|&v| matches!(graph.node(v).prim, Prim::Input(_))).collect();
    let program = Program::from_parts(graph, inputs, outputs.ok_or(ParseError::NoReturn)?);
    verify_program(&program)?;
    Ok(program)
}

fn parse_node(line: &str, index: usize) -> Option<Node> {
    let (left, ty) = line.rsplit_once(" : ")?;
    let (name, rest) = left.split_once(" = ")?;
    if name.strip_prefix('%')?.parse::<usize>().ok()? != index {
        return None;
    }
    let (name, attrs, operands) = if let Some((name, rest)) = rest.split_once('{') {
        let (attrs, operands) = rest.rsplit_once('}')?;
        (name, Attrs::parse(attrs)?, operands)
    } else {
        let (name, operands) = rest.split_once(' ').unwrap_or((rest, ""));
        (name, Attrs::none(), operands)
    };
    Some(Node { prim: Prim::parse(name.trim(), &attrs)?, operands: values(operands)?, ty: parse_type(ty.trim())? })
}

fn values(list: &str) -> Option<Vec<Value>> {
    list.split_whitespace().map(|v| v.strip_prefix('%')?.parse().ok().map(Value)).collect()
}

fn parse_type(text: &str) -> Option<TensorType> {
    let (dtype, shape) = text.strip_suffix(']')?.split_once('[')?;
    let shape: Option<Vec<usize>> = shape.split(',').filter(|s| !s.is_empty()).map(|s| s.parse().ok()).collect();
    Some(TensorType::new(DType::parse(dtype)?, shape?))
}
